//! Notifications: a backend posts them over plain HTTP, and the sockets of a room get them.
//!
//! `POST /notify` needs the bearer token that the operator grants with `--env NOTIFY_TOKEN=…`. Sockets join the room of
//! their `auth.room`, and more with `join`.

use guest_sdk::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use guest_sdk::http::{Method, Request, Response, StatusCode};
use guest_sdk::{ConnectError, Error, RealtimeNamespace, json, serde_json};
use serde::{Deserialize, Serialize};

guest_sdk::export!(register, http = answer);

/// What a client may say when it connects.
#[derive(Deserialize)]
struct Auth {
    room: Option<String>,
}

/// The body of a `POST /notify`.
#[derive(Deserialize)]
struct Notification {
    room: String,
    #[serde(default = "default_event")]
    event: String,
    text: String,
}

/// What clients get.
#[derive(Serialize)]
struct Notice<'a> {
    room: &'a str,
    text: &'a str,
}

fn default_event() -> String {
    "notification".to_owned()
}

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/notify");

    ns.socket().on("$connect", move || -> Result<(), Error> {
        let auth: Auth =
            ns.socket().handshake().auth().map_err(|_| ConnectError::new("auth.room must be a room's name"))?;
        if let Some(room) = auth.room {
            ns.socket().join(room).result()?;
        }
        Ok(())
    });

    ns.socket().on("join", move |room: String| ns.socket().join(room));
    ns.socket().on("leave", move |room: String| ns.socket().leave(&room));

    ns
}

/// A refusal, with what is wrong in words.
struct Problem(StatusCode, String);

fn answer(ns: RealtimeNamespace, request: Request<Vec<u8>>) -> Result<Response<String>, Error> {
    let response = Response::builder();
    Ok(match notify(ns, &request) {
        Ok(notified) => {
            response.header(CONTENT_TYPE, "application/json").body(format!("{}\n", json!({ "notified": notified })))?
        }
        Err(Problem(status, text)) => {
            let response = match status {
                StatusCode::METHOD_NOT_ALLOWED => response.header(ALLOW, "POST"),
                StatusCode::UNAUTHORIZED => response.header(WWW_AUTHENTICATE, "Bearer"),
                _ => response,
            };
            response.status(status).header(CONTENT_TYPE, "text/plain; charset=utf-8").body(format!("{text}\n"))?
        }
    })
}

/// Emits to the room, and tells how many sockets were in it.
fn notify(ns: RealtimeNamespace, request: &Request<Vec<u8>>) -> Result<usize, Problem> {
    if request.uri().path() != "/notify" {
        return Err(Problem(StatusCode::NOT_FOUND, "there is only POST /notify".to_owned()));
    }
    if request.method() != Method::POST {
        return Err(Problem(StatusCode::METHOD_NOT_ALLOWED, "notifications are sent with POST".to_owned()));
    }
    if !is_authorized(request)? {
        return Err(Problem(StatusCode::UNAUTHORIZED, "`Authorization: Bearer TOKEN` is missing or wrong".to_owned()));
    }
    let bad = |error: &dyn std::fmt::Display| Problem(StatusCode::BAD_REQUEST, format!("bad notification: {error}"));
    let Notification { room, event, text } = serde_json::from_slice(request.body()).map_err(|error| bad(&error))?;
    let sockets = ns.to(&room).fetch_sockets().map_err(|error| bad(&error))?.len();
    ns.to(&room).emit(&event, Notice { room: &room, text: &text }).result().map_err(|error| bad(&error))?;
    Ok(sockets)
}

fn is_authorized(request: &Request<Vec<u8>>) -> Result<bool, Problem> {
    let Some(token) = std::env::var("NOTIFY_TOKEN").ok().filter(|token| !token.is_empty()) else {
        eprintln!("nobody can notify: start the host with --env NOTIFY_TOKEN=…");
        return Err(Problem(StatusCode::SERVICE_UNAVAILABLE, "no token is configured".to_owned()));
    };
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    Ok(same(given.as_bytes(), token.as_bytes()))
}

/// Compares in a time that does not tell how much of the token was right.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len() && given.iter().zip(token).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}
