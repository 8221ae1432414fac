//! Which sources can be heard, as the stream itself says: buckets that missed something are doubtful.

use std::collections::{BTreeMap, BTreeSet};

use super::series::{Quality, Series};
use crate::alert::Alert;
use crate::anomaly::{BUCKET, bucket_of};
use crate::codec::{Coded, Error, Reader};
use crate::judge::{Brought, Judge};
use crate::limits::{LISTENED_GAP, SOURCE_FORGOTTEN, SOURCE_MISSED};
use crate::time::Timestamp;
use crate::topic::{Sign, SourceId, SourceRule};

/// One rule on one source, and what is usual there.
#[derive(Debug)]
struct Watch {
    name: String,
    source: SourceId,
    series: Series,
}

/// The sources by what they told last.
#[derive(Debug, Default)]
pub struct Sources {
    /// In the order of the judge's.
    watches: Vec<Watch>,
    /// Sources that ever told something: recordings never do, and are not watched.
    known: BTreeSet<SourceId>,
    /// Posts that decoded since the last beat, and in the running bucket.
    fresh: BTreeMap<SourceId, u64>,
    brought: BTreeMap<SourceId, u64>,
    /// Sources of which the running bucket lacks something.
    lacking: BTreeSet<SourceId>,
    /// The running bucket.
    bucket: Option<i64>,
    /// Those that are down, and since when in event time.
    down: BTreeMap<SourceId, Timestamp>,
    /// Those that are up again and brought nothing yet, and since when they were down: who connects in vain
    /// again and again is down all the time.
    doubted: BTreeMap<SourceId, Timestamp>,
    /// Those that shed since the last beat.
    shed: BTreeSet<SourceId>,
    /// Event time of the last beat.
    beat: Option<Timestamp>,
    /// How long a source was missing from a bucket that is not closed yet, in microseconds, by its number;
    /// a bucket that shed has lost all.
    lost: BTreeMap<i64, i64>,
}

/// Series are written without what is the configuration's.
impl Coded for Watch {
    fn encode(&self, out: &mut Vec<u8>) {
        self.name.encode(out);
        self.source.encode(out);
        self.series.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Watch, Error> {
        Ok(Watch { name: Coded::decode(from)?, source: Coded::decode(from)?, series: Series::decode(from)? })
    }
}

impl Coded for Sources {
    fn encode(&self, out: &mut Vec<u8>) {
        let Sources { watches, known, fresh, brought, lacking, bucket, down, doubted, shed, beat, lost } = self;
        watches.encode(out);
        (bucket.as_ref().copied(), beat.as_ref().copied()).encode(out);
        [known, lacking, shed].into_iter().for_each(|all| all.encode(out));
        [fresh, brought].into_iter().for_each(|all| all.encode(out));
        [down, doubted].into_iter().for_each(|all| all.encode(out));
        lost.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Sources, Error> {
        let mut read = Sources { watches: Coded::decode(from)?, ..Sources::default() };
        (read.bucket, read.beat) = Coded::decode(from)?;
        for all in [&mut read.known, &mut read.lacking, &mut read.shed] {
            *all = present(from)?.into_iter().map(|(source, ())| source).collect();
        }
        for all in [&mut read.fresh, &mut read.brought] {
            *all = present(from)?;
        }
        for all in [&mut read.down, &mut read.doubted] {
            *all = present(from)?;
        }
        read.lost = Coded::decode(from)?;
        Ok(read)
    }
}

/// What is told of sources that are still configured, in whatever order they are now.
fn present<T: Coded>(from: &mut Reader<'_>) -> Result<BTreeMap<SourceId, T>, Error> {
    let all: Vec<(SourceId, T)> = Coded::decode(from)?;
    Ok(all.into_iter().filter(|(source, _)| *source != SourceId::GONE).collect())
}

impl Sources {
    /// A source told something at `now`, in event time.
    pub fn hear(&mut self, source: SourceId, sign: Sign, now: Timestamp) {
        if self.known.insert(source) {
            // Of its first bucket it is heard in part.
            self.lacking.insert(source);
        }
        if matches!(sign, Sign::Down | Sign::Shed) {
            self.lacking.insert(source);
        }
        match sign {
            Sign::Up => self.doubted.extend(self.down.remove(&source).map(|since| (source, since))),
            Sign::Down => {
                let since = self.doubted.remove(&source).unwrap_or(now);
                self.down.entry(source).or_insert(since);
            }
            Sign::Ended => {
                self.down.remove(&source);
                self.doubted.remove(&source);
            }
            Sign::Shed => _ = self.shed.insert(source),
        }
    }

    /// Watches the sources of `rules`; what is usual stays known.
    pub fn adopt(&mut self, rules: &[SourceRule]) {
        let mut old = std::mem::take(&mut self.watches);
        for rule in rules {
            for (source, _) in &rule.sources {
                let known = old.iter().position(|w| w.name == rule.name && w.source == *source).map(|i| old.swap_remove(i));
                let mut watch = known.unwrap_or_else(|| {
                    let series = Series::new(rule.zone.clone(), Default::default(), []);
                    Watch { name: rule.name.clone(), source: *source, series }
                });
                watch.series.adopt(rule.zone.clone(), Default::default(), [rule.settings]);
                self.watches.push(watch);
            }
        }
    }

    /// So many posts of a source decoded.
    pub fn brought(&mut self, source: SourceId, posts: u64) {
        if posts > 0 && self.known.contains(&source) {
            *self.fresh.entry(source).or_insert(0) += posts;
            self.doubted.remove(&source);
        }
    }

    /// A beat for the watches: what is down or back, and the buckets that are over. Posts count in the
    /// bucket in which they came, whatever their own time.
    pub fn judge(&mut self, now: Timestamp, judge: &mut Judge, alerts: &mut Vec<Alert>) {
        self.date(now);
        let open = bucket_of(now);
        let next = self.bucket.replace(open).unwrap_or(open);
        let from = if (open - next).saturating_mul(BUCKET) > LISTENED_GAP { open } else { next };
        for bucket in from..open {
            self.close(bucket, now, judge, alerts);
        }
        for (i, watch) in self.watches.iter().enumerate() {
            let down = self.down.get(&watch.source);
            judge.source_down(i, down.copied(), now, alerts);
            if down.is_none() && self.fresh.contains_key(&watch.source) {
                judge.source_back(i, now, alerts);
            }
        }
        for (source, posts) in std::mem::take(&mut self.fresh) {
            *self.brought.entry(source).or_insert(0) += posts;
        }
    }

    /// What was down before event time was known is down since now.
    fn date(&mut self, now: Timestamp) {
        self.down.values_mut().filter(|since| **since == Timestamp::MIN).for_each(|since| *since = now);
    }

    fn close(&mut self, bucket: i64, now: Timestamp, judge: &mut Judge, alerts: &mut Vec<Alert>) {
        for (i, watch) in self.watches.iter_mut().enumerate().filter(|(_, w)| self.known.contains(&w.source)) {
            let posts = self.brought.get(&watch.source).copied().unwrap_or(0);
            let whole = !self.lacking.contains(&watch.source);
            let quality = if whole { Quality::Whole } else { Quality::Doubtful };
            let (usual, findings) = watch.series.close(bucket, posts as f64, quality);
            if let (true, Some(finding)) = (whole, findings.first()) {
                judge.source_closed(i, Brought { bucket, posts, usual: usual.mean, finding }, now, alerts);
            }
        }
        self.brought.clear();
        self.lacking = self.down.keys().copied().collect();
    }

    /// A beat: what was missed since the one before.
    pub fn tick(&mut self, now: Timestamp) {
        self.date(now);
        let before = self.beat.replace(now).unwrap_or(now).max(now.plus(-LISTENED_GAP));
        let missing = self.down.values().any(|since| now.since(*since) <= SOURCE_FORGOTTEN);
        if missing {
            let mut from = before;
            while from < now {
                let bucket = bucket_of(from);
                let end = Timestamp((bucket + 1).saturating_mul(BUCKET)).min(now);
                *self.lost.entry(bucket).or_insert(0) += end.since(from);
                from = end;
            }
        }
        if !std::mem::take(&mut self.shed).is_empty() {
            for bucket in bucket_of(before)..=bucket_of(now) {
                self.lost.insert(bucket, BUCKET);
            }
        }
    }

    /// Whether `bucket` missed a good part of what was to be heard. Buckets before it are forgotten.
    pub fn missed(&mut self, bucket: i64) -> bool {
        while self.lost.first_key_value().is_some_and(|(first, _)| *first < bucket) {
            self.lost.pop_first();
        }
        self.lost.get(&bucket).is_some_and(|lost| *lost >= SOURCE_MISSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MINUTE, SECOND};

    /// A beat each second over three buckets, with these signs at these seconds: which buckets missed
    /// something.
    fn missed(signs: &[(i64, u16, Sign)]) -> Vec<bool> {
        let mut sources = Sources::default();
        for second in 0..=900 {
            let now = Timestamp::from_seconds(second);
            for (_, source, sign) in signs.iter().filter(|(at, ..)| *at == second) {
                sources.hear(SourceId(*source), *sign, now);
            }
            sources.tick(now);
        }
        (0..3).map(|bucket| sources.missed(bucket)).collect()
    }

    #[test]
    fn a_bucket_is_doubtful_when_a_source_was_down_for_a_good_part_or_shed() {
        use Sign::{Down, Ended, Shed, Up};
        for (name, signs, want) in [
            ("all is well", &[(0, 0, Up)][..], [false, false, false]),
            ("a minute", &[(320, 0, Down), (380, 0, Up)], [false, true, false]),
            ("less than a minute", &[(320, 0, Down), (379, 0, Up)], [false, false, false]),
            ("told again and again", &[(320, 0, Down), (330, 0, Down), (380, 0, Up)], [false, true, false]),
            ("across two buckets", &[(200, 0, Down), (700, 0, Up)], [true, true, true]),
            ("half a minute in each", &[(270, 0, Down), (330, 0, Up)], [false, false, false]),
            ("one of two", &[(0, 1, Up), (300, 0, Down)], [false, true, true]),
            ("another that is up says nothing of it", &[(300, 0, Down), (301, 1, Up)], [false, true, true]),
            ("a file that was read to its end is not missed", &[(300, 0, Down), (301, 0, Ended)], [false, false, false]),
            ("one moment of shedding", &[(450, 0, Shed)], [false, true, false]),
        ] {
            assert_eq!(missed(signs), want, "{name}");
        }
    }

    /// A source that stays away is no part of what is usual any more.
    #[test]
    fn a_source_that_is_down_for_long_is_no_longer_missed() {
        let mut sources = Sources::default();
        sources.hear(SourceId(0), Sign::Down, Timestamp(0));
        let last = bucket_of(Timestamp(SOURCE_FORGOTTEN));
        for minute in 0..=SOURCE_FORGOTTEN / MINUTE + 60 {
            sources.tick(Timestamp(minute * MINUTE).plus(SECOND));
        }
        assert!(sources.missed(last - 1) && !sources.missed(last + 1));
        assert!(sources.lost.len() <= 2, "what closed is forgotten");
    }
}
