//! All queries against a post, fast.
//!
//! Every query is reduced to *anchors*: leaves of which at least one holds in every post that
//! matches. The anchors' keys (hashes of a word or of two neighbours in base form, of a prefix, of a
//! handle) stand in one [`index`]; a post costs one pass over its tokens against a bitmap and, rarely,
//! a look into a table. What is found there is only a candidate: the leaf is compared as its accent
//! mode says, then the chain of tests of each query that stands on it is run, its leaves evaluated on
//! demand and remembered for the post. One pass serves all accent modes, because words that are equal
//! in any mode have equal base forms.

mod evaluate;
mod index;
mod leaf;
mod near;
mod plan;
mod words;

use std::collections::HashMap;

use crate::post::Post;
use crate::query::{Accents, Facts, Named, Node, Query, Term};
use crate::text::Tokens;
use evaluate::{Evaluation, Work};
use index::{Entries, Index};
use leaf::{Key, Leaf, Test};
use near::Spans;
use plan::{NO, Step, YES};
use words::NO_WORD;

/// Queries compiled together; immutable.
#[derive(Debug, Default)]
pub struct Matcher {
    leaves: Vec<Leaf>,
    /// The chains of all queries.
    steps: Vec<Step>,
    /// Where the chain of each query begins.
    chains: Vec<u32>,
    index: Index,
    /// Queries that stand on each leaf, leaf by leaf.
    anchored: Vec<u32>,
    /// Queries that must be evaluated on every post.
    always: Vec<u32>,
    /// Whether any query matches quoted texts.
    any_quoted: bool,
}

/// Working memory of one lane; holds the tokens of the post matched last.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Tokens of the own text of the post matched last.
    pub tokens: Tokens,
    quoted: Tokens,
    work: Work,
}

/// How one query is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Leaves (indices into `Query::leaves`) of which at least one holds in every post that matches;
    /// none if the query must be evaluated on every post.
    pub anchors: Option<Vec<usize>>,
    /// Posts it must be evaluated on, as a part of all: a guess from the length of its words.
    pub cost: f64,
}

/// How `query` is looked for.
pub fn plan(query: &Query) -> Plan {
    let often = |i: usize| query.leaves.get(i).and_then(|l| Test::new(&l.term, query.accents).key()).map(|k| k.1);
    match plan::anchors(&query.root, &often) {
        Some(a) => Plan { anchors: Some(a.leaves), cost: a.often.min(1.0) },
        None => Plan { anchors: None, cost: 1.0 },
    }
}

/// What a matcher holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Queries.
    pub queries: usize,
    /// Distinct leaves; queries share them.
    pub leaves: usize,
    /// Distinct keys that are looked up.
    pub keys: usize,
    /// Queries that must be evaluated on every post.
    pub always: usize,
    /// Bytes on the heap, about.
    pub bytes: usize,
}

impl Matcher {
    /// Compiles `queries`; a match is reported as the index of its query.
    pub fn new<'a, Q: Into<Named<'a>>>(queries: impl IntoIterator<Item = Q>) -> Matcher {
        Compiler::default().compile(queries.into_iter().map(Into::into), true)
    }

    /// The same matches by evaluating every query on every post: to check what the index leaves out.
    pub fn without_index<'a, Q: Into<Named<'a>>>(queries: impl IntoIterator<Item = Q>) -> Matcher {
        Compiler::default().compile(queries.into_iter().map(Into::into), false)
    }

    /// Appends to `matched` the queries that match `post`, ascending, each once.
    pub fn matches(&self, post: &Post<'_>, _facts: &dyn Facts, scratch: &mut Scratch, matched: &mut Vec<u32>) {
        scratch.tokens.read(post.text);
        let second = self.any_quoted && !post.quoted_text.is_empty();
        if second {
            scratch.quoted.read(post.quoted_text);
        }
        let first = matched.len();
        let quoted = second.then_some(&scratch.quoted);
        Evaluation::new(self, post, &scratch.tokens, quoted, &mut scratch.work, matched).run();
        if let Some(own) = matched.get_mut(first..) {
            own.sort_unstable();
        }
    }

    /// What it holds.
    pub fn figures(&self) -> Figures {
        let own = size_of_val(&*self.leaves) + size_of_val(&*self.steps) + size_of_val(&*self.chains);
        let lists = size_of_val(&*self.anchored) + size_of_val(&*self.always);
        let words = self.leaves.iter().map(|l| l.test.heap_bytes()).sum::<usize>();
        Figures {
            queries: self.chains.len(),
            leaves: self.leaves.len(),
            keys: self.index.keys(),
            always: self.always.len(),
            bytes: own + lists + words + self.index.bytes(),
        }
    }
}

/// What makes two terms of different queries the same leaf.
type Identity<'a> = (&'a Term, Accents, bool);

#[derive(Default)]
struct Compiler<'a> {
    matcher: Matcher,
    known: HashMap<Identity<'a>, u32>,
    /// Key and rarity of each leaf.
    keys: Vec<Option<(Key, f64)>>,
    /// Bit of a word of each leaf.
    words: Vec<u32>,
    /// Leaf and query that stands on it.
    anchored: Vec<(u32, u32)>,
}

impl<'a> Compiler<'a> {
    fn compile(mut self, queries: impl Iterator<Item = Named<'a>>, indexed: bool) -> Matcher {
        for query in queries {
            self.add(query.query, indexed);
        }
        self.anchored.sort_unstable();
        self.anchored.dedup();
        let mut entries = Entries::default();
        let mut first = 0;
        for same in self.anchored.chunk_by(|a, b| a.0 == b.0) {
            let end = first + same.len() as u32;
            let leaf = same[0].0;
            self.matcher.leaves[leaf as usize].anchored = (first, end);
            first = end;
            entries.add(&self.keys[leaf as usize], &self.matcher.leaves[leaf as usize].test, leaf);
        }
        self.matcher.anchored = self.anchored.iter().map(|a| a.1).collect();
        self.matcher.index = Index::new(entries);
        self.matcher
    }

    fn add(&mut self, query: &'a Query, indexed: bool) {
        let number = self.matcher.chains.len() as u32;
        self.matcher.any_quoted |= query.quoted;
        let leaves: Vec<u32> = query.leaves.iter().map(|l| self.leaf((&l.term, query.accents, query.quoted))).collect();
        let mut steps = std::mem::take(&mut self.matcher.steps);
        let mut leaf_of = |node: &Node| match node {
            Node::Leaf(i) => leaves.get(*i).map(|leaf| (*leaf, self.words[*leaf as usize])),
            _ => {
                let spans = Spans::new(node, &|i| leaves.get(i).copied());
                Some((self.push(Test::Near(Box::new(spans)), query.quoted), NO_WORD))
            }
        };
        let chain = plan::chain(&query.root, YES, NO, &mut leaf_of, &mut steps);
        self.matcher.steps = steps;
        self.matcher.chains.push(chain);
        let often = |i: usize| leaves.get(i).and_then(|l| self.keys[*l as usize]).map(|k| k.1);
        match plan::anchors(&query.root, &often).filter(|_| indexed) {
            Some(anchors) => self.anchored.extend(anchors.leaves.iter().filter_map(|i| Some((*leaves.get(*i)?, number)))),
            None => self.matcher.always.push(number),
        }
    }

    fn leaf(&mut self, identity: Identity<'a>) -> u32 {
        if let Some(known) = self.known.get(&identity) {
            return *known;
        }
        let leaf = self.push(Test::new(identity.0, identity.1), identity.2);
        self.known.insert(identity, leaf);
        leaf
    }

    fn push(&mut self, test: Test, quoted: bool) -> u32 {
        self.keys.push(test.key());
        self.words.push(test.token().map_or(NO_WORD, words::bit));
        self.matcher.leaves.push(Leaf { quoted: quoted && test.is_textual(), test, anchored: (0, 0) });
        self.matcher.leaves.len() as u32 - 1
    }
}

impl Entries {
    fn add(&mut self, key: &Option<(Key, f64)>, test: &Test, leaf: u32) {
        match key.map(|k| k.0) {
            Some(Key::Token(key)) => self.keys.push((key, leaf)),
            Some(Key::Prefix(key, len)) => {
                self.keys.push((key, leaf));
                self.prefixes.push(len);
            }
            Some(Key::Field(key)) => {
                self.keys.push((key, leaf));
                self.has_fields = true;
            }
            Some(Key::Substring) => self.substrings.push((test.substring().to_string(), leaf)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
