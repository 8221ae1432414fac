use super::*;
use crate::calendar::Special;

fn slot(t: u32) -> Slot {
    Slot { hour_of_week: (t / 12 % 168) as usize, special: None }
}

fn day_of(t: u32) -> u32 {
    t / PER_DAY
}

/// A steady topic with twice as much by day as by night.
fn rhythm(t: u32) -> f64 {
    if (8..20).contains(&(slot(t).hour_of_week % 24)) { 20.0 } else { 10.0 }
}

#[test]
fn the_hours_of_the_week_are_learnt_and_the_first_weeks_are_marked() {
    let mut baseline = Baseline::default();
    for t in 0..4 * PER_WEEK {
        let usual = baseline.observe(slot(t), rhythm(t), true);
        assert_eq!(usual.learning, t < 2 * PER_WEEK);
        let hour = slot(t).hour_of_week % 24;
        if !usual.learning && !matches!(hour, 7 | 8 | 19 | 20) {
            assert!((usual.mean / rhythm(t) - 1.0).abs() < 0.15, "{t} {usual:?} level {}", baseline.level);
        }
    }
}

#[test]
fn a_crisis_does_not_become_the_custom() {
    let (mut calm, mut struck) = (Baseline::default(), Baseline::default());
    for t in 0..4 * PER_WEEK {
        let crisis = (3 * PER_WEEK..3 * PER_WEEK + PER_DAY / 4).contains(&t);
        calm.observe(slot(t), rhythm(t), true);
        let usual = struck.observe(slot(t), if crisis { 100.0 * rhythm(t) } else { rhythm(t) }, true);
        if t > 3 * PER_WEEK + PER_DAY {
            assert!(usual.mean < 2.0 * rhythm(t), "{t} {usual:?}");
        }
    }
    assert!(struck.level < 1.3 * calm.level);
}

#[test]
fn what_is_not_to_be_learnt_changes_nothing() {
    let mut baseline = Baseline::default();
    for t in 0..PER_WEEK {
        baseline.observe(slot(t), rhythm(t), true);
    }
    let before = baseline.clone();
    for t in PER_WEEK..2 * PER_WEEK {
        baseline.observe(slot(t), 0.0, false);
    }
    assert_eq!(baseline, before);
}

#[test]
fn paydays_have_hours_of_their_own() {
    // Every fifteenth day has three times as much; nobody says so to the second baseline.
    let special = |t: u32| day_of(t) % 15 == 14;
    let (mut told, mut untold) = (Baseline::default(), Baseline::default());
    let mut worst: [f64; 2] = [0.0; 2];
    for t in 0..150 * PER_DAY {
        let count = if special(t) { 3.0 * rhythm(t) } else { rhythm(t) };
        let kind = special(t).then_some(Special::Payday);
        let seen = [told.observe(Slot { special: kind, ..slot(t) }, count, true), untold.observe(slot(t), count, true)];
        if day_of(t) >= 90 && special(t) {
            worst.iter_mut().zip(seen).for_each(|(w, usual)| *w = w.max((usual.mean / count - 1.0).abs()));
        }
        // The ordinary days after it do not know of it.
        if day_of(t) >= 90 && day_of(t) % 15 == 2 && !matches!(slot(t).hour_of_week % 24, 7 | 8 | 19 | 20) {
            assert!((seen[0].mean / count - 1.0).abs() < 0.06, "{t} {:?}", seen[0]);
        }
    }
    assert!(worst[0] < 0.35 && worst[1] > 0.5, "{worst:?}");
}

#[test]
fn a_holiday_is_not_a_payday() {
    let mut baseline = Baseline::default();
    for t in 0..8 * PER_WEEK {
        let special = (day_of(t) % 14 == 13).then_some(Special::Holiday);
        baseline.observe(Slot { special, ..slot(t) }, if special.is_some() { 2.0 } else { 20.0 }, true);
    }
    let mean = |special| baseline.clone().observe(Slot { hour_of_week: 30, special }, 0.0, false).mean;
    assert!(mean(Some(Special::Holiday)) < 8.0 && mean(Some(Special::Payday)) == mean(None) && mean(None) > 15.0);
}

#[test]
fn old_habits_are_forgotten_over_months() {
    // For two years the evening was loud, then the night is.
    let mut baseline = Baseline::default();
    let loud = |t: u32, hour: usize| if slot(t).hour_of_week % 24 == hour { 100.0 } else { 10.0 };
    let (change, end) = (104 * PER_WEEK, 130 * PER_WEEK);
    for t in 0..change {
        baseline.observe(slot(t), loud(t, 20), true);
    }
    for t in change..end {
        baseline.observe(slot(t), loud(t, 4), true);
    }
    let mean = |hour: usize| baseline.clone().observe(Slot { hour_of_week: hour, special: None }, 0.0, false).mean;
    assert!(mean(4) > 1.5 * mean(20), "half a year later: {} {}", mean(4), mean(20));
}

#[test]
fn nothing_that_comes_in_breaks_it() {
    let mut baseline = Baseline::default();
    for (t, count) in [f64::NAN, f64::INFINITY, -5.0, 0.0, 1e300, 1e-300, 3.0, f64::MAX].into_iter().cycle().take(5000).enumerate() {
        let special = [None, Some(Special::Holiday), Some(Special::Payday)][t % 3];
        let usual = baseline.observe(Slot { hour_of_week: t * 7919, special }, count, true);
        assert!(usual.mean.is_finite() && usual.mean > 0.0 && usual.dispersion.is_finite(), "{t} {count} {usual:?}");
    }
}

/// Bytes of a baseline; `Baseline` itself, its week, and its special days if there are any.
#[test]
fn a_topic_is_small() {
    let (own, week) = (size_of::<Baseline>(), size_of::<[(f32, f32); 168]>());
    assert!(own <= 64 && week == 1344, "{own} {week}");
    assert!(size_of::<Specials>() <= 384);
}
