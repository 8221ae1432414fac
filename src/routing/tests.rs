//! Tables for each rule, and a slow twin that works everything out anew at every step.

mod twin;

use super::*;
use crate::alert::Acknowledged;
use crate::prng::Prng;
use crate::time::Zone;

const S: i64 = SECOND;

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
}

fn alert(id: &str, rule: &str, topic: &str, severity: Severity, status: Status) -> Alert {
    let heartbeat = sign_of_life(0, Timestamp(0), 0).alert;
    Alert {
        id: id.to_owned(),
        rule: rule.to_owned(),
        on: "volume",
        topic: topic.to_owned(),
        brand: "Banco".to_owned(),
        severity,
        status,
        ..Alert::clone(&heartbeat)
    }
}

fn matchers(pairs: &[(Label, &str)]) -> Matchers {
    let mut all = Matchers::default();
    for (label, value) in pairs {
        all.0.entry(*label).or_default().insert((*value).to_owned());
    }
    all
}

fn target(name: &str) -> Target {
    Target { name: name.into(), acks: false, resend: None, wants: Wants::default() }
}

fn silence(id: &str, pairs: &[(Label, &str)], starts: i64, ends: i64) -> Silence {
    let (starts, ends) = (Timestamp(starts), Timestamp(ends));
    Silence { id: id.to_owned(), matchers: matchers(pairs), author: "ana".to_owned(), reason: "obras".to_owned(), starts, ends }
}

/// A router with one target and one route, and its story: what happens at a second, and what is sent.
struct Story {
    router: Router,
    seq: u64,
}

impl Story {
    fn new(settings: Settings) -> Story {
        Story { router: Router::new(settings, Story::moment(0)), seq: 0 }
    }

    fn with(timing: Timing) -> Story {
        let route = Route { notify: [0].into(), matchers: Matchers::default(), group_by: vec![Label::Topic], timing };
        Story::new(Settings { targets: vec![target("t")], routes: vec![route], ..Settings::default() })
    }

    fn moment(second: i64) -> Moment {
        Moment { at: Timestamp(second * S), elapsed: second * S }
    }

    fn comes(&mut self, second: i64, alert: Alert) {
        self.seq += 1;
        self.router.observe(Arc::new(alert), self.seq, Story::moment(second));
    }

    fn fires(&mut self, second: i64, id: &str) {
        self.comes(second, alert(id, "r", "a", Severity::Warning, Status::Firing));
    }

    fn ends(&mut self, second: i64, id: &str) {
        self.comes(second, alert(id, "r", "a", Severity::Warning, Status::Resolved));
    }

    fn taken_on(&mut self, second: i64, id: &str) {
        let acknowledged = Some(Acknowledged { by: "ana".to_owned(), at: Timestamp(second * S), note: String::new() });
        self.comes(second, Alert { acknowledged, ..alert(id, "r", "a", Severity::Warning, Status::Firing) });
    }

    /// What is sent at `second`, as `id cause`.
    fn sent(&mut self, second: i64) -> Vec<String> {
        let orders = self.router.advance(Story::moment(second));
        orders.iter().map(|o| format!("{} {}", o.alert.id, o.cause.as_str())).collect()
    }

    fn codes(&self, id: &str) -> Vec<&'static str> {
        self.router.why(id).expect("known").iter().map(|d| d.what.code()).collect()
    }
}

fn timing(wait: i64, interval: i64, repeat: i64, flap: i64) -> Timing {
    Timing { wait: wait * S, interval: interval * S, repeat: repeat * S, flap: flap * S }
}

#[test]
fn a_group_waits_then_goes_by_its_interval() {
    let mut s = Story::with(timing(5, 60, 3600, 0));
    s.fires(0, "1");
    assert_eq!(s.sent(4), [""; 0]);
    s.fires(4, "2");
    assert_eq!(s.sent(5), ["1 fired", "2 fired"]);
    s.fires(6, "3");
    assert_eq!(s.sent(64), [""; 0]);
    assert_eq!(s.sent(65), ["3 fired"]);
    // Another topic is another group, with a wait of its own.
    s.comes(66, alert("4", "r", "b", Severity::Info, Status::Firing));
    assert_eq!(s.sent(71), ["4 fired"]);
    // Looks that were missed are not made up for.
    assert_eq!(s.sent(3600 + 66), ["1 repeated", "2 repeated", "3 repeated"]);
    s.ends(3600 + 67, "2");
    assert_eq!(s.sent(3600 + 126), ["2 resolved", "4 repeated"]);
    assert_eq!(s.codes("2"), ["firing", "grouped", "sent", "sent", "resolved", "sent"]);
}

#[test]
fn what_is_over_before_anybody_was_told_is_not_told() {
    let mut s = Story::with(timing(5, 60, 3600, 0));
    s.fires(0, "1");
    s.ends(1, "1");
    assert_eq!(s.sent(5), [""; 0]);
    assert_eq!(s.codes("1"), ["firing", "grouped", "resolved", "untold"]);
    assert_eq!(s.router.due(), None, "a group without alerts is none");
}

#[test]
fn what_grows_worse_is_told_and_what_grows_better_is_not() {
    let mut s = Story::with(timing(0, 1, 3600, 0));
    s.fires(0, "1");
    assert_eq!(s.sent(0), ["1 fired"]);
    s.comes(1, alert("1", "r", "a", Severity::Critical, Status::Firing));
    assert_eq!(s.sent(1), ["1 worse"]);
    s.fires(2, "1");
    assert_eq!(s.sent(2), [""; 0]);
    s.comes(3, alert("1", "r", "a", Severity::Critical, Status::Firing));
    assert_eq!(s.sent(3), [""; 0]);
}

#[test]
fn who_takes_it_on_stops_the_repeats() {
    let mut s = Story::with(timing(0, 1, 10, 0));
    s.fires(0, "1");
    assert_eq!(s.sent(0), ["1 fired"]);
    s.taken_on(1, "1");
    assert_eq!((s.sent(1), s.sent(20), s.sent(40)), (vec![], vec![], vec![]));
    assert_eq!(s.codes("1"), ["firing", "sent", "acknowledged", "quiet"]);
    s.ends(41, "1");
    assert_eq!(s.sent(41), ["1 resolved"]);
    // A target that knows of it is told; one that forgets is told on and on.
    for (acks, resend, want) in [(true, None, vec!["1 acknowledged"]), (false, Some(2 * S), vec!["1 repeated"])] {
        let mut s = Story::new(Settings { targets: vec![Target { acks, resend, ..target("t") }], ..Settings::default() });
        s.fires(0, "1");
        assert_eq!(s.sent(5), ["1 fired"]);
        s.taken_on(6, "1");
        assert_eq!(s.sent(100), want);
    }
}

#[test]
fn the_first_route_that_matches_counts_for_each_target() {
    let route = |notify: &[usize], pairs: &[(Label, &str)]| Route {
        notify: notify.iter().copied().collect(),
        matchers: matchers(pairs),
        group_by: vec![],
        timing: timing(0, 1, 10, 0),
    };
    let targets = ["a", "b", "all"].map(target).into();
    let routes = vec![route(&[0], &[(Label::Severity, "critical")]), route(&[0, 1], &[(Label::Topic, "a"), (Label::Brand, "Banco")])];
    let mut s = Story::new(Settings { targets, routes, ..Settings::default() });
    s.comes(0, alert("1", "r", "b", Severity::Critical, Status::Firing));
    s.comes(0, alert("2", "r", "a", Severity::Info, Status::Firing));
    let orders = s.router.advance(Story::moment(100));
    let got: Vec<_> = orders.iter().map(|o| (o.target, o.alert.id.as_str())).collect();
    assert_eq!(got, [(0, "1"), (0, "2"), (1, "2"), (2, "2"), (2, "1")]);
    // What grows into a route is taken up then.
    s.comes(101, alert("3", "r", "c", Severity::Info, Status::Firing));
    assert!(s.router.advance(Story::moment(105)).is_empty());
    s.comes(106, alert("3", "r", "c", Severity::Critical, Status::Firing));
    let orders = s.router.advance(Story::moment(300));
    assert!(orders.iter().any(|o| (o.target, o.alert.id.as_str()) == (0, "3")));
    let mut s =
        Story::new(Settings { targets: vec![target("a")], routes: vec![route(&[0], &[(Label::Rule, "x")])], ..Settings::default() });
    s.fires(0, "1");
    s.ends(1, "1");
    assert_eq!((s.sent(100), s.codes("1")), (vec![], vec!["firing", "unrouted", "resolved"]));
}

#[test]
fn a_silence_holds_back_all_but_the_end() {
    let mut s = Story::with(timing(0, 1, 10, 0));
    s.fires(0, "1");
    assert_eq!(s.sent(0), ["1 fired"]);
    let quiet = silence("s1", &[(Label::Topic, "a")], S, 50 * S);
    s.router.silence(quiet.clone(), Story::moment(1)).expect("room");
    s.fires(2, "2");
    assert_eq!((s.sent(2), s.sent(30)), (vec![], vec![]));
    assert_eq!(s.codes("2"), ["firing", "silenced"]);
    s.ends(31, "1");
    assert_eq!(s.sent(31), ["1 resolved"]);
    // Over, and what still fires is told.
    assert_eq!(s.sent(49), [""; 0]);
    assert_eq!(s.sent(50), ["2 fired"]);
    s.router.silence(Silence { ends: Timestamp(900 * S), ..quiet }, Story::moment(51)).expect("room");
    assert_eq!(s.sent(80), [""; 0]);
    assert!(s.router.unsilence("s1") && !s.router.unsilence("s1"));
    assert_eq!(s.sent(81), ["2 repeated"]);
    let mut s = Story::with(timing(0, 1, 10, 0));
    for i in 0..SILENCES {
        s.router.silence(silence(&i.to_string(), &[], 0, 10), Story::moment(0)).expect("room");
    }
    assert_eq!(s.router.silence(silence("x", &[], 0, 10), Moment { at: Timestamp(9), elapsed: 9 }), Err(TooMany));
    assert_eq!(s.router.silence(silence("x", &[], 0, 10), Moment { at: Timestamp(10), elapsed: 10 }), Ok(()));
    assert_eq!(s.router.silences().count(), 1);
}

#[test]
fn a_source_that_fires_mutes_its_equals() {
    let inhibit = Inhibit {
        source: matchers(&[(Label::Severity, "critical")]),
        target: matchers(&[(Label::Severity, "warning"), (Label::Severity, "critical")]),
        equal: vec![Label::Topic],
    };
    let settings = Settings { targets: vec![target("t")], inhibits: vec![inhibit], ..Settings::default() };
    let mut s = Story::new(settings);
    for (id, topic, severity) in
        [("1", "a", Severity::Critical), ("2", "a", Severity::Warning), ("3", "b", Severity::Warning), ("4", "a", Severity::Critical)]
    {
        s.comes(0, alert(id, "r", topic, severity, Status::Firing));
    }
    // Two that could mute each other do not.
    assert_eq!(s.sent(5), ["1 fired", "4 fired", "3 fired"]);
    assert_eq!(s.codes("2"), ["firing", "grouped", "inhibited"]);
    for id in ["1", "4"] {
        s.comes(6, alert(id, "r", "a", Severity::Critical, Status::Resolved));
    }
    assert_eq!(s.sent(65), ["1 resolved", "2 fired", "4 resolved"]);
}

#[test]
fn what_flaps_is_one_notification() {
    let mut s = Story::with(timing(0, 1, 3600, 10));
    s.fires(0, "1");
    assert_eq!(s.sent(0), ["1 fired"]);
    s.ends(5, "1");
    assert_eq!(s.sent(6), [""; 0]);
    s.fires(7, "2");
    assert_eq!(s.sent(8), [""; 0]);
    s.ends(9, "2");
    s.fires(10, "3");
    assert_eq!(s.sent(10), [""; 0]);
    s.ends(11, "3");
    assert_eq!(s.sent(20), [""; 0]);
    // Told of the first, it learns that the first is over, and of nothing else.
    assert_eq!(s.sent(21), ["1 resolved"]);
    assert_eq!(s.codes("1"), ["firing", "sent", "resolved", "held", "continued"]);
    assert_eq!(s.codes("2"), ["firing", "continues", "resolved", "held", "continued"]);
    assert_eq!(s.codes("3"), ["firing", "continues", "resolved", "held", "sent"]);
    // Worse than what it would go on with, it is told.
    s.fires(30, "4");
    assert_eq!(s.sent(30), ["4 fired"]);
    s.ends(31, "4");
    s.comes(32, alert("5", "r", "a", Severity::Critical, Status::Firing));
    assert_eq!(s.sent(32), ["5 fired"]);
    assert_eq!(s.sent(41), ["4 resolved"]);
    // Each post of a priority rule is a matter of its own.
    let post = |id: &str, status| Alert { on: "priority", ..alert(id, "p", "a", Severity::Warning, status) };
    s.comes(50, post("6", Status::Firing));
    assert_eq!(s.sent(50), ["6 fired"]);
    s.comes(51, post("6", Status::Resolved));
    s.comes(51, post("7", Status::Firing));
    assert_eq!(s.sent(51), ["7 fired"]);
}

#[test]
fn signs_of_life_come_at_their_time() {
    let heartbeats = vec![Heartbeat { notify: 0, every: 60 * S }];
    let mut s = Story::new(Settings { targets: vec![target("t")], heartbeats, ..Settings::default() });
    let beat = ["escucha/heartbeat heartbeat"];
    assert_eq!(s.sent(0), beat);
    assert_eq!(s.sent(59), [""; 0]);
    // After a pause there is one, not one for every minute.
    assert_eq!(s.sent(600), beat);
    assert_eq!(s.router.due(), Some(660 * S));
}

#[test]
fn mute_times_are_civil() {
    let mute = |zone: &str, days: &[usize], from: &str, to: &str| Mute {
        name: "noche".to_owned(),
        matchers: Matchers::default(),
        days: std::array::from_fn(|d| days.contains(&d)),
        from: Civil::parse(from).expect(from).0,
        to: Civil::parse(to).expect(to).0,
        zone: Zone::named(zone).expect(zone),
    };
    let all = [0, 1, 2, 3, 4, 5, 6];
    let night = mute("Europe/Madrid", &all, "02:00", "03:00");
    let weekend = mute("America/Mexico_City", &[5, 6], "00:00", "00:00");
    let friday = mute("Europe/Madrid", &[4], "22:00", "07:00");
    for (mute, moment, want) in [
        // Madrid leaves summer time on 2026-10-25 at 01:00Z: 02:00-03:00 comes twice, and mutes twice.
        (&night, "2026-10-24T23:59:59Z", false),
        (&night, "2026-10-25T00:00:00Z", true),
        (&night, "2026-10-25T00:59:59Z", true),
        (&night, "2026-10-25T01:00:00Z", true),
        (&night, "2026-10-25T01:59:59Z", true),
        (&night, "2026-10-25T02:00:00Z", false),
        // It enters it on 2026-03-29 at 01:00Z: 02:00-03:00 does not exist, and mutes nothing.
        (&night, "2026-03-29T00:59:59Z", false),
        (&night, "2026-03-29T01:00:00Z", false),
        (&night, "2026-03-28T01:30:00Z", true),
        (&weekend, "2026-07-04T05:59:59Z", false),
        (&weekend, "2026-07-04T06:00:00Z", true),
        (&weekend, "2026-07-06T05:59:59Z", true),
        (&weekend, "2026-07-06T06:00:00Z", false),
        // The night belongs to the day it began on; 2026-03-27 is a Friday, 2026-10-23 too.
        (&friday, "2026-03-27T20:59:59Z", false),
        (&friday, "2026-03-27T21:00:00Z", true),
        (&friday, "2026-03-28T05:59:59Z", true),
        (&friday, "2026-03-28T06:00:00Z", false),
        (&friday, "2026-03-28T21:30:00Z", false),
        (&friday, "2026-03-27T03:00:00Z", false),
        (&friday, "2026-10-24T04:59:59Z", true),
        (&friday, "2026-10-24T05:00:00Z", false),
    ] {
        assert_eq!(mute.is_active(at(moment)), want, "{moment}");
    }
    for bad in ["", "24:01", "7:00", "07:60", "+7:00", "07:0", "25:00", "٠٧:٠٠"] {
        assert!(Civil::parse(bad).is_none(), "{bad}");
    }
    let mut s = Story::new(Settings { targets: vec![target("t")], mutes: vec![night], ..Settings::default() });
    let noon = at("2026-07-01T10:00:00Z").0 / S;
    let small = at("2026-07-01T00:30:00Z").0 / S;
    s.fires(small, "1");
    assert_eq!((s.sent(small + 5), s.codes("1")), (vec![], vec!["firing", "grouped", "muted"]));
    assert_eq!(s.sent(noon), ["1 fired"]);
}

#[test]
fn what_is_known_is_bounded() {
    let mut s = Story::with(timing(0, 1, 10, 0));
    for i in 0..ALERTS_ROUTED + 10 {
        s.fires(0, &i.to_string());
    }
    assert_eq!((s.router.book.alerts.len(), s.router.book.order.len()), (ALERTS_ROUTED, ALERTS_ROUTED));
    assert!(s.router.why("9").is_none() && s.router.why("10").is_some());
    assert_eq!(s.sent(0).len(), ALERTS_ROUTED);
    for i in 1..2 * DECISIONS as i64 {
        s.comes(i, alert("99", "r", "a", if i % 2 == 0 { Severity::Info } else { Severity::Warning }, Status::Firing));
    }
    let log = s.router.why("99").expect("known");
    assert_eq!((log.len(), log[0].what.code()), (DECISIONS, "firing"));
}

#[test]
fn a_target_is_told_what_it_asks_for() {
    let of = |name: &str| Some(vec![name.to_owned(), "other".to_owned()]);
    let of_severity = |min_severity| Wants { min_severity, ..Wants::default() };
    let of_topic = |name| Wants { topics: of(name), ..Wants::default() };
    let of_rule = |name| Wants { rules: of(name), ..Wants::default() };
    for (wants, told) in [
        (Wants::default(), vec!["a firing", "a resolved"]),
        (of_severity(Severity::Warning), vec!["a firing", "a resolved"]),
        (of_severity(Severity::Critical), vec![]),
        (of_topic("app"), vec!["a firing", "a resolved"]),
        (of_topic("fraude"), vec![]),
        (of_rule("r"), vec!["a firing", "a resolved"]),
        (of_rule("s"), vec![]),
        (Wants { resolved: false, ..Wants::default() }, vec!["a firing"]),
    ] {
        let mut router = Router::new(
            Settings { targets: vec![Target { wants: wants.clone(), ..target("t") }], ..Settings::default() },
            Story::moment(0),
        );
        let mut sent = Vec::new();
        for (seq, status) in [(1, Status::Firing), (2, Status::Resolved)] {
            router.observe(Arc::new(alert("a", "r", "app", Severity::Warning, status)), seq, Story::moment(seq as i64 * 3600));
            sent.extend(router.advance(Story::moment(seq as i64 * 3600 + 1800)));
        }
        let sent: Vec<String> = sent.iter().map(|o| format!("{} {}", o.alert.id, o.alert.status.as_str())).collect();
        assert_eq!(sent, told, "{wants:?}");
    }
}

/// A router with other settings that goes on with what `story` knows.
fn resumed(story: &mut Story, settings: Settings, second: i64) -> Story {
    let rows = story.router.changes().into_iter().filter_map(|row| Some(((row.kind.to_owned(), row.key), row.body?)));
    let bodies = story.router.book.alerts.values().map(|t| (t.seq, t.alert.clone())).collect();
    let router = Router::resume(settings, Story::moment(second), &rows.collect(), &bodies).expect("what was written");
    Story { router, seq: story.seq }
}

#[test]
fn who_is_no_longer_routed_hears_the_end_and_who_is_new_what_goes_on() {
    let plan = |notify: &[usize], targets: &[&str], rule: &str| {
        let matchers = matchers(&[(Label::Rule, rule)]);
        let route = Route { notify: notify.iter().copied().collect(), matchers, group_by: vec![], timing: timing(0, 1, 10, 0) };
        Settings { targets: targets.iter().map(|name| target(name)).collect(), routes: vec![route], ..Settings::default() }
    };
    let mut s = Story::new(plan(&[0, 1], &["gone", "stays"], "r"));
    s.fires(0, "1");
    assert_eq!(s.sent(0).len(), 2);
    // Another target stands in the place of the first; the second is told of another rule only.
    let mut s = resumed(&mut s, plan(&[1], &["new", "stays"], "other"), 1);
    let sent = |s: &mut Story, second: i64| {
        let orders = s.router.advance(Story::moment(second));
        orders.iter().map(|o| (o.target, o.cause)).collect::<Vec<_>>()
    };
    assert_eq!(sent(&mut s, 6), [(0, Cause::Fired)]);
    assert_eq!(sent(&mut s, 5000), [], "neither repeats");
    s.ends(5001, "1");
    let mut ends = sent(&mut s, 9000);
    ends.sort_unstable();
    assert_eq!(ends, [(0, Cause::Resolved), (1, Cause::Resolved)]);
}
