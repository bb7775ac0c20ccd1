//! Mounts: namespaces with their handlers.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::handler::EventHandler;
use crate::namespace::Namespace;

#[cfg(test)]
#[path = "mount_tests.rs"]
mod tests;

/// A namespace and its handler, which can be replaced between two events.
pub struct Mount {
    namespace: Arc<Namespace>,
    handler: ArcSwap<Revision>,
    /// Tells who must know at once, not at the next event.
    replaced: watch::Sender<()>,
}

/// One version of a mount's handler.
struct Revision(Arc<dyn EventHandler>);

/// Why a namespace cannot be mounted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Two handlers for one path.
    #[error("namespace {0} has two components")]
    Taken(String),
    /// The operator and the handler want different paths.
    #[error("the component serves namespace {component}, not {requested}")]
    Contradiction {
        /// The path that the handler names.
        component: String,
        /// The path that the operator requested.
        requested: String,
    },
}

impl Mount {
    pub(crate) fn new(namespace: Arc<Namespace>, handler: Arc<dyn EventHandler>) -> Self {
        Self { namespace, handler: ArcSwap::from_pointee(Revision(handler)), replaced: watch::Sender::new(()) }
    }

    /// The namespace.
    pub fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// The current handler. The caller may use it to the end of an event, even if it is replaced meanwhile.
    pub fn handler(&self) -> Arc<dyn EventHandler> {
        self.handler.load().0.clone()
    }

    /// Whether the current handler handles events of this name.
    pub(crate) fn handles(&self, event: &str) -> bool {
        self.handler.load().0.description().handles(event)
    }

    /// Changes when the handler has been replaced.
    pub(crate) fn replaced(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    /// Replaces the handler: every event, every plain request and every run of a schedule that begins from now on goes to
    /// the new one.
    ///
    /// # Errors
    ///
    /// If the new handler names another namespace; the old handler stays.
    pub fn replace(&self, handler: Arc<dyn EventHandler>) -> Result<(), MountError> {
        path_of(Some(self.namespace.path()), &*handler)?;
        self.handler.store(Arc::new(Revision(handler)));
        self.replaced.send_replace(());
        Ok(())
    }
}

/// The path of a handler's namespace: the one that the operator requested, else the one that the handler names, else
/// `/`.
///
/// # Errors
///
/// If operator and handler want different ones.
pub fn path_of(requested: Option<&str>, handler: &dyn EventHandler) -> Result<String, MountError> {
    match (requested, handler.description().namespace.as_deref()) {
        (Some(requested), Some(component)) if requested != component => {
            Err(MountError::Contradiction { component: component.to_owned(), requested: requested.to_owned() })
        }
        (Some(path), _) | (None, Some(path)) => Ok(path.to_owned()),
        (None, None) => Ok("/".to_owned()),
    }
}

/// Mounts by the path of their namespace.
#[derive(Default, Clone)]
pub(crate) struct Mounts(HashMap<Arc<str>, Arc<Mount>>);

impl Mounts {
    pub(crate) fn get(&self, path: &str) -> Option<&Arc<Mount>> {
        self.0.get(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Mount>> {
        self.0.values()
    }

    /// Adds a mount.
    pub(crate) fn insert(&mut self, mount: Arc<Mount>) {
        self.0.insert(mount.namespace().shared_path().clone(), mount);
    }
}
