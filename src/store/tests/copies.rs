//! Copies, and pages of what the feed does not hold.

use super::*;

fn filled(folder: &TempDir, alerts: i64) -> Opened {
    let mut store = open(&settings(folder)).expect("new");
    for i in 0..alerts {
        let status = if i % 3 == 2 { Status::Resolved } else { Status::Firing };
        commit(&mut store, [Job::Alert(alert(&format!("a{}", i / 3), status, i, &[post(&i.to_string(), "texto")]), None)], i);
    }
    store
}

#[test]
fn a_copy_is_whole_while_the_file_is_in_use_and_goes_on_with_its_life() {
    let folder = TempDir::new().expect("a folder");
    let mut store = filled(&folder, 9);
    let (from, to) = (settings(&folder).path, folder.path().join("copy.db"));
    let copied = backup(&from, &to).expect("a copy");
    assert_eq!((copied.format, copied.epoch.as_str(), copied.alerts, copied.first, copied.last), (3, EPOCH, 9, 1, 9));
    assert!(look(&from).expect("sound").in_use && !copied.in_use);
    commit(&mut store, [Job::Alert(alert("later", Status::Resolved, 9, &[]), None)], 9);
    assert!(matches!(backup(&from, &to), Err(NotCopied::Exists(_))));
    drop(store);
    let mut opened = Opened::open(&Settings { path: to, ..settings(&folder) }, "another").expect("ours");
    let again = resume(&mut opened, 0);
    assert_eq!((opened.epoch.as_str(), again.next, again.kept.len()), (EPOCH, 10, 9));
    let names = std::fs::read_dir(folder.path()).expect("a folder").map(|f| f.expect("a file").file_name().into_string().expect("text"));
    assert!(names.into_iter().all(|name| !name.contains(".new")), "nothing is left over");
}

#[test]
fn what_is_damaged_is_not_copied_and_what_is_looked_at_stays_as_it_is() {
    let folder = TempDir::new().expect("a folder");
    drop(filled(&folder, 3));
    let (from, to) = (settings(&folder).path, folder.path().join("copy.db"));
    let mut bytes = std::fs::read(&from).expect("bytes");
    for companion in ["-shm", "-wal"] {
        std::fs::remove_file(file::beside(&from, companion)).expect("it stays for the next start");
    }
    look(&from).expect("sound");
    assert_eq!(std::fs::read(&from).expect("bytes"), bytes);
    assert!(!file::beside(&from, "-shm").exists() && !file::beside(&from, "-wal").exists());
    let at = bytes.windows(5).position(|w| w == b"texto").expect("its text");
    bytes[at] ^= 4;
    std::fs::write(&from, &bytes).expect("written");
    assert!(matches!(look(&from), Err(Refused::Damaged { .. })));
    assert!(matches!(backup(&from, &to), Err(NotCopied::Refused(Refused::Damaged { path, .. })) if path == from));
    assert!(!to.exists());
    assert!(matches!(look(&folder.path().join("none.db")), Err(Refused::Io { .. })));
}

#[test]
fn pages_hold_every_alert_once_by_its_last_transition() {
    let folder = TempDir::new().expect("a folder");
    let store = filled(&folder, 32);
    let mut reader = Reader::new(settings(&folder).path);
    let last = |body: &String| serde_json::from_str::<serde_json::Value>(body).expect("JSON")["seq"].as_u64().expect("a number");
    for limit in [1, 3, 50] {
        for (since, head) in [(0, 32), (10, 32), (0, 31), (7, 8)] {
            let mut wanted: Vec<u64> = (since + 1..=head).filter(|seq| seq % 3 == 0 || *seq == head).collect();
            let mut before = u64::MAX;
            loop {
                let page = reader.latest(Asked { since, before, head, limit }, |_| true).expect("sound");
                let seqs: Vec<u64> = page.bodies.iter().map(last).collect();
                assert_eq!(seqs, wanted.split_off(wanted.len().saturating_sub(limit)));
                let Some(next) = page.next else { break };
                before = next;
            }
            assert!(wanted.is_empty(), "{limit} {since} {head}: {wanted:?}");
        }
    }
    let firing = reader.latest(Asked { since: 0, before: u64::MAX, head: 32, limit: 9 }, |kept| kept.status == Status::Firing);
    assert_eq!(firing.expect("sound").bodies.iter().map(last).collect::<Vec<_>>(), [32]);
    drop(store);
}

#[test]
fn a_page_ends_where_it_has_looked_at_enough() {
    let folder = TempDir::new().expect("a folder");
    let mut store = open(&settings(&folder)).expect("new");
    let jobs: Vec<Job> =
        (0..limits::STORE_LOOKED + 1).map(|i| Job::Alert(alert(&format!("a{i}"), Status::Resolved, 0, &[]), None)).collect();
    commit(&mut store, jobs, 0);
    let mut reader = Reader::new(settings(&folder).path);
    let (head, mut before, mut pages) = (store.log.next() - 1, u64::MAX, 0);
    let found = loop {
        let page = reader.latest(Asked { since: 0, before, head, limit: 9 }, |kept| kept.seq == 1).expect("sound");
        pages += 1;
        match page.next {
            Some(next) => before = next,
            None => break page.bodies.len(),
        }
    };
    assert!(found == 1 && pages > 1, "{found} after {pages}");
}
