//! Query texts: parsed, and their problems shown at their place in the file.

use std::ops::Range;

use crate::eql::{self, Options};
use crate::query::{Query, Span};

use super::problem::{Problems, both};
use super::section::At;
use super::typed;

/// The parsed query, if it can be used; what is wrong with it goes to its place in `file`.
pub fn parse(typed: &typed::Query<'_>, file: &str, problems: &Problems) -> Option<Query> {
    let options = Options { accents: typed.accents, strict: typed.strict, quoted: typed.quoted, ..Options::default() };
    let parsed = eql::parse(typed.text.value, &options);
    let refused = parsed.query.is_none();
    // Warnings about a query that cannot be read only hide the error.
    for found in parsed.problems.into_iter().filter(|p| p.is_error || !refused) {
        let span = place(&typed.text, file, &found.span);
        let (code, is_error) = (found.code.as_str(), found.is_error);
        let (es, en) = (found.cause.es, found.cause.en);
        let cause = both!("{code}: {es}", "{code}: {en}");
        match is_error {
            true => problems.error(&span, cause, found.fix),
            false => problems.warning(&span, cause, found.fix),
        }
    }
    parsed.query
}

/// Bytes of the file that hold the code points `span` of the string `text`; the whole string where
/// its notation cannot be followed.
fn place(text: &At<&str>, file: &str, span: &Span) -> Range<usize> {
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
fn offsets(raw: &str, value: &str) -> Option<Vec<usize>> {
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
