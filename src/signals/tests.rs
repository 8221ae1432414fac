//! What every signal owes, and what each says of a table of texts in both languages.

use proptest::prelude::*;

use super::*;
use crate::post::{Author, Count};

/// The addends of a text by an author with so many followers, in tenths.
fn addends(text: &str, followers: Count, topic: Option<TopicContext>) -> Vec<Addend> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let post = Post { text, author: Author { followers, ..Author::default() }, ..Post::default() };
    let context = Context { post: &post, tokens: &tokens, topic };
    let mut out = Vec::new();
    score(&context, Scope::Post, &mut out);
    score(&context, Scope::Topic, &mut out);
    out
}

/// What the signal called `name` adds to `text`, in tenths of a point.
fn of(name: &str, text: &str) -> i16 {
    addends(text, Count::UNKNOWN, None).iter().find(|a| a.code == name).map_or(0, |a| a.weight.0)
}

#[test]
fn severity_in_both_languages() {
    // Within a row every text is graver than the next.
    let rows: &[&[&str]] = &[
        &["me robaron, es un fraude", "es un fraude", "la app no funciona", "qué bonita app"],
        &["they stole my money, it is a fraud", "it is a fraud", "the app is not working", "what a nice app"],
        &["Cargo no reconocido en mi cuenta", "me bloquearon la tarjeta", "hola"],
        &["unauthorized charge on my account", "you blocked my card", "hello"],
        &["los voy a DEMANDAR", "marca error", "buenos días"],
        &["you will hear from my LAWYER", "shows an error", "good morning"],
        &["personas atrapadas, urge ayuda", "hay heridos", "feliz día"],
        &["people trapped, please help", "people injured", "happy day"],
    ];
    for row in rows {
        let got: Vec<i16> = row.iter().map(|t| of("severity", t)).collect();
        assert!(got.windows(2).all(|w| w[0] > w[1]), "{row:?}: {got:?}");
        assert_eq!(got.last(), Some(&0), "{row:?}");
    }
}

#[test]
fn every_different_harm_counts_once_in_any_order() {
    let (login, charge) = (of("severity", "no puedo entrar"), of("severity", "no reconozco"));
    assert!(charge > login && login > 0);
    for (text, want) in [
        ("no puedo entrar. no reconozco este cargo", charge + login / 3),
        ("no reconozco este cargo. no puedo entrar", charge + login / 3),
        ("no reconozco este cargo, no puedo entrar, no reconozco este cargo, no puedo entrar", charge + login / 3),
        ("no puedo entrar, no puedo entrar", login),
    ] {
        assert_eq!(of("severity", text), want, "{text}");
    }
}

#[test]
fn what_is_denied_does_not_count() {
    for text in [
        "no es fraude",
        "No creo que sea un fraude",
        "nunca fue una estafa",
        "sin heridos",
        "not a fraud",
        "this isn't a scam",
        "it's not really a fraud",
        "nobody was hurt, no injuries",
        "never had an outage",
    ] {
        assert_eq!(of("severity", text), 0, "{text}");
    }
    for text in ["No, es un fraude", "no me atienden y es fraude", "not only a fraud", "I don't care. Fraud!", "no reconozco este cargo"] {
        assert!(of("severity", text) > 0, "{text}");
    }
}

#[test]
fn accents_and_case_do_not_matter() {
    for (a, b) in [
        ("CLONARON MI TARJETA", "clonaron mi tarjeta"),
        ("evacuación", "EVACUACION"),
        ("can’t log in", "can't log in"),
        ("no puedo usar", "¡NO PUEDO USAR!"),
    ] {
        assert_eq!(of("severity", a), of("severity", b), "{a}");
        assert!(of("severity", a) > 0, "{a}");
    }
}

#[test]
fn tone_in_both_languages() {
    let rows: &[&[&str]] = &[
        &["muy pésimo servicio", "pésimo servicio", "servicio", "no muy buen servicio, gracias", "gracias, excelente servicio"],
        &["really terrible service", "terrible service", "service", "thanks for the service", "thanks, excellent service"],
        &["es malo", "no es malo"],
        &["it is bad", "it is not bad"],
        &["no es bueno", "es bueno"],
        &["not good", "good"],
    ];
    for row in rows {
        let got: Vec<i16> = row.iter().map(|t| of("negativity", t)).collect();
        assert!(got.windows(2).all(|w| w[0] > w[1]), "{row:?}: {got:?}");
    }
    assert!(of("negativity", "no es bueno") > 0 && of("negativity", "not good") > 0);
}

#[test]
fn questions_with_and_without_a_mark() {
    for text in ["¿Abren hoy?", "abren hoy?", "alguien sabe si abren", "does anybody know", "Is it open？", "ok https://a.example/b ?"] {
        assert_eq!(of("question", text), 40, "{text}");
    }
    for text in ["Abren hoy", "https://a.example/b?c=d", "", "ya sabe usted"] {
        assert_eq!(of("question", text), 0, "{text}");
    }
}

#[test]
fn influence_is_logarithmic_and_capped() {
    for (followers, want) in [(0, 0), (1, 6), (208, 50), (43_000, 100), (90_000_000, 100)] {
        let got = addends("", Count::of(followers), None).iter().map(|a| a.weight.0).sum::<i16>();
        assert_eq!(got, want, "{followers}");
    }
    assert!(addends("", Count::UNKNOWN, None).is_empty());
}

#[test]
fn the_topic_part_needs_a_topic() {
    let weight = Score::points(25);
    let direct = addends("hola", Count::UNKNOWN, Some(TopicContext { weight, direct: true }));
    assert_eq!(direct, [Addend { code: "topic", weight }, Addend { code: "origin", weight: Score::points(10) }]);
    let listened = addends("hola", Count::UNKNOWN, Some(TopicContext { weight, direct: false }));
    assert_eq!(listened, [Addend { code: "topic", weight }]);
    let absurd = addends("hola", Count::UNKNOWN, Some(TopicContext { weight: Score(i16::MAX), direct: false }));
    assert_eq!(absurd[0].weight, Score::points(30), "cut to the range");
}

#[test]
fn lists_are_well_formed_and_names_distinct() {
    for list in [
        include_str!("severity_es.txt"),
        include_str!("severity_en.txt"),
        include_str!("negativity_es.txt"),
        include_str!("negativity_en.txt"),
        include_str!("../sentiment/es.txt"),
        include_str!("../sentiment/en.txt"),
        include_str!("question.txt"),
    ] {
        assert!(crate::lexicon::is_well_formed(list), "{}", list.lines().next().unwrap_or_default());
        let mut terms: Vec<&str> = list.lines().filter(|l| !l.starts_with('#')).filter_map(|l| Some(l.split_once(' ')?.1)).collect();
        let n = terms.len();
        terms.sort_unstable();
        let twice: Vec<&str> = terms.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        assert!(n > 20 && twice.is_empty(), "{twice:?}");
    }
    for spec in ALL {
        assert!(named(spec.name).is_some_and(|s| std::ptr::eq(s, *spec)), "{}", spec.name);
        let said = (spec.explain)();
        assert!(!said.es.is_empty() && !said.en.is_empty() && said.es != said.en);
        assert!(spec.range.0 < spec.range.1);
    }
}

/// Texts that look like posts more often than random characters would.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("no"),
        Just("fraude"),
        Just("fraud"),
        Just("can't"),
        Just("muy"),
        Just("😡"),
        Just("¿"),
        Just("?"),
        Just("."),
        Just("https://a.example/?"),
        Just("trapped"),
        Just("gracias"),
        Just("not"),
        Just("ñ\u{303}"),
        Just("\u{200d}"),
        Just("\n"),
    ];
    prop_oneof![any::<String>(), prop::collection::vec(word, 0..40).prop_map(|w| w.join(" "))]
}

proptest! {
    #[test]
    fn every_signal_keeps_its_promises(all in prop::collection::vec((texts(), any::<Option<u32>>(), any::<i16>(), any::<bool>()), 1..8)) {
        let mut shared = Tokens::default();
        for spec in ALL {
            for (text, followers, weight, direct) in &all {
                let followers = followers.map_or(Count::UNKNOWN, |n| Count::of(u64::from(n)));
                let post = Post { text, author: Author { followers, ..Author::default() }, ..Post::default() };
                let topic = Some(TopicContext { weight: Score(*weight), direct: *direct });
                // Tokens that have read the posts before this one, and tokens that have read nothing.
                shared.read(text);
                let mut alone = Tokens::default();
                alone.read(text);
                let batch = spec.addend(&Context { post: &post, tokens: &shared, topic });
                let single = spec.addend(&Context { post: &post, tokens: &alone, topic });
                prop_assert_eq!(batch, single);
                prop_assert!((spec.range.0..=spec.range.1).contains(&batch.weight), "{} {:?}", spec.name, batch);
                if spec.scope == Scope::Post {
                    let raw = (spec.score)(&Context { post: &post, tokens: &alone, topic: None });
                    prop_assert_eq!(raw, batch.weight, "in range by itself, with or without a topic");
                }
            }
        }
    }

    #[test]
    fn foreign_tokens_do_not_panic(text in texts(), other in texts()) {
        let mut tokens = Tokens::default();
        tokens.read(&other);
        let post = Post { text: &text, ..Post::default() };
        score(&Context { post: &post, tokens: &tokens, topic: None }, Scope::Post, &mut Vec::new());
        prop_assert!((-1.0..=1.0).contains(&sentiment(&text, &tokens)));
    }
}
