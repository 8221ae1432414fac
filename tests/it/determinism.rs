//! The same recorded input gives the same alerts, byte for byte, on any number of lanes.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use escucha::app::demo;
use escucha::config::{Config, TopicIds};
use escucha::decode::{Format, Mapping};
use escucha::lane::Compiled;
use escucha::reason::Skipped;
use escucha::replay::{self, Job, Summary};
use escucha::synth::World;
use escucha::tally::{Past, Settings};
use escucha::time::{MINUTE, SECOND, Timestamp};

/// 2026-07-06T00:00:00Z, a Monday.
const START: Timestamp = Timestamp(1_783_296_000_000_000);
/// Bytes of a buffer: small, so that many are in flight at once.
const BUFFER: usize = 4096;
const HOURS: i64 = 3;

/// Alert rules that fire often, beside those of the demo.
const RULES: &str = r#"
[[alert]]
name = "any-priority"
on = "priority"
at = 30
[[alert]]
name = "any-volume"
on = "volume"
window = "1m"
at = 2
"#;

/// What a world of so many hours sends, in the order of arrival: late, doubled, deleted, changed.
fn recording(file: &Path, hours: i64) -> u64 {
    let mut world = World::new(3, START);
    let mut bytes = Vec::new();
    let mut second = START;
    while second < START.plus(hours * 60 * MINUTE) {
        world.second(second, &mut bytes);
        second = second.plus(SECOND);
    }
    std::fs::write(file, &bytes).unwrap();
    bytes.len() as u64
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn replayed(file: &Path, lanes: usize, as_recorded: bool) -> (String, Summary) {
    replayed_under(&format!("{}{RULES}", demo::CONFIG), None, file, lanes, as_recorded)
}

fn replayed_under(config: &str, past: Option<Past>, file: &Path, lanes: usize, as_recorded: bool) -> (String, Summary) {
    let (config, _) = Config::read("t", config.to_owned(), Path::new("")).expect("a good configuration");
    let job = Job {
        files: vec![file.to_owned()],
        format: Format { name: "escucha", mapping: Mapping::default() },
        as_recorded,
        speed: None,
        lanes,
        buffer_bytes: BUFFER,
        tally: Settings { past, ..config.engine.tally.clone() },
        compiled: Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1))),
        counts: false,
    };
    let out = Written::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (summary, _) = runtime.block_on(replay::run(job, Box::new(out.clone()), |_| ())).unwrap();
    let bytes = std::mem::take(&mut *out.0.lock().unwrap());
    (String::from_utf8(bytes).unwrap(), summary)
}

fn ids<'a>(alerts: &'a str, on: &str, status: &str) -> HashSet<&'a str> {
    let (on, status) = (format!("\"on\":\"{on}\""), format!("\"status\":\"{status}\""));
    let lines = alerts.lines().filter(|l| l.contains(&on) && l.contains(&status));
    lines.filter_map(|l| l.split("\"id\":\"").nth(1)?.split('"').next()).collect()
}

#[test]
fn alerts_do_not_depend_on_the_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.ndjson");
    let bytes = recording(&file, HOURS);
    assert!(bytes / BUFFER as u64 > 4 * 64, "{bytes} bytes are too few for four lanes");
    for as_recorded in [true, false] {
        let (alerts, summary) = replayed(&file, 1, as_recorded);
        // What makes the comparison mean something.
        for on in ["priority", "volume"] {
            for status in ["firing", "resolved"] {
                let found = ids(&alerts, on, status).len();
                assert!(found >= 100, "only {found} {on} alerts are {status}");
            }
        }
        for reason in [Skipped::Duplicate, Skipped::Delete, Skipped::Update, Skipped::Own] {
            assert!(summary.skipped[reason as usize] > 0, "no post was skipped as {reason}");
        }
        for lanes in [1, 2, 4] {
            let (again, counts) = replayed(&file, lanes, as_recorded);
            assert!(again == alerts, "{lanes} lanes gave other alerts (as recorded: {as_recorded})");
            assert_eq!(counts, summary, "{lanes} lanes");
        }
    }
}

/// An outage of the demo's bank, with eight weeks of usual counts behind it.
#[test]
fn spikes_of_two_topics_do_not_depend_on_the_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.ndjson");
    recording(&file, 2);
    let replay = |lanes, as_recorded| replayed_under(demo::CONFIG, Some(demo::past(3, START)), &file, lanes, as_recorded);
    for as_recorded in [true, false] {
        let (alerts, summary) = replay(1, as_recorded);
        let spikes: Vec<serde_json::Value> =
            alerts.lines().map(|l| serde_json::from_str(l).expect("JSON")).filter(|a: &serde_json::Value| a["on"] == "spike").collect();
        let told = |status: &str, topics: usize| {
            spikes.iter().filter(|a| a["status"] == status && a["topics"].as_array().is_some_and(|t| t.len() == topics)).count()
        };
        assert!(told("firing", 2) > 0 && told("resolved", 2) == 1, "two topics are one crisis: {spikes:?}");
        assert_eq!(ids(&alerts, "spike", "firing").len(), 1, "one crisis");
        assert!(spikes.iter().any(|a| a["terms"].as_array().is_some_and(|t| t.len() > 2)), "{spikes:?}");
        for lanes in [1, 2, 4] {
            let (again, counts) = replay(lanes, as_recorded);
            assert!(again == alerts && counts == summary, "{lanes} lanes gave other alerts (as recorded: {as_recorded})");
        }
    }
}
