//! The side that has the store.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::wire::{self, Call, What};
use super::{CONNECTIONS, PATIENCE, socket};
use crate::backend::Backend;
use crate::error::Error;
use crate::key_value::KeyValue;
use crate::limits::Limits;

/// The longest name of a store, which is that of a namespace.
const LONGEST_NAME: usize = 255;

/// Serves a store to processes of this user. When it is dropped, the socket is gone.
#[derive(Debug)]
pub struct LocalServer {
    listener: UnixListener,
    path: PathBuf,
}

impl LocalServer {
    /// Listens in a folder whose store the caller has open, which is why a socket that is there can only be left over.
    ///
    /// # Errors
    ///
    /// If there is something else than a socket, or the folder's path is longer than sockets' may be.
    pub fn bind(folder: &Path) -> io::Result<Self> {
        let path = socket(folder);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&path)?,
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let server = Self { listener: UnixListener::bind(&path)?, path };
        // Others who connect before this are refused by who they are.
        fs::set_permissions(&server.path, Permissions::from_mode(0o600))?;
        Ok(server)
    }

    /// Serves until it is dropped. `limits` are those of handlers' calls.
    pub async fn serve(self, backend: Arc<dyn Backend>, limits: Arc<Limits>) {
        // One batch may have what an event may exchange, and the largest entry.
        let largest = limits.key.saturating_add(limits.value);
        let batch_bytes = Limits::default().batch_bytes.max(largest);
        let limits = Limits { batch_bytes, ..(*limits).clone() };
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut calls = JoinSet::new();
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            while calls.try_join_next().is_some() {}
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (backend, limits) = (backend.clone(), limits.clone());
                    calls.spawn(async move {
                        let _place = place;
                        if let Err(error) = answer(stream, backend, limits).await {
                            tracing::debug!(%error, "a call of `host kv` was not answered");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection of `host kv`");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        // It may have been removed with the folder.
        let _ = fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, backend: Arc<dyn Backend>, limits: Limits) -> io::Result<()> {
    let user = stream.peer_cred()?.uid();
    if user != 0 && user != rustix::process::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let call: Call = timeout(PATIENCE, wire::receive(&mut stream, wire::most(&limits))).await??;
    let Call { space, quota, most_bytes, what } = call;
    if space.len() > LONGEST_NAME {
        let error = Error::Unavailable(format!("the name of a store has at most {LONGEST_NAME} bytes"));
        return reply(&mut stream, Err::<(), _>(error)).await;
    }
    let most = usize::try_from(most_bytes).unwrap_or(usize::MAX);
    let batch_bytes = limits.batch_bytes.min(most);
    let store = KeyValue::new(backend, &space, Arc::new(Limits { quota: limits.quota.min(quota), ..limits.clone() }));
    let bounded = KeyValue::new(store.backend(), &space, Arc::new(Limits { batch_bytes, ..limits }));
    match what {
        What::Get(keys) => match <[String; 1]>::try_from(keys) {
            // Alone, it may be as large as it is.
            Ok([key]) if most == usize::MAX => reply(&mut stream, store.get(key).await.map(|entry| vec![entry])).await,
            Ok([key]) => reply(&mut stream, bounded.get_many(vec![key]).await).await,
            Err(keys) => reply(&mut stream, bounded.get_many(keys).await).await,
        },
        What::Has(key) => reply(&mut stream, store.has(key).await).await,
        What::List(query) => reply(&mut stream, bounded.list(query).await).await,
        What::Set(puts) => reply(&mut stream, store.set_many(puts).await).await,
        What::Delete(keys) => reply(&mut stream, store.delete_many(keys).await).await,
        What::Increment { key, delta, ttl } => reply(&mut stream, store.increment(key, delta, ttl).await).await,
        What::Swap(swap) => reply(&mut stream, store.compare_and_set(swap).await).await,
        What::Clear(prefix) => reply(&mut stream, store.clear(prefix).await).await,
    }
}

async fn reply<T: Serialize>(stream: &mut UnixStream, answer: Result<T, Error>) -> io::Result<()> {
    timeout(PATIENCE, wire::send(stream, &answer)).await?
}
