//! The thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use redb::Database;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::file::File;
use super::tables::{Tables, any_expired, failed};
use crate::clock::Clock;
use crate::error::Error;
use crate::rows::RowsMut;
use crate::semantics;

/// A call that waits to be written.
pub(super) struct Job {
    pub(super) call: Box<dyn Pending>,
    /// Its right to wait here.
    pub(super) permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

/// A call, whatever it returns.
pub(super) trait Pending: Send {
    /// Makes the changes. An error means that the tables failed.
    fn make(&mut self, rows: &mut dyn RowsMut, now: u64) -> Result<(), Error>;

    /// Tells the caller what its call returned, or why the changes were not kept.
    fn answer(self: Box<Self>, kept: Result<(), Error>);
}

pub(super) struct Call<T, F> {
    call: Option<F>,
    result: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Call<T, F> {
    pub(super) fn new(call: F, answer: oneshot::Sender<Result<T, Error>>) -> Self {
        Self { call: Some(call), result: None, answer }
    }
}

impl<T: Send, F: FnOnce(&mut dyn RowsMut, u64) -> Result<T, Error> + Send> Pending for Call<T, F> {
    fn make(&mut self, rows: &mut dyn RowsMut, now: u64) -> Result<(), Error> {
        match self.call.take().map(|call| call(rows, now)) {
            // The tables have failed: the whole transaction is dropped.
            Some(Err(error @ Error::Unavailable(_))) => Err(error),
            result => {
                self.result = result;
                Ok(())
            }
        }
    }

    fn answer(self: Box<Self>, kept: Result<(), Error>) {
        let result = match (kept, self.result) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Error::damaged()),
        };
        // The caller may have gone.
        let _ = self.answer.send(result);
    }
}

/// Most calls of one transaction.
const BATCH: usize = 1_000;

/// Most entries whose time is up that one transaction removes.
const SWEPT: usize = 1_000;

/// How often a store that is not written to is looked through for these.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    file: Arc<File>,
    clock: Arc<dyn Clock>,
    queue: Receiver<Job>,
}

impl Writer {
    pub(super) fn new(file: Arc<File>, clock: Arc<dyn Clock>, queue: Receiver<Job>) -> Self {
        Self { file, clock, queue }
    }

    /// Runs until all senders are gone and the queue is empty.
    pub(super) fn run(self) {
        loop {
            match self.queue.recv_timeout(SWEEP_INTERVAL) {
                Ok(first) => {
                    let batch = std::iter::once(first).chain(self.queue.try_iter()).take(BATCH).collect();
                    self.write(batch);
                }
                Err(RecvTimeoutError::Timeout) => self.tidy(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Nobody writes: entries are removed whose time is up, and a file that could not be opened is tried again.
    fn tidy(&self) {
        let now = self.clock.now();
        let expired = self.guarded(|database| any_expired(database, now));
        // Reading fails if the file failed earlier, or is not open.
        if expired.as_ref().is_ok_and(|any| *any) || !self.file.is_open() {
            self.write(Vec::new());
        }
    }

    fn write(&self, mut batch: Vec<Job>) {
        if !self.file.is_open() {
            self.file.reopen(&self.file.failure());
        }
        let kept = self.guarded(|database| transact(database, self.clock.now(), &mut batch));
        if let Err(error) = &kept {
            tracing::error!(file = %self.file.path().display(), "the store could not be written: {error}");
            self.file.reopen(error);
        }
        for Job { call, permits } in batch {
            call.answer(kept.clone());
            drop(permits);
        }
    }

    fn guarded<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        let done = catch_unwind(AssertUnwindSafe(|| self.file.with(work)));
        done.unwrap_or_else(|_| Err(Error::damaged()))
    }
}

/// Carries out the calls in one transaction; it is on the disk when this returns.
fn transact(database: &Database, now: u64, batch: &mut [Job]) -> Result<(), Error> {
    let transaction = database.begin_write().map_err(failed)?;
    {
        let mut tables = Tables::open(&transaction)?;
        semantics::sweep(&mut tables, now, SWEPT)?;
        for job in batch {
            job.call.make(&mut tables, now)?;
        }
        tables.finish()?;
    }
    transaction.commit().map_err(failed)
}
