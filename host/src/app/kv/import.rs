//! Writes entries in batches, and says which line is wrong. Lines before that one are written, none after it is.

use std::io::{BufRead, Read};

use anyhow::{Context, anyhow};
use store::{Error, KeyValue, Put};

use super::{PAGE, lines};
use crate::hint::HintExt;

/// Bytes of a batch, unless one entry has more.
const BATCH: usize = 4 << 20;

/// Most bytes of a line. A value may be as large as the operator allows, in base64.
const LINE: usize = 256 << 20;

/// Returns how many entries were imported.
///
/// # Errors
///
/// If a line is no entry, or the store does not take it.
pub(super) async fn import(store: &KeyValue, mut from: impl BufRead) -> anyhow::Result<u64> {
    let (mut batch, mut number, mut imported) = (Batch::default(), 0_u64, 0);
    loop {
        let line = next_line(&mut from).with_context(|| format!("cannot read line {}", number + 1))?;
        let Some(line) = line else { break };
        number += 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        let read = lines::read(line);
        if batch.is_full() || read.is_err() {
            imported += batch.write(store).await?;
        }
        batch.add(number, read.map_err(|why| anyhow!("line {number}: {why}")).hint(BEFORE)?);
    }
    Ok(imported + batch.write(store).await?)
}

const BEFORE: &str = "the lines before it were imported; importing them again changes nothing but their times to live";

/// A line without its end; none at the end.
fn next_line(from: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LINE as u64 + 1).read_until(b'\n', &mut line)?;
    anyhow::ensure!(line.len() <= LINE, "it is longer than {LINE} bytes");
    Ok((!line.is_empty()).then_some(line))
}

#[derive(Default)]
struct Batch {
    entries: Vec<(u64, Put)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries.len() >= PAGE || self.bytes >= BATCH
    }

    fn add(&mut self, line: u64, put: Put) {
        self.bytes += put.key.len() + put.value.len();
        self.entries.push((line, put));
    }

    /// Writes all and is empty then. What a store does not take as a whole is written one by one, up to the line that it
    /// does not take.
    async fn write(&mut self, store: &KeyValue) -> anyhow::Result<u64> {
        let entries = std::mem::take(self).entries;
        let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else { return Ok(0) };
        let puts = entries.iter().map(|(_, put)| put.clone()).collect();
        match store.set_many(puts).await {
            Ok(()) => {}
            Err(error @ Error::Unavailable(_)) => {
                let lines = format!("lines {first} to {last} may have been imported or not, none after them was");
                return Err(error).with_context(|| lines).hint("importing all again does no harm");
            }
            Err(_) => {
                for (line, put) in &entries {
                    let set = store.set(put.key.clone(), put.value.clone(), put.ttl).await;
                    set.with_context(|| format!("line {line}")).hint(BEFORE)?;
                }
            }
        }
        Ok(entries.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::{Limits, Memory, Query, SystemClock};

    use super::*;
    use crate::hint;

    fn store() -> KeyValue {
        let limits = Limits { value: 10, quota: 1_000_000, ..Limits::default() };
        KeyValue::new(Arc::new(Memory::new(Arc::new(SystemClock))), "/", Arc::new(limits))
    }

    async fn keys(store: &KeyValue) -> usize {
        let page = store.list(Query { limit: 1_000, keys_only: true, ..Query::default() }).await.unwrap();
        page.entries.len()
    }

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{{\"key\":\"{n}\",\"value\":{n}}}")).collect()
    }

    #[tokio::test]
    async fn batches_are_written_and_empty_lines_skipped() {
        let store = store();
        let text = lines(PAGE + 1).join("\r\n\n");
        assert_eq!(import(&store, text.as_bytes()).await.unwrap(), PAGE as u64 + 1);
        assert_eq!(keys(&store).await, PAGE + 1);
        assert_eq!(import(&store, &b""[..]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_line_is_told_that_is_wrong_or_refused() {
        for (bad, says) in [
            ("{", "line 501: EOF while parsing an object, at column 1"),
            (r#"{"key":"a","value":"12345678901"}"#, "line 501: a value has more than 10 bytes"),
            (r#"{"key":"a","value":1,"ttl_ms":0}"#, "line 501: a time to live is between 1 ms and 100 years"),
        ] {
            let store = store();
            let mut text = lines(PAGE + 10);
            text.insert(PAGE, bad.to_owned());
            let error = import(&store, text.join("\n").as_bytes()).await.unwrap_err();
            assert_eq!(format!("{error:#}"), says);
            assert_eq!(hint::hints(&error), [BEFORE]);
            assert_eq!(keys(&store).await, PAGE, "those before it");
        }
    }
}
