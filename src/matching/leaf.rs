//! One compiled term: what must be looked for in a post, and where it is found.

use super::fields::{Account, Ask, Scene};
use super::links::Asked;
use super::near::Spans;
use super::words;
use crate::query::{Accents, Attribute, Place, Term};
use crate::text::{Name, PlainWords, Token, Tokens, Word, fold, nfc};

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

/// A term or a proximity of one or more queries; one line of the cache, because which leaves a post asks
/// for is not foreseeable.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Leaf {
    pub(super) test: Test,
    /// Whether the quoted text may have it instead of the own one.
    pub(super) quoted: bool,
    /// The queries that stand on it.
    pub(super) anchored: Anchored,
}

const _: () = assert!(size_of::<Leaf>() == 64);

/// Queries that stand on a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchored {
    /// One.
    One(u32),
    /// A range of the list of all.
    Range(u32, u32),
}

/// Words side by side.
#[derive(Debug)]
pub(super) struct Phrase {
    words: Box<[Word]>,
    /// The word that is looked for first.
    first: u32,
}

/// What is asked of a post, ready to be evaluated.
#[derive(Debug)]
pub(super) enum Test {
    /// Consecutive tokens of the common kind.
    Plain(PlainWords),
    /// Consecutive tokens.
    Phrase(Box<Phrase>),
    /// A hashtag, mention or cashtag.
    Entity(Name),
    /// A substring of the whole text.
    Contains(Box<Word>),
    /// A substring of the whole text, both composed.
    Raw(Box<str>),
    /// Terms near each other.
    Near(Box<Spans>),
    /// Consecutive tokens of another field.
    In(Place, Box<Phrase>),
    /// Consecutive tokens of a link.
    Url(Box<Phrase>),
    /// Anything else about the post.
    Post(Box<Ask>),
    /// The rule with this number matches.
    Rule(u32),
    /// Nothing matches: what is asked for is unknown, or stands on itself.
    Never,
}

impl Test {
    /// `rule` gives the number of a rule, or none for what can never match.
    pub(super) fn new(term: &Term, accents: Accents, scope: u32, rule: &dyn Fn(&str) -> Option<u32>) -> Test {
        let folded = |s: &str| fold(s, Accents::Exact).into_boxed_str();
        let ask = |ask| Test::Post(Box::new(ask));
        match term {
            Term::Phrase(w) => {
                let phrase = Phrase::new(w, |w| Word::new(w, accents));
                let key = super::key::phrase_key(&phrase.words).map_or(0, |k| k.last);
                let plain = PlainWords::new(&phrase.words, phrase.first as usize, key, accents);
                plain.map_or_else(|| Test::Phrase(phrase.into()), Test::Plain)
            }
            Term::Case(w) => Test::Phrase(Phrase::new(w, |w| Word::cased(w, accents)).into()),
            Term::Mention(n) => Test::Entity(Name::new('@', n)),
            Term::Hashtag(n) => Test::Entity(Name::new('#', n)),
            Term::Cashtag(n) => Test::Entity(Name::new('$', n)),
            Term::Contains(v) => Test::Contains(Word::literal(v, accents).into()),
            Term::Raw(v) => Test::Raw(nfc(v).into()),
            Term::In(place, w) => Test::In(*place, Phrase::new(w, |w| Word::new(w, accents)).into()),
            Term::Url(w) => Test::Url(Phrase::new(w, |w| Word::literal(w, Accents::Fold)).into()),
            Term::UrlContains(v) => ask(Ask::UrlContains(Word::literal(v, Accents::Fold))),
            Term::Site(h) => ask(Ask::Site(folded(h))),
            Term::Account(party, a) => ask(Ask::Account(*party, Account::new(a))),
            Term::Is(a @ (Attribute::Conversation | Attribute::InReplyTo), v) => ask(Ask::Is(*a, v.as_str().into())),
            Term::Is(a, v) => ask(Ask::Is(*a, folded(v))),
            Term::Lang(l) => ask(Ask::Lang(l.as_str().into())),
            Term::Number(measure, range) => ask(Ask::Number(*measure, *range, scope)),
            Term::Hour { from, to } => ask(Ask::Hour(*from, *to, scope)),
            Term::Weekday { from, to } => ask(Ask::Weekday(*from, *to, scope)),
            Term::Flag(flag) => ask(Ask::Flag(*flag, scope)),
            Term::Sample(part) => ask(Ask::Sample(*part)),
            Term::Rule(name) => rule(name).map_or(Test::Never, Test::Rule),
            Term::Everything => ask(Ask::Everything),
        }
    }

    /// What must be read of a post, besides its text, to answer it.
    pub(super) fn asks_for(&self) -> Asked {
        match self {
            Test::In(place, _) => Asked::place(*place),
            Test::Url(_) => Asked::links(),
            _ => Asked::default(),
        }
    }

    /// Whether the post has it; `quoted` says whether the quoted text counts.
    pub(super) fn holds(&self, leaves: &[Leaf], scene: &Scene<'_>, quoted: bool) -> bool {
        match self {
            Test::In(place, phrase) => phrase.is_in(scene.fields.place(scene.post, *place)),
            Test::Url(phrase) => phrase.is_in(scene.fields.links()),
            Test::Post(ask) => ask.holds(scene),
            Test::Rule(_) | Test::Never => false,
            _ => {
                let second = scene.quoted.filter(|_| quoted);
                [Some(scene.own), second].into_iter().flatten().any(|view| self.holds_in_text(leaves, view))
            }
        }
    }

    /// Whether it is seen to hold where the token at `at` of the text ends what it was looked up by; if
    /// not, it may hold elsewhere.
    #[inline]
    pub(super) fn holds_at(&self, at: u32, view: View<'_>) -> bool {
        matches!(self, Test::Plain(plain) if plain.are_at(at as usize, view.text, view.tokens))
    }

    fn holds_in_text(&self, leaves: &[Leaf], view: View<'_>) -> bool {
        match self {
            Test::Plain(plain) => plain.runs(view.text, view.tokens).next().is_some(),
            Test::Phrase(phrase) => phrase.is_in(view),
            Test::Entity(name) => view.tokens.entities(view.text).any(|e| name.is(&e, view.text)),
            Test::Contains(value) => value.is_in(view.text),
            Test::Raw(value) => !value.is_empty() && nfc(view.text).contains(&**value),
            Test::Near(spans) => spans.holds(leaves, view),
            _ => false,
        }
    }

    /// Appends every run of tokens that is it, in order; terms without a place in the text have none.
    pub(super) fn runs(&self, view: View<'_>, out: &mut Vec<Run>) {
        match self {
            Test::Plain(plain) => {
                out.extend(plain.runs(view.text, view.tokens).map(|r| Run { start: r.start as u32, end: r.end as u32 }));
            }
            Test::Phrase(phrase) => out.extend(phrase.runs(view)),
            Test::Entity(name) => {
                let named = view.tokens.entities(view.text).filter(|e| name.is(e, view.text));
                out.extend(named.filter_map(|e| tokens_within(view.tokens.tokens(), e.start, name.end_in(&e))));
            }
            _ => {}
        }
    }

    /// Bytes it holds on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Test::Plain(plain) => plain.heap_bytes(),
            Test::Phrase(phrase) | Test::In(_, phrase) | Test::Url(phrase) => size_of::<Phrase>() + phrase.heap_bytes(),
            Test::Contains(value) => size_of::<Word>() + 2 * value.base().len(),
            Test::Entity(name) => name.folded().len(),
            Test::Raw(value) => value.len(),
            Test::Post(ask) => size_of::<Ask>() + ask.heap_bytes(),
            Test::Near(spans) => spans.heap_bytes(),
            Test::Rule(_) | Test::Never => 0,
        }
    }

    /// A token that every text in which it holds has, or what one begins with, as a bit of
    /// [`Words`](words::Words).
    pub(super) fn word(&self) -> u32 {
        let found = match self {
            Test::Plain(plain) => Some(words::bit(plain.hash())),
            Test::Phrase(phrase) => match phrase.rarest_word() {
                Some(word) => Some(words::bit(word.hash())),
                None => phrase.words.iter().max_by_key(|w| w.base().len()).and_then(|w| words::beginning(w.base())),
            },
            Test::Entity(name) => super::key::name_words(name).iter().max_by_key(|w| w.base().len()).map(|w| words::bit(w.hash())),
            _ => None,
        };
        found.unwrap_or(words::NO_WORD)
    }
}

impl Phrase {
    fn new(typed: &[String], word: impl Fn(&str) -> Word) -> Phrase {
        let words: Box<[Word]> = typed.iter().map(|w| word(w)).collect();
        let rarest = words.iter().enumerate().filter(|(_, w)| !w.is_wild());
        let first = rarest.min_by(|a, b| super::key::often(a.1.base()).total_cmp(&super::key::often(b.1.base())));
        Phrase { first: first.map_or(0, |(i, _)| i) as u32, words }
    }

    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The word that is least often there by chance; none if all are patterns.
    fn rarest_word(&self) -> Option<&Word> {
        self.words.get(self.first as usize).filter(|w| !w.is_wild())
    }

    fn is_in(&self, view: View<'_>) -> bool {
        self.runs(view).next().is_some()
    }

    /// Where its words stand side by side.
    fn runs<'a>(&'a self, view: View<'a>) -> impl Iterator<Item = Run> + 'a {
        let (words, first) = (&*self.words, self.first as usize);
        let tokens = view.tokens.tokens();
        let hash = self.rarest_word().map(Word::hash);
        let is = move |(w, t): (&Word, &Token)| w.is_token(view.text, view.tokens, t);
        let found = tokens.iter().enumerate().skip(first).filter(move |(_, t)| hash.is_none_or(|h| h == t.hash));
        found.filter_map(move |(at, _)| {
            let run = tokens.get(at - first..at - first + words.len())?;
            let all = !words.is_empty() && words.iter().zip(run).all(is);
            all.then_some(Run { start: (at - first) as u32, end: (at - first + words.len()) as u32 })
        })
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.words) + self.words.iter().map(|w| 2 * w.base().len()).sum::<usize>()
    }
}

/// The tokens between two bytes of the text; none if there are none.
fn tokens_within(tokens: &[Token], start: usize, end: usize) -> Option<Run> {
    let first = tokens.partition_point(|t| (t.start as usize) < start);
    let last = tokens.partition_point(|t| (t.end as usize) <= end);
    (first < last).then_some(Run { start: first as u32, end: last as u32 })
}
