//! What is to be reported on, and how: the part of the configuration that reports need.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{BrandReport, Every, Format, Period, Report, voice};
use crate::bilingual::Lang;
use crate::figures::{Facts, Organisations, Reason, Settings};
use crate::tally::Matters;
use crate::time::{Timestamp, Zone};

/// `[report]`, `[[schedule]]` and the brands.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// How figures are counted.
    pub settings: Settings,
    /// The brands, in the order of the configuration.
    pub brands: Vec<Subject>,
    /// A source carries the posts of our own accounts.
    pub carried: bool,
    /// Sections that topics name.
    pub sections: BTreeSet<String>,
    /// Of a hundred matters so many are looked at by a supervisor.
    pub sample: u8,
    /// Reports that are made by themselves.
    pub scheduled: Vec<Scheduled>,
}

/// A brand that can be reported on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// It is ours.
    pub own: bool,
    /// Civil time of its hours and days.
    pub zone: Zone,
    /// Whose its agents are.
    pub organisations: Organisations,
}

/// A report that is made when its period is over.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// Its name, which its files begin with.
    pub name: String,
    /// When.
    pub every: Every,
    /// As what.
    pub format: Format,
    /// In which language.
    pub lang: Lang,
    /// On this brand only, by its place; on all of ours otherwise.
    pub brand: Option<usize>,
    /// The folder of the files, if it becomes one.
    pub path: Option<PathBuf>,
    /// Names of the notifiers that it is sent by.
    pub to: Vec<String>,
    /// Civil time of its periods.
    pub zone: Zone,
}

impl Plan {
    /// The brands that a report is about: the one named, or all, ours first. `None` if there is none called so.
    pub fn subjects(&self, brand: Option<&str>) -> Option<Vec<&Subject>> {
        let mut all: Vec<&Subject> = self.brands.iter().filter(|b| brand.is_none_or(|name| b.name == name)).collect();
        all.sort_by_key(|b| !b.own);
        (brand.is_none() || !all.is_empty()).then_some(all)
    }

    /// The report on `subjects` in `period`, out of what `known` tells of each.
    pub fn report(&self, subjects: &[&Subject], period: Period, mut known: impl FnMut(&str, Timestamp, Timestamp) -> Matters) -> Report {
        let mut report = Report { now: Timestamp::MIN, brands: Vec::new() };
        for subject in subjects {
            let (from, to) = period.window(&subject.zone);
            let Matters { now, since, incidents, broadcasts, groups } = known(&subject.name, from, to);
            let facts = Facts {
                incidents: &incidents,
                window: (from, to),
                now,
                zone: &subject.zone,
                since,
                own: subject.own,
                unheard: (!self.carried).then_some(Reason::NotCarried),
                broadcasts,
                organisations: &subject.organisations,
                settings: &self.settings,
            };
            report.now = report.now.max(now);
            let mut part = BrandReport::new(&subject.name, &facts);
            part.indicators.push((&voice::SPEC, voice::figures(&groups)));
            report.brands.push(part);
        }
        report
    }
}
