//! Tells a quiet stream from a dead one.
//!
//! A host may keep its connection open, even answer pings, and send nothing any more. How long a
//! silence is too long depends on the stream: the whole network is never quiet for a second, one
//! rare collection is for minutes. So the longest gap of late is learned, and a silence several
//! times as long is first met with a ping, then with a new connection.

use std::time::Duration;

use crate::sources::Timing;

/// The longest gap is forgotten at this pace, by the time that passes.
const MEMORY: Duration = Duration::from_secs(600);

/// What to do about the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, for this long.
    Wait(Duration),
    /// Ask whether there is anybody.
    Ping,
    /// Connect anew.
    Dead,
}

/// Watches one stream across its connections. All times are of the monotonic clock.
#[derive(Debug, Default)]
pub struct Watch {
    /// The longest gap of late.
    gap: Option<Duration>,
    /// The last data, or the connection.
    last: Duration,
    /// When a ping was sent since.
    asked: Option<Duration>,
    answered: bool,
}

impl Watch {
    /// A new connection.
    pub fn connected(&mut self, now: Duration) {
        self.last = now;
        self.asked = None;
        self.answered = false;
    }

    /// Data came.
    pub fn data(&mut self, now: Duration) {
        let gap = now.saturating_sub(self.last);
        let usual = self.gap.unwrap_or_default();
        let forgotten = usual.mul_f64((gap.as_secs_f64() / MEMORY.as_secs_f64()).min(1.0));
        self.gap = Some(gap.max(usual.saturating_sub(forgotten)));
        self.connected(now);
    }

    /// A sign of life, but no data.
    pub fn alive(&mut self) {
        self.answered = true;
    }

    /// A ping was sent.
    pub fn asked(&mut self, now: Duration) {
        self.asked = Some(now);
        self.answered = false;
    }

    /// How long it has been silent.
    pub fn silence(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last)
    }

    /// What to do now.
    pub fn verdict(&self, now: Duration, timing: &Timing) -> Verdict {
        let usual = self.gap.map_or(timing.silence_max, |gap| gap.saturating_mul(timing.silence_factor));
        let limit = usual.clamp(timing.silence_min, timing.silence_max.max(timing.silence_min));
        let silence = self.silence(now);
        if silence < limit {
            return Verdict::Wait(limit - silence);
        }
        let Some(asked) = self.asked else { return Verdict::Ping };
        let end = if self.answered { self.last + limit * 2 } else { asked + timing.pong };
        if now < end { Verdict::Wait(end - now) } else { Verdict::Dead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn fed(gaps: impl IntoIterator<Item = u64>) -> (Watch, Duration) {
        let (mut watch, mut now) = (Watch::default(), Duration::ZERO);
        for ms in gaps {
            now += Duration::from_millis(ms);
            watch.data(now);
        }
        (watch, now)
    }

    #[test]
    fn a_busy_stream_is_suspected_soon_and_a_quiet_one_late() {
        let timing = Timing::default();
        for (name, gaps, limit) in [
            ("busy", vec![2; 5000], 10),
            ("quiet", vec![15_000; 20], 75),
            ("quiet with a burst", [vec![15_000; 20], vec![0; 5000]].concat(), 75),
            ("rare", vec![600_000; 3], 120),
            ("never anything", vec![], 120),
        ] {
            let (watch, now) = fed(gaps);
            let Verdict::Wait(wait) = watch.verdict(now, &timing) else { panic!("{name}") };
            assert!(wait.abs_diff(S(limit)) < S(3), "{name}: {wait:?}");
            assert_eq!(watch.verdict(now + S(limit), &timing), Verdict::Ping, "{name}");
        }
    }

    #[test]
    fn without_an_answer_it_is_dead_soon_and_with_one_after_as_long_again() {
        let timing = Timing::default();
        let (mut watch, now) = fed([10; 100]);
        watch.asked(now + S(10));
        assert_eq!(watch.verdict(now + S(10), &timing), Verdict::Wait(timing.pong));
        assert_eq!(watch.verdict(now + S(15), &timing), Verdict::Dead);
        watch.alive();
        assert_eq!(watch.verdict(now + S(15), &timing), Verdict::Wait(S(5)));
        assert_eq!(watch.verdict(now + S(20), &timing), Verdict::Dead);
        watch.data(now + S(16));
        assert!(matches!(watch.verdict(now + S(20), &timing), Verdict::Wait(_)));
    }
}
