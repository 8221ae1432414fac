//! All queries against a post, fast.
//!
//! Every query is reduced to *anchors*: leaves of which at least one holds in every post that
//! matches. The anchors' keys (hashes of a word or of two neighbours in base form, of a prefix, of a
//! handle) stand in one [`index`]; a post costs one pass over its tokens against a bitmap and, rarely,
//! a look into a table. What is found there is only a candidate: the leaf is compared as its accent
//! mode says, then the chain of tests of each query that stands on it is run, its leaves evaluated on
//! demand and remembered for the post. One pass serves all accent modes, because words that are equal
//! in any mode have equal base forms.
//!
//! The words of links and of other fields have keys of their own, salted by where they stand, and are
//! read only if a query asks for them; substrings are found by one automaton over the base form. A
//! query that stands on a rule becomes a candidate when that rule matches ([`rules`]).

mod common;
mod evaluate;
mod fields;
mod index;
mod key;
mod leaf;
mod links;
mod near;
mod plan;
mod rules;
mod words;

use std::collections::HashMap;

use crate::post::Post;
use crate::query::{Accents, Facts, Flag, Measure, Named, Node, Query, Term};
use crate::text::Tokens;
use evaluate::{Evaluation, Work};
use fields::Scene;
use index::{Entries, Index};
use key::Key;
use leaf::{Anchored, Leaf, Test, View};
use links::{Asked, Fields};
use near::Spans;
use plan::{Chainer, NO, Step, YES};
use rules::{NO_RULE, Rules};
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
    /// What any query asks for besides the text.
    asked: Asked,
    /// Rank of each query; empty if no query names a rule.
    ranks: Vec<u32>,
    /// Number of the rule that each query belongs to; empty if no query names a rule.
    rule_of: Vec<u32>,
    /// The leaf that asks for each rule, if any.
    rule_leaves: Vec<Option<u32>>,
}

/// Marks a query in the list of a leaf: it matches as soon as the leaf holds.
const SOLE: u32 = 1 << 31;

/// Working memory of one lane; holds the tokens of the post matched last.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Tokens of the own text of the post matched last.
    pub tokens: Tokens,
    quoted: Tokens,
    fields: Fields,
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
    // Alone, a query knows no rules; it stands on them all the same.
    let test = |term| Test::new(term, query.accents, 0, &|_| Some(0));
    let often = |i: usize| query.leaves.get(i).and_then(|l| test(&l.term).key()).map(|k| k.1);
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

    /// Appends to `matched` the queries that match `post`, ascending, each once. `facts` is asked only
    /// for what a query cannot be decided without.
    pub fn matches(&self, post: &Post<'_>, facts: &dyn Facts, scratch: &mut Scratch, matched: &mut Vec<u32>) {
        scratch.tokens.read(post.text);
        let own = View { text: post.text, tokens: &scratch.tokens };
        let second = self.any_quoted && !post.quoted_text.is_empty();
        if second {
            scratch.quoted.read(post.quoted_text);
        }
        if !self.asked.is_nothing() {
            scratch.fields.read(post, own, self.asked);
        }
        let first = matched.len();
        let quoted = second.then_some(View { text: post.quoted_text, tokens: &scratch.quoted });
        let scene = Scene { post, facts, own, quoted, fields: &scratch.fields };
        Evaluation::new(self, scene, &mut scratch.work, matched).run();
        in_order(matched, first);
    }

    /// What it holds.
    pub fn figures(&self) -> Figures {
        let own = size_of_val(&*self.leaves) + size_of_val(&*self.steps) + size_of_val(&*self.chains);
        let rules = size_of_val(&*self.ranks) + size_of_val(&*self.rule_of) + size_of_val(&*self.rule_leaves);
        let lists = size_of_val(&*self.anchored) + size_of_val(&*self.always) + rules;
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

/// Puts what stands in `matched` from `first` on in order, each once.
fn in_order(matched: &mut Vec<u32>, first: usize) {
    let Some(own @ [_, _, ..]) = matched.get_mut(first..) else { return };
    own.sort_unstable();
    if own.windows(2).any(|pair| pair[0] == pair[1]) {
        let mut distinct = matched.split_off(first);
        distinct.dedup();
        matched.append(&mut distinct);
    }
}

/// What makes two terms of different queries the same leaf: what its answer does not depend on is left
/// out, so that more are shared.
type Identity<'a> = (&'a Term, Accents, bool, u32);

#[derive(Default)]
struct Compiler<'a> {
    matcher: Matcher,
    rules: Rules<'a>,
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
        let queries: Vec<Named<'a>> = queries.collect();
        self.rules = Rules::new(&queries);
        self.matcher.rule_leaves = vec![None; self.rules.len()];
        if self.rules.len() > 0 {
            self.matcher.ranks = queries.iter().map(|q| self.rules.rank(q)).collect();
            self.matcher.rule_of = queries.iter().map(|q| self.rules.number(q.name).unwrap_or(NO_RULE)).collect();
        }
        for query in &queries {
            self.add(query, indexed);
        }
        self.finish()
    }

    fn finish(mut self) -> Matcher {
        self.anchored.sort_unstable();
        self.anchored.dedup();
        let mut entries = Entries::default();
        let mut first = 0;
        for same in self.anchored.chunk_by(|a, b| a.0 == b.0) {
            let end = first + same.len() as u32;
            let leaf = same[0].0;
            self.matcher.leaves[leaf as usize].anchored =
                if let [only] = same { Anchored::One(only.1) } else { Anchored::Range(first, end) };
            first = end;
            if let Some((key, _)) = self.keys[leaf as usize] {
                entries.add(key, &self.matcher.leaves[leaf as usize].test, leaf);
            }
        }
        self.matcher.anchored = self.anchored.iter().map(|a| a.1).collect();
        self.matcher.index = Index::new(entries);
        self.matcher
    }

    fn add(&mut self, named: &Named<'a>, indexed: bool) {
        let query = named.query;
        let number = self.matcher.chains.len() as u32;
        self.matcher.any_quoted |= query.quoted;
        let leaves: Vec<u32> = query.leaves.iter().map(|l| self.leaf(&l.term, named)).collect();
        let mut steps = std::mem::take(&mut self.matcher.steps);
        let mut leaf_of = |node: &Node| match node {
            Node::Leaf(i) => leaves.get(*i).map(|leaf| (*leaf, self.words[*leaf as usize])),
            _ => {
                let spans = Spans::new(node, &|i| leaves.get(i).copied());
                Some((self.push(Test::Near(Box::new(spans)), query.quoted), NO_WORD))
            }
        };
        let dear = |i: usize| query.leaves.get(i).map_or(0, |l| dear(&l.term));
        let chain = Chainer { steps: &mut steps, leaf_of: &mut leaf_of, dear: &dear }.chain(&query.root, YES, NO);
        self.matcher.steps = steps;
        self.matcher.chains.push(chain);
        let often = |i: usize| leaves.get(i).and_then(|l| self.keys[*l as usize]).map(|k| k.1);
        // Nothing else is asked of a query that is one leaf.
        let is_sole = matches!(query.root, Node::Leaf(_)) && self.matcher.ranks.get(number as usize).is_none_or(|r| *r == 0);
        let stand = if is_sole { number | SOLE } else { number };
        match plan::anchors(&query.root, &often).filter(|_| indexed) {
            Some(anchors) => self.anchored.extend(anchors.leaves.iter().filter_map(|i| Some((*leaves.get(*i)?, stand)))),
            None => self.matcher.always.push(number),
        }
    }

    fn leaf(&mut self, term: &'a Term, named: &Named<'a>) -> u32 {
        let query = named.query;
        let rule = |name: &str| self.rules.meant(named.name, name);
        let has_words = matches!(term, Term::Phrase(_) | Term::Case(_) | Term::Contains(_) | Term::In(..));
        let accents = if has_words { query.accents } else { Accents::Fold };
        let quoted = query.quoted && is_textual(term);
        let scope = match term {
            // A rule that is not meant here may be meant elsewhere.
            Term::Rule(name) => u32::from(rule(name).is_none()),
            _ if term.depends_on_topic() => named.scope,
            _ => 0,
        };
        let identity = (term, accents, quoted, scope);
        if let Some(known) = self.known.get(&identity) {
            return *known;
        }
        let test = Test::new(term, accents, scope, &rule);
        let rule = if let Test::Rule(rule) = test { self.matcher.rule_leaves.get_mut(rule as usize) } else { None };
        if let Some(leaf) = rule {
            *leaf = Some(self.matcher.leaves.len() as u32);
        }
        let leaf = self.push(test, quoted);
        self.known.insert(identity, leaf);
        leaf
    }

    fn push(&mut self, test: Test, quoted: bool) -> u32 {
        self.keys.push(test.key());
        self.words.push(test.word());
        self.matcher.asked.add(test.asks_for());
        self.matcher.leaves.push(Leaf { quoted, test, anchored: Anchored::Range(0, 0) });
        self.matcher.leaves.len() as u32 - 1
    }
}

/// Whether it asks about the text, so that a quoted text may answer too.
fn is_textual(term: &Term) -> bool {
    term.has_place() || matches!(term, Term::Cashtag(_) | Term::Contains(_) | Term::Raw(_))
}

/// How dear it is to ask for a term: what others compute only when asked comes last.
fn dear(term: &Term) -> u8 {
    match term {
        Term::Number(Measure::Priority, _) => plan::NEAR + 3,
        Term::Number(Measure::Sentiment, _) => plan::NEAR + 2,
        Term::Hour { .. } | Term::Weekday { .. } | Term::Flag(Flag::Direct) => plan::NEAR + 1,
        Term::Contains(_) | Term::Raw(_) | Term::UrlContains(_) | Term::Flag(_) => plan::NEAR,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
