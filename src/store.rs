//! What outlives the process: one SQLite file with every transition of every alert and the latest changes of
//! customers' matters, in order, what is still to be told of the alerts, and the state of the tally, from which a
//! start goes on.
//!
//! A transition, or a change, gets its sequence number from the commit that makes it durable, and only then is it
//! handed on to be shown; so what a reader has seen outlives the process. The writer has a thread of
//! its own and takes all that waits into one transaction. The tally never waits for it.

mod changes;
mod copy;
mod erase;
mod file;
mod keeper;
mod log;
mod outbox;
mod reader;
mod state;
mod sums;
mod wal;
mod writer;

pub use changes::Moved;
pub use copy::{NotCopied, Summary, backup, look};
pub use outbox::{Past, Step};
pub use reader::{Asked, Page, Reader};

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use crossbeam::channel::{Sender, bounded, unbounded};
use tokio::sync::mpsc::UnboundedSender;

use crate::alert::{Alert, Reason, Severity, Status};
use crate::bilingual::Both;
use crate::codec;
use crate::incidents::Erased;
use crate::journal::{Fold, Item, Names, Row, Setting};
use crate::post::{PostBuf, PostKey};
use crate::tally::{Erasure, Event};
use crate::telemetry;
use crate::time::{Clock, Timestamp};
use crate::wire;
use keeper::Unreadable;
use state::State;

/// Where and how long alerts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Microseconds after which a transition may go.
    pub retention: i64,
    /// Bytes of content beyond which the oldest go.
    pub max_bytes: u64,
    /// Bytes of the journal beyond which a snapshot is made, if it is longer than the one before.
    pub journal: u64,
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

    /// The transition `seq` that resolves it at `at`, after a restart.
    pub fn ended(&self, seq: u64, at: Timestamp) -> Kept {
        Kept { seq, status: Status::Resolved, body: wire::ended_json(&self.body, seq, at, &restarted()), ..self.clone() }
    }
}

/// Why an alert that nothing watches any more is over.
pub fn restarted() -> Reason {
    Reason {
        code: "restarted",
        text: Both::new("El motor se reinició y la cuenta empieza de nuevo", "The engine was restarted and counts anew"),
        value: 0.0,
    }
}

/// What the file is told, in the order it happened.
#[derive(Debug)]
pub enum Job {
    /// What the tally did; durable within a second, and with everything that is told after it.
    Item(Box<Item>),
    /// What is durable at once or not at all, such as an item and the alerts that came of it.
    Together(Vec<Job>),
    /// Of all topics that items speak of from here on.
    Names(Box<Names>),
    /// To be called once all before it is durable; never, if that is not known.
    Then(Then),
    /// A part of the tally's state, from first to last,
    Part(Vec<u8>),
    /// all of which was told: items before it are in it.
    Whole,
    /// All that does not count any more leaves the file at once.
    Purge,
    /// A transition; when the buffer that it came of was taken, by the monotonic clock, if it came of one: for
    /// latencies only.
    Alert(Box<Alert>, Option<Duration>),
    /// A customer's matter is not what it was.
    Incident(Box<Moved>),
    /// An alert of an earlier run is resolved, at this time, for nothing watches it any more.
    Ended(Box<Kept>, Timestamp),
    /// A post was deleted: its text, author and links leave the file.
    Gone(PostKey),
    /// Somebody's posts leave the file, wherever they are shown.
    Erased(Erasure),
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
            _ => None,
        }
    }
}

/// What is done once something is durable.
pub struct Then(pub Box<dyn FnOnce() + Send>);

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Then")
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
    #[error("{} is damaged ({}): restore a backup, or move it away to begin anew", path.display(), why.en)]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Both,
    },
    /// The file system refused.
    #[error("{} cannot be used: {}", path.display(), why.en)]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: Both,
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
                format!("{} está dañado ({}): restaura una copia, o apártalo para empezar de nuevo", path.display(), why.es)
            }
            Refused::Io { path, why } => format!("no se puede usar {}: {}", path.display(), why.es),
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
pub struct Health {
    problem: ArcSwapOption<String>,
    lost: AtomicBool,
}

impl Health {
    /// A sentence, while alerts are held back.
    pub fn problem(&self) -> Option<String> {
        self.problem.load().as_deref().cloned()
    }

    /// Whether items were let go of, so that the tally's whole state must be told.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Relaxed)
    }

    fn lose(&self, lost: bool) {
        self.lost.store(lost, Relaxed);
    }

    /// Alerts are held back because of `why`.
    fn hold(&self, why: &str) {
        if self.problem().is_none() {
            tracing::error!(why, "the store takes no alerts: they are held and shown once it does");
        }
        telemetry::store_holding().set(1.0);
        self.problem.store(Some(Arc::new(format!("alerts are held back: {why}"))));
    }

    /// Nothing is.
    fn release(&self) {
        telemetry::store_holding().set(0.0);
        self.problem.store(None);
    }
}

/// An open file and what it held.
pub struct Opened {
    /// Name of the file's life, made with it.
    pub epoch: String,
    /// Of all topics that ever were.
    pub names: Names,
    /// The last commit of an earlier process was not whole: it was never acknowledged, unless the disk changed
    /// it since.
    pub torn: bool,
    path: PathBuf,
    /// There was no room for these, and what SQLite said.
    held: Vec<Job>,
    full: Option<String>,
    log: log::Log,
}

/// What an open file knows of the tally, and where its alerts go on.
pub struct Resumed {
    /// The tally, and where its sources go on.
    pub fold: Fold,
    /// Number of the next transition or change.
    pub next: u64,
    /// The latest transitions, in order.
    pub kept: Vec<Kept>,
    /// The latest changes of customers' matters, in order.
    pub moved: Vec<(u64, Moved)>,
    /// From which numbers on all transitions, and all changes, are among these.
    pub floors: (u64, u64),
    /// What is still to be told.
    pub past: Past,
}

impl Opened {
    /// Opens the file, or makes it with the life `epoch`.
    ///
    /// # Errors
    /// It is not used.
    pub fn open(settings: &Settings, epoch: &str) -> Result<Opened, Refused> {
        let file = file::open(&settings.path, epoch)?;
        let io = |e: rusqlite::Error| file::refusal(&settings.path, &e);
        let mut log = log::Log::new(file, settings.clone()).map_err(io)?;
        log.wipe().or_else(|e| if writer::passing(&e).is_some() { Ok(()) } else { Err(io(e)) })?;
        let epoch = log.epoch().map_err(io)?;
        let names = log.names().map_err(|e| refusal(&settings.path, e))?;
        let torn = log.was_torn();
        Ok(Opened { epoch, names, torn, held: Vec::new(), full: None, path: settings.path.clone(), log })
    }

    /// The state that the file holds, to be looked at; nothing goes on from it.
    ///
    /// # Errors
    /// The file is not used after all.
    pub fn fold(&mut self, setting: Setting) -> Result<Fold, Refused> {
        self.log.fold(setting).map_err(|e| refusal(&self.path, e))
    }

    /// Changes of matters after `since` that happened in `window`, from and up to without it: oldest first, `most` at most.
    ///
    /// # Errors
    /// The file is not used after all.
    pub fn changes(&self, since: u64, window: (Timestamp, Timestamp), most: usize) -> Result<Vec<(u64, Moved)>, Refused> {
        changes::between(self.log.connection(), (since, u64::MAX), window, most).map_err(|e| file::refusal(&self.path, &e))
    }

    /// Goes on where the file ends. Alerts that it shows firing and that nothing watches any more are resolved
    /// at `now`.
    ///
    /// # Errors
    /// The file is not used after all.
    pub fn resume(&mut self, mut setting: Setting, now: Timestamp) -> Result<Resumed, Refused> {
        let path = self.path.clone();
        let io = |e: rusqlite::Error| file::refusal(&path, &e);
        if self.log.state().generation == 0 {
            // The first state of all knows what the alerts before it are called.
            setting.tally.taken = self.log.ids().map_err(io)?.into();
        }
        if *self.log.state() == State::default() {
            let mut jobs = Vec::new();
            Fold::new(setting.clone()).snapshot(&mut |part| jobs.push(Job::Part(part)));
            jobs.push(Job::Whole);
            self.settle(jobs, now).map_err(io)?;
        }
        let fold = self.log.fold(setting).map_err(|e| refusal(&path, e))?;
        let watched: BTreeSet<&str> = fold.tally.firing().collect();
        let firing = self.log.firing().map_err(io)?;
        let ended = firing.into_iter().filter(|alert| !watched.contains(alert.id.as_str()) && !self.log.is_ahead(&alert.id));
        self.settle(ended.map(|alert| Job::Ended(Box::new(alert), now)).collect(), now).map_err(io)?;
        let (kept, alerts) = self.log.latest().map_err(io)?;
        let (moved, incidents) = changes::latest(self.log.connection()).map_err(io)?;
        Ok(Resumed { next: self.log.next(), kept, moved, floors: (alerts, incidents), past: self.past()?, fold })
    }

    /// Lets go of all that is known of somebody, while no engine runs.
    ///
    /// # Errors
    /// The file is not used after all.
    pub fn erase(&mut self, setting: Setting, erasure: &Erasure, now: Timestamp) -> Result<Erased, Both> {
        let path = self.path.clone();
        let mut fold = self.resume(setting, now).map_err(|e| e.text())?.fold;
        let mut events = Vec::new();
        let erased = fold.tally.erase(erasure, &mut events);
        if !fold.tally.is_between() {
            let (es, en) = (
                "el motor se detuvo a media cuenta: ponlo en marcha y bórralo ahí",
                "the engine stopped amid a count: start it and erase there",
            );
            return Err(Both::new(es, en));
        }
        let told = events.iter().filter_map(|event| match event {
            Event::Delete(key) => Some(Job::Gone(*key)),
            Event::Incident(change) => Some(Job::Incident(Box::new(Moved::from(&**change)))),
            _ => None,
        });
        let mut jobs: Vec<Job> = told.collect();
        jobs.push(Job::Erased(erasure.clone()));
        fold.snapshot(&mut |part| jobs.push(Job::Part(part)));
        jobs.extend([Job::Whole, Job::Purge]);
        self.settle(jobs, now).map_err(|e| file::refusal(&path, &e).text())?;
        match &self.full {
            Some(why) => Err(Both::new(format!("sin lugar: {why}"), format!("no room: {why}"))),
            None => Ok(erased),
        }
    }

    /// What is still to be told.
    pub(crate) fn past(&self) -> Result<Past, Refused> {
        Past::load(self.log.connection(), &self.path)
    }

    /// Writes `jobs`, or lets them wait like all that comes while there is no room.
    fn settle(&mut self, mut jobs: Vec<Job>, now: Timestamp) -> rusqlite::Result<()> {
        if self.full.is_none() {
            match self.log.commit(&mut jobs, &Row::default(), None, now) {
                Ok(()) => return self.log.wipe().or_else(|e| if writer::passing(&e).is_some() { Ok(()) } else { Err(e) }),
                Err(error) if writer::passing(&error).is_some() => self.full = Some(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        self.held.append(&mut jobs);
        Ok(())
    }

    /// Writes at once, as the thread does.
    #[cfg(test)]
    pub(crate) fn commit(&mut self, jobs: &mut Vec<Job>, now: Timestamp) -> rusqlite::Result<()> {
        self.log.commit(jobs, &Row::default(), None, now)?;
        self.log.wipe()
    }

    /// Number of the next transition, and the latest ones.
    #[cfg(test)]
    pub(crate) fn stands(&self) -> (u64, Vec<Kept>) {
        (self.log.next(), self.log.latest().expect("sound").0)
    }

    /// A process that dies is no power cut: tests of it need not wait for the disk.
    #[cfg(test)]
    pub(crate) fn without_sync(&self) {
        self.log.connection().pragma_update(None, "synchronous", "OFF").expect("a pragma");
    }

    /// Starts the thread that writes, and the one that makes snapshots as `setting` says. `publish` hears of all
    /// that has become durable, in order; `failed` is called once if the disk fails for good, and then
    /// nothing more is taken.
    pub fn start(
        self,
        setting: Setting,
        clock: Arc<dyn Clock>,
        publish: impl FnMut(Vec<Job>) + Send + 'static,
        failed: impl FnOnce(Failed) + Send + 'static,
    ) -> std::io::Result<Store> {
        telemetry::zero_store();
        let (jobs, waiting) = unbounded();
        let health = Arc::new(Health::default());
        if let Some(why) = &self.full {
            // Before anybody asks.
            health.hold(why);
        }
        let ((asks, asked), (pieces, made)) = (bounded(1), bounded(1));
        let snapshots = writer::Snapshots { asks, pieces: made, sets: setting.sets.clone() };
        let path = self.path;
        let keep = move || keeper::keep(&path, &setting, &asked, &pieces);
        std::thread::Builder::new().name("snapshot".into()).spawn(keep)?;
        let writer = writer::Writer::new(self.log, self.held, health.clone(), clock, Some(snapshots));
        let work = move || {
            if let Err(error) = writer.run(&waiting, publish) {
                failed(error);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(work)?;
        Ok(Store { jobs, health, thread })
    }
}

/// What it means for the file that its state cannot be read.
fn refusal(path: &Path, unreadable: Unreadable) -> Refused {
    match unreadable {
        Unreadable::Sql(e) => file::refusal(path, &e),
        Unreadable::Content(codec::Error::Newer { found, .. }) => Refused::Newer { path: path.to_owned(), found: found.into() },
        other => Refused::Damaged { path: path.to_owned(), why: other.text() },
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

/// SQLite's numbers have a sign; ours count from 1 and never come near it.
fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests;
