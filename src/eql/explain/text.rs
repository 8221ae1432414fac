//! A text with its tokens and entities, and what stands where in it.

use std::collections::HashSet;
use std::ops::Range;

use super::super::terms;
use super::super::tokens::{self, Kind, Marks, Token};
use super::Occurrence;
use crate::query::Accents;

/// A text with its tokens and entities.
pub(super) struct Text {
    pub chars: Vec<char>,
    pub tokens: Vec<Token>,
    pub entities: Vec<Entity>,
}

/// `#`, `@` or `$` and a name (R18, R19).
pub(super) struct Entity {
    pub sign: char,
    start: usize,
    /// End of the first run, which a plain name is compared with.
    name_end: usize,
    /// End of the whole handle.
    handle_end: usize,
}

impl Text {
    pub fn read(text: &str) -> Text {
        let chars: Vec<char> = text.chars().collect();
        let tokens = tokens::split(&chars, false);
        let mut entities = Vec::new();
        let in_url = |at: usize| {
            let token = tokens.get(tokens.partition_point(|t| t.end <= at));
            token.is_some_and(|t| t.kind == Kind::Url && t.start <= at)
        };
        let ends_emoji: HashSet<usize> = tokens.iter().filter(|t| t.kind == Kind::Emoji).map(|t| t.end).collect();
        let mut links = tokens.iter().filter(|t| t.kind == Kind::Url).map(|t| t.start).peekable();
        for (start, sign) in chars.iter().copied().enumerate() {
            let before = start.checked_sub(1).and_then(|i| chars.get(i));
            if !matches!(sign, '#' | '@' | '$') {
                continue;
            }
            // A variation selector is a mark, but as part of an emoji it does not glue the name to it.
            let glued = before.is_some_and(|c| tokens::is_name(*c)) && !ends_emoji.contains(&start);
            let begins = !glued && !in_url(start);
            // A name ends where a link begins.
            while links.next_if(|link| *link <= start).is_some() {}
            let limit = links.peek().copied().unwrap_or(chars.len());
            let chars = chars.get(..limit).unwrap_or_default();
            let named = chars.get(start + 1).copied().is_some_and(|c| match sign {
                '$' => c == '_' || tokens::is_letter(c),
                _ => tokens::is_name(c) && !tokens::is_mark(c),
            });
            if begins && named {
                let (name_end, handle_end) = (terms::name_end(chars, start + 1), terms::handle_end(chars, start + 1));
                entities.push(Entity { sign, start, name_end, handle_end });
            }
        }
        Text { chars, tokens, entities }
    }

    pub fn slice(&self, range: Range<usize>) -> String {
        self.chars.get(range).unwrap_or_default().iter().collect()
    }

    /// Where its links stand (R16).
    pub fn links(&self) -> impl Iterator<Item = Range<usize>> {
        self.tokens.iter().filter(|t| t.kind == Kind::Url).map(|t| t.start..t.end)
    }

    /// The tokens that lie in a range of characters.
    fn tokens_in(&self, chars: &Range<usize>) -> Range<usize> {
        let start = self.tokens.partition_point(|t| t.start < chars.start);
        start..self.tokens.partition_point(|t| t.start < chars.end).max(start)
    }

    /// Every place where these words are consecutive tokens. With `keep_case` capitals count too and
    /// there are no wildcards (R23).
    pub fn phrase(&self, words: &[String], accents: Accents, keep_case: bool) -> Vec<Occurrence> {
        let form = |s: &str, marks| tokens::form(s, marks, keep_case).chars().collect::<Vec<char>>();
        let patterns = words.iter().map(|w| (tokens::marks_of(w, accents), w));
        let patterns: Vec<(Marks, Vec<char>)> = patterns.map(|(marks, w)| (marks, form(w, marks))).collect();
        let fits = |(marks, pattern): &(Marks, Vec<char>), token: &Token| {
            let subject = form(&self.slice(token.start..token.end), *marks);
            token.kind != Kind::Url && if keep_case { *pattern == subject } else { glob(pattern, &subject) }
        };
        let mut found = Vec::new();
        if words.is_empty() {
            return found;
        }
        for (first, window) in self.tokens.windows(words.len()).enumerate() {
            if let (Some(a), Some(b)) = (window.first(), window.last())
                && patterns.iter().zip(window).all(|(p, t)| fits(p, t))
            {
                found.push(Occurrence { chars: a.start..b.end, tokens: first..first + words.len() });
            }
        }
        found
    }

    /// A name without `.`, `@` or `-` is compared with the first run, one with them with the handle.
    pub fn entity(&self, sign: char, name: &str) -> Vec<Occurrence> {
        let wanted = tokens::form(name, Marks::Letters, false);
        let whole = sign == '@' && name.contains(['.', '@', '-']);
        let mut found = Vec::new();
        for e in self.entities.iter().filter(|e| e.sign == sign) {
            let end = if whole { e.handle_end } else { e.name_end };
            if tokens::form(&self.slice(e.start + 1..end), Marks::Letters, false) == wanted {
                let chars = e.start..end;
                found.push(Occurrence { tokens: self.tokens_in(&chars), chars });
            }
        }
        found
    }

    /// Every place of the value in the text, both prepared in the accent mode (R24).
    pub fn contains(&self, value: &str, accents: Accents) -> Vec<Occurrence> {
        let marks = tokens::marks_of(value, accents);
        self.substring(value, 0..self.chars.len(), marks)
    }

    /// Every place of the value within `range`, both prepared with these marks.
    pub fn substring(&self, value: &str, range: Range<usize>, marks: Marks) -> Vec<Occurrence> {
        let joins = |c| tokens::joins_previous(c) || tokens::is_presentation(c);
        self.search(value, range, joins, |s| tokens::form(s, marks, false))
    }

    /// Every place of the value in the text, both as NFC and nothing else (R24).
    pub fn raw(&self, value: &str) -> Vec<Occurrence> {
        self.search(value, 0..self.chars.len(), tokens::joins_previous, tokens::nfc)
    }

    /// Every place within `range` where the prepared text is the prepared value.
    ///
    /// The text is prepared piece by piece, each a character with those that join it, so that every
    /// prepared character knows where it comes from. A place takes whole pieces: `ß` is one even when
    /// only the first `s` it folds to was asked for.
    fn search(&self, value: &str, range: Range<usize>, joins: impl Fn(char) -> bool, prepare: impl Fn(&str) -> String) -> Vec<Occurrence> {
        let wanted: Vec<char> = prepare(value).chars().collect();
        let mut prepared: Vec<(char, usize, usize)> = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let joined = |i: &usize| self.chars.get(*i).is_some_and(|c| joins(*c));
            let end = (start + 1..range.end).find(|i| !joined(i)).unwrap_or(range.end);
            prepared.extend(prepare(&self.slice(start..end)).chars().map(|c| (c, start, end)));
            start = end;
        }
        let mut found = Vec::new();
        if wanted.is_empty() {
            return found;
        }
        for window in prepared.windows(wanted.len()) {
            if let (Some((_, start, _)), Some((_, _, end))) = (window.first(), window.last())
                && window.iter().map(|(c, ..)| c).eq(&wanted)
            {
                found.push(Occurrence::without_place(*start..*end));
            }
        }
        // Two matches within one piece are one place.
        found.dedup();
        found
    }
}

/// Whether `subject` as a whole fits a pattern of `*` (zero or more) and `?` (exactly one).
fn glob(pattern: &[char], subject: &[char]) -> bool {
    // reach[i]: the pattern so far can end after i characters of the subject.
    let mut reach = vec![false; subject.len() + 1];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    for p in pattern {
        let mut next = vec![false; subject.len() + 1];
        let mut any_before = false;
        for (i, cell) in next.iter_mut().enumerate() {
            let here = reach.get(i).copied().unwrap_or(false);
            let before = i.checked_sub(1).and_then(|j| reach.get(j)).copied().unwrap_or(false);
            let c = i.checked_sub(1).and_then(|j| subject.get(j));
            any_before |= here;
            *cell = match p {
                '*' => any_before,
                '?' => before,
                p => before && c == Some(p),
            };
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}
