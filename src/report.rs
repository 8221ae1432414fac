//! The report of a care team: the figures of one or more brands in one period, as text and as a page.
//!
//! Pure. JSON and CSV of the same are in `wire`.

mod draw;
mod html;
mod panels;
mod period;
mod plan;
mod shown;
mod summary;
mod table;
mod text;
mod unknown;
mod voice;

use std::sync::Arc;

pub use html::html;
pub use period::{Every, Period};
pub use plan::{Plan, Scheduled, Subject};
pub use summary::{subject, summary};
pub use table::{Sheet, Table, Windows};
pub use text::text;
pub use unknown::unknown;

use crate::figures::{self, Facts, Figure, Settings, Spec};
use crate::time::Timestamp;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// All figures as one object.
    Json,
    /// All figures as one long table.
    Csv,
    /// A page that needs nothing else.
    Html,
}

impl Format {
    /// All.
    pub const ALL: [Format; 4] = [Format::Text, Format::Json, Format::Csv, Format::Html];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Html => "html",
        }
    }

    /// What its files end with.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            other => other.as_str(),
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.as_str() == name)
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// As of when.
    pub now: Timestamp,
    /// The brands, ours first.
    pub brands: Vec<BrandReport>,
}

/// The part on one brand.
#[derive(Debug, Clone, PartialEq)]
pub struct BrandReport {
    /// Its name.
    pub brand: Arc<str>,
    /// It is ours.
    pub own: bool,
    /// From, and up to without it.
    pub window: (Timestamp, Timestamp),
    /// Civil time of its hours and days, by IANA name.
    pub zone: String,
    /// Since when posts were listened to, if that is not the whole window.
    pub since: Option<Timestamp>,
    /// What was set.
    pub settings: Settings,
    /// The figures.
    pub indicators: Vec<(&'static Spec, Vec<Figure>)>,
}

impl BrandReport {
    /// The report on `brand` out of its facts.
    pub fn new(brand: &str, facts: &Facts<'_>) -> BrandReport {
        BrandReport {
            brand: brand.into(),
            own: facts.own,
            window: facts.window,
            zone: facts.zone.name().to_owned(),
            since: facts.since.filter(|since| *since > facts.window.0),
            settings: facts.settings.clone(),
            indicators: figures::all(facts),
        }
    }

    /// The figure of an indicator with these keys.
    pub fn figure(&self, indicator: &str, name: &str, keys: &[&str]) -> Option<&Figure> {
        let (_, figures) = self.indicators.iter().find(|(spec, _)| spec.name == indicator)?;
        figures.iter().find(|f| f.name == name && f.keys.iter().map(figures::Key::as_str).eq(keys.iter().copied()))
    }
}

/// What is shown before all else: indicator, figure, keys.
const HEADLINE: [(&str, &str, &[&str]); 6] = [
    ("opened", "opened", &[]),
    ("answered", "answered", &["all"]),
    ("within", "within", &["all"]),
    ("first-answer", "median", &["all"]),
    ("closed", "abandoned", &[]),
    ("pending", "pending", &[]),
];

/// The figures of [`HEADLINE`] with their titles.
fn headline(report: &BrandReport) -> Vec<(figures::Words, &Figure)> {
    let title = |indicator: &str, name: &str| {
        let spec = figures::ALL.iter().find(|s| s.name == indicator)?;
        // A median of what is said by the indicator, anything else by itself.
        if name == "median" { Some(("primera respuesta (mediana)", "first answer (median)")) } else { Some(spec.named(name)?.title) }
    };
    HEADLINE.iter().filter_map(|(i, name, keys)| Some((title(i, name)?, report.figure(i, name, keys)?))).collect()
}
