//! One compiled term: what must be looked for in a post, and where it is found.

use super::near::Spans;
use crate::post::Post;
use crate::query::{Accents, Attribute, Party, Term};
use crate::text::{Name, Token, TokenKind, Tokens, Word, fold, pair_hash, split, word_hash};

/// A run of tokens, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A text with its tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a Tokens,
}

/// A term or a proximity of one or more queries.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) test: Test,
    /// Whether the quoted text may have it instead of the own one.
    pub(super) quoted: bool,
    /// Range of the queries that stand on it.
    pub(super) anchored: (u32, u32),
}

/// An account as a query names it: by its handle, or by the network's id where only that is known.
#[derive(Debug)]
pub(super) struct Account {
    /// As typed: ids are exact.
    id: Box<str>,
    /// Handles fold.
    handle: Box<str>,
}

impl Account {
    fn new(typed: &str) -> Account {
        Account { id: typed.into(), handle: fold(typed, Accents::Fold).into() }
    }

    fn is(&self, id: &str, handle: &str) -> bool {
        (!id.is_empty() && id == &*self.id) || is_handle(handle, &self.handle)
    }

    /// Its base form, which the id of a post and its handle have too if they are the account's.
    fn base(&self) -> String {
        crate::text::base(&self.handle)
    }
}

/// What is asked of a post, ready to be evaluated.
#[derive(Debug)]
pub(super) enum Test {
    /// Consecutive tokens, and which of the words is looked for first.
    Phrase(Box<[Word]>, u32),
    /// A hashtag, mention or cashtag.
    Entity(Name),
    /// A substring of the whole text.
    Contains(Box<Word>),
    /// The account that wrote it.
    From(Account),
    /// The account that is answered.
    To(Account),
    /// A language code.
    Lang(Box<str>),
    /// A network's name.
    Network(Box<str>),
    /// Terms near each other.
    Near(Box<Spans>),
}

impl Test {
    pub(super) fn new(term: &Term, accents: Accents) -> Test {
        let words = |w: &[String], f: fn(&str, Accents) -> Word| {
            let words: Box<[Word]> = w.iter().map(|w| f(w, accents)).collect();
            // The longest word is the one least often there by chance.
            let first = words.iter().enumerate().max_by_key(|(_, w)| (!w.is_wild(), w.base().len())).map_or(0, |(i, _)| i);
            Test::Phrase(words, first as u32)
        };
        match term {
            Term::Phrase(w) => words(w, Word::new),
            Term::Case(w) => words(w, Word::cased),
            Term::Mention(n) => Test::Entity(Name::new('@', n)),
            Term::Hashtag(n) => Test::Entity(Name::new('#', n)),
            Term::Cashtag(n) => Test::Entity(Name::new('$', n)),
            Term::Account(Party::From, h) => Test::From(Account::new(h)),
            Term::Account(Party::To, h) => Test::To(Account::new(h)),
            Term::Lang(l) => Test::Lang(l.as_str().into()),
            Term::Is(Attribute::Network, n) => Test::Network(n.as_str().into()),
            Term::Contains(v) => Test::Contains(Word::literal(v, accents).into()),
            _ => Test::Network("".into()),
        }
    }

    /// Whether it asks about the text, so that a quoted text may answer too.
    pub(super) fn is_textual(&self) -> bool {
        matches!(self, Test::Phrase(..) | Test::Entity(_) | Test::Contains(_) | Test::Near(_))
    }

    /// Whether the post's own data, apart from its texts, has it.
    pub(super) fn holds_in_post(&self, post: &Post<'_>) -> bool {
        match self {
            Test::From(a) => a.is(post.author.id, post.author.handle),
            Test::To(a) => a.is(post.in_reply_to.author_id, post.in_reply_to.author),
            Test::Lang(code) => is_language(post.lang, code),
            Test::Network(n) => !n.is_empty() && post.network.eq_ignore_ascii_case(n),
            Test::Phrase(..) | Test::Entity(_) | Test::Contains(_) | Test::Near(_) => false,
        }
    }

    /// Whether the text has it.
    pub(super) fn holds_in_text(&self, leaves: &[Leaf], view: View<'_>) -> bool {
        match self {
            Test::Phrase(words, first) => phrase_runs(words, *first as usize, view).next().is_some(),
            Test::Entity(name) => view.tokens.entities(view.text).any(|e| name.is(&e, view.text)),
            Test::Contains(value) => value.is_in(view.text),
            Test::Near(spans) => !spans.runs(leaves, view).is_empty(),
            Test::From(_) | Test::To(_) | Test::Lang(_) | Test::Network(_) => false,
        }
    }

    /// Appends every run of tokens that is it, in order; terms without a place in the text have none.
    pub(super) fn runs(&self, leaves: &[Leaf], view: View<'_>, out: &mut Vec<Run>) {
        match self {
            Test::Phrase(words, first) => out.extend(phrase_runs(words, *first as usize, view)),
            Test::Entity(name) => {
                let named = view.tokens.entities(view.text).filter(|e| name.is(e, view.text));
                out.extend(named.filter_map(|e| tokens_within(view.tokens.tokens(), e.start, name.end_in(&e))));
            }
            Test::Near(spans) => out.extend(spans.runs(leaves, view)),
            Test::Contains(_) | Test::From(_) | Test::To(_) | Test::Lang(_) | Test::Network(_) => {}
        }
    }
}

/// Where `words` stand side by side; the word at `first` is looked for first.
fn phrase_runs<'a>(words: &'a [Word], first: usize, view: View<'a>) -> impl Iterator<Item = Run> + 'a {
    let tokens = view.tokens.tokens();
    let hash = words.get(first).filter(|w| !w.is_wild()).map(Word::hash);
    let is = move |(w, t): (&Word, &Token)| w.is_token(view.text, view.tokens, t);
    let found = tokens.iter().enumerate().skip(first).filter(move |(_, t)| hash.is_none_or(|h| h == t.hash));
    found.filter_map(move |(at, _)| {
        let run = tokens.get(at - first..at - first + words.len())?;
        let all = !words.is_empty() && words.iter().zip(run).all(is);
        all.then_some(Run { start: (at - first) as u32, end: (at - first + words.len()) as u32 })
    })
}

/// The tokens between two bytes of the text; none if there are none.
fn tokens_within(tokens: &[Token], start: usize, end: usize) -> Option<Run> {
    let first = tokens.partition_point(|t| (t.start as usize) < start);
    let last = tokens.partition_point(|t| (t.end as usize) <= end);
    (first < last).then_some(Run { start: first as u32, end: last as u32 })
}

/// Whether a handle of a post is the one looked for.
fn is_handle(h: &str, folded: &str) -> bool {
    !h.is_empty() && if h.is_ascii() { h.eq_ignore_ascii_case(folded) } else { fold(h, Accents::Fold) == folded }
}

/// R29: a code matches itself and its regions; a post without language is `und`.
fn is_language(of_post: &str, code: &str) -> bool {
    let of_post = if of_post.is_empty() { "und" } else { of_post };
    let (head, rest) = of_post.split_at_checked(code.len()).unwrap_or_default();
    !code.is_empty() && head.eq_ignore_ascii_case(code) && (rest.is_empty() || rest.starts_with('-'))
}

/// What a post must have for a leaf to hold, as one number to look up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    /// This hash of a token or of two neighbours is in the text.
    Token(u64),
    /// A token begins with these bytes, so many.
    Prefix(u64, u32),
    /// This hash of a field is in the post.
    Field(u64),
    /// The base form of the text holds the leaf's own.
    Substring,
}

/// Salts that keep the fields' keys apart from the words'.
const FROM: u64 = 1;
const TO: u64 = 2;

/// Key of the base form of the author's handle or id.
pub(super) fn from_key(base: &str) -> u64 {
    pair_hash(word_hash(base), FROM)
}

/// Key of the base form of the handle or id that is answered.
pub(super) fn to_key(base: &str) -> u64 {
    pair_hash(word_hash(base), TO)
}

/// The longest prefix that is looked up.
pub(super) const PREFIX_BYTES: u32 = 8;

/// Key of a token's first `len` bytes, which `head` begins with.
pub(super) fn prefix_key(head: u64, len: u32) -> u64 {
    let kept = if len >= 8 { head } else { head & ((1 << (8 * len)) - 1) };
    pair_hash(kept, u64::from(len) << 32)
}

impl Test {
    /// The key that is likely the rarest, with a guess of how often it is found in a post; none if no
    /// key finds it.
    pub(super) fn key(&self) -> Option<(Key, f64)> {
        match self {
            Test::Phrase(words, _) => phrase_key(words),
            Test::Entity(name) => {
                let words: Vec<Word> = name_words(name);
                phrase_key(&words).map(|(k, often)| (k, often / 8.0))
            }
            Test::Contains(value) if value.base().is_empty() => None,
            Test::Contains(value) => Some((Key::Substring, often(value.base()) * 16.0)),
            Test::From(a) => Some((Key::Field(from_key(&a.base())), FIELD)),
            Test::To(a) => Some((Key::Field(to_key(&a.base())), FIELD)),
            Test::Lang(_) | Test::Network(_) | Test::Near(_) => None,
        }
    }

    /// Base form of what a substring looks for.
    pub(super) fn substring(&self) -> &str {
        if let Test::Contains(value) = self { value.base() } else { "" }
    }

    /// Bytes it holds on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Test::Phrase(words, _) => size_of_val(&**words) + words.iter().map(|w| 2 * w.base().len()).sum::<usize>(),
            Test::Contains(value) => size_of::<Word>() + 2 * value.base().len(),
            Test::Entity(name) => name.folded().len(),
            Test::From(a) | Test::To(a) => a.id.len() + a.handle.len(),
            Test::Lang(s) | Test::Network(s) => s.len(),
            Test::Near(_) => size_of::<Spans>(),
        }
    }

    /// Hash of a token every matching text has, if there is one.
    pub(super) fn token(&self) -> Option<u64> {
        match self {
            Test::Phrase(words, _) => words.iter().filter(|w| !w.is_wild()).max_by_key(|w| w.base().len()).map(Word::hash),
            Test::Entity(name) => name_words(name).iter().max_by_key(|w| w.base().len()).map(Word::hash),
            _ => None,
        }
    }
}

/// How often one account writes or is answered, by guess.
const FIELD: f64 = 1e-4;

/// The words a name is made of.
fn name_words(name: &Name) -> Vec<Word> {
    let folded = name.folded();
    let words = split(folded, false).into_iter().filter(|p| p.kind == TokenKind::Word);
    words.filter_map(|p| folded.get(p.start..p.end)).map(|w| Word::literal(w, Accents::Fold)).collect()
}

fn phrase_key(words: &[Word]) -> Option<(Key, f64)> {
    let solid = |w: &Word| !w.is_wild();
    let pairs = words.windows(2).filter_map(|w| match w {
        [a, b] if solid(a) && solid(b) => Some((Key::Token(pair_hash(a.hash(), b.hash())), pair_often(a.base(), b.base()))),
        _ => None,
    });
    let singles = words.iter().filter_map(|w| {
        let base = w.base();
        if solid(w) {
            return Some((Key::Token(w.hash()), often(base)));
        }
        let len = (base.len() as u32).min(PREFIX_BYTES);
        let mut head = [0; 8];
        head.iter_mut().zip(base.bytes()).for_each(|(to, from)| *to = from);
        (len > 0).then(|| (Key::Prefix(prefix_key(u64::from_le_bytes(head), len), len), often(base) * 4.0))
    });
    pairs.chain(singles).min_by(|a, b| a.1.total_cmp(&b.1))
}

/// How often a word is in a post, guessed from its length: there are no statistics when a query is compiled.
fn often(base: &str) -> f64 {
    0.6_f64.powi(base.chars().count().min(16) as i32)
}

/// How often two words stand side by side: never more often than the rarer one.
fn pair_often(a: &str, b: &str) -> f64 {
    let (a, b) = (often(a), often(b));
    a.min(b) * a.max(b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_match_their_regions() {
        for (post, code, expected) in [
            ("pt", "pt", true),
            ("pt-BR", "PT", true),
            ("pt", "pt-BR", false),
            ("", "und", true),
            ("ptx", "pt", false),
            ("", "es", false),
            ("ñ", "e", false),
        ] {
            assert_eq!(is_language(post, code), expected, "{post} {code}");
        }
    }

    #[test]
    fn handles_fold() {
        assert!(is_handle("BBVAResponde", "bbvaresponde"));
        assert!(is_handle("Año", "año"));
        assert!(!is_handle("", ""));
        assert!(!is_handle("bank.bsky.social", "bank"));
    }

    #[test]
    fn a_key_is_the_rarest_pair_word_or_prefix() {
        let key =
            |words: &[&str]| Test::new(&Term::Phrase(words.iter().map(|w| w.to_string()).collect()), Accents::Fold).key().map(|k| k.0);
        let hash = |w: &str| word_hash(w);
        assert_eq!(key(&["no", "Funciona"]), Some(Key::Token(pair_hash(hash("no"), hash("funciona")))));
        assert_eq!(key(&["comisión"]), Some(Key::Token(hash("comision"))));
        assert_eq!(key(&["caj*"]), Some(Key::Prefix(prefix_key(u64::from_le_bytes(*b"caj\0\0\0\0\0"), 3), 3)));
        assert_eq!(key(&["tarjeta", "bl*"]), Some(Key::Token(hash("tarjeta"))));
    }
}
