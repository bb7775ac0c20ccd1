//! The wording that the log, `host build` and `host inspect` share.

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

/// What to tell whoever registered the event of another server, which no client causes here.
pub(super) fn never_runs(description: &Description) -> Option<&'static str> {
    let connection = description.events.contains("connection");
    connection.then_some("the handler of `connection` does not run when a client connects: that event is `$connect`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_of_another_server_is_told() {
        let described = |event: &str| Description::check(None, vec![event.to_owned()], false).unwrap();
        assert!(never_runs(&described("connection")).is_some_and(|said| said.contains("`$connect`")));
        assert_eq!(never_runs(&described("$connect")), None);
    }
}
