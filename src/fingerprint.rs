//! What a text says, apart from how it was sent: near-duplicates have equal or similar fingerprints.
//!
//! Copies of a post differ in links, accounts, emoji, figures and perhaps a word or two. The words that
//! are left after these give one hash for exact copies and two sketches for near ones: the words of
//! least hash, to measure how much two texts share (Jaccard, estimated from k least values as Broder
//! 1997 does), and the pairs of neighbouring words of least hash, to find texts worth measuring.
//!
//! The pairs stand where a SimHash (Charikar 2002) might: with one of n words changed, it turns about
//! `64/π · acos(1 − 1/n)` of 64 bits, 8 at n = 12, while tables of its bands (Manku et al. 2007) find
//! what differs in 3. Of the [`PAIRS`] least pairs, one is common to any two texts of which neither has
//! `PAIRS` pairs that the other lacks: two words changed far from each other are always found.

use xxhash_rust::xxh3::xxh3_64;

use crate::codec::{Coded, Error, Reader};
use crate::limits::CLUSTER_WORDS;
use crate::text::{Token, TokenKind, Tokens, pair_hash};

/// Pairs of neighbouring words that are kept.
pub const PAIRS: usize = 6;
/// Words below which a text is a copy of nothing: that many people greet, or say that it does not work,
/// is no campaign.
pub const EXACT_WORDS: usize = 4;
/// Different words below which texts are only compared exactly: so few are nearly the same by chance.
pub const NEAR_WORDS: usize = 8;
/// Bytes of a word with digits that count.
const FIGURE_BYTES: usize = 32;

/// The fingerprint of one text, but for its words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for exact copies; 0 for a text of fewer than [`EXACT_WORDS`], which has none.
    pub exact: u64,
    /// The least hashes of neighbouring words, ascending, then 0; all 0 if there are too few words.
    pub pairs: [u64; PAIRS],
}

/// A word of a fingerprint: 31 bits of its hash, and whether it was written with a capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace(u32);

coded!(Fingerprint { exact, pairs });

impl Coded for Trace {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Trace, Error> {
        u32::decode(from).map(Trace)
    }
}

impl Trace {
    fn new(hash: u64, capital: bool) -> Trace {
        Trace((hash >> 32) as u32 & !1 | u32::from(capital))
    }
    /// What is the same for the same word.
    pub fn word(self) -> u32 {
        self.0 >> 1
    }
    /// It was written with a capital: perhaps a name.
    pub fn is_capital(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The fingerprint of `text`, which `tokens` read last. Appends its different words to `words`,
/// ascending: the least `limits::CLUSTER_WORDS` of them.
pub fn fingerprint(text: &str, tokens: &Tokens, words: &mut Vec<Trace>) -> Fingerprint {
    let first = words.len();
    let mut exact = 0;
    let mut pairs = Least::default();
    let mut before = None;
    each_word(text, tokens, |hash, capital| {
        exact = pair_hash(exact, hash);
        if let Some(before) = before.replace(hash) {
            pairs.insert(pair_hash(before, hash));
        }
        words.push(Trace::new(hash, capital));
    });
    if words.len() - first < EXACT_WORDS {
        exact = 0;
    }
    let count = settle(words, first);
    Fingerprint { exact, pairs: if count < NEAR_WORDS { Least::default().0 } else { pairs.0 } }
}

/// Sorts the words from `first` on, each once, and gives their count before the greatest are cut. A
/// word that was written with a capital once is one with a capital.
fn settle(words: &mut Vec<Trace>, first: usize) -> usize {
    words.get_mut(first..).unwrap_or_default().sort_unstable();
    let mut kept = first;
    for i in first..words.len() {
        let (word, last) = (words[i], kept.checked_sub(1).filter(|l| *l >= first));
        match last.and_then(|l| words.get_mut(l)).filter(|l| l.word() == word.word()) {
            Some(same) => same.0 |= word.0 & 1,
            None => {
                words[kept] = word;
                kept += 1;
            }
        }
    }
    words.truncate(kept.min(first + CLUSTER_WORDS));
    kept - first
}

/// The least different values, ascending; 0 where there is none.
#[derive(Default)]
struct Least([u64; PAIRS]);

impl Least {
    fn insert(&mut self, value: u64) {
        // Most are greater than all that are kept.
        if self.0.last().is_some_and(|last| *last != 0 && value >= *last) {
            return;
        }
        let mut moved = value;
        for place in &mut self.0 {
            if *place == moved {
                return;
            }
            if *place == 0 || moved < *place {
                std::mem::swap(place, &mut moved);
            }
            if moved == 0 {
                return;
            }
        }
    }
}

/// Tells of every word that counts: its hash, and whether it was written with a capital. Links, emoji,
/// accounts and the `RT` before the first account do not count, and figures are all the same.
fn each_word(text: &str, tokens: &Tokens, mut told: impl FnMut(u64, bool)) {
    let all = tokens.tokens();
    // End of the account that was read last, and whether the last word was a figure.
    let (mut account, mut figure) = (None, false);
    for (i, token) in all.iter().enumerate().filter(|(_, t)| t.kind == TokenKind::Word) {
        if in_account(text, token, account) {
            account = Some(token.end);
            continue;
        }
        let base = tokens.base_bytes(token);
        if i == 0 && base == b"rt" && all.get(1).is_some_and(|next| in_account(text, next, None)) {
            continue;
        }
        let digits = base.iter().filter(|b| b.is_ascii_digit()).count();
        let figures = digits == base.len();
        // "2.000,50" is three tokens and one figure.
        if !(figures && figure) {
            let hash = if digits > 0 { without_digits(base) } else { token.hash };
            told(hash, is_capital(text, token));
        }
        figure = figures;
    }
}

/// Whether the token belongs to an account: it follows an `@`, or what belongs to one, which ends at
/// `account`, by one of the characters within names of accounts (`@banco_mx`, `@ana.bsky.social`).
fn in_account(text: &str, token: &Token, account: Option<u32>) -> bool {
    let start = token.start as usize;
    let Some(sign) = start.checked_sub(1).and_then(|i| text.as_bytes().get(i)) else { return false };
    let goes_on = account.is_some_and(|end| end as usize + 1 == start);
    *sign == b'@' || (goes_on && matches!(sign, b'_' | b'.' | b'-'))
}

fn is_capital(text: &str, token: &Token) -> bool {
    let Some(raw) = text.get(token.start as usize..token.end as usize) else { return false };
    if raw.is_ascii() { raw.bytes().any(|b| b.is_ascii_uppercase()) } else { raw.chars().any(char::is_uppercase) }
}

/// Hash of a base form with every run of digits as one 0.
fn without_digits(base: &[u8]) -> u64 {
    let (mut form, mut len, mut before) = ([0; FIGURE_BYTES], 0, 0);
    for byte in base.iter().map(|b| if b.is_ascii_digit() { b'0' } else { *b }) {
        if byte == b'0' && before == b'0' {
            continue;
        }
        before = byte;
        let Some(place) = form.get_mut(len) else { break };
        *place = byte;
        len += 1;
    }
    xxh3_64(form.get(..len).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;
    use crate::text::{base, split, word_hash};
    use std::collections::{BTreeMap, BTreeSet};

    fn of(text: &str) -> (Fingerprint, Vec<Trace>) {
        let (mut tokens, mut words) = (Tokens::default(), Vec::new());
        tokens.read(text);
        let print = fingerprint(text, &tokens, &mut words);
        (print, words)
    }

    /// The words that count, one by one and with allocations.
    fn slow_words(text: &str) -> Vec<(u64, bool)> {
        let pieces: Vec<_> = split(text, false);
        let mut out = Vec::new();
        let mut ends_account: Option<usize> = None;
        let mut was_figure = false;
        for (i, p) in pieces.iter().enumerate() {
            if p.kind != TokenKind::Word {
                continue;
            }
            let sign = text[..p.start].chars().next_back();
            let account = sign == Some('@')
                || (ends_account.is_some_and(|e| text[e..p.start].chars().count() == 1) && matches!(sign, Some('_' | '.' | '-')));
            if account {
                ends_account = Some(p.end);
                continue;
            }
            let form = base(&text[p.start..p.end]);
            let before_account = pieces.get(1).is_some_and(|n| text[..n.start].ends_with('@'));
            if i == 0 && form == "rt" && before_account {
                continue;
            }
            let figure = form.chars().all(|c| c.is_ascii_digit());
            if !(figure && was_figure) {
                let mut plain = String::new();
                for c in form.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
                    if !(c == '0' && plain.ends_with('0')) {
                        plain.push(c);
                    }
                }
                let bytes = &plain.as_bytes()[..plain.len().min(FIGURE_BYTES)];
                let hash = if form.contains(|c: char| c.is_ascii_digit()) { xxh3_64(bytes) } else { word_hash(&form) };
                out.push((hash, text[p.start..p.end].chars().any(char::is_uppercase)));
            }
            was_figure = figure;
        }
        out
    }

    fn slow(text: &str) -> (Fingerprint, Vec<Trace>) {
        let words = slow_words(text);
        let exact = if words.len() < EXACT_WORDS { 0 } else { words.iter().fold(0, |h, (word, _)| pair_hash(h, *word)) };
        let mut capitals = BTreeMap::new();
        for (hash, capital) in &words {
            *capitals.entry((hash >> 33) as u32).or_insert(false) |= capital;
        }
        let mut pairs = [0; PAIRS];
        if capitals.len() >= NEAR_WORDS {
            let all: BTreeSet<u64> = words.windows(2).map(|w| pair_hash(w[0].0, w[1].0)).collect();
            pairs.iter_mut().zip(all).for_each(|(place, pair)| *place = pair);
        }
        let kept = capitals.into_iter().take(CLUSTER_WORDS).map(|(word, capital)| Trace(word << 1 | u32::from(capital)));
        (Fingerprint { exact, pairs }, kept.collect())
    }

    #[test]
    fn fast_and_slow_agree() {
        let pieces = [
            "RT",
            "@banco_mx",
            "@ana.bsky.social",
            "hola.",
            "La",
            "app",
            "NO",
            "funciona",
            "https://t.co/x",
            "👋🏽",
            "2.000,50",
            "24h",
            "ñandú",
            "#hash",
            "a@b.c",
            "€",
            "Ünter-wegs",
            "한국",
            "x1y22z333",
            "@",
            "_",
            "de",
            "año",
            "\n",
        ];
        let mut random = Prng::new(7);
        for n in 0..3000 {
            let glue = if random.below(3) == 0 { "" } else { " " };
            let count = random.below(if n % 50 == 0 { 400 } else { 24 });
            let mut text: Vec<String> = (0..count).map(|_| pieces[random.below(pieces.len() as u64) as usize].to_owned()).collect();
            if n % 50 == 0 {
                text.extend((0..200).map(|i| format!("palabra{}", char::from(b'a' + (i % 26) as u8)).repeat(1 + i / 26)));
            }
            let text = text.join(glue);
            assert_eq!(of(&text), slow(&text), "{text:?}");
        }
    }

    #[test]
    fn copies_have_one_hash() {
        let text = "La app del banco no funciona y me cobraron 2.000 euros";
        for copy in [
            "RT @ana: La app del banco no funciona y me cobraron 350,75 euros https://t.co/abc",
            "@banco_mx @ana.bsky.social la APP del banco no funcióna, y me cobraron 1 euros 😡😡",
            "rt @x la app, del #banco no funciona... y me cobraron 10 000 euros!!",
        ] {
            assert_eq!(of(copy).0.exact, of(text).0.exact, "{copy}");
        }
        for other in ["La app del banco funciona y me cobraron 2.000 euros", "no La app del banco funciona y me cobraron 2.000 euros"] {
            assert_ne!(of(other).0.exact, of(text).0.exact, "{other}");
        }
        assert_eq!(of("@banco https://t.co/abc 😡"), (Fingerprint::default(), Vec::new()));
    }

    /// What the choice of the pairs promises.
    #[test]
    fn two_changed_words_leave_a_common_pair() {
        let mut random = Prng::new(3);
        for _ in 0..2000 {
            let n = 10 + random.below(30) as usize;
            let words: Vec<String> = (0..n).map(|i| format!("w{}", ["a", "b", "c", "d", "e", "f", "g"][i % 7].repeat(1 + i / 7))).collect();
            let mut copy = words.clone();
            for _ in 0..2 {
                let place = random.below(n as u64) as usize;
                copy[place] = "otra".into();
            }
            let (a, b) = (of(&words.join(" ")).0, of(&copy.join(" ")).0);
            assert!(a.pairs.iter().any(|p| b.pairs.contains(p)), "{words:?} {copy:?}");
        }
    }
}
