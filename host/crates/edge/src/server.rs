//! The listener and its connections.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine_io::handler::Service;
use engine_io::transport::PatientStream;
use gateway::handler::ResponseBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::admin::AdminRoutes;
use crate::cut::Cut;
use crate::routes::Routes;

/// How long a client may take to send the head of a request, or be idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that a connection buffers of a request's head.
const HEAD_BUFFER: usize = 16 * 1024;
/// How long accepting pauses if the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound listener.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The operating system's error, usually that the address is in use.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    /// The address with its real port.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts connections until `stop` is ready. Connections that are open then are still served.
    pub async fn serve<S: Service>(self, routes: Routes<S>, stop: impl Future<Output = ()>) -> Remaining {
        self.accept(routes, stop).await
    }

    /// Accepts connections of operators as long as the future is polled.
    pub async fn serve_admin(self, routes: AdminRoutes) {
        self.accept(routes, std::future::pending()).await;
    }

    async fn accept(self, site: impl Site, stop: impl Future<Output = ()>) -> Remaining {
        let site = Arc::new(site);
        let (stopping, stop_seen) = watch::channel(());
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        tokio::spawn(connection(stream, peer, site.clone(), stop_seen.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(stop_seen);
        Remaining { stopping }
    }
}

/// Connections that were open when the listener was closed.
#[derive(Debug)]
pub struct Remaining {
    /// Every connection holds a receiver.
    stopping: watch::Sender<()>,
}

impl Remaining {
    /// Waits until they have sent the answers that have begun.
    pub async fn finish(self) {
        self.stopping.send_replace(());
        self.stopping.closed().await;
    }
}

/// What answers the requests of a listener.
trait Site: Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        address: IpAddr,
        cut: Cut,
    ) -> impl Future<Output = Response<ResponseBody>> + Send;
}

impl<S: Service> Site for Routes<S> {
    async fn answer(&self, request: Request<Incoming>, address: IpAddr, cut: Cut) -> Response<ResponseBody> {
        self.answer(request, address, cut).await
    }
}

impl Site for AdminRoutes {
    async fn answer(&self, request: Request<Incoming>, _: IpAddr, _: Cut) -> Response<ResponseBody> {
        self.answer(request).await
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, site: Arc<impl Site>, mut stop: watch::Receiver<()>) {
    // Packets are small and should not be delayed; without this the kernel would collect them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "connection lost before its first request");
        return;
    }
    let cut = Cut::default();
    let stopping = Arc::new(AtomicBool::new(false));
    let stream = PatientStream::new(stream, stopping.clone());
    let of_requests = cut.clone();
    let service = service_fn(move |request| {
        let (site, cut) = (site.clone(), of_requests.clone());
        async move { Ok::<_, Infallible>(site.answer(request, peer.ip().to_canonical(), cut).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let result = loop {
        tokio::select! {
            result = &mut connection => break result,
            () = cut.is_cut() => {
                return tracing::debug!(%peer, "connection cut: its answer could not be completed");
            }
            _ = stop.changed(), if !stopping.load(Ordering::Relaxed) => {
                stopping.store(true, Ordering::Relaxed);
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
