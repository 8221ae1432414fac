//! Alerts on what is unusual: they fire at a closed bucket, tell of growth, and resolve after quiet ones.

use super::alerts::Kept;
use super::{Evidence, Firing, Judge, Moment, UPDATE_EVERY, words};
use crate::alert::Alert;
use crate::anomaly::{BUCKET, Finding, Settings};
use crate::time::Timestamp;
use crate::topic::On;

/// An alert resolves after this many buckets that were not even near the bar.
const QUIET: u32 = 3;

impl Judge {
    /// How watch `i` looks for what is unusual; `None` if it looks for something else.
    pub fn settings(&self, i: usize) -> Option<Settings> {
        match self.on(i) {
            Some(On::Unusual(settings)) => Some(settings),
            _ => None,
        }
    }

    /// Bucket number `bucket` closed, and this is what was found there for watch `i`: an alert fires,
    /// tells of its growth, resolves, or nothing happens. What becomes three times as large while its
    /// alert fires is the same alert.
    pub fn close(
        &mut self,
        i: usize,
        bucket: i64,
        finding: &Finding,
        when: Moment,
        evidence: impl FnOnce() -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(settings) = self.settings(i) else { return };
        let Some(watch) = self.watches.get_mut(i) else { return };
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
                alert.reasons = words::unusual(finding, settings.direction);
                alert.finding = Some(*finding);
                let number = self.alerts.open(Kept { alert, cause: None, due: None }, when.now, out);
                watch.firing = Some(Firing { alert: number, end, told: mentions, told_at: when.now });
            }
            return;
        };
        if finding.quiet >= QUIET {
            self.alerts.observe(firing.alert, when.now, |alert| alert.finding = Some(*finding));
            self.alerts.resolve(firing.alert, when.now, words::usual_again(finding), out);
            watch.firing = None;
            return;
        }
        let due = when.now.since(firing.told_at) >= UPDATE_EVERY;
        if finding.fires || (due && mentions != firing.told && finding.ratio() >= 1.0) {
            watch.firing = Some(Firing { end, told: mentions, told_at: when.now, ..firing });
            self.alerts.observe(firing.alert, when.now, |alert| alert.finding = Some(*finding));
            let reasons = words::unusual(finding, settings.direction);
            self.alerts.change(firing.alert, when.now, shown(evidence(), finding), reasons, out);
        }
    }
}

/// The evidence with the mentions that were judged, which are those of a fading sum.
fn shown(mut evidence: Evidence, finding: &Finding) -> Evidence {
    evidence.observed.mentions = finding.observed.round() as u64;
    evidence.observed.authors = evidence.observed.authors.min(evidence.observed.mentions);
    evidence.clusters = evidence.clusters.min(evidence.observed.mentions);
    evidence.observed.reposts = evidence.observed.reposts.min(evidence.observed.mentions);
    evidence
}
