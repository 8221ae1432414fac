//! Customers' matters, as a part of the tally: they are folded with everything else, in the same order.

use std::sync::Arc;

use super::{Event, Tally};
use crate::incident::{Deed, IncidentKey, Refusal};
use crate::incidents::Incidents;
use crate::lane::Outcome;
use crate::post::Kind;
use crate::time::Timestamp;

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

    pub(super) fn tell_incidents(&mut self, events: &mut Vec<Event>) {
        let mut changes = Vec::new();
        self.incidents.settle(self.clock.now(), &mut changes);
        events.extend(changes.into_iter().map(|change| Event::Incident(Box::new(change))));
    }
}
