//! How fast a cluster grows: its posts of the latest minutes, and what follows from them.

use crate::limits::PACE_MINUTES;
use crate::time::Timestamp;

/// Points without which no growth is told.
const LEAST_POINTS: usize = 3;

/// How fast a cluster grew of late, in tenths, so that what is told is what is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Posts a minute.
    pub per_minute: u32,
    /// Minutes in which it doubles.
    pub doubling: u32,
}

coded!(Pace { per_minute, doubling });

/// Posts by the minute of their own time, for the latest `limits::PACE_MINUTES` minutes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Minutes {
    /// The minute of the latest post.
    newest: i64,
    /// By minute, modulo their number.
    posts: [u32; PACE_MINUTES],
}

coded!(Minutes { newest, posts });

impl Minutes {
    /// Counts a post; one that is older than all minutes here counts as there before.
    pub fn add(&mut self, at: Timestamp) {
        let minute = at.minute();
        let ahead = minute.saturating_sub(self.newest).clamp(0, PACE_MINUTES as i64);
        for gone in 0..ahead {
            self.posts[place(minute - gone)] = 0;
        }
        self.newest = self.newest.max(minute);
        if self.newest - minute < PACE_MINUTES as i64 {
            let count = &mut self.posts[place(minute)];
            *count = count.saturating_add(1);
        }
    }

    /// Posts of `minute`.
    fn of(&self, minute: i64) -> u64 {
        let known = minute <= self.newest && self.newest - minute < PACE_MINUTES as i64;
        if known { self.posts[place(minute)].into() } else { 0 }
    }

    /// How a cluster of `posts` posts grew up to `now`: by the points (minute, posts up to its end) of the latest
    /// whole minutes. `v = Δn/Δt` between the first and the last of them, and the doubling time `ln 2 / slope` of
    /// the least-squares line through `ln n`. `None` if it did not grow, or there are fewer than three points.
    pub fn pace(&self, posts: u64, now: Timestamp) -> Option<Pace> {
        let running = now.minute().max(self.newest);
        let mut points = [0u64; PACE_MINUTES];
        let mut up_to = posts;
        // Backwards, from the minute that runs.
        for (back, point) in (0..).zip(&mut points) {
            up_to = up_to.saturating_sub(self.of(running - back));
            *point = up_to;
        }
        // Before its first post it was not there.
        let points = &points[..points.iter().take_while(|n| **n > 0).count()];
        let (&last, &first) = (points.first()?, points.last()?);
        if points.len() < LEAST_POINTS || last == first {
            return None;
        }
        let minutes = (points.len() - 1) as f64;
        // The minutes are evenly spaced: their mean is in the middle, and their squared distances from it are known.
        let slope: f64 = (0..).zip(points).map(|(back, n)| (minutes / 2.0 - f64::from(back)) * (*n as f64).ln()).sum();
        let slope = slope * 12.0 / (minutes * (minutes + 1.0) * (minutes + 2.0));
        let tenths = |x: f64| (x * 10.0).round() as u32;
        Some(Pace { per_minute: tenths((last - first) as f64 / minutes), doubling: tenths(std::f64::consts::LN_2 / slope) })
    }
}

/// Where a minute is counted.
fn place(minute: i64) -> usize {
    minute.rem_euclid(PACE_MINUTES as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;
    use crate::time::{MINUTE, SECOND};

    const START: Timestamp = Timestamp(1_783_296_000_000_000);

    /// The same by keeping every post, with the line by the normal equations.
    fn slow(posts: &[Timestamp], now: Timestamp) -> Option<Pace> {
        let last = now.minute() - 1;
        let points = (last + 1 - PACE_MINUTES as i64..=last).map(|m| (m as f64, posts.iter().filter(|at| at.minute() <= m).count() as f64));
        let points: Vec<(f64, f64)> = points.filter(|(_, n)| *n > 0.0).collect();
        let ((t0, n0), (t1, n1)) = (points.first()?, points.last()?);
        if points.len() < 3 || n0 == n1 {
            return None;
        }
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        let (t, l) = (mean(&|p| p.0), mean(&|p| p.1.ln()));
        let (up, down) = (mean(&|p| (p.0 - t) * (p.1.ln() - l)), mean(&|p| (p.0 - t) * (p.0 - t)));
        let tenths = |x: f64| (x * 10.0).round() as u32;
        Some(Pace { per_minute: tenths((n1 - n0) / (t1 - t0)), doubling: tenths(2f64.ln() / (up / down)) })
    }

    fn counted(posts: &[Timestamp]) -> Minutes {
        let mut minutes = Minutes::default();
        posts.iter().for_each(|at| minutes.add(*at));
        minutes
    }

    #[test]
    fn what_doubles_every_two_minutes_is_told_so() {
        // 4, 8, 16, … 256 posts at the ends of minutes 0, 2, 4, …, and half as many more in between.
        let mut posts = Vec::new();
        for minute in 0..13 {
            let want = (4.0 * 2f64.powf(f64::from(minute) / 2.0)).round() as usize;
            posts.resize(want, START.plus(i64::from(minute) * MINUTE));
        }
        let now = START.plus(13 * MINUTE);
        let pace = counted(&posts).pace(posts.len() as u64, now).expect("it grows");
        assert_eq!(pace.doubling, 20, "{pace:?}");
        // From minute 2 (8 posts) to minute 12 (256).
        assert_eq!(pace.per_minute, 248);
    }

    #[test]
    fn what_does_not_grow_or_is_too_young_has_no_pace() {
        let at = |minute: i64| START.plus(minute * MINUTE + 30 * SECOND);
        let posts = [at(0), at(0), at(1)];
        let minutes = counted(&posts);
        // Whole minutes since its first post: none, one, two, three.
        for (now, told) in [(0, false), (1, false), (2, false), (3, true), (11, true), (12, false), (1000, false)] {
            assert_eq!(minutes.pace(3, at(now)).is_some(), told, "minute {now}");
        }
        assert_eq!(counted(&posts[..2]).pace(2, at(5)), None, "all came at once");
        assert_eq!(Minutes::default().pace(0, at(5)), None);
    }

    #[test]
    fn the_ring_agrees_with_the_posts_themselves() {
        let (mut told, mut random) = (0, Prng::new(18));
        for _ in 0..300 {
            let (mut minutes, mut posts, mut now) = (Minutes::default(), Vec::new(), START);
            let busy = 1 + random.below(90) as i64;
            for _ in 0..random.below(200) {
                now = now.plus(random.below(busy as u64) as i64 * SECOND);
                let late = if random.below(9) == 0 { random.below(3000) as i64 } else { 0 };
                let at = now.plus(-late * SECOND);
                minutes.add(at);
                posts.push(at);
                for later in [0, 1, 7, 700] {
                    let now = now.plus(later * MINUTE);
                    let (fast, want) = (minutes.pace(posts.len() as u64, now), slow(&posts, now));
                    told += u64::from(want.is_some());
                    let near = |a: u32, b: u32| a.abs_diff(b) <= 1;
                    match (fast, want) {
                        (Some(f), Some(w)) => assert!(f.per_minute == w.per_minute && near(f.doubling, w.doubling), "{f:?} {w:?}"),
                        (f, w) => assert_eq!(f, w, "{posts:?}"),
                    }
                }
            }
        }
        assert!(told > 5000, "{told}");
    }
}
