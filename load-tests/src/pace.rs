//! An open-loop schedule: every post has a time at which it is due, whatever became of those before,
//! so that a stall is paid for by all that waited (no coordinated omission).

use std::time::{Duration, Instant};

/// Posts per second from a common start.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    rate: f64,
}

impl Pace {
    pub fn new(rate: f64) -> Pace {
        Pace { start: Instant::now(), rate }
    }

    /// When post `n` is due, counted from the start.
    pub fn due(&self, n: u64) -> Duration {
        Duration::from_secs_f64(n as f64 / self.rate)
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
