//! The demo's queries against the demo's world: each topic finds what it is about, and the alert
//! thresholds part a usual minute from the outage at every hour of the week.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use escucha::anomaly::{BUCKET, Level, Standing, Watched};
use escucha::app::demo;
use escucha::config::{Config, TopicIds};
use escucha::decode::{Format, Mapping, decoders};
use escucha::lane::{Compiled, Input, Lane};
use escucha::limits::{DEDUPE, LATENESS};
use escucha::post::Kind;
use escucha::synth::{Shape, Subject, World};
use escucha::tally::{Event, Settings, Step, Tally};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::{Listening, On, SourceId, TopicId};
use escucha::window::Window;

const CONFIG: &str = include_str!("../../examples/demo.toml");

pub fn listening() -> Listening {
    let (config, report) = Config::read("demo.toml", CONFIG.to_owned(), Path::new("")).unwrap_or_else(|r| panic!("{r:?}"));
    assert!(report.problems.is_empty(), "{report:?}");
    config.listening(&mut TopicIds::default(), 1)
}

/// Mentions by topic and minute, and the scores of the mentions of each topic, in `minutes` from `start`.
fn listen(start: Timestamp, minutes: i64) -> (BTreeMap<String, Vec<u64>>, BTreeMap<String, Vec<u8>>) {
    let compiled = Arc::new(Compiled::new(listening()));
    let mut lane = Lane::new(decoders(&[Format { name: Shape::Escucha.format(), mapping: Mapping::default() }]));
    let mut world = World::new(1, start);
    let (mut mentions, mut scores) = (BTreeMap::new(), BTreeMap::new());
    let mut bytes = Vec::new();
    for second in 0..minutes * 60 {
        bytes.clear();
        let at = start.plus(second * SECOND);
        world.second(at, &mut bytes);
        let outcome = lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen: at.plus(SECOND), compiled: &compiled });
        assert_eq!(outcome.refused.iter().sum::<u64>(), 0, "{:?}", outcome.refusals);
        for record in outcome.records.iter().filter(|r| r.kind == Kind::Create) {
            for hit in outcome.hits[record.hits.0 as usize..record.hits.1 as usize].iter().filter(|h| !h.own) {
                let name = compiled.listening.topics[hit.topic as usize].name.clone();
                let by_minute = mentions.entry(name.clone()).or_insert_with(|| vec![0; minutes as usize]);
                by_minute[second as usize / 60] += 1;
                scores.entry(name).or_insert_with(Vec::new).push(hit.score.rounded());
            }
        }
    }
    (mentions, scores)
}

fn at(time: &str) -> Timestamp {
    Timestamp(time.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// The greatest number of mentions in any five minutes of `by_minute`.
fn most(by_minute: &[u64]) -> u64 {
    by_minute.windows(5).map(|w| w.iter().sum()).max().unwrap_or_default()
}

fn threshold(listening: &Listening, rule: &str) -> u64 {
    match listening.rules.iter().find(|r| r.name == rule).unwrap().on {
        On::Volume { window: Window::M5, at } => at,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn topics_find_what_they_are_about() {
    // The busiest hour of the week: Friday 2026-07-10, nine at night in Mexico City.
    let start = at("2026-07-11T03:00:00Z");
    let (mentions, scores) = listen(start, 24);
    let mut world = World::new(1, start);
    // Reposts, copies and updates come on top of what is written.
    let mut rate = |subject| 1.16 * world.rate(subject, start.plus(12 * MINUTE));
    let topics = [
        ("caida-app", rate(Subject::App)),
        ("fraude", rate(Subject::Fraud)),
        ("tarjetas-cajeros", rate(Subject::Card)),
        ("comisiones", rate(Subject::Fees)),
        ("sucursales", rate(Subject::Branch)),
    ];
    for (topic, expected) in topics {
        let quiet = mentions[topic][12..].iter().sum::<u64>() as f64 / 12.0;
        println!("{topic}: {quiet:.1} a minute, {expected:.1} expected");
        assert!((expected * 0.6..expected * 1.5).contains(&quiet), "{topic}: {quiet} for {expected}");
    }
    let brand = mentions["marca"].iter().sum::<u64>();
    let parts = topics.iter().map(|(t, _)| mentions[*t].iter().sum::<u64>()).sum::<u64>();
    assert!(brand > parts, "the brand's topic holds the others and what is in none");
    let median = |topic: &str| {
        let mut s = scores[topic].clone();
        s.sort_unstable();
        s[s.len() / 2]
    };
    assert!(median("fraude") > median("tarjetas-cajeros") && median("tarjetas-cajeros") > median("comisiones"));
    let grave = scores["fraude"].iter().filter(|s| **s >= 75).count();
    assert!((1..scores["fraude"].len() / 3).contains(&grave), "{grave} of {} are grave enough for an alert", scores["fraude"].len());

    let (outage, quiet) = mentions["caida-app"].split_at(12);
    let at = threshold(&listening(), "crisis-app");
    assert!(most(quiet) < at && most(outage) >= at, "{} {}", most(quiet), most(outage));
}

#[test]
fn the_outage_is_seen_in_the_quietest_hour() {
    // Sunday 2026-07-12, four in the morning in Mexico City.
    let (mentions, _) = listen(at("2026-07-12T10:00:00Z"), 10);
    let outage = most(&mentions["caida-app"]);
    assert!(outage >= threshold(&listening(), "crisis-app"), "{outage}");
}

/// Three hours before the app fails and the outage, through the tally with eight weeks behind it: what
/// was seen and expected in each bucket, and the level after it.
fn judged(start: Timestamp) -> Vec<(u64, Watched)> {
    let compiled = Arc::new(Compiled::new(listening()));
    let mut lane = Lane::new(decoders(&[Format { name: Shape::Escucha.format(), mapping: Mapping::default() }]));
    let settings = Settings {
        lateness: LATENESS,
        dedupe: DEDUPE,
        recent_bytes: 1 << 24,
        past: Some(demo::past(1, start.plus(-3 * HOUR))),
        taken: Default::default(),
    };
    let mut tally = Tally::new(settings);
    let mut world = World::new(1, start);
    let (mut told, mut events, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for second in -3 * 3600..1800 {
        bytes.clear();
        let at = start.plus(second * SECOND);
        world.second(at, &mut bytes);
        let input = Input { bytes: &mut bytes, source: SourceId(0), seen: at.plus(SECOND), compiled: &compiled };
        let outcome = lane.process(input);
        tally.apply(&compiled, SourceId(0), &outcome, &mut events);
        tally.tick(&compiled, at.plus(SECOND), &mut events);
        for event in events.drain(..) {
            let Event::Windows(windows) = event else { continue };
            if windows.name == "caida-app" && last.is_none() {
                // The past is known at once: what is usual at this hour, and that nothing is wrong.
                last = windows.watched;
                assert!(last.is_some_and(|w| w.expected > 1.0 && w.surprise == 0.0 && w.standing == Standing::default()), "{last:?}");
            } else if windows.name == "caida-app" && windows.watched != last {
                last = windows.watched;
                let end = Timestamp(windows.at.plus(-MINUTE).0.div_euclid(BUCKET) * BUCKET);
                let steps = tally.series(windows.id, end.plus(-BUCKET), end, BUCKET / MINUTE).unwrap_or_default();
                if let Some(watched) = last {
                    compare_usual(&mut tally, windows.id, &steps, watched);
                }
                told.extend(last.map(|watched| (steps.iter().map(|s| s.sum.mentions).sum(), watched)));
            }
        }
    }
    told
}

/// What readers are told is usual is what the detectors compare with, and the hours of the last day are
/// those of the series.
fn compare_usual(tally: &mut Tally, topic: TopicId, steps: &[Step], watched: Watched) {
    let usual = steps.first().and_then(|s| s.usual).expect("it is watched").expected;
    assert!((usual / watched.expected - 1.0).abs() < 0.03, "{usual} {watched:?}");
    let (now, week) = (tally.now(), tally.week(topic).expect("known"));
    let by_hour = tally.series(topic, now.plus(-24 * HOUR), now.plus(1), 60).expect("known");
    for (hour, step) in week.latest.iter().zip(by_hour.iter().rev()) {
        assert_eq!(hour.mentions, step.sum.mentions);
        let (one, other) = (hour.usual.expect("known").expected, step.usual.expect("known").expected);
        assert!((one * 60.0 / hour.minutes as f64 / other - 1.0).abs() < 1e-9, "{hour:?} {step:?}");
        let ordinary = week.usual.as_ref().expect("known")[hour.hour];
        assert!((ordinary / other - 1.0).abs() < 1e-9, "{ordinary} {step:?}");
    }
    assert_eq!(week.latest.first().map(|h| h.minutes), Some(now.minute().rem_euclid(60) + 1));
}

#[test]
fn the_outage_is_a_crisis_beside_eight_weeks_of_usual_counts() {
    // A Wednesday morning in Mexico City.
    let told = judged(at("2026-07-08T16:00:00Z"));
    let levels: Vec<u8> = told.iter().map(|(_, w)| w.standing.level.number()).collect();
    let (quiet, outage) = told.split_at(35);
    let ratio = quiet.iter().map(|(n, _)| *n as f64).sum::<f64>() / quiet.iter().map(|(_, w)| w.expected).sum::<f64>();
    assert!((0.95..1.05).contains(&ratio), "the past is like the present: {ratio}");
    assert!(quiet.iter().all(|(_, w)| w.standing.level == Level::Calm), "{levels:?}");
    assert!(outage.iter().any(|(_, w)| w.standing.level >= Level::Alert), "{levels:?}");
    assert_eq!(told, judged(at("2026-07-08T16:00:00Z")));
}
