//! Terms: what one word, phrase, `{…}`, entity or field value asks, and the errors it can have.

use std::ops::Range;

use super::lex::Lexer;
use super::messages::{Code, Problem};
use super::tokens::{self, Kind as Token};
use crate::query::{Accents, Leaf, Span, Term};

/// A term with its leaves: one, one per word for `"a b"~N`, or one per entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub leaves: Vec<Leaf>,
    /// Distance of `"a b"~N`.
    pub proximity: Option<u32>,
    /// As it stands in the normal form, without `~N`.
    pub typed: String,
    /// The single words of a phrase in quotes, for `~N`.
    words: Vec<Leaf>,
    is_field: bool,
}

impl Unit {
    fn new(typed: String, term: Term, span: Range<usize>) -> Unit {
        Unit { leaves: vec![Leaf { span: to_span(&span), term }], proximity: None, typed, words: Vec::new(), is_field: false }
    }

    /// A field, which stands for any of `terms`.
    pub(super) fn field(typed: String, terms: Vec<Term>, span: Range<usize>) -> Unit {
        let leaves = terms.into_iter().map(|term| Leaf { span: to_span(&span), term }).collect();
        Unit { leaves, proximity: None, typed, words: Vec::new(), is_field: true }
    }

    /// Makes `"a b"~N` of a phrase of two words or more; false for everything else.
    pub(super) fn set_proximity(&mut self, distance: u32) -> bool {
        if self.words.len() < 2 {
            return false;
        }
        self.leaves = std::mem::take(&mut self.words);
        self.proximity = Some(distance);
        true
    }

    /// Whether NEAR and `~N` admit it.
    pub(super) fn is_operand(&self) -> bool {
        !self.is_field && self.leaves.iter().all(|l| l.term.has_place())
    }
}

pub(super) fn to_span(range: &Range<usize>) -> Span {
    range.start as u32..range.end as u32
}

/// `text` between quotes, escaped (R06).
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A phrase; `content` is what its quotes hold, unescaped, with the place of every character.
pub(super) fn phrase(lexer: &mut Lexer<'_>, content: &[(char, usize)], span: Range<usize>) -> Option<Unit> {
    if content.iter().all(|(c, _)| c.is_whitespace()) {
        lexer.report(Code::E108, span, "");
        return None;
    }
    let words = split_words(lexer, content, &span)?;
    let typographic = lexer.chars.get(span.start).is_some_and(|c| *c != '"');
    let typed = if typographic { quote(&content.iter().map(|(c, _)| c).collect::<String>()) } else { lexer.text(span.clone()) };
    let mut unit = unit_of(&words, typed, &span);
    unit.words = words.into_iter().map(|(word, span)| Leaf { span: to_span(&span), term: Term::Phrase(vec![word]) }).collect();
    Some(unit)
}

/// A word typed without quotes, which may turn out to be a phrase (W104).
pub(super) fn word(lexer: &mut Lexer<'_>, text: &str, span: Range<usize>) -> Option<Unit> {
    let content: Vec<(char, usize)> = text.chars().zip(span.clone()).collect();
    let words = split_words(lexer, &content, &span)?;
    if words.len() > 1 {
        let split: Vec<&str> = words.iter().map(|(w, _)| w.as_str()).collect();
        lexer.report(Code::W104, span.clone(), &split.join(" "));
    }
    let upper = text.to_uppercase();
    match upper.as_str() {
        "AND" | "OR" | "NOT" => lexer.report(Code::W102, span.clone(), &upper),
        "O" => lexer.report(Code::W103, span.clone(), "OR"),
        "Y" => lexer.report(Code::W103, span.clone(), "AND"),
        "NO" => lexer.report(Code::W103, span.clone(), "NOT"),
        _ if upper.starts_with("NEAR/") || upper.starts_with("ONEAR/") => lexer.report(Code::W102, span.clone(), &upper),
        _ => {}
    }
    if text.starts_with(is_dash) {
        lexer.report(Code::W112, span.clone(), text.trim_start_matches(is_dash));
    }
    Some(unit_of(&words, text.to_owned(), &span))
}

/// Looks like `-` and excludes nothing (R40).
fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn unit_of(words: &[(String, Range<usize>)], typed: String, span: &Range<usize>) -> Unit {
    Unit::new(typed, Term::Phrase(words.iter().map(|(w, _)| w.clone()).collect()), span.clone())
}

/// The words of a term, at least one, each with its place; `None` after reporting what is wrong.
pub(super) fn split_words(lexer: &mut Lexer<'_>, content: &[(char, usize)], span: &Range<usize>) -> Option<Vec<(String, Range<usize>)>> {
    let chars: Vec<char> = content.iter().map(|(c, _)| *c).collect();
    let found = tokens::split(&chars, true);
    let slice = |from: usize, to: usize| chars.get(from..to).unwrap_or_default().iter().collect::<String>();
    if let Some(link) = found.iter().find(|t| t.kind == Token::Url) {
        lexer.report(Code::E109, span.clone(), &format!("url:{}", quote(&slice(link.start, link.end))));
        return None;
    }
    let place = |i: usize| content.get(i).map_or(span.start, |(_, at)| *at);
    let words: Vec<(String, Range<usize>)> =
        found.iter().map(|t| (slice(t.start, t.end), place(t.start)..place(t.end.saturating_sub(1)) + 1)).collect();
    if words.is_empty() {
        lexer.report(Code::E109, span.clone(), &instead_of_signs(&slice(0, chars.len())));
        return None;
    }
    if let Some((word, _)) = words.iter().find(|(w, _)| w.starts_with(['*', '?'])) {
        lexer.report(Code::E130, span.clone(), &instead_of_wildcard(word));
        return None;
    }
    if words.iter().any(|(w, _)| w.contains(['*', '?']) && tokens::stem_len(w) < 2) {
        lexer.report(Code::E131, span.clone(), "");
        return None;
    }
    lexer.wildcards += words.iter().filter(|(w, _)| w.contains(['*', '?'])).count();
    for (word, at) in &words {
        warn_of_word(lexer, word, at);
    }
    Some(words)
}

/// What to write for signs that are no word; those of other languages for AND and OR mean these.
fn instead_of_signs(signs: &str) -> String {
    match signs {
        "&" | "&&" => "AND".to_owned(),
        "|" | "||" => "OR".to_owned(),
        _ => format!("raw:{}", quote(signs)),
    }
}

/// What to write for a word that starts with a wildcard.
fn instead_of_wildcard(word: &str) -> String {
    match word.trim_matches(['*', '?']) {
        rest if rest.contains(['*', '?']) || rest.chars().nth(1).is_none() => "contains:abc".to_owned(),
        rest => format!("contains:{rest}"),
    }
}

/// Words, folded, that are often typed without their ñ or ç and then match something else.
static TILDES: &[(&str, &str)] = &[
    ("año", "ano"),
    ("años", "anos"),
    ("baño", "bano"),
    ("campaña", "campana"),
    ("caña", "cana"),
    ("compañia", "compania"),
    ("contraseña", "contrasena"),
    ("daño", "dano"),
    ("daños", "danos"),
    ("dueño", "dueno"),
    ("engaño", "engano"),
    ("españa", "espana"),
    ("español", "espanol"),
    ("mañana", "manana"),
    ("montaña", "montana"),
    ("niño", "nino"),
    ("niña", "nina"),
    ("otoño", "otono"),
    ("peña", "pena"),
    ("pequeño", "pequeno"),
    ("señal", "senal"),
    ("señor", "senor"),
    ("señora", "senora"),
    ("sueño", "sueno"),
    ("tamaño", "tamano"),
    ("barça", "barca"),
];

fn warn_of_word(lexer: &mut Lexer<'_>, word: &str, at: &Range<usize>) {
    let star = word.contains('*');
    if star && word.chars().filter(|c| !matches!(c, '*' | '?')).count() <= 2 {
        lexer.report(Code::W107, at.clone(), "");
    }
    match lexer.options.accents {
        Accents::Exact if tokens::has_mark(word) => lexer.report(Code::W108, at.clone(), ""),
        Accents::Fold => {
            let word = tokens::form(word, tokens::Marks::Letters, false);
            let other = TILDES.iter().find_map(|(a, b)| (word == *a).then_some(*b).or_else(|| (word == *b).then_some(*a)));
            if let Some(other) = other {
                lexer.report(Code::W109, at.clone(), other);
            }
        }
        _ => {}
    }
}

/// `{…}`: these capitals; `*` and `?` only separate (R23).
pub(super) fn case(lexer: &mut Lexer<'_>, span: Range<usize>) -> Option<Unit> {
    let inner: Vec<char> = lexer.chars.get(span.start + 1..span.end - 1).unwrap_or_default().to_vec();
    if inner.iter().all(|c| c.is_whitespace()) {
        lexer.report(Code::E108, span, "");
        return None;
    }
    let found = tokens::split(&inner, false);
    let text: String = inner.iter().collect();
    if found.is_empty() || found.iter().any(|t| t.kind == Token::Url) {
        let hint = if found.is_empty() { format!("raw:{}", quote(&text)) } else { format!("url:{}", quote(&text)) };
        lexer.report(Code::E109, span, &hint);
        return None;
    }
    let words = found.iter().map(|t| inner.get(t.start..t.end).unwrap_or_default().iter().collect()).collect();
    Some(Unit::new(lexer.text(span.clone()), Term::Case(words), span))
}

/// `#name`, `@name`, `$name`; punctuation after the name is ignored (R18, R19).
pub(super) fn entity(lexer: &mut Lexer<'_>, span: Range<usize>) -> Option<Unit> {
    let chars = lexer.chars.get(span.clone()).unwrap_or_default();
    let sign = chars.first().copied().unwrap_or('#');
    if chars.iter().any(|c| matches!(c, '*' | '?')) {
        lexer.report(Code::E122, span, "");
        return None;
    }
    let end = if sign == '@' { handle_end(chars, 1) } else { name_end(chars, 1) };
    if end == 1 || chars.get(1).is_some_and(|c| tokens::is_mark(*c)) {
        lexer.report(Code::E121, span.start..span.start + 1, "");
        return None;
    }
    if chars.get(end..).unwrap_or_default().iter().any(|c| tokens::is_name(*c)) {
        lexer.report(Code::E121, span, "");
        return None;
    }
    let name: String = chars.get(1..end).unwrap_or_default().iter().collect();
    let typed = format!("{sign}{name}");
    let term = match sign {
        '@' => Term::Mention(name),
        '$' => Term::Cashtag(name),
        _ => Term::Hashtag(name),
    };
    Some(Unit::new(typed, term, span))
}

/// End of the run of name characters at `from`.
pub(super) fn name_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|i| !chars.get(*i).is_some_and(|c| tokens::is_name(*c))).unwrap_or(chars.len().max(from))
}

/// End of the whole handle at `from`: runs joined by a single `.`, `@` or `-`.
pub(super) fn handle_end(chars: &[char], from: usize) -> usize {
    let mut end = name_end(chars, from);
    while end > from && chars.get(end).is_some_and(|c| matches!(c, '.' | '@' | '-')) {
        let next = name_end(chars, end + 1);
        if next == end + 1 || chars.get(end + 1).is_some_and(|c| tokens::is_mark(*c)) {
            break;
        }
        end = next;
    }
    end
}

/// A warning under `strict` is an error with the same code.
pub(super) fn harden(problems: &mut [Problem]) {
    for p in problems.iter_mut().filter(|p| p.code.is_strict()) {
        p.is_error = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_tildes_is_folded() {
        for (with, without) in TILDES {
            assert_eq!(tokens::form(with, tokens::Marks::Letters, false), *with);
            assert_eq!(tokens::form(with, tokens::Marks::Drop, false), *without);
        }
    }
}
