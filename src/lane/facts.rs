//! What queries ask about a post that the post itself does not say, computed when it is first asked
//! and remembered until the next post.

use std::cell::{Cell, Ref, RefCell};

use super::ties::{Ties, tie};
use super::{Compiled, Context, Scope, TopicContext};
use crate::post::Post;
use crate::query::Facts;
use crate::score::{self, Addend, Score};
use crate::signals;
use crate::text::Tokens;
use crate::time::Zone;

/// What is known of the post at hand, in memory that is used again for the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Tokens of its text, once they were read: the matcher writes its own while it asks.
    tokens: RefCell<Tokens>,
    is_read: Cell<bool>,
    sentiment: Cell<Option<f64>>,
    /// Its priority where it speaks to nobody, and where it speaks to the brand.
    priority: [Cell<Option<Score>>; 2],
    addends: RefCell<Vec<Addend>>,
    ties: RefCell<Ties>,
    /// The zones of the topics; many topics share one.
    zones: RefCell<Vec<Local>>,
    /// Grows with every post, so that what a zone remembers of an earlier one is known to be old.
    turn: u64,
}

/// The hour of the week in one zone, and of which post.
struct Local {
    zone: Zone,
    turn: u64,
    hour: usize,
}

impl Memory {
    /// Answers for the topics of `compiled` from here on.
    pub(super) fn listen(&mut self, compiled: &Compiled) {
        let zones = self.zones.get_mut();
        zones.clear();
        zones.extend(compiled.zones.iter().map(|zone| Local { zone: zone.clone(), turn: 0, hour: 0 }));
        self.turn = 0;
    }

    /// Another post comes.
    pub(super) fn forget(&mut self) {
        self.is_read.set(false);
        self.sentiment.set(None);
        self.priority.iter().for_each(|p| p.set(None));
        self.ties.get_mut().clear();
        self.turn += 1;
    }

    /// What the post has to do with the brands asked for so far.
    pub(super) fn ties(&mut self) -> &mut Ties {
        self.ties.get_mut()
    }
}

/// Answers for one post.
pub(super) struct LaneFacts<'a> {
    post: &'a Post<'a>,
    compiled: &'a Compiled,
    memory: &'a Memory,
}

impl<'a> LaneFacts<'a> {
    /// `memory` was told to forget the post before.
    pub(super) fn new(post: &'a Post<'a>, compiled: &'a Compiled, memory: &'a Memory) -> LaneFacts<'a> {
        LaneFacts { post, compiled, memory }
    }

    fn tokens(&self) -> Ref<'a, Tokens> {
        if !self.memory.is_read.replace(true) {
            self.memory.tokens.borrow_mut().read(self.post.text);
        }
        self.memory.tokens.borrow()
    }

    /// The sum of all signals but the topic's weight.
    fn score(&self, direct: bool) -> Score {
        let tokens = self.tokens();
        let mut addends = self.memory.addends.borrow_mut();
        addends.clear();
        let context = Context { post: self.post, tokens: &tokens, topic: None };
        signals::score(&context, Scope::Post, &mut addends);
        let topic = Some(TopicContext { weight: Score::default(), direct });
        signals::score(&Context { topic, ..context }, Scope::Topic, &mut addends);
        score::total(addends.iter())
    }

    /// Hours since Monday began in the zone of a topic.
    fn hour_of_week(&self, scope: u32) -> Option<usize> {
        let mut zones = self.memory.zones.borrow_mut();
        let local = zones.get_mut(*self.compiled.zone_of.get(scope as usize)? as usize)?;
        if local.turn != self.memory.turn {
            (local.hour, local.turn) = (local.zone.hour_of_week(self.post.at), self.memory.turn);
        }
        Some(local.hour)
    }
}

impl Facts for LaneFacts<'_> {
    fn sentiment(&self) -> Option<f64> {
        let memo = &self.memory.sentiment;
        if memo.get().is_none() {
            memo.set(Some(signals::sentiment(self.post.text, &self.tokens())));
        }
        memo.get()
    }

    fn priority(&self, scope: u32) -> Option<f64> {
        self.compiled.listening.topics.get(scope as usize)?;
        let direct = self.is_direct(scope);
        let memo = &self.memory.priority[usize::from(direct)];
        if memo.get().is_none() {
            memo.set(Some(self.score(direct)));
        }
        memo.get().map(Score::as_f64)
    }

    fn hour(&self, scope: u32) -> Option<u8> {
        self.hour_of_week(scope).map(|h| (h % 24) as u8)
    }

    fn weekday(&self, scope: u32) -> Option<u8> {
        self.hour_of_week(scope).map(|h| (h / 24) as u8)
    }

    fn is_direct(&self, scope: u32) -> bool {
        let listening = &self.compiled.listening;
        let Some(brand) = listening.topics.get(scope as usize).and_then(|t| t.brand) else { return false };
        let tokens = self.tokens();
        let context = Context { post: self.post, tokens: &tokens, topic: None };
        tie(&context, listening, brand, &mut self.memory.ties.borrow_mut()).0
    }
}
