//! What a report is made of, as tables: the matters themselves, and what changed of them.

use std::sync::Arc;

use super::{Period, Plan, Subject};
use crate::time::Timestamp;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A row for each matter, as it is now.
    Incidents,
    /// A row for each change of one, as it was then.
    Events,
}

impl Table {
    /// All.
    pub const ALL: [Table; 2] = [Table::Incidents, Table::Events];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Table::Incidents => "incidents",
            Table::Events => "events",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|t| t.as_str() == name)
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// RFC 4180, with the names of the columns in the first line.
    Csv,
    /// An object on each line.
    Ndjson,
}

impl Sheet {
    /// All.
    pub const ALL: [Sheet; 2] = [Sheet::Csv, Sheet::Ndjson];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sheet::Csv => "csv",
            Sheet::Ndjson => "ndjson",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Sheet> {
        Sheet::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// The time that a table is about, for each of its brands.
#[derive(Debug, Clone)]
pub struct Windows {
    brands: Vec<(Arc<str>, (Timestamp, Timestamp))>,
    /// Of every brand that there is.
    all: bool,
}

impl Plan {
    /// The windows of `period` for the brand named, or for all. `None` if there is none called so.
    pub fn windows(&self, brand: Option<&str>, period: Period) -> Option<Windows> {
        let of = |subject: &Subject| (Arc::from(subject.name.as_str()), period.window(&subject.zone));
        Some(Windows { brands: self.subjects(brand)?.into_iter().map(of).collect(), all: brand.is_none() })
    }
}

impl Windows {
    /// From, and up to without it, by brand.
    pub fn brands(&self) -> &[(Arc<str>, (Timestamp, Timestamp))] {
        &self.brands
    }

    /// The shortest that holds all of them.
    pub fn around(&self) -> (Timestamp, Timestamp) {
        let windows = self.brands.iter().map(|(_, window)| *window);
        windows.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((Timestamp::MIN, Timestamp::MIN))
    }

    /// Whether what happened at `at` to a matter of `brand` is in; of one that is gone the brand is not known, and it is
    /// in wherever it may be.
    pub fn has(&self, brand: Option<&str>, at: Timestamp) -> bool {
        let within = |(from, to): (Timestamp, Timestamp)| at >= from && at < to;
        match brand {
            Some(brand) => self.brands.iter().any(|(name, window)| **name == *brand && within(*window)),
            None => self.all && within(self.around()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;

    #[test]
    fn a_day_is_that_of_the_brand() {
        let subject = |name: &str, zone| Subject {
            name: name.into(),
            own: true,
            zone: Zone::named(zone).expect("zone"),
            organisations: Default::default(),
        };
        let plan = Plan { brands: vec![subject("Aquí", "Europe/Madrid"), subject("Allá", "America/Mexico_City")], ..Plan::default() };
        let at = |text: &str| crate::dates::parse(text).expect("a time");
        let day = Period::day("2026-03-02").expect("a day");
        let (all, one) = (plan.windows(None, day).expect("all"), plan.windows(Some("Allá"), day).expect("one"));
        assert!(plan.windows(Some("Nadie"), day).is_none());
        assert_eq!(all.around(), (at("2026-03-01T23:00:00Z"), at("2026-03-03T06:00:00Z")));
        for (moment, here, there, gone) in [
            ("2026-03-01T22:59:59Z", false, false, false),
            ("2026-03-01T23:00:00Z", true, false, true),
            ("2026-03-02T06:00:00Z", true, true, true),
            ("2026-03-02T23:00:00Z", false, true, true),
            ("2026-03-03T06:00:00Z", false, false, false),
        ] {
            let at = at(moment);
            assert_eq!((all.has(Some("Aquí"), at), all.has(Some("Allá"), at), all.has(None, at)), (here, there, gone), "{moment}");
            assert_eq!((one.has(Some("Aquí"), at), one.has(Some("Allá"), at), one.has(None, at)), (false, there, false), "{moment}");
        }
    }
}
