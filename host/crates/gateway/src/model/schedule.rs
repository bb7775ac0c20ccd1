//! What a handler wants to be run for without an event: a name, and the times.
//!
//! Schedules are kept for the life of the host and looked at whenever one is due, so they are bounded.

use std::collections::HashSet;
use std::sync::Arc;

use telemetry::text;

use super::times::{Times, TimesError};

const SCHEDULES: usize = 64;
/// Bytes of a schedule's name.
const NAME: usize = 255;

/// Work that the host starts at certain times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Tells it from the others of its handler.
    pub name: Arc<str>,
    /// When it is due.
    pub times: Times,
}

/// A schedule as a handler describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedSchedule {
    /// Its name.
    pub name: String,
    /// `every 10s`, or a cron expression.
    pub times: String,
    /// The time zone of a cron expression; none is UTC.
    pub time_zone: Option<String>,
}

/// Why a handler's schedules are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// More than a handler may have.
    #[error("the component has {0} schedules; at most {SCHEDULES}")]
    Many(usize),
    /// A name that is empty or too long.
    #[error("a schedule's name has from 1 to {NAME} bytes, and one has {0}")]
    Name(usize),
    /// Two of one name could not be told apart.
    #[error("two of the component's schedules have the name `{0}`")]
    Twice(String),
    /// Its times cannot be read.
    #[error("the schedule `{times}` {error}")]
    Times {
        /// What the handler said, fit for a log.
        times: String,
        /// What is wrong with it.
        error: TimesError,
    },
}

/// Checks a handler's schedules.
///
/// # Errors
///
/// Names the first thing that is wrong.
pub(super) fn check(described: Vec<DescribedSchedule>) -> Result<Vec<Schedule>, ScheduleError> {
    if described.len() > SCHEDULES {
        return Err(ScheduleError::Many(described.len()));
    }
    let mut names = HashSet::new();
    let one = |DescribedSchedule { name, times, time_zone }: DescribedSchedule| {
        if name.is_empty() || name.len() > NAME {
            return Err(ScheduleError::Name(name.len()));
        }
        let name: Arc<str> = name.into();
        if !names.insert(name.clone()) {
            return Err(ScheduleError::Twice(text::message(&name)));
        }
        let wrong = |error: TimesError| ScheduleError::Times { times: text::message(&times), error };
        Ok(Schedule { name, times: Times::parse(&times, time_zone.as_deref()).map_err(wrong)? })
    };
    described.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, times: &str) -> DescribedSchedule {
        DescribedSchedule { name: name.to_owned(), times: times.to_owned(), time_zone: None }
    }

    fn error(schedules: &[(&str, &str)]) -> String {
        let described = schedules.iter().map(|(name, times)| described(name, times)).collect();
        check(described).unwrap_err().to_string()
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(check(Vec::new()), Ok(Vec::new()));
        let checked = check(vec![described("clean up", "every 10s"), described("b", "every 10s")]).unwrap();
        assert_eq!(checked.iter().map(|schedule| &*schedule.name).collect::<Vec<_>>(), ["clean up", "b"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            error(&[("a", "every 1s"), ("a", "every 2s")]),
            "two of the component's schedules have the name `a`"
        );
        assert_eq!(error(&[("", "every 1s")]), "a schedule's name has from 1 to 255 bytes, and one has 0");
        assert_eq!(
            error(&[(&"n".repeat(256), "every 1s")]),
            "a schedule's name has from 1 to 255 bytes, and one has 256"
        );
        assert_eq!(error(&[("a", "every 0s")]), "the schedule `every 0s` is no interval from one second to 366 days");
        let many: Vec<String> = (0..=SCHEDULES).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(|name| (&**name, "every 1s")).collect();
        assert_eq!(error(&many), "the component has 65 schedules; at most 64");
        assert!(check(many.iter().skip(1).map(|(name, times)| described(name, times)).collect()).is_ok());
    }
}
