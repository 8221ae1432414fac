//! What asks for links: those of the text (R16) and those of the metadata (R25).

use super::super::tokens::{self, Marks, Token};
use super::Occurrence;
use super::text::Text;
use crate::post::Post;
use crate::query::Term;

/// Every place in the links of a text; none if the term does not ask for links.
pub(super) fn occurrences(term: &Term, text: &Text) -> Vec<Occurrence> {
    match term {
        Term::Url(words) => text.links().flat_map(|l| side_by_side(words, &text.chars, l.start, l.end)).collect(),
        Term::UrlContains(value) => text.links().flat_map(|l| text.substring(value, l, Marks::Letters)).collect(),
        _ => Vec::new(),
    }
}

/// Whether a link of the metadata holds these tokens side by side.
pub(super) fn has_tokens(words: &[String], post: &Post<'_>) -> bool {
    post.links.iter().any(|link| {
        let chars: Vec<char> = link.chars().collect();
        !side_by_side(words, &chars, 0, chars.len()).is_empty()
    })
}

/// Whether a link of the metadata holds the value, both folded.
pub(super) fn has_substring(value: &str, post: &Post<'_>) -> bool {
    let fold = |s: &str| tokens::form(s, Marks::Letters, false);
    let wanted = fold(value);
    !wanted.is_empty() && post.links.iter().any(|link| fold(link).contains(&wanted))
}

/// Every place of the words, side by side and folded, among the tokens of the link at
/// `chars[start..end]` without its scheme.
fn side_by_side(words: &[String], chars: &[char], start: usize, end: usize) -> Vec<Occurrence> {
    let fold = |s: &str| tokens::form(s, Marks::Letters, false);
    let link = chars.get(start..end).unwrap_or_default();
    let after_scheme = tokens::scheme_len(link);
    let inner = link.get(after_scheme..).unwrap_or_default();
    let wanted: Vec<String> = words.iter().map(|w| fold(w)).collect();
    let text = |t: &Token| fold(&inner.get(t.start..t.end).unwrap_or_default().iter().collect::<String>());
    let split = tokens::split_link(inner);
    let mut found = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for window in split.windows(wanted.len()) {
        if let (Some(a), Some(b)) = (window.first(), window.last())
            && window.iter().map(text).eq(wanted.iter().cloned())
        {
            let offset = start + after_scheme;
            found.push(Occurrence::without_place(offset + a.start..offset + b.end));
        }
    }
    found
}

/// The host of an address, without user and port; empty if it has none.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.split(':').next().unwrap_or_default(),
    }
}
