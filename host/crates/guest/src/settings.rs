//! What all events of one handler share.

use std::sync::Arc;

use gateway::model::GatewayLimits;

use crate::capabilities::HandlerGrants;
use crate::limits::HandlerLimits;

/// Bounds of a handler, and what the operator grants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerSettings {
    /// What one handler may use.
    pub limits: HandlerLimits,
    /// What one event may use of the gateway.
    pub gateway: Arc<GatewayLimits>,
    /// What handlers have of the world outside.
    pub grants: Arc<HandlerGrants>,
}
