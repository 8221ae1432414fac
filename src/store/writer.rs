//! The thread that writes: all that waits goes into one transaction.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, TryRecvError, after};
use rusqlite::ErrorCode;

use super::log::Log;
use super::{Failed, Health, Job};
use crate::limits;
use crate::telemetry;
use crate::time::Clock;

/// Between two attempts while there is no room.
const PAUSE: Duration = Duration::from_millis(500);

pub struct Writer {
    pub log: Log,
    pub health: Arc<Health>,
    pub clock: Arc<dyn Clock>,
}

/// Why a commit that failed may work later.
fn passing(error: &rusqlite::Error) -> Option<&'static str> {
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some("full"),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some("busy"),
        _ => None,
    }
}

impl Writer {
    /// Until every sender is gone and all is durable, or the disk fails.
    pub fn run(mut self, jobs: &Receiver<Job>, mut publish: impl FnMut(Vec<Job>)) -> Result<(), Failed> {
        let mut held = Vec::new();
        while let Ok(job) = jobs.recv() {
            held.push(job);
            while !held.is_empty() {
                let last = self.take(jobs, &mut held);
                if self.commit(&held)? {
                    let written: Vec<_> = held.iter().filter_map(Job::written).collect();
                    publish(std::mem::take(&mut held));
                    // Closed means that nobody waits for it any more.
                    for step in written {
                        let _ = step.send(());
                    }
                } else if last {
                    let alerts = held.iter().filter(|job| matches!(job, Job::Alert(_))).count();
                    tracing::error!(alerts, "the store had no room at the end: these were never shown and are lost");
                    return Ok(());
                } else {
                    // What comes meanwhile waits in the channel; this one always fires.
                    let _ = after(PAUSE).recv();
                }
            }
        }
        Ok(())
    }

    /// Takes what waits; whether it was the last there will ever be. Beyond the bound alerts are lost,
    /// but never a delete.
    pub fn take(&self, jobs: &Receiver<Job>, held: &mut Vec<Job>) -> bool {
        loop {
            match jobs.try_recv() {
                Ok(Job::Alert(alert)) if held.len() >= limits::STORE_HELD => {
                    telemetry::store_errors("lost").increment(1);
                    tracing::error!(id = alert.id, "too many alerts wait for the store: one is lost");
                }
                Ok(job) => held.push(job),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Whether all of `held` is durable now; if not, it may be later.
    pub fn commit(&mut self, held: &[Job]) -> Result<bool, Failed> {
        let started = self.clock.monotonic();
        let done = self.log.commit(held, self.clock.now()).and_then(|()| self.log.bytes());
        match done {
            Ok(bytes) => {
                telemetry::store_commit().record(self.clock.monotonic().saturating_sub(started).as_secs_f64());
                telemetry::store_bytes().set(bytes as f64);
                if self.health.problem().is_some() {
                    tracing::info!(jobs = held.len(), "the store has room again: what was held is kept and shown");
                }
                self.health.set(None);
            }
            Err(error) => {
                let Some(class) = passing(&error) else { return Err(fatal(&error)) };
                telemetry::store_errors(class).increment(1);
                if self.health.problem().is_none() {
                    tracing::error!(%error, "the store takes no alerts: they are held and shown once it does");
                }
                self.health.set(Some(format!("alerts are held back: {error}")));
                return Ok(false);
            }
        }
        match self.log.wipe() {
            Err(error) if passing(&error).is_none() => Err(fatal(&error)),
            // Put off until the next commit.
            _ => Ok(true),
        }
    }
}

fn fatal(error: &rusqlite::Error) -> Failed {
    telemetry::store_errors("failed").increment(1);
    Failed(error.to_string())
}
