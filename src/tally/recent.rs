//! The recent mentions, bounded by bytes: what readers ask for and alerts show.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Mention, MentionTopic};
use crate::post::PostKey;
use crate::score::Addend;

/// What a mention costs besides what it holds: its place in the map, and what allocating takes.
const OVERHEAD: usize = 128;
/// What a slot costs, empty or not.
const SLOT: usize = size_of::<Option<Arc<Mention>>>();

/// Mentions in the order they were counted, each with a number that is never used again.
#[derive(Debug)]
pub struct Recent {
    /// Number of the front slot.
    first: u64,
    /// A deleted mention leaves an empty slot.
    slots: VecDeque<Option<Arc<Mention>>>,
    by_key: HashMap<PostKey, u64>,
    bytes: usize,
    most: usize,
}

impl Recent {
    /// Holds at most `most` bytes.
    pub fn new(most: usize) -> Recent {
        Recent { first: 0, slots: VecDeque::new(), by_key: HashMap::new(), bytes: 0, most }
    }

    /// Adds the newest mention and gives its number; the oldest make room.
    pub fn push(&mut self, mention: Arc<Mention>) -> u64 {
        let number = self.next();
        self.bytes += SLOT + cost(&mention);
        self.by_key.insert(mention.key, number);
        self.slots.push_back(Some(mention));
        self.make_room();
        number
    }

    /// All slots, oldest first.
    pub fn slots(&self) -> impl Iterator<Item = Option<&Mention>> {
        self.slots.iter().map(Option::as_deref)
    }

    /// The first slot that is entered has number `first`.
    pub fn start(&mut self, first: u64) {
        self.first = first;
    }

    /// Adds a slot of others of the same bounds.
    pub fn enter(&mut self, mention: Option<Arc<Mention>>) {
        let number = self.next();
        self.bytes += SLOT + mention.as_deref().map_or(0, cost);
        self.by_key.extend(mention.as_ref().map(|m| (m.key, number)));
        self.slots.push_back(mention);
    }

    /// Drops the oldest until the bytes suffice, and the empty slots that are the oldest then.
    fn make_room(&mut self) {
        while self.bytes > self.most || self.slots.front().is_some_and(Option::is_none) {
            let Some(slot) = self.slots.pop_front() else { break };
            self.bytes -= SLOT;
            if let Some(old) = slot {
                self.bytes -= cost(&old);
                if self.by_key.get(&old.key) == Some(&self.first) {
                    self.by_key.remove(&old.key);
                }
            }
            self.first += 1;
        }
    }

    /// The mention with this number, if it is still shown.
    pub fn get(&self, number: u64) -> Option<&Arc<Mention>> {
        let i = number.checked_sub(self.first)?;
        self.slots.get(usize::try_from(i).ok()?)?.as_ref()
    }

    /// The mention of this post, if it is still shown.
    pub fn of(&self, key: PostKey) -> Option<&Arc<Mention>> {
        self.get(*self.by_key.get(&key)?)
    }

    /// Shows `mention` in place of the version that was counted; the oldest make room.
    pub fn replace(&mut self, mention: Arc<Mention>) {
        let Some(slot) = self.slot(mention.key) else { return };
        let before = slot.replace(mention.clone());
        self.bytes = (self.bytes + cost(&mention)).saturating_sub(before.as_deref().map_or(0, cost));
        self.make_room();
    }

    /// Shows the post no more.
    pub fn remove(&mut self, key: PostKey) {
        let removed = self.slot(key).and_then(Option::take);
        self.bytes -= removed.as_deref().map_or(0, cost);
        self.by_key.remove(&key);
        self.make_room();
    }

    /// Bytes of all that is kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Number of the oldest slot.
    pub fn oldest(&self) -> u64 {
        self.first
    }

    /// The number that the next mention gets.
    pub fn next(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    fn slot(&mut self, key: PostKey) -> Option<&mut Option<Arc<Mention>>> {
        let i = self.by_key.get(&key)?.checked_sub(self.first)?;
        self.slots.get_mut(usize::try_from(i).ok()?)
    }
}

/// What a mention costs here.
fn cost(mention: &Mention) -> usize {
    OVERHEAD + mention.bytes()
}

impl Mention {
    /// Bytes it holds; the names of topics are shared.
    pub fn bytes(&self) -> usize {
        let addends = self.addends.len() + self.topics.iter().map(|t| t.addends.len()).sum::<usize>();
        size_of::<Mention>() + self.post.bytes() + self.topics.len() * size_of::<MentionTopic>() + addends * size_of::<Addend>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Size;
    use crate::post::{Post, PostBuf};
    use crate::score::Score;
    use crate::topic::{SourceId, TopicId};

    fn mention(id: &str, text: &str) -> Arc<Mention> {
        let post = Post { id, text, ..Post::default() };
        let (topics, addends, source) = (Vec::new(), Vec::new(), SourceId(0));
        Arc::new(Mention { key: post.key(), post: PostBuf::new(&post), topics, addends, cluster: Size::default(), source, late: false })
    }

    #[test]
    fn what_is_removed_or_replaced_gives_its_bytes_back() {
        let mut recent = Recent::new(1 << 20);
        for id in ["1", "2", "3"] {
            recent.push(mention(id, "corto"));
        }
        let before = recent.bytes;
        recent.replace(mention("2", &"largo".repeat(100)));
        assert_eq!(recent.bytes, before + 495);
        for id in ["2", "1", "3", "2", "4"] {
            recent.remove(mention(id, "").key);
        }
        assert_eq!((recent.bytes, recent.by_key.len(), recent.slots.len()), (0, 0, 0));
        assert_eq!((recent.oldest(), recent.next()), (3, 3));
        assert!(recent.get(1).is_none() && recent.get(99).is_none());
    }

    #[test]
    fn the_oldest_make_room_and_numbers_go_on() {
        let one = SLOT + cost(&mention("1", ""));
        let mut recent = Recent::new(one * 3);
        for id in 0..10 {
            assert_eq!(recent.push(mention(&(id % 10).to_string(), "")), id);
        }
        assert_eq!((recent.oldest(), recent.next(), recent.bytes, recent.by_key.len()), (7, 10, one * 3, 3));
        assert!(recent.of(mention("6", "").key).is_none() && recent.of(mention("7", "").key).is_some());
    }
    #[test]
    fn a_longer_version_makes_room_too() {
        let one = SLOT + cost(&mention("1", ""));
        let mut recent = Recent::new(one * 3);
        for id in ["1", "2", "3"] {
            recent.push(mention(id, ""));
        }
        recent.replace(mention("3", &"a".repeat(one + 1)));
        assert!(recent.bytes <= one * 3);
        assert_eq!((recent.oldest(), recent.next()), (2, 3));
        assert!(recent.of(mention("1", "").key).is_none() && recent.of(mention("3", "").key).is_some());
    }

    #[test]
    fn empty_slots_are_bounded() {
        let mut recent = Recent::new(5_000);
        recent.push(mention("stays", ""));
        for id in 0..10_000 {
            let passing = mention(&id.to_string(), "");
            recent.push(passing.clone());
            recent.remove(passing.key);
        }
        assert!(recent.slots.len() * SLOT <= 5_000, "{}", recent.slots.len());
        assert_eq!(recent.next(), 10_001);
    }

    #[test]
    fn topics_and_addends_cost() {
        let plain = mention("1", "");
        let addends = vec![Addend { code: "topic", weight: Score::points(5) }; 3];
        let topic = MentionTopic { id: TopicId(1), name: "t".into(), direct: false, score: Score::points(5), addends: addends.clone() };
        let more = Mention { topics: vec![topic; 2], addends, ..Mention::clone(&plain) };
        assert_eq!(cost(&more) - cost(&plain), 2 * size_of::<MentionTopic>() + 9 * size_of::<Addend>());
    }
}
