//! Which time a report is about.

use crate::time::{HOUR, Timestamp, Zone};

/// A period as it is typed; civil ones depend on the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From, and up to without it.
    Between(Timestamp, Timestamp),
    /// Civil days since 1970-01-01: the first, and the one after the last.
    Days(i64, i64),
}

/// How often a report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// After each day.
    Day,
    /// After each week, Monday to Sunday.
    Week,
    /// After each month.
    Month,
}

impl Every {
    /// All, with the names in the configuration.
    pub const ALL: [(&'static str, Every); 3] = [("day", Every::Day), ("week", Every::Week), ("month", Every::Month)];

    /// The last whole period before `now`.
    pub fn last(self, now: Timestamp, zone: &Zone) -> Period {
        let today = zone.clone().day(now);
        match self {
            Every::Day => Period::Days(today - 1, today),
            Every::Week => {
                // 1970-01-01 was a Thursday: three days after Monday.
                let monday = today - (today + 3).rem_euclid(7);
                Period::Days(monday - 7, monday)
            }
            Every::Month => {
                let first = date(today).first_of_month();
                Period::Days(number(first.yesterday().unwrap_or(first).first_of_month()), number(first))
            }
        }
    }
}

impl Every {
    /// The name of that period: `2026-03-02`, `2026-W10`, `2026-03`.
    pub fn name(self, now: Timestamp, zone: &Zone) -> String {
        let Period::Days(first, _) = self.last(now, zone) else { return String::new() };
        let first = date(first);
        match self {
            Every::Day => first.to_string(),
            Every::Week => {
                let week = first.iso_week_date();
                format!("{}-W{:02}", week.year(), week.week())
            }
            Every::Month => format!("{:04}-{:02}", first.year(), first.month()),
        }
    }
}

impl Period {
    /// `2020-10-07`.
    pub fn day(text: &str) -> Option<Period> {
        let day = number(text.parse().ok().filter(|_| text.len() == 10)?);
        Some(Period::Days(day, day + 1))
    }

    /// From and up to, without the end: two moments (RFC 3339), or two civil days.
    pub fn between(from: &str, to: &str) -> Option<Period> {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_microsecond()));
        match (Period::day(from), Period::day(to)) {
            (Some(Period::Days(from, _)), Some(Period::Days(to, _))) => Some(Period::Days(from, to)),
            _ => Some(Period::Between(moment(from)?, moment(to)?)),
        }
    }

    /// Whether it ends before it began.
    pub fn is_empty(self) -> bool {
        match self {
            Period::Between(from, to) => from >= to,
            Period::Days(from, to) => from >= to,
        }
    }

    /// `2020-W41`: a week by ISO 8601, Monday to Sunday.
    pub fn week(text: &str) -> Option<Period> {
        let (year, week) = text.split_once("-W")?;
        let monday = jiff::civil::ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, jiff::civil::Weekday::Monday).ok()?;
        let monday = number(monday.date());
        Some(Period::Days(monday, monday + 7))
    }

    /// `2020-10`.
    pub fn month(text: &str) -> Option<Period> {
        let (year, month) = text.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2)?;
        let first = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        Some(Period::Days(number(first), number(first.last_of_month()) + 1))
    }

    /// From, and up to without it, in `zone`.
    pub fn window(self, zone: &Zone) -> (Timestamp, Timestamp) {
        match self {
            Period::Between(from, to) => (from, to),
            Period::Days(from, to) => (zone.start_of_day(from), zone.start_of_day(to)),
        }
    }
}

fn date(day: i64) -> jiff::civil::Date {
    Timestamp(day.saturating_mul(24 * HOUR)).to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn number(date: jiff::civil::Date) -> i64 {
    date.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(period: Option<Period>, zone: &str) -> Option<(String, String)> {
        let (from, to) = period?.window(&Zone::named(zone).unwrap());
        Some((from.to_string(), to.to_string()))
    }

    #[test]
    fn periods_are_civil() {
        let table = [
            (Period::month("2020-10"), "Europe/Madrid", "2020-09-30T22:00:00Z", "2020-10-31T23:00:00Z"),
            (Period::month("2020-02"), "UTC", "2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"),
            (Period::day("2020-10-25"), "Europe/Madrid", "2020-10-24T22:00:00Z", "2020-10-25T23:00:00Z"),
            (Period::week("2020-W53"), "UTC", "2020-12-28T00:00:00Z", "2021-01-04T00:00:00Z"),
            (Period::week("2021-W01"), "America/Mexico_City", "2021-01-04T06:00:00Z", "2021-01-11T06:00:00Z"),
        ];
        for (from, to, days) in [
            ("2026-03-02", "2026-03-04", Some(true)),
            ("2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z", Some(false)),
            ("2026-03-02", "2026-03-04T00:00:00Z", None),
            ("2026-03-02", "ayer", None),
        ] {
            let period = Period::between(from, to);
            assert_eq!(period.map(|p| matches!(p, Period::Days(..))), days, "{from} {to}");
            let turned = Period::between(to, from);
            assert!(period.is_none_or(|p| !p.is_empty()) && turned.is_none_or(Period::is_empty), "{from} {to}");
        }
        for (period, zone, from, to) in table {
            assert_eq!(shown(period, zone), Some((from.to_owned(), to.to_owned())));
        }
        for text in ["2020-13", "2020", "20-10", "", "2020-1", "octubre"] {
            assert_eq!(Period::month(text), None, "{text}");
        }
        assert_eq!(
            (Period::week("2021-W53"), Period::week("2021-1"), Period::day("2020-02-30"), Period::day("2020-1-1")),
            (None, None, None, None)
        );
    }

    #[test]
    fn the_last_whole_period_is_over() {
        let now: jiff::Timestamp = "2021-01-03T23:30:00Z".parse().unwrap();
        let now = Timestamp(now.as_microsecond());
        let (utc, madrid) = (Zone::utc(), Zone::named("Europe/Madrid").unwrap());
        // Sunday in London, Monday in Madrid.
        assert_eq!(Every::Week.last(now, &utc), Period::week("2020-W52").unwrap());
        assert_eq!(Every::Week.last(now, &madrid), Period::week("2020-W53").unwrap());
        assert_eq!(Every::Day.last(now, &utc), Period::day("2021-01-02").unwrap());
        assert_eq!(Every::Month.last(now, &utc), Period::month("2020-12").unwrap());
    }
}
