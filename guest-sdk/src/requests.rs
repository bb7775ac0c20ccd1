//! Plain HTTP requests: converts those of `wasi:http` to the types of the crate `http`, and responses back.
//!
//! Public only because [`export!`](crate::export) expands to it in other crates. Only [`Answer`] is part of the API.
//!
//! Bodies are buffered. The host limits the request's body, and the instance's memory limits both.

use std::io::Write;

use http::{HeaderName, HeaderValue, Request, Response, Uri};
pub use wasip2;
pub use wasip2::exports::http::incoming_handler::Guest;
pub use wasip2::http::proxy::export as export_component;
use wasip2::http::types::{ErrorCode, Fields, IncomingBody, Method, OutgoingBody, OutgoingResponse, Scheme};
pub use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::streams::StreamError;

use crate::RealtimeNamespace;
use crate::error::Error;

/// The most bytes that one read asks the host for.
const PIECE: u64 = 64 << 10;

/// A type that a function which answers requests can return: a response whose body converts to bytes (`String`,
/// `Vec<u8>`, `&str`), or a `Result` of one. The host logs an error, and the client gets status 500 without its text.
///
/// ```
/// use guest_sdk::http::{Request, Response};
/// use guest_sdk::{Error, RealtimeNamespace, json};
///
/// fn answer(ns: RealtimeNamespace, _: Request<Vec<u8>>) -> Result<Response<String>, Error> {
///     let online = ns.count_sockets()?;
///     Ok(Response::builder().header("content-type", "application/json").body(json!({ "online": online }).to_string())?)
/// }
/// ```
pub trait Answer {
    /// The response, with its body as bytes.
    ///
    /// # Errors
    ///
    /// The function failed.
    fn into_response(self) -> Result<Response<Vec<u8>>, Error>;
}

impl<B: Into<Vec<u8>>> Answer for Response<B> {
    fn into_response(self) -> Result<Response<Vec<u8>>, Error> {
        Ok(self.map(Into::into))
    }
}

impl<B: Into<Vec<u8>>, E: Into<Error>> Answer for Result<Response<B>, E> {
    fn into_response(self) -> Result<Response<Vec<u8>>, Error> {
        self.map_err(Into::into)?.into_response()
    }
}

/// Makes the compiler check the function for targets that build no component, too.
pub fn accept<A: Answer>(_: fn(RealtimeNamespace, Request<Vec<u8>>) -> A) {}

/// Answers one request.
pub fn handle<A: Answer>(
    answer: fn(RealtimeNamespace, Request<Vec<u8>>) -> A,
    request: IncomingRequest,
    out: ResponseOutparam,
) {
    let response = match read(&request) {
        // The path matters only when a component describes itself.
        Ok(request) => answer(RealtimeNamespace::default(), request).into_response().map_err(internal),
        Err(error) => Err(error),
    };
    match response {
        Ok(response) => write(response, out),
        Err(error) => ResponseOutparam::set(out, Err(error)),
    }
}

fn internal(error: impl std::fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}

fn read(incoming: &IncomingRequest) -> Result<Request<Vec<u8>>, ErrorCode> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = method(&incoming.method())?;
    *request.uri_mut() = uri(incoming)?;
    for (name, value) in incoming.headers().entries() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(internal)?;
        request.headers_mut().append(name, HeaderValue::from_bytes(&value).map_err(internal)?);
    }
    let body = incoming.consume().map_err(|()| internal("the request has no body"))?;
    *request.body_mut() = read_body(&body)?;
    Ok(request)
}

fn method(method: &Method) -> Result<http::Method, ErrorCode> {
    Ok(match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
        Method::Connect => http::Method::CONNECT,
        Method::Options => http::Method::OPTIONS,
        Method::Trace => http::Method::TRACE,
        Method::Patch => http::Method::PATCH,
        Method::Other(name) => {
            http::Method::from_bytes(name.as_bytes()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?
        }
    })
}

/// The request's URI: scheme and authority if the host gives them, and the path.
fn uri(incoming: &IncomingRequest) -> Result<Uri, ErrorCode> {
    let path = incoming.path_with_query().unwrap_or_else(|| "/".to_owned());
    let scheme = match incoming.scheme() {
        Some(Scheme::Https) => "https",
        _ => "http",
    };
    let whole = incoming.authority().and_then(|authority| {
        Uri::builder().scheme(scheme).authority(authority).path_and_query(path.as_str()).build().ok()
    });
    match whole {
        Some(uri) => Ok(uri),
        None => path.parse().map_err(|_| ErrorCode::HttpRequestUriInvalid),
    }
}

fn read_body(body: &IncomingBody) -> Result<Vec<u8>, ErrorCode> {
    let stream = body.stream().map_err(|()| internal("the request's body was taken"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            // Too large for the host, or cut short by the client. The host knows which: it made the error.
            Err(StreamError::LastOperationFailed(error)) => return Err(internal(error.to_debug_string())),
        }
    }
}

/// Sends the response. If the client is gone by then, the rest is dropped without an error.
fn write(response: Response<Vec<u8>>, out: ResponseOutparam) {
    let (head, body) = response.into_parts();
    let outgoing = match outgoing(head, body.len()) {
        Ok(outgoing) => outgoing,
        Err(error) => return ResponseOutparam::set(out, Err(error)),
    };
    let stream = outgoing.body();
    ResponseOutparam::set(out, Ok(outgoing));
    let Ok(outgoing_body) = stream else { return };
    let written = outgoing_body.write().is_ok_and(|mut stream| stream.write_all(&body).is_ok());
    if written {
        // An error means that the body's length is not that of the head, which is normal for HEAD.
        let _ = OutgoingBody::finish(outgoing_body, None);
    }
}

fn outgoing(head: http::response::Parts, length: usize) -> Result<OutgoingResponse, ErrorCode> {
    let fields = Fields::new();
    for (name, value) in &head.headers {
        fields
            .append(name.as_str(), value.as_bytes())
            .map_err(|error| internal(format_args!("the header `{name}` cannot be sent: {error}")))?;
    }
    if length > 0 && !head.headers.contains_key(http::header::CONTENT_LENGTH) {
        fields.append("content-length", length.to_string().as_bytes()).map_err(internal)?;
    }
    let outgoing = OutgoingResponse::new(fields);
    outgoing.set_status_code(head.status.as_u16()).map_err(|()| internal("no such status"))?;
    Ok(outgoing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<A: Answer>(answer: A) -> Result<String, String> {
        let response = answer.into_response().map_err(|error| error.to_string())?;
        String::from_utf8(response.into_body()).map_err(|error| error.to_string())
    }

    #[test]
    fn bodies_and_results_of_many_kinds_are_answers() {
        assert_eq!(text(Response::new("a")).unwrap(), "a");
        assert_eq!(text(Response::new(b"b".to_vec())).unwrap(), "b");
        assert_eq!(text(Ok::<_, Error>(Response::new("c".to_owned()))).unwrap(), "c");
        assert_eq!(text(Err::<Response<String>, _>(Error::msg("no"))).unwrap_err(), "no");
    }

    #[test]
    fn methods_are_those_of_http() {
        assert_eq!(method(&Method::Patch).unwrap(), http::Method::PATCH);
        assert_eq!(method(&Method::Other("PURGE".to_owned())).unwrap().as_str(), "PURGE");
        assert!(method(&Method::Other("a b".to_owned())).is_err());
    }
}
