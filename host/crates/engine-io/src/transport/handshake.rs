//! The opening handshake of a WebSocket (RFC 6455, section 4).

use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::request::{HttpResponse, Refusal, bare};
use super::websocket::WebSocket;

/// The server's side of a handshake whose request was valid.
pub(super) struct Accept {
    /// The value for `Sec-WebSocket-Accept`.
    key: HeaderValue,
    /// The first subprotocol that the client offers, which the reference server chooses, too. Some clients insist on
    /// one.
    protocol: Option<HeaderValue>,
}

/// Checks the client's side of the handshake.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Accept, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(Refusal::WebSocketMethod);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| is_nonce(key.as_bytes())).ok_or(Refusal::WebSocketKey)?;
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::WebSocketVersion);
    }
    let key = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refusal::WebSocketKey)?;
    let offered =
        headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|offered| offered.as_bytes().split(|b| *b == b',').next());
    let protocol = offered.and_then(|first| HeaderValue::from_bytes(first.trim_ascii()).ok());
    Ok(Accept { key, protocol })
}

/// Whether a key is 16 bytes in base64 (RFC 6455, section 4.1).
fn is_nonce(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.strip_suffix(b"==").is_some_and(|digits| digits.len() == 22 && digits.iter().all(digit))
}

/// Answers the handshake; the returned future yields the connection when the answer has been sent. A message of the
/// client may have at most `payload` bytes.
pub(super) fn switch(
    upgrade: OnUpgrade,
    accept: Accept,
    payload: usize,
) -> (HttpResponse, impl Future<Output = Option<WebSocket>> + Send + use<>) {
    let mut response = bare(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.key);
    if let Some(protocol) = accept.protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let socket = async move { WebSocket::new(upgrade.await.ok()?, payload).await };
    (response, socket)
}
