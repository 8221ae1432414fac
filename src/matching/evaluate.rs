//! One post against all queries: candidates, then proof.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::fields::{Scene, account_of};
use super::index::Candidate;
use super::key::{Field, LINK_SALT, place_salt};
use super::leaf::{Anchored, Test, View};
use super::links::{self, Asked};
use super::plan::YES;
use super::rules::NO_RULE;
use super::words::Words;
use super::{Matcher, SOLE};
use crate::text::base_into;

/// At no token.
const NOWHERE: u32 = u32::MAX;

/// Working memory that outlives a post.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Grows by one per post, so that what was noted for the post before need not be wiped out.
    generation: u32,
    /// What was noted of each leaf.
    notes: Vec<Note>,
    /// Generation in which each query was last evaluated, or put off until its turn.
    evaluated: Vec<u32>,
    /// Generation in which each rule last matched.
    rules: Vec<u32>,
    /// Rank and number of the queries that stand on rules and wait for their turn.
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
    candidates: Vec<Candidate>,
    /// Leaves that may hold, and the token that ends what they were looked up by.
    found: Vec<(u32, u32)>,
    base: Vec<u8>,
    /// Words of the post, its quoted text included, and the generation they are of.
    words: (u32, Words),
}

/// What was noted of a leaf, and the generation it is of; one word, because what many leaves cost is
/// the memory that they are read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Note(u32);

impl Note {
    /// It was a candidate.
    const PROPOSED: u32 = 1;
    /// It was evaluated.
    const KNOWN: u32 = 2;
    /// It holds.
    const HOLDS: u32 = 4;
    /// Generations that fit.
    const GENERATIONS: u32 = u32::MAX >> 3;

    /// The marks that were set in this generation.
    fn marks(self, generation: u32) -> u32 {
        if self.0 >> 3 == generation { self.0 & 7 } else { 0 }
    }

    fn set(&mut self, generation: u32, marks: u32) {
        self.0 = generation << 3 | self.marks(generation) | marks;
    }
}

/// One post on its way through the queries.
pub(super) struct Evaluation<'a> {
    matcher: &'a Matcher,
    scene: Scene<'a>,
    work: &'a mut Work,
    matched: &'a mut Vec<u32>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(matcher: &'a Matcher, scene: Scene<'a>, work: &'a mut Work, matched: &'a mut Vec<u32>) -> Evaluation<'a> {
        work.next_post(matcher);
        Evaluation { matcher, scene, work, matched }
    }

    /// The own text, and the quoted one if it counts.
    fn views(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        [Some(self.scene.own), self.scene.quoted].into_iter().flatten()
    }

    pub(super) fn run(&mut self) {
        let matcher = self.matcher;
        let mut candidates = std::mem::take(&mut self.work.candidates);
        candidates.clear();
        for view in self.views() {
            matcher.index.candidates(view, &mut candidates);
        }
        self.field_candidates(&mut candidates);
        // All are looked up, and what they need is fetched, before any is evaluated: waiting for the
        // memory of one then does not hold up the next.
        let mut found = std::mem::take(&mut self.work.found);
        found.clear();
        candidates.iter().for_each(|candidate| matcher.index.leaves(*candidate, &mut found));
        self.fetch(&found);
        found.iter().for_each(|(leaf, at)| self.candidate(*leaf, *at));
        self.work.found = found;
        self.work.candidates = candidates;
        let mut base = std::mem::take(&mut self.work.base);
        for view in self.views() {
            matcher.index.substrings(view.text, &mut base, |leaf| self.candidate(leaf, NOWHERE));
        }
        if matcher.index.in_links {
            for link in self.scene.post.links.iter() {
                matcher.index.substrings(link, &mut base, |leaf| self.candidate(leaf, NOWHERE));
            }
        }
        self.work.base = base;
        for query in &matcher.always {
            self.query(*query);
        }
        // A query waits for those of a lower rank and makes wait only those of a higher one.
        while let Some(Reverse((_, query))) = self.work.waiting.pop() {
            self.evaluate(query);
        }
    }

    /// Touches what evaluating these leaves will read: with thousands of them it is in no near cache,
    /// and loads that do not depend on each other are waited for together.
    fn fetch(&self, leaves: &[(u32, u32)]) {
        let touch = |(leaf, _): &(u32, u32)| self.matcher.leaves.get(*leaf as usize).map_or(0, |l| u32::from(l.quoted));
        std::hint::black_box(leaves.iter().map(touch).fold(0, u32::wrapping_add));
    }

    fn field_candidates(&mut self, out: &mut Vec<Candidate>) {
        let (index, post, asked) = (&self.matcher.index, self.scene.post, self.matcher.asked);
        let base = &mut self.work.base;
        let mut add = |field: Field, value: &str| {
            if !value.is_empty() {
                base_into(value, base);
                out.push(Candidate::elsewhere(field.key(std::str::from_utf8(base).unwrap_or_default())));
            }
        };
        if index.has_fields() {
            for (field, party) in Field::ACCOUNTS.into_iter().filter(|f| index.has_field(f.0)) {
                let (id, handle) = account_of(post, party);
                add(field, id);
                add(field, handle);
            }
            for (field, value) in [(Field::Conversation, post.conversation_id), (Field::InReplyTo, post.in_reply_to.id)] {
                if index.has_field(field) {
                    add(field, value);
                }
            }
            if index.has_field(Field::Site) {
                let host = links::host(post.url);
                add(Field::Site, host);
                host.match_indices('.').for_each(|(dot, _)| add(Field::Site, host.get(dot + 1..).unwrap_or_default()));
            }
        }
        if !asked.is_nothing() {
            for place in Asked::PLACES.into_iter().filter(|p| asked.has_place(*p)) {
                index.salted_candidates(self.scene.fields.place(post, place), place_salt(place), out);
            }
            if asked.has_links() {
                index.salted_candidates(self.scene.fields.links(), LINK_SALT, out);
            }
        }
    }

    /// Evaluates the queries that stand on `leaf`, if it holds and that was not done for this post: a
    /// word may come many times, and many queries may stand on it.
    fn candidate(&mut self, leaf: u32, at: u32) {
        let generation = self.work.generation;
        let Some(candidate) = self.matcher.leaves.get(leaf as usize) else { return };
        // Where it was looked up it mostly holds, which spares a look at the rest of the text.
        let is_there = candidate.test.holds_at(at, self.scene.own);
        if let Anchored::One(stand) = candidate.anchored
            && is_there
            && stand & SOLE != 0
        {
            // Nobody asks for it again: to note it would be one more piece of memory to wait for.
            return self.is_found(stand & !SOLE);
        }
        let Some(note) = self.work.notes.get_mut(leaf as usize) else { return };
        if note.marks(generation) & Note::PROPOSED != 0 {
            return;
        }
        note.set(generation, if is_there { Note::PROPOSED | Note::KNOWN | Note::HOLDS } else { Note::PROPOSED });
        if !is_there && !self.holds(leaf) {
            return;
        }
        match candidate.anchored {
            Anchored::One(stand) => self.stands(stand),
            Anchored::Range(first, end) => {
                let all = self.matcher.anchored.get(first as usize..end as usize).unwrap_or_default();
                all.iter().for_each(|stand| self.stands(*stand));
            }
        }
    }

    /// The leaf that a query stands on holds.
    fn stands(&mut self, stand: u32) {
        let query = stand & !SOLE;
        if stand == query {
            self.query(query);
        } else {
            self.is_found(query);
        }
    }

    /// Evaluates `query`, at its turn, unless that was done for this post.
    fn query(&mut self, query: u32) {
        let generation = self.work.generation;
        match self.work.evaluated.get_mut(query as usize) {
            Some(last) if *last != generation => *last = generation,
            _ => return,
        }
        match self.matcher.ranks.get(query as usize) {
            None | Some(0) => self.evaluate(query),
            Some(rank) => self.work.waiting.push(Reverse((*rank, query))),
        }
    }

    fn evaluate(&mut self, query: u32) {
        self.collect_words();
        let mut at = self.matcher.chains.get(query as usize).copied().unwrap_or_default();
        while let Some(step) = self.matcher.steps.get(at as usize) {
            at = if self.work.words.1.may_have(step.word) && self.holds(step.leaf) { step.yes } else { step.no };
        }
        if at == YES {
            self.is_found(query);
        }
    }

    /// `query` matches, perhaps not for the first time; what stands on its rule has its turn later.
    fn is_found(&mut self, query: u32) {
        self.matched.push(query);
        let rule = self.matcher.rule_of.get(query as usize).copied().unwrap_or(NO_RULE);
        if let Some(last) = self.work.rules.get_mut(rule as usize) {
            *last = self.work.generation;
            if let Some(leaf) = self.matcher.rule_leaves.get(rule as usize).copied().flatten() {
                self.candidate(leaf, NOWHERE);
            }
        }
    }

    fn collect_words(&mut self) {
        if self.work.words.0 != self.work.generation {
            let mut words = Words::default();
            self.views().for_each(|v| words.add(v.tokens));
            self.work.words = (self.work.generation, words);
        }
    }

    /// Whether `leaf` holds in the post.
    fn holds(&mut self, leaf: u32) -> bool {
        let generation = self.work.generation;
        match self.work.notes.get(leaf as usize).map(|n| n.marks(generation)) {
            Some(marks) if marks & Note::KNOWN != 0 => return marks & Note::HOLDS != 0,
            Some(_) => {}
            None => return false,
        }
        let value = self.value(leaf);
        if let Some(note) = self.work.notes.get_mut(leaf as usize) {
            note.set(generation, if value { Note::KNOWN | Note::HOLDS } else { Note::KNOWN });
        }
        value
    }

    fn value(&self, leaf: u32) -> bool {
        let Some(leaf) = self.matcher.leaves.get(leaf as usize) else { return false };
        match leaf.test {
            Test::Rule(rule) => self.work.rules.get(rule as usize).is_some_and(|last| *last == self.work.generation),
            _ => leaf.test.holds(&self.matcher.leaves, &self.scene, leaf.quoted),
        }
    }
}

impl Work {
    /// Makes everything noted so far void.
    fn next_post(&mut self, matcher: &Matcher) {
        // A wrapped counter would meet notes of five hundred million posts ago.
        if self.generation == Note::GENERATIONS {
            *self = Work::default();
        }
        self.generation += 1;
        if self.notes.len() < matcher.leaves.len() {
            self.notes.resize(matcher.leaves.len(), Note::default());
        }
        if self.rules.len() < matcher.rule_leaves.len() {
            self.rules.resize(matcher.rule_leaves.len(), 0);
        }
        if self.evaluated.len() < matcher.chains.len() {
            self.evaluated.resize(matcher.chains.len(), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scratch;
    use super::*;
    use crate::post::Post;
    use crate::query::{Accents, Leaf, NoFacts, Node, Query, Span, Term};

    /// What the query `a` finds in `text`, asked for with the memory of the posts before.
    fn found(text: &str, scratch: &mut Scratch) -> Vec<u32> {
        let leaves = vec![Leaf { span: Span::default(), term: Term::Phrase(vec!["a".into()]) }];
        let query = Query { root: Node::Leaf(0), leaves, accents: Accents::Fold, quoted: false };
        let mut matched = Vec::new();
        Matcher::new([&query]).matches(&Post { text, ..Post::default() }, &NoFacts, scratch, &mut matched);
        matched
    }

    #[test]
    fn a_word_that_comes_twice_is_found_once_in_every_post() {
        let mut scratch = Scratch::default();
        for (text, wanted) in [("a A á", vec![0]), ("b", vec![]), ("b a", vec![0]), ("á", vec![0])] {
            assert_eq!(found(text, &mut scratch), wanted, "{text}");
        }
    }

    #[test]
    fn notes_of_another_generation_do_not_count() {
        let mut note = Note::default();
        note.set(4, Note::PROPOSED);
        note.set(4, Note::KNOWN | Note::HOLDS);
        assert_eq!(note.marks(4), Note::PROPOSED | Note::KNOWN | Note::HOLDS);
        assert_eq!(note.marks(5), 0);
        note.set(Note::GENERATIONS, Note::KNOWN);
        assert_eq!((note.marks(Note::GENERATIONS), note.marks(4)), (Note::KNOWN, 0));
    }

    #[test]
    fn generations_begin_again_with_nothing_noted() {
        let mut scratch = Scratch::default();
        assert_eq!(found("á", &mut scratch), [0]);
        scratch.work.generation = Note::GENERATIONS;
        assert_eq!(found("á", &mut scratch), [0], "what was noted in the first generation is gone");
        assert_eq!(scratch.work.generation, 1);
    }
}
