//! What a report needs to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shares::Group;
use super::{ShareFilter, ShareOfVoice, Tally};
use crate::incident::{Incident, IncidentKey};
use crate::limits::{SHARE_PANE, SHARE_PANES};
use crate::share::{Counting, Span};
use crate::time::Timestamp;

/// What is known of one brand, for a report.
#[derive(Debug, Clone, Default)]
pub struct Matters {
    /// Event time now.
    pub now: Timestamp,
    /// Since when event time is known.
    pub since: Option<Timestamp>,
    /// The brand's matters that are open or that anything happened in since the window's start, as of now, in the
    /// order of their opening.
    pub incidents: Vec<Arc<Incident>>,
    /// Own posts of the window that answer nobody, if they are counted and still kept.
    pub broadcasts: Option<u64>,
    /// The shares of the brand's groups, where the window is still kept.
    pub groups: Vec<GroupKnown>,
}

/// The shares of a group.
#[derive(Debug, Clone)]
pub struct GroupKnown {
    /// Its name.
    pub name: String,
    /// By all mentions.
    pub all: ShareOfVoice,
}

impl Tally {
    /// What is known of `brand`, for a report on the time from `from` up to `to`.
    pub fn matters_of(&self, brand: &str, from: Timestamp, to: Timestamp) -> Matters {
        let matters = self.incidents.all().map(|(incident, _)| incident).filter(|i| &*i.brand == brand);
        let mut incidents: Vec<Arc<Incident>> = matters.filter(|i| matters_since(i, from)).cloned().collect();
        incidents.sort_by(|a, b| {
            (a.opened_at, a.post_id.len(), &a.post_id, &a.network).cmp(&(b.opened_at, b.post_id.len(), &b.post_id, &b.network))
        });
        let now = self.clock.now();
        let kept = from >= now.plus(-SHARE_PANE * SHARE_PANES as i64);
        let in_group = self.shares.brands.iter().find(|b| &*b.name == brand).filter(|b| kept && b.heard && !self.shares.groups.is_empty());
        let broadcasts = in_group.map(|b| b.published.within(from, to).len() as u64);
        Matters { now, since: self.listened.since(), incidents, broadcasts, groups: self.groups_of(brand, from, to) }
    }

    /// Matters that a report on these windows, from and up to by brand, is made of, with their versions: at most `limit` of
    /// those behind `after`, in the order of their opening; and whether there are more.
    pub fn matters_in(
        &self,
        windows: &[(Arc<str>, (Timestamp, Timestamp))],
        after: Option<(Timestamp, IncidentKey)>,
        limit: usize,
    ) -> (Vec<(Arc<Incident>, u64)>, bool) {
        let is_in =
            |i: &Incident| windows.iter().any(|(brand, (from, to))| *brand == i.brand && i.opened_at < *to && matters_since(i, *from));
        // As many as are wanted, and one to know whether there are more.
        let mut first = BTreeMap::new();
        for (incident, version) in self.incidents.all().filter(|(i, _)| is_in(i)) {
            let place = (incident.opened_at, incident.key());
            if after.is_none_or(|after| place > after) {
                first.insert(place, (incident, version));
                if first.len() > limit + 1 {
                    first.pop_last();
                }
            }
        }
        let more = first.len() > limit;
        (first.into_values().take(limit).map(|(incident, version)| (incident.clone(), version)).collect(), more)
    }

    /// The shares of the groups that `brand` is in, if the window and the one before it are kept.
    fn groups_of(&self, brand: &str, from: Timestamp, to: Timestamp) -> Vec<GroupKnown> {
        let long = to.since(from);
        if from.plus(-long) < self.clock.now().plus(-SHARE_PANE * SHARE_PANES as i64) {
            return Vec::new();
        }
        let is_in = |group: &&Group| group.members.iter().filter_map(|m| self.shares.brands.get(m.brand)).any(|b| &*b.name == brand);
        let known = |group: &Group| {
            let name = group.name.to_string();
            let filter = ShareFilter { group: name.clone(), between: Some((from, to)), span: Span::H24, counting: Counting::ALL };
            Some(GroupKnown { name, all: self.share_of_voice(&filter)? })
        };
        self.shares.groups.iter().filter(is_in).filter_map(known).collect()
    }
}

/// Whether a report on what happened from `from` on has to know of it.
fn matters_since(incident: &Incident, from: Timestamp) -> bool {
    let last = incident.closings.iter().map(|c| c.at).chain(incident.reopenings.iter().copied()).max();
    incident.state().is_open() || incident.last_activity >= from || incident.opened_at >= from || last.is_some_and(|at| at >= from)
}
