//! Checked values that the rest of the host works with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use edge::{ClientLibrary, CorsOrigins};
use gateway::model::RecoveryLimits;
use guest::HandlerSettings;
use runtime::RuntimeLimits;
use store::EmbeddedLimits;

use super::admin::AdminConfig;
use super::state::Data;

/// What `host run` serves, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunConfig {
    /// At least one.
    pub components: Vec<Mount>,
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Path of the Socket.IO endpoint; begins and ends with `/`.
    pub path: String,
    /// Origins whose pages may use long-polling.
    pub cors_origins: CorsOrigins,
    /// A folder whose files are served for requests that are not Socket.IO; a component answers the rest.
    pub static_dir: Option<PathBuf>,
    /// The client library, which is served below `path`.
    pub client: Option<ClientLibrary>,
    /// The cache folder; `None` turns caching off. It may not exist yet.
    pub cache_dir: Option<PathBuf>,
    /// Where key-value stores are kept, if a component uses them.
    pub data: Data,
    /// Bounds on the calls that wait for their file.
    pub store: EmbeddedLimits,
    /// The listener for operators.
    pub admin: Option<AdminConfig>,
    /// `None`: a client that was cut off joins as a new one.
    pub recovery: Option<RecoveryLimits>,
    /// The other nodes, if there are any.
    pub cluster: Option<cluster::Settings>,
    /// Bounds on instances.
    pub runtime: RuntimeLimits,
    /// Bounds on clients and handlers, and what handlers are granted.
    pub handler: HandlerSettings,
}

/// The input of `host inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectConfig {
    /// The component's file.
    pub file: PathBuf,
    /// As in [`RunConfig`].
    pub cache_dir: Option<PathBuf>,
    /// Bounds on the instance that describes itself.
    pub runtime: RuntimeLimits,
}

/// A component to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Begins with `/`; if `None`, the namespace that the component names, else `/`.
    pub namespace: Option<String>,
    /// What the operator named: a component, or a source.
    pub file: PathBuf,
    /// The component that was built from the source.
    pub built: Option<PathBuf>,
    /// Settings of its own; if `None`, [`RunConfig::handler`].
    pub own: Option<HandlerSettings>,
}

impl Mount {
    /// With the settings of the host.
    pub fn new(namespace: Option<String>, file: PathBuf) -> Self {
        Self { namespace, file, built: None, own: None }
    }

    /// The component's file, once sources are built.
    pub fn component(&self) -> &Path {
        self.built.as_deref().unwrap_or(&self.file)
    }
}
