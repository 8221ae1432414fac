//! The signature of an agent: initials or a name at the end of an answer.
//!
//! The end is looked for behind links, counters ("1/2"), marks and emoji, one step back at a time, and
//! the last word there is the only one that can be a signature.

use std::borrow::Cow;

use crate::text::{Token, TokenKind, Tokens, nfc};

/// How a signature is set off from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// `^AB`, `^ana`
    Caret,
    /// `*AB`, `*Ana`
    Star,
    /// `-AB`, `--AB`, `~Ana`
    Dash,
    /// `/AB`
    Slash,
    /// `AB`, behind the end of a sentence.
    Bare,
}

/// A signature that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent<'a> {
    /// What was signed, in capitals.
    pub name: Cow<'a, str>,
    /// How it was set off.
    pub sign: Sign,
    /// Where it begins in the text, the sign included.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Capitals behind the end of a sentence that name a thing and nobody: Spanish, English, then both.
const NOBODY: &[&str] = &[
    "BBV", "CVV", "DNI", "INE", "IVA", "MSI", "MXN", "NIE", "NIF", "NIP", "RFC", "SAT", "SÍ", "SI", "UE", "YA", // en
    "ASA", "BTW", "CST", "EST", "ET", "EU", "FAQ", "FYI", "GMT", "IT", "LOL", "NO", "NYC", "OMG", "PST", "PT", "TBA", "TBH", "UK", "US",
    "USA", "WTF", "YES", // both
    "AM", "APP", "ATM", "CD", "CEO", "COP", "CVC", "DM", "DMS", "DVD", "EUR", "FB", "GPS", "ID", "IG", "IOS", "IP", "LA", "MD", "MP",
    "NFC", "OK", "PC", "PDF", "PIN", "PM", "PS", "QR", "RT", "SIM", "SMS", "TV", "URL", "USB", "USD", "UTC", "VIP", "VPN", "XD",
];

/// The signature of `text`, which `tokens` read last, and the index of its token.
pub(super) fn find<'a>(text: &'a str, tokens: &Tokens) -> Option<(Agent<'a>, usize)> {
    let index = last_word(text, tokens.tokens())?;
    let token = tokens.tokens().get(index)?;
    let (start, end) = (token.start as usize, token.end as usize);
    let raw = text.get(start..end)?;
    let name = nfc(raw);
    if !name.chars().all(char::is_alphabetic) {
        return None;
    }
    let (sign, start) = sign(text.get(..start)?, &name)?;
    let is_capital = !name.chars().any(|c| c.is_lowercase());
    let name = if is_capital { name } else { Cow::Owned(name.to_uppercase()) };
    Some((Agent { name, sign, start, end }, index))
}

/// The index of the last word that is not part of a counter.
fn last_word(text: &str, all: &[Token]) -> Option<usize> {
    let mut left = all.len();
    loop {
        let last = left.checked_sub(1)?;
        match all.get(last)?.kind {
            TokenKind::Url | TokenKind::Emoji => left = last,
            TokenKind::Word if is_counter(text, all.get(..left)?) => left -= 2,
            TokenKind::Word => return Some(last),
        }
    }
}

/// Whether the last two of `all` are a counter such as "1/2" or "2 / 2".
fn is_counter(text: &str, all: &[Token]) -> bool {
    let [.., first, second] = all else { return false };
    let is_number = |t: &Token| {
        let raw = text.get(t.start as usize..t.end as usize).unwrap_or_default();
        raw.len() <= 2 && raw.bytes().all(|b| b.is_ascii_digit())
    };
    let between = text.get(first.end as usize..second.start as usize).unwrap_or_default();
    between.trim() == "/" && is_number(first) && is_number(second)
}

/// How `name` is set off by what stands before it, and where that begins.
fn sign(before: &str, name: &str) -> Option<(Sign, usize)> {
    let letters = name.chars().count();
    let unspaced = before.strip_suffix(char::is_whitespace).unwrap_or(before);
    let mark = unspaced.chars().next_back()?;
    let ahead = unspaced.strip_suffix(mark)?;
    let starts = name.chars().next().is_some_and(is_capital);
    match mark {
        '^' if letters <= 20 => Some((Sign::Caret, ahead.len())),
        '*' if starts && (2..=20).contains(&letters) && (ahead.is_empty() || ends_blank(ahead)) => Some((Sign::Star, ahead.len())),
        '-' | '–' | '—' | '~' | '_' | '=' if is_initials(name, letters) || is_name(name, letters) => {
            let twice = ahead.strip_suffix('-').filter(|a| mark == '-' && is_apart(a));
            twice.or(Some(ahead).filter(|a| is_apart(a))).map(|a| (Sign::Dash, a.len()))
        }
        '/' if is_initials(name, letters) && name.is_ascii() && ends_blank(ahead) => Some((Sign::Slash, ahead.len())),
        '.' | '!' | '?' if unspaced.len() < before.len() && is_initials(name, letters) && !NOBODY.contains(&name) => {
            Some((Sign::Bare, before.len()))
        }
        _ => None,
    }
}

/// Whether a sign may follow: after a blank or what ends a sentence, so that "e-mail-Ana" signs nothing.
fn is_apart(ahead: &str) -> bool {
    ends_blank(ahead) || ahead.ends_with(['.', '!', '?', ')', '…'])
}

fn ends_blank(s: &str) -> bool {
    s.ends_with(char::is_whitespace)
}

fn is_capital(c: char) -> bool {
    c.is_ascii_uppercase() || "ÁÉÍÓÚÑ".contains(c)
}

/// Two or three capitals.
fn is_initials(name: &str, letters: usize) -> bool {
    (2..=3).contains(&letters) && name.chars().all(is_capital)
}

/// A capital and up to 14 small letters.
fn is_name(name: &str, letters: usize) -> bool {
    let is_small = |c: char| c.is_ascii_lowercase() || "áéíóúñ".contains(c);
    (2..=15).contains(&letters) && name.chars().next().is_some_and(is_capital) && name.chars().skip(1).all(is_small)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::agent;
    use proptest::prelude::*;

    #[test]
    fn signatures_of_every_kind() {
        use Sign::{Bare, Caret, Dash, Slash, Star};
        for (text, want) in [
            ("@ana Ya quedó. ^GL", Some(("GL", Caret))),
            ("@ana Ya quedó.^gl", Some(("GL", Caret))),
            ("we can help ^ Ana 1/2", Some(("ANA", Caret))),
            ("1/2 we can help ^A", Some(("A", Caret))),
            ("listo *AB https://t.co/abc", Some(("AB", Star))),
            ("listo *Ana (2/2) 😀!", Some(("ANA", Star))),
            ("listo*Ana", None),
            ("listo *ana", None),
            ("@ana listo. -PM", Some(("PM", Dash))),
            ("listo.-Ñus", Some(("ÑUS", Dash))),
            ("listo -A\u{301}ngel", Some(("ÁNGEL", Dash))),
            ("listo --AB", Some(("AB", Dash))),
            ("listo — Ana", Some(("ANA", Dash))),
            ("listo =AB", Some(("AB", Dash))),
            ("listo _Ana", Some(("ANA", Dash))),
            ("call us on Wi-Fi", None),
            ("tap check-In", None),
            ("listo -ABCD", None),
            ("listo - ana", None),
            ("-AB", None),
            ("te leemos /MD", Some(("MD", Slash))),
            ("either/OR", None),
            ("te leemos / Md", None),
            ("Te leemos. JM", Some(("JM", Bare))),
            ("¿Nos escribes por DM? DM", None),
            ("No compartas tu. NIP", None),
            ("Thanks JM", None),
            ("^AB and more", None),
            ("^AB1", None),
            ("https://t.co/^AB", None),
            ("", None),
            ("1/2", None),
            ("😀", None),
        ] {
            let found = agent(text);
            assert_eq!(found.as_ref().map(|a| (a.name.as_ref(), a.sign)), want, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_is_the_sign_and_the_name() {
        for (text, body) in [("Listo. --AB 1/2", "Listo. "), ("Listo ^ana", "Listo "), ("Te leemos. JM", "Te leemos. "), ("-a", "-a")] {
            assert_eq!(crate::contact::read(text).body, body);
        }
    }

    /// The same by the grammar, from every place where a sign could stand, over text whose end was cut
    /// off mark by mark.
    fn slow(text: &str) -> Option<(String, Sign)> {
        let links: String =
            crate::text::split(text, false).iter().rev().filter(|p| p.kind == TokenKind::Url).fold(text.to_owned(), |mut all, link| {
                all.replace_range(link.start..link.end, " ");
                all
            });
        let mut end: Vec<char> = links.chars().collect();
        loop {
            let before = end.len();
            while end.last().is_some_and(|c| !c.is_ascii_alphanumeric()) {
                end.pop();
            }
            let digits = |s: &[char]| s.iter().rev().take_while(|c| c.is_ascii_digit()).count();
            let last = digits(&end);
            let slash: String = end[..end.len() - last].iter().rev().take_while(|c| " /".contains(**c)).collect();
            let ahead = &end[..end.len() - last - slash.len()];
            let first = digits(ahead);
            let apart = !ahead[..ahead.len() - first].last().is_some_and(|c| c.is_ascii_alphanumeric());
            if (1..=2).contains(&last) && (1..=2).contains(&first) && slash.matches('/').count() == 1 && apart {
                end.truncate(ahead.len() - first);
            }
            if end.len() == before {
                break;
            }
        }
        let rest = |at: usize| end.get(at..).unwrap_or_default().iter().collect::<String>();
        (0..end.len()).find_map(|at| {
            let (before, after) = (at.checked_sub(1).map(|i| end[i]), rest(at + 1));
            let after = after.strip_prefix(' ').unwrap_or(&after);
            let blank = before == Some(' ');
            let apart = blank || before.is_some_and(|c| ".!?)".contains(c));
            let upper = |s: &str| s.bytes().all(|b| b.is_ascii_uppercase());
            let letters = |s: &str, n: std::ops::RangeInclusive<usize>| n.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphabetic());
            let starts = |s: &str| s.starts_with(|c: char| c.is_ascii_uppercase());
            let named = |s: &str| {
                (letters(s, 2..=3) && upper(s)) || (letters(s, 2..=15) && starts(s) && s[1..].bytes().all(|b| b.is_ascii_lowercase()))
            };
            let sign = match end[at] {
                '^' if letters(after, 1..=20) => Sign::Caret,
                '*' if letters(after, 2..=20) && starts(after) && (blank || before.is_none()) => Sign::Star,
                '-' if named(after) && apart => Sign::Dash,
                '-' if apart && rest(at + 1).starts_with('-') && named(rest(at + 2).strip_prefix(' ').unwrap_or(&rest(at + 2))) => {
                    Sign::Dash
                }
                '/' if letters(after, 2..=3) && upper(after) && blank => Sign::Slash,
                '.' | '!' | '?' if rest(at + 1).starts_with(' ') && letters(after, 2..=3) && upper(after) && !NOBODY.contains(&after) => {
                    Sign::Bare
                }
                _ => return None,
            };
            let name: String = end.iter().rev().take_while(|c| c.is_ascii_alphabetic()).collect();
            Some((name.chars().rev().collect::<String>().to_uppercase(), sign))
        })
    }

    proptest! {
        #[test]
        fn the_slow_reader_agrees(parts in prop::collection::vec(prop::sample::select(vec![
            "AB", "ana", "Ana", "PM", "^", "*", "-", "--", "/", ".", "!", "?", ")", "(", " ", " ", " ", "1", "2", "12", "1/2", "😀",
            " https://t.co/x ", "hola", ",", "@",
        ]), 0..12)) {
            let text = parts.concat();
            let found = agent(&text).map(|a| (a.name.into_owned(), a.sign));
            prop_assert_eq!(found, slow(&text), "{:?}", text);
        }
    }
}
