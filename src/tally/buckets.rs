//! Closes the buckets of the topics that are watched for what is unusual.
//!
//! A bucket closes at the first tick at which event time is `lateness` past its end, also if nothing
//! came: silence is a count of zero. A leap of event time that is too long to have been listened to is
//! a gap, of which nothing is known. A bucket that a source missed a good part of is doubtful.

mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::crowd::{Counts, Crowd};
use super::evidence::Around;
use super::series::{Quality, Series};
use super::{Event, Moment, Past, Tally, tell};
use crate::anomaly::{BUCKET, Band, Direction, Finding, PER_DAY, PER_HOUR, Settings, Standing, Usual, Watched, bucket_of};
use crate::calendar::Calendar;
use crate::judge::{Closed, Crisis, Symptoms};
use crate::limits::{CLOSED, LISTENED_GAP};
use crate::time::{Timestamp, Zone};
use crate::topic::Listening;
use crate::window::Window;

/// Minutes of a bucket.
pub const MINUTES: i64 = 60 / PER_HOUR as i64;
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
    /// The minute of the latest mention that is to be looked at.
    busy: i64,
    /// Negative posts of the buckets that are open, by number.
    negative: BTreeMap<i64, u64>,
    crowd: Crowd,
    crisis: Crisis,
    watched: Option<Watched>,
}

impl Unusual {
    /// The volume of `series`, for these watches of the judge, first heard whole in bucket `from`.
    pub fn new(series: Series, watches: Vec<usize>, from: i64) -> Unusual {
        let (crowd, crisis) = (Crowd::default(), Crisis::default());
        Unusual { series, watches, from, next: i64::MIN, busy: i64::MIN, negative: BTreeMap::new(), crowd, crisis, watched: None }
    }

    /// What its last closed bucket came to, one of the past if it has closed none.
    pub fn watched(&self) -> Option<Watched> {
        self.watched
    }

    /// What is usual in the `minutes` from minute `first` on.
    pub fn usual(&mut self, first: i64, minutes: i64) -> Option<Band> {
        self.series.usual(first, minutes)
    }

    /// Mentions usual in an hour, by hour of an ordinary civil week.
    pub fn usual_week(&self) -> Option<Vec<f64>> {
        self.series.usual_week()
    }

    /// Who asks and how to look from now on; what is usual stays known.
    pub fn adopt(&mut self, zone: Zone, calendar: Arc<Calendar>, watches: Vec<usize>, settings: Vec<Settings>) {
        self.watches = watches;
        self.series.adopt(zone, calendar, settings);
    }

    /// Whether it was listening when `bucket` began.
    pub fn hears(&self, bucket: i64) -> bool {
        bucket >= self.from
    }

    /// A mention of `minute` was counted; `true` if it is the first in a minute that is to be looked at.
    pub fn note(&mut self, minute: i64) -> bool {
        let first = minute != self.busy && minute.div_euclid(MINUTES) >= self.next && self.series.looks();
        if first {
            self.busy = minute;
        }
        first
    }

    /// Learns what was counted before the first bucket, which is known once. Readers hear of what is usual from then on,
    /// and not only when a bucket of its own closes.
    pub fn recall(&mut self, past: Option<&Past>, counts: impl FnOnce(&Past) -> Vec<f64>) {
        let Some(past) = past.filter(|_| self.next == i64::MIN) else { return };
        self.next = self.from;
        let counts = counts(past);
        let first = past.until.saturating_sub(i64::try_from(counts.len()).unwrap_or(i64::MAX));
        for (bucket, count) in (first..).zip(counts) {
            let (usual, _) = self.series.close(bucket, count, Quality::Whole);
            self.watched = Some(Watched { expected: usual.mean, surprise: 0.0, standing: self.crisis.standing() });
        }
    }

    /// Looks at the open bucket after `minute`: `(count, window)` are its mentions and those of its last
    /// minutes, `voices` the newcomers among them. What is an alert, for which watch, and where the topic
    /// stands.
    pub fn look(
        &mut self,
        minute: i64,
        (count, window): (u64, u64),
        voices: impl FnOnce() -> Option<(u64, u64)>,
    ) -> Vec<(usize, Finding, Standing)> {
        let bucket = minute.div_euclid(MINUTES);
        let minutes = (minute.rem_euclid(MINUTES) + 1) as usize;
        let open = self.series.open(bucket, minutes, (count as f64, window as f64));
        let found = self.series.look(bucket, &open);
        if found.is_empty() || !voices().is_some_and(|voices| self.crowd.confirms(bucket, &open, voices)) {
            return Vec::new();
        }
        for (i, finding) in &found {
            self.series.tell(*i, bucket, finding);
        }
        let standing = self.crisis.look(found.iter().map(|(_, finding)| finding.ratio()).fold(0.0, f64::max));
        if let Some(watched) = &mut self.watched {
            watched.standing = standing;
        }
        found.into_iter().filter_map(|(i, finding)| Some((*self.watches.get(i)?, finding, standing))).collect()
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
    pub fn close(&mut self, bucket: i64, mentions: u64, newcomers: Option<u64>, quality: Quality) -> (Vec<(usize, Finding)>, Watched) {
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
                Some(known) => known.adopt(topic.zone.clone(), topic.calendar.clone(), watches, settings),
                None => {
                    let series = Series::new(topic.zone.clone(), topic.calendar.clone(), settings);
                    let mut unusual = Unusual::new(series, watches, from);
                    unusual.recall(self.past.as_ref(), |past| past.counts(&topic.name));
                    state.unusual = Some(Box::new(unusual));
                }
            }
        }
        let topics = &self.topics;
        self.watched.sort_by_key(|slot| topics.get(*slot).map(|t| t.id));
        for slot in self.brands.adopt(listening, &self.slots, from) {
            self.mark_changed(slot);
        }
        // What is no longer listened to has a gap, and would begin anew.
        self.topics.iter_mut().filter(|t| !t.active).for_each(|t| t.unusual = None);
    }

    /// Closes the buckets that are over, each for all topics in the order of their numbers. The last of them is
    /// closed for no more than `limits::CLOSED` topics in a beat, and for the others in the next beats.
    pub(super) fn close_buckets(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let settled = self.clock.settled();
        let open = bucket_of(settled);
        // What was heard of the first bucket is a part of it.
        let next = *self.bucket.get_or_insert(bucket_of(now) + 1);
        let from = if (open - next) * BUCKET > LISTENED_GAP { open } else { next };
        if from != next {
            self.closed = 0;
        }
        for bucket in from..open {
            self.look((bucket + 1) * MINUTES, now);
            let most = if bucket + 1 == open { CLOSED } else { usize::MAX };
            if !self.close_for(bucket, most, now) {
                return tell(&mut self.alerts, events);
            }
        }
        self.bucket = Some(from.max(open));
        self.look(settled.minute(), now);
        tell(&mut self.alerts, events);
    }

    /// Closes the bucket that is closed for some topics for the others too, as long as their watches are the same.
    pub(super) fn finish_closing(&mut self, now: Timestamp) {
        if let Some(bucket) = self.bucket.filter(|_| self.closed > 0) {
            self.close_for(bucket, usize::MAX, now);
        }
    }

    /// Closes `bucket` for the next `most` topics; whether it is closed for all now.
    fn close_for(&mut self, bucket: i64, most: usize, now: Timestamp) -> bool {
        // Which topics a source would have spoken of nobody knows.
        let quality = if self.sources.missed(bucket) { Quality::Doubtful } else { Quality::Whole };
        let to = self.watched.len().min(self.closed.saturating_add(most));
        for i in self.closed..to {
            if let Some(slot) = self.watched.get(i).copied() {
                self.close_bucket(slot, bucket, quality, now);
            }
        }
        self.judge.tell_unusual(now, &mut self.alerts);
        self.closed = to;
        if to < self.watched.len() {
            return false;
        }
        self.close_brands(bucket, quality);
        (self.bucket, self.closed) = (Some(bucket + 1), 0);
        true
    }

    fn close_bucket(&mut self, slot: usize, bucket: i64, quality: Quality, now: Timestamp) {
        let Some(topic) = self.topics.get_mut(slot) else { return };
        let Some(unusual) = topic.unusual.as_mut().filter(|u| u.hears(bucket)) else { return };
        let end = (bucket + 1) * MINUTES - 1;
        let mentions = topic.panes.between(end - MINUTES, end).mentions;
        let newcomers = topic.panes.newcomers(MINUTES, end);
        let (findings, watched) = unusual.close(bucket, mentions, newcomers, quality);
        // Readers are told of what is usual now, also where nothing came.
        if !topic.changed {
            topic.changed = true;
            self.changed.push(slot);
        }
        // Of a doubtful bucket nobody knows whether what goes on is over.
        for (watch, finding) in findings.into_iter().filter(|(_, finding)| quality == Quality::Whole || finding.fires) {
            let around = Around { recent: &self.recent, networks: &self.networks, compiled: self.compiled.as_ref() };
            let evidence = |since| topic.evidence(Window::H1, end, since, around);
            let closed = Closed { bucket, finding: &finding, standing: watched.standing };
            self.judge.close(watch, closed, Moment { now, delayed: false }, evidence, &mut self.alerts);
        }
    }
}
