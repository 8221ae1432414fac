//! From the feed to the targets: at least once, in order, and none waits for another.
//!
//! One task reads the alerts by a cursor of its own and asks `routing` what to send; every target has a
//! bounded queue and a task of its own that makes the tries. What could not be told is a dead letter: it
//! can be seen, with its cause, and sent again. All of it lives in memory.

mod outbox;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bilingual::Lang;
use crate::feed::{Channel, Cursor, Feed, Filter, What as Told};
use crate::limits;
use crate::notifiers::{Message, Notifier, Outcome};
use crate::post::PostKey;
use crate::prng::Prng;
use crate::routing::{self, Cause, Decision, Moment, Order, Router, Silence, TooMany, What};
use crate::telemetry::NotifierMeter;
use crate::time::{Clock, Timestamp};
use outbox::{After, Next, Outbox, Waiting};

/// Bytes of alerts taken from the feed at once.
const READ_BYTES: usize = 1 << 20;
/// The gauges of a queue are as old as this at most.
const LOOK: Duration = Duration::from_secs(10);

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
    /// Tries at the same time.
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

struct Desk {
    target: Target,
    outbox: Mutex<Outbox>,
    bell: Notify,
    meter: NotifierMeter,
}

struct Inner {
    feed: Arc<Feed>,
    clock: Arc<dyn Clock>,
    router: Mutex<Router>,
    desks: Vec<Desk>,
    dead: Mutex<VecDeque<Letter>>,
    next: AtomicU64,
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
    /// Starts to deliver what the feed says from now on. `settings` name the targets by their places in
    /// `targets`; `seed` is that of the jitter.
    pub fn start(feed: Arc<Feed>, clock: Arc<dyn Clock>, mut settings: routing::Settings, targets: Vec<Target>, seed: u64) -> Delivery {
        settings.targets = targets.iter().map(|t| t.routed.clone()).collect();
        let (prng, now) = (Prng::new(seed), moment(&*clock));
        let desk = |target: Target| Desk {
            outbox: Mutex::new(Outbox::new(target.patience, prng.fork(&target.routed.name))),
            bell: Notify::new(),
            meter: NotifierMeter::new(&target.routed.name),
            target,
        };
        let inner = Arc::new(Inner {
            router: Mutex::new(Router::new(settings, now)),
            desks: targets.into_iter().map(desk).collect(),
            dead: Mutex::new(VecDeque::new()),
            next: AtomicU64::new(1),
            feed,
            clock,
        });
        let delivery = Delivery { inner, tasks: TaskTracker::new(), closing: CancellationToken::new(), stop: CancellationToken::new() };
        let (cursor, ..) = delivery.inner.feed.join(None, None);
        // What the feed says last is queued before the workers end.
        let done = CancellationToken::new();
        for n in 0..delivery.inner.desks.len() {
            delivery.spawn(delivery.inner.clone().work(n, done.clone()));
        }
        delivery.spawn(delivery.inner.clone().dispatch(cursor, delivery.closing.clone(), done));
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
    /// `limit` at the latest. What waits to be tried again then is lost.
    pub async fn stop(&self, limit: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            self.stop.cancel();
            self.tasks.wait().await;
        }
        for standing in self.standings().iter().filter(|s| s.waiting > 0) {
            tracing::warn!(notifier = &*standing.notifier, waiting = standing.waiting, "notifications were not delivered");
        }
    }

    /// Puts a silence in force.
    ///
    /// # Errors
    /// There are too many.
    pub fn silence(&self, silence: Silence) -> Result<(), TooMany> {
        lock(&self.inner.router).silence(silence, moment(&*self.inner.clock))
    }

    /// Ends a silence; `false` if there is none.
    pub fn unsilence(&self, id: &str) -> bool {
        lock(&self.inner.router).unsilence(id)
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
        let now = self.inner.clock.monotonic();
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
    /// There is none with this number.
    pub fn replay(&self, id: u64) -> Result<(), NotThere> {
        let letter = {
            let mut dead = lock(&self.inner.dead);
            let at = dead.iter().position(|l| l.id == id).ok_or(NotThere)?;
            dead.remove(at).ok_or(NotThere)?
        };
        if let Some(desk) = self.inner.desks.get(letter.order.target) {
            lock(&desk.outbox).disabled = None;
        }
        self.inner.enqueue(letter.id, letter.order);
        Ok(())
    }
}

/// Both times of `clock`.
fn moment(clock: &dyn Clock) -> Moment {
    Moment { at: clock.now(), elapsed: clock.monotonic().as_micros() as i64 }
}

fn letter(desk: &Desk, w: Waiting) -> Letter {
    Letter { id: w.id, notifier: desk.target.routed.name.clone(), order: w.order, is_dead: false, tries: w.tries, why: w.why, died: None }
}

impl Inner {
    /// Reads the feed until it has said everything.
    async fn dispatch(self: Arc<Self>, mut cursor: Cursor, closing: CancellationToken, done: CancellationToken) {
        let filter = Filter { channels: [Channel::Alerts].into(), ..Filter::default() };
        let mut bells = self.feed.bells();
        while !closing.is_cancelled() {
            self.take(&mut cursor, &filter);
            let due = lock(&self.router).due();
            let now = self.clock.monotonic().as_micros() as i64;
            let wait = due.map_or(LOOK, |due| Duration::from_micros(due.saturating_sub(now).max(0) as u64).min(LOOK));
            tokio::select! {
                rings = bells.wait(false) => if !rings { break },
                () = tokio::time::sleep(wait) => {}
                () = closing.cancelled() => {}
            }
        }
        self.take(&mut cursor, &filter);
        done.cancel();
    }

    /// Takes everything that the feed says, and queues what is to be sent.
    fn take(&self, cursor: &mut Cursor, filter: &Filter) {
        let mut router = lock(&self.router);
        let now = moment(&*self.clock);
        loop {
            let batch = self.feed.read(cursor, filter, READ_BYTES);
            if let Some((from, to)) = batch.gap {
                tracing::error!(from, to, "alerts went by before they could be delivered");
            }
            for entry in &batch.entries {
                match &entry.what {
                    Told::Alert(seq, alert) => router.observe(Arc::new(alert.as_ref().clone()), *seq, now),
                    Told::Deleted(key, ..) => self.scrub(&mut router, *key),
                    // Of another life of the engine: over, or told then.
                    Told::Kept(_) | Told::Mention(_) | Told::Windows(_) => {}
                }
            }
            if !batch.more {
                break;
            }
        }
        let orders = router.advance(now);
        drop(router);
        for order in orders {
            self.enqueue(self.next.fetch_add(1, Relaxed), order);
        }
    }

    /// A post is gone from everything that may still be sent.
    fn scrub(&self, router: &mut Router, key: PostKey) {
        router.scrub(key);
        self.desks.iter().for_each(|desk| lock(&desk.outbox).scrub(key));
        for letter in lock(&self.dead).iter_mut().filter(|l| l.order.alert.shows(key)) {
            Arc::make_mut(&mut letter.order.alert).forget(key);
        }
    }

    fn enqueue(&self, id: u64, order: Order) {
        let Some(desk) = self.desks.get(order.target) else { return };
        let refused = lock(&desk.outbox).push(id, order.clone(), self.clock.monotonic()).err();
        match refused {
            None => desk.bell.notify_one(),
            Some(why) => self.bury(desk, letter(desk, Waiting::refused(id, order)), why.to_owned()),
        }
    }

    /// Gives a notification up.
    fn bury(&self, desk: &Desk, letter: Letter, why: String) {
        if letter.order.cause == Cause::Heartbeat {
            // It speaks by its absence, and the next one follows.
            desk.meter.came("missed");
            return;
        }
        let at = self.clock.now();
        tracing::error!(notifier = &*letter.notifier, alert = letter.order.alert.id, why, "notification given up");
        desk.meter.came("dead");
        lock(&self.router).note(&letter.order, What::Dead(why.clone()), at);
        let mut dead = lock(&self.dead);
        if dead.len() >= limits::DEAD_LETTERS {
            dead.pop_front();
        }
        dead.push_back(Letter { is_dead: true, died: Some(at), why, ..letter });
    }

    /// Makes the tries for target `n`; once `done`, until all was tried once.
    async fn work(self: Arc<Self>, n: usize, done: CancellationToken) {
        let Some(desk) = self.desks.get(n) else { return };
        let mut tries = FuturesUnordered::new();
        loop {
            let next = lock(&desk.outbox).next(self.clock.monotonic(), done.is_cancelled());
            self.measure(desk);
            let wait = match next {
                Next::Try(id, order) => {
                    tries.push(async move { (id, attempt(desk, &order).await) });
                    continue;
                }
                Next::Idle if done.is_cancelled() && tries.is_empty() => return,
                Next::Wait(wait) => wait.min(LOOK),
                Next::Idle => LOOK,
            };
            tokio::select! {
                Some((id, outcome)) = tries.next(), if !tries.is_empty() => self.settle(desk, id, outcome),
                () = desk.bell.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = done.cancelled(), if !done.is_cancelled() => {}
            }
        }
    }

    fn measure(&self, desk: &Desk) {
        let outbox = lock(&desk.outbox);
        let oldest = outbox.waiting().front().map_or(Duration::ZERO, |w| self.clock.monotonic().saturating_sub(w.born));
        desk.meter.waiting.set(outbox.waiting().len() as f64);
        desk.meter.oldest.set(oldest.as_secs_f64());
    }

    /// What comes of a try.
    fn settle(&self, desk: &Desk, id: u64, outcome: Outcome) {
        let now = self.clock.monotonic();
        match outcome {
            Outcome::Delivered => {
                let Some(w) = lock(&desk.outbox).take(id) else { return };
                desk.meter.came("delivered");
                desk.meter.seconds.record(now.saturating_sub(w.born).as_secs_f64());
                lock(&self.router).note(&w.order, What::Delivered(w.tries), self.clock.now());
            }
            Outcome::Transient { why, after } => {
                let mut outbox = lock(&desk.outbox);
                let given_up = outbox.failed(id, &why, after, now) == After::GivenUp;
                let order = outbox.waiting().iter().find(|w| w.id == id).map(|w| w.order.clone());
                let gone = given_up.then(|| outbox.take(id)).flatten();
                drop(outbox);
                match (gone, order) {
                    (Some(w), _) => self.bury(desk, letter(desk, w), why),
                    (None, Some(order)) => {
                        tracing::warn!(
                            notifier = &*desk.target.routed.name,
                            alert = order.alert.id,
                            why,
                            "notification failed, will try again"
                        );
                        desk.meter.came("retried");
                        lock(&self.router).note(&order, What::Retried(why), self.clock.now());
                    }
                    (None, None) => {}
                }
            }
            Outcome::Permanent { why } => {
                let taken = lock(&desk.outbox).take(id);
                taken.into_iter().for_each(|w| self.bury(desk, letter(desk, w), why.clone()));
            }
            Outcome::Gone { why } => {
                tracing::error!(notifier = &*desk.target.routed.name, why, "the target is gone for good and is not tried any more");
                let all = lock(&desk.outbox).disable(why.clone());
                all.into_iter().for_each(|w| self.bury(desk, letter(desk, w), why.clone()));
            }
        }
    }
}

/// One try, which ends in time.
async fn attempt(desk: &Desk, order: &Order) -> Outcome {
    let message = Message { alert: &order.alert, seq: order.seq, key: &order.key, lang: desk.target.lang, test: false };
    let attempt = desk.target.notifier.attempt(&message);
    tokio::time::timeout(desk.target.patience.attempt, attempt)
        .await
        .unwrap_or_else(|_| Outcome::Transient { why: "no answer in time".to_owned(), after: None })
}

#[cfg(test)]
mod tests;
