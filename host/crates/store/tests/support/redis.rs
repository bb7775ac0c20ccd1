//! A Redis of the test's own, on a free port of the loopback interface. `HOST_TEST_REDIS` names another program, such as
//! `valkey-server`.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use store::{Clock, ConnectError, Redis, RedisAddress, RedisLimits};
use tempfile::TempDir;

pub struct Server {
    port: u16,
    flags: Vec<String>,
    folder: TempDir,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Starts one, with more flags of `redis-server`. By itself it keeps nothing on the disk.
    pub fn start(flags: &[&str]) -> Self {
        let flags = flags.iter().map(ToString::to_string).collect();
        let mut server = Self { port: 0, flags, folder: tempfile::tempdir().unwrap(), process: Mutex::new(None) };
        // Another process may take the port that was free.
        let ports = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        for port in ports.take(5) {
            server.port = port;
            if server.run() {
                return server;
            }
        }
        panic!("redis-server does not start: run it with {:?}", server.flags);
    }

    /// Starts it again, with what it had kept on the disk. Whether it did.
    pub fn run(&self) -> bool {
        let program = std::env::var("HOST_TEST_REDIS").unwrap_or_else(|_| "redis-server".to_owned());
        let mut command = Command::new(&program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string(), "--dir"]);
        command.arg(self.folder.path()).args(&self.flags).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("{program} ({error}): run `apt-get install redis-server`, or `cargo xtask test`, which does")
        });
        let said = BufReader::new(process.stdout.take().unwrap());
        let ready = said.lines().map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
        *self.process.lock() = Some(process);
        ready
    }

    /// Ends it at once.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Its address; `user` is `user:password@`, and `path` is `/database`.
    pub fn address(&self, user: &str, path: &str) -> RedisAddress {
        format!("redis://{user}127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    /// The stores below a prefix.
    pub async fn open(&self, prefix: &str, clock: Option<Arc<dyn Clock>>) -> Result<Redis, ConnectError> {
        let limits = RedisLimits::default();
        Redis::open(&self.address("", ""), prefix, limits, clock).await.map(|(store, _)| store)
    }

    /// What `redis-cli` would print.
    pub async fn ask<T: ::redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = ::redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut asked = ::redis::Cmd::new();
        asked.arg(command);
        asked.query_async(&mut connection).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
