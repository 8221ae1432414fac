//! Long numbers in groups: payment cards and Mexican bank accounts.

use std::ops::Range;

use super::Taken;
use super::cells::{BLANK, Cells, DASH};
use crate::personal::Kind;

/// Digits side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub start: usize,
    pub end: usize,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// All groups of digits, in order.
pub(super) fn groups(cells: &Cells) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for at in (0..cells.len()).filter(|at| cells.at(*at).is_ascii_digit()) {
        match all.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            _ => all.push(Group { start: at, end: at + 1 }),
        }
    }
    all
}

/// Most characters between two groups of one number.
const GAP: usize = 3;

/// Whether what stands between two groups only parts them.
fn goes_on(cells: &Cells, a: Group, b: Group) -> bool {
    let between = cells.slice(a.end..b.start);
    between.len() <= GAP && between.iter().all(|c| matches!(*c, BLANK | DASH | '.' | '_' | '/' | '*' | '·'))
}

/// A run of groups that could be one number.
struct Run<'a> {
    groups: &'a [Group],
    digits: &'a [u8],
    /// No other group goes on from these, on either side.
    alone: bool,
}

impl Run<'_> {
    fn range(&self) -> Range<usize> {
        let start = self.groups.first().map_or(0, |g| g.start);
        start..self.groups.last().map_or(start, |g| g.end)
    }
}

/// Calls `each` with every run of groups that makes a number of `lengths` digits, the longest first from
/// each group on, until it says that it took one; the search goes on behind it.
fn runs(cells: &Cells, lengths: Range<usize>, mut each: impl FnMut(&Run<'_>) -> bool) {
    let groups = groups(cells);
    let follows = |i: usize| match (i.checked_sub(1).and_then(|i| groups.get(i)), groups.get(i)) {
        (Some(a), Some(b)) => goes_on(cells, *a, *b),
        _ => false,
    };
    let mut first = 0;
    while first < groups.len() {
        let (mut digits, mut ends) = (Vec::with_capacity(lengths.end), Vec::new());
        for (last, group) in (first..).zip(&groups[first..]) {
            if digits.len() + group.len() >= lengths.end || (last > first && !follows(last)) {
                break;
            }
            digits.extend(cells.slice(group.start..group.end).iter().filter_map(|c| c.to_digit(10)).map(|d| d as u8));
            if lengths.contains(&digits.len()) {
                ends.push((last + 1, digits.len()));
            }
        }
        let found = ends.into_iter().rev().find(|(end, count)| {
            let alone = !follows(first) && !follows(*end);
            each(&Run { groups: &groups[first..*end], digits: &digits[..*count], alone })
        });
        first = found.map_or(first + 1, |(end, _)| end);
    }
}

/// Payment cards: 13 to 19 digits of a known issuer that pass Luhn's test. A number that is broken up in its
/// own way is looked at as a whole only, or any list of figures would hold some card.
pub(super) fn cards(cells: &Cells, taken: &mut Taken) {
    runs(cells, 13..20, |run| (run.alone || is_card_shape(run.groups)) && is_card(run.digits) && taken.take(run.range(), Kind::Card));
}

/// How cards print their number: in one piece, by fours, and the ways of American Express and Diners.
fn is_card_shape(groups: &[Group]) -> bool {
    let mut shape = [0; 5];
    if groups.len() > shape.len() {
        return false;
    }
    shape.iter_mut().zip(groups).for_each(|(s, g)| *s = g.len());
    matches!(shape, [13..=19, 0, ..] | [4, 4, 4, 1..=4, 0] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5, 0, 0] | [8, 8, 0, ..] | [6, 7..=13, 0, ..])
}

/// Whether an issuer's prefix and Luhn's test agree on it.
fn is_card(digits: &[u8]) -> bool {
    is_issued(digits) && luhn(digits)
}

/// ISO/IEC 7812-1, annex B: every second digit from the right counts twice.
fn luhn(digits: &[u8]) -> bool {
    let value = |(i, d): (usize, &u8)| match (i % 2, u32::from(*d)) {
        (0, d) => d,
        (_, d) if d < 5 => 2 * d,
        (_, d) => 2 * d - 9,
    };
    digits.iter().rev().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

/// First and last prefix of six digits, and lengths.
#[rustfmt::skip]
const ISSUERS: [(u32, u32, &[usize]); 20] = [
    (400_000, 499_999, &[13, 16, 19]),                       // Visa
    (510_000, 559_999, &[16]),                               // Mastercard
    (222_100, 272_099, &[16]),                               // Mastercard
    (340_000, 349_999, &[15]),                               // American Express
    (370_000, 379_999, &[15]),                               // American Express
    (300_000, 305_999, &[14, 16]),                           // Diners Club
    (360_000, 369_999, &[14, 16, 19]),                       // Diners Club
    (380_000, 399_999, &[14, 16, 19]),                       // Diners Club
    (601_100, 601_199, &[16, 19]),                           // Discover
    (644_000, 659_999, &[16, 19]),                           // Discover, RuPay
    (352_800, 358_999, &[16, 19]),                           // JCB
    (620_000, 629_999, &[16, 17, 18, 19]),                   // UnionPay
    (220_000, 220_499, &[16, 19]),                           // Mir
    (500_000, 509_999, &[13, 14, 15, 16, 17, 18, 19]),       // Maestro, Elo, Carnet
    (560_000, 589_999, &[13, 14, 15, 16, 17, 18, 19]),       // Maestro, Naranja, Cabal
    (604_000, 604_999, &[16]),                               // Cabal
    (606_000, 609_999, &[16]),                               // Hipercard, RuPay
    (630_000, 639_999, &[13, 14, 15, 16, 17, 18, 19]),       // Maestro, Elo
    (670_000, 679_999, &[13, 14, 15, 16, 17, 18, 19]),       // Maestro
    (286_900, 286_999, &[16]),                               // Carnet
];

/// Whether some issuer gives out such numbers.
pub(super) fn is_issued(digits: &[u8]) -> bool {
    let prefix = digits.iter().take(6).fold(0, |n, d| n * 10 + u32::from(*d));
    ISSUERS.iter().any(|(from, to, lengths)| (*from..=*to).contains(&prefix) && lengths.contains(&digits.len()))
}

/// Mexican bank accounts: 18 digits of a known bank with their control digit.
pub(super) fn clabes(cells: &Cells, taken: &mut Taken) {
    runs(cells, 18..19, |run| is_clabe(run.digits) && taken.take(run.range(), Kind::Clabe));
}

/// Codes of the institutions in the Mexican interbank system (Banco de México, SPEI participants).
#[rustfmt::skip]
const BANKS: [u16; 96] = [
    2, 6, 9, 12, 14, 19, 21, 30, 32, 36, 37, 42, 44, 58, 59, 60, 62, 72, 103, 106, 108, 110, 112, 113, 116, 124, 126, 127, 128, 129, 130,
    131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 143, 145, 147, 148, 150, 151, 152, 154, 155, 156, 157, 158, 160, 166, 167, 168,
    600, 601, 602, 605, 606, 607, 608, 610, 614, 615, 616, 617, 618, 619, 620, 621, 622, 623, 626, 627, 628, 629, 630, 631, 632, 633, 634,
    636, 637, 638, 640, 642, 646, 647, 648, 649, 653, 656,
];
/// The same, of those that came later or are no banks.
#[rustfmt::skip]
const OTHERS: [u16; 35] = [
    659, 661, 663, 668, 669, 670, 671, 677, 680, 683, 684, 685, 686, 688, 689, 699, 703, 706, 710, 714, 715, 720, 721, 722, 723, 724, 725,
    727, 728, 729, 730, 732, 734, 738, 902,
];

/// Whether an account may be there.
pub(super) fn is_bank(code: u16) -> bool {
    BANKS.contains(&code) || OTHERS.contains(&code)
}

/// Weights 3, 7, 1 from the left, each product mod 10: with the control digit they sum to a multiple of 10.
fn is_clabe(digits: &[u8]) -> bool {
    let bank = digits.iter().take(3).fold(0, |n, d| n * 10 + u16::from(*d));
    let (account, control) = digits.split_at(digits.len().saturating_sub(1));
    let sum: u32 = account.iter().zip([3, 7, 1].into_iter().cycle()).map(|(d, weight)| u32::from(*d) * weight % 10).sum();
    is_bank(bank) && control.first().is_some_and(|c| (10 - sum % 10) % 10 == u32::from(*c))
}
