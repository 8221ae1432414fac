use super::*;
use crate::anomaly::PER_DAY;
use crate::prng::Prng;

const DAY: i64 = PER_DAY as i64;

/// Ten mentions in five minutes over eight weeks, and `times` as many for two hours from each of `surges`.
fn tried(surges: &[(i64, f64)], events: Option<&[Event]>) -> Comparison {
    let mut prng = Prng::new(11);
    let asked = Settings { sensitivity: 3.0, ..Settings::new(Direction::Spike) };
    let mut trial = Trial::new(Zone::utc(), Arc::default(), Direction::Spike, &[asked], events);
    for bucket in 0..56 * DAY {
        let times = surges.iter().find(|(from, _)| (*from..from + 24).contains(&bucket)).map_or(1.0, |(_, times)| *times);
        trial.close(bucket, prng.count(10.0 * times) as f64, Quality::Whole);
    }
    trial.finish()
}

/// By sensitivity and alerts in three weeks.
fn of(tried: &Comparison, sensitivity: f64, alerts: u32) -> &Outcome {
    let is = |o: &&Outcome| o.settings.sensitivity == sensitivity && o.settings.budget.alerts == alerts;
    tried.outcomes.iter().find(is).expect("a setting of the table")
}

#[test]
fn the_table_holds_what_was_asked_once() {
    let table = |asked: &[Settings]| {
        let all = choices(Direction::Spike, asked);
        assert!(all.iter().enumerate().all(|(i, s)| !all[..i].contains(s)), "{all:?}");
        assert!(asked.iter().all(|s| all.contains(s)));
        all.len()
    };
    let spike = Settings::new(Direction::Spike);
    assert_eq!(table(&[]), 9);
    assert_eq!(table(&[spike]), 9);
    assert_eq!(table(&[Settings { sensitivity: 3.0, ..spike }]), 12);
    assert_eq!(table(&[Settings { budget: Budget { alerts: 1, days: 7 }, ..spike }]), 12);
    assert_eq!(table(&[Settings { quick: true, ..spike }]), 9);
    assert_eq!(table(&[spike, Settings { quick: true, ..spike }]), 10);
}

#[test]
fn surges_are_the_peaks_and_are_caught_or_missed() {
    let surges = [(20 * DAY, 4.0), (30 * DAY, 1.4), (40 * DAY, 4.0)];
    let tried = tried(&surges, None);
    assert!(!tried.named && tried.targets.len() <= 8 && tried.targets.is_sorted_by_key(|t| t.within), "{:?}", tried.targets);
    for (from, _) in surges {
        let peak = tried.targets.iter().find(|t| (from..from + 36).contains(&bucket_of(t.onset))).expect("a peak");
        assert!((from..from + 24).contains(&bucket_of(peak.peak)), "{peak:?}");
    }
    let usual = of(&tried, 3.2, 5);
    assert!(usual.caught >= 2 && usual.delays.iter().all(|d| (BUCKET..=12 * BUCKET).contains(d)), "{usual:?}");
    assert_eq!(usual.caught + usual.missed, tried.targets.len() as u64);
    // What is more sensitive, or may tell more, never misses more of the same peaks here.
    assert!(of(&tried, 2.6, 10).caught >= usual.caught && usual.caught >= of(&tried, 4.0, 2).caught);
    assert!(of(&tried, 2.6, 10).alerts >= usual.alerts && usual.alerts >= of(&tried, 4.0, 2).alerts);
    assert!(of(&tried, 3.0, 5).asked && !usual.asked);
}

#[test]
fn each_setting_fires_as_it_does_alone() {
    let alone = |settings: Settings| {
        let (mut prng, mut series) = (Prng::new(11), Series::new(Zone::utc(), Arc::default(), [settings]));
        let fires = (0..56 * DAY).filter(|bucket| {
            let times = if (20 * DAY..20 * DAY + 24).contains(bucket) { 4.0 } else { 1.0 };
            series.close(*bucket, prng.count(10.0 * times) as f64, Quality::Whole).1[0].fires
        });
        fires.count() as u64
    };
    for outcome in tried(&[(20 * DAY, 4.0)], None).outcomes {
        assert_eq!(outcome.alerts, alone(outcome.settings), "{:?}", outcome.settings);
    }
}

#[test]
fn events_are_caught_near_their_time() {
    let event = |bucket: i64, label: &str| Event { at: start(bucket), label: label.into(), topic: String::new() };
    let events = [event(10, "too early"), event(20 * DAY, "surge"), event(25 * DAY, "nothing"), event(90 * DAY, "too late")];
    let tried = tried(&[(20 * DAY, 4.0)], Some(&events));
    let labels: Vec<&str> = tried.targets.iter().map(|t| t.label.as_str()).collect();
    assert_eq!((labels, tried.outside, tried.named), (vec!["surge", "nothing"], 2, true));
    let usual = of(&tried, 3.2, 5);
    assert_eq!((usual.caught, usual.missed), (1, 1));
    assert!(usual.delays[0] > 0 && usual.delays[0] <= 6 * BUCKET && usual.leads[0] > -2 * BUCKET, "{usual:?}");
    assert!((20 * DAY..20 * DAY + 24).contains(&bucket_of(tried.targets[0].peak)), "{:?}", tried.targets);
}
