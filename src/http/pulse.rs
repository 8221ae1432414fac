//! Whether the engine's own beat arrives where state is kept.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// No beat came yet.
const NEVER: u64 = u64::MAX;

/// When the tally's last beat was, by the monotonic clock.
#[derive(Debug)]
pub struct Pulse(AtomicU64);

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse(AtomicU64::new(NEVER))
    }
}

impl Pulse {
    /// A beat was worked off at `now`.
    pub fn beat(&self, now: Duration) {
        self.0.store(now.as_micros() as u64, Relaxed);
    }

    /// What is wrong at `now`, if the last beat is older than `most`.
    pub fn problem(&self, now: Duration, most: Duration) -> Option<String> {
        let last = self.0.load(Relaxed);
        let since = now.saturating_sub(Duration::from_micros(last));
        (last != NEVER && since > most).then(|| format!("the last beat was {} s ago", since.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_beat_is_a_problem() {
        let (pulse, at) = (Pulse::default(), Duration::from_secs);
        assert_eq!(pulse.problem(at(1_000_000), at(10)), None, "none has come yet");
        pulse.beat(at(100));
        assert_eq!(pulse.problem(at(110), at(10)), None);
        assert_eq!(pulse.problem(at(111), at(10)).as_deref(), Some("the last beat was 11 s ago"));
        pulse.beat(at(111));
        assert_eq!(pulse.problem(at(112), at(10)), None);
    }
}
