//! Alerts on how customers are answered, from native posts through lane and tally.

use std::path::Path;
use std::sync::Arc;

use escucha::alert::Status;
use escucha::config::{Config, TopicIds};
use escucha::decode::{self, Format, Mapping};
use escucha::incident::{Deed, IncidentKey};
use escucha::lane::{Compiled, Input, Lane};
use escucha::post::PostKey;
use escucha::tally::{Event, Order, Tally};
use escucha::time::{MINUTE, Timestamp};
use escucha::topic::SourceId;

/// 2026-07-06T12:00:00Z, a Monday.
pub const START: Timestamp = Timestamp(1_783_339_200_000_000);

const FILE: &str = r#"
timezone = "Europe/Madrid"
[engine]
lateness = "0s"
[[source]]
name = "all"
type = "stdin"
format = "escucha"
[[brand]]
name = "Banco"
own = true
accounts = [{ handle = "banco" }]
ignore = ["@RoBot"]
[[brand]]
name = "Otro"
accounts = [{ handle = "otro" }]
"#;

/// An engine that is fed post by post, with a beat every second or when asked for.
pub struct World {
    pub tally: Tally,
    lane: Lane,
    compiled: Arc<Compiled>,
    /// What was told: minute after the start, id, status, severity and code of the first reason.
    pub told: Vec<String>,
    pub events: Vec<Event>,
}

impl World {
    pub fn new(more: &str) -> World {
        let (config, _) = Config::read("t", format!("{FILE}{more}"), Path::new(""))
            .unwrap_or_else(|report| panic!("{}", report.render(escucha::bilingual::Lang::En, false)));
        let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
        let format = Format { name: "escucha", mapping: Mapping::default() };
        let lane = Lane::new(decode::decoders(&[format]));
        World { tally: Tally::new(config.engine.tally.clone()), lane, compiled, told: Vec::new(), events: Vec::new() }
    }

    /// Listens by another file from here on.
    pub fn reload(&mut self, more: &str) {
        let (config, _) = Config::read("t", format!("{FILE}{more}"), Path::new("")).expect("a good file");
        let version = self.compiled.listening.version + 1;
        self.compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), version)));
    }

    /// A post by `author` at `minute`; `more` are further members of the object.
    pub fn post(&mut self, minute: i64, id: &str, author: &str, text: &str, more: &str) {
        let at = START.plus(minute * MINUTE);
        let line = format!(
            "{{\"id\":\"{id}\",\"network\":\"x\",\"created_at\":\"{at}\",\"text\":\"{text}\",\"author\":{{\"id\":\"{author}-1\",\"handle\":\"{author}\"}}{more}}}\n"
        );
        let mut bytes = line.into_bytes();
        let input = Input { bytes: &mut bytes, source: SourceId(0), seen: at, compiled: &self.compiled };
        let outcome = self.lane.process(input);
        let mut events = Vec::new();
        self.tally.tick(&self.compiled, at, &mut events);
        self.tally.apply(&self.compiled, SourceId(0), &outcome, &mut events);
        // Data is behind the beats by nothing.
        self.tally.tick(&self.compiled, at, &mut events);
        self.note(events);
    }

    /// An answer of the bank to post `to`.
    pub fn answer(&mut self, minute: i64, id: &str, to: &str, text: &str) {
        self.post(minute, id, "banco", text, &format!(",\"in_reply_to\":{{\"id\":\"{to}\"}}"));
    }

    /// A beat at `minute`.
    pub fn beat(&mut self, minute: i64) {
        let mut events = Vec::new();
        self.tally.tick(&self.compiled, START.plus(minute * MINUTE), &mut events);
        self.note(events);
    }

    pub fn act(&mut self, minute: i64, opening: &str, deed: Deed) {
        let mut events = Vec::new();
        let incident = IncidentKey::of("Banco", PostKey::of("x", opening));
        let order = Order { incident, version: None, by: "ana".into(), deed };
        self.tally.act(START.plus(minute * MINUTE), &order, &mut events).expect("done");
        self.note(events);
    }

    fn note(&mut self, events: Vec<Event>) {
        for event in &events {
            if let Event::Alert(alert) = event {
                let minute = alert.updated_at.since(START) as f64 / MINUTE as f64;
                let end = if alert.status == Status::Resolved { "over" } else { alert.severity.as_str() };
                self.told.push(format!("{minute} {} {end} {}", alert.id, alert.reasons[0].code));
                assert!(alert.reasons.iter().all(|r| !r.text.es.is_empty() && r.text.es != r.text.en), "{alert:?}");
            }
        }
        self.events.extend(events);
    }

    /// What was told since this was asked last.
    pub fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

const RULE: &str = "[[alert]]\nname = \"plazo\"\non = \"sla\"\nseverity = \"critical\"\n";

#[test]
fn an_answer_is_due_then_late_in_one_alert_at_the_very_moment() {
    let mut w = World::new(RULE);
    w.post(0, "1", "maria", "@banco la app se cierra sola", "");
    w.beat(44);
    assert_eq!(w.news(), [""; 0]);
    w.beat(50);
    assert_eq!(w.news(), ["45 plazo/Banco/x/1 warning answer_due"]);
    w.beat(59);
    w.beat(61);
    assert_eq!(w.news(), ["60 plazo/Banco/x/1 critical first_answer_late"]);
    w.beat(70);
    w.answer(71, "2", "1", "@maria ya lo vemos");
    assert_eq!(w.news(), ["71 plazo/Banco/x/1 over answered"]);
    w.post(80, "3", "maria", "@banco y sigue igual, que pasa?", ",\"in_reply_to\":{\"id\":\"2\"}");
    w.beat(600);
    assert_eq!(w.news(), [""; 0], "no time for a later answer is configured");
}

#[test]
fn what_is_not_watched_fires_nothing() {
    let mut w = World::new(RULE);
    w.post(0, "1", "maria", "@otro la app se cierra sola", "");
    w.answer(0, "2", "77", "@pepe te contamos algo");
    w.post(1, "3", "maria", "@juan @banco es un desastre", ",\"in_reply_to\":{\"id\":\"9\",\"author\":\"juan\"}");
    w.post(1, "4", "robot", "@banco mi oferta de hoy", "");
    w.beat(300);
    assert_eq!(w.news(), [""; 0], "of others, by us, carried along, ignored");
    let mut w = World::new(&format!("{RULE}bystanders = true\n"));
    w.post(1, "3", "maria", "@juan @banco es un desastre", ",\"in_reply_to\":{\"id\":\"9\",\"author\":\"juan\"}");
    w.beat(300);
    assert_eq!(w.news().len(), 2);
}

#[test]
fn a_blocked_operation_has_less_time_and_business_hours_stand_still() {
    let mut w = World::new(RULE);
    w.post(0, "1", "maria", "@banco no puedo sacar dinero, mi tarjeta está bloqueada", "");
    w.beat(20);
    assert_eq!(w.news(), ["11.25 plazo/Banco/x/1 warning answer_due", "15 plazo/Banco/x/1 critical first_answer_late"]);
    // 14:00 in Madrid; closed from 14:30 to 9:00 of the next day.
    let mut w =
        World::new(&format!("{RULE}hours = \"business\"\nfrom = \"09:00\"\nto = \"14:30\"\nfirst_answer = \"1h\"\nwarn = \"20m\"\n"));
    w.post(0, "1", "maria", "@banco la app se cierra sola", "");
    w.beat(24 * 60);
    let night = 18 * 60 + 30;
    assert_eq!(
        w.news(),
        ["20 plazo/Banco/x/1 warning answer_due".to_owned(), format!("{} plazo/Banco/x/1 critical first_answer_late", 60 + night)]
    );
}

#[test]
fn it_is_over_when_closed_merged_or_gone() {
    let mut w = World::new(RULE);
    for (id, author) in [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")] {
        w.post(0, id, author, "@banco la app se cierra sola", "");
    }
    w.beat(61);
    assert_eq!(w.news().len(), 8);
    w.act(62, "1", Deed::Resolve("phone".into()));
    w.act(62, "2", Deed::Merge(PostKey::of("x", "3")));
    w.post(62, "4", "d", "", ",\"kind\":\"delete\"");
    let news = w.news();
    for over in ["1 over resolved", "2 over merged", "4 over gone"] {
        assert!(news.iter().any(|n| n.ends_with(&format!("plazo/Banco/x/{over}"))), "{over}: {news:?}");
    }
    assert_eq!(news.len(), 3);
    w.beat(30 * 24 * 60 + 1);
    assert!(w.news().iter().any(|n| n.ends_with("plazo/Banco/x/3 over expired")));
}

#[test]
fn a_promise_a_fourth_agent_and_a_second_doubt() {
    let mut w = World::new(&format!("{RULE}next_answer = \"4h\"\nwarn = \"59m\"\n"));
    w.post(0, "1", "maria", "@banco la app se cierra sola", "");
    w.answer(1, "2", "1", "@maria te contactaremos ^AB");
    w.beat(240);
    assert_eq!(w.news(), [""; 0]);
    w.beat(242);
    assert_eq!(w.news(), ["241 plazo/Banco/x/1/promise critical promise_owed"]);
    w.answer(243, "3", "2", "@maria ya está la solicitud ^CD");
    assert_eq!(w.news(), ["243 plazo/Banco/x/1/promise over news_given"]);
    w.post(250, "4", "maria", "@banco sigue sin abrir", ",\"in_reply_to\":{\"id\":\"3\"}");
    w.answer(251, "5", "4", "@maria probemos otra vez ^EF");
    assert_eq!(w.news(), [""; 0]);
    w.post(252, "6", "maria", "@banco que no, que no abre", ",\"in_reply_to\":{\"id\":\"5\"}");
    assert_eq!(w.news(), ["252 plazo/Banco/x/1/contact warning contact_privately"]);
    w.answer(253, "7", "6", "@maria por favor instálala de nuevo ^GH");
    assert_eq!(w.news(), ["253 plazo/Banco/x/1/contact over answered", "253 plazo/Banco/x/1/agents warning many_agents"]);
    w.post(254, "8", "maria", "@banco tampoco abre", ",\"in_reply_to\":{\"id\":\"7\"}");
    w.beat(494);
    assert_eq!(
        w.news(),
        ["490 plazo/Banco/x/1 warning answer_due", "494 plazo/Banco/x/1 critical next_answer_late"],
        "contact is told of once"
    );
}

#[test]
fn a_storm_is_one_alert_for_what_comes_beyond_and_nobody_is_told_twice() {
    let mut w = World::new(&format!("{RULE}each = 3\n"));
    for i in 0..50 {
        w.post(i / 10, &format!("{i}"), &format!("c{i}"), "@banco la app se cierra sola", "");
    }
    w.beat(70);
    let news = w.news();
    let alone = news.iter().filter(|n| n.contains("plazo/Banco/x/")).count();
    assert_eq!(alone, 6, "{news:?}");
    let firing: Vec<_> = w.tally.firing().map(str::to_owned).collect();
    assert_eq!(firing.len(), 4, "{firing:?}");
    assert!(firing[3].starts_with("plazo/Banco/answer/2026-07-06T12:45Z"), "{firing:?}");
    assert!(news.len() < 20, "{news:?}");
    let last = w.events.iter().rev().find_map(|e| match e {
        Event::Alert(a) if a.id == firing[3] => Some(a.clone()),
        _ => None,
    });
    w.beat(72);
    let all = w.events.iter().rev().find_map(|e| match e {
        Event::Alert(a) if a.id == firing[3] => Some(a.observed.mentions),
        _ => None,
    });
    assert_eq!(all, Some(47), "{last:?}");
    // Those that stand alone are answered: what is in the storm stays there.
    let alone: Vec<&str> = firing[..3].iter().filter_map(|id| id.rsplit('/').next()).collect();
    for id in &alone {
        w.answer(73, &format!("a{id}"), id, "hola");
    }
    w.beat(75);
    let news = w.news();
    assert_eq!((news.len(), news.iter().filter(|n| n.ends_with("over answered")).count()), (3, 3), "{news:?}");
    for id in (0..50).map(|i| i.to_string()).filter(|id| !alone.contains(&id.as_str())) {
        w.answer(80, &format!("a{id}"), &id, "hola");
    }
    let news = w.news();
    assert!(news.iter().all(|n| n.contains("/answer/")) && news.last().is_some_and(|n| n.ends_with("over answered")), "{news:?}");
    assert_eq!(w.tally.firing().count(), 0);
}

#[test]
fn personal_data_in_public_is_told_of_once() {
    let mut w = World::new(RULE);
    w.post(0, "1", "maria", "@banco mi tarjeta es 4111 1111 1111 1111 y no pasa", "");
    assert_eq!(w.news(), ["0 plazo/Banco/x/1/personal warning personal_data"]);
    w.answer(1, "2", "1", "@maria por favor bórralo y escríbenos por DM");
    assert_eq!(w.news(), ["1 plazo/Banco/x/1/personal over answered"]);
    w.post(2, "3", "maria", "@banco ok, 4111 1111 1111 1111", ",\"in_reply_to\":{\"id\":\"2\"}");
    assert_eq!(w.news(), [""; 0]);
}

#[test]
fn a_reload_goes_on_with_what_still_holds() {
    let mut w = World::new(RULE);
    w.post(0, "1", "maria", "@banco la app se cierra sola", "");
    w.beat(61);
    w.news();
    w.reload(&format!("{RULE}first_answer = \"2h\"\n"));
    w.beat(62);
    w.beat(130);
    assert_eq!(w.news(), [""; 0], "it was told");
    w.post(131, "2", "juan", "@banco la app se cierra sola", "");
    w.reload("");
    w.beat(132);
    assert_eq!(w.news(), ["131 plazo/Banco/x/1 over rule_removed"]);
    w.beat(500);
    assert_eq!(w.news(), [""; 0]);
}
