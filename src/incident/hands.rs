//! Through which hands a matter went: which section had it for how long, and how many took it up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{End, Field, Incident};
use crate::limits::SECTIONS_KEPT;
use crate::time::Timestamp;

/// What is remembered of the hands through which a matter went; most went through none worth remembering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hands {
    /// The sections that had it before the present one, each with the time until when; `None` where none had it.
    pub sections: Vec<(Timestamp, Option<Arc<str>>)>,
    /// Who had it in hand last, also if nobody has by now.
    pub last: Option<Arc<str>>,
    /// How many times somebody took it up who was not the last to have it.
    pub holders: u32,
}

impl Incident {
    /// The section that has it: as agents say, else as topics say.
    pub fn section(&self) -> Option<&Arc<str>> {
        self.said.get(Field::Section).or(self.tags.get(Field::Section))
    }

    /// The section may be another than `before` from `at` on.
    pub(crate) fn handed(&mut self, before: Option<Arc<str>>, at: Timestamp) {
        // The section that the opening post tells has it from the opening on.
        if self.section() == before.as_ref() || (before.is_none() && at <= self.opened_at) {
            return;
        }
        let sections = &mut self.hands.get_or_insert_default().sections;
        if sections.len() < SECTIONS_KEPT {
            sections.push((at, before));
        }
    }

    /// It is in the hands of `to`, or of nobody.
    pub(crate) fn assign(&mut self, to: Option<Arc<str>>) {
        if to.is_some() && self.hands.as_ref().is_none_or(|hands| hands.last != to) {
            let hands = self.hands.get_or_insert_default();
            hands.holders = hands.holders.saturating_add(1);
            hands.last.clone_from(&to);
        }
        self.assignee = to;
    }

    /// How often it went from one section to another; `None` if none ever had it. A time without a section is no
    /// change, if the same has it after.
    pub fn section_hops(&self) -> Option<usize> {
        let before = self.hands.iter().flat_map(|hands| &hands.sections).filter_map(|(_, section)| section.as_ref());
        let mut all: Vec<&Arc<str>> = before.chain(self.section()).collect();
        all.dedup();
        all.len().checked_sub(1)
    }

    /// How often it went from one person to another; `None` if nobody ever had it in hand.
    pub fn assignee_hops(&self) -> Option<usize> {
        (self.hands.as_ref()?.holders as usize).checked_sub(1)
    }

    /// For how long each section had it, in microseconds: from the opening to [`Incident::done`], or to `now`.
    pub fn owned(&self, now: Timestamp) -> BTreeMap<&str, i64> {
        let end = self.done().unwrap_or(now);
        let (mut out, mut since) = (BTreeMap::new(), self.opened_at);
        let before = self.hands.iter().flat_map(|hands| &hands.sections).map(|(until, section)| (*until, section.as_ref()));
        for (until, section) in before.chain([(end, self.section())]) {
            if let Some(section) = section {
                *out.entry(&**section).or_default() += until.min(end).since(since).max(0);
            }
            since = until;
        }
        out
    }

    /// When nobody had anything left to do, if it is over: our last post where silence ended it, and the end itself
    /// where an agent or the customer's patience did.
    fn done(&self) -> Option<Timestamp> {
        self.closing().map(|closing| match closing.end {
            End::Resolved | End::Expired => closing.at,
            End::Private | End::Abandoned | End::Answered => closing.settled_at,
        })
    }
}
