//! From the user's settings to checked values.
//!
//! Every setting is optional in each layer: the command line and, for what it does not set, the environment (clap reads
//! both); [`Settings::over`] puts another layer below. What no layer sets has its default. Then everything is checked
//! once, against each other and against the machine ([`Settings::check`]).

mod defaults;
mod hosts;
mod layer;
mod limits;
pub mod machine;
mod mounts;
mod run;
mod serve;
mod settings;
mod state;
mod values;

pub use defaults::show_defaults;
pub use machine::Machine;
pub use mounts::mounts;
pub use run::{InspectConfig, Mount, RunConfig};
pub use settings::Settings;
pub use state::Data;
