//! Parsing of requests, and the answers to bad ones (the reference server's numeric codes).

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Request, Response, StatusCode};

use crate::Pairs;
use crate::handler::ClientRequest;

/// Pairs in the query of a session's first request. They are kept as long as the session, and handlers get each as two
/// strings.
const PAIRS: usize = 64;

/// Every answer of the endpoint has a body that is known at once.
pub type HttpResponse = Response<Full<Bytes>>;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSid,
    BadHandshakeMethod,
    BadRequest,
    TooManySessions,
    UnsupportedProtocolVersion,
    WebSocketMethod,
    WebSocketKey,
    WebSocketVersion,
}

impl Refusal {
    fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSid => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest | Self::WebSocketMethod | Self::WebSocketKey | Self::WebSocketVersion => 3,
            Self::TooManySessions => 4,
            Self::UnsupportedProtocolVersion => 5,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::TooManySessions => "Too many sessions",
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
            Self::WebSocketMethod => "Invalid HTTP method",
            Self::WebSocketKey => "Missing or invalid Sec-WebSocket-Key header",
            Self::WebSocketVersion => "Missing or invalid Sec-WebSocket-Version header",
        }
    }

    /// The answer: for a WebSocket request plain text, as the reference server has it, else JSON.
    pub(super) fn response(self, upgrade: bool) -> HttpResponse {
        let status = match self {
            Self::TooManySessions if !upgrade => StatusCode::FORBIDDEN,
            Self::WebSocketMethod => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        };
        if upgrade {
            let mut response = typed(status, "text/html", self.message());
            if self == Self::WebSocketVersion {
                response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            return response;
        }
        typed(status, "application/json", format!(r#"{{"code":{},"message":"{}"}}"#, self.code(), self.message()))
    }
}

/// The transport that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransportName {
    Polling,
    WebSocket,
}

/// What a request's query says about the session.
#[derive(Debug)]
pub(super) struct SessionQuery {
    pub transport: Option<TransportName>,
    pub sid: Option<String>,
    /// Whether the client speaks revision 4 of the protocol.
    pub supported: bool,
    /// Whether it is a WebSocket request.
    pub upgrade: bool,
}

impl SessionQuery {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let mut parsed = Self { transport: None, sid: None, supported: false, upgrade: is_websocket(request) };
        for (name, value) in query(request) {
            match &*name {
                "transport" => {
                    parsed.transport = match &*value {
                        "polling" => Some(TransportName::Polling),
                        "websocket" => Some(TransportName::WebSocket),
                        _ => None,
                    }
                }
                "sid" if !value.is_empty() => parsed.sid = Some(value.into_owned()),
                "EIO" => parsed.supported = value == "4",
                _ => {}
            }
        }
        parsed
    }
}

fn is_websocket<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let upgrades = headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    headers.get(UPGRADE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && upgrades.into_iter().any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

fn query<B>(request: &Request<B>) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
}

/// The parts of the session's first request that handlers can see.
///
/// # Errors
///
/// The query has more pairs than a session keeps.
pub(super) fn client_request<B>(request: &Request<B>, address: IpAddr) -> Result<ClientRequest, Refusal> {
    let pairs = request.uri().query().map_or(0, |query| query.split('&').count());
    if pairs > PAIRS {
        return Err(Refusal::BadRequest);
    }
    Ok(ClientRequest {
        headers: headers(request.headers()),
        query: query(request).collect(),
        address,
        url: request.uri().path_and_query().map_or("", |url| url.as_str()).into(),
    })
}

fn headers(map: &HeaderMap) -> Pairs {
    let joined = |name| {
        let values: Vec<_> = map.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        values.join(", ")
    };
    map.keys().map(|name| (name.as_str(), joined(name))).collect()
}

/// An answer that delivers something, and must not be cached.
pub(super) fn deliver(content_type: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = typed(StatusCode::OK, content_type, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer with only a status.
pub(super) fn bare(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = headers.iter().fold(Request::get(uri), |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap()
    }

    fn target(query: &str) -> SessionQuery {
        SessionQuery::of(&request(&format!("/socket.io/{query}"), &[]))
    }

    #[test]
    fn queries() {
        let polling = target("?EIO=4&transport=polling&sid=a%20b&t=1");
        assert_eq!(polling.transport, Some(TransportName::Polling));
        assert_eq!(polling.sid.as_deref(), Some("a b"));
        assert!(polling.supported && !polling.upgrade);
        assert_eq!(target("?transport=websocket").transport, Some(TransportName::WebSocket));
        for query in ["", "?", "?transport", "?transport=", "?transport=tesla", "?EIO=4;transport=polling", "?%zz&&=&x"]
        {
            assert_eq!(target(query).transport, None, "{query}");
        }
        for query in ["", "?EIO=3", "?EIO=", "?EIO=4&EIO=3", "?eio=4"] {
            assert!(!target(query).supported, "{query}");
        }
        for query in ["?sid=", "?sid", "?SID=a"] {
            assert_eq!(target(query).sid, None, "{query}");
        }
    }

    #[test]
    fn upgrades() {
        let upgrade = |headers: &[(&str, &str)]| SessionQuery::of(&request("/", headers)).upgrade;
        assert!(upgrade(&[("upgrade", "WebSocket"), ("connection", "Upgrade")]));
        assert!(upgrade(&[("upgrade", "websocket"), ("connection", "keep-alive, upgrade")]));
        assert!(upgrade(&[("upgrade", "websocket"), ("connection", "keep-alive"), ("connection", "upgrade")]));
        assert!(!upgrade(&[("upgrade", "websocket")]));
        assert!(!upgrade(&[("upgrade", "websocket"), ("connection", "keep-alive")]));
        assert!(!upgrade(&[("upgrade", "h2c"), ("connection", "upgrade")]));
        assert!(!upgrade(&[("connection", "upgrade")]));
    }

    #[test]
    fn refusals_are_worded_as_by_the_reference() {
        let refusal = Refusal::TooManySessions.response(false);
        assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
        assert_eq!(refusal.headers()[CONTENT_TYPE], "application/json");
        let refusal = Refusal::TooManySessions.response(true);
        assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
        assert_eq!(refusal.headers()[CONTENT_TYPE], "text/html");
    }

    #[test]
    fn what_handlers_see_of_a_request() {
        let request = request("/socket.io/?a=1&a=2&b=%C3%A9", &[("X-A", "1"), ("x-b", "\u{e9}"), ("x-a", "2")]);
        let seen = client_request(&request, IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        assert_eq!(seen.headers, [("x-a", "1, 2"), ("x-b", "\u{e9}")].into_iter().collect());
        assert_eq!(seen.query, [("a", "1"), ("a", "2"), ("b", "é")].into_iter().collect());
        assert_eq!(&*seen.url, "/socket.io/?a=1&a=2&b=%C3%A9");
    }

    #[test]
    fn a_session_keeps_no_more_than_so_many_pairs() {
        let seen = |pairs: usize| {
            let query = "a&".repeat(pairs - 1) + "b=1";
            client_request(&request(&format!("/socket.io/?{query}"), &[]), IpAddr::V4(Ipv4Addr::LOCALHOST))
        };
        assert_eq!(seen(PAIRS).unwrap().query.len(), PAIRS);
        assert_eq!(seen(PAIRS + 1), Err(Refusal::BadRequest));
    }
}
