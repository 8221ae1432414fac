//! How bad it is for a brand: the mentions of all its topics, each once, judged as those of a topic are.
//!
//! A mention that three topics of a brand find is one. Only brands of which some rule on `spike` watches
//! a topic are judged, with the settings of these rules: the level follows the most alarmed of them.

use std::collections::BTreeMap;

use super::buckets::Unusual;
use super::past::Past;
use super::series::{Quality, Series};
use super::{Tally, TopicWindows};
use crate::anomaly::{BUCKET, Direction, Settings, Standing, Watched};
use crate::codec::{Coded, Error, Reader};
use crate::panes::{Counted, Panes};
use crate::time::{MINUTE, Timestamp};
use crate::topic::{Listening, On};
use crate::window::{Tallied, Window};

/// One brand at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct BrandOverview {
    /// Its name.
    pub name: String,
    /// Event time up to which the windows reach.
    pub at: Timestamp,
    /// In the order of `Window::ALL`.
    pub windows: [Tallied; Window::ALL.len()],
    /// Its last closed bucket.
    pub watched: Option<Watched>,
}

/// Where the brand of a topic stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandStanding {
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub standing: Standing,
}

#[derive(Debug)]
struct Brand {
    name: String,
    panes: Panes,
    unusual: Unusual,
}

/// The brands that are judged.
#[derive(Debug, Default)]
pub struct Brands {
    /// In the order of the configuration.
    all: Vec<Brand>,
    /// Places in `all` of the brands of topics, by the slot of the topic.
    of_slot: BTreeMap<usize, usize>,
    /// Working memory: brands of one mention.
    met: Vec<usize>,
}

coded!(Brand { name, panes, unusual });

impl Brands {
    /// Appends what was counted and learnt; which topics are whose is the configuration's.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.all.encode(out);
    }

    /// Goes on with what was written, once it is adopted.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.all = Coded::decode(from)?;
        Ok(())
    }

    /// Judges the brands that the rules of `listening` ask for, whose topics have these `slots`; what is
    /// known of a brand stays known by its name. A new one is judged from bucket `from` on. Gives the
    /// slots of the topics whose brand is judged no more.
    pub fn adopt(&mut self, listening: &Listening, slots: &[usize], from: i64) -> Vec<usize> {
        let mut known: BTreeMap<String, Brand> = std::mem::take(&mut self.all).into_iter().map(|b| (b.name.clone(), b)).collect();
        let mut places = BTreeMap::new();
        for (number, settings) in asked(listening) {
            let Some(brand) = listening.brands.get(number) else { continue };
            // Its hours and days are those of its first topic.
            let Some(topic) = listening.topics.iter().filter(|t| t.brand == Some(number)).min_by_key(|t| t.id) else { continue };
            let (zone, calendar) = (topic.zone.clone(), topic.calendar.clone());
            places.insert(number, self.all.len());
            self.all.push(match known.remove(&brand.name) {
                Some(mut old) => {
                    old.unusual.adopt(zone, calendar, Vec::new(), settings);
                    old
                }
                None => {
                    let unusual = Unusual::new(Series::new(zone, calendar, settings), Vec::new(), from);
                    Brand { name: brand.name.clone(), panes: Panes::default(), unusual }
                }
            });
        }
        let of = |(topic, slot): (&crate::topic::Topic, &usize)| Some((*slot, *places.get(&topic.brand?)?));
        let before = std::mem::replace(&mut self.of_slot, listening.topics.iter().zip(slots).filter_map(of).collect());
        before.into_keys().filter(|slot| !self.of_slot.contains_key(slot)).collect()
    }

    /// Counts a mention that the topics with these `slots` found: once for each of their brands.
    pub fn count(&mut self, slots: impl Iterator<Item = usize>, mention: &Counted, at: Timestamp, negative: bool, now: Timestamp) {
        if self.all.is_empty() {
            return;
        }
        self.met.clear();
        for slot in slots {
            let Some(place) = self.of_slot.get(&slot).copied().filter(|place| !self.met.contains(place)) else { continue };
            self.met.push(place);
            let Some(brand) = self.all.get_mut(place) else { continue };
            brand.panes.slide(now.minute());
            brand.panes.fold(mention);
            if negative {
                brand.unusual.note_negative(at);
            }
        }
    }

    /// A bucket is over; the slots of the topics whose brand stands elsewhere now.
    pub fn close(&mut self, bucket: i64, past: Option<&Past>, quality: Quality) -> Vec<usize> {
        let (start, minutes) = (Timestamp(bucket.saturating_mul(BUCKET)).minute(), BUCKET / MINUTE);
        let end = start + minutes - 1;
        let mut moved = Vec::new();
        for (place, brand) in self.all.iter_mut().enumerate().filter(|(_, b)| b.unusual.hears(bucket)) {
            brand.unusual.recall(past, |past| past.brand(&brand.name));
            let before = brand.unusual.watched().map(|w| w.standing);
            let mentions = brand.panes.between(end - minutes, end).mentions;
            let newcomers = brand.panes.newcomers(minutes, end);
            let (_, watched) = brand.unusual.close(bucket, mentions, newcomers, quality);
            brand.panes.settle();
            if before != Some(watched.standing) {
                moved.push(place);
            }
        }
        let slots = self.of_slot.iter().filter(|(_, place)| moved.contains(place));
        slots.map(|(slot, _)| *slot).collect()
    }

    /// Where the brand of the topic with this slot stands; `None` if it is not judged, or not yet.
    pub fn of(&self, slot: usize) -> Option<BrandStanding> {
        let brand = self.all.get(*self.of_slot.get(&slot)?)?;
        Some(BrandStanding { name: brand.name.clone(), standing: brand.unusual.watched()?.standing })
    }
}

/// The numbers of the brands that rules on `spike` watch, and how these look, each way once.
fn asked(listening: &Listening) -> BTreeMap<usize, Vec<Settings>> {
    let brands: BTreeMap<_, _> = listening.topics.iter().filter_map(|t| Some((t.id, t.brand?))).collect();
    let mut asked: BTreeMap<usize, Vec<Settings>> = BTreeMap::new();
    for rule in &listening.rules {
        let On::Unusual(settings) = rule.on else { continue };
        if settings.direction != Direction::Spike {
            continue;
        }
        for brand in rule.topics.iter().filter_map(|topic| brands.get(topic)) {
            let known = asked.entry(*brand).or_default();
            if !known.contains(&settings) {
                known.push(settings);
            }
        }
    }
    asked
}

impl Tally {
    /// The brands of which some rule on `spike` watches a topic, in the order of the configuration.
    pub fn brands(&mut self) -> Vec<BrandOverview> {
        let at = self.clock.now();
        let one = |brand: &mut Brand| {
            brand.panes.slide(at.minute());
            BrandOverview { name: brand.name.clone(), at, windows: brand.panes.windows(), watched: brand.unusual.watched() }
        };
        self.brands.all.iter_mut().map(one).collect()
    }

    /// The windows of the topic with this slot, with where its brand stands.
    pub(super) fn told(&self, slot: usize, now: Timestamp) -> Option<TopicWindows> {
        let topic = self.topics.get(slot)?;
        Some(TopicWindows { brand: self.brands.of(slot), ..topic.at(now) })
    }

    /// Closes a bucket of the brands, after those of the topics.
    pub(super) fn close_brands(&mut self, bucket: i64, quality: Quality) {
        for slot in self.brands.close(bucket, self.past.as_ref(), quality) {
            self.mark_changed(slot);
        }
    }

    /// The next beat looks at the topic with this slot, so that readers hear of it.
    pub(super) fn mark_changed(&mut self, slot: usize) {
        if let Some(topic) = self.topics.get_mut(slot).filter(|t| !t.changed) {
            topic.changed = true;
            self.changed.push(slot);
        }
    }
}
