//! A customer's matter as the care team sees it: plain data, filled in by the fold of `incidents`.
//!
//! All times are the posts' own; clocks run in calendar hours. What is not known is `None`, never 0.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::post::{AuthorKey, PostKey};
use crate::time::{HOUR, Timestamp};

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
    /// Those who signed our posts.
    pub agents: BTreeSet<Arc<str>>,
    /// Our posts that somebody signed.
    pub signed_posts: u32,
    /// When it was time to contact the customer directly: two turns of ours, and the customer still spoke.
    pub contact_privately: Option<Timestamp>,
    /// It is a part of the matter with this opening post.
    pub merged_into: Option<PostKey>,
}

impl Incident {
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
