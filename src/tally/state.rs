//! The whole tally as bytes: a snapshot, in parts of about 128 KiB, of records that are read back one by one.
//!
//! What follows from the configuration is not in it: a tally that was restored adopts what is listened for
//! with its first step, as after a reload, and topics go on by their numbers. A snapshot is taken between
//! two steps and while no bucket is closed for some topics only, see [`Tally::is_between`].

use std::collections::HashMap;
use std::sync::Arc;

use super::shares::Waiting;
use super::{Mention, MentionTopic, Settings, Tally, authors};
use crate::alert::Status;
use crate::codec::{self, Coded, Error, Reader};
use crate::seen::{Horizon, Known};
use crate::topic::{SourceId, TopicId};

/// Kind of the parts, and the version that is written: to be raised whenever a field comes, goes or means
/// another thing.
const KIND: [u8; 4] = *b"escS";
const VERSION: u16 = 4;
/// A part is closed once it is larger. Each is written between alerts, which wait for it.
const PART: usize = 1 << 17;
/// Entries of a horizon in one record.
const ENTRIES: usize = 1024;

/// What a record holds. Each section stands behind those that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Names of the sources, by the numbers they have in all that follows.
    Sources,
    Topic,
    Core,
    Seen,
    Authors,
    ShareClusters,
    ShareWaiting,
    Cluster,
    Mention,
    Incident,
    /// Nothing follows; how many records there were.
    End,
}

coded_cases!(Section: Section::Sources, Section::Topic, Section::Core, Section::Seen, Section::Authors, Section::ShareClusters,
    Section::ShareWaiting, Section::Cluster, Section::Mention, Section::Incident, Section::End);

/// Cuts records into parts.
struct Parts<'a> {
    record: Vec<u8>,
    part: Vec<u8>,
    records: u64,
    to: &'a mut dyn FnMut(Vec<u8>),
}

impl Parts<'_> {
    fn put(&mut self, section: Section, write: impl FnOnce(&mut Vec<u8>)) {
        self.record.clear();
        write(&mut self.record);
        section.encode(&mut self.part);
        (self.record.len() as u32).encode(&mut self.part);
        self.part.extend_from_slice(&self.record);
        self.records += 1;
        if self.part.len() >= PART || section == Section::End {
            let mut sealed = Vec::with_capacity(self.part.len() + 32);
            codec::seal(KIND, VERSION, &mut sealed, |out| out.extend_from_slice(&self.part));
            self.part.clear();
            (self.to)(sealed);
        }
    }

    fn put_all<V: Coded>(&mut self, section: Section, horizon: &Horizon<V>) {
        let mut entries = horizon.entries().peekable();
        while entries.peek().is_some() {
            self.put(section, |out| {
                for (key, at, value) in entries.by_ref().take(ENTRIES) {
                    (key, at).encode(out);
                    value.encode(out);
                }
            });
        }
    }
}

impl Tally {
    /// Whether a snapshot can be taken now.
    pub fn is_between(&self) -> bool {
        self.closed == 0
    }

    /// Gives the parts of a snapshot to `to`, in order; `sources` are the names of the sources by their
    /// numbers.
    pub fn snapshot(&self, sources: &[String], to: &mut dyn FnMut(Vec<u8>)) {
        let mut parts = Parts { record: Vec::new(), part: Vec::new(), records: 0, to };
        parts.put(Section::Sources, |out| sources.to_vec().encode(out));
        self.topics.iter().for_each(|topic| parts.put(Section::Topic, |out| topic.encode(out)));
        parts.put(Section::Core, |out| self.core(out));
        parts.put_all(Section::Seen, self.seen.horizon());
        parts.put_all(Section::Authors, &self.authors.latest);
        parts.put_all(Section::ShareClusters, &self.shares.clusters);
        parts.put_all(Section::ShareWaiting, &self.shares.waiting);
        self.clusters.entries().for_each(|entry| parts.put(Section::Cluster, entry));
        self.recent.slots().for_each(|slot| parts.put(Section::Mention, |out| slot.map(Shown::of).encode(out)));
        self.incidents.pieces(&mut |piece| parts.put(Section::Incident, |out| piece.encode(out)));
        let records = parts.records;
        parts.put(Section::End, |out| records.encode(out));
    }

    /// Everything of which there is one.
    fn core(&self, out: &mut Vec<u8>) {
        self.clock.encode(out);
        self.authors.now.encode(out);
        (self.clusters.founded(), self.recent.oldest()).encode(out);
        self.answers.encode(out);
        self.networks.encode(out);
        self.shares.encode(out);
        self.listened.encode(out);
        self.judge.encode(out);
        self.slots.encode(out);
        self.changed.encode(out);
        self.visited.encode(out);
        self.due.encode(out);
        self.watched.encode(out);
        self.brands.encode(out);
        self.sources.encode(out);
        self.busy.encode(out);
        (self.bucket, self.told, self.settled).encode(out);
    }

    fn restore_core(&mut self, from: &mut Reader<'_>) -> Result<u64, Error> {
        self.clock.restore(from)?;
        self.authors.now = Coded::decode(from)?;
        let (founded, oldest) = Coded::decode(from)?;
        self.recent.start(oldest);
        self.answers = Coded::decode(from)?;
        self.networks = Coded::decode(from)?;
        self.shares.restore(from)?;
        self.listened = Coded::decode(from)?;
        self.judge.restore(from)?;
        (self.slots, self.changed) = Coded::decode(from)?;
        self.visited = Coded::decode(from)?;
        (self.due, self.watched) = Coded::decode(from)?;
        self.brands.restore(from)?;
        self.sources = Coded::decode(from)?;
        self.busy = Coded::decode(from)?;
        (self.bucket, self.told, self.settled) = Coded::decode(from)?;
        Ok(founded)
    }

    /// The topics that are listened to, in the order of the set.
    pub fn listening(&self) -> Vec<TopicId> {
        self.slots.iter().filter_map(|slot| self.topics.get(*slot)).map(|topic| topic.id).collect()
    }

    /// Ids of the alerts that go on.
    pub fn firing(&self) -> impl Iterator<Item = &str> {
        self.judge.alerts().filter(|alert| alert.status == Status::Firing).map(|alert| alert.id.as_str())
    }

    /// Nobody listened since the snapshot, for how long is not known: event time goes on where it stood.
    pub fn resume(&mut self) {
        self.clock.resume();
    }
}

/// A tally in the making.
pub struct Restoring {
    tally: Tally,
    /// The present numbers of the sources, by those in the snapshot.
    sources: Arc<[SourceId]>,
    present: Vec<String>,
    names: HashMap<TopicId, Arc<str>>,
    founded: u64,
    records: u64,
    ended: bool,
}

impl Restoring {
    /// Of an engine with these `settings` and sources, by their present numbers.
    pub fn new(settings: Settings, sources: &[String]) -> Restoring {
        let (tally, present) = (Tally::new(settings), sources.to_vec());
        Restoring { tally, sources: Arc::default(), present, names: HashMap::new(), founded: 0, records: 0, ended: false }
    }

    /// Reads the next part.
    ///
    /// # Errors
    /// If it is none, or not the next.
    pub fn part(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (mut reader, _) = codec::open(KIND, VERSION, bytes)?;
        while !reader.is_empty() {
            let section = Section::decode(&mut reader)?;
            let length = u32::decode(&mut reader)?;
            let sources = self.sources.clone();
            let mut record = Reader::new(reader.bytes(length as usize)?).renumber(&sources);
            self.record(section, &mut record)?;
            record.end()?;
        }
        Ok(())
    }

    fn record(&mut self, section: Section, from: &mut Reader<'_>) -> Result<(), Error> {
        if self.ended {
            return Err(Error::Length);
        }
        let tally = &mut self.tally;
        match section {
            Section::Sources => {
                let names: Vec<String> = Coded::decode(from)?;
                let number = |name: &String| self.present.iter().position(|p| p == name).and_then(|i| u16::try_from(i).ok());
                self.sources = names.iter().map(|name| number(name).map_or(SourceId::GONE, SourceId)).collect();
            }
            Section::Topic => {
                tally.topics.push(Coded::decode(from)?);
                self.names.extend(tally.topics.last().map(|topic| (topic.id, topic.name.clone())));
            }
            Section::Core => self.founded = tally.restore_core(from)?,
            Section::Seen => entries::<Known>(from, tally.seen.horizon_mut())?,
            Section::Authors => entries::<authors::Latest>(from, &mut tally.authors.latest)?,
            Section::ShareClusters => entries::<u8>(from, &mut tally.shares.clusters)?,
            Section::ShareWaiting => entries::<Waiting>(from, &mut tally.shares.waiting)?,
            Section::Cluster => tally.clusters.enter(from, self.founded)?,
            Section::Mention => {
                let shown: Option<Shown> = Coded::decode(from)?;
                let mention = shown.map(|shown| shown.named(&self.names)).transpose()?;
                tally.recent.enter(mention.map(Arc::new));
            }
            Section::Incident => tally.incidents.take(Coded::decode(from)?),
            Section::End => {
                self.ended = true;
                return if u64::decode(from)? == self.records { Ok(()) } else { Err(Error::Length) };
            }
        }
        self.records += 1;
        Ok(())
    }

    /// The tally, once all parts were read.
    ///
    /// # Errors
    /// If some are missing.
    pub fn finish(mut self) -> Result<Tally, Error> {
        if !self.ended {
            return Err(Error::Length);
        }
        self.tally.clusters.resume(self.founded);
        self.tally.incidents.resume(self.tally.clock.now());
        Ok(self.tally)
    }
}

fn entries<V: Coded>(from: &mut Reader<'_>, horizon: &mut Horizon<V>) -> Result<(), Error> {
    while !from.is_empty() {
        horizon.enter(Coded::decode(from)?);
    }
    Ok(())
}

/// A mention without the names of its topics.
struct Shown(Mention);

impl Shown {
    fn of(mention: &Mention) -> Shown {
        Shown(mention.clone())
    }

    fn named(self, names: &HashMap<TopicId, Arc<str>>) -> Result<Mention, Error> {
        let mut mention = self.0;
        for topic in &mut mention.topics {
            topic.name = names.get(&topic.id).cloned().ok_or(Error::Field("topic"))?;
        }
        Ok(mention)
    }
}

impl Coded for Shown {
    fn encode(&self, out: &mut Vec<u8>) {
        let Mention { key, post, topics, addends, cluster, source, late } = &self.0;
        (*key, *cluster, *source, *late).encode(out);
        post.encode(out);
        addends.encode(out);
        topics.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Shown, Error> {
        let (key, cluster, source, late) = Coded::decode(from)?;
        let (post, addends, topics) = Coded::decode(from)?;
        Ok(Shown(Mention { key, post, topics, addends, cluster, source, late }))
    }
}

/// Without its name, which is the same in all mentions.
impl Coded for MentionTopic {
    fn encode(&self, out: &mut Vec<u8>) {
        let MentionTopic { id, name: _, direct, score, addends } = self;
        (*id, *direct, *score).encode(out);
        addends.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<MentionTopic, Error> {
        let (id, direct, score) = Coded::decode(from)?;
        Ok(MentionTopic { id, name: Arc::default(), direct, score, addends: Coded::decode(from)? })
    }
}
