//! The wording that the log and `host inspect` share.

use gateway::model::Description;

/// The names of the events that have a handler, in order.
pub(super) fn events(description: &Description) -> String {
    let mut events: Vec<_> = description.events.iter().map(String::as_str).collect();
    events.sort_unstable();
    if description.any_event {
        events.push("(any other)");
    }
    events.join(", ")
}
