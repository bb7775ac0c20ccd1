//! What goes over the socket: messages, each with its length in four bytes, and what is in them.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::limits::Limits;
use crate::model::{Put, Query, Swap};

/// The first byte of every message: another one is another version of what follows.
const VERSION: u8 = 1;

/// A call of a backend.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) space: String,
    pub(super) quota: u64,
    /// Of what is returned.
    pub(super) most_bytes: u64,
    pub(super) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum What {
    Get(Vec<String>),
    Has(String),
    List(Query),
    Set(Vec<Put>),
    Delete(Vec<String>),
    Increment { key: String, delta: i64, ttl: Option<Duration> },
    Swap(Swap),
    Clear(String),
}

/// Most bytes of a call: a batch, and what its entries have beside keys and values; or the two values of a swap.
pub(super) fn most(limits: &Limits) -> usize {
    let beside = limits.batch.saturating_mul(64).saturating_add(64 << 10);
    limits.batch_bytes.saturating_add(limits.value).saturating_add(beside)
}

pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> Result<(), Error> {
    let bytes = postcard::to_extend(value, vec![0, 0, 0, 0, VERSION]).map_err(Error::other)?;
    let length = u32::try_from(bytes.len().saturating_sub(4)).map_err(Error::other)?;
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(bytes.get(4..).unwrap_or_default()).await?;
    to.flush().await
}

/// Memory grows with what arrives, not with the length that is claimed.
pub(super) async fn receive<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin), most: usize) -> Result<T, Error> {
    let length = from.read_u32().await?;
    if length as usize > most {
        return Err(Error::new(ErrorKind::InvalidData, format!("it has {length} bytes, and {most} are allowed")));
    }
    let mut bytes = Vec::new();
    from.take(length.into()).read_to_end(&mut bytes).await?;
    if bytes.len() < length as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    match bytes.split_first() {
        Some((&VERSION, message)) => postcard::from_bytes(message).map_err(Error::other),
        _ => Err(Error::new(ErrorKind::InvalidData, "it is from another version of the host")),
    }
}
