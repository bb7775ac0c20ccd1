//! Values of flags in human units. Each is printed in the form in which it is read, so that `--help` shows defaults as
//! a user would write them.
//!
//! Zero is refused here: it makes no sense for any of these flags, and does not turn a limit off.

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

/// A number of bytes: `1MB` is 1,000,000, `1MiB` is 1,048,576, a bare number is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

/// The largest first; `1.5MiB` prints as `1536KiB`.
const UNITS: [(&str, usize); 6] =
    [("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1_000)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: ByteSize = text
            .parse()
            .map_err(|_| "not a size: write `500kB`, `1MB` (1,000,000) or `1MiB` (1,048,576)".to_owned())?;
        match usize::try_from(size.as_u64()) {
            Ok(0) => Err("must be more than 0".to_owned()),
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err("more bytes than this machine can address".to_owned()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0.is_multiple_of(*bytes)) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

/// A length of time: `10s`, `1m 30s`, `200ms`. From one millisecond, the protocol's unit, to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text) {
            Err(_) => Err("not a time: write `200ms`, `10s` or `1m 30s`".to_owned()),
            Ok(time) if time < SHORTEST => Err("must be at least 1ms".to_owned()),
            Ok(time) if time > LONGEST => Err("must be at most a year".to_owned()),
            Ok(time) => Ok(Self(time)),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A number, or `none` for no separate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountOrNone(pub Option<NonZeroUsize>);

impl CountOrNone {
    /// From a limit, which is never 0.
    pub fn of(limit: Option<usize>) -> Self {
        Self(limit.and_then(NonZeroUsize::new))
    }
}

impl FromStr for CountOrNone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            number => match number.parse() {
                Ok(count) => Ok(Self(Some(count))),
                Err(error) => Err(format!("neither a number nor `none`: {error}")),
            },
        }
    }
}

impl fmt::Display for CountOrNone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => count.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// A text that may have a password: neither errors nor logs show it. It is read once everything else is.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_as_they_are_read() {
        for (text, bytes) in [
            ("1MB", 1_000_000),
            ("4MiB", 4 << 20),
            ("64KiB", 64 << 10),
            ("3GiB", 3 << 30),
            ("500kB", 500_000),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
            assert_eq!(Size(bytes).to_string(), text);
        }
        assert_eq!("1.5MiB".parse(), Ok(Size(1536 << 10)));
        assert_eq!("1048576".parse(), Ok(Size(1 << 20)));
        assert_eq!("1 mb".parse(), Ok(Size(1_000_000)));
    }

    #[test]
    fn sizes_that_mean_nothing_are_refused() {
        for text in ["", "0", "0MB", "-1MB", "MB", "1XB", "ten"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_print_as_they_are_read() {
        for (text, millis) in [("10s", 10_000), ("200ms", 200), ("1m 30s", 90_000)] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(millis))));
            assert_eq!(Time(Duration::from_millis(millis)).to_string(), text);
        }
    }

    #[test]
    fn times_that_mean_nothing_are_refused() {
        for text in ["", "0s", "10us", "10", "2years", "-1s", "soon"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn counts_may_be_none() {
        assert_eq!("none".parse(), Ok(CountOrNone(None)));
        assert_eq!("20".parse(), Ok(CountOrNone(NonZeroUsize::new(20))));
        assert_eq!(CountOrNone(NonZeroUsize::new(20)).to_string(), "20");
        assert!("0".parse::<CountOrNone>().is_err());
    }
}
