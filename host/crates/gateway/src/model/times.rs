//! The times of a schedule: an interval, or a cron expression in a time zone.
//!
//! Pure: the time is an argument. The same text has the same times on every host. Nothing here is unbounded: texts are
//! short, and a search ends at the next match, or, for an expression that has none, at a year far away.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

#[cfg(test)]
#[path = "times_tests.rs"]
mod tests;

/// Bytes of an expression.
const TEXT: usize = 255;
/// Bytes of a time zone's name.
const ZONE: usize = 64;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
const FIELDS: usize = 5;
/// For this long after clocks were set forward, a time that did not exist may still be to come. They have never been set
/// forward by more than a day.
const AFTER_GAP: SignedDuration = SignedDuration::from_hours(25);

/// When something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// As its author wrote it.
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// The multiples of this many milliseconds since 1970, so that all hosts have the same.
    Every(i64),
    Cron(Box<CronRule>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct CronRule {
    cron: Cron,
    zone: TimeZone,
    /// None if its author named none.
    zone_name: Option<String>,
}

/// Why a text has no times.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// The text is too long.
    #[error("has more than {TEXT} bytes")]
    Long,
    /// Another number of fields.
    #[error(
        "is neither an interval, such as `every 10s`, nor a cron expression of five fields, such as `0 9 * * mon-fri`"
    )]
    Unknown,
    /// The duration cannot be read.
    #[error("is no interval ({0}): write `every 10s`, `every 5m` or `every 1h 30m`")]
    Interval(String),
    /// The duration is out of bounds.
    #[error("is no interval from one second to 366 days")]
    Bounds,
    /// An interval in a time zone.
    #[error("is an interval, which has no time zone; only cron expressions do")]
    IntervalZone,
    /// A time zone that is not in the database.
    #[error("is in the time zone `{0}`, which there is not: IANA names are like `Europe/Berlin`")]
    Zone(String),
    /// The fields cannot be read.
    #[error("is no cron expression: {0}")]
    Cron(String),
    /// A day such as 30 February.
    #[error("never comes")]
    Never,
}

impl Times {
    /// Reads `every 10s`, or a cron expression of five fields, which is in UTC if no time zone is named.
    ///
    /// # Errors
    ///
    /// If the text is neither, or there is no such time zone, or none of its times ever comes.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self, TimesError> {
        let text = text.trim();
        if text.len() > TEXT {
            return Err(TimesError::Long);
        }
        let rule = match (text.strip_prefix("every "), zone) {
            (Some(_), Some(_)) => return Err(TimesError::IntervalZone),
            (Some(interval), None) => Rule::Every(interval_of(interval)?),
            (None, zone) => Rule::Cron(Box::new(CronRule::parse(text, zone)?)),
        };
        let times = Self { text: text.to_owned(), rule };
        // Years do not matter to an expression: what does not come after this one never does.
        if times.next(Timestamp::UNIX_EPOCH).is_none() {
            return Err(TimesError::Never);
        }
        Ok(times)
    }

    /// The first time after this one; none beyond the year 5000.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Every(interval) => {
                let passed = after.as_millisecond().div_euclid(*interval);
                Timestamp::from_millisecond(passed.checked_add(1)?.checked_mul(*interval)?).ok()
            }
            Rule::Cron(rule) => rule.next(after),
        }
    }
}

/// As its author wrote it, with the time zone that he named.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.rule {
            Rule::Cron(rule) => rule.zone_name.iter().try_for_each(|zone| write!(f, " {zone}")),
            Rule::Every(_) => Ok(()),
        }
    }
}

fn interval_of(text: &str) -> Result<i64, TimesError> {
    let interval = humantime::parse_duration(text).map_err(|error| TimesError::Interval(error.to_string()))?;
    if !(SHORTEST..=LONGEST).contains(&interval) {
        return Err(TimesError::Bounds);
    }
    i64::try_from(interval.as_millis()).map_err(|_| TimesError::Bounds)
}

impl CronRule {
    fn parse(text: &str, zone_name: Option<&str>) -> Result<Self, TimesError> {
        // Said here, because the parser would speak of seconds and years.
        if text.split_whitespace().count() != FIELDS {
            return Err(TimesError::Unknown);
        }
        let zone = match zone_name {
            None => TimeZone::UTC,
            Some(name) => named(name).ok_or_else(|| TimesError::Zone(name.chars().take(ZONE).collect()))?,
        };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| TimesError::Cron(error.to_string()))?;
        Ok(Self { cron, zone, zone_name: zone_name.map(str::to_owned) })
    }

    /// The fields are matched on the clocks' time, and what matches is then looked up in the time zone. So each match is
    /// one time: one that does not exist is as much later as clocks were set forward, one that comes twice is the first.
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut soonest: Option<Timestamp> = None;
        let mut clock = self.clock_before(after);
        loop {
            let Ok(matched) = self.cron.find_next_occurrence(&clock, false) else { return soonest };
            clock = matched;
            let there = self.zone.to_ambiguous_timestamp(clock);
            let skipped = matches!(there.offset(), AmbiguousOffset::Gap { .. });
            let Ok(due) = there.compatible() else { return soonest };
            if due <= after {
                continue;
            }
            soonest = Some(soonest.map_or(due, |soonest| soonest.min(due)));
            // What follows a time that does not exist may come sooner than that.
            if !skipped {
                return soonest;
            }
        }
    }

    /// What clocks show, or would show if they had not been set forward just before.
    fn clock_before(&self, after: Timestamp) -> DateTime {
        let now = self.zone.to_offset(after);
        let before = after.checked_sub(AFTER_GAP).map_or(now, |before| self.zone.to_offset(before));
        earlier(now, before).to_datetime(after)
    }
}

/// The one whose clocks show less.
fn earlier(one: Offset, other: Offset) -> Offset {
    if one.seconds() <= other.seconds() { one } else { other }
}

fn named(zone: &str) -> Option<TimeZone> {
    if zone.len() > ZONE { None } else { TimeZone::get(zone).ok() }
}
