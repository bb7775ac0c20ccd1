//! Stores on a clock that only moves when it is told to.

pub mod redis;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::{Backend, Clock, Embedded, EmbeddedLimits, KeyValue, Limits, Local, LocalServer, Memory};
use tempfile::TempDir;

use self::redis::Server;

#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_000_000)))
    }

    pub fn advance(&self, time: Duration) {
        self.0.fetch_add(time.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A store to test.
pub struct Setup {
    pub backend: Arc<dyn Backend>,
    pub clock: Arc<ManualClock>,
    _folder: Option<TempDir>,
    _server: Option<Arc<Server>>,
}

impl Setup {
    pub fn memory() -> Self {
        let clock = ManualClock::new();
        Self { backend: Arc::new(Memory::new(clock.clone())), clock, _folder: None, _server: None }
    }

    pub fn embedded() -> Self {
        let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
        let file = folder.path().join("kv.redb");
        let backend = Embedded::open(&file, EmbeddedLimits::default(), clock.clone()).unwrap();
        Self { backend: Arc::new(backend), clock, _folder: Some(folder), _server: None }
    }

    /// On a server of its own.
    pub async fn redis() -> Self {
        Self::on(&Arc::new(Server::start(&[])), "host").await
    }

    /// On a server that others use, too, with another prefix.
    pub async fn on(server: &Arc<Server>, prefix: &str) -> Self {
        let clock = ManualClock::new();
        let backend = server.open(prefix, Some(clock.clone())).await.unwrap();
        Self { backend: Arc::new(backend), clock, _folder: None, _server: Some(server.clone()) }
    }

    /// A store in memory behind the socket of `host kv`.
    #[allow(dead_code, reason = "not every test has this one")]
    pub async fn local() -> Self {
        let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
        let server = LocalServer::bind(folder.path()).unwrap();
        let memory = Arc::new(Memory::new(clock.clone()));
        tokio::spawn(server.serve(memory, Arc::new(Limits::default())));
        let backend = Local::find(folder.path()).await.unwrap().unwrap();
        Self { backend: Arc::new(backend), clock, _folder: Some(folder), _server: None }
    }

    pub fn store(&self, name: &str) -> KeyValue {
        self.limited(name, Limits::default())
    }

    pub fn limited(&self, name: &str, limits: Limits) -> KeyValue {
        KeyValue::new(self.backend.clone(), name, Arc::new(limits))
    }
}
