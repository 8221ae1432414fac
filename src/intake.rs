//! The one place that orders input and stamps time.
//!
//! Every buffer and every tick gets the next number here, so that nothing later depends on how many
//! lanes there are. Async sources meet the threads here: a source awaits its permit, after which the
//! hand-over itself can never block, because the queue is as long as there are permits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::lane::Compiled;
use crate::limits;
use crate::reason::Refused;
use crate::time::{Clock, Timestamp};
use crate::topic::SourceId;

/// What became of a buffer whose sender asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Items that decoded.
    pub accepted: u64,
    /// Lines, counted from 0, that were refused.
    pub refused: Vec<(u32, Refused)>,
}

/// One buffer of whole lines with its number.
#[derive(Debug)]
pub struct Buffer {
    /// Its place in the order of all input.
    pub number: u64,
    /// Where it comes from.
    pub source: SourceId,
    /// When it was taken.
    pub seen: Timestamp,
    /// The clock's monotonic time then; for latencies only.
    pub taken: std::time::Duration,
    /// The lines.
    pub bytes: Vec<u8>,
    /// What to listen for.
    pub compiled: Arc<Compiled>,
    /// Answered once the tally has applied it.
    pub receipt: Option<oneshot::Sender<Receipt>>,
    /// Given back when the buffer is dropped, after the tally has applied it.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// One numbered item of the stream.
#[derive(Debug)]
pub enum Item {
    /// For a lane.
    Buffer(Box<Buffer>),
    /// Straight to the tally.
    Tick {
        /// Its place in the order.
        number: u64,
        /// The time.
        at: Timestamp,
        /// What to listen for.
        compiled: Arc<Compiled>,
    },
}

/// The engine is gone; nothing can be handed over any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine has stopped")]
pub struct Closed;

/// Why a buffer was not taken at once; the bytes come back.
#[derive(Debug)]
pub enum NotTaken {
    /// No permit is free now.
    Full(Vec<u8>),
    /// The engine is gone.
    Closed,
}

struct Order {
    next: u64,
    compiled: Arc<Compiled>,
    lanes: Option<Sender<Box<Buffer>>>,
    tally: Option<Sender<Item>>,
}

/// Numbers and stamps all input.
pub struct Intake {
    order: Mutex<Order>,
    clock: Arc<dyn Clock>,
    /// Buffers handed over and not applied yet.
    in_flight: AtomicU64,
}

impl Intake {
    /// An intake that feeds `lanes` with buffers and `tally` with ticks.
    pub fn new(clock: Arc<dyn Clock>, compiled: Arc<Compiled>, lanes: Sender<Box<Buffer>>, tally: Sender<Item>) -> Arc<Intake> {
        let order = Order { next: 0, compiled, lanes: Some(lanes), tally: Some(tally) };
        Arc::new(Intake { order: Mutex::new(order), clock, in_flight: AtomicU64::new(0) })
    }

    /// A source's way in. `share` buffers of it can be in flight at once.
    pub fn port(self: &Arc<Self>, source: SourceId, share: usize) -> Port {
        let permits = Arc::new(Semaphore::new(share.clamp(1, limits::BUFFERS_IN_FLIGHT)));
        Port { intake: self.clone(), source, permits }
    }

    /// A beat of time; `at` is the clock's now in `run` and event time in `replay`.
    pub fn tick(&self, at: Timestamp) -> Result<(), Closed> {
        let mut order = self.lock();
        let number = order.next;
        let compiled = order.compiled.clone();
        order.tally.as_ref().ok_or(Closed)?.send(Item::Tick { number, at, compiled }).map_err(|_| Closed)?;
        order.next += 1;
        Ok(())
    }

    /// From the next item on, listens for `compiled`.
    pub fn swap(&self, compiled: Arc<Compiled>) {
        self.lock().compiled = compiled;
    }

    /// What is listened for now.
    pub fn compiled(&self) -> Arc<Compiled> {
        self.lock().compiled.clone()
    }

    /// The clock that stamps.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes no more; lanes and tally finish what they have.
    pub fn close(&self) {
        let mut order = self.lock();
        order.lanes = None;
        order.tally = None;
    }

    /// Buffers handed over so far.
    pub fn buffers(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // The lock is held for a few assignments that cannot panic.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(
        &self,
        source: SourceId,
        bytes: Vec<u8>,
        seen: Option<Timestamp>,
        receipt: Option<oneshot::Sender<Receipt>>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Closed> {
        let mut order = self.lock();
        let lanes = order.lanes.clone().ok_or(Closed)?;
        let buffer = Box::new(Buffer {
            number: order.next,
            source,
            seen: seen.unwrap_or_else(|| self.clock.now()),
            taken: self.clock.monotonic(),
            bytes,
            compiled: order.compiled.clone(),
            receipt,
            permit,
        });
        lanes.send(buffer).map_err(|_| Closed)?;
        order.next += 1;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A source's way into the engine. Whole lines go in; a buffer is at most `limits::BUFFER_BYTES`
/// unless one line alone is longer.
#[derive(Clone)]
pub struct Port {
    intake: Arc<Intake>,
    source: SourceId,
    permits: Arc<Semaphore>,
}

impl Port {
    /// The source's number.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The clock that stamps.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.intake.clock
    }

    /// Whether a buffer would be taken at once: a source that gathers small frames hands over what
    /// it has whenever it has nothing more to read or its buffer is full.
    pub fn is_free(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// Waits until a buffer would be taken at once. Takes nothing itself, so it may be cancelled
    /// at any time, which [`Port::send`] with its bytes in hand may not.
    pub async fn ready(&self) {
        // Never closed: the port holds it.
        let _ = self.permits.acquire().await;
    }

    /// Hands over whole lines as soon as a permit is free.
    pub async fn send(&self, bytes: Vec<u8>) -> Result<(), Closed> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| Closed)?;
        self.intake.hand_over(self.source, bytes, None, None, Some(permit))
    }

    /// Hands over whole lines now or not at all.
    pub fn try_send(&self, bytes: Vec<u8>) -> Result<(), NotTaken> {
        match self.permits.clone().try_acquire_owned() {
            Ok(permit) => self.intake.hand_over(self.source, bytes, None, None, Some(permit)).map_err(|_| NotTaken::Closed),
            Err(_) => Err(NotTaken::Full(bytes)),
        }
    }

    /// Like [`Port::try_send`], and tells what became of the lines.
    pub fn try_send_with_receipt(&self, bytes: Vec<u8>) -> Result<oneshot::Receiver<Receipt>, NotTaken> {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else { return Err(NotTaken::Full(bytes)) };
        let (sender, receiver) = oneshot::channel();
        self.intake.hand_over(self.source, bytes, None, Some(sender), Some(permit)).map_err(|_| NotTaken::Closed)?;
        Ok(receiver)
    }

    /// For recorded input: hands over with a given time, from a thread that may block.
    pub fn send_recorded(&self, bytes: Vec<u8>, seen: Timestamp) -> Result<(), Closed> {
        let permit = loop {
            match self.permits.clone().try_acquire_owned() {
                Ok(permit) => break permit,
                Err(_) => std::thread::yield_now(),
            }
        };
        self.intake.hand_over(self.source, bytes, Some(seen), None, Some(permit))
    }
}
