//! Query texts: parsed, and their problems shown at their place in the file.

use std::collections::HashSet;
use std::ops::Range;

use crate::eql::{self, Code, Names, Options, Parsed};
use crate::query::{Accents, Node, Query, Span, Term};
use crate::text;
use crate::topic::{Brand, Wording};

use super::problem::{Problem, Problems};
use super::section::At;
use super::typed::{self, QuerySettings};

/// What the queries of a file may refer to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// `list:` and `rule:`.
    pub names: Names,
    /// Folded handles of our own accounts.
    pub own: HashSet<String>,
}

/// Handles of the accounts of our own brands, folded as a name is.
pub fn own_handles(brands: &[Brand]) -> HashSet<String> {
    let accounts = brands.iter().filter(|b| b.own).flat_map(|b| &b.accounts);
    accounts.filter(|a| !a.handle.is_empty()).map(|a| text::fold(&a.handle, Accents::Fold)).collect()
}

/// How a query is read.
pub fn options<'a>(settings: &QuerySettings<'_>, known: &'a Known) -> Options<'a> {
    let QuerySettings { accents, strict, quoted, all, .. } = *settings;
    Options { accents, strict, quoted, everything: all, names: Some(&known.names) }
}

/// The parsed query and how it was written, if it can be used; what is wrong with it goes to its place
/// in `file`.
pub fn parse(typed: &typed::Query<'_>, known: &Known, file: &str, problems: &Problems) -> Option<(Query, Wording)> {
    let parsed = eql::parse(typed.text.value, &options(&typed.settings, known));
    // Warnings about a query that cannot be read only hide the error.
    for found in parsed.problems.iter().filter(|p| p.is_error || !parsed.is_err()) {
        note(&typed.text, found, file, problems);
    }
    let Parsed { query, normal, .. } = parsed;
    let query = query?;
    for found in own_words(&query, &known.own) {
        note(&typed.text, &found, file, problems);
    }
    Some((query, Wording { normal: normal.into(), tag: typed.settings.tag.into() }))
}

/// Notes what is wrong with a query or a term at its place in `file`.
pub fn note(typed: &At<&str>, found: &eql::Problem, file: &str, problems: &Problems) {
    let span = place(typed, file, &found.span);
    let (cause, fix) = (found.cause.clone(), found.fix.clone());
    problems.note(Problem { code: found.code.as_str(), ..Problem::new(span, found.is_error, cause, fix) });
}

/// W110 for every word of the query, outside exclusions, that is the name of an account of ours too.
pub fn own_words(query: &Query, own: &HashSet<String>) -> Vec<eql::Problem> {
    let mut found = Vec::new();
    if !own.is_empty() {
        positive(&query.root, &mut |i| {
            let Some(leaf) = query.leaves.get(i) else { return };
            if let Term::Phrase(words) = &leaf.term
                && let [word] = words.as_slice()
                && own.contains(&text::fold(word, Accents::Fold))
            {
                found.push(eql::Problem::new(Code::W110, leaf.span.clone(), word, &format!("-from:{word} -@{word}")));
            }
        });
    }
    found
}

/// Visits the leaves that are under no exclusion; the nesting is bounded by `limits::QUERY_DEPTH`.
fn positive(node: &Node, visit: &mut dyn FnMut(usize)) {
    match node {
        Node::And(sides) | Node::Or(sides) | Node::Within { operands: sides, .. } => sides.iter().for_each(|s| positive(s, visit)),
        Node::Near { left, right, .. } => [left, right].into_iter().for_each(|s| positive(s, visit)),
        Node::Leaf(i) => visit(*i),
        Node::Not(_) => {}
    }
}

/// Bytes of the file that hold the code points `span` of the string `text`; the whole string where
/// its notation cannot be followed.
pub fn place(text: &At<&str>, file: &str, span: &Span) -> Range<usize> {
    let exact = || {
        let raw = file.get(text.span.clone())?;
        let offsets = offsets(raw, text.value)?;
        let start = offsets.get(span.start as usize)?;
        let end = offsets.get(span.end as usize)?;
        Some(text.span.start + start..text.span.start + *end.max(start))
    };
    exact().unwrap_or_else(|| text.span.clone())
}

/// Where each code point of `value` begins in its TOML notation `raw`, and where the last one ends.
/// `None` if the two do not agree.
pub fn offsets(raw: &str, value: &str) -> Option<Vec<usize>> {
    let (quote, skip) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| raw.starts_with(q)).map(|q| (q, q.len()))?;
    let body = raw.get(skip..raw.len().checked_sub(skip)?)?;
    // A line break right after the opening quotes is not part of the string.
    let first = if quote.len() == 3 { body.len() - body.strip_prefix("\r\n").or(body.strip_prefix('\n')).unwrap_or(body).len() } else { 0 };
    let mut offsets = Vec::with_capacity(value.len() + 1);
    let mut wanted = value.chars();
    let mut rest = body.get(first..)?;
    while let Some(c) = rest.chars().next() {
        let at = raw.len() - skip - rest.len();
        let (read, length) = if c == '\\' && quote.starts_with('"') { escape(rest)? } else { (Some(c), c.len_utf8()) };
        if let Some(read) = read {
            if wanted.next() != Some(read) {
                return None;
            }
            offsets.push(at);
        }
        rest = rest.get(length..)?;
    }
    offsets.push(raw.len() - skip);
    wanted.next().is_none().then_some(offsets)
}

/// The character an escape stands for (none for a line continuation) and its length in bytes.
fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let hex = |digits: usize| {
        let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    let plain = |c| Some((Some(c), 2));
    match rest.chars().nth(1)? {
        'b' => plain('\u{8}'),
        't' => plain('\t'),
        'n' => plain('\n'),
        'f' => plain('\u{c}'),
        'r' => plain('\r'),
        'e' => plain('\u{1b}'),
        c @ ('"' | '\\') => plain(c),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        c if c.is_whitespace() => Some((None, 1 + rest[1..].len() - rest[1..].trim_start().len())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_are_found_in_every_notation() {
        // (notation, value, code point, the bytes that must stand there)
        for (raw, value, point, want) in [
            (r#"'año (x'"#, "año (x", 4, "("),
            (r#""año \"x y\"""#, "año \"x y\"", 5, "x"),
            (r#""\u00e1x""#, "áx", 0, "\\u00e1"),
            ("'''\nhola ñ z'''", "hola ñ z", 7, "z"),
            ("\"\"\"\r\nhola\\\n   z\"\"\"", "holaz", 4, "z"),
        ] {
            let offsets = offsets(raw, value).expect(raw);
            assert_eq!(offsets.len(), value.chars().count() + 1, "{raw}");
            assert_eq!(&raw[offsets[point]..offsets[point + 1]], want, "{raw}");
        }
        assert_eq!(offsets("'abc'", "abd"), None);
        assert_eq!(offsets("'", ""), None);
        assert_eq!(offsets("", ""), None);
    }
}
