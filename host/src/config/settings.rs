//! All settings of `host run`, and their check.

use std::path::PathBuf;
use std::sync::Arc;

use guest::{HandlerGrants, HandlerSettings};

use super::admin::{AdminConfig, AdminSettings};
use super::cluster::ClusterSettings;
use super::limits::{ClientSettings, InstanceSettings, RecoverySettings};
use super::machine::Machine;
use super::run::{Mount, RunConfig};
use super::serve::{ListSettings, Serve, ServeSettings};
use super::state::StateSettings;

/// All settings; those that are not set are empty.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Settings {
    #[command(flatten)]
    serve: ServeSettings,

    #[command(flatten)]
    lists: ListSettings,

    #[command(flatten)]
    client: ClientSettings,

    #[command(flatten)]
    recovery: RecoverySettings,

    #[command(flatten)]
    instances: InstanceSettings,

    #[command(flatten)]
    state: StateSettings,

    #[command(flatten)]
    cluster: ClusterSettings,

    #[command(flatten)]
    admin: AdminSettings,
}

impl Settings {
    /// The listener for operators.
    ///
    /// # Errors
    ///
    /// If its settings contradict each other.
    pub fn admin(self) -> anyhow::Result<Option<AdminConfig>> {
        self.admin.check()
    }

    /// Checks all settings against each other and against the machine.
    ///
    /// # Errors
    ///
    /// If settings contradict each other, or a folder does not exist.
    pub fn check(
        self,
        components: Vec<Mount>,
        cache_dir: Option<PathBuf>,
        machine: &Machine,
    ) -> anyhow::Result<RunConfig> {
        let mut gateway = self.client.check(machine)?;
        let (mut runtime, limits) = self.instances.check(&mut gateway, machine)?;
        let Serve { listen, path, static_dir, client } = self.serve.check()?;
        let (grants, cors_origins) = self.lists.check()?;
        let (store_grant, data, store) = self.state.check(&components)?;
        // As for commands: twice the limit, so that a call that is too large gets an error instead of a trap.
        runtime.host_bytes = runtime.host_bytes.max(store_grant.event.bytes.saturating_mul(2));
        let grants = HandlerGrants { store: store_grant, ..grants };
        Ok(RunConfig {
            components,
            listen,
            path,
            cors_origins,
            static_dir,
            client,
            cache_dir,
            data,
            store,
            admin: self.admin.check()?,
            recovery: self.recovery.check(),
            cluster: self.cluster.check(gateway.unhandled_bytes)?,
            runtime,
            handler: HandlerSettings { limits, gateway: Arc::new(gateway), grants: Arc::new(grants) },
        })
    }
}
