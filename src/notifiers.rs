//! One attempt at one target: one kind of notifier, one file.
//!
//! A notifier says what came of an attempt and whether another could help; when to try again, and when
//! to give up, is not its matter.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::alert::Alert;
use crate::bilingual::Lang;

/// One transition of an alert on its way to one target.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The alert as of this transition.
    pub alert: &'a Alert,
    /// Its place in the sequence of alerts.
    pub seq: u64,
    /// The same on every try.
    pub key: &'a str,
    /// Of the texts for people.
    pub lang: Lang,
    /// Marked as a test.
    pub test: bool,
}

/// What came of one attempt. `why` holds neither a secret nor an address with credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it.
    Delivered,
    /// Another try could help, not before `after`.
    Transient {
        /// For people.
        why: String,
        /// What the target asked for.
        after: Option<Duration>,
    },
    /// It never will.
    Permanent {
        /// For people.
        why: String,
    },
    /// The target is gone for good (410): it is disabled.
    Gone {
        /// For people.
        why: String,
    },
}

/// Makes attempts at one target.
pub trait Notifier: Send + Sync {
    /// One attempt. It ends by itself, whatever the target does.
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome>;
}
