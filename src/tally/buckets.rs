//! Closes the buckets of the topics that are watched for what is unusual.
//!
//! A bucket closes at the first tick at which event time is `lateness` past its end, also if nothing
//! came: silence is a count of zero. A leap of event time that is too long to have been listened to is
//! a gap, of which nothing is known.

use super::series::{Quality, Series};
use super::{Event, Moment, Tally, tell};
use crate::anomaly::{BUCKET, Finding, PER_HOUR, bucket_of};
use crate::limits::LISTENED_GAP;
use crate::time::Timestamp;
use crate::topic::Listening;
use crate::window::Window;

/// Minutes of a bucket.
const MINUTES: i64 = 60 / PER_HOUR as i64;

/// One topic's volume and who asks for it.
#[derive(Debug)]
pub struct Unusual {
    series: Series,
    /// The judge's watches, in the order of the detectors.
    watches: Vec<usize>,
    /// The first bucket that was heard whole.
    from: i64,
}

impl Tally {
    /// Watches the volume of the topics of `listening` that a rule asks for, and no others.
    pub(super) fn adopt_unusual(&mut self, listening: &Listening, now: Timestamp) {
        let from = if now == Timestamp::MIN { i64::MIN } else { bucket_of(now) + 1 };
        self.watched.clear();
        for (topic, slot) in listening.topics.iter().zip(&self.slots) {
            let Some(state) = self.topics.get_mut(*slot) else { continue };
            let asked = self.judge.watches(topic.id).filter_map(|i| Some((i, self.judge.settings(i)?)));
            let (watches, settings): (Vec<usize>, Vec<_>) = asked.unzip();
            if watches.is_empty() {
                state.unusual = None;
                continue;
            }
            self.watched.push(*slot);
            match &mut state.unusual {
                Some(known) => {
                    known.watches = watches;
                    known.series.adopt(topic.zone.clone(), topic.calendar.clone(), settings);
                }
                None => {
                    let series = Series::new(topic.zone.clone(), topic.calendar.clone(), settings);
                    state.unusual = Some(Box::new(Unusual { series, watches, from }));
                }
            }
        }
        let topics = &self.topics;
        self.watched.sort_by_key(|slot| topics.get(*slot).map(|t| t.id));
        // What is no longer listened to has a gap, and would begin anew.
        self.topics.iter_mut().filter(|t| !t.active).for_each(|t| t.unusual = None);
    }

    /// Closes the buckets that are over, each for all topics in the order of their numbers.
    pub(super) fn close_buckets(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let open = bucket_of(self.clock.settled());
        // What was heard of the first bucket is a part of it.
        let next = *self.bucket.get_or_insert(bucket_of(now) + 1);
        if next >= open {
            return;
        }
        let from = if (open - next) * BUCKET > LISTENED_GAP { open } else { next };
        self.bucket = Some(open);
        for bucket in from..open {
            for i in 0..self.watched.len() {
                if let Some(slot) = self.watched.get(i).copied() {
                    self.close_bucket(slot, bucket, now);
                }
            }
        }
        tell(&mut self.alerts, events);
    }

    fn close_bucket(&mut self, slot: usize, bucket: i64, now: Timestamp) {
        let Some(topic) = self.topics.get_mut(slot) else { return };
        let Some(unusual) = topic.unusual.as_mut().filter(|u| bucket >= u.from) else { return };
        let end = (bucket + 1) * MINUTES - 1;
        let count = topic.panes.between(end - MINUTES, end).mentions;
        let (_, findings) = unusual.series.close(bucket, count as f64, Quality::Whole);
        let findings: Vec<(usize, Finding)> = unusual.watches.iter().copied().zip(findings.iter().copied()).collect();
        for (watch, finding) in findings {
            let evidence = || topic.evidence(Window::H1, end, &self.recent, &self.networks);
            self.judge.close(watch, bucket, &finding, Moment { now, delayed: false }, evidence, &mut self.alerts);
        }
    }
}
