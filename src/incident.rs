//! A customer's matter as the care team sees it: plain data, filled in by the fold of `incidents`.
//!
//! All times are the posts' own; clocks run in calendar hours. What is not known is `None`, never 0.

pub mod advice;
mod hands;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use hands::Hands;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::contact::Intent;
use crate::post::{AuthorKey, PostKey};
use crate::time::{HOUR, Timestamp};
use crate::topic::Role;

/// With us last, a matter is over after so much silence; so long a new post of its customer joins it.
pub const SILENCE: i64 = 72 * HOUR;
/// With the customer waiting, it is over after so much; so long a post in its conversation joins it.
pub const EXPIRY: i64 = 30 * 24 * HOUR;

/// How a matter came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The customer spoke to the brand.
    Direct,
    /// Active listening: the customer spoke about it.
    Active,
    /// The brand spoke first.
    Outbound,
}

/// Why it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A post named an account of the brand, or replied to one.
    MentionOrReply,
    /// A topic found a post and says that it opens.
    Topic,
    /// An account of the brand answered a post that named nobody.
    AnsweredByUs,
    /// An account of the brand spoke to somebody without a matter.
    Outbound,
}

impl Cause {
    /// The origin that goes with it.
    pub fn origin(self) -> Origin {
        match self {
            Cause::MentionOrReply => Origin::Direct,
            Cause::Topic | Cause::AnsweredByUs => Origin::Active,
            Cause::Outbound => Origin::Outbound,
        }
    }
}

/// Who waits for whom, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No answer of ours yet.
    New,
    /// Answered before; the customer spoke again.
    WaitingBrand,
    /// We spoke last.
    WaitingCustomer,
    /// It is over.
    Closed(End),
    /// An agent made it a part of another.
    Merged,
}

/// How a matter ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// We spoke last and asked for a private channel.
    Private,
    /// We asked and the customer gave up: desistimiento.
    Abandoned,
    /// We spoke last.
    Answered,
    /// Nobody of ours answered.
    Expired,
    /// An agent said so, with a scenario.
    Resolved,
}

macro_rules! named {
    ($name:ident: $($case:path => $text:literal),* $(,)?) => {
        impl $name {
            /// All, in their order.
            pub const ALL: &'static [$name] = &[$($case),*];

            /// Its name in the API, in metrics and in files.
            pub const fn as_str(self) -> &'static str {
                match self { $($case => $text),* }
            }

            /// The one with this name.
            pub fn named(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|x| x.as_str() == name)
            }
        }
    };
}

named!(Origin: Origin::Direct => "direct", Origin::Active => "active", Origin::Outbound => "outbound");
named!(Cause: Cause::MentionOrReply => "mention_or_reply", Cause::Topic => "topic", Cause::AnsweredByUs => "answered_by_us",
    Cause::Outbound => "outbound");
named!(End: End::Private => "private", End::Abandoned => "abandoned", End::Answered => "answered", End::Expired => "expired",
    End::Resolved => "resolved");
impl State {
    /// All, in their order.
    pub const ALL: [State; 9] = [
        State::New,
        State::WaitingBrand,
        State::WaitingCustomer,
        State::Closed(End::Private),
        State::Closed(End::Abandoned),
        State::Closed(End::Answered),
        State::Closed(End::Expired),
        State::Closed(End::Resolved),
        State::Merged,
    ];

    /// Its name in the API, in metrics and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::WaitingBrand => "waiting_brand",
            State::WaitingCustomer => "waiting_customer",
            State::Closed(end) => end.as_str(),
            State::Merged => "merged",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|x| x.as_str() == name)
    }

    /// Neither over nor part of another.
    pub fn is_open(self) -> bool {
        matches!(self, State::New | State::WaitingBrand | State::WaitingCustomer)
    }

    /// The customer waits for us.
    pub fn waits_for_us(self) -> bool {
        matches!(self, State::New | State::WaitingBrand)
    }
}

/// A time from a customer's post to our answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When the customer began to wait.
    pub since: Timestamp,
    /// When we answered.
    pub at: Timestamp,
    /// Who signed the answer.
    pub agent: Option<Arc<str>>,
}

impl Answer {
    /// How long it took, in microseconds.
    pub fn took(&self) -> i64 {
        self.at.since(self.since)
    }
}

/// An end that a matter came to; a later post may have opened it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// How.
    pub end: End,
    /// How it was resolved, if an agent said so.
    pub scenario: Option<Arc<str>>,
    /// Our last post before it, or the agent's act where there was none.
    pub settled_at: Timestamp,
}

/// Our last turn: what decides how silence is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OurTurn {
    /// It asked for a private channel.
    pub private: bool,
    /// It asked something.
    pub question: bool,
    /// The customer thanked for it.
    pub thanked: bool,
    /// It promised that we come back.
    pub promise: bool,
}

/// What a matter is about, as the topics that found its posts say, or agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Kind of matter.
    pub typology: Option<Arc<str>>,
    /// Category; where nobody says, the intent stands for it.
    pub category: Option<Arc<str>>,
    /// Subcategory.
    pub subcategory: Option<Arc<str>>,
    /// Department.
    pub section: Option<Arc<str>>,
}

/// Sum and number of the tones of some posts: hundredths, -100 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tone {
    /// Sum.
    pub sum: i64,
    /// How many posts.
    pub posts: u32,
}

impl Tone {
    /// Adds a post.
    pub fn add(&mut self, tone: i8) {
        self.sum += i64::from(tone);
        self.posts += 1;
    }

    /// The mean, -1 to 1; `None` without posts.
    pub fn mean(self) -> Option<f64> {
        (self.posts > 0).then(|| self.sum as f64 / f64::from(self.posts) / 100.0)
    }
}

/// What an agent wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who: the name of a token.
    pub by: Arc<str>,
    /// What.
    pub text: Arc<str>,
}

/// What an agent does with a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It is mine, or somebody's, or nobody's.
    Assign(Option<Arc<str>>),
    /// Says what it is about; `None` takes back what an agent said.
    Tag(Field, Option<Arc<str>>),
    /// Writes something down.
    Note(Arc<str>),
    /// It was dealt with, in this way.
    Resolve(Arc<str>),
    /// It was not.
    Reopen,
    /// It is a part of the matter of the same brand with this opening post.
    Merge(PostKey),
    /// It is a matter of its own after all.
    Part,
}

/// A tag that agents may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// [`Tags::typology`].
    Typology,
    /// [`Tags::category`].
    Category,
    /// [`Tags::subcategory`].
    Subcategory,
    /// [`Tags::section`].
    Section,
}

named!(Field: Field::Typology => "typology", Field::Category => "category", Field::Subcategory => "subcategory",
    Field::Section => "section");

impl Tags {
    /// The tag called so.
    pub fn get(&self, field: Field) -> Option<&Arc<str>> {
        match field {
            Field::Typology => self.typology.as_ref(),
            Field::Category => self.category.as_ref(),
            Field::Subcategory => self.subcategory.as_ref(),
            Field::Section => self.section.as_ref(),
        }
    }

    /// Sets the tag called so.
    pub fn set(&mut self, field: Field, value: Option<Arc<str>>) {
        match field {
            Field::Typology => self.typology = value,
            Field::Category => self.category = value,
            Field::Subcategory => self.subcategory = value,
            Field::Section => self.section = value,
        }
    }
}

/// A deed with its actor and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who: the name of a token.
    pub by: Arc<str>,
    /// The brand of the matter.
    pub brand: Arc<str>,
    /// Posts that the matter had then: it is the one that any of them is filed in.
    pub posts: Vec<PostKey>,
    /// What.
    pub deed: Deed,
}

/// Identity of a matter: of its brand and its opening post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentKey(pub u64);

impl IncidentKey {
    /// The matter of `brand` that `opening` opened.
    pub fn of(brand: &str, opening: PostKey) -> IncidentKey {
        IncidentKey(xxh3_64_with_seed(brand.as_bytes(), opening.0))
    }
}

/// Why a matter is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A post came, changed or went.
    Post,
    /// An agent did something.
    Act,
    /// Time passed.
    Time,
    /// Its opening post went, and with it the matter; or its customer was let go of, and what was told of it is told no more.
    Gone,
}

named!(Why: Why::Post => "post", Why::Act => "act", Why::Time => "time", Why::Gone => "gone");

/// A matter that is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As it is now; as it was last, if it is gone.
    pub incident: Arc<Incident>,
    /// Grows by one with every change of this matter.
    pub version: u64,
    /// Why.
    pub why: Why,
    /// Who did it, if an agent.
    pub actor: Option<Arc<str>>,
    /// When, in event time.
    pub at: Timestamp,
}

/// Why an agent's deed is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such matter.
    Unknown,
    /// It is not as the agent saw it: its version now.
    Changed(u64),
    /// It cannot be a part of that one: itself, a part of another, of another brand, or unknown.
    NotMergeable,
}

/// One customer's matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// The brand it concerns.
    pub brand: Arc<str>,
    /// Where it happens.
    pub network: Arc<str>,
    /// The post that opened it.
    pub opening: PostKey,
    /// Its id in the network.
    pub post_id: Arc<str>,
    /// The customer.
    pub author: AuthorKey,
    /// The customer's handle where it is known, else the id.
    pub handle: Arc<str>,
    /// The most followers the customer was seen to have, on a post of this matter.
    pub followers: Option<u32>,
    /// How often the customer's posts of this matter were repeated and quoted, if known.
    pub repeated: Option<u64>,
    /// How often they were answered, if known.
    pub replied: Option<u64>,
    /// Why it was opened.
    pub cause: Cause,
    /// Opened by a reply to somebody else that has our name only because the network put it there.
    pub bystander: bool,
    /// When.
    pub opened_at: Timestamp,
    /// The opening post of the matter before it in the same conversation.
    pub previous: Option<PostKey>,
    /// Posts that joined by the customer and not by the conversation.
    pub relinked: u32,
    /// The last post that moved it.
    pub last_activity: Timestamp,
    /// The first post of the customer's open turn; `None` when nobody waits for us.
    pub waiting_since: Option<Timestamp>,
    /// The first answer.
    pub first_answer: Option<Answer>,
    /// Later answers.
    pub next_answers: Vec<Answer>,
    /// Posts of the customer.
    pub customer_posts: u32,
    /// Posts of ours.
    pub our_posts: u32,
    /// Turns of ours.
    pub our_turns: u32,
    /// Our last turn.
    pub our_turn: OurTurn,
    /// Our last post.
    pub settled_at: Option<Timestamp>,
    /// All ends it came to, in order.
    pub closings: Vec<Closing>,
    /// When it was opened again.
    pub reopenings: Vec<Timestamp>,
    /// Whether the last closing holds.
    pub closed: bool,
    /// Those who signed our posts, and how many each.
    pub agents: BTreeMap<Arc<str>, u32>,
    /// Our posts that somebody signed.
    pub signed_posts: u32,
    /// When it was time to contact the customer directly: two turns of ours, and the customer still spoke.
    pub contact_privately: Option<Timestamp>,
    /// It is a part of the matter with this opening post.
    pub merged_into: Option<PostKey>,
    /// When the customer first wrote personal data in public.
    pub personal_at: Option<Timestamp>,
    /// What it is about.
    pub tags: Tags,
    /// What agents said that it is about, which wins.
    pub said: Tags,
    /// What the customer wants: the first post that tells.
    pub intent: Intent,
    /// An operation of the customer is blocked.
    pub blocked: bool,
    /// What the account is for that the opening post names.
    pub role: Option<Role>,
    /// The configuration says so; else it is taken for granted.
    pub role_said: bool,
    /// How the customer's posts sound before our first answer.
    pub before: Tone,
    /// How they sound after it.
    pub after: Tone,
    /// Who has it in hand.
    pub assignee: Option<Arc<str>>,
    /// Through which hands it went; `None` while one section has had it from the opening on, or none, and nobody by name.
    pub hands: Option<Box<Hands>>,
    /// An answer by somebody who is neither the customer nor of the brand, for which the customer thanked.
    pub peer: Option<PostKey>,
    /// What agents wrote down.
    pub notes: Vec<Note>,
    /// Our posts that asked for a private channel, and those of them with the privacy notice.
    pub private_posts: (u32, u32),
    /// Since when we owe news that we promised; `None` if nothing is owed.
    pub promised_at: Option<Timestamp>,
}

impl Incident {
    /// Its identity.
    pub fn key(&self) -> IncidentKey {
        IncidentKey::of(&self.brand, self.opening)
    }

    /// Where it stands, as of the time it was folded or settled to.
    pub fn state(&self) -> State {
        match (self.merged_into, self.closings.last(), self.waiting_since) {
            (Some(_), _, _) => State::Merged,
            (None, Some(last), _) if self.closed => State::Closed(last.end),
            (None, _, None) => State::WaitingCustomer,
            (None, _, Some(_)) if self.our_posts == 0 => State::New,
            (None, _, Some(_)) => State::WaitingBrand,
        }
    }

    /// What it is about: as agents say, else as topics say; a category, else, is the intent.
    pub fn tag(&self, field: Field) -> Option<&str> {
        let told = self.said.get(field).or(self.tags.get(field)).map(|t| &**t);
        told.or_else(|| (field == Field::Category && self.intent != Intent::Other).then(|| self.intent.as_str()))
    }

    /// Whether it is a complaint that came to an account that publishes: one of which the configuration says so,
    /// or, where it says nothing, one whose brand did not answer.
    pub fn is_misrouted(&self) -> bool {
        let publishes = self.role == Some(Role::Broadcast) && (self.role_said || self.our_posts == 0);
        publishes && self.intent == Intent::Complaint
    }

    /// Whether the customer was asked into a private channel, and whether the privacy notice went with it.
    pub fn notice(&self) -> Option<bool> {
        (self.private_posts.0 > 0).then_some(self.private_posts.1 > 0)
    }

    /// How it came to us.
    pub fn origin(&self) -> Origin {
        self.cause.origin()
    }

    /// The end that holds.
    pub fn closing(&self) -> Option<&Closing> {
        self.closings.last().filter(|_| self.closed)
    }

    /// When silence will end it; `None` if it is over.
    pub fn deadline(&self) -> Option<Timestamp> {
        let quiet = if self.waiting_since.is_some() { EXPIRY } else { SILENCE };
        (!self.closed).then(|| self.last_activity.plus(quiet))
    }

    /// Ends it by silence if that was long enough at `now`; exactly at the limit it is over.
    pub fn settle(&mut self, now: Timestamp) {
        let Some(at) = self.deadline().filter(|at| *at <= now) else { return };
        let turn = self.our_turn;
        let end = match self.waiting_since {
            Some(_) => End::Expired,
            None if turn.private => End::Private,
            None if turn.question && !turn.thanked => End::Abandoned,
            None => End::Answered,
        };
        self.closings.push(Closing { at, end, scenario: None, settled_at: self.settled_at.unwrap_or(at) });
        self.closed = true;
    }
}
