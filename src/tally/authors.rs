//! Who writes again and again.

use crate::limits::{AUTHOR_BYTES, AUTHORS};
use crate::post::AuthorKey;
use crate::score::Score;
use crate::seen::Horizon;
use crate::time::{HOUR, Timestamp};

/// Name of the addend.
pub const REPEAT_AUTHOR: &str = "repeat_author";
/// What each earlier mention by the same author adds.
pub const REPEAT_STEP: Score = Score::points(3);
/// Earlier mentions that add something: together at most 9 points.
pub const REPEAT_MOST: usize = 3;
/// Mentions further apart have nothing to do with each other.
pub const REPEAT_WITHIN: i64 = 24 * HOUR;
/// An author who writes on is moved to the end of the line this often and not with every mention,
/// which would leave an entry behind each time.
const REFRESH: i64 = HOUR;

/// An author's latest mentions, and when the last was noted.
#[derive(Debug, Clone, Copy)]
pub struct Latest {
    at: [Timestamp; REPEAT_MOST],
    noted: Timestamp,
}

coded!(Latest { at, noted });

const _: () = assert!(Horizon::<Latest>::BYTES <= AUTHOR_BYTES);

/// The latest mentions of every author, bounded.
#[derive(Debug)]
pub struct Authors {
    pub latest: Horizon<Latest>,
    /// Who was not noted for `REPEAT_WITHIN` before this is forgotten, still in the line or not.
    pub now: Timestamp,
}

impl Default for Authors {
    fn default() -> Self {
        Authors { latest: Horizon::new(REPEAT_WITHIN + REFRESH, AUTHORS), now: Timestamp::MIN }
    }
}

impl Authors {
    /// Notes a mention at `at` and gives what the author's earlier ones add to its score.
    pub fn note(&mut self, author: AuthorKey, at: Timestamp, now: Timestamp) -> Score {
        let mut latest = self.of(author);
        let score = weight(&latest, at);
        // The first is the oldest.
        if at > latest[0] {
            latest[0] = at;
            latest.sort_unstable();
        }
        let latest = Latest { at: latest, noted: now };
        let fresh = self.latest.since(author.0).is_some_and(|since| now.since(since) < REFRESH);
        match self.latest.get(author.0).filter(|_| fresh) {
            Some(known) => *known = latest,
            None => self.latest.put(author.0, latest, now),
        }
        score
    }

    /// What a new version of a counted mention gains: the mention itself is among those noted.
    pub fn again(&mut self, author: AuthorKey, at: Timestamp) -> Score {
        let mut others = self.of(author);
        if let Some(itself) = others.iter_mut().find(|t| **t == at) {
            *itself = Timestamp::MIN;
        }
        weight(&others, at)
    }

    /// Forgets authors who fell silent.
    pub fn expire(&mut self, now: Timestamp) {
        self.latest.expire(now);
        self.now = now;
    }

    /// Bytes of all that is remembered.
    pub fn bytes(&self) -> usize {
        self.latest.bytes()
    }

    fn of(&mut self, author: AuthorKey) -> [Timestamp; REPEAT_MOST] {
        let now = self.now;
        let known = self.latest.get(author.0).filter(|l| l.noted == Timestamp::MIN || now.since(l.noted) <= REPEAT_WITHIN);
        known.map_or([Timestamp::MIN; REPEAT_MOST], |l| l.at)
    }
}

fn weight(earlier: &[Timestamp], at: Timestamp) -> Score {
    let near = earlier.iter().filter(|t| **t > Timestamp::MIN && at.since(**t).saturating_abs() < REPEAT_WITHIN);
    Score(REPEAT_STEP.0.saturating_mul(near.count() as i16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_earlier_mention_of_the_day_adds_up_to_the_most() {
        let mut authors = Authors::default();
        // (hour, points)
        for (hour, points) in [(0, 0), (1, 3), (2, 6), (3, 9), (4, 9), (25, 9), (27, 6), (80, 0)] {
            let at = Timestamp(hour * HOUR);
            assert_eq!(authors.note(AuthorKey(1), at, at), Score::points(points), "hour {hour}");
        }
        assert_eq!(authors.again(AuthorKey(1), Timestamp(80 * HOUR)), Score::points(0));
        assert_eq!(authors.note(AuthorKey(2), Timestamp(80 * HOUR), Timestamp(80 * HOUR)), Score::points(0));
    }
}
