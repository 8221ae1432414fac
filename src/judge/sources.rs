//! Alerts on the sources themselves: one is down for too long, or brings far less than is usual.

use super::alerts::Kept;
use super::{Judge, words};
use crate::alert::{self, Alert, Reason, Severity};
use crate::anomaly::{BUCKET, Direction, Finding, Settings};
use crate::time::{SECOND, Timestamp, Zone};
use crate::topic::{SourceId, SourceRule};
use crate::window::Tallied;

/// A source whose lack is below this part of its bar is near what is usual.
const NEAR: f64 = 0.5;

/// One rule on one source.
#[derive(Debug)]
pub struct SourceWatch {
    rule: SourceRule,
    source: SourceId,
    name: String,
    /// Number of the alert that goes on.
    firing: Option<u64>,
    /// It was near what is usual since the last silence was told.
    armed: bool,
}

/// An alert of a source that goes on, by the name of its rule.
#[derive(Debug)]
pub struct Held {
    rule: String,
    source: SourceId,
    name: String,
    firing: Option<u64>,
    armed: bool,
}

coded!(Held { rule, source, name, firing, armed });

impl SourceWatch {
    /// What outlives the process.
    pub fn held(&self) -> Held {
        Held { rule: self.rule.name.clone(), source: self.source, name: self.name.clone(), firing: self.firing, armed: self.armed }
    }

    /// The watch that had this, until it is adopted.
    pub fn of(held: Held) -> SourceWatch {
        let Held { rule, source, name, firing, armed } = held;
        let settings = Settings::new(Direction::Drop);
        let rule =
            SourceRule { name: rule, sources: Vec::new(), settings, down_for: i64::MAX, zone: Zone::utc(), severity: Severity::Info };
        SourceWatch { rule, source, name, firing, armed }
    }
}

/// What a closed bucket of a source came to.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a> {
    /// Number of the bucket.
    pub bucket: i64,
    /// Posts that decoded in it.
    pub posts: u64,
    /// Posts that were usual in it.
    pub usual: f64,
    /// What the detector found.
    pub finding: &'a Finding,
}

impl Judge {
    /// Watches the sources of `rules` from now on; what fires goes on if its rule still watches its source.
    pub fn adopt_sources(&mut self, rules: &[SourceRule], now: Timestamp, out: &mut Vec<Alert>) {
        let mut old = std::mem::take(&mut self.sources);
        for rule in rules {
            for (source, name) in &rule.sources {
                let known = old.iter_mut().find(|w| w.rule.name == rule.name && w.source == *source);
                let (firing, armed) = known.map_or((None, true), |w| (w.firing.take(), w.armed));
                self.sources.push(SourceWatch { rule: rule.clone(), source: *source, name: name.clone(), firing, armed });
            }
        }
        for number in old.into_iter().filter_map(|w| w.firing) {
            self.alerts.resolve(number, now, words::rule_removed(), out);
        }
    }

    /// A beat for watch `i`: since when its source is down, if it is.
    pub fn source_down(&mut self, i: usize, down: Option<Timestamp>, now: Timestamp, out: &mut Vec<Alert>) {
        let Some(watch) = self.source(i) else { return };
        let Some(since) = down.filter(|since| watch.firing.is_none() && now.since(*since) >= watch.rule.down_for) else { return };
        let reasons = vec![words::source_down(&watch.name, now.since(since) / SECOND)];
        let alert = watch.alert(since, now, Tallied::default(), reasons);
        self.open_source(i, alert, now, out);
    }

    /// The source of watch `i`, which is not down, brought data.
    pub fn source_back(&mut self, i: usize, now: Timestamp, out: &mut Vec<Alert>) {
        let Some(watch) = self.source(i) else { return };
        // What has less than usual is not back with its first post.
        let Some(number) = watch.firing.filter(|n| self.alerts.get(*n).is_some_and(|a| a.finding.is_none())) else { return };
        self.resolve_source(i, number, now, out);
    }

    /// A bucket of the source of watch `i` closed, all of which could be heard.
    pub fn source_closed(&mut self, i: usize, brought: Brought<'_>, now: Timestamp, out: &mut Vec<Alert>) {
        let Brought { bucket, posts, usual, finding } = brought;
        let Some(watch) = self.source(i) else { return };
        let armed = watch.armed;
        watch.armed |= finding.ratio() < NEAR;
        let Some(number) = watch.firing else {
            // A busy source is known so well that a tenth less is unusual; far less is what is to be told.
            if armed && finding.ready && finding.ratio() >= 1.0 && (posts as f64) < usual / 2.0 {
                let observed = Tallied { mentions: finding.observed.round() as u64, ..Tallied::default() };
                let mut alert =
                    watch.alert(Timestamp(bucket.saturating_mul(BUCKET)), now, observed, words::source_silent(&watch.name, finding));
                alert.threshold = finding.threshold(Direction::Drop);
                alert.finding = Some(*finding);
                watch.armed = false;
                self.open_source(i, alert, now, out);
            }
            return;
        };
        // The sum over an hour and a half fills slowly: the bucket alone says whether it is back.
        if posts > 0 && posts as f64 >= usual / 2.0 {
            self.resolve_source(i, number, now, out);
        }
    }

    /// Watch `i`, whose alert may have made room for others.
    fn source(&mut self, i: usize) -> Option<&mut SourceWatch> {
        let watch = self.sources.get_mut(i)?;
        watch.firing = watch.firing.filter(|number| self.alerts.is_open(*number));
        Some(watch)
    }

    fn open_source(&mut self, i: usize, alert: Alert, now: Timestamp, out: &mut Vec<Alert>) {
        let number = self.alerts.open(Kept::new(alert), now, out);
        if let Some(watch) = self.sources.get_mut(i) {
            watch.firing = Some(number);
        }
    }

    fn resolve_source(&mut self, i: usize, number: u64, now: Timestamp, out: &mut Vec<Alert>) {
        let Some(watch) = self.sources.get_mut(i) else { return };
        watch.firing = None;
        self.alerts.resolve(number, now, words::source_back(&watch.name), out);
    }
}

impl SourceWatch {
    fn alert(&self, start: Timestamp, now: Timestamp, observed: Tallied, reasons: Vec<Reason>) -> Alert {
        Alert {
            source: self.name.clone(),
            updated_at: now.max(start),
            observed,
            reasons,
            ..Alert::new(alert::id(&self.rule.name, &self.name, start), self.rule.name.clone(), "source", self.rule.severity, start)
        }
    }
}
