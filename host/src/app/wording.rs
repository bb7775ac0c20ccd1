//! The wording that the log, `host build` and `host inspect` share.

use gateway::model::{Description, Schedule};

/// The names of the events that have a handler, in order.
pub(super) fn events(description: &Description) -> String {
    let mut events: Vec<_> = description.events.iter().map(String::as_str).collect();
    events.sort_unstable();
    if description.any_event {
        events.push("(any other)");
    }
    events.join(", ")
}

/// A schedule: its times, and its name if that says something else.
pub(super) fn schedule(Schedule { name, times }: &Schedule) -> String {
    let times = times.to_string();
    if **name == *times { times } else { format!("{times} ({name})") }
}

/// The times of all schedules; none if there are no schedules.
pub(super) fn schedules(description: &Description) -> Option<String> {
    let schedules: Vec<_> = description.schedules.iter().map(schedule).collect();
    (!schedules.is_empty()).then(|| schedules.join(", "))
}

/// What to tell whoever registered the event of another server, which no client causes here.
pub(super) fn never_runs(description: &Description) -> Option<&'static str> {
    let connection = description.events.contains("connection");
    connection.then_some("the handler of `connection` does not run when a client connects: that event is `$connect`")
}

#[cfg(test)]
mod tests {
    use gateway::model::DescribedSchedule;

    use super::*;

    #[test]
    fn schedules_are_told_by_their_times() {
        let named = |name: &str, times: &str, zone: Option<&str>| DescribedSchedule {
            name: name.to_owned(),
            times: times.to_owned(),
            time_zone: zone.map(str::to_owned),
        };
        let described =
            vec![named("every 10s", "every 10s", None), named("report", "0 9 * * 1", Some("Europe/Berlin"))];
        let description = Description::default().with_schedules(described).unwrap();
        assert_eq!(schedules(&description).as_deref(), Some("every 10s, 0 9 * * 1 Europe/Berlin (report)"));
        assert_eq!(schedules(&Description::default()), None);
    }

    #[test]
    fn the_event_of_another_server_is_told() {
        let described = |event: &str| Description::check(None, vec![event.to_owned()], false).unwrap();
        assert!(never_runs(&described("connection")).is_some_and(|said| said.contains("`$connect`")));
        assert_eq!(never_runs(&described("$connect")), None);
    }
}
