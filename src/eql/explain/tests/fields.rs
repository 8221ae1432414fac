//! Every field and flag with posts that it matches and posts that it does not.

use super::*;
use crate::post::{Count, Kind, Lines, Reference};
use crate::query::{Attribute, Decimals, Flag, Leaf, Measure, Party, Place};

/// A query of one term.
fn one(term: Term, accents: Accents) -> Query {
    Query { root: Node::Leaf(0), leaves: vec![Leaf { span: 0..0, term }], accents, quoted: false }
}

fn holds_with(term: Term, accents: Accents, post: &Post<'_>, facts: &dyn Facts) -> bool {
    let given = Given { facts, ..Given::NOTHING };
    let query = one(term, accents);
    let matched = explain(&query, post, &given).matched;
    let not = Query { root: Node::Not(Box::new(Node::Leaf(0))), ..query };
    assert_ne!(explain(&not, post, &given).matched, matched, "an exclusion is the opposite, also of what is missing");
    matched
}

fn holds(term: Term, post: &Post<'_>) -> bool {
    holds_with(term, Accents::Fold, post, &NoFacts)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Where a term stands in a text.
fn places(term: Term, accents: Accents, text: &str) -> Vec<(u32, u32)> {
    explain(&one(term, accents), &Post { text, ..Post::default() }, &Given::NOTHING).leaves.iter().map(|l| (l.start, l.end)).collect()
}

#[test]
fn words_of_other_fields_are_phrases_in_the_mode_of_the_rule() {
    let (fold, smart, exact) = (Accents::Fold, Accents::Smart, Accents::Exact);
    for (asked, accents, value, want) in [
        ("comision", fold, "Otra COMISIÓN más", true),
        ("comisión", fold, "otra comision", true),
        ("comisión", smart, "otra comision", false),
        ("comision", smart, "otra comisión", true),
        ("comision", exact, "otra comisión", false),
        ("año", fold, "El Ano", false),
        ("ano", smart, "El Año", true),
        ("français", fold, "FRANC\u{327}AIS", true),
        ("francais", fold, "français", false),
        ("no funciona", fold, "no, funciona", true),
        ("no funciona", fold, "no me funciona", false),
        ("periodist* de", fold, "Periodista de datos", true),
        ("com", fold, "https://a.com", false),
        ("banco", fold, "", false),
    ] {
        for place in [Place::Title, Place::Bio, Place::BioName, Place::BioLocation, Place::Place] {
            let mut post = Post::default();
            match place {
                Place::Title => post.title = value,
                Place::Bio => post.author.bio = value,
                Place::BioName => post.author.name = value,
                Place::BioLocation => post.author.location = value,
                Place::Place => post.place = value,
            }
            assert_eq!(holds_with(Term::In(place, words(asked)), accents, &post, &NoFacts), want, "{asked} {place:?} {value}");
            assert!(!holds(Term::In(place, words(asked)), &Post { text: value, quoted_text: value, ..Post::default() }));
        }
    }
}

#[test]
fn raw_compares_composed_texts_and_nothing_else() {
    let raw = |value: &str, text: &str| places(Term::Raw(value.into()), Accents::Smart, text);
    assert_eq!(raw("Google+", "Adiós Google+"), [(6, 13)]);
    assert_eq!(raw("Google+", "Google plus google+"), []);
    assert_eq!(raw("Adiós", "Adio\u{301}s, Adiós"), [(0, 6), (8, 13)]);
    assert_eq!(raw("Adio\u{301}s", "Adiós"), [(0, 5)]);
    assert_eq!(raw("adios", "Adiós adiós"), []);
    assert_eq!(raw("o", "o\u{301}"), [], "a letter is not its accented form");
    assert_eq!(raw("ﬁ", "fi ﬁ"), [(3, 4)]);
    assert_eq!(raw("👋🏽", "👋 👋🏽"), [(2, 4)]);
    assert_eq!(raw("aa", "aaa"), [(0, 2), (1, 3)]);
    assert_eq!(raw("", "a"), []);
    assert_eq!(raw("x.com/Ñ", "https://x.com/Ñ"), [(8, 15)], "links included");
}

#[test]
fn contains_prepares_value_and_text_alike() {
    let contains = |value: &str, accents, text: &str| places(Term::Contains(value.into()), accents, text);
    let (fold, smart, exact) = (Accents::Fold, Accents::Smart, Accents::Exact);
    assert_eq!(contains("hack", fold, "HÁCKeada whackamole"), [(0, 4), (10, 14)]);
    assert_eq!(contains("ss", fold, "Straße strasse"), [(4, 5), (11, 13)]);
    assert_eq!(contains("s", fold, "ß"), [(0, 1)], "one place, though the letter folds to two");
    assert_eq!(contains("stan", fold, "İstanbul I\u{307}stanbul"), [(1, 5), (11, 15)]);
    assert_eq!(contains("i", exact, "İ"), [(0, 1)]);
    assert_eq!(contains("fi", fold, "oﬃce ﬁn"), [(1, 2), (5, 6)]);
    assert_eq!(contains("año", fold, "ano an\u{303}o AÑO"), [(4, 8), (9, 12)]);
    assert_eq!(contains("ano", smart, "año"), [(0, 3)]);
    assert_eq!(contains("año", smart, "ano"), []);
    assert_eq!(contains("comisión", exact, "comision COMISIÓN"), [(9, 17)]);
    assert_eq!(contains("👋 ", fold, "👋🏽 hola"), [(0, 3)]);
    assert_eq!(contains("é.c", fold, "https://b.e.com"), [(10, 13)]);
    assert_eq!(contains("e\u{301}\u{FE0F}", fold, "é"), [(0, 1)]);
    assert_eq!(contains("\u{FE0F}", fold, "a"), [], "nothing is left to look for");
}

#[test]
fn places_are_counted_in_the_text_as_it_came() {
    let at = |term, text| places(term, Accents::Fold, text);
    let word = |w: &str| Term::Phrase(words(w));
    assert_eq!(at(word("strasse"), "🇲🇽 Straße İ STRASSE"), [(3, 9), (12, 19)]);
    assert_eq!(at(word("istanbul"), "İstanbul"), [(0, 8)]);
    assert_eq!(at(word("oficina"), "oﬁcina o\u{301}ficina"), [(0, 6), (7, 15)]);
    assert_eq!(at(word("banco"), "👨‍👩‍👧 banco"), [(6, 11)]);
    assert_eq!(at(Term::Case(words("BBVÁ")), "BBVA\u{301} bbva BBVA"), [(0, 5), (11, 15)]);
    assert_eq!(at(Term::Hashtag("año".into()), "😡#AN\u{303}O #ano"), [(1, 6)]);
    assert_eq!(at(Term::Cashtag("tsla".into()), "é $TSLA"), [(2, 7)]);
}

#[test]
fn url_looks_for_tokens_in_links_of_text_and_metadata() {
    let rows = [
        ("bancomer com", "https://www.bancomer.com/avisos", true),
        ("bancomer com", "HTTP://BANCOMER.COM", true),
        ("bancomer com", "https://bancomer.mx/com", false),
        ("bancomer com", "https://bancomermx.com", false),
        ("comision", "https://b.mx/Comisión", true),
        ("https", "https://b.mx", false),
        ("b mx a", "https://r.co/?u=http://b.mx/a", true),
        ("http b mx", "https://r.co/?u=http://b.mx/a", true),
        ("ano", "https://b.mx/año", false),
    ];
    for (asked, link, want) in rows {
        let term = || Term::Url(words(asked));
        assert_eq!(holds(term(), &Post { text: link, ..Post::default() }), want, "{asked} {link}");
        assert_eq!(holds(term(), &Post { links: Lines(link), ..Post::default() }), want, "{asked} {link}");
        assert!(!holds(term(), &Post { quoted_text: link, title: link, url: link, ..Post::default() }));
    }
    let both = Post { text: "https://a.mx", links: Lines("https://b.mx\nb.com/x"), ..Post::default() };
    assert!(holds(Term::Url(words("b com")), &both), "an expanded link needs no scheme");
    assert!(!holds(Term::Url(words("mx b")), &both), "no match runs from one link into another");
    assert!(!holds(Term::Url(words("bancomer com")), &Post { text: "www.bancomer.com", ..Post::default() }));
    assert!(!holds(Term::Url(Vec::new()), &both));
    assert_eq!(places(Term::Url(words("b mx")), Accents::Fold, "ña https://b.mx, http://a.b.mx"), [(11, 15), (26, 30)]);
}

#[test]
fn url_contains_looks_for_characters_in_links() {
    let has = |value: &str, post: &Post<'_>| holds(Term::UrlContains(value.into()), post);
    let text = Post { text: "banco https://b.mx/Avisós?x=1 comision", ..Post::default() };
    let links = Post { text: "banco", links: Lines("https://b.mx/Avisós?x=1"), ..Post::default() };
    for (value, want) in
        [("MX/aviso", true), ("s?x=", true), ("https://b", true), ("comision", false), ("banco", false), ("1 c", false), ("", false)]
    {
        assert_eq!([has(value, &text), has(value, &links)], [want; 2], "{value}");
    }
    assert_eq!(places(Term::UrlContains("b".into()), Accents::Exact, "b https://b.mx/B b"), [(10, 11), (15, 16)]);
}

#[test]
fn a_site_is_the_host_and_what_is_below_it() {
    for (site, url, want) in [
        ("x.com", "https://x.com/ana/status/1", true),
        ("X.com", "https://m.X.COM:443/ana", true),
        ("m.x.com", "https://x.com", false),
        ("x.com", "https://max.com", false),
        ("x.com", "https://user:pass@x.com?y", true),
        ("x.com", "https://a.mx/?u=https://x.com", false),
        ("x.com", "https://x.com@a.mx/", false),
        ("com", "https://x.com#a", true),
        ("x.com", "", false),
        ("", "https://x.com", false),
    ] {
        assert_eq!(holds(Term::Site(site.into()), &Post { url, ..Post::default() }), want, "{site} {url}");
    }
    assert_eq!([links::host("https://[::1]:80/a"), links::host("x.com/a"), links::host("")], ["::1", "x.com", ""]);
}

#[test]
fn accounts_are_handles_folded_or_ids_as_they_are() {
    let refer = |author, author_id| Reference { id: "1", author, author_id };
    for (party, other) in [(Party::From, Party::To), (Party::To, Party::RetweetsOf), (Party::RetweetsOf, Party::From)] {
        let mut post = Post::default();
        match party {
            Party::From => (post.author.handle, post.author.id) = ("Ána_Ñ", "did:plc:aB1"),
            Party::To => post.in_reply_to = refer("Ána_Ñ", "did:plc:aB1"),
            Party::RetweetsOf => post.repost_of = refer("Ána_Ñ", "did:plc:aB1"),
        }
        for (who, want) in [("ana_ñ", true), ("ana_n", false), ("did:plc:aB1", true), ("did:plc:ab1", false), ("ana", false), ("", false)]
        {
            assert_eq!(holds(Term::Account(party, who.into()), &post), want, "{party:?} {who}");
            assert!(!holds(Term::Account(other, who.into()), &post), "{other:?} {who}");
        }
    }
}

#[test]
fn attributes_are_equal_as_a_whole() {
    use Attribute::{Conversation, Country, InReplyTo, Network, SourceApp};
    let mut post =
        Post { network: "bluesky", source_app: "Straße für iOS", country: "MX", conversation_id: "At://Q1", ..Post::default() };
    post.in_reply_to.id = "aB1";
    for (attribute, value, want) in [
        (Network, "BlueSky", true),
        (Network, "blue", false),
        (SourceApp, "STRASSE FÜR IOS", true),
        (SourceApp, "strasse fur ios", false),
        (SourceApp, "straße für", false),
        (Country, "mx", true),
        (Country, "m", false),
        (Conversation, "At://Q1", true),
        (Conversation, "at://q1", false),
        (InReplyTo, "aB1", true),
        (InReplyTo, "ab1", false),
    ] {
        assert_eq!(holds(Term::Is(attribute, value.into()), &post), want, "{attribute:?} {value}");
        assert!(!holds(Term::Is(attribute, value.into()), &Post::default()));
        assert!(!holds(Term::Is(attribute, String::new()), &Post::default()), "nothing is not equal to nothing");
    }
}

#[test]
fn languages_match_their_regions() {
    for (code, lang, want) in [
        ("pt", "pt-BR", true),
        ("PT", "pt-br", true),
        ("pt-br", "pt-BR", true),
        ("pt-br", "pt", false),
        ("p", "pt", false),
        ("ptb", "pt-BR", false),
        ("und", "", true),
        ("es", "", false),
        ("", "es", false),
        ("", "-", false),
        ("e", "é", false),
    ] {
        assert_eq!(holds(Term::Lang(code.into()), &Post { lang, ..Post::default() }), want, "{code} {lang}");
    }
}

struct Told;

impl Facts for Told {
    fn sentiment(&self) -> Option<f64> {
        Some(-0.05)
    }
    fn priority(&self, scope: u32) -> Option<f64> {
        (scope == 7).then_some(70.0)
    }
    fn hour(&self, scope: u32) -> Option<u8> {
        (scope == 7).then_some(23)
    }
    fn weekday(&self, scope: u32) -> Option<u8> {
        (scope == 7).then_some(6)
    }
    fn is_direct(&self, scope: u32) -> bool {
        scope == 7
    }
}

#[test]
fn numbers_lie_within_both_ends_and_unknown_ones_nowhere() {
    let count = |measure, from: i64, to: i64| Term::Number(measure, Decimals { from: from * Decimals::ONE, to: to * Decimals::ONE });
    let mut post = Post::default();
    for measure in [Measure::Followers, Measure::Following, Measure::Posts, Measure::Listed, Measure::Sentiment, Measure::Priority] {
        assert!(!holds(Term::Number(measure, Decimals { from: i64::MIN, to: i64::MAX }), &post), "{measure:?}");
    }
    let author = &mut post.author;
    (author.followers, author.following, author.posts, author.listed) = (Count::of(10), Count::of(20), Count::of(30), Count::of(0));
    for (measure, n) in [(Measure::Followers, 10), (Measure::Following, 20), (Measure::Posts, 30), (Measure::Listed, 0)] {
        for (from, to, want) in [(n, n, true), (n - 1, n, true), (n, n + 1, true), (n + 1, n + 9, false), (n - 9, n - 1, false)] {
            assert_eq!(holds(count(measure, from, to), &post), want, "{measure:?} {from} {to}");
        }
    }
    let scoped = |term: Term, scope| explain(&one(term, Accents::Fold), &post, &Given { facts: &Told, scope, rules: &|_| false }).matched;
    assert!(scoped(Term::Number(Measure::Sentiment, Decimals { from: -1_000_000, to: -50_000 }), 0));
    assert!(!scoped(Term::Number(Measure::Sentiment, Decimals { from: -49_999, to: 49_999 }), 0));
    assert!(scoped(count(Measure::Priority, 70, 100), 7) && !scoped(count(Measure::Priority, 71, 100), 7));
    assert!(!scoped(count(Measure::Priority, 0, 100), 8), "unknown in this topic");
}

#[test]
fn hours_and_days_may_wrap_and_are_those_of_the_topic() {
    let scoped = |term: &Term, scope| {
        explain(&one(term.clone(), Accents::Fold), &Post::default(), &Given { facts: &Told, scope, rules: &|_| false }).matched
    };
    let (hour, day) = (|from, to| Term::Hour { from, to }, |from, to| Term::Weekday { from, to });
    for (term, want) in [
        (hour(22, 6), true),
        (hour(23, 23), true),
        (hour(0, 23), true),
        (hour(6, 22), false),
        (hour(0, 22), false),
        (day(5, 6), true),
        (day(6, 0), true),
        (day(0, 5), false),
        (day(2, 1), true),
    ] {
        assert_eq!(scoped(&term, 7), want, "{term:?}");
        assert!(!scoped(&term, 8) && !holds(term, &Post::default()), "an unknown hour is in no range");
    }
    let direct = Term::Flag(Flag::Direct);
    assert!(scoped(&direct, 7) && !scoped(&direct, 8));
}

#[test]
fn flags_of_the_text_follow_the_text_model() {
    for (flag, yes, no) in [
        (Flag::Links, "x https://a.mx", "www.a.mx"),
        (Flag::Hashtags, "(#año)", "x#año https://a.mx/#año # 1"),
        (Flag::Hashtags, "#1", "#\u{301}a"),
        (Flag::Mentions, "gracias @banco.mx", "ana@banco.mx https://a.mx/@b"),
        (Flag::Cashtags, "sube $TSLA", "$90 US$TSLA"),
        (Flag::Cashtags, "$_a", "$"),
        (Flag::Question, "¿Abre hoy", "https://a.mx/?q=1"),
        (Flag::Question, "Is it open?", "Is it open ？"),
        (Flag::Question, "https://a.mx/?q=1 ?", "https://a.mx/¿?"),
        (Flag::Emoji, "banco 😡", "banco :( ® → ✓"),
        (Flag::Emoji, "®\u{FE0F}", "1\u{FE0F}\u{20E3}"),
    ] {
        assert!(holds(Term::Flag(flag), &Post { text: yes, ..Post::default() }), "{flag:?} {yes}");
        assert!(!holds(Term::Flag(flag), &Post { text: no, title: yes, quoted_text: yes, ..Post::default() }), "{flag:?} {no}");
        let both = Query { quoted: true, ..one(Term::Flag(flag), Accents::Fold) };
        assert!(!explain(&both, &Post { text: no, quoted_text: yes, ..Post::default() }, &Given::NOTHING).matched, "own text alone");
    }
}

/// Which flags hold of a post, by name.
fn flags(post: &Post<'_>, facts: &dyn Facts) -> Vec<&'static str> {
    let all = Flag::ALL.iter().filter(|(.., f)| holds_with(Term::Flag(*f), Accents::Fold, post, facts));
    all.map(|(_, name, _)| *name).collect()
}

#[test]
fn flags_of_the_metadata() {
    let with = |change: &dyn Fn(&mut Post<'static>)| {
        let mut post = Post::default();
        change(&mut post);
        flags(&post, &NoFacts)
    };
    let other = |id, author, author_id| Reference { id, author, author_id };
    assert_eq!(with(&|_| {}), ["original"]);
    assert_eq!(with(&|p| p.links = Lines("a.mx")), ["links", "original"]);
    assert_eq!(with(&|p| p.mentions = Lines("17")), ["mentions", "original"]);
    assert_eq!(with(&|p| p.media.add("image")), ["media", "images", "original"]);
    assert_eq!(with(&|p| p.media.add("video")), ["media", "video", "original"]);
    assert_eq!(with(&|p| p.media.add("gif")), ["media", "video", "original"]);
    assert_eq!(with(&|p| p.media.add("audio")), ["media", "original"]);
    assert_eq!(with(&|p| p.place = "Puebla"), ["geo", "original"]);
    assert_eq!(with(&|p| p.country = "MX"), ["geo", "original"]);
    assert_eq!(with(&|p| p.repost_of = other("1", "", "")), ["retweet"]);
    assert_eq!(with(&|p| p.in_reply_to = other("", "ana", "")), ["reply"]);
    assert_eq!(with(&|p| p.quote_of = other("", "", "2")), ["quote"]);
    assert_eq!(with(&|p| p.author.verified = true), ["original", "verified"]);
    assert_eq!(with(&|p| p.kind = Kind::Update), ["original", "edited"]);
}

#[test]
fn a_told_flag_is_believed() {
    struct Says(Flag, bool);
    impl Facts for Says {
        fn told(&self, flag: Flag) -> Option<bool> {
            (flag == self.0).then_some(self.1)
        }
    }
    let mut post = Post { text: "¿@a #b $c 😡 https://a.mx", place: "Puebla", kind: Kind::Update, ..Post::default() };
    (post.author.verified, post.in_reply_to.id) = (true, "1");
    for (_, name, flag) in Flag::ALL {
        for told in [false, true] {
            for post in [post, Post::default()] {
                assert_eq!(flags(&post, &Says(flag, told)).contains(&name), told, "{name}");
            }
        }
    }
    assert_eq!(flags(&Post::default(), &Says(Flag::Retweet, true)), ["retweet"], "so it is not original");
    let reply = Post { in_reply_to: Reference { id: "1", ..Reference::default() }, ..Post::default() };
    assert_eq!(flags(&reply, &Says(Flag::Reply, false)), ["original"]);
    assert_eq!(flags(&reply, &Says(Flag::Original, true)), ["reply", "original"]);
}

#[test]
fn a_sample_is_repeatable_and_nested() {
    // Published values of FNV-1a 64: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar" 85944171f73967e8.
    for (id, hash) in [("", 0xcbf2_9ce4_8422_2325_u64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
        let post = Post { id, ..Post::default() };
        for percent in 0..=100 {
            assert_eq!(holds(Term::Sample(percent), &post), hash % 100 < u64::from(percent), "{id} {percent}");
        }
    }
}

#[test]
fn rules_are_asked_by_name() {
    let rules = |name: &str| name == "caída";
    let given = Given { rules: &rules, ..Given::NOTHING };
    let asks = |name: &str| explain(&one(Term::Rule(name.into()), Accents::Fold), &Post::default(), &given).matched;
    assert_eq!([asks("caída"), asks("Caída"), asks("")], [true, false, false]);
    assert!(holds(Term::Everything, &Post::default()));
}

#[test]
fn a_quoted_text_answers_words_and_not_metadata() {
    let post = Post { text: "no", quoted_text: "Va @ana #año $TSLA Google+ https://b.mx", ..Post::default() };
    let asks = |term, quoted| explain(&Query { quoted, ..one(term, Accents::Fold) }, &post, &Given::NOTHING);
    let textual = [
        Term::Phrase(words("va ana")),
        Term::Case(words("Va")),
        Term::Mention("ana".into()),
        Term::Hashtag("año".into()),
        Term::Cashtag("tsla".into()),
        Term::Contains("gle+".into()),
        Term::Raw("Google+".into()),
    ];
    for term in textual {
        assert!(asks(term.clone(), true).matched && !asks(term.clone(), false).matched, "{term:?}");
        assert_eq!(asks(term, true).leaves, [], "places are those of the own text");
    }
    assert!(!asks(Term::Url(words("b mx")), true).matched && !asks(Term::UrlContains("b.mx".into()), true).matched);
}
