//! The example of nine banks on their recorded posts: what is found stands in `docs/bancos.md`, and
//! this test keeps that table true.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use escucha::bilingual::Lang;
use escucha::config::{Config, TopicIds};
use escucha::indicators::Figure;
use escucha::lane::{Compiled, Input, Lane};
use escucha::score::Score;
use escucha::share::{Counting, Span};
use escucha::tally::{Event, ShareFilter, ShareOfVoice, Tally};
use escucha::time::Timestamp;
use escucha::topic::SourceId;

use crate::data;

const DATA: &str = "banks-es/client_listener_2020-10.ndjson.gz";

/// What was found for one topic.
#[derive(Default)]
struct Found {
    mentions: u64,
    direct: u64,
    authors: HashSet<u64>,
    highest: Score,
    alerts: HashSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Mentions per topic, each post once, the bank's own left out.
fn mentions(compiled: &Arc<Compiled>, config: &Config, mut bytes: Vec<u8>) -> BTreeMap<String, Found> {
    let mut lane = Lane::new(vec![config.sources[0].format.decoder()]);
    let seen = Timestamp(i64::MAX);
    let outcome = lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen, compiled });
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut keys = HashSet::new();
    for record in outcome.records.iter().filter(|r| keys.insert(r.key)) {
        let (from, to) = record.hits;
        for hit in outcome.hits[from as usize..to as usize].iter().filter(|hit| !hit.own) {
            let topic = found.entry(compiled.listening.topics[hit.topic as usize].name.clone()).or_default();
            topic.mentions += 1;
            topic.direct += u64::from(hit.direct);
            topic.authors.insert(record.author.0);
            topic.highest = topic.highest.max(hit.score);
        }
    }
    found
}

/// The ids of the alerts that `escucha replay` prints, by topic.
fn alerts(example: &Path, file: &Path) -> Vec<(String, String, String)> {
    let args: Vec<OsString> =
        vec!["escucha".into(), "replay".into(), "-c".into(), example.as_os_str().to_owned(), file.as_os_str().to_owned()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = escucha::cli::execute(&args, Lang::Es, false, &mut out, &mut err);
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let lines = String::from_utf8(out).expect("JSON lines");
    let parsed = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    parsed.map(|alert| (text(&alert["rule"]), text(&alert["topic"]), text(&alert["id"]))).collect()
}

#[test]
fn the_table_in_the_docs_is_what_is_found() {
    let (Some(bytes), Some(file)) = (data::read(DATA), data::shared(DATA)) else { return };
    let example = root().join("examples/bancos.toml");
    let (config, _) = Config::load(&example).expect("the example is correct");
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    assert!(compiled.listening.topics.iter().map(|t| t.queries.len()).sum::<usize>() >= 25);
    assert_eq!(compiled.listening.brands.len(), 9);

    let mut found = mentions(&compiled, &config, bytes);
    let mut rules = HashSet::new();
    for (rule, topic, id) in alerts(&example, &file) {
        found.entry(topic).or_default().alerts.insert(id);
        rules.insert(rule);
    }
    assert_eq!(rules.len(), compiled.listening.rules.len(), "every rule fires: {rules:?}");

    let mut table = String::new();
    for topic in &compiled.listening.topics {
        let row = found.remove(&topic.name).unwrap_or_default();
        assert!(row.mentions > 0, "{} finds nothing", topic.name);
        let brand = topic.brand.and_then(|b| compiled.listening.brands.get(b)).map_or("", |b| b.name.as_str());
        let (name, mentions, direct, authors) = (&topic.name, row.mentions, row.direct, row.authors.len());
        let (highest, alerts) = (row.highest.rounded(), row.alerts.len());
        table += &format!("| {name} | {brand} | {mentions} | {direct} | {authors} | {highest} | {alerts} |\n");
    }
    let docs = std::fs::read_to_string(root().join("docs/bancos.md")).expect("docs/bancos.md");
    assert!(docs.contains(&table), "docs/bancos.md should hold\n{table}");
}

/// The ratio of a share as a cell: per cent and what it is made of.
fn cell(found: &ShareOfVoice, brand: &str) -> String {
    let brand = found.brands.iter().find(|b| *b.name == *brand).expect("a brand");
    match brand.figures[0].1[0].1 {
        Figure::Ratio(ratio) => format!("{:.1} % | {}", ratio.value().expect("mentions") * 100.0, ratio.numerator.expect("known")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_leaderboard_in_the_docs_is_what_is_counted() {
    let Some(mut bytes) = data::read(DATA) else { return };
    let (config, _) = Config::load(&root().join("examples/bancos.toml")).expect("the example is correct");
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    let mut lane = Lane::new(vec![config.sources[0].format.decoder()]);
    let outcome = lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen: Timestamp(i64::MAX), compiled: &compiled });
    let mut tally = Tally::new(config.engine.tally.clone());
    tally.apply(&compiled, SourceId(0), &outcome, &mut Vec::new());
    let day = |d: i64| Timestamp::from_seconds(d * 86_400);
    // 2020-10-10 to 2020-10-17.
    let between = Some((day(18_545), day(18_552)));
    let ask = |counting| {
        let filter = ShareFilter { group: "sector-bancario".into(), between, span: Span::D7, counting };
        tally.share_of_voice(&filter).expect("the group of the example")
    };
    let (all, words) = (ask(Counting::ALL), ask(Counting::OWN_WORDS));
    let mut table = String::new();
    for (i, brand) in all.brands.iter().enumerate() {
        table += &format!("| {} | {} | {} | {} |\n", i + 1, brand.name, cell(&all, &brand.name), cell(&words, &brand.name));
    }
    let hhi = |found: &ShareOfVoice| format!("{:.3}", found.concentration.expect("mentions"));
    table += &format!("\nHHI: {} · {}\n", hhi(&all), hhi(&words));
    let docs = std::fs::read_to_string(root().join("docs/bancos.md")).expect("docs/bancos.md");
    assert!(docs.contains(&table), "docs/bancos.md should hold\n{table}");
}

#[test]
fn a_draw_that_everybody_passes_on_is_no_flood() {
    let (config, _) = Config::load(&root().join("examples/bancos.toml")).expect("the example is correct");
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    let fired = |text: &str| {
        let line = |i: u32| {
            let post = serde_json::json!({
                "id_str": i.to_string(), "created_at": "Fri Oct 16 00:40:38 +0000 2020", "text": text, "from_user": format!("u{i}"), "from_user_id_str": i.to_string(),
            });
            format!("{post}\n")
        };
        let mut bytes: Vec<u8> = (0..40).flat_map(|i| line(i).into_bytes()).collect();
        let mut lane = Lane::new(vec![config.sources[0].format.decoder()]);
        let outcome = lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen: Timestamp(i64::MAX), compiled: &compiled });
        let (mut tally, mut events) = (Tally::new(config.engine.tally.clone()), Vec::new());
        tally.apply(&compiled, SourceId(0), &outcome, &mut events);
        let group = ShareFilter { group: "sector-bancario".into(), between: None, span: Span::H1, counting: Counting::ALL };
        let shares = tally.share_of_voice(&group).expect("the group of the example");
        let mentions = shares.brands.iter().find(|b| &*b.name == "BBVA México").and_then(|b| b.mentions);
        let alerts =
            events.iter().filter_map(|e| if let Event::Alert(a) = e { Some(a.rule.clone()) } else { None }).collect::<HashSet<_>>();
        (mentions, alerts.contains("avalancha"))
    };
    assert_eq!(fired("RT @BBVA_Mex: ¡Gánate boletos para el concierto! Participa #SorteoBBVA"), (Some(40), false));
    assert_eq!(fired("@BBVA_Mex resultados del sorteo, qué emoción"), (Some(40), false));
    assert_eq!(fired("@BBVA_Mex tres días sin poder pagar, qué vergüenza"), (Some(40), true));
}
