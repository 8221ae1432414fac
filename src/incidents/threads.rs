//! The living posts, and what follows from how they answer each other: conversations, addressees and
//! whose matters a post belongs to.
//!
//! All of it is a function of the set of posts, so the order of arrival cannot show.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::limits::REPLY_CHAIN;
use crate::post::{AuthorKey, PostKey};
use crate::time::Timestamp;
use crate::utterance::{Utterance, Whom};

/// Living posts by key, and who answers whom.
#[derive(Debug, Default)]
pub(super) struct Threads {
    posts: HashMap<PostKey, Arc<Utterance>>,
    /// Answers to a post, known or not; in no order that may be seen.
    children: HashMap<PostKey, Vec<PostKey>>,
    handles: HashMap<AuthorKey, Sighting>,
}

/// The id that a handle was last seen with, and on which post: it may be gone, the order of the fold remains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    at: Timestamp,
    post: Arc<str>,
    id: AuthorKey,
}

coded!(Sighting { at, post, id });

impl Sighting {
    /// The account's key.
    pub fn id(&self) -> AuthorKey {
        self.id
    }

    fn is_before(&self, post: &Utterance) -> bool {
        (self.at, self.post.len(), &self.post) < (post.at, post.id.len(), &post.id)
    }
}

impl Threads {
    /// The living post with this key.
    pub fn get(&self, key: PostKey) -> Option<&Arc<Utterance>> {
        self.posts.get(&key)
    }

    /// All, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Utterance>> {
        self.posts.values()
    }

    /// How many live.
    pub fn len(&self) -> usize {
        self.posts.len()
    }

    /// Adds a post, or a new version of one.
    pub fn put(&mut self, post: &Arc<Utterance>) {
        let before = self.posts.insert(post.key, Arc::clone(post));
        if let (None, Some(parent)) = (before, post.parent) {
            self.children.entry(parent).or_default().push(post.key);
        }
    }

    /// Takes a post out.
    pub fn remove(&mut self, key: PostKey) -> Option<Arc<Utterance>> {
        let post = self.posts.remove(&key)?;
        if let Some(parent) = post.parent
            && let Some(children) = self.children.get_mut(&parent)
        {
            children.retain(|child| *child != key);
            if children.is_empty() {
                self.children.remove(&parent);
            }
        }
        Some(post)
    }

    /// Learns whose the handle of `post` is: that of its author's id, if no later post says otherwise.
    /// Returns the handle if it has another owner now.
    pub fn sight(&mut self, post: &Arc<Utterance>) -> Option<AuthorKey> {
        let (id, handle) = (post.author.id?, post.author.handle?);
        let known = self.handles.get(&handle);
        if known.is_some_and(|k| !k.is_before(post)) {
            return None;
        }
        let owner = known.map_or(handle, |k| k.id);
        self.handles.insert(handle, Sighting { at: post.at, post: Arc::clone(&post.id), id });
        (owner != id).then_some(handle)
    }

    /// Whose the handles are, in no order.
    pub fn handles(&self) -> impl Iterator<Item = (AuthorKey, &Sighting)> {
        self.handles.iter().map(|(handle, sighting)| (*handle, sighting))
    }

    /// Takes back whose a handle is, before any post.
    pub fn own(&mut self, handle: AuthorKey, sighting: Sighting) {
        self.handles.insert(handle, sighting);
    }

    /// Nobody is known to have this handle.
    pub fn disown(&mut self, handle: AuthorKey) {
        self.handles.remove(&handle);
    }

    /// The account that is meant.
    pub fn account(&self, whom: Whom) -> Option<AuthorKey> {
        whom.id.or_else(|| whom.handle.map(|h| self.owner(h)))
    }

    /// The account with this handle.
    pub fn owner(&self, handle: AuthorKey) -> AuthorKey {
        self.handles.get(&handle).map_or(handle, |s| s.id)
    }

    /// The parent, if it lives.
    pub fn parent(&self, post: &Utterance) -> Option<&Arc<Utterance>> {
        self.posts.get(&post.parent?)
    }

    /// The living answers to a post.
    pub fn answers(&self, key: PostKey) -> impl Iterator<Item = &Arc<Utterance>> {
        self.children.get(&key).into_iter().flatten().filter_map(|child| self.posts.get(child))
    }

    /// The posts that stand below `key`, as far as what follows from it can reach.
    pub fn below(&self, key: PostKey) -> Vec<Arc<Utterance>> {
        let (mut found, mut level) = (Vec::new(), vec![key]);
        // Whoever lies about ids can have posts answer each other in a ring.
        let mut seen = HashSet::from([key]);
        for _ in 0..REPLY_CHAIN {
            let next: Vec<_> = level.iter().flat_map(|k| self.answers(*k)).filter(|p| seen.insert(p.key)).cloned().collect();
            if next.is_empty() {
                break;
            }
            level = next.iter().map(|p| p.key).collect();
            found.extend(next);
        }
        found
    }

    /// The conversation of a post: as the network tells, else its parent's, else named by the post it
    /// answers, else by itself.
    pub fn conversation(&self, post: &Utterance) -> PostKey {
        let mut post = post;
        for _ in 0..REPLY_CHAIN {
            match (post.conversation, self.parent(post)) {
                (Some(told), _) => return told,
                (None, Some(parent)) => post = parent,
                (None, None) => break,
            }
        }
        post.conversation.or(post.parent).unwrap_or(post.key)
    }

    /// Whom a post of ours speaks to; `None` for a broadcast.
    pub fn addressee(&self, post: &Utterance) -> Option<AuthorKey> {
        let mut post = post;
        let mut own_words = Vec::new();
        for _ in 0..REPLY_CHAIN {
            own_words.push(post);
            match self.parent(post) {
                Some(parent) if parent.own.is_none() => return self.account(parent.author),
                Some(parent) => post = parent,
                None => break,
            }
        }
        // Nobody above: what the posts say themselves, the highest first.
        own_words.into_iter().rev().find_map(|post| {
            let told = if post.reply_brand.is_none() { self.account(post.reply_to) } else { None };
            told.or_else(|| post.leading.map(|h| self.owner(h)))
        })
    }

    /// Under whom a post is filed: its author, or the addressee of ours.
    pub fn whose(&self, post: &Utterance) -> Option<AuthorKey> {
        if post.own.is_some() { self.addressee(post) } else { self.account(post.author) }
    }

    /// Whether a customer's post speaks to somebody who is neither the customer nor `brand`.
    pub fn is_for_a_third(&self, post: &Utterance, brand: &str) -> bool {
        let me = self.account(post.author);
        if let Some(parent) = self.parent(post) {
            return match &parent.own {
                Some(own) => **own != *brand,
                None => self.account(parent.author) != me,
            };
        }
        match &post.reply_brand {
            Some(own) => **own != *brand,
            None if post.reply_to.is_some() => self.account(post.reply_to) != me,
            None => post.leading.is_some_and(|h| Some(self.owner(h)) != me),
        }
    }

    /// Whether a customer's post is direct to `brand`: it names one of its accounts, or answers one.
    pub fn is_direct(&self, post: &Utterance, brand: &str) -> bool {
        post.named.iter().any(|n| *n.brand == *brand)
            || post.reply_brand.as_deref() == Some(brand)
            || self.parent(post).is_some_and(|p| p.is_by(brand))
    }

    /// Whether an account of `brand` answers this very post.
    pub fn is_answered(&self, key: PostKey, brand: &str) -> bool {
        self.answers(key).any(|answer| !answer.repost && answer.is_by(brand))
    }

    /// Whether a direct post only carries the brand's name along: it answers somebody else, and all our
    /// accounts stand among the leading names.
    pub fn is_bystander(&self, post: &Utterance, brand: &str) -> bool {
        // Whom it answers must be known: leading names alone may be anybody.
        let is_reply = self.parent(post).is_some() || post.reply_to.is_some();
        let carried = post.named.iter().find(|n| *n.brand == *brand).is_some_and(|n| n.leading);
        let answers_us = post.reply_brand.is_some() || self.parent(post).is_some_and(|p| p.own.is_some());
        is_reply && carried && !answers_us && self.is_for_a_third(post, brand)
    }
}
