//! How long what customers wrote is kept, and how all of one person is let go of.
//!
//! What is looked at is due by the posts' own time, once an hour of it, so that the same input keeps the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::person::{Person, Told};
use super::{Incidents, handles};
use crate::incident::{Change, EXPIRY, Hands, Incident, IncidentKey, Why};
use crate::limits::LEAVE_TOGETHER;
use crate::post::{AuthorKey, PostKey};
use crate::time::{HOUR, Timestamp};
use crate::topic::Care;
use crate::utterance::Utterance;

/// How many are looked at for what is to leave next: people for room, posts of a person.
const NEXT: usize = 64;

/// What was let go of when a person was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Posts, theirs and ours to them.
    pub posts: usize,
    /// Matters whose figures stay.
    pub matters: usize,
}

impl Incidents {
    /// Keeps everything by `care` from now on.
    pub fn keep(&mut self, care: &Care) {
        if self.care.as_ref() == Some(care) {
            return;
        }
        self.care = Some(care.clone());
        let all: Vec<AuthorKey> = self.people.keys().copied().collect();
        all.into_iter().for_each(|key| self.plan_leave(key));
    }

    /// Notes when something of a person is to be let go of.
    pub(super) fn plan_leave(&mut self, key: AuthorKey) {
        let leave = self.leaves(key);
        let Some(person) = self.people.get_mut(&key) else { return };
        let before = std::mem::replace(&mut person.leave, leave);
        if before != leave {
            before.iter().for_each(|at| _ = self.leave.remove(&(*at, key)));
            self.leave.extend(leave.map(|at| (at, key)));
        }
    }

    /// When something of a person may be let go of: all of it long after their last matter closed, what belongs to
    /// no matter a while after it was written.
    fn leaves(&self, key: AuthorKey) -> Option<Timestamp> {
        let (care, person) = (self.care.as_ref()?, self.people.get(&key)?);
        // A guess that is too early costs a look: who writes without end must not cost more with each post.
        let mut first = person.beyond_matters().take(NEXT);
        let guess = person.beyond_matters().nth(NEXT).map(|post| post.at);
        let stray = first.find(|post| self.is_stray(person, post)).map(|post| post.at).or(guess).map(|at| at.plus(care.strays));
        [stray, person.over().map(|at| at.plus(care.texts))].into_iter().flatten().min()
    }

    /// Whether the post of `person` belongs to no matter: neither to one of theirs, nor as an answer to somebody else's.
    fn is_stray(&self, person: &Person, post: &Utterance) -> bool {
        !person.is_in_matter(post.key) && !post.parent.is_some_and(|parent| self.is_in_matter(parent))
    }

    fn is_in_matter(&self, post: PostKey) -> bool {
        self.filed.get(&post).and_then(|key| self.people.get(key)).is_some_and(|person| person.is_in_matter(post))
    }

    /// Whether there is room for another post that speaks to no brand.
    pub(super) fn is_full(&self) -> bool {
        self.care.as_ref().is_some_and(|care| self.len() >= care.max_posts)
    }

    /// Posts that were not kept, or not for as long as they should have been, since there was no room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Lets go of what is old enough by `now`, and tells whose matters; looks once an hour of event time.
    pub fn prune(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        let hour = now.0.div_euclid(HOUR);
        if hour <= self.pruned {
            return;
        }
        let is_new_day = hour.div_euclid(24) > self.pruned.div_euclid(24);
        self.pruned = hour;
        let due: Vec<AuthorKey> = self.leave.iter().take_while(|(at, _)| *at <= now).map(|(_, key)| *key).collect();
        due.into_iter().for_each(|key| _ = self.let_go_by(key, now));
        self.drop_broadcasts(now);
        changes.append(&mut self.left);
        let Some(care) = self.care.as_ref().filter(|_| is_new_day) else { return };
        let old = |told: &Told| ended(&told.incident).plus(care.retention) <= now;
        let gone: Vec<IncidentKey> = self.archive.iter().filter(|(_, told)| old(told)).map(|(id, _)| *id).collect();
        gone.iter().for_each(|id| _ = self.archive.remove(id));
    }

    /// Makes room: what was to leave next leaves now.
    pub(super) fn make_room(&mut self) {
        while self.is_full() {
            let next: Vec<_> = self.leave.iter().take(NEXT).copied().collect();
            let Some(posts) = next.into_iter().map(|(at, key)| self.let_go_by(key, at)).find(|posts| *posts > 0) else { return };
            self.dropped += posts as u64;
        }
    }

    /// Lets go of what is due of a person by `now`, if nothing that stays depends on it; how many posts went.
    fn let_go_by(&mut self, key: AuthorKey, now: Timestamp) -> usize {
        let Some((leaving, along)) = self.leaving(key, now) else { return self.drop_strays(key, now) };
        let before = self.len();
        let staying: Vec<_> = leaving.iter().flat_map(|key| self.staying(*key, &leaving, now)).collect();
        along.iter().for_each(|post| self.drop_stray(post));
        for key in &leaving {
            let told = self.people.get_mut(key).into_iter().flat_map(|person| person.told.values_mut());
            self.left.extend(told.map(|told| told.gone(now)));
            self.let_go(*key);
        }
        for post in staying {
            self.threads.put(&post);
            self.file(&post);
        }
        before - self.len()
    }

    /// A person whose matters are over for long enough by `now`, and everybody whose matters hang on their posts, if these are over
    /// as well; and what answers them and belongs to no matter.
    fn leaving(&self, key: AuthorKey, now: Timestamp) -> Option<(BTreeSet<AuthorKey>, Vec<Arc<Utterance>>)> {
        let (mut leaving, mut next, mut along) = (BTreeSet::from([key]), vec![key], Vec::new());
        while let Some(key) = next.pop() {
            let person = self.people.get(&key)?;
            let is_due = person.over()?.plus(self.care.as_ref()?.texts) <= now;
            if !is_due || leaving.len() > LEAVE_TOGETHER {
                return None;
            }
            // The posts of a part count in the whole for as long as that may change.
            let whole = |told: &Told| self.whose.get(&IncidentKey::of(&told.incident.brand, told.incident.merged_into?)).copied();
            let mut holders: Vec<AuthorKey> = person.told.values().filter_map(whole).collect();
            for below in person.posts().flat_map(|post| self.threads.below(post.key)) {
                let filed = *self.filed.get(&below.key)?;
                if self.is_in_matter(below.key) {
                    holders.push(filed);
                } else if filed != key {
                    along.push(below);
                }
            }
            next.extend(holders.into_iter().filter(|holder| leaving.insert(*holder)));
        }
        Some((leaving, along))
    }

    /// What stays of a person who leaves: what they wrote of late to nobody, and in the matters of those who stay.
    fn staying(&self, key: AuthorKey, leaving: &BTreeSet<AuthorKey>, now: Timestamp) -> Vec<Arc<Utterance>> {
        let Some((care, person)) = self.care.as_ref().zip(self.people.get(&key)) else { return Vec::new() };
        let stays = |post: &&Arc<Utterance>| match post.parent.filter(|parent| self.is_in_matter(*parent)) {
            Some(parent) => !self.filed.get(&parent).is_some_and(|asker| leaving.contains(asker)),
            None => post.at.plus(care.strays) > now,
        };
        person.posts().filter(|post| !person.is_in_matter(post.key)).filter(stays).cloned().collect()
    }

    /// Lets go of what a person wrote that belongs to no matter, and that nothing which stays answers.
    fn drop_strays(&mut self, key: AuthorKey, now: Timestamp) -> usize {
        let Some((care, person)) = self.care.as_ref().zip(self.people.get(&key)) else { return 0 };
        let due = person.posts().take_while(|post| post.at.plus(care.strays) <= now).filter(|post| self.is_stray(person, post));
        let due: Vec<Arc<Utterance>> = due.cloned().collect();
        let mut dropped = 0;
        // The latest first: what answers another goes before it.
        for post in due.iter().rev() {
            if self.threads.answers(post.key).next().is_none() {
                self.drop_stray(post);
                dropped += 1;
            }
        }
        self.plan_leave(key);
        dropped
    }

    /// Lets go of a post that belongs to no matter of its author.
    fn drop_stray(&mut self, post: &Utterance) {
        if let Some(key) = self.filed.get(&post.key).copied()
            && let Some(person) = self.people.get_mut(&key)
        {
            person.drop_stray(post);
            if person.is_empty() {
                self.forget_person(key);
            }
            self.plan_leave(key);
        }
        self.forget(post);
    }

    /// Lets go of posts of ours that speak to nobody, once nobody would answer them any more.
    fn drop_broadcasts(&mut self, now: Timestamp) {
        let due = self.broadcasts.iter().take_while(|(at, _)| at.plus(EXPIRY) <= now).map(|(_, post)| *post);
        let unanswered = due.filter(|post| self.threads.answers(*post).next().is_none());
        let due: Vec<_> = unanswered.filter_map(|post| self.threads.get(post).cloned()).collect();
        for post in due {
            self.broadcasts.remove(&(post.at, post.key));
            self.forget(&post);
        }
    }

    /// A post is no longer among the living.
    fn forget(&mut self, post: &Utterance) {
        self.filed.remove(&post.key);
        self.threads.remove(post.key);
        for handle in handles(post).chain(post.author.handle) {
            if let Some(posts) = self.by_handle.get_mut(&handle) {
                posts.remove(&post.key);
                if posts.is_empty() {
                    self.by_handle.remove(&handle);
                }
            }
            let owner = self.threads.owner(handle);
            if !self.by_handle.contains_key(&handle) && !self.people.contains_key(&owner) {
                self.threads.disown(handle);
            }
        }
    }

    /// Nothing is to be done about a person any more.
    pub(super) fn forget_person(&mut self, key: AuthorKey) -> Option<Person> {
        let person = self.people.remove(&key)?;
        person.leave.iter().for_each(|at| _ = self.leave.remove(&(*at, key)));
        person.due.iter().for_each(|at| _ = self.due.remove(&(*at, key)));
        self.touched.remove(&key);
        Some(person)
    }

    /// Lets go of a person; what is known of their matters stays, without who it was. How many posts went.
    fn let_go(&mut self, key: AuthorKey) -> usize {
        let Some(person) = self.forget_person(key) else { return 0 };
        let posts: Vec<_> = person.posts().cloned().collect();
        posts.iter().for_each(|post| self.forget(post));
        for (id, told) in person.told {
            self.whose.remove(&id);
            if let Some(into) = told.incident.merged_into {
                let whole = IncidentKey::of(&told.incident.brand, into);
                if let Some(parts) = self.guests.get_mut(&whole) {
                    parts.remove(&id);
                    if parts.is_empty() {
                        self.guests.remove(&whole);
                    }
                }
            }
            let incident = Arc::new(anonymous(id, Arc::unwrap_or_clone(told.incident), self.care.as_ref()));
            self.archive.insert(id, Told { version: told.version, incident });
        }
        posts.len()
    }

    /// Lets go of all that is known of the person with these accounts, also of what is open; of the figures
    /// nothing goes. Tells what is gone, and gives the posts that went.
    pub fn erase(&mut self, accounts: &[AuthorKey], now: Timestamp, changes: &mut Vec<Change>) -> (Vec<PostKey>, Erased) {
        let mut who: BTreeSet<AuthorKey> = accounts.iter().copied().collect();
        who.extend(accounts.iter().map(|account| self.threads.owner(*account)));
        let sighted: Vec<AuthorKey> = self.threads.handles().filter(|(_, s)| who.contains(&s.id())).map(|(handle, _)| handle).collect();
        who.extend(&sighted);
        let (mut gone, mut erased) = (Vec::new(), Erased::default());
        for key in who {
            let Some(person) = self.people.get_mut(&key) else { continue };
            for (id, told) in &mut person.told {
                changes.push(told.gone(now));
                end(Arc::make_mut(&mut told.incident), now);
                erased.matters += 1;
                // Whatever was a part of it is a matter of its own again.
                let parts = self.guests.remove(id).unwrap_or_default();
                self.touched.extend(parts.iter().filter_map(|part| Some((*self.whose.get(part)?, (Why::Act, None)))));
            }
            let posts: Vec<_> = person.posts().cloned().collect();
            erased.posts += self.let_go(key);
            for post in posts {
                self.dead.add(post.key, now);
                self.touch_around(&post);
                gone.push(post.key);
            }
        }
        for handle in sighted {
            self.threads.disown(handle);
        }
        gone.sort_unstable();
        (gone, erased)
    }

    /// Every matter whose customer was let go of, with its version, by key.
    pub(super) fn archived(&self) -> impl Iterator<Item = (&IncidentKey, &Told)> {
        self.archive.iter()
    }
}

impl Person {
    /// Since when all their matters are over and nobody wrote in them; `None` without any, and while one is not over.
    fn over(&self) -> Option<Timestamp> {
        let is_over = self.told.values().all(|told| told.incident.closed || told.incident.merged_into.is_some());
        let ends = self.told.values().map(|told| ended(&told.incident)).max().filter(|_| is_over)?;
        let last = self.matters().filter_map(|matter| matter.posts.last()).map(|(post, _)| post.at).max();
        Some(last.map_or(ends, |last| ends.max(last)))
    }
}

/// When a matter was over, or moved last.
fn ended(incident: &Incident) -> Timestamp {
    incident.closing().map_or(incident.last_activity, |closing| closing.at.max(incident.last_activity))
}

/// Ends what is still open, as silence would have.
fn end(incident: &mut Incident, now: Timestamp) {
    if let Some(deadline) = incident.deadline() {
        incident.settle(deadline);
        if let Some(closing) = incident.closings.last_mut() {
            closing.at = now;
        }
    }
}

/// The matter without who it was.
fn anonymous(id: IncidentKey, incident: Incident, care: Option<&Care>) -> Incident {
    let author = match care.and_then(|care| care.key.as_ref()) {
        Some(key) => pseudonym(key, incident.author),
        // Nothing links it with another matter.
        None => AuthorKey(id.0),
    };
    let nobody = Arc::from("");
    Incident {
        author,
        handle: nobody,
        post_id: Arc::from(format!("{:016x}", id.0)),
        // Of those of ours the number stays, as the sections do.
        assignee: None,
        hands: incident.hands.map(|hands| Box::new(Hands { last: None, ..*hands })),
        peer: incident.peer.map(|_| PostKey(0)),
        notes: Vec::new(),
        ..incident
    }
}

/// The same for the same customer, and for nobody without the key to be found out.
fn pseudonym(key: &str, author: AuthorKey) -> AuthorKey {
    let hash = Sha256::new_with_prefix(key.as_bytes()).chain_update([0]).chain_update(author.0.to_le_bytes()).finalize();
    AuthorKey(hash.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte)))
}
