//! Changes of customers' matters beside the alerts, in one sequence.

use super::*;
use crate::incident::IncidentKey;

fn moved(id: u64, what: &str, second: i64) -> Job {
    let body = format!("{{\"id\":\"{id:016x}\",\"what\":\"{what}\"}}").into();
    Job::Incident(Box::new(Moved { id: IncidentKey(id), at: Timestamp::from_seconds(second), body, gone: false }))
}

fn fired(id: &str) -> Job {
    Job::Alert(alert(id, Status::Resolved, 1, &[]), None)
}

fn seqs(resumed: &Resumed) -> (Vec<u64>, Vec<u64>) {
    (resumed.kept.iter().map(|k| k.seq).collect(), resumed.moved.iter().map(|(seq, _)| *seq).collect())
}

#[test]
fn they_share_the_sequence_and_outlive_the_process() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    resume(&mut store, 0);
    commit(&mut store, [moved(1, "a", 1), fired("x"), moved(u64::MAX, "b", 1)], 1);
    commit(&mut store, [fired("y"), moved(1, "c", 1)], 1);
    drop(store);
    let again = resume(&mut open(&settings(&folder)).expect("ours"), 2);
    assert_eq!((seqs(&again), again.next, again.floors), ((vec![2, 4], vec![1, 3, 5]), 6, (1, 1)));
    assert_eq!((again.moved[1].1.id, again.moved[1].1.at), (IncidentKey(u64::MAX), Timestamp::from_seconds(1)));
    assert_eq!(look(&settings(&folder).path).map(|s| (s.alerts, s.last)).expect("sound"), (2, 4));
}

#[test]
fn what_came_again_after_a_crash_is_told_once() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    resume(&mut store, 0);
    commit(&mut store, [moved(1, "a", 1)], 1);
    // Behind this its state has no cause for what is told.
    store.log.keep_up(false);
    commit(&mut store, [moved(1, "b", 1), moved(2, "a", 1), moved(2, "a", 1)], 1);
    drop(store);
    let mut store = open(&settings(&folder)).expect("ours");
    assert_eq!(resume(&mut store, 2).next, 5);
    let mut jobs = vec![moved(2, "a", 1), moved(3, "a", 1), moved(1, "b", 1), moved(2, "a", 1), moved(2, "a", 1)];
    store.log.commit(&mut jobs, &Row::default(), None, Timestamp(0)).expect("room");
    let told = |job: &Job| if let Job::Incident(moved) = job { moved.id.0 } else { 0 };
    assert_eq!(jobs.iter().map(told).collect::<Vec<_>>(), [3, 2], "what is new is shown, and a third time is new");
    assert_eq!(store.log.next(), 7);
}

#[test]
fn they_have_bounds_of_their_own_and_cost_no_alert() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    store.without_sync();
    resume(&mut store, 0);
    commit(&mut store, [fired("first")], 1);
    let over = limits::FEED_INCIDENTS as u64 + 300;
    for from in (0..over).step_by(1000) {
        commit(&mut store, (from..over.min(from + 1000)).map(|i| moved(i, "a", 1)).collect::<Vec<_>>(), 1);
    }
    drop(store);
    let mut store = open(&settings(&folder)).expect("a gap at the start is none");
    let again = resume(&mut store, 1);
    assert_eq!((again.kept.len(), again.moved.len(), again.floors), (1, limits::FEED_INCIDENTS, (1, 302)));
    // The old go by their age as well, but for the newest.
    commit(&mut store, [moved(7, "b", 2)], 91 * 24 * 3600);
    for _ in 0..limits::FEED_INCIDENTS / 256 + 1 {
        commit(&mut store, [moved(7, "c", 91 * 24 * 3600)], 91 * 24 * 3600);
    }
    let (left, _) = crate::store::changes::latest(store.log.connection()).expect("rows");
    assert!(left.iter().all(|(_, moved)| moved.at > Timestamp::from_seconds(2)), "{}", left.len());
}

#[test]
fn one_that_is_changed_or_missing_is_told() {
    let table = [
        ("UPDATE incidents SET body = replace(body, 'a', 'b') WHERE seq = 3", "the change 3 of an incident is not as it was written"),
        ("UPDATE incidents SET id = 5 WHERE seq = 3", "the change 3 of an incident is not as it was written"),
        ("UPDATE incidents SET before = 2 WHERE seq = 1", "the change 1 of an incident is not as it was written"),
        ("DELETE FROM incidents WHERE seq = 3", "the change 3 of an incident is missing"),
        ("DELETE FROM incidents WHERE seq = 5", "the change 5 of an incident is missing"),
        ("UPDATE alerts SET before = 1 WHERE seq = 4", "alert 4 is not as it was written"),
        ("DELETE FROM alerts WHERE seq = 4", "alert 4 is missing"),
        ("UPDATE meta SET value = 9 WHERE key = 'last'", "alert 9 is missing"),
    ];
    for (damage, wanted) in table {
        let folder = TempDir::new().expect("a folder");
        let mut store = open(&settings(&folder)).expect("new");
        commit(&mut store, [moved(1, "a", 1), fired("x"), moved(2, "a", 1), fired("y"), moved(3, "a", 1), fired("z")], 1);
        store.log.connection().execute(damage, []).expect("damaged");
        drop(store);
        let text = open(&settings(&folder)).err().expect(damage).text();
        assert!(text.en.contains(wanted), "{damage}: {}", text.en);
        assert_ne!(text.es, text.en);
    }
}
