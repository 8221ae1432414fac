//! Alerts on what is unusual: they fire at a closed bucket, tell of growth, and resolve after quiet ones.

use super::alerts::Kept;
use super::crisis::QUIET;
use super::{Evidence, Firing, Judge, Moment, UPDATE_EVERY, words};
use crate::alert::{Alert, Reason};
use crate::anomaly::{BUCKET, Direction, Finding, Settings, Standing};
use crate::time::Timestamp;
use crate::topic::On;

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

    /// A bucket closed, and this is what was found there for watch `i`: an alert fires, tells of its
    /// growth or of another level, resolves, or nothing happens. What becomes three times as large
    /// while its alert fires is the same alert; it resolves after as many quiet buckets as a level
    /// takes to fall.
    pub fn close(
        &mut self,
        i: usize,
        Closed { bucket, finding, standing }: Closed<'_>,
        when: Moment,
        evidence: impl FnOnce() -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(settings) = self.settings(i) else { return };
        let Some(watch) = self.watches.get_mut(i) else { return };
        // Few mentions are no crisis.
        let standing = (settings.direction == Direction::Spike).then_some(standing);
        // It may have made room for others.
        let firing = watch.firing.filter(|f| self.alerts.is_open(f.alert));
        watch.firing = firing;
        let mentions = finding.observed.round() as u64;
        let start = Timestamp(bucket.saturating_mul(BUCKET));
        let end = start.plus(BUCKET).minute() - 1;
        let Some(firing) = firing else {
            if finding.fires {
                let id = format!("{}/{}/{}", watch.rule.name, watch.topic_name, start.to_jiff().strftime("%Y-%m-%dT%H:%MZ"));
                let threshold = finding.threshold(settings.direction);
                let mut alert = watch.alert(id, start, threshold, shown(evidence(), finding), when);
                alert.reasons = reasons(finding, settings.direction, standing);
                (alert.finding, alert.standing) = (Some(*finding), standing);
                let number = self.alerts.open(Kept { alert, cause: None, due: None }, when.now, out);
                watch.firing = Some(Firing { alert: number, end, told: mentions, told_at: when.now });
            }
            return;
        };
        if finding.quiet >= QUIET {
            self.alerts.observe(firing.alert, when.now, |alert| (alert.finding, alert.standing) = (Some(*finding), standing));
            self.alerts.resolve(firing.alert, when.now, words::usual_again(finding), out);
            watch.firing = None;
            return;
        }
        let due = when.now.since(firing.told_at) >= UPDATE_EVERY;
        let moved = self.alerts.get(firing.alert).is_some_and(|alert| alert.standing != standing);
        if finding.fires || moved || (due && mentions != firing.told && finding.ratio() >= 1.0) {
            watch.firing = Some(Firing { end, told: mentions, told_at: when.now, ..firing });
            self.alerts.observe(firing.alert, when.now, |alert| (alert.finding, alert.standing) = (Some(*finding), standing));
            let reasons = reasons(finding, settings.direction, standing);
            self.alerts.change(firing.alert, when.now, shown(evidence(), finding), reasons, out);
        }
    }
}

/// Why an alert fires and goes on.
fn reasons(finding: &Finding, direction: Direction, standing: Option<Standing>) -> Vec<Reason> {
    let mut reasons = words::unusual(finding, direction);
    reasons.extend(standing.map(words::level));
    reasons
}

/// The evidence with the mentions that were judged, which are those of a fading sum.
fn shown(mut evidence: Evidence, finding: &Finding) -> Evidence {
    evidence.observed.mentions = finding.observed.round() as u64;
    evidence.observed.authors = evidence.observed.authors.min(evidence.observed.mentions);
    evidence.clusters = evidence.clusters.min(evidence.observed.mentions);
    evidence.observed.reposts = evidence.observed.reposts.min(evidence.observed.mentions);
    evidence
}
