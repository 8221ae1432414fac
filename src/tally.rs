//! The one owner of state: folds outcomes in number order, ticks, judges.
//!
//! Everything follows from the numbered items alone, so that the same input gives the same alerts.

mod answers;
mod authors;
mod brands;
mod buckets;
mod clock;
mod crowd;
mod evidence;
mod care;
mod held;
mod looks;
mod past;
mod readers;
mod recent;
mod reports;
mod series;
mod shares;
mod sources;
mod state;
mod topics;
mod visit;
mod voice;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::alert::Alert;
use crate::anomaly::Watched;
use crate::clusters::{Clusters, Member, Size};
use crate::incident::Change;
use crate::incidents::Incidents;
use crate::indicators::Traits;
use crate::judge::{Judge, Moment};
use crate::lane::{Compiled, Hit, Outcome, Record};
use crate::limits;
use crate::panes::Counted;
use crate::panes::week::Listened;
use crate::post::{AuthorKey, Kind, Post, PostBuf, PostKey};
use crate::reason::Skipped;
use crate::score::{self, Addend, Score};
use crate::seen::{Known, Seen};
use crate::time::Timestamp;
use crate::topic::{On, Sign, SlaRule, SourceId, TopicId};
use crate::window::{Tallied, Window};
use answers::Answers;
use authors::Authors;
pub use authors::{REPEAT_AUTHOR, REPEAT_MOST, REPEAT_STEP};
use brands::Brands;
pub use brands::{BrandOverview, BrandStanding};
pub use buckets::Unusual;
pub use care::{Erasure, Order};
use clock::EventClock;
use evidence::Around;
pub use held::Held;
pub use past::{Of, Past};
pub use readers::{HourOfWeek, MentionFilter, Overview, Page, Step, WeekHours};
use recent::Recent;
pub use reports::{GroupKnown, Matters};
pub use series::{Quality, Series};
use shares::{Heard, Shares};
pub use state::Restoring;
use topics::{Networks, Topic};
pub use voice::{AccountVoice, BrandVoice, Figures, GroupShares, ShareFilter, ShareOfVoice};

/// The signal that tells whether a post is negative: then it adds.
const NEGATIVITY: &str = "negativity";

/// How the tally behaves; fixed for a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How far the watermark stays behind the greatest post time, in microseconds.
    pub lateness: i64,
    /// How long a post id is remembered, in microseconds of event time.
    pub dedupe: i64,
    /// Bytes of recent mentions kept for readers.
    pub recent_bytes: usize,
    /// What was counted before the engine listened.
    pub past: Option<Past>,
    /// Ids that alerts of earlier runs have, oldest first.
    pub taken: Arc<[String]>,
}

/// One topic of a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MentionTopic {
    /// The topic's number.
    pub id: TopicId,
    /// Its name, shared by all its mentions.
    pub name: Arc<str>,
    /// It speaks to the brand (direct), or about it (active listening).
    pub direct: bool,
    /// Priority for this topic.
    pub score: Score,
    /// What the topic itself adds to it.
    pub addends: Vec<Addend>,
}

/// A post that was found.
#[derive(Debug, Clone)]
pub struct Mention {
    /// Its identity.
    pub key: PostKey,
    /// The post.
    pub post: PostBuf,
    /// Its topics, in topic order; the score of a mention is the greatest of theirs.
    pub topics: Vec<MentionTopic>,
    /// Why it scores as it does, but for the topics' own part.
    pub addends: Vec<Addend>,
    /// The posts that say the same, when this one was counted.
    pub cluster: Size,
    /// The source that brought it.
    pub source: SourceId,
    /// It came behind the watermark.
    pub late: bool,
}

impl Mention {
    /// Whether its tone is negative.
    pub fn is_negative(&self) -> bool {
        self.addends.iter().any(|a| a.code == NEGATIVITY && a.weight > Score::default())
    }

    /// Who wrote it.
    pub fn author(&self) -> AuthorKey {
        self.post.get().author_key()
    }
}

/// One topic's windows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicWindows {
    /// The topic's number.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// Event time up to which the windows reach.
    pub at: Timestamp,
    /// In the order of `Window::ALL`.
    pub windows: [Tallied; Window::ALL.len()],
    /// Its last closed bucket, if a rule asks what is unusual and one has closed.
    pub watched: Option<Watched>,
    /// Where its brand stands, if a rule on `spike` watches one of the brand's topics.
    pub brand: Option<BrandStanding>,
}

/// What the tally tells the outside.
#[derive(Debug, Clone)]
pub enum Event {
    /// An alert fired, changed or resolved.
    Alert(Box<Alert>),
    /// A new mention.
    Mention(Arc<Mention>),
    /// A mention that was counted before has a new version.
    Update(Arc<Mention>),
    /// A topic's windows, at most once per topic and second.
    Windows(Box<TopicWindows>),
    /// This post must vanish from everything that still shows it.
    Delete(PostKey),
    /// This topic is no longer listened to.
    Forget(TopicId),
    /// A customer's matter is no longer what it was.
    Incident(Box<Change>),
    /// The shares of a group, once a minute; of what is no longer in it, nothing.
    Shares(Box<GroupShares>),
}

/// What became of the records of one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Counted as mentions.
    pub matched: u64,
    /// Counted as late among them.
    pub late: u64,
    /// Not counted, by `Skipped as usize` (`NotAPost` is the lane's and stays 0).
    pub skipped: [u64; Skipped::COUNT],
}

/// All keyed state.
pub struct Tally {
    clock: EventClock,
    seen: Seen,
    authors: Authors,
    clusters: Clusters,
    recent: Recent,
    answers: Answers,
    networks: Networks,
    shares: Shares,
    listened: Listened,
    judge: Judge,
    incidents: Incidents,
    /// By which rules answers are watched.
    sla_rules: Option<Arc<[SlaRule]>>,
    /// Every topic that ever was listened to; a slot is never used again.
    topics: Vec<Topic>,
    /// Slot of every topic of the set that is listened to now, in its order.
    slots: Vec<usize>,
    /// What is listened for.
    compiled: Option<Arc<Compiled>>,
    /// Slots whose counts changed since the last beat.
    changed: Vec<usize>,
    /// The topic that was visited last.
    visited: Option<TopicId>,
    /// When the windows of a slot change by themselves, in minutes.
    due: BTreeSet<(i64, usize)>,
    /// Slots of the topics that are watched for what is unusual, in the order of their numbers.
    watched: Vec<usize>,
    brands: Brands,
    past: Option<Past>,
    sources: sources::Sources,
    /// Minutes with mentions that were not looked at yet.
    busy: BTreeSet<looks::Busy>,
    /// The bucket that closes next, once event time is known.
    bucket: Option<i64>,
    /// How many of the watched topics have closed it.
    closed: usize,
    /// The second of the last beat that told of windows.
    told: i64,
    /// The slot that settled last.
    settled: usize,
    /// Working memory for what the judge says.
    alerts: Vec<Alert>,
}

/// What is the same for all records of one outcome.
#[derive(Clone, Copy)]
struct Batch<'a> {
    source: SourceId,
    outcome: &'a Outcome,
    compiled: &'a Compiled,
}

impl Tally {
    /// An empty tally.
    pub fn new(settings: Settings) -> Tally {
        Tally {
            clock: EventClock::new(settings.lateness),
            seen: Seen::new(settings.dedupe, limits::DEDUPE_IDS),
            authors: Authors::default(),
            clusters: Clusters::default(),
            recent: Recent::new(settings.recent_bytes),
            answers: Answers::default(),
            networks: Networks::default(),
            shares: Shares::default(),
            listened: Listened::default(),
            judge: Judge::beside(&settings.taken),
            incidents: Incidents::default(),
            sla_rules: None,
            topics: Vec::new(),
            slots: Vec::new(),
            compiled: None,
            changed: Vec::new(),
            visited: None,
            due: BTreeSet::new(),
            watched: Vec::new(),
            brands: Brands::default(),
            past: settings.past,
            sources: sources::Sources::default(),
            busy: BTreeSet::new(),
            bucket: None,
            closed: 0,
            told: i64::MIN,
            settled: 0,
            alerts: Vec::new(),
        }
    }

    /// Applies one outcome; outcomes come in number order.
    pub fn apply(&mut self, compiled: &Arc<Compiled>, source: SourceId, outcome: &Outcome, events: &mut Vec<Event>) -> Applied {
        self.adopt(compiled, events);
        let mut applied = Applied::default();
        let before = self.clock.before(source);
        let batch = Batch { source, outcome, compiled };
        for record in &outcome.records {
            let late = self.clock.is_late(&before, record.before, record.at);
            self.clock.advance(record.before.max(record.at));
            self.listened.advance(self.clock.now());
            match self.record(batch, record, late, events) {
                None => {
                    applied.matched += 1;
                    applied.late += u64::from(late);
                }
                Some(reason) => applied.skipped[reason as usize] += 1,
            }
        }
        self.clock.arrived(source, outcome.greatest);
        self.follow(outcome, events);
        self.sources.brought(source, outcome.decoded);
        self.forget_old();
        applied
    }

    /// A source told something of itself before the next beat.
    pub fn hear(&mut self, source: SourceId, sign: Sign) {
        self.sources.hear(source, sign, self.clock.now());
    }

    /// A beat of time, numbered like the outcomes.
    pub fn tick(&mut self, compiled: &Arc<Compiled>, at: Timestamp, events: &mut Vec<Event>) {
        self.adopt(compiled, events);
        self.clock.tick(at);
        let now = self.clock.now();
        if now == Timestamp::MIN {
            // Nothing came yet, which may be what is wrong.
            self.sources.judge(at, &mut self.judge, &mut self.alerts);
            tell(&mut self.alerts, events);
            return;
        }
        self.listened.advance(now);
        self.sources.tick(now);
        self.forget_old();
        self.judge.tick(now, &mut self.alerts);
        self.sources.judge(now, &mut self.judge, &mut self.alerts);
        tell(&mut self.alerts, events);
        self.close_buckets(now, events);
        self.close_shares(now, events);
        self.tell_incidents(events);
        if at.second() == self.told {
            return;
        }
        self.told = at.second();
        self.visit(now, events);
        self.settle();
    }

    /// Deals with one record: `None` if it was counted as a mention, else why not.
    fn record(&mut self, batch: Batch<'_>, record: &Record, late: bool, events: &mut Vec<Event>) -> Option<Skipped> {
        let now = self.clock.now();
        let known = self.known(record.key);
        if record.kind == Kind::Delete {
            if known != Some(Known::Deleted) {
                self.delete(record.key, events);
            }
            return Some(Skipped::Delete);
        }
        let (from, to) = record.hits;
        let hits = batch.outcome.hits.get(from as usize..to as usize).unwrap_or_default();
        let written = self.note_own(batch, record, known);
        match (known, record.kind) {
            (Some(Known::Deleted), _) => Some(Skipped::Deleted),
            (Some(Known::Counted), Kind::Update) => {
                self.update(batch, record, hits, events);
                Some(Skipped::Update)
            }
            (Some(Known::Own), Kind::Update) => {
                self.answers.replace(record.key, || PostBuf::new(&batch.outcome.posts.get(record.post as usize)));
                Some(Skipped::Update)
            }
            (Some(_), _) => Some(Skipped::Duplicate),
            (None, _) if hits.is_empty() && written => {
                self.seen.note(record.key, Known::Own, now);
                Some(Skipped::Own)
            }
            (None, _) if hits.is_empty() => Some(Skipped::Update),
            (None, _) if hits.iter().all(|h| h.own) => {
                self.seen.note(record.key, Known::Own, now);
                self.answer(batch, record, hits);
                Some(Skipped::Own)
            }
            (None, _) => {
                self.seen.note(record.key, Known::Counted, now);
                self.answer(batch, record, hits);
                self.count(batch, record, hits, late, events);
                None
            }
        }
    }

    /// What is known of a post. One that is still shown is known however long ago it came.
    fn known(&mut self, key: PostKey) -> Option<Known> {
        let shown = || self.recent.of(key).map(|_| Known::Counted);
        let answered = || self.answers.has(key).then_some(Known::Own);
        self.seen.know(key).or_else(shown).or_else(answered)
    }

    /// Counts a mention for every topic of another's brand, shows it, judges it.
    fn count(&mut self, batch: Batch<'_>, record: &Record, hits: &[Hit], late: bool, events: &mut Vec<Event>) {
        let now = self.clock.now();
        let repeat = self.authors.note(record.author, record.at, now);
        let cluster = self.cluster(batch, record, hits);
        let mention = Arc::new(Mention { cluster, ..self.mention(batch, record, hits, repeat, late) });
        let post = mention.post.get();
        let network = self.networks.number(post.network);
        let counted = |direct| Counted { minute: record.at.minute(), author: record.author, network, repost: post.is_repost(), direct };
        let negative = mention.is_negative();
        let traits = Traits { repost: post.is_repost(), tagged: record.tagged, negative };
        let heard = Heard { key: record.key, at: record.at, now, traits, cluster: cluster.id.0 };
        self.shares.mention(&heard, hits.iter().filter(|h| !h.own).map(|h| (h.topic, h.direct)));
        let number = self.recent.push(mention.clone());
        let oldest = self.recent.oldest();
        let slots = hits.iter().filter(|h| !h.own).filter_map(|h| self.slots.get(h.topic as usize).copied());
        let to_brand = hits.iter().any(|h| h.direct && !h.own);
        self.brands.count(slots, &counted(to_brand), record.at, negative, now);
        events.push(Event::Mention(mention.clone()));
        for hit in hits.iter().filter(|h| !h.own) {
            let Some(slot) = self.slots.get(hit.topic as usize).copied() else { continue };
            let Some(topic) = self.topics.get_mut(slot) else { continue };
            topic.panes.slide(now.minute());
            let live = topic.count(&counted(hit.direct), record.at, number, oldest);
            if let Some(unusual) = &mut topic.unusual {
                if negative {
                    unusual.note_negative(record.at);
                }
                if live && unusual.note(record.at.minute()) {
                    self.busy.insert((record.at.minute(), topic.id, slot));
                }
            }
            if live && !topic.changed {
                topic.changed = true;
                self.changed.push(slot);
            }
            let when = Moment { now, delayed: late };
            if let Some(place) = mention.topics.iter().position(|t| t.id == topic.id) {
                self.judge_mention(slot, &mention, place, live, when);
            }
        }
        tell(&mut self.alerts, events);
    }

    /// Adds a mention to the posts that say the same about one of its topics.
    fn cluster(&mut self, batch: Batch<'_>, record: &Record, hits: &[Hit]) -> Size {
        let post = batch.outcome.posts.get(record.post as usize);
        let original = (!post.repost_of.id.is_empty()).then(|| {
            let original = Post { id: post.repost_of.id, network: post.network, ..Post::default() }.key();
            // It may have joined a cluster that another post founded.
            self.recent.of(original).map_or(original, |m| PostKey(m.cluster.id.0))
        });
        let topics = hits.iter().filter(|h| !h.own).filter_map(|h| self.topics.get(*self.slots.get(h.topic as usize)?));
        let about = topics.fold(0, |bits, t| bits | 1 << (t.id.0 % u64::BITS));
        let (from, to) = record.words;
        let words = batch.outcome.words.get(from as usize..to as usize).unwrap_or_default();
        let member = Member { key: record.key, author: record.author, at: record.at, original, print: record.print, words, about };
        self.clusters.join(&member, self.clock.now())
    }

    /// Asks every watch of the topic, which is the mention's topic number `place`, about a mention
    /// that was just counted.
    fn judge_mention(&mut self, slot: usize, mention: &Mention, place: usize, live: bool, when: Moment) {
        let (Some(topic), Some(mine)) = (self.topics.get(slot), mention.topics.get(place)) else { return };
        let post = mention.post.get();
        let minute = post.at.minute();
        for watch in self.judge.watches(topic.id) {
            match self.judge.on(watch) {
                Some(On::Priority { at }) if mine.score >= at => {
                    let addends = mine.addends.iter().chain(&mention.addends);
                    self.judge.fire_priority(watch, &mention.post, mine.score, addends, when, &mut self.alerts);
                }
                Some(On::Volume { window, .. }) if live && !self.judge.is_firing(watch) => {
                    let reached = topic.panes.find(window, minute, |end, count| self.judge.reaches(watch, end, count));
                    if let Some(end) = reached {
                        let around = Around { recent: &self.recent, networks: &self.networks, compiled: self.compiled.as_ref() };
                        let evidence = topic.evidence(window, end, Timestamp::from_minute(end), around);
                        self.judge.fire_volume(watch, end, evidence, when, &mut self.alerts);
                    }
                }
                _ => {}
            }
        }
    }

    /// The mention that a record tells of, not yet in any cluster.
    fn mention(&self, batch: Batch<'_>, record: &Record, hits: &[Hit], repeat: Score, late: bool) -> Mention {
        let of = |(from, to): (u32, u32)| batch.outcome.addends.get(from as usize..to as usize).unwrap_or_default().to_vec();
        let mut addends = of(record.addends);
        if repeat != Score::default() {
            addends.push(Addend { code: REPEAT_AUTHOR, weight: repeat });
        }
        let topics = hits.iter().filter(|h| !h.own).filter_map(|hit| {
            let topic = self.topics.get(*self.slots.get(hit.topic as usize)?)?;
            let score = Score(hit.score.0.saturating_add(repeat.0)).clamped();
            Some(MentionTopic { id: topic.id, name: topic.name.clone(), direct: hit.direct, score, addends: of(hit.addends) })
        });
        Mention {
            key: record.key,
            post: PostBuf::new(&batch.outcome.posts.get(record.post as usize)),
            topics: topics.collect(),
            addends,
            cluster: Size::default(),
            source: batch.source,
            late,
        }
    }

    /// Shows the new version of a counted post, scored again; counts and alerts stay as they are. A
    /// topic that it matches no more is still listed, and adds what it added.
    fn update(&mut self, batch: Batch<'_>, record: &Record, hits: &[Hit], events: &mut Vec<Event>) {
        self.answers.replace(record.key, || PostBuf::new(&batch.outcome.posts.get(record.post as usize)));
        let Some(shown) = self.recent.of(record.key).cloned() else { return };
        let repeat = self.authors.again(record.author, shown.post.at());
        let fresh = self.mention(batch, record, hits, repeat, shown.late);
        let again = |before: &MentionTopic| match fresh.topics.iter().find(|t| t.id == before.id) {
            Some(now) => now.clone(),
            None => MentionTopic { score: score::total(fresh.addends.iter().chain(&before.addends)), ..before.clone() },
        };
        let topics = shown.topics.iter().map(again).collect();
        let mention = Arc::new(Mention { topics, cluster: shown.cluster, source: shown.source, ..fresh.clone() });
        self.judge.replace(record.key, &mention.post);
        self.recent.replace(mention.clone());
        events.push(Event::Update(mention));
    }

    /// Removes a post from all that shows it, and remembers that it is gone.
    fn delete(&mut self, key: PostKey, events: &mut Vec<Event>) {
        let now = self.clock.now();
        self.seen.note(key, Known::Deleted, now);
        self.recent.remove(key);
        self.answers.remove(key);
        self.incidents.delete(key, now);
        events.push(Event::Delete(key));
        self.judge.forget(key, now, &mut self.alerts);
        tell(&mut self.alerts, events);
    }

    /// Keeps the post as an answer of the topics that it is own to.
    fn answer(&mut self, batch: Batch<'_>, record: &Record, hits: &[Hit]) {
        let own = hits.iter().filter(|hit| hit.own);
        let topics: Vec<TopicId> = own.filter_map(|hit| self.topics.get(*self.slots.get(hit.topic as usize)?)).map(|t| t.id).collect();
        if topics.is_empty() {
            return;
        }
        self.answers.push(record.key, PostBuf::new(&batch.outcome.posts.get(record.post as usize)), topics);
    }

    /// Listens for `compiled` from now on; topics keep their counts by number.
    fn adopt(&mut self, compiled: &Arc<Compiled>, events: &mut Vec<Event>) {
        let listening = &compiled.listening;
        if self.compiled.as_ref().is_some_and(|known| known.listening.version == listening.version) {
            return;
        }
        let now = self.clock.now();
        self.finish_closing(now);
        self.compiled = Some(compiled.clone());
        let before = std::mem::replace(&mut self.slots, topics::adopt(&mut self.topics, listening, now));
        let gone = before.into_iter().filter_map(|slot| self.topics.get(slot)).filter(|t| !t.active);
        events.extend(gone.map(|t| Event::Forget(t.id)));
        self.judge.adopt(listening, now, &mut self.alerts);
        self.judge.adopt_sources(&listening.source_rules, now, &mut self.alerts);
        self.sources.adopt(&listening.source_rules);
        self.adopt_unusual(listening, now);
        self.adopt_shares(listening, now, events);
        self.adopt_sla(&listening.sla_rules, now);
        self.incidents.keep(&listening.care);
        tell(&mut self.alerts, events);
    }

    fn forget_old(&mut self) {
        let now = self.clock.now();
        self.seen.expire(now);
        self.authors.expire(now);
        self.clusters.expire(now);
        self.shares.expire(now);
    }
}

/// Passes on what the judge said.
fn tell(alerts: &mut Vec<Alert>, events: &mut Vec<Event>) {
    events.extend(alerts.drain(..).map(|alert| Event::Alert(Box::new(alert))));
}
