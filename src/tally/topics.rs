//! What is kept of one topic.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::anomaly::Band;
use crate::codec::{Coded, Error, Reader};
use crate::judge::Evidence;
use crate::limits::{ALERT_POSTS, ALERT_SCAN, NETWORKS};
use crate::panes::week::Week;
use crate::panes::{Counted, Panes, Sum, give_back};
use crate::post::PostKey;
use crate::time::{MINUTE, Timestamp, Zone};
use crate::topic::{Listening, TopicId};
use crate::window::Window;

use super::buckets::Unusual;
use super::evidence::Around;
use super::{HourOfWeek, Mention, MentionTopic, TopicWindows};

/// State of one topic.
#[derive(Debug)]
pub struct Topic {
    pub id: TopicId,
    pub name: Arc<str>,
    pub brand: String,
    pub zone: Zone,
    /// It is listened to now.
    pub active: bool,
    /// Event time since when it is listened to.
    pub since: Timestamp,
    pub panes: Panes,
    /// What is usual, if a rule asks for it.
    pub unusual: Option<Box<Unusual>>,
    pub week: Week,
    /// All mentions since then.
    pub total: Sum,
    /// Numbers of its recent mentions, ascending; the oldest may be gone.
    pub mentions: VecDeque<u64>,
    /// It waits to be looked at by the next beat.
    pub changed: bool,
    /// Minute at which it is looked at even if nothing comes.
    pub due: i64,
}

/// Makes `listening` the active topics and gives their slots in its order.
pub fn adopt(topics: &mut Vec<Topic>, listening: &Listening, now: Timestamp) -> Vec<usize> {
    let known: BTreeMap<TopicId, usize> = topics.iter().enumerate().map(|(slot, t)| (t.id, slot)).collect();
    topics.iter_mut().for_each(|t| t.active = false);
    let slot_of = |t: &crate::topic::Topic| {
        let brand = listening.brand_of(t).map_or_else(String::new, |b| b.name.clone());
        match known.get(&t.id).and_then(|slot| Some((*slot, topics.get_mut(*slot)?))) {
            Some((slot, old)) => {
                old.active = true;
                old.zone = t.zone.clone();
                old.brand = brand;
                slot
            }
            None => {
                topics.push(Topic::new(t, brand, now));
                topics.len() - 1
            }
        }
    };
    listening.topics.iter().map(slot_of).collect()
}

impl Coded for Topic {
    /// But for zone and brand, which are the configuration's, see [`adopt`].
    fn encode(&self, out: &mut Vec<u8>) {
        (self.id, self.name.clone(), self.active, self.since).encode(out);
        self.panes.encode(out);
        self.unusual.encode(out);
        self.week.encode(out);
        (self.total, self.changed, self.due).encode(out);
        self.mentions.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Topic, Error> {
        let (id, name, active, since) = Coded::decode(from)?;
        let (panes, unusual, week) = (Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?);
        let (total, changed, due) = Coded::decode(from)?;
        let mentions = Coded::decode(from)?;
        Ok(Topic { id, name, brand: String::new(), zone: Zone::utc(), active, since, panes, unusual, week, total, mentions, changed, due })
    }
}

impl Topic {
    fn new(topic: &crate::topic::Topic, brand: String, now: Timestamp) -> Topic {
        Topic {
            id: topic.id,
            name: topic.name.as_str().into(),
            brand,
            zone: topic.zone.clone(),
            active: true,
            since: now,
            panes: Panes::default(),
            unusual: None,
            week: Week::default(),
            total: Sum::default(),
            mentions: VecDeque::new(),
            changed: false,
            due: i64::MIN,
        }
    }

    /// Counts a mention that has `number` among the recent ones, whose oldest is `oldest`. `false` if
    /// it is too old for the windows and the week.
    pub fn count(&mut self, mention: &Counted, at: Timestamp, number: u64, oldest: u64) -> bool {
        self.total += Sum { mentions: 1, reposts: mention.repost.into(), direct: mention.direct.into() };
        self.forget(oldest);
        self.mentions.push_back(number);
        let live = self.panes.fold(mention);
        if live {
            self.week.fold(&mut self.zone, at);
        }
        live
    }

    /// Its windows as they are at `now`, without its brand.
    pub fn at(&self, now: Timestamp) -> TopicWindows {
        let watched = self.unusual.as_ref().and_then(|unusual| unusual.watched());
        TopicWindows { id: self.id, name: self.name.to_string(), at: now, windows: self.panes.windows(), watched, brand: None }
    }

    /// What is usual in the `minutes` from minute `first` on, if a rule asks for it.
    pub fn usual(&mut self, first: i64, minutes: i64) -> Option<Band> {
        self.unusual.as_mut().and_then(|unusual| unusual.usual(first, minutes))
    }

    /// The civil hour that holds minute `now`, as far as it has come, and the 23 before it, latest first.
    pub fn last_day(&mut self, now: i64) -> Vec<HourOfWeek> {
        let offset = self.zone.offset(Timestamp::from_minute(now)) / MINUTE;
        let running = now - (now + offset).rem_euclid(60);
        let hours = (0..24).map(|back| (running - 60 * back, if back == 0 { now + 1 - running } else { 60 }));
        let hours: Vec<(i64, i64)> = hours.collect();
        let mut one = |(first, minutes)| HourOfWeek {
            hour: self.zone.hour_of_week(Timestamp::from_minute(first)),
            minutes,
            mentions: self.panes.between(first - 1, first - 1 + minutes).mentions,
            usual: self.usual(first, minutes),
        };
        hours.into_iter().map(&mut one).collect()
    }

    /// Forgets the numbers of mentions before `oldest`.
    fn forget(&mut self, oldest: u64) {
        while self.mentions.front().is_some_and(|n| *n < oldest) {
            self.mentions.pop_front();
        }
    }

    /// Gives back the memory of busier days, of which a topic that fell silent would keep all.
    pub fn settle(&mut self, oldest: u64) {
        self.forget(oldest);
        give_back(&mut self.mentions);
        self.panes.settle();
    }

    /// What stands behind an alert on `window` with `end` as its last minute. Its posts are looked
    /// for among the latest `limits::ALERT_SCAN` mentions, and its clusters counted there. Its words are
    /// compared with those from before the window and before the alert began, at `since`.
    pub fn evidence(&self, window: Window, end: i64, since: Timestamp, around: Around<'_>) -> Evidence {
        let mut top: Vec<(i16, &Mention)> = Vec::new();
        let mut first: Option<&Mention> = None;
        let mut clusters = HashSet::new();
        let start = end + 1 - window.minutes();
        let inside = |m: &&Mention| (start..=end).contains(&m.post.at().minute());
        let latest = self.mentions.iter().rev().take(ALERT_SCAN).filter_map(|n| around.recent.get(*n));
        let latest: Vec<&Mention> = latest.map(AsRef::as_ref).filter(inside).collect();
        for mention in latest.iter().copied() {
            clusters.insert(mention.cluster.id);
            if first.is_none_or(|f| age(mention) < age(f)) {
                first = Some(mention);
            }
            top.push((self.score(mention), mention));
            // Highest priority first, then oldest.
            top.sort_by_key(|(score, m)| (-score, age(m)));
            top.truncate(ALERT_POSTS);
        }
        Evidence {
            observed: self.panes.window(window, end),
            clusters: clusters.len() as u64,
            first: first.map(|m| m.post.clone()),
            top: top.into_iter().map(|(_, m)| m.post.clone()).collect(),
            networks: around.networks.named(&self.panes.networks(window, end)),
            gist: self.gist(&latest, start.min(since.minute()), around),
        }
    }

    /// What the mention scores for this topic, in tenths of a point.
    fn score(&self, mention: &Mention) -> i16 {
        let mine = |t: &&MentionTopic| t.id == self.id;
        mention.topics.iter().find(mine).map_or(0, |t| t.score.0)
    }
}

/// Order of posts by time; the key decides between equals.
fn age(mention: &Mention) -> (Timestamp, PostKey) {
    (mention.post.at(), mention.key)
}

/// Networks by number: the usual ones, then others in the order of first sight.
#[derive(Debug)]
pub struct Networks(Vec<String>);

impl Default for Networks {
    fn default() -> Self {
        Networks(Networks::USUAL.map(str::to_owned).into())
    }
}

impl Coded for Networks {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Networks, Error> {
        let names: Vec<String> = Coded::decode(from)?;
        let usual = names.iter().zip(Networks::USUAL).filter(|(name, usual)| *name == usual).count() == Networks::USUAL.len();
        if usual && names.len() <= NETWORKS { Ok(Networks(names)) } else { Err(Error::Field("networks")) }
    }
}

impl Networks {
    /// Name of all networks past the bound.
    const OTHER: &'static str = "other";
    /// Networks that have their number from the start, so that no made-up names push them past the bound.
    const USUAL: [&'static str; 16] = [
        "x",
        "bluesky",
        "mastodon",
        "facebook",
        "instagram",
        "threads",
        "tiktok",
        "youtube",
        "linkedin",
        "reddit",
        "telegram",
        "whatsapp",
        "pinterest",
        "nostr",
        "news",
        "web",
    ];

    /// The number of a network.
    pub fn number(&mut self, name: &str) -> u8 {
        let known = self.0.iter().position(|n| n == name);
        let number = known.unwrap_or_else(|| {
            if self.0.len() < NETWORKS {
                self.0.push(name.to_owned());
                self.0.len() - 1
            } else {
                NETWORKS
            }
        });
        number as u8
    }

    /// The name of network `number`.
    pub fn name(&self, number: u8) -> &str {
        self.0.get(usize::from(number)).map_or(Networks::OTHER, String::as_str)
    }

    /// Counts by name, in name order.
    pub fn named(&self, counts: &[(u8, u64)]) -> Vec<(String, u64)> {
        let mut all = BTreeMap::new();
        for (number, count) in counts {
            *all.entry(self.name(*number)).or_insert(0) += count;
        }
        all.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_networks_push_no_usual_one_out() {
        let mut networks = Networks::default();
        for i in 0..2 * NETWORKS {
            networks.number(&format!("inventada{i}"));
        }
        let counts = [networks.number("bluesky"), networks.number("mastodon"), networks.number("una más")].map(|n| (n, 1));
        assert_eq!(networks.named(&counts), [("bluesky".to_owned(), 1), ("mastodon".to_owned(), 1), ("other".to_owned(), 1)]);
    }
}
