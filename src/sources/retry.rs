//! When a source that failed is tried again.

use std::time::Duration;

use crate::prng::Prng;
use crate::sources::{Class, Context, Error, Timing};
use crate::telemetry::SourceMeter;
use crate::time::Timestamp;

/// The longest `Retry-After` that is believed.
const RETRY_AFTER_CAP: Duration = Duration::from_secs(3600);
/// Doublings after which every class has reached its cap.
const DOUBLINGS: u32 = 16;

/// The back-off of one source.
pub(super) struct Retry {
    name: String,
    ctx: Context,
    prng: Prng,
    /// Failures since the last attempt that was worth it.
    failures: u32,
    /// When the attempt began, by the monotonic clock, and the last data then.
    began: (Duration, Option<Timestamp>),
}

impl Retry {
    /// For the source `name`.
    pub fn new(name: &str, ctx: &Context) -> Retry {
        // Without entropy every process waits alike: worse manners, no worse service.
        let seed = getrandom::u64().unwrap_or_default();
        Retry { name: name.to_owned(), ctx: ctx.clone(), prng: Prng::new(seed), failures: 0, began: (Duration::ZERO, None) }
    }

    /// An attempt begins.
    pub fn started(&mut self) {
        self.began = (self.ctx.port.clock().monotonic(), self.ctx.board.get(&self.name).last_data);
    }

    /// Notes `error` and waits as its class demands; false when the source must stop instead.
    pub async fn pause(&mut self, error: &Error) -> bool {
        let lived = self.ctx.port.clock().monotonic().saturating_sub(self.began.0);
        let brought = self.ctx.board.get(&self.name).last_data != self.began.1;
        if brought && lived >= self.ctx.timing.healthy {
            self.failures = 0;
        }
        let ceiling = ceiling(&self.ctx.timing, error.class(), self.failures);
        let wait = with_jitter(ceiling, error.retry_after(), self.prng.unit());
        self.failures = self.failures.saturating_add(1);
        let class = error.class().as_str();
        SourceMeter::new(&self.name).reconnected(class);
        self.ctx.board.update(&self.name, |state| {
            state.reconnects += 1;
            state.problem = Some(error.to_string());
        });
        if self.ctx.stop.is_cancelled() {
            return false;
        }
        tracing::warn!(source = self.name, class, %error, wait_ms = wait.as_millis() as u64, "source failed, will try again");
        tokio::select! {
            () = self.ctx.stop.cancelled() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }
}

/// The longest wait after `failures` failures before this one: doubling from the base of the class
/// to its cap. What repeating cannot mend is repeated rarely.
fn ceiling(timing: &Timing, class: Class, failures: u32) -> Duration {
    let (base, cap) = match class {
        Class::Network | Class::Closed | Class::Stalled | Class::Local => (1, 1),
        Class::Tls | Class::Server | Class::Garbage => (5, 5),
        Class::Busy => (15, 15),
        Class::Refused => (150, 60),
    };
    let base = timing.back_off.saturating_mul(base);
    base.saturating_mul(1 << failures.min(DOUBLINGS)).min(timing.back_off_cap.saturating_mul(cap))
}

/// Full jitter after the cap, so that clients that have all reached it stay apart; on top of
/// `Retry-After` where there is one. `unit` is drawn from [0, 1).
fn with_jitter(ceiling: Duration, retry_after: Option<Duration>, unit: f64) -> Duration {
    retry_after.unwrap_or_default().min(RETRY_AFTER_CAP) + ceiling.mul_f64(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_of_their_class() {
        let seconds = |class, failures| ceiling(&Timing::default(), class, failures).as_secs();
        for (class, failures, want) in [
            (Class::Network, 0, 2),
            (Class::Network, 3, 16),
            (Class::Network, 5, 60),
            (Class::Network, u32::MAX, 60),
            (Class::Busy, 0, 30),
            (Class::Busy, 9, 900),
            (Class::Refused, 0, 300),
            (Class::Refused, 9, 3600),
        ] {
            assert_eq!(seconds(class, failures), want, "{class:?} {failures}");
        }
    }

    #[test]
    fn jitter_is_full_and_comes_after_the_cap() {
        let cap = Duration::from_secs(60);
        assert_eq!(with_jitter(cap, None, 0.0), Duration::ZERO);
        assert_eq!(with_jitter(cap, None, 0.5), Duration::from_secs(30));
        assert_eq!(with_jitter(cap, Some(Duration::from_secs(7)), 0.5), Duration::from_secs(37));
        assert_eq!(with_jitter(cap, Some(Duration::from_secs(1 << 40)), 0.0), RETRY_AFTER_CAP);
    }
}
