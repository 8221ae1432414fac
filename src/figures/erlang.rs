//! How many agents it takes: the queue M/M/N of Erlang.
//!
//! A. K. Erlang, "Løsning af nogle Problemer fra Sandsynlighedsregningen …", Elektroteknikeren 13, 1917.
//! Customers come by Poisson's law, handling times are exponential, nobody leaves the queue: care by
//! posts is slower and people do not hang on, so the figure is a bound that is on the safe side.

use crate::proportion::exp_minus;

/// More agents than this are not looked for.
const MOST: u32 = 10_000;

/// Work that comes in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Queue {
    /// Customers an hour.
    pub rate: f64,
    /// Mean handling time of one, in seconds.
    pub handling: f64,
}

impl Queue {
    /// The load in erlangs: agents that would be busy all the time.
    pub fn load(self) -> f64 {
        self.rate * self.handling / 3600.0
    }

    /// Erlang's C: the chance that a customer has to wait with so many agents. 1 if they cannot keep up.
    ///
    /// By the recursion of Erlang's B, which loses no digit: `B(k) = A·B(k−1) / (k + A·B(k−1))`,
    /// `C = B / (1 − (A/N)·(1 − B))`.
    pub fn waits(self, agents: u32) -> f64 {
        let load = self.load();
        let n = f64::from(agents);
        if load <= 0.0 {
            return 0.0;
        }
        if load >= n {
            return 1.0;
        }
        let b = (1..=agents).fold(1.0, |b, k| load * b / (f64::from(k) + load * b));
        b / (1.0 - load / n * (1.0 - b))
    }

    /// The share of customers taken up within `wait` seconds: `1 − C·e^(−(N−A)·wait/handling)`.
    pub fn within(self, agents: u32, wait: f64) -> f64 {
        let spare = f64::from(agents) - self.load();
        if spare <= 0.0 {
            return 0.0;
        }
        1.0 - self.waits(agents) * exp_minus((spare * wait / self.handling).min(700.0))
    }
}

/// The fewest agents with whom the share `target` is taken up within `wait` seconds; 0 without work,
/// `None` if no number of agents does.
pub fn agents_needed(queue: Queue, target: f64, wait: f64) -> Option<u32> {
    if queue.load() <= 0.0 {
        return Some(0);
    }
    let least = (queue.load().floor() as u32).saturating_add(1);
    (least..least.saturating_add(MOST)).find(|n| queue.within(*n, wait) >= target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_to_wait_is_that_of_the_tables() {
        // Load in erlangs, agents, C. The first three are exact: M/M/1 waits with its load, and by hand
        // 1/3 and 4/9. The others are those of the tables in Cooper, Introduction to Queueing Theory,
        // and of the worked example of 100 calls in half an hour, 3 minutes each.
        for (load, agents, want, within) in [
            (0.5, 1, 0.5, 1e-12),
            (1.0, 2, 1.0 / 3.0, 1e-12),
            (2.0, 3, 4.0 / 9.0, 1e-12),
            (10.0, 11, 0.682, 0.0005),
            (10.0, 14, 0.174, 0.0005),
            (10.0, 10, 1.0, 0.0),
            (0.0, 1, 0.0, 0.0),
        ] {
            let queue = Queue { rate: load * 20.0, handling: 180.0 };
            assert!((queue.waits(agents) - want).abs() <= within, "{load} {agents}: {}", queue.waits(agents));
        }
    }

    #[test]
    fn the_service_level_is_that_of_the_worked_example() {
        // 100 calls in half an hour of 3 minutes each, to be answered within 20 seconds: 38.9 % with 11
        // agents, 88.8 % with 14, so that 14 are needed for 80 %.
        let queue = Queue { rate: 200.0, handling: 180.0 };
        for (agents, want) in [(11, 0.389), (12, 0.640), (14, 0.888)] {
            assert!((queue.within(agents, 20.0) - want).abs() < 0.001, "{agents}: {}", queue.within(agents, 20.0));
        }
        let by_hand = (11..).find(|n| queue.within(*n, 20.0) >= 0.8);
        assert_eq!(agents_needed(queue, 0.8, 20.0), by_hand);
        assert_eq!(agents_needed(Queue { rate: 0.0, handling: 60.0 }, 0.8, 20.0), Some(0));
    }

    #[test]
    fn the_recursion_agrees_with_the_formula_as_written() {
        for (load, agents) in [(0.1, 1), (3.7, 5), (10.0, 12), (40.0, 43)] {
            let term = |k: u32| (1..=k).fold(1.0, |t, i| t * load / f64::from(i));
            let last = term(agents) * f64::from(agents) / (f64::from(agents) - load);
            let c = last / ((0..agents).map(term).sum::<f64>() + last);
            let queue = Queue { rate: load, handling: 3600.0 };
            assert!((queue.waits(agents) - c).abs() < 1e-12, "{load} {agents}");
        }
    }
}
