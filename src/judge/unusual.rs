//! Alerts on what is unusual: they fire at a closed bucket, tell of growth, and resolve after quiet ones.

use super::alerts::Kept;
use super::crisis::QUIET;
use super::parts::Parts;
use super::{Evidence, Firing, Judge, Moment, UPDATE_EVERY, words};
use crate::alert::{self, Alert, Part, Status};
use crate::anomaly::{BUCKET, Direction, Finding, Settings, Standing};
use crate::time::Timestamp;
use crate::topic::On;
use crate::window::Tallied;

/// What a closed bucket came to.
#[derive(Debug, Clone, Copy)]
pub struct Closed<'a> {
    /// Its number.
    pub bucket: i64,
    /// What the watch's detector found.
    pub finding: &'a Finding,
    /// Where the topic stands since.
    pub standing: Standing,
}

impl Judge {
    /// How watch `i` looks for what is unusual; `None` if it looks for something else.
    pub fn settings(&self, i: usize) -> Option<Settings> {
        match self.on(i) {
            Some(On::Unusual(settings)) => Some(settings),
            _ => None,
        }
    }

    /// A bucket closed, and this is what was found there for watch `i`: an alert fires, or the topic joins
    /// that of another topic of its brand; it grows or has another level; the topic is as usual again; or
    /// nothing happens. What becomes three times as large while its alert fires is the same alert; a topic
    /// is as usual after as many quiet buckets as a level takes to fall. `evidence` is given when the alert
    /// began. What is to be told is told by [`Judge::tell_unusual`], once all topics have closed the bucket.
    pub fn close(
        &mut self,
        i: usize,
        closed: Closed<'_>,
        when: Moment,
        evidence: impl FnOnce(Timestamp) -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(settings) = self.settings(i) else { return };
        let Some(watch) = self.watches.get_mut(i) else { return };
        let finding = closed.finding;
        // It may have made room for others.
        watch.firing = watch.firing.filter(|f| self.alerts.is_open(f.alert));
        let Some(firing) = watch.firing else {
            if finding.ready && finding.ratio() >= 1.0 {
                self.begin(i, closed, settings.direction, when, evidence, out);
            }
            return;
        };
        if finding.quiet >= QUIET {
            watch.firing = None;
            self.leave(i, firing.alert, closed, settings.direction, when.now);
            return;
        }
        let due = when.now.since(firing.told_at) >= UPDATE_EVERY;
        let part = part(&watch.topic_name, closed, settings.direction);
        let moved = self.alerts.part(firing.alert, watch.topic).is_none_or(|before| before.standing != part.standing);
        if finding.fires || moved || (due && part.observed != firing.told && finding.ratio() >= 1.0) {
            self.show(i, firing.alert, closed, settings.direction, when.now, evidence);
        }
    }

    /// Watch `i` is over its bar: it joins what other topics of its brand have under the same rule, so
    /// that nobody is called twice for one thing, or fires for itself.
    fn begin(
        &mut self,
        i: usize,
        closed: Closed<'_>,
        direction: Direction,
        when: Moment,
        evidence: impl FnOnce(Timestamp) -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(watch) = self.watches.get(i) else { return };
        let crisis = self.crises.of(watch).filter(|number| self.alerts.is_open(*number));
        if let Some(number) = crisis {
            return self.show(i, number, closed, direction, when.now, evidence);
        }
        if !closed.finding.fires {
            return;
        }
        let start = closed.start();
        let id = alert::id(&watch.rule.name, &watch.topic_name, start);
        let threshold = closed.finding.threshold(direction);
        let mut alert = watch.alert(id, start, threshold, shown(evidence(start), closed.finding), when);
        alert.reasons = words::unusual(closed.finding, direction);
        alert.finding = Some(*closed.finding);
        let part = part(&watch.topic_name, closed, direction);
        let kept = Kept { parts: Parts::of(watch.topic, part), ..Kept::new(alert) };
        let number = self.alerts.keep(kept, when.now, out);
        self.crises.begin(watch, number);
        self.hold(i, number, closed, when.now);
    }

    /// Shows in alert `number` what watch `i` has come to.
    fn show(
        &mut self,
        i: usize,
        number: u64,
        closed: Closed<'_>,
        direction: Direction,
        now: Timestamp,
        evidence: impl FnOnce(Timestamp) -> Evidence,
    ) {
        let Some(watch) = self.watches.get(i) else { return };
        let first = self.alerts.set_part(number, watch.topic, part(&watch.topic_name, closed, direction));
        if let Some(began) = first {
            self.alerts.observe(number, now, |alert| alert.finding = Some(*closed.finding));
            let reasons = words::unusual(closed.finding, direction);
            self.alerts.grow(number, now, shown(evidence(began), closed.finding), reasons);
        }
        self.hold(i, number, closed, now);
    }

    /// Watch `i` has a part in alert `number`, of which there is to be told.
    fn hold(&mut self, i: usize, number: u64, closed: Closed<'_>, now: Timestamp) {
        let (end, told) = (closed.start().plus(BUCKET).minute() - 1, closed.finding.observed.round() as u64);
        if let Some(watch) = self.watches.get_mut(i) {
            watch.firing = Some(Firing { alert: number, end, told, told_at: now });
        }
        self.crises.moved(number, None);
    }

    /// Watch `i` is as usual again and has no part in alert `number` any more.
    fn leave(&mut self, i: usize, number: u64, closed: Closed<'_>, direction: Direction, now: Timestamp) {
        let Some(watch) = self.watches.get(i) else { return };
        let over = Part { status: Status::Resolved, ..part(&watch.topic_name, closed, direction) };
        let reason = words::usual_again(closed.finding);
        if self.alerts.set_part(number, watch.topic, over).is_some() {
            self.alerts.observe(number, now, |alert| {
                alert.finding = Some(*closed.finding);
                alert.observed = clamped(alert.observed, closed.finding);
                alert.clusters = alert.clusters.map(|n| n.min(alert.observed.mentions));
                alert.reasons = vec![reason.clone()];
            });
        }
        self.crises.moved(number, Some(reason));
    }
}

impl Closed<'_> {
    /// When the bucket began.
    fn start(&self) -> Timestamp {
        Timestamp(self.bucket.saturating_mul(BUCKET))
    }
}

/// The topic's part in what goes on.
fn part(topic: &str, closed: Closed<'_>, direction: Direction) -> Part {
    let Finding { observed, expected, .. } = *closed.finding;
    // Few mentions are no crisis.
    let standing = (direction == Direction::Spike).then_some(closed.standing);
    Part { topic: topic.to_owned(), status: Status::Firing, observed: observed.round() as u64, expected, standing }
}

/// The evidence with the mentions that were judged, which are those of a fading sum.
fn shown(mut evidence: Evidence, finding: &Finding) -> Evidence {
    evidence.observed = clamped(evidence.observed, finding);
    evidence.clusters = evidence.clusters.min(evidence.observed.mentions);
    evidence
}

fn clamped(observed: Tallied, finding: &Finding) -> Tallied {
    let mentions = finding.observed.round() as u64;
    Tallied { mentions, reposts: observed.reposts.min(mentions), authors: observed.authors.min(mentions) }
}
