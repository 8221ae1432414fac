//! Days that are unlike others: holidays and paydays, by rules that hold for every year.
//!
//! What people write on such a day is compared with other days of its kind, and does not teach what
//! is usual on an ordinary Monday.

use jiff::civil::{Date, Weekday};

/// What makes a day unlike others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Special {
    /// Nobody works.
    Holiday,
    /// Wages are paid.
    Payday,
}

impl Special {
    /// All.
    pub const ALL: [Special; 2] = [Special::Holiday, Special::Payday];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Special::Holiday => "holiday",
            Special::Payday => "payday",
        }
    }

    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Special> {
        Special::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// Which days a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// One date.
    Once(Date),
    /// Every year: month and day.
    Yearly(i8, i8),
    /// Every month on this day.
    Monthly(i8),
    /// The last day of every month.
    MonthEnd,
    /// The nth such weekday of a month, from 1; -1 is the last.
    Nth(i8, Weekday, i8),
    /// This many days after Easter Sunday of the Western churches.
    Easter(i16),
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const ORDINALS: [(&str, i8); 5] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("last", -1)];

impl When {
    /// Reads `2026-05-10`, `12-25` (every year), `15` (every month), `last` (of every month),
    /// `first monday of february`, `last friday of november`, `easter`, `easter-2` or `easter+1`.
    pub fn parse(text: &str) -> Option<When> {
        let text = text.trim();
        if text == "last" {
            return Some(When::MonthEnd);
        }
        if let Some(offset) = text.strip_prefix("easter") {
            let days: i16 = if offset.is_empty() { 0 } else { offset.parse().ok()? };
            let signed = offset.is_empty() || offset.starts_with(['+', '-']);
            return (signed && (-180..=180).contains(&days)).then_some(When::Easter(days));
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return When::digits(text);
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [nth, weekday, "of", month] = words[..] else { return None };
        let (_, nth) = ORDINALS.iter().find(|(name, _)| *name == nth)?;
        let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| *name == weekday)?;
        let month = MONTHS.iter().position(|name| *name == month)? as i8 + 1;
        Some(When::Nth(*nth, *weekday, month))
    }

    fn digits(text: &str) -> Option<When> {
        let mut parts = text.split('-').map(|part| part.parse::<i16>().ok());
        let (first, second, third) = (parts.next()??, parts.next(), parts.next());
        // A leap year, so that the 29th of February can be named.
        const LEAP: i16 = 2024;
        match (second, third, parts.next()) {
            (None, None, None) => (1..=31).contains(&first).then_some(When::Monthly(first as i8)),
            (Some(day), None, None) => {
                let date = Date::new(LEAP, i8::try_from(first).ok()?, i8::try_from(day?).ok()?).ok()?;
                Some(When::Yearly(date.month(), date.day()))
            }
            (Some(month), Some(day), None) => Date::new(first, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?).ok().map(When::Once),
            _ => None,
        }
    }

    /// Whether it names `date`.
    fn is(self, date: Date) -> bool {
        match self {
            When::Once(day) => day == date,
            When::Yearly(month, day) => (month, day) == (date.month(), date.day()),
            When::Monthly(day) => date.day() == day,
            When::MonthEnd => date.day() == date.days_in_month(),
            When::Nth(nth, weekday, month) => {
                date.month() == month && date.nth_weekday_of_month(nth, weekday).is_ok_and(|found| found == date)
            }
            When::Easter(offset) => {
                // Easter of the next or the last year can be meant around New Year.
                (-1..=1).any(|years| easter(date.year() + years).and_then(|sunday| later(sunday, i64::from(offset))) == Some(date))
            }
        }
    }
}

/// Easter Sunday: the "anonymous Gregorian algorithm" (Nature, 20 April 1876; Meeus, Astronomical
/// Algorithms, chapter 8).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y.rem_euclid(19), y.div_euclid(100), y.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, (n / 31) as i8, (n % 31 + 1) as i8).ok()
}

/// `date` moved by `days`; `None` outside the years -9999 to 9999.
fn later(date: Date, days: i64) -> Option<Date> {
    date.checked_add(jiff::SignedDuration::from_hours(days.checked_mul(24)?)).ok()
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDay {
    /// What it is called.
    pub name: String,
    /// What it makes of the day.
    pub special: Special,
    /// Which days.
    pub when: When,
    /// Where it falls on a weekend or a holiday, it is the working day before.
    pub brought_forward: bool,
}

/// The special days of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// The rules; a holiday goes before a payday, an earlier rule before a later one.
    pub days: Vec<NamedDay>,
}

/// No weekend with holidays at both ends is longer.
const LONGEST_CLOSURE: i64 = 10;

impl Calendar {
    /// The rule that makes the civil day `day` (days since 1970) special.
    pub fn on(&self, day: i64) -> Option<&NamedDay> {
        if self.days.is_empty() {
            return None;
        }
        let date = later(Date::constant(1970, 1, 1), day)?;
        self.holiday(date).or_else(|| self.days.iter().find(|d| d.special == Special::Payday && self.is_paid(d, date)))
    }

    fn holiday(&self, date: Date) -> Option<&NamedDay> {
        self.days.iter().find(|d| d.special == Special::Holiday && d.when.is(date))
    }

    fn is_closed(&self, date: Date) -> bool {
        matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) || self.holiday(date).is_some()
    }

    /// Whether `rule` pays on `date`: by itself, or since the next days it names are not worked.
    fn is_paid(&self, rule: &NamedDay, date: Date) -> bool {
        if !rule.brought_forward {
            return rule.when.is(date);
        }
        if self.is_closed(date) {
            return false;
        }
        let mut closed = (1..LONGEST_CLOSURE).map_while(|n| later(date, n)).take_while(|d| self.is_closed(*d));
        rule.when.is(date) || closed.any(|d| rule.when.is(d))
    }
}

#[cfg(test)]
mod tests;
