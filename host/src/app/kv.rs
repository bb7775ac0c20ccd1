//! `host kv`: looks at key-value stores and changes them, whether a host runs or not.
//!
//! Entries are printed and read as lines of JSON (`lines`). Nothing holds a whole store in memory: pages are printed as
//! they come, and an import is written in batches.

mod access;
mod import;
mod lines;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};

use anyhow::Context;
use store::{KeyValue, Listed, Query};
use telemetry::text::printable;

use crate::config::{KvAction, KvConfig};
use crate::hint;

/// Entries of a page, and of a batch.
const PAGE: usize = 500;

/// # Errors
///
/// If the store cannot be opened, refuses a call, or has no such entry, or what is to be imported is no entry.
pub async fn kv(config: KvConfig) -> anyhow::Result<()> {
    let store = access::open(&config).await?;
    let done = act(&store, config.action).await;
    let closed = store.close().await.context("the store was not closed in order");
    done.and(closed)
}

async fn act(store: &KeyValue, action: KvAction) -> anyhow::Result<()> {
    match action {
        KvAction::List { prefix, keys_only } => print_all(store, prefix, keys_only).await,
        KvAction::Get { key } => {
            let query = Query { prefix: key.clone(), cursor: None, limit: 1, keys_only: false };
            // A key is the first of those that begin with it.
            match store.list(query).await?.entries.into_iter().find(|listed| listed.key == key) {
                Some(listed) => print(&[listed], false),
                None => {
                    Err(hint::error(format!("there is no key `{key}`"), "`host kv list STORE` lists those there are"))
                }
            }
        }
        KvAction::Set { key, value, ttl } => Ok(store.set(key, value, ttl).await?),
        KvAction::Delete { keys } => said("deleted", store.delete_many(keys).await?),
        KvAction::Clear { prefix } => said("deleted", store.clear(prefix).await?),
        KvAction::Import { file } => {
            let imported = match file {
                Some(path) => {
                    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
                    import::import(store, BufReader::new(file)).await?
                }
                None => import::import(store, io::stdin().lock()).await?,
            };
            said("imported", imported)
        }
    }
}

async fn print_all(store: &KeyValue, prefix: String, keys_only: bool) -> anyhow::Result<()> {
    let mut cursor = None;
    loop {
        let page = store.list(Query { prefix: prefix.clone(), cursor, limit: PAGE, keys_only }).await?;
        print(&page.entries, keys_only)?;
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn print(entries: &[Listed], keys_only: bool) -> anyhow::Result<()> {
    let (mut text, terminal) = (String::new(), io::stdout().is_terminal());
    for listed in entries {
        let line = lines::write(listed, keys_only)?;
        // What clients have written must not steer the terminal. Files and pipes get it as it is.
        text.push_str(&if terminal { printable(&line).into_owned() } else { line });
        text.push('\n');
    }
    write(text.as_bytes())
}

fn said(what: &str, count: u64) -> anyhow::Result<()> {
    write(format!("{{\"{what}\":{count}}}\n").as_bytes())
}

fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout")
}
