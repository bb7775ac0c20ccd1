//! The settings that all events of one handler share.

use std::sync::Arc;

use gateway::model::GatewayLimits;

use crate::capabilities::HandlerGrants;
use crate::limits::HandlerLimits;

/// The limits of a handler, and its grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerSettings {
    /// What one handler may use.
    pub limits: HandlerLimits,
    /// What one event may use of the gateway.
    pub gateway: Arc<GatewayLimits>,
    /// Grants of the operator: what handlers may use of the outside world.
    pub grants: Arc<HandlerGrants>,
}
