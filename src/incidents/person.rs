//! One person on one network: their posts, ours to them, and the dossiers with each brand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dossier::{Dossier, Matter};
use super::threads::Threads;
use crate::post::AuthorKey;
use crate::utterance::Utterance;

/// Posts in the order of the fold, and what follows from the first of them.
#[derive(Debug, Default)]
pub(super) struct Person {
    posts: Vec<Arc<Utterance>>,
    dossiers: BTreeMap<Arc<str>, Dossier>,
    /// How many posts the dossiers reflect.
    folded: usize,
    /// What they reflect is no longer so.
    is_stale: bool,
}

impl Person {
    /// Files a post, or a new version of one.
    pub fn file(&mut self, post: &Arc<Utterance>) {
        match self.place(post) {
            Ok(at) => {
                self.touch_at(at);
                if let Some(slot) = self.posts.get_mut(at) {
                    *slot = Arc::clone(post);
                }
            }
            Err(at) => {
                self.touch_at(at);
                self.posts.insert(at, Arc::clone(post));
            }
        }
    }

    /// Takes a post out.
    pub fn unfile(&mut self, post: &Utterance) {
        if let Ok(at) = self.place(post) {
            self.touch_at(at);
            self.posts.remove(at);
        }
    }

    /// Something that follows from other posts changed about this one.
    pub fn touch(&mut self, post: &Utterance) {
        if let Ok(at) = self.place(post) {
            self.touch_at(at);
        }
    }

    fn touch_at(&mut self, at: usize) {
        self.is_stale |= at < self.folded;
    }

    fn place(&self, post: &Utterance) -> Result<usize, usize> {
        // Nearly every post comes last.
        if self.posts.last().is_none_or(|last| last.order(post).is_lt()) {
            return Err(self.posts.len());
        }
        self.posts.binary_search_by(|p| p.order(post))
    }

    /// Nothing is filed here.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Folds what was not folded yet, or everything anew.
    pub fn fold(&mut self, me: AuthorKey, threads: &Threads) {
        if std::mem::take(&mut self.is_stale) {
            self.dossiers.clear();
            self.folded = 0;
        }
        for post in self.posts.get(self.folded..).unwrap_or_default() {
            for brand in concerned(post, threads) {
                if !self.dossiers.contains_key(&brand) {
                    self.dossiers.insert(Arc::clone(&brand), Dossier::new(brand, me));
                }
            }
            self.dossiers.values_mut().for_each(|dossier| dossier.step(post, threads));
        }
        self.folded = self.posts.len();
    }

    /// The matters with every brand.
    pub fn matters(&self) -> impl Iterator<Item = &Matter> {
        self.dossiers.values().flat_map(|d| &d.matters)
    }
}

/// The brands for which a post may open a matter.
fn concerned(post: &Utterance, threads: &Threads) -> Vec<Arc<str>> {
    if post.repost {
        return Vec::new();
    }
    if let Some(own) = &post.own {
        return vec![Arc::clone(own)];
    }
    let mut brands: Vec<Arc<str>> =
        post.named.iter().map(|n| &n.brand).chain(post.topics.iter().filter(|t| t.opens).map(|t| &t.brand)).cloned().collect();
    brands.extend(post.reply_brand.clone());
    brands.extend(threads.parent(post).and_then(|p| p.own.clone()));
    brands.extend(threads.answers(post.key).filter(|a| !a.repost).filter_map(|a| a.own.clone()));
    brands.sort_unstable();
    brands.dedup();
    brands
}
