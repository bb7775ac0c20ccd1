//! What calls pass and return.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whose entries a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Its name: a namespace's path, or what the operator calls it.
    pub name: Arc<str>,
    /// As [`Limits::quota`](crate::Limits::quota).
    pub quota: u64,
}

/// A value, and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Another number after each change, also when the key was deleted meanwhile.
    pub version: u64,
}

/// A value to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Its key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// After this time the entry is gone. `None`: never.
    pub ttl: Option<Duration>,
}

/// What must be there for a [`Swap`] to take place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// No entry.
    Absent,
    /// An entry with this value.
    Value(Vec<u8>),
    /// The entry with this version.
    Version(u64),
}

/// A compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// The key.
    pub key: String,
    /// What must be there.
    pub expected: Expected,
    /// What is there then; `None`: nothing.
    pub value: Option<Vec<u8>>,
    /// As in [`Put`].
    pub ttl: Option<Duration>,
}

/// The outcome of a compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Swapped {
    /// The new value is there, with this version; none if the entry was deleted.
    Done(Option<u64>),
    /// Something else was there, which is returned.
    Not(Option<Entry>),
}

/// Which entries to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Query {
    /// Keys begin with this.
    pub prefix: String,
    /// The page before ended here. Any text is valid: the page has keys after it.
    pub cursor: Option<String>,
    /// Most entries of the page, at least one. A page may have fewer, and still be followed by another.
    pub limit: usize,
    /// Leaves values out.
    pub keys_only: bool,
}

/// An entry of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// The entry; its value is empty if only keys were asked for.
    pub entry: Entry,
    /// How long it will still be there. `None`: until it is deleted.
    pub ttl: Option<Duration>,
}

/// Entries in the order of their keys' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Listed>,
    /// Where the next page begins; `None`: there is none.
    pub cursor: Option<String>,
}
