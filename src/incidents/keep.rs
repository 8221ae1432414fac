//! How long what customers wrote is kept, and how all of one person is let go of.
//!
//! What is looked at is due by the posts' own time, once an hour of it, so that the same input keeps the same.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::person::{Person, Told};
use super::{Incidents, handles};
use crate::incident::{Change, Hands, Incident, IncidentKey, Why};
use crate::limits::LEAVE_TOGETHER;
use crate::post::{AuthorKey, PostKey};
use crate::time::{HOUR, Timestamp};
use crate::topic::Care;

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
        self.leave.clear();
        let all: Vec<(Timestamp, AuthorKey)> = self.people.iter_mut().filter_map(|(key, p)| Some((p.leaves(care)?, *key))).collect();
        self.leave.extend(all);
    }

    /// Whether there is room for another post that speaks to no brand.
    pub(super) fn is_full(&self) -> bool {
        self.care.as_ref().is_some_and(|care| self.len() >= care.max_posts)
    }

    /// Posts that were not kept, or not for as long as they should have been, since there was no room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Lets go of what is old enough by `now`; looks once an hour of event time.
    pub fn prune(&mut self, now: Timestamp) {
        let hour = now.0.div_euclid(HOUR);
        if hour <= self.pruned {
            return;
        }
        let is_new_day = hour.div_euclid(24) > self.pruned.div_euclid(24);
        self.pruned = hour;
        let due: Vec<AuthorKey> = self.leave.iter().take_while(|(at, _)| *at <= now).map(|(_, key)| *key).collect();
        due.into_iter().for_each(|key| _ = self.try_leave(key, now));
        let Some(care) = self.care.as_ref().filter(|_| is_new_day) else { return };
        let old = |told: &Told| ended(&told.incident).plus(care.retention) <= now;
        let gone: Vec<IncidentKey> = self.archive.iter().filter(|(_, told)| old(told)).map(|(id, _)| *id).collect();
        gone.iter().for_each(|id| _ = self.archive.remove(id));
    }

    /// Makes room: who was to leave next leaves now.
    pub(super) fn make_room(&mut self) {
        let mut stuck = 0;
        while self.is_full() && stuck < 16 {
            let Some((_, key)) = self.leave.iter().nth(stuck).copied() else { return };
            match self.try_leave(key, Timestamp(i64::MAX)) {
                0 => stuck += 1,
                posts => self.dropped += posts as u64,
            }
        }
    }

    /// Lets go of a person whom nothing that stays depends on, together with those who depend on each other and are due
    /// by `now` as well; how many posts went.
    fn try_leave(&mut self, key: AuthorKey, now: Timestamp) -> usize {
        let (mut leaving, mut looked) = (vec![key], 0);
        let mut known = HashSet::from([key]);
        while let Some(key) = leaving.get(looked).copied() {
            looked += 1;
            let Some(holders) = self.holders(key).filter(|_| looked <= LEAVE_TOGETHER) else { return 0 };
            for holder in holders {
                if known.insert(holder) {
                    let is_due = self.people.get(&holder).and_then(|p| p.leave).is_some_and(|at| at <= now);
                    if !is_due {
                        return 0;
                    }
                    leaving.push(holder);
                }
            }
        }
        leaving.into_iter().map(|key| self.let_go(key)).sum()
    }

    /// The people whose matters hang on the posts of this one; `None` if something else does.
    fn holders(&self, key: AuthorKey) -> Option<Vec<AuthorKey>> {
        let person = self.people.get(&key)?;
        // The posts of a part count in the whole for as long as that may change.
        let whole = |told: &Told| self.whose.get(&IncidentKey::of(&told.incident.brand, told.incident.merged_into?)).copied();
        let mut all: Vec<AuthorKey> = person.told.values().filter_map(whole).collect();
        for post in person.posts() {
            for answer in self.threads.answers(post.key) {
                all.push(*self.filed.get(&answer.key)?);
            }
            // Who was thanked for an answer stays for as long as that counts.
            let asker = self.threads.parent(post).and_then(|parent| self.filed.get(&parent.key));
            all.extend(asker.filter(|asker| self.people.get(asker).is_some_and(|p| p.thanks(post.key))));
        }
        all.retain(|holder| *holder != key);
        Some(all)
    }

    /// Lets go of a person; what is known of their matters stays, without who it was. How many posts went.
    fn let_go(&mut self, key: AuthorKey) -> usize {
        let Some(person) = self.people.remove(&key) else { return 0 };
        person.leave.iter().for_each(|at| _ = self.leave.remove(&(*at, key)));
        person.due.iter().for_each(|at| _ = self.due.remove(&(*at, key)));
        self.touched.remove(&key);
        let posts: Vec<_> = person.posts().cloned().collect();
        for post in &posts {
            self.filed.remove(&post.key);
            self.threads.remove(post.key);
        }
        for post in &posts {
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
            let incident = anonymous(id, told.incident, self.care.as_ref());
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
                told.version += 1;
                let incident = told.incident.clone();
                changes.push(Change { incident, version: told.version, why: Why::Gone, actor: None, at: now });
                end(&mut told.incident, now);
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
    /// Whether one of the matters counts a thanks for `post`.
    fn thanks(&self, post: PostKey) -> bool {
        self.matters().any(|matter| matter.incident.peer == Some(post))
    }

    /// When it may be let go of: a while after the last post of who has no matter, or long after all matters closed.
    pub fn leaves(&mut self, care: &Care) -> Option<Timestamp> {
        let last = self.posts().last().map(|post| post.at)?;
        let at = if self.told.is_empty() {
            last.plus(care.strays)
        } else {
            let over = self.told.values().all(|told| told.incident.closed || told.incident.merged_into.is_some());
            let ends = self.told.values().map(|told| ended(&told.incident)).max();
            ends.filter(|_| over)?.max(last).plus(care.texts)
        };
        self.leave = Some(at);
        self.leave
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
