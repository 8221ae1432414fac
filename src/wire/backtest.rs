//! The last line of a backtest.

use serde::Serialize;

use super::{Pairs, Time, json};
use crate::anomaly::Settings;
use crate::time::{SECOND, Timestamp};

/// What a backtest came to.
#[derive(Debug, Clone)]
pub struct BacktestView<'a> {
    /// Rows or posts taken in, and those refused.
    pub rows: (u64, u64),
    /// First and last bucket.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Weeks judged.
    pub weeks: f64,
    /// Buckets within the span of which nothing is known, where rows were counts.
    pub missing: Option<u64>,
    /// Alerts.
    pub alerts: u64,
    /// Alerts in a week.
    pub per_week: f64,
    /// The first of every topic.
    pub first: Vec<(&'a str, Option<Timestamp>)>,
    /// From the alerts to their peaks: least, median and greatest, in microseconds.
    pub delay: Option<[i64; 3]>,
    /// What other settings would have cost and caught, by topic.
    pub choices: Vec<(&'a str, ChoicesView<'a>)>,
}

/// What other settings would have cost and caught on one topic.
#[derive(Debug, Clone)]
pub struct ChoicesView<'a> {
    /// The targets are events that somebody named, not the largest peaks of the period.
    pub named: bool,
    /// Weeks judged.
    pub weeks: f64,
    /// Events of which nothing can be said.
    pub outside: u64,
    /// What there was to catch.
    pub targets: Vec<TargetView<'a>>,
    /// One for each setting.
    pub settings: Vec<ChoiceView>,
}

/// What an alert should have told of.
#[derive(Debug, Clone)]
pub struct TargetView<'a> {
    /// Name of the event; empty for a peak.
    pub label: &'a str,
    /// When it began, and the bucket with the most mentions (for a drop, the fewest).
    pub times: (Timestamp, Timestamp),
    /// Mentions in that bucket, and the greatest surprise.
    pub size: (f64, f64),
}

/// What became of one setting.
#[derive(Debug, Clone)]
pub struct ChoiceView {
    /// The setting.
    pub settings: Settings,
    /// It was asked for.
    pub asked: bool,
    /// Alerts, and alerts in a week.
    pub alerts: (u64, f64),
    /// Targets caught and missed.
    pub targets: (u64, u64),
    /// Medians from onset to alert and from alert to peak, in microseconds.
    pub medians: (Option<i64>, Option<i64>),
}

#[derive(Serialize)]
struct SummaryView<F: Serialize, C: Serialize> {
    r#type: &'static str,
    rows: u64,
    refused: u64,
    from: Option<Time>,
    to: Option<Time>,
    weeks: f64,
    missing_buckets: Option<u64>,
    alerts: u64,
    alerts_per_week: f64,
    first_alert: F,
    delay_to_peak_seconds: Option<DelayView>,
    choices: C,
}

#[derive(Serialize)]
struct DelayView {
    least: i64,
    median: i64,
    greatest: i64,
}

#[derive(Serialize)]
struct Choices<'a> {
    measured_by: &'static str,
    /// What was to be caught is known now and was not then.
    hindsight: bool,
    weeks: f64,
    events_outside: u64,
    targets: Vec<Target<'a>>,
    settings: Vec<Choice>,
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    onset: Time,
    peak: Time,
    peak_mentions: f64,
    surprise: f64,
}

#[derive(Serialize)]
struct Choice {
    sensitivity: f64,
    budget: Budget,
    quick: bool,
    asked: bool,
    alerts: u64,
    alerts_per_week: f64,
    caught: u64,
    missed: u64,
    median_delay_seconds: Option<i64>,
    median_lead_seconds: Option<i64>,
}

#[derive(Serialize)]
struct Budget {
    alerts: u32,
    days: u32,
}

fn choices<'a>(view: &ChoicesView<'a>) -> Choices<'a> {
    let target = |t: &TargetView<'a>| Target {
        label: t.label,
        onset: Time(t.times.0),
        peak: Time(t.times.1),
        peak_mentions: t.size.0,
        surprise: hundredths(t.size.1),
    };
    let choice = |c: &ChoiceView| Choice {
        sensitivity: c.settings.sensitivity,
        budget: Budget { alerts: c.settings.budget.alerts, days: c.settings.budget.days },
        quick: c.settings.quick,
        asked: c.asked,
        alerts: c.alerts.0,
        alerts_per_week: hundredths(c.alerts.1),
        caught: c.targets.0,
        missed: c.targets.1,
        median_delay_seconds: c.medians.0.map(|micros| micros / SECOND),
        median_lead_seconds: c.medians.1.map(|micros| micros / SECOND),
    };
    Choices {
        measured_by: if view.named { "events" } else { "largest_peaks" },
        hindsight: true,
        weeks: hundredths(view.weeks),
        events_outside: view.outside,
        targets: view.targets.iter().map(target).collect(),
        settings: view.settings.iter().map(choice).collect(),
    }
}

fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

/// The summary as one object.
pub fn backtest_json(view: &BacktestView<'_>) -> String {
    json(&SummaryView {
        r#type: "summary",
        rows: view.rows.0,
        refused: view.rows.1,
        from: view.span.map(|(from, _)| Time(from)),
        to: view.span.map(|(_, to)| Time(to)),
        weeks: hundredths(view.weeks),
        missing_buckets: view.missing,
        alerts: view.alerts,
        alerts_per_week: hundredths(view.per_week),
        first_alert: Pairs(view.first.iter().map(|(topic, at)| (*topic, at.map(Time)))),
        delay_to_peak_seconds: view.delay.map(|d| d.map(|micros| micros / SECOND)).map(|[least, median, greatest]| DelayView {
            least,
            median,
            greatest,
        }),
        choices: Pairs(view.choices.iter().map(|(topic, view)| (*topic, choices(view)))),
    })
}
