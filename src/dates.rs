//! Dates in every form the networks use.
//!
//! RFC 3339 (any offset, any fraction, a space for the `T`, with or without seconds, no offset
//! meaning universal time), Twitter's `Fri Oct 30 18:45:24 +0000 2020`, RFC 2822, and numbers since
//! 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by their size.

use crate::time::{SECOND, Timestamp};

/// Reads `s` in any known form.
pub fn parse(s: &str) -> Option<Timestamp> {
    let s = s.trim_ascii();
    match s.as_bytes() {
        [d, ..] if d.is_ascii_digit() => iso(s.as_bytes()).or_else(|| number(s)).or_else(|| rfc2822(s)),
        [b'-' | b'+', ..] => number(s),
        _ => twitter(s).or_else(|| rfc2822(s)),
    }
}

/// Reads `s` by a strptime pattern; without a zone in it, as universal time.
pub fn parse_with(pattern: &str, s: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::parse(pattern, s).ok()?;
    let at = match parsed.to_timestamp() {
        Ok(at) => at,
        Err(_) if parsed.offset().is_some() => return None,
        Err(_) => {
            let date = parsed.to_date().ok()?;
            let time = parsed.to_time().unwrap_or(jiff::civil::Time::midnight());
            date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(Timestamp(at.as_microsecond()))
}

/// Whether `pattern` can be written and read back, and holds a date.
pub fn is_pattern(pattern: &str) -> bool {
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    let written = jiff::fmt::strtime::format(pattern, &sample);
    written.is_ok_and(|written| parse_with(pattern, &written).is_some())
}

/// A number since 1970. Below 10^11 it is seconds (year 5138), then milliseconds, microseconds and
/// nanoseconds follow in steps of a thousand.
pub fn from_number(n: i64) -> Timestamp {
    match n.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_seconds(n),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millis(n),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp(n),
        _ => Timestamp(n.div_euclid(1000)),
    }
}

/// The time in an X or Twitter id: milliseconds since 2010-11-04T01:42:54.657Z above 22 bits, for
/// ids after that scheme began; `None` before.
pub fn from_snowflake(id: &str) -> Option<Timestamp> {
    const FIRST: i64 = 30_000_000_000;
    let id: i64 = id.parse().ok()?;
    (id >= FIRST).then(|| Timestamp::from_millis((id >> 22) + 1_288_834_974_657))
}

/// Seconds with a fraction since 1970.
pub fn from_float(f: f64) -> Option<Timestamp> {
    if f.fract() == 0.0 {
        return (f.abs() < 9.2e18).then(|| from_number(f as i64));
    }
    (f.abs() < 1e11).then(|| Timestamp((f * 1e6).round() as i64))
}

fn number(s: &str) -> Option<Timestamp> {
    match s.parse::<i64>() {
        Ok(n) => Some(from_number(n)),
        Err(_) => from_float(s.parse().ok()?),
    }
}

/// Reads bytes from the front.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, n: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(n)?;
        let value = head.iter().try_fold(0, |v, d| d.is_ascii_digit().then(|| v * 10 + i64::from(d - b'0')))?;
        self.0 = rest;
        Some(value)
    }

    /// Takes the next byte if it is one of `any`.
    fn take(&mut self, any: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        any.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Digits after the decimal point, as microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let n = self.0.iter().take_while(|d| d.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        let kept = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
        (n > 0).then(|| kept.fold(0, |v, d| v * 10 + i64::from(d - b'0')))
    }

    /// `Z`, `+hh:mm`, `+hhmm`, `+hh` or nothing, in seconds east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        let Some(sign) = self.take(b"Zz+-") else { return Some(0) };
        if matches!(sign, b'Z' | b'z') {
            return Some(0);
        }
        let hours = self.digits(2)?;
        let colon = self.take(b":").is_some();
        let minutes = if colon || !self.0.is_empty() { self.digits(2)? } else { 0 };
        let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
        Some(if sign == b'-' { -seconds } else { seconds })
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// RFC 3339 and what people write for it.
fn iso(bytes: &[u8]) -> Option<Timestamp> {
    let mut c = Cursor(bytes);
    let year = c.digits(4)?;
    c.take(b"-")?;
    let month = c.digits(2)?;
    c.take(b"-")?;
    let day = days(year, month, c.digits(2)?)?;
    if c.0.is_empty() {
        return clock(day, 0, 0, 0).map(Timestamp::from_seconds);
    }
    c.take(b"Tt ")?;
    let hour = c.digits(2)?;
    c.take(b":")?;
    let minute = c.digits(2)?;
    let second = if c.take(b":").is_some() { c.digits(2)? } else { 0 };
    let micros = if c.take(b".,").is_some() { c.fraction()? } else { 0 };
    c.take(b" ");
    let offset = c.offset()?;
    c.end()?;
    Some(Timestamp((clock(day, hour, minute, second)? - offset) * SECOND + micros))
}

/// `Fri Oct 30 18:45:24 +0000 2020`; the weekday is not looked at.
fn twitter(s: &str) -> Option<Timestamp> {
    let mut c = Cursor(s.as_bytes().get(4..)?);
    let (name, rest) = c.0.split_at_checked(3)?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| m.as_bytes() == name)? as i64 + 1;
    c.0 = rest;
    c.take(b" ")?;
    let day = c.digits(2)?;
    c.take(b" ")?;
    let hour = c.digits(2)?;
    c.take(b":")?;
    let minute = c.digits(2)?;
    c.take(b":")?;
    let second = c.digits(2)?;
    c.take(b" ")?;
    let (zone, year) = c.0.split_at_checked(5)?;
    let mut zone = Cursor(zone);
    let offset = zone.offset()?;
    zone.end()?;
    c.0 = year;
    c.take(b" ")?;
    let day = days(c.digits(4)?, month, day)?;
    c.end()?;
    Some(Timestamp::from_seconds(clock(day, hour, minute, second)? - offset))
}

fn rfc2822(s: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(s).ok()?;
    Some(Timestamp(at.timestamp().as_microsecond()))
}

/// Seconds since 1970; a leap second counts as the one before it.
fn clock(day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second <= 60).then(|| day * 86_400 + hour * 3600 + minute * 60 + second.min(59))
}

/// Days since 1970 of a date of the Gregorian calendar: Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_the_networks_use() {
        let table = [
            ("2020-10-30T18:45:24Z", "2020-10-30T18:45:24Z"),
            ("2020-10-30T18:45:24.000Z", "2020-10-30T18:45:24Z"),
            ("2026-07-04T10:00:00.123456789Z", "2026-07-04T10:00:00.123456Z"),
            ("2026-07-04T10:00:00.1Z", "2026-07-04T10:00:00.1Z"),
            ("2026-07-04t10:00:00z", "2026-07-04T10:00:00Z"),
            ("2026-07-04T10:00:00-06:00", "2026-07-04T16:00:00Z"),
            ("2026-07-04T10:00:00+0530", "2026-07-04T04:30:00Z"),
            ("2026-07-04T10:00:00+02", "2026-07-04T08:00:00Z"),
            ("2023-05-02 13:01:05+00:00", "2023-05-02T13:01:05Z"),
            ("2023-05-02 13:01:05 +0000", "2023-05-02T13:01:05Z"),
            ("2020-10-16 01:40:38", "2020-10-16T01:40:38Z"),
            ("2020-10-16T01:40", "2020-10-16T01:40:00Z"),
            ("2020-10-16", "2020-10-16T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            (" 2024-02-29T00:00:00Z\n", "2024-02-29T00:00:00Z"),
            ("Fri Oct 30 18:45:24 +0000 2020", "2020-10-30T18:45:24Z"),
            ("Tue Nov 17 03:18:33 -0530 2015", "2015-11-17T08:48:33Z"),
            ("Fri, 30 Oct 2020 18:45:24 +0000", "2020-10-30T18:45:24Z"),
            ("Fri, 30 Oct 2020 18:45:24 GMT", "2020-10-30T18:45:24Z"),
            ("30 Oct 2020 18:45:24 -0600", "2020-10-31T00:45:24Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("-1", "1969-12-31T23:59:59Z"),
            ("1604083524", "2020-10-30T18:45:24Z"),
            ("1604083524.5", "2020-10-30T18:45:24.5Z"),
            ("1604083524123", "2020-10-30T18:45:24.123Z"),
            ("1604083524123456", "2020-10-30T18:45:24.123456Z"),
            ("1604083524123456789", "2020-10-30T18:45:24.123456Z"),
        ];
        for (written, expected) in table {
            assert_eq!(parse(written).map(|t| t.to_string()).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_date() {
        let table = [
            "",
            " ",
            "yesterday",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01",
            "2023-01-00",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00+25:00",
            "2023-01-01T00:00:00Zulu",
            "2023-1-1",
            "Fri Okt 30 18:45:24 +0000 2020",
            "Fri Oct 30 18:45:24 +0000",
            "Fri Oct 30 18:45:24 UTC 2020",
            "nan",
            "inf",
            "-inf",
            "1e300",
            "ñandú 30 18:45:24 +0000 2020",
        ];
        for written in table {
            assert_eq!(parse(written), None, "{written}");
        }
    }

    #[test]
    fn patterns() {
        let table = [
            ("%d/%m/%Y %H:%M", "16/10/2020 01:40", Some("2020-10-16T01:40:00Z")),
            ("%Y-%m-%d %H:%M:%S %z", "2020-10-16 01:40:38 -0600", Some("2020-10-16T07:40:38Z")),
            ("%d.%m.%Y", "16.10.2020", Some("2020-10-16T00:00:00Z")),
            ("%d.%m.%Y", "16.13.2020", None),
        ];
        for (pattern, written, expected) in table {
            assert_eq!(parse_with(pattern, written).map(|t| t.to_string()).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn ids_of_x_hold_their_time() {
        // From the recorded streams: id, created_at.
        assert_eq!(from_snowflake("666455353303810048").map(|t| t.second()), parse("Tue Nov 17 03:18:33 +0000 2015").map(|t| t.second()));
        assert_eq!(from_snowflake("20"), None);
        assert_eq!(from_snowflake("x"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(micros in -62_135_596_800_000_000i64..253_402_300_000_000_000) {
            let at = Timestamp(micros);
            prop_assert_eq!(parse(&at.to_string()), Some(at));
        }

        #[test]
        fn never_panics(s in "\\PC{0,40}", digits in "[0-9TZ: +.-]{0,40}") {
            let _ = (parse(&s), parse(&digits), parse_with(&s, &digits), parse_with("%Y %z", &s), from_snowflake(&digits));
        }
    }
}
