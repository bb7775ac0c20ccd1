//! Errors of calls and of handlers, and the refusal of a connection.

use std::fmt;

use serde::Serialize;

use crate::bindings::realtime::gateway::types::{self, HandlerError, Rejection};
use crate::encode::to_json;

/// Why a call or a handler failed.
///
/// `?` converts any standard error, and [`Error::msg`] makes one from text. A handler that returns an `Error` fails:
/// the host logs the text with the event's name, and the client gets no acknowledgement. Commands that the handler
/// called before still take effect. Clients never see the text.
///
/// Like `anyhow::Error` it does not implement [`std::error::Error`]: otherwise the conversion could not exist.
///
/// ```
/// use guest_sdk::Error;
///
/// fn roll(sides: String) -> Result<u32, Error> {
///     let sides: u32 = sides.parse()?;
///     if sides == 0 {
///         return Err(Error::msg("a die has sides"));
///     }
///     Ok(4 % sides)
/// }
///
/// assert_eq!(roll("six".into()).unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct Error(Repr);

enum Repr {
    Text { kind: ErrorKind, text: String },
    Rejection(ConnectError),
}

/// The kind of an [`Error`], for handlers that react to some kinds.
///
/// ```no_run
/// use std::time::Duration;
/// use guest_sdk::{Error, ErrorKind, RealtimeNamespace};
///
/// fn ask(ns: RealtimeNamespace) -> Result<bool, Error> {
///     match ns.socket().emit_with_ack("ready?", (), Duration::from_secs(2)) {
///         Ok(answer) => answer.get(0),
///         Err(error) if error.kind() == ErrorKind::Timeout => Ok(false),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The event has no socket, or its socket is gone.
    NotConnected,
    /// The value cannot be written as JSON, or has more attachments than the host accepts.
    InvalidPayload,
    /// An event of this name cannot be emitted: `connect`, `connect_error`, `disconnect`, `disconnecting`,
    /// `newListener`, `removeListener`.
    ReservedEvent,
    /// Larger than the host accepts.
    PayloadTooLarge {
        /// The largest size that the host accepts, in bytes.
        limit: u64,
    },
    /// The event reached its limit of commands, or of their bytes.
    RateLimited,
    /// No acknowledgement came in time.
    Timeout,
    /// The key-value store would become larger than it may.
    QuotaExceeded {
        /// The largest size of the store, in bytes.
        limit: u64,
    },
    /// What [`Kv::increment`](crate::Kv::increment) was called for is not an integer of 64 bits, or would not be.
    NotANumber,
    /// The key-value store cannot be reached, or its disk failed.
    Unavailable,
    /// Not possible in this event, such as waiting for the client in `$connect`.
    NotAllowed,
    /// A client's arguments or its `auth` do not have the type that was asked for.
    InvalidArguments,
    /// A [`ConnectError`].
    Rejected,
    /// Anything else, including errors of handlers.
    Other,
}

impl Error {
    /// An error with this text.
    ///
    /// ```
    /// let error = guest_sdk::Error::msg(format!("no such room: {}", "attic"));
    /// assert_eq!(error.to_string(), "no such room: attic");
    /// ```
    pub fn msg(text: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Other, text.to_string())
    }

    /// The kind of the error.
    ///
    /// ```
    /// use guest_sdk::{Error, ErrorKind};
    /// assert_eq!(Error::msg("no").kind(), ErrorKind::Other);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::Text { kind, .. } => *kind,
            Repr::Rejection(_) => ErrorKind::Rejected,
        }
    }

    pub(crate) fn new(kind: ErrorKind, text: String) -> Self {
        Self(Repr::Text { kind, text })
    }

    /// The error that the host answered a call with. The text begins with the call.
    pub(crate) fn of_call(call: fmt::Arguments<'_>, error: types::Error) -> Self {
        let (kind, reason) = match error {
            types::Error::NotConnected => (ErrorKind::NotConnected, "the socket is not connected".to_owned()),
            types::Error::InvalidPayload(reason) => (ErrorKind::InvalidPayload, reason),
            types::Error::ReservedEvent(name) => {
                (ErrorKind::ReservedEvent, format!("`{name}` is a reserved name, choose another"))
            }
            types::Error::PayloadTooLarge(limit) => {
                (ErrorKind::PayloadTooLarge { limit }, format!("larger than {limit} bytes"))
            }
            types::Error::RateLimited(reason) => (ErrorKind::RateLimited, reason),
            types::Error::Timeout => (ErrorKind::Timeout, "no acknowledgement in time".to_owned()),
            types::Error::NotAllowed(reason) => (ErrorKind::NotAllowed, reason),
            types::Error::Other(reason) => (ErrorKind::Other, reason),
        };
        Self::new(kind, format!("{call}: {reason}"))
    }

    fn of_std(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(ErrorKind::Other, text)
    }

    /// The error as the host gets it when the handler of `event` returned it.
    pub(crate) fn into_handler_error(self, event: &str) -> HandlerError {
        match self.0 {
            Repr::Text { kind: ErrorKind::InvalidArguments, text } => {
                HandlerError::InvalidArguments(format!("{event}: {text}"))
            }
            Repr::Text { text, .. } => HandlerError::Failed(text),
            // Only a connection can be refused; for other events this is an ordinary failure.
            Repr::Rejection(ConnectError { message, data }) if event == "$connect" => {
                HandlerError::Rejected(Rejection { message, data })
            }
            Repr::Rejection(ConnectError { message, .. }) => HandlerError::Failed(message),
        }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of_std(&error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self(Repr::Rejection(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Repr::Text { text, .. } => text,
            Repr::Rejection(error) => &error.message,
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())
    }
}

/// Refuses a connection when a `$connect` handler returns it, as it is or as an [`Error`].
///
/// The client gets `connect_error` with this message and data. All commands of the handler are dropped, and no
/// `$disconnect` follows. Returned from the handler of another event it is an ordinary failure.
///
/// ```no_run
/// use guest_sdk::{ConnectError, Error, RealtimeNamespace, json};
///
/// let ns = RealtimeNamespace::new("/private");
/// ns.socket().on("$connect", move || -> Result<(), Error> {
///     let handshake = ns.socket().handshake();
///     let token = handshake.query.get("token").ok_or(ConnectError::new("no token"))?;
///     let token: u32 = token.parse()?;
///     if token != 4711 {
///         return Err(ConnectError::new("not authorized").data(json!({ "code": 401 })).into());
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone)]
pub struct ConnectError {
    message: String,
    data: Option<String>,
}

impl ConnectError {
    /// A refusal with this message. The client sees it as `error.message`.
    ///
    /// ```
    /// let error = guest_sdk::ConnectError::new("try later");
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds data. The client sees it as `error.data`. A value that cannot be written as JSON (binary data, a map whose
    /// keys are not text) is logged and left out.
    ///
    /// ```
    /// use guest_sdk::{ConnectError, json};
    /// let error = ConnectError::new("try later").data(json!({ "seconds": 30 }));
    /// ```
    pub fn data(mut self, value: impl Serialize) -> Self {
        match to_json(&value) {
            Ok(json) => self.data = Some(json),
            Err(error) => eprintln!("{}", Error::of_call(format_args!("ConnectError::data"), error)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_errors_bring_their_causes() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bad die")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from("x".parse::<u8>().map_err(Outer).unwrap_err());
        assert_eq!(error.to_string(), "bad die: invalid digit found in string");
        assert_eq!(error.kind(), ErrorKind::Other);
    }

    #[test]
    fn host_errors_name_the_call_and_keep_their_kind() {
        let error = Error::of_call(format_args!("emit `news`"), types::Error::PayloadTooLarge(1000));
        assert_eq!(error.to_string(), "emit `news`: larger than 1000 bytes");
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge { limit: 1000 });
    }

    #[test]
    fn only_a_connection_is_rejected() {
        let reject = || Error::from(ConnectError::new("no").data([1]));
        assert!(matches!(
            reject().into_handler_error("$connect"),
            HandlerError::Rejected(Rejection { message, data: Some(data) }) if message == "no" && data == "[1]"
        ));
        assert!(matches!(reject().into_handler_error("message"), HandlerError::Failed(text) if text == "no"));
    }

    #[test]
    fn data_that_is_not_json_still_rejects() {
        let error = ConnectError::new("no").data(std::collections::BTreeMap::from([((1, 2), 3)]));
        assert_eq!(error.data, None);
    }
}
