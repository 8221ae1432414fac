//! A text as it is searched: one cell for each character that somebody sees and that is in no link and
//! no handle, brought to its plain form.

use std::ops::Range;

use crate::text::{TokenKind, Tokens};

/// What stands where a link or a handle is: nothing goes on over it.
pub(super) const WALL: char = '\0';
/// What any blank is.
pub(super) const BLANK: char = ' ';
/// What any dash is.
pub(super) const DASH: char = '-';

/// A text as it is searched.
pub(super) struct Cells {
    /// Letters of ASCII in capitals, other letters in capitals where that is one character.
    plain: Vec<char>,
    /// Whether the character was a capital letter as written.
    capital: Vec<bool>,
    /// Bytes of each in the text.
    places: Vec<(u32, u32)>,
}

impl Cells {
    pub(super) fn of(text: &str) -> Cells {
        let mut cells = Cells { plain: Vec::new(), capital: Vec::new(), places: Vec::new() };
        let mut walls = walls(text).into_iter().peekable();
        for (at, c) in text.char_indices() {
            while walls.peek().is_some_and(|w| w.end <= at) {
                walls.next();
            }
            let (start, end) = (at as u32, (at + c.len_utf8()) as u32);
            if walls.peek().is_some_and(|w| w.contains(&at)) {
                if cells.plain.last() != Some(&WALL) {
                    cells.push(WALL, false, (start, end));
                }
            } else if let Some(plain) = plain(c) {
                cells.push(plain, c.is_uppercase(), (start, end));
            }
        }
        cells
    }

    fn push(&mut self, plain: char, capital: bool, place: (u32, u32)) {
        self.plain.push(plain);
        self.capital.push(capital);
        self.places.push(place);
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len()
    }

    /// The cell at `i`; a wall before the first and behind the last.
    pub(super) fn at(&self, i: usize) -> char {
        self.plain.get(i).copied().unwrap_or(WALL)
    }

    /// The cell before `i`.
    pub(super) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or(WALL, |i| self.at(i))
    }

    pub(super) fn is_capital(&self, i: usize) -> bool {
        self.capital.get(i).copied().unwrap_or_default()
    }

    /// The cells of `range`.
    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        self.plain.get(range).unwrap_or_default()
    }

    /// Letters, digits and what belongs to addresses in `range`, without anything that only parts them.
    pub(super) fn plain(&self, range: Range<usize>) -> String {
        let slice = self.slice(range);
        let address = slice.contains(&'@');
        slice.iter().filter(|c| c.is_alphanumeric() || (address && !matches!(**c, BLANK | WALL))).collect()
    }

    /// Bytes of the text that the cells of `range` come from.
    pub(super) fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.places.get(range.start).map_or(0, |p| p.0 as usize);
        let end = range.end.checked_sub(1).and_then(|i| self.places.get(i)).map_or(start, |p| p.1 as usize);
        start..end
    }

    /// Collects letters and digits from `from` on until there are `many`, over at most one blank or dash
    /// between two of them; gives them and where they end, if nothing of the kind follows.
    pub(super) fn collect(&self, from: usize, many: usize) -> Option<(Vec<char>, usize)> {
        let mut all = Vec::with_capacity(many);
        let mut at = from;
        while all.len() < many {
            let c = self.at(at);
            if c.is_alphanumeric() || c == '&' {
                all.push(c);
            } else if !is_gap(c) || all.is_empty() || is_gap(self.before(at)) {
                return None;
            }
            at += 1;
        }
        (!self.at(at).is_alphanumeric()).then_some((all, at))
    }
}

/// A blank or a dash.
pub(super) fn is_gap(c: char) -> bool {
    matches!(c, BLANK | DASH)
}

/// How far back something is looked for that can be seen.
const UNSEEN: usize = 8;

/// Links, and handles that have a letter: digits alone after an `@` are no name that anybody would
/// be called by.
fn walls(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let words = tokens.tokens().iter().filter(|t| t.kind == TokenKind::Url);
    let mut walls: Vec<Range<usize>> = words.map(|t| t.start as usize..t.end as usize).collect();
    let named = |range: &Range<usize>| text.get(range.clone()).is_some_and(|name| name.chars().any(char::is_alphabetic));
    // Something unseen before the sign makes no handle of an address.
    let seen = |at: usize| text.get(..at).and_then(|t| t.chars().rev().take(UNSEEN).find(|c| !is_unseen(*c)));
    let is_handle = |at: usize| !seen(at).is_some_and(|c| c.is_alphanumeric() || c == '_');
    let handles = tokens.entities(text).filter(|e| e.sign == '@' && is_handle(e.start)).map(|e| e.start..e.end);
    walls.extend(handles.filter(named));
    walls.sort_by_key(|w| w.start);
    walls
}

/// The plain form of a character; none for one that nobody sees.
fn plain(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(if c.is_ascii_whitespace() { BLANK } else { c.to_ascii_uppercase() });
    }
    if let Some(digit) = digit(c) {
        return Some(digit);
    }
    if is_unseen(c) {
        return None;
    }
    Some(match c {
        // Full width: the printable characters of ASCII in their order.
        '\u{FF01}'..='\u{FF5E}' => return plain(char::from_u32(c as u32 - 0xFEE0).unwrap_or(c)),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{2043}' => DASH,
        '\u{FE6B}' => '@',
        '\u{FE52}' | '\u{2024}' => '.',
        _ if c.is_whitespace() || matches!(c, '\u{2800}' | '\u{3164}' | '\u{FFA0}') => BLANK,
        _ => {
            let mut upper = c.to_uppercase();
            upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
        }
    })
}

/// The first of ten digits in a row, of scripts that are in use and of those that only look different.
const ZEROS: [char; 12] = ['٠', '۰', '߀', '०', '০', '๐', '０', '𝟎', '𝟘', '𝟢', '𝟬', '𝟶'];

/// The ASCII digit that a character stands for.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let of = |zero: char| (c as u32).checked_sub(zero as u32).filter(|value| *value < 10);
    let value = match c {
        '²' | '³' => Some(c as u32 - '²' as u32 + 2),
        '¹' => Some(1),
        '⁰' | '⁴'..='⁹' => of('⁰'),
        '₀'..='₉' => of('₀'),
        '①'..='⑨' => of('①').map(|v| v + 1),
        '⓪' | '⓿' => Some(0),
        '❶'..='❾' => of('❶').map(|v| v + 1),
        _ => ZEROS.into_iter().find_map(of),
    };
    value.and_then(|value| char::from_digit(value, 10))
}

/// Takes no room on a screen: joiners, marks of direction, soft hyphens, variation selectors, the box of
/// a keycap.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{20D0}'..='\u{20F0}' | '\u{300}'..='\u{36F}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        Cells::of(text).plain.iter().map(|c| if *c == WALL { '|' } else { *c }).collect()
    }

    #[test]
    fn what_looks_alike_is_alike() {
        for (text, want) in [
            ("a1 b", "A1 B"),
            ("４１１１－２", "4111-2"),
            ("4\u{200B}1\u{FEFF}1\u{AD}1", "4111"),
            ("4\u{A0}1\u{202F}1\u{2007}1\n1", "4 1 1 1 1"),
            ("𝟒𝟙① ²³¹⁰ ٣", "411 2310 3"),
            ("4\u{FE0F}\u{20E3}1\u{FE0F}\u{20E3}", "41"),
            ("ñandú — ß", "ÑANDÚ - ß"),
            ("n\u{303}", "N"),
            ("ve https://x.y/4111 ya @banco1 @555 #77", "VE | YA | @555 #77"),
            ("ｊｕａｎ＠ｘ．ｍｘ", "JUAN@X.MX"),
        ] {
            assert_eq!(seen(text), want, "{text:?}");
        }
    }

    #[test]
    fn bytes_are_those_of_the_text() {
        let text = "ñ ４\u{200B}１ é";
        let cells = Cells::of(text);
        assert_eq!(&text[cells.bytes(&(2..4))], "４\u{200B}１");
        assert_eq!(cells.bytes(&(7..7)), 0..0);
        assert_eq!((cells.at(99), cells.before(0)), (WALL, WALL));
    }
}
