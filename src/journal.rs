//! What the tally did since its snapshot: the numbered items of the stream, as bytes, and how its state
//! follows from them.
//!
//! The tally is a fold: the same items in the same order give the same state, to the last bit. So what
//! outlives a crash is a snapshot and the items behind it, written in the order in which they were
//! applied, and a new snapshot is the old one with these items folded in, away from the tally's thread.
//! Items hold what the lanes made of the posts, not the posts as they came: of one that matched nothing
//! there is a count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codec::{self, Coded, Error, Reader};
use crate::lane::{Compiled, Outcome};
use crate::tally::{Erasure, Order, Restoring, Settings, Tally};
use crate::time::Timestamp;
use crate::topic::{Cursor, Sign, SourceId, TopicId};

/// Kinds of what is written, and their version.
const ROW: [u8; 4] = *b"escJ";
const HEAD: [u8; 4] = *b"escH";
const NAMES: [u8; 4] = *b"escN";
const VERSION: u16 = 2;

/// One item.
#[derive(Debug)]
pub enum Item {
    /// A process began; the names of its sources, by their numbers.
    Begun(Vec<String>),
    /// From here on this version is listened for, with these topics in its order.
    Listening(u64, Vec<TopicId>),
    /// A buffer of a source was applied, behind which it goes on at the cursor.
    Outcome(SourceId, Option<Cursor>, Box<Outcome>),
    /// An agent wanted something done with a customer's matter, at this time.
    Act(Timestamp, Box<Order>),
    /// All that is known of somebody is let go of.
    Erase(Erasure),
    /// A beat, with what sources told of themselves before it.
    Beat(Timestamp, Vec<(SourceId, Sign)>),
}

coded_cases!(Sign: Sign::Up, Sign::Down, Sign::Ended, Sign::Shed);

impl Coded for Cursor {
    fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Cursor::JetstreamTime(time) => (0u8, time).encode(out),
            Cursor::JetstreamSeq(seq) => (1u8, seq).encode(out),
            Cursor::File { identity, offset } => (2u8, identity, offset).encode(out),
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Cursor, Error> {
        match u8::decode(from)? {
            0 => Ok(Cursor::JetstreamTime(Coded::decode(from)?)),
            1 => Ok(Cursor::JetstreamSeq(Coded::decode(from)?)),
            2 => Ok(Cursor::File { identity: Coded::decode(from)?, offset: Coded::decode(from)? }),
            _ => Err(Error::Field("cursor")),
        }
    }
}

impl Coded for Item {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Item::Begun(sources) => {
                0u8.encode(out);
                sources.encode(out);
            }
            Item::Listening(version, topics) => {
                (1u8, *version).encode(out);
                topics.encode(out);
            }
            Item::Outcome(source, cursor, outcome) => {
                (2u8, *source, *cursor).encode(out);
                outcome.encode(out);
            }
            Item::Beat(at, signs) => {
                (3u8, *at).encode(out);
                signs.encode(out);
            }
            Item::Act(at, order) => {
                (4u8, *at).encode(out);
                order.encode(out);
            }
            Item::Erase(erasure) => {
                5u8.encode(out);
                erasure.encode(out);
            }
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Item, Error> {
        match u8::decode(from)? {
            0 => Ok(Item::Begun(Coded::decode(from)?)),
            1 => Ok(Item::Listening(Coded::decode(from)?, Coded::decode(from)?)),
            // Numbers of sources as they were: whoever folds knows what they are now.
            2 => Ok(Item::Outcome(Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?)),
            3 => Ok(Item::Beat(Coded::decode(from)?, Coded::decode(from)?)),
            4 => Ok(Item::Act(Coded::decode(from)?, Coded::decode(from)?)),
            5 => Ok(Item::Erase(Coded::decode(from)?)),
            _ => Err(Error::Field("item")),
        }
    }
}

/// Items that become durable together.
#[derive(Debug, Default)]
pub struct Row(Vec<u8>);

impl Row {
    /// Appends `item`.
    pub fn add(&mut self, item: &Item) {
        item.encode(&mut self.0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// As it is written.
    pub fn sealed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() + 32);
        codec::seal(ROW, VERSION, &mut out, |out| out.extend_from_slice(&self.0));
        out
    }
}

/// The names of all topics that ever were, by their numbers, and the last version of what was listened for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The version.
    pub version: u64,
    /// The names.
    pub topics: BTreeMap<TopicId, String>,
}

coded!(Names { version, topics });

impl Names {
    /// As they are written.
    pub fn sealed(&self) -> Vec<u8> {
        codec::sealed(NAMES, VERSION, self)
    }

    /// Reads them.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn read(bytes: &[u8]) -> Result<Names, Error> {
        codec::opened(NAMES, VERSION, bytes)
    }
}

/// The sets that this process listened for and that items not yet in a snapshot were matched with, by version.
#[derive(Debug, Clone, Default)]
pub struct Sets(Arc<Mutex<BTreeMap<u64, Arc<Compiled>>>>);

impl Sets {
    /// `compiled` is listened for from now on.
    pub fn add(&self, compiled: &Arc<Compiled>) {
        self.lock().insert(compiled.listening.version, compiled.clone());
    }

    /// Versions before this are in no item that will be folded.
    pub fn forget_before(&self, version: u64) {
        self.lock().retain(|known, _| *known >= version);
    }

    fn get(&self, version: u64) -> Option<Arc<Compiled>> {
        self.lock().get(&version).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Compiled>>> {
        // Held for one call of the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a fold needs beside what is written.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How the tally behaves.
    pub tally: Settings,
    /// Names of the sources, by their present numbers.
    pub sources: Vec<String>,
    /// Listened for in place of versions of which only the items know.
    pub compiled: Arc<Compiled>,
    /// The others.
    pub sets: Sets,
}

/// Everything in a snapshot beside the tally.
#[derive(Debug, Default)]
struct Head {
    sources: Vec<String>,
    version: u64,
    cursors: BTreeMap<String, Cursor>,
}

coded!(Head { sources, version, cursors });

/// A tally, and where its sources go on.
pub struct Fold {
    /// The tally.
    pub tally: Tally,
    /// By name of the source.
    pub cursors: BTreeMap<String, Cursor>,
    setting: Setting,
    /// Names of the sources, by the numbers they have in the items, and their present numbers.
    names: Vec<String>,
    numbers: Arc<[SourceId]>,
    compiled: Arc<Compiled>,
    /// The places of topics in `compiled`, by those in the items; `None` where they are the same.
    places: Option<Vec<Option<u32>>>,
}

/// A fold in the making.
pub struct Opening {
    setting: Setting,
    head: Option<Head>,
    tally: Restoring,
}

impl Opening {
    /// Reads the next part of a snapshot.
    ///
    /// # Errors
    /// If it is none, or not the next.
    pub fn part(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.head.is_some() {
            return self.tally.part(bytes);
        }
        self.head = Some(codec::opened(HEAD, VERSION, bytes)?);
        Ok(())
    }

    /// The fold, once all parts were read.
    ///
    /// # Errors
    /// If some are missing.
    pub fn finish(self) -> Result<Fold, Error> {
        let head = self.head.ok_or(Error::Length)?;
        let mut fold = Fold::of(self.tally.finish()?, self.setting);
        fold.cursors = head.cursors;
        fold.begin(head.sources);
        let topics = fold.tally.listening();
        fold.listen(head.version, &topics);
        Ok(fold)
    }
}

impl Fold {
    /// One that begins with nothing known.
    pub fn new(setting: Setting) -> Fold {
        let mut fold = Fold::of(Tally::new(setting.tally.clone()), setting);
        fold.begin(fold.setting.sources.clone());
        fold
    }

    /// One that goes on where a snapshot ends.
    pub fn open(setting: Setting) -> Opening {
        Opening { tally: Restoring::new(setting.tally.clone(), &setting.sources), head: None, setting }
    }

    fn of(tally: Tally, setting: Setting) -> Fold {
        let compiled = setting.compiled.clone();
        Fold { tally, cursors: BTreeMap::new(), names: Vec::new(), numbers: Arc::default(), compiled, places: None, setting }
    }

    /// Applies a row of items.
    ///
    /// # Errors
    /// If it is none.
    pub fn row(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (mut reader, _) = codec::open(ROW, VERSION, bytes)?;
        while !reader.is_empty() {
            self.apply(Item::decode(&mut reader)?);
        }
        Ok(())
    }

    /// What is told of was told when it happened.
    fn apply(&mut self, item: Item) {
        let mut events = Vec::new();
        match item {
            Item::Begun(sources) => {
                self.begin(sources);
                self.tally.resume();
            }
            Item::Listening(version, topics) => self.listen(version, &topics),
            Item::Outcome(source, cursor, mut outcome) => {
                self.replace(&mut outcome);
                let name = self.names.get(usize::from(source.0));
                self.cursors.extend(name.cloned().zip(cursor));
                self.tally.apply(&self.compiled, self.present(source), &outcome, &mut events);
            }
            Item::Beat(at, signs) => {
                let known = signs.into_iter().map(|(source, sign)| (self.present(source), sign)).filter(|(s, _)| *s != SourceId::GONE);
                known.collect::<Vec<_>>().into_iter().for_each(|(source, sign)| self.tally.hear(source, sign));
                self.tally.tick(&self.compiled, at, &mut events);
            }
            Item::Act(at, order) => {
                // What was refused then is refused again.
                let _ = self.tally.act(at, &order, &mut events);
            }
            Item::Erase(erasure) => _ = self.tally.erase(&erasure, &mut events),
        }
    }

    fn begin(&mut self, sources: Vec<String>) {
        let number = |name: &String| self.setting.sources.iter().position(|s| s == name).and_then(|i| u16::try_from(i).ok());
        self.numbers = sources.iter().map(|name| number(name).map_or(SourceId::GONE, SourceId)).collect();
        self.names = sources;
    }

    fn present(&self, source: SourceId) -> SourceId {
        self.numbers.get(usize::from(source.0)).copied().unwrap_or(SourceId::GONE)
    }

    fn listen(&mut self, version: u64, topics: &[TopicId]) {
        let known = self.setting.sets.get(version);
        let is_known = known.is_some();
        self.compiled = known.unwrap_or_else(|| self.setting.compiled.clone());
        let present: BTreeMap<TopicId, u32> = self.compiled.listening.topics.iter().map(|t| t.id).zip(0..).collect();
        self.places = (!is_known).then(|| topics.iter().map(|id| present.get(id).copied()).collect());
    }

    /// Gives the topics of an outcome their present places, and drops those that are gone.
    fn replace(&self, outcome: &mut Outcome) {
        let Some(places) = &self.places else { return };
        let before = std::mem::take(&mut outcome.hits);
        for record in &mut outcome.records {
            let (from, to) = record.hits;
            let first = outcome.hits.len() as u32;
            for hit in before.get(from as usize..to as usize).unwrap_or_default() {
                if let Some(topic) = places.get(hit.topic as usize).copied().flatten() {
                    outcome.hits.push(crate::lane::Hit { topic, ..*hit });
                }
            }
            record.hits = (first, outcome.hits.len() as u32);
        }
    }

    /// Gives the parts of a snapshot to `to`, in order; see [`Tally::is_between`].
    pub fn snapshot(&self, to: &mut dyn FnMut(Vec<u8>)) {
        snapshot(&self.tally, &self.setting.sources, self.compiled.listening.version, &self.cursors, to);
    }

    /// The version that is listened for.
    pub fn version(&self) -> u64 {
        self.compiled.listening.version
    }
}

/// Gives the parts of a snapshot of a tally to `to`, in order: of sources with these names, which go on at
/// these cursors, and of the version that is listened for.
pub fn snapshot(tally: &Tally, sources: &[String], version: u64, cursors: &BTreeMap<String, Cursor>, to: &mut dyn FnMut(Vec<u8>)) {
    let head = Head { sources: sources.to_vec(), version, cursors: cursors.clone() };
    to(codec::sealed(HEAD, VERSION, &head));
    tally.snapshot(sources, to);
}
