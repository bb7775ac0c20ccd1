//! What is due: a handler's schedules, each with its next time.
//!
//! Pure: the time is an argument, and may jump. What was due more than [`LATE`] ago is not made up, and of several times of
//! one schedule that have passed since it was last looked at, only the first counts.

use jiff::{SignedDuration, Timestamp};

use crate::model::Schedule;

/// How late something may begin, such as when the machine stood still.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// By how much the clock may be set back without times coming again.
const BACK: SignedDuration = SignedDuration::from_secs(60);

/// The next times of schedules.
#[derive(Debug)]
pub(crate) struct Agenda {
    entries: Vec<Entry>,
    /// When it was last looked at.
    seen: Timestamp,
}

#[derive(Debug)]
struct Entry {
    schedule: Schedule,
    next: Option<Timestamp>,
}

/// A time of a schedule that has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) time: Timestamp,
    /// It is too late for it.
    pub(crate) missed: bool,
}

impl Agenda {
    /// What comes after `now`.
    pub(crate) fn new(schedules: &[Schedule], now: Timestamp) -> Self {
        let entry = |schedule: &Schedule| Entry { schedule: schedule.clone(), next: schedule.times.next(now) };
        Self { entries: schedules.iter().map(entry).collect(), seen: now }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.entries.iter().filter_map(|entry| entry.next).min()
    }

    /// Takes what is due, each schedule at most once.
    pub(crate) fn take(&mut self, now: Timestamp) -> Vec<Due<'_>> {
        let set_back = now.duration_until(self.seen) > BACK;
        self.seen = now;
        let take = |Entry { schedule, next }: &'_ mut Entry| {
            if set_back {
                *next = schedule.times.next(now);
            }
            let time = (*next).filter(|next| *next <= now)?;
            *next = schedule.times.next(now);
            Some((time, now.duration_since(time) > LATE))
        };
        let mut due = Vec::new();
        for entry in &mut self.entries {
            if let Some((time, missed)) = take(entry) {
                due.push(Due { schedule: &entry.schedule, time, missed });
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DescribedSchedule, Description};

    fn at(time: &str) -> Timestamp {
        format!("2026-11-30T{time}Z").parse().unwrap()
    }

    fn agenda(times: &[&str], now: &str) -> Agenda {
        let described =
            |times: &&str| DescribedSchedule { name: (*times).to_owned(), times: (*times).to_owned(), time_zone: None };
        let described = times.iter().map(described).collect();
        let description = Description::default().with_schedules(described).unwrap();
        Agenda::new(&description.schedules, at(now))
    }

    /// What is due, as `name time`, with `missed` where it is too late.
    fn take(agenda: &mut Agenda, now: &str) -> Vec<String> {
        let line = |due: Due<'_>| {
            let missed = if due.missed { " missed" } else { "" };
            format!("{} {}{missed}", due.schedule.name, due.time.strftime("%T"))
        };
        agenda.take(at(now)).into_iter().map(line).collect()
    }

    #[test]
    fn each_is_due_at_its_times() {
        let mut agenda = agenda(&["every 10s", "every 15s", "0 13 * * *"], "12:00:00");
        assert_eq!(agenda.next(), Some(at("12:00:10")));
        assert_eq!(take(&mut agenda, "12:00:09.999"), [""; 0]);
        assert_eq!(take(&mut agenda, "12:00:10"), ["every 10s 12:00:10"]);
        assert_eq!(take(&mut agenda, "12:00:10"), [""; 0]);
        assert_eq!(agenda.next(), Some(at("12:00:15")));
        assert_eq!(take(&mut agenda, "12:00:15.2"), ["every 15s 12:00:15"]);
        assert_eq!(take(&mut agenda, "12:00:20"), ["every 10s 12:00:20"]);
        assert_eq!(take(&mut agenda, "12:00:30"), ["every 10s 12:00:30", "every 15s 12:00:30"]);
        assert_eq!(Agenda::new(&[], at("12:00:00")).next(), None);
    }

    #[test]
    fn what_passed_while_the_host_stood_still_is_not_made_up() {
        let mut agenda = agenda(&["every 10s", "0 13 * * *"], "12:00:00");
        assert_eq!(take(&mut agenda, "12:00:55"), ["every 10s 12:00:10"], "one of five");
        assert_eq!(agenda.next(), Some(at("12:01:00")));
        assert_eq!(take(&mut agenda, "13:00:30"), ["every 10s 12:01:00 missed", "0 13 * * * 13:00:00"]);
        assert_eq!(agenda.next(), Some(at("13:00:40")));
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_makes_nothing_come_again() {
        let mut agenda = agenda(&["every 10s"], "12:00:00");
        assert_eq!(take(&mut agenda, "12:00:10"), ["every 10s 12:00:10"]);
        assert_eq!(take(&mut agenda, "12:00:05"), [""; 0]);
        assert_eq!(take(&mut agenda, "12:00:10"), [""; 0]);
        assert_eq!(take(&mut agenda, "12:00:20"), ["every 10s 12:00:20"]);
    }

    #[test]
    fn a_clock_that_was_far_ahead_does_not_stop_schedules() {
        let mut agenda = agenda(&["every 10s"], "23:00:00");
        assert_eq!(take(&mut agenda, "12:00:03"), [""; 0]);
        assert_eq!(agenda.next(), Some(at("12:00:10")));
        assert_eq!(take(&mut agenda, "12:00:10"), ["every 10s 12:00:10"]);
    }
}
