//! Characters to lexemes: terms are read whole here, with every error a term can have.

use std::ops::Range;

use super::fields::{self, Take};
use super::messages::{Code, Problem};
use super::terms::{self, Unit};
use super::{Options, names, steps, values};
use crate::bilingual::Both;
use crate::limits;
use crate::query::Term;

/// Above this distance NEAR hardly differs from AND (W106).
const NEAR_IS_AND_ABOVE: u32 = 10;
/// Distance of a NEAR typed without one (W105).
const NEAR_DEFAULT: u32 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `-`, which must touch what it excludes.
    Minus,
    Near {
        distance: u32,
        ordered: bool,
    },
    /// `~N` after a bracket.
    Tilde(u32),
    Term(Unit),
    /// A term with an error that was reported.
    Bad,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// What reading the whole rule gave.
pub(super) struct Lexed {
    pub lexemes: Vec<Lexeme>,
    pub problems: Vec<Problem>,
    /// Terms, good or bad (R42).
    pub terms: usize,
    /// Something is unclosed or too deep: there is no structure to look at.
    pub stopped: bool,
}

pub(super) struct Lexer<'a> {
    pub chars: &'a [char],
    pub options: Options<'a>,
    pub problems: Vec<Problem>,
    at: usize,
    lexemes: Vec<Lexeme>,
    /// Indices of the brackets that are open.
    open: Vec<usize>,
    pub wildcards: usize,
}

/// The rest of the rule cannot be read.
pub(super) struct Stop;

type Step = Result<(), Stop>;

pub(super) fn lex<'a>(chars: &'a [char], options: &Options<'a>) -> Lexed {
    let mut lexer = Lexer { chars, options: *options, problems: Vec::new(), at: 0, lexemes: Vec::new(), open: Vec::new(), wildcards: 0 };
    let stopped = lexer.run().is_err();
    if !stopped {
        lexer.drop_unclosed();
    }
    if lexer.wildcards > limits::QUERY_WILDCARDS {
        lexer.report(Code::E146, 0..chars.len(), &limits::QUERY_WILDCARDS.to_string());
    }
    let terms = lexer.lexemes.iter().filter(|l| matches!(l.kind, Kind::Term(_) | Kind::Bad)).count();
    Lexed { lexemes: lexer.lexemes, problems: lexer.problems, terms, stopped }
}

/// Opens or closes a phrase like `"` does (R41).
pub(super) fn is_typographic(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '«' | '»')
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || is_typographic(c) || matches!(c, '(' | ')' | '"' | '{' | '}' | '~')
}

impl Lexer<'_> {
    fn run(&mut self) -> Step {
        while let Some(c) = self.chars.get(self.at).copied() {
            match c {
                _ if c.is_whitespace() => self.at += 1,
                '<' if self.comment_at(self.at) => self.comment()?,
                '(' => self.open()?,
                ')' => self.close(),
                '"' => self.phrase()?,
                _ if is_typographic(c) => self.phrase()?,
                '{' => self.braces()?,
                '}' => {
                    self.report(Code::E104, self.at..self.at + 1, "");
                    self.push(Kind::Bad, self.at + 1);
                }
                '~' => self.tilde(),
                '-' => self.push(Kind::Minus, self.at + 1),
                '#' | '@' => self.entity(),
                '$' if self.starts_cashtag() => self.entity(),
                _ => self.word()?,
            }
        }
        Ok(())
    }

    /// Reports `code` at `span`; the text typed there is filled in, and `hint`.
    pub(super) fn report(&mut self, code: Code, span: Range<usize>, hint: &str) {
        let typed = self.text(span.clone());
        steps::add(typed.len() + hint.len());
        self.problems.push(Problem::new(code, span.start as u32..span.end as u32, &typed, hint));
    }

    pub(super) fn text(&self, span: Range<usize>) -> String {
        steps::add(span.len());
        self.chars.get(span).unwrap_or_default().iter().collect()
    }

    /// Takes the characters up to `end` as one lexeme.
    fn push(&mut self, kind: Kind, end: usize) {
        self.lexemes.push(Lexeme { kind, span: self.at..end });
        self.at = end;
    }

    fn push_unit(&mut self, unit: Option<Unit>, end: usize) {
        self.push(unit.map_or(Kind::Bad, Kind::Term), end);
    }

    fn find(&self, from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
        let found = (from..self.chars.len()).find(|i| self.chars.get(*i).is_some_and(|c| wanted(*c)));
        steps::add(found.unwrap_or(self.chars.len()).saturating_sub(from));
        found
    }

    fn comment_at(&self, at: usize) -> bool {
        self.chars.get(at..at + 3) == Some(&['<', '<', '<'])
    }

    fn comment(&mut self) -> Step {
        let from = self.at + 3;
        match self.chars.get(from..).unwrap_or_default().windows(3).position(|w| w == ['>', '>', '>']) {
            Some(length) => {
                steps::add(length);
                self.at = from + length + 3;
                Ok(())
            }
            None => self.unclosed(Code::E103, self.at),
        }
    }

    fn unclosed(&mut self, code: Code, start: usize) -> Step {
        self.report(code, start..self.chars.len(), "");
        Err(Stop)
    }

    fn open(&mut self) -> Step {
        if self.open.len() >= limits::QUERY_DEPTH {
            self.report(Code::E147, self.at..self.at + 1, &limits::QUERY_DEPTH.to_string());
            return Err(Stop);
        }
        self.open.push(self.lexemes.len());
        self.push(Kind::Open, self.at + 1);
        Ok(())
    }

    fn close(&mut self) {
        let end = self.at + 1;
        let Some(opened) = self.open.pop() else {
            self.report(Code::E101, self.at..end, "");
            self.at = end;
            return;
        };
        if opened + 1 < self.lexemes.len() {
            self.push(Kind::Close, end);
        } else if let Some(lexeme) = self.lexemes.last_mut() {
            lexeme.kind = Kind::Bad;
            lexeme.span.end = end;
            let span = lexeme.span.clone();
            self.at = end;
            self.report(Code::E107, span, "");
        }
    }

    /// Reports the brackets left open and goes on as if they were not there.
    fn drop_unclosed(&mut self) {
        for index in std::mem::take(&mut self.open).into_iter().rev() {
            steps::add(self.lexemes.len());
            let span = self.lexemes.remove(index).span;
            self.report(Code::E101, span, "");
        }
    }

    /// The end of the quoted text that starts at `start`, after its closing quote, and its
    /// characters with their places, unescaped (R06).
    fn quoted(&mut self, start: usize) -> Result<(Vec<(char, usize)>, usize), Stop> {
        let typographic = self.chars.get(start).is_some_and(|c| is_typographic(*c));
        let closes = |c: char| c == '"' || (typographic && is_typographic(c));
        let mut content = Vec::new();
        let mut at = start + 1;
        while let Some(c) = self.chars.get(at).copied() {
            steps::add(1);
            let next = self.chars.get(at + 1).copied();
            if c == '\\' && matches!(next, Some('"' | '\\')) {
                content.extend(next.map(|n| (n, at + 1)));
                at += 2;
            } else if closes(c) {
                if typographic {
                    self.report(Code::W113, start..at + 1, "");
                }
                return Ok((content, at + 1));
            } else {
                content.push((c, at));
                at += 1;
            }
        }
        self.unclosed(Code::E102, start).map(|()| (content, at))
    }

    fn phrase(&mut self) -> Step {
        let (content, end) = self.quoted(self.at)?;
        let unit = terms::phrase(self, &content, self.at..end);
        self.push_unit(unit, end);
        Ok(())
    }

    fn braces(&mut self) -> Step {
        let Some(close) = self.find(self.at, |c| c == '}') else {
            return self.unclosed(Code::E104, self.at);
        };
        let unit = terms::case(self, self.at..close + 1);
        self.push_unit(unit, close + 1);
        Ok(())
    }

    /// `~N`: part of the phrase before it, or a lexeme of its own after a bracket.
    fn tilde(&mut self) {
        let digits = self.find(self.at + 1, |c| !c.is_ascii_digit()).unwrap_or(self.chars.len());
        let span = self.at..digits;
        let touches = self.lexemes.last().is_some_and(|l| l.span.end == span.start);
        let distance = self.text(span.start + 1..digits).parse().ok().filter(|n| *n <= limits::NEAR_DISTANCE);
        let last = self.lexemes.last_mut().map(|l| (&mut l.kind, &mut l.span));
        self.at = digits;
        match (last, distance) {
            _ if span.len() == 1 => self.report(Code::E114, span, ""),
            (Some((Kind::Bad, before)), _) if touches => before.end = digits,
            (Some((Kind::Term(_) | Kind::Close, _)), None) if touches => self.report(Code::E113, span, ""),
            (Some((Kind::Close, _)), Some(n)) if touches => self.lexemes.push(Lexeme { kind: Kind::Tilde(n), span }),
            (Some((kind @ Kind::Term(_), before)), Some(n)) if touches => {
                before.end = digits;
                let whole = before.clone();
                let Kind::Term(unit) = kind else { return };
                if !unit.set_proximity(n) {
                    *kind = Kind::Bad;
                    self.report(Code::E116, whole, "");
                }
            }
            _ => self.report(Code::E115, span, ""),
        }
    }

    fn word_end(&self, from: usize, comments: bool) -> usize {
        let ends = |i: usize| self.chars.get(i).is_none_or(|c| ends_word(*c)) || (comments && self.comment_at(i));
        let end = (from..=self.chars.len()).find(|i| ends(*i)).unwrap_or(from);
        steps::add(end - from);
        end
    }

    /// `$` is a sign before a name and on its own; before a digit it is punctuation (R20).
    fn starts_cashtag(&self) -> bool {
        let alone = self.word_end(self.at, true) == self.at + 1;
        alone || self.chars.get(self.at + 1).is_some_and(|c| *c == '_' || super::tokens::is_letter(*c))
    }

    fn entity(&mut self) {
        let end = self.word_end(self.at, true);
        let unit = terms::entity(self, self.at..end);
        self.push_unit(unit, end);
    }

    fn word(&mut self) -> Step {
        if let Some(colon) = self.field_colon() {
            return self.field(colon);
        }
        let end = self.word_end(self.at, true);
        let text = self.text(self.at..end);
        match text.as_str() {
            "AND" => self.push(Kind::And, end),
            "OR" => self.push(Kind::Or, end),
            "NOT" => self.push(Kind::Not, end),
            _ if matches!(text.split('/').next(), Some("NEAR" | "ONEAR")) => self.near(&text, end),
            _ => {
                let unit = terms::word(self, &text, self.at..end);
                self.push_unit(unit, end);
            }
        }
        Ok(())
    }

    fn near(&mut self, text: &str, end: usize) {
        let span = self.at..end;
        let mut ordered = text.starts_with('O');
        let mut distance = NEAR_DEFAULT;
        if let Some((_, tail)) = text.split_once('/') {
            let digits = if ordered { tail } else { tail.strip_suffix('f').unwrap_or(tail) };
            ordered |= digits.len() < tail.len();
            let number = digits.parse().ok().filter(|n| digits.bytes().all(|b| b.is_ascii_digit()) && *n <= limits::NEAR_DISTANCE);
            match number {
                None => self.report(Code::E113, span.clone(), ""),
                Some(n) if n > NEAR_IS_AND_ABOVE => {
                    distance = n;
                    self.report(Code::W106, span.clone(), "");
                }
                Some(n) => distance = n,
            }
        } else {
            // `NEAR 3` was perhaps meant to be `NEAR/3`.
            let digits = self.number_after(end);
            let number = digits.and_then(|n| n.parse().ok()).filter(|n| *n <= limits::NEAR_DISTANCE).unwrap_or(NEAR_DEFAULT);
            self.report(Code::W105, span, &format!("{text}/{number}"));
        }
        self.push(Kind::Near { distance, ordered }, end);
    }

    /// The number that stands alone after the white space at `from`.
    fn number_after(&self, from: usize) -> Option<String> {
        let start = self.find(from, |c| !c.is_whitespace())?;
        let end = self.word_end(start, true);
        let word = self.text(start..end);
        word.bytes().all(|b| b.is_ascii_digit()).then_some(word)
    }

    /// The word after the white space at `from`, if no operator or sign begins there.
    fn word_after(&self, from: usize) -> Option<String> {
        let start = self.find(from, |c| !c.is_whitespace()).filter(|start| *start > from)?;
        let end = self.word_end(start, true);
        let word = self.text(start..end);
        let plain = word.chars().next().is_some_and(super::tokens::starts_token) && !word.contains(':');
        (plain && !matches!(word.as_str(), "AND" | "OR" | "NOT")).then_some(word)
    }

    /// The colon after a field name that starts here (R35).
    fn field_colon(&self) -> Option<usize> {
        let colon = self.find(self.at, |c| !(c.is_ascii_alphabetic() || c == '_'))?;
        let is_field = colon > self.at && self.chars.get(colon) == Some(&':') && self.chars.get(colon + 1..colon + 3) != Some(&['/', '/']);
        is_field.then_some(colon)
    }

    fn field(&mut self, colon: usize) -> Step {
        let from = colon + 1;
        let plain = |range: Range<usize>| range.clone().filter_map(|i| Some((*self.chars.get(i)?, i))).collect();
        let (value, end) = match self.chars.get(from) {
            Some(c) if *c == '"' || is_typographic(*c) => self.quoted(from)?,
            Some('[') => match self.find(from, |c| c == ']') {
                Some(close) => (plain(from..close + 1), close + 1),
                None => return self.unclosed(Code::E105, self.at),
            },
            _ => {
                let end = self.word_end(from, false);
                (plain(from..end), end)
            }
        };
        let unit = self.field_unit(colon, value, end);
        self.push_unit(unit, end);
        Ok(())
    }

    /// The field that ends at `end`, or `None` after reporting what is wrong with it.
    fn field_unit(&mut self, colon: usize, value: Vec<(char, usize)>, end: usize) -> Option<Unit> {
        let span = self.at..end;
        let name = self.text(self.at..colon);
        let Some(field) = fields::find(&name) else {
            let near = fields::nearest(&name);
            let es = near.map(|n| format!("¿Querías decir «{n}:»? ")).unwrap_or_default();
            let en = near.map(|n| format!("Did you mean «{n}:»? ")).unwrap_or_default();
            self.blame(Code::E125, &span, &name, &Both::new(es, en));
            return None;
        };
        if let Some(reason) = fields::reason(field.take) {
            self.blame(Code::E144, &span, &name, &reason);
            return None;
        }
        let mut text: String = value.iter().map(|(c, _)| c).collect();
        if let (Take::Account(_), Some(rest)) = (field.take, text.strip_prefix('@')) {
            text = rest.to_owned();
        }
        if text.trim().is_empty() {
            let hint = self.word_after(end).map_or_else(
                || Both::new(format!("{name}:valor"), format!("{name}:value")),
                |w| {
                    let joined = format!("{name}:{w}");
                    Both::new(joined.clone(), joined)
                },
            );
            self.blame(Code::E120, &span, &self.text(span.clone()), &hint);
            return None;
        }
        let canonical = field.names.first().copied().unwrap_or_default();
        let typographic = self.chars.get(colon + 1).is_some_and(|c| is_typographic(*c));
        let typed = if typographic { terms::quote(&text) } else { self.text(colon + 1..end) };
        let mut normal = format!("{canonical}:{typed}");
        let terms = match field.take {
            Take::In(place) => {
                let words = terms::split_words(self, &value, &span)?;
                vec![Term::In(place, words.into_iter().map(|(w, _)| w).collect())]
            }
            Take::List | Take::Rule => self.named(field.take, &text, &span)?,
            _ => match values::read(field, &text, self.options.accents) {
                Ok(found) => {
                    normal = found.normal.unwrap_or(normal);
                    vec![found.term]
                }
                Err(fault) => {
                    let shown = if fault.code.shows_value() { &text } else { &self.text(span.clone()) };
                    self.blame(fault.code, &span, shown, &fault.hint);
                    return None;
                }
            },
        };
        self.check_field(&terms, &text, &span)?;
        Some(Unit::field(normal, terms, span))
    }

    /// What a list or a rule of this name stands for.
    fn named(&mut self, take: Take, name: &str, span: &Range<usize>) -> Option<Vec<Term>> {
        let names = self.options.names;
        let found = match take {
            Take::List => names.and_then(|n| n.list(name)).map(<[Term]>::to_vec),
            _ => names.and_then(|n| n.rule(name)).map(|rule| vec![Term::Rule(rule.to_owned())]),
        };
        if found.is_none() {
            let hint = names::unknown(names, take == Take::List, name);
            self.blame(Code::E142, span, &self.text(span.clone()), &hint);
        }
        found
    }

    /// What can be wrong with a field that was read.
    fn check_field(&mut self, terms: &[Term], value: &str, span: &Range<usize>) -> Option<()> {
        if terms.contains(&Term::Everything) && !self.options.everything {
            self.report(Code::E145, span.clone(), "");
            return None;
        }
        if let Some(hint) = terms.first().and_then(|term| values::thousands(term, value)) {
            self.report(Code::W114, span.clone(), &hint);
        }
        Some(())
    }

    fn blame(&mut self, code: Code, span: &Range<usize>, typed: &str, hint: &Both) {
        self.problems.push(Problem::hinted(code, terms::to_span(span), typed, hint));
    }
}
