//! One post against all queries: candidates, then proof.

use super::Matcher;
use super::leaf::{View, from_key, to_key};
use super::plan::YES;
use super::words::Words;
use crate::post::Post;
use crate::text::{Tokens, base_into};

/// Working memory that outlives a post.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Grows by one per post, so that what was noted for the post before need not be wiped out.
    generation: u32,
    /// Generation and value of each leaf.
    values: Vec<(u32, bool)>,
    /// Generation in which each leaf was last a candidate.
    proposed: Vec<u32>,
    /// Generation in which each query was last evaluated.
    evaluated: Vec<u32>,
    candidates: Vec<u64>,
    base: Vec<u8>,
    /// Words of the post, its quoted text included, and the generation they are of.
    words: (u32, Words),
}

/// One post on its way through the queries.
pub(super) struct Evaluation<'a> {
    matcher: &'a Matcher,
    post: &'a Post<'a>,
    /// The own text, and the quoted one if it counts.
    views: [Option<View<'a>>; 2],
    work: &'a mut Work,
    matched: &'a mut Vec<u32>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        matcher: &'a Matcher,
        post: &'a Post<'a>,
        tokens: &'a Tokens,
        quoted: Option<&'a Tokens>,
        work: &'a mut Work,
        matched: &'a mut Vec<u32>,
    ) -> Evaluation<'a> {
        work.next_post(matcher);
        let own = View { text: post.text, tokens };
        let views = [Some(own), quoted.map(|tokens| View { text: post.quoted_text, tokens })];
        Evaluation { matcher, post, views, work, matched }
    }

    pub(super) fn run(&mut self) {
        let matcher = self.matcher;
        let mut candidates = std::mem::take(&mut self.work.candidates);
        candidates.clear();
        for view in self.views.into_iter().flatten() {
            matcher.index.candidates(view, &mut candidates);
        }
        self.field_candidates(&mut candidates);
        for key in &candidates {
            for leaf in matcher.index.leaves(*key) {
                self.candidate(*leaf);
            }
        }
        self.work.candidates = candidates;
        let mut base = std::mem::take(&mut self.work.base);
        for view in self.views.into_iter().flatten() {
            matcher.index.substrings(view.text, &mut base, |leaf| self.candidate(leaf));
        }
        self.work.base = base;
        for query in &matcher.always {
            self.query(*query);
        }
    }

    fn field_candidates(&mut self, out: &mut Vec<u64>) {
        if !self.matcher.index.has_fields {
            return;
        }
        let (by, to) = (&self.post.author, &self.post.in_reply_to);
        let names = [(by.handle, from_key as fn(&str) -> u64), (by.id, from_key), (to.author, to_key), (to.author_id, to_key)];
        for (name, key) in names {
            if !name.is_empty() {
                base_into(name, &mut self.work.base);
                out.push(key(std::str::from_utf8(&self.work.base).unwrap_or_default()));
            }
        }
    }

    /// Evaluates the queries that stand on `leaf`, if it holds and that was not done for this post: a
    /// word may come many times, and many queries may stand on it.
    fn candidate(&mut self, leaf: u32) {
        if !self.work.is_first(leaf) || !self.holds(leaf) {
            return;
        }
        let matcher = self.matcher;
        let (first, end) = matcher.leaves.get(leaf as usize).map_or((0, 0), |l| l.anchored);
        for query in matcher.anchored.get(first as usize..end as usize).unwrap_or_default() {
            self.query(*query);
        }
    }

    /// Evaluates `query`, unless that was done for this post.
    fn query(&mut self, query: u32) {
        let generation = self.work.generation;
        match self.work.evaluated.get_mut(query as usize) {
            Some(last) if *last != generation => *last = generation,
            _ => return,
        }
        self.collect_words();
        let mut at = self.matcher.chains.get(query as usize).copied().unwrap_or_default();
        while let Some(step) = self.matcher.steps.get(at as usize) {
            at = if self.work.words.1.may_have(step.word) && self.holds(step.leaf) { step.yes } else { step.no };
        }
        if at == YES {
            self.matched.push(query);
        }
    }

    fn collect_words(&mut self) {
        if self.work.words.0 != self.work.generation {
            let mut words = Words::default();
            self.views.iter().flatten().for_each(|v| words.add(v.tokens));
            self.work.words = (self.work.generation, words);
        }
    }

    /// Whether `leaf` holds in the post.
    fn holds(&mut self, leaf: u32) -> bool {
        let generation = self.work.generation;
        match self.work.values.get(leaf as usize) {
            Some((at, value)) if *at == generation => return *value,
            Some(_) => {}
            None => return false,
        }
        let value = self.value(leaf);
        if let Some(slot) = self.work.values.get_mut(leaf as usize) {
            *slot = (generation, value);
        }
        value
    }

    fn value(&self, leaf: u32) -> bool {
        let Some(leaf) = self.matcher.leaves.get(leaf as usize) else { return false };
        if !leaf.test.is_textual() {
            return leaf.test.holds_in_post(self.post);
        }
        let texts = if leaf.quoted { 2 } else { 1 };
        self.views.iter().take(texts).flatten().any(|view| leaf.test.holds_in_text(&self.matcher.leaves, *view))
    }
}

impl Work {
    /// Makes everything noted so far void.
    fn next_post(&mut self, matcher: &Matcher) {
        // A wrapped counter would meet notes of four thousand million posts ago.
        if self.generation == u32::MAX {
            *self = Work::default();
        }
        self.generation += 1;
        if self.values.len() < matcher.leaves.len() {
            self.values.resize(matcher.leaves.len(), (0, false));
            self.proposed.resize(matcher.leaves.len(), 0);
        }
        if self.evaluated.len() < matcher.chains.len() {
            self.evaluated.resize(matcher.chains.len(), 0);
        }
    }
    /// Whether `leaf` was no candidate in this post before; notes that it now is one.
    fn is_first(&mut self, leaf: u32) -> bool {
        let last = self.proposed.get_mut(leaf as usize);
        last.is_some_and(|last| std::mem::replace(last, self.generation) != self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Accents, Leaf, Node, Query, Span, Term};

    #[test]
    fn a_leaf_is_a_candidate_once_in_a_post() {
        let leaves = vec![Leaf { span: Span::default(), term: Term::Phrase(vec!["a".into()]) }];
        let query = Query { root: Node::Leaf(0), leaves, accents: Accents::Fold, quoted: false };
        let matcher = Matcher::new([&query]);
        let mut work = Work::default();
        for _ in 0..2 {
            work.next_post(&matcher);
            assert_eq!([0, 0, 1].map(|leaf| work.is_first(leaf)), [true, false, false]);
        }
    }
}
