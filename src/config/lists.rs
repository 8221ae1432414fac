//! `[[list]]`: terms under a name, for `list:` in queries.

use crate::eql::Names;
use crate::limits;

use super::problem::{Problems, both};
use super::section::no_fix;
use super::{queries, typed};

/// The lists by name; what is wrong with a term goes to its place in `file`.
pub fn names(typed: &[typed::List<'_>], file: &str, problems: &Problems) -> Names {
    let mut names = Names::default();
    let mut terms = 0;
    for (i, list) in typed.iter().enumerate() {
        let Some(name) = &list.name else { continue };
        terms += list.terms.len();
        if i == limits::LISTS || terms > limits::LIST_TERMS {
            let (lists, terms) = (limits::LISTS, limits::LIST_TERMS);
            let cause = both!(
                "caben {lists} [[list]] con {terms} términos entre todas",
                "there is room for {lists} [[list]] with {terms} terms between them"
            );
            problems.error(&name.span, cause, no_fix());
            break;
        }
        for (at, problem) in names.add_list(name.value, list.terms.iter().map(|t| t.value)) {
            if let Some(entry) = list.terms.get(at) {
                queries::note(entry, &problem, file, problems);
            }
        }
    }
    names
}
