//! What other settings would have cost and caught on the same past.
//!
//! All settings are judged side by side in one pass, each as it would have judged at the time. What there
//! was to catch is known only afterwards: events that somebody names, or else the largest peaks of the
//! very period. The latter are measured as the detector measures, so that they show what a setting lets
//! pass and not what the method cannot see.

use std::sync::Arc;

use super::events::Event;
use crate::anomaly::{BUCKET, Budget, Direction, PER_HOUR, PER_WEEK, Settings, bucket_of};
use crate::calendar::Calendar;
use crate::tally::{Quality, Series};
use crate::time::{Timestamp, Zone};

/// Sensitivities to compare: more, the default, fewer.
const SENSITIVITIES: [f64; 3] = [2.6, 3.2, 4.0];
/// Alerts in three weeks to compare.
const ALERTS: [u32; 3] = [2, 5, 10];
/// What is near belongs to one peak unless it pauses for longer than this many buckets, as for the
/// detector: four hours.
const PAUSE: i64 = 4 * PER_HOUR as i64;
/// Its onset is that of the stretch around its height, which pauses for no longer than an hour.
const STRETCH: i64 = PER_HOUR as i64;
/// A peak is no peak below this, in spreads of the topic: the most sensitive of the settings compared.
const LEAST: f64 = SENSITIVITIES[0];
/// An alert belongs to an event from an hour before it, which may be known late, to six hours after it.
const BEFORE: i64 = PER_HOUR as i64;
const AFTER: i64 = 6 * PER_HOUR as i64;

/// The settings to compare, those that are `asked` for among them; by sensitivity, then by budget.
pub fn choices(direction: Direction, asked: &[Settings]) -> Vec<Settings> {
    let quick = !asked.is_empty() && asked.iter().all(|s| s.quick);
    let mut sensitivities: Vec<f64> = SENSITIVITIES.into_iter().chain(asked.iter().map(|s| s.sensitivity)).collect();
    sensitivities.sort_by(f64::total_cmp);
    sensitivities.dedup();
    let usual = ALERTS.map(|alerts| Budget { alerts, ..Budget::default() });
    let mut budgets: Vec<Budget> = usual.into_iter().chain(asked.iter().map(|s| s.budget)).collect();
    budgets.sort_by(|a, b| a.per_week().total_cmp(&b.per_week()).then(a.days.cmp(&b.days)));
    budgets.dedup();
    let each = |sensitivity: f64| budgets.iter().map(move |budget| Settings { direction, sensitivity, budget: *budget, quick });
    let mut all: Vec<Settings> = sensitivities.into_iter().flat_map(each).collect();
    // One beside others that are quick, or not, is not in the table by itself.
    for settings in asked {
        if !all.contains(settings) {
            all.push(*settings);
        }
    }
    all
}

/// What an alert should have told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name of the event; empty for a peak.
    pub label: String,
    /// When it began.
    pub onset: Timestamp,
    /// The bucket with the most mentions; for a drop, with the fewest.
    pub peak: Timestamp,
    /// Mentions in it.
    pub count: f64,
    /// Greatest surprise, in spreads of the topic.
    pub surprise: f64,
    /// First and last bucket in which an alert tells of it.
    within: (i64, i64),
}

/// What became of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The setting.
    pub settings: Settings,
    /// It was asked for.
    pub asked: bool,
    /// Alerts in all.
    pub alerts: u64,
    /// Targets with an alert.
    pub caught: u64,
    /// Targets without.
    pub missed: u64,
    /// Microseconds from the onset of every target that was caught to its first alert, which comes at
    /// the end of a bucket; ascending.
    pub delays: Vec<i64>,
    /// Microseconds from these alerts to the end of the peak's bucket, ascending; negative where the
    /// peak was first.
    pub leads: Vec<i64>,
}

/// What all settings came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Weeks that were judged.
    pub weeks: f64,
    /// The targets are events that somebody named, not peaks of the period.
    pub named: bool,
    /// What there was to catch, by time.
    pub targets: Vec<Target>,
    /// Events before anything could fire, or after the last bucket: nothing can be said of them.
    pub outside: u64,
    /// In the order of the settings.
    pub outcomes: Vec<Outcome>,
}

/// A past while it is judged.
#[derive(Debug)]
pub struct Trial {
    series: Series,
    direction: Direction,
    choices: Vec<Settings>,
    asked: Vec<Settings>,
    /// Of every setting, the buckets in which it fires.
    alerts: Vec<Vec<i64>>,
    /// Events that were named, or peaks as they are found.
    targets: Vec<Target>,
    named: bool,
    /// The first bucket of the stretch that is near.
    stretch: i64,
    buckets: u64,
    /// First and last bucket in which an alert could fire.
    ready: Option<(i64, i64)>,
}

impl Trial {
    /// Compares the settings around those `asked` for; `events` are what was to be caught, by time, else
    /// the largest peaks are.
    pub fn new(zone: Zone, calendar: Arc<Calendar>, direction: Direction, asked: &[Settings], events: Option<&[Event]>) -> Trial {
        let choices = choices(direction, asked);
        // The first detector measures the peaks, for all settings alike.
        let detectors = [Settings::new(direction)].into_iter().chain(choices.iter().copied());
        Trial {
            series: Series::new(zone, calendar, detectors),
            direction,
            alerts: vec![Vec::new(); choices.len()],
            choices,
            asked: asked.to_vec(),
            targets: events.unwrap_or_default().iter().map(Target::of_event).collect(),
            named: events.is_some(),
            stretch: 0,
            buckets: 0,
            ready: None,
        }
    }

    /// The next bucket; those left out are gaps.
    pub fn close(&mut self, bucket: i64, count: f64, quality: Quality) {
        let (_, findings) = self.series.close(bucket, count, quality);
        self.buckets += 1;
        let Some((reference, findings)) = findings.split_first() else { return };
        for (alerts, finding) in self.alerts.iter_mut().zip(findings) {
            if finding.fires {
                alerts.push(bucket);
            }
        }
        if !reference.ready || quality != Quality::Whole {
            return;
        }
        let surprise = reference.surprise;
        self.ready = Some((self.ready.map_or(bucket, |(first, _)| first), bucket));
        if self.named {
            let from = self.targets.partition_point(|t| t.within.1 < bucket);
            let open = self.targets.iter_mut().skip(from).take_while(|t| t.within.0 <= bucket);
            open.for_each(|t| t.note(self.direction, bucket, count, surprise));
        } else if surprise >= Settings::new(self.direction).sensitivity / 2.0 {
            self.near(bucket, count, surprise);
        }
    }

    fn near(&mut self, bucket: i64, count: f64, surprise: f64) {
        let last = self.targets.last().map(|t| t.within.1);
        if last.is_none_or(|last| bucket - last > STRETCH) {
            self.stretch = bucket;
        }
        if last.is_none_or(|last| bucket - last > PAUSE) {
            self.targets.push(Target::new(String::new(), start(bucket), (bucket, bucket)));
        }
        let Some(peak) = self.targets.last_mut() else { return };
        peak.within.1 = bucket;
        if surprise > peak.surprise {
            peak.onset = start(self.stretch);
        }
        peak.note(self.direction, bucket, count, surprise);
    }

    /// What all settings came to.
    pub fn finish(mut self) -> Comparison {
        let weeks = self.buckets as f64 / f64::from(PER_WEEK);
        let ready = self.ready;
        let known = self.targets.len();
        if self.named {
            // Nothing can be said of what began before an alert could fire, or after the last bucket.
            self.targets.retain(|t| ready.is_some_and(|(first, last)| (first..=last).contains(&bucket_of(t.onset)) && t.surprise >= 0.0));
        } else {
            self.targets.retain(|t| t.surprise >= LEAST);
            self.targets.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
            self.targets.truncate(weeks.ceil() as usize);
            self.targets.sort_by_key(|t| t.within);
        }
        let outside = if self.named { (known - self.targets.len()) as u64 } else { 0 };
        let outcomes = self.choices.iter().zip(&self.alerts).map(|(settings, alerts)| {
            let asked = self.asked.contains(settings);
            outcome(*settings, asked, alerts, &self.targets)
        });
        Comparison { weeks, named: self.named, outside, outcomes: outcomes.collect(), targets: self.targets }
    }
}

impl Target {
    fn new(label: String, onset: Timestamp, within: (i64, i64)) -> Target {
        Target { label, onset, peak: onset, count: 0.0, surprise: f64::NEG_INFINITY, within }
    }

    fn of_event(event: &Event) -> Target {
        let bucket = bucket_of(event.at);
        Target::new(event.label.clone(), event.at, (bucket.saturating_sub(BEFORE), bucket.saturating_add(AFTER)))
    }

    fn note(&mut self, direction: Direction, bucket: i64, count: f64, surprise: f64) {
        let first = self.surprise == f64::NEG_INFINITY;
        let further = if direction == Direction::Spike { count > self.count } else { count < self.count };
        if first || further {
            (self.peak, self.count) = (start(bucket), count);
        }
        self.surprise = self.surprise.max(surprise);
    }
}

fn outcome(settings: Settings, asked: bool, alerts: &[i64], targets: &[Target]) -> Outcome {
    let (mut delays, mut leads) = (Vec::new(), Vec::new());
    for target in targets {
        let (from, until) = target.within;
        let Some(alert) = alerts.get(alerts.partition_point(|a| *a < from)).filter(|a| **a <= until) else { continue };
        delays.push(start(alert + 1).since(target.onset));
        leads.push(target.peak.since(start(*alert)));
    }
    delays.sort_unstable();
    leads.sort_unstable();
    let caught = delays.len() as u64;
    let missed = targets.len() as u64 - caught;
    Outcome { settings, asked, alerts: alerts.len() as u64, caught, missed, delays, leads }
}

impl Comparison {
    /// Alerts of `outcome` in a week; 0 if nothing was judged.
    pub fn per_week(&self, outcome: &Outcome) -> f64 {
        if self.weeks > 0.0 { outcome.alerts as f64 / self.weeks } else { 0.0 }
    }
}

/// The one in the middle of what is in order.
pub fn median(ascending: &[i64]) -> Option<i64> {
    ascending.get(ascending.len() / 2).copied()
}

fn start(bucket: i64) -> Timestamp {
    Timestamp(bucket.saturating_mul(BUCKET))
}

#[cfg(test)]
mod tests;
