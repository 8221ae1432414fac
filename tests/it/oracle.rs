//! A naive tally that keeps every accepted post and counts them anew each time, against the real one
//! over seeded worlds: several sources, late, early, doubled, deleted, changed, repeated, own posts.

use std::collections::{BTreeMap, BTreeSet};

use escucha::limits::{ANSWERS, LATENESS, PANES_MINUTES, SOURCE_IDLE};
use escucha::post::Kind;
use escucha::prng::Prng;
use escucha::reason::Skipped;
use escucha::score::Score;
use escucha::tally::{Applied, Settings, Tally};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::{On, TopicId};
use escucha::window::Window;

use crate::outcomes::{Engine, Item, START, hit, listening, post, rule};

const TOPICS: u32 = 3;
const VOLUME: (Window, u64) = (Window::M5, 12);

#[derive(Clone)]
enum Step {
    Buffer(u16, Vec<Item>),
    Tick(Timestamp),
}

/// A world of some hours: source 1 is ten minutes behind, source 2 falls silent again and again.
fn world(seed: u64) -> Vec<Step> {
    let mut random = Prng::new(seed);
    let mut steps = Vec::new();
    let mut next_id = 1;
    let mut now = START;
    for beat in 0..240 {
        now = now.plus((1 + random.below(40)) as i64 * SECOND);
        for source in 0..3u16 {
            if random.below(3) == 0 || (source == 2 && (beat / 40) % 2 == 1) {
                continue;
            }
            let behind = if source == 1 { 10 * MINUTE } else { 0 };
            let items = (0..1 + random.below(6)).map(|_| item(&mut random, now.plus(-behind), &mut next_id)).collect();
            steps.push(Step::Buffer(source, items));
        }
        if random.below(4) != 0 {
            steps.push(Step::Tick(now));
        }
    }
    steps
}

fn item(random: &mut Prng, now: Timestamp, next_id: &mut u64) -> Item {
    let mut id = *next_id;
    let kind = match random.below(12) {
        0 => Kind::Delete,
        1 => Kind::Update,
        _ => Kind::Create,
    };
    match random.below(8) {
        // A post that is known, or one that is yet to come.
        0 | 1 => id = (id + 3).saturating_sub(random.below(40)),
        _ => *next_id += 1,
    }
    let at = match random.below(40) {
        0 => Timestamp(random.below(1000) as i64),
        1 => now.plus(-(random.below(30) as i64) * HOUR),
        2 | 3 => now.plus(-(random.below(180) as i64) * MINUTE),
        4 => now.plus(random.below(9) as i64 * MINUTE),
        _ => now.plus(-(random.below(80) as i64) * SECOND),
    };
    let mut hits: Vec<_> = (0..TOPICS).map(|t| hit(t, random.below(60) as i16)).collect();
    hits.retain(|_| random.below(2) == 0);
    for h in &mut hits {
        h.own = random.below(12) == 0;
        h.direct = random.below(4) == 0;
    }
    if hits.is_empty() && kind == Kind::Create {
        hits.push(hit(0, 10));
    }
    let mut made = post(id, at, 0).kind(kind).by(random.below(25)).hits(hits);
    made.repost = random.below(5) == 0;
    made.network = if random.below(10) == 0 { "mastodon" } else { "x" };
    made
}

/// A post that was counted for a topic.
#[derive(Clone)]
struct Accepted {
    at: Timestamp,
    author: (Option<u64>, &'static str),
    repost: bool,
    live: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Known {
    Counted,
    Own,
    Deleted,
}

/// Everything by the book, nothing kept but lists.
struct Naive {
    dedupe: i64,
    /// Posts remain known as long as they are shown.
    shows: bool,
    tick: Option<Timestamp>,
    greatest: BTreeMap<u16, Timestamp>,
    brought: BTreeMap<u16, Option<Timestamp>>,
    least_lag: i64,
    now: Timestamp,
    watermark: Timestamp,
    known: BTreeMap<(u64, &'static str), (Timestamp, Known)>,
    /// Own posts that are shown, by topic; they remain known too.
    answers: Vec<Vec<(u64, &'static str)>>,
    accepted: Vec<Vec<Accepted>>,
    /// Last minute of the window that fires, by topic.
    firing: Vec<Option<i64>>,
    done: Vec<i64>,
    /// Transitions of the volume rule.
    alerts: Vec<String>,
}

impl Naive {
    fn new(dedupe: i64, shows: bool) -> Naive {
        let n = TOPICS as usize;
        Naive {
            dedupe,
            shows,
            tick: None,
            greatest: BTreeMap::new(),
            brought: BTreeMap::new(),
            least_lag: i64::MAX,
            now: Timestamp::MIN,
            watermark: Timestamp::MIN,
            known: BTreeMap::new(),
            answers: vec![Vec::new(); n],
            accepted: vec![Vec::new(); n],
            firing: vec![None; n],
            done: vec![i64::MIN; n],
            alerts: Vec::new(),
        }
    }

    fn buffer(&mut self, source: u16, items: &[Item]) -> Applied {
        let mut applied = Applied::default();
        for (i, item) in items.iter().enumerate() {
            let late = item.at < self.watermark_within(source, &items[..i]);
            let met = items[..=i].iter().map(|p| p.at).max().expect("one");
            self.move_now(met);
            match self.accept(item, late) {
                None => {
                    applied.matched += 1;
                    applied.late += u64::from(late);
                }
                Some(reason) => applied.skipped[reason as usize] += 1,
            }
        }
        self.watermark = self.watermark_within(source, items);
        let greatest = items.iter().map(|p| p.at).max().expect("not empty");
        let entry = self.greatest.entry(source).or_insert(greatest);
        *entry = greatest.max(*entry);
        self.brought.insert(source, self.tick);
        self.forget();
        applied
    }

    /// The watermark after the first posts of a buffer.
    fn watermark_within(&self, source: u16, items: &[Item]) -> Timestamp {
        let mut greatest = self.greatest.clone();
        greatest.retain(|s, _| {
            let brought = self.brought.get(s).copied().flatten();
            let fresh = match (self.tick, brought) {
                (Some(tick), Some(brought)) => tick.since(brought) <= SOURCE_IDLE,
                _ => true,
            };
            fresh || (*s == source && !items.is_empty())
        });
        if let Some(mine) = items.iter().map(|p| p.at).max() {
            let entry = greatest.entry(source).or_insert(mine);
            *entry = mine.max(*entry);
        }
        let least = greatest.values().map(|g| g.plus(-LATENESS)).min();
        least.map_or(self.watermark, |least| least.max(self.watermark))
    }

    fn move_now(&mut self, met: Timestamp) {
        let greatest = self.greatest.values().copied().chain([met]).max().expect("one");
        match self.tick {
            None => self.now = self.now.max(greatest),
            Some(tick) => {
                self.least_lag = self.least_lag.min(tick.since(greatest).max(0));
                self.now = self.now.max(tick.plus(-self.least_lag));
            }
        }
    }

    fn forget(&mut self) {
        let (now, dedupe, shows) = (self.now, self.dedupe, self.shows);
        self.known.retain(|_, (since, known)| now.since(*since) <= dedupe || (shows && *known == Known::Counted));
    }

    fn accept(&mut self, item: &Item, late: bool) -> Option<Skipped> {
        let key = (item.id, item.network);
        let answered = self.answers.iter().any(|a| a.contains(&key)).then_some(Known::Own);
        let known = self.known.get(&key).map(|(_, known)| *known).or(answered);
        let counts: Vec<_> = item.hits.iter().filter(|h| !h.own).collect();
        let new = match (item.kind, known) {
            (Kind::Delete, Some(Known::Deleted)) => return Some(Skipped::Delete),
            (Kind::Delete, _) => Known::Deleted,
            (_, Some(Known::Deleted)) => return Some(Skipped::Deleted),
            (Kind::Update, Some(_)) => return Some(Skipped::Update),
            (Kind::Create, Some(_)) => return Some(Skipped::Duplicate),
            (_, None) if item.hits.is_empty() => return Some(Skipped::Update),
            (_, None) if counts.is_empty() => Known::Own,
            (_, None) => Known::Counted,
        };
        self.known.insert(key, (self.now, new));
        if new == Known::Deleted {
            self.answers.iter_mut().for_each(|a| a.retain(|k| *k != key));
        }
        for h in item.hits.iter().filter(|h| h.own && new != Known::Deleted) {
            let answers = &mut self.answers[h.topic as usize];
            answers.push(key);
            answers.drain(..answers.len().saturating_sub(ANSWERS));
        }
        match new {
            Known::Deleted => return Some(Skipped::Delete),
            Known::Own => return Some(Skipped::Own),
            Known::Counted => {}
        }
        for h in counts {
            let live = item.at.minute() > self.now.minute() - PANES_MINUTES as i64;
            let t = h.topic as usize;
            self.accepted[t].push(Accepted { at: item.at, author: (item.author, item.network), repost: item.repost, live });
            if live {
                self.judge(t, item.at.minute(), late);
            }
        }
        None
    }

    fn inside(&self, topic: usize, window: Window, end: i64) -> impl Iterator<Item = &Accepted> {
        let (end, from) = (end, end - window.minutes());
        self.accepted[topic].iter().filter(move |p| p.live && p.at.minute() > from && p.at.minute() <= end)
    }

    fn judge(&mut self, topic: usize, minute: i64, late: bool) {
        let (window, at) = VOLUME;
        if self.firing[topic].is_some() {
            return;
        }
        let newest = self.accepted[topic].iter().filter(|p| p.live).map(|p| p.at.minute()).max().expect("the post itself");
        for end in minute..=newest.min(minute + window.minutes() - 1) {
            let count = self.inside(topic, window, end).count() as u64;
            if count == at || (count > at && end > self.done[topic]) {
                let start = Timestamp::from_minute(end + 1 - window.minutes()).to_string().replace(":00Z", "Z");
                self.alerts.push(format!("firing volume/t{topic}/{start} {count}{}", if late { " delayed" } else { "" }));
                self.firing[topic] = Some(end);
                return;
            }
        }
    }

    fn beat(&mut self, at: Timestamp) {
        if self.tick.is_none() {
            self.brought.values_mut().for_each(|b| *b = Some(at));
        }
        self.tick = Some(at);
        self.watermark = self.watermark_within(u16::MAX, &[]);
        if self.greatest.is_empty() {
            return;
        }
        self.move_now(Timestamp::MIN);
        self.forget();
        let (window, needed) = VOLUME;
        let end = self.now.minute();
        for topic in 0..TOPICS as usize {
            let count = self.inside(topic, window, end).count() as u64;
            if self.firing[topic].is_some_and(|fired| end >= fired) && count < needed {
                self.alerts.push(format!("resolved t{topic} {count}"));
                self.firing[topic] = None;
                self.done[topic] = self.done[topic].max(end - 1);
            }
        }
    }

    /// Mentions, reposts and authors of every window.
    fn windows(&self, topic: usize) -> [(u64, u64, u64); 5] {
        let end = self.now.minute();
        Window::ALL.map(|window| {
            let inside: Vec<_> = self.inside(topic, window, end).collect();
            let of_day = |p: &&Accepted| {
                let hour = p.at.minute().div_euclid(60);
                p.live && hour > end.div_euclid(60) - 24 && hour <= end.div_euclid(60)
            };
            let authors: BTreeSet<_> = match window {
                Window::H24 => self.accepted[topic].iter().filter(of_day).map(|p| p.author).collect(),
                _ => inside.iter().map(|p| p.author).collect(),
            };
            let reposts = inside.iter().filter(|p| p.repost).count();
            (inside.len() as u64, reposts as u64, (authors.len() as u64).min(inside.len() as u64))
        })
    }

    fn week(&self, topic: usize) -> Vec<u64> {
        let mut hours = vec![0; 168];
        for p in self.accepted[topic].iter().filter(|p| p.live) {
            // 1970-01-01 was a Thursday.
            hours[(p.at.0.div_euclid(HOUR) + 72).rem_euclid(168) as usize] += 1;
        }
        hours
    }
}

/// Runs one world through both and compares them as it goes.
fn compare(seed: u64, dedupe: i64, recent_bytes: usize) -> (Applied, usize) {
    let on = On::Volume { window: VOLUME.0, at: VOLUME.1 };
    let rules = vec![rule("volume", on, &[0, 1, 2]), rule("alta", On::Priority { at: Score::points(58) }, &[1])];
    let mut engine = Engine::new(listening(1, TOPICS, "UTC", rules));
    engine.tally = Tally::new(Settings { lateness: LATENESS, dedupe, recent_bytes, past: None, taken: Default::default() });
    let mut naive = Naive::new(dedupe, recent_bytes > 0);
    let (mut totals, mut told, mut open) = (Applied::default(), 0, BTreeSet::new());
    for (i, step) in world(seed).into_iter().enumerate() {
        match &step {
            Step::Buffer(source, items) => {
                let (real, plain) = (engine.apply(*source, items), naive.buffer(*source, items));
                assert_eq!(real, plain, "seed {seed} step {i}: {items:?}");
                totals.late += real.late;
                totals.matched += real.matched;
                totals.skipped.iter_mut().zip(real.skipped).for_each(|(t, n)| *t += n);
            }
            Step::Tick(at) => {
                engine.tick(*at);
                naive.beat(*at);
            }
        }
        assert_eq!(engine.tally.now(), naive.now, "seed {seed} step {i}");
        assert_eq!(engine.tally.watermark(), naive.watermark, "seed {seed} step {i}");
        for topic in (0..TOPICS).filter(|_| i % 11 == 0) {
            let id = TopicId(topic + 10);
            let real = engine.tally.windows(id).expect("a topic").windows.map(|t| (t.mentions, t.reposts, t.authors));
            assert_eq!(real, naive.windows(topic as usize), "seed {seed} step {i} topic {topic}");
        }
        told += transitions(&mut engine, &mut naive, &mut open, &format!("seed {seed} step {i}"));
    }
    for topic in 0..TOPICS {
        let week = engine.tally.week(TopicId(topic + 10)).expect("a topic");
        assert_eq!(week.mentions.to_vec(), naive.week(topic as usize), "seed {seed}");
    }
    (totals, told)
}

/// Compares the volume alerts that began and ended in this step, and says how many there were. Words
/// about an alert that is open tell of its growth and are no transition.
fn transitions(engine: &mut Engine, naive: &mut Naive, open: &mut BTreeSet<String>, context: &str) -> usize {
    let transition = |told: String| {
        let words: Vec<&str> = told.split(' ').collect();
        let (id, topic) = (words[1].to_owned(), words[1].split('/').nth(1).expect("a topic"));
        match words[0] {
            "firing" => open.insert(id).then(|| told.clone()),
            _ => {
                assert!(open.remove(&id), "{context}: resolved twice: {told}");
                Some(format!("resolved {topic} {}", words[2]))
            }
        }
    };
    let mut real: Vec<String> = engine.alerts().into_iter().filter(|a| a.contains("volume/")).filter_map(transition).collect();
    let mut plain = std::mem::take(&mut naive.alerts);
    real.sort();
    plain.sort();
    assert_eq!(real, plain, "{context}");
    real.len()
}

#[test]
fn the_tally_equals_a_recount() {
    let (mut all, mut alerts) = (Applied::default(), 0);
    for seed in 0..6 {
        let (applied, told) = compare(seed, 24 * HOUR, 1 << 26);
        all.matched += applied.matched;
        all.late += applied.late;
        all.skipped.iter_mut().zip(applied.skipped).for_each(|(t, n)| *t += n);
        alerts += told;
    }
    // The worlds must hold something of everything, else the comparison says little.
    assert!(all.matched > 3_000 && all.late > 500 && alerts > 50, "{all:?} {alerts}");
    for reason in [Skipped::Duplicate, Skipped::Update, Skipped::Delete, Skipped::Deleted, Skipped::Own] {
        assert!(all.skipped[reason as usize] > 50, "{reason}: {all:?}");
    }
}

#[test]
fn a_short_memory_equals_a_recount() {
    for seed in 100..103 {
        compare(seed, 5 * MINUTE, 0);
    }
}

/// No order of a hash map may show in what is told.
#[test]
fn the_same_input_tells_the_same() {
    let run = || {
        let on = On::Volume { window: Window::M15, at: 15 };
        let rules = vec![rule("volume", on, &[2, 0, 1]), rule("alta", On::Priority { at: Score::points(40) }, &[1, 2])];
        let mut engine = Engine::new(listening(1, TOPICS, "Europe/Madrid", rules));
        let mut told = Vec::new();
        for step in world(77) {
            match &step {
                Step::Buffer(source, items) => drop(engine.apply(*source, items)),
                Step::Tick(at) => engine.tick(*at),
            }
            told.extend(engine.events.drain(..).map(|event| format!("{event:?}")));
        }
        told
    };
    let (first, second) = (run(), run());
    assert!(first.len() > 500);
    assert_eq!(first, second);
}

/// Within the lateness, order is of no account for what was counted.
#[test]
fn order_within_the_lateness_changes_no_count() {
    for seed in 0..8 {
        let mut random = Prng::new(seed);
        let minutes: Vec<Vec<Item>> = (0..90i64)
            .map(|minute| {
                let one = |i: u64| {
                    let at = START.plus(minute * MINUTE + random.below(55) as i64 * SECOND);
                    post(minute as u64 * 100 + i, at, 5)
                        .by(random.below(40))
                        .hits((0..1 + random.below(3) as u32).map(|t| hit(t, 5)).collect())
                };
                (0..10).map(one).collect()
            })
            .collect();
        let mut results = Vec::new();
        for shuffle in 0..4 {
            let mut random = Prng::new(seed * 1000 + shuffle);
            let mut engine = Engine::new(listening(1, TOPICS, "Europe/Madrid", Vec::new()));
            let mut late = 0;
            for (minute, items) in minutes.iter().enumerate() {
                let mut items = items.clone();
                for i in (1..items.len()).rev() {
                    items.swap(i, random.below(i as u64 + 1) as usize);
                }
                let cut = random.below(items.len() as u64 + 1) as usize;
                late += engine.apply(0, &items[..cut]).late + engine.apply(0, &items[cut..]).late;
                engine.tick(START.plus((minute as i64 + 1) * MINUTE - SECOND));
            }
            assert_eq!(late, 0);
            let ids = (0..TOPICS).map(|t| TopicId(t + 10));
            results.push(ids.map(|id| (engine.tally.windows(id), engine.tally.week(id).map(|w| w.mentions))).collect::<Vec<_>>());
        }
        assert!(results.iter().all(|r| *r == results[0]), "seed {seed}");
    }
}
