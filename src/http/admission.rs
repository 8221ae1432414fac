//! How many clients may join a stream at once, and when each is told to come back.
//!
//! After a restart all clients come back, and a crowd that arrives together costs every one of them
//! more than a crowd that arrives spread out. So each is given a moment of its own before it is lost, and
//! who comes too early all the same is turned away before it costs more than an answer.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::Gauge;

use crate::limits;
use crate::prng::Prng;
use crate::telemetry;
use crate::wire::ReconnectView;

/// The longest window over which clients come back.
const LONGEST: Duration = Duration::from_millis(limits::RECONNECT_WINDOW_MS);

/// How many clients may join a stream.
#[derive(Debug, Clone, Copy)]
pub struct Joins {
    /// From one to the next, in the long run.
    pub every: Duration,
    /// At once, after a quiet time.
    pub at_once: u32,
}

impl Default for Joins {
    fn default() -> Joins {
        Joins { every: Duration::from_secs(1) / limits::STREAM_JOINS, at_once: limits::STREAM_JOINS_AT_ONCE }
    }
}

/// The gate of all streams.
pub struct Admission {
    joins: Joins,
    book: Mutex<Book>,
    clients: AtomicUsize,
    shown: Gauge,
    /// Clients there were when the engine began to stop.
    leaving: AtomicUsize,
}

/// By the monotonic clock.
struct Book {
    /// When the bucket is full of tokens again.
    full_at: Duration,
    /// When all that were turned away could have joined, one after another.
    quiet_at: Duration,
    prng: Prng,
}

impl Admission {
    /// A gate that draws from `prng`.
    pub fn new(joins: Joins, prng: Prng) -> Admission {
        telemetry::zero_streams();
        let book = Mutex::new(Book { full_at: Duration::ZERO, quiet_at: Duration::ZERO, prng });
        Admission { joins, book, clients: AtomicUsize::new(0), shown: telemetry::stream_clients(), leaving: AtomicUsize::new(0) }
    }

    /// Takes a place for one that joins at `now`.
    ///
    /// # Errors
    /// Too many have joined just now: the seconds after which this one may come back, drawn from a
    /// window that grows with those that were turned away before it.
    pub fn join(&self, now: Duration) -> Result<(), u32> {
        let Joins { every, at_once } = self.joins;
        let mut book = self.book();
        let full_at = book.full_at.max(now) + every;
        if full_at - now <= every * at_once {
            book.full_at = full_at;
            return Ok(());
        }
        book.quiet_at = book.quiet_at.max(now) + every;
        let window = (book.quiet_at - now).min(LONGEST);
        // Whole seconds are all that the header can say, and the first of them is the least.
        Err(1 + book.prng.below(window.as_secs() + 1) as u32)
    }

    /// A client is there.
    pub fn enter(&self) {
        self.clients.fetch_add(1, Relaxed);
        self.shown.increment(1.0);
    }

    /// It is gone.
    pub fn leave(&self) {
        self.clients.fetch_sub(1, Relaxed);
        self.shown.decrement(1.0);
    }

    /// The engine stops: clients that go from now on come back among all that are here.
    pub fn close(&self) {
        self.leaving.store(self.clients.load(Relaxed), Relaxed);
    }

    /// When a client should come back once its stream has ended: a moment drawn from a window in which
    /// as many as there are come at two thirds of the pace at which they may.
    pub fn advice(&self) -> ReconnectView {
        let clients = self.clients.load(Relaxed).max(self.leaving.load(Relaxed));
        let clients = u32::try_from(clients).unwrap_or(u32::MAX);
        let window = (self.joins.every.saturating_mul(clients) * 3 / 2).min(LONGEST);
        let window_ms = window.as_millis() as u64;
        let after_ms = self.book().prng.below(window_ms + 1);
        ReconnectView { after_ms, window_ms }
    }

    // A number that was drawn or a time that was set is whole, so a poisoned lock is as good.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn gate(every: Duration, at_once: u32) -> Admission {
        Admission::new(Joins { every, at_once }, Prng::new(7))
    }

    /// How many of `n` that come at `now` may join.
    fn joined(gate: &Admission, now: Duration, n: usize) -> usize {
        (0..n).filter(|_| gate.join(now).is_ok()).count()
    }

    #[test]
    fn as_many_join_as_tokens_are_there() {
        let gate = gate(MS, 50);
        // (at, come, join): a full bucket, an empty one, one that fills by time and not beyond its size.
        for (at, come, join) in [(1000, 80, 50), (1000, 1, 0), (1007, 20, 7), (1007, 1, 0), (1027, 10, 10), (1030, 20, 13), (9000, 200, 50)]
        {
            assert_eq!(joined(&gate, MS * at, come), join, "at {at}");
        }
    }

    #[test]
    fn the_same_clock_and_seed_give_the_same_answers() {
        let told = || -> Vec<_> {
            let gate = gate(MS, 3);
            (0..200).map(|i| gate.join(MS * (i / 40))).collect()
        };
        assert_eq!(told(), told());
    }

    #[test]
    fn who_is_turned_away_waits_longer_the_more_there_are() {
        let gate = gate(MS, 1);
        let now = Duration::from_secs(5);
        let told: Vec<u32> = (0..40_000).filter_map(|_| gate.join(now).err()).collect();
        let mean = |part: &[u32]| part.iter().map(|s| f64::from(*s)).sum::<f64>() / part.len() as f64;
        assert!(told[..900].iter().all(|s| *s == 1), "fewer than join in a second");
        assert!((3.0..5.0).contains(&mean(&told[5_000..7_000])), "{}", mean(&told[5_000..7_000]));
        let crowd = &told[20_000..];
        assert_eq!((crowd.iter().min(), crowd.iter().max()), (Some(&1), Some(&16)), "jitter over the whole window, after the cap");
        for second in 1..=16 {
            let share = crowd.iter().filter(|s| **s == second).count() as f64 / crowd.len() as f64;
            assert!((0.05..0.075).contains(&share), "{second}: {share}");
        }
        // Once they could all have joined, it is as at the start.
        assert_eq!((joined(&gate, now * 100, 1), gate.join(now * 100)), (1, Err(1)));
    }

    #[test]
    fn the_window_grows_with_the_clients_and_each_draws_from_all_of_it() {
        let gate = gate(MS, 1);
        assert_eq!(gate.advice(), ReconnectView { after_ms: 0, window_ms: 0 }, "one alone comes back at once");
        for (clients, window_ms) in [(1, 1), (100, 150), (5_000, 7_500), (10_000, 15_000), (12_000, 15_000)] {
            while gate.clients.load(Relaxed) < clients {
                gate.enter();
            }
            let drawn: Vec<ReconnectView> = (0..4_000).map(|_| gate.advice()).collect();
            assert!(drawn.iter().all(|a| a.window_ms == window_ms && a.after_ms <= window_ms), "{clients}");
            for quarter in 0..4 {
                let within = |a: &&ReconnectView| a.after_ms * 4 / (window_ms + 1) == quarter;
                let share = drawn.iter().filter(within).count() as f64 / drawn.len() as f64;
                assert!(window_ms < 4 || (0.2..0.3).contains(&share), "{clients}, quarter {quarter}: {share}");
            }
        }
    }

    #[test]
    fn those_that_a_stop_sends_away_are_counted_together() {
        let gate = gate(MS, 1);
        (0..1_000).for_each(|_| gate.enter());
        gate.close();
        (0..1_000).for_each(|_| gate.leave());
        assert_eq!(gate.advice().window_ms, 1_500);
    }
}
