//! What the feed holds: rings of entries, and where each post is shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossbeam::channel::Sender;

use super::Cursor;
use super::entry::{Entry, Frames, What};
use super::filter::{Channel, Filter};
use super::ring::Ring;
use crate::alert::{Acknowledged, Alert, Status};
use crate::incident::IncidentKey;
use crate::limits;
use crate::post::{Kind, Post, PostBuf, PostKey};
use crate::store::{Job, Kept, Moved};
use crate::tally::{Event, Mention};
use crate::time::Timestamp;
use crate::topic::TopicId;
use crate::wire;

/// Entries one read takes at most, so that a reader holds the lock for a moment only.
const READ_ENTRIES: usize = 256;

/// Which ring an entry lies in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Alert(u64),
    Incident(u64),
    Mention(u64),
    Delete(u64),
}

pub(super) struct Log {
    /// Number of the next entry.
    next: u64,
    /// Place of the next alert or change of a matter in their common sequence.
    pub seq: u64,
    pub alerts: Numbered,
    pub incidents: Numbered,
    pub mentions: Ring,
    pub deletes: Ring,
    windows: HashMap<TopicId, u64>,
    /// Windows by number: what a reader has not seen is a range.
    pub recent: BTreeMap<u64, Arc<Entry>>,
    /// Of the windows: one for each topic at most.
    frames: Frames,
    /// Who took on which of the alerts that fire.
    pub acknowledged: HashMap<String, Acknowledged>,
    /// Alerts that fired in another life and go on, as they were told last.
    pub before: HashMap<String, Box<Alert>>,
    /// Where transitions become durable before they are shown.
    pub store: Option<Sender<Job>>,
    /// Where each post is shown.
    pub shown: HashMap<PostKey, Vec<Place>>,
}

/// A ring of those entries that have a place in the sequence.
pub(super) struct Numbered {
    pub ring: Ring,
    /// All of its kind from this place on are held.
    pub floor: u64,
}

impl Numbered {
    fn new(floor: u64, entries: usize) -> Numbered {
        Numbered { ring: Ring::new(1, entries, limits::FEED_BYTES / 2), floor }
    }

    /// Bytes of the entries from the place `seq` on.
    pub fn bytes_from(&self, seq: u64) -> u64 {
        self.ring.bytes_from(self.ring.place(seq))
    }
}

impl Log {
    /// An empty one; of alerts and changes of matters before these places nothing is known.
    pub fn new(seq: u64, (alerts, incidents): (u64, u64)) -> Log {
        let ring = || Ring::new(1, limits::FEED_ENTRIES, limits::FEED_BYTES / 2);
        Log {
            next: 1,
            seq,
            alerts: Numbered::new(alerts, limits::FEED_ENTRIES),
            incidents: Numbered::new(incidents, limits::FEED_INCIDENTS),
            mentions: ring(),
            deletes: ring(),
            windows: HashMap::new(),
            recent: BTreeMap::new(),
            frames: Frames::default(),
            acknowledged: HashMap::new(),
            before: HashMap::new(),
            store: None,
            shown: HashMap::new(),
        }
    }

    /// From which place on a reader of `filter` can have all that it wants of the sequence, but for changes of
    /// matters beside alerts: of those a gap tells.
    pub fn floor(&self, filter: &Filter) -> u64 {
        let only = filter.has(Channel::Incidents) && !filter.has(Channel::Alerts);
        if only { self.incidents.floor } else { self.alerts.floor }
    }

    /// What of the sequence the reader missed, with the channel.
    pub fn missed(&self, cursor: &mut Cursor, filter: &Filter) -> Vec<(Channel, u64, u64)> {
        let mut gaps = Vec::new();
        let both = [(Channel::Alerts, &self.alerts, &mut cursor.alerts), (Channel::Incidents, &self.incidents, &mut cursor.incidents)];
        for (channel, numbered, at) in both {
            if *at < numbered.floor {
                gaps.extend(filter.has(channel).then_some((channel, *at, numbered.floor - 1)));
                *at = numbered.floor;
            }
        }
        gaps
    }

    /// Takes alerts and changes of matters in the order of their sequence, until about `bytes` are taken; returns
    /// what is left of them.
    pub fn read_numbered(&self, cursor: &mut Cursor, filter: &Filter, bytes: usize, out: &mut Vec<Arc<Entry>>) -> usize {
        let (alerts, incidents) = (&self.alerts.ring, &self.incidents.ring);
        let (mut alert, mut incident) = (alerts.place(cursor.alerts), incidents.place(cursor.incidents));
        if !filter.has(Channel::Incidents) {
            incident = incidents.end();
        }
        let (mut left, mut at) = (bytes, 0);
        for _ in 0..READ_ENTRIES {
            if left == 0 {
                break;
            }
            let seq = |slot: Option<(&Arc<Entry>, usize)>| slot.and_then(|(entry, _)| entry.seq());
            let (first, second) = (alerts.slot_at(alert), incidents.slot_at(incident));
            let is_alert = seq(second).is_none_or(|second| seq(first).is_some_and(|first| first < second));
            let (taken, place) = if is_alert { (first, &mut alert) } else { (second, &mut incident) };
            let Some((entry, cost)) = taken else { break };
            *place += 1;
            at = entry.seq().map_or(at, |seq| seq + 1);
            left = left.saturating_sub(cost);
            out.push(entry.clone());
        }
        let all = alert >= alerts.end() && incident >= incidents.end();
        let at = if all { self.seq } else { at };
        cursor.alerts = cursor.alerts.max(at);
        cursor.incidents = cursor.incidents.max(at);
        left
    }

    /// Windows that changed from number `from` on, and the number behind them.
    pub fn windows_from(&self, from: u64) -> (Vec<Arc<Entry>>, u64) {
        (self.recent.range(from..).map(|(_, e)| e.clone()).collect(), self.next)
    }

    fn seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq - 1
    }

    /// Appends a change of a matter.
    pub fn move_on(&mut self, moved: Moved) {
        if moved.gone {
            self.clear(moved.id);
        }
        let seq = self.seq();
        self.push(What::Incident(seq, Box::new(moved)), Place::Incident(self.incidents.ring.end()));
    }

    /// Takes what a matter was out of every change that is held of it.
    fn clear(&mut self, id: IncidentKey) {
        let ring = &mut self.incidents.ring;
        for position in ring.first()..ring.end() {
            let Some(entry) = ring.get(position) else { continue };
            let What::Incident(seq, moved) = &entry.what else { continue };
            if moved.id == id {
                let body = wire::forgotten_change(&moved.body).into();
                let entry = Entry::new(entry.number, What::Incident(*seq, Box::new(Moved { body, ..Moved::clone(moved) })), ring.frames());
                ring.replace(position, entry);
            }
        }
    }

    /// Appends what an earlier life wrote, at its place.
    pub fn keep(&mut self, kept: Kept) {
        self.push(What::Kept(Box::new(kept)), Place::Alert(self.alerts.ring.end()));
    }

    /// Appends the end of an alert of an earlier life.
    pub fn end(&mut self, alert: &Kept, at: Timestamp) {
        let seq = self.seq();
        self.keep(alert.ended(seq, at));
    }

    /// Appends a change of a matter that an earlier life wrote, at its place.
    pub fn keep_moved(&mut self, seq: u64, moved: Moved) {
        self.push(What::Incident(seq, Box::new(moved)), Place::Incident(self.incidents.ring.end()));
    }
    /// Appends a transition as it is.
    pub fn tell(&mut self, alert: Box<Alert>) {
        if alert.status == Status::Resolved {
            self.acknowledged.remove(&alert.id);
        }
        self.before.remove(&alert.id);
        let seq = self.seq();
        self.push(What::Alert(seq, alert), Place::Alert(self.alerts.ring.end()));
    }

    pub fn append(&mut self, event: Event) {
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
            Event::Shares(_) => {}
            Event::Incident(change) => self.move_on(Moved::from(&*change)),
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
            Place::Alert(_) => self.alerts.ring.frames(),
            Place::Incident(_) => self.incidents.ring.frames(),
            Place::Mention(_) => self.mentions.frames(),
            Place::Delete(_) => self.deletes.frames(),
        };
        let entry = Arc::new(Entry::new(self.number(), what, frames));
        for key in entry.posts() {
            self.shown.entry(key).or_default().push(place);
        }
        let cost = entry.cost();
        let evicted = match place {
            Place::Alert(_) => self.alerts.ring.push(entry, cost),
            Place::Incident(_) => self.incidents.ring.push(entry, cost),
            Place::Mention(_) => self.mentions.push(entry, cost),
            Place::Delete(_) => self.deletes.push(entry, cost),
        };
        for (position, entry) in evicted {
            match (&entry.what, entry.seq()) {
                (What::Incident(..), Some(seq)) => self.incidents.floor = seq + 1,
                (_, Some(seq)) => {
                    self.alerts.floor = seq + 1;
                    self.forget(&entry, Place::Alert(position));
                }
                (_, None) => self.forget(&entry, Place::Mention(position)),
            }
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
    pub fn scrub(&mut self, key: PostKey) {
        if let Some((network, id)) = self.replace(key, None) {
            self.shown.remove(&key);
            self.push(What::Deleted(key, network, id), Place::Delete(self.deletes.end()));
        }
    }

    /// Puts the new version of a post, or a tombstone, into every entry that shows it; returns the
    /// network and id of the post if there is such an entry.
    pub fn replace(&mut self, key: PostKey, by: Option<&PostBuf>) -> Option<(String, String)> {
        let mut name = None;
        for place in self.shown.get(&key)? {
            let (ring, position) = match *place {
                Place::Alert(position) => (&mut self.alerts.ring, position),
                Place::Mention(position) => (&mut self.mentions, position),
                Place::Incident(_) | Place::Delete(_) => continue,
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
        // It shows none.
        What::Incident(seq, moved) => What::Incident(*seq, moved.clone()),
        What::Deleted(key, network, id) => What::Deleted(*key, network.clone(), id.clone()),
    };
    (what, name)
}
