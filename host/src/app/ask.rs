//! Asks a running host over its admin listener.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header::{AUTHORIZATION, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::AdminConfig;
use crate::hint::HintExt;

/// Longest time for an answer: sources may be built before.
const WAIT: Duration = Duration::from_secs(600);
/// Largest answer.
const LARGEST: usize = 1 << 20;

/// Posts a request; returns the answer's status and its body.
///
/// # Errors
///
/// If the host cannot be reached, or does not answer.
pub async fn ask(admin: &AdminConfig, path: &str) -> anyhow::Result<(u16, String)> {
    let answered = timeout(WAIT, post(admin, path)).await.context("the host does not answer")?;
    answered.with_context(|| format!("cannot ask the host at {}", admin.address))
}

async fn post(admin: &AdminConfig, path: &str) -> anyhow::Result<(u16, String)> {
    let stream = TcpStream::connect(admin.address)
        .await
        .context("nobody answers there")
        .hint("start the host with --admin and this address")?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::post(path).header(HOST, admin.address.to_string());
    if let Some(token) = &admin.token {
        request = request.header(AUTHORIZATION, format!("Bearer {}", token.0));
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
}
