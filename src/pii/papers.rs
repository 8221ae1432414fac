//! Identity and taxpayer numbers of Spain and Mexico.

use super::Taken;
use super::cells::{BLANK, Cells, DASH};
use crate::personal::Kind;

pub(super) fn find(cells: &Cells, taken: &mut Taken) {
    for start in (0..cells.len()).filter(|at| !cells.before(*at).is_alphanumeric()) {
        if cells.at(start).is_ascii_digit() {
            dni(cells, start, taken);
        } else if cells.at(start).is_alphabetic() || cells.at(start) == '&' {
            // The longer first: the first characters of a CURP are those of an RFC.
            let _ = curp(cells, start, taken) || rfc(cells, start, taken) || nie(cells, start, taken);
        }
    }
}

/// Control letters by the number mod 23; Real Decreto 1553/2005, article 11.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Eight digits, perhaps with points, and the letter.
fn dni(cells: &Cells, start: usize, taken: &mut Taken) {
    if let Some((number, end)) = number(cells, start, 8) {
        lettered(cells, start, end, number, taken);
    }
}

/// X, Y or Z in place of the first digit, seven more and the letter.
fn nie(cells: &Cells, start: usize, taken: &mut Taken) -> bool {
    let Some(first) = "XYZ".find(cells.at(start)) else { return false };
    let from = start + 1 + usize::from(matches!(cells.at(start + 1), DASH | BLANK | '.'));
    let Some((number, end)) = number(cells, from, 7) else { return false };
    lettered(cells, start, end, first as u32 * 10_000_000 + number, taken)
}

/// The number of `digits` digits that begins at `from`, perhaps with points between thousands, and where it
/// ends.
fn number(cells: &Cells, from: usize, digits: usize) -> Option<(u32, usize)> {
    let (mut number, mut left, mut at) = (0, digits, from);
    while left > 0 {
        match cells.at(at).to_digit(10) {
            Some(digit) => {
                number = number * 10 + digit;
                left -= 1;
            }
            None if cells.at(at) == '.' && left.is_multiple_of(3) && at > from => {}
            None => return None,
        }
        at += 1;
    }
    Some((number, at))
}

/// Takes what begins at `start` if the letter behind `end` is the one of `number`.
fn lettered(cells: &Cells, start: usize, end: usize, number: u32, taken: &mut Taken) -> bool {
    let gap = matches!(cells.at(end), DASH | BLANK | '.');
    let at = end + usize::from(gap);
    // "12345678 y" is a number and a word; "12345678 Y" mostly is no sentence.
    let is_letter = cells.at(end) != BLANK || cells.is_capital(at);
    let right = LETTERS.get(number as usize % LETTERS.len()).is_some_and(|l| char::from(*l) == cells.at(at));
    right && is_letter && !cells.at(at + 1).is_alphanumeric() && taken.take(start..at + 1, Kind::Dni)
}

/// Entities of Mexico, and NE for those born elsewhere.
const ENTITIES: [&str; 33] = [
    "AS", "BC", "BS", "CC", "CL", "CM", "CS", "CH", "DF", "DG", "GT", "GR", "HG", "JC", "MC", "MN", "MS", "NT", "NL", "OC", "PL", "QT",
    "QR", "SP", "SL", "SR", "TC", "TS", "TL", "VZ", "YN", "ZS", "NE",
];
/// Values of the characters of a CURP are their places here.
const CURP_ALPHABET: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";

/// Four letters, a date, sex, entity, three consonants, a character that tells namesakes apart, and the
/// control digit; DOF 18-10-2021, Instructivo normativo para la asignación de la CURP.
fn curp(cells: &Cells, start: usize, taken: &mut Taken) -> bool {
    let Some((all, end)) = cells.collect(start, 18) else { return false };
    let letters = |range: std::ops::Range<usize>| all[range].iter().all(|c| c.is_alphabetic());
    let entity: String = all[11..13].iter().collect();
    let formed = letters(0..4) && is_date(&all[4..10]) && matches!(all[10], 'H' | 'M' | 'X') && letters(13..16);
    let value = |c: &char| CURP_ALPHABET.chars().position(|known| known == *c);
    let sum = all[..17].iter().zip((2..=18).rev()).map(|(c, weight)| Some(value(c)? * weight)).sum::<Option<usize>>();
    let control = sum.map(|sum| (10 - sum % 10) % 10);
    formed
        && ENTITIES.contains(&entity.as_str())
        && control.is_some_and(|c| all[17].to_digit(10) == Some(c as u32))
        && taken.take(start..end, Kind::Curp)
}

/// Values of the characters of an RFC are their places here; Anexo 19 of the Resolución Miscelánea Fiscal.
const RFC_ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
/// What everybody uses who has none: nobody's own.
const GENERIC: [&str; 2] = ["XAXX010101000", "XEXX010101000"];

/// Four letters (a person) or three (a company), a date, and three characters, the last of which is a
/// control digit. Old codes have a wrong one; so it is asked for only where blanks break the code up.
fn rfc(cells: &Cells, start: usize, taken: &mut Taken) -> bool {
    [13, 12].into_iter().any(|length| {
        let Some((all, end)) = cells.collect(start, length) else { return false };
        let (name, rest) = all.split_at(length - 9);
        let formed = name.iter().all(|c| c.is_alphabetic() || *c == '&') && is_date(&rest[..6]);
        let tail = rest[6..8].iter().all(char::is_ascii_alphanumeric) && matches!(rest[8], '0'..='9' | 'A');
        let whole: String = all.iter().collect();
        let sure = !cells.slice(start..end).contains(&BLANK) || has_control(&all);
        formed && tail && sure && !GENERIC.contains(&whole.as_str()) && taken.take(start..end, Kind::Rfc)
    })
}

fn has_control(all: &[char]) -> bool {
    let pad = (all.len() == 12).then_some(' ');
    let value = |c: char| RFC_ALPHABET.chars().position(|known| known == c);
    let places = pad.into_iter().chain(all.iter().copied()).take(12);
    let sum = places.zip((2..=13).rev()).map(|(c, weight)| Some(value(c)? * weight)).sum::<Option<usize>>();
    let want = sum.map(|sum| match 11 - sum % 11 {
        11 => '0',
        10 => 'A',
        n => char::from_digit(n as u32, 10).unwrap_or('0'),
    });
    want == all.last().copied()
}

/// Whether six digits are a year, a month and a day.
fn is_date(digits: &[char]) -> bool {
    let two = |i: usize| Some(digits.get(i)?.to_digit(10)? * 10 + digits.get(i + 1)?.to_digit(10)?);
    two(0).is_some() && matches!(two(2), Some(1..=12)) && matches!(two(4), Some(1..=31))
}
