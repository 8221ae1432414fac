//! Words side by side whose form is their base form: most of what people look for, kept small.

use super::word::is_plain_as;
use super::{Token, TokenKind, Tokens, Word};
use crate::query::Accents;

/// Bytes of base forms, and their lengths, that need no memory of their own: two words, mostly.
const SHORT: usize = 22;

/// Base forms, each behind its length.
#[derive(Debug)]
enum Bases {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Bases {
    fn new(bytes: Vec<u8>) -> Bases {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(&bytes);
                Bases::Short(bytes.len() as u8, short)
            }
            None => Bases::Long(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Bases::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bases::Long(bytes) => bytes,
        }
    }
}

/// Words without wildcards, marks and required capitals, in one piece of memory: what thousands of them
/// cost is the memory that they are read from.
#[derive(Debug)]
pub struct PlainWords {
    bases: Bases,
    /// Hash of the word that is looked for first.
    hash: u64,
    /// Which one that is.
    first: u16,
    /// How many there are.
    count: u16,
    /// Which one is the last of those that it is looked up by.
    key: u16,
    accents: Accents,
}

impl PlainWords {
    /// The same words, if all are of the kind; the one at `first` is looked for first, and the one at
    /// `key` ends what they are looked up by.
    pub fn new(words: &[Word], first: usize, key: usize, accents: Accents) -> Option<PlainWords> {
        let count = u16::try_from(words.len()).ok()?;
        let hash = words.get(first)?.hash();
        let mut bases = Vec::new();
        for word in words {
            bases.push(u8::try_from(word.base().len()).ok().filter(|_| word.is_plain())?);
            bases.extend_from_slice(word.base().as_bytes());
        }
        Some(PlainWords { bases: Bases::new(bases), hash, first: first as u16, count, key: key as u16, accents })
    }

    /// Their base forms, in order.
    fn bases(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bases.bytes();
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first()?;
            let (base, next) = behind.split_at_checked(usize::from(*length))?;
            rest = next;
            Some(base)
        })
    }

    /// Hash of the base form of the word that is looked for first.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether they stand where the token at `at` ends what they are looked up by.
    #[inline]
    pub fn are_at(&self, at: usize, text: &str, tokens: &Tokens) -> bool {
        let start = at.checked_sub(usize::from(self.key));
        let run = start.and_then(|start| tokens.tokens().get(start..start.checked_add(usize::from(self.count))?));
        run.is_some_and(|run| self.bases().zip(run).all(|(base, token)| self.is_token(base, text, tokens, token)))
    }

    /// Ranges of tokens of `text`, which `tokens` read last, where the words stand side by side.
    pub fn runs<'a>(&'a self, text: &'a str, tokens: &'a Tokens) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let (all, first, count) = (tokens.tokens(), usize::from(self.first), usize::from(self.count));
        let found = all.iter().enumerate().skip(first).filter(move |(_, t)| t.hash == self.hash);
        found.filter_map(move |(at, _)| {
            let range = at - first..at - first + count;
            let run = all.get(range.clone())?;
            self.bases().zip(run).all(|(base, token)| self.is_token(base, text, tokens, token)).then_some(range)
        })
    }

    #[inline]
    fn is_token(&self, base: &[u8], text: &str, tokens: &Tokens, token: &Token) -> bool {
        if token.kind == TokenKind::Url || tokens.base_bytes(token) != base {
            return false;
        }
        let raw = || text.get(token.start as usize..token.end as usize).unwrap_or_default();
        self.accents == Accents::Smart || raw().is_ascii() || is_plain_as(raw(), self.accents, base)
    }

    /// Reads a little of it, so that it is near when it is needed.
    pub fn touch(&self) -> u32 {
        self.bases.bytes().first().copied().map_or(0, u32::from)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        if let Bases::Long(bytes) = &self.bases { bytes.len() } else { 0 }
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
