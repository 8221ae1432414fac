//! Alerts on shares do not depend on the lanes.

use super::*;

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

/// A rule that fires often, for the worlds above.
const RULE: &str = "
[[alert]]
name = 'cuota'
on = 'share'
group = 'sector'
window = '6h'
significance = 0.2
change = 1
";

#[test]
fn alerts_do_not_depend_on_the_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.ndjson");
    // Every other half day one brand is spoken of, and then another.
    let mut random = Prng::new(7);
    let lines = (0..12_000u64).map(|i| {
        let when = at(i as i64 / 2);
        let often = if (i / 1440).is_multiple_of(2) { "alfa" } else { "beta" };
        let brand = if random.below(3) == 0 { often } else { ["alfa", "beta", "gama", "delta"][random.below(4) as usize] };
        format!("{}\n", line(&i.to_string(), when, &format!("u{i}"), &format!("{brand} {i}")))
    });
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let replayed = |lanes| {
        let (config, _) = Config::read("t", format!("{CONFIG}{RULE}"), Path::new("")).expect("a good configuration");
        let job = Job {
            files: vec![file.clone()],
            format: Format { name: "escucha", mapping: Mapping::default() },
            as_recorded: true,
            speed: None,
            counts: false,
            lanes,
            buffer_bytes: 4096,
            tally: config.engine.tally.clone(),
            compiled: Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1))),
        };
        let out = Written::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(replay::run(job, Box::new(out.clone()), |_| ())).unwrap();
        let bytes = std::mem::take(&mut *out.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    };
    let alerts = replayed(1);
    let count = |word: &str| alerts.lines().filter(|l| l.contains("\"on\":\"share\"") && l.contains(word)).count();
    assert!(count("\"firing\"") > 10 && count("\"resolved\"") > 5, "{alerts}");
    for lanes in [2, 4] {
        assert!(replayed(lanes) == alerts, "{lanes} lanes gave other alerts");
    }
}
