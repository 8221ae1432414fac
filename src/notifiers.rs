//! One attempt to tell one target of one transition.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::alert::Alert;
use crate::bilingual::Lang;

/// One transition of an alert on its way to one target.
pub struct Message<'a> {
    /// The transition.
    pub alert: &'a Alert,
    /// Its number.
    pub seq: u64,
    /// The same on every try.
    pub key: &'a str,
    /// The language of the target.
    pub lang: Lang,
    /// Marked as a test.
    pub test: bool,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Delivered,
    /// Another try could help, not before `after`.
    Transient {
        /// What went wrong.
        why: String,
        /// What the target asked for.
        after: Option<Duration>,
    },
    /// It never will.
    Permanent {
        /// What went wrong.
        why: String,
    },
    /// The target is gone for good (410): it is disabled.
    Gone {
        /// What it said.
        why: String,
    },
}

/// Makes attempts at one target.
pub trait Notifier: Send + Sync {
    /// One attempt.
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome>;
}
