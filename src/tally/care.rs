//! Customers' matters, as a part of the tally: they are folded with everything else, in the same order.

use std::sync::Arc;

use super::{Event, Tally, tell};
use crate::incident::{Deed, IncidentKey, Refusal, Why};
use crate::incidents::Incidents;
use crate::lane::Outcome;
use crate::post::{Author, Kind, Post, PostBuf};
use crate::time::Timestamp;
use crate::topic::SlaRule;
use crate::utterance::Utterance;

/// What an agent wants done with a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which.
    pub incident: IncidentKey,
    /// As the agent saw it; `None` whatever it has become.
    pub version: Option<u64>,
    /// Who: the name of a token.
    pub by: Arc<str>,
    /// What.
    pub deed: Deed,
}

coded!(Order { incident, version, by, deed });

impl Tally {
    /// The matters.
    pub fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// An agent does something, numbered like the outcomes.
    ///
    /// # Errors
    /// It is not done.
    pub fn act(&mut self, at: Timestamp, order: &Order, events: &mut Vec<Event>) -> Result<(), Refusal> {
        self.incidents.act(order.incident, order.version, at, Arc::clone(&order.by), order.deed.clone())?;
        self.tell_incidents(events);
        Ok(())
    }

    /// Folds what care teams follow.
    pub(super) fn follow(&mut self, outcome: &Outcome, events: &mut Vec<Event>) {
        let now = self.clock.now();
        for (kind, post) in &outcome.utterances {
            // An update of what nobody follows is nothing new, unless it names us.
            let follows = *kind != Kind::Update || self.incidents.knows(post.key) || post.is_of_a_brand();
            if follows {
                self.incidents.hear(*kind, post.clone(), now);
            }
        }
        self.tell_incidents(events);
    }

    /// Tells what of the matters changed by now, and the alerts that come of it.
    pub(super) fn tell_incidents(&mut self, events: &mut Vec<Event>) {
        let now = self.clock.now();
        let mut changes = Vec::new();
        self.incidents.settle(now, &mut changes);
        for change in changes {
            self.judge.sla_changed(&change.incident, change.why == Why::Gone, now, &mut self.alerts);
            events.push(Event::Incident(Box::new(change)));
        }
        while let Some(due) = self.judge.sla_due(now) {
            let Some((incident, _)) = self.incidents.told(due.incident()) else { continue };
            let post = self.incidents.posts(due.incident()).first().map(|(post, _)| shown(post));
            self.judge.sla_tell(due, incident, post, now, &mut self.alerts);
        }
        self.judge.sla_tick(now, &mut self.alerts);
        tell(&mut self.alerts, events);
    }

    /// Watches how customers are answered by these rules from now on.
    pub(super) fn adopt_sla(&mut self, rules: &Arc<[SlaRule]>, now: Timestamp) {
        // Looking at every matter is for changes of the file, not for each topic that comes by the API.
        if self.sla_rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, rules)) {
            return;
        }
        let mut all: Vec<_> = self.incidents.all().map(|(incident, _)| (incident.key(), incident)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let all: Vec<_> = all.into_iter().map(|(_, incident)| incident).collect();
        self.judge.adopt_sla(rules, &all, now, &mut self.alerts);
        self.sla_rules = Some(Arc::clone(rules));
    }
}

/// A post as an alert shows it.
fn shown(post: &Utterance) -> PostBuf {
    let author = Author { handle: &post.handle, ..Author::default() };
    PostBuf::new(&Post { at: post.at, network: &post.network, id: &post.id, text: &post.text, url: &post.url, author, ..Post::default() })
}
