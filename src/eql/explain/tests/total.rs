//! No term, tree, text or post makes the evaluator fail.

use super::*;
use crate::eql::tokens;
use crate::post::{Lines, Media, Reference};
use crate::query::{Attribute, Decimals, Flag, Leaf, Measure, Party, Place};
use proptest::prelude::*;

/// Characters where forms change their length, join, or mean something to the language.
fn text() -> impl Strategy<Value = String> {
    let special = "aAñNÇcßİﬁŉǰ\u{303}\u{301}\u{327}\u{345}\u{FE0F}\u{200D}\u{20E3}1²ª👋🏽🇲👩®‼#@$_.-*?¿/: \"<>\\\u{1100}\u{1161}\u{11A8}\n";
    let special: Vec<String> = special.chars().map(String::from).chain(["http://".into(), "https://".into()]).collect();
    let piece = prop_oneof![5 => proptest::sample::select(special), 1 => any::<char>().prop_map(String::from)];
    proptest::collection::vec(piece, 0..16).prop_map(|p| p.concat())
}

fn term() -> impl Strategy<Value = Term> {
    let words = || proptest::collection::vec(text(), 0..3);
    let places = proptest::sample::select(vec![Place::Title, Place::Bio, Place::BioName, Place::BioLocation, Place::Place]);
    let parties = proptest::sample::select(vec![Party::From, Party::To, Party::RetweetsOf]);
    let attributes = proptest::sample::select(vec![
        Attribute::Network,
        Attribute::SourceApp,
        Attribute::Country,
        Attribute::Conversation,
        Attribute::InReplyTo,
    ]);
    let measures = proptest::sample::select(vec![Measure::Followers, Measure::Listed, Measure::Sentiment, Measure::Priority]);
    prop_oneof![
        4 => words().prop_map(Term::Phrase),
        1 => words().prop_map(Term::Case),
        1 => text().prop_map(Term::Mention),
        1 => text().prop_map(Term::Hashtag),
        1 => text().prop_map(Term::Cashtag),
        1 => (places, words()).prop_map(|(p, w)| Term::In(p, w)),
        1 => text().prop_map(Term::Contains),
        1 => text().prop_map(Term::Raw),
        1 => words().prop_map(Term::Url),
        1 => text().prop_map(Term::UrlContains),
        1 => text().prop_map(Term::Site),
        1 => (parties, text()).prop_map(|(p, t)| Term::Account(p, t)),
        1 => (attributes, text()).prop_map(|(a, t)| Term::Is(a, t)),
        1 => text().prop_map(Term::Lang),
        1 => (measures, any::<i64>(), any::<i64>()).prop_map(|(m, from, to)| Term::Number(m, Decimals { from, to })),
        1 => any::<(u8, u8)>().prop_map(|(from, to)| Term::Hour { from, to }),
        1 => any::<(u8, u8)>().prop_map(|(from, to)| Term::Weekday { from, to }),
        1 => proptest::sample::select(Flag::ALL.to_vec()).prop_map(|(.., f)| Term::Flag(f)),
        1 => any::<u8>().prop_map(Term::Sample),
        1 => text().prop_map(Term::Rule),
        1 => Just(Term::Everything),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    (0..5usize).prop_map(Node::Leaf).prop_recursive(4, 12, 3, |inner| {
        let sides = proptest::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            sides.clone().prop_map(Node::And),
            sides.clone().prop_map(Node::Or),
            inner.clone().prop_map(|n| Node::Not(Box::new(n))),
            (sides, any::<u32>()).prop_map(|(operands, distance)| Node::Within { operands, distance }),
            (inner.clone(), inner, any::<u32>(), any::<bool>()).prop_map(|(left, right, distance, ordered)| Node::Near {
                left: Box::new(left),
                right: Box::new(right),
                distance,
                ordered
            }),
        ]
    })
}

struct Fixed;

impl Facts for Fixed {
    fn sentiment(&self) -> Option<f64> {
        Some(f64::NAN)
    }
    fn hour(&self, _: u32) -> Option<u8> {
        Some(255)
    }
}

fn check(query: &Query, strings: &[String]) -> Result<(), TestCaseError> {
    let s = |i: usize| strings[i % strings.len()].as_str();
    let mut post = Post { id: s(0), text: s(1), title: s(2), quoted_text: s(3), lang: s(4), url: s(5), ..Post::default() };
    (post.network, post.place, post.country, post.source_app, post.conversation_id) = (s(6), s(7), s(0), s(1), s(2));
    (post.author.handle, post.author.id, post.author.bio, post.author.name, post.author.location) = (s(3), s(4), s(5), s(6), s(7));
    post.in_reply_to = Reference { id: s(0), author: s(1), author_id: s(2) };
    (post.links, post.mentions, post.media) = (Lines(s(5)), Lines(s(6)), Media(0xff));
    let given = Given { facts: &Fixed, ..Given::NOTHING };
    let found = explain(query, &post, &given);
    let length = post.text.chars().count() as u32;
    prop_assert!(found.leaves.iter().all(|l| l.start < l.end && l.end <= length), "{:?}", found.leaves);
    prop_assert!(found.leaves.is_sorted());
    let named = crate::query::Named { query, name: s(0), scope: 1 };
    let all = crate::eql::explain_all([named], &post, &Fixed);
    let by_itself = query.leaves.iter().any(|l| l.term == Term::Rule(s(0).into()));
    prop_assert!(by_itself || all.is_empty() != found.matched);
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_asked_of_whatever_post_is_answered(
        root in node(),
        terms in proptest::collection::vec(term(), 0..5),
        strings in proptest::collection::vec(text(), 1..9),
        accents in proptest::sample::select(vec![Accents::Fold, Accents::Smart, Accents::Exact]),
        quoted: bool,
    ) {
        let leaves = terms.into_iter().map(|term| Leaf { span: 0..0, term }).collect();
        check(&Query { root, leaves, accents, quoted }, &strings)?;
    }

    /// A text prepared piece by piece is the text prepared as a whole.
    #[test]
    fn contains_and_raw_agree_with_the_whole_text(
        text in text(),
        other in text(),
        (skip, take) in (0..16usize, 0..6usize),
        accents in proptest::sample::select(vec![Accents::Fold, Accents::Smart, Accents::Exact]),
    ) {
        let part: String = text.chars().skip(skip).take(take).collect();
        for value in [other, part.to_uppercase(), part] {
            let marks = tokens::marks_of(&value, accents);
            let (form, read) = (|s: &str| tokens::form(s, marks, false), Text::read(&text));
            let want = !form(&value).is_empty() && form(&text).contains(&form(&value));
            prop_assert_eq!(!read.contains(&value, accents).is_empty(), want, "{:?} in {:?}", value, text);
            let want = !value.is_empty() && tokens::nfc(&text).contains(&tokens::nfc(&value));
            prop_assert_eq!(!read.raw(&value).is_empty(), want, "raw {:?} in {:?}", value, text);
        }
    }
}
