//! A text as the rules read it: without its signature, and without the names of accounts.

use crate::lexicon::{Found, Lexicon};
use crate::text::{Token, TokenKind, Tokens};

/// A text and the tokens of it that count.
pub(super) struct Body<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a Tokens,
    /// How many tokens stand before the signature.
    pub(super) end: usize,
}

impl<'a> Body<'a> {
    /// Calls `found` for every term of `list` that is neither signature nor part of a handle.
    pub(super) fn find(&self, list: &Lexicon, mut found: impl FnMut(Found)) {
        list.find(self.text, self.tokens, |term| {
            if term.first + term.length <= self.end && !self.is_handle(term.first) {
                found(term);
            }
        });
    }

    /// Whether a term of `list` is there.
    pub(super) fn has(&self, list: &Lexicon) -> bool {
        let mut has = false;
        self.find(list, |_| has = true);
        has
    }

    /// The tokens before the signature.
    pub(super) fn tokens(&self) -> &'a [Token] {
        self.tokens.tokens().get(..self.end).unwrap_or_default()
    }

    /// What stands between token `i` and the one before it.
    pub(super) fn gap(&self, i: usize) -> &'a str {
        let all = self.tokens.tokens();
        let from = i.checked_sub(1).and_then(|i| all.get(i)).map_or(0, |t| t.end as usize);
        let to = all.get(i).map_or(self.text.len(), |t| t.start as usize);
        self.text.get(from..to).unwrap_or_default()
    }

    /// Whether `sign` stands outside links.
    pub(super) fn has_mark(&self, sign: &[char]) -> bool {
        (0..=self.tokens.tokens().len()).any(|i| self.gap(i).contains(sign))
    }

    /// Whether a link stands in the text, also behind the signature.
    pub(super) fn has_link(&self) -> bool {
        self.tokens.tokens().iter().any(|t| t.kind == TokenKind::Url)
    }

    /// Whether token `i` is part of the name of an account.
    pub(super) fn is_handle(&self, i: usize) -> bool {
        self.is_named(i, '@')
    }

    /// Whether token `i` is part of a name after `sign`: `_` joins its words.
    pub(super) fn is_named(&self, mut i: usize, sign: char) -> bool {
        // No network has names of more words; the bound keeps a text of `a_a_a_…` cheap.
        for _ in 0..8 {
            let gap = self.gap(i);
            if gap != "_" || i == 0 {
                return gap.ends_with(sign) || gap.trim_end_matches('_').ends_with(sign);
            }
            i -= 1;
        }
        false
    }
}
