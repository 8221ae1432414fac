//! The thread that writes: all that waits goes into one transaction.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, TryRecvError, after};
use rusqlite::ErrorCode;

use super::keeper::Piece;
use super::log::Log;
use super::state::State;
use super::{Failed, Health, Job};
use crate::journal::{Row, Sets};
use crate::limits;
use crate::telemetry;
use crate::time::Clock;

/// Between two attempts while there is no room.
const PAUSE: Duration = Duration::from_millis(500);
/// What the tally did is durable within this, if nothing else is to be written before.
const BARRIER: Duration = Duration::from_secs(1);

/// Where the writer asks for snapshots, and where they come from.
pub struct Snapshots {
    pub asks: Sender<(State, i64)>,
    pub pieces: Receiver<Piece>,
    /// What is listened for, until a snapshot is taken.
    pub sets: Sets,
}

pub struct Writer {
    pub log: Log,
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
    snapshots: Option<Snapshots>,
    /// What waits for a commit, in order.
    pub held: Vec<Job>,
    /// Beside it, what the tally did, and since when it waits.
    row: Row,
    since: Option<Duration>,
    /// Of the snapshot that is being made.
    piece: Option<Piece>,
    /// One is being made, behind this generation.
    asked: Option<i64>,
    /// The next is made once the journal has so many bytes.
    again: u64,
    /// A post was deleted whose text may be in snapshot or journal, at this time.
    gone: Option<Duration>,
}

/// Why a commit that failed may work later.
pub fn passing(error: &rusqlite::Error) -> Option<&'static str> {
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some("full"),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some("busy"),
        _ => None,
    }
}

impl Writer {
    /// `held` comes first: there was no room for it at the start.
    pub fn new(log: Log, held: Vec<Job>, health: Arc<Health>, clock: Arc<dyn Clock>, snapshots: Option<Snapshots>) -> Writer {
        Writer { log, health, clock, snapshots, held, row: Row::default(), since: None, piece: None, asked: None, again: 0, gone: None }
    }

    /// Wipes, or puts it off.
    fn wipe(&mut self) -> Result<(), Failed> {
        match self.log.wipe() {
            Err(error) if passing(&error).is_none() => Err(fatal(&error)),
            _ => Ok(()),
        }
    }

    /// Until every sender is gone and all is durable, or the disk fails.
    pub fn run(mut self, jobs: &Receiver<Job>, mut publish: impl FnMut(Vec<Job>)) -> Result<(), Failed> {
        loop {
            let last = self.gather(jobs);
            if self.is_empty() {
                if last {
                    return Ok(());
                }
                // What could not be wiped is while nothing is to be written.
                self.wipe()?;
                continue;
            }
            if self.commit()? {
                let written: Vec<_> = self.held.iter().filter_map(Job::written).collect();
                publish(std::mem::take(&mut self.held));
                // Closed means that nobody waits for it any more.
                for step in written {
                    let _ = step.send(());
                }
                // It takes as long as several commits, and readers have no use for it.
                self.wipe()?;
                self.ask();
            } else if last {
                let alerts = self.held.iter().filter(|job| matches!(job, Job::Alert(..))).count();
                tracing::error!(alerts, "the store had no room at the end: these were never shown and are lost");
                return Ok(());
            } else {
                // What comes meanwhile waits in the channel; this one always fires.
                let _ = after(PAUSE).recv();
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.row.is_empty() && self.piece.is_none()
    }

    /// Waits until something is to be written now; whether no more will ever come.
    fn gather(&mut self, jobs: &Receiver<Job>) -> bool {
        let pieces = self.snapshots.as_ref().map_or_else(crossbeam::channel::never, |s| s.pieces.clone());
        loop {
            if self.take(jobs) {
                return true;
            }
            if self.piece.is_none() {
                self.piece = pieces.try_recv().ok().and_then(|piece| self.present(piece));
            }
            let waited = self.since.map(|since| self.clock.monotonic().saturating_sub(since));
            let due = self.row.bytes() >= limits::JOURNAL_ROW || waited.is_some_and(|waited| waited >= BARRIER);
            if due || self.piece.is_some() || !self.held.is_empty() {
                return false;
            }
            let wait = waited.map_or(BARRIER, |waited| BARRIER.saturating_sub(waited));
            crossbeam::channel::select! {
                recv(jobs) -> job => match job {
                    Ok(job) => self.put(job),
                    Err(_) => return true,
                },
                recv(pieces) -> piece => self.piece = piece.ok().and_then(|piece| self.present(piece)),
                default(wait) => if self.row.is_empty() { return false },
            }
        }
    }

    /// The piece, unless it is of a snapshot that came too late.
    fn present(&self, piece: Piece) -> Option<Piece> {
        if self.asked == Some(self.log.state().generation) {
            return Some(piece);
        }
        (!matches!(piece, Piece::Part(_))).then(|| Piece::Failed("the running state was written meanwhile".to_owned()))
    }

    /// Takes what waits; whether it was the last there will ever be.
    pub fn take(&mut self, jobs: &Receiver<Job>) -> bool {
        loop {
            match jobs.try_recv() {
                Ok(job) => self.put(job),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
            if self.row.bytes() >= limits::JOURNAL_ROW && self.health.problem().is_none() {
                return false;
            }
        }
    }

    /// Beyond the bound alerts are lost, but never a delete; of what the tally did all is let go of then, and
    /// its state asked for.
    fn put(&mut self, job: Job) {
        match job {
            Job::Together(jobs) => jobs.into_iter().for_each(|job| self.put(job)),
            Job::Item(_) if self.health.is_lost() => {}
            Job::Item(item) => {
                self.row.add(&item);
                self.since.get_or_insert_with(|| self.clock.monotonic());
                if self.row.bytes() > limits::JOURNAL_HELD {
                    tracing::error!("the store has had no room for too long: it will take the whole state once it has");
                    telemetry::store_errors("behind").increment(1);
                    self.row = Row::default();
                    self.lose(true);
                }
            }
            Job::Whole => {
                // All before is in the parts.
                (self.row, self.since) = (Row::default(), None);
                self.lose(false);
                self.held.push(job);
            }
            Job::Alert(alert, _) if self.held.len() >= limits::STORE_HELD => {
                telemetry::store_errors("lost").increment(1);
                tracing::error!(id = alert.id, "too many alerts wait for the store: one is lost");
            }
            // They leave the alerts half of the room.
            Job::Incident(moved) if self.held.len() >= limits::STORE_HELD / 2 => {
                telemetry::store_errors("lost").increment(1);
                tracing::error!(at = %moved.at, "too much waits for the store: a change of an incident is lost");
            }
            job => self.held.push(job),
        }
    }

    /// The state falls behind the alerts, or is told as a whole.
    fn lose(&mut self, lost: bool) {
        self.health.lose(lost);
        self.log.keep_up(!lost);
    }

    /// Whether all that is held is durable now; if not, it may be later.
    pub fn commit(&mut self) -> Result<bool, Failed> {
        let started = self.clock.monotonic();
        let done = self.log.commit(&mut self.held, &self.row, self.piece.as_ref(), self.clock.now());
        let done = done.and_then(|()| self.log.bytes());
        match done {
            Ok(bytes) => {
                telemetry::store_commit().record(self.clock.monotonic().saturating_sub(started).as_secs_f64());
                telemetry::store_bytes().set(bytes as f64);
                if self.health.problem().is_some() {
                    tracing::info!(jobs = self.held.len(), "the store has room again: what was held is kept and shown");
                }
                self.health.release();
                self.committed();
            }
            Err(error) => {
                let Some(class) = passing(&error) else { return Err(fatal(&error)) };
                telemetry::store_errors(class).increment(1);
                self.health.hold(&error.to_string());
                // Nobody waits to be told that something is safe that is not.
                self.held.retain(|job| !matches!(job, Job::Then(_)));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What comes of a commit.
    fn committed(&mut self) {
        (self.row, self.since) = (Row::default(), None);
        if self.held.iter().any(|job| matches!(job, Job::Gone(_) | Job::Edited(..))) {
            self.gone.get_or_insert(self.clock.monotonic());
        }
        for job in std::mem::take(&mut self.held) {
            match job {
                Job::Then(then) => (then.0)(),
                job => self.held.push(job),
            }
        }
        match self.piece.take() {
            Some(Piece::Whole(_, version)) => {
                self.asked = None;
                self.snapshots.iter().for_each(|s| s.sets.forget_before(version));
            }
            Some(Piece::Failed(why)) => {
                self.asked = None;
                self.again = self.log.state().journal_bytes.saturating_mul(2);
                telemetry::store_errors("snapshot").increment(1);
                tracing::error!(why, "no snapshot could be made: the journal goes on");
            }
            _ => {}
        }
    }

    /// Asks for a snapshot if the journal is longer than what it stands behind, or has what is to be
    /// forgotten.
    fn ask(&mut self) {
        let (Some(snapshots), state) = (&self.snapshots, *self.log.state()) else { return };
        let long = state.journal_bytes > self.log.journal().max(state.snapshot_bytes).max(self.again);
        let forget = self.gone.is_some_and(|gone| self.clock.monotonic().saturating_sub(gone) >= limits::JOURNAL_FORGETS);
        if self.asked.is_some() || state.rows == 0 || !(long || forget || state.rows > limits::JOURNAL_ROWS) {
            return;
        }
        // What is deleted from now on is for the next one.
        self.gone = None;
        self.asked = snapshots.asks.try_send((state, state.row)).is_ok().then_some(state.generation);
    }
}

fn fatal(error: &rusqlite::Error) -> Failed {
    telemetry::store_errors("failed").increment(1);
    Failed(error.to_string())
}
