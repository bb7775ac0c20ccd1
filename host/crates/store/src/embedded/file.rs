//! The file: opening it, and opening it again after a failure.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, RwLock};
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableError};

use super::tables::{FORMAT, FORMAT_KEY, META, prepare};
use crate::error::{Error, OpenError};

/// How every file of redb begins.
const MAGIC: [u8; 4] = *b"redb";

type Open = Box<dyn Fn() -> Result<Database, OpenError> + Send + Sync>;

/// A store's file, which may be closed.
pub(super) struct File {
    path: PathBuf,
    open: Open,
    database: RwLock<Option<Database>>,
    /// Why the file cannot be written at present.
    failure: Mutex<Option<String>>,
}

impl File {
    pub(super) fn open(path: &Path, cache: usize) -> Result<Self, OpenError> {
        let file = path.to_owned();
        let io = |source| OpenError::Io { file: path.to_owned(), source };
        if !path.try_exists().map_err(io)? {
            create(path).map_err(|error| explain(path, error))?;
        }
        Self::new(path.to_owned(), Box::new(move || open_existing(&file, cache)))
    }

    #[cfg(test)]
    pub(super) fn on<B: redb::StorageBackend>(
        make: impl Fn() -> B + Send + Sync + 'static,
        cache: usize,
    ) -> Result<Self, OpenError> {
        let open = move || {
            let mut builder = Database::builder();
            let database = builder.set_cache_size(cache).create_with_backend(make());
            let database = database.map_err(|error| explain(Path::new("test"), error))?;
            prepare(&database).map_err(|error| explain(Path::new("test"), error.into()))?;
            check(Path::new("test"), &database)?;
            Ok(database)
        };
        Self::new(PathBuf::from("test"), Box::new(open))
    }

    fn new(path: PathBuf, open: Open) -> Result<Self, OpenError> {
        let database = guarded(&path, &open)?;
        Ok(Self { path, open, database: RwLock::new(Some(database)), failure: Mutex::new(None) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Works with the database.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        self.database.read().as_ref().map_or_else(|| Err(self.failure()), work)
    }

    /// Opens the file again, after a failure for which redb refuses everything else.
    pub(super) fn reopen(&self, why: &Error) {
        let mut database = self.database.write();
        // The lock on the file must be gone before it is opened again.
        drop(database.take());
        let opened = guarded(&self.path, &self.open);
        *self.failure.lock() = opened.as_ref().err().map(ToString::to_string);
        match opened {
            Ok(opened) => *database = Some(opened),
            Err(error) => tracing::error!(
                file = %self.path.display(),
                "the store failed ({why}) and cannot be opened again: {error}; this is tried at every call that writes"
            ),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.database.read().is_some()
    }

    pub(super) fn close(&self) {
        self.database.write().take();
    }

    /// The error of calls that were not carried out.
    pub(super) fn failure(&self) -> Error {
        self.failure.lock().clone().map_or_else(Error::closed, Error::Unavailable)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.path).finish()
    }
}

/// Opens a file; redb panics at some kinds of damage.
fn guarded(path: &Path, open: &Open) -> Result<Database, OpenError> {
    let opened = catch_unwind(AssertUnwindSafe(open));
    opened.unwrap_or_else(|_| Err(OpenError::Damaged { file: path.to_owned(), why: Error::damaged().to_string() }))
}

/// Makes a new store under another name first, so that a crash leaves no half-made file.
fn create(path: &Path) -> Result<(), DatabaseError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let made = fill(&temporary).and_then(|()| match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        // Another host has just made it: opening it will say so.
        _ => Ok(fs::File::open(folder)?.sync_all()?),
    });
    let removed = fs::remove_file(&temporary);
    made?;
    Ok(removed?)
}

fn fill(path: &Path) -> Result<(), DatabaseError> {
    // What handlers keep is for the user who runs the host.
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let database = Database::builder().create_with_backend(redb::backends::FileBackend::new(options)?)?;
    prepare(&database)?;
    Ok(())
}

fn open_existing(path: &Path, cache: usize) -> Result<Database, OpenError> {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    read.map_err(|source| OpenError::Io { file: path.to_owned(), source })?;
    if start != MAGIC {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let mut builder = Database::builder();
    let shown = path.to_owned();
    builder.set_cache_size(cache).set_repair_callback(move |repair| {
        if repair.progress() == 0.0 {
            tracing::info!(file = %shown.display(), "the host was not stopped in order: checking the store");
        }
    });
    let database = builder.open(path).map_err(|error| explain(path, error))?;
    check(path, &database)?;
    Ok(database)
}

/// Whether this is a store, and in this host's format.
fn check(path: &Path, database: &Database) -> Result<(), OpenError> {
    let damaged = |error: redb::Error| explain_any(path, &error);
    let transaction = database.begin_read().map_err(|error| damaged(error.into()))?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(damaged(error.into())),
        Err(_) => return Err(OpenError::Foreign(path.to_owned())),
    };
    let format = meta.get(FORMAT_KEY).map_err(|error| damaged(error.into()))?;
    match format.map(|format| format.value()) {
        Some(FORMAT) => Ok(()),
        Some(found) => Err(OpenError::Format { file: path.to_owned(), found, known: FORMAT }),
        None => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn explain(path: &Path, error: DatabaseError) -> OpenError {
    let file = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::InUse(file),
        DatabaseError::Storage(StorageError::Io(source)) => OpenError::Io { file, source },
        other => OpenError::Damaged { file, why: other.to_string() },
    }
}

fn explain_any(path: &Path, error: &redb::Error) -> OpenError {
    OpenError::Damaged { file: path.to_owned(), why: error.to_string() }
}
