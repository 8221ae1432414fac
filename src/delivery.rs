//! From the feed to the targets: at least once, in order, and none waits for another.
//!
//! One task reads the alerts by a cursor of its own and asks `routing` what to send; every target has a
//! bounded queue and a task of its own that makes the tries. What could not be told is a dead letter: it
//! can be seen, with its cause, and sent again. With a store all of it outlives the process: what is to be
//! told is durable before the first try, together with the state of routing that it came from and how far the
//! alerts were read; and what came of a try before the next one at that target.

mod journal;
mod outbox;
mod papers;
mod tasks;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam::channel::Sender;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bilingual::Lang;
use crate::codec;
use crate::feed::{Feed, Filter};
use crate::limits;
use crate::notifiers::Notifier;
use crate::prng::Prng;
use crate::routing::{self, Decision, Moment, Order, Router, Silence, TooMany};
use crate::store::{Job, Past};
use crate::telemetry::NotifierMeter;
use crate::time::{Clock, Timestamp};
use journal::Journal;
use outbox::{Outbox, Waiting};
pub use papers::Address;
use papers::Papers;

/// How a target is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A try takes so long at most.
    pub attempt: Duration,
    /// Longest wait after the first failure; doubles with each.
    pub base: Duration,
    /// Longest wait.
    pub cap: Duration,
    /// A notification is tried again for so long.
    pub deadline: Duration,
    /// One notification every so long,
    pub every: Duration,
    /// after so many at once.
    pub burst: u32,
    /// Tries at the same time; with a store there is one.
    pub in_flight: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            attempt: Duration::from_secs(30),
            base: Duration::from_secs(2),
            cap: Duration::from_secs(300),
            deadline: Duration::from_micros(limits::DELIVERY_DEADLINE as u64),
            every: Duration::from_secs(1),
            burst: 10,
            in_flight: 4,
        }
    }
}

impl Patience {
    /// What is kept is told once more after a crash only if its answer was not kept: of one try, then.
    fn with(self, lasts: bool) -> Patience {
        Patience { in_flight: if lasts { 1 } else { self.in_flight }, ..self }
    }
}

/// One target.
#[derive(Clone)]
pub struct Target {
    /// What routing knows of it.
    pub routed: routing::Target,
    /// Makes the tries.
    pub notifier: Arc<dyn Notifier>,
    /// The language of what it is told.
    pub lang: Lang,
    /// How it is treated.
    pub patience: Patience,
}

/// A notification that waits, or was given up.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its number.
    pub id: u64,
    /// Name of the notifier.
    pub notifier: Arc<str>,
    /// What is to be told.
    pub order: Order,
    /// It was given up.
    pub is_dead: bool,
    /// Tries so far.
    pub tries: u32,
    /// What went wrong last; empty if nothing did.
    pub why: String,
    /// When it was given up.
    pub died: Option<Timestamp>,
}

/// How one target stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Name of the notifier.
    pub notifier: Arc<str>,
    /// Notifications that wait.
    pub waiting: usize,
    /// How long the oldest has been waiting.
    pub oldest: Option<Duration>,
    /// Why it is not tried any more.
    pub disabled: Option<String>,
}

/// There is no such dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such dead letter")]
pub struct NotThere;

/// Where deliveries are kept, and what was kept before.
pub struct Keeping {
    /// The store.
    pub store: Sender<Job>,
    /// What it held.
    pub past: Past,
}

struct Desk {
    target: Target,
    outbox: Mutex<Outbox>,
    bell: Notify,
    meter: NotifierMeter,
}

struct Inner {
    feed: Arc<Feed>,
    clock: Arc<dyn Clock>,
    /// Microseconds from the clock's own start to that of the first life, so that waits outlive the process.
    since: i64,
    journal: Journal,
    router: Mutex<Router>,
    desks: Vec<Desk>,
    dead: Mutex<VecDeque<Letter>>,
    papers: Mutex<Papers>,
    next: AtomicU64,
    /// Targets whose tasks have not ended.
    working: AtomicUsize,
}

/// The deliveries of an engine.
#[derive(Clone)]
pub struct Delivery {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    /// The feed has said everything.
    closing: CancellationToken,
    /// No time is left.
    stop: CancellationToken,
}

// Nothing that holds one of these locks can leave what it guards half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Delivery {
    /// Starts to deliver what the feed says from now on, and goes on with what was kept. `settings` name the
    /// targets by their places in `targets`; `seed` is that of the jitter.
    ///
    /// # Errors
    /// What was kept is none of this.
    pub fn start(
        feed: Arc<Feed>,
        clock: Arc<dyn Clock>,
        mut settings: routing::Settings,
        targets: Vec<Target>,
        seed: u64,
        keeping: Option<Keeping>,
    ) -> Result<Delivery, codec::Error> {
        settings.targets = targets.iter().map(|t| t.routed.clone()).collect();
        let (store, past) = keeping.map_or((None, Past::default()), |k| (Some(k.store), k.past));
        let head = journal::head(&past.rows)?;
        let since = head.as_ref().map_or(0, |head| goes_on(head, &*clock));
        let now = moment(&*clock, since);
        let (prng, lasts) = (Prng::new(seed), store.is_some());
        let desk = |target: Target| Desk {
            outbox: Mutex::new(Outbox::new(target.patience.with(lasts), prng.fork(&target.routed.name))),
            bell: Notify::new(),
            meter: NotifierMeter::new(&target.routed.name),
            target,
        };
        let inner = Inner {
            router: Mutex::new(Router::resume(settings, now, &past.rows, &past.bodies)?),
            working: AtomicUsize::new(targets.len()),
            desks: targets.into_iter().map(desk).collect(),
            dead: Mutex::new(VecDeque::new()),
            papers: Mutex::new(Papers::resume(&past.rows, prng.fork("reports"))?),
            next: AtomicU64::new(head.map_or(1, |head| head.next)),
            journal: Journal::new(store, past.told),
            feed,
            clock,
            since,
        };
        inner.restore(&past)?;
        Ok(Delivery::run(Arc::new(inner)))
    }

    fn run(inner: Arc<Inner>) -> Delivery {
        let delivery = Delivery { inner, tasks: TaskTracker::new(), closing: CancellationToken::new(), stop: CancellationToken::new() };
        let (cursor, ..) = delivery.inner.feed.join(None, None, &Filter::default());
        // What the feed says last is queued before the workers end.
        let done = CancellationToken::new();
        for n in 0..delivery.inner.desks.len() {
            delivery.spawn(delivery.inner.clone().work(n, done.clone()));
        }
        delivery.spawn(delivery.inner.clone().dispatch(cursor, delivery.closing.clone(), done, delivery.stop.clone()));
        delivery
    }

    /// Runs until the stop that has no time left.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Tells what the feed has said until now, gives what was never tried one chance, and ends, after
    /// `limit` at the latest. What waits to be tried again then is lost without a store.
    pub async fn stop(&self, limit: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            self.stop.cancel();
            self.tasks.wait().await;
        }
        self.inner.journal.close();
        for standing in self.standings().iter().filter(|s| s.waiting > 0) {
            let (notifier, waiting, kept) = (&*standing.notifier, standing.waiting, self.inner.journal.lasts());
            tracing::warn!(notifier, waiting, kept, "notifications were not delivered");
        }
    }

    /// Returns once all that was asked of it until now is durable.
    pub async fn durable(&self) {
        let step = self.inner.journal.touch();
        self.inner.journal.wait(step).await;
    }

    /// Puts a silence in force.
    ///
    /// # Errors
    /// There are too many.
    pub fn silence(&self, silence: Silence) -> Result<(), TooMany> {
        let silenced = lock(&self.inner.router).silence(silence, self.inner.moment());
        self.inner.journal.touch();
        silenced
    }

    /// Ends a silence; `false` if there is none.
    pub fn unsilence(&self, id: &str) -> bool {
        let was = lock(&self.inner.router).unsilence(id);
        self.inner.journal.touch();
        was
    }

    /// All silences.
    pub fn silences(&self) -> Vec<Silence> {
        lock(&self.inner.router).silences().cloned().collect()
    }

    /// What was decided about an alert.
    pub fn why(&self, id: &str) -> Option<Vec<Decision>> {
        lock(&self.inner.router).why(id)
    }

    /// How the targets stand.
    pub fn standings(&self) -> Vec<Standing> {
        let now = self.inner.now();
        let standing = |desk: &Desk| {
            let outbox = lock(&desk.outbox);
            Standing {
                notifier: desk.target.routed.name.clone(),
                waiting: outbox.waiting().len(),
                oldest: outbox.waiting().front().map(|w| now.saturating_sub(w.born)),
                disabled: outbox.disabled.clone(),
            }
        };
        self.inner.desks.iter().map(standing).collect()
    }

    /// Notifications that wait or were given up, by their numbers.
    pub fn letters(&self) -> Vec<Letter> {
        let mut all: Vec<Letter> = lock(&self.inner.dead).iter().cloned().collect();
        for desk in &self.inner.desks {
            let waiting = lock(&desk.outbox);
            all.extend(waiting.waiting().iter().cloned().map(|w| letter(desk, w)));
        }
        all.sort_by_key(|l| l.id);
        all
    }

    /// Sends a dead letter again, as it was. A target that was disabled is tried again by it.
    ///
    /// # Errors
    /// There is none with this number, or its target is no longer configured.
    pub fn replay(&self, id: u64) -> Result<(), NotThere> {
        let (number, letter) = {
            let mut dead = lock(&self.inner.dead);
            let at = dead.iter().position(|l| l.id == id).ok_or(NotThere)?;
            let to = |desk: &Desk| dead.get(at).is_some_and(|l| desk.target.routed.name == l.notifier);
            let number = self.inner.desks.iter().position(to).ok_or(NotThere)?;
            (number, dead.remove(at).ok_or(NotThere)?)
        };
        self.inner.enable(number);
        self.inner.enqueue(letter.id, Order { target: number, ..letter.order });
        Ok(())
    }
}

/// What is added to the time of `clock` since its start, so that it goes on where `head` was: by what passed
/// on the wall clock, and if that was set back, as if nothing had.
fn goes_on(head: &journal::Head, clock: &dyn Clock) -> i64 {
    let passed = clock.now().since(head.at).max(0);
    head.elapsed.saturating_add(passed).saturating_sub(clock.monotonic().as_micros() as i64)
}

/// Both times of `clock`, whose own start lies `since` microseconds behind the first.
fn moment(clock: &dyn Clock, since: i64) -> Moment {
    Moment { at: clock.now(), elapsed: since.saturating_add(clock.monotonic().as_micros() as i64).max(0) }
}

fn letter(desk: &Desk, w: Waiting) -> Letter {
    Letter { id: w.id, notifier: desk.target.routed.name.clone(), order: w.order, is_dead: false, tries: w.tries, why: w.why, died: None }
}

#[cfg(test)]
mod tests;
