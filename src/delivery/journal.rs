//! What must be durable before it counts, with a store; without one everything counts at once.
//!
//! Changes are gathered into steps. A step is written whole, and while it is, the next one is gathered. Whoever
//! depends on a change remembers the number of its step, and waits until that many are durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam::channel::Sender;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, watch};

use super::outbox::Waiting;
use super::{Letter, lock};
use crate::alert::Alert;
use crate::codec::{self, Error};
use crate::routing::{Cause, Moment, Order, Row, Rows, rows};
use crate::store::{Job, Step};
use crate::time::Timestamp;

const VERSION: u16 = 1;
const HEAD: ([u8; 4], &str) = (*b"dHEA", "head");
const LETTER: ([u8; 4], &str) = (*b"dLET", "letter");
const TARGET: ([u8; 4], &str) = (*b"dTAR", "target");

/// When the last step was gathered, in both times, and the number of the next notification.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub at: Timestamp,
    pub elapsed: i64,
    pub next: u64,
}

/// One notification as it is kept. Times are microseconds since the start of the first life.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    target: String,
    seq: u64,
    cause: Cause,
    key: String,
    tries: u32,
    why: String,
    born: u64,
    next: u64,
    died: Option<Timestamp>,
}

coded!(Head { at, elapsed, next });
coded!(Kept { target, seq, cause, key, tries, why, born, next, died });

/// A notification that was kept: for which target it was, and what waits or was given up.
pub struct Found {
    pub target: String,
    pub waiting: Waiting,
    pub died: Option<Timestamp>,
}

/// The last step, if there was one.
pub fn head(kept: &Rows) -> Result<Option<Head>, Error> {
    rows::<Head>(kept, HEAD.1, HEAD.0).next().transpose().map(|row| row.map(|(_, head)| head))
}

/// Targets that are not tried any more, and why.
pub fn disabled(kept: &Rows) -> Result<Vec<(String, String)>, Error> {
    rows::<String>(kept, TARGET.1, TARGET.0).map(|row| row.map(|(name, why)| (name.to_owned(), why))).collect()
}

/// All notifications, by their numbers.
pub fn letters(kept: &Rows, bodies: &BTreeMap<u64, Arc<Alert>>) -> Result<Vec<Found>, Error> {
    let found = |row: Result<(&str, Kept), Error>| {
        let (id, Kept { target, seq, cause, key, tries, why, born, next, died }) = row?;
        let id = id.parse().map_err(|_| Error::Field("number"))?;
        let alert = bodies.get(&seq).cloned().ok_or(Error::Field("transition"))?;
        let order = Order { target: usize::MAX, alert, seq, cause, key };
        let times = (Duration::from_micros(born), Duration::from_micros(next));
        Ok(Found { target, waiting: Waiting::kept(id, order, tries, why, times), died })
    };
    rows::<Kept>(kept, LETTER.1, LETTER.0).map(found).collect()
}

/// The key of a notification, in the order of the numbers.
fn key_of(id: u64) -> String {
    format!("{id:020}")
}

/// There is no such notification any more.
pub fn gone(id: u64) -> Row {
    Row::gone(LETTER.1, key_of(id))
}

/// A notification that waits.
pub fn waits(target: &str, w: &Waiting) -> Row {
    row(target, w.id, &w.order, (w.tries, &w.why), (w.born, w.next), None)
}

/// A notification that was given up.
pub fn dead(letter: &Letter) -> Row {
    row(&letter.notifier, letter.id, &letter.order, (letter.tries, &letter.why), Default::default(), letter.died)
}

fn row(target: &str, id: u64, order: &Order, (tries, why): (u32, &str), times: (Duration, Duration), died: Option<Timestamp>) -> Row {
    let kept = Kept {
        target: target.to_owned(),
        seq: order.seq,
        cause: order.cause,
        key: order.key.clone(),
        tries,
        why: why.to_owned(),
        born: times.0.as_micros() as u64,
        next: times.1.as_micros() as u64,
        died,
    };
    Row { kind: LETTER.1, key: key_of(id), body: Some(codec::sealed(LETTER.0, VERSION, &kept)), needs: vec![order.seq] }
}

/// Why a target is not tried any more, or that it is.
pub fn standing(target: &str, disabled: Option<&String>) -> Row {
    let body = disabled.map(|why| codec::sealed(TARGET.0, VERSION, why));
    Row { kind: TARGET.1, key: target.to_owned(), body, needs: Vec::new() }
}

#[derive(Debug, Default)]
struct Gathered {
    /// The number of this step, from 1.
    step: u64,
    rows: BTreeMap<(&'static str, String), Row>,
    read: Vec<(u64, Arc<Alert>)>,
    told: u64,
    changed: bool,
}

/// Gathers steps, and knows which are durable.
pub struct Journal {
    store: Mutex<Option<Sender<Job>>>,
    lasts: bool,
    gathered: Mutex<Gathered>,
    durable: watch::Sender<u64>,
    bell: Notify,
}

/// A step on its way.
pub struct Writing {
    step: u64,
    written: UnboundedReceiver<()>,
}

/// The store has ended and takes nothing any more.
#[derive(Debug)]
pub struct Closed;

impl Journal {
    /// Goes on after what was `told`.
    pub fn new(store: Option<Sender<Job>>, told: u64) -> Journal {
        let (durable, _) = watch::channel(if store.is_some() { 0 } else { u64::MAX });
        let gathered = Mutex::new(Gathered { step: 1, told, ..Gathered::default() });
        Journal { lasts: store.is_some(), store: Mutex::new(store), gathered, durable, bell: Notify::new() }
    }

    /// Whether there is a store.
    pub fn lasts(&self) -> bool {
        self.lasts
    }

    /// Nothing more is written, so that the store can end.
    pub fn close(&self) {
        *lock(&self.store) = None;
    }

    /// So many steps are durable.
    pub fn durable(&self) -> u64 {
        *self.durable.borrow()
    }

    /// Returns once so many are; never, if the store fails.
    pub async fn wait(&self, step: u64) {
        // Its sender is here.
        let _ = self.durable.subscribe().wait_for(|durable| *durable >= step).await;
    }

    /// Returns when something has changed since the last call.
    pub async fn changed(&self) {
        self.bell.notified().await;
    }

    /// Has a look taken, though nothing changed.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Something else is to be written; the step that it will be in.
    pub fn touch(&self) -> u64 {
        self.change(|_| {})
    }

    /// Adds a row; the step that it will be in.
    pub fn put(&self, row: Row) -> u64 {
        self.change(|g| {
            g.rows.insert((row.kind, row.key.clone()), row);
        })
    }

    /// A transition was read.
    pub fn read(&self, seq: u64, alert: Arc<Alert>) {
        self.change(|g| g.read.push((seq, alert)));
    }

    /// All up to `told` were.
    pub fn told(&self, told: u64) {
        if lock(&self.gathered).told != told {
            self.change(|g| g.told = told);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Gathered)) -> u64 {
        if !self.lasts {
            return 0;
        }
        let mut gathered = lock(&self.gathered);
        change(&mut gathered);
        gathered.changed = true;
        self.bell.notify_one();
        gathered.step
    }

    /// Sends what was gathered, with `rows` of others, unless there is nothing and nobody insists.
    pub fn send(&self, rows: Vec<Row>, now: Moment, next: u64, insist: bool) -> Result<Option<Writing>, Closed> {
        if !self.lasts {
            return Ok(None);
        }
        let store = lock(&self.store).clone().ok_or(Closed)?;
        let mut gathered = lock(&self.gathered);
        if rows.is_empty() && !gathered.changed && !insist {
            return Ok(None);
        }
        let (written, hears) = unbounded_channel();
        let number = gathered.step;
        let (step, told) = (number + 1, gathered.told);
        let Gathered { rows: own, read, .. } = std::mem::replace(&mut *gathered, Gathered { step, told, ..Gathered::default() });
        let head = codec::sealed(HEAD.0, VERSION, &Head { at: now.at, elapsed: now.elapsed, next });
        let head = Row { kind: HEAD.1, key: String::new(), body: Some(head), needs: Vec::new() };
        let rows = rows.into_iter().chain(own.into_values()).chain([head]).collect();
        store.send(Job::Deliveries(Box::new(Step { rows, read, told, written }))).map_err(|_| Closed)?;
        Ok(Some(Writing { step: number, written: hears }))
    }

    /// Waits until what is on its way, if anything is, is durable.
    pub async fn settle(&self, writing: &mut Option<Writing>) -> Result<(), Closed> {
        let Some(Writing { step, written }) = writing else { return std::future::pending().await };
        written.recv().await.ok_or(Closed)?;
        self.durable.send_replace(*step);
        *writing = None;
        Ok(())
    }
}
