//! What a post must have for a leaf to hold, as numbers to look up, and how rare they are.

use super::common;
use super::fields::Ask;
use super::leaf::Test;
use crate::query::{Accents, Attribute, Party, Place};
use crate::text::{Name, TokenKind, Word, base, base_into, pair_hash, split, word_hash};

/// What a post must have for a leaf to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    /// This hash of a token or of two neighbours is in the text, or salted in a field.
    Token(u64),
    /// A token begins with these bytes, so many.
    Prefix(u64, u32),
    /// This hash of a whole value is in the post.
    Field(Field, u64),
    /// The base form of the text holds the leaf's own.
    Substring,
    /// The base form of the text or of a link holds the leaf's own.
    LinkSubstring,
    /// A rule matches.
    Rule,
}

/// A field that is looked up as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From = 1,
    To,
    RetweetsOf,
    Conversation,
    InReplyTo,
    Site,
}

impl Field {
    /// The accounts among them.
    pub(super) const ACCOUNTS: [(Field, Party); 3] =
        [(Field::From, Party::From), (Field::To, Party::To), (Field::RetweetsOf, Party::RetweetsOf)];

    fn of(party: Party) -> Field {
        match party {
            Party::From => Field::From,
            Party::To => Field::To,
            Party::RetweetsOf => Field::RetweetsOf,
        }
    }

    /// Key of this field with a value of this base form.
    pub(super) fn key(self, base: &str) -> u64 {
        pair_hash(word_hash(base), self as u64)
    }
}

/// Keeps the keys of the words of links apart from those of the text.
pub(super) const LINK_SALT: u64 = 16;

/// Keeps the keys of the words of a place apart.
pub(super) fn place_salt(place: Place) -> u64 {
    LINK_SALT + 1 + place as u64
}

/// The longest prefix that is looked up.
pub(super) const PREFIX_BYTES: u32 = 8;

/// Key of a token's first `len` bytes, which `head` begins with.
pub(super) fn prefix_key(head: u64, len: u32) -> u64 {
    let kept = if len >= 8 { head } else { head & ((1 << (8 * len)) - 1) };
    pair_hash(kept, u64::from(len) << 32)
}

/// How often one account, thread or answered post comes, by guess.
const FIELD: f64 = 1e-4;
/// How often a post stands below one host.
const SITE: f64 = 0.05;
/// How often a rule matches.
const RULE: f64 = 0.01;

impl Test {
    /// The key that is likely the rarest, with a guess of how often it is found in a post; none if no
    /// key finds it.
    pub(super) fn key(&self) -> Option<(Key, f64)> {
        match self {
            Test::Plain(plain) => phrase_key(&plain.words()).map(|k| (k.key, k.often)),
            Test::Phrase(phrase) => phrase_key(phrase.words()).map(|k| (k.key, k.often)),
            Test::Entity(name) => phrase_key(&name_words(name)).map(|k| (k.key, k.often / 8.0)),
            Test::In(place, phrase) => phrase_key(phrase.words()).map(|k| (k.key.salted(place_salt(*place)), k.often / 2.0)),
            Test::Url(phrase) => phrase_key(phrase.words()).map(|k| (k.key.salted(LINK_SALT), k.often / 8.0)),
            Test::Contains(_) | Test::Raw(_) => substring_key(Key::Substring, &self.substring()),
            Test::Post(ask) => match &**ask {
                Ask::Account(party, a) => Some((Field::of(*party).found(&a.base()), FIELD)),
                Ask::Is(Attribute::Conversation, v) => Some((Field::Conversation.found(&base(v)), FIELD)),
                Ask::Is(Attribute::InReplyTo, v) => Some((Field::InReplyTo.found(&base(v)), FIELD)),
                Ask::Site(host) => Some((Field::Site.found(&base(host)), SITE)),
                Ask::UrlContains(_) => substring_key(Key::LinkSubstring, &self.substring()),
                _ => None,
            },
            Test::Rule(_) => Some((Key::Rule, RULE)),
            // It is looked for nowhere, since it is never found.
            Test::Never => Some((Key::Rule, 0.0)),
            Test::Near(_) => None,
        }
    }

    /// Base form of what a substring looks for.
    pub(super) fn substring(&self) -> String {
        let mut form = Vec::new();
        match self {
            Test::Contains(value) => return value.base().to_owned(),
            // As the text's: what is in the composed text has its base form in the base form of the text.
            Test::Raw(value) => base_into(value, &mut form),
            Test::Post(ask) => {
                if let Ask::UrlContains(value) = &**ask {
                    return value.base().to_owned();
                }
            }
            _ => {}
        }
        String::from_utf8(form).unwrap_or_default()
    }
}

impl Field {
    fn found(self, base: &str) -> Key {
        Key::Field(self, self.key(base))
    }
}

impl Key {
    fn salted(self, salt: u64) -> Key {
        match self {
            Key::Token(key) => Key::Token(pair_hash(key, salt)),
            Key::Prefix(key, len) => Key::Prefix(pair_hash(key, salt), len),
            other => other,
        }
    }
}

fn substring_key(key: Key, base: &str) -> Option<(Key, f64)> {
    (!base.is_empty()).then(|| (key, often(base) * 16.0))
}

/// The words a name is made of.
pub(super) fn name_words(name: &Name) -> Vec<Word> {
    let folded = name.folded();
    let words = split(folded, false).into_iter().filter(|p| p.kind == TokenKind::Word);
    words.filter_map(|p| folded.get(p.start..p.end)).map(|w| Word::literal(w, Accents::Fold)).collect()
}

/// The key of a phrase, how often it is found, and the word that ends it.
pub(super) struct PhraseKey {
    key: Key,
    often: f64,
    pub(super) last: usize,
}

/// The rarest pair of neighbours, word or beginning of a word.
pub(super) fn phrase_key(words: &[Word]) -> Option<PhraseKey> {
    let solid = |w: &Word| !w.is_wild();
    let pairs = words.windows(2).zip(1..).filter_map(|(w, last)| match w {
        [a, b] if solid(a) && solid(b) => {
            Some(PhraseKey { key: Key::Token(pair_hash(a.hash(), b.hash())), often: pair_often(a.base(), b.base()), last })
        }
        _ => None,
    });
    let singles = words.iter().enumerate().filter_map(|(last, w)| {
        let base = w.base();
        if solid(w) {
            return Some(PhraseKey { key: Key::Token(w.hash()), often: often(base), last });
        }
        let len = (base.len() as u32).min(PREFIX_BYTES);
        let mut head = [0; 8];
        head.iter_mut().zip(base.bytes()).for_each(|(to, from)| *to = from);
        let key = Key::Prefix(prefix_key(u64::from_le_bytes(head), len), len);
        (len > 0).then(|| PhraseKey { key, often: by_length(base) * 4.0, last })
    });
    pairs.chain(singles).min_by(|a, b| a.often.total_cmp(&b.often))
}

/// How often a word is in a post, by guess: there are no statistics when a query is compiled.
pub(super) fn often(base: &str) -> f64 {
    // Of the words that are not common, the longer is still the rarer.
    common::often(base).unwrap_or_else(|| common::RARER * 0.8_f64.powi(base.chars().count().min(16) as i32))
}

/// Short words and short beginnings of words are frequent.
fn by_length(base: &str) -> f64 {
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
    use crate::query::Term;

    #[test]
    fn a_key_is_the_rarest_pair_word_or_prefix() {
        let key = |words: &[&str]| {
            let term = Term::Phrase(words.iter().map(|w| w.to_string()).collect());
            Test::new(&term, Accents::Fold, 0, &|_| None).key().map(|k| k.0)
        };
        let hash = |w: &str| word_hash(w);
        assert_eq!(key(&["no", "Funciona"]), Some(Key::Token(pair_hash(hash("no"), hash("funciona")))));
        assert_eq!(key(&["comisión"]), Some(Key::Token(hash("comision"))));
        assert_eq!(key(&["caj*"]), Some(Key::Prefix(prefix_key(u64::from_le_bytes(*b"caj\0\0\0\0\0"), 3), 3)));
        assert_eq!(key(&["tarjeta", "bl*"]), Some(Key::Token(hash("tarjeta"))));
        // Short, but rarer than a long word that everybody uses.
        assert_eq!(key(&["bbva", "*x", "siempre"]), Some(Key::Token(hash("bbva"))));
    }

    #[test]
    fn the_same_word_in_another_field_is_another_key() {
        let keys = [place_salt(Place::Title), place_salt(Place::Bio), LINK_SALT].map(|salt| Key::Token(7).salted(salt));
        assert!(keys.iter().enumerate().all(|(i, k)| keys.iter().skip(i + 1).all(|other| other != k)));
    }
}
