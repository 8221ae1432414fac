//! `escucha store` beside a running engine, and pages of what the feed does not hold.

use std::fs;
use std::sync::Arc;

use escucha::alert::{Alert, Reason, Severity, Status};
use escucha::bilingual::Both;
use escucha::journal::Setting;
use escucha::limits;
use escucha::store::{Job, Opened, Settings};
use escucha::tally;
use escucha::time::{Clock, SystemClock};

use super::*;

/// Exit code, standard output and standard error of `escucha store …`.
fn store(args: &[&str]) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_escucha")).arg("store").args(args).output().unwrap();
    (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn a_copy_made_while_alerts_are_written_is_restored_and_goes_on() {
    let folder = folder();
    let mut engine = Engine::start(folder.path());
    let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
    let epoch = frames.next().unwrap()["epoch"].clone();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut shown = Vec::new();
    let mut last = 0;
    for round in 0..5 {
        for i in 0..POSTS {
            engine.say(&post(format!("{round}-{i}")));
        }
        shown.extend(frames.by_ref().filter(|f| f["type"] == "alert").take(5));
        let (code, out, err) = store(&["backup", "--json", &path("alerts.db"), &path(&format!("copy{round}.db"))]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let summary: Value = serde_json::from_str(&out).unwrap();
        last = summary["last"].as_u64().unwrap();
        assert!(summary["epoch"] == epoch && summary["alerts"] == last && last >= shown.len() as u64, "{summary}");
    }
    let used: Value = serde_json::from_str(&store(&["check", "--json", &path("alerts.db")]).1).unwrap();
    assert_eq!((&used["in_use"], &used["format"]), (&true.into(), &3.into()));
    let (code, _, err) = store(&["backup", "--lang", "es", &path("alerts.db"), &path("copy4.db")]);
    assert_eq!((code, err.contains("ya existe y no se sobrescribe")), (Some(2), true), "{err}");
    let (code, _, err) = store(&["backup", &path("alerts.db"), &path("no/copy.db")]);
    assert_eq!((code, err.contains("could not be written: it, or its folder, does not exist")), (Some(1), true), "{err}");
    let (code, _, err) = store(&["check", &path("escucha.toml")]);
    assert_eq!((code, err.contains("is no escucha store")), (Some(2), true), "{err}");
    let (code, out, _) = store(&["check", "--lang", "es", &path("copy4.db")]);
    assert_eq!(
        (code, out.contains(&format!("alertas     {last} (seq 1-{last})")), out.contains("en uso      no")),
        (Some(0), true, true),
        "{out}"
    );

    drop(engine);
    let restored = super::folder();
    fs::rename(path("copy4.db"), restored.path().join("alerts.db")).unwrap();
    let engine = Engine::start(restored.path());
    let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
    let hello = frames.next().unwrap();
    assert_eq!((&hello["epoch"], &hello["recovered"]), (&epoch, &true.into()));
    assert!(hello["seq"].as_u64() >= Some(last));
    let again: Vec<Value> = frames.filter(|f| f["type"] == "alert").take(shown.len()).collect();
    assert_eq!(again, shown);
}

/// Alerts of about 8 KiB: the feed holds half of them.
const ALERTS: u64 = 4500;

#[test]
fn every_alert_of_the_file_is_on_one_page() {
    let folder = folder();
    let settings = Settings {
        path: folder.path().join("alerts.db"),
        retention: limits::STORE_RETENTION,
        max_bytes: limits::STORE_BYTES,
        journal: limits::JOURNAL_LEAST,
    };
    let clock = Arc::new(SystemClock::new());
    let now = clock.now();
    let tally = tally::Settings { lateness: 0, dedupe: 0, recent_bytes: 0, past: None, taken: Default::default() };
    let setting = Setting { tally, sources: Vec::new(), compiled: Default::default(), sets: Default::default() };
    let store = Opened::open(&settings, "vida").unwrap().start(setting, clock, |_| {}, |e| panic!("{e}")).unwrap();
    for i in 1..=ALERTS {
        let text = "x".repeat(4000);
        let alert = Alert {
            topic: if i % 100 == 0 { "raro" } else { "fraude" }.to_owned(),
            status: Status::Resolved,
            updated_at: now,
            reasons: vec![Reason { code: "volume", text: Both::new(text.clone(), text), value: 1.0 }],
            ..Alert::new(i.to_string(), "r", "volume", Severity::Warning, now)
        };
        store.jobs.send(Job::Alert(Box::new(alert), None)).unwrap();
    }
    store.stop();
    let engine = Engine::start(folder.path());
    let hello = engine.listen("/v1/events?channels=alerts&since=0").next().unwrap();
    assert_eq!((&hello["recovered"], &hello["seq"]), (&false.into(), &ALERTS.into()), "the feed does not hold all");
    let all = |query: &str| {
        let (mut seqs, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = engine.get(&format!("/v1/alerts?limit=1000{query}{cursor}"));
            let alerts = page["alerts"].as_array().unwrap();
            assert!(alerts.len() * 8000 < limits::STORE_PAGE_BYTES + 20_000, "{}", alerts.len());
            seqs.splice(0..0, alerts.iter().map(|a| a["seq"].as_u64().unwrap()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return seqs,
            }
        }
    };
    assert_eq!(all(""), (1..=ALERTS).collect::<Vec<_>>());
    assert_eq!(all("&topics=raro&min_severity=warning&status=resolved"), (1..=ALERTS / 100).map(|i| i * 100).collect::<Vec<_>>());
    assert_eq!(all("&since=4490"), (4491..=ALERTS).collect::<Vec<_>>());
    assert_eq!(all("&status=firing"), [0; 0]);
}
