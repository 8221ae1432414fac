//! What to listen for: brands, topics and alert rules, as the engine uses them.
//!
//! `config` builds one [`Listening`] out of a file; it is never changed, only swapped whole.

use std::sync::Arc;

use crate::alert::Severity;
use crate::anomaly::Settings;
use crate::calendar::Calendar;
use crate::limits;
use crate::opening::Hours;
use crate::query::Query;
use crate::score::Score;
use crate::share;
use crate::time::{HOUR, Zone};
use crate::window::Window;

/// A topic's number: given once by name and never used again, so that counts survive a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u32);

/// A source's number, in the order of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

impl SourceId {
    /// One that is no longer configured.
    pub const GONE: SourceId = SourceId(u16::MAX);
}

/// A place in a stream that can be resumed. Cursors of different kinds are never exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// Jetstream v1: microseconds since 1970.
    JetstreamTime(u64),
    /// Jetstream v2: the `seq` of one server.
    JetstreamSeq(u64),
    /// A file: which it is, and how much of it was read.
    File {
        /// Device and inode.
        identity: (u64, u64),
        /// Bytes before the next line, after decompression.
        offset: u64,
    },
}

/// What a source tells of itself, as a part of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It can be heard from now on.
    Up,
    /// It cannot: it has no connection, no open file, no bound socket.
    Down,
    /// It was read to its end, and nothing more is expected of it.
    Ended,
    /// It shed posts since the engine was full.
    Shed,
}

/// What an account of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Publishes news.
    #[default]
    Broadcast,
    /// Answers customers.
    Service,
}

/// One account of a brand; decided by id, then by handle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The network's id, empty if not given.
    pub id: String,
    /// Handle without `@`, folded to lower case, empty if not given.
    pub handle: String,
    /// Network, empty for any.
    pub network: String,
    /// What it is for, if anybody says.
    pub role: Option<Role>,
}

impl Account {
    /// Whether this is the account with `id` or, where one side lacks an id, with `handle`.
    pub fn is(&self, network: &str, id: &str, handle: &str) -> bool {
        if !self.network.is_empty() && self.network != network {
            return false;
        }
        if !self.id.is_empty() && !id.is_empty() {
            return self.id == id;
        }
        !self.handle.is_empty() && !handle.is_empty() && self.handle == handle.to_lowercase()
    }
}

/// A brand and its accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brand {
    /// As shown.
    pub name: String,
    /// Ours, or a competitor's.
    pub own: bool,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// Handles of authors whose posts open no matter, in lower case.
    pub ignore: Vec<String>,
    /// Telephone numbers and addresses that it gives out, as people write them.
    pub published: Vec<String>,
}

impl Brand {
    /// Whether the author called `name` opens no matter of it.
    pub fn ignores(&self, name: &str) -> bool {
        !name.is_empty() && self.ignore.contains(&name.to_lowercase())
    }
}

/// The labels of a topic in the reports of a care team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Kind of matter.
    pub typology: String,
    /// Category.
    pub category: String,
    /// Subcategory.
    pub subcategory: String,
    /// Department.
    pub section: String,
    /// What it finds is a customer's matter, also where nobody of ours is named.
    pub incidents: bool,
}

/// One topic: queries whose matches are counted together.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its number.
    pub id: TopicId,
    /// Its name in configuration, metrics and streams.
    pub name: String,
    /// Index into `Listening::brands`.
    pub brand: Option<usize>,
    /// Priority points it adds, 0-30.
    pub weight: Score,
    /// Civil time of its hours and weekdays.
    pub zone: Zone,
    /// Its holidays and paydays.
    pub calendar: Arc<Calendar>,
    /// Report labels.
    pub labels: Labels,
    /// A post that matches any of them is a mention.
    pub queries: Vec<Query>,
}

/// How a query was written down, beside what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wording {
    /// Its normal form.
    pub normal: Box<str>,
    /// What whoever wrote it calls it by; empty if nothing.
    pub tag: Box<str>,
}

/// What an alert rule watches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum On {
    /// A post at or over a score.
    Priority {
        /// The score.
        at: Score,
    },
    /// A sliding window at or over a count of mentions.
    Volume {
        /// The window.
        window: Window,
        /// The count.
        at: u64,
    },
    /// More or less than usual.
    Unusual(Settings),
    /// Another share of voice than before, of brands and not of topics.
    Share(share::Settings),
    /// More against a brand than before, and fewer answers by it.
    Unanswered(share::Settings),
}

/// One `[[alert]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it watches.
    pub on: On,
    /// The topics it watches.
    pub topics: Vec<TopicId>,
    /// How bad it is.
    pub severity: Severity,
    /// A `priority` alert resolves this long after its last post, in microseconds.
    pub resolve_after: i64,
}

/// One `[[alert]]` on sources.
#[derive(Debug, Clone)]
pub struct SourceRule {
    /// Its name.
    pub name: String,
    /// The sources it watches, by number and name.
    pub sources: Vec<(SourceId, String)>,
    /// How it looks for less than usual.
    pub settings: Settings,
    /// A source may be down for so long, in microseconds.
    pub down_for: i64,
    /// Civil time of its hours and weekdays.
    pub zone: Zone,
    /// How bad it is.
    pub severity: Severity,
}

/// One `[[alert]]` on how customers are answered.
#[derive(Debug, Clone)]
pub struct SlaRule {
    /// Its name.
    pub name: String,
    /// The brands it watches, all our own,
    /// with their hours; no hours for clocks that always run.
    pub brands: Vec<(Arc<str>, Option<Arc<Hours>>)>,
    /// A first answer may take so long, in microseconds of its hours,
    pub first_answer: i64,
    /// and this long before anybody is warned.
    pub warn: Option<i64>,
    /// The same where an operation of the customer is blocked.
    pub blocked: Option<i64>,
    /// A later answer may take so long; `None` for any time.
    pub next_answer: Option<i64>,
    /// News that we promised may take so long; `None` for any time.
    pub promise: Option<i64>,
    /// It also watches matters of those who only have our name carried along.
    pub bystanders: bool,
    /// So many alerts of one brand and kind stand alone; what comes beyond is told as one.
    pub each: usize,
    /// How bad it is.
    pub severity: Severity,
}

/// How long what customers wrote is kept, in microseconds of event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Care {
    /// Figures of a matter, after it closed.
    pub retention: i64,
    /// Texts, handles and notes, after it closed; then its customer has a pseudonym.
    pub texts: i64,
    /// Posts that are kept only because somebody might answer them.
    pub strays: i64,
    /// Posts that are kept at most.
    pub max_posts: usize,
    /// What pseudonyms are made with; without it every matter has a customer of its own.
    pub key: Option<Arc<str>>,
}

impl Default for Care {
    fn default() -> Care {
        const DAY: i64 = 24 * HOUR;
        Care { retention: 400 * DAY, texts: 90 * DAY, strays: 30 * DAY, max_posts: limits::CARE_POSTS, key: None }
    }
}

impl Care {
    /// The same without any end: of a recording everything is known for as long as it is read.
    pub fn for_ever(self) -> Care {
        Care { retention: i64::MAX, texts: i64::MAX, strays: i64::MAX, ..self }
    }
}

/// One source as the stages need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// Its name in configuration, metrics and streams.
    pub name: String,
    /// Type, e.g. `tcp`.
    pub kind: &'static str,
}

/// Everything to listen for, at one version.
#[derive(Debug, Clone, Default)]
pub struct Listening {
    /// Grows by one with every swap.
    pub version: u64,
    /// Brands.
    pub brands: Vec<Brand>,
    /// Topics, in the order of the configuration.
    pub topics: Vec<Topic>,
    /// Alert rules.
    pub rules: Vec<Rule>,
    /// Alert rules on sources.
    pub source_rules: Vec<SourceRule>,
    /// Alert rules on how customers are answered; shared by all versions of what one file says.
    pub sla_rules: Arc<[SlaRule]>,
    /// Which sources carry the posts of our own accounts, by `SourceId`: only they tell what was answered, and
    /// of them every post is kept for a while, because any may turn out to be answered.
    pub own_posts: Vec<bool>,
    /// How long what customers wrote is kept.
    pub care: Care,
    /// Groups of brands.
    pub groups: Vec<share::Group>,
    /// How the queries of each topic were written down, query by query; shared by all versions that
    /// have it, because nothing on the way of a post reads it.
    pub wordings: Vec<Arc<[Wording]>>,
}

impl Listening {
    /// The brand of a topic.
    pub fn brand_of(&self, topic: &Topic) -> Option<&Brand> {
        topic.brand.and_then(|b| self.brands.get(b))
    }

    /// Whether a source carries the posts of our own accounts.
    pub fn carries_own_posts(&self, source: SourceId) -> bool {
        self.own_posts.get(usize::from(source.0)).copied().unwrap_or(false)
    }

    /// How the queries of the topic at `place` were written down; empty where nobody knows.
    pub fn wordings(&self, place: usize) -> &[Wording] {
        self.wordings.get(place).map_or(&[], AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_decided_by_id_then_handle() {
        let a = Account { id: "did:1".into(), handle: "banco".into(), network: "bluesky".into(), role: Some(Role::Service) };
        assert!(a.is("bluesky", "did:1", "renamed"));
        assert!(!a.is("bluesky", "did:2", "banco"));
        assert!(a.is("bluesky", "", "Banco"));
        assert!(!a.is("x", "did:1", "banco"));
        let h = Account { handle: "banco".into(), ..Account::default() };
        assert!(h.is("x", "17", "BANCO"));
        assert!(!h.is("x", "17", ""));
    }
}
