//! Which sources can be heard, as the stream itself says: buckets that missed something are doubtful.

use std::collections::{BTreeMap, BTreeSet};

use crate::anomaly::{BUCKET, bucket_of};
use crate::limits::{LISTENED_GAP, SOURCE_FORGOTTEN, SOURCE_MISSED};
use crate::time::Timestamp;
use crate::topic::{Sign, SourceId};

/// The sources by what they told last.
#[derive(Debug, Default)]
pub struct Sources {
    /// Those that are down, and since when in event time.
    down: BTreeMap<SourceId, Timestamp>,
    /// Those that shed since the last beat.
    shed: BTreeSet<SourceId>,
    /// Event time of the last beat.
    beat: Option<Timestamp>,
    /// How long a source was missing from a bucket that is not closed yet, in microseconds, by its number;
    /// a bucket that shed has lost all.
    lost: BTreeMap<i64, i64>,
}

impl Sources {
    /// A source told something at `now`, in event time.
    pub fn hear(&mut self, source: SourceId, sign: Sign, now: Timestamp) {
        match sign {
            Sign::Up | Sign::Ended => _ = self.down.remove(&source),
            Sign::Down => _ = self.down.entry(source).or_insert(now),
            Sign::Shed => _ = self.shed.insert(source),
        }
    }

    /// A beat: what was missed since the one before.
    pub fn tick(&mut self, now: Timestamp) {
        // What was down before any data is missed since the first.
        self.down.values_mut().filter(|since| **since == Timestamp::MIN).for_each(|since| *since = now);
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
