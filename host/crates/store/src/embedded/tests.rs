//! What a file adds to the semantics: it is found again, it is one host's alone, it may be damaged, and disks fail.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;
use redb::StorageBackend;
use tempfile::TempDir;

use super::tables::{FORMAT_KEY, META};
use super::*;
use crate::{KeyValue, Limits, SystemClock};

fn open(file: &Path) -> Result<Arc<Embedded>, OpenError> {
    let limits = EmbeddedLimits { cache: 1 << 20, ..EmbeddedLimits::default() };
    Embedded::open(file, limits, Arc::new(SystemClock)).map(Arc::new)
}

fn store(backend: &Arc<Embedded>) -> KeyValue {
    KeyValue::new(backend.clone(), "/", Arc::new(Limits::default()))
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("below").join("kv.redb");
    (folder, file)
}

async fn value(backend: &Arc<Embedded>, key: &str) -> Option<Vec<u8>> {
    store(backend).get(key.to_owned()).await.unwrap().map(|entry| entry.value)
}

#[tokio::test]
async fn a_store_is_found_again() {
    let (folder, file) = folder();
    let backend = open(&file).unwrap();
    for n in 0..100 {
        store(&backend).set(format!("k{n}"), vec![n; 1000], None).await.unwrap();
    }
    backend.close().await.unwrap();
    let error = store(&backend).get("k1".to_owned()).await.unwrap_err();
    assert_eq!(error, Error::Unavailable("the host is stopping".to_owned()));
    assert_eq!(store(&backend).delete("k1".to_owned()).await.unwrap_err(), error);

    let again = open(&file).unwrap();
    assert_eq!(value(&again, "k99").await, Some(vec![99; 1000]));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let names = fs::read_dir(folder.path().join("below")).unwrap();
    assert_eq!(names.count(), 1, "nothing else is left behind");
}

#[tokio::test]
async fn versions_go_on_after_a_restart() {
    let (_folder, file) = folder();
    let mut versions = Vec::new();
    for _ in 0..3 {
        let backend = open(&file).unwrap();
        store(&backend).set("k".to_owned(), vec![], None).await.unwrap();
        versions.push(store(&backend).get("k".to_owned()).await.unwrap().unwrap().version);
        backend.close().await.unwrap();
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[test]
fn a_file_is_one_hosts_alone() {
    let (_folder, file) = folder();
    let _first = open(&file).unwrap();
    let second = open(&file).unwrap_err();
    assert!(matches!(second, OpenError::InUse(_)), "{second}");
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let (_folder, file) = folder();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for contents in [&b""[..], b"x", b"SQLite format 3\0", b"redb", b"redb but not really", &[0; 100_000]] {
        fs::write(&file, contents).unwrap();
        let error = open(&file).unwrap_err();
        assert!(matches!(error, OpenError::Foreign(_) | OpenError::Damaged { .. } | OpenError::Io { .. }), "{error}");
        assert_eq!(fs::read(&file).unwrap(), contents);
    }
    fs::remove_file(&file).unwrap();
    let other = redb::Database::create(&file).unwrap();
    drop(other);
    assert!(matches!(open(&file).unwrap_err(), OpenError::Foreign(_)));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(open(&file).unwrap_err(), OpenError::Io { .. }));
}

#[test]
fn a_later_format_is_refused() {
    let (_folder, file) = folder();
    drop(open(&file).unwrap());
    let database = redb::Database::open(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert(FORMAT_KEY, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = open(&file).unwrap_err();
    assert!(matches!(error, OpenError::Format { found: 2, known: 1, .. }), "{error}");
}

/// Whatever is overwritten, opening and using the file returns; it never panics the host.
#[tokio::test]
async fn damage_is_an_error() {
    let (_folder, file) = folder();
    let backend = open(&file).unwrap();
    for n in 0..20 {
        store(&backend).set(format!("k{n}"), vec![7; 20_000], None).await.unwrap();
    }
    backend.close().await.unwrap();
    drop(backend);
    let good = fs::read(&file).unwrap();
    let mut refused = 0;
    for page in (0..good.len()).step_by(good.len() / 16 / 4096 * 4096) {
        let mut bad = good.clone();
        bad[page..].iter_mut().take(64).for_each(|byte| *byte ^= 0xA5);
        fs::write(&file, &bad).unwrap();
        match open(&file) {
            Err(_) => refused += 1,
            Ok(backend) => {
                let store = store(&backend);
                let _ = store.get("k1".to_owned()).await;
                let _ = store.set("k1".to_owned(), vec![1], None).await;
                let _ = backend.close().await;
            }
        }
    }
    assert!(refused > 0);
    fs::write(&file, &good[..good.len() / 2]).unwrap();
    assert!(open(&file).is_err());
}

/// Says that a synchronisation has begun, and waits until it may go on.
type Gate = (Sender<()>, Receiver<()>);

/// A disk in memory, which fills up, and whose synchronisation can be held up.
#[derive(Debug, Clone, Default)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    full: Arc<Mutex<bool>>,
    synced: Arc<Mutex<usize>>,
    gate: Arc<Mutex<Option<Gate>>>,
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = offset as usize;
        out.copy_from_slice(&self.bytes.lock()[start..start + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut bytes = self.bytes.lock();
        if *self.full.lock() && len as usize > bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some((reached, go)) = self.gate.lock().take() {
            reached.send(()).unwrap();
            go.recv().unwrap();
        }
        *self.synced.lock() += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = offset as usize;
        self.bytes.lock()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn on(disk: &Disk) -> Arc<Embedded> {
    let disk = disk.clone();
    Arc::new(Embedded::on(move || disk.clone(), EmbeddedLimits::default(), Arc::new(SystemClock)).unwrap())
}

#[tokio::test]
async fn a_full_disk_is_an_error_until_there_is_room() {
    let disk = Disk::default();
    let backend = on(&disk);
    let store = store(&backend);
    store.set("kept".to_owned(), b"1".to_vec(), None).await.unwrap();
    *disk.full.lock() = true;
    let mut written = 0;
    let error = loop {
        // Of a batch, all or nothing.
        match store.set(format!("n{written}"), vec![1; 100_000], None).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, Error::Unavailable(why) if why.contains("space")), "{error}");
    assert_eq!(value(&backend, "kept").await, Some(b"1".to_vec()));
    for n in 0..written {
        assert!(store.has(format!("n{n}")).await.unwrap(), "{n} of {written}");
    }
    assert!(!store.has(format!("n{written}")).await.unwrap());
    *disk.full.lock() = false;
    store.set("again".to_owned(), vec![1; 100_000], None).await.unwrap();
    assert!(store.has("again".to_owned()).await.unwrap());
}

#[tokio::test]
async fn writes_that_wait_share_a_synchronisation() {
    let disk = Disk::default();
    let backend = on(&disk);
    let store = store(&backend);
    store.set("first".to_owned(), vec![], None).await.unwrap();
    let each = *disk.synced.lock();
    store.set("second".to_owned(), vec![], None).await.unwrap();
    let each = *disk.synced.lock() - each;

    let ((reached, is_reached), (release, go)) = (channel(), channel());
    *disk.gate.lock() = Some((reached, go));
    let set = |n: usize| {
        let store = store.clone();
        tokio::spawn(async move { store.set(n.to_string(), vec![], None).await })
    };
    let first = set(0);
    tokio::task::spawn_blocking(move || is_reached.recv().unwrap()).await.unwrap();
    let before = *disk.synced.lock();
    let others: Vec<_> = (1..100).map(set).collect();
    // All of them wait: each has taken its place in the queue.
    while backend.writers.available_permits() > EmbeddedLimits::default().writers - 100 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    for task in others.into_iter().chain([first]) {
        task.await.unwrap().unwrap();
    }
    // The first one's, and one for all others; a permit is taken just before the queue, so a few may come later.
    let synced = *disk.synced.lock() - before;
    assert!(synced <= 3 * each, "{synced} synchronisations for 100 writes, {each} for one");
}

#[tokio::test]
async fn dropped_calls_leave_nothing_behind() {
    let backend = on(&Disk::default());
    let store = store(&backend);
    for n in 0..300 {
        let call = store.set(format!("{n}"), vec![0; 1000], None);
        let polled = tokio::time::timeout(Duration::ZERO, call).await;
        drop(polled);
    }
    store.set("last".to_owned(), vec![], None).await.unwrap();
    let limits = EmbeddedLimits::default();
    // Every call that was queued before it has been answered or dropped by now; its own permits follow its answer.
    while backend.writers.available_permits() < limits.writers {
        tokio::task::yield_now().await;
    }
    assert_eq!(backend.written.available_permits(), limits.written_bytes / UNIT);
}
