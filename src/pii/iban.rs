//! International bank account numbers.

use super::Taken;
use super::cells::{Cells, is_gap};
use crate::personal::Kind;

/// Lengths by country, from the registry of ISO 13616.
#[rustfmt::skip]
const LENGTHS: [(&str, usize); 77] = [
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22), ("BR", 29), ("BY", 28),
    ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DK", 18), ("DO", 28), ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18),
    ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23), ("GL", 18), ("GR", 27), ("GT", 28), ("HR", 21), ("HU", 28), ("IE", 22),
    ("IL", 23), ("IQ", 23), ("IS", 26), ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20),
    ("LU", 20), ("LV", 21), ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MR", 27), ("MT", 31), ("MU", 30), ("NL", 18),
    ("NO", 15), ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22), ("SA", 24), ("SC", 31), ("SD", 18),
    ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("ST", 25), ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("XK", 20),
];

/// How long an account number of this country is.
pub(super) fn length(country: [char; 2]) -> Option<usize> {
    let is = |(code, _): &&(&str, usize)| code.chars().eq(country);
    LENGTHS.iter().find(is).map(|(_, length)| *length)
}

/// Two letters and two digits at the start of a word, and as many more characters as the country's have, in
/// one piece or in groups.
pub(super) fn find(cells: &Cells, taken: &mut Taken) {
    for start in 0..cells.len() {
        if cells.before(start).is_alphanumeric() || !cells.at(start).is_ascii_uppercase() {
            continue;
        }
        // "ES 91" is written too.
        let next = |at: usize| at + usize::from(is_gap(cells.at(at)));
        let third = next(start + 2);
        let starts = cells.at(third).is_ascii_digit() && cells.at(next(third + 1)).is_ascii_digit();
        let Some(length) = length([cells.at(start), cells.at(start + 1)]).filter(|_| starts) else { continue };
        let Some((all, end)) = cells.collect(start, length) else { continue };
        // Three words and a few figures pass the test once in 97 times.
        let figures = all.iter().filter(|c| c.is_ascii_digit()).count();
        if 2 * figures >= length && is_valid(&all) {
            taken.take(start..end, Kind::Iban);
        }
    }
}

/// Moved four places to the left and with letters as 10 to 35, it leaves 1 when divided by 97.
fn is_valid(all: &[char]) -> bool {
    let turned = all.iter().skip(4).chain(all.iter().take(4));
    let rest = turned.map(|c| c.to_digit(36)).try_fold(0, |rest, value| {
        let value = value?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    rest == Some(1)
}
