//! Words side by side whose form is their base form: most of what people look for, kept small.

use super::hash::hash;
use super::word::is_plain_as;
use super::{Token, TokenKind, Tokens, Word};
use crate::query::Accents;

/// Bytes of base forms that need no memory of their own: three words, mostly.
const SHORT: usize = 38;

/// Base forms with a space between each.
#[derive(Debug)]
pub(super) enum Joined {
    /// So many bytes, and zeros behind them.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Joined {
    fn new(bytes: Vec<u8>) -> Joined {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(&bytes);
                Joined::Short(bytes.len() as u8, short)
            }
            None => Joined::Long(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Joined::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Joined::Long(bytes) => bytes,
        }
    }

    /// Whether `text[start..end]` is that; what is short is compared without asking how long it is.
    #[inline]
    pub(super) fn are_in(&self, text: &[u8], start: usize, end: usize) -> bool {
        if let (Joined::Short(length, bytes), Some(there)) = (self, text.get(start..).and_then(|t| t.first_chunk::<SHORT>())) {
            let length = usize::from(*length);
            let part = |at| (sixteen(bytes, at) ^ sixteen(there, at)) & first(length.saturating_sub(at));
            return end - start == length && part(0) | part(16) | part(SHORT - 16) == 0;
        }
        text.get(start..end) == Some(self.bytes())
    }
}

/// Sixteen bytes from `at` on.
#[inline]
fn sixteen(s: &[u8; SHORT], at: usize) -> u128 {
    s.get(at..).and_then(|s| s.first_chunk()).map_or(0, |s| u128::from_le_bytes(*s))
}

/// The bits of the first `bytes` bytes, of at most sixteen.
#[inline]
fn first(bytes: usize) -> u128 {
    if bytes >= 16 { u128::MAX } else { (1 << (8 * bytes)) - 1 }
}

/// Words without wildcards, marks and required capitals, in one piece of memory: what thousands of them
/// cost is the memory that they are read from.
#[derive(Debug)]
pub struct PlainWords {
    bases: Joined,
    /// Which one is looked for first.
    first: u8,
    /// How many there are.
    count: u8,
    /// Which one is the last of those that it is looked up by.
    key: u8,
    accents: Accents,
}

impl PlainWords {
    /// The same words, if all are of the kind; the one at `first` is looked for first, and the one at
    /// `key` ends what they are looked up by.
    pub fn new(words: &[Word], first: usize, key: usize, accents: Accents) -> Option<PlainWords> {
        let count = u8::try_from(words.len()).ok().filter(|count| *count > 0)?;
        if !words.iter().all(Word::is_plain) {
            return None;
        }
        let bases: Vec<&str> = words.iter().map(Word::base).collect();
        let bases = Joined::new(bases.join(" ").into());
        Some(PlainWords { bases, first: first as u8, count, key: key as u8, accents })
    }

    /// Their base forms, in order.
    fn bases(&self) -> impl Iterator<Item = &[u8]> {
        self.bases.bytes().split(|b| *b == b' ')
    }

    /// Hash of the base form of the word that is looked for first.
    pub fn hash(&self) -> u64 {
        self.bases().nth(usize::from(self.first)).map_or(0, |base| hash(base, base.len()))
    }

    /// Whether they stand where the token at `at` ends what they are looked up by.
    #[inline]
    pub fn are_at(&self, at: usize, text: &str, tokens: &Tokens) -> bool {
        let start = at.checked_sub(usize::from(self.key));
        let run = start.and_then(|start| tokens.tokens().get(start..start.checked_add(usize::from(self.count))?));
        run.is_some_and(|run| tokens.are_spaced(run, &self.bases) || self.are(run, text, tokens))
    }

    /// Whether they are these tokens, as many as they.
    fn are(&self, run: &[Token], text: &str, tokens: &Tokens) -> bool {
        self.bases().zip(run).all(|(base, token)| self.is_token(base, text, tokens, token))
    }

    /// Ranges of tokens of `text`, which `tokens` read last, where the words stand side by side.
    pub fn runs<'a>(&'a self, text: &'a str, tokens: &'a Tokens) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let (all, first, count) = (tokens.tokens(), usize::from(self.first), usize::from(self.count));
        let hash = self.hash();
        let found = all.iter().enumerate().skip(first).filter(move |(_, t)| t.hash == hash);
        found.filter_map(move |(at, _)| {
            let range = at - first..at - first + count;
            let run = all.get(range.clone())?;
            self.are(run, text, tokens).then_some(range)
        })
    }

    fn is_token(&self, base: &[u8], text: &str, tokens: &Tokens, token: &Token) -> bool {
        if token.kind == TokenKind::Url || tokens.base_bytes(token) != base {
            return false;
        }
        let raw = || text.get(token.start as usize..token.end as usize).unwrap_or_default();
        self.accents == Accents::Smart || raw().is_ascii() || is_plain_as(raw(), self.accents, base)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        if let Joined::Long(bytes) = &self.bases { bytes.len() } else { 0 }
    }

    /// The words one by one.
    pub fn words(&self) -> Vec<Word> {
        self.bases().filter_map(|b| std::str::from_utf8(b).ok()).map(|b| Word::literal(b, self.accents)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_hash;

    #[test]
    fn they_are_found_where_their_words_are() {
        let texts = [
            "La App NO funciona: app no funcioná",
            "año ano AÑO",
            "no\u{301} funciona no no funciona",
            "https://no.funciona no",
            "ﬁn fin",
            "K k",
        ];
        for typed in [vec!["no", "funciona"], vec!["ano"], vec!["no"], vec!["fin"], vec!["k"], vec!["app", "no", "funciona"]] {
            for accents in [Accents::Fold, Accents::Smart, Accents::Exact] {
                let words: Vec<Word> = typed.iter().map(|w| Word::new(w, accents)).collect();
                for first in 0..words.len() {
                    let key = words.len() - 1 - first;
                    let plain = PlainWords::new(&words, first, key, accents).unwrap();
                    assert_eq!((plain.hash(), plain.words().len()), (word_hash(typed[first]), typed.len()));
                    for text in texts {
                        let mut tokens = Tokens::default();
                        tokens.read(text);
                        let slow = |at: &usize| {
                            let run = tokens.tokens().get(*at..at + words.len());
                            run.is_some_and(|run| words.iter().zip(run).all(|(w, t)| w.is_token(text, &tokens, t)))
                        };
                        let wanted: Vec<usize> = (0..tokens.tokens().len()).filter(slow).collect();
                        let found: Vec<usize> = plain.runs(text, &tokens).map(|r| r.start).collect();
                        assert_eq!(found, wanted, "{typed:?} {accents:?} {text}");
                        let at = |start: usize| plain.are_at(start + key, text, &tokens);
                        assert!((0..tokens.tokens().len()).all(|start| at(start) == wanted.contains(&start)));
                        assert!(!plain.are_at(usize::MAX, text, &tokens) && (key == 0 || !plain.are_at(key - 1, text, &tokens)));
                    }
                }
            }
        }
    }

    #[test]
    fn words_of_other_kinds_are_refused() {
        let of = |word: Word| PlainWords::new(&[word], 0, 0, Accents::Fold).is_none();
        assert!(of(Word::new("caj*", Accents::Fold)) && of(Word::new("año", Accents::Fold)) && of(Word::cased("BT", Accents::Fold)));
        assert!(PlainWords::new(&[], 0, 0, Accents::Fold).is_none());
    }
}
