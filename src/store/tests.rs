use std::sync::Mutex;

use super::*;
use crate::journal::Row;
use crate::limits;
use crate::post::{Author, Post};
use crate::time::ManualClock;
use tempfile::TempDir;

mod changes;
mod copies;
mod flips;
mod formats;

const EPOCH: &str = "life";

fn settings(folder: &TempDir) -> Settings {
    Settings { path: folder.path().join("alerts.db"), retention: 90 * 24 * crate::time::HOUR, max_bytes: 1 << 30, journal: 1 << 30 }
}

fn open(settings: &Settings) -> Result<Opened, Refused> {
    Opened::open(settings, EPOCH)
}

/// A tally that listens for nothing.
fn setting() -> Setting {
    let (lateness, dedupe) = (crate::time::MINUTE, crate::time::HOUR);
    let tally = crate::tally::Settings { lateness, dedupe, recent_bytes: 1000, past: None, taken: Arc::default() };
    Setting { tally, sources: vec!["s".to_owned()], compiled: Arc::default(), sets: Default::default() }
}

fn resume(opened: &mut Opened, second: i64) -> Resumed {
    opened.resume(setting(), Timestamp::from_seconds(second)).expect("sound")
}

fn start(opened: Opened, publish: impl FnMut(Vec<Job>) + Send + 'static) -> Store {
    opened.start(setting(), Arc::new(ManualClock::default()), publish, |e| panic!("{e}")).expect("a thread")
}

fn writer(log: log::Log, health: Arc<Health>) -> writer::Writer {
    writer::Writer::new(log, Vec::new(), health, Arc::new(ManualClock::default()), None)
}

fn post(id: &str, text: &str) -> PostBuf {
    let author = Author { handle: "maria_delatora", ..Author::default() };
    PostBuf::new(&Post { id, network: "x", text, author, ..Post::default() })
}

fn alert(id: &str, status: Status, second: i64, top: &[PostBuf]) -> Box<Alert> {
    Box::new(Alert {
        status,
        topic: "t".into(),
        updated_at: Timestamp::from_seconds(second),
        observed: Default::default(),
        threshold: 1,
        first_post: top.first().cloned(),
        top_posts: top.to_vec(),
        ..Alert::new(id, "r", "volume", Severity::Warning, Timestamp(0))
    })
}

fn commit(opened: &mut Opened, jobs: impl Into<Vec<Job>>, second: i64) {
    opened.log.commit(&mut jobs.into(), &Row::default(), None, Timestamp::from_seconds(second)).expect("room");
    opened.log.wipe().expect("wiped");
}

fn told(kept: &[Kept]) -> Vec<(u64, &str, Status)> {
    kept.iter().map(|k| (k.seq, k.id.as_str(), k.status)).collect()
}

fn value(kept: &Kept) -> serde_json::Value {
    serde_json::from_str(&kept.body).expect("JSON")
}

#[test]
fn what_was_committed_is_there_again_and_what_fired_is_resolved() {
    let folder = TempDir::new().expect("a folder");
    let mut first = open(&settings(&folder)).expect("new");
    let begun = resume(&mut first, 0);
    assert_eq!((first.epoch.as_str(), begun.next, begun.kept.len()), (EPOCH, 1, 0));
    let jobs =
        [("a", Status::Firing), ("b", Status::Firing), ("a", Status::Resolved)].map(|(id, s)| Job::Alert(alert(id, s, 1, &[]), None));
    commit(&mut first, jobs, 1);
    drop(first);
    let mut opened = Opened::open(&settings(&folder), "another").expect("ours");
    let again = resume(&mut opened, 7);
    assert_eq!((opened.epoch.as_str(), again.next), (EPOCH, 5));
    let (f, r) = (Status::Firing, Status::Resolved);
    assert_eq!(told(&again.kept), [(1, "a", f), (2, "b", f), (3, "a", r), (4, "b", r)]);
    assert_eq!(opened.log.ids().expect("rows"), ["a", "b"]);
    let last = value(&again.kept[3]);
    assert_eq!((&last["seq"], &last["status"], &last["resolved_at"]), (&4.into(), &"resolved".into(), &"1970-01-01T00:00:07Z".into()));
    assert_eq!(last["reasons"][0]["code"], "restarted");
    drop(opened);
    assert_eq!(resume(&mut open(&settings(&folder)).expect("ours"), 8).next, 5, "once is enough");
}

#[test]
fn a_delete_leaves_no_trace_in_the_files() {
    let folder = TempDir::new().expect("a folder");
    let secret = "palabra-irrepetible ".repeat(1000);
    let mut store = open(&settings(&folder)).expect("new");
    let (shown, other) = (post("77", &secret), post("78", "se queda"));
    commit(&mut store, [Job::Alert(alert("a", Status::Firing, 1, &[shown.clone(), other.clone()]), None)], 1);
    let traces = |word: &str| {
        let files = std::fs::read_dir(folder.path()).expect("a folder").map(|f| std::fs::read(f.expect("a file").path()).expect("bytes"));
        files.filter(|bytes| bytes.windows(word.len()).any(|w| w == word.as_bytes())).count()
    };
    assert!(traces("palabra-irrepetible") > 0);
    commit(&mut store, [Job::Edited(other.get().key(), post("78", "corregida")), Job::Gone(shown.get().key())], 2);
    assert_eq!((traces("palabra-irrepetible"), traces("se queda")), (0, 0));
    let kept = store.log.latest().expect("rows").0;
    let body = value(&kept[0]);
    assert_eq!((&body["top_posts"][0]["kind"], &body["top_posts"][0]["id"]), (&"delete".into(), &"77".into()));
    assert!(body["top_posts"][0]["author"]["handle"].is_null());
    assert_eq!(body["top_posts"][1]["text"], "corregida");
    commit(&mut store, [Job::Gone(other.get().key())], 3);
    assert_eq!(traces("maria_delatora"), 0);
}

#[test]
fn only_a_sound_file_of_ours_is_used_and_by_one_process() {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let mut store = open(&settings).expect("new");
    assert!(matches!(open(&settings), Err(Refused::InUse(_))));
    let texts: Vec<PostBuf> = (0..5).map(|i| post(&i.to_string(), &"x".repeat(5000))).collect();
    commit(&mut store, [Job::Alert(alert("a", Status::Resolved, 1, &texts), None)], 1);
    store.log.connection().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("checkpoint");
    drop(store);
    let good = std::fs::read(&settings.path).expect("bytes");
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&9u32.to_be_bytes());
    let mut other = good.clone();
    other[68..72].copy_from_slice(b"abcd");
    let torn = good[..good.len() / 2].to_vec();
    for (bytes, wanted) in
        [(newer, "newer"), (other, "no escucha"), (torn, "damaged"), (b"hola".to_vec(), "no escucha"), (vec![], "no escucha")]
    {
        std::fs::write(&settings.path, &bytes).expect("written");
        let refused = open(&settings).err().expect(wanted);
        let text = refused.text();
        assert!(text.en.contains(wanted) && !text.es.contains(wanted), "{text:?}");
        assert_eq!(std::fs::read(&settings.path).expect("bytes"), bytes, "{wanted}: left as it was");
    }
    std::fs::write(&settings.path, &good).expect("written");
    assert_eq!(resume(&mut open(&settings).expect("ours"), 0).next, 2);
    let nowhere = Settings { path: folder.path().join("none/alerts.db"), ..settings };
    assert!(matches!(open(&nowhere), Err(Refused::Io { .. })));
}

#[test]
fn what_is_half_made_is_made_anew() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("alerts.db.new"), b"half").expect("written");
    assert_eq!(resume(&mut open(&settings(&folder)).expect("new"), 0).next, 1);
}

#[test]
fn what_a_snapshot_lets_go_of_is_wiped_once() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    commit(&mut store, [], 0);
    let write = |store: &mut Opened, text: String| {
        let mut row = Row::default();
        row.add(&Item::Begun(vec![text]));
        store.log.commit(&mut Vec::new(), &row, None, Timestamp(0)).expect("room");
    };
    (0..40).for_each(|_| write(&mut store, "palabra-irrepetible ".repeat(500)));
    let files = || std::fs::read_dir(folder.path()).expect("a folder").map(|f| f.expect("a file").path());
    let traces = || {
        let word = b"palabra-irrepetible";
        files().filter(|path| std::fs::read(path).expect("bytes").windows(word.len()).any(|w| w == word)).count()
    };
    store.log.commit(&mut vec![Job::Part(b"part".to_vec()), Job::Whole], &Row::default(), None, Timestamp(0)).expect("room");
    assert!(traces() > 0);
    // The snapshot's commit let go of 16 rows, the next two of the others.
    let wiped = (0..5).map(|_| {
        write(&mut store, "otra".to_owned());
        store.log.wipe().expect("wiped");
        files().filter(|path| path.to_string_lossy().ends_with("-wal")).all(|wal| wal.metadata().expect("a file").len() == 0)
    });
    assert_eq!(wiped.collect::<Vec<_>>(), [false, false, true, false, false]);
    assert_eq!(traces(), 0);
}

#[test]
fn a_full_disk_holds_alerts_in_order_and_goes_on_by_itself() {
    let folder = TempDir::new().expect("a folder");
    let opened = open(&settings(&folder)).expect("new");
    let pages: i64 = opened.log.connection().pragma_query_value(None, "page_count", |r| r.get(0)).expect("pages");
    let limit = |pages: i64| format!("PRAGMA max_page_count = {pages}");
    opened.log.connection().execute_batch(&limit(pages)).expect("limited");
    let health = Arc::new(Health::default());
    let mut writer = writer(opened.log, health.clone());
    let long = post("1", &"x".repeat(20_000));
    writer.held = (0..4).map(|i| Job::Alert(alert(&format!("a{i}"), Status::Resolved, 1, std::slice::from_ref(&long)), None)).collect();
    assert!(!writer.commit().expect("passing"));
    assert!(health.problem().is_some_and(|p| p.contains("held back")));
    assert_eq!((writer.log.next(), writer.log.latest().expect("rows").0.len()), (1, 0), "nothing half");
    writer.log.connection().execute_batch(&limit(100_000)).expect("room");
    assert!(writer.commit().expect("room"));
    assert_eq!(health.problem(), None);
    let kept = writer.log.latest().expect("rows").0;
    assert_eq!(kept.iter().map(|k| k.id.as_str()).collect::<Vec<_>>(), ["a0", "a1", "a2", "a3"]);
}

#[test]
fn the_oldest_go_by_age_and_by_size_and_numbers_go_on() {
    let folder = TempDir::new().expect("a folder");
    let old = Settings { retention: 1_000_000, ..settings(&folder) };
    let mut store = open(&old).expect("new");
    for second in 1..=4 {
        commit(&mut store, [Job::Alert(alert("a", Status::Resolved, second, &[post(&second.to_string(), "x")]), None)], second);
    }
    assert_eq!(store.log.latest().expect("rows").0.iter().map(|k| k.seq).collect::<Vec<_>>(), [3, 4]);
    drop(store);
    let mut small = open(&Settings { max_bytes: 1, ..settings(&folder) }).expect("ours");
    commit(&mut small, [Job::Alert(alert("b", Status::Resolved, 5, &[]), None)], 5);
    assert_eq!(told(&small.log.latest().expect("rows").0), [(5, "b", Status::Resolved)]);
}

#[test]
fn all_is_durable_before_it_is_published_and_in_order() {
    let folder = TempDir::new().expect("a folder");
    let settings = settings(&folder);
    let published = Arc::new(Mutex::new(Vec::new()));
    let (out, path) = (published.clone(), settings.path.clone());
    let publish = move |jobs: Vec<Job>| {
        let reader = rusqlite::Connection::open(&path).expect("a reader");
        let mut out = out.lock().expect("no panic");
        for job in jobs {
            let Job::Alert(alert, _) = job else { continue };
            let stored: String =
                reader.query_row("SELECT id FROM alerts WHERE seq = ?1", [out.len() as i64 + 1], |r| r.get(0)).expect("durable");
            assert_eq!(stored, alert.id);
            out.push(alert.id.clone());
        }
    };
    let store = start(open(&settings).expect("new"), publish);
    let ids: Vec<String> = (0..200).map(|i| format!("a{i}")).collect();
    for id in &ids {
        store.jobs.send(Job::Alert(alert(id, Status::Resolved, 1, &[]), None)).expect("it runs");
    }
    store.stop();
    assert_eq!(*published.lock().expect("no panic"), ids);
}

#[test]
fn beyond_the_bound_alerts_are_lost_but_no_delete() {
    let folder = TempDir::new().expect("a folder");
    let log = open(&settings(&folder)).expect("new").log;
    let mut writer = writer(log, Arc::default());
    let (out, jobs) = unbounded();
    writer.held = (1..crate::limits::STORE_HELD).map(|_| Job::Gone(PostKey(1))).collect();
    for id in ["a", "b"] {
        out.send(Job::Alert(alert(id, Status::Resolved, 1, &[]), None)).expect("open");
    }
    out.send(Job::Gone(PostKey(2))).expect("open");
    assert!(!writer.take(&jobs), "more may come");
    let added = &writer.held[crate::limits::STORE_HELD - 1..];
    assert!(matches!(added, [Job::Alert(a, _), Job::Gone(PostKey(2))] if a.id == "a"), "{added:?}");
    drop(out);
    assert!(writer.take(&jobs), "it was the last");
}

#[test]
fn what_ends_with_no_room_was_never_published() {
    let folder = TempDir::new().expect("a folder");
    let opened = open(&settings(&folder)).expect("new");
    let pages: i64 = opened.log.connection().pragma_query_value(None, "page_count", |r| r.get(0)).expect("pages");
    opened.log.connection().execute_batch(&format!("PRAGMA max_page_count = {pages}")).expect("limited");
    let publish = |jobs: Vec<Job>| assert!(jobs.is_empty(), "{jobs:?}");
    let store = start(opened, publish);
    store.jobs.send(Job::Alert(alert("a", Status::Resolved, 1, &[post("1", &"x".repeat(90_000))]), None)).expect("it runs");
    store.stop();
    assert_eq!(resume(&mut open(&settings(&folder)).expect("ours"), 0).next, 1);
}

/// A step that says what was read, and puts and removes rows.
fn step(read: &[(u64, &Alert)], rows: Vec<crate::routing::Row>, told: u64) -> Job {
    let (written, _) = tokio::sync::mpsc::unbounded_channel();
    let read = read.iter().map(|(seq, alert)| (*seq, Arc::new(Alert::clone(alert)))).collect();
    Job::Deliveries(Box::new(Step { rows, read, told, written }))
}

fn sealed(body: &[u8]) -> Vec<u8> {
    codec::sealed(*b"test", 1, &body.to_vec())
}

fn row(key: &str, body: Option<&[u8]>, needs: &[u64]) -> crate::routing::Row {
    crate::routing::Row { kind: "k", key: key.to_owned(), body: body.map(sealed), needs: needs.to_vec() }
}

#[test]
fn a_transition_is_whole_until_it_was_read_and_while_a_row_needs_it() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    let shown = post("77", "hola");
    let alerts = ["a", "b", "c"].map(|id| alert(id, Status::Resolved, 1, std::slice::from_ref(&shown)));
    commit(&mut store, alerts.clone().map(|alert| Job::Alert(alert, None)), 1);
    let seqs = |store: Opened| {
        drop(store);
        let store = open(&settings(&folder)).expect("ours");
        let past = store.past().expect("sound");
        (store, past.bodies.keys().copied().collect::<Vec<u64>>(), past)
    };
    let (mut store, found, past) = seqs(store);
    assert_eq!((found, past.told), (vec![1, 2, 3], 0));
    let again: &Alert = &past.bodies[&2];
    assert_eq!(format!("{again:?}"), format!("{:?}", alerts[1]));
    // Two are read: one is needed, the other is not. The third was not read yet.
    commit(&mut store, [step(&[(1, &alerts[0]), (2, &alerts[1])], vec![row("x", Some(b"1"), &[2]), row("y", Some(b"2"), &[2])], 2)], 3);
    let (mut store, found, past) = seqs(store);
    assert_eq!((found, past.told, past.rows.len()), (vec![2, 3], 2, 2));
    commit(&mut store, [step(&[], vec![row("x", None, &[])], 2)], 4);
    let (mut store, found, past) = seqs(store);
    assert_eq!((found, past.rows[&("k".to_owned(), "y".to_owned())].clone()), (vec![2, 3], sealed(b"2")));
    commit(&mut store, [step(&[], vec![row("y", Some(b"3"), &[])], 2)], 5);
    assert_eq!(seqs(store).1, [3]);
}

#[test]
fn what_is_to_be_told_forgets_what_was_deleted_whenever_it_comes() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    let shown = post("77", "palabra-irrepetible");
    let one = alert("a", Status::Firing, 1, std::slice::from_ref(&shown));
    let key = shown.get().key();
    commit(&mut store, [Job::Alert(one.clone(), None), step(&[(1, &one)], vec![row("x", Some(b"1"), &[1])], 1)], 1);
    // An edit does not change what was told, a delete does, even if a step on its way still had it.
    commit(&mut store, [Job::Edited(key, post("77", "corregida"))], 2);
    let past = Past::load(store.log.connection(), &settings(&folder).path).expect("sound");
    assert_eq!(past.bodies[&1].top_posts[0].get().text, "palabra-irrepetible");
    commit(&mut store, [Job::Gone(key), step(&[(1, &one)], vec![row("x", Some(b"2"), &[1])], 1)], 3);
    let past = Past::load(store.log.connection(), &settings(&folder).path).expect("sound");
    assert!(past.bodies[&1].top_posts.is_empty() && past.bodies[&1].first_post.is_none());
    // What was not told yet is told in its new version.
    let other = post("78", "antes");
    commit(&mut store, [Job::Alert(alert("b", Status::Firing, 4, std::slice::from_ref(&other)), None)], 4);
    commit(&mut store, [Job::Edited(other.get().key(), post("78", "despues"))], 5);
    let past = Past::load(store.log.connection(), &settings(&folder).path).expect("sound");
    assert_eq!(past.bodies[&2].top_posts[0].get().text, "despues");
    drop(store);
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        assert!(!bytes.windows(19).any(|w| w == b"palabra-irrepetible"));
    }
}

#[test]
fn what_fired_and_is_resolved_at_the_start_is_whole_too() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    let one = alert("a", Status::Firing, 1, &[post("77", "hola")]);
    commit(&mut store, [Job::Alert(one.clone(), None), step(&[(1, &one)], vec![row("x", Some(b"1"), &[1])], 1)], 1);
    drop(store);
    let past = resume(&mut open(&settings(&folder)).expect("ours"), 9).past;
    let end = &past.bodies[&2];
    assert_eq!((end.status, end.resolved_at, end.reasons[0].code), (Status::Resolved, Some(Timestamp::from_seconds(9)), "restarted"));
    assert_eq!((past.told, past.firing().count()), (1, 0));
}

/// An item with a post of a megabyte, of which the tally makes nothing.
fn heavy(i: i64) -> Job {
    let mut outcome = crate::lane::Outcome::default();
    outcome.posts.push(&post(&i.to_string(), &"x".repeat(1 << 20)).get());
    outcome.greatest = Timestamp::from_seconds(i);
    Job::Item(Box::new(Item::Outcome(crate::topic::SourceId(0), None, Box::new(outcome))))
}

#[test]
fn what_was_too_much_to_hold_is_written_as_a_whole_and_nothing_is_told_twice() {
    let folder = TempDir::new().expect("a folder");
    let mut opened = open(&settings(&folder)).expect("new");
    resume(&mut opened, 0);
    let pages: i64 = opened.log.connection().pragma_query_value(None, "page_count", |r| r.get(0)).expect("pages");
    let limit = |pages: i64| format!("PRAGMA max_page_count = {pages}");
    opened.log.connection().execute_batch(&limit(pages)).expect("limited");
    let health = Arc::new(Health::default());
    let mut writer = writer(opened.log, health.clone());
    let (out, jobs) = unbounded();
    let mut state = Fold::new(setting());
    for i in 1..=66 {
        out.send(heavy(i)).expect("open");
        let mut row = Row::default();
        let Job::Item(item) = heavy(i) else { panic!("an item") };
        row.add(&item);
        state.row(&row.sealed()).expect("a row");
    }
    writer.take(&jobs);
    assert!(!writer.commit().expect("passing"));
    assert!(!health.is_lost());
    writer.take(&jobs);
    assert!(health.is_lost(), "64 MiB were too much");
    // There is room again: an alert is kept before the state that led to it is.
    writer.log.connection().execute_batch(&limit(100_000)).expect("room");
    let fired = alert("a", Status::Firing, 66, &[]);
    out.send(Job::Alert(fired.clone(), None)).expect("open");
    out.send(heavy(67)).expect("open");
    writer.take(&jobs);
    assert!(writer.commit().expect("room") && health.is_lost());
    drop(writer);
    // Killed now, the alert comes again from what is read again.
    let mut again = open(&settings(&folder)).expect("ours");
    let resumed = resume(&mut again, 70);
    assert_eq!((resumed.next, resumed.kept[0].status), (2, Status::Firing), "it is not over, its cause is still to come");
    commit(&mut again, [Job::Alert(fired.clone(), None)], 71);
    assert_eq!(again.stands().0, 2, "nothing is told twice");
    commit(&mut again, [Job::Alert(alert("a", Status::Resolved, 72, &[]), None)], 72);
    assert_eq!(again.stands().0, 3);
    // Or the whole state came in time.
    let mut parts = Vec::new();
    state.snapshot(&mut |part| parts.push(Job::Part(part)));
    parts.push(Job::Whole);
    commit(&mut again, parts, 73);
    drop(again);
    let fold = resume(&mut open(&settings(&folder)).expect("ours"), 74).fold;
    let bytes = |fold: &Fold| {
        let mut bytes = Vec::new();
        fold.snapshot(&mut |part| bytes.extend(part));
        bytes
    };
    assert!(bytes(&fold) == bytes(&state));
}
