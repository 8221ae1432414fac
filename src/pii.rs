//! Personal data in a text: what customers write under a bank's post for all to read.
//!
//! Plain text goes in, byte ranges come out. What can be checked is checked (Luhn, mod 97, control
//! letters and digits); a telephone number cannot, and is known by how it is written and by the words
//! beside it. Nothing is looked for inside links and handles. Digits and letters of other scripts'
//! widths count as the plain ones, and characters that nobody sees do not count, so that neither hides
//! a number. The work is linear in the length of the text.

mod cells;
mod iban;
mod mail;
mod numbers;
mod papers;
mod phone;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use cells::Cells;

use crate::personal::{Kind, Kinds};

/// What stands in place of what was found: always as long, so that it says nothing of what it hides.
pub const MASK: &str = "▒▒▒▒";

/// Personal data that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// What it says, however it is written: digits and capitals without anything between them.
    pub plain: String,
}

/// How many of the last digits tell a telephone number, whether it is written with those of its country
/// or without.
const PHONE_DIGITS: usize = 8;

/// What is public although it looks like personal data: the numbers and addresses that a brand gives out
/// itself, such as those of its help line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published(BTreeSet<String>);

impl Published {
    /// From the numbers and addresses as people write them.
    pub fn new<S: AsRef<str>>(written: impl IntoIterator<Item = S>) -> Published {
        let mut all = BTreeSet::new();
        for text in written {
            let cells = Cells::of(text.as_ref());
            let plain = cells.plain(0..cells.len());
            all.extend(last_digits(&plain).map(str::to_owned));
            all.insert(plain);
        }
        Published(all)
    }

    /// Whether `found` is among them.
    pub fn has(&self, found: &Found) -> bool {
        let plain = found.plain.as_str();
        let known = if found.kind == Kind::Phone { last_digits(plain).unwrap_or(plain) } else { plain };
        self.0.contains(known)
    }
}

/// The last digits of a number of nothing but digits.
fn last_digits(plain: &str) -> Option<&str> {
    let is_number = plain.bytes().all(|b| b.is_ascii_digit());
    plain.len().checked_sub(PHONE_DIGITS).filter(|_| is_number).and_then(|from| plain.get(from..))
}

/// The personal data in `text`, in order; ranges do not overlap. Where a string could be of two kinds, the
/// one with the stricter control counts: an account before a card, a card before a telephone number.
pub fn find(text: &str) -> Vec<Found> {
    if !may_hold(text) {
        return Vec::new();
    }
    let cells = Cells::of(text);
    let mut taken = Taken::new(cells.len());
    iban::find(&cells, &mut taken);
    numbers::clabes(&cells, &mut taken);
    numbers::cards(&cells, &mut taken);
    papers::find(&cells, &mut taken);
    mail::find(&cells, &mut taken);
    phone::find(&cells, &mut taken);
    taken.found.sort_by_key(|(range, _)| range.start);
    let found = taken.found.into_iter();
    found.map(|(range, kind)| Found { range: cells.bytes(&range), kind, plain: cells.plain(range) }).collect()
}

/// `text` with [`MASK`] in place of all personal data that is not `published`; the kinds are added to
/// `kinds`.
pub fn masked<'a>(text: &'a str, published: &Published, kinds: &mut Kinds) -> Cow<'a, str> {
    let found = find(text);
    let mut hidden = found.iter().filter(|f| !published.has(f)).peekable();
    if hidden.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for f in hidden {
        out.push_str(text.get(at..f.range.start).unwrap_or_default());
        out.push_str(MASK);
        kinds.add(f.kind);
        at = f.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// The fewest digits that anything but an address has: the date in an RFC.
const FEWEST_DIGITS: usize = 6;

/// A first look, which nearly every post does not pass.
fn may_hold(text: &str) -> bool {
    let mut digits = 0;
    let mut before = ' ';
    for c in text.chars() {
        let is_at = matches!(c, '@' | '＠' | '﹫');
        if is_at && !matches!(before, ' ' | '\n' | '.') {
            return true;
        }
        digits += usize::from(cells::digit(c).is_some());
        if digits >= FEWEST_DIGITS {
            return true;
        }
        before = c;
    }
    false
}

/// Which cells belong to something that was found already.
struct Taken {
    cells: Vec<bool>,
    found: Vec<(Range<usize>, Kind)>,
}

impl Taken {
    fn new(cells: usize) -> Taken {
        Taken { cells: vec![false; cells], found: Vec::new() }
    }

    fn is_free(&self, range: &Range<usize>) -> bool {
        self.cells.get(range.clone()).is_some_and(|cells| !cells.contains(&true))
    }

    /// Takes `range`, unless part of it is taken.
    fn take(&mut self, range: Range<usize>, kind: Kind) -> bool {
        let is_free = self.is_free(&range);
        if is_free {
            self.cells[range.clone()].fill(true);
            self.found.push((range, kind));
        }
        is_free
    }
}

#[cfg(test)]
mod tests;
