//! A numbered log that readers pull from.
//!
//! The tally's thread publishes and never waits for a reader; a reader holds a [`Cursor`] and a
//! [`Filter`], so a slow one costs no memory. Alerts and changes of customers' matters are one gapless sequence in two
//! rings, so that many of the latter push out none of the former; mentions are best effort, windows are conflated to the
//! latest per topic. A frame is encoded once, by the first reader that wants it, and shared by all that read on; what few
//! go back to is encoded again. A delete takes text, author and links out of every entry that is still held.

mod entry;
mod filter;
mod log;
mod ring;

pub use entry::{Entry, What};
pub use filter::{Channel, Filter};

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use crossbeam::channel::Sender;
use tokio::sync::{Notify, watch};

use crate::alert::{Acknowledged, Alert, Status};
use crate::store::{Job, Kept, Moved};
use crate::tally::Event;
use crate::time::Timestamp;
use crate::topic::SourceId;
use crate::wire;
use log::Log;

/// Where a reader stands: what it has not read, per channel. Alerts and changes of matters are read in the order
/// of their common sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    alerts: u64,
    incidents: u64,
    mentions: u64,
    deletes: u64,
    windows: u64,
}

impl Cursor {
    /// The latest windows of all topics are read again.
    pub fn rewind_windows(&mut self) {
        self.windows = 0;
    }

    /// All up to this sequence number was read or filtered out.
    pub fn served(&self) -> u64 {
        self.alerts.min(self.incidents).saturating_sub(1)
    }
}

/// How a reader that asked to go on was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It did not ask: it starts at the head.
    Fresh,
    /// Everything since its cursor follows.
    Recovered,
    /// Alerts after its cursor are gone; it starts at `floor`, the oldest that is held.
    TooOld {
        /// The oldest alert that is held.
        floor: u64,
    },
    /// Its cursor is of this life and yet beyond the newest alert; it starts at `floor`.
    Ahead {
        /// The oldest alert that is held.
        floor: u64,
    },
    /// Its cursor is of another life of the engine; it starts at `floor`.
    OtherEpoch {
        /// The oldest alert that is held.
        floor: u64,
    },
}

/// Why an alert cannot be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOpen {
    /// It is not held, or never was.
    Unknown,
    /// It is over.
    Resolved,
}

/// What one read gave.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries in order, already filtered.
    pub entries: Vec<Arc<Entry>>,
    /// What was evicted before this reader came to it: a channel, and between which numbers, both included.
    pub gaps: Vec<(Channel, u64, u64)>,
    /// Mentions (of any topic) that were evicted before this reader came to them.
    pub dropped: u64,
    /// There is more to read.
    pub more: bool,
}

/// Wakes one reader.
#[derive(Debug, Clone)]
pub struct Bells {
    alerts: watch::Receiver<u64>,
    incidents: watch::Receiver<u64>,
    mentions: watch::Receiver<u64>,
}

impl Bells {
    /// Returns when an alert or a delete, or something else that `filter` has, has come since the last call.
    /// `false` if the feed is gone.
    pub async fn wait(&mut self, filter: &Filter) -> bool {
        tokio::select! {
            changed = self.alerts.changed() => changed.is_ok(),
            changed = self.incidents.changed(), if filter.has(Channel::Incidents) => changed.is_ok(),
            changed = self.mentions.changed(), if filter.has(Channel::Mentions) => changed.is_ok(),
        }
    }
}

/// The log. Shared by the tally's thread and all readers.
pub struct Feed {
    epoch: String,
    sources: Vec<String>,
    log: RwLock<Log>,
    bell: Notify,
    alerts: watch::Sender<u64>,
    incidents: watch::Sender<u64>,
    mentions: watch::Sender<u64>,
}

impl Feed {
    /// An empty feed for sources with these names, in the order of their numbers. `epoch` names
    /// this life of the engine.
    pub fn new(epoch: String, sources: Vec<String>) -> Arc<Feed> {
        Feed::of(epoch, sources, Log::new(1, (1, 1)))
    }

    fn of(epoch: String, sources: Vec<String>, log: Log) -> Arc<Feed> {
        // What `ring` makes of empty rings.
        let (alerts, _) = watch::channel(2);
        let ((incidents, _), (mentions, _)) = (watch::channel(1), watch::channel(1));
        Arc::new(Feed { epoch, sources, log: RwLock::new(log), bell: Notify::new(), alerts, incidents, mentions })
    }

    /// A feed that goes on with the life `epoch` after the alerts `kept` and the changes of matters `moved`, each in
    /// order and without a gap from its floor up to `next`, the number of the next of either.
    pub fn resume(
        epoch: String,
        sources: Vec<String>,
        next: u64,
        kept: Vec<Kept>,
        moved: Vec<(u64, Moved)>,
        floors: (u64, u64),
    ) -> Arc<Feed> {
        let mut log = Log::new(next, floors);
        kept.into_iter().for_each(|alert| log.keep(alert));
        moved.into_iter().for_each(|(seq, moved)| log.keep_moved(seq, moved));
        Feed::of(epoch, sources, log)
    }

    /// Alerts of another life that still fire: who took them on stays, and they can be taken on.
    pub fn go_on(&self, firing: impl Iterator<Item = Alert>) {
        let mut log = self.write_log();
        for alert in firing {
            if let Some(by) = &alert.acknowledged {
                log.acknowledged.insert(alert.id.clone(), by.clone());
            }
            log.before.insert(alert.id.clone(), Box::new(alert));
        }
    }

    /// This life of the engine.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The newest sequence number, 0 if there was none.
    pub fn head(&self) -> u64 {
        self.read_log().seq - 1
    }

    /// Name of a source.
    pub fn source(&self, id: SourceId) -> &str {
        self.sources.get(usize::from(id.0)).map_or("", String::as_str)
    }

    /// Appends `events` in order and wakes the readers.
    pub fn publish_all(&self, events: impl IntoIterator<Item = Event>) {
        let mut log = self.write_log();
        for event in events {
            log.append(event);
        }
        drop(log);
        self.bell.notify_one();
    }

    /// Appends the alerts and the changes of matters among `jobs`, which are durable now, with all that happened to
    /// their posts meanwhile: a reader sees none of it half done.
    pub fn settle(&self, jobs: Vec<Job>) {
        let mut log = self.write_log();
        for job in jobs {
            match job {
                Job::Alert(alert, _) => log.tell(alert),
                Job::Incident(moved) => log.move_on(*moved),
                Job::Ended(alert, at) => log.end(&alert, at),
                Job::Gone(key) => log.scrub(key),
                Job::Edited(key, post) => {
                    log.replace(key, Some(&post));
                }
                Job::Item(_)
                | Job::Together(_)
                | Job::Names(_)
                | Job::Then(_)
                | Job::Part(_)
                | Job::Whole
                | Job::Deliveries(_)
                | Job::Erased(_)
                | Job::Purge => {}
            }
        }
        drop(log);
        self.bell.notify_one();
    }

    /// Appends one event.
    pub fn publish(&self, event: Event) {
        self.publish_all([event]);
    }

    /// Somebody took the alert `id` on: tells so, as a transition of its own, and with every later one.
    /// Returns its number, or none where a store gives it first.
    ///
    /// # Errors
    /// There is nothing to take on.
    pub fn acknowledge(&self, id: &str, by: Acknowledged) -> Result<Option<u64>, NotOpen> {
        let mut log = self.write_log();
        let mut newest = log.alerts.ring.newest().filter_map(|e| match &e.what {
            What::Alert(_, alert) if alert.id == id => Some(Ok(alert.clone())),
            What::Kept(kept) if kept.id == id => Some(log.before.get(id).cloned().ok_or(NotOpen::Resolved)),
            _ => None,
        });
        let alert = newest.next().ok_or(NotOpen::Unknown)?;
        drop(newest);
        let mut alert = alert?;
        if alert.status == Status::Resolved {
            return Err(NotOpen::Resolved);
        }
        log.acknowledged.insert(id.to_owned(), by.clone());
        alert.acknowledged = Some(by);
        if let Some(store) = &log.store {
            // Closed means that the disk failed and the process ends.
            let _ = store.send(Job::Alert(alert, None));
            return Ok(None);
        }
        let seq = log.seq;
        log.append(Event::Alert(alert));
        drop(log);
        self.bell.notify_one();
        Ok(Some(seq))
    }

    /// From now on every transition is told to `store` first, which hands it back by [`Feed::settle`].
    pub fn keep_in(&self, store: Sender<Job>) {
        self.write_log().store = Some(store);
    }

    /// Ends that, so that the store can end.
    pub fn release(&self) {
        self.write_log().store = None;
    }

    /// Who took the alert on, if somebody did.
    pub fn stamp(&self, alert: &mut Alert) {
        alert.acknowledged = self.read_log().acknowledged.get(&alert.id).cloned();
    }

    /// Passes the bell on to the readers; run as one task, so that waking thousands of them is not
    /// the work of the thread that publishes. What comes after a quiet time is rung for at once; what comes
    /// within `gather` of that is rung for together, so that it is one write for each reader and not many.
    pub async fn ring(self: Arc<Self>, gather: Duration) {
        loop {
            self.bell.notified().await;
            let (alerts, incidents, mentions) = {
                let log = self.read_log();
                (log.alerts.ring.end() + log.deletes.end(), log.incidents.ring.end(), log.mentions.end())
            };
            let mut rung = false;
            for (bell, end) in [(&self.alerts, alerts), (&self.incidents, incidents), (&self.mentions, mentions)] {
                rung |= bell.send_if_modified(|old| std::mem::replace(old, end) != end);
            }
            // Windows wait for the beat anyway, and must not make an alert wait.
            if rung {
                tokio::time::sleep(gather).await;
            }
        }
    }

    /// Bells of one reader.
    pub fn bells(&self) -> Bells {
        Bells { alerts: self.alerts.subscribe(), incidents: self.incidents.subscribe(), mentions: self.mentions.subscribe() }
    }

    /// Where a reader of `filter` starts that has seen all up to `since` of life `epoch`, and the head.
    /// Mentions start at the head; windows with the latest of every topic. One that was here before
    /// is told of every delete that is held, for it may still show what went while it was away.
    pub fn join(&self, since: Option<u64>, epoch: Option<&str>, filter: &Filter) -> (Cursor, Joined, u64) {
        let log = self.read_log();
        let (floor, end) = (log.floor(filter), log.seq);
        let deletes = if since.is_some() { log.deletes.first() } else { log.deletes.end() };
        let from = |alerts, incidents| Cursor { alerts, incidents, mentions: log.mentions.end(), deletes, windows: 0 };
        let at = |seq| from(seq, seq);
        // In another life nothing was seen before, so that nothing is missing.
        let anew = || {
            let incidents = log.incidents.floor;
            let wanted = filter.has(Channel::Incidents) && filter.has(Channel::Alerts);
            let floor = if wanted { floor.min(incidents) } else { floor };
            (from(log.alerts.floor.max(floor), incidents.max(floor)), floor)
        };
        let (cursor, joined) = match since {
            None => (at(end), Joined::Fresh),
            Some(seq) if seq >= end && epoch == Some(&self.epoch) => {
                let (cursor, floor) = anew();
                (cursor, Joined::Ahead { floor })
            }
            Some(seq) if epoch.is_some_and(|e| e != self.epoch) || seq >= end => {
                let (cursor, floor) = anew();
                (cursor, Joined::OtherEpoch { floor })
            }
            Some(seq) if seq.saturating_add(1) < floor => (at(floor), Joined::TooOld { floor }),
            Some(seq) => (at(seq + 1), Joined::Recovered),
        };
        (cursor, joined, end - 1)
    }

    /// Reads alerts, changes of matters, mentions and deletes on from `cursor`, about `bytes` of them at most.
    pub fn read(&self, cursor: &mut Cursor, filter: &Filter, bytes: usize) -> Batch {
        let mut batch = Batch::default();
        {
            let log = self.read_log();
            batch.gaps = log.missed(cursor, filter);
            cursor.deletes = cursor.deletes.max(log.deletes.first());
            let left = log.read_numbered(cursor, filter, bytes, &mut batch.entries);
            let left = log.deletes.read(&mut cursor.deletes, left, &mut batch.entries);
            if filter.has(Channel::Mentions) {
                batch.dropped = log.mentions.first().saturating_sub(cursor.mentions);
                cursor.mentions += batch.dropped;
                log.mentions.read(&mut cursor.mentions, left, &mut batch.entries);
            } else {
                cursor.mentions = log.mentions.end();
            }
            batch.more = cursor.served() + 1 < log.seq || cursor.deletes < log.deletes.end() || cursor.mentions < log.mentions.end();
        }
        batch.entries.retain(|e| filter.wants(&e.what));
        batch.entries.sort_unstable_by_key(|e| e.number);
        batch
    }

    /// The latest windows of every topic that changed since `cursor`.
    pub fn read_windows(&self, cursor: &mut Cursor, filter: &Filter) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> = {
            let log = self.read_log();
            let (entries, next) = log.windows_from(cursor.windows);
            cursor.windows = next;
            entries
        };
        entries.retain(|e| filter.wants(&e.what));
        entries
    }

    /// Alerts after `since` that are still held, oldest first.
    pub fn alerts(&self, since: u64) -> Vec<Arc<Entry>> {
        let mut at = since.saturating_add(1);
        let mut entries: Vec<Arc<Entry>> = Vec::new();
        loop {
            let log = self.read_log();
            let ring = &log.alerts.ring;
            let mut place = ring.place(at);
            if place >= ring.end() {
                return entries;
            }
            ring.read(&mut place, usize::MAX, &mut entries);
            at = entries.last().and_then(|e| e.seq()).map_or(at, |seq| seq + 1);
        }
    }

    /// Changes of matters after `since` that are still held and happened in `window`, from and up to without it: oldest
    /// first, `most` at most; and whether there may be more.
    pub fn changes(&self, since: u64, window: (Timestamp, Timestamp), most: usize) -> (Vec<(u64, Moved)>, bool) {
        let (mut at, mut found) = (since.saturating_add(1), Vec::new());
        let is_in = |moved: &Moved| moved.at >= window.0 && moved.at < window.1;
        loop {
            let mut entries: Vec<Arc<Entry>> = Vec::new();
            {
                let log = self.read_log();
                let ring = &log.incidents.ring;
                let mut place = ring.place(at);
                ring.read(&mut place, usize::MAX, &mut entries);
            }
            let Some(last) = entries.last().and_then(|e| e.seq()) else { return (found, false) };
            at = last + 1;
            for entry in &entries {
                let What::Incident(seq, moved) = &entry.what else { continue };
                if is_in(moved) {
                    found.push((*seq, Moved::clone(moved)));
                }
                if found.len() >= most {
                    return (found, true);
                }
            }
        }
    }

    /// Bytes of alerts, and of changes of matters if it wants them, that the reader at `cursor` has not read.
    pub fn backlog(&self, cursor: &Cursor, filter: &Filter) -> u64 {
        let log = self.read_log();
        let incidents = if filter.has(Channel::Incidents) { log.incidents.bytes_from(cursor.incidents) } else { 0 };
        log.alerts.bytes_from(cursor.alerts) + incidents
    }

    /// The frame of an entry.
    pub fn frame(&self, entry: &Entry) -> Utf8Bytes {
        let encode = || match &entry.what {
            What::Alert(seq, alert) => wire::alert_json(alert, *seq),
            What::Kept(kept) => kept.body.clone(),
            What::Incident(seq, moved) => wire::incident_frame(*seq, &moved.body),
            What::Mention(m) => wire::mention_json(m, self.source(m.source)),
            What::Windows(w) => wire::windows_json(w),
            What::Deleted(key, network, id) => wire::deleted_json(*key, network, id),
        };
        entry.frame(encode)
    }

    // Nothing that holds the lock can leave the log half changed, so a poisoned lock is as good.
    fn read_log(&self) -> RwLockReadGuard<'_, Log> {
        self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_log(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
