//! One post as a care team sees it: who speaks to whom, and what the text says.
//!
//! A lane makes an utterance of every post that has to do with the accounts of a brand; `incidents` folds
//! them.

mod accounts;
mod reading;

use std::cmp::Ordering;
use std::sync::Arc;

pub use accounts::Accounts;
pub use reading::{is_of_a_brand, utterance};

use crate::contact::Intent;
use crate::incident::Tags;
use crate::personal::Kinds;
use crate::post::{AuthorKey, PostKey};
use crate::time::Timestamp;
use crate::topic::Role;

/// An account as a post names it: by its id, by its handle, or by both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whom {
    /// Its key by id.
    pub id: Option<AuthorKey>,
    /// Its key by folded handle.
    pub handle: Option<AuthorKey>,
}

impl Whom {
    /// Whether it is anybody.
    pub fn is_some(self) -> bool {
        self.id.is_some() || self.handle.is_some()
    }
}

/// A brand that a post names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The brand.
    pub brand: Arc<str>,
    /// Its accounts stand among the leading names only.
    pub leading: bool,
    /// What the named accounts are for; an account for service wins.
    pub role: Role,
    /// The configuration says so, of one of them at least; else it is taken for granted.
    pub is_said: bool,
}

/// A topic of a brand that found the post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The topic's brand.
    pub brand: Arc<str>,
    /// Its name.
    pub topic: Arc<str>,
    /// What it finds is a matter, also without our name.
    pub opens: bool,
    /// What its matters are about.
    pub tags: Tags,
}

/// What the text says; see [`crate::contact`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// It asks.
    pub question: bool,
    /// It only thanks.
    pub courtesy: bool,
    /// It asks for a private channel.
    pub private: bool,
    /// It carries the privacy notice.
    pub notice: bool,
    /// It promises that we come back.
    pub promise: bool,
    /// An operation is blocked.
    pub blocked: bool,
    /// What its author wants.
    pub intent: Intent,
    /// Who signed it.
    pub agent: Option<Arc<str>>,
    /// How it sounds: hundredths, -100 to 100.
    pub tone: i8,
}

/// One living post.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its own time, in whole milliseconds.
    pub at: Timestamp,
    /// Its identity.
    pub key: PostKey,
    /// Its network.
    pub network: Arc<str>,
    /// Its id there.
    pub id: Arc<str>,
    /// Who wrote it.
    pub author: Whom,
    /// The author's handle as written, else the id.
    pub handle: Arc<str>,
    /// The author's followers, if known.
    pub followers: Option<u32>,
    /// How often it was repeated and quoted, and how often answered, as the network told last.
    pub heard: (Option<u32>, Option<u32>),
    /// The brand whose account wrote it.
    pub own: Option<Arc<str>>,
    /// It repeats another post.
    pub repost: bool,
    /// The brands it names, each once.
    pub named: Box<[Named]>,
    /// Whom it answers, as it says itself.
    pub reply_to: Whom,
    /// The brand it answers, as it says itself.
    pub reply_brand: Option<Arc<str>>,
    /// The first leading name that is no account of any brand.
    pub leading: Option<AuthorKey>,
    /// Whom it speaks to as written: that name, or whom it says it answers; may be empty.
    pub to: Arc<str>,
    /// The post it answers.
    pub parent: Option<PostKey>,
    /// The first post of its thread, if the network tells.
    pub conversation: Option<PostKey>,
    /// Topics of brands that found it.
    pub topics: Box<[Arc<Found>]>,
    /// Brands that listen to nothing of its author.
    pub ignored_by: Box<[Arc<str>]>,
    /// What its text says.
    pub says: Says,
    /// Personal data that are masked in its text.
    pub masked: Kinds,
    /// Its text, as it may be shown.
    pub text: Box<str>,
    /// Where a person can read it.
    pub url: Box<str>,
}

impl Utterance {
    /// The order of the fold: time, length of the id, id.
    pub fn order(&self, other: &Utterance) -> Ordering {
        let mine = (self.at, self.id.len(), &self.id);
        mine.cmp(&(other.at, other.id.len(), &other.id)).then_with(|| self.network.cmp(&other.network))
    }

    /// Whether an account of a brand wrote it, is named in it or answered by it, or a topic opens with it.
    pub fn is_of_a_brand(&self) -> bool {
        self.own.is_some() || self.reply_brand.is_some() || !self.named.is_empty() || self.topics.iter().any(|t| t.opens)
    }

    /// Whether an account of `brand` wrote it.
    pub fn is_by(&self, brand: &str) -> bool {
        self.own.as_deref() == Some(brand)
    }
}

coded!(Tags { typology, category, subcategory, section });
coded!(Whom { id, handle });
coded!(Named { brand, leading, role, is_said });
coded!(Found { brand, topic, opens, tags });
coded!(Says { question, courtesy, private, notice, promise, blocked, intent, agent, tone });
coded!(Utterance {
    at,
    key,
    network,
    id,
    author,
    handle,
    followers,
    heard,
    own,
    repost,
    named,
    reply_to,
    reply_brand,
    leading,
    to,
    parent,
    conversation,
    topics,
    ignored_by,
    says,
    masked,
    text,
    url
});
coded_cases!(Role: Role::Broadcast, Role::Service);
coded_cases!(Intent: Intent::Complaint, Intent::Consultation, Intent::Suggestion, Intent::Praise, Intent::Purchase, Intent::Other);
