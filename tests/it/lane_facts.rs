//! What queries ask of a post and its topic together, through a whole lane: priority, hour, weekday,
//! whether it speaks to the brand, and its tone.

use std::sync::Arc;

use escucha::decode::{self, Format, Mapping};
use escucha::lane::{Compiled, Input, Lane, Outcome};
use escucha::query::{Accents, Decimals, Flag, Leaf, Measure, Node, Query, Span, Term};
use escucha::score::{self, Score};
use escucha::time::{Timestamp, Zone};
use escucha::topic::{Account, Brand, Labels, Listening, SourceId, Topic, TopicId};

/// `banco` and all of `terms`.
fn banco(terms: &[Term]) -> Query {
    let all = [&[Term::Phrase(vec!["banco".into()])], terms].concat();
    let root = match all.len() {
        1 => Node::Leaf(0),
        n => Node::And((0..n).map(Node::Leaf).collect()),
    };
    let leaves = all.into_iter().map(|term| Leaf { span: Span::default(), term }).collect();
    Query { root, leaves, accents: Accents::Fold, quoted: false }
}

fn at_least(measure: Measure, tenths: i16) -> Term {
    Term::Number(measure, Decimals { from: i64::from(tenths) * Decimals::ONE / 10, to: 1000 * Decimals::ONE })
}

fn topic(zone: &str, brand: Option<usize>, weight: i16, query: Query) -> Topic {
    let (zone, weight) = (Zone::named(zone).expect("a zone"), Score::points(weight));
    Topic {
        id: TopicId(0),
        name: String::new(),
        brand,
        weight,
        zone,
        labels: Labels::default(),
        calendar: Default::default(),
        queries: vec![query],
    }
}

fn brand(handle: &str) -> Brand {
    Brand { name: handle.into(), own: true, accounts: vec![Account { handle: handle.into(), ..Account::default() }], ..Brand::default() }
}

/// Runs posts, as (time, text), in one buffer through a lane that listens for `topics`.
fn run(topics: Vec<Topic>, posts: &[(&str, &str)]) -> Outcome {
    let numbered = topics.into_iter().zip(0..).map(|(t, i)| Topic { id: TopicId(i), name: format!("t{i}"), ..t }).collect();
    let brands = vec![brand("uno"), brand("dos")];
    let compiled = Arc::new(Compiled::new(Listening { version: 1, brands, topics: numbered, ..Listening::default() }));
    let line = |(i, (at, text)): (usize, &(&str, &str))| serde_json::json!({"id": i.to_string(), "created_at": at, "text": text});
    let mut bytes = posts.iter().enumerate().map(line).map(|l| format!("{l}\n")).collect::<String>().into_bytes();
    let mut lane = Lane::new(decode::decoders(&[Format { name: "escucha", mapping: Mapping::default() }]));
    lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen: Timestamp(1 << 60), compiled: &compiled })
}

/// (id, topics) of every post that matched.
fn matched(out: &Outcome) -> Vec<(String, Vec<u32>)> {
    let topics = |hits: (u32, u32)| out.hits[hits.0 as usize..hits.1 as usize].iter().map(|h| h.topic).collect();
    out.records.iter().map(|r| (out.posts.get(r.post as usize).id.to_owned(), topics(r.hits))).collect()
}

fn ids(out: &Outcome, topic: u32) -> Vec<String> {
    matched(out).into_iter().filter(|(_, topics)| topics.contains(&topic)).map(|(id, _)| id).collect()
}

const NOON: &str = "2026-07-04T12:00:00Z";

#[test]
fn priority_is_asked_without_the_weight_and_scored_with_it() {
    let posts =
        [(NOON, "banco: me robaron, es un fraude"), (NOON, "banco: me robaron"), (NOON, "gracias, banco"), (NOON, "caja, un fraude")];
    let plain = run(vec![topic("UTC", None, 30, banco(&[]))], &posts);
    // The score of the gravest post and of the next, without the weight.
    let own: Vec<i16> = plain.records.iter().map(|r| score::total(&plain.addends[r.addends.0 as usize..r.addends.1 as usize]).0).collect();
    assert!(own[0] > own[1] && own[1] > own[2], "{own:?}");
    assert!(plain.hits[1].score.0 >= own[0], "the weight alone would lift the second over the first: {own:?}");
    let asked = |tenths| run(vec![topic("UTC", None, 30, banco(&[at_least(Measure::Priority, tenths)]))], &posts);
    for (tenths, expected) in [(own[0] + 1, 0), (own[0], 1), (own[1] + 1, 1), (own[1], 2), (0, 3)] {
        let out = asked(tenths);
        assert_eq!(out.records.len(), expected, "{tenths} of {own:?}");
        assert_eq!(out.hits, plain.hits[..expected], "asking changes no score");
        assert_eq!(out.addends, plain.addends[..out.addends.len()]);
    }
}

#[test]
fn priority_counts_whom_the_post_speaks_to() {
    let posts = [(NOON, "@uno banco lento"), (NOON, "@dos banco lento"), (NOON, "banco lento")];
    let plain = run(vec![topic("UTC", Some(0), 0, banco(&[])), topic("UTC", Some(1), 0, banco(&[]))], &posts);
    let direct = plain.hits.iter().map(|h| h.score.0).max().expect("hits");
    let query = || banco(&[at_least(Measure::Priority, direct)]);
    let out = run(vec![topic("UTC", Some(0), 0, query()), topic("UTC", Some(1), 0, query()), topic("UTC", None, 0, query())], &posts);
    assert_eq!(matched(&out), [("0".into(), vec![0]), ("1".into(), vec![1])]);
}

#[test]
fn a_post_is_direct_to_one_brand_and_not_to_another() {
    let query = || banco(&[Term::Flag(Flag::Direct)]);
    let topics = vec![topic("UTC", Some(0), 0, query()), topic("UTC", Some(1), 0, query()), topic("UTC", None, 0, query())];
    let posts = [(NOON, "@uno banco"), (NOON, "banco @dos @UNO"), (NOON, "banco"), (NOON, "@dos hola"), (NOON, "banco @dos")];
    let out = run(topics, &posts);
    assert_eq!(matched(&out), [("0".into(), vec![0]), ("1".into(), vec![0, 1]), ("4".into(), vec![1])]);
    assert!(out.hits.iter().all(|h| h.direct));
}

#[test]
fn hours_and_weekdays_are_those_of_the_zone() {
    let hour = |from, to| banco(&[Term::Hour { from, to }]);
    let weekday = |from, to| banco(&[Term::Weekday { from, to }]);
    let (madrid, mexico) = ("Europe/Madrid", "America/Mexico_City");
    let topics = vec![
        topic(madrid, None, 0, hour(2, 2)),
        topic(mexico, None, 0, hour(18, 18)),
        topic(madrid, None, 0, hour(3, 3)),
        topic(madrid, None, 0, weekday(6, 6)),
        topic(mexico, None, 0, weekday(6, 6)),
        topic(madrid, None, 0, hour(22, 1)),
        topic(madrid, None, 0, weekday(5, 0)),
    ];
    let posts = [
        // Madrid leaves summer time at 01:00Z: 02:00-03:00 comes twice.
        ("2026-10-25T00:30:00Z", "banco"),
        ("2026-10-25T01:30:00Z", "banco"),
        ("2026-10-25T02:30:00Z", "banco"),
        // ... and enters it at 01:00Z: 02:00-03:00 does not come.
        ("2026-03-29T00:59:59Z", "banco"),
        ("2026-03-29T01:00:00Z", "banco"),
        // Monday in Madrid, Sunday in Mexico City.
        ("2026-03-29T22:00:00Z", "banco"),
    ];
    let out = run(topics, &posts);
    let expected: [&[&str]; 7] =
        [&["0", "1"], &["0", "3"], &["2", "4"], &["0", "1", "2", "3", "4"], &["5"], &["3", "5"], &["0", "1", "2", "3", "4", "5"]];
    for (i, expected) in (0..).zip(expected) {
        assert_eq!(ids(&out, i), expected, "topic {i}");
    }
}

#[test]
fn tone_is_asked_of_the_text() {
    let tone = |from: f64, to: f64| {
        let range = Decimals { from: (from * 1e6) as i64, to: (to * 1e6) as i64 };
        banco(&[Term::Number(Measure::Sentiment, range)])
    };
    let topics = vec![
        topic("UTC", None, 0, tone(-1.0, -0.05)),
        topic("UTC", None, 0, tone(-0.049_999, 0.049_999)),
        topic("UTC", None, 0, tone(0.05, 1.0)),
    ];
    let posts = [(NOON, "pésimo banco"), (NOON, "el banco de la esquina"), (NOON, "excelente banco, gracias"), (NOON, "pésimo día")];
    assert_eq!(matched(&run(topics, &posts)), [("0".into(), vec![0]), ("1".into(), vec![1]), ("2".into(), vec![2])]);
}

#[test]
fn the_same_in_words() {
    let posts = [
        ("2026-07-04T04:00:00Z", "@uno pésimo banco, me robaron, es un fraude"),
        ("2026-07-04T18:00:00Z", "pésimo banco"),
        ("2026-07-06T18:00:00Z", "gracias, banco @uno"),
        ("2026-07-06T18:00:00Z", "el banco de la esquina"),
    ];
    // Saturday in Mexico City begins at 06:00Z.
    let table: [(&str, &[&str]); 8] = [
        ("banco priority:>=40", &["0"]),
        ("banco -priority:>=40", &["1", "2", "3"]),
        ("banco sentiment:negative", &["0", "1"]),
        ("banco sentiment:neutral", &["3"]),
        ("banco sentiment:positive", &["2"]),
        ("banco hour:22..6", &["0"]),
        ("banco weekday:sáb..dom", &["1"]),
        ("banco is:direct", &["0", "2"]),
    ];
    let query = |text: &str| escucha::eql::parse(text, &escucha::eql::Options::default()).query.expect(text);
    let out = run(table.iter().map(|(text, _)| topic("America/Mexico_City", Some(0), 0, query(text))).collect(), &posts);
    for (i, (text, expected)) in (0..).zip(table) {
        assert_eq!(ids(&out, i), expected, "{text}");
    }
}
