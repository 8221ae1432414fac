//! What a brand publishes and how people react to it, by account and network.

use std::collections::{BTreeMap, HashMap};

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;
use crate::codec::{Coded, Error, Reader};
use crate::limits::{PUBLICATIONS, SHARE_PANE, SHARE_PANES};
use crate::post::{Count, Counts, PostKey};
use crate::time::Timestamp;

/// `E = (likes + comments + shares) / posts`, its components, and the rate of posting.
pub static SPEC: Spec = Spec { name: "engagement", explain, figures };

fn explain() -> Both {
    Both::new(
        "Reacciones por publicación propia de la ventana, sin respuestas a otros ni republicaciones, con las últimas cifras conocidas: E = (me gusta + \
         comentarios + compartidos) / publicaciones, entre las que traen las tres cifras; cada componente, entre las que lo traen. Publicaciones \
         por día escuchado, y E por ellas.",
        "Reactions to each of its own posts of the window, replies to others and reposts left out, by the last known counts: E = (likes + comments + shares) \
         / posts, over those that carry all three counts; each component over those that carry it. Posts by day listened to, and E times that.",
    )
}

/// A post that an account of a brand published: neither a reply to others nor a repost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// When.
    pub at: Timestamp,
    /// Which of the brand's accounts, by the number it was given.
    pub account: u16,
    /// Number of its network.
    pub network: u8,
    likes: Count,
    comments: Count,
    shares: Count,
}

impl Publication {
    /// One by `account` on `network`.
    pub fn new(at: Timestamp, account: u16, network: u8, counts: &Counts) -> Publication {
        Publication { at, account, network, likes: counts.likes, comments: counts.replies, shares: counts.reposts }
    }

    /// All reactions, if all three counts are known.
    fn reactions(&self) -> Option<u64> {
        let [likes, comments, shares] = [self.likes, self.comments, self.shares].map(|c| c.get().map(u64::from));
        Some(likes? + comments? + shares?)
    }
}

/// The latest publications of one brand, `limits::PUBLICATIONS` at most, for as long as panes are kept.
#[derive(Debug, Default)]
pub struct Publications {
    by_time: BTreeMap<(Timestamp, PostKey), Publication>,
    at: HashMap<PostKey, Timestamp>,
}

coded!(Publication { at, account, network, likes, comments, shares });

impl Coded for Publications {
    fn encode(&self, out: &mut Vec<u8>) {
        self.by_time.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Publications, Error> {
        let by_time: BTreeMap<(Timestamp, PostKey), Publication> = Coded::decode(from)?;
        let at = by_time.keys().map(|(at, key)| (*key, *at)).collect();
        Ok(Publications { by_time, at })
    }
}

impl Publications {
    /// What one costs at most, its places in both maps included.
    pub const BYTES: usize = 2 * (size_of::<(Timestamp, PostKey)>() + size_of::<Publication>() + size_of::<(PostKey, Timestamp)>());

    /// Adds one, or counts it anew if it is known; the oldest makes room.
    pub fn note(&mut self, key: PostKey, publication: Publication) {
        let at = *self.at.entry(key).or_insert(publication.at);
        self.by_time.insert((at, key), Publication { at, ..publication });
        if self.by_time.len() > PUBLICATIONS
            && let Some(((_, oldest), _)) = self.by_time.pop_first()
        {
            self.at.remove(&oldest);
        }
    }

    /// New counts of one that is known.
    pub fn update(&mut self, key: PostKey, counts: &Counts) {
        let Some(known) = self.at.get(&key).and_then(|at| self.by_time.get_mut(&(*at, key))) else { return };
        *known = Publication::new(known.at, known.account, known.network, counts);
    }

    /// Forgets those that are older than any pane.
    pub fn expire(&mut self, now: Timestamp) {
        let oldest = now.plus(-SHARE_PANE * SHARE_PANES as i64);
        while self.by_time.first_key_value().is_some_and(|((at, _), _)| *at < oldest) {
            if let Some(((_, key), _)) = self.by_time.pop_first() {
                self.at.remove(&key);
            }
        }
    }

    /// Those from `from` up to `to`, oldest first.
    pub fn within(&self, from: Timestamp, to: Timestamp) -> Vec<Publication> {
        let after = |at| (at, PostKey(0));
        if from >= to {
            return Vec::new();
        }
        self.by_time.range(after(from)..after(to)).map(|(_, p)| *p).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_time.is_empty()
    }
}

/// The figures of what was published.
pub fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let posts = facts.published;
    let mean = |of: &dyn Fn(&Publication) -> Option<u64>| {
        let known: Vec<u64> = posts.iter().filter_map(of).collect();
        Ratio::of(known.iter().sum(), known.len() as u64)
    };
    let engagement = mean(&Publication::reactions);
    // Where none was ever seen, the source may not carry them.
    let rate = Ratio { numerator: facts.heard.then_some(posts.len() as f64), denominator: facts.days };
    let daily = engagement.value().zip(rate.value()).map(|(e, rate)| e * rate);
    vec![
        ("engagement", Figure::Ratio(engagement)),
        ("likes", Figure::Ratio(mean(&|p| p.likes.get().map(u64::from)))),
        ("comments", Figure::Ratio(mean(&|p| p.comments.get().map(u64::from)))),
        ("shares", Figure::Ratio(mean(&|p| p.shares.get().map(u64::from)))),
        ("posts_per_day", Figure::Ratio(rate)),
        ("engagement_per_day", Figure::Number(daily)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(likes: u64, replies: u64, reposts: u64) -> Counts {
        let [likes, replies, reposts] = [likes, replies, reposts].map(Count::of);
        Counts { likes, replies, reposts, ..Counts::default() }
    }

    fn values(published: &[Publication], days: f64) -> Vec<Option<f64>> {
        let value = |figure| match figure {
            Figure::Ratio(ratio) => ratio.value(),
            Figure::Number(number) => number,
            Figure::Interval(_) => None,
        };
        figures(&Facts { published, days, heard: true, ..Facts::default() }).into_iter().map(|(_, f)| value(f)).collect()
    }

    /// `posts` publications whose reactions sum to the means times `posts`.
    fn spread(posts: u64, [likes, comments, shares]: [u64; 3]) -> Vec<Publication> {
        let part = |sum: u64, i: u64| sum / posts + u64::from(i < sum % posts);
        let one = |i| Publication::new(Timestamp(i as i64), 0, 0, &counts(part(likes, i), part(comments, i), part(shares, i)));
        (0..posts).map(one).collect()
    }

    #[test]
    fn the_study_of_three_banks() {
        // 193.13 likes, 8.45 comments and 4.85 shares a post; 4.27, 0.77 and 0.44.
        let bancomer = values(&spread(100, [19_313, 845, 485]), 100.0 / 2.64);
        for (i, want) in [206.43, 193.13, 8.45, 4.85, 2.64].into_iter().enumerate() {
            assert!((bancomer[i].unwrap() - want).abs() < 1e-9, "{i}: {bancomer:?}");
        }
        assert!((bancomer[5].unwrap() - 206.43 * 2.64).abs() < 1e-9);
        let santander = values(&spread(100, [427, 77, 44]), 100.0 / 5.36);
        assert!((santander[0].unwrap() - 5.48).abs() < 1e-9 && (santander[4].unwrap() - 5.36).abs() < 1e-9);
    }

    #[test]
    fn a_count_that_is_not_told_is_not_zero() {
        let silent = Publication::new(Timestamp(1), 0, 0, &Counts::default());
        let half = Publication::new(Timestamp(2), 0, 0, &Counts { likes: Count::of(10), ..Counts::default() });
        assert_eq!(values(&[silent, half], 1.0), [None, Some(10.0), None, None, Some(2.0), None]);
        let told = Publication::new(Timestamp(3), 0, 0, &counts(1, 2, 3));
        assert_eq!(values(&[silent, half, told], 1.0)[..2], [Some(6.0), Some(5.5)]);
    }

    #[test]
    fn the_last_known_counts_stand_and_memory_is_bounded() {
        let mut all = Publications::default();
        let at = |i: usize| Timestamp(i as i64 * 1_000_000);
        for i in 0..PUBLICATIONS + 10 {
            all.note(PostKey(i as u64), Publication::new(at(i), 0, 0, &counts(1, 1, 1)));
        }
        assert_eq!((all.len(), all.at.len()), (PUBLICATIONS, PUBLICATIONS));
        all.update(PostKey(20), &counts(5, 5, 5));
        all.update(PostKey(3), &counts(9, 9, 9));
        assert_eq!(all.within(at(20), at(21)), [Publication::new(at(20), 0, 0, &counts(5, 5, 5))]);
        assert!(all.within(at(0), at(10)).is_empty() && all.within(at(30), at(20)).is_empty());
        // A second delivery is the same post.
        all.note(PostKey(20), Publication::new(at(20), 0, 0, &counts(6, 6, 6)));
        assert_eq!(all.len(), PUBLICATIONS);
        all.expire(at(PUBLICATIONS + 10).plus(SHARE_PANE * SHARE_PANES as i64));
        assert!(all.is_empty() && all.at.is_empty());
    }
}
