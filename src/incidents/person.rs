//! One person on one network: their posts, ours to them, what agents did, and the dossiers with each brand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dossier::{Dossier, Matter};
use super::threads::Threads;
use crate::incident::{Act, Change, Incident, IncidentKey, Why};
use crate::post::{AuthorKey, PostKey};
use crate::time::Timestamp;
use crate::utterance::Utterance;

/// Posts and acts in the order of the fold, and what follows from the first of them.
#[derive(Debug, Default)]
pub(super) struct Person {
    posts: Vec<Arc<Utterance>>,
    /// In the order of their times; behind a post of the same time.
    acts: Vec<Act>,
    /// In the order of their brands.
    dossiers: Vec<Dossier>,
    /// How many posts and acts the dossiers reflect.
    folded: (usize, usize),
    /// What they reflect is no longer so.
    is_stale: bool,
    /// So many of the first posts are known to be parts of matters.
    in_matters: usize,
    /// What was told of every matter.
    pub told: BTreeMap<IncidentKey, Told>,
    /// When something may change by itself.
    pub due: Option<Timestamp>,
    /// When it may be let go of.
    pub leave: Option<Timestamp>,
}

/// What was told of a matter last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub version: u64,
    pub incident: Arc<Incident>,
}

impl Told {
    /// The change that is the last: what it was is told no more.
    pub fn gone(&mut self, at: Timestamp) -> Change {
        self.version += 1;
        Change { incident: Arc::clone(&self.incident), version: self.version, why: Why::Gone, actor: None, at }
    }
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
                // Acts that were folded came after it.
                let acts = self.acts.get(..self.folded.1).unwrap_or_default();
                self.is_stale |= acts.last().is_some_and(|act| act.at >= post.at);
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

    /// An agent did something.
    pub fn act(&mut self, act: Act) {
        let place = self.acts.partition_point(|a| a.at <= act.at);
        let posts = self.posts.get(..self.folded.0).unwrap_or_default();
        self.is_stale |= place < self.folded.1 || posts.last().is_some_and(|post| post.at > act.at);
        self.acts.insert(place, act);
    }

    fn touch_at(&mut self, at: usize) {
        self.is_stale |= at < self.folded.0;
        self.in_matters = self.in_matters.min(at);
    }

    fn place(&self, post: &Utterance) -> Result<usize, usize> {
        // Nearly every post comes last.
        if self.posts.last().is_none_or(|last| last.order(post).is_lt()) {
            return Err(self.posts.len());
        }
        self.posts.binary_search_by(|p| p.order(post))
    }

    /// The posts, in their order.
    pub fn posts(&self) -> impl DoubleEndedIterator<Item = &Arc<Utterance>> {
        self.posts.iter()
    }

    /// Whether the post is a part of a matter.
    pub fn is_in_matter(&self, post: PostKey) -> bool {
        self.dossiers.iter().any(|d| d.has(post))
    }

    /// Lets go of a post that is no part of any matter: nothing else changes.
    pub fn drop_stray(&mut self, post: &Utterance) {
        if let Ok(at) = self.place(post) {
            self.posts.remove(at);
            self.folded.0 -= usize::from(at < self.folded.0);
            self.in_matters = self.in_matters.min(at);
        }
    }

    /// The posts behind those of the first that are all parts of matters.
    pub fn beyond_matters(&self) -> impl Iterator<Item = &Arc<Utterance>> {
        self.posts.get(self.in_matters..).unwrap_or_default().iter()
    }

    /// Nothing is filed here.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Folds what was not folded yet, or everything anew.
    pub fn fold(&mut self, me: AuthorKey, threads: &Threads) {
        if std::mem::take(&mut self.is_stale) {
            self.dossiers.clear();
            self.folded = (0, 0);
            self.in_matters = 0;
        }
        let mut acts = self.acts.get(self.folded.1..).unwrap_or_default().iter().peekable();
        for post in self.posts.get(self.folded.0..).unwrap_or_default() {
            while let Some(act) = acts.next_if(|act| act.at < post.at) {
                done(&mut self.dossiers, act);
            }
            for brand in concerned(post, threads) {
                if let Err(at) = self.dossiers.binary_search_by(|d| d.brand.cmp(&brand)) {
                    // Hardly anybody has to do with two of them.
                    self.dossiers.reserve_exact(1);
                    self.dossiers.insert(at, Dossier::new(brand, me));
                }
            }
            self.dossiers.iter_mut().for_each(|dossier| dossier.step(post, threads));
        }
        acts.for_each(|act| done(&mut self.dossiers, act));
        self.folded = (self.posts.len(), self.acts.len());
        let known = self.beyond_matters().take_while(|post| self.is_in_matter(post.key)).count();
        self.in_matters += known;
    }

    /// The matters with every brand.
    pub fn matters(&self) -> impl Iterator<Item = &Matter> {
        self.dossiers.iter().flat_map(|d| &d.matters)
    }

    /// What agents did, in order.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }
}

fn done(dossiers: &mut [Dossier], act: &Act) {
    if let Some(dossier) = dossiers.iter_mut().find(|d| d.brand == act.brand) {
        dossier.act(act);
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
    let topics = post.topics.iter().filter(|t| t.opens).map(|t| &t.brand);
    let mut brands: Vec<Arc<str>> = post.named.iter().map(|n| &n.brand).chain(topics).cloned().collect();
    brands.extend(post.reply_brand.clone());
    brands.extend(threads.parent(post).and_then(|p| p.own.clone()));
    brands.extend(threads.answers(post.key).filter(|a| !a.repost).filter_map(|a| a.own.clone()));
    brands.sort_unstable();
    brands.dedup();
    brands
}
