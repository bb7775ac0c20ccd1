//! Reads a stream, from the entries that come after the start; after Redis was away, from the last entry on.

use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value, cmd};
use redis_link::Backoff;
use telemetry::summary;
use tokio::time::sleep;

use super::connect::{ANSWER, ConnectError, Connector, LONGEST_PAUSE};

/// How long Redis waits for entries before it says that there are none. Much less than it may take to answer.
const BLOCK: Duration = Duration::from_secs(ANSWER.as_secs() / 2);
/// Entries that are read at once.
const COUNT: usize = 100;

/// The fields of an entry.
pub(crate) type Fields = Vec<(Bytes, Bytes)>;

/// A stream that is read. It has a connection of its own, because reading blocks it.
#[derive(Debug)]
pub(crate) struct Reading {
    connector: Connector,
    stream: String,
    /// The id of the last entry.
    last: String,
    connection: Option<MultiplexedConnection>,
    backoff: Backoff,
}

impl Reading {
    /// Begins after the newest entry.
    pub(crate) async fn begin(connector: Connector, stream: &str) -> Result<Self, ConnectError> {
        let mut connection = connector.open(|_| Ok(())).await?;
        let newest =
            cmd("XREVRANGE").arg(stream).arg("+").arg("-").arg("COUNT").arg(1).query_async(&mut connection).await;
        let newest: Value = newest.map_err(|error: RedisError| ConnectError::Unreachable {
            address: connector.address().clone(),
            cause: format!("cannot read the stream {stream}: {error}"),
        })?;
        let last = entries(newest).pop().map_or_else(|| "0-0".to_owned(), |(id, _)| id);
        let stream = stream.to_owned();
        Ok(Self { connector, stream, last, connection: Some(connection), backoff: Backoff::new(LONGEST_PAUSE) })
    }

    /// The next entries, as soon as there are any, however long Redis is away.
    pub(crate) async fn next(&mut self) -> Vec<Fields> {
        loop {
            match self.read().await {
                Ok(read) if read.is_empty() => {}
                Ok(read) => {
                    if let Some((id, _)) = read.last() {
                        self.last.clone_from(id);
                    }
                    return read.into_iter().map(|(_, fields)| fields).collect();
                }
                Err(cause) => {
                    const CAUSE: &str = "the cluster's stream cannot be read";
                    if summary::is_warning_due(CAUSE, "") {
                        tracing::warn!(stream = self.stream, cause, "{CAUSE}");
                    }
                    self.connection = None;
                    sleep(self.backoff.pause()).await;
                }
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<(String, Fields)>, String> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.connector.open(|_| Ok(())).await.map_err(|error| error.to_string())?),
        };
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(COUNT).arg("BLOCK").arg(BLOCK.as_millis() as u64).arg("STREAMS").arg(&self.stream);
        let reply: Value =
            read.arg(&self.last).query_async(connection).await.map_err(|error: RedisError| error.to_string())?;
        self.backoff = Backoff::new(LONGEST_PAUSE);
        Ok(match reply {
            // The reply has one stream.
            Value::Map(streams) => streams.into_iter().flat_map(|(_, read)| entries(read)).collect(),
            Value::Array(streams) => streams.into_iter().flat_map(of_stream).collect(),
            _ => Vec::new(),
        })
    }
}

/// The entries in `[name, entries]`.
fn of_stream(stream: Value) -> Vec<(String, Fields)> {
    match stream {
        Value::Array(mut pair) => pair.pop().map(entries).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The entries in `[[id, [name, value, …]], …]`. One that was deleted has no fields.
fn entries(value: Value) -> Vec<(String, Fields)> {
    let Value::Array(entries) = value else { return Vec::new() };
    let entry = |value| {
        let Value::Array(pair) = value else { return None };
        let mut pair = pair.into_iter();
        let id = String::from_utf8(bytes(pair.next()?)?.into()).ok()?;
        let fields = match pair.next()? {
            Value::Array(values) => fields(values),
            _ => Vec::new(),
        };
        Some((id, fields))
    };
    entries.into_iter().filter_map(entry).collect()
}

fn fields(values: Vec<Value>) -> Fields {
    let (mut values, mut fields) = (values.into_iter(), Vec::new());
    while let (Some(name), Some(value)) = (values.next(), values.next()) {
        fields.extend(bytes(name).zip(bytes(value)));
    }
    fields
}

fn bytes(value: Value) -> Option<Bytes> {
    match value {
        Value::BulkString(bytes) => Some(bytes.into()),
        Value::SimpleString(text) => Some(text.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn entries_are_read() {
        let entry = Value::Array(vec![bulk("1-0"), Value::Array(vec![bulk("a"), bulk("1"), bulk("b"), bulk("2")])]);
        let deleted = Value::Array(vec![bulk("2-0"), Value::Nil]);
        let all = entries(Value::Array(vec![entry.clone(), deleted, Value::Nil]));
        let fields: Fields = vec![("a".into(), "1".into()), ("b".into(), "2".into())];
        assert_eq!(all, [("1-0".to_owned(), fields.clone()), ("2-0".to_owned(), vec![])]);
        let stream = Value::Array(vec![bulk("s"), Value::Array(vec![entry])]);
        assert_eq!(of_stream(stream), [("1-0".to_owned(), fields)]);
        assert_eq!(entries(Value::Nil), []);
    }
}
