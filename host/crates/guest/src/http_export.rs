//! What a component exports to answer plain HTTP requests, and how many of them run and wait.
//!
//! Half of the instances may answer requests at once, so that events go on whatever HTTP clients do. Beyond that
//! [`HandlerLimits::waiting_requests`] wait, each with no more than its head, and the next one is refused.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::exports::wasi::http::incoming_handler;

use crate::limits::HandlerLimits;
use crate::store_state::StoreState;

/// What a component needs to answer requests.
pub(crate) struct HttpExport {
    pub(crate) export: incoming_handler::GuestIndices,
    /// Requests that wait or run.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl HttpExport {
    pub(crate) fn new(
        instance: &InstancePre<StoreState>,
        limits: &HandlerLimits,
        instances: usize,
    ) -> wasmtime::Result<Self> {
        let running = instances.div_ceil(2).min(Semaphore::MAX_PERMITS);
        let admitted = running.saturating_add(limits.waiting_requests).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            export: incoming_handler::GuestIndices::new(instance)?,
            admitted: Arc::new(Semaphore::new(admitted)),
            running: Arc::new(Semaphore::new(running)),
        })
    }

    /// Waits until a request may run; none where too many wait already.
    pub(crate) async fn place(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let admitted = self.admitted.clone().try_acquire_owned().ok()?;
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some([running, admitted])
    }
}
