//! Customers' matters, as a part of the tally: they are folded with everything else, in the same order.

use std::sync::Arc;

use super::{Event, Tally, tell};
use crate::incident::{Change, Deed, Incident, IncidentKey, Refusal, Why};
use crate::incidents::{Erased, Incidents};
use crate::lane::Outcome;
use crate::post::{Author, AuthorKey, Kind, Post, PostBuf};
use crate::query::Accents;
use crate::text::fold;
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

/// Whose data is to be erased: keys of accounts only, so that writing it down tells nobody who it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// By id and by handle, as it is and folded.
    pub accounts: Vec<AuthorKey>,
}

coded!(Erasure { accounts });

impl Erasure {
    /// Of the account of `network` with this id or handle.
    pub fn of(network: &str, author: &str) -> Erasure {
        let author = author.trim();
        let handle = author.trim_start_matches('@');
        let mut accounts: Vec<AuthorKey> =
            [author, handle, &fold(handle, Accents::Fold)].iter().map(|name| AuthorKey::of(network, name)).collect();
        accounts.sort_unstable();
        accounts.dedup();
        Erasure { accounts }
    }

    /// Whether that person wrote the post.
    pub fn is_by(&self, post: &Post<'_>) -> bool {
        self.is(post.network, post.author.id) || self.is(post.network, post.author.handle)
    }

    /// Whether an id or a handle is that person's.
    pub fn is(&self, network: &str, name: &str) -> bool {
        let has = |name: &str| self.accounts.contains(&AuthorKey::of(network, name));
        !name.is_empty() && (has(name) || has(&fold(name, Accents::Fold)))
    }
}

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
        self.incidents.prune(now, &mut changes);
        self.tell_changes(changes, now, events);
        while let Some(due) = self.judge.sla_due(now) {
            let Some((incident, _)) = self.incidents.told(due.incident()) else { continue };
            let post = self.incidents.posts(due.incident()).first().map(|(post, _)| shown(post));
            self.judge.sla_tell(due, incident, post, now, &mut self.alerts);
        }
        self.judge.sla_tick(now, &mut self.alerts);
        tell(&mut self.alerts, events);
    }

    fn tell_changes(&mut self, changes: Vec<Change>, now: Timestamp, events: &mut Vec<Event>) {
        for change in changes {
            self.judge.sla_changed(&change.incident, change.why == Why::Gone, now, &mut self.alerts);
            events.push(Event::Incident(Box::new(change)));
        }
    }

    /// Lets go of all that is known of a person, numbered like the outcomes: posts, theirs and ours to them, vanish as
    /// if deleted, and figures stay.
    pub fn erase(&mut self, erasure: &Erasure, events: &mut Vec<Event>) -> Erased {
        let now = self.clock.now();
        let mut changes = Vec::new();
        let (mut posts, erased) = self.incidents.erase(&erasure.accounts, now, &mut changes);
        let is_theirs = |post: &Post<'_>| erasure.is_by(post);
        posts.extend(self.recent.slots().flatten().filter(|m| is_theirs(&m.post.get())).map(|m| m.key));
        let shown = self.judge.alerts().flat_map(|a| a.first_post.iter().chain(&a.top_posts)).map(PostBuf::get);
        posts.extend(shown.filter(is_theirs).map(|post| post.key()));
        posts.sort_unstable();
        posts.dedup();
        self.tell_changes(changes, now, events);
        for key in &posts {
            self.delete(*key, events);
        }
        self.tell_incidents(events);
        Erased { posts: posts.len(), ..erased }
    }

    /// Watches how customers are answered by these rules from now on.
    pub(super) fn adopt_sla(&mut self, rules: &Arc<[SlaRule]>, now: Timestamp) {
        // Looking at every matter is for changes of the file, not for each topic that comes by the API.
        if self.sla_rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, rules)) {
            return;
        }
        let mut all: Vec<_> = self.incidents.all().map(|(incident, _)| (incident.key(), incident)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let all: Vec<&Incident> = all.into_iter().map(|(_, incident)| &**incident).collect();
        self.judge.adopt_sla(rules, &all, now, &mut self.alerts);
        self.sla_rules = Some(Arc::clone(rules));
    }
}

/// A post as an alert shows it.
fn shown(post: &Utterance) -> PostBuf {
    let author = Author { handle: &post.handle, ..Author::default() };
    PostBuf::new(&Post { at: post.at, network: &post.network, id: &post.id, text: &post.text, url: &post.url, author, ..Post::default() })
}
