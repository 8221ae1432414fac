use super::*;
use crate::alert::{Alert, Severity};
use crate::clusters::Size;
use crate::limits;
use crate::post::{Post, PostBuf, PostKey};
use crate::score::Score;
use crate::tally::{Mention, MentionTopic, TopicWindows};
use crate::time::Timestamp;
use crate::topic::TopicId;
use crate::window::Tallied;

fn post(id: &str) -> PostBuf {
    PostBuf::new(&Post { id, network: "x", text: "secreto", url: "https://x.example/1", ..Post::default() })
}

fn alert(posts: &[&str]) -> Event {
    alert_of(posts.iter().map(|id| post(id)).collect())
}

fn alert_of(posts: Vec<PostBuf>) -> Event {
    Event::Alert(Box::new(Alert {
        topic: "t".into(),
        clusters: Some(1),
        threshold: 1,
        first_post: posts.first().cloned(),
        top_posts: posts,
        ..Alert::new("a", "r", "volume", Severity::Warning, Timestamp(0))
    }))
}

fn mention(id: &str, topic: &str, points: i16) -> Event {
    let post = post(id);
    let topics =
        vec![MentionTopic { id: TopicId(0), name: topic.into(), direct: false, score: Score::points(points), addends: Vec::new() }];
    Event::Mention(Arc::new(Mention {
        key: post.get().key(),
        post,
        topics,
        addends: Vec::new(),
        cluster: Size::default(),
        source: SourceId(0),
        late: false,
    }))
}

fn windows(id: u32, at: i64) -> Event {
    let windows = [Tallied::default(); 5];
    Event::Windows(Box::new(TopicWindows {
        id: TopicId(id),
        name: format!("t{id}"),
        at: Timestamp(at),
        windows,
        watched: None,
        brand: None,
    }))
}

fn filter(channels: &[Channel]) -> Filter {
    Filter { channels: channels.iter().copied().collect(), ..Filter::default() }
}

/// Reads to the head in steps of `bytes`.
fn drain(feed: &Feed, cursor: &mut Cursor, filter: &Filter, bytes: usize) -> Vec<Arc<Entry>> {
    let mut entries = Vec::new();
    loop {
        let batch = feed.read(cursor, filter, bytes);
        entries.extend(batch.entries);
        if !batch.more {
            return entries;
        }
    }
}

#[test]
fn the_size_of_a_read_changes_nothing_but_the_order_between_channels() {
    let feed = Feed::new("e".into(), Vec::new());
    let all = filter(&[Channel::Alerts, Channel::Mentions]);
    let (start, ..) = feed.join(Some(0), None, &Filter::default());
    feed.publish_all((0..100).flat_map(|i| [alert(&[]), mention(&i.to_string(), "t", 50)]));
    let whole = drain(&feed, &mut start.clone(), &all, usize::MAX);
    assert_eq!(whole.len(), 200);
    assert!(whole.windows(2).all(|w| w[0].number < w[1].number));
    let mut small = drain(&feed, &mut start.clone(), &all, 1);
    small.sort_by_key(|e| e.number);
    assert!(whole.iter().zip(&small).all(|(a, b)| Arc::ptr_eq(a, b)));
    assert_eq!(feed.head(), 100);
}

#[test]
fn a_frame_is_encoded_once() {
    let feed = Feed::new("e".into(), vec!["tcp".into()]);
    let (mut one, ..) = feed.join(None, None, &Filter::default());
    let mut two = one;
    feed.publish(mention("1", "t", 50));
    let wants = filter(&[Channel::Mentions]);
    let frames = [&mut one, &mut two].map(|c| feed.frame(&drain(&feed, c, &wants, usize::MAX)[0]));
    assert_eq!(frames[0].as_str().as_ptr(), frames[1].as_str().as_ptr());
    assert!(frames[0].as_str().contains("\"source\":\"tcp\""));
}

#[test]
fn what_a_filter_passes_over_counts_as_served() {
    let feed = Feed::new("e".into(), Vec::new());
    let (mut cursor, ..) = feed.join(None, None, &Filter::default());
    let critical = Filter { min_severity: Severity::Critical, ..filter(&[Channel::Alerts]) };
    feed.publish_all([alert(&[]), alert(&[])]);
    assert!(drain(&feed, &mut cursor, &critical, usize::MAX).is_empty());
    assert_eq!(cursor.served(), 2);
    let picky = Filter { topics: ["t".to_owned()].into(), min_priority: Score::points(50), ..filter(&[Channel::Mentions]) };
    feed.publish_all([mention("1", "t", 49), mention("2", "u", 99), mention("3", "t", 50)]);
    let found = drain(&feed, &mut cursor, &picky, usize::MAX);
    assert!(matches!(&found[..], [e] if matches!(&e.what, What::Mention(m) if m.post.get().id == "3")));
}

#[test]
fn windows_are_the_latest_only() {
    let feed = Feed::new("e".into(), Vec::new());
    let (mut cursor, ..) = feed.join(None, None, &Filter::default());
    let wants = filter(&[Channel::Windows]);
    let at = |cursor: &mut Cursor| -> Vec<i64> {
        let entries = feed.read_windows(cursor, &wants);
        entries.iter().map(|e| if let What::Windows(w) = &e.what { w.at.0 } else { -1 }).collect()
    };
    feed.publish_all([windows(1, 10), windows(2, 20), windows(1, 30)]);
    assert_eq!(at(&mut cursor), [20, 30]);
    assert!(at(&mut cursor).is_empty());
    feed.publish(windows(2, 40));
    assert_eq!(at(&mut cursor), [40]);
    cursor.rewind_windows();
    assert_eq!(at(&mut cursor), [30, 40]);
    assert_eq!(feed.read_log().recent.len(), 2);
    feed.publish(Event::Forget(TopicId(1)));
    cursor.rewind_windows();
    assert_eq!(at(&mut cursor), [40]);
}

#[test]
fn nothing_of_a_deleted_post_is_left() {
    let feed = Feed::new("e".into(), Vec::new());
    feed.publish_all([mention("1", "t", 50), alert(&["1", "2"]), alert(&["2", "1"])]);
    let key = post("1").get().key();
    let held: Vec<Arc<Entry>> = feed.alerts(0);
    let before: Vec<_> = held.iter().map(|e| feed.frame(e)).collect();
    assert!(before.iter().all(|f| f.as_str().matches("secreto").count() == 3));
    feed.publish_all([Event::Delete(key), Event::Delete(key), Event::Delete(post("9").get().key())]);
    let log = feed.read_log();
    assert_eq!(log.deletes.end() - log.deletes.first(), 1, "told once, and nothing of posts nobody saw");
    assert!(!log.shown.contains_key(&key));
    drop(log);
    let after: Vec<_> = feed.alerts(0).iter().map(|e| feed.frame(e)).collect();
    assert_eq!(after.iter().map(|f| f.as_str().matches("secreto").count()).collect::<Vec<_>>(), [1, 2]);
    assert!(after.iter().all(|f| f.as_str().contains("\"kind\":\"delete\"")));
}

#[test]
fn who_comes_back_is_told_what_was_deleted_meanwhile() {
    let feed = Feed::new("e".into(), Vec::new());
    feed.publish_all([mention("1", "t", 50), Event::Delete(post("1").get().key())]);
    let deletes = |since, epoch| {
        let (mut cursor, ..) = feed.join(since, epoch, &Filter::default());
        drain(&feed, &mut cursor, &filter(&[Channel::Mentions]), usize::MAX).len()
    };
    assert_eq!([deletes(None, None), deletes(Some(0), Some("e")), deletes(Some(7), Some("other"))], [0, 1, 1]);
}

#[test]
fn the_log_forgets_what_it_evicts() {
    let feed = Feed::new("e".into(), Vec::new());
    let over = limits::FEED_ENTRIES + 100;
    feed.publish_all((0..over).map(|i| mention(&i.to_string(), "t", 50)));
    let log = feed.read_log();
    let held = (log.mentions.end() - log.mentions.first()) as usize;
    assert!(held <= limits::FEED_ENTRIES);
    assert_eq!(log.shown.len(), held);
}

#[test]
fn the_backlog_is_what_was_not_read() {
    let feed = Feed::new("e".into(), Vec::new());
    let (start, ..) = feed.join(None, None, &Filter::default());
    assert_eq!(feed.backlog(&start, &Filter::default()), 0);
    feed.publish_all([alert(&["1"]), alert(&["2"])]);
    let both = feed.backlog(&start, &Filter::default());
    let mut cursor = start;
    feed.read(&mut cursor, &filter(&[Channel::Alerts]), 1);
    assert!(0 < feed.backlog(&cursor, &Filter::default()) && feed.backlog(&cursor, &Filter::default()) < both);
    drain(&feed, &mut cursor, &filter(&[Channel::Alerts]), usize::MAX);
    assert_eq!(feed.backlog(&cursor, &Filter::default()), 0);
}

#[test]
fn frames_are_kept_up_to_their_bound() {
    let feed = Feed::new("e".into(), Vec::new());
    let (mut cursor, ..) = feed.join(None, None, &Filter::default());
    let long = "ñ".repeat(limits::TEXT_BYTES / 2);
    let ids: Vec<String> = (0..limits::FEED_FRAME_BYTES / limits::TEXT_BYTES).map(|i| i.to_string()).collect();
    let mut first = None;
    for id in &ids {
        let post = PostBuf::new(&Post { id, text: &long, ..Post::default() });
        feed.publish(alert_of(vec![post]));
        for entry in drain(&feed, &mut cursor, &filter(&[Channel::Alerts]), usize::MAX) {
            first.get_or_insert_with(|| (entry.clone(), feed.frame(&entry)));
            let again = feed.frame(&entry);
            assert_eq!(feed.frame(&entry).as_str().as_ptr(), again.as_str().as_ptr(), "the newest is shared");
        }
        let held = feed.read_log().alerts.ring.frames().bytes();
        assert!(held <= limits::FEED_FRAME_BYTES / 2, "{held}");
    }
    let (entry, before) = first.expect("an alert");
    let (one, two) = (feed.frame(&entry), feed.frame(&entry));
    assert_eq!((one.as_str(), two.as_str()), (before.as_str(), before.as_str()));
    assert_ne!(one.as_str().as_ptr(), two.as_str().as_ptr(), "the oldest is encoded again");
    drop((entry, cursor));
    let frames = feed.read_log().alerts.ring.frames();
    assert!(frames.bytes() > 0);
    drop(feed);
    assert_eq!(frames.bytes(), 0, "what is evicted is not counted for ever");
}

#[test]
fn a_longer_version_counts_with_its_length() {
    let feed = Feed::new("e".into(), Vec::new());
    feed.publish_all((0..1000).map(|i| mention(&i.to_string(), "t", 50)));
    let long = "a".repeat(limits::TEXT_BYTES);
    let update = |i: usize| {
        let id = i.to_string();
        let Event::Mention(before) = mention(&id, "t", 50) else { panic!("a mention") };
        let before_post = before.post.get();
        let post = PostBuf::new(&Post { text: &long, ..before_post });
        Event::Update(Arc::new(Mention { post, ..Mention::clone(&before) }))
    };
    feed.publish_all((0..1000).map(update));
    let log = feed.read_log();
    let held: usize = (log.mentions.first()..log.mentions.end()).filter_map(|i| log.mentions.get(i)).map(Entry::cost).sum();
    assert!(held <= limits::FEED_BYTES / 2, "{held}");
}

#[test]
fn a_source_that_is_down_is_about_every_topic() {
    let Event::Alert(mut alert) = alert(&[]) else { panic!("an alert") };
    let filter = Filter { topics: ["x".to_owned()].into(), ..Filter::default() };
    assert!(!filter.wants(&What::Alert(1, alert.clone())));
    alert.source = "red".into();
    assert!(filter.wants(&What::Alert(1, alert)));
}

#[test]
fn a_feed_goes_on_where_its_store_stood_and_scrubs_what_it_was_given() {
    let kept = |seq: u64, body: &str, posts: Vec<PostKey>| Kept {
        seq,
        id: format!("a{seq}"),
        topic: "t".into(),
        status: crate::alert::Status::Resolved,
        severity: crate::alert::Severity::Info,
        body: body.into(),
        posts,
    };
    let shown = post("7");
    let body = wire::json(&serde_json::json!({ "seq": 6, "first_post": wire::PostView::from(&shown.get()), "top_posts": [] }));
    let feed = Feed::resume(
        "e".into(),
        Vec::new(),
        7,
        vec![kept(5, "{}", Vec::new()), kept(6, &body, vec![shown.get().key()])],
        Vec::new(),
        (5, 1),
    );
    assert_eq!(feed.head(), 6);
    assert_eq!(feed.join(Some(4), Some("e"), &Filter::default()).1, Joined::Recovered);
    assert_eq!(feed.join(Some(3), Some("e"), &Filter::default()).1, Joined::TooOld { floor: 5 });
    assert_eq!(feed.join(Some(7), Some("e"), &Filter::default()).1, Joined::Ahead { floor: 5 });
    feed.settle(vec![Job::Gone(shown.get().key())]);
    let frames: Vec<_> = feed.alerts(4).iter().map(|e| feed.frame(e)).collect();
    assert_eq!(frames[0].as_str(), "{}");
    let now: serde_json::Value = serde_json::from_str(&frames[1]).expect("JSON");
    assert_eq!((&now["first_post"]["kind"], &now["first_post"]["id"]), (&"delete".into(), &"7".into()));
    assert!(now["first_post"]["text"] == "", "{now}");
    assert_eq!(
        Feed::resume("e".into(), Vec::new(), 7, Vec::new(), Vec::new(), (7, 7)).join(Some(6), Some("e"), &Filter::default()).1,
        Joined::Recovered
    );
}

/// With a store, nothing is shown that is not durable: the word of who took an alert on neither.
#[test]
fn an_acknowledgement_goes_through_the_store_and_stays_with_the_alert() {
    let feed = Feed::new("e".into(), Vec::new());
    feed.publish(alert(&[]));
    let (jobs, waiting) = crossbeam::channel::unbounded();
    feed.keep_in(jobs);
    let by = Acknowledged { by: "ana".into(), at: Timestamp(5), note: "voy".into() };
    assert_eq!(feed.acknowledge("a", by.clone()), Ok(None));
    assert_eq!(feed.head(), 1, "it is not durable yet");
    let job = waiting.try_recv().expect("a job");
    assert!(matches!(&job, Job::Alert(told, None) if told.acknowledged.as_ref() == Some(&by)));
    feed.settle(vec![job]);
    let frame = |seq: u64| serde_json::from_str::<serde_json::Value>(feed.frame(&feed.alerts(seq - 1)[0]).as_str()).expect("JSON");
    assert_eq!((feed.head(), frame(2)["acknowledged"]["by"].clone()), (2, "ana".into()));

    // Later transitions are told with it until the alert is over; what was handed on is shown as it was.
    let Event::Alert(mut later) = alert(&[]) else { panic!("an alert") };
    feed.settle(vec![Job::Alert(later.clone(), None)]);
    assert!(frame(3)["acknowledged"].is_null(), "what is durable is not changed");
    feed.stamp(&mut later);
    assert_eq!(later.acknowledged.as_ref(), Some(&by));
    later.status = crate::alert::Status::Resolved;
    feed.settle(vec![Job::Alert(later.clone(), None)]);
    feed.stamp(&mut later);
    assert_eq!(later.acknowledged, None);
    assert_eq!(feed.acknowledge("a", by.clone()), Err(NotOpen::Resolved));
    feed.release();
    assert!(waiting.recv().is_err(), "the store can end");
}

#[test]
fn what_is_kept_of_another_life_is_found_by_all_its_topics_and_is_over() {
    let kept = |body: &str| Kept {
        seq: 1,
        id: "old".into(),
        topic: "t".into(),
        status: crate::alert::Status::Resolved,
        severity: crate::alert::Severity::Info,
        body: body.into(),
        posts: Vec::new(),
    };
    let joint = kept(r#"{"topics":[{"topic":"t"},{"topic":"u"}],"source":null}"#);
    assert_eq!(["t", "u", "v"].map(|name| joint.is_about(name)), [true, true, false]);
    assert!(kept(r#"{"topics":[],"source":"red"}"#).is_about("v") && !kept("torn").is_about("v"));
    let feed = Feed::resume("e".into(), Vec::new(), 2, vec![joint], Vec::new(), (1, 1));
    let by = Acknowledged { by: String::new(), at: Timestamp(5), note: String::new() };
    assert_eq!(feed.acknowledge("old", by.clone()), Err(NotOpen::Resolved));
    // What goes on can be taken on, and who did in the other life is not forgotten.
    let firing = |id: &str, acknowledged| {
        let Event::Alert(alert) = alert(&[]) else { panic!("an alert") };
        Alert { id: id.to_owned(), acknowledged, ..*alert }
    };
    let lived = |id: &str| Kept { id: id.to_owned(), status: crate::alert::Status::Firing, ..kept("{}") };
    let feed = Feed::resume("e".into(), Vec::new(), 3, vec![lived("a"), Kept { seq: 2, ..lived("b") }], Vec::new(), (1, 1));
    feed.go_on([firing("a", None), firing("b", Some(by.clone()))].into_iter());
    assert_eq!(feed.acknowledge("a", by.clone()), Ok(Some(3)));
    let mut later = firing("b", None);
    feed.stamp(&mut later);
    assert_eq!(later.acknowledged, Some(by));
}

/// Reader that counts how often it is woken.
fn count_rings(feed: &Feed) -> (Arc<std::sync::atomic::AtomicUsize>, tokio::task::JoinHandle<()>) {
    let (rings, mut bells) = (Arc::new(std::sync::atomic::AtomicUsize::new(0)), feed.bells());
    let counted = rings.clone();
    let reading = tokio::spawn(async move {
        while bells.wait(&Filter::default()).await {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    (rings, reading)
}

#[tokio::test(start_paused = true)]
async fn the_bell_rings_at_once_and_then_not_more_often_than_it_may() {
    let (feed, gather) = (Feed::new("E1".into(), vec![]), Duration::from_millis(10));
    let ringing = tokio::spawn(feed.clone().ring(gather));
    let (rings, reading) = count_rings(&feed);
    let rung = || rings.load(std::sync::atomic::Ordering::Relaxed);
    let settle = async || {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    settle().await;
    // After a quiet time no time passes until the reader is woken, whatever else came meanwhile.
    for quiet in 1..=3 {
        feed.publish(windows(1, quiet as i64));
        settle().await;
        feed.publish(alert(&[]));
        settle().await;
        assert_eq!(rung(), quiet);
        tokio::time::sleep(gather * 3).await;
    }
    // One a millisecond for a tenth of a second.
    for _ in 0..100 {
        feed.publish(alert(&[]));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(gather * 3).await;
    assert!((3 + 9..=3 + 11).contains(&rung()), "{}", rung());
    // The last of a burst is not forgotten.
    let last = rung();
    feed.publish(alert(&[]));
    settle().await;
    feed.publish(alert(&[]));
    tokio::time::sleep(gather * 3).await;
    assert_eq!(rung(), last + 2);
    ringing.abort();
    reading.abort();
}

fn moved(id: u64) -> Job {
    let body = format!("{{\"id\":\"{id}\"}}").into();
    Job::Incident(Box::new(Moved { id: crate::incident::IncidentKey(id), at: Timestamp(0), body, gone: false }))
}

fn numbers(feed: &Feed, cursor: &mut Cursor, filter: &Filter) -> (Vec<u64>, Vec<(Channel, u64, u64)>) {
    let (mut all, mut gaps) = (Vec::new(), Vec::new());
    loop {
        let batch = feed.read(cursor, filter, 2000);
        gaps.extend(batch.gaps);
        all.extend(batch.entries.iter().filter_map(|e| e.seq()));
        if !batch.more {
            return (all, gaps);
        }
    }
}

#[test]
fn what_a_matter_was_is_told_no_more_once_it_is_gone() {
    let feed = Feed::new("e".into(), vec![]);
    let job = |id: u64, version: u64, gone: bool| {
        let incident = if gone { "null".to_owned() } else { format!("{{\"handle\":\"persona{id}\"}}") };
        let body = format!("{{\"version\":{version},\"incident\":{incident}}}").into();
        Job::Incident(Box::new(Moved { id: crate::incident::IncidentKey(id), at: Timestamp(0), body, gone }))
    };
    feed.settle(vec![job(1, 1, false), job(2, 1, false), job(1, 2, false), job(1, 3, true)]);
    let wanted = filter(&[Channel::Incidents]);
    let (mut cursor, ..) = feed.join(Some(0), Some("e"), &wanted);
    let frames: Vec<String> = feed.read(&mut cursor, &wanted, 2000).entries.iter().map(|e| feed.frame(e).to_string()).collect();
    assert_eq!(frames.len(), 4, "none is missing: {frames:?}");
    assert!(frames.iter().all(|frame| !frame.contains("persona1")) && frames[1].contains("persona2"), "{frames:?}");
    assert!(frames[2].contains("\"version\":2"), "{frames:?}");
}

#[test]
fn a_busy_day_of_matters_pushes_no_alert_out() {
    let feed = Feed::new("e".into(), vec![]);
    let over = limits::FEED_INCIDENTS as u64 + 500;
    feed.publish(alert(&["first"]));
    feed.settle((0..over).map(moved).collect());
    feed.publish(alert(&["last"]));
    let (alerts, incidents) = (filter(&[Channel::Alerts]), filter(&[Channel::Incidents]));
    let both = filter(&[Channel::Alerts, Channel::Incidents]);
    let (mut cursor, joined, head) = feed.join(Some(0), Some("e"), &alerts);
    assert_eq!((joined, head), (Joined::Recovered, over + 2));
    assert_eq!(numbers(&feed, &mut cursor, &alerts), (vec![1, over + 2], vec![]));
    assert_eq!(cursor.served(), head, "what it does not want it was served");
    // Who wants both has all alerts, and is told of the gap in the other.
    let (mut cursor, joined, _) = feed.join(Some(0), Some("e"), &both);
    let (all, gaps) = numbers(&feed, &mut cursor, &both);
    assert_eq!((joined, &gaps[..]), (Joined::Recovered, &[(Channel::Incidents, 1, 501)][..]));
    assert_eq!(all, [1].into_iter().chain(502..=over + 2).collect::<Vec<_>>(), "in order");
    assert_eq!(cursor.served(), head);
    // Who wants matters alone is told at once.
    assert_eq!(feed.join(Some(5), Some("e"), &incidents).1, Joined::TooOld { floor: 502 });
    assert_eq!(feed.join(Some(5), Some("e"), &alerts).1, Joined::Recovered);
}

#[test]
fn wherever_a_reader_stops_it_goes_on_without_a_hole() {
    let feed = Feed::new("e".into(), vec![]);
    let mut prng = crate::prng::Prng::new(7);
    for i in 0..500 {
        if prng.below(3) == 0 { feed.publish(alert(&[])) } else { feed.settle(vec![moved(i)]) }
    }
    let both = filter(&[Channel::Alerts, Channel::Incidents]);
    let (mut since, mut all) = (0, Vec::new());
    while since < feed.head() {
        // It reads some of it, sees some of that, and is gone.
        let (mut cursor, joined, _) = feed.join(Some(since), Some("e"), &both);
        assert_eq!(joined, Joined::Recovered);
        let batch = feed.read(&mut cursor, &both, 1 + prng.below(9000) as usize);
        let seen: Vec<u64> = batch.entries.iter().filter_map(|e| e.seq()).collect();
        let some = 1 + prng.below(seen.len() as u64) as usize;
        all.extend(&seen[..some]);
        since = all[all.len() - 1];
    }
    assert_eq!(all, (1..=feed.head()).collect::<Vec<_>>());
}
