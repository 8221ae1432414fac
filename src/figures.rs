//! What a care team reports on: figures of the matters of one brand in a window; one indicator, one file.
//!
//! Pure: an indicator turns [`Facts`] into [`Figure`]s. Text, JSON, CSV, the page and the notes beside
//! them follow from [`ALL`]. What is not known has a [`Reason`] in place of a value, and is never 0.

use std::sync::Arc;

use crate::incident::{Answer, Cause, Field, Incident, State};
use crate::playbook::Playbook;
use crate::time::{HOUR, Timestamp, Zone};

crate::register!(
    Spec: opened,
    rhythm,
    labels,
    crossed,
    answered,
    within,
    first_answer,
    next_answer,
    coverage,
    trend,
    closed,
    resolution,
    pending,
    hand_offs,
    agents,
    organisations,
    promises,
    private,
    misrouted,
    conversation,
    peers,
    tone,
    influential,
    playbooks,
    staffing
);
mod erlang;
mod times;
pub mod words;

pub use erlang::{Queue, agents_needed};
pub use influential::influence;
pub use labels::{Label, Named};
pub use organisations::Organisations;
pub use pending::{age, ages};
pub use times::Times;

/// A text in Spanish and in English.
pub type Words = (&'static str, &'static str);

/// One registered indicator.
#[derive(Debug)]
pub struct Spec {
    /// Its name: the file's name with `_` as `-`.
    pub name: &'static str,
    /// Its title.
    pub title: Words,
    /// How it is counted.
    pub explain: Words,
    /// The names of its figures, their titles, and how they are drawn.
    pub names: &'static [Name],
    /// Its figures, in the order in which they are shown.
    pub figures: fn(&Facts<'_>) -> Vec<Figure>,
}

impl PartialEq for Spec {
    fn eq(&self, other: &Spec) -> bool {
        self.name == other.name
    }
}

impl Spec {
    /// What is said of the figures called `name`.
    pub fn named(&self, name: &str) -> Option<&'static Name> {
        self.names.iter().find(|n| n.name == name)
    }
}

/// A name that figures of an indicator have.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// In JSON and CSV.
    pub name: &'static str,
    /// For people.
    pub title: Words,
    /// How it is drawn.
    pub form: Form,
}

/// How figures of one name are drawn. Neighbours of the same form stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One large number.
    Card,
    /// A column of a table whose rows are the keys.
    Column,
    /// Bars, one for each first key, or for each second key within it.
    Bars,
    /// Upright bars along days or hours.
    Days,
    /// Rows by first key, columns by second.
    Matrix,
}

/// Short for the tables of names.
const fn name(name: &'static str, form: Form, es: &'static str, en: &'static str) -> Name {
    Name { name, title: (es, en), form }
}

/// What the figures are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Every matter of the brand that is known, settled to `now`.
    pub incidents: &'a [Arc<Incident>],
    /// The window: from, and up to without it.
    pub window: (Timestamp, Timestamp),
    /// As of when.
    pub now: Timestamp,
    /// Civil time of hours, weekdays and days.
    pub zone: &'a Zone,
    /// Since when posts were listened to, if later than the window's start or not known to be earlier.
    pub since: Option<Timestamp>,
    /// The brand is ours: others are compared, not queued.
    pub own: bool,
    /// Why answering cannot be known, if it cannot.
    pub unheard: Option<Reason>,
    /// Own posts of the window that answer nobody, if they are counted.
    pub broadcasts: Option<u64>,
    /// Whose the agents of the brand are, if that is told.
    pub organisations: &'a Organisations,
    /// What the reader wants.
    pub settings: &'a Settings,
}

/// What a reader may set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Hours at which a slot begins, ascending, the first 0.
    pub slots: Vec<u8>,
    /// A first answer should come within so long, in microseconds.
    pub within: i64,
    /// News that were promised are late after so long.
    pub promise: i64,
    /// How long an agent works on one customer turn, if told.
    pub handling: Option<i64>,
    /// Share of customers that should be taken up within `wait`, 0-1.
    pub target: f64,
    /// How long a customer may wait until an agent takes up the matter.
    pub wait: i64,
    /// Labels to cross.
    pub crossed: Vec<(Label, Label)>,
    /// What the team does with a matter of a kind.
    pub playbooks: Arc<[Playbook]>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            slots: (0..24).collect(),
            within: HOUR,
            promise: 24 * HOUR,
            handling: None,
            target: 0.8,
            wait: HOUR / 4,
            crossed: vec![(Label::Tag(Field::Section), Label::Tag(Field::Category)), (Label::Origin, Label::State)],
            playbooks: Arc::default(),
        }
    }
}

/// Why a figure has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No account of the brand was seen to reply in the window.
    NoOwnReply,
    /// The source says that it does not carry the brand's own posts.
    NotCarried,
    /// Nothing to divide by, or to take the median of.
    Nothing,
    /// No post told it.
    NotTold,
    /// The configuration does not say it.
    NotSet,
    /// Matters of others are compared, not queued.
    NotQueued,
    /// It is counted for the brands of a group, and not kept for so long.
    NotKept,
}

impl Reason {
    /// All, in their order.
    pub const ALL: [Reason; 7] =
        [Reason::NoOwnReply, Reason::NotCarried, Reason::Nothing, Reason::NotTold, Reason::NotSet, Reason::NotQueued, Reason::NotKept];

    /// Its name in JSON and CSV.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::NoOwnReply => "no_own_reply_seen",
            Reason::NotCarried => "own_posts_not_carried",
            Reason::Nothing => "nothing_to_count",
            Reason::NotTold => "not_told",
            Reason::NotSet => "not_set",
            Reason::NotQueued => "not_queued",
            Reason::NotKept => "not_kept",
        }
    }

    /// For people.
    pub const fn text(self) -> Words {
        match self {
            Reason::NoOwnReply => ("no se vio ninguna respuesta de la marca", "no own reply seen"),
            Reason::NotCarried => ("la fuente no trae las publicaciones de la marca", "the source does not carry our own posts"),
            Reason::Nothing => ("el denominador es 0", "the denominator is 0"),
            Reason::NotTold => ("ningún mensaje lo dice", "no post tells"),
            Reason::NotSet => ("falta en la configuración", "not in the configuration"),
            Reason::NotQueued => ("no es una marca propia", "not a brand of ours"),
            Reason::NotKept => (
                "la marca no está en ningún [[group]], o no se guarda tanto tiempo",
                "the brand is in no [[group]], or it is not kept for so long",
            ),
        }
    }
}

/// What a figure's value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// A share, 0-1.
    Share,
    /// Time, in seconds.
    Seconds,
    /// Any other number.
    Number,
}

impl Unit {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Share => "share",
            Unit::Seconds => "seconds",
            Unit::Number => "number",
        }
    }
}

/// What a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// One of a closed set; [`words::title`] knows it.
    Word(&'static str),
    /// Something that data or the configuration name.
    Name(Arc<str>),
}

impl Key {
    /// A name.
    pub fn name(text: impl AsRef<str>) -> Key {
        Key::Name(text.as_ref().into())
    }

    /// In JSON and CSV.
    pub fn as_str(&self) -> &str {
        match self {
            Key::Word(word) => word,
            Key::Name(name) => name,
        }
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name, one of [`Spec::names`].
    pub name: &'static str,
    /// What it is about; none, one or two.
    pub keys: Vec<Key>,
    /// What it counts.
    pub unit: Unit,
    /// Above the line, of a ratio.
    pub numerator: Option<u64>,
    /// Below the line; of a time, how many were measured.
    pub denominator: Option<u64>,
    /// The value, or why there is none.
    pub value: Result<f64, Reason>,
    /// Its 95 % interval, where it has one.
    pub interval: Option<(f64, f64)>,
    /// The labels whose values the keys are, where the reader chose them.
    pub labels: Option<(Label, Label)>,
}

impl Figure {
    /// A figure of this value.
    pub fn new(name: &'static str, unit: Unit, value: Result<f64, Reason>) -> Figure {
        Figure { name, keys: Vec::new(), unit, numerator: None, denominator: None, value, interval: None, labels: None }
    }

    /// So many.
    pub fn count(name: &'static str, n: usize) -> Figure {
        Figure::new(name, Unit::Count, Ok(n as f64))
    }

    /// So many of so many.
    pub fn share(name: &'static str, part: usize, whole: usize) -> Figure {
        let value = if whole == 0 { Err(Reason::Nothing) } else { Ok(part as f64 / whole as f64) };
        Figure { numerator: Some(part as u64), denominator: Some(whole as u64), ..Figure::new(name, Unit::Share, value) }
    }

    /// A time in microseconds, told of `n`.
    pub fn time(name: &'static str, micros: Option<f64>, n: usize) -> Figure {
        let value = micros.map(|m| m / 1e6).ok_or(Reason::Nothing);
        Figure { denominator: Some(n as u64), ..Figure::new(name, Unit::Seconds, value) }
    }

    /// Its name in CSV: that of [`Figure::name`], or the labels that are crossed.
    pub fn called(&self) -> String {
        self.labels.map_or_else(|| self.name.to_owned(), |(a, b)| format!("{}_by_{}", a.as_str(), b.as_str()))
    }

    /// The same about something.
    pub fn about(mut self, key: Key) -> Figure {
        self.keys.push(key);
        self
    }

    /// The same without a value where there is a reason for that; what was counted of it is not told.
    pub fn unless(mut self, reason: Option<Reason>) -> Figure {
        if let Some(reason) = reason {
            self.value = Err(reason);
            self.numerator = None;
            self.interval = None;
        }
        self
    }
}

impl<'a> Facts<'a> {
    /// Matters that were not merged into others, opened in the window.
    pub fn cohort(&self) -> impl Iterator<Item = &'a Incident> + Clone {
        let (from, to) = self.window;
        self.living().filter(move |i| i.opened_at >= from && i.opened_at < to)
    }

    /// Matters that were not merged into others, whenever opened.
    pub fn living(&self) -> impl Iterator<Item = &'a Incident> + Clone {
        self.incidents.iter().map(|i| &**i).filter(|i| i.state() != State::Merged)
    }

    /// The cohort of those who spoke to the brand, or whom a topic found: they can be answered or not.
    pub fn asked(&self) -> impl Iterator<Item = &'a Incident> + Clone {
        self.cohort().filter(|i| matches!(i.cause, Cause::MentionOrReply | Cause::Topic))
    }

    /// Whether `at` lies in the window.
    pub fn is_within(&self, at: Timestamp) -> bool {
        at >= self.window.0 && at < self.window.1
    }

    /// Why nothing can be said of answering, if so: a source without our posts, or none of them seen.
    pub fn unheard(&self) -> Option<Reason> {
        let answers = |i: &'a Incident| i.first_answer.iter().chain(&i.next_answers).map(|a: &Answer| a.at).chain(i.settled_at);
        let heard = || self.living().flat_map(answers).any(|at| self.is_within(at));
        self.unheard.or_else(|| (!heard()).then_some(Reason::NoOwnReply))
    }

    /// How much of the window was listened to, as far as it has gone by.
    pub fn listened(&self) -> (Timestamp, Timestamp) {
        let from = self.since.map_or(self.window.0, |since| since.max(self.window.0));
        (from, self.window.1.min(self.now).max(from))
    }
}

/// A share of those in `all`, and the same without those who only stood by.
fn shares<'a>(name: &'static str, all: impl Iterator<Item = &'a Incident> + Clone, is: impl Fn(&Incident) -> bool) -> [Figure; 2] {
    let of = |key, among: &dyn Fn(&&Incident) -> bool| {
        let (part, whole) = all.clone().filter(|i| among(i)).fold((0, 0), |(part, whole), i| (part + usize::from(is(i)), whole + 1));
        Figure::share(name, part, whole).about(Key::Word(key))
    };
    [of("all", &|_| true), of("without_bystanders", &|i| !i.bystander)]
}

/// Every indicator with its figures.
pub fn all(facts: &Facts<'_>) -> Vec<(&'static Spec, Vec<Figure>)> {
    ALL.iter().map(|spec| (*spec, (spec.figures)(facts))).collect()
}
