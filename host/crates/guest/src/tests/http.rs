//! Plain HTTP requests, on both engines. Tests that need a guest that answers are in `tests/e2e/guest-http.test.mjs`.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::{Request, StatusCode};

use super::*;

/// A guest that does only this, for every request.
fn answer(answer: &str) -> Guest<'_> {
    Guest { answer: Some(answer), ..Guest::default() }
}

fn request() -> Request<Empty<Bytes>> {
    Request::get("http://localhost/?secret").body(Empty::new()).unwrap()
}

impl Served {
    /// The status, the text and the commands.
    async fn ask<B>(&self, request: Request<B>) -> (StatusCode, String, Vec<String>)
    where
        B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let context = EventContext::without_socket(self.namespace.clone());
        let Some(handler) = self.handler.clone().requests() else { panic!("it takes no requests") };
        let request = request.map(|body| body.map_err(|never| match never {}).boxed_unsync());
        let response = handler.answer(request, context, Box::new(|| ())).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let lines = std::mem::take(&mut *self.journal.lines.lock());
        (status, String::from_utf8(body.to_vec()).unwrap(), lines)
    }
}

fn failed(status: StatusCode, text: &str, lines: &[&str]) -> (StatusCode, String, Vec<String>) {
    (status, text.to_owned(), lines.iter().map(ToString::to_string).collect())
}

const INTERNAL: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

#[tokio::test]
async fn what_the_guest_called_takes_effect_also_where_it_does_not_answer() {
    for calls in BOTH {
        let served = serve(answer("(drop (call $join (i32.const 0)))"), calls, &limits()).await;
        assert!(served.handler.clone().requests().is_some());
        assert_eq!(served.ask(request()).await, failed(INTERNAL, "internal error\n", &["join a"]), "{calls:?}");
    }
}

#[tokio::test]
async fn a_trap_loses_what_was_called() {
    for calls in BOTH {
        let served = serve(answer("(drop (call $join (i32.const 0))) unreachable"), calls, &limits()).await;
        assert_eq!(served.ask(request()).await, failed(INTERNAL, "internal error\n", &[]), "{calls:?}");
    }
}

#[tokio::test]
async fn what_was_called_before_the_guest_waited_stands() {
    let guest = answer("(drop (call $join (i32.const 0))) (drop (call $ask (i32.const 1))) unreachable");
    // Not in the other world: there `$ask` is an `async func`, which a function that just returns cannot wait for.
    let served = serve(guest, Calls::Plain, &limits()).await;
    assert_eq!(served.ask(request()).await, failed(INTERNAL, "internal error\n", &["join a", "ask"]));
}

#[tokio::test]
async fn time_is_bounded() {
    let limits = within(SHORT);
    for calls in BOTH {
        let served = serve(answer(LOOP), calls, &limits).await;
        let late = failed(StatusCode::GATEWAY_TIMEOUT, "no answer in time\n", &[]);
        assert_eq!(served.ask(request()).await, late, "{calls:?}");
    }
}

#[tokio::test]
async fn half_of_the_instances_answer_so_many_wait_and_others_are_refused() {
    let limits = Limits { handler: HandlerLimits { waiting_requests: 1, ..within(SHORT).handler }, ..limits() };
    let served = serve(answer(LOOP), Calls::Plain, &limits).await;
    let (one, two, three, four) =
        tokio::join!(served.ask(request()), served.ask(request()), served.ask(request()), served.ask(request()));
    let mut statuses = [one.0, two.0, three.0, four.0].map(|status| status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [503, 504, 504, 504]);
    // Requests that have ended no longer count.
    assert_eq!(served.ask(request()).await.0, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn events_go_on_while_requests_take_all_they_may() {
    let limits = Limits { runtime: RuntimeLimits { instances: 2, ..RuntimeLimits::default() }, ..limits() };
    let served = serve(answer("(drop (call $ask (i32.const -1)))"), Calls::Plain, &limits).await;
    let asking = served.ask(request());
    tokio::pin!(asking);
    tokio::select! {
        biased;
        _ = &mut asking => panic!("it waits for an answer that never comes"),
        handled = served.run(event()) => assert!(handled.is_ok()),
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_stops_its_call() {
    let runtime = RuntimeLimits { instances: 1, ..RuntimeLimits::default() };
    let limits = Limits { runtime, ..within(Duration::from_secs(3600)) };
    let served = serve(answer("(drop (call $ask (i32.const -1)))"), Calls::Plain, &limits).await;
    let asking = served.ask(request());
    tokio::select! {
        _ = asking => panic!("it waits for an answer that never comes"),
        () = async { while served.journal.asked.lock().is_empty() { tokio::task::yield_now().await } } => {}
    }
    // The only instance is free again.
    assert!(served.run(event()).await.is_ok());
}

#[tokio::test]
async fn what_no_guest_has_to_see_is_refused_by_the_host() {
    let limits = Limits { handler: HandlerLimits { request_body: 3, ..HandlerLimits::default() }, ..limits() };
    let served = serve(answer("unreachable"), Calls::Plain, &limits).await;
    let large = Request::post("http://localhost/").body(Full::from("four")).unwrap();
    assert_eq!(served.ask(large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(served.ask(Request::get("/").body(Empty::new()).unwrap()).await.0, StatusCode::BAD_REQUEST);
    let proxied = Request::connect("example.org:443").body(Empty::new()).unwrap();
    assert_eq!(served.ask(proxied).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_component_without_the_export_takes_no_requests() {
    let served = serve(handle(""), Calls::Plain, &limits()).await;
    assert!(served.handler.clone().requests().is_none());
}
