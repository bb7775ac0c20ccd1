//! The checked description of a handler.
//!
//! The description is kept for the life of the host and looked at for every event, so it is bounded.

use std::collections::HashSet;

use socket_io::is_reserved;
use telemetry::text;

use super::names::{CONNECT, DISCONNECT, NamespacePathError, check_namespace_path};
use super::schedule::{self, DescribedSchedule, Schedule, ScheduleError};

/// Bytes of an event's name.
const EVENT: usize = 255;
const EVENTS: usize = 1_000;

/// The namespace, the events and the schedules that a handler registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The namespace's path; none if the operator decides.
    pub namespace: Option<String>,
    /// Names of the events that have a handler.
    pub events: HashSet<String>,
    /// Whether events that `events` does not name are handled too.
    pub any_event: bool,
    /// When the handler is to be run without an event.
    pub schedules: Vec<Schedule>,
}

/// Why a description is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// The path is not valid for a namespace.
    #[error("the namespace `{path}` {error}")]
    Namespace {
        /// The path, fit for a log.
        path: String,
        /// What is wrong with it.
        error: NamespacePathError,
    },
    /// More events by name than a handler may have.
    #[error("the component handles {0} events by name; at most {EVENTS}")]
    ManyEvents(usize),
    /// An event's name is too long.
    #[error("the event's name `{0}` is too long; at most {EVENT} bytes")]
    LongEvent(String),
    /// A name that the protocol's clients and servers use themselves.
    #[error("the component handles `{0}`, which no client can send")]
    Reserved(String),
    /// A schedule is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl DescriptionError {
    /// What the author of the handler can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::ManyEvents(_) => Some("handle any event, and tell them apart by name"),
            Self::Reserved(_) => Some("the events of a connection's life are `$connect` and `$disconnect`"),
            Self::Schedule(ScheduleError::Many(_)) => Some("do several things in one run"),
            Self::Namespace { .. } | Self::LongEvent(_) | Self::Schedule(_) => None,
        }
    }
}

impl Description {
    /// Checks a handler's description.
    ///
    /// # Errors
    ///
    /// Names the first thing that is wrong.
    pub fn check(namespace: Option<String>, events: Vec<String>, any_event: bool) -> Result<Self, DescriptionError> {
        if let Some(path) = &namespace {
            let wrong = |error| DescriptionError::Namespace { path: text::message(path), error };
            check_namespace_path(path).map_err(wrong)?;
        }
        if events.len() > EVENTS {
            return Err(DescriptionError::ManyEvents(events.len()));
        }
        if let Some(long) = events.iter().find(|event| event.len() > EVENT) {
            return Err(DescriptionError::LongEvent(text::message(long)));
        }
        if let Some(reserved) = events.iter().find(|event| is_reserved(event)) {
            return Err(DescriptionError::Reserved(reserved.clone()));
        }
        Ok(Self { namespace, events: events.into_iter().collect(), any_event, schedules: Vec::new() })
    }

    /// Adds a handler's schedules, and checks them.
    ///
    /// # Errors
    ///
    /// Names the first thing that is wrong.
    pub fn with_schedules(self, schedules: Vec<DescribedSchedule>) -> Result<Self, DescriptionError> {
        Ok(Self { schedules: schedule::check(schedules)?, ..self })
    }

    /// Whether the handler is run for an event of this name.
    pub fn handles(&self, event: &str) -> bool {
        self.events.contains(event) || (self.any_event && event != CONNECT && event != DISCONNECT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(namespace: Option<&str>, events: &[&str]) -> Result<Description, DescriptionError> {
        let events = events.iter().map(ToString::to_string).collect();
        Description::check(namespace.map(ToOwned::to_owned), events, false)
    }

    #[test]
    fn what_is_right_passes() {
        let description = described(Some("/chat/räume"), &["$connect", "message", "message", ""]).unwrap();
        assert_eq!(description.namespace.as_deref(), Some("/chat/räume"));
        assert_eq!(description.events.len(), 3);
        assert_eq!(described(None, &[]).unwrap().namespace, None);
    }

    #[test]
    fn a_wrong_path_is_named() {
        let error = described(Some("ch\nat"), &[]).unwrap_err();
        assert_eq!(error.to_string(), r"the namespace `ch\nat` does not begin with `/`");
    }

    #[test]
    fn events_are_bounded() {
        let names: Vec<String> = (0..=EVENTS).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(described(None, &names), Err(DescriptionError::ManyEvents(EVENTS + 1)));
        assert!(matches!(described(None, &[&"a".repeat(EVENT + 1)]), Err(DescriptionError::LongEvent(_))));
        assert_eq!(described(None, &["disconnect"]), Err(DescriptionError::Reserved("disconnect".into())));
    }
}
