//! Many clients of `/v1/stream` that stay: each reads alerts, comes back as it was told when the stream
//! ends, goes on from where it was, and knows at the end whether it missed anything.

mod member;
mod socket;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::Fault;
use crate::client;
use crate::pace::Pace;

/// Clients that a crowd has at most.
pub const CLIENTS: usize = 10_000;
/// Clients that connect at the same time, at the start.
const CONNECTING: usize = 64;
/// Alerts of one run at most, resolved ones included.
const ALERTS: usize = 16_384;

/// What clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Joining,
    /// Alerts are timed.
    Measuring,
    Over,
}

/// What all clients share.
pub struct Shared {
    /// Where the server listens, and what is asked of it.
    address: SocketAddr,
    path: String,
    /// Sets the posts' times; known once there is something to time.
    pace: Mutex<Option<Pace>>,
    /// Hash of the id that each sequence number came with first, so that all must agree on it.
    told: Vec<AtomicU64>,
    /// Clients with an open stream now.
    pub open: AtomicUsize,
    /// Streams that ended while they were wanted.
    pub lost: AtomicUsize,
    /// Answers 503.
    pub turned_away: AtomicUsize,
    /// Attempts that nobody answered.
    pub unanswered: AtomicUsize,
    /// Came back and could not go on.
    pub unrecovered: AtomicUsize,
    /// Alerts with another id than somebody else read under their number.
    pub changed: AtomicUsize,
    /// The greatest sequence number.
    pub head: AtomicU64,
    /// Alerts that all have read together.
    pub read: AtomicU64,
}

/// What one client read.
#[derive(Debug, Default)]
pub struct Tale {
    pub alerts: u64,
    pub frames: u64,
    /// Alerts that were left out, and gaps the server told of.
    pub missing: u64,
    pub gaps: u64,
    /// Sequence number of the last alert.
    last: u64,
    /// Microseconds from when a post was due to its alert.
    late: Vec<u32>,
}

/// The clients of one server.
pub struct Crowd {
    pub shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    members: JoinSet<Result<Tale, Fault>>,
}

impl Crowd {
    /// Joins `clients` of them.
    pub async fn join(address: SocketAddr, path: &str, clients: usize) -> Result<Crowd, Fault> {
        descriptors(clients)?;
        let zero = AtomicUsize::default;
        let shared = Arc::new(Shared {
            address,
            path: path.to_owned(),
            pace: Mutex::default(),
            told: (0..ALERTS).map(|_| AtomicU64::new(0)).collect(),
            open: zero(),
            lost: zero(),
            turned_away: zero(),
            unanswered: zero(),
            unrecovered: zero(),
            changed: zero(),
            head: AtomicU64::new(0),
            read: AtomicU64::new(0),
        });
        let (phase, phases) = watch::channel(Phase::Joining);
        let mut members = JoinSet::new();
        let (joined, mut waiting) = mpsc::unbounded_channel();
        for number in 0..clients {
            members.spawn(member::stay(shared.clone(), number, phases.clone(), joined.clone()));
            if members.len() >= CONNECTING {
                waiting.recv().await;
            }
        }
        drop(joined);
        while waiting.recv().await.is_some() {}
        Ok(Crowd { shared, phase, members })
    }

    /// From now on alerts are timed against the posts of `pace`.
    pub fn measure(&self, pace: Pace) {
        *self.shared.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
        self.phase.send_replace(Phase::Measuring);
    }

    /// Alerts are no longer timed.
    pub fn rest(&self) {
        self.phase.send_replace(Phase::Joining);
    }

    /// Ends all clients: what they read together, how late, and how many failed. One that did not come to the
    /// last alert that anybody read has missed it.
    pub async fn end(mut self) -> Result<Told, Fault> {
        self.phase.send_replace(Phase::Over);
        let mut told = Told { clients: 0, failed: 0, tale: Tale::default(), late: client::histogram()? };
        let head = self.shared.head.load(Relaxed);
        while let Some(member) = self.members.join_next().await {
            match member? {
                Ok(tale) => {
                    told.clients += 1;
                    told.tale.missing += head.saturating_sub(tale.last) + tale.missing;
                    told.tale.frames += tale.frames;
                    told.tale.alerts += tale.alerts;
                    told.tale.gaps += tale.gaps;
                    tale.late.iter().for_each(|micros| told.late.saturating_record(u64::from(*micros).max(1)));
                }
                Err(error) => {
                    told.failed += 1;
                    eprintln!("load-tests: {error}");
                }
            }
        }
        Ok(told)
    }
}

/// What a crowd read.
pub struct Told {
    pub clients: usize,
    pub failed: usize,
    pub tale: Tale,
    pub late: Histogram<u64>,
}

impl Told {
    /// Prints it and says whether nothing is missing.
    pub fn print(&self, shared: &Shared) -> bool {
        let of = |count: &AtomicUsize| count.load(Relaxed);
        println!("{} clients, {} failed, {} frames, of them {} alerts", self.clients, self.failed, self.tale.frames, self.tale.alerts);
        println!(
            "missing alerts {}, gaps {}, could not go on {}, alerts that differ {}",
            self.tale.missing,
            self.tale.gaps,
            of(&shared.unrecovered),
            of(&shared.changed)
        );
        println!(
            "streams lost {}, told to come later {}, not answered {}",
            of(&shared.lost),
            of(&shared.turned_away),
            of(&shared.unanswered)
        );
        self.failed == 0 && self.tale.missing + self.tale.gaps == 0 && of(&shared.unrecovered) + of(&shared.changed) == 0
    }
}

/// Raises the limit of open files to the hard one.
fn descriptors(clients: usize) -> Result<(), Fault> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    match limit.current {
        Some(allowed) if (allowed as usize) < clients + 100 => Err(format!("{allowed} open files are too few: see `ulimit -n`").into()),
        _ => Ok(()),
    }
}

/// Waits until `done`, at most `patience`; says whether it came to that.
pub async fn wait(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let until = tokio::time::Instant::now() + patience;
    while !done() {
        if tokio::time::Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}
