//! The signature of an agent: initials or a name at the end of an answer.

use std::borrow::Cow;

/// How a signature is set off from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// `^AB`
    Caret,
    /// `*AB`
    Star,
    /// `-AB`, `~AB`, `_Ana`
    Dash,
    /// `/AB`
    Slash,
    /// `AB`, behind the end of a sentence.
    Bare,
}

/// A signature that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent<'a> {
    /// What was signed, in capitals.
    pub name: Cow<'a, str>,
    /// How it was set off.
    pub sign: Sign,
    /// Where it begins in the text, the sign included.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The signature of `text`.
pub(super) fn find(_text: &str) -> Option<Agent<'_>> {
    None
}
