//! What would have fired, and when, without sending anything.
//!
//! A series of counts is judged bucket by bucket as the engine would: nothing of a later row is known
//! at an earlier one.

pub mod choices;
pub mod counts;
pub mod events;
mod peaks;
pub mod picture;
pub mod recorded;

use std::io::{self, Write};
use std::sync::Arc;

use crate::alert::{self, Alert, Severity};
use crate::anomaly::{BUCKET, Direction, Finding, PER_DAY, PER_WEEK, Settings, Usual};
use crate::calendar::Calendar;
use crate::judge;
use crate::tally::{Quality, Series};
use crate::time::{Timestamp, Zone};
use crate::window::Tallied;
use counts::Row;
use peaks::Track;

/// A row that is not an alert scores no more than this, so that 1 and above means an alert, one row for
/// each, also to those who look at scores alone.
const BELOW_ALERT: f64 = 0.999;
/// A stretch without rows that is longer was not zero: nobody counted. A year.
const LONGEST_SILENCE: i64 = 366 * PER_DAY as i64;

/// What the buckets without any row were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nobody counted: nothing is judged or learnt.
    Gap,
    /// There was nothing to count.
    Zero,
}

/// What to judge, and how.
#[derive(Debug)]
pub struct Job {
    /// Name of the topic.
    pub label: String,
    /// Civil time of its hours and weekdays.
    pub zone: Zone,
    /// Its holidays and paydays.
    pub calendar: Arc<Calendar>,
    /// The detector.
    pub settings: Settings,
    /// What buckets without rows were.
    pub missing: Missing,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Rows judged.
    pub rows: u64,
    /// First and last bucket.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Buckets that were judged.
    pub buckets: u64,
    /// Buckets within the span that were not.
    pub missing: u64,
    /// Alerts.
    pub alerts: u64,
    /// When the first of them fired: at the end of its bucket.
    pub first: Option<Timestamp>,
    /// Microseconds from every alert to the peak of what it tells of, ascending; negative where the
    /// peak was first.
    pub delays: Vec<i64>,
}

impl Summary {
    /// Weeks that were judged.
    pub fn weeks(&self) -> f64 {
        self.buckets as f64 / f64::from(PER_WEEK)
    }

    /// Alerts in a week; 0 if nothing was judged.
    pub fn per_week(&self) -> f64 {
        if self.buckets == 0 { 0.0 } else { self.alerts as f64 / self.weeks() }
    }

    /// The delay to the peak in the middle of all.
    pub fn median_delay(&self) -> Option<i64> {
        self.delays.get(self.delays.len() / 2).copied()
    }
}

/// Hears of every alert.
pub type Hear<'a> = &'a mut dyn FnMut(&Alert) -> io::Result<()>;

/// Judges `rows`, which are in order of time: tells of every alert, and writes the score of every row.
pub fn run(job: Job, rows: &[Row], hear: Hear<'_>, scores: Option<&mut dyn Write>) -> io::Result<Summary> {
    let direction = job.settings.direction;
    let mut judged = Judged {
        series: Series::new(job.zone, job.calendar, [job.settings]),
        track: Track::new(direction, job.settings.sensitivity / 2.0),
        summary: Summary { rows: rows.len() as u64, ..Summary::default() },
        label: job.label,
        direction,
        hear,
    };
    let mut scores = scores.map(|out| Scores { out, score: 0.0, per_bucket: counts::rows_per_bucket(rows) });
    if let Some(scores) = &mut scores {
        scores.out.write_all(b"timestamp,value,anomaly_score,expected,alert\n")?;
    }
    for bucket in counts::buckets(rows, job.missing) {
        let found = judged.close(bucket.number, bucket.count, bucket.quality)?;
        if let (Some(scores), Some((usual, finding))) = (&mut scores, found) {
            scores.write(rows.get(bucket.rows).unwrap_or_default(), &usual, &finding)?;
        }
    }
    judged.summary.delays = judged.track.delays();
    Ok(judged.summary)
}

/// The series while it is judged.
struct Judged<'a> {
    series: Series,
    track: Track,
    summary: Summary,
    label: String,
    direction: Direction,
    hear: Hear<'a>,
}

impl Judged<'_> {
    fn close(&mut self, bucket: i64, count: f64, quality: Quality) -> io::Result<Option<(Usual, Finding)>> {
        let (usual, findings) = self.series.close(bucket, count, quality);
        let Some(finding) = findings.first().copied() else { return Ok(None) };
        self.summary.note(bucket);
        self.track.push(bucket, count, &finding);
        if finding.fires {
            self.summary.alerts += 1;
            self.summary.first.get_or_insert(start(bucket + 1));
            (self.hear)(&alert(&self.label, self.direction, bucket, &finding))?;
        }
        Ok(Some((usual, finding)))
    }
}

impl Summary {
    fn note(&mut self, bucket: i64) {
        let at = start(bucket);
        let (first, last) = self.span.unwrap_or((at, at));
        self.missing += (at.since(last) / BUCKET - 1).max(0) as u64;
        self.span = Some((first, at));
        self.buckets += 1;
    }
}

fn start(bucket: i64) -> Timestamp {
    Timestamp(bucket.saturating_mul(BUCKET))
}

/// The alert of a bucket, as a rule called after what it watches would give it.
fn alert(label: &str, direction: Direction, bucket: i64, finding: &Finding) -> Alert {
    let (on, started_at) = (direction.as_str(), start(bucket));
    Alert {
        topic: label.to_owned(),
        updated_at: started_at.plus(BUCKET),
        observed: Tallied { mentions: finding.observed.round() as u64, ..Tallied::default() },
        threshold: finding.threshold(direction),
        finding: Some(*finding),
        reasons: judge::unusual(finding, direction),
        ..Alert::new(alert::id(on, label, started_at), on, on, Severity::default(), started_at)
    }
}

/// Writes one line for every row.
struct Scores<'a> {
    out: &'a mut dyn Write,
    /// Of the last closed bucket; rows before the last of theirs know no more.
    score: f64,
    per_bucket: usize,
}

impl Scores<'_> {
    fn write(&mut self, group: &[Row], usual: &Usual, finding: &Finding) -> io::Result<()> {
        let expected = usual.mean / self.per_bucket as f64;
        for (i, row) in group.iter().enumerate() {
            let last = i + 1 == group.len();
            let alert = last && finding.fires;
            if last {
                self.score = if alert { finding.ratio() } else { finding.ratio().min(BELOW_ALERT) };
            }
            let score = if last { self.score } else { self.score.min(BELOW_ALERT) };
            writeln!(self.out, "{},{},{score:.6},{expected:.4},{}", counts::quoted(&row.time), row.value, u8::from(alert))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
