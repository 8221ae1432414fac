//! The tasks: one reads and decides, and one for each target makes the tries.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::journal::{self, Closed, Writing};
use super::outbox::{Added, After, Next, Waiting};
use super::{Desk, Inner, Letter, letter, lock, moment};
use crate::alert::Status;
use crate::codec;
use crate::feed::{Channel, Cursor, Filter, What as Told};
use crate::limits;
use crate::notifiers::{Message, Outcome};
use crate::post::PostKey;
use crate::routing::{Cause, Moment, Order, Router, What};
use crate::store::{self, Past};

/// Bytes of alerts taken from the feed at once.
const READ_BYTES: usize = 1 << 20;
/// The gauges of a queue are as old as this at most.
const LOOK: Duration = Duration::from_secs(10);

impl Inner {
    /// Both times.
    pub fn moment(&self) -> Moment {
        moment(&*self.clock, self.since)
    }

    /// The time since the start of the first life.
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.moment().elapsed.max(0) as u64)
    }

    /// Takes over what was kept, and reads what was said after it.
    pub fn restore(&self, past: &Past) -> Result<(), codec::Error> {
        for (name, why) in journal::disabled(&past.rows)? {
            let desk = self.desks.iter().find(|desk| *desk.target.routed.name == *name);
            desk.into_iter().for_each(|desk| lock(&desk.outbox).disabled = Some(why.clone()));
        }
        for journal::Found { target, mut waiting, died } in journal::letters(&past.rows, &past.bodies)? {
            self.next.fetch_max(waiting.id + 1, Relaxed);
            let number = self.desks.iter().position(|desk| *desk.target.routed.name == *target);
            waiting.order.target = number.unwrap_or(usize::MAX);
            match number.and_then(|n| self.desks.get(n)).filter(|_| died.is_none()) {
                Some(desk) => lock(&desk.outbox).restore(waiting),
                None => {
                    let why = if died.is_some() { waiting.why } else { "the target is not configured any more".to_owned() };
                    let Waiting { id, order, tries, .. } = waiting;
                    let died = Some(died.unwrap_or_else(|| self.clock.now()));
                    self.lay_out(Letter { id, notifier: target.into(), order, is_dead: true, tries, why, died });
                }
            }
        }
        let mut router = lock(&self.router);
        for (seq, alert) in past.bodies.range(past.told.saturating_add(1)..) {
            router.observe(alert.clone(), *seq, self.moment());
            self.journal.read(*seq, alert.clone());
        }
        Ok(())
    }

    /// Reads the feed until it has said everything, then writes until the workers have ended.
    pub async fn dispatch(
        self: Arc<Self>,
        mut cursor: Cursor,
        closing: CancellationToken,
        done: CancellationToken,
        stop: CancellationToken,
    ) {
        if let Err(Closed) = self.serve(&mut cursor, &closing, &done).await {
            // Nothing more can be told, for nothing more is durable.
            stop.cancel();
        }
    }

    async fn serve(&self, cursor: &mut Cursor, closing: &CancellationToken, done: &CancellationToken) -> Result<(), Closed> {
        let (mut bells, filter) = (self.feed.bells(), alerts());
        let mut writing = None;
        while !closing.is_cancelled() {
            self.take(cursor);
            self.write(&mut writing, false)?;
            let due = lock(&self.router).due();
            let now = self.moment().elapsed;
            let wait = due.map_or(LOOK, |due| Duration::from_micros(due.saturating_sub(now).max(0) as u64).min(LOOK));
            tokio::select! {
                rings = bells.wait(&filter) => if !rings { break },
                () = tokio::time::sleep(wait) => {}
                () = closing.cancelled() => {}
                () = self.journal.changed() => {}
                written = self.written(&mut writing) => written?,
            }
        }
        // Once this is durable, the feed has said all that the store was told before.
        self.settle_all(&mut writing).await?;
        self.take(cursor);
        self.settle_all(&mut writing).await?;
        done.cancel();
        loop {
            self.write(&mut writing, false)?;
            if writing.is_none() && self.working.load(Relaxed) == 0 {
                // What the last worker noted right before it ended.
                return self.settle_all(&mut writing).await;
            }
            tokio::select! {
                () = self.journal.changed() => {}
                written = self.written(&mut writing) => written?,
            }
        }
    }

    /// Writes what has changed, unless something is on its way already.
    fn write(&self, writing: &mut Option<Writing>, insist: bool) -> Result<(), Closed> {
        if writing.is_none() {
            let mut router = lock(&self.router);
            let rows = if self.journal.lasts() { router.changes() } else { router.unchanged() };
            *writing = self.journal.send(rows, self.moment(), self.next.load(Relaxed), insist)?;
        }
        Ok(())
    }

    /// Waits until what is on its way is durable, and lets the workers go on.
    async fn written(&self, writing: &mut Option<Writing>) -> Result<(), Closed> {
        self.journal.settle(writing).await?;
        self.desks.iter().for_each(|desk| desk.bell.notify_one());
        Ok(())
    }

    /// All that has changed is durable, and so is all that the store was told before.
    async fn settle_all(&self, writing: &mut Option<Writing>) -> Result<(), Closed> {
        if !self.journal.lasts() {
            return Ok(());
        }
        if writing.is_some() {
            self.written(writing).await?;
        }
        self.write(writing, true)?;
        self.written(writing).await
    }

    /// Takes everything that the feed says, and queues what is to be sent.
    fn take(&self, cursor: &mut Cursor) {
        let filter = alerts();
        let mut router = lock(&self.router);
        let now = self.moment();
        loop {
            let batch = self.feed.read(cursor, &filter, READ_BYTES);
            for (_, from, to) in batch.gaps {
                tracing::error!(from, to, "alerts went by before they could be delivered");
            }
            for entry in &batch.entries {
                match &entry.what {
                    Told::Alert(seq, alert) => {
                        let alert = Arc::new(alert.as_ref().clone());
                        router.observe(alert.clone(), *seq, now);
                        self.journal.read(*seq, alert);
                    }
                    Told::Deleted(key, ..) => self.scrub(&mut router, *key),
                    // Of another life, it came with what was kept, but for an end for which there was no room then.
                    Told::Kept(kept) if kept.status == Status::Resolved => {
                        if let Some(mut alert) = router.alert(&kept.id).filter(|a| a.status == Status::Firing).map(Arc::unwrap_or_clone) {
                            (alert.status, alert.updated_at, alert.resolved_at) = (Status::Resolved, now.at, Some(now.at));
                            alert.reasons = vec![store::restarted()];
                            let alert = Arc::new(alert);
                            router.observe(alert.clone(), kept.seq, now);
                            self.journal.read(kept.seq, alert);
                        }
                    }
                    Told::Kept(_) | Told::Incident(..) | Told::Mention(_) | Told::Windows(_) => {}
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
        self.journal.told(cursor.served());
    }

    /// A post is gone from everything that may still be sent.
    fn scrub(&self, router: &mut Router, key: PostKey) {
        router.scrub(key);
        self.desks.iter().for_each(|desk| lock(&desk.outbox).scrub(key));
        for letter in lock(&self.dead).iter_mut().filter(|l| l.order.alert.shows(key)) {
            Arc::make_mut(&mut letter.order.alert).forget(key);
        }
    }

    pub fn enqueue(&self, id: u64, order: Order) {
        let Some(desk) = self.desks.get(order.target) else { return };
        let name = &desk.target.routed.name;
        // A sign of life is not kept.
        let kept = order.cause != Cause::Heartbeat;
        let keep = |w: &Waiting| if kept { self.journal.put(journal::waits(name, w)) } else { 0 };
        let added = lock(&desk.outbox).push(id, order.clone(), self.now(), keep);
        match added {
            Added::Waits => desk.bell.notify_one(),
            Added::Said => {}
            Added::Refused(why) => {
                self.bury(desk, letter(desk, Waiting::refused(id, order)), why.to_owned());
            }
        }
    }

    /// A target that was disabled is tried again.
    pub fn enable(&self, number: usize) {
        let Some(desk) = self.desks.get(number) else { return };
        if lock(&desk.outbox).disabled.take().is_some() {
            self.journal.put(journal::standing(&desk.target.routed.name, None));
        }
    }

    /// Gives a notification up; the step that it will be in.
    fn bury(&self, desk: &Desk, letter: Letter, why: String) -> u64 {
        if letter.order.cause == Cause::Heartbeat {
            // It speaks by its absence, and the next one follows.
            desk.meter.came("missed");
            return 0;
        }
        let at = self.clock.now();
        tracing::error!(notifier = &*letter.notifier, alert = letter.order.alert.id, why, "notification given up");
        desk.meter.came("dead");
        lock(&self.router).note(&letter.order, What::Dead(why.clone()), at);
        self.lay_out(Letter { is_dead: true, died: Some(at), why, ..letter })
    }

    /// Adds a dead letter; the step that it will be in.
    fn lay_out(&self, letter: Letter) -> u64 {
        let mut dead = lock(&self.dead);
        if dead.len() >= limits::DEAD_LETTERS
            && let Some(oldest) = dead.pop_front()
        {
            self.journal.put(journal::gone(oldest.id));
        }
        let step = self.journal.put(journal::dead(&letter));
        dead.push_back(letter);
        step
    }

    /// Makes the tries for target `n`; once `done`, until all was tried once.
    pub async fn work(self: Arc<Self>, n: usize, done: CancellationToken) {
        if let Some(desk) = self.desks.get(n) {
            self.make_tries(desk, done).await;
        }
        self.working.fetch_sub(1, Relaxed);
        self.journal.ring();
    }

    async fn make_tries(&self, desk: &Desk, done: CancellationToken) {
        let mut tries = FuturesUnordered::new();
        loop {
            let next = lock(&desk.outbox).next(self.now(), done.is_cancelled(), self.journal.durable());
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
        let oldest = outbox.waiting().front().map_or(Duration::ZERO, |w| self.now().saturating_sub(w.born));
        desk.meter.waiting.set(outbox.waiting().len() as f64);
        desk.meter.oldest.set(oldest.as_secs_f64());
    }

    /// What comes of a try.
    fn settle(&self, desk: &Desk, id: u64, outcome: Outcome) {
        let step = match outcome {
            Outcome::Delivered => self.delivered(desk, id),
            Outcome::Transient { why, after } => self.failed(desk, id, why, after),
            Outcome::Permanent { why } => {
                let taken = lock(&desk.outbox).take(id);
                taken.map_or(0, |w| self.bury(desk, letter(desk, w), why))
            }
            Outcome::Gone { why } => {
                tracing::error!(notifier = &*desk.target.routed.name, why, "the target is gone for good and is not tried any more");
                let all = lock(&desk.outbox).disable(why.clone());
                for w in all {
                    self.bury(desk, letter(desk, w), why.clone());
                }
                self.journal.put(journal::standing(&desk.target.routed.name, Some(&why)))
            }
        };
        let mut outbox = lock(&desk.outbox);
        outbox.settled = outbox.settled.max(step);
    }

    fn delivered(&self, desk: &Desk, id: u64) -> u64 {
        let Some(w) = lock(&desk.outbox).take(id) else { return 0 };
        desk.meter.came("delivered");
        desk.meter.seconds.record(self.now().saturating_sub(w.born).as_secs_f64());
        lock(&self.router).note(&w.order, What::Delivered(w.tries), self.clock.now());
        if w.order.cause == Cause::Heartbeat { 0 } else { self.journal.put(journal::gone(id)) }
    }

    /// Another try could help, not before `after`.
    fn failed(&self, desk: &Desk, id: u64, why: String, after: Option<Duration>) -> u64 {
        let mut outbox = lock(&desk.outbox);
        if outbox.failed(id, &why, after, self.now()) == After::GivenUp {
            let gone = outbox.take(id);
            drop(outbox);
            return gone.map_or(0, |w| self.bury(desk, letter(desk, w), why));
        }
        let Some(w) = outbox.waiting().iter().find(|w| w.id == id).cloned() else { return 0 };
        drop(outbox);
        let name = &desk.target.routed.name;
        tracing::warn!(notifier = &**name, alert = w.order.alert.id, why, "notification failed, will try again");
        desk.meter.came("retried");
        lock(&self.router).note(&w.order, What::Retried(why), self.clock.now());
        self.journal.put(journal::waits(name, &w))
    }
}

/// One try, which ends in time.
/// Of all that the feed says, only these are delivered.
fn alerts() -> Filter {
    Filter { channels: [Channel::Alerts].into(), ..Filter::default() }
}

async fn attempt(desk: &Desk, order: &Order) -> Outcome {
    let message = Message { alert: &order.alert, seq: order.seq, key: &order.key, lang: desk.target.lang, test: false };
    let attempt = desk.target.notifier.attempt(&message);
    tokio::time::timeout(desk.target.patience.attempt, attempt)
        .await
        .unwrap_or_else(|_| Outcome::Transient { why: "no answer in time".to_owned(), after: None })
}
