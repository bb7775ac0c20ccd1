//! Errors of handlers, and of the calls that they make.

use std::time::Duration;

use telemetry::{Counter, metrics, summary, text};
use tracing::Level;

/// Why a handler failed.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The handler refuses the connection (`$connect` only).
    #[error("connection rejected: {message}")]
    Rejected {
        /// The message for the client.
        message: String,
        /// JSON text of further data for the client.
        data: Option<String>,
    },
    /// The client's arguments do not fit the handler.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The handler reported a failure.
    #[error("handler failed: {0}")]
    Failed(String),
    /// The handler did not return: a trap, with its backtrace.
    #[error("handler trapped: {0}")]
    Trapped(String),
    /// The handler ran longer than it may.
    #[error("handler ran longer than {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    /// The handler asked for more memory or table elements than it may have.
    #[error("handler ran out of memory: {0}")]
    OutOfMemory(String),
    /// The host could not run the handler at all.
    #[error("handler could not be started: {0}")]
    NotStarted(String),
}

impl HandlerError {
    /// Counts and logs it; equal ones are summed up. Without a socket, `event` is a plain HTTP request or the name of a
    /// schedule.
    pub fn report(&self, namespace: &str, socket: Option<&str>, event: &str) {
        let (level, cause, counter) = match self {
            Self::Rejected { .. } => (Level::INFO, "connection rejected", None),
            Self::InvalidArguments(_) => (Level::WARN, "invalid arguments", Some(&metrics().invalid_arguments)),
            Self::Failed(_) => (Level::ERROR, "handler failed", Some(&metrics().handlers_failed)),
            Self::Trapped(_) => (Level::ERROR, "handler trapped", Some(&metrics().handlers_trapped)),
            Self::TimedOut(_) => (Level::ERROR, "handler ran too long", Some(&metrics().handlers_timed_out)),
            Self::OutOfMemory(_) => {
                (Level::ERROR, "handler ran out of memory", Some(&metrics().handlers_out_of_memory))
            }
            Self::NotStarted(_) => (Level::ERROR, "handler not started", Some(&metrics().handlers_not_started)),
        };
        counter.into_iter().for_each(Counter::increment);
        if !summary::is_due(level, cause, namespace, event) {
            return;
        }
        // Guests and clients choose these texts.
        let (event, text) = (text::message(event), text::message(&self.to_string()));
        match level {
            Level::ERROR => tracing::error!(namespace, socket, event, "{text}"),
            Level::WARN => tracing::warn!(namespace, socket, event, "{text}"),
            _ => tracing::info!(namespace, socket, event, "{text}"),
        }
    }
}

/// Why the gateway did not carry out a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no socket, or its client is gone.
    #[error("the socket is not connected")]
    NotConnected,
    /// The client did not answer in time.
    #[error("no acknowledgement in time")]
    TimedOut,
    /// Not possible in this event. The text says why and what to do.
    #[error("{0}")]
    NotAllowed(String),
    /// Other nodes of the cluster did not answer, so the result would be incomplete.
    #[error("{missing} of the cluster's other nodes did not answer in time")]
    NodesMissing {
        /// How many.
        missing: u32,
    },
    /// The cluster could not be asked.
    #[error("the cluster cannot be reached: {0}")]
    Unreachable(String),
}
