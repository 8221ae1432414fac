//! The alerts on disk: one SQLite file with every transition of every alert, in order, and what is still to be
//! told of them.
//!
//! A transition gets its sequence number from the commit that makes it durable, and only then is it
//! handed on to be shown; so what a reader has seen outlives the process. The writer has a thread of
//! its own and takes all that waits into one transaction. The tally never waits for it.

mod file;
mod log;
mod outbox;
mod writer;

pub use outbox::{Past, Step};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use arc_swap::ArcSwapOption;
use crossbeam::channel::{Sender, unbounded};
use tokio::sync::mpsc::UnboundedSender;

use crate::alert::{Alert, Severity, Status};
use crate::bilingual::Both;
use crate::post::{PostBuf, PostKey};
use crate::time::{Clock, Timestamp};

/// Where and how long alerts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Microseconds after which a transition may go.
    pub retention: i64,
    /// Bytes of content beyond which the oldest go.
    pub max_bytes: u64,
}

/// One transition as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the sequence.
    pub seq: u64,
    /// Id of the alert.
    pub id: String,
    /// Name of the topic.
    pub topic: String,
    /// Firing or resolved.
    pub status: Status,
    /// How bad.
    pub severity: Severity,
    /// The alert object of the streams.
    pub body: String,
    /// The posts it shows.
    pub posts: Vec<PostKey>,
}

impl Kept {
    /// As [`Alert::is_about`].
    pub fn is_about(&self, name: &str) -> bool {
        if self.topic == name {
            return true;
        }
        let alert: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let parts = alert["topics"].as_array().into_iter().flatten();
        alert["source"].is_string() || parts.into_iter().any(|part| part["topic"] == name)
    }
}

/// What the file is told, in the order it happened.
#[derive(Debug, Clone)]
pub enum Job {
    /// A transition.
    Alert(Box<Alert>),
    /// A post was deleted: its text, author and links leave the file.
    Gone(PostKey),
    /// A post has a new version.
    Edited(PostKey, PostBuf),
    /// What is to be told, and what was.
    Deliveries(Box<Step>),
}

impl Job {
    /// Whom to tell once it is durable.
    pub(crate) fn written(&self) -> Option<UnboundedSender<()>> {
        match self {
            Job::Deliveries(step) => Some(step.written.clone()),
            Job::Alert(_) | Job::Gone(_) | Job::Edited(..) => None,
        }
    }
}

/// Why the file is not used. It is never guessed at and never changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Another process has it.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// Not made by this program.
    #[error("{} is no escucha store: name another file in [store] path", .0.display())]
    Foreign(PathBuf),
    /// Made by a later version.
    #[error("{} has format {found}, which a newer escucha wrote: use that version, or another file", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// It lost bytes or holds wrong ones.
    #[error("{} is damaged ({why}): restore a backup, or move it away to begin anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file system refused.
    #[error("{} cannot be used: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl Refused {
    /// For people.
    pub fn text(&self) -> Both {
        let es = match self {
            Refused::InUse(path) => format!("{} está en uso por otro proceso", path.display()),
            Refused::Foreign(path) => format!("{} no es un almacén de escucha: indica otro archivo en [store] path", path.display()),
            Refused::Newer { path, found } => {
                format!("{} tiene el formato {found}, de una versión más nueva de escucha: usa esa, u otro archivo", path.display())
            }
            Refused::Damaged { path, why } => {
                format!("{} está dañado ({why}): restaura una copia, o apártalo para empezar de nuevo", path.display())
            }
            Refused::Io { path, why } => format!("no se puede usar {}: {why}", path.display()),
        };
        Both::new(es, self.to_string())
    }
}

/// The disk failed in a way that waiting does not mend; what it holds is not known any more.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct Failed(pub String);

/// What is wrong with a running store, if anything.
#[derive(Debug, Default)]
pub struct Health(ArcSwapOption<String>);

impl Health {
    /// A sentence, while alerts are held back.
    pub fn problem(&self) -> Option<String> {
        self.0.load().as_deref().cloned()
    }

    fn set(&self, problem: Option<String>) {
        self.0.store(problem.map(Arc::new));
    }
}

/// An open file and what it held.
pub struct Opened {
    /// Name of the file's life, made with it.
    pub epoch: String,
    /// Number of the next transition.
    pub next: u64,
    /// The latest transitions, in order and without a gap up to `next`.
    pub kept: Vec<Kept>,
    /// Ids that were given to alerts of the recent past.
    pub ids: BTreeSet<String>,
    /// What is still to be told.
    pub past: Past,
    log: log::Log,
}

impl Opened {
    /// Opens the file, or makes it with the life `epoch`. Alerts that it shows firing are resolved at
    /// `now`, for nothing watches them any more.
    ///
    /// # Errors
    /// It is not used.
    pub fn open(settings: &Settings, epoch: &str, now: Timestamp) -> Result<Opened, Refused> {
        Opened::after(settings, epoch, |log| log.end_firing(now))
    }

    fn after(settings: &Settings, epoch: &str, first: impl FnOnce(&mut log::Log) -> rusqlite::Result<()>) -> Result<Opened, Refused> {
        let file = file::open(&settings.path, epoch)?;
        let io = |e: rusqlite::Error| file::refusal(&settings.path, &e);
        let mut log = log::Log::new(file, settings.clone()).map_err(io)?;
        first(&mut log).map_err(io)?;
        let (epoch, kept, ids) = (log.epoch().map_err(io)?, log.latest().map_err(io)?, log.ids().map_err(io)?);
        let past = Past::load(log.connection(), &settings.path)?;
        Ok(Opened { epoch, next: log.next(), kept, ids, past, log })
    }

    /// What a file holds, whatever it shows firing.
    #[cfg(test)]
    pub(crate) fn as_it_is(settings: &Settings, epoch: &str) -> Result<Opened, Refused> {
        Opened::after(settings, epoch, |_| Ok(()))
    }

    /// Writes at once, as the thread does.
    #[cfg(test)]
    pub(crate) fn commit(&mut self, jobs: &[Job], now: Timestamp) -> rusqlite::Result<()> {
        self.log.commit(jobs, now)?;
        self.log.wipe()
    }

    /// A process that dies is no power cut: tests of it need not wait for the disk.
    #[cfg(test)]
    pub(crate) fn without_sync(&self) {
        self.log.connection().pragma_update(None, "synchronous", "OFF").expect("a pragma");
    }

    /// Starts the thread that writes. `publish` hears of all that has become durable, in order;
    /// `failed` is called once if the disk fails for good, and then nothing more is taken.
    pub fn start(
        self,
        clock: Arc<dyn Clock>,
        publish: impl FnMut(Vec<Job>) + Send + 'static,
        failed: impl FnOnce(Failed) + Send + 'static,
    ) -> std::io::Result<Store> {
        let (jobs, waiting) = unbounded();
        let health = Arc::new(Health::default());
        let writer = writer::Writer { log: self.log, health: health.clone(), clock };
        let work = move || {
            if let Err(error) = writer.run(&waiting, publish) {
                failed(error);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(work)?;
        Ok(Store { jobs, health, thread })
    }
}

/// A running store. It ends when all that it was told is durable and every sender is gone.
pub struct Store {
    /// Where it is told.
    pub jobs: Sender<Job>,
    /// How it is.
    pub health: Arc<Health>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Waits for the last commit.
    pub fn stop(self) {
        drop(self.jobs);
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

#[cfg(test)]
mod tests;
