//! Many queries on one post, where a query may ask for the result of a rule by its name.

use std::collections::HashMap;

use super::{Given, View};
use crate::post::Post;
use crate::query::{Facts, Named, Term};

/// Indices of the queries that match `post`, ascending.
///
/// `rule:NAME` holds where any query with that name matches; an unknown name is false, and so is one
/// whose own result is still being worked out, so that a cycle ends. The walk keeps its own stack:
/// chains of references may be as long as there are queries.
pub fn explain_all<'a>(queries: impl IntoIterator<Item = Named<'a>>, post: &Post<'_>, facts: &dyn Facts) -> Vec<u32> {
    let view = View::new(post);
    let rules = Rules::new(queries.into_iter().collect());
    let count = rules.queries.len();
    let mut results: Vec<Progress> = vec![Progress::Unasked; count + rules.named.len()];
    let mut stack: Vec<Step> = (0..count).rev().map(Step::Ask).collect();
    while let Some(step) = stack.pop() {
        match step {
            Step::Ask(item) if results.get(item) == Some(&Progress::Unasked) => {
                set(&mut results, item, Progress::Asked);
                stack.push(Step::Answer(item));
                stack.extend(rules.asks_for(item).into_iter().rev().map(Step::Ask));
            }
            Step::Ask(_) => {}
            Step::Answer(item) => {
                let answer = rules.answer(item, &view, facts, &results);
                set(&mut results, item, Progress::Answered(answer));
            }
        }
    }
    let matched = results.iter().take(count).enumerate().filter(|(_, r)| **r == Progress::Answered(true));
    matched.map(|(i, _)| i as u32).collect()
}

/// How far an item is: a query by its index, or after all queries a name by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unasked,
    Asked,
    Answered(bool),
}

fn set(results: &mut [Progress], item: usize, progress: Progress) {
    if let Some(place) = results.get_mut(item) {
        *place = progress;
    }
}

/// What is still to do.
enum Step {
    /// Answer it and before it what it asks for, unless that was begun before.
    Ask(usize),
    /// All that it asks for is answered, but for what is in a cycle with it.
    Answer(usize),
}

struct Rules<'a> {
    queries: Vec<Named<'a>>,
    /// Number of each name.
    numbers: HashMap<&'a str, usize>,
    /// The queries of each name, by its number.
    named: Vec<Vec<usize>>,
}

impl<'a> Rules<'a> {
    fn new(queries: Vec<Named<'a>>) -> Rules<'a> {
        let mut numbers = HashMap::new();
        let mut named: Vec<Vec<usize>> = Vec::new();
        for (i, query) in queries.iter().enumerate().filter(|(_, q)| !q.name.is_empty()) {
            let number = *numbers.entry(query.name).or_insert(named.len());
            match named.get_mut(number) {
                Some(known) => known.push(i),
                None => named.push(vec![i]),
            }
        }
        Rules { queries, numbers, named }
    }

    /// The item of a name, if any query has it.
    fn item(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).map(|number| self.queries.len() + number)
    }

    /// The queries of a name, if the item is one.
    fn queries_of(&self, item: usize) -> &[usize] {
        let number = item.checked_sub(self.queries.len());
        number.and_then(|n| self.named.get(n)).map(Vec::as_slice).unwrap_or_default()
    }

    fn asks_for(&self, item: usize) -> Vec<usize> {
        let Some(named) = self.queries.get(item) else {
            return self.queries_of(item).to_vec();
        };
        let names = named.query.leaves.iter().filter_map(|l| match &l.term {
            Term::Rule(name) => self.item(name),
            _ => None,
        });
        names.collect()
    }

    fn answer(&self, item: usize, view: &View<'_>, facts: &dyn Facts, results: &[Progress]) -> bool {
        let is_true = |item: usize| results.get(item) == Some(&Progress::Answered(true));
        let Some(Named { query, scope, .. }) = self.queries.get(item) else {
            return self.queries_of(item).iter().any(|q| is_true(*q));
        };
        let rules = |name: &str| self.item(name).is_some_and(is_true);
        view.holds(&query.root, query, &view.find(query), &Given { facts, scope: *scope, rules: &rules })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Accents, Leaf, NoFacts, Node, Query};

    fn query(terms: Vec<Term>, root: Node) -> Query {
        let leaves = terms.into_iter().map(|term| Leaf { span: 0..0, term }).collect();
        Query { root, leaves, accents: Accents::Fold, quoted: false }
    }

    fn rule(name: &str) -> Query {
        query(vec![Term::Rule(name.into())], Node::Leaf(0))
    }

    fn word(word: &str) -> Query {
        query(vec![Term::Phrase(vec![word.into()])], Node::Leaf(0))
    }

    fn matched(rules: &[(&str, Query)]) -> Vec<u32> {
        let post = Post { text: "banco caído", ..Post::default() };
        explain_all(rules.iter().map(|(name, query)| Named { name, ..Named::from(query) }), &post, &NoFacts)
    }

    #[test]
    fn rules_are_called_by_name_wherever_they_stand() {
        let not = query(vec![Term::Rule("caja".into())], Node::Not(Box::new(Node::Leaf(0))));
        let rules =
            [("", rule("caída")), ("caída", word("otra")), ("caída", word("caido")), ("caja", word("caja")), ("", not), ("", rule("no"))];
        assert_eq!(matched(&rules), [0, 2, 4]);
        assert_eq!(matched(&[("", rule("")), ("", word("banco"))]), [1], "an empty name is none");
        assert!(matched(&[]).is_empty());
    }

    #[test]
    fn a_cycle_ends() {
        assert!(matched(&[("a", rule("a"))]).is_empty());
        assert!(matched(&[("a", rule("b")), ("b", rule("a"))]).is_empty());
        let either = query(vec![Term::Rule("b".into()), Term::Phrase(vec!["banco".into()])], Node::Or(vec![Node::Leaf(0), Node::Leaf(1)]));
        assert_eq!(matched(&[("a", either), ("b", rule("a"))]), [0], "b was answered while a was not");
    }

    #[test]
    fn a_chain_may_be_as_long_as_there_are_queries() {
        let names: Vec<String> = (0..100_000).map(|i| i.to_string()).collect();
        let last = names.len() - 1;
        let chain = |i: usize| if i == last { word("banco") } else { rule(&(i + 1).to_string()) };
        let rules: Vec<(&str, Query)> = names.iter().enumerate().map(|(i, n)| (n.as_str(), chain(i))).collect();
        assert_eq!(matched(&rules).len(), names.len());
    }

    #[test]
    fn each_query_is_asked_in_its_own_scope() {
        struct Hours;
        impl Facts for Hours {
            fn hour(&self, scope: u32) -> Option<u8> {
                Some(scope as u8)
            }
        }
        let night = query(vec![Term::Hour { from: 22, to: 6 }], Node::Leaf(0));
        let asks = rule("noche");
        let of = |query, name, scope| Named { query, name, scope };
        let all = [of(&night, "noche", 12), of(&night, "noche", 23), of(&night, "día", 12), of(&asks, "", 12)];
        assert_eq!(explain_all(all, &Post::default(), &Hours), [1, 3]);
    }
}
