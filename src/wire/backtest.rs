//! The last line of a backtest.

use serde::Serialize;

use super::{Pairs, Time, json};
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
}

#[derive(Serialize)]
struct SummaryView<F: Serialize> {
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
}

#[derive(Serialize)]
struct DelayView {
    least: i64,
    median: i64,
    greatest: i64,
}

/// The summary as one object.
pub fn backtest_json(view: &BacktestView<'_>) -> String {
    let hundredths = |x: f64| (x * 100.0).round() / 100.0;
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
    })
}
