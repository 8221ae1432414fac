use super::*;
use crate::lexicon::is_well_formed;
use crate::text::base;
use proptest::prelude::*;

/// The lists by name, with the points that mean something.
const LISTS: [(&str, &str, std::ops::RangeInclusive<i16>); 10] = [
    ("channel", include_str!("channel.txt"), 1..=2),
    ("notice", include_str!("notice.txt"), 1..=1),
    ("thanks", include_str!("thanks.txt"), 1..=1),
    ("doubt", include_str!("doubt.txt"), 1..=1),
    ("promise", include_str!("promise.txt"), 1..=1),
    ("blocked_es", include_str!("blocked_es.txt"), 1..=5),
    ("blocked_en", include_str!("blocked_en.txt"), 1..=5),
    ("intent_es", include_str!("intent_es.txt"), 1..=6),
    ("intent_en", include_str!("intent_en.txt"), 1..=6),
    ("question", include_str!("../signals/question.txt"), 1..=1),
];

fn terms(list: &str) -> impl Iterator<Item = (i16, &str)> {
    let lines = list.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.filter_map(|l| l.split_once(' ')).filter_map(|(points, term)| Some((points.parse().ok()?, term)))
}

#[test]
fn lists_are_well_formed_and_say_nothing_twice() {
    for (name, list, points) in LISTS {
        assert!(is_well_formed(list), "{name}");
        let mut seen = std::collections::BTreeSet::new();
        for (n, term) in terms(list) {
            assert!(points.contains(&n), "{name}: {n} {term}");
            assert!(seen.insert(base(term)), "{name}: {term} stands there twice");
        }
    }
}

/// What the rules say of a text, without what is cut out of it.
fn flags(text: &str) -> (bool, bool, bool, bool, bool, bool, Intent) {
    let c = read(text);
    (c.question, c.courtesy, c.private, c.notice, c.promise, c.blocked, c.intent)
}

/// Texts made of what the rules look for.
fn told() -> impl Strategy<Value = String> {
    let all: Vec<String> = LISTS.iter().flat_map(|(_, list, _)| terms(list)).map(|(_, term)| term.to_owned()).collect();
    let piece = prop_oneof![
        8 => prop::sample::select(all),
        1 => prop::sample::select(vec!["https://t.co/DM?", "@dm_oficial", "1/2", "8:00 PM", "¿", "?", ",", ".", "pero", "y", "no", "👍", "#a1"])
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|v| v.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_read(text in prop_oneof![any::<String>(), told(), "[\\^*/~_=. A-Zñá?-]{0,24}"]) {
        let (contact, agent) = (read(&text), agent(&text));
        prop_assert_eq!(contact.signature.as_deref(), agent.as_ref().map(|a| a.name.as_ref()));
        match agent {
            Some(agent) => prop_assert_eq!(contact.body, &text[..agent.start]),
            None => prop_assert_eq!(contact.body, &text),
        }
    }

    /// A link or an account may be called as it likes.
    #[test]
    fn what_stands_in_a_link_counts_for_nothing(inside in told(), outside in told()) {
        let glued: String = inside.chars().map(|c| if c.is_alphanumeric() && c.is_ascii() { c } else { '-' }).collect();
        let link = |path: &str| format!("{outside} https://example.org/{path}");
        let texts = (link(&glued), link("x"));
        let (mut with, without) = (read(&texts.0), read(&texts.1));
        with.body = "";
        prop_assert_eq!(Contact { notice: without.notice, body: "", ..with }, Contact { body: "", ..without });
    }

    #[test]
    fn case_and_accents_make_no_difference(text in told()) {
        prop_assume!(agent(&text).is_none() && agent(&base(&text)).is_none());
        prop_assert_eq!(flags(&text), flags(&base(&text)));
        prop_assert_eq!(flags(&text), flags(&text.to_uppercase()));
    }
}

/// Looked at anew from every word, each of these would make this a test of hours.
#[test]
fn long_texts_are_read_in_one_pass() {
    for piece in
        ["1/2 ", "no puedo ", "@a_b_c_", "_dm", "dm ", "^", "😀", "https://x.y ", "gracias ", "te ", "tarjeta bloqueada ", "a/b.c "]
    {
        let text = piece.repeat((1 << 17) / piece.len());
        let contact = read(&text);
        assert!(!contact.courtesy || piece == "gracias ", "{piece}");
        assert_eq!(contact.body.len(), text.len(), "{piece}");
    }
}
