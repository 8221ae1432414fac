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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::{Author, Count};
    use crate::time::Timestamp;
    use crate::topic::{Account, Brand, Labels, Listening, Topic, TopicId};

    fn topic(id: u32, zone: &str, brand: Option<usize>, points: i16) -> Topic {
        Topic {
            calendar: Default::default(),
            id: TopicId(id),
            name: format!("t{id}"),
            brand,
            weight: Score::points(points),
            zone: Zone::named(zone).expect("a zone"),
            labels: Labels::default(),
            queries: Vec::new(),
        }
    }

    fn brand(handle: &str) -> Brand {
        Brand {
            name: handle.into(),
            own: true,
            accounts: vec![Account { handle: handle.into(), ..Account::default() }],
            ..Brand::default()
        }
    }

    fn compiled() -> Compiled {
        let brands = vec![brand("banco"), brand("caja")];
        let topics = vec![
            topic(0, "Europe/Madrid", Some(0), 30),
            topic(1, "America/Mexico_City", Some(1), 0),
            topic(2, "Europe/Madrid", None, 10),
            topic(3, "UTC", Some(9), 0),
        ];
        Compiled::new(Listening { version: 1, brands, topics, ..Listening::default() })
    }

    fn at(s: &str) -> Timestamp {
        Timestamp(s.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    }

    #[test]
    fn hours_are_civil_in_the_zone_of_each_topic() {
        let compiled = compiled();
        assert_eq!((compiled.zones.len(), compiled.zone_of.as_slice()), (3, [0, 1, 0, 2].as_slice()));
        let mut memory = Memory::default();
        memory.listen(&compiled);
        // (instant, weekday and hour in Madrid, in Mexico City): Madrid leaves summer time on Sunday
        // 2026-10-25 at 01:00Z and enters it on 2026-03-29 at 01:00Z; Mexico City knows none.
        let table = [
            ("2026-10-25T00:30:00Z", (6, 2), (5, 18)),
            ("2026-10-25T01:30:00Z", (6, 2), (5, 19)),
            ("2026-10-25T02:30:00Z", (6, 3), (5, 20)),
            ("2026-03-29T00:59:59Z", (6, 1), (5, 18)),
            ("2026-03-29T01:00:00Z", (6, 3), (5, 19)),
            ("2026-03-29T22:00:00Z", (0, 0), (6, 16)),
        ];
        for (instant, madrid, mexico) in table {
            let post = Post { at: at(instant), ..Post::default() };
            memory.forget();
            let facts = LaneFacts::new(&post, &compiled, &memory);
            let of = |scope| (facts.weekday(scope).expect("a day"), facts.hour(scope).expect("an hour"));
            assert_eq!((of(0), of(1), of(2)), (madrid, mexico, madrid), "{instant}");
            assert_eq!((facts.hour(9), facts.weekday(9)), (None, None));
        }
    }

    #[test]
    fn priority_is_the_score_without_the_weight() {
        let compiled = compiled();
        let author = Author { followers: Count::of(208), ..Author::default() };
        let post = Post { text: "@banco pésimo, me robaron, ¿qué hago?", author, ..Post::default() };
        let mut memory = Memory::default();
        memory.listen(&compiled);
        memory.forget();
        let facts = LaneFacts::new(&post, &compiled, &memory);
        let mut tokens = Tokens::default();
        tokens.read(post.text);
        let mut own = Vec::new();
        signals::score(&Context { post: &post, tokens: &tokens, topic: None }, Scope::Post, &mut own);
        let own = score::total(&own).as_f64();
        assert!(own > 10.0 && own < 90.0, "{own}");
        let direct = facts.priority(0).expect("a priority");
        assert_eq!([1, 2, 3, 0].map(|scope| facts.priority(scope)), [Some(own), Some(own), Some(own), Some(direct)]);
        assert!(direct > own && facts.priority(4).is_none());
        assert_eq!([0, 1, 2, 3, 4].map(|scope| facts.is_direct(scope)), [true, false, false, false, false]);
    }

    #[test]
    fn nothing_is_computed_unless_asked_and_nothing_is_kept_for_the_next_post() {
        let compiled = compiled();
        let mut memory = Memory::default();
        memory.listen(&compiled);
        let texts = ["@banco pésimo", "gracias @caja", "", "@banco pésimo"];
        let mut found = Vec::new();
        for text in texts {
            let post = Post { text, at: at("2026-07-04T10:00:00Z"), ..Post::default() };
            memory.forget();
            let facts = LaneFacts::new(&post, &compiled, &memory);
            assert!(facts.hour(0) == Some(12) && !memory.is_read.get() && memory.ties.borrow().is_empty(), "the hour needs no text");
            assert!(memory.zones.borrow().iter().filter(|z| z.turn == memory.turn).count() == 1, "one zone was asked for");
            let sentiment = facts.sentiment().expect("a tone");
            assert_eq!((facts.sentiment(), memory.priority[0].get()), (Some(sentiment), None));
            found.push((sentiment < 0.0, sentiment > 0.0, facts.is_direct(0), facts.is_direct(1), facts.priority(1)));
        }
        let told = found.iter().map(|f| (f.0, f.1, f.2, f.3)).collect::<Vec<_>>();
        let first = (true, false, true, false);
        assert_eq!(told, [first, (false, true, false, true), (false, false, false, false), first]);
        assert_eq!(found[0], found[3]);
    }
}
