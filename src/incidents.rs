//! Every customer's matter, followed until it is answered: a fold over the living posts.
//!
//! Posts are a set: a late, changed, deleted or doubled post changes what follows from the set and
//! nothing else, so the order of arrival never shows in a figure. Each post is filed under one person, its
//! author or the addressee of ours; whatever touches a person's posts folds that person again, from where
//! it was if the new posts come last.

mod dead;
mod dossier;
mod keep;
mod person;
mod state;
mod threads;
mod timeline;
mod union;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dead::Dead;
pub use dossier::{Matter, Part};
pub use keep::Erased;
use person::{Person, Told};
use threads::Threads;

use crate::incident::{Act, Change, Deed, Incident, IncidentKey, Refusal, Why};
use crate::limits::ACT_POSTS;
use crate::post::{AuthorKey, Kind, PostKey};
use crate::time::Timestamp;
use crate::topic::Care;
use crate::utterance::Utterance;

/// All matters.
#[derive(Debug, Default)]
pub struct Incidents {
    threads: Threads,
    dead: Dead,
    people: HashMap<AuthorKey, Person>,
    /// Under whom every post is filed.
    filed: HashMap<PostKey, AuthorKey>,
    /// Posts of ours that speak to nobody known.
    broadcasts: BTreeSet<(Timestamp, PostKey)>,
    /// Posts whose place depends on whose a handle is.
    by_handle: HashMap<AuthorKey, BTreeSet<PostKey>>,
    /// Whose matter it is.
    whose: HashMap<IncidentKey, AuthorKey>,
    /// Matters that agents made parts of another.
    guests: HashMap<IncidentKey, BTreeSet<IncidentKey>>,
    /// People to be folded, in the order of their keys, and why.
    touched: BTreeMap<AuthorKey, (Why, Option<Arc<str>>)>,
    /// When people's matters change by themselves.
    due: BTreeSet<(Timestamp, AuthorKey)>,
    /// How long everything is kept; `None` for ever.
    care: Option<Care>,
    /// When people may be let go of.
    leave: BTreeSet<(Timestamp, AuthorKey)>,
    /// Matters of whom was let go of.
    archive: BTreeMap<IncidentKey, Told>,
    /// Those let go of that nobody was told of yet.
    left: Vec<Change>,
    /// The hour of event time in which that was looked at last.
    pruned: i64,
    /// Posts that there was no room for.
    dropped: u64,
}

impl Incidents {
    /// A post, a new version of one, or the end of one.
    pub fn hear(&mut self, kind: Kind, post: Utterance, now: Timestamp) {
        if kind == Kind::Delete {
            return self.delete(post.key, now);
        }
        let known = self.threads.get(post.key).cloned();
        let post = Arc::new(match (&known, kind) {
            (Some(_), Kind::Create) => return,
            // Time and author stay.
            (Some(old), _) => Utterance { at: old.at, author: old.author, own: old.own.clone(), followers: old.followers, ..post },
            (None, _) => post,
        });
        // Also one that is gone already told whose a handle is.
        if let Some(handle) = self.threads.sight(&post) {
            self.moved(handle);
        }
        if self.dead.has(post.key) {
            return;
        }
        if known.is_none() && self.is_full() {
            self.make_room();
            if self.is_full() {
                self.dropped += 1;
                return;
            }
        }
        if let Some(old) = known {
            self.unfile(&old);
            self.threads.remove(old.key);
            // The new version may answer another post.
            if let Some(parent) = self.threads.parent(&old).cloned() {
                self.touch(&parent);
            }
        }
        self.threads.put(&post);
        self.file(&post);
        self.touch_around(&post);
    }

    /// Whether this post is among those that are folded.
    pub fn knows(&self, key: PostKey) -> bool {
        self.threads.get(key).is_some()
    }

    /// The post is gone, as if it never was.
    pub fn delete(&mut self, key: PostKey, now: Timestamp) {
        self.dead.add(key, now);
        let Some(post) = self.threads.get(key).cloned() else { return };
        self.unfile(&post);
        self.threads.remove(key);
        self.touch_around(&post);
    }

    /// An agent does something with a matter, if it is still as seen at `version`.
    ///
    /// # Errors
    /// It is not done.
    pub fn act(&mut self, key: IncidentKey, version: Option<u64>, at: Timestamp, by: Arc<str>, deed: Deed) -> Result<(), Refusal> {
        let (person, matter) = self.find(key).ok_or(Refusal::Unknown)?;
        let now = self.version(key);
        if version.is_some_and(|seen| seen != now) {
            return Err(Refusal::Changed(now));
        }
        if let Deed::Merge(into) = deed {
            let target = self.find(IncidentKey::of(&matter.incident.brand, into)).ok_or(Refusal::NotMergeable)?.1;
            let is_free = target.incident.merged_into.is_none() && !self.guests.contains_key(&key);
            if !is_free || target.incident.opening == matter.incident.opening {
                return Err(Refusal::NotMergeable);
            }
        }
        let posts = matter.posts.iter().take(ACT_POSTS).map(|(post, _)| post.key).collect();
        let act = Act { at, by: Arc::clone(&by), brand: Arc::clone(&matter.incident.brand), posts, deed };
        if let Some(person) = self.people.get_mut(&person) {
            person.act(act);
        }
        self.touched.insert(person, (Why::Act, Some(by)));
        Ok(())
    }

    /// Folds all that was touched, and what changed by itself by `now`. What is no longer as it was told last
    /// goes to `changes`, in an order that only the posts decide.
    pub fn settle(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        changes.append(&mut self.left);
        while let Some((at, person)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, person));
            self.touched.entry(person).or_insert((Why::Time, None));
        }
        // What is told of one may touch another, with which it is one.
        while let Some((key, (why, actor))) = self.touched.pop_first() {
            let Some(person) = self.people.get_mut(&key) else { continue };
            if let Some(due) = person.due.take() {
                self.due.remove(&(due, key));
            }
            person.fold(key, &self.threads);
            self.tell(key, now, why, actor, changes);
            if let Some(person) = self.people.get_mut(&key) {
                person.due = person.told.values().filter_map(|told| told.incident.deadline()).filter(|at| *at > now).min();
                self.due.extend(person.due.map(|at| (at, key)));
                if person.is_empty() {
                    self.forget_person(key);
                }
            }
            self.plan_leave(key);
        }
    }

    /// Tells what of a person's matters is no longer as it was told.
    fn tell(&mut self, key: AuthorKey, now: Timestamp, why: Why, actor: Option<Arc<str>>, changes: &mut Vec<Change>) {
        let Some(person) = self.people.get(&key) else { return };
        let now_so: BTreeMap<IncidentKey, Incident> = person.matters().map(|m| (m.incident.key(), self.seen(m, now))).collect();
        // What became theirs was told as another's so far: it goes on as what it was.
        let anothers = |id: &IncidentKey| Some((*id, self.told(*id).filter(|_| self.whose.get(id) != Some(&key))?));
        let came: BTreeMap<_, _> = now_so.keys().filter_map(anothers).map(|(id, (told, v))| (id, (told.merged_into, v))).collect();
        let Some(person) = self.people.get_mut(&key) else { return };
        let before = std::mem::take(&mut person.told);
        let mut ties = Vec::new();
        for (id, told) in &before {
            // Or it has become another's already.
            if !now_so.contains_key(id) && self.whose.get(id) == Some(&key) {
                ties.push((*id, told.incident.merged_into, None));
                self.whose.remove(id);
                let incident = Arc::clone(&told.incident);
                changes.push(Change { incident, version: told.version + 1, why: Why::Gone, actor: actor.clone(), at: now });
            }
        }
        for (id, incident) in now_so {
            let old = before.get(&id);
            let (was, mut version) = match old {
                Some(told) => (told.incident.merged_into, told.version),
                None => came.get(&id).copied().unwrap_or_default(),
            };
            let incident = match old {
                Some(told) if *told.incident == incident => Arc::clone(&told.incident),
                _ => Arc::new(incident),
            };
            if old.is_none_or(|told| !Arc::ptr_eq(&told.incident, &incident)) {
                version += 1;
                ties.push((id, was, incident.merged_into));
                self.whose.insert(id, key);
                changes.push(Change { incident: Arc::clone(&incident), version, why, actor: actor.clone(), at: now });
            }
            person.told.insert(id, Told { version, incident });
        }
        let brand = |id: &IncidentKey| changes.iter().rev().find(|c| c.incident.key() == *id).map(|c| Arc::clone(&c.incident.brand));
        let ties: Vec<_> = ties.into_iter().filter_map(|(id, was, is)| Some((id, brand(&id)?, was, is))).collect();
        for (id, brand, was, is) in ties {
            self.tie(id, &brand, was, is, why, &actor);
        }
    }

    /// A matter that was a part of `was` is a part of `is`: those are no longer what they were.
    fn tie(&mut self, id: IncidentKey, brand: &str, was: Option<PostKey>, is: Option<PostKey>, why: Why, actor: &Option<Arc<str>>) {
        if let Some(was) = was.filter(|_| was != is).map(|opening| IncidentKey::of(brand, opening)) {
            if let Some(guests) = self.guests.get_mut(&was) {
                guests.remove(&id);
                if guests.is_empty() {
                    self.guests.remove(&was);
                }
            }
            self.touched.extend(self.whose.get(&was).map(|person| (*person, (why, actor.clone()))));
        }
        if let Some(is) = is.map(|opening| IncidentKey::of(brand, opening)) {
            self.guests.entry(is).or_default().insert(id);
            self.touched.extend(self.whose.get(&is).map(|person| (*person, (why, actor.clone()))));
        }
    }

    /// A matter as it is at `now`, with the posts of those that are parts of it.
    fn seen(&self, matter: &Matter, now: Timestamp) -> Incident {
        let guests = self.guests.get(&matter.incident.key()).into_iter().flatten().filter_map(|id| Some(self.find(*id)?.1));
        let mut incident = union::with(matter, guests.collect());
        incident.settle(now);
        incident
    }

    /// A matter and whose it is.
    pub fn find(&self, key: IncidentKey) -> Option<(AuthorKey, &Matter)> {
        let whose = *self.whose.get(&key)?;
        let matter = self.people.get(&whose)?.matters().find(|m| m.incident.key() == key)?;
        Some((whose, matter))
    }

    /// A matter as it was told last, and its version.
    pub fn told(&self, key: IncidentKey) -> Option<(&Arc<Incident>, u64)> {
        let living = self.whose.get(&key).and_then(|person| self.people.get(person)?.told.get(&key));
        living.or_else(|| self.archive.get(&key)).map(|told| (&told.incident, told.version))
    }

    fn version(&self, key: IncidentKey) -> u64 {
        self.told(key).map_or(0, |(_, version)| version)
    }

    /// Every matter as it was told last, with its version; in no order.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<Incident>, u64)> {
        let living = self.people.values().flat_map(|p| p.told.values());
        living.chain(self.archive.values()).map(|told| (&told.incident, told.version))
    }

    /// The posts of a matter and of those that are parts of it, in their order.
    pub fn posts(&self, key: IncidentKey) -> Vec<(Arc<Utterance>, Part)> {
        let guests = self.guests.get(&key).into_iter().flatten().copied();
        let matters = guests.chain([key]).filter_map(|id| Some(self.find(id)?.1));
        let mut posts: Vec<_> = matters.flat_map(|m| m.posts.iter().cloned()).collect();
        posts.sort_by(|(a, _), (b, _)| a.order(b));
        posts
    }

    /// What agents did with the matters of a person, in order.
    pub fn acts(&self, whose: AuthorKey) -> &[Act] {
        self.people.get(&whose).map_or(&[], Person::acts)
    }

    /// What agents did with the matters of everybody, person by person; in no order of people.
    pub fn all_acts(&self) -> impl Iterator<Item = (AuthorKey, &[Act])> {
        self.people.iter().map(|(whose, person)| (*whose, person.acts()))
    }

    /// The matters of a person.
    pub fn matters(&self, whose: AuthorKey) -> impl Iterator<Item = &Matter> {
        self.people.get(&whose).into_iter().flat_map(Person::matters)
    }

    /// Living posts.
    pub fn len(&self) -> usize {
        self.threads.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn file(&mut self, post: &Arc<Utterance>) {
        for handle in handles(post) {
            self.by_handle.entry(handle).or_default().insert(post.key);
        }
        let Some(person) = self.threads.whose(post) else {
            self.broadcasts.insert((post.at, post.key));
            return;
        };
        self.filed.insert(post.key, person);
        self.people.entry(person).or_default().file(post);
        self.touched.insert(person, (Why::Post, None));
    }

    fn unfile(&mut self, post: &Utterance) {
        for handle in handles(post) {
            if let Some(posts) = self.by_handle.get_mut(&handle) {
                posts.remove(&post.key);
                if posts.is_empty() {
                    self.by_handle.remove(&handle);
                }
            }
        }
        let Some(key) = self.filed.remove(&post.key) else {
            self.broadcasts.remove(&(post.at, post.key));
            return;
        };
        if let Some(person) = self.people.get_mut(&key) {
            person.unfile(post);
        }
        self.touched.insert(key, (Why::Post, None));
    }

    /// A handle has another owner: what was filed by it may belong elsewhere.
    fn moved(&mut self, handle: AuthorKey) {
        for key in self.by_handle.get(&handle).cloned().unwrap_or_default() {
            let Some(post) = self.threads.get(key).cloned() else { continue };
            self.refile(&post);
            self.touch_around(&post);
        }
    }

    /// What follows from `post` for those around it: who answers it, and what it answers.
    fn touch_around(&mut self, post: &Utterance) {
        for below in self.threads.below(post.key) {
            self.refile(&below);
        }
        if let Some(parent) = self.threads.parent(post).cloned() {
            self.touch(&parent);
        }
    }

    /// Files a post under whom it belongs to by now.
    fn refile(&mut self, post: &Arc<Utterance>) {
        if self.threads.whose(post) == self.filed.get(&post.key).copied() {
            return self.touch(post);
        }
        self.unfile(post);
        self.file(post);
    }

    fn touch(&mut self, post: &Utterance) {
        let Some(key) = self.filed.get(&post.key) else { return };
        if let Some(person) = self.people.get_mut(key) {
            person.touch(post);
        }
        self.touched.insert(*key, (Why::Post, None));
    }
}

/// The handles whose owner a post's place depends on.
fn handles(post: &Utterance) -> impl Iterator<Item = AuthorKey> {
    let author = post.author.handle.filter(|_| post.author.id.is_none());
    let to = post.reply_to.handle.filter(|_| post.reply_to.id.is_none());
    [author, to, post.leading].into_iter().flatten()
}
