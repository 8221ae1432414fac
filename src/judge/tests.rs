use super::*;
use crate::alert::{Severity, Status};
use crate::limits::{ALERTS_OPEN, ALERTS_RESOLVED};
use crate::post::Post;
use crate::time::{HOUR, Zone};
use crate::topic::Topic;
use crate::window::Window;

const NOW: Moment = Moment { now: Timestamp(0), delayed: false };

fn judge(on: On) -> Judge {
    let topic = Topic {
        id: TopicId(1),
        name: "t".into(),
        brand: None,
        weight: Score::default(),
        zone: Zone::utc(),
        calendar: Default::default(),
        labels: Default::default(),
        queries: Vec::new(),
    };
    let rule = Rule { name: "r".into(), on, topics: vec![TopicId(1), TopicId(77)], severity: Severity::Info, resolve_after: HOUR };
    let mut judge = Judge::default();
    let listening = Listening { version: 1, topics: vec![topic], rules: vec![rule], ..Listening::default() };
    judge.adopt(&listening, Timestamp(0), &mut Vec::new());
    judge
}

fn fire(judge: &mut Judge, id: &str, out: &mut Vec<Alert>) {
    let post = PostBuf::new(&Post { id, network: "x", ..Post::default() });
    judge.fire_priority(0, &post, Score::points(50), std::iter::empty(), NOW, out);
}

#[test]
fn alerts_are_bounded_and_the_oldest_makes_room() {
    let mut judge = judge(On::Priority { at: Score::points(10) });
    let mut out = Vec::new();
    let n = ALERTS_OPEN + ALERTS_RESOLVED + 10;
    for i in 0..n {
        fire(&mut judge, &i.to_string(), &mut out);
    }
    let displaced: Vec<&Alert> = out.iter().filter(|a| a.status == Status::Resolved).collect();
    assert_eq!(displaced.len(), n - ALERTS_OPEN);
    assert_eq!((displaced[0].id.as_str(), displaced[0].reasons[0].code), ("r/t/0", "displaced"));
    let kept: Vec<&Alert> = judge.alerts().collect();
    assert_eq!(kept.len(), ALERTS_OPEN + ALERTS_RESOLVED);
    assert_eq!(kept[0].id, "r/t/10");
    // An alert that is forgotten gives its post free, and its id to nobody.
    fire(&mut judge, "3", &mut out);
    assert_eq!(out.last().map(|a| a.id.as_str()), Some("r/t/3#2"));
    // Alerts that are over have no timer.
    judge.forget(Post { id: "3", network: "x", ..Post::default() }.key(), NOW.now, &mut out);
    assert_eq!(judge.alerts.timers(), ALERTS_OPEN - 1);
    out.clear();
    judge.tick(Timestamp(HOUR), &mut out);
    assert_eq!(out.len(), ALERTS_OPEN - 1);
    assert_eq!(judge.alerts.timers(), 0);
}

#[test]
fn the_same_cause_twice_has_two_ids() {
    let mut judge = judge(On::Priority { at: Score::points(10) });
    let mut out = Vec::new();
    for _ in 0..3 {
        fire(&mut judge, "7", &mut out);
    }
    assert_eq!(out.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["r/t/7", "r/t/7#2", "r/t/7#3"]);
}

#[test]
fn a_window_of_an_alert_that_is_over_fires_only_when_it_fills() {
    let mut judge = judge(On::Volume { window: Window::M5, at: 10 });
    let mut out = Vec::new();
    assert!(!judge.reaches(0, 100, 9) && judge.reaches(0, 100, 10) && judge.reaches(0, 100, 11));
    judge.fire_volume(0, 100, Evidence::default(), NOW, &mut out);
    assert!(judge.is_firing(0) && !judge.reaches(0, 101, 50));
    judge.review(0, 106, Tallied { mentions: 9, ..Tallied::default() }, NOW.now, |_| Evidence::default(), &mut out);
    assert!(!judge.is_firing(0));
    assert!(!judge.reaches(0, 105, 11) && judge.reaches(0, 105, 10) && judge.reaches(0, 106, 11));
    assert_eq!(out.iter().map(|a| a.status).collect::<Vec<_>>(), [Status::Firing, Status::Resolved]);
}

#[test]
fn a_displaced_window_does_not_fire_at_once() {
    let mut judge = judge(On::Volume { window: Window::M5, at: 10 });
    let mut out = Vec::new();
    judge.fire_volume(0, 100, Evidence::default(), NOW, &mut out);
    let number = judge.watches[0].firing.map(|f| f.alert).unwrap();
    judge.alerts.resolve(number, NOW.now, words::displaced(), &mut out);
    judge.review(0, 102, Tallied { mentions: 50, ..Tallied::default() }, NOW.now, |_| Evidence::default(), &mut out);
    assert!(!judge.is_firing(0));
    assert!(!judge.reaches(0, 102, 51) && judge.reaches(0, 103, 51));
}

#[test]
fn unknown_watches_and_topics_are_nothing() {
    let mut judge = judge(On::Volume { window: Window::M5, at: 1 });
    let mut out = Vec::new();
    assert_eq!((judge.watches(TopicId(1)), judge.watches(TopicId(77)).len()), (0..1, 0));
    fire(&mut judge, "a volume rule fires on no post", &mut out);
    judge.fire_volume(9, 0, Evidence::default(), NOW, &mut out);
    judge.review(9, 0, Tallied::default(), NOW.now, |_| Evidence::default(), &mut out);
    judge.forget(PostKey(0), NOW.now, &mut out);
    assert!(out.is_empty() && judge.on(9).is_none() && !judge.reaches(9, 0, 100));
}
