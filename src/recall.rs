//! The recent input as it came, within a bound of bytes, so that a query can be tried against the past.
//!
//! A lane copies each buffer once before it decodes it. The kept bytes are read by nobody but a try,
//! which decodes and matches them beside the lanes by the code of the lanes. Posts that are deleted by
//! now are counted there and never shown.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::decode::{self, Format};
use crate::lane::{Compiled, Input, Lane};
use crate::limits;
use crate::post::{Kind, Post, PostBuf, PostKey};
use crate::time::{Clock, HOUR, Timestamp};
use crate::topic::SourceId;

/// What a buffer costs besides its bytes.
const OVERHEAD: usize = 96;

/// One buffer as it came.
#[derive(Debug)]
struct Raw {
    number: u64,
    source: SourceId,
    seen: Timestamp,
    bytes: Box<[u8]>,
}

#[derive(Debug, Default)]
struct Ring {
    buffers: VecDeque<Arc<Raw>>,
    bytes: usize,
}

/// The latest buffers.
#[derive(Debug, Default)]
pub struct Recall {
    ring: Mutex<Ring>,
    most: usize,
    formats: Vec<Format>,
}

/// What to try.
pub struct Trial<'a> {
    /// The query is the first topic.
    pub compiled: &'a Arc<Compiled>,
    /// Only what was seen since.
    pub from: Timestamp,
    /// Posts to show at most.
    pub samples: usize,
    /// For how long it may go on, in microseconds.
    pub time: i64,
    /// What tells how long it has gone on.
    pub clock: &'a dyn Clock,
}

/// Posts of one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hour {
    /// All.
    pub posts: u64,
    /// Those that match.
    pub matched: u64,
}

/// What a try gave.
#[derive(Debug, Default)]
pub struct Tried {
    /// When the first of the buffers that were looked at was seen, and when the last.
    pub seen: Option<(Timestamp, Timestamp)>,
    /// Different posts.
    pub posts: u64,
    /// Those that match.
    pub matched: u64,
    /// By the start of the hour in which they were written; the latest `limits::TRY_HOURS`.
    pub hours: BTreeMap<Timestamp, Hour>,
    /// Posts that match, latest seen first, in their latest version.
    pub samples: Vec<PostBuf>,
    /// Whether everything that is kept of the time asked for was looked at.
    pub complete: bool,
}

impl Recall {
    /// Keeps at most `most` bytes of buffers in these formats, by `SourceId`.
    pub fn new(most: usize, formats: Vec<Format>) -> Recall {
        Recall { ring: Mutex::default(), most, formats }
    }

    /// Lets go of all that is kept: what a person wrote cannot be told apart in it.
    pub fn clear(&self) {
        *self.ring.lock().unwrap_or_else(PoisonError::into_inner) = Ring::default();
    }

    /// Whether it keeps anything.
    pub fn is_on(&self) -> bool {
        self.most > 0
    }

    /// Keeps a copy of one buffer; the oldest make room.
    pub fn keep(&self, number: u64, source: SourceId, seen: Timestamp, bytes: &[u8]) {
        let cost = bytes.len() + OVERHEAD;
        if cost > self.most {
            return;
        }
        // Copied before the lock, and what makes room is given back after it.
        let raw = Arc::new(Raw { number, source, seen, bytes: bytes.into() });
        let mut gone = Vec::new();
        let mut ring = self.lock();
        ring.bytes += cost;
        ring.buffers.push_back(raw);
        while ring.bytes > self.most {
            let Some(old) = ring.buffers.pop_front() else { break };
            ring.bytes -= old.bytes.len() + OVERHEAD;
            gone.push(old);
        }
        drop(ring);
    }

    /// What was seen since `from`, latest first.
    fn since(&self, from: Timestamp) -> Vec<Arc<Raw>> {
        let mut found: Vec<Arc<Raw>> = self.lock().buffers.iter().filter(|raw| raw.seen >= from).cloned().collect();
        found.sort_unstable_by_key(|raw| std::cmp::Reverse(raw.number));
        found
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // The lock is held for a few moves that cannot panic.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries a query; takes up to `trial.time`, on the thread that calls.
    pub fn try_out(&self, trial: &Trial<'_>) -> Tried {
        let started = trial.clock.monotonic();
        let mut lane = Lane::new(decode::decoders(&self.formats));
        let mut pass = Pass {
            tried: Tried { complete: true, ..Tried::default() },
            known: HashSet::new(),
            deleted: HashSet::new(),
            wanted: trial.samples,
        };
        let (mut scratch, mut looked_at) = (Vec::new(), 0);
        // Latest first: the first version met of a post is its latest, and its delete is met before it.
        for raw in self.since(trial.from) {
            looked_at += raw.bytes.len();
            let spent = trial.clock.monotonic().saturating_sub(started).as_micros();
            if looked_at > limits::TRY_BYTES || spent > trial.time.max(0) as u128 {
                pass.tried.complete = false;
                break;
            }
            scratch.clear();
            scratch.extend_from_slice(&raw.bytes);
            let input = Input { bytes: &mut scratch, source: raw.source, seen: raw.seen, compiled: trial.compiled };
            pass.buffer(&mut lane, input);
        }
        pass.tried
    }
}

/// One post of a buffer.
struct Seen {
    key: PostKey,
    kind: Kind,
    at: Timestamp,
    matched: bool,
    /// For the samples.
    post: Option<PostBuf>,
}

/// One way through the past.
struct Pass {
    tried: Tried,
    /// Posts that were met.
    known: HashSet<PostKey>,
    /// Posts that were deleted later than what is looked at now.
    deleted: HashSet<PostKey>,
    wanted: usize,
}

impl Pass {
    fn buffer(&mut self, lane: &mut Lane, input: Input<'_>) {
        let seen = input.seen;
        let (first, last) = self.tried.seen.unwrap_or((seen, seen));
        self.tried.seen = Some((first.min(seen), last.max(seen)));
        let more = self.tried.samples.len() < self.wanted;
        let mut posts = Vec::new();
        lane.sift(input, |post: &Post<'_>, matched| {
            let shown = matched && more;
            posts.push(Seen { key: post.key(), kind: post.kind, at: post.at, matched, post: shown.then(|| PostBuf::new(post)) });
        });
        posts.into_iter().rev().for_each(|post| self.post(post));
    }

    fn post(&mut self, post: Seen) {
        if post.kind == Kind::Delete {
            // A create that came after its delete is hidden too.
            self.tried.samples.retain(|sample| sample.get().key() != post.key);
            self.deleted.insert(post.key);
            return;
        }
        // Its create is counted although it is deleted: counts never fall.
        if !self.known.insert(post.key) {
            return;
        }
        self.tried.posts += 1;
        self.tried.matched += u64::from(post.matched);
        let hour = self.tried.hours.entry(Timestamp(post.at.0.div_euclid(HOUR) * HOUR)).or_default();
        hour.posts += 1;
        hour.matched += u64::from(post.matched);
        if self.tried.hours.len() > limits::TRY_HOURS {
            self.tried.hours.pop_first();
        }
        let shown = self.tried.samples.len() < self.wanted && !self.deleted.contains(&post.key);
        self.tried.samples.extend(post.post.filter(|_| shown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Mapping;
    use crate::eql;
    use crate::score::Score;
    use crate::time::{ManualClock, Zone};
    use crate::topic::{Labels, Listening, Topic, TopicId};

    fn compiled(query: &str) -> Arc<Compiled> {
        let queries = vec![eql::parse(query, &eql::Options::default()).query.expect("a query")];
        let (name, labels) = (String::new(), Labels::default());
        let topic = Topic {
            id: TopicId(0),
            name,
            brand: None,
            weight: Score::default(),
            zone: Zone::utc(),
            labels,
            calendar: Arc::default(),
            queries,
        };
        Arc::new(Compiled::new(Listening { topics: vec![topic], ..Listening::default() }))
    }

    fn line(id: &str, minute: u32, text: &str, kind: &str) -> String {
        format!(
            "{{\"id\":\"{id}\",\"created_at\":\"2026-07-04T{:02}:{:02}:00Z\",\"text\":\"{text}\",\"kind\":\"{kind}\"}}\n",
            minute / 60,
            minute % 60
        )
    }

    fn recall(most: usize) -> Recall {
        Recall::new(most, vec![Format { name: "escucha", mapping: Mapping::default() }])
    }

    const AT: Timestamp = Timestamp(1_783_200_000_000_000);

    fn tried(recall: &Recall, from: Timestamp, samples: usize) -> (Tried, Vec<String>) {
        let clock = ManualClock::at(AT);
        let compiled = compiled("fraude");
        let found = recall.try_out(&Trial { compiled: &compiled, from, samples, time: limits::TRY_TIME, clock: &clock });
        let texts = found.samples.iter().map(|s| format!("{} {}", s.get().id, s.get().text)).collect();
        (found, texts)
    }

    #[test]
    fn a_try_counts_each_post_once_and_shows_none_that_is_gone() {
        let recall = recall(1 << 20);
        let buffers = [
            line("late", 59, "", "delete") + &line("1", 0, "fraude uno", "create") + &line("2", 1, "otra cosa", "create"),
            line("1", 0, "fraude uno", "create") + &line("3", 61, "fraude tres", "create") + &line("4", 62, "fraude cuatro", "create"),
            line("3", 63, "", "delete") + &line("4", 62, "fraude corregido", "update") + &line("late", 59, "fraude tarde", "create"),
            line("5", 64, "sin más", "create") + "nonsense\n" + &line("6", 65, "fraude seis", "create") + &line("6", 65, "", "delete"),
        ];
        for (i, bytes) in [2, 0, 3, 1].map(|i| (i, &buffers[i])) {
            recall.keep(i as u64, SourceId(0), AT.plus(i as i64), bytes.as_bytes());
        }
        let (found, texts) = tried(&recall, Timestamp::MIN, 10);
        assert_eq!(texts, ["4 fraude corregido", "1 fraude uno"]);
        assert_eq!((found.posts, found.matched, found.complete), (7, 5, true));
        assert_eq!(found.seen, Some((AT, AT.plus(3))));
        let hours: Vec<Hour> = found.hours.values().copied().collect();
        assert_eq!(hours, [Hour { posts: 3, matched: 2 }, Hour { posts: 4, matched: 3 }]);
        let (found, texts) = tried(&recall, AT.plus(2), 1);
        assert_eq!((found.posts, texts), (4, vec!["late fraude tarde".to_owned()]), "of a delete before that only the tally knows");
        let (found, texts) = tried(&recall, AT.plus(9), 1);
        assert_eq!((found.posts, found.seen, texts.len()), (0, None, 0));
    }

    #[test]
    fn the_oldest_make_room_and_nothing_is_kept_where_nothing_shall_be() {
        let one = line("1", 0, "fraude", "create");
        let recall = recall(3 * (one.len() + OVERHEAD));
        for i in 0..10 {
            recall.keep(i, SourceId(0), AT, line(&i.to_string(), 0, "fraude", "create").as_bytes());
        }
        recall.keep(11, SourceId(0), AT, &vec![b' '; 1 << 20]);
        let (found, texts) = tried(&recall, Timestamp::MIN, 10);
        assert_eq!((found.posts, texts), (3, vec!["9 fraude".to_owned(), "8 fraude".to_owned(), "7 fraude".to_owned()]));
        let off = Recall::default();
        off.keep(0, SourceId(0), AT, b"x");
        assert!(!off.is_on() && off.since(Timestamp::MIN).is_empty());
    }

    /// Six seconds pass between two looks at it.
    #[derive(Default)]
    struct Slow(std::sync::atomic::AtomicU64);

    impl Clock for Slow {
        fn now(&self) -> Timestamp {
            AT
        }
        fn monotonic(&self) -> std::time::Duration {
            std::time::Duration::from_secs(self.0.fetch_add(6, std::sync::atomic::Ordering::SeqCst))
        }
    }

    #[test]
    fn a_try_ends_in_time_and_says_so() {
        let recall = recall(1 << 20);
        for i in 0..3 {
            recall.keep(i, SourceId(0), AT, line(&i.to_string(), 0, "fraude", "create").as_bytes());
        }
        let (compiled, clock) = (compiled("fraude"), Slow::default());
        let found = recall.try_out(&Trial { compiled: &compiled, from: Timestamp::MIN, samples: 9, time: 10_000_000, clock: &clock });
        let ids: Vec<&str> = found.samples.iter().map(|s| s.get().id).collect();
        assert_eq!((found.posts, ids, found.complete), (1, vec!["2"], false), "the latest came first");
    }
}
