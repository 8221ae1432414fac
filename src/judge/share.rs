//! Alerts on shares of voice: they fire at a closed pane, tell of growth, and resolve when the change is
//! no longer significant. Those on `unanswered` compare the same windows by other counts.

mod unanswered;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alerts::Kept;
use super::{Evidence, Judge, Moment};
use crate::alert::{self, Alert, Severity};
use crate::proportion;
use crate::share::{Settings, Shift, Span, pane_start};
use crate::topic::{Listening, On, Rule};
use crate::window::Tallied;

/// An alert goes on while the test and the change stay above this part of what made it fire.
const RELEASE: f64 = 0.7;

/// One rule on one brand of a group.
#[derive(Debug)]
pub struct Watch {
    rule: Arc<Rule>,
    settings: Settings,
    group: String,
    brand: String,
    /// Place of the brand in the group.
    member: usize,
    bar: Bar,
    firing: Option<Going>,
    /// The share before the last alert, and the pane up to which going back there is no news.
    reference: Option<(f64, i64)>,
}

/// The `z` that makes an alert fire, and what it is corrected for.
#[derive(Debug, Clone, Copy)]
struct Bar {
    z: f64,
    brands: u32,
    looks: i64,
}

/// An alert that goes on.
#[derive(Debug, Clone, Copy)]
struct Going {
    alert: u64,
    rises: bool,
    /// The change that was told last.
    told: f64,
    /// The share before it.
    reference: f64,
}

coded!(Going { alert, rises, told, reference });

/// What of a watch outlives the process: its rule, group, brand and span, and what was told.
#[derive(Debug)]
pub struct Held {
    unanswered: bool,
    key: (String, String, String, String),
    firing: Option<Going>,
    reference: Option<(f64, i64)>,
}

coded!(Held { unanswered, key, firing, reference });

impl Bar {
    /// Bonferroni: every brand that is watched and every look in one length of the window may err, and all
    /// of them together with the chance `significance` at most. Looks overlap, so that it is less.
    fn new(on: &On, settings: &Settings) -> Bar {
        let (brands, looks) = (settings.members.count_ones(), settings.span.panes());
        let tests = f64::from(brands.max(1)) * looks as f64;
        // One is told on either side, the other on one side only.
        let sides = if matches!(on, On::Unanswered(_)) { 2.0 } else { 1.0 };
        Bar { z: proportion::z_at(sides * settings.significance / tests), brands, looks }
    }
}

impl Watch {
    /// What goes on by another rule of this name goes on here: the same brand, group and window.
    fn key(&self) -> (bool, String, String, String, &'static str) {
        (self.is_unanswered(), self.rule.name.clone(), self.group.clone(), self.brand.clone(), self.settings.span.as_str())
    }

    /// It compares answers, and not shares.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.rule.on, On::Unanswered(_))
    }

    /// What outlives the process.
    pub(super) fn held(&self) -> Held {
        let (unanswered, rule, group, brand, span) = self.key();
        Held { unanswered, key: (rule, group, brand, span.to_owned()), firing: self.firing, reference: self.reference }
    }

    /// The watch that had this, until it is adopted.
    pub(super) fn of(held: Held) -> Watch {
        let Held { unanswered, key: (rule, group, brand, span), firing, reference } = held;
        let span = Span::named(&span).unwrap_or(Span::H24);
        let settings = Settings { group: 0, members: 0, span, change: 1.0, significance: 1.0 };
        let on = if unanswered { On::Unanswered(settings) } else { On::Share(settings) };
        let rule = Rule { name: rule, on, topics: Vec::new(), severity: Severity::Info, resolve_after: 0 };
        Watch { rule: Arc::new(rule), settings, group, brand, member: 0, bar: Bar { z: f64::MAX, brands: 0, looks: 0 }, firing, reference }
    }

    /// The number of its alert that goes on.
    pub(super) fn alert(&self) -> Option<u64> {
        self.firing.map(|f| f.alert)
    }

    /// What it looks for, and the place of its brand in the group.
    pub fn settings(&self) -> (Settings, usize) {
        (self.settings, self.member)
    }
}

impl Judge {
    /// Watches the shares that the rules of `listening` ask for, and no others.
    pub(super) fn adopt_shares(&mut self, listening: &Listening) {
        let mut old: BTreeMap<_, Watch> = std::mem::take(&mut self.shares).into_iter().map(|w| (w.key(), w)).collect();
        for rule in &listening.rules {
            let (On::Share(settings) | On::Unanswered(settings)) = rule.on else { continue };
            let Some(group) = listening.groups.get(usize::from(settings.group)) else { continue };
            let (rule, bar) = (Arc::new(rule.clone()), Bar::new(&rule.on, &settings));
            for (member, of) in group.members.iter().enumerate().filter(|(i, _)| settings.members & (1 << i) != 0) {
                let brand = listening.brands.get(of.brand).map_or_else(String::new, |b| b.name.clone());
                let (rule, group) = (rule.clone(), group.name.clone());
                let mut watch = Watch { rule, settings, group, brand, member, bar, firing: None, reference: None };
                if let Some(before) = old.remove(&watch.key()) {
                    (watch.firing, watch.reference) = (before.firing, before.reference);
                }
                self.shares.push(watch);
            }
        }
    }

    /// The watches of shares, by number.
    pub fn share_watches(&self) -> &[Watch] {
        &self.shares
    }

    /// Pane `pane` closed, and the window that ends with it came to `shift`; `None` where two whole windows
    /// have not been heard.
    pub fn close_share(
        &mut self,
        i: usize,
        pane: i64,
        shift: Option<Shift>,
        when: Moment,
        evidence: impl FnOnce() -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(watch) = self.shares.get_mut(i) else { return };
        // It may have made room for others.
        watch.firing = watch.firing.filter(|f| self.alerts.is_open(f.alert));
        let found = shift.and_then(|s| Some((s, proportion::z_test(s.now, s.before)?, s.difference()?)));
        let (bar, change) = (watch.bar.z, watch.settings.change);
        let Some(firing) = watch.firing else {
            let Some((shift, z, difference)) = found else { return };
            let back = |(share, until): (f64, i64)| pane < until && (shift.share().unwrap_or_default() - share).abs() < change;
            if z.abs() < bar || difference.abs() < change || watch.reference.is_some_and(back) {
                return;
            }
            let mut alert = watch.fire(pane, &shift, evidence(), when);
            alert.reasons =
                words::changed(&watch.group, &watch.brand, &watch.settings, (watch.bar.brands, watch.bar.looks, bar), &shift, z);
            let number = self.alerts.open(Kept::new(alert), when.now, out);
            let reference = shift.share_before().unwrap_or_default();
            watch.firing = Some(Going { alert: number, rises: difference > 0.0, told: difference.abs(), reference });
            return;
        };
        let same = |z: f64, d: f64| (d > 0.0) == firing.rises && z.abs() >= RELEASE * bar && d.abs() >= RELEASE * change;
        let Some((shift, z, difference)) = found.filter(|(_, z, d)| same(*z, *d)) else {
            if let Some(shift) = shift {
                self.alerts.observe(firing.alert, when.now, |a| a.observed = observed(&shift));
            }
            self.alerts.resolve(firing.alert, when.now, words::no_longer(&watch.brand, shift), out);
            watch.firing = None;
            watch.reference = Some((firing.reference, pane + 2 * watch.settings.span.panes()));
            return;
        };
        if difference.abs() >= firing.told + change {
            watch.firing = Some(Going { told: difference.abs(), ..firing });
            let reasons = words::changed(&watch.group, &watch.brand, &watch.settings, (watch.bar.brands, watch.bar.looks, bar), &shift, z);
            self.alerts.grow(firing.alert, when.now, Evidence { observed: observed(&shift), ..evidence() }, reasons);
            self.alerts.observe(firing.alert, when.now, |a| a.clusters = None);
            self.alerts.tell(firing.alert, out);
        }
    }
}

impl Watch {
    /// An alert that begins to fire, without its reasons.
    fn fire(&self, pane: i64, shift: &Shift, evidence: Evidence, when: Moment) -> Alert {
        let (all, before) = (shift.now.1 as f64, shift.share_before().unwrap_or_default());
        let rises = shift.difference().unwrap_or_default() > 0.0;
        let change = self.settings.change;
        // So many mentions of all would be worth telling.
        let threshold = if rises { ((before + change) * all).ceil() } else { ((before - change) * all).floor() };
        self.told(pane, observed(shift), threshold.max(0.0) as u64, evidence, when)
    }

    /// An alert on the window that ends with pane `pane`, without its reasons.
    fn told(&self, pane: i64, observed: Tallied, threshold: u64, evidence: Evidence, when: Moment) -> Alert {
        let start = pane_start(pane + 1 - self.settings.span.panes());
        Alert {
            brand: self.brand.clone(),
            updated_at: when.now,
            observed,
            threshold,
            delayed: when.delayed,
            first_post: evidence.first,
            top_posts: evidence.top,
            networks: evidence.networks,
            gist: evidence.gist,
            ..Alert::new(
                alert::id(&self.rule.name, &self.brand, start),
                self.rule.name.clone(),
                super::on(&self.rule.on),
                self.rule.severity,
                start,
            )
        }
    }
}

/// The brand's mentions that were tested.
fn observed(shift: &Shift) -> Tallied {
    Tallied { mentions: shift.now.0, reposts: 0, authors: 0 }
}

#[cfg(test)]
mod tests;
