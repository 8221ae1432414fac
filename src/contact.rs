//! What one text says to whoever answers customers: whether it asks, thanks, promises, moves the matter
//! to a private channel, who of a team signed it and what its author wants.
//!
//! Pure functions of a text, Spanish and English as equals; what stands inside a link counts for
//! nothing. What a post *is* within an incident is not decided here: that takes the posts around it.

mod intent;
mod signature;

use std::borrow::Cow;

pub use intent::Intent;
pub use signature::{Agent, Sign};

/// What one text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact<'a> {
    /// `?` or `¿` stands outside links.
    pub question: bool,
    /// It only thanks: the conditions on the text alone. That an answer of ours went before and nobody
    /// waits is for the caller to know.
    pub courtesy: bool,
    /// It moves the matter to a private channel.
    pub private: bool,
    /// It carries a link to a privacy notice.
    pub notice: bool,
    /// It promises that we will come back: "we'll call", "te contactaremos".
    pub promise: bool,
    /// A customer cannot pay, take money out or get in.
    pub blocked: bool,
    /// What its author wants.
    pub intent: Intent,
    /// Who signed it, in capitals.
    pub signature: Option<Cow<'a, str>>,
    /// The text before the signature; all of it if nobody signed.
    pub body: &'a str,
}

/// Reads `text`.
pub fn read(text: &str) -> Contact<'_> {
    let agent = agent(text);
    let body = agent.as_ref().map_or(text, |a| text.get(..a.start).unwrap_or(text));
    Contact {
        question: false,
        courtesy: false,
        private: false,
        notice: false,
        promise: false,
        blocked: false,
        intent: Intent::Other,
        signature: agent.map(|a| a.name),
        body,
    }
}

/// Who signed `text` at its end, if anybody.
pub fn agent(text: &str) -> Option<Agent<'_>> {
    signature::find(text)
}
