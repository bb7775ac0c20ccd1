//! The export of a component that answers plain HTTP requests, and how many requests run and wait.
//!
//! Half of the instances may answer requests at once, so that HTTP clients cannot stop events. Beyond that, up to
//! [`HandlerLimits::waiting_requests`] requests wait, of which only the head is in memory; further ones are refused.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::exports::wasi::http::incoming_handler;

use crate::limits::HandlerLimits;
use crate::store_state::StoreState;

/// The export, and the limits on its requests.
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

    /// Waits until a request may run; none if too many wait already.
    pub(crate) async fn place(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let admitted = self.admitted.clone().try_acquire_owned().ok()?;
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some([running, admitted])
    }
}
