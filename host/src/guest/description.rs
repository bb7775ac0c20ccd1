//! What a component says of itself, checked.
//!
//! Bounds keep what is read once from being a burden for every event after: the names are kept for the life of the host.

use super::bindings::types;
use super::text;
use crate::gateway::handler::Description;
use crate::socket_io::is_reserved;

/// Bytes of a namespace's path.
const PATH: usize = 255;
/// Bytes of an event's name.
const EVENT: usize = 255;
const EVENTS: usize = 1_000;

/// A component that describes itself wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    #[error("the namespace `{0}` does not begin with `/`")]
    NoSlash(String),
    #[error("the namespace `{path}` has {char:?}, which cannot be in a path")]
    PathCharacter { path: String, char: char },
    #[error("the namespace's path has {0} bytes; at most {PATH}")]
    LongPath(usize),
    #[error("the component handles {0} events by name; at most {EVENTS}")]
    ManyEvents(usize),
    #[error("the event's name `{0}` is too long; at most {EVENT} bytes")]
    LongEvent(String),
    #[error("the component handles `{0}`, which no client can send")]
    Reserved(String),
}

impl DescriptionError {
    /// What the author of the component can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::ManyEvents(_) => Some("handle any event, and tell them apart by name"),
            Self::Reserved(_) => Some("the events of a connection's life are `$connect` and `$disconnect`"),
            _ => None,
        }
    }
}

/// Checks a description.
///
/// # Errors
///
/// Names the first thing that is wrong.
pub(super) fn check(description: types::Description) -> Result<Description, DescriptionError> {
    let types::Description { namespace, events, any_event } = description;
    if let Some(path) = &namespace {
        check_path(path)?;
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
    Ok(Description { namespace, events: events.into_iter().collect(), any_event })
}

/// Checks that the protocol can carry a path: in a packet a comma ends it, and a question mark begins a query.
fn check_path(path: &str) -> Result<(), DescriptionError> {
    if path.len() > PATH {
        return Err(DescriptionError::LongPath(path.len()));
    }
    if !path.starts_with('/') {
        return Err(DescriptionError::NoSlash(text::message(path)));
    }
    let unfit = |char: &char| matches!(char, ',' | '?') || char.is_whitespace() || char.is_control();
    match path.chars().find(unfit) {
        Some(char) => Err(DescriptionError::PathCharacter { path: text::message(path), char }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(namespace: Option<&str>, events: &[&str]) -> Result<Description, DescriptionError> {
        check(types::Description {
            namespace: namespace.map(ToOwned::to_owned),
            events: events.iter().map(ToString::to_string).collect(),
            any_event: false,
        })
    }

    #[test]
    fn what_is_right_passes() {
        let description = described(Some("/chat/räume"), &["$connect", "message", "message", ""]).unwrap();
        assert_eq!(description.namespace.as_deref(), Some("/chat/räume"));
        assert_eq!(description.events.len(), 3);
        assert_eq!(described(None, &[]).unwrap().namespace, None);
    }

    #[test]
    fn paths_are_those_of_the_protocol() {
        assert_eq!(described(Some("chat"), &[]), Err(DescriptionError::NoSlash("chat".into())));
        assert_eq!(described(Some(""), &[]), Err(DescriptionError::NoSlash(String::new())));
        assert!(matches!(described(Some("/a,b"), &[]), Err(DescriptionError::PathCharacter { char: ',', .. })));
        assert!(matches!(described(Some("/a\n"), &[]), Err(DescriptionError::PathCharacter { .. })));
        let long = format!("/{}", "a".repeat(PATH));
        assert_eq!(described(Some(&long), &[]), Err(DescriptionError::LongPath(PATH + 1)));
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
