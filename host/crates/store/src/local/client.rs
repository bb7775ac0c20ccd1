//! The side that asks.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::socket;
use super::wire::{self, Call, What};
use crate::backend::{Answer, Backend};
use crate::error::Error;
use crate::model::{Entry, Page, Put, Query, Space, Swap, Swapped};

/// The store of a running host on this machine.
#[derive(Debug)]
pub struct Local {
    path: PathBuf,
    /// Who may be on the other side, beside this process's own user.
    owner: u32,
}

impl Local {
    /// The host that has the store of a folder; none if there is none.
    ///
    /// # Errors
    ///
    /// If there is one that this user may not ask.
    pub async fn find(folder: &Path) -> io::Result<Option<Self>> {
        let owner = match fs::metadata(folder) {
            Ok(found) => found.uid(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let local = Self { path: socket(folder), owner };
        match local.connect().await {
            Ok(_) => Ok(Some(local)),
            // A host that was killed leaves its socket behind; where the path is too long for one, no host has made any.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn connect(&self) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&self.path).await?;
        let user = stream.peer_cred()?.uid();
        if user == self.owner || user == rustix::process::geteuid().as_raw() {
            return Ok(stream);
        }
        Err(io::Error::new(ErrorKind::PermissionDenied, "the process that listens there is of another user"))
    }

    fn ask<T>(&self, space: Space, most_bytes: usize, what: What) -> Answer<'_, T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let most_bytes = u64::try_from(most_bytes).unwrap_or(u64::MAX);
        let call = Call { space: space.name.as_ref().to_owned(), quota: space.quota, most_bytes, what };
        Box::pin(async move {
            let answer = async {
                let mut stream = self.connect().await?;
                wire::send(&mut stream, &call).await?;
                wire::receive::<Result<T, Error>>(&mut stream, usize::MAX).await
            };
            answer.await.unwrap_or_else(|error| {
                Err(Error::Unavailable(format!("the running host does not answer at {}: {error}", self.path.display())))
            })
        })
    }
}

impl Backend for Local {
    fn get(&self, space: Space, keys: Vec<String>, most_bytes: usize) -> Answer<'_, Vec<Option<Entry>>> {
        self.ask(space, most_bytes, What::Get(keys))
    }

    fn has(&self, space: Space, key: String) -> Answer<'_, bool> {
        self.ask(space, 0, What::Has(key))
    }

    fn list(&self, space: Space, query: Query, most_bytes: usize) -> Answer<'_, Page> {
        self.ask(space, most_bytes, What::List(query))
    }

    fn set(&self, space: Space, puts: Vec<Put>) -> Answer<'_, ()> {
        self.ask(space, 0, What::Set(puts))
    }

    fn delete(&self, space: Space, keys: Vec<String>) -> Answer<'_, u64> {
        self.ask(space, 0, What::Delete(keys))
    }

    fn increment(&self, space: Space, key: String, delta: i64, ttl: Option<Duration>) -> Answer<'_, i64> {
        self.ask(space, 0, What::Increment { key, delta, ttl })
    }

    fn swap(&self, space: Space, swap: Swap) -> Answer<'_, Swapped> {
        self.ask(space, usize::MAX, What::Swap(swap))
    }

    /// The other side clears all, some at a time.
    fn clear(&self, space: Space, prefix: String, _most: usize) -> Answer<'_, (u64, bool)> {
        Box::pin(async move { Ok((self.ask(space, 0, What::Clear(prefix)).await?, false)) })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
