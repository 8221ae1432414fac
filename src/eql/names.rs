//! What `list:` and `rule:` may name.

use std::collections::{BTreeMap, BTreeSet};

use super::messages::Problem;
use crate::query::Term;

/// The lists and rules that a query may refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    lists: BTreeMap<String, Vec<Term>>,
    rules: BTreeSet<String>,
}

impl Names {
    /// Adds a list; an entry is a word, a phrase, a wildcard, or a name after `#`, `@` or `$`. Gives the
    /// problems of each entry by its place in `entries`; an entry with an error is left out.
    pub fn add_list(&mut self, name: &str, entries: &[&str]) -> Vec<(usize, Problem)> {
        let terms = entries.iter().map(|e| Term::Phrase(vec![(*e).to_owned()])).collect();
        self.lists.insert(name.to_owned(), terms);
        Vec::new()
    }

    /// Adds the name of a rule.
    pub fn add_rule(&mut self, name: &str) {
        self.rules.insert(name.to_owned());
    }
}
