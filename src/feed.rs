//! A numbered log that readers pull from.
//!
//! The tally's thread publishes and never waits for a reader; a reader holds a [`Cursor`] and a
//! [`Filter`], so a slow one costs no memory. Alerts are one gapless sequence, mentions are best
//! effort, windows are conflated to the latest per topic. A frame is encoded once, by the first
//! reader that wants it, and shared by all that read on; what few go back to is encoded again. A delete takes text, author and links out of every
//! entry that is still held.

mod entry;
mod filter;
mod ring;

pub use entry::{Entry, What};
pub use filter::{Channel, Filter};

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use crossbeam::channel::Sender;
use tokio::sync::{Notify, watch};

use crate::alert::{Acknowledged, Alert, Status};
use crate::limits;
use crate::post::{Kind, Post, PostBuf, PostKey};
use crate::store::{Job, Kept};
use crate::tally::{Event, Mention};
use crate::topic::{SourceId, TopicId};
use crate::wire;
use entry::Frames;
use ring::Ring;

/// Which ring an entry lies in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alert(u64),
    Mention(u64),
    Delete(u64),
}

/// Where a reader stands: the next position it has not read, per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    alerts: u64,
    mentions: u64,
    deletes: u64,
    windows: u64,
}

impl Cursor {
    /// The latest windows of all topics are read again.
    pub fn rewind_windows(&mut self) {
        self.windows = 0;
    }

    /// Alerts up to this sequence number were read or filtered out.
    pub fn served(&self) -> u64 {
        self.alerts.saturating_sub(1)
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
    /// Alerts that were evicted before this reader came to them, both ends included.
    pub gap: Option<(u64, u64)>,
    /// Mentions (of any topic) that were evicted before this reader came to them.
    pub dropped: u64,
    /// There is more to read.
    pub more: bool,
}

/// Wakes one reader.
#[derive(Debug, Clone)]
pub struct Bells {
    alerts: watch::Receiver<u64>,
    mentions: watch::Receiver<u64>,
}

impl Bells {
    /// Returns when an alert or a delete, or where `mentions` is set a mention, has come since the last call.
    /// `false` if the feed is gone.
    pub async fn wait(&mut self, mentions: bool) -> bool {
        tokio::select! {
            changed = self.alerts.changed() => changed.is_ok(),
            changed = self.mentions.changed(), if mentions => changed.is_ok(),
        }
    }
}

struct Log {
    /// Number of the next entry.
    next: u64,
    alerts: Ring,
    mentions: Ring,
    deletes: Ring,
    windows: HashMap<TopicId, u64>,
    /// Windows by number: what a reader has not seen is a range.
    recent: BTreeMap<u64, Arc<Entry>>,
    /// Of the windows: one for each topic at most.
    frames: Frames,
    /// Who took on which of the alerts that fire.
    acknowledged: HashMap<String, Acknowledged>,
    /// Alerts that fired in another life and go on, as they were told last.
    before: HashMap<String, Box<Alert>>,
    /// Where transitions become durable before they are shown.
    store: Option<Sender<Job>>,
    /// Where each post is shown.
    shown: HashMap<PostKey, Vec<Place>>,
}

/// The log. Shared by the tally's thread and all readers.
pub struct Feed {
    epoch: String,
    sources: Vec<String>,
    log: RwLock<Log>,
    bell: Notify,
    alerts: watch::Sender<u64>,
    mentions: watch::Sender<u64>,
}

impl Feed {
    /// An empty feed for sources with these names, in the order of their numbers. `epoch` names
    /// this life of the engine.
    pub fn new(epoch: String, sources: Vec<String>) -> Arc<Feed> {
        let ring = |first| Ring::new(first, limits::FEED_ENTRIES, limits::FEED_BYTES / 2);
        let log = Log {
            next: 1,
            alerts: ring(1),
            mentions: ring(1),
            deletes: ring(1),
            windows: HashMap::new(),
            recent: BTreeMap::new(),
            frames: Frames::default(),
            acknowledged: HashMap::new(),
            before: HashMap::new(),
            store: None,
            shown: HashMap::new(),
        };
        // What `ring` makes of empty rings.
        let (alerts, _) = watch::channel(2);
        let (mentions, _) = watch::channel(1);
        Arc::new(Feed { epoch, sources, log: RwLock::new(log), bell: Notify::new(), alerts, mentions })
    }

    /// A feed that goes on with the life `epoch` after the alerts `kept`, in order and without a gap up
    /// to `next`, the number of the next alert.
    pub fn resume(epoch: String, sources: Vec<String>, next: u64, kept: Vec<Kept>) -> Arc<Feed> {
        let feed = Feed::new(epoch, sources);
        let mut log = feed.write_log();
        let first = kept.first().map_or(next, |k| k.seq);
        log.alerts = Ring::new(first, limits::FEED_ENTRIES, limits::FEED_BYTES / 2);
        for alert in kept {
            let place = Place::Alert(alert.seq);
            log.push(What::Kept(Box::new(alert)), place);
        }
        drop(log);
        feed
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

    /// Sequence number of the newest alert, 0 if there was none.
    pub fn head(&self) -> u64 {
        self.read_log().alerts.end() - 1
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

    /// Appends the alerts among `jobs`, which are durable now, with all that happened to their posts
    /// meanwhile: a reader sees none of it half done.
    pub fn settle(&self, jobs: Vec<Job>) {
        let mut log = self.write_log();
        for job in jobs {
            match job {
                Job::Alert(alert, _) => log.tell(alert),
                Job::Ended(alert, at) => {
                    let seq = log.alerts.end();
                    log.push(What::Kept(Box::new(alert.ended(seq, at))), Place::Alert(seq));
                }
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
        let mut newest = log.alerts.newest().filter_map(|e| match &e.what {
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
        let seq = log.alerts.end();
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
            let (alerts, mentions) = {
                let log = self.read_log();
                (log.alerts.end() + log.deletes.end(), log.mentions.end())
            };
            let mut rung = false;
            for (bell, end) in [(&self.alerts, alerts), (&self.mentions, mentions)] {
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
        Bells { alerts: self.alerts.subscribe(), mentions: self.mentions.subscribe() }
    }

    /// Where a reader starts that has seen alerts up to `since` of life `epoch`, and the head.
    /// Mentions start at the head; windows with the latest of every topic. One that was here before
    /// is told of every delete that is held, for it may still show what went while it was away.
    pub fn join(&self, since: Option<u64>, epoch: Option<&str>) -> (Cursor, Joined, u64) {
        let log = self.read_log();
        let (floor, end) = (log.alerts.first(), log.alerts.end());
        let deletes = if since.is_some() { log.deletes.first() } else { log.deletes.end() };
        let at = |alerts| Cursor { alerts, mentions: log.mentions.end(), deletes, windows: 0 };
        let (cursor, joined) = match since {
            None => (at(end), Joined::Fresh),
            Some(seq) if seq >= end && epoch == Some(&self.epoch) => (at(floor), Joined::Ahead { floor }),
            Some(seq) if epoch.is_some_and(|e| e != self.epoch) || seq >= end => (at(floor), Joined::OtherEpoch { floor }),
            Some(seq) if seq.saturating_add(1) < floor => (at(floor), Joined::TooOld { floor }),
            Some(seq) => (at(seq + 1), Joined::Recovered),
        };
        (cursor, joined, end - 1)
    }

    /// Reads alerts, mentions and deletes on from `cursor`, about `bytes` of them at most.
    pub fn read(&self, cursor: &mut Cursor, filter: &Filter, bytes: usize) -> Batch {
        let mut batch = Batch::default();
        {
            let log = self.read_log();
            let missed = log.alerts.first().saturating_sub(cursor.alerts);
            if missed > 0 {
                batch.gap = Some((cursor.alerts, cursor.alerts + missed - 1));
                cursor.alerts += missed;
            }
            cursor.deletes = cursor.deletes.max(log.deletes.first());
            let left = log.alerts.read(&mut cursor.alerts, bytes, &mut batch.entries);
            let left = log.deletes.read(&mut cursor.deletes, left, &mut batch.entries);
            if filter.has(Channel::Mentions) {
                batch.dropped = log.mentions.first().saturating_sub(cursor.mentions);
                cursor.mentions += batch.dropped;
                log.mentions.read(&mut cursor.mentions, left, &mut batch.entries);
            } else {
                cursor.mentions = log.mentions.end();
            }
            batch.more = cursor.alerts < log.alerts.end() || cursor.deletes < log.deletes.end() || cursor.mentions < log.mentions.end();
        }
        batch.entries.retain(|e| filter.wants(&e.what));
        batch.entries.sort_unstable_by_key(|e| e.number);
        batch
    }

    /// The latest windows of every topic that changed since `cursor`.
    pub fn read_windows(&self, cursor: &mut Cursor, filter: &Filter) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> = {
            let log = self.read_log();
            let from = std::mem::replace(&mut cursor.windows, log.next);
            log.recent.range(from..).map(|(_, e)| e.clone()).collect()
        };
        entries.retain(|e| filter.wants(&e.what));
        entries
    }

    /// Alerts after `since` that are still held, oldest first.
    pub fn alerts(&self, since: u64) -> Vec<Arc<Entry>> {
        let mut at = since.saturating_add(1);
        let mut entries = Vec::new();
        loop {
            let log = self.read_log();
            at = at.max(log.alerts.first());
            if at >= log.alerts.end() {
                return entries;
            }
            log.alerts.read(&mut at, usize::MAX, &mut entries);
        }
    }

    /// Bytes of alerts that the reader at `cursor` has not read.
    pub fn backlog(&self, cursor: &Cursor) -> u64 {
        self.read_log().alerts.bytes_from(cursor.alerts)
    }

    /// The frame of an entry.
    pub fn frame(&self, entry: &Entry) -> Utf8Bytes {
        let encode = || match &entry.what {
            What::Alert(seq, alert) => wire::alert_json(alert, *seq),
            What::Kept(kept) => kept.body.clone(),
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

impl Log {
    /// Appends a transition as it is.
    fn tell(&mut self, alert: Box<Alert>) {
        if alert.status == Status::Resolved {
            self.acknowledged.remove(&alert.id);
        }
        self.before.remove(&alert.id);
        let seq = self.alerts.end();
        self.push(What::Alert(seq, alert), Place::Alert(seq));
    }

    fn append(&mut self, event: Event) {
        match event {
            Event::Alert(mut alert) => {
                alert.acknowledged = self.acknowledged.get(&alert.id).cloned();
                self.tell(alert);
            }
            Event::Mention(mention) => self.push(What::Mention(mention), Place::Mention(self.mentions.end())),
            Event::Update(mention) => {
                self.replace(mention.key, Some(&mention.post));
                self.push(What::Mention(mention), Place::Mention(self.mentions.end()));
            }
            Event::Windows(windows) => {
                let (id, number) = (windows.id, self.number());
                if let Some(old) = self.windows.insert(id, number) {
                    self.recent.remove(&old);
                }
                let entry = Entry::new(number, What::Windows(windows), self.frames.clone());
                self.recent.insert(number, Arc::new(entry));
            }
            Event::Delete(key) => self.scrub(key),
            // Readers ask for them.
            Event::Shares(_) | Event::Incident(_) => {}
            Event::Forget(topic) => {
                if let Some(number) = self.windows.remove(&topic) {
                    self.recent.remove(&number);
                }
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn push(&mut self, what: What, place: Place) {
        let frames = match place {
            Place::Alert(_) => self.alerts.frames(),
            Place::Mention(_) => self.mentions.frames(),
            Place::Delete(_) => self.deletes.frames(),
        };
        let entry = Arc::new(Entry::new(self.number(), what, frames));
        for key in entry.posts() {
            self.shown.entry(key).or_default().push(place);
        }
        let cost = entry.cost();
        let evicted = match place {
            Place::Alert(_) => self.alerts.push(entry, cost),
            Place::Mention(_) => self.mentions.push(entry, cost),
            Place::Delete(_) => self.deletes.push(entry, cost),
        };
        for (position, entry) in evicted {
            let gone = if entry.seq().is_some() { Place::Alert(position) } else { Place::Mention(position) };
            self.forget(&entry, gone);
        }
    }

    fn forget(&mut self, entry: &Entry, place: Place) {
        for key in entry.posts() {
            if let Some(places) = self.shown.get_mut(&key) {
                places.retain(|p| *p != place);
                if places.is_empty() {
                    self.shown.remove(&key);
                }
            }
        }
    }

    /// Takes the post out of every entry that shows it and tells the readers.
    fn scrub(&mut self, key: PostKey) {
        if let Some((network, id)) = self.replace(key, None) {
            self.shown.remove(&key);
            self.push(What::Deleted(key, network, id), Place::Delete(self.deletes.end()));
        }
    }

    /// Puts the new version of a post, or a tombstone, into every entry that shows it; returns the
    /// network and id of the post if there is such an entry.
    fn replace(&mut self, key: PostKey, by: Option<&PostBuf>) -> Option<(String, String)> {
        let mut name = None;
        for place in self.shown.get(&key)? {
            let (ring, position) = match *place {
                Place::Alert(seq) => (&mut self.alerts, seq),
                Place::Mention(position) => (&mut self.mentions, position),
                Place::Delete(_) => continue,
            };
            let Some(entry) = ring.get(position) else { continue };
            let (what, found) = with(&entry.what, key, by);
            let entry = Entry::new(entry.number, what, ring.frames());
            ring.replace(position, entry);
            name = name.or(found);
        }
        name
    }
}

/// `what` with another version of the post `key`, or a tombstone; and network and id of that post.
fn with(what: &What, key: PostKey, by: Option<&PostBuf>) -> (What, Option<(String, String)>) {
    let mut name = None;
    let mut change = |post: &PostBuf| {
        let p = post.get();
        if p.key() != key {
            return post.clone();
        }
        name = Some((p.network.to_owned(), p.id.to_owned()));
        let tombstone = || PostBuf::new(&Post { kind: Kind::Delete, at: p.at, network: p.network, id: p.id, ..Post::default() });
        by.cloned().unwrap_or_else(tombstone)
    };
    let what = match what {
        What::Alert(seq, alert) => {
            let mut alert = alert.clone();
            alert.first_post = alert.first_post.as_ref().map(&mut change);
            alert.top_posts = alert.top_posts.iter().map(&mut change).collect();
            What::Alert(*seq, alert)
        }
        What::Kept(kept) => {
            let (body, found) = wire::replaced_json(&kept.body, key, by);
            name = found;
            What::Kept(Box::new(Kept { body, ..Kept::clone(kept) }))
        }
        What::Mention(m) => What::Mention(Arc::new(Mention { post: change(&m.post), ..Mention::clone(m) })),
        What::Windows(w) => What::Windows(w.clone()),
        What::Deleted(key, network, id) => What::Deleted(*key, network.clone(), id.clone()),
    };
    (what, name)
}

#[cfg(test)]
mod tests;
