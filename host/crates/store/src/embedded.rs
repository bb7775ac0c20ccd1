//! A store in one file.
//!
//! One thread writes: it takes all calls that wait, makes their changes in one transaction, and answers them when the
//! disk has it, so that many calls share one synchronisation. Calls that read run on threads for blocking work, on the
//! last state that is on the disk. Nothing here blocks a thread of the asynchronous runtime, and [`EmbeddedLimits`]
//! bounds what waits.
//!
//! If the disk fails (it is full, say), the calls of that transaction are [`Error::Unavailable`] and the file is opened
//! again: reading goes on, and so does writing when it is possible again.

mod file;
mod tables;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use self::file::File;
use self::tables::Snapshot;
use self::writer::{Call, Job, Writer};
use crate::backend::{Answer, Backend};
use crate::clock::Clock;
use crate::error::{Error, OpenError};
use crate::limits::EmbeddedLimits;
use crate::model::{Entry, Page, Put, Query, Space, Swap, Swapped};
use crate::rows::{Rows, RowsMut};
use crate::semantics;

/// A key-value store in one file, which no other process can open meanwhile.
#[derive(Debug)]
pub struct Embedded {
    file: Arc<File>,
    clock: Arc<dyn Clock>,
    limits: EmbeddedLimits,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    /// In units of [`UNIT`].
    written: Arc<Semaphore>,
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Bytes that a permit for writing stands for.
const UNIT: usize = 1 << 10;

impl Embedded {
    /// Opens a file, or makes it and its folder. This blocks: after a crash it reads the whole file.
    ///
    /// # Errors
    ///
    /// If another process has it open, or it is no store, or is damaged. It is then left as it is.
    pub fn open(file: &Path, limits: EmbeddedLimits, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let file = File::open(file, limits.cache)?;
        Self::start(file, limits, clock)
    }

    /// A store on a backend of redb's; it is made anew whenever the store is opened.
    ///
    /// # Errors
    ///
    /// As [`Embedded::open`].
    #[cfg(test)]
    fn on<B: redb::StorageBackend>(
        make: impl Fn() -> B + Send + Sync + 'static,
        limits: EmbeddedLimits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let file = File::on(make, limits.cache)?;
        Self::start(file, limits, clock)
    }

    fn start(file: File, limits: EmbeddedLimits, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let file = Arc::new(file);
        let (jobs, queue) = mpsc::channel();
        let writer = Writer::new(file.clone(), clock.clone(), queue);
        let spawned = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run());
        let thread = spawned.map_err(|source| OpenError::Io { file: file.path().to_owned(), source })?;
        Ok(Self {
            file,
            clock,
            readers: Arc::new(Semaphore::new(limits.readers)),
            writers: Arc::new(Semaphore::new(limits.writers)),
            written: Arc::new(Semaphore::new(limits.written_bytes / UNIT)),
            limits,
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })
    }

    fn read<T>(&self, call: impl FnOnce(&dyn Rows, u64) -> Result<T, Error> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(async move {
            let permit = self.readers.clone().acquire_owned().await.map_err(|_| Error::closed())?;
            let (file, clock) = (self.file.clone(), self.clock.clone());
            let reading = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                file.with(|database| call(&Snapshot::of(database)?, clock.now()))
            });
            // Not joined: reading has panicked, as redb can on a file that was damaged while it was open.
            reading.await.unwrap_or_else(|_| Err(Error::damaged()))
        })
    }

    /// `bytes` is what the call passes.
    fn write<T>(
        &self,
        bytes: usize,
        call: impl FnOnce(&mut dyn RowsMut, u64) -> Result<T, Error> + Send + 'static,
    ) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(async move {
            // A call that is larger than what may wait at once waits until it is alone.
            let units = (1 + bytes / UNIT).min((self.limits.written_bytes / UNIT).max(1));
            let units = u32::try_from(units).unwrap_or(u32::MAX);
            let writer = self.writers.clone().acquire_owned().await.map_err(|_| Error::closed())?;
            let written = self.written.clone().acquire_many_owned(units).await.map_err(|_| Error::closed())?;
            let (answer, answered) = oneshot::channel();
            let job = Job { call: Box::new(Call::new(call, answer)), permits: (writer, written) };
            self.jobs.lock().as_ref().ok_or_else(Error::closed)?.send(job).map_err(|_| Error::closed())?;
            answered.await.unwrap_or_else(|_| Err(Error::closed()))
        })
    }
}

impl Backend for Embedded {
    fn get(&self, space: Space, keys: Vec<String>, most_bytes: usize) -> Answer<'_, Vec<Option<Entry>>> {
        self.read(move |rows, now| semantics::get(rows, now, &space, &keys, most_bytes))
    }

    fn has(&self, space: Space, key: String) -> Answer<'_, bool> {
        self.read(move |rows, now| semantics::has(rows, now, &space, &key))
    }

    fn list(&self, space: Space, query: Query, most_bytes: usize) -> Answer<'_, Page> {
        self.read(move |rows, now| semantics::list(rows, now, &space, &query, most_bytes))
    }

    fn set(&self, space: Space, puts: Vec<Put>) -> Answer<'_, ()> {
        let bytes = puts.iter().map(|put| put.key.len() + put.value.len()).sum();
        self.write(bytes, move |rows, now| semantics::set(rows, now, &space, &puts))
    }

    fn delete(&self, space: Space, keys: Vec<String>) -> Answer<'_, u64> {
        let bytes = keys.iter().map(String::len).sum();
        self.write(bytes, move |rows, now| semantics::delete(rows, now, &space, &keys))
    }

    fn increment(&self, space: Space, key: String, delta: i64, ttl: Option<Duration>) -> Answer<'_, i64> {
        self.write(key.len(), move |rows, now| semantics::increment(rows, now, &space, &key, delta, ttl))
    }

    fn swap(&self, space: Space, swap: Swap) -> Answer<'_, Swapped> {
        let bytes = swap.key.len() + swap.value.as_ref().map_or(0, Vec::len);
        self.write(bytes, move |rows, now| semantics::swap(rows, now, &space, &swap))
    }

    fn clear(&self, space: Space, prefix: String, most: usize) -> Answer<'_, (u64, bool)> {
        self.write(prefix.len(), move |rows, now| semantics::clear(rows, now, &space, &prefix, most))
    }

    fn close(&self) -> Answer<'_, ()> {
        // Without a sender the writer carries out what waits, and ends.
        drop(self.jobs.lock().take());
        let (thread, file) = (self.thread.lock().take(), self.file.clone());
        Box::pin(async move {
            let closing = tokio::task::spawn_blocking(move || {
                let ended = thread.map(JoinHandle::join);
                file.close();
                ended
            });
            match closing.await {
                Ok(None | Some(Ok(()))) => Ok(()),
                Ok(Some(Err(_))) | Err(_) => Err(Error::damaged()),
            }
        })
    }
}

impl Drop for Embedded {
    /// Blocks for as long as what waits takes to write.
    fn drop(&mut self) {
        drop(self.jobs.lock().take());
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
