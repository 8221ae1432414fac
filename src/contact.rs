//! What one text says to whoever answers customers: whether it asks, thanks, promises, moves the matter
//! to a private channel, who of a team signed it and what its author wants.
//!
//! Pure functions of a text, Spanish and English as equals; what stands inside a link counts for nothing,
//! and the name of an account for no more than its tone. What a post *is* within an incident is not decided here: that takes the
//! posts around it.

mod blocked;
mod body;
mod channel;
mod courtesy;
mod intent;
mod promise;
mod signature;

use std::borrow::Cow;

use crate::text::Tokens;
use body::Body;

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
    let mut tokens = Tokens::default();
    tokens.read(text);
    read_tokens(text, &tokens)
}

/// [`read`] for whoever has the tokens of `text`, which `tokens` read last.
///
/// The signature goes first: an agent who signs "PM" or "MD" would read as a private message.
pub fn read_tokens<'a>(text: &'a str, tokens: &Tokens) -> Contact<'a> {
    let signed = signature::find(text, tokens);
    let end = signed.as_ref().map_or(tokens.tokens().len(), |(_, index)| *index);
    let body = Body { text, tokens, end };
    let blocked = blocked::is_blocked(&body);
    let question = body.has_mark(&['?', '¿']);
    Contact {
        question,
        courtesy: courtesy::is_courtesy(&body),
        private: channel::is_private(&body),
        notice: channel::has_notice(&body),
        promise: promise::promises(&body),
        blocked,
        intent: intent::of(&body, question, blocked),
        body: signed.as_ref().and_then(|(agent, _)| text.get(..agent.start)).unwrap_or(text),
        signature: signed.map(|(agent, _)| agent.name),
    }
}

/// Who signed `text` at its end, if anybody.
pub fn agent(text: &str) -> Option<Agent<'_>> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    signature::find(text, &tokens).map(|(agent, _)| agent)
}

#[cfg(test)]
mod tests;
