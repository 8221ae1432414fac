use super::*;
use crate::anomaly::{Budget, PER_HOUR, PER_WEEK};
use crate::prng::Prng;

const STEADY: Usual = Usual { mean: 20.0, dispersion: 0.1, learning: false };

/// A steady topic: about 20 mentions a bucket, from a seed.
struct World {
    detector: Detector,
    prng: Prng,
    t: i64,
}

impl World {
    fn new(settings: Settings) -> World {
        World { detector: Detector::new(settings), prng: Prng::new(11), t: 7_000_000 }
    }

    fn usual(&mut self) -> f64 {
        self.prng.count(STEADY.mean) as f64
    }

    /// A bucket with `times` what is usual.
    fn bucket(&mut self, times: f64) -> Finding {
        let count = (self.usual() * times).round();
        self.t += 1;
        self.detector.judge(self.t, count, &STEADY, true)
    }

    /// How often it fired in `buckets` buckets.
    fn run(&mut self, buckets: u32, times: f64) -> u32 {
        (0..buckets).map(|_| u32::from(self.bucket(times).fires)).sum()
    }

    /// Learns for two weeks what is usual.
    fn warm(settings: Settings) -> World {
        let mut world = World::new(settings);
        world.run(2 * PER_WEEK, 1.0);
        // Whatever fired by chance is over.
        world.detector.alerted = None;
        world
    }
}

#[test]
fn a_surge_fires_once_and_tells_its_figures() {
    let mut world = World::warm(Settings::new(Direction::Spike));
    let found = (0..PER_HOUR).map(|_| world.bucket(1.6)).find(|f| f.fires).expect("an alert within the hour");
    assert!(found.ratio() >= 1.0 && found.observed > found.range.1 && found.expected < found.observed, "{found:?}");
    assert!(found.range.0 < found.expected && found.expected < found.range.1 && found.kernel == Kernel::Hour);
    assert_eq!(world.run(PER_HOUR, 1.6), 0, "it goes on");
}

#[test]
fn after_a_day_the_same_may_fire_again() {
    let mut world = World::warm(Settings::new(Direction::Spike));
    assert_eq!(world.run(PER_HOUR, 1.6), 1);
    world.run(12 * PER_HOUR, 1.0);
    assert_eq!(world.run(PER_HOUR, 1.6), 0, "within the quiet time");
    world.run(QUIET, 1.0);
    assert_eq!(world.run(PER_HOUR, 1.8), 1);
}

#[test]
fn what_triples_fires_within_the_quiet_time() {
    let mut world = World::warm(Settings::new(Direction::Spike));
    assert_eq!(world.run(PER_HOUR, 1.6), 1);
    let found = world.bucket(40.0);
    assert!(found.fires && found.again, "{found:?}");
}

#[test]
fn nothing_fires_before_the_warm_up_is_over() {
    let mut world = World::new(Settings::new(Direction::Spike));
    assert_eq!(world.run(WARM_UP - 1, 1.0), 0);
    assert_eq!(world.run(1, 30.0), 0);
    let mut world = World::new(Settings::new(Direction::Spike));
    world.run(WARM_UP - 20, 1.0);
    assert_eq!(world.run(19, 30.0), 0);
}

#[test]
fn a_topic_that_falls_silent_is_a_drop_and_no_spike() {
    for (direction, want) in [(Direction::Drop, 1), (Direction::Spike, 0)] {
        let mut world = World::warm(Settings::new(direction));
        assert_eq!(world.run(PER_HOUR / 2, 0.0), want, "{direction:?}");
    }
    let mut world = World::warm(Settings::new(Direction::Drop));
    assert_eq!(world.run(3 * PER_HOUR, 3.0), 0, "a surge is no drop");
}

#[test]
fn crises_do_not_hide_a_source_that_dies() {
    let mut world = World::new(Settings::new(Direction::Drop));
    for _ in 0..28 {
        world.run(PER_DAY - 2 * PER_HOUR, 1.0);
        world.run(2 * PER_HOUR, 20.0);
    }
    world.run(PER_DAY, 1.0);
    assert!(world.run(2 * PER_HOUR, 0.0) > 0);
}

#[test]
fn a_gap_is_no_silence() {
    let mut world = World::warm(Settings::new(Direction::Drop));
    let before = world.bucket(1.0);
    world.t += i64::from(PER_DAY);
    let after = world.bucket(1.0);
    assert!(after.surprise < 2.0 && after.expected < 1.01 * STEADY.mean && before.expected > 10.0 * STEADY.mean, "{after:?}");
    // A surge before the gap is not told after it.
    let mut world = World::warm(Settings::new(Direction::Spike));
    world.detector.alerted = Some(Alerted { t: 0, ratio: 1e9, window: 1e9 });
    world.run(PER_HOUR, 10.0);
    world.t += i64::from(PER_DAY);
    world.detector.alerted = None;
    assert_eq!(world.run(PER_HOUR, 1.0), 0);
}

/// Where the hours differ among themselves, a burst of minutes drowns in the sum of an hour.
#[test]
fn quick_hears_of_a_single_bucket() {
    let burst = |quick| {
        let mut world = World::new(Settings { quick, ..Settings::new(Direction::Spike) });
        for t in 0..2 * PER_WEEK {
            world.bucket(if t / 72 % 2 == 0 { 0.5 } else { 1.5 });
        }
        world.detector.alerted = None;
        let found = world.bucket(16.0);
        (found.fires, found.kernel)
    };
    assert_eq!(burst(true), (true, Kernel::Bucket));
    assert_eq!(burst(false), (false, Kernel::Hour));
}

#[test]
fn a_noisy_topic_has_its_bar_raised_until_the_budget_holds() {
    // A surge every day, each of them over the floor.
    let budget = Budget { alerts: 2, days: 14 };
    let mut world = World::warm(Settings { budget, ..Settings::new(Direction::Spike) });
    let fired: Vec<u32> = (0..56).map(|_| world.run(PER_HOUR, 2.5) + world.run(PER_DAY + 12, 1.0)).collect();
    let late: u32 = fired.iter().skip(14).sum();
    assert!(fired.iter().take(3).sum::<u32>() >= 2, "the first are told: {fired:?}");
    assert!(late <= 9, "{late} in six weeks: {fired:?}");
    let found = world.bucket(1.0);
    assert!(found.bar > 3.2 && found.peaks >= 12 && found.rank == found.peaks, "{found:?}");
}

#[test]
fn a_higher_floor_fires_less() {
    let fired = |sensitivity| World::new(Settings { sensitivity, ..Settings::new(Direction::Spike) }).run(20 * PER_WEEK, 1.0);
    let (many, some, few) = (fired(2.0), fired(3.2), fired(5.0));
    assert!(many > some && some >= few, "{many} {some} {few}");
}

#[test]
fn doubtful_buckets_teach_nothing_and_are_no_drop() {
    for (direction, count, want) in [(Direction::Spike, 500.0, true), (Direction::Spike, 0.0, false), (Direction::Drop, 0.0, false)] {
        let mut world = World::warm(Settings::new(direction));
        let before = world.detector.clone();
        let doubtful = |_: &u32| {
            world.t += 1;
            world.detector.judge(world.t, count, &STEADY, false).fires
        };
        assert_eq!((0..2 * PER_HOUR).filter(doubtful).count() > 0, want, "{direction:?} {count}");
        assert_eq!((world.detector.slow.spread(), world.detector.slow.bar()), (before.slow.spread(), before.slow.bar()));
    }
}

#[test]
fn nothing_that_comes_in_breaks_it() {
    for direction in [Direction::Spike, Direction::Drop] {
        let mut detector = Detector::new(Settings { quick: true, ..Settings::new(direction) });
        let counts = [f64::NAN, f64::INFINITY, -5.0, 0.0, 1e300, 1e-300, 3.0];
        let buckets = [i64::MIN, -1, 0, 5, 3, 4, i64::MAX, 7];
        for i in 0..5000 {
            let f = detector.judge(buckets[i % 8].saturating_add(i as i64), counts[i % 7], &STEADY, true);
            assert!([f.observed, f.expected, f.range.0, f.range.1, f.surprise, f.bar].iter().all(|x| x.is_finite()), "{i} {f:?}");
        }
    }
}

/// In a topic of a mention a day, a mention is no surprise, nor are two; a handful at once is.
#[test]
fn a_rare_topic_does_not_cry_at_every_mention() {
    let usual = Usual { mean: 0.05, ..STEADY };
    let mut detector = Detector::new(Settings::new(Direction::Spike));
    let mut judge = |t: i64, count: f64| detector.judge(t, count, &usual, true);
    for t in 0..i64::from(4 * PER_WEEK) {
        let found = judge(t, if t % 288 == 100 { 1.0 } else { 0.0 });
        assert!(!found.fires, "{t} {found:?}");
    }
    let t = i64::from(4 * PER_WEEK);
    assert!(!judge(t, 2.0).fires);
    assert!(judge(t + 1, 4.0).fires);
}

/// Bytes of a detector: itself, and eight for each peak it keeps; four hours lie between two peaks.
#[test]
fn a_detector_is_small() {
    let (own, peak) = (size_of::<Detector>(), size_of::<channel::Peak>());
    assert!(own <= 256 && peak == 8, "{own} {peak}");
    let mut world = World::new(Settings { sensitivity: 0.2, ..Settings::new(Direction::Spike) });
    world.run(8 * PER_WEEK, 1.0);
    assert!(world.bucket(1.0).peaks <= 21 * 6);
}

#[test]
fn constants_are_what_they_are_said_to_be() {
    assert!((FADE - 0.5f64.powf(1.0 / 12.0)).abs() < 1e-15);
}
