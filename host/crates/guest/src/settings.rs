//! What all events of one handler share.

use gateway::model::GatewayLimits;

use crate::capabilities::{AllowedHosts, Environment};
use crate::limits::HandlerLimits;

/// Bounds of a handler, and what the operator grants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerSettings {
    /// What one handler may use.
    pub limits: HandlerLimits,
    /// What one event may use of the gateway.
    pub gateway: GatewayLimits,
    /// What handlers have of the world outside.
    pub grants: HandlerGrants,
}

/// What handlers have of the world outside; by default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerGrants {
    /// Environment variables.
    pub env: Environment,
    /// Hosts that handlers may send HTTP requests to.
    pub network: AllowedHosts,
}
