//! Rules that stand on the results of other rules.

use super::*;

/// The queries that match, with and without the index; each is a name, and a tree over its words and
/// rules: `a` a word, `=a` a rule.
fn found(rules: &[(&str, Node, &[&str])], t: &str) -> Vec<u32> {
    let term = |w: &&str| w.strip_prefix('=').map_or_else(|| words(w), |name| Term::Rule(name.into()));
    let queries: Vec<Query> = rules.iter().map(|r| query(r.1.clone(), r.2.iter().map(term).collect(), Fold)).collect();
    let named: Vec<Named<'_>> = rules.iter().zip(&queries).map(|(r, query)| Named { query, name: r.0, scope: 0 }).collect();
    let [fast, slow] = [Matcher::new(named.iter().copied()), Matcher::without_index(named.iter().copied())].map(|m| {
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        for text in ["banco caja spam uno dos tres", t] {
            found.clear();
            m.matches(&Post { text, ..Post::default() }, &NoFacts, &mut scratch, &mut found);
        }
        found
    });
    assert_eq!(fast, slow, "{t}");
    fast
}

fn leaf() -> Node {
    Node::Leaf(0)
}

fn and() -> Node {
    Node::And(vec![Node::Leaf(0), Node::Leaf(1)])
}

fn but() -> Node {
    Node::And(vec![Node::Leaf(0), Node::Not(Box::new(Node::Leaf(1)))])
}

fn or() -> Node {
    Node::Or(vec![Node::Leaf(0), Node::Leaf(1)])
}

#[test]
fn chains_in_any_order() {
    let rules = [
        ("c", and(), &["=b", "tres"][..]),
        ("b", or(), &["=a", "dos"]),
        ("a", leaf(), &["uno"]),
        ("", leaf(), &["=c"]),
        // A second query of the rule `a`.
        ("a", leaf(), &["eins"]),
    ];
    assert_eq!(found(&rules, "uno tres"), [0, 1, 2, 3]);
    assert_eq!(found(&rules, "eins tres"), [0, 1, 3, 4]);
    assert_eq!(found(&rules, "dos"), [1]);
    assert!(found(&rules, "tres").is_empty());
}

#[test]
fn exclusions_of_rules() {
    let rules = [
        ("", but(), &["banco", "=spam"][..]),
        ("spam", or(), &["spam", "=worse"]),
        ("worse", leaf(), &["peor"]),
        ("", but(), &["banco", "=unknown"]),
        ("", Node::Not(Box::new(leaf())), &["=spam"]),
    ];
    assert_eq!(found(&rules, "banco"), [0, 3, 4]);
    assert_eq!(found(&rules, "banco spam"), [1, 3]);
    assert_eq!(found(&rules, "banco peor"), [1, 2, 3]);
    assert_eq!(found(&rules, "nada"), [4]);
}

#[test]
fn circles_and_unknown_names_are_false() {
    let rules = [
        ("a", or(), &["uno", "=b"][..]),
        ("b", or(), &["dos", "=a"]),
        ("self", or(), &["tres", "=self"]),
        ("", leaf(), &["=a"]),
        ("", leaf(), &["=self"]),
        ("", or(), &["=unknown", "nada"]),
        ("b", but(), &["caja", "=a"]),
    ];
    assert_eq!(found(&rules, "uno"), [0, 3]);
    assert_eq!(found(&rules, "dos"), [1]);
    assert_eq!(found(&rules, "tres"), [2, 4]);
    assert_eq!(found(&rules, "nada"), [5]);
    assert_eq!(found(&rules, "uno caja"), [0, 3, 6]);
}

#[test]
fn a_long_chain_needs_no_stack() {
    let names: Vec<String> = (0..20_000).map(|i| format!("r{i}")).collect();
    let query_of = |i: usize| one(names.get(i + 1).map_or(words("uno"), |n| Term::Rule(n.clone())), Fold);
    let queries: Vec<Query> = (0..names.len()).map(query_of).collect();
    let named = queries.iter().zip(&names).map(|(query, name)| Named { query, name, scope: 0 });
    let matcher = Matcher::new(named);
    let mut found = Vec::new();
    matcher.matches(&text("uno"), &NoFacts, &mut Scratch::default(), &mut found);
    assert_eq!(found.len(), names.len());
    assert_eq!(matcher.figures().always, 0);
}
