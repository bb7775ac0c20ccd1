//! Starts the parts of the host, and stops them in order. The only place that knows every part.

mod admin;
mod ask;
mod check;
mod cluster;
mod inspect;
mod kv;
mod load;
mod local;
mod mount;
mod reload;
mod run;
mod signals;
mod state;
mod status;
mod wording;

pub use ask::ask;
pub use check::{check, check_all};
pub use inspect::inspect;
pub use kv::kv;
pub use reload::Reread;
pub use run::run;
