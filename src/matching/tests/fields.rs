//! What is asked of a post besides its text.

use std::cell::Cell;

use super::*;
use crate::post::{Count, Kind, Lines, Media};
use crate::query::{Decimals, Place};

fn not(term: Term, accents: Accents) -> Query {
    query(Node::And(vec![Node::Leaf(0), Node::Not(Box::new(Node::Leaf(1)))]), vec![words("hola"), term], accents)
}

/// Whether it holds; that it is decided alike as an exclusion, and with quoted texts.
fn holds(term: &Term, accents: Accents, post: &Post<'_>) -> bool {
    let post = &Post { quoted_text: "Jefa https://quoted.com ? #q @q $q 😡", ..*post };
    let quoted = Query { quoted: true, ..one(term.clone(), accents) };
    let found = matched(&[one(term.clone(), accents), quoted, not(term.clone(), accents)], post);
    match found.as_slice() {
        [0, 1] => true,
        [] => false,
        [2] => false,
        other => panic!("{term:?} {other:?}"),
    }
}

fn link(text: &str) -> Post<'_> {
    Post { text, ..Post::default() }
}

fn url(words: &str) -> Term {
    Term::Url(words.split(' ').map(String::from).collect())
}

#[test]
fn links() {
    let site = |s: &str| Term::Site(s.into());
    let part = |s: &str| Term::UrlContains(s.into());
    let told = Post { links: Lines("https://a.org/x\nhttps://www.Bancomer.com/Año?u=https://z.net/q"), ..Post::default() };
    let from = |url| Post { url, ..Post::default() };
    for (term, post, expected) in [
        (url("bancomer com"), link("miren https://www.bancomer.com/avisos"), true),
        (url("BANCOMER com"), link("miren (HTTP://bancomer.com)"), true),
        (url("bancomer com"), link("bancomer com"), false),
        (url("com avisos"), link("https://bancomer.com http://avisos.es"), false),
        (url("bancomer avisos"), link("https://www.bancomer.com/avisos"), false),
        (url("bancomer com"), told, true),
        (url("año"), told, true),
        (url("ano"), told, false),
        (url("z net"), told, true),
        (url("x www"), told, false),
        (url("com ano"), Post { links: Lines("bancomer.com/ano"), ..Post::default() }, true),
        (part("comer.com/añ"), told, true),
        (part("a.org/x"), told, true),
        (part("COM/AV"), link("https://www.bancomer.com/avisos"), true),
        (part("bancomer.com"), link("bancomer.com"), false),
        (site("Example.com"), from("https://news.EXAMPLE.com:80/a"), true),
        (site("example.com"), from("https://example.com"), true),
        (site("example.com"), from("https://badexample.com"), false),
        (site("news.example.com"), from("https://example.com/news.example.com"), false),
        (site("ñu.es"), from("https://ÑU.es/"), true),
        (site("example.com"), from(""), false),
    ] {
        assert_eq!(holds(&term, Exact, &post), expected, "{term:?} {post:?}");
    }
}

#[test]
fn words_of_other_fields() {
    let author = Author { name: "Jefa de Año", bio: "Vivo en Cancún", location: "México", ..Author::default() };
    let post = Post { text: "hola", title: "Última HORA", author, place: "Ciudad de México", ..Post::default() };
    let of = |place, w: &str| Term::In(place, w.split(' ').map(String::from).collect());
    for (term, accents, expected) in [
        (of(Place::Title, "ultima hora"), Fold, true),
        (of(Place::Title, "hora ultima"), Fold, false),
        (of(Place::Title, "ult*"), Smart, true),
        (of(Place::Title, "ultima"), Exact, false),
        (of(Place::Title, "última"), Exact, true),
        (of(Place::Bio, "cancun"), Smart, true),
        (of(Place::Bio, "cancún"), Smart, true),
        (of(Place::Bio, "mexico"), Fold, false),
        (of(Place::BioName, "ano"), Fold, false),
        (of(Place::BioName, "ano"), Smart, true),
        (of(Place::BioName, "jef? de"), Fold, true),
        (of(Place::BioLocation, "mexico"), Fold, true),
        (of(Place::Place, "de mexic*"), Fold, true),
        (of(Place::Place, "hola"), Fold, false),
    ] {
        assert_eq!(holds(&term, accents, &post), expected, "{term:?} {accents:?}");
        assert!(!holds(&term, accents, &Post { text: "hola", ..Post::default() }), "{term:?}");
    }
}

#[test]
fn whole_values_and_accounts() {
    let repost_of = Reference { author: "Bank_MX", author_id: "did:Ab", id: "9" };
    let in_reply_to = Reference { id: "Tw1", ..Reference::default() };
    let (source_app, country, conversation_id) = ("Ñandú para iOS", "MX", "c-1");
    let post = Post { text: "hola", repost_of, in_reply_to, source_app, country, conversation_id, ..Post::default() };
    let account = |a: &str| Term::Account(Party::RetweetsOf, a.into());
    let is = |attribute, v: &str| Term::Is(attribute, v.into());
    for (term, expected) in [
        (account("bank_mx"), true),
        (account("did:Ab"), true),
        (account("did:ab"), false),
        (account("9"), false),
        (is(Attribute::SourceApp, "ñANDÚ PARA IOS"), true),
        (is(Attribute::SourceApp, "nandu para ios"), false),
        (is(Attribute::Country, "mx"), true),
        (is(Attribute::Country, "mxx"), false),
        (is(Attribute::Network, "x"), false),
        (is(Attribute::Conversation, "c-1"), true),
        (is(Attribute::Conversation, "C-1"), false),
        (is(Attribute::InReplyTo, "Tw1"), true),
        (is(Attribute::InReplyTo, "tw1"), false),
        (Term::Everything, true),
        (Term::Sample(100), true),
        (Term::Sample(0), false),
    ] {
        assert_eq!(holds(&term, Fold, &post), expected, "{term:?}");
        let missing = holds(&term, Fold, &Post { text: "hola", ..Post::default() });
        assert_eq!(missing, matches!(term, Term::Everything | Term::Sample(100)), "{term:?}");
    }
}

#[test]
fn samples_are_nested() {
    let ids: Vec<String> = (0..1000).map(|i| format!("at://post/{i}")).collect();
    let queries: Vec<Query> = [1, 20, 50, 100].map(|n| one(Term::Sample(n), Fold)).into();
    let mut counts = [0; 4];
    for id in &ids {
        let found = matched(&queries, &Post { id, ..Post::default() });
        assert_eq!(found, (4 - found.len() as u32..4).collect::<Vec<_>>());
        found.iter().for_each(|q| counts[*q as usize] += 1);
    }
    assert!(counts[3] == 1000 && (400..600).contains(&counts[2]) && (140..260).contains(&counts[1]), "{counts:?}");
}

#[test]
fn flags() {
    let texts = |text| Post { text, ..Post::default() };
    let media = |bits| Post { media: Media(bits), ..Post::default() };
    let other = Reference { id: "1", ..Reference::default() };
    let none = Post::default();
    for (flag, post, expected) in [
        (Flag::Links, texts("a http://x.y"), true),
        (Flag::Links, Post { links: Lines("x.y"), ..none }, true),
        (Flag::Links, texts("x.y"), false),
        (Flag::Mentions, texts("a @b"), true),
        (Flag::Mentions, Post { mentions: Lines("17"), ..none }, true),
        (Flag::Mentions, texts("a@b #c $d"), false),
        (Flag::Hashtags, texts("a #b"), true),
        (Flag::Hashtags, texts("a @b http://x.y/#z"), false),
        (Flag::Cashtags, texts("a $b"), true),
        (Flag::Cashtags, texts("a $90"), false),
        (Flag::Emoji, texts("a 😡"), true),
        (Flag::Emoji, texts("a → ® 1\u{FE0F}\u{20E3}"), false),
        (Flag::Question, texts("¿a"), true),
        (Flag::Question, texts("http://x.y?b=1 a?"), true),
        (Flag::Question, texts("http://x.y?b=1 a http://x.y?b=2"), false),
        (Flag::Media, media(0), false),
        (Flag::Media, media(8), true),
        (Flag::Images, media(1), true),
        (Flag::Images, media(6), false),
        (Flag::Video, media(2), true),
        (Flag::Video, media(4), true),
        (Flag::Video, media(9), false),
        (Flag::Geo, Post { place: "x", ..none }, true),
        (Flag::Geo, Post { country: "MX", ..none }, true),
        (Flag::Geo, none, false),
        (Flag::Retweet, Post { repost_of: other, ..none }, true),
        (Flag::Reply, Post { in_reply_to: other, ..none }, true),
        (Flag::Quote, Post { quote_of: other, ..none }, true),
        (Flag::Original, none, true),
        (Flag::Original, Post { quote_of: other, ..none }, false),
        (Flag::Verified, Post { author: Author { verified: true, ..Author::default() }, ..none }, true),
        (Flag::Verified, none, false),
        (Flag::Edited, Post { kind: Kind::Update, ..none }, true),
        (Flag::Edited, none, false),
        (Flag::Sensitive, Post { sensitive: true, ..none }, true),
        (Flag::Sensitive, none, false),
        (Flag::Direct, none, false),
        (Flag::Nullcast, none, false),
    ] {
        assert_eq!(holds(&Term::Flag(flag), Fold, &post), expected, "{flag:?} {post:?}");
    }
}

#[test]
fn numbers_of_the_author() {
    let count = Count::of;
    let author = Author { followers: count(1000), following: count(2), posts: count(0), ..Author::default() };
    let post = Post { text: "hola", author, ..Post::default() };
    let between = |from: i64, to: i64| Decimals { from: from * Decimals::ONE, to: to * Decimals::ONE };
    for (measure, range, expected) in [
        (Measure::Followers, between(1000, 2000), true),
        (Measure::Followers, between(500, 1000), true),
        (Measure::Followers, between(1001, 2000), false),
        (Measure::Following, between(0, 2), true),
        (Measure::Posts, between(0, 0), true),
        (Measure::Listed, Decimals { from: i64::MIN, to: i64::MAX }, false),
        (Measure::Sentiment, Decimals { from: i64::MIN, to: i64::MAX }, false),
        (Measure::Priority, Decimals { from: i64::MIN, to: i64::MAX }, false),
    ] {
        assert_eq!(holds(&Term::Number(measure, range), Fold, &post), expected, "{measure:?} {range:?}");
    }
}

/// Facts that differ by topic, and how often they were asked.
#[derive(Default)]
struct Told {
    asked: Cell<usize>,
}

impl Told {
    fn tell<T>(&self, value: T) -> Option<T> {
        self.asked.set(self.asked.get() + 1);
        Some(value)
    }
}

impl Facts for Told {
    fn sentiment(&self) -> Option<f64> {
        self.tell(-0.7)
    }
    fn priority(&self, scope: u32) -> Option<f64> {
        self.tell(f64::from(scope))
    }
    fn hour(&self, scope: u32) -> Option<u8> {
        self.tell(scope as u8)
    }
    fn weekday(&self, scope: u32) -> Option<u8> {
        self.tell(scope as u8)
    }
    fn is_direct(&self, scope: u32) -> bool {
        scope == 3
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        matches!(flag, Flag::Reply | Flag::Links).then_some(flag == Flag::Reply)
    }
}

#[test]
fn facts_are_asked_for_the_topic_of_each_query() {
    let range = |from, to| Decimals { from: from * Decimals::ONE, to: to * Decimals::ONE };
    let terms = [
        Term::Hour { from: 22, to: 2 },
        Term::Weekday { from: 5, to: 0 },
        Term::Number(Measure::Priority, range(3, 5)),
        Term::Flag(Flag::Direct),
        Term::Number(Measure::Sentiment, range(-1, 0)),
        Term::Flag(Flag::Reply),
        Term::Flag(Flag::Original),
        Term::Flag(Flag::Links),
    ];
    let queries: Vec<Query> = terms.into_iter().map(|t| one(t, Fold)).collect();
    let of = |scope: u32| queries.iter().map(move |query| Named { query, name: "", scope });
    let named: Vec<Named<'_>> = [0, 3, 5, 23].into_iter().flat_map(of).collect();
    for matcher in [Matcher::new(named.iter().copied()), Matcher::without_index(named.iter().copied())] {
        let mut found = Vec::new();
        matcher.matches(&text("http://x.y"), &Told::default(), &mut Scratch::default(), &mut found);
        let always = |scope: u32, own: &[u32]| own.iter().chain(&[4, 5]).map(|q| q + 8 * scope).collect::<Vec<_>>();
        let expected = [always(0, &[0, 1]), always(1, &[2, 3]), always(2, &[1, 2]), always(3, &[0, 1])].concat();
        assert_eq!(found, expected);
    }
}

#[test]
fn facts_are_asked_only_when_needed() {
    let range = Decimals { from: 0, to: i64::MAX };
    let filter = |measure| Term::Number(measure, range);
    let all = |terms: Vec<Term>| query(Node::And((0..terms.len()).map(Node::Leaf).collect()), terms, Fold);
    // The filter was typed first, and is decided last.
    let queries = [
        all(vec![filter(Measure::Sentiment), words("banco"), words("caja")]),
        all(vec![filter(Measure::Priority), filter(Measure::Sentiment), Term::Lang("es".into()), words("banco")]),
    ];
    let matcher = Matcher::new(&queries);
    let asked = |post: &Post<'_>| {
        let (facts, mut found) = (Told::default(), Vec::new());
        matcher.matches(post, &facts, &mut Scratch::default(), &mut found);
        (facts.asked.get(), found)
    };
    assert_eq!(asked(&text("nada de nada")), (0, vec![]));
    assert_eq!(asked(&text("el banco")), (0, vec![]));
    assert_eq!(asked(&text("banco y caja")), (1, vec![]));
    assert_eq!(asked(&Post { lang: "es", ..text("banco") }), (1, vec![]));
}
