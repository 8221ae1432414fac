//! Every customer's matter, followed until it is answered: a fold over the living posts.
//!
//! Posts are a set: a late, changed, deleted or doubled post changes what follows from the set and
//! nothing else, so the order of arrival never shows in a figure. Each post is filed under one person, its
//! author or the addressee of ours; whatever touches a person's posts folds that person again, from where
//! it was if the new posts come last.

mod dossier;
mod person;
#[cfg(test)]
mod tests;
mod threads;
mod timeline;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

pub use dossier::{Matter, Part};
use person::Person;
use threads::Threads;

use crate::post::{AuthorKey, Kind, PostKey};
use crate::utterance::{Utterance, Whom};

/// All matters.
#[derive(Debug, Default)]
pub struct Incidents {
    threads: Threads,
    /// Posts that were deleted: a create that comes later is none.
    dead: HashSet<PostKey>,
    people: HashMap<AuthorKey, Person>,
    /// Under whom every post is filed.
    filed: HashMap<PostKey, AuthorKey>,
    /// Posts whose place depends on whose a handle is.
    by_handle: HashMap<AuthorKey, BTreeSet<PostKey>>,
    /// People to be folded, in the order of their keys.
    touched: BTreeSet<AuthorKey>,
}

impl Incidents {
    /// A post, a new version of one, or the end of one.
    pub fn hear(&mut self, kind: Kind, post: Utterance) {
        if kind == Kind::Delete {
            return self.delete(post.key);
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
        if self.dead.contains(&post.key) {
            return;
        }
        if let Some(old) = known {
            self.unfile(&old);
            self.threads.remove(old.key);
        }
        self.threads.put(&post);
        self.file(&post);
        self.touch_around(&post);
    }

    /// The post is gone, as if it never was.
    pub fn delete(&mut self, key: PostKey) {
        self.dead.insert(key);
        let Some(post) = self.threads.get(key).cloned() else { return };
        self.unfile(&post);
        self.threads.remove(key);
        self.touch_around(&post);
    }

    /// Folds all that was touched; figures are read after it.
    pub fn settle(&mut self) -> Vec<AuthorKey> {
        let touched: Vec<_> = std::mem::take(&mut self.touched).into_iter().collect();
        for key in &touched {
            if let Some(person) = self.people.get_mut(key) {
                if person.is_empty() {
                    self.people.remove(key);
                } else {
                    person.fold(*key, &self.threads);
                }
            }
        }
        touched
    }

    /// Every matter, in no order.
    pub fn matters(&self) -> impl Iterator<Item = &Matter> {
        self.people.values().flat_map(Person::matters)
    }

    /// Living posts.
    pub fn posts(&self) -> usize {
        self.threads.len()
    }

    fn file(&mut self, post: &Arc<Utterance>) {
        for handle in [post.author.handle, post.reply_to.handle, post.leading].into_iter().flatten() {
            if post.own.is_some() || post.author.id.is_none() {
                self.by_handle.entry(handle).or_default().insert(post.key);
            }
        }
        let Some(person) = self.threads.whose(post) else { return };
        self.filed.insert(post.key, person);
        self.people.entry(person).or_default().file(post);
        self.touched.insert(person);
    }

    fn unfile(&mut self, post: &Utterance) {
        for handle in [post.author.handle, post.reply_to.handle, post.leading].into_iter().flatten() {
            if let Some(posts) = self.by_handle.get_mut(&handle) {
                posts.remove(&post.key);
                if posts.is_empty() {
                    self.by_handle.remove(&handle);
                }
            }
        }
        let Some(key) = self.filed.remove(&post.key) else { return };
        if let Some(person) = self.people.get_mut(&key) {
            person.unfile(post);
        }
        self.touched.insert(key);
    }

    /// A handle has another owner: what was filed by it may belong elsewhere.
    fn moved(&mut self, handle: AuthorKey) {
        for key in self.by_handle.get(&handle).cloned().unwrap_or_default() {
            let Some(post) = self.threads.get(key).cloned() else { continue };
            self.refile(&post);
            for below in self.threads.below(key) {
                self.refile(&below);
            }
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
        self.touched.insert(*key);
    }
}
