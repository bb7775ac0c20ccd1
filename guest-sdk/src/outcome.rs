//! The result of a command.

use std::fmt;
use std::mem;

use crate::bindings::realtime::gateway::types;
use crate::error::Error;

/// Whether the host accepted a command such as `emit` or `join`.
///
/// It can be ignored: an error that was not read goes to stderr, which is the host's log. To handle the error, call
/// [`result`](Outcome::result). A handler may also end with a command and return its outcome: success acknowledges
/// without arguments, an error makes the handler fail.
///
/// ```no_run
/// use guest_sdk::{Error, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/chat");
/// ns.socket().on("enter", move |room: String| ns.socket().join(room));
/// ns.socket().on("publish", move |text: String| -> Result<(), Error> {
///     ns.emit("news", &text).result()?;
///     ns.socket().leave("authors");
///     Ok(())
/// });
/// ```
#[derive(Debug)]
pub struct Outcome(Result<(), Error>);

impl Outcome {
    /// The outcome of a command that the host answered. The error's text begins with the call.
    pub(crate) fn of_call(call: fmt::Arguments<'_>, result: Result<(), types::Error>) -> Self {
        Self(result.map_err(|error| Error::of_call(call, error)))
    }

    /// The outcome as a `Result`, for `?`.
    ///
    /// # Errors
    ///
    /// The host did not accept the command. The command's documentation lists the reasons.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// ns.emit("news", "hello").result()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn result(mut self) -> Result<(), Error> {
        mem::replace(&mut self.0, Ok(()))
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if let Err(error) = &self.0 {
            eprintln!("{error}");
        }
    }
}
