//! The client's end of a connection, and what it writes.

use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use engine_io::transport::{Endpoint, PatientStream};
use gateway::Gateway;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answers;

pub type Server = Endpoint<Arc<Gateway>>;

pub struct Connection {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects; the server's end has a task, as in `http`.
    pub fn open(server: &Arc<Server>) -> Self {
        let (stream, other) = UnixStream::pair().expect("a socket pair");
        stream.set_nonblocking(true).expect("a flag");
        other.set_nonblocking(true).expect("a flag");
        let other = std::net::TcpStream::from(OwnedFd::from(other));
        let other = TcpStream::from_std(other).expect("a socket");
        let server = server.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(server.serve(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await) }
            });
            let stream = TokioIo::new(PatientStream::new(other, Arc::default()));
            let connection = http1::Builder::new().serve_connection(stream, service);
            // The client may be gone.
            let _ = connection.with_upgrades().await;
        });
        Self { stream, received: Vec::new() }
    }

    /// Writes what the socket takes; a client whose server does not read gives up.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write(bytes);
    }

    /// Reads what is there.
    pub fn read(&mut self) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    pub fn shut(&mut self) {
        // The server may have closed it.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ids of the sessions that it opened.
    pub fn sids(&self) -> impl Iterator<Item = String> {
        const BEFORE: &[u8] = br#"0{"sid":""#;
        const LENGTH: usize = 20;
        let ids = self.received.windows(BEFORE.len() + LENGTH).filter(|bytes| bytes.starts_with(BEFORE));
        ids.map(|bytes| String::from_utf8_lossy(&bytes[BEFORE.len()..]).into_owned())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.read();
        answers::check(&self.received);
    }
}

/// A WebSocket frame of a client, masked with zeros.
pub fn frame(last: bool, opcode: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(last) << 7 | (opcode & 0xf)];
    match u16::try_from(data.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(data.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(data);
    frame
}
