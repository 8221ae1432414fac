//! All that passed between one brand and one customer on one network, folded into matters.

use std::collections::HashMap;
use std::sync::Arc;

use super::threads::Threads;
use crate::incident::{Act, Cause, Deed, EXPIRY, Incident, SILENCE};
use crate::post::{AuthorKey, PostKey};
use crate::utterance::Utterance;

/// What a post has to do with the matter it is filed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It moves it.
    Moves,
    /// The customer speaks to somebody else: shown, moves nothing.
    Shown,
}

/// A matter with its posts.
#[derive(Debug, Clone, PartialEq)]
pub struct Matter {
    /// What is known of it, as of its last post.
    pub incident: Incident,
    /// Its posts, in their order.
    pub posts: Vec<(Arc<Utterance>, Part)>,
    /// The conversations it runs in.
    conversations: Vec<PostKey>,
}

/// The fold of one dossier.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dossier {
    pub brand: Arc<str>,
    author: AuthorKey,
    pub matters: Vec<Matter>,
    /// The matter that each post is filed in.
    filed: HashMap<PostKey, usize>,
}

impl Dossier {
    pub fn new(brand: Arc<str>, author: AuthorKey) -> Dossier {
        Dossier { brand, author, matters: Vec::new(), filed: HashMap::new() }
    }

    /// Whether the post is filed in a matter.
    pub fn has(&self, post: PostKey) -> bool {
        self.filed.contains_key(&post)
    }

    /// The next post in the order of the fold.
    pub fn step(&mut self, post: &Arc<Utterance>, threads: &Threads) {
        if post.repost {
            return;
        }
        match &post.own {
            None => {
                self.theirs(post, threads);
                self.thanks(post, threads);
            }
            Some(own) if *own == self.brand => self.ours(post, threads),
            Some(_) => {}
        }
    }

    /// An agent does something with the matter in which one of the act's posts is filed.
    pub fn act(&mut self, act: &Act) {
        let Some(i) = act.posts.iter().find_map(|post| self.filed.get(post)).copied() else { return };
        let Some(matter) = self.matters.get_mut(i) else { return };
        match act.deed {
            Deed::Merge(into) => matter.incident.merged_into = Some(into),
            Deed::Part => matter.incident.merged_into = None,
            _ => matter.incident.act(act),
        }
    }

    /// The customer's post: it joins what it belongs to, or opens a matter.
    fn theirs(&mut self, post: &Arc<Utterance>, threads: &Threads) {
        let cause = self.cause(post, threads);
        let conversation = threads.conversation(post);
        let same = self.latest(|m| m.conversations.contains(&conversation));
        if let Some(i) = same.filter(|i| self.silent(*i, post) <= EXPIRY) {
            if cause.is_none() && threads.is_for_a_third(post, &self.brand) {
                return self.file(i, post, Part::Shown);
            }
            return self.join(i, post);
        }
        let Some(cause) = cause else { return };
        if let Some(i) = self.latest(|_| true).filter(|i| self.silent(*i, post) <= SILENCE) {
            if let Some(matter) = self.matters.get_mut(i) {
                matter.incident.relinked += 1;
                matter.conversations.push(conversation);
            }
            return self.join(i, post);
        }
        let mut incident = Incident::open(&self.brand, post, self.author, cause);
        incident.bystander = cause == Cause::MentionOrReply && threads.is_bystander(post, &self.brand);
        incident.previous = same.and_then(|i| self.matters.get(i)).map(|m| m.incident.opening);
        self.open(incident, conversation, post);
    }

    /// Notes whom the customer thanks, if that is somebody else for an answer: for the one that the thanks answers or,
    /// said to nobody, for the latest after our last post, unless that is long ago. It moves nothing.
    fn thanks(&mut self, post: &Utterance, threads: &Threads) {
        let place = self.filed.get(&post.key).filter(|_| post.says.courtesy).copied();
        let Some(matter) = place.and_then(|i| self.matters.get_mut(i)) else { return };
        let (me, brand) = (self.author, &*self.brand);
        let asked = || matter.posts.iter().map(|(p, _)| p).filter(|p| p.own.is_none());
        let is_other = |p: &Utterance| !p.is_by(brand) && threads.account(p.author) != Some(me);
        let thanked = match threads.parent(post) {
            Some(parent) if is_other(parent) => Some(parent).filter(|p| !p.repost && asked().any(|mine| p.parent == Some(mine.key))),
            // Said to us, or nobody knows to whom.
            Some(parent) if parent.is_by(brand) => None,
            None if post.parent.is_some() => None,
            _ if post.reply_brand.is_some() || !post.named.is_empty() => None,
            _ => {
                let to = post.leading.map(|h| threads.owner(h)).or(threads.account(post.reply_to)).filter(|to| *to != me);
                let ours = matter.posts.iter().rfind(|(p, _)| p.own.is_some()).map(|(p, _)| p);
                let is_it = |p: &Arc<Utterance>| {
                    let is_between = p.order(post).is_lt() && ours.is_none_or(|ours| ours.order(p).is_lt());
                    is_between && !p.repost && is_other(p) && (to.is_none() || threads.account(p.author) == to)
                };
                let latest = asked().flat_map(|mine| threads.answers(mine.key)).filter(|p| is_it(p)).max_by(|a, b| a.order(b));
                latest.filter(|p| post.at.since(p.at) <= SILENCE)
            }
        };
        if let Some(peer) = thanked.map(|p| p.key) {
            matter.incident.peer = Some(peer);
        }
    }

    /// Why a customer's post may open a matter.
    fn cause(&self, post: &Utterance, threads: &Threads) -> Option<Cause> {
        if post.ignored_by.contains(&self.brand) {
            None
        } else if threads.is_direct(post, &self.brand) {
            Some(Cause::MentionOrReply)
        } else if post.topics.iter().any(|t| t.opens && t.brand == self.brand) {
            Some(Cause::Topic)
        } else if threads.is_answered(post.key, &self.brand) {
            Some(Cause::AnsweredByUs)
        } else {
            None
        }
    }

    /// Our post goes where its parent is filed, else by conversation, else to what is still going on.
    fn ours(&mut self, post: &Arc<Utterance>, threads: &Threads) {
        let parents = post.parent.and_then(|parent| self.filed.get(&parent)).copied();
        let conversation = threads.conversation(post);
        let place = parents.or_else(|| self.latest(|m| m.conversations.contains(&conversation)));
        let place = place.or_else(|| {
            self.latest(|_| true).filter(|i| {
                let open = self.matters.get(*i).is_some_and(|m| {
                    let mut then = m.incident.clone();
                    then.settle(post.at);
                    !then.closed
                });
                open || self.silent(*i, post) <= SILENCE
            })
        });
        match place {
            Some(i) => self.join(i, post),
            None if threads.parent(post).is_none() => {
                let incident = Incident::open(&self.brand, post, self.author, Cause::Outbound);
                self.open(incident, conversation, post);
            }
            None => {}
        }
    }

    /// The matter with the latest activity among those wanted; the later opened if two are alike.
    fn latest(&self, wanted: impl Fn(&Matter) -> bool) -> Option<usize> {
        let all = self.matters.iter().enumerate().filter(|(_, m)| wanted(m));
        all.max_by_key(|(i, m)| (m.incident.last_activity, *i)).map(|(i, _)| i)
    }

    /// For how long matter `i` was silent when `post` came.
    fn silent(&self, i: usize, post: &Utterance) -> i64 {
        self.matters.get(i).map_or(i64::MAX, |m| post.at.since(m.incident.last_activity))
    }

    fn open(&mut self, incident: Incident, conversation: PostKey, post: &Arc<Utterance>) {
        // Most customers have one.
        self.matters.reserve_exact(1);
        self.matters.push(Matter { incident, posts: Vec::new(), conversations: vec![conversation] });
        self.join(self.matters.len() - 1, post);
    }

    fn join(&mut self, i: usize, post: &Arc<Utterance>) {
        self.file(i, post, Part::Moves);
        let Some(matter) = self.matters.get_mut(i) else { return };
        if post.own.is_some() { matter.incident.ours(post) } else { matter.incident.customer(post) }
    }

    fn file(&mut self, i: usize, post: &Arc<Utterance>, part: Part) {
        let Some(matter) = self.matters.get_mut(i) else { return };
        matter.posts.push((Arc::clone(post), part));
        self.filed.insert(post.key, i);
    }
}
