//! The promise of the budget: without any event, alerts stay within it.
//!
//! Half a year of every series, seeded: three rhythms of the week, four kinds of noise, topics from
//! three mentions a day to a mention every five seconds. `ESCUCHA_BUDGET_SERIES=N` takes N series of every
//! combination, and then holds the interval of every kind of noise to the budget, not only that of all.

use escucha::anomaly::{Budget, Direction, PER_HOUR, PER_WEEK, Settings, Slot};
use escucha::baseline::Baseline;
use escucha::detect::{Detector, Open, WINDOW};
use escucha::prng::Prng;

const WEEKS: u32 = 26;
/// Minutes of a bucket.
const MINUTES: usize = 60 / PER_HOUR as usize;
/// Mentions in five minutes, on average.
const MEANS: [f64; 4] = [0.01, 0.5, 5.0, 60.0];

#[derive(Debug, Clone, Copy)]
enum Noise {
    /// Everybody writes for himself.
    Poisson,
    /// Negative binomial: gamma-distributed rates of shape 2, variance m + m²/2.
    Overdispersed,
    /// A rate that wanders within hours: log-normal, deviation 0.5, half-life 6 hours.
    Wandering,
    /// Mentions come in clumps of heavy tail, up to 50, as reposts do.
    Clumped,
}

const NOISES: [Noise; 4] = [Noise::Poisson, Noise::Overdispersed, Noise::Wandering, Noise::Clumped];

/// How much of the mean comes in this hour of the week.
const RHYTHMS: [fn(usize) -> f64; 3] = [|_| 1.0, people, office];

/// Asleep at four, busiest at night, less on Sundays.
fn people(hour: usize) -> f64 {
    const HOURS: [u8; 24] = [7, 6, 5, 4, 4, 5, 6, 8, 9, 10, 11, 11, 12, 12, 12, 11, 11, 11, 12, 13, 14, 14, 13, 10];
    f64::from(HOURS[hour % 24]) / 9.6 * if hour >= 144 { 0.8 } else { 1.0 }
}

/// Nine to six on working days.
fn office(hour: usize) -> f64 {
    if hour < 120 && (9..18).contains(&(hour % 24)) { 3.0 } else { 0.3 }
}

fn normal(prng: &mut Prng) -> f64 {
    (0..12).map(|_| prng.unit()).sum::<f64>() - 6.0
}

fn exponential(prng: &mut Prng) -> f64 {
    -(1.0 - prng.unit()).ln()
}

fn poisson(prng: &mut Prng, mean: f64) -> f64 {
    if mean > 30.0 {
        return (mean + mean.sqrt() * normal(prng)).round().max(0.0);
    }
    let mut left = mean - exponential(prng);
    let mut count = 0.0;
    while left > 0.0 {
        count += 1.0;
        left -= exponential(prng);
    }
    count
}

struct Source {
    prng: Prng,
    noise: Noise,
    wander: f64,
}

impl Source {
    /// Mentions of a bucket.
    fn count(&mut self, mean: f64) -> f64 {
        if let Noise::Clumped = self.noise {
            return self.clumps(mean).iter().sum();
        }
        let rate = self.rate(mean);
        poisson(&mut self.prng, rate)
    }

    /// Mentions of a bucket by its minutes. Clumps come within a minute, as reposts do.
    fn minutes(&mut self, mean: f64) -> [f64; MINUTES] {
        if let Noise::Clumped = self.noise {
            let mut minutes = [0.0; MINUTES];
            for clump in self.clumps(mean) {
                minutes[self.prng.below(MINUTES as u64) as usize] += clump;
            }
            return minutes;
        }
        let rate = self.rate(mean) / MINUTES as f64;
        std::array::from_fn(|_| poisson(&mut self.prng, rate))
    }

    /// What this bucket has on average where the week has `mean`.
    fn rate(&mut self, mean: f64) -> f64 {
        let prng = &mut self.prng;
        match self.noise {
            Noise::Poisson | Noise::Clumped => mean,
            Noise::Overdispersed => mean * (exponential(prng) + exponential(prng)) / 2.0,
            Noise::Wandering => {
                const KEPT: f64 = 0.990_4;
                const DEVIATION: f64 = 0.5;
                self.wander = KEPT * self.wander + (1.0 - KEPT * KEPT).sqrt() * DEVIATION * normal(prng);
                mean * (self.wander - DEVIATION * DEVIATION / 2.0).exp()
            }
        }
    }

    fn clumps(&mut self, mean: f64) -> Vec<f64> {
        let prng = &mut self.prng;
        let clumps = poisson(prng, mean / 3.0);
        (0..clumps as u32).map(|_| (1.0 - prng.unit()).powf(-0.6).min(50.0).floor()).collect()
    }
}

/// Whether open buckets are looked at minute by minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    No,
    /// Every mention has an author of its own, so that people confirm whatever is unusual: the most
    /// that looks can find.
    ByTheMinute,
}

/// Alerts of one series of half a year.
fn alerts(seed: u64, noise: Noise, rhythm: fn(usize) -> f64, mean: f64, settings: Settings, looks: Looks) -> u32 {
    let (mut baseline, mut detector) = (Baseline::default(), Detector::new(settings));
    let mut source = Source { prng: Prng::new(seed), noise, wander: 0.0 };
    let mut fired = 0;
    let (mut before, mut before_mean) = ([0.0; MINUTES], 0.0);
    for t in 0..WEEKS * PER_WEEK {
        let hour_of_week = (t / PER_HOUR % 168) as usize;
        let slot = Slot { hour_of_week, special: None };
        let mean = mean * rhythm(hour_of_week);
        let count = if looks == Looks::No {
            source.count(mean)
        } else {
            let minutes = source.minutes(mean);
            let usual = baseline.observe(slot, 0.0, false);
            for j in 1..=MINUTES {
                let count: f64 = minutes[..j].iter().sum();
                let inside = j.min(WINDOW);
                let window = minutes[j - inside..j].iter().chain(&before[MINUTES - WINDOW + inside..]).sum();
                let window_mean = (usual.mean * inside as f64 + before_mean * (WINDOW - inside) as f64) / MINUTES as f64;
                let open = Open { minutes: j, count, window, usual, window_mean };
                if let Some(finding) = detector.look(i64::from(t), &open).filter(|f| f.fires) {
                    detector.tell(i64::from(t), &finding);
                    fired += 1;
                }
            }
            (before, before_mean) = (minutes, usual.mean);
            minutes.iter().sum()
        };
        let usual = baseline.observe(slot, count, true);
        fired += u32::from(detector.judge(i64::from(t), count, &usual, true).fires);
    }
    fired
}

/// The upper end of the 99.9 % interval of a Poisson rate, in alerts a week.
fn upper(alerts: u32, weeks: u32) -> f64 {
    let n = f64::from(alerts);
    (n + 3.29 * (n + 1.0).sqrt() + 3.6) / f64::from(weeks)
}

fn holds(settings: Settings, looks: Looks) {
    let series = std::env::var("ESCUCHA_BUDGET_SERIES").ok().map(|n| n.parse::<u64>().expect("ESCUCHA_BUDGET_SERIES: a number"));
    let budget = settings.budget.per_week();
    let (mut all, mut all_weeks) = (0, 0);
    for (i, noise) in NOISES.into_iter().enumerate() {
        let (mut fired, mut weeks) = (0, 0);
        for (j, rhythm) in RHYTHMS.into_iter().enumerate() {
            for (k, mean) in MEANS.into_iter().enumerate() {
                // In short, every kind of noise meets every rhythm and every mean once.
                if series.is_none() && (i + j + k) % MEANS.len() != 0 {
                    continue;
                }
                for n in 0..series.unwrap_or(1) {
                    let seed = n * 1000 + (i * 100 + j * 10 + k) as u64;
                    fired += alerts(seed, noise, rhythm, mean, settings, looks);
                    weeks += WEEKS;
                }
            }
        }
        let (rate, most) = (f64::from(fired) / f64::from(weeks), upper(fired, weeks));
        println!(
            "{} {noise:?}: {fired} alerts in {weeks} weeks, {rate:.2} a week, at most {most:.2} of {budget:.2}",
            settings.direction.as_str()
        );
        assert!(if series.is_some() { most } else { rate } <= budget, "{noise:?}: {rate:.2} a week, at most {most:.2}");
        all += fired;
        all_weeks += weeks;
    }
    let most = upper(all, all_weeks);
    println!("{} in all: {all} alerts in {all_weeks} weeks, at most {most:.2} a week of {budget:.2}", settings.direction.as_str());
    assert!(most <= budget, "at most {most:.2} a week, the budget is {budget:.2}");
}

#[test]
fn spikes_without_an_event_stay_within_the_budget() {
    holds(Settings::new(Direction::Spike), Looks::No);
}

#[test]
fn drops_without_an_event_stay_within_the_budget() {
    holds(Settings::new(Direction::Drop), Looks::No);
}

#[test]
fn a_small_budget_is_kept_too() {
    // Lower than what the floor alone would let through.
    holds(Settings { sensitivity: 2.6, budget: Budget { alerts: 2, days: 14 }, ..Settings::new(Direction::Spike) }, Looks::No);
}

#[test]
fn the_quick_mode_keeps_it_too() {
    holds(Settings { quick: true, ..Settings::new(Direction::Spike) }, Looks::No);
}

#[test]
fn looks_by_the_minute_keep_it() {
    holds(Settings::new(Direction::Spike), Looks::ByTheMinute);
}

#[test]
fn looks_by_the_minute_keep_a_small_budget() {
    holds(Settings { sensitivity: 2.6, budget: Budget { alerts: 2, days: 14 }, ..Settings::new(Direction::Spike) }, Looks::ByTheMinute);
}

#[test]
fn looks_by_the_minute_keep_it_in_the_quick_mode() {
    holds(Settings { quick: true, ..Settings::new(Direction::Spike) }, Looks::ByTheMinute);
}
