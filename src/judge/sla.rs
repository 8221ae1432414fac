//! Alerts on how customers are answered: an answer that is due or late, news that was promised, a customer to
//! be contacted directly, too many of us at one matter.
//!
//! Every matter has at most one alert of each kind under a rule. An answer that is due and then late is one
//! alert that grows; what comes while many stand open is told as one, and stays in it.

mod claim;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::alerts::Kept;
use super::{Judge, UPDATE_EVERY};
use crate::alert::{self, Alert, Severity};
use crate::incident::{Incident, IncidentKey};
use crate::post::PostBuf;
use crate::time::Timestamp;
use crate::topic::SlaRule;
use crate::window::Tallied;
pub use claim::Concern;
use claim::{Claim, claim};

/// One rule on all matters of its brands.
#[derive(Debug)]
pub struct Watch {
    rule: SlaRule,
    /// What was told and goes on.
    told: BTreeMap<Case, Told>,
    /// What is to be told next, and when.
    due: BTreeSet<(Timestamp, Case)>,
    timers: HashMap<Case, Timestamp>,
    /// What is told as one.
    storms: BTreeMap<Kind, Storm>,
    /// How many stand alone.
    alone: BTreeMap<Kind, usize>,
}

/// What an alert is about.
type Case = (IncidentKey, Concern);
/// What is counted together.
type Kind = (Arc<str>, Concern);

/// What was told of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    brand: Arc<str>,
    /// What the clock ran from.
    since: Timestamp,
    /// The whole time is over, and not only that of the warning.
    late: bool,
    /// Number of its own alert; `None` if it is told with others.
    alert: Option<u64>,
}

/// Many matters in one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Storm {
    alert: u64,
    matters: u64,
    /// How many were told of last, and when.
    told: u64,
    told_at: Timestamp,
    late: bool,
}

coded!(Told { brand, since, late, alert });
coded!(Storm { alert, matters, told, told_at, late });

/// What of a watch outlives the process: timers follow from the matters.
#[derive(Debug)]
pub struct Held {
    rule: String,
    told: BTreeMap<Case, Told>,
    storms: Vec<(Kind, Storm)>,
}

coded!(Held { rule, told, storms });

/// Something that is to be told now.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    at: Timestamp,
    case: Case,
    watch: usize,
}

impl Due {
    /// The matter.
    pub fn incident(&self) -> IncidentKey {
        self.case.0
    }
}

impl Watch {
    fn new(rule: SlaRule) -> Watch {
        let (told, due, timers) = (BTreeMap::new(), BTreeSet::new(), HashMap::new());
        Watch { rule, told, due, timers, storms: BTreeMap::new(), alone: BTreeMap::new() }
    }

    /// What outlives the process.
    pub fn held(&self) -> Held {
        let storms = self.storms.iter().map(|(kind, storm)| (kind.clone(), *storm)).collect();
        Held { rule: self.rule.name.clone(), told: self.told.clone(), storms }
    }

    /// The watch that had this, until its rule is adopted.
    pub fn of(held: Held) -> Watch {
        let rule = SlaRule {
            name: held.rule,
            brands: Vec::new(),
            first_answer: i64::MAX,
            warn: None,
            blocked: None,
            next_answer: None,
            promise: None,
            bystanders: false,
            each: 0,
            severity: Severity::Info,
        };
        let mut watch = Watch { told: held.told, storms: held.storms.into_iter().collect(), ..Watch::new(rule) };
        for ((_, concern), told) in watch.told.iter().filter(|(_, told)| told.alert.is_some()) {
            *watch.alone.entry((Arc::clone(&told.brand), *concern)).or_default() += 1;
        }
        watch
    }

    /// Tells of `case` at `at`, or not at all.
    fn set(&mut self, case: Case, at: Option<Timestamp>) {
        if let Some(before) = self.timers.remove(&case) {
            self.due.remove(&(before, case));
        }
        if let Some(at) = at {
            self.timers.insert(case, at);
            self.due.insert((at, case));
        }
    }

    /// What is told of a matter as it is now: it has what was told that is over, and when the next is due.
    fn update(&mut self, incident: &Incident, is_gone: bool) -> Vec<(Case, Told)> {
        let key = incident.key();
        let mut over = Vec::new();
        for concern in Concern::ALL {
            let case = (key, concern);
            let claim = if is_gone { None } else { claim(&self.rule, incident, concern) };
            let told = self.told.get(&case);
            // What runs from another moment is another wait.
            let goes_on = told.zip(claim).is_some_and(|(told, claim)| told.since == claim.since);
            let is_late = goes_on && told.is_some_and(|told| told.late);
            let next = claim.filter(|_| !is_late).and_then(|c| if goes_on { c.late } else { c.warn.or(c.late) });
            if told.is_some() && !goes_on {
                over.extend(self.told.remove(&case).map(|told| (case, told)));
            }
            self.set(case, next);
        }
        over
    }
}

impl Judge {
    /// Watches `rules` from now on, on these matters, which come in the order of their keys; what was told goes on if
    /// it still holds.
    pub fn adopt_sla(&mut self, rules: &[SlaRule], all: &[&Incident], now: Timestamp, out: &mut Vec<Alert>) {
        let mut old = std::mem::take(&mut self.sla);
        for rule in rules {
            let before = old.iter().position(|w| w.rule.name == rule.name).map(|i| old.remove(i));
            let mut watch = before.map_or_else(|| Watch::new(rule.clone()), |w| Watch { rule: rule.clone(), ..w });
            (watch.due, watch.timers) = (BTreeSet::new(), HashMap::new());
            self.sla.push(watch);
        }
        for incident in all {
            self.sla_changed(incident, false, now, out);
        }
        for number in old.iter().flat_map(Watch::alerts) {
            self.alerts.resolve(number, now, super::words::rule_removed(), out);
        }
    }

    /// A matter is no longer what it was.
    pub fn sla_changed(&mut self, incident: &Incident, is_gone: bool, now: Timestamp, out: &mut Vec<Alert>) {
        for watch in &mut self.sla {
            for ((_, concern), told) in watch.update(incident, is_gone) {
                let kind = (Arc::clone(&told.brand), concern);
                if let Some(number) = told.alert {
                    self.alerts.resolve(number, now, words::over(incident, concern, is_gone), out);
                    if let Some(alone) = watch.alone.get_mut(&kind) {
                        *alone = alone.saturating_sub(1);
                    }
                    continue;
                }
                let Some(storm) = watch.storms.get_mut(&kind) else { continue };
                storm.matters = storm.matters.saturating_sub(1);
                if storm.matters == 0 {
                    self.alerts.resolve(storm.alert, now, words::storm_over(concern), out);
                    watch.storms.remove(&kind);
                }
            }
        }
    }

    /// What is to be told by `now`, the earliest first; each is to be handed to [`Judge::sla_tell`].
    pub fn sla_due(&mut self, now: Timestamp) -> Option<Due> {
        let first = |(i, watch): (usize, &Watch)| watch.due.first().map(|(at, case)| (*at, *case, i));
        let (at, case, watch) = self.sla.iter().enumerate().filter_map(first).min().filter(|(at, ..)| *at <= now)?;
        if let Some(watch) = self.sla.get_mut(watch) {
            watch.set(case, None);
        }
        Some(Due { at, case, watch })
    }

    /// Tells of the matter that is due; `post` is the one that waits.
    pub fn sla_tell(&mut self, due: Due, incident: &Incident, post: Option<PostBuf>, now: Timestamp, out: &mut Vec<Alert>) {
        let Some(watch) = self.sla.get_mut(due.watch) else { return };
        let (case, concern) = (due.case, due.case.1);
        let Some(claim) = claim(&watch.rule, incident, concern) else { return };
        let late = claim.late.is_some_and(|at| at <= due.at);
        let kind = (Arc::clone(&incident.brand), concern);
        if let Some(told) = watch.told.get_mut(&case) {
            told.late = late;
            match told.alert {
                Some(number) => self.alerts.worsen(number, due.at, watch.rule.severity, words::due(incident, concern, &claim, late), out),
                None => self.storm(due.watch, &kind, 0, late, due.at, out),
            }
            return;
        }
        watch.set(case, claim.late.filter(|_| !late));
        let stands_alone = watch.alone.get(&kind).copied().unwrap_or(0) < watch.rule.each;
        let alert = if stands_alone {
            let alert = watch.alert(incident, concern, &claim, late, due.at, post);
            if concern.is_told_once() && self.alerts.is_known(&alert.id) {
                // It was opened again, and that there are so many of us is no news.
                return;
            }
            *watch.alone.entry(kind.clone()).or_default() += 1;
            Some(self.alerts.open(Kept::new(alert), now, out))
        } else {
            None
        };
        if let Some(watch) = self.sla.get_mut(due.watch) {
            let brand = Arc::clone(&incident.brand);
            watch.told.insert(case, Told { brand, since: claim.since, late, alert });
        }
        if alert.is_none() {
            self.storm(due.watch, &kind, 1, late, due.at, out);
        }
    }

    /// So many more matters are told of as one.
    fn storm(&mut self, watch: usize, kind: &Kind, more: u64, late: bool, at: Timestamp, out: &mut Vec<Alert>) {
        let Some(watch) = self.sla.get_mut(watch) else { return };
        let severity = if late { watch.rule.severity } else { watch.rule.severity.min(Severity::Warning) };
        let Some(storm) = watch.storms.get_mut(kind) else {
            let (brand, concern) = kind;
            let id = alert::id(&watch.rule.name, &format!("{brand}/{}", concern.as_str()), at);
            let alert = Alert {
                brand: brand.to_string(),
                observed: Tallied { mentions: more, authors: more, reposts: 0 },
                threshold: watch.rule.each as u64,
                reasons: vec![words::storm(*concern, more, watch.rule.each)],
                ..Alert::new(id, watch.rule.name.clone(), "sla", severity, at)
            };
            let alert = self.alerts.open(Kept::new(alert), at, out);
            watch.storms.insert(kind.clone(), Storm { alert, matters: more, told: more, told_at: at, late });
            return;
        };
        storm.matters += more;
        let worse = late && !storm.late;
        storm.late |= late;
        if worse || storm.matters >= storm.told.saturating_mul(2) {
            (storm.told, storm.told_at) = (storm.matters, at);
            let (storm, each) = (*storm, watch.rule.each);
            self.alerts.swell(storm.alert, at, severity, storm.matters, words::storm(kind.1, storm.matters, each), out);
        }
    }

    /// A beat: what is told as one has grown or shrunk.
    pub fn sla_tick(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        for watch in &mut self.sla {
            for ((_, concern), storm) in &mut watch.storms {
                if storm.matters != storm.told && now.since(storm.told_at) >= UPDATE_EVERY {
                    (storm.told, storm.told_at) = (storm.matters, now);
                    let severity = if storm.late { watch.rule.severity } else { watch.rule.severity.min(Severity::Warning) };
                    let reason = words::storm(*concern, storm.matters, watch.rule.each);
                    self.alerts.swell(storm.alert, now, severity, storm.matters, reason, out);
                }
            }
        }
    }
}

impl Watch {
    /// Numbers of the alerts that go on.
    pub fn alerts(&self) -> impl Iterator<Item = u64> {
        self.told.values().filter_map(|told| told.alert).chain(self.storms.values().map(|storm| storm.alert))
    }

    /// The alert of one matter.
    fn alert(&self, incident: &Incident, concern: Concern, claim: &Claim, late: bool, at: Timestamp, post: Option<PostBuf>) -> Alert {
        let Incident { brand, network, post_id, .. } = incident;
        // What is due is to be looked at, and only what is late must be acted on.
        let severity = if late && concern.is_late() { self.rule.severity } else { self.rule.severity.min(Severity::Warning) };
        let kind = if concern == Concern::Answer { String::new() } else { format!("/{}", concern.as_str()) };
        let id = format!("{}/{brand}/{network}/{post_id}{kind}", self.rule.name);
        Alert {
            brand: brand.to_string(),
            updated_at: at,
            observed: Tallied { mentions: incident.customer_posts.into(), authors: 1, reposts: 0 },
            threshold: claim.threshold,
            reasons: words::due(incident, concern, claim, late),
            networks: vec![(network.to_string(), incident.customer_posts.into())],
            first_post: post,
            ..Alert::new(id, self.rule.name.clone(), "sla", severity, claim.since)
        }
    }
}
