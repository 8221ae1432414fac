//! Closes the buckets of the topics that are watched for what is unusual.
//!
//! A bucket closes at the first tick at which event time is `lateness` past its end, also if nothing
//! came: silence is a count of zero. A leap of event time that is too long to have been listened to is
//! a gap, of which nothing is known.

mod state;

use std::collections::BTreeMap;

use super::crowd::{Counts, Crowd};
use super::series::{Quality, Series};
use super::{Event, Moment, Past, Tally, tell};
use crate::anomaly::{BUCKET, Direction, Finding, PER_DAY, PER_HOUR, Usual, Watched, bucket_of};
use crate::judge::{Closed, Crisis, Symptoms};
use crate::limits::LISTENED_GAP;
use crate::time::Timestamp;
use crate::topic::Listening;
use crate::window::Window;

/// Minutes of a bucket.
const MINUTES: i64 = 60 / PER_HOUR as i64;
/// Open buckets of which negative posts are remembered, the latest: recorded input may come a day at
/// a time.
const OPEN: usize = 2 * PER_DAY as usize;

/// One topic's volume and who asks for it.
#[derive(Debug)]
pub struct Unusual {
    series: Series,
    /// The judge's watches, in the order of the detectors.
    watches: Vec<usize>,
    /// The first bucket that was heard whole.
    from: i64,
    /// Buckets below are closed.
    next: i64,
    /// Negative posts of the buckets that are open, by number.
    negative: BTreeMap<i64, u64>,
    crowd: Crowd,
    crisis: Crisis,
    watched: Option<Watched>,
}

impl Unusual {
    fn new(series: Series, watches: Vec<usize>, from: i64) -> Unusual {
        let (crowd, crisis) = (Crowd::default(), Crisis::default());
        Unusual { series, watches, from, next: i64::MIN, negative: BTreeMap::new(), crowd, crisis, watched: None }
    }

    /// What its last closed bucket came to.
    pub fn watched(&self) -> Option<Watched> {
        self.watched
    }

    /// Learns what was counted before the first bucket.
    fn remember(&mut self, past: &Past, topic: &str) {
        let counts = past.counts(topic);
        let first = past.until.saturating_sub(i64::try_from(counts.len()).unwrap_or(i64::MAX));
        for (bucket, count) in (first..).zip(counts) {
            self.series.close(bucket, count, Quality::Whole);
        }
    }

    /// A negative post of `at` was counted.
    pub fn note_negative(&mut self, at: Timestamp) {
        let bucket = bucket_of(at);
        if bucket < self.next {
            return;
        }
        *self.negative.entry(bucket).or_insert(0) += 1;
        if self.negative.len() > OPEN {
            self.negative.pop_first();
        }
    }

    /// Closes a bucket: what the detectors found, each for its watch, and where the topic stands.
    fn close(&mut self, bucket: i64, mentions: u64, newcomers: Option<u64>, quality: Quality) -> (Vec<(usize, Finding)>, Watched) {
        let later = self.negative.split_off(&(bucket + 1));
        let negative = std::mem::replace(&mut self.negative, later).remove(&bucket).unwrap_or(0);
        self.next = bucket + 1;
        let counts = Counts { mentions, newcomers, negative };
        let (usual, findings) = self.series.close(bucket, mentions as f64, quality);
        let surprise = findings.iter().map(|f| f.surprise).fold(0.0, f64::max);
        let findings: Vec<(usize, Finding)> = self.watches.iter().copied().zip(findings.iter().copied()).collect();
        self.judge_level(bucket, counts, &usual, quality);
        let watched = Watched { expected: usual.mean, surprise, standing: self.crisis.standing() };
        self.watched = Some(watched);
        (findings, watched)
    }

    /// The level follows the most alarmed of the detectors that look for spikes.
    fn judge_level(&mut self, bucket: i64, counts: Counts, usual: &Usual, quality: Quality) {
        let spikes = || self.series.findings().filter(|(direction, f)| *direction == Direction::Spike && f.ready).map(|(_, f)| f);
        let volume = spikes().map(Finding::ratio).fold(0.0, f64::max);
        let near = spikes().any(|f| f.quiet == 0);
        let learn = quality == Quality::Whole;
        let voices = self.crowd.close(bucket, counts, usual, learn, volume >= 1.0);
        if learn {
            self.crisis.close(&Symptoms { volume, near, authors: voices.authors, negative: voices.negative });
        }
    }
}

impl Tally {
    /// Watches the volume of the topics of `listening` that a rule asks for, and no others.
    pub(super) fn adopt_unusual(&mut self, listening: &Listening, now: Timestamp) {
        let from = if now == Timestamp::MIN { i64::MIN } else { bucket_of(now) + 1 };
        // Of the buckets that the past holds it knows more.
        let from = self.past.as_ref().map_or(from, |past| from.max(past.until));
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
                    state.unusual = Some(Box::new(Unusual::new(series, watches, from)));
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
        if let Some(past) = self.past.as_ref().filter(|_| unusual.next == i64::MIN) {
            unusual.remember(past, &topic.name);
        }
        let end = (bucket + 1) * MINUTES - 1;
        let mentions = topic.panes.between(end - MINUTES, end).mentions;
        let newcomers = topic.panes.newcomers(MINUTES, end);
        let (findings, watched) = unusual.close(bucket, mentions, newcomers, Quality::Whole);
        if !topic.changed {
            // Readers are told of what is usual now, also where nothing came.
            topic.changed = true;
            self.changed.push(slot);
        }
        for (watch, finding) in findings {
            let evidence = || topic.evidence(Window::H1, end, &self.recent, &self.networks);
            let closed = Closed { bucket, finding: &finding, standing: watched.standing };
            self.judge.close(watch, closed, Moment { now, delayed: false }, evidence, &mut self.alerts);
        }
    }
}
