//! The upgrade of a long-polling session to a WebSocket (Engine.IO protocol 4, section "Upgrade").

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::handshake::{accept, switch};
use super::registry::Live;
use super::request::{HttpResponse, Refusal};
use super::websocket::{Input, WebSocket};
use crate::SessionLimits;
use crate::packet::Packet;

/// The data of a client's ping while it probes the new transport.
const PROBE: &str = "probe";
/// How often the probe looks whether the session is still open (the reference server's interval).
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Opens a WebSocket for a long-polling session. Once the client has probed it, the session's task switches to it.
pub(super) fn upgrade<B>(
    request: Request<B>,
    live: Arc<Live>,
    limits: &SessionLimits,
) -> Result<HttpResponse, Refusal> {
    let accept = accept(&request)?;
    let (response, socket) = switch(hyper::upgrade::on(request), accept, limits.payload);
    let patience = limits.upgrade_timeout;
    tokio::spawn(async move {
        let Some(mut socket) = socket.await else { return };
        let mut code = None;
        if live.session().begin_upgrade() {
            match timeout(patience, probe(&mut socket, &live)).await {
                Ok(Ok(())) => return live.attach(socket),
                Ok(Err(failure)) => code = failure,
                Err(_) => {}
            }
            live.session().abandon_upgrade();
        }
        // Tells the client of the failure, without waiting for a peer that does not read.
        let _ = timeout(patience, socket.close(code)).await;
    });
    Ok(response)
}

/// Answers the client's probes until its upgrade packet comes; anything else is an error, with the close code.
async fn probe(socket: &mut WebSocket, live: &Live) -> Result<(), Option<CloseCode>> {
    let mut check = interval(CHECK_INTERVAL);
    loop {
        tokio::select! {
            input = poll_fn(|cx| socket.poll_read(cx)) => {
                let Input::Text(text) = input.map_err(|(_, code)| code)? else { return Err(None) };
                match Packet::decode(&text) {
                    Ok(Packet::Ping(PROBE)) => {
                        // Before the pong, as the client waits for its GET once it has that.
                        live.session().probed();
                        socket.send_pong(PROBE).await.map_err(|_| None)?;
                    }
                    Ok(Packet::Upgrade) => return Ok(()),
                    _ => return Err(None),
                }
            }
            _ = check.tick() => {
                if !live.session().is_open() {
                    return Err(None);
                }
            }
        }
    }
}
