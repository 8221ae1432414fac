//! The one place that orders input and stamps time.
//!
//! Every buffer and every tick gets the next number here, so that nothing later depends on how many
//! lanes there are. Async sources meet the threads here: a source awaits its permit, after which the
//! hand-over itself can never block, because the queue is as long as there are permits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::Sender;
use metrics::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::lane::{Compiled, Outcome};
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
    /// How many of them are not blank.
    pub lines: u64,
    /// What to listen for.
    pub compiled: Arc<Compiled>,
    /// Answered once the tally has applied it.
    pub receipt: Option<oneshot::Sender<Receipt>>,
    /// Given back when the buffer is dropped, after the tally has applied it.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// One numbered item as it reaches the tally.
#[derive(Debug)]
pub enum Step {
    /// What a lane made of a buffer.
    Outcome(Box<Buffer>, Box<Outcome>),
    /// A beat of time, straight from the intake.
    Tick {
        /// Its place in the order.
        number: u64,
        /// The time.
        at: Timestamp,
        /// What to listen for.
        compiled: Arc<Compiled>,
    },
}

impl Step {
    /// Its place in the order.
    pub fn number(&self) -> u64 {
        match self {
            Step::Outcome(buffer, _) => buffer.number,
            Step::Tick { number, .. } => *number,
        }
    }
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
    tally: Option<Sender<Step>>,
}

/// Numbers and stamps all input.
pub struct Intake {
    order: Mutex<Order>,
    clock: Arc<dyn Clock>,
}

impl Intake {
    /// An intake that feeds `lanes` with buffers and `tally` with ticks.
    pub fn new(clock: Arc<dyn Clock>, compiled: Arc<Compiled>, lanes: Sender<Box<Buffer>>, tally: Sender<Step>) -> Arc<Intake> {
        let order = Order { next: 0, compiled, lanes: Some(lanes), tally: Some(tally) };
        Arc::new(Intake { order: Mutex::new(order), clock })
    }

    /// A source's way in. `share` buffers of it can be in flight at once; `received` counts its items.
    pub fn port(self: &Arc<Self>, source: SourceId, share: usize, received: Counter) -> Port {
        let permits = Arc::new(Semaphore::new(share.clamp(1, limits::BUFFERS_IN_FLIGHT)));
        Port { intake: self.clone(), source, permits, received }
    }

    /// A beat of time; `at` is the clock's now in `run` and event time in `replay`.
    pub fn tick(&self, at: Timestamp) -> Result<(), Closed> {
        let mut order = self.lock();
        let number = order.next;
        let compiled = order.compiled.clone();
        order.tally.as_ref().ok_or(Closed)?.send(Step::Tick { number, at, compiled }).map_err(|_| Closed)?;
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

    fn lock(&self) -> MutexGuard<'_, Order> {
        // The lock is held for a few assignments that cannot panic.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(&self, port: &Port, bytes: Vec<u8>, how: HandOver) -> Result<(), Closed> {
        let lines = count_lines(&bytes);
        port.received.increment(lines);
        let mut order = self.lock();
        let buffer = Box::new(Buffer {
            number: order.next,
            source: port.source,
            seen: how.seen.unwrap_or_else(|| self.clock.now()),
            taken: self.clock.monotonic(),
            bytes,
            lines,
            compiled: order.compiled.clone(),
            receipt: how.receipt,
            permit: how.permit,
        });
        // Sent under the lock: the queue is unbounded, its length is bounded by the permits.
        order.lanes.as_ref().ok_or(Closed)?.send(buffer).map_err(|_| Closed)?;
        order.next += 1;
        Ok(())
    }
}

/// What goes along with a buffer.
#[derive(Default)]
struct HandOver {
    seen: Option<Timestamp>,
    receipt: Option<oneshot::Sender<Receipt>>,
    permit: Option<OwnedSemaphorePermit>,
}

/// Lines that are not blank: the items of a frame, where a line is one item.
pub fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        lines += u64::from(rest[..end].iter().any(|b| !b.is_ascii_whitespace()));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    lines
}

/// A source's way into the engine. Whole lines go in; a buffer is at most `limits::BUFFER_BYTES`
/// unless one line alone is longer.
#[derive(Clone)]
pub struct Port {
    intake: Arc<Intake>,
    source: SourceId,
    permits: Arc<Semaphore>,
    received: Counter,
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
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), ..HandOver::default() })
    }

    /// Hands over whole lines now or not at all.
    pub fn try_send(&self, bytes: Vec<u8>) -> Result<(), NotTaken> {
        match self.permits.clone().try_acquire_owned() {
            Ok(permit) => {
                self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), ..HandOver::default() }).map_err(|_| NotTaken::Closed)
            }
            Err(_) => Err(NotTaken::Full(bytes)),
        }
    }

    /// Like [`Port::try_send`], and tells what became of the lines.
    pub fn try_send_with_receipt(&self, bytes: Vec<u8>) -> Result<oneshot::Receiver<Receipt>, NotTaken> {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else { return Err(NotTaken::Full(bytes)) };
        let (sender, receiver) = oneshot::channel();
        self.intake
            .hand_over(self, bytes, HandOver { permit: Some(permit), receipt: Some(sender), seen: None })
            .map_err(|_| NotTaken::Closed)?;
        Ok(receiver)
    }

    /// For recorded input: like [`Port::send`], with a given time.
    pub async fn send_recorded(&self, bytes: Vec<u8>, seen: Timestamp) -> Result<(), Closed> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| Closed)?;
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), seen: Some(seen), receipt: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_nothing() {
        for (bytes, lines) in [("", 0), ("\n\r\n \t\n", 0), ("a", 1), ("a\n", 1), ("a\n\nb\r\n", 2)] {
            assert_eq!(count_lines(bytes.as_bytes()), lines, "{bytes:?}");
        }
    }
}
