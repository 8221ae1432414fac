//! An open-loop schedule: every post has a time at which it is due, whatever became of those before,
//! so that a stall is paid for by all that waited (no coordinated omission).

use std::time::{Duration, Instant};

use crate::frames::micros_now;

/// Posts per second from a common start.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    /// The start in microseconds since 1970.
    epoch: u64,
    rate: f64,
}

impl Pace {
    pub fn new(rate: f64) -> Pace {
        Pace { start: Instant::now(), epoch: micros_now(), rate }
    }

    /// When post `n` is due, counted from the start.
    fn due(&self, n: u64) -> Duration {
        Duration::from_secs_f64(n as f64 / self.rate)
    }

    /// When post `n` is due, in microseconds since 1970: always the same for the same post.
    pub fn due_at(&self, n: u64) -> u64 {
        self.epoch + self.due(n).as_micros() as u64
    }

    /// The first post that is due at `micros` or later; at most a few posts too early.
    pub fn first_at(&self, micros: u64) -> u64 {
        (micros.saturating_sub(self.epoch) as f64 / 1e6 * self.rate) as u64
    }

    /// How many posts are due by now.
    pub fn due_now(&self) -> u64 {
        (self.start.elapsed().as_secs_f64() * self.rate) as u64
    }

    pub async fn until(&self, n: u64) {
        tokio::time::sleep_until((self.start + self.due(n)).into()).await;
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_post_is_skipped_when_a_stream_starts_again() {
        let pace = Pace::new(4_999.9);
        for n in (0..100_000).step_by(7) {
            let first = pace.first_at(pace.due_at(n));
            assert!(first <= n && n - first <= 1, "{n}: {first}");
        }
        assert_eq!(pace.first_at(0), 0);
    }
}
