//! Event time: the watermark of the sources, and the moment at which windows end.

use std::collections::BTreeMap;

use crate::codec::{Coded, Error, Reader};
use crate::limits::SOURCE_IDLE;
use crate::time::Timestamp;
use crate::topic::SourceId;

#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Greatest time of its posts.
    greatest: Timestamp,
    /// The tick after which it last brought data.
    brought: Timestamp,
}

/// What time it is in the stream. Everything here follows from the numbered items alone.
#[derive(Debug)]
pub struct EventClock {
    lateness: i64,
    sources: BTreeMap<SourceId, Source>,
    /// The last tick.
    tick: Option<Timestamp>,
    /// Greatest time of all posts.
    greatest: Timestamp,
    /// The least that data was ever behind the ticks.
    lag: i64,
    now: Timestamp,
    watermark: Timestamp,
}

coded!(Source { greatest, brought });

impl EventClock {
    /// Appends what time it is.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let EventClock { lateness: _, sources, tick, greatest, lag, now, watermark } = self;
        sources.encode(out);
        (*tick, (*greatest, *lag), (*now, *watermark)).encode(out);
    }

    /// Makes it the time that was written.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.sources = Coded::decode(from)?;
        self.sources.remove(&SourceId::GONE);
        (self.tick, (self.greatest, self.lag), (self.now, self.watermark)) = Coded::decode(from)?;
        Ok(())
    }

    /// Nobody listened for a while: event time goes on where it stood, and how far data is behind the
    /// ticks is found out anew.
    pub fn resume(&mut self) {
        self.lag = i64::MAX;
    }

    /// A clock whose watermark stays `lateness` microseconds behind.
    pub fn new(lateness: i64) -> EventClock {
        EventClock {
            lateness,
            sources: BTreeMap::new(),
            tick: None,
            greatest: Timestamp::MIN,
            lag: i64::MAX,
            now: Timestamp::MIN,
            watermark: Timestamp::MIN,
        }
    }

    /// The present moment of event time, at which windows end: the tick, less the least that data
    /// was ever behind the ticks. Live, that is the tick; with recorded data it is the end of the
    /// data, and runs on with the ticks when the data ends. `Timestamp::MIN` before any data.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What ends before this waits for no more posts: the present moment less the lateness.
    pub fn settled(&self) -> Timestamp {
        self.now.plus(-self.lateness)
    }

    /// No post before this is expected any more; never falls.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// A beat.
    pub fn tick(&mut self, at: Timestamp) {
        if self.tick.is_none() {
            self.sources.values_mut().for_each(|s| s.brought = at);
        }
        self.tick = Some(self.tick.map_or(at, |before| before.max(at)));
        self.settle();
        self.watermark = self.watermark.max(self.least(None).unwrap_or(Timestamp::MIN));
    }

    /// The watermark of the other sources, as it stands before a buffer of `source`.
    pub fn before(&self, source: SourceId) -> Before {
        let mine = self.sources.get(&source).copied().filter(|s| self.is_active(s));
        Before {
            others: self.least(Some(source)),
            mine: mine.map_or(Timestamp::MIN, |s| s.greatest),
            known: self.sources.get(&source).map_or(Timestamp::MIN, |s| s.greatest),
        }
    }

    /// Whether a post at `at` comes behind the watermark, when the posts before it in its buffer
    /// reached `in_buffer`.
    pub fn is_late(&self, before: &Before, in_buffer: Timestamp, at: Timestamp) -> bool {
        // A source that was idle counts again from its first post on.
        let mine = if in_buffer > Timestamp::MIN { before.known.max(in_buffer) } else { before.mine };
        let mine = (mine > Timestamp::MIN).then(|| mine.plus(-self.lateness));
        let least = mine.into_iter().chain(before.others).min().unwrap_or(Timestamp::MIN);
        at < self.watermark.max(least)
    }

    /// Posts up to `at` were met.
    pub fn advance(&mut self, at: Timestamp) {
        if at > self.greatest {
            self.greatest = at;
            self.settle();
        }
    }

    /// A buffer of `source` is worked off; its greatest time was `greatest`.
    pub fn arrived(&mut self, source: SourceId, greatest: Timestamp) {
        if greatest == Timestamp::MIN {
            return;
        }
        self.advance(greatest);
        let brought = self.tick.unwrap_or(Timestamp::MIN);
        let entry = self.sources.entry(source).or_insert(Source { greatest, brought });
        entry.greatest = entry.greatest.max(greatest);
        entry.brought = brought;
        self.watermark = self.watermark.max(self.least(None).unwrap_or(Timestamp::MIN));
    }

    fn settle(&mut self) {
        if self.greatest == Timestamp::MIN {
            return;
        }
        let Some(tick) = self.tick else {
            self.now = self.greatest;
            return;
        };
        self.lag = self.lag.min(tick.since(self.greatest)).max(0);
        self.now = self.now.max(tick.plus(-self.lag));
    }

    fn is_active(&self, source: &Source) -> bool {
        self.tick.is_none_or(|tick| tick.since(source.brought) <= SOURCE_IDLE)
    }

    /// The least watermark of the sources that brought data lately, but for `but`.
    fn least(&self, but: Option<SourceId>) -> Option<Timestamp> {
        let active = self.sources.iter().filter(|(id, s)| Some(**id) != but && self.is_active(s));
        active.map(|(_, s)| s.greatest.plus(-self.lateness)).min()
    }
}

/// The watermark as it stands before a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    others: Option<Timestamp>,
    /// Greatest time of the source, `Timestamp::MIN` while it is idle.
    mine: Timestamp,
    /// Greatest time of the source, idle or not.
    known: Timestamp,
}
