//! The operator's grants.

use std::sync::Arc;

use super::environment::Environment;
use super::http::AllowedHosts;
use super::store::StoreGrant;

/// What handlers may use of the outside world; by default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerGrants {
    /// Environment variables.
    pub env: Environment,
    /// Hosts that handlers may send HTTP requests to.
    pub network: Arc<AllowedHosts>,
    /// The key-value store.
    pub store: StoreGrant,
}
