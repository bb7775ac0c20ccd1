//! From the user's settings to checked values.
//!
//! Every setting is optional: the command line has it, else the environment (clap reads both), else the file (`file`,
//! which puts its keys below these two), else its default. Then everything is checked once, against each other and
//! against the machine ([`Settings::check`]).

mod admin;
mod cluster;
mod defaults;
mod file;
mod hosts;
mod kv;
mod limits;
pub mod machine;
mod mounts;
mod project;
mod run;
mod serve;
mod settings;
mod state;
mod values;

pub use admin::AdminConfig;
pub use defaults::{default, show_defaults};
pub use file::{Document, File, Keys, Layers, Namespace, schema, show};
pub use kv::{KvAction, KvConfig};
pub use machine::Machine;
pub use mounts::{mounts, named};
pub use run::{InspectConfig, Mount, RunConfig};
pub use settings::Settings;
pub use state::{Data, LONGEST_NAME, in_redis, redis_prefix, store_limits};
pub use values::{Secret, Size, Time};
