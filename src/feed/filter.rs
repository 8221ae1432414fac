//! What one reader wants.

use std::collections::BTreeSet;

use super::What;
use crate::alert::{Alert, Severity};
use crate::score::Score;
use crate::store::Kept;

/// What a client can listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Alerts; resumable.
    Alerts,
    /// Windows of topics; the latest only.
    Windows,
    /// Mentions; best effort.
    Mentions,
    /// Changes of customers' matters; resumable.
    Incidents,
    /// The beat with the age of the data.
    Status,
}

impl Channel {
    /// All.
    pub const ALL: [Channel; 5] = [Channel::Alerts, Channel::Windows, Channel::Mentions, Channel::Incidents, Channel::Status];

    /// Its name in streams.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Alerts => "alerts",
            Channel::Windows => "windows",
            Channel::Mentions => "mentions",
            Channel::Incidents => "incidents",
            Channel::Status => "status",
        }
    }

    /// The channel called `name`.
    pub fn named(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|c| c.as_str() == name)
    }
}

/// What one reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Channels.
    pub channels: BTreeSet<Channel>,
    /// Names of topics; empty is all.
    pub topics: BTreeSet<String>,
    /// Mildest alert.
    pub min_severity: Severity,
    /// Lowest mention.
    pub min_priority: Score,
}

impl Default for Filter {
    /// Everything but mentions, which can be thousands in a second, and the matters that only a care team follows.
    fn default() -> Self {
        Filter {
            channels: [Channel::Alerts, Channel::Windows, Channel::Status].into(),
            topics: BTreeSet::new(),
            min_severity: Severity::Info,
            min_priority: Score(0),
        }
    }
}

impl Filter {
    /// Whether `channel` is wanted.
    pub fn has(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    fn topic(&self, name: &str) -> bool {
        self.topics.is_empty() || self.topics.contains(name)
    }

    fn about(&self, alert: &Alert) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|name| alert.is_about(name))
    }

    fn about_kept(&self, kept: &Kept) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|name| kept.is_about(name))
    }

    /// Whether an entry is wanted. Deletes go to everybody who may show posts.
    pub fn wants(&self, what: &What) -> bool {
        match what {
            What::Alert(_, a) => self.has(Channel::Alerts) && a.severity >= self.min_severity && self.about(a),
            What::Kept(k) => self.has(Channel::Alerts) && k.severity >= self.min_severity && self.about_kept(k),
            What::Mention(m) => self.has(Channel::Mentions) && m.topics.iter().any(|t| t.score >= self.min_priority && self.topic(&t.name)),
            // Topics are not asked: a matter is one of a brand.
            What::Incident(..) => self.has(Channel::Incidents),
            What::Windows(w) => self.has(Channel::Windows) && self.topic(&w.name),
            What::Deleted(..) => self.has(Channel::Mentions) || self.has(Channel::Alerts),
        }
    }
}
