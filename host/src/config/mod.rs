//! From what a user gives to checked values.
//!
//! Every setting is optional in each layer: the command line and, where it has none, the environment (clap reads both); a
//! further layer goes below with [`Settings::over`]. What no layer says has its default. Then everything is checked once,
//! against each other and against the machine ([`Settings::check`]).

mod defaults;
mod hosts;
mod layer;
mod limits;
pub mod machine;
mod mounts;
mod run;
mod serve;
mod settings;
mod values;

pub use defaults::show_defaults;
pub use machine::Machine;
pub use mounts::mounts;
pub use run::{InspectConfig, Mount, RunConfig};
pub use settings::Settings;
