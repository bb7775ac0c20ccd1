//! Log lines that would say the same again and again, summed up.
//!
//! Of one cause in one namespace for one event, the first line is logged at once. Those that follow within a second are
//! counted, and one line a second says how many there were. At most [`KINDS`] kinds are told apart at once; beyond that,
//! namespace and event of further ones are not told apart.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::Level;

use crate::text;

const INTERVAL: Duration = Duration::from_secs(1);
const KINDS: usize = 1_024;

/// What lines have in common that are summed up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    level: Level,
    cause: &'static str,
    namespace: String,
    event: String,
}

/// Lines of one kind.
#[derive(Debug)]
struct Lines {
    /// When the last one was logged.
    logged: Instant,
    /// How many were not logged since.
    more: u64,
}

#[derive(Debug, Default)]
struct Summary(HashMap<Kind, Lines>);

static SUMMARY: LazyLock<Mutex<Summary>> = LazyLock::new(Mutex::default);

/// Whether a line is to be logged now; otherwise it is counted. `cause` says in few words what the lines have in common.
pub fn is_due(level: Level, cause: &'static str, namespace: &str, event: &str) -> bool {
    let kind = Kind { level, cause, namespace: text::message(namespace), event: text::message(event) };
    SUMMARY.lock().is_due(kind, Instant::now())
}

/// As [`is_due`], for a warning that belongs to no event. Where there is no namespace to tell, it is empty.
pub fn is_warning_due(cause: &'static str, namespace: &str) -> bool {
    is_due(Level::WARN, cause, namespace, "")
}

/// Logs what was counted. To be called again and again.
pub(crate) fn report() {
    let counted = SUMMARY.lock().take(Instant::now());
    // Not under the lock.
    for (Kind { level, cause, namespace, event }, count) in counted {
        match level {
            Level::ERROR => tracing::error!(namespace, event, count, "more of the same: {cause}"),
            Level::WARN => tracing::warn!(namespace, event, count, "more of the same: {cause}"),
            _ => tracing::info!(namespace, event, count, "more of the same: {cause}"),
        }
    }
}

impl Summary {
    fn is_due(&mut self, mut kind: Kind, now: Instant) -> bool {
        if self.0.len() >= KINDS && !self.0.contains_key(&kind) {
            kind.namespace.clear();
            kind.event = "(several)".to_owned();
        }
        match self.0.entry(kind) {
            Entry::Vacant(place) => {
                place.insert(Lines { logged: now, more: 0 });
                true
            }
            Entry::Occupied(mut place) => {
                let lines = place.get_mut();
                let due = lines.more == 0 && now.duration_since(lines.logged) >= INTERVAL;
                if due {
                    lines.logged = now;
                } else {
                    lines.more += 1;
                }
                due
            }
        }
    }

    /// What was counted, at least a second after the last line; kinds without lines are forgotten.
    fn take(&mut self, now: Instant) -> Vec<(Kind, u64)> {
        let mut counted = Vec::new();
        self.0.retain(|kind, lines| {
            if now.duration_since(lines.logged) < INTERVAL {
                return true;
            }
            let more = std::mem::take(&mut lines.more);
            if more > 0 {
                lines.logged = now;
                counted.push((kind.clone(), more));
            }
            more > 0
        });
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(event: &str) -> Kind {
        Kind { level: Level::WARN, cause: "it failed", namespace: "/".into(), event: event.into() }
    }

    #[test]
    fn the_first_is_logged_and_the_rest_is_counted() {
        let (mut summary, start) = (Summary::default(), Instant::now());
        assert!(summary.is_due(kind("a"), start));
        for _ in 0..60_000 {
            assert!(!summary.is_due(kind("a"), start));
        }
        assert!(summary.is_due(kind("b"), start), "another event is told apart");
        assert_eq!(summary.take(start + INTERVAL / 2), []);
        assert_eq!(summary.take(start + INTERVAL), [(kind("a"), 60_000)]);
        assert!(!summary.is_due(kind("a"), start + INTERVAL), "one line a second");
        assert_eq!(summary.take(start + 2 * INTERVAL), [(kind("a"), 1)]);
        assert_eq!(summary.take(start + 3 * INTERVAL), []);
        assert!(summary.0.is_empty(), "what has not happened for a while is forgotten");
    }

    #[test]
    fn the_number_of_kinds_is_bounded() {
        let (mut summary, now) = (Summary::default(), Instant::now());
        for event in 0..10 * KINDS {
            summary.is_due(kind(&event.to_string()), now);
        }
        assert!(summary.0.len() <= KINDS + 1);
    }
}
