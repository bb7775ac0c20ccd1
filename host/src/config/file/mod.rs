//! `host.toml`: the settings of `host run` in a file, and the namespaces that it serves.
//!
//! A key of the file is a flag of `host run` without its dashes, and its value is checked by that flag's own parser, so
//! that there is one list of settings. What the file says is put below the command line and the environment as further
//! arguments ([`Layers`]). Only `[[namespace]]` has no flag.

mod document;
mod keys;
mod layers;
mod schema;
mod secret;
mod show;
mod text;

pub use document::{Document, Namespace};
pub use keys::Keys;
pub use layers::Layers;
pub use schema::schema;
pub use show::show;
pub use text::File;
