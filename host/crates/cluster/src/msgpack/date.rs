//! Dates, as JavaScript's `Date` shows them.

/// Milliseconds on either side of 1970 that a JavaScript `Date` can hold.
const RANGE: i64 = 8_640_000_000_000_000;
const DAY: i64 = 86_400_000;

/// The text of `Date.toJSON` for milliseconds since 1970; none where a `Date` cannot hold them.
pub(super) fn iso(milliseconds: i64) -> Option<String> {
    if !(-RANGE..=RANGE).contains(&milliseconds) {
        return None;
    }
    let (days, time) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1_000 % 60);
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1_000))
}

/// The text of `Date.toString` in UTC, as Node has it; none where a `Date` cannot hold the milliseconds.
pub(crate) fn date_text(milliseconds: i64) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = iso(milliseconds)?;
    let time = iso.get(iso.len().checked_sub(13)?..iso.len().checked_sub(5)?)?;
    let days = milliseconds.div_euclid(DAY);
    let (year, month, day) = civil(days);
    let weekday = DAYS.get(usize::try_from(days.rem_euclid(7)).ok()?)?;
    let month = MONTHS.get(usize::try_from(month - 1).ok()?)?;
    Some(format!("{weekday} {month} {day:02} {year:04} {time} GMT+0000 (Coordinated Universal Time)"))
}

/// Year, month and day of a number of days since 1970 in the Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`: years that begin in March, in eras of 400).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right sides are Node's.
    #[test]
    fn as_in_node() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_980_352_656, "2026-11-29T19:25:52.656Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (RANGE, "+275760-09-13T00:00:00.000Z"),
            (-RANGE, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(iso(milliseconds).as_deref(), Some(text));
        }
        let text = "Sun Nov 29 2026 19:25:52 GMT+0000 (Coordinated Universal Time)";
        assert_eq!(date_text(1_795_980_352_656).as_deref(), Some(text));
        assert_eq!(iso(RANGE + 1), None);
        assert_eq!(iso(i64::MIN), None);
    }
}
