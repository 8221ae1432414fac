//! The one place that orders input and stamps time.
//!
//! Every buffer and every tick gets the next number here, so that nothing later depends on how many
//! lanes there are. Async sources meet the threads here: a source awaits its permit, after which the
//! hand-over itself can never block, because the queue is as long as there are permits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::Sender;
use metrics::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::decode;
use crate::incident::Refusal;
use crate::incidents::Erased;
use crate::lane::{Compiled, Outcome};
use crate::limits;
use crate::reason::Refused;
use crate::tally;
use crate::time::{Clock, Timestamp};
use crate::topic::{Cursor, Sign, SourceId};

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
    /// Where its source goes on behind it.
    pub cursor: Option<Cursor>,
    /// Answered once it is applied and, where there is a store, survives a crash.
    pub receipt: Option<oneshot::Sender<Receipt>>,
    /// Given back when the buffer is dropped, after the tally has applied it.
    pub permit: Option<Permit>,
}

/// Lets one buffer be in flight: one of its source's share and one of all.
#[derive(Debug)]
pub struct Permit {
    _share: OwnedSemaphorePermit,
    _engine: OwnedSemaphorePermit,
}

/// One numbered item as it reaches the tally.
#[derive(Debug)]
pub enum Step {
    /// What a lane made of a buffer.
    Outcome(Box<Buffer>, Box<Outcome>),
    /// What an agent wants done, straight from the intake.
    Act {
        /// Its place in the order.
        number: u64,
        /// When it was asked for.
        at: Timestamp,
        /// What.
        order: Box<tally::Order>,
        /// Answered once it is done, or is not, and where there is a store survives a crash.
        answer: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Somebody's data is to be erased, straight from the intake.
    Erase {
        /// Its place in the order.
        number: u64,
        /// Whose.
        erasure: tally::Erasure,
        /// Answered once it is done and, where there is a store, survives a crash.
        answer: oneshot::Sender<Erased>,
    },
    /// A beat of time, straight from the intake.
    Tick {
        /// Its place in the order.
        number: u64,
        /// The time.
        at: Timestamp,
        /// What to listen for.
        compiled: Arc<Compiled>,
        /// What sources told of themselves since the last beat: at most two signs of each.
        signs: Vec<(SourceId, Sign)>,
    },
}

impl Step {
    /// Its place in the order.
    pub fn number(&self) -> u64 {
        match self {
            Step::Outcome(buffer, _) => buffer.number,
            Step::Tick { number, .. } | Step::Act { number, .. } | Step::Erase { number, .. } => *number,
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
    signs: Vec<(SourceId, Sign)>,
    lanes: Option<Sender<Box<Buffer>>>,
    tally: Option<Sender<Step>>,
}

/// Numbers and stamps all input.
pub struct Intake {
    order: Mutex<Order>,
    /// `limits::BUFFERS_IN_FLIGHT`, however many sources there are.
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Intake {
    /// An intake that feeds `lanes` with buffers and `tally` with ticks.
    pub fn new(clock: Arc<dyn Clock>, compiled: Arc<Compiled>, lanes: Sender<Box<Buffer>>, tally: Sender<Step>) -> Arc<Intake> {
        let order = Order { next: 0, compiled, signs: Vec::new(), lanes: Some(lanes), tally: Some(tally) };
        Arc::new(Intake { order: Mutex::new(order), permits: Arc::new(Semaphore::new(limits::BUFFERS_IN_FLIGHT)), clock })
    }

    /// A source's way in. `share` buffers of it can be in flight at once; `received` counts its items.
    pub fn port(self: &Arc<Self>, source: SourceId, share: usize, received: Counter) -> Port {
        let share = Arc::new(Semaphore::new(share.clamp(1, limits::BUFFERS_IN_FLIGHT)));
        Port { intake: self.clone(), source, share, received }
    }

    /// A beat of time; `at` is the clock's now in `run` and event time in `replay`.
    pub fn tick(&self, at: Timestamp) -> Result<(), Closed> {
        let mut order = self.lock();
        let number = order.next;
        let compiled = order.compiled.clone();
        let signs = std::mem::take(&mut order.signs);
        order.tally.as_ref().ok_or(Closed)?.send(Step::Tick { number, at, compiled, signs }).map_err(|_| Closed)?;
        order.next += 1;
        Ok(())
    }

    /// An agent wants something done; what became of it is told once it is durable.
    pub fn act(&self, order: tally::Order) -> Result<oneshot::Receiver<Result<(), Refusal>>, Closed> {
        let (answer, told) = oneshot::channel();
        let mut state = self.lock();
        let (number, at, order) = (state.next, self.clock.now(), Box::new(order));
        state.tally.as_ref().ok_or(Closed)?.send(Step::Act { number, at, order, answer }).map_err(|_| Closed)?;
        state.next += 1;
        Ok(told)
    }

    /// Somebody's data is to be erased; what is told once it was.
    ///
    /// # Errors
    /// The engine is gone.
    pub fn erase(&self, erasure: tally::Erasure) -> Result<oneshot::Receiver<Erased>, Closed> {
        let (answer, told) = oneshot::channel();
        let mut state = self.lock();
        let number = state.next;
        state.tally.as_ref().ok_or(Closed)?.send(Step::Erase { number, erasure, answer }).map_err(|_| Closed)?;
        state.next += 1;
        Ok(told)
    }

    /// A source tells something of itself, which goes with the next beat: of what it tells in between, the
    /// last counts, beside that it shed.
    fn sign(&self, source: SourceId, sign: Sign) {
        let mut order = self.lock();
        let shed = sign == Sign::Shed;
        order.signs.retain(|(of, told)| *of != source || (*told == Sign::Shed) != shed);
        order.signs.push((source, sign));
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
        let lines = decode::count_lines(&bytes);
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
            cursor: how.cursor,
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
    cursor: Option<Cursor>,
    receipt: Option<oneshot::Sender<Receipt>>,
    permit: Option<Permit>,
}

/// A source's way into the engine. Whole lines go in; a buffer is at most `limits::BUFFER_BYTES`
/// unless one line alone is longer.
#[derive(Clone)]
pub struct Port {
    intake: Arc<Intake>,
    source: SourceId,
    share: Arc<Semaphore>,
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

    /// Tells the engine whether the source can be heard.
    pub fn sign(&self, sign: Sign) {
        self.intake.sign(self.source, sign);
    }

    /// Whether a buffer would be taken at once: a source that gathers small frames hands over what
    /// it has whenever it has nothing more to read or its buffer is full.
    pub fn is_free(&self) -> bool {
        self.share.available_permits() > 0 && self.intake.permits.available_permits() > 0
    }

    /// Waits until a buffer would be taken at once. Takes nothing itself, so it may be cancelled
    /// at any time, which [`Port::send`] with its bytes in hand may not.
    pub async fn ready(&self) {
        // Never closed: the port holds them.
        let _share = self.share.acquire().await;
        let _engine = self.intake.permits.acquire().await;
    }

    async fn permit(&self) -> Result<Permit, Closed> {
        let share = self.share.clone().acquire_owned().await.map_err(|_| Closed)?;
        let engine = self.intake.permits.clone().acquire_owned().await.map_err(|_| Closed)?;
        Ok(Permit { _share: share, _engine: engine })
    }

    fn try_permit(&self) -> Option<Permit> {
        let share = self.share.clone().try_acquire_owned().ok()?;
        let engine = self.intake.permits.clone().try_acquire_owned().ok()?;
        Some(Permit { _share: share, _engine: engine })
    }

    /// Hands over whole lines as soon as a permit is free.
    pub async fn send(&self, bytes: Vec<u8>) -> Result<(), Closed> {
        self.send_up_to(bytes, None).await
    }

    /// The same; behind them, the source goes on at `cursor`.
    pub async fn send_up_to(&self, bytes: Vec<u8>, cursor: Option<Cursor>) -> Result<(), Closed> {
        let permit = self.permit().await?;
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), cursor, ..HandOver::default() })
    }

    /// Hands over whole lines now or not at all.
    pub fn try_send(&self, bytes: Vec<u8>) -> Result<(), NotTaken> {
        self.try_send_up_to(bytes, None)
    }

    /// The same; behind them, the source goes on at `cursor`.
    pub fn try_send_up_to(&self, bytes: Vec<u8>, cursor: Option<Cursor>) -> Result<(), NotTaken> {
        let Some(permit) = self.try_permit() else { return Err(NotTaken::Full(bytes)) };
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), cursor, ..HandOver::default() }).map_err(|_| NotTaken::Closed)
    }

    /// Hands over whole lines as soon as a permit is free; tells what became of them.
    pub async fn send_with_receipt(&self, bytes: Vec<u8>) -> Result<oneshot::Receiver<Receipt>, Closed> {
        let permit = self.permit().await?;
        let (sender, receiver) = oneshot::channel();
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), receipt: Some(sender), ..HandOver::default() })?;
        Ok(receiver)
    }

    /// Like [`Port::try_send`], and tells what became of the lines.
    pub fn try_send_with_receipt(&self, bytes: Vec<u8>) -> Result<oneshot::Receiver<Receipt>, NotTaken> {
        let Some(permit) = self.try_permit() else { return Err(NotTaken::Full(bytes)) };
        let (sender, receiver) = oneshot::channel();
        self.intake
            .hand_over(self, bytes, HandOver { permit: Some(permit), receipt: Some(sender), ..HandOver::default() })
            .map_err(|_| NotTaken::Closed)?;
        Ok(receiver)
    }

    /// For recorded input: like [`Port::send`], with a given time.
    pub async fn send_recorded(&self, bytes: Vec<u8>, seen: Timestamp) -> Result<(), Closed> {
        let permit = self.permit().await?;
        self.intake.hand_over(self, bytes, HandOver { permit: Some(permit), seen: Some(seen), ..HandOver::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;
    use crossbeam::channel::unbounded;
    use futures_util::FutureExt;

    #[test]
    fn signs_go_with_the_next_beat_in_bounded_room() {
        let ((lanes, _buffers), (tally, steps)) = (unbounded(), unbounded());
        let intake = Intake::new(Arc::new(ManualClock::default()), Arc::new(Compiled::default()), lanes, tally);
        let ports: Vec<Port> = (0..2).map(|i| intake.port(SourceId(i), 1, Counter::noop())).collect();
        for _ in 0..1000 {
            [Sign::Up, Sign::Shed, Sign::Down].into_iter().for_each(|sign| ports[1].sign(sign));
        }
        ports[0].sign(Sign::Up);
        intake.tick(Timestamp(1)).expect("open");
        intake.tick(Timestamp(2)).expect("open");
        let told: Vec<_> =
            steps.try_iter().map(|step| if let Step::Tick { signs, .. } = step { signs } else { panic!("a beat") }).collect();
        assert_eq!(told, [vec![(SourceId(1), Sign::Shed), (SourceId(1), Sign::Down), (SourceId(0), Sign::Up)], vec![]]);
    }

    #[test]
    fn all_sources_together_stay_within_the_buffers_in_flight() {
        let ((lanes, buffers), (tally, _)) = (unbounded(), unbounded());
        let intake = Intake::new(Arc::new(ManualClock::default()), Arc::new(Compiled::default()), lanes, tally);
        let share = limits::BUFFERS_IN_FLIGHT / 2 + 1;
        let ports: Vec<Port> = (0..3).map(|i| intake.port(SourceId(i), share, Counter::noop())).collect();
        let taken: Vec<usize> = ports.iter().map(|port| (0..).take_while(|_| port.try_send(b"1\n".to_vec()).is_ok()).count()).collect();
        assert_eq!(taken, [share, limits::BUFFERS_IN_FLIGHT - share, 0], "no source takes all, and all take no more than there are");
        for port in &ports {
            assert!(!port.is_free() && port.ready().now_or_never().is_none());
        }
        drop(buffers.recv());
        for port in &ports {
            assert!(port.is_free() && port.ready().now_or_never().is_some());
        }
    }
}
