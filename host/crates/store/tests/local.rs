//! The socket of `host kv`: who and what is refused. What calls mean is in `semantics.rs`.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use store::{Backend, KeyValue, Limits, Local, LocalServer, Memory, SystemClock};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

fn serve(folder: &Path) -> JoinHandle<()> {
    let memory: Arc<dyn Backend> = Arc::new(Memory::new(Arc::new(SystemClock)));
    tokio::spawn(LocalServer::bind(folder).unwrap().serve(memory, Arc::new(Limits::default())))
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn store(folder: &Path) -> KeyValue {
    let local = Local::find(folder).await.unwrap().unwrap();
    KeyValue::new(Arc::new(local), "/", Arc::new(Limits::default()))
}

/// What a server says to these bytes until it closes the connection.
async fn said_to(folder: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(folder.join("kv.sock")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    // A server that closes before it has read all may reset the connection.
    let _ = stream.read_to_end(&mut said).await;
    said
}

#[tokio::test]
async fn only_a_running_host_is_found() {
    let folder = folder();
    assert!(Local::find(&folder.path().join("nowhere")).await.unwrap().is_none());
    assert!(Local::find(folder.path()).await.unwrap().is_none());
    let serving = serve(folder.path());
    store(folder.path()).await.set("a".to_owned(), vec![1], None).await.unwrap();
    let mode = fs::metadata(folder.path().join("kv.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the socket goes with its server");
}

#[tokio::test]
async fn a_socket_that_is_left_over_is_replaced_and_nothing_else() {
    let folder = folder();
    let socket = folder.path().join("kv.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(Local::find(folder.path()).await.unwrap().is_none(), "nobody listens");
    drop(LocalServer::bind(folder.path()).unwrap());
    fs::write(&socket, "precious").unwrap();
    assert!(LocalServer::bind(folder.path()).is_err());
    assert_eq!(fs::read(&socket).unwrap(), b"precious");
    fs::remove_file(&socket).unwrap();
    symlink("/nowhere", &socket).unwrap();
    assert!(LocalServer::bind(folder.path()).is_err());
}

#[tokio::test]
async fn nonsense_is_not_answered_and_harms_nobody() {
    let folder = folder();
    let _serving = serve(folder.path());
    let huge = [&[0xFF; 4][..], &[0; 100]].concat();
    let other_version = [0, 0, 0, 2, 9, 9];
    let lies = [&[0, 0, 0, 12, 1][..], &[0xFF; 11]].concat();
    for bytes in [&[][..], &[0], &[0; 4], &huge, &other_version, &lies] {
        let mut closing = UnixStream::connect(folder.path().join("kv.sock")).await.unwrap();
        closing.write_all(bytes).await.unwrap();
        drop(closing);
        if bytes.len() >= 4 {
            assert_eq!(said_to(folder.path(), bytes).await, [0; 0]);
        }
    }
    store(folder.path()).await.set("a".to_owned(), vec![1], None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_hold_up_others_for_a_while_only() {
    let folder = folder();
    let _serving = serve(folder.path());
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(UnixStream::connect(folder.path().join("kv.sock")).await.unwrap());
    }
    store(folder.path()).await.set("a".to_owned(), vec![1], None).await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let folder = folder();
    let _serving = serve(folder.path());
    let store = store(folder.path()).await;
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.increment("n".to_owned(), 1, None).await.unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(store.increment("n".to_owned(), 0, None).await, Ok(64));
}
