//! What `list:` and `rule:` may name.

use std::collections::BTreeMap;

use super::Options;
use super::messages::{Code, Problem};
use crate::bilingual::Both;
use crate::query::{Node, Term};

/// The lists and rules that a query may refer to. Case makes no difference (R30), unless two names
/// differ in nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    lists: BTreeMap<String, Vec<Term>>,
    /// Rules as they are called.
    rules: BTreeMap<String, String>,
}

impl Names {
    /// Adds a list; an entry is a word or a phrase, with or without quotes, which may hold wildcards, or a
    /// name after `#`, `@` or `$`, or `{…}`. Gives the problems of each entry by its place in `entries`; an
    /// entry with an error is left out.
    pub fn add_list<'a>(&mut self, name: &str, entries: impl IntoIterator<Item = &'a str>) -> Vec<(usize, Problem)> {
        let mut terms = Vec::new();
        let mut problems = Vec::new();
        for (place, entry) in entries.into_iter().enumerate() {
            match term(entry) {
                Ok(term) => terms.push(term),
                Err(wrong) => problems.extend(wrong.into_iter().map(|p| (place, p))),
            }
        }
        self.lists.insert(name.to_owned(), terms.clone());
        self.lists.entry(name.to_lowercase()).or_insert(terms);
        problems
    }

    /// Adds the name of a rule.
    pub fn add_rule(&mut self, name: &str) {
        self.rules.insert(name.to_owned(), name.to_owned());
        self.rules.entry(name.to_lowercase()).or_insert_with(|| name.to_owned());
    }

    pub(super) fn list(&self, name: &str) -> Option<&[Term]> {
        self.lists.get(name).or_else(|| self.lists.get(&name.to_lowercase())).map(Vec::as_slice).filter(|terms| !terms.is_empty())
    }

    /// The rule as it is called.
    pub(super) fn rule(&self, name: &str) -> Option<&str> {
        self.rules.get(name).or_else(|| self.rules.get(&name.to_lowercase())).map(String::as_str)
    }
}

/// What to do about a name that nothing has.
pub(super) fn unknown(names: Option<&Names>, is_list: bool, name: &str) -> Both {
    let near = names.and_then(|n| match is_list {
        true => crate::nearest::nearest(name, n.lists.keys().map(String::as_str)),
        false => crate::nearest::nearest(name, n.rules.keys().map(String::as_str)),
    });
    match (near, is_list) {
        (Some(near), _) => Both::new(format!("¿Querías decir «{near}»?"), format!("Did you mean «{near}»?")),
        (None, true) => Both::new("Defínela con [[list]] en la configuración.", "Define it as a [[list]] of the configuration."),
        (None, false) => Both::new("Nombra un tema de la configuración.", "Name a topic of the configuration."),
    }
}

/// The term of one entry of a list: several words without quotes are a phrase.
fn term(entry: &str) -> Result<Term, Vec<Problem>> {
    let is_signed = entry.starts_with(['#', '@', '$', '{', '"']);
    let typed = if is_signed { entry.to_owned() } else { super::terms::quote(entry) };
    let shift = u32::from(!is_signed);
    let parsed = super::parse(&typed, &Options::default());
    match parsed.query.map(|q| (q.root, q.leaves)) {
        Some((Node::Leaf(_), leaves)) => leaves.into_iter().map(|l| l.term).find(|t| t.has_place() || matches!(t, Term::Cashtag(_))),
        _ => None,
    }
    .ok_or_else(|| {
        let chars = entry.chars().count() as u32;
        let back = |at: u32| at.saturating_sub(shift).min(chars);
        let errors = parsed.problems.into_iter().filter(|p| p.is_error);
        let mut wrong: Vec<Problem> = errors.map(|p| Problem { span: back(p.span.start)..back(p.span.end), ..p }).collect();
        if wrong.is_empty() {
            wrong.push(Problem::new(Code::E126, 0..chars, entry, "word, \"phrase\", wild*, #tag, @name, $TICKER, {Case}"));
        }
        wrong
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Query, Span};

    fn parse(text: &str, names: &Names) -> Query {
        let parsed = super::super::parse(text, &Options { names: Some(names), ..Options::default() });
        parsed.query.unwrap_or_else(|| panic!("{text}: {:?}", parsed.problems))
    }

    #[test]
    fn a_list_stands_for_any_of_its_entries() {
        let mut names = Names::default();
        let wrong = names.add_list("Bancos", ["bbva", "banco ejemplo", "#bbva", "*ción", "caj*", "lang:es", ""]);
        let codes: Vec<(usize, &str, Span)> = wrong.into_iter().map(|(i, p)| (i, p.code.as_str(), p.span)).collect();
        assert_eq!(codes, [(3, "E130", 0..5), (6, "E108", 0..0)]);
        let q = parse("list:bancos caída", &names);
        let terms: Vec<&Term> = q.leaves.iter().map(|l| &l.term).collect();
        let words = |w: &[&str]| Term::Phrase(w.iter().map(|w| (*w).to_owned()).collect());
        assert_eq!(
            terms,
            [
                &words(&["bbva"]),
                &words(&["banco", "ejemplo"]),
                &Term::Hashtag("bbva".into()),
                &words(&["caj*"]),
                &words(&["lang", "es"]),
                &words(&["caída"])
            ]
        );
        assert!(q.leaves.iter().take(5).all(|l| l.span == (0..11)));
    }
}
