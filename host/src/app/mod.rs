//! Starts the parts of the host, and stops them in order. The only place that knows every part.

mod check;
mod inspect;
mod load;
mod mount;
mod reload;
mod run;
mod signals;
mod state;
mod wording;

pub use check::{check, check_all};
pub use inspect::inspect;
pub use reload::Reread;
pub use run::run;
