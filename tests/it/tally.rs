//! What the tally tells, step by step.

use std::path::Path;
use std::sync::Arc;

use escucha::bilingual::Lang;
use escucha::config::{Config, TopicIds};
use escucha::lane::{Compiled, Hit, Input, Lane};
use escucha::limits;
use escucha::post::Kind;
use escucha::reason::Skipped;
use escucha::score::{self, Score};
use escucha::tally::{Event, Mention, MentionFilter};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::{On, SourceId, TopicId};
use escucha::window::Window;

use crate::outcomes::{Engine, START, hit, listening, post, rule};

const T0: TopicId = TopicId(10);

fn at(seconds: i64) -> Timestamp {
    START.plus(seconds * SECOND)
}

fn volume(window: Window, at: u64) -> Engine {
    Engine::new(listening(1, 2, "UTC", vec![rule("crisis", On::Volume { window, at }, &[0])]))
}

fn priority(points: i16) -> Engine {
    Engine::new(listening(1, 2, "UTC", vec![rule("alta", On::Priority { at: Score::points(points) }, &[0])]))
}

#[test]
fn a_volume_alert_fires_at_the_very_post_and_resolves_when_the_window_falls() {
    let mut e = volume(Window::M5, 3);
    e.tick(at(0));
    e.apply(0, &[post(1, at(1), 5), post(2, at(2), 5)]);
    assert!(e.alerts().is_empty());
    e.apply(0, &[post(3, at(3), 5), post(4, at(4), 5)]);
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T09:56Z 3"]);
    // The growth is told when it doubled, and else once a minute.
    e.tick(at(5));
    assert!(e.alerts().is_empty());
    e.apply(0, &[post(5, at(6), 5), post(6, at(6), 5)]);
    e.tick(at(7));
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T09:56Z 6"]);
    e.apply(0, &[post(7, at(8), 5)]);
    e.tick(at(9));
    assert!(e.alerts().is_empty());
    e.tick(at(68));
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T09:56Z 7"]);
    e.tick(at(299));
    assert!(e.alerts().is_empty());
    e.tick(at(300));
    assert_eq!(e.alerts(), ["resolved crisis/t0/2026-07-06T09:56Z 0"]);
    e.tick(at(301));
    assert!(e.alerts().is_empty());
}

#[test]
fn a_late_post_fires_its_own_window_delayed() {
    let mut e = volume(Window::M5, 3);
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 5), post(2, at(0), 5), post(9, at(1200), 5)]);
    e.tick(at(1200));
    e.alerts();
    assert_eq!(e.apply(0, &[post(3, at(30), 5)]).late, 1);
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T09:56Z 3 delayed"]);
    e.tick(at(1201));
    assert_eq!(e.alerts(), ["resolved crisis/t0/2026-07-06T09:56Z 1 delayed"]);
    // A window fires once: more late posts change nothing, whichever window they reach first.
    e.apply(0, &[post(4, at(31), 5)]);
    e.tick(at(1202));
    assert!(e.alerts().is_empty());
}

#[test]
fn an_early_post_does_not_resolve_what_it_fired() {
    let mut e = volume(Window::M1, 2);
    e.tick(at(0));
    e.apply(0, &[post(1, at(130), 5), post(2, at(131), 5)]);
    e.tick(at(1));
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T10:02Z 2"]);
    e.tick(at(179));
    assert!(e.alerts().is_empty());
    e.tick(at(180));
    assert_eq!(e.alerts(), ["resolved crisis/t0/2026-07-06T10:02Z 0"]);
}

#[test]
fn an_alert_shows_its_posts_and_says_why_in_both_languages() {
    let mut e = volume(Window::M15, 5);
    e.tick(at(0));
    let scores = [10, 40, 20, 90, 30];
    let posts: Vec<_> = scores.iter().enumerate().map(|(i, s)| post(i as u64, at(50 - i as i64), *s)).collect();
    e.apply(0, &posts);
    let alert = e.tally.alerts().next().expect("an alert").clone();
    let ids = |posts: &[escucha::post::PostBuf]| posts.iter().map(|p| p.get().id.to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&alert.top_posts), ["3", "1", "4"]);
    assert_eq!(alert.first_post.as_ref().map(|p| p.get().id.to_owned()).as_deref(), Some("4"));
    assert_eq!(alert.networks, [("x".to_owned(), 5)]);
    assert_eq!((alert.observed.mentions, alert.observed.authors, alert.threshold), (5, 5, 5));
    assert_eq!(alert.reasons[0].text.get(Lang::Es), "5 menciones en 15 minutos (umbral 5)");
    assert_eq!(alert.reasons[0].text.get(Lang::En), "5 mentions in 15 minutes (threshold 5)");
    assert_eq!(alert.brand, "Banco");
    // A deleted post leaves the alert, an updated one is shown anew.
    e.apply(0, &[post(3, at(51), 0).kind(Kind::Delete), post(1, at(49), 40).kind(Kind::Update).text("corregido")]);
    let alert = e.tally.alerts().next().expect("an alert");
    assert_eq!(ids(&alert.top_posts), ["1", "4"]);
    assert_eq!(alert.top_posts[0].get().text, "corregido");
}

#[test]
fn a_priority_alert_lives_for_its_time() {
    let mut e = priority(50);
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 49), post(2, at(1), 50).hits(vec![hit(0, 50), hit(1, 99)])]);
    assert_eq!(e.alerts(), ["firing alta/t0/2 1"]);
    e.tick(at(3600));
    assert!(e.alerts().is_empty());
    e.tick(at(3601));
    assert_eq!(e.alerts(), ["resolved alta/t0/2 1"]);
}

#[test]
fn a_deleted_post_vanishes_and_its_alert_is_over() {
    let mut e = priority(50);
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 60).text("secreto")]);
    assert_eq!(e.told(), ["mention 1", "firing alta/t0/1 1"]);
    let applied = e.apply(0, &[post(1, at(1), 0).kind(Kind::Delete), post(1, at(1), 0).kind(Kind::Delete)]);
    assert_eq!(applied.skipped[Skipped::Delete as usize], 2);
    assert_eq!(e.told(), ["delete", "resolved alta/t0/1 1"]);
    let alert = e.tally.alerts().next().expect("an alert");
    assert!(alert.first_post.is_none() && alert.top_posts.is_empty());
    assert_eq!(alert.reasons[0].code, "post_deleted");
    let all = MentionFilter { limit: 10, ..MentionFilter::default() };
    assert!(e.tally.mentions(&all, |_| true).mentions.is_empty());
    // Counts never fall, and it does not come back.
    assert_eq!(e.tally.windows(T0).expect("a topic").windows[0].mentions, 1);
    assert_eq!(e.apply(0, &[post(1, at(2), 60)]).skipped[Skipped::Deleted as usize], 1);
    assert!(e.told().is_empty());
}

#[test]
fn a_delete_before_its_create_hides_it() {
    let mut e = priority(50);
    e.apply(0, &[post(1, at(1), 0).kind(Kind::Delete)]);
    let applied = e.apply(1, &[post(1, at(0), 60)]);
    assert_eq!((applied.matched, applied.skipped[Skipped::Deleted as usize]), (0, 1));
    assert_eq!(e.told(), ["delete"]);
}

#[test]
fn a_delete_without_a_time_before_any_data_hides_its_create() {
    let mut e = priority(50);
    e.tick(at(0));
    e.apply(0, &[post(1, Timestamp::MIN, 0).kind(Kind::Delete)]);
    e.apply(0, &[post(2, at(1), 5)]);
    e.tick(at(2));
    let applied = e.apply(1, &[post(1, at(0), 60)]);
    assert_eq!((applied.matched, applied.skipped[Skipped::Deleted as usize]), (0, 1));
}

#[test]
fn an_update_replaces_and_fires_nothing() {
    let mut e = priority(50);
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 10).text("antes")]);
    let applied = e.apply(0, &[post(1, at(0), 80).kind(Kind::Update).text("después")]);
    assert_eq!((applied.matched, applied.skipped[Skipped::Update as usize]), (0, 1));
    assert_eq!(e.told(), ["mention 1", "update 1"]);
    let shown = e.tally.mentions(&MentionFilter { limit: 10, ..MentionFilter::default() }, |_| true).mentions;
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].post.get().text, shown[0].topics[0].score), ("después", Score::points(80)));
    assert_eq!(e.tally.windows(T0).expect("a topic").windows[0].mentions, 1);
    // An update of a post that never came is a mention if it matches, and nothing if it does not.
    let applied = e.apply(0, &[post(2, at(1), 80).kind(Kind::Update), post(3, at(1), 0).kind(Kind::Update).hits(vec![])]);
    assert_eq!((applied.matched, applied.skipped[Skipped::Update as usize]), (1, 1));
    assert_eq!(e.told(), ["mention 2", "firing alta/t0/2 1"]);
}

/// A topic that the new version matches no more keeps its place, not its score.
#[test]
fn an_update_that_matches_no_more_is_scored_again() {
    let text = r#"
[[source]]
name = "s"
type = "stdin"
format = "escucha"
[[topic]]
name = "fraude"
query = "fraude"
weight = 5
"#;
    let (config, _) = Config::read("c.toml", text.to_owned(), Path::new("")).unwrap_or_else(|r| panic!("{r:?}"));
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    let mut lane = Lane::new(vec![config.sources[0].format.decoder()]);
    let mut e = Engine::new(compiled.clone());
    let mut send = |kind: &str, text: &str| {
        let line = format!(r#"{{"kind":"{kind}","id":"1","network":"x","created_at":"2026-07-06T10:00:00Z","text":"{text}"}}"#);
        let seen = at(0);
        let outcome = lane.process(Input { bytes: &mut line.into_bytes(), source: SourceId(0), seen, compiled: &compiled });
        e.tally.apply(&compiled, SourceId(0), &outcome, &mut e.events);
        match e.events.pop() {
            Some(Event::Mention(m) | Event::Update(m)) => m,
            other => panic!("{other:?} {:?}", outcome.refusals),
        }
    };
    let created = send("create", "me robaron, es un fraude");
    let updated = send("update", "¿abren hoy?");
    let sum = |m: &Mention| score::total(m.addends.iter().chain(&m.topics[0].addends));
    assert_eq!((created.topics.len(), updated.topics.len()), (1, 1));
    assert_eq!((created.topics[0].score, updated.topics[0].score), (sum(&created), sum(&updated)));
    assert_eq!(updated.topics[0].score, Score::points(9), "the topic's weight and a question");
    assert!(created.topics[0].score > updated.topics[0].score);
}

#[test]
fn own_posts_are_answers_and_mentions_of_who_else_they_speak_of() {
    let mut e = priority(50);
    let own = |topic| Hit { own: true, ..hit(topic, 90) };
    let applied = e.apply(0, &[post(1, at(0), 0).hits(vec![own(0)]), post(2, at(1), 0).hits(vec![own(0), hit(1, 90)])]);
    assert_eq!((applied.matched, applied.skipped[Skipped::Own as usize]), (1, 1));
    assert_eq!(e.told(), ["mention 2"]);
    let answers = |e: &Engine| e.tally.answers(T0).map(|p| p.get().id.to_owned()).collect::<Vec<_>>();
    assert_eq!(answers(&e), ["1", "2"]);
    assert_eq!(e.tally.windows(T0).expect("a topic").windows[4].mentions, 0);
    assert_eq!(e.tally.windows(TopicId(11)).expect("a topic").windows[4].mentions, 1);
    // What is both has its new version shown in both, and vanishes from both.
    e.apply(0, &[post(2, at(1), 0).kind(Kind::Update).text("corregida").hits(vec![own(0), hit(1, 90)])]);
    assert_eq!(e.told(), ["update 2"]);
    assert_eq!(e.tally.answers(T0).last().map(|p| p.get().text.to_owned()).as_deref(), Some("corregida"));
    e.apply(0, &[post(1, at(2), 0).kind(Kind::Delete)]);
    assert_eq!(answers(&e), ["2"]);
    e.apply(0, &[post(2, at(2), 0).kind(Kind::Delete)]);
    assert!(answers(&e).is_empty());
}

#[test]
fn who_writes_again_gains_points() {
    let mut e = priority(56);
    e.apply(0, &[post(1, at(0), 50).by(7), post(2, at(1), 50).by(7), post(3, at(2), 50).by(7)]);
    assert_eq!(e.alerts(), ["firing alta/t0/3 1"]);
    let page = e.tally.mentions(&MentionFilter { limit: 1, ..MentionFilter::default() }, |_| true);
    let addend = page.mentions[0].addends[0];
    assert_eq!((addend.code, addend.weight), ("repeat_author", Score::points(6)));
}

#[test]
fn posts_without_an_author_are_nobodys_again() {
    let mut e = priority(56);
    e.apply(0, &[post(1, at(0), 50).anonymous(), post(2, at(1), 50).anonymous(), post(3, at(2), 50).anonymous()]);
    assert!(e.alerts().is_empty());
    assert_eq!(e.tally.windows(T0).expect("a topic").windows[4].authors, 3);
}

#[test]
fn windows_are_told_once_a_second_and_as_they_slide() {
    let mut e = Engine::new(listening(1, 2, "UTC", Vec::new()));
    e.tick(at(0));
    e.apply(0, &[post(1, at(1), 5), post(2, at(2), 5)]);
    e.told();
    e.tick(at(2));
    e.apply(0, &[post(3, at(2), 5)]);
    e.tick(at(2).plus(SECOND / 2));
    assert_eq!(e.told(), ["windows t0 [2, 2, 2, 2, 2]", "mention 3"]);
    e.tick(at(3));
    assert_eq!(e.told(), ["windows t0 [3, 3, 3, 3, 3]"]);
    (4..60).for_each(|s| e.tick(at(s)));
    assert!(e.told().is_empty());
    // Minutes later: exactly one event whenever a window falls.
    (60..2 * 86_400).step_by(30).for_each(|s| e.tick(at(s)));
    let want = ["[0, 3, 3, 3, 3]", "[0, 0, 3, 3, 3]", "[0, 0, 0, 3, 3]", "[0, 0, 0, 0, 3]", "[0, 0, 0, 0, 0]"];
    assert_eq!(e.told(), want.map(|w| format!("windows t0 {w}")));
}

#[test]
fn a_swap_keeps_counts_and_ends_what_is_watched_no_more() {
    let rules =
        || vec![rule("crisis", On::Volume { window: Window::M5, at: 2 }, &[0]), rule("alta", On::Priority { at: Score::points(50) }, &[0])];
    let mut e = Engine::new(listening(1, 2, "UTC", rules()));
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 60), post(2, at(0), 5)]);
    assert_eq!(e.alerts(), ["firing alta/t0/1 1", "firing crisis/t0/2026-07-06T09:56Z 2"]);
    e.compiled = listening(2, 2, "UTC", rules());
    e.tick(at(1));
    assert!(e.alerts().is_empty(), "the same rules go on");
    e.compiled = listening(3, 1, "UTC", Vec::new());
    e.tick(at(2));
    assert_eq!(e.alerts(), ["resolved alta/t0/1 1", "resolved crisis/t0/2026-07-06T09:56Z 2"]);
    assert!(e.tally.alerts().all(|a| a.reasons[0].code == "rule_removed"));
    assert_eq!(e.tally.topics().len(), 1);
    // Back again: the counts are still there, and a second alert in the same window has its own id.
    e.compiled = listening(4, 2, "UTC", rules());
    e.apply(0, &[post(3, at(3), 5)]);
    assert_eq!(e.alerts(), ["firing crisis/t0/2026-07-06T09:56Z#2 3"]);
    assert_eq!(e.tally.topics()[0].firing, ["crisis"]);
}

#[test]
fn the_watermark_is_the_least_of_the_sources_that_bring_data() {
    let mut e = Engine::new(listening(1, 1, "UTC", Vec::new()));
    e.tick(at(0));
    e.apply(0, &[post(1, at(0), 5)]);
    e.apply(1, &[post(2, at(-300), 5)]);
    assert_eq!(e.tally.watermark(), at(-60), "it never falls");
    e.tick(at(2));
    e.apply(0, &[post(3, at(100), 5)]);
    assert_eq!(e.tally.watermark(), at(-60), "the second source holds it");
    e.tick(at(5));
    assert_eq!(e.tally.watermark(), at(-60), "five seconds are not over");
    e.tick(at(6));
    assert_eq!(e.tally.watermark(), at(40));
    // On time at the watermark, late before it; the posts before it in the buffer count.
    let applied = e.apply(0, &[post(4, at(40), 5), post(5, at(39), 5), post(6, at(160), 5), post(7, at(99), 5), post(8, at(100), 5)]);
    assert_eq!((applied.matched, applied.late), (5, 2));
}

#[test]
fn windows_follow_recorded_data_and_run_on_when_it_ends() {
    let mut e = Engine::new(listening(1, 1, "UTC", Vec::new()));
    let now = START.plus(90 * 24 * HOUR);
    e.tick(now);
    assert_eq!(e.tally.now(), Timestamp::MIN);
    e.apply(0, &[post(1, at(0), 5), post(2, at(1800), 5)]);
    assert_eq!(e.tally.now(), at(1800));
    e.tick(now.plus(5 * MINUTE));
    assert_eq!(e.tally.now(), at(1800).plus(5 * MINUTE));
    // Live data brings it to the beat; what runs ahead of the beat does not.
    e.apply(0, &[post(3, now.plus(9 * MINUTE), 5)]);
    assert_eq!(e.tally.now(), now.plus(5 * MINUTE));
}

#[test]
fn mentions_are_read_page_by_page() {
    let mut e = Engine::new(listening(1, 2, "UTC", Vec::new()));
    e.apply(0, &(0..9).map(|i| post(i, at(i as i64), 5).hits(vec![hit(i as u32 % 2, 5)])).collect::<Vec<_>>());
    let ids = |filter: &MentionFilter| {
        let page = e.tally.mentions(filter, |m| m.post.get().id != "4");
        (page.mentions.iter().map(|m| m.post.get().id.to_owned()).collect::<Vec<_>>().join(" "), page.next)
    };
    let all = MentionFilter { limit: 3, ..MentionFilter::default() };
    assert_eq!(ids(&all), ("8 7 6".into(), Some(6)));
    assert_eq!(ids(&MentionFilter { before: Some(6), ..all.clone() }), ("5 3 2".into(), Some(2)));
    assert_eq!(ids(&MentionFilter { before: Some(2), ..all.clone() }), ("1 0".into(), None));
    assert_eq!(ids(&MentionFilter { topic: Some(T0), ..all.clone() }), ("8 6 2".into(), Some(1)));
    assert_eq!(ids(&MentionFilter { topic: Some(T0), from: Some(at(2)), to: Some(at(8)), ..all.clone() }), ("6 2".into(), None));
}

#[test]
fn one_question_looks_at_so_many_mentions_and_says_where_to_go_on() {
    let mut e = Engine::new(listening(1, 1, "UTC", Vec::new()));
    let n = limits::MENTIONS_SCAN as u64 + 10;
    e.apply(0, &(0..n).map(|i| post(i, at(i as i64 / 100), 5)).collect::<Vec<_>>());
    for topic in [None, Some(T0)] {
        let oldest = |before| {
            let page = e.tally.mentions(&MentionFilter { topic, before, limit: 3, ..MentionFilter::default() }, |m| m.post.get().id == "0");
            (page.mentions.len(), page.next)
        };
        assert_eq!([oldest(None), oldest(Some(10))], [(0, Some(10)), (1, None)], "{topic:?}");
    }
}

#[test]
fn what_says_the_same_is_one_cluster_that_grows() {
    let mut e = volume(Window::M5, 6);
    let say = |id, text: &str| post(id, at(id as i64), 5).text(text);
    e.apply(0, &[say(1, "La app no funciona"), say(2, "otra cosa"), say(3, "la app NO funciona!! @banco"), say(4, "una más")]);
    e.apply(0, &[say(3, "la app NO funciona!! @banco"), say(5, "la app no funciona 😡").by(1001)]);
    let sizes = |e: &Engine| {
        let page = e.tally.mentions(&MentionFilter { limit: 10, ..MentionFilter::default() }, |_| true);
        page.mentions.iter().rev().map(|m| (m.post.get().id.to_owned(), m.cluster.posts, m.cluster.authors)).collect::<Vec<_>>()
    };
    let told: Vec<_> = e.events.iter().filter_map(|e| if let Event::Mention(m) = e { Some(m.cluster.posts) } else { None }).collect();
    assert_eq!(told, [1, 1, 2, 1, 3], "as it was when each was counted; a duplicate adds nothing");
    let shown = |all: &[(&str, u64, u64)]| all.iter().map(|(id, posts, authors)| ((*id).to_owned(), *posts, *authors)).collect::<Vec<_>>();
    assert_eq!(sizes(&e), shown(&[("1", 3, 2), ("2", 1, 1), ("3", 3, 2), ("4", 1, 1), ("5", 3, 2)]), "as it is now");
    // What is deleted is shown no more, and still counts; a new version stays where it was.
    e.apply(0, &[say(1, "").kind(Kind::Delete), say(3, "retiro lo dicho").kind(Kind::Update)]);
    assert_eq!(sizes(&e), shown(&[("2", 1, 1), ("3", 3, 2), ("4", 1, 1), ("5", 3, 2)]));
    e.apply(0, &[say(6, "la app no funciona")]);
    let alert = e.tally.alerts().next().expect("six mentions");
    assert_eq!((alert.observed.mentions, alert.clusters), (6, Some(3)), "the deleted post's cluster is still shown");
}

#[test]
fn a_series_has_every_step() {
    let mut e = Engine::new(listening(1, 1, "UTC", Vec::new()));
    e.apply(0, &[post(1, at(0), 5), post(2, at(60), 5), post(3, at(61), 5), post(4, at(600), 5)]);
    let series = e.tally.series(T0, at(0), at(900), 5).expect("a topic");
    let steps: Vec<_> = series.iter().map(|s| (s.at.since(START) / MINUTE, s.sum.mentions)).collect();
    assert_eq!(steps, [(0, 3), (5, 0), (10, 1)]);
    assert!(e.tally.series(T0, Timestamp::MIN, Timestamp(i64::MAX), 1).expect("a topic").len() <= escucha::limits::PANES_MINUTES);
    assert!(e.tally.series(TopicId(99), at(0), at(1), 1).is_none());
}

#[test]
fn the_recent_past_is_bounded_by_bytes() {
    let mut e = Engine::new(listening(1, 1, "UTC", Vec::new()));
    let text = "a".repeat(60_000);
    for i in 0..1000 {
        e.apply(0, &[post(i, at(i as i64), 5).text(&text)]);
    }
    let page = e.tally.mentions(&MentionFilter { limit: 1000, ..MentionFilter::default() }, |_| true);
    let bytes: usize = page.mentions.iter().map(|m| m.post.bytes()).sum();
    assert!(page.mentions.len() > 200 && bytes <= 1 << 24, "{} {bytes}", page.mentions.len());
    assert_eq!(e.tally.windows(T0).expect("a topic").windows[4].mentions, 1000);
}

#[test]
fn times_at_the_edge_of_the_integers_harm_nothing() {
    let mut e = volume(Window::H24, 3);
    for (i, at) in [Timestamp(i64::MIN + 1), Timestamp(0), Timestamp(i64::MAX), Timestamp(-1), START].into_iter().enumerate() {
        e.apply(0, &[post(i as u64, at, 60)]);
        e.tick(START.plus(i as i64 * SECOND));
    }
    e.tick(Timestamp(i64::MAX));
    e.tick(Timestamp::MIN);
    let counted = e.events.iter().filter(|e| matches!(e, Event::Mention(_))).count();
    assert_eq!(counted, 5);
    assert!(e.tally.week(T0).is_some());
}
