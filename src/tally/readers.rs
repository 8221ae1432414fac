//! What readers may ask of the tally.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::topics::Topic;
use super::{Mention, Tally, TopicWindows};
use crate::alert::{Alert, Status};
use crate::anomaly::Band;
use crate::limits::MENTIONS_SCAN;
use crate::panes::Sum;
use crate::panes::week::HOURS;
use crate::post::{PostBuf, PostKey};
use crate::seen::Known;
use crate::time::Timestamp;
use crate::topic::TopicId;

/// One topic at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Name of its brand, empty if none.
    pub brand: String,
    /// Its windows now.
    pub windows: TopicWindows,
    /// All mentions since it is listened to.
    pub total: Sum,
    /// Names of the rules that fire on it, in name order.
    pub firing: Vec<String>,
}

/// Mentions of one step of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Start of the step.
    pub at: Timestamp,
    /// Its mentions.
    pub sum: Sum,
    /// What is usual in it by what is known now, if a rule asks for it.
    pub usual: Option<Band>,
}

/// A topic's week; index 0 is Monday 00:00-01:00 in its zone.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekHours {
    /// Mentions by hour.
    pub mentions: [u64; HOURS],
    /// Microseconds listened to, by hour: what the mentions are divided by.
    pub listened: [i64; HOURS],
    /// Mentions usual in an hour, if a rule asks for it.
    pub usual: Option<Vec<f64>>,
    /// The hour that runs, and before it the last full ones of a day, latest first.
    pub latest: Vec<HourOfWeek>,
}

/// One hour of the last day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourOfWeek {
    /// Which hour of the week it is.
    pub hour: usize,
    /// Minutes of it that have begun; 60 but for the one that runs.
    pub minutes: i64,
    /// Its mentions.
    pub mentions: u64,
    /// What is usual in these minutes, if a rule asks for it.
    pub usual: Option<Band>,
}

/// Which mentions a reader wants.
#[derive(Debug, Clone, Default)]
pub struct MentionFilter {
    /// Of this topic only.
    pub topic: Option<TopicId>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Counted before the mention with this cursor.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Mentions, latest counted first, and where the next page goes on.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The mentions.
    pub mentions: Vec<Arc<Mention>>,
    /// `MentionFilter::before` of the next page; `None` at the end.
    pub next: Option<u64>,
}

impl Tally {
    /// The present moment of event time, at which windows end.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// No post before this is expected any more.
    pub fn watermark(&self) -> Timestamp {
        self.clock.watermark()
    }

    /// Whether the post is known to be deleted, perhaps before it came.
    pub fn is_deleted(&mut self, key: PostKey) -> bool {
        self.seen.know(key) == Some(Known::Deleted)
    }

    /// The number of the topic called `name`, if it is listened to.
    pub fn topic_named(&self, name: &str) -> Option<TopicId> {
        self.topics.iter().find(|t| t.active && *t.name == *name).map(|t| t.id)
    }

    /// A topic's windows now.
    pub fn windows(&mut self, topic: TopicId) -> Option<TopicWindows> {
        let slot = self.slot(topic)?;
        self.windows_of(slot)
    }

    /// Every topic that is listened to, in the order of the configuration.
    pub fn topics(&mut self) -> Vec<Overview> {
        let mut all = Vec::with_capacity(self.slots.len());
        let mut firing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for alert in self.judge.alerts().filter(|a| a.status == Status::Firing) {
            for topic in alert.firing_topics() {
                firing.entry(topic.to_owned()).or_default().insert(alert.rule.clone());
            }
        }
        for slot in self.slots.clone() {
            let Some(windows) = self.windows_of(slot) else { continue };
            let Some(topic) = self.topics.get(slot) else { continue };
            let firing = firing.remove(topic.name.as_ref()).unwrap_or_default().into_iter().collect();
            all.push(Overview { brand: topic.brand.clone(), windows, total: topic.total, firing });
        }
        all
    }

    /// Mentions of a topic from `from` up to `to` in steps of `minutes`, as far as panes are kept.
    pub fn series(&mut self, topic: TopicId, from: Timestamp, to: Timestamp, minutes: i64) -> Option<Vec<Step>> {
        let slot = self.slot(topic)?;
        let topic = self.topics.get_mut(slot)?;
        let minutes = minutes.max(1);
        let kept = self.clock.now().minute() - crate::limits::PANES_MINUTES as i64 + 1;
        let first = from.minute().max(kept).div_euclid(minutes) * minutes;
        let last = to.minute().min(self.clock.now().minute() + 1);
        let steps = (first..last).step_by(usize::try_from(minutes).unwrap_or(usize::MAX));
        let step =
            |m| Step { at: Timestamp::from_minute(m), sum: topic.panes.between(m - 1, m - 1 + minutes), usual: topic.usual(m, minutes) };
        Some(steps.map(step).collect())
    }

    /// A topic's week.
    pub fn week(&mut self, topic: TopicId) -> Option<WeekHours> {
        let slot = self.slot(topic)?;
        let topic = self.topics.get_mut(slot)?;
        let listened = self.listened.by_hour(&mut topic.zone, topic.since);
        let usual = topic.unusual.as_ref().and_then(|unusual| unusual.usual_week());
        Some(WeekHours { mentions: topic.week.counts(), listened, usual, latest: topic.last_day(self.clock.now().minute()) })
    }

    /// The alerts that are kept, in the order they fired, each as it is now.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.judge.alerts()
    }

    /// The latest own posts of a topic, oldest first.
    pub fn answers(&self, topic: TopicId) -> impl Iterator<Item = &PostBuf> {
        self.answers.of(topic)
    }

    /// The recent mentions that pass `filter` and `wanted`, latest counted first. A page may hold fewer
    /// than its limit and still have a next one: `limits::MENTIONS_SCAN` of them are looked at.
    pub fn mentions(&self, filter: &MentionFilter, wanted: impl Fn(&Mention) -> bool) -> Page {
        let in_time = |m: &Mention| {
            let at = m.post.get().at;
            filter.from.is_none_or(|from| at >= from) && filter.to.is_none_or(|to| at < to)
        };
        let before = filter.before.unwrap_or(u64::MAX).min(self.recent.next());
        let all = (self.recent.oldest()..before).rev();
        let numbers: Box<dyn Iterator<Item = u64>> = match filter.topic {
            None => Box::new(all),
            Some(id) => {
                let older = move |t: &'_ Topic| t.mentions.partition_point(|n| *n < before);
                Box::new(self.topic(id).into_iter().flat_map(move |t| t.mentions.range(..older(t)).rev().copied()))
            }
        };
        let mut page = Page::default();
        for (looked_at, number) in numbers.enumerate() {
            if looked_at == MENTIONS_SCAN {
                page.next = Some(number + 1);
                break;
            }
            let Some(mention) = self.recent.get(number).filter(|m| in_time(m) && wanted(m)) else { continue };
            if page.mentions.len() == filter.limit {
                page.next = Some(number + 1);
                break;
            }
            page.mentions.push(self.grown(mention));
        }
        page
    }

    /// The mention with its cluster as it is now.
    fn grown(&self, mention: &Arc<Mention>) -> Arc<Mention> {
        match self.clusters.size(mention.cluster.id, self.clock.now()) {
            Some(cluster) if cluster != mention.cluster => Arc::new(Mention { cluster, ..Mention::clone(mention) }),
            _ => mention.clone(),
        }
    }

    fn windows_of(&mut self, slot: usize) -> Option<TopicWindows> {
        let now = self.clock.now();
        let topic = self.topics.get_mut(slot)?;
        topic.panes.slide(now.minute());
        self.told(slot, now)
    }

    fn slot(&self, topic: TopicId) -> Option<usize> {
        self.topics.iter().position(|t| t.id == topic)
    }

    fn topic(&self, topic: TopicId) -> Option<&Topic> {
        self.topics.iter().find(|t| t.id == topic)
    }
}
