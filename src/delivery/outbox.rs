//! What waits for one target: which notification is tried next, and what comes of a try.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::Patience;
use crate::alert::Status;
use crate::limits;
use crate::post::PostKey;
use crate::prng::Prng;
use crate::routing::{Cause, Order};

/// One notification on its way.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// What is to be told.
    pub order: Order,
    /// Tries so far.
    pub tries: u32,
    /// When it was ordered, by the monotonic clock.
    pub born: Duration,
    /// What went wrong last; empty at first.
    pub why: String,
    /// Not before this.
    pub next: Duration,
    /// Not before so many steps are durable.
    step: u64,
    /// It is being tried.
    busy: bool,
}

impl Waiting {
    /// One that there is no room for.
    pub fn refused(id: u64, order: Order) -> Waiting {
        Waiting::kept(id, order, 0, String::new(), Default::default())
    }

    /// One that was kept, with the times when it was ordered and when it is tried next.
    pub fn kept(id: u64, order: Order, tries: u32, why: String, (born, next): (Duration, Duration)) -> Waiting {
        Waiting { id, order, tries, born, why, next, step: 0, busy: false }
    }
}

/// What becomes of a notification that is added.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It waits.
    Waits,
    /// What waits already says it.
    Said,
    /// It cannot wait here: why.
    Refused(&'static str),
}

/// What a worker does next.
#[derive(Debug)]
pub enum Next {
    /// It tries this.
    Try(u64, Order),
    /// Nothing can be tried for so long.
    Wait(Duration),
    /// Nothing waits.
    Idle,
}

/// What becomes of a notification after a try.
#[derive(Debug, PartialEq, Eq)]
pub enum After {
    /// It is tried again.
    Again,
    /// It is given up.
    GivenUp,
}

/// The queue of one target.
#[derive(Debug)]
pub struct Outbox {
    waiting: VecDeque<Waiting>,
    /// Why the target is not tried any more.
    pub disabled: Option<String>,
    patience: Patience,
    /// When the rate would be kept exactly, by the monotonic clock.
    even: Duration,
    /// What came of the last try is in this step: until it is durable there is no other.
    pub settled: u64,
    prng: Prng,
}

impl Outbox {
    /// An empty queue.
    pub fn new(patience: Patience, prng: Prng) -> Outbox {
        Outbox { waiting: VecDeque::new(), disabled: None, patience, even: Duration::ZERO, settled: 0, prng }
    }

    /// All that wait, oldest first.
    pub fn waiting(&self) -> &VecDeque<Waiting> {
        &self.waiting
    }

    /// Adds what was kept, behind what is there.
    pub fn restore(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// Adds a notification, which is not tried before `keep` has said in which step it is kept.
    pub fn push(&mut self, id: u64, order: Order, now: Duration, keep: impl FnOnce(&Waiting) -> u64) -> Added {
        let same = |w: &&Waiting| w.order.alert.id == order.alert.id;
        match order.cause {
            // The latest sign of life is the only one of interest.
            Cause::Heartbeat => self.waiting.retain(|w| w.busy || w.order.cause != Cause::Heartbeat),
            // What has not been told need not be repeated.
            Cause::Repeated if self.waiting.iter().any(|w| same(&w) && w.order.alert.status == Status::Firing) => return Added::Said,
            _ => {}
        }
        if self.disabled.is_some() {
            return Added::Refused("disabled");
        }
        if self.waiting.len() >= limits::OUTBOX {
            return Added::Refused("queue full");
        }
        let mut waiting = Waiting::kept(id, order, 0, String::new(), (now, now));
        waiting.step = keep(&waiting);
        self.waiting.push_back(waiting);
        Added::Waits
    }

    /// What to do at `now`: the oldest notification whose time has come and before which nothing of the
    /// same alert waits. `fresh` passes those over that were tried before. So many steps are `durable`.
    pub fn next(&mut self, now: Duration, fresh: bool, durable: u64) -> Next {
        if self.settled > durable {
            return Next::Wait(Duration::MAX);
        }
        let busy = self.waiting.iter().filter(|w| w.busy).count();
        let mut before = HashSet::new();
        let mut soonest: Option<Duration> = None;
        let mut found = None;
        for (i, w) in self.waiting.iter().enumerate() {
            if before.insert(w.order.alert.id.as_str()) && !w.busy && !(fresh && w.tries > 0) {
                let at = if w.step <= durable { w.next } else { Duration::MAX };
                if at <= now {
                    found = Some(i);
                    break;
                }
                soonest = Some(soonest.map_or(at, |s| s.min(at)));
            }
        }
        let Some(i) = found else {
            return soonest.map_or(Next::Idle, |at| Next::Wait(at.saturating_sub(now)));
        };
        if busy >= self.patience.in_flight {
            return Next::Idle;
        }
        // As many at once as the burst allows, then evenly.
        let slack = self.patience.every.saturating_mul(self.patience.burst.saturating_sub(1));
        if self.even > now.saturating_add(slack) {
            return Next::Wait(self.even.saturating_sub(now.saturating_add(slack)));
        }
        self.even = self.even.max(now).saturating_add(self.patience.every);
        let Some(w) = self.waiting.get_mut(i) else { return Next::Idle };
        w.busy = true;
        w.tries += 1;
        Next::Try(w.id, w.order.clone())
    }

    /// The try of `id` is over and was the last; gives it back.
    pub fn take(&mut self, id: u64) -> Option<Waiting> {
        let at = self.waiting.iter().position(|w| w.id == id)?;
        self.waiting.remove(at)
    }

    /// The try of `id` failed, and another could help, not before `after`.
    pub fn failed(&mut self, id: u64, why: &str, after: Option<Duration>, now: Duration) -> After {
        let unit = self.prng.unit();
        let Some(w) = self.waiting.iter_mut().find(|w| w.id == id) else { return After::Again };
        w.busy = false;
        why.clone_into(&mut w.why);
        let wait = wait(&self.patience, w.tries, unit).max(after.unwrap_or_default());
        w.next = now.saturating_add(wait);
        let late = w.next.saturating_sub(w.born) > self.patience.deadline;
        if late || w.order.cause == Cause::Heartbeat { After::GivenUp } else { After::Again }
    }

    /// The target is gone: nothing waits for it any more.
    pub fn disable(&mut self, why: String) -> VecDeque<Waiting> {
        self.disabled = Some(why);
        std::mem::take(&mut self.waiting)
    }

    /// Takes a post out of all that waits.
    pub fn scrub(&mut self, key: PostKey) {
        for w in self.waiting.iter_mut().filter(|w| w.order.alert.shows(key)) {
            Arc::make_mut(&mut w.order.alert).forget(key);
        }
    }
}

/// How long to wait after the try number `tries`, from 1, for a `unit` drawn from 0 to 1: any time up to
/// the doubled one, which is capped first. (Jitter before the cap would bring all that wait long to the
/// cap itself, and there together again.)
pub fn wait(patience: &Patience, tries: u32, unit: f64) -> Duration {
    let doubled = patience.base.saturating_mul(1 << tries.saturating_sub(1).min(20));
    doubled.min(patience.cap).mul_f64(unit.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{Moment, Router, Settings, Target};
    use crate::time::Timestamp;

    fn order(id: &str, cause: Cause) -> Order {
        let targets = vec![Target { name: "t".into(), acks: false, resend: None, wants: Default::default() }];
        let heartbeats = vec![crate::routing::Heartbeat { notify: 0, every: 1 }];
        let now = Moment { at: Timestamp(0), elapsed: 0 };
        let mut beat = Router::new(Settings { targets, heartbeats, ..Settings::default() }, now).advance(now).remove(0);
        Arc::make_mut(&mut beat.alert).id = id.to_owned();
        Order { cause, ..beat }
    }

    fn patience() -> Patience {
        Patience { every: Duration::from_secs(1), burst: 3, ..Patience::default() }
    }

    fn outbox(patience: Patience) -> Outbox {
        Outbox::new(patience, Prng::new(1))
    }

    fn push(o: &mut Outbox, id: u64, order: Order) {
        assert!(matches!(o.push(id, order, S(0), |_| 0), Added::Waits | Added::Said), "room");
    }

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn tried(next: Next) -> Option<u64> {
        match next {
            Next::Try(id, _) => Some(id),
            _ => None,
        }
    }

    #[test]
    fn waits_double_up_to_the_cap_and_jitter_comes_after_it() {
        let p = Patience { base: S(1), cap: S(60), ..Patience::default() };
        for (tries, most) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (40, 60), (u32::MAX, 60)] {
            assert_eq!((wait(&p, tries, 0.0), wait(&p, tries, 0.5), wait(&p, tries, 1.0)), (S(0), S(most) / 2, S(most)), "{tries}");
        }
    }

    #[test]
    fn one_alert_stays_in_order_and_others_go_past() {
        let mut o = outbox(Patience { in_flight: 2, burst: 10, ..patience() });
        for (id, alert) in [(1, "a"), (2, "a"), (3, "b"), (4, "c")] {
            push(&mut o, id, order(alert, Cause::Fired));
        }
        assert_eq!(tried(o.next(S(0), false, 0)), Some(1));
        assert_eq!(tried(o.next(S(0), false, 0)), Some(3));
        assert!(matches!(o.next(S(0), false, 0), Next::Idle), "two are in flight");
        assert_eq!(o.failed(1, "500", Some(S(30)), S(0)), After::Again);
        assert_eq!(tried(o.next(S(1), false, 0)), Some(4));
        assert!(o.take(3).is_some() && o.take(4).is_some());
        // The second of the first alert waits with the first, however long that is.
        assert!(matches!(o.next(S(1), false, 0), Next::Wait(w) if w == S(29)));
        assert!(matches!(o.next(S(40), true, 0), Next::Idle), "at the end only what was never tried");
        assert_eq!(tried(o.next(S(30), false, 0)), Some(1));
        assert_eq!(o.take(1).map(|w| (w.tries, w.why)), Some((2, "500".to_owned())));
        assert_eq!(tried(o.next(S(31), false, 0)), Some(2));
    }

    #[test]
    fn a_burst_then_evenly() {
        let mut o = outbox(Patience { in_flight: 100, ..patience() });
        for id in 0..6 {
            push(&mut o, id, order(&id.to_string(), Cause::Fired));
        }
        for (second, want) in [(0, Some(0)), (0, Some(1)), (0, Some(2)), (0, None), (1, Some(3)), (1, None), (2, Some(4))] {
            assert_eq!(tried(o.next(S(second), false, 0)), want, "{second}");
        }
        assert!(matches!(o.next(Duration::from_millis(2600), false, 0), Next::Wait(w) if w == Duration::from_millis(400)));
    }

    #[test]
    fn what_is_too_late_is_given_up() {
        let mut o = outbox(Patience { deadline: S(100), base: S(1), cap: S(1), ..patience() });
        push(&mut o, 1, order("a", Cause::Fired));
        assert!(tried(o.next(S(0), false, 0)).is_some());
        assert_eq!(o.failed(1, "x", None, S(98)), After::Again);
        assert!(tried(o.next(S(99), false, 0)).is_some());
        assert_eq!(o.failed(1, "x", Some(S(50)), S(99)), After::GivenUp);
    }

    #[test]
    fn the_queue_is_bounded_and_holds_nothing_twice() {
        let mut o = outbox(patience());
        for id in 0..3 {
            push(&mut o, id, order("beat", Cause::Heartbeat));
        }
        assert_eq!(o.waiting().len(), 1);
        push(&mut o, 4, order("a", Cause::Fired));
        push(&mut o, 5, order("a", Cause::Repeated));
        assert_eq!(o.waiting().len(), 2);
        for id in 6.. {
            if o.push(id, order(&id.to_string(), Cause::Fired), S(0), |_| 0) != Added::Waits {
                break;
            }
        }
        assert_eq!(o.waiting().len(), limits::OUTBOX);
        assert_eq!(o.disable("410".to_owned()).len(), limits::OUTBOX);
        assert_eq!(o.push(0, order("z", Cause::Fired), S(0), |_| 0), Added::Refused("disabled"));
    }

    #[test]
    fn nothing_is_tried_before_it_is_durable_nor_before_what_came_of_the_last_is() {
        let mut o = outbox(Patience { in_flight: 1, ..patience() });
        assert_eq!(o.push(1, order("a", Cause::Fired), S(0), |_| 3), Added::Waits);
        assert_eq!(o.push(2, order("b", Cause::Fired), S(0), |_| 4), Added::Waits);
        // Neither idle, which would end a worker, nor due.
        assert!(matches!(o.next(S(9), true, 2), Next::Wait(_)));
        assert_eq!(tried(o.next(S(9), false, 3)), Some(1));
        assert!(o.take(1).is_some());
        o.settled = 5;
        assert!(matches!(o.next(S(9), false, 4), Next::Wait(_)));
        assert_eq!(tried(o.next(S(9), false, 5)), Some(2));
    }
}
