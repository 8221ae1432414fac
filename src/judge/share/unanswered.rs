//! Alerts on silence under fire: what is said against a brand rises while it answers less than before.
//!
//! Either must be beyond chance at the bar, so that the rule errs no more often than the one of the two that did
//! not happen would by itself.

use super::{Going, RELEASE, Watch, words};
use crate::alert::Alert;
use crate::judge::{Evidence, Judge, Moment};
use crate::proportion;
use crate::share::Fire;
use crate::window::Tallied;

/// How far a brand is under fire and answers less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unanswered {
    /// `z` of its negative mentions against those before.
    pub rise: f64,
    /// `z` of its replies against those before; the fewer, the greater.
    pub fall: f64,
    /// Both changes are at least so large, as parts of what was before.
    pub change: f64,
}

impl Unanswered {
    /// That of `fire`; `None` where nothing can be told.
    pub fn of(fire: &Fire) -> Option<Unanswered> {
        let Fire { now, before } = fire;
        let rise = proportion::z_of_counts(now.negative, before.negative)?;
        let fall = -proportion::z_test(now.part(), before.part())?;
        let (rate, rate_before) = (now.rate()?, before.rate()?);
        // From nothing it rises without end.
        let more = if before.negative > 0 { now.negative as f64 / before.negative as f64 - 1.0 } else { f64::MAX };
        let less = if rate_before > 0.0 { 1.0 - rate / rate_before } else { 0.0 };
        Some(Unanswered { rise, fall, change: more.min(less) })
    }

    fn is_beyond(&self, bar: f64, change: f64) -> bool {
        self.rise >= bar && self.fall >= bar && self.change >= change
    }
}

/// The least count that is told from `before` at the bar: `(n − b − 1)² = z²·(n + b)`, solved for `n`.
fn least(before: u64, bar: f64, change: f64) -> u64 {
    let (b, z) = (before as f64, bar * bar);
    let apart = (2.0 + z + ((2.0 + z) * (2.0 + z) - 4.0 * (1.0 - 2.0 * b * z)).sqrt()) / 2.0;
    (b + apart).max(b * (1.0 + change)).ceil() as u64
}

/// The negative mentions.
fn observed(fire: &Fire) -> Tallied {
    Tallied { mentions: fire.now.negative, reposts: 0, authors: 0 }
}

impl Judge {
    /// Pane `pane` closed, and the window that ends with it came to `fire`; `None` where two whole windows have
    /// not been heard.
    pub fn close_unanswered(
        &mut self,
        i: usize,
        pane: i64,
        fire: Option<Fire>,
        when: Moment,
        evidence: impl FnOnce() -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(watch) = self.shares.get_mut(i) else { return };
        // It may have made room for others.
        watch.firing = watch.firing.filter(|f| self.alerts.is_open(f.alert));
        let found = fire.and_then(|fire| Some((fire, Unanswered::of(&fire)?)));
        let (bar, change) = (watch.bar.z, watch.settings.change);
        let reasons = |watch: &Watch, fire: &Fire, found: &Unanswered| {
            words::unanswered(&watch.brand, &watch.settings, (watch.bar.brands, watch.bar.looks, bar), fire, found)
        };
        let Some(firing) = watch.firing else {
            let Some((fire, found)) = found.filter(|(_, s)| s.is_beyond(bar, change)) else { return };
            let threshold = least(fire.before.negative, bar, change);
            let mut alert = watch.told(pane, observed(&fire), threshold, evidence(), when);
            alert.reasons = reasons(watch, &fire, &found);
            let number = self.alerts.open(super::Kept::new(alert), when.now, out);
            watch.firing = Some(Going { alert: number, rises: true, told: fire.now.negative as f64, reference: 0.0 });
            return;
        };
        let Some((fire, found)) = found.filter(|(_, s)| s.is_beyond(RELEASE * bar, RELEASE * change)) else {
            if let Some(fire) = fire {
                self.alerts.observe(firing.alert, when.now, |a| a.observed = observed(&fire));
            }
            self.alerts.resolve(firing.alert, when.now, words::answered_again(&watch.brand, fire), out);
            watch.firing = None;
            return;
        };
        let negative = fire.now.negative as f64;
        if negative >= 2.0 * firing.told {
            watch.firing = Some(Going { told: negative, ..firing });
            let reasons = reasons(watch, &fire, &found);
            self.alerts.grow(firing.alert, when.now, Evidence { observed: observed(&fire), ..evidence() }, reasons);
            self.alerts.observe(firing.alert, when.now, |a| a.clusters = None);
            self.alerts.tell(firing.alert, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_the_least_that_is_told() {
        for before in [0u64, 3, 12, 100, 5000] {
            for bar in [2.2, 2.81, 3.6] {
                let n = least(before, bar, 0.0);
                let z = |n| proportion::z_of_counts(n, before).unwrap_or_default();
                assert!(z(n) >= bar - 1e-9 || n + before < 10, "{n} after {before} at {bar}");
                assert!(z(n - 1) < bar, "{n} after {before} at {bar}");
            }
        }
        assert_eq!(least(1000, 2.81, 0.5), 1500);
    }
}
