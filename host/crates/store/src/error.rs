//! What a call or the opening of a store can fail with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why a call did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// A key, prefix or cursor is longer than this, in bytes.
    #[error("a key has more than {0} bytes")]
    KeyTooLong(usize),
    /// A value is larger than this, in bytes.
    #[error("a value has more than {0} bytes")]
    ValueTooLarge(usize),
    /// A batch has more entries than this.
    #[error("a batch has more than {0} entries")]
    TooManyEntries(usize),
    /// The keys and values that a batch passes, or the values that it would return, are more bytes than this.
    #[error("a batch has more than {0} bytes")]
    BatchTooLarge(usize),
    /// A time to live is not between 1 ms and 100 years.
    #[error("a time to live is between 1 ms and 100 years")]
    InvalidTtl,
    /// The store would become larger than this, in bytes.
    #[error("the store would have more than {0} bytes: delete something first")]
    QuotaExceeded(u64),
    /// The value that is to be incremented is not a decimal number of 64 bits.
    #[error("the value is not an integer of 64 bits")]
    NotANumber,
    /// The number that would result is not one of 64 bits.
    #[error("the sum is not an integer of 64 bits")]
    Overflow,
    /// The store cannot be reached, or failed. What the call was to change may have been changed or not.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

impl Error {
    pub(crate) fn closed() -> Self {
        Self::Unavailable("the host is stopping".to_owned())
    }

    pub(crate) fn damaged() -> Self {
        Self::Unavailable("the file is damaged".to_owned())
    }
}

/// Why a file cannot be used as a store. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the store {0} is in use by another host")]
    InUse(PathBuf),
    /// It is something else.
    #[error("{0} is not a store of this host")]
    Foreign(PathBuf),
    /// It was written by a version of the host whose format is another.
    #[error("the store {file} has format {found}, and this host has format {known}")]
    Format {
        /// The file.
        file: PathBuf,
        /// The file's format.
        found: u64,
        /// This host's format.
        known: u64,
    },
    /// Its contents contradict themselves.
    #[error("the store {file} is damaged: {why}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
    /// The system refuses to open or read it.
    #[error("cannot open the store {file}")]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl OpenError {
    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse(_) => "stop the other host, or give each host a folder of its own with --data DIR",
            Self::Foreign(_) => "move the file away, or give the host another folder with --data DIR",
            Self::Format { .. } => "use the version of the host that wrote it, or another folder with --data DIR",
            Self::Damaged { .. } => {
                "bring the file back from a backup, or move it away to begin with an empty store; the host does not replace it"
            }
            Self::Io { .. } => "--data DIR names the folder, in which the host must be able to write",
        }
    }
}
