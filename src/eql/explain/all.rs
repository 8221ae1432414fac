//! Many queries on one post, where a query may ask for the result of a rule by its name.

use std::collections::HashMap;

use super::{Given, View};
use crate::post::Post;
use crate::query::{Facts, Named, Term};

/// Indices of the queries that match `post`, ascending.
///
/// `rule:NAME` holds where any query with that name matches; an unknown name is false, and so is one
/// whose own result is still being asked for, so that a cycle ends. The walk keeps its own stack:
/// chains of references may be as long as there are queries.
pub fn explain_all<'a>(queries: impl IntoIterator<Item = Named<'a>>, post: &Post<'_>, facts: &dyn Facts) -> Vec<u32> {
    let view = View::new(post);
    let rules = Rules::new(queries.into_iter().collect());
    let mut results: Vec<Option<bool>> = vec![None; rules.queries.len()];
    let mut asked: Vec<bool> = vec![false; rules.queries.len() + rules.named.len()];
    let mut stack: Vec<Step> = (0..rules.queries.len()).rev().map(|i| Step::Ask(Item::Query(i))).collect();
    while let Some(step) = stack.pop() {
        match step {
            Step::Ask(item) => {
                let place = match item {
                    Item::Query(i) => i,
                    Item::Name(n) => rules.queries.len() + n,
                };
                if asked.get_mut(place).is_some_and(|was| !std::mem::replace(was, true)) {
                    if let Item::Query(i) = item {
                        stack.push(Step::Evaluate(i));
                    }
                    stack.extend(rules.asks_for(item).into_iter().rev().map(Step::Ask));
                }
            }
            Step::Evaluate(i) => {
                let result = rules.matches(i, &view, facts, &results);
                results.iter_mut().skip(i).take(1).for_each(|r| *r = Some(result));
            }
        }
    }
    let matched = results.iter().enumerate().filter(|(_, r)| **r == Some(true));
    matched.map(|(i, _)| i as u32).collect()
}

/// What has an answer: a query, or all queries of one name.
#[derive(Clone, Copy)]
enum Item {
    Query(usize),
    Name(usize),
}

/// What is still to do.
enum Step {
    /// Evaluate it and what it asks for, unless that was begun before.
    Ask(Item),
    /// All that the query asks for was evaluated.
    Evaluate(usize),
}

struct Rules<'a> {
    queries: Vec<Named<'a>>,
    /// Number of each name.
    numbers: HashMap<&'a str, usize>,
    /// The queries of each name.
    named: Vec<Vec<usize>>,
}

impl<'a> Rules<'a> {
    fn new(queries: Vec<Named<'a>>) -> Rules<'a> {
        let mut rules = Rules { numbers: HashMap::new(), named: Vec::new(), queries: Vec::new() };
        for (i, query) in queries.iter().enumerate().filter(|(_, q)| !q.name.is_empty()) {
            let number = *rules.numbers.entry(query.name).or_insert(rules.named.len());
            if number == rules.named.len() {
                rules.named.push(Vec::new());
            }
            rules.named.iter_mut().skip(number).take(1).for_each(|n| n.push(i));
        }
        Rules { queries, ..rules }
    }

    fn asks_for(&self, item: Item) -> Vec<Item> {
        match item {
            Item::Name(n) => self.named.get(n).into_iter().flatten().map(|i| Item::Query(*i)).collect(),
            Item::Query(i) => {
                let leaves = self.queries.get(i).into_iter().flat_map(|q| &q.query.leaves);
                let names = leaves.filter_map(|l| match &l.term {
                    Term::Rule(name) => self.numbers.get(name.as_str()),
                    _ => None,
                });
                names.map(|n| Item::Name(*n)).collect()
            }
        }
    }

    fn matches(&self, i: usize, view: &View<'_>, facts: &dyn Facts, results: &[Option<bool>]) -> bool {
        let holds = |name: &str| {
            let number = self.numbers.get(name).and_then(|n| self.named.get(*n));
            number.into_iter().flatten().any(|q| results.get(*q) == Some(&Some(true)))
        };
        self.queries.get(i).is_some_and(|named| {
            let given = Given { facts, scope: named.scope, rules: &holds };
            view.holds(&named.query.root, named.query, &view.find(named.query), &given)
        })
    }
}
