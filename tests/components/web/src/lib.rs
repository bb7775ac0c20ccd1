//! The guest that end-to-end tests ask by plain HTTP, on `wasip2` itself. Its namespace is `/web`; every socket of it
//! acknowledges `question`, `echo` acknowledges what came, and `get` the status of what a URL answers.
//!
//! | path | does |
//! |---|---|
//! | `/request` | answers what it sees: method, scheme, authority, path, headers, environment |
//! | `/echo` | streams the request's body back, piece by piece |
//! | `/read` | reads the body and answers its size |
//! | `/ignore` | answers without reading the body |
//! | `/big?N` | answers N bytes |
//! | `/sized?N` | the same, and its head says how many |
//! | `/status?N` | answers with this status and no body |
//! | `/sleep?MS` | waits, then answers |
//! | `/emit` | emits `posted` to all, then answers |
//! | `/late?MS` | answers, waits, then emits `late` |
//! | `/socket` | answers what socket calls gave |
//! | `/ask?MS` | `emit_with_ack` to all; answers the answers and how many are missing |
//! | `/sockets` | answers how many sockets there are |
//! | `/trap`, `/loop`, `/oom` | emit `before`, then do so |
//! | `/half?HOW` | answers `half` of a body after emitting `before`, then does `trap` or `loop`, or returns |
//! | `/send?URL` | sends the method and the body on to a URL, and streams its answer back; 502 with the error's name |
//! | `/send-20?URL` | asks a URL 20 times at once; answers the statuses |
//! | `/nothing` | returns without an answer |
//! | `/error?CODE` | answers with the error `denied` or `internal` |

use std::io::{Read, Write};
use std::time::Duration;

use guest_sdk::serde_json::Value;
use guest_sdk::{Args, Error, RealtimeNamespace, json};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingRequest, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};

guest_sdk::export!(register);

const NS: RealtimeNamespace = RealtimeNamespace::new("/web");

fn register() -> RealtimeNamespace {
    NS.socket().on("echo", |args: Args| args);
    NS.socket().on("get", |url: String| {
        let response = send(&Method::Get, &url, &mut std::io::empty()).and_then(|sent| answer(&sent));
        response.map_or_else(|code| format!("{code:?}"), |response| response.status().to_string())
    });
    NS
}

wasip2::http::proxy::export!(Web);

struct Web;

impl wasip2::exports::http::incoming_handler::Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let number = || query.parse::<u64>().unwrap();
        match path {
            "/request" => text(out, &seen(&request)),
            "/echo" => echo(&request, out),
            "/read" => text(out, &size(&request).to_string()),
            "/ignore" => text(out, "ignored"),
            "/big" => bytes(out, number(), Fields::new()),
            "/sized" => {
                let length = ("content-length".to_owned(), query.as_bytes().to_vec());
                bytes(out, number(), Fields::from_list(&[length]).unwrap());
            }
            "/status" => status(out, number() as u16),
            "/sleep" => {
                std::thread::sleep(Duration::from_millis(number()));
                text(out, "slept");
            }
            "/emit" => {
                NS.emit("posted", 1);
                text(out, "emitted");
            }
            "/late" => {
                text(out, "answered");
                std::thread::sleep(Duration::from_millis(number()));
                NS.emit("late", 1);
            }
            "/socket" => text(out, &socket()),
            "/ask" => {
                let answers = NS.emit_with_ack("question", 42, Duration::from_millis(number())).unwrap();
                let received: Vec<_> = answers.received.iter().map(|answer| answer.get::<u32>(0).unwrap()).collect();
                text(out, &json!({ "received": received, "missing": answers.missing }).to_string());
            }
            "/sockets" => text(out, &NS.fetch_sockets().unwrap().len().to_string()),
            "/trap" | "/loop" | "/oom" => {
                NS.emit("before", 1);
                fail(&path[1..]);
            }
            "/half" => half(out, query),
            "/send" => pass(&request, query, out),
            "/send-20" => {
                let sent: Vec<_> = (0..20).map(|_| send(&Method::Get, query, &mut std::io::empty()).unwrap()).collect();
                // Each is dropped with its answer, so that others have their turn.
                let statuses: Vec<_> = sent.into_iter().map(|sent| answer(&sent).unwrap().status()).collect();
                text(out, &json!(statuses).to_string());
            }
            "/nothing" => {}
            "/error" if query == "denied" => ResponseOutparam::set(out, Err(ErrorCode::HttpRequestDenied)),
            "/error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("secret".to_owned())))),
            _ => status(out, 404),
        }
    }
}

fn seen(request: &IncomingRequest) -> String {
    let headers = request.headers().entries();
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned())).collect();
    json!({
        "method": format!("{:?}", request.method()),
        "scheme": format!("{:?}", request.scheme()),
        "authority": request.authority(),
        "path": request.path_with_query(),
        "headers": headers,
        "env": std::env::vars().collect::<Vec<_>>(),
    })
    .to_string()
}

fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let body = request.consume().unwrap();
    let mut from = body.stream().unwrap();
    let response = OutgoingResponse::new(Fields::new());
    let answer = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let mut to = answer.write().unwrap();
    std::io::copy(&mut from, &mut to).unwrap();
    drop(to);
    OutgoingBody::finish(answer, None).unwrap();
}

fn size(request: &IncomingRequest) -> u64 {
    let body = request.consume().unwrap();
    let mut stream = body.stream().unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
}

/// Sends a request, body and all.
fn send(method: &Method, url: &str, from: &mut impl Read) -> Result<FutureIncomingResponse, ErrorCode> {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(method).unwrap();
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(&format!("/{path}"))).unwrap();
    let body = request.body().unwrap();
    let sent = outgoing_handler::handle(request, None)?;
    let mut to = body.write().unwrap();
    // What is denied takes no body; its answer says so.
    let copied = std::io::copy(from, &mut to);
    drop(to);
    if copied.is_ok() {
        OutgoingBody::finish(body, None)?;
    }
    Ok(sent)
}

fn answer(sent: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    sent.subscribe().block();
    sent.get().unwrap().unwrap()
}

fn pass(request: &IncomingRequest, url: &str, out: ResponseOutparam) {
    let body = request.consume().unwrap();
    let sent = send(&request.method(), url, &mut body.stream().unwrap());
    let answered = match sent.and_then(|sent| answer(&sent)) {
        Ok(answered) => answered,
        Err(code) => return failure(out, &format!("{code:?}")),
    };
    let from = answered.consume().unwrap();
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(answered.status()).unwrap();
    let answer = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let mut to = answer.write().unwrap();
    std::io::copy(&mut from.stream().unwrap(), &mut to).unwrap();
    drop(to);
    OutgoingBody::finish(answer, None).unwrap();
}

fn failure(out: ResponseOutparam, why: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(502).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body.write().unwrap().write_all(why.as_bytes()).unwrap();
    OutgoingBody::finish(body, None).unwrap();
}

fn text(out: ResponseOutparam, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body.write().unwrap().write_all(text.as_bytes()).unwrap();
    OutgoingBody::finish(body, None).unwrap();
}

fn bytes(out: ResponseOutparam, size: u64, fields: Fields) {
    let response = OutgoingResponse::new(fields);
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let mut stream = body.write().unwrap();
    std::io::copy(&mut std::io::repeat(b'x').take(size), &mut stream).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

fn status(out: ResponseOutparam, status: u16) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    ResponseOutparam::set(out, Ok(response));
}

fn socket() -> String {
    let socket = NS.socket();
    let error = |result: Result<(), Error>| result.unwrap_err().to_string();
    json!({
        "name": NS.name(),
        "id": socket.id(),
        "rooms": socket.rooms(),
        "data": socket.data().all::<Value>().unwrap(),
        "connected": socket.connected(),
        "headers": socket.handshake().headers.iter().count(),
        "emit": error(socket.emit("x", 1).result()),
        "join": error(socket.join("x").result()),
        "disconnect": error(socket.disconnect().result()),
        "set": error(socket.data().set("a", 1).result()),
        "ask": error(socket.emit_with_ack("x", 1, Duration::from_secs(1)).map(|_| ())),
    })
    .to_string()
}

fn half(out: ResponseOutparam, how: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body.write().unwrap().write_all(b"half").unwrap();
    NS.emit("before", 1);
    fail(how);
}

fn fail(how: &str) {
    match how {
        "trap" => panic!("as asked"),
        "loop" => loop {
            std::hint::black_box(());
        },
        "oom" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1 << 20]);
            }
        }
        _ => {}
    }
}
