//! When schedules are due, on fixed days.

use proptest::prelude::*;

use super::*;

fn times(text: &str, zone: Option<&str>) -> Times {
    Times::parse(text, zone).unwrap_or_else(|error| panic!("`{text}` {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next so many times after one, in UTC.
fn following(times: &Times, after: &str, count: usize) -> Vec<String> {
    let mut after = at(after);
    let next = || {
        after = times.next(after)?;
        Some(after.to_string())
    };
    std::iter::from_fn(next).take(count).collect()
}

fn cron(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    following(&times(text, Some(zone)), after, count)
}

fn utc(text: &str, after: &str, count: usize) -> Vec<String> {
    following(&times(text, None), after, count)
}

#[test]
fn intervals_are_multiples_since_1970() {
    let next = |text: &str, after: &str| utc(text, after, 1).remove(0);
    assert_eq!(next("every 10s", "2026-11-30T12:00:03Z"), "2026-11-30T12:00:10Z");
    assert_eq!(next("every 10s", "2026-11-30T12:00:10Z"), "2026-11-30T12:00:20Z", "after, not at");
    assert_eq!(next("every 10s", "2026-11-30T12:00:09.9999Z"), "2026-11-30T12:00:10Z");
    assert_eq!(next("every 1h", "2026-11-30T12:34:56Z"), "2026-11-30T13:00:00Z");
    assert_eq!(next(" every 1h 30m ", "2026-11-30T12:34:56Z"), "2026-11-30T13:30:00Z");
    assert_eq!(next("every 1d", "2024-02-28T12:00:00Z"), "2024-02-29T00:00:00Z");
    assert_eq!(next("every 1500ms", "1970-01-01T00:00:00Z"), "1970-01-01T00:00:01.5Z");
    assert_eq!(next("every 10s", "1969-12-31T23:59:55Z"), "1970-01-01T00:00:00Z");
}

#[test]
fn cron_expressions_have_five_fields() {
    assert_eq!(utc("30 9 * * *", "2026-11-30T09:30:00Z", 1), ["2026-12-01T09:30:00Z"]);
    assert_eq!(utc("30 9 * * *", "2026-11-30T09:29:59.999Z", 1), ["2026-11-30T09:30:00Z"]);
    assert_eq!(
        utc("*/20 8-9 * * *", "2026-11-30T08:10:00Z", 6),
        [
            "2026-11-30T08:20:00Z",
            "2026-11-30T08:40:00Z",
            "2026-11-30T09:00:00Z",
            "2026-11-30T09:20:00Z",
            "2026-11-30T09:40:00Z",
            "2026-12-01T08:00:00Z"
        ]
    );
    // 30 November 2026 is a Monday.
    for monday in ["0 9 * * 1", "0 9 * * mon", "0 9 * * MON"] {
        assert_eq!(utc(monday, "2026-11-30T08:00:00Z", 2), ["2026-11-30T09:00:00Z", "2026-12-07T09:00:00Z"]);
    }
    for sunday in ["0 9 * * 0", "0 9 * * 7", "0 9 * * sun"] {
        assert_eq!(utc(sunday, "2026-11-30T08:00:00Z", 1), ["2026-12-06T09:00:00Z"]);
    }
    assert_eq!(utc("0 0 1 jan,jul *", "2026-11-30T08:00:00Z", 2), ["2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"]);
}

#[test]
fn either_day_is_enough_if_both_are_named() {
    let days = utc("0 0 13 * fri", "2026-11-01T00:00:00Z", 4);
    assert_eq!(days, ["2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z"]);
    let days = utc("0 0 15 * fri", "2026-11-12T00:00:00Z", 3);
    assert_eq!(days, ["2026-11-13T00:00:00Z", "2026-11-15T00:00:00Z", "2026-11-20T00:00:00Z"]);
}

#[test]
fn months_end_where_they_do() {
    let last = utc("0 0 31 * *", "2026-01-01T00:00:00Z", 3);
    assert_eq!(last, ["2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]);
    assert_eq!(utc("59 23 31 12 *", "2026-12-31T23:59:00Z", 1), ["2027-12-31T23:59:00Z"]);
    let last = utc("0 0 L * *", "2027-12-31T00:00:00Z", 3);
    assert_eq!(last, ["2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"]);
}

/// What docs/schedules.md promises beyond the five fields of every cron.
#[test]
fn days_are_also_counted_and_combined() {
    assert_eq!(utc("0 9 * * fri#2", "2026-11-30T00:00:00Z", 2), ["2026-12-11T09:00:00Z", "2027-01-08T09:00:00Z"]);
    // 15 November 2026 is a Sunday, 15 August a Saturday.
    assert_eq!(utc("0 9 15W * *", "2026-11-01T00:00:00Z", 1), ["2026-11-16T09:00:00Z"]);
    assert_eq!(utc("0 9 15W * *", "2026-08-01T00:00:00Z", 1), ["2026-08-14T09:00:00Z"]);
    assert_eq!(utc("0 9 1-7 * +mon", "2026-11-03T00:00:00Z", 2), ["2026-12-07T09:00:00Z", "2027-01-04T09:00:00Z"]);
}

#[test]
fn leap_days_come_every_four_years_or_eight() {
    assert_eq!(utc("0 12 29 2 *", "2026-11-30T00:00:00Z", 2), ["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z"]);
    assert_eq!(utc("0 12 29 2 *", "2096-02-29T12:00:00Z", 1), ["2104-02-29T12:00:00Z"]);
}

#[test]
fn a_time_zone_is_that_of_its_clocks() {
    // 9:00 in Berlin is 8:00 UTC in winter, and 7:00 in summer.
    let mondays = cron("0 9 * * 1", "Europe/Berlin", "2026-03-20T00:00:00Z", 3);
    assert_eq!(mondays, ["2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z"]);
    let mondays = cron("0 9 * * 1", "Europe/Berlin", "2026-10-19T07:00:00Z", 1);
    assert_eq!(mondays, ["2026-10-26T08:00:00Z"]);
    assert_eq!(cron("30 5 * * *", "Asia/Kolkata", "2026-11-30T00:00:00Z", 1), ["2026-12-01T00:00:00Z"]);
    assert_eq!(cron("0 0 * * *", "utc", "2026-11-30T00:00:00Z", 1), ["2026-12-01T00:00:00Z"]);
}

/// On 29 March 2026 clocks in Berlin go from 2:00 (1:00 UTC) to 3:00.
#[test]
fn a_time_that_does_not_exist_comes_once_and_as_much_later() {
    let nightly = cron("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
    assert_eq!(nightly, ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    // Asked between the change and that time.
    let nightly = cron("30 2 * * *", "Europe/Berlin", "2026-03-29T01:10:00Z", 2);
    assert_eq!(nightly, ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    // 2:30, which does not exist, is after 3:00, and the same as 3:30.
    let half_hours = cron("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
    assert_eq!(half_hours, ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z"]);
    let both = cron("30 2 29 3 *", "Europe/Berlin", "2026-03-29T01:29:59Z", 1);
    assert_eq!(both, ["2026-03-29T01:30:00Z"]);
    let all = cron("*/15 * * * *", "Europe/Berlin", "2026-03-29T00:45:00Z", 5);
    assert_eq!(
        all,
        [
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:15:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-29T01:45:00Z",
            "2026-03-29T02:00:00Z"
        ]
    );
}

/// On 25 October 2026 clocks in Berlin go from 3:00 (1:00 UTC) back to 2:00.
#[test]
fn a_time_that_comes_twice_is_the_first_one() {
    let nightly = cron("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
    assert_eq!(nightly, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    // Asked while the hour comes a second time.
    let nightly = cron("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1);
    assert_eq!(nightly, ["2026-10-26T01:30:00Z"]);
    let all = cron("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 5);
    assert_eq!(
        all,
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T02:30:00Z",
            "2026-10-25T03:00:00Z"
        ]
    );
    assert_eq!(cron("0 3 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", 1), ["2026-10-25T02:00:00Z"]);
}

/// Samoa had no 30 December 2011; Lord Howe sets its clocks by half an hour.
#[test]
fn clocks_are_set_by_other_amounts_too() {
    let noons = cron("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3);
    assert_eq!(noons, ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"]);
    let nights = cron("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", 3);
    assert_eq!(nights, ["2026-10-02T15:45:00Z", "2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z"]);
}

/// Whatever the moment, the next time is after it, and none lies between.
#[test]
fn no_time_is_left_out_and_none_comes_back() {
    for text in ["*/15 * * * *", "30 2 * * *", "0,59 1-4 * * *", "0 0 29 * sun"] {
        let times = times(text, Some("Europe/Berlin"));
        for day in ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"] {
            let (start, mut all) = (at(day), Vec::new());
            let end = start + SignedDuration::from_hours(12);
            let mut now = start;
            while let Some(next) = times.next(now).filter(|next| *next <= end) {
                assert!(next > now, "{text}: {next} follows {now}");
                all.push(next);
                now = next;
            }
            for minute in 0..12 * 60 {
                let now = start + SignedDuration::from_mins(minute);
                let expected = all.iter().find(|due| **due > now);
                let next = times.next(now).filter(|next| *next <= end);
                assert_eq!(next.as_ref(), expected, "{text}: after {now}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let error = |text: &str, zone| format!("`{text}` {}", Times::parse(text, zone).unwrap_err());
    for text in ["", "often", "every", "* * * *", "* * * * * *", "@daily", "Every 10s"] {
        assert_eq!(Times::parse(text, None), Err(TimesError::Unknown), "{text}");
    }
    for text in ["every second", "every 10", "every -1s", "every 99999999999999999999s"] {
        assert!(matches!(Times::parse(text, None), Err(TimesError::Interval(_))), "{text}");
    }
    for text in ["every 0s", "every 999ms", "every 367days", "every 10years"] {
        assert_eq!(Times::parse(text, None), Err(TimesError::Bounds), "{text}");
    }
    for text in
        ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "a * * * *", "*/0 * * * *"]
    {
        assert!(matches!(Times::parse(text, None), Err(TimesError::Cron(_))), "{text}");
    }
    assert_eq!(Times::parse("0 0 30 2 *", None), Err(TimesError::Never));
    assert_eq!(Times::parse(&"1".repeat(TEXT + 1), None), Err(TimesError::Long));
    assert_eq!(Times::parse("every 10s", Some("UTC")), Err(TimesError::IntervalZone));
    for zone in ["", "Berlin", "Europe/Berlim", "../../etc/passwd", "/etc/localtime", &"a".repeat(1_000)] {
        assert!(matches!(Times::parse("* * * * *", Some(zone)), Err(TimesError::Zone(_))), "{zone}");
    }
    assert_eq!(
        error("* * * * *", Some("Europe/Berlim")),
        "`* * * * *` is in the time zone `Europe/Berlim`, which there is not: IANA names are like `Europe/Berlin`"
    );
    assert_eq!(times("0 9 * * 1", Some("Europe/Berlin")).to_string(), "0 9 * * 1 Europe/Berlin");
    assert_eq!(times("every 10s", None).to_string(), "every 10s");
}

proptest! {
    #[test]
    fn any_text_has_times_or_an_error(
        text in prop_oneof![
            "(every )?[ -~äλ😀]{0,40}",
            "([0-9*/,LW#+?-]{1,6}|mon|jan|MON-FRI)( ([0-9*/,LW#+?-]{1,6}|sun|dec|MON-FRI)){4}",
        ],
        zone in prop_oneof![Just(None), Just(Some("America/New_York")), Just(Some("Pacific/Apia"))],
        seconds in -2_000_000_000_i64..20_000_000_000,
    ) {
        if let Ok(times) = Times::parse(&text, zone) {
            let after = Timestamp::from_second(seconds).unwrap();
            prop_assert!(times.next(after).is_none_or(|next| next > after), "{text}");
        }
    }
}
