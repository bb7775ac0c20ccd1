//! All namespaces of this node: where sessions and other nodes find them.

use std::sync::Arc;

use engine_io::handler::{ClientRequest, Service};
use engine_io::{ClientMemory, Session};
use socket_io::Payload;
use tokio::time::Instant;

use crate::cluster::{Cluster, Scope};
use crate::commands::{Applying, Origin};
use crate::connection::Connection;
use crate::handler::EventHandler;
use crate::model::{CallError, Command, GatewayLimits, ListedSocket, Operation, RecoveryLimits, RemoteSocket, Target};
use crate::mount::{Mount, MountError, Mounts, path_of};
use crate::namespace::Namespace;
use crate::questions::{self, LocalAnswers, Reach};

/// All namespaces of this node.
pub struct Gateway {
    mounts: Arc<Mounts>,
    limits: Arc<GatewayLimits>,
    recovery: Option<RecoveryLimits>,
    cluster: Arc<dyn Cluster>,
    memory: Arc<ClientMemory>,
}

impl Gateway {
    /// A gateway without namespaces. Without `recovery`, clients that were cut off join as new ones.
    pub fn new(limits: GatewayLimits, recovery: Option<RecoveryLimits>, cluster: Arc<dyn Cluster>) -> Self {
        let memory = Arc::new(ClientMemory::new(limits.session.clients_memory));
        Self { mounts: Arc::default(), limits: Arc::new(limits), recovery, cluster, memory }
    }

    /// Adds a namespace. Its path is the one that the operator requested, else the one that the handler names, else
    /// `/`.
    ///
    /// # Errors
    ///
    /// If the path is taken, or operator and handler want different ones.
    pub fn mount(&mut self, requested: Option<&str>, handler: Arc<dyn EventHandler>) -> Result<Arc<Mount>, MountError> {
        let path = path_of(requested, &*handler)?;
        if self.mounts.get(&path).is_some() {
            return Err(MountError::Taken(path));
        }
        let (recovery, cluster, memory) = (self.recovery.clone(), self.cluster.clone(), self.memory.clone());
        let namespace = Namespace::new(&path, &self.limits, recovery, cluster, memory);
        let mount = Arc::new(Mount::new(Arc::new(namespace), handler));
        Arc::make_mut(&mut self.mounts).insert(mount.clone());
        Ok(mount)
    }

    /// The bounds that hold for clients and handlers.
    pub fn limits(&self) -> &GatewayLimits {
        &self.limits
    }

    /// Drops the state of clients that can no longer return. To be called periodically.
    pub fn expire(&self) {
        for recovery in self.mounts.iter().filter_map(|mount| mount.namespace().recovery()) {
            recovery.expire();
        }
    }

    fn namespace(&self, path: &str) -> Option<&Arc<Namespace>> {
        self.mounts.get(path).map(|mount| mount.namespace())
    }
}

/// For the cluster: the calls of other nodes. Each covers only the sockets of this node; a namespace that is not
/// mounted here has none.
impl Gateway {
    /// Carries out an operation that another node has published; `sender` is the id of the socket whose handler asks for
    /// it. When this returns, it has begun to take effect; await the future before the next message of that node.
    pub fn receive(&self, namespace: &str, sender: Option<&str>, target: Target, operation: Operation) -> Applying {
        let mut applying = Applying::default();
        if let Some(namespace) = self.namespace(namespace) {
            let command = Command::Sockets { target, operation };
            applying.add(namespace, Origin::OtherNode(sender.map(Into::into)), vec![command]);
        }
        applying
    }

    /// The matching sockets, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// If they are more bytes.
    pub async fn local_sockets(&self, scope: Scope<'_>, most: usize) -> Result<Vec<RemoteSocket>, CallError> {
        match self.namespace(scope.namespace) {
            Some(namespace) => questions::fetch(namespace, scope, Reach::ThisNode, most).await,
            None => Ok(Vec::new()),
        }
    }

    /// Ids and rooms of the matching sockets, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// If they are more bytes.
    pub async fn local_list(&self, scope: Scope<'_>, most: usize) -> Result<Vec<ListedSocket>, CallError> {
        match self.namespace(scope.namespace) {
            Some(namespace) => questions::list(namespace, scope, Reach::ThisNode, most).await,
            None => Ok(Vec::new()),
        }
    }

    /// Sends an event to the matching sockets, which are to acknowledge it. When the future completes, it has been sent
    /// to all of them; await it before the next message of that node.
    pub async fn ask_local(&self, scope: Scope<'_>, event: &str, payload: &Payload) -> Option<LocalAnswers> {
        let namespace = self.namespace(scope.namespace)?;
        Some(questions::ask_here(namespace, scope, event, payload).await)
    }

    /// Whether any socket of this node is in a room, that of its own id included.
    pub fn has_room(&self, namespace: &str, room: &str) -> bool {
        self.namespace(namespace).is_some_and(|namespace| namespace.rooms().has(room))
    }

    /// The paths of all namespaces.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().map(|mount| mount.namespace().path())
    }
}

impl Service for Gateway {
    type Handler = Connection;

    fn memory(&self) -> Arc<ClientMemory> {
        self.memory.clone()
    }

    fn open(&self, session: Arc<Session>, request: ClientRequest, now: Instant) -> Connection {
        Connection::new(self.mounts.clone(), self.limits.clone(), session, request, now)
    }
}
