//! An alert: a detected event that fires and resolves. (The customer's matter is an incident.)

use crate::anomaly::{Finding, Standing};
use crate::bilingual::Both;
use crate::post::{PostBuf, PostKey};
use crate::score::Score;
use crate::time::Timestamp;
use crate::window::Tallied;

/// How bad; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    #[default]
    Warning,
    /// Somebody must act.
    Critical,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// Its name everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// The severity called `name`.
    pub fn named(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It goes on.
    Firing,
    /// It is over.
    Resolved,
}

impl Status {
    /// Its name everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        }
    }
}

/// One reason with its figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// A name from a closed set.
    pub code: &'static str,
    /// A sentence for people.
    pub text: Both,
    /// The figure behind it.
    pub value: f64,
}

/// A share of all, and the interval that holds the true one in 95 cases of 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// From 0 to 1.
    pub value: f64,
    /// Lower and upper end.
    pub range: (f64, f64),
}

/// What the mentions of an alert are like, as far as they are looked through
/// (`limits::ALERT_SCAN`), when it last fired or grew.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gist {
    /// The words that set them apart from earlier ones, most telling first, as people write them.
    pub terms: Vec<String>,
    /// Mentions by language, in the order of the codes; `und` where none is known.
    pub languages: Vec<(String, u64)>,
    /// The negative ones; `None` without mentions.
    pub negative: Option<Share>,
}

/// One topic of a crisis.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its name.
    pub topic: String,
    /// Whether it still has more or less than usual.
    pub status: Status,
    /// Mentions seen, when its last bucket closed.
    pub observed: u64,
    /// Mentions expected.
    pub expected: f64,
    /// Where it stands, for `spike`.
    pub standing: Option<Standing>,
}

/// An alert of the past that looks alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// Its id.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it lasted, in microseconds.
    pub duration: i64,
    /// Mentions at its height over those expected, or over the threshold of a `volume` alert; of a
    /// `drop`, at its depth.
    pub peak: f64,
    /// The terms that both have.
    pub terms: Vec<String>,
}

/// Somebody took an alert on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who: the name of the token, empty where there are no tokens.
    pub by: String,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// What they said; may be empty.
    pub note: String,
}

/// One alert at one moment; every transition is a new value with the same id.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Derived from the cause, so that the same input gives the same id.
    pub id: String,
    /// Name of the rule.
    pub rule: String,
    /// What the rule watches: `priority`, `volume`, ...
    pub on: &'static str,
    /// Firing or resolved.
    pub status: Status,
    /// How bad.
    pub severity: Severity,
    /// Name of the topic, empty for `source`.
    pub topic: String,
    /// Name of the source, for `source`; else empty.
    pub source: String,
    /// Name of its brand, empty if none.
    pub brand: String,
    /// Start of the window, or the post's time.
    pub started_at: Timestamp,
    /// Event time of this transition.
    pub updated_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The window that fired, at its present value.
    pub observed: Tallied,
    /// Clusters of near-duplicates among the mentions of the window, as they were when the alert last
    /// fired or grew: many are many people's own words, one is a campaign. At least so many, of a window
    /// with more mentions than are looked through (`limits::ALERT_SCAN`). `None` where only counts are known.
    pub clusters: Option<u64>,
    /// The threshold that was reached.
    pub threshold: u64,
    /// What the detector said, for `spike` and `drop`.
    pub finding: Option<Finding>,
    /// Where the worst of its topics stands, for `spike`.
    pub standing: Option<Standing>,
    /// The topics that are unusual together, for `spike` and `drop`: those that go on first, then in the
    /// order of their numbers. What is told beside is of `topic`, the first that fired.
    pub topics: Vec<Part>,
    /// Score of the post, for `priority`.
    pub priority: Option<Score>,
    /// Caused by a post that came behind the watermark.
    pub delayed: bool,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The earliest post of the window that is still shown.
    pub first_post: Option<PostBuf>,
    /// The posts with the highest priority, highest first.
    pub top_posts: Vec<PostBuf>,
    /// Mentions by network, in name order.
    pub networks: Vec<(String, u64)>,
    /// What its mentions are like.
    pub gist: Gist,
    /// Alerts of the past that look alike, the most alike first.
    pub similar: Vec<Similar>,
    /// Who took it on; stays for as long as the alert lasts.
    pub acknowledged: Option<Acknowledged>,
}

/// The id of an alert of `rule` about a topic, source or brand, whose window starts at `start`: from its cause
/// alone, to the minute, so that the same input gives the same id.
pub fn id(rule: &str, about: &str, start: Timestamp) -> String {
    format!("{rule}/{about}/{}", start.to_jiff().strftime("%Y-%m-%dT%H:%MZ"))
}

impl Alert {
    /// An alert that begins to fire at `at`, of which nothing else is known yet.
    pub fn new(id: impl Into<String>, rule: impl Into<String>, on: &'static str, severity: Severity, at: Timestamp) -> Alert {
        Alert {
            id: id.into(),
            rule: rule.into(),
            on,
            status: Status::Firing,
            severity,
            topic: String::new(),
            source: String::new(),
            brand: String::new(),
            started_at: at,
            updated_at: at,
            resolved_at: None,
            observed: Tallied::default(),
            clusters: None,
            threshold: 0,
            finding: None,
            standing: None,
            topics: Vec::new(),
            priority: None,
            delayed: false,
            reasons: Vec::new(),
            first_post: None,
            top_posts: Vec::new(),
            networks: Vec::new(),
            gist: Gist::default(),
            similar: Vec::new(),
            acknowledged: None,
        }
    }

    /// Whether it shows the post `key`.
    pub fn shows(&self, key: PostKey) -> bool {
        self.first_post.iter().chain(&self.top_posts).any(|p| p.get().key() == key)
    }

    /// Shows the post `key` no more.
    pub fn forget(&mut self, key: PostKey) {
        self.first_post = self.first_post.take().filter(|p| p.get().key() != key);
        self.top_posts.retain(|p| p.get().key() != key);
    }

    /// Bytes it holds, the posts included that it may share.
    pub fn bytes(&self) -> usize {
        let names = self.id.len() + self.rule.len() + self.topic.len() + self.source.len() + self.brand.len();
        let reasons: usize = self.reasons.iter().map(|r| size_of::<Reason>() + r.text.es.len() + r.text.en.len()).sum();
        let networks: usize = self.networks.iter().map(|(name, _)| size_of::<(String, u64)>() + name.len()).sum();
        let posts: usize = self.first_post.iter().chain(&self.top_posts).map(PostBuf::bytes).sum();
        let strings = |all: &[String]| all.iter().map(|s| size_of::<String>() + s.len()).sum::<usize>();
        let languages: usize = self.gist.languages.iter().map(|(code, _)| size_of::<(String, u64)>() + code.len()).sum();
        let gist = strings(&self.gist.terms) + languages;
        let topics: usize = self.topics.iter().map(|part| size_of::<Part>() + part.topic.len()).sum();
        let similar: usize = self.similar.iter().map(|s| size_of::<Similar>() + s.id.len() + strings(&s.terms)).sum();
        let acknowledged = self.acknowledged.as_ref().map_or(0, |a| a.by.len() + a.note.len());
        size_of::<Alert>() + names + reasons + networks + posts + gist + topics + similar + acknowledged
    }

    /// Names of the topics that have it firing.
    pub fn firing_topics(&self) -> impl Iterator<Item = &str> {
        let alone = (self.topics.is_empty() && self.status == Status::Firing).then_some(self.topic.as_str());
        self.topics.iter().filter(|part| part.status == Status::Firing).map(|part| part.topic.as_str()).chain(alone)
    }

    /// What it is about, for people: the topic, or else the source or the brand.
    pub fn subject(&self) -> &str {
        [&self.topic, &self.source].into_iter().find(|name| !name.is_empty()).unwrap_or(&self.brand)
    }

    /// Whether it is about the topic called `name`: what a source no longer brings is about all topics.
    pub fn is_about(&self, name: &str) -> bool {
        !self.source.is_empty() || self.topic == name || self.topics.iter().any(|part| part.topic == name)
    }
}
