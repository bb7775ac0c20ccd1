//! Hints: what a user can do about an error. The error itself carries them up to the command line. A leaf.
//!
//! `main` prints them on lines of their own, after the chain of causes.

use std::error::Error;
use std::fmt;

/// Adds a hint to the error of a result.
pub trait HintExt<T> {
    /// Adds what the user can do, in one sentence, lower-case, without a full stop.
    ///
    /// # Errors
    ///
    /// The error of the result, with its causes unchanged.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> HintExt<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::Error::new(Hinted { error: error.into(), hint: hint.into() }))
    }
}

/// Adds a hint to an error, unless it is empty.
pub fn add(error: impl Into<anyhow::Error>, hint: &str) -> anyhow::Error {
    match hint {
        "" => error.into(),
        hint => anyhow::Error::new(Hinted { error: error.into(), hint: hint.to_owned() }),
    }
}

/// An error from a message and a hint.
///
/// ```
/// let error = host::hint::error("ping timeout is 0", "give --ping-timeout a time such as 20s");
/// assert_eq!(error.to_string(), "ping timeout is 0");
/// assert_eq!(host::hint::hints(&error), ["give --ping-timeout a time such as 20s"]);
/// ```
pub fn error(message: impl fmt::Display, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Hinted { error: anyhow::anyhow!("{message}"), hint: hint.into() })
}

/// All hints of an error and its causes, the outermost first.
pub fn hints(error: &anyhow::Error) -> Vec<&str> {
    let mut hints = Vec::new();
    for link in error.chain() {
        let mut link = link;
        while let Some(hinted) = link.downcast_ref::<Hinted>() {
            hints.push(hinted.hint.as_str());
            link = hinted.error.as_ref();
        }
    }
    hints
}

/// Stands in for the error it wraps: the same text, the same causes.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let error: &(dyn Error + 'static) = self.error.as_ref();
        error.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn hints_do_not_change_the_chain() {
        let error = Err::<(), _>(std::io::Error::other("disk on fire"))
            .context("cannot read chat.wasm")
            .hint("put the fire out")
            .hint("call for help")
            .context("cannot start")
            .hint("wait")
            .unwrap_err();
        let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
        assert_eq!(chain, ["cannot start", "cannot read chat.wasm", "disk on fire"]);
        assert_eq!(hints(&error), ["wait", "call for help", "put the fire out"]);
    }

    #[test]
    fn an_error_without_hints_has_none() {
        assert!(hints(&anyhow::anyhow!("x").context("y")).is_empty());
    }
}
