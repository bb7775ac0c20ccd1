//! Which namespaces there are, and who handles and carries them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::adapter::Adapter;
use super::connection::Connection;
use super::handler::EventHandler;
use super::recovery::Recovery;
use crate::config::{ClientLimits, RecoveryLimits};
use crate::engine_io::Session;
use crate::engine_io::handler::{ClientRequest, Service};

/// One namespace: its handler, and the adapter that knows its sockets.
pub struct Namespace {
    path: Box<str>,
    handler: Arc<dyn EventHandler>,
    adapter: Arc<dyn Adapter>,
    recovery: Option<Arc<Recovery>>,
    ack_ids: AtomicU64,
    /// Bytes that the answers to one broadcast may have together.
    answer_bytes: usize,
}

impl Namespace {
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn handler(&self) -> &Arc<dyn EventHandler> {
        &self.handler
    }

    pub(super) fn adapter(&self) -> &dyn Adapter {
        &*self.adapter
    }

    /// None: clients that were cut off start anew.
    pub(super) fn recovery(&self) -> Option<&Arc<Recovery>> {
        self.recovery.as_ref()
    }

    /// A number for an acknowledgement, used for all recipients of one event.
    pub(super) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }
}

impl std::fmt::Debug for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Namespace").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A namespace that cannot be mounted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    #[error("namespace {0} has two components")]
    Taken(String),
    #[error("the component serves namespace {component}, not {requested}")]
    Contradiction { component: String, requested: String },
}

/// All namespaces of the host.
#[derive(Debug)]
pub struct Gateway {
    namespaces: HashMap<Box<str>, Arc<Namespace>>,
    limits: ClientLimits,
    recovery: Option<RecoveryLimits>,
}

impl Gateway {
    /// A gateway without namespaces.
    pub fn new(limits: ClientLimits, recovery: Option<RecoveryLimits>) -> Self {
        Self { namespaces: HashMap::new(), limits, recovery }
    }

    /// Adds a namespace. Its path is the one that the operator requested, else the one that the handler names, else
    /// `/`.
    ///
    /// # Errors
    ///
    /// Where the path is taken, or operator and handler want different ones.
    pub fn mount(
        &mut self,
        requested: Option<&str>,
        handler: Arc<dyn EventHandler>,
        adapter: Arc<dyn Adapter>,
    ) -> Result<Arc<Namespace>, MountError> {
        let described = handler.description().namespace.as_deref();
        let path = match (requested, described) {
            (Some(requested), Some(component)) if requested != component => {
                return Err(MountError::Contradiction {
                    component: component.to_owned(),
                    requested: requested.to_owned(),
                });
            }
            (Some(path), _) | (None, Some(path)) => path.to_owned(),
            (None, None) => "/".to_owned(),
        };
        if self.namespaces.contains_key(path.as_str()) {
            return Err(MountError::Taken(path));
        }
        let recovery = self.recovery.clone().map(|limits| Arc::new(Recovery::new(limits, &self.limits)));
        let namespace = Arc::new(Namespace {
            path: path.clone().into(),
            handler,
            adapter,
            recovery,
            ack_ids: AtomicU64::new(0),
            answer_bytes: self.limits.unhandled_bytes,
        });
        self.namespaces.insert(path.into(), namespace.clone());
        Ok(namespace)
    }

    pub(super) fn namespace(&self, path: &str) -> Option<&Arc<Namespace>> {
        self.namespaces.get(path)
    }

    pub fn limits(&self) -> &ClientLimits {
        &self.limits
    }

    /// Drops what is kept for clients that can no longer return. To be called again and again.
    pub fn expire(&self) {
        for recovery in self.namespaces.values().filter_map(|namespace| namespace.recovery()) {
            recovery.expire();
        }
    }
}

impl Service for Arc<Gateway> {
    type Handler = Connection;

    fn open(&self, session: Arc<Session>, request: ClientRequest, now: Instant) -> Connection {
        Connection::new(self.clone(), session, request, now)
    }
}

#[cfg(test)]
#[path = "namespace_tests.rs"]
mod tests;
