//! Alerts on sources: through the tally with an injected clock, and through the whole engine with a
//! Jetstream that goes away and comes back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use escucha::alert::{Alert, Severity};
use escucha::anomaly::{Direction, Settings};
use escucha::app::{self, Beat, Done, Parts, Sink};
use escucha::decode::{Format, Mapping};
use escucha::lane::{Compiled, Outcome};
use escucha::limits::{DEDUPE, LATENESS};
use escucha::prng::Prng;
use escucha::sources::{self, Board, Context};
use escucha::tally::{self, Event, Tally};
use escucha::time::{MINUTE, ManualClock, SECOND, Zone};
use escucha::topic::{Listening, Sign, SourceId, SourceRule};
use escucha::wire;
use tokio_util::sync::CancellationToken;

use crate::jetstream_server::{Behaviour, End, Server};
use crate::outcomes::{Engine, START};
use crate::probe::{settings, timing};

const DOWN_FOR: i64 = 5 * MINUTE;

fn watching(version: u64, rules: usize) -> Arc<Compiled> {
    let rule = SourceRule {
        name: "fuente".into(),
        sources: vec![(SourceId(0), "red".into())],
        settings: Settings::new(Direction::Drop),
        down_for: DOWN_FOR,
        zone: Zone::utc(),
        severity: Severity::Warning,
    };
    Arc::new(Compiled::new(Listening { version, source_rules: vec![rule; rules], ..Listening::default() }))
}

/// A source with two hundred posts in five minutes, a beat each minute.
struct World {
    engine: Engine,
    prng: Prng,
    minutes: i64,
}

impl World {
    fn new() -> World {
        let mut world = World { engine: Engine::new(watching(1, 1)), prng: Prng::new(6), minutes: 0 };
        world.engine.tally.hear(SourceId(0), Sign::Up);
        world
    }

    /// So many minutes with `times` what is usual; the alerts told meanwhile, as status, id and first reason.
    fn run(&mut self, minutes: i64, times: f64) -> Vec<String> {
        for _ in 0..minutes {
            let posts = self.prng.count(40.0 * times);
            let at = START.plus(self.minutes * MINUTE);
            if posts > 0 {
                let outcome = Outcome { decoded: posts, greatest: at, ..Outcome::default() };
                self.engine.tally.apply(&self.engine.compiled, SourceId(0), &outcome, &mut self.engine.events);
            }
            self.minutes += 1;
            self.engine.tick(START.plus(self.minutes * MINUTE));
        }
        let alerts = self.engine.events.drain(..).filter_map(|e| if let Event::Alert(a) = e { Some(*a) } else { None });
        alerts.map(|a| told(&a)).collect()
    }

    fn hear(&mut self, sign: Sign) {
        self.engine.tally.hear(SourceId(0), sign);
    }
}

fn told(alert: &Alert) -> String {
    assert_eq!((alert.on, alert.topic.as_str(), alert.source.as_str()), ("source", "", "red"));
    format!("{} {} {}", alert.status.as_str(), alert.id, alert.reasons[0].code)
}

/// Minutes of four days.
const DAYS: i64 = 4 * 24 * 60;

#[test]
fn a_source_that_is_down_for_too_long_is_told_and_back_with_its_first_data() {
    let mut world = World::new();
    assert_eq!(world.run(30, 1.0), [""; 0]);
    world.hear(Sign::Down);
    assert_eq!(world.run(4, 0.0), [""; 0], "not yet");
    let id = format!("fuente/red/{}", START.plus(30 * MINUTE).to_jiff().strftime("%Y-%m-%dT%H:%MZ"));
    assert_eq!(world.run(120, 0.0), [format!("firing {id} down")], "once");
    // Who connects in vain stays down.
    world.hear(Sign::Up);
    assert_eq!(world.run(1, 0.0), [""; 0]);
    world.hear(Sign::Down);
    world.hear(Sign::Up);
    assert_eq!(world.run(1, 1.0), [format!("resolved {id} back")]);
    assert_eq!(world.run(60, 1.0), [""; 0]);
}

#[test]
fn a_source_that_never_came_up_is_told_too() {
    let mut world = World { engine: Engine::new(watching(1, 1)), prng: Prng::new(6), minutes: 0 };
    world.hear(Sign::Down);
    let told = world.run(10, 0.0);
    assert!(told.len() == 1 && told[0].starts_with("firing") && told[0].ends_with(" down"), "{told:?}");
    world.hear(Sign::Up);
    assert_eq!(world.run(2, 1.0).len(), 1, "and back");
}

#[test]
fn short_breaks_are_none_and_vain_connections_are_one_break() {
    let mut world = World::new();
    world.run(30, 1.0);
    for _ in 0..10 {
        world.hear(Sign::Down);
        world.run(2, 0.0);
        world.hear(Sign::Up);
        assert_eq!(world.run(2, 1.0), [""; 0]);
    }
    let mut told = Vec::new();
    for _ in 0..5 {
        world.hear(Sign::Down);
        told.extend(world.run(1, 0.0));
        world.hear(Sign::Up);
        told.extend(world.run(1, 0.0));
    }
    assert!(told.len() == 1 && told[0].starts_with("firing"), "{told:?}");
}

#[test]
fn a_source_that_falls_silent_while_it_is_up_is_told_by_what_is_usual() {
    let mut world = World::new();
    assert_eq!(world.run(DAYS, 1.0), [""; 0], "four quiet days");
    let silent = world.run(60, 0.0);
    assert!(silent.len() == 1 && silent[0].starts_with("firing fuente/red/") && silent[0].ends_with(" silent"), "{silent:?}");
    // It then turns out to be down: the same alert, and no second page.
    world.hear(Sign::Down);
    assert_eq!(world.run(60, 0.0), [""; 0]);
    world.hear(Sign::Up);
    let back = world.run(11, 1.0);
    assert_eq!(back, [silent[0].replace("firing", "resolved").replace("silent", "back")]);
    assert_eq!(world.run(24 * 60, 1.0), [""; 0]);
}

#[test]
fn it_hears_of_a_source_that_brings_a_third_and_not_of_noise() {
    let mut world = World::new();
    world.run(DAYS, 1.0);
    assert_eq!(world.run(6 * 60, 0.9), [""; 0]);
    let less = world.run(2 * 60, 0.3);
    assert!(less.len() == 1 && less[0].ends_with(" silent"), "{less:?}");
    // Once it was as usual for hours, the next silence is told again, the same day too.
    world.run(4 * 60, 1.0);
    let again = world.run(60, 0.0);
    assert!(again.len() == 1 && again[0].starts_with("firing"), "{again:?}");
}

#[test]
fn recordings_have_no_sources_that_could_be_down() {
    let mut world = World { engine: Engine::new(watching(1, 1)), prng: Prng::new(6), minutes: 0 };
    world.run(DAYS, 1.0);
    assert_eq!(world.run(24 * 60, 0.0), [""; 0]);
}

#[test]
fn a_rule_that_is_gone_ends_its_alert_and_one_that_stays_keeps_it() {
    let mut world = World::new();
    world.run(30, 1.0);
    world.hear(Sign::Down);
    world.run(10, 0.0);
    world.engine.compiled = watching(2, 1);
    assert_eq!(world.run(1, 0.0), [""; 0]);
    world.engine.compiled = watching(3, 0);
    let gone = world.run(1, 0.0);
    assert!(gone.len() == 1 && gone[0].starts_with("resolved") && gone[0].ends_with(" rule_removed"), "{gone:?}");
}

/// Keeps what the engine tells.
struct Kept(Arc<Mutex<Vec<String>>>);

impl Sink for Kept {
    fn applied(&mut self, _: Done, events: &mut Vec<Event>) {
        self.keep(events);
    }
    fn ticked(&mut self, _: Beat, events: &mut Vec<Event>) {
        self.keep(events);
    }
}

impl Kept {
    fn keep(&self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            if let Event::Alert(alert) = event {
                self.0.lock().unwrap().push(wire::alert_json(&alert, 1));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jetstream_that_goes_away_is_told_and_resolves_when_it_is_back() {
    let event = |i: u64| {
        let time = START.0 as u64 + i;
        let created = START.to_jiff();
        let text = format!(
            r#"{{"did":"did:plc:a","time_us":{time},"kind":"commit","commit":{{"rev":"r","operation":"create","collection":"app.bsky.feed.post","rkey":"k{i}","record":{{"$type":"app.bsky.feed.post","text":"hola {i}","createdAt":"{created}"}},"cid":"c"}}}}"#
        );
        (time, text.into_bytes())
    };
    let events: Vec<_> = (0..20).map(event).collect();
    let server = Server::start(events.clone(), None, vec![Behaviour::new(0, 10, End::Close(1001))]).await;
    let address = server.address;
    let clock = Arc::new(ManualClock::at(START));
    let alerts = Arc::new(Mutex::new(Vec::new()));
    let parts = Parts {
        lanes: 1,
        formats: vec![Format { name: "jetstream", mapping: Mapping::default() }],
        tally: Tally::new(tally::Settings {
            lateness: LATENESS,
            dedupe: DEDUPE,
            recent_bytes: 1 << 20,
            past: None,
            taken: Default::default(),
        }),
        compiled: watching(1, 1),
        clock,
    };
    let engine = app::Engine::start(parts, Box::new(Kept(alerts.clone()))).unwrap();
    let board = Arc::new(Board::default());
    let port = engine.intake.port(SourceId(0), 4, metrics::Counter::noop());
    let ctx = Context { timing: timing(), ..Context::new(port, board.clone(), CancellationToken::new()) };
    let source = escucha::sources::Settings { endpoint: format!("ws://{address}/subscribe"), ..settings("jetstream") };
    let name = source.name.clone();
    let task = tokio::spawn(sources::supervise(source, ctx.clone()));
    let until = async |what: &str, done: &dyn Fn() -> bool| {
        let patience = Instant::now() + Duration::from_secs(60);
        while !done() {
            assert!(Instant::now() < patience, "{what}: {:?} {:?}", board.get(&name), alerts.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    until("data", &|| board.get(&name).last_data.is_some()).await;
    engine.intake.tick(START.plus(SECOND)).unwrap();
    drop(server);
    // Refused from now on: the server is gone, and what it closed stays closed.
    until("a refused connection", &|| board.get(&name).problem.as_ref().is_some_and(|p| p.to_lowercase().contains("refused"))).await;
    engine.intake.tick(START.plus(2 * SECOND)).unwrap();
    engine.intake.tick(START.plus(2 * SECOND + DOWN_FOR)).unwrap();
    until("the alert", &|| alerts.lock().unwrap().len() == 1).await;
    let server = Server::start_at(address, events, None, vec![Behaviour::new(20, 20, End::Silent)]).await;
    // Beats go on until what it brings is there.
    until("its end", &|| {
        engine.intake.tick(START.plus(3 * SECOND + DOWN_FOR)).unwrap();
        alerts.lock().unwrap().len() == 2
    })
    .await;
    ctx.stop.cancel();
    task.await.unwrap();
    drop(server);
    engine.stop();
    let told = alerts.lock().unwrap().clone();
    let field = |i: usize, key: &str| serde_json::from_str::<serde_json::Value>(&told[i]).unwrap()[key].clone();
    assert_eq!((field(0, "status"), field(1, "status")), ("firing".into(), "resolved".into()));
    assert_eq!((field(0, "source"), field(0, "topic"), field(0, "on")), ("red".into(), serde_json::Value::Null, "source".into()));
    assert_eq!(field(0, "id"), field(1, "id"));
}
