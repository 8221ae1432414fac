//! Lanes and tally: the threads between intake and feed.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};

use super::reorder::Reorder;
use crate::decode::{self, Format};
use crate::http::Question;
use crate::incident::Refusal;
use crate::incidents::Erased;
use crate::intake::{Buffer, Intake, Receipt, Step};
use crate::lane::{Compiled, Input, Lane, Outcome};
use crate::recall::Recall;
use crate::tally::{self, Applied, Event, Tally};
use crate::telemetry;
use crate::time::{Clock, Timestamp};
use crate::topic::{Sign, SourceId};
use tokio::sync::oneshot;

/// Questions that wait at most; more are answered with "busy" at once.
const QUESTIONS: usize = 1024;

/// What an engine is made of.
pub struct Parts {
    /// Lane threads; at least one.
    pub lanes: usize,
    /// Format of every source, by `SourceId`.
    pub formats: Vec<Format>,
    /// What is known at first.
    pub tally: Tally,
    /// What to listen for at first.
    pub compiled: Arc<Compiled>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

/// What hears of everything the tally does, on the tally's thread and in order.
pub trait Sink: Send {
    /// One buffer was applied; `events` came of it, and its sender waits for `answer`.
    fn applied(&mut self, done: Done, events: &mut Vec<Event>);
    /// One beat was applied; `events` came of it.
    fn ticked(&mut self, beat: Beat, events: &mut Vec<Event>);
    /// What an agent wanted was done, or was not; `events` came of it.
    fn acted(&mut self, acted: Acted, _: &mut Vec<Event>) {
        acted.tell();
    }
    /// Somebody's data was erased; `events` came of it.
    fn erased(&mut self, forgotten: Forgotten, _: &mut Vec<Event>) {
        forgotten.tell();
    }
    /// How the tally stands after a beat.
    fn look(&mut self, _: &Tally) {}
}

/// A buffer that was applied. Dropped, it gives back its permit and answers its sender.
pub struct Done {
    /// The buffer.
    pub buffer: Box<Buffer>,
    /// What a lane made of it.
    pub outcome: Box<Outcome>,
    /// What the tally made of that.
    pub applied: Applied,
}

impl Done {
    /// What is told to the sender, if it asked.
    pub fn answer(&mut self) -> Option<Answer> {
        let to = self.buffer.receipt.take()?;
        Some(Answer { to, receipt: Receipt { accepted: self.outcome.decoded, refused: std::mem::take(&mut self.outcome.refusals) } })
    }
}

/// What is told to the sender of a buffer. Whoever drops it says that nothing is known of the buffer.
#[derive(Debug)]
pub struct Answer {
    to: oneshot::Sender<Receipt>,
    receipt: Receipt,
}

impl Answer {
    /// Tells it.
    pub fn give(self) {
        // The sender may have gone away; its posts are counted all the same.
        let _ = self.to.send(self.receipt);
    }
}

/// What an agent wanted done.
pub struct Acted {
    /// When it was asked for.
    pub at: Timestamp,
    /// What.
    pub order: Box<tally::Order>,
    /// What became of it.
    pub outcome: Result<(), Refusal>,
    /// Where that is told.
    pub answer: oneshot::Sender<Result<(), Refusal>>,
}

impl Acted {
    /// Tells it.
    pub fn tell(self) {
        // Whoever asked may have gone away; it is done all the same.
        let _ = self.answer.send(self.outcome);
    }
}

/// Whose data was erased.
pub struct Forgotten {
    /// Whose, by keys.
    pub erasure: tally::Erasure,
    /// What went.
    pub outcome: Erased,
    /// Where that is told.
    pub answer: oneshot::Sender<Erased>,
}

impl Forgotten {
    /// Tells it.
    pub fn tell(self) {
        // Whoever asked may have gone away; it is done all the same.
        let _ = self.answer.send(self.outcome);
    }
}

/// A beat that was applied.
pub struct Beat {
    /// Its time.
    pub at: Timestamp,
    /// What was listened for.
    pub compiled: Arc<Compiled>,
    /// What sources told before it.
    pub signs: Vec<(SourceId, Sign)>,
}

/// Running lanes and tally. Closing the intake ends them: what is in flight is finished first.
pub struct Engine {
    /// Where input goes in.
    pub intake: Arc<Intake>,
    /// Where questions to the tally go in.
    pub asks: Sender<Question>,
    lanes: Vec<JoinHandle<()>>,
    tally: JoinHandle<Tally>,
}

impl Engine {
    /// Starts the threads.
    pub fn start(parts: Parts, sink: Box<dyn Sink>) -> std::io::Result<Engine> {
        Engine::start_recalling(parts, Arc::new(Recall::default()), sink)
    }

    /// Starts the threads; `recall` keeps what comes in.
    pub fn start_recalling(parts: Parts, recall: Arc<Recall>, sink: Box<dyn Sink>) -> std::io::Result<Engine> {
        let (to_lanes, from_intake) = unbounded();
        let (to_tally, steps) = unbounded();
        let (asks, questions) = bounded(QUESTIONS);
        let intake = Intake::new(parts.clock.clone(), parts.compiled, to_lanes, to_tally.clone());
        let lanes = (0..parts.lanes.max(1))
            .map(|i| {
                let lane = Lane::new(decode::decoders(&parts.formats));
                let (buffers, done) = (from_intake.clone(), to_tally.clone());
                let (clock, recall) = (parts.clock.clone(), recall.clone());
                std::thread::Builder::new().name(format!("lane-{i}")).spawn(move || run_lane(lane, &buffers, &done, &recall, &*clock))
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        let tally = parts.tally;
        let tally =
            std::thread::Builder::new().name("tally".into()).spawn(move || run_tally(tally, &steps, &questions, sink, &*parts.clock))?;
        Ok(Engine { intake, asks, lanes, tally })
    }

    /// Takes no more input, finishes what is in flight and gives back the state.
    pub fn stop(self) -> Tally {
        self.intake.close();
        for lane in self.lanes {
            // A panic on another thread is a bug of ours; it must not pass silently.
            if let Err(panic) = lane.join() {
                std::panic::resume_unwind(panic);
            }
        }
        self.tally.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Works off buffers until the intake is closed and empty, or the tally is gone.
fn run_lane(mut lane: Lane, buffers: &Receiver<Box<Buffer>>, done: &Sender<Step>, recall: &Recall, clock: &dyn Clock) {
    let seconds = telemetry::stage("lane");
    let waiting = telemetry::queue_depth("lanes");
    for mut buffer in buffers {
        waiting.set(buffers.len() as f64);
        let started = clock.monotonic();
        let compiled = buffer.compiled.clone();
        // Before the decoder scribbles on it.
        recall.keep(buffer.number, buffer.source, buffer.seen, &buffer.bytes);
        let input = Input { bytes: &mut buffer.bytes, source: buffer.source, seen: buffer.seen, compiled: &compiled };
        let outcome = lane.process(input);
        seconds.record(clock.monotonic().saturating_sub(started).as_secs_f64());
        if done.send(Step::Outcome(buffer, Box::new(outcome))).is_err() {
            return;
        }
    }
}

/// Applies steps in number order and answers questions in between, until all senders are gone.
fn run_tally(
    mut tally: Tally,
    steps: &Receiver<Step>,
    questions: &Receiver<Question>,
    mut sink: Box<dyn Sink>,
    clock: &dyn Clock,
) -> Tally {
    let seconds = telemetry::stage("tally");
    let waiting = telemetry::queue_depth("tally");
    let mut reorder = Reorder::default();
    let mut events = Vec::new();
    let mut questions = questions.clone();
    loop {
        crossbeam::channel::select_biased! {
            recv(steps) -> step => match step {
                Ok(step) => reorder.push(step.number(), step),
                Err(_) => return tally,
            },
            recv(questions) -> ask => match ask {
                Ok(ask) => ask(&mut tally),
                Err(_) => questions = crossbeam::channel::never(),
            },
        }
        while let Some(step) = reorder.pop() {
            let started = clock.monotonic();
            apply(step, &mut tally, &mut *sink, &mut events);
            seconds.record(clock.monotonic().saturating_sub(started).as_secs_f64());
            waiting.set(steps.len() as f64);
            events.clear();
            if let Ok(ask) = questions.try_recv() {
                ask(&mut tally);
            }
        }
    }
}

fn apply(step: Step, tally: &mut Tally, sink: &mut dyn Sink, events: &mut Vec<Event>) {
    match step {
        Step::Tick { at, compiled, signs, .. } => {
            signs.iter().for_each(|(source, sign)| tally.hear(*source, *sign));
            tally.tick(&compiled, at, events);
            sink.ticked(Beat { at, compiled, signs }, events);
            sink.look(tally);
        }
        Step::Act { at, order, answer, .. } => {
            let outcome = tally.act(at, &order, events);
            sink.acted(Acted { at, order, outcome, answer }, events);
        }
        Step::Erase { erasure, answer, .. } => {
            let outcome = tally.erase(&erasure, events);
            sink.erased(Forgotten { erasure, outcome, answer }, events);
        }
        Step::Outcome(buffer, outcome) => {
            let applied = tally.apply(&buffer.compiled, buffer.source, &outcome, events);
            sink.applied(Done { buffer, outcome, applied }, events);
        }
    }
}

/// How many buffers of one source may be in flight when there are `sources` of them.
pub fn share(sources: usize) -> usize {
    (crate::limits::BUFFERS_IN_FLIGHT / sources.max(1)).max(2)
}

/// The number of the `i`-th source.
pub fn source_id(i: usize) -> SourceId {
    SourceId(u16::try_from(i).unwrap_or(u16::MAX))
}
