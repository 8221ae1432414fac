//! The plain twin: the same work as one would write it with well-known crates and no tricks.
//!
//! simd-json through serde, caseless and NFD for folding, aho-corasick with a boundary check,
//! counting of required groups per rule, dashmap for the counts, one crossbeam send per match.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use caseless::Caseless;
use crossbeam::channel::Sender;
use dashmap::DashMap;
use escucha::query::{Node, Query, Term};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

#[derive(Deserialize)]
struct Event {
    did: String,
    time_us: i64,
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    collection: String,
    rkey: String,
    record: Option<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    text: String,
    created_at: String,
    langs: Option<Vec<String>>,
}

/// What goes out per match.
pub struct Match {
    pub rule: u32,
    pub id: String,
    pub at: String,
    pub score: u32,
}

/// A rule as required groups: every group bit must be set, and the excluded bit must not.
#[derive(Default, Clone, Copy)]
struct Rule {
    needed: u32,
}

const EXCLUDED: u32 = 1 << 31;

pub struct Plain {
    automaton: AhoCorasick,
    postings: Vec<Vec<(u32, u32)>>,
    rules: Vec<Rule>,
    bits: Vec<u32>,
    touched: Vec<u32>,
    counts: Arc<DashMap<(u32, u32), u64>>,
    out: Sender<Match>,
}

fn fold(text: &str) -> String {
    text.nfd().default_case_fold().nfd().filter(|c| !is_combining_mark(*c)).collect()
}

impl Plain {
    pub fn new(queries: &[Query], counts: Arc<DashMap<(u32, u32), u64>>, out: Sender<Match>) -> Plain {
        let mut patterns: Vec<String> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        let mut postings: Vec<Vec<(u32, u32)>> = Vec::new();
        let mut rules = vec![Rule::default(); queries.len()];
        for (rule, query) in queries.iter().enumerate() {
            for (leaf, bit) in groups(query) {
                let Term::Phrase(words) = &query.leaves[leaf].term else { panic!("the workload has phrases only") };
                let phrase = fold(&words.join(" "));
                let pattern = *index.entry(phrase.clone()).or_insert_with(|| {
                    patterns.push(phrase);
                    postings.push(Vec::new());
                    patterns.len() - 1
                });
                postings[pattern].push((rule as u32, bit));
                rules[rule].needed |= bit & !EXCLUDED;
            }
        }
        let automaton = AhoCorasick::new(&patterns).expect("the workload's phrases fit an automaton");
        Plain { automaton, postings, bits: vec![0; rules.len()], rules, touched: Vec::new(), counts, out }
    }

    /// Works off one line; returns how many rules matched.
    pub fn line(&mut self, line: &mut [u8]) -> usize {
        let Ok(event) = simd_json::serde::from_slice::<Event>(line) else { return 0 };
        let Some(commit) = event.commit.filter(|c| c.collection == "app.bsky.feed.post") else { return 0 };
        let Some(record) = commit.record else { return 0 };
        let text = fold(&record.text);
        for hit in self.automaton.find_overlapping_iter(&text) {
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            if word(text[..hit.start()].chars().next_back()) || word(text[hit.end()..].chars().next()) {
                continue;
            }
            for (rule, bit) in &self.postings[hit.pattern().as_usize()] {
                if self.bits[*rule as usize] == 0 {
                    self.touched.push(*rule);
                }
                self.bits[*rule as usize] |= bit;
            }
        }
        let hour = (event.time_us / 3_600_000_000 % 168) as u32;
        let mut matched = 0;
        for rule in self.touched.drain(..) {
            let bits = std::mem::take(&mut self.bits[rule as usize]);
            if bits == self.rules[rule as usize].needed {
                matched += 1;
                *self.counts.entry((rule, hour)).or_insert(0) += 1;
                let score = record.langs.as_ref().map_or(0, Vec::len) as u32;
                let id = format!("at://{}/{}/{}", event.did, commit.collection, commit.rkey);
                let _ = self.out.send(Match { rule, id, at: record.created_at.clone(), score });
            }
        }
        matched
    }
}

/// (leaf, bit): one bit per required group, [`EXCLUDED`] for what must not be there.
fn groups(query: &Query) -> Vec<(usize, u32)> {
    let parts: Vec<&Node> = match &query.root {
        Node::And(parts) => parts.iter().collect(),
        other => vec![other],
    };
    let mut bits = Vec::new();
    let mut group = 0;
    for part in parts {
        let bit = match part {
            Node::Not(_) => EXCLUDED,
            _ => {
                group += 1;
                1 << (group - 1)
            }
        };
        collect(part, bit, &mut bits);
    }
    bits
}

fn collect(node: &Node, bit: u32, out: &mut Vec<(usize, u32)>) {
    match node {
        Node::Leaf(leaf) => out.push((*leaf, bit)),
        Node::Or(parts) => parts.iter().for_each(|p| collect(p, bit, out)),
        Node::Not(inner) => collect(inner, bit, out),
        _ => panic!("the workload has no deeper trees"),
    }
}
