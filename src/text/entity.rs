//! Names after `#`, `@` and `$`; R18 to R20.

use crate::query::Accents;

use super::fold::{fold, is_mark, is_word};
use super::{Token, TokenKind, Tokens};

/// A hashtag, mention or cashtag of a text, by byte ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entity {
    /// `#`, `@` or `$`.
    pub sign: char,
    /// Where the sign stands; the name begins right after it.
    pub start: usize,
    /// Where the first run of letters, marks, digits and `_` ends.
    pub name_end: usize,
    /// Where the whole handle ends: runs joined by single `.`, `@` or `-`. `name_end` for `#` and `$`.
    pub end: usize,
}

impl Entity {
    /// Whether it is called `name`, an entity of `text`; [`Name::is`].
    pub fn is(&self, text: &str, name: &str) -> bool {
        Name::new(self.sign, name).is(self, text)
    }
}

/// A name of a query, ready to be compared with the entities of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    sign: char,
    /// Names always fold.
    folded: Box<str>,
    /// R19: with `.`, `@` or `-` it means the whole handle, without them its first run.
    whole: bool,
}

impl Name {
    /// The entity written `sign` and `name`.
    pub fn new(sign: char, name: &str) -> Name {
        Name { sign, folded: fold(name, Accents::Fold).into(), whole: sign == '@' && name.contains(['.', '@', '-']) }
    }

    /// Whether `entity` of `text` has this sign and this name.
    pub fn is(&self, entity: &Entity, text: &str) -> bool {
        let own = text.get(entity.start + 1..self.end_in(entity)).unwrap_or_default();
        entity.sign == self.sign
            && if own.is_ascii() { own.eq_ignore_ascii_case(&self.folded) } else { fold(own, Accents::Fold) == *self.folded }
    }

    /// The name as it is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Where the part of `entity` that is compared ends.
    pub fn end_in(&self, entity: &Entity) -> usize {
        if self.whole { entity.end } else { entity.name_end }
    }
}

impl Tokens {
    /// The entities of `text`, which was read last, in order.
    pub fn entities<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Entity> + 'a {
        let signs = memchr::memchr3_iter(b'#', b'@', b'$', text.as_bytes());
        let mut next = 0;
        let mut urls = self.tokens.iter().filter(|t| t.kind == TokenKind::Url).map(|t| t.start as usize).peekable();
        signs.filter_map(move |at| {
            while self.tokens.get(next).is_some_and(|t| t.start as usize <= at) {
                next += 1;
            }
            let before = next.checked_sub(1).and_then(|i| self.tokens.get(i));
            while urls.next_if(|url| *url <= at).is_some() {}
            entity_at(text, at, before, urls.peek().copied().unwrap_or(text.len()))
        })
    }

    /// Whether `text`, which was read last, mentions the account `handle` (without `@`).
    pub fn mentions_in(&self, text: &str, handle: &str) -> bool {
        let name = Name::new('@', handle);
        self.entities(text).any(|e| name.is(&e, text))
    }
}

/// The entity whose sign stands at `at`, after the token `before`; a name ends at `limit`, where the
/// next link begins, at the latest.
fn entity_at(text: &str, at: usize, before: Option<&Token>, limit: usize) -> Option<Entity> {
    let sign = char::from(*text.as_bytes().get(at)?);
    if before.is_some_and(|t| t.end as usize > at) {
        return None;
    }
    // What ends an emoji may be a mark, and does not glue the name to it.
    let follows_emoji = before.is_some_and(|t| t.kind == TokenKind::Emoji && t.end as usize == at);
    if !follows_emoji && text.get(..at)?.chars().next_back().is_some_and(is_name) {
        return None;
    }
    let name_end = run_end(text, at + 1, limit)?;
    if sign == '$' && text.get(at + 1..)?.starts_with(char::is_numeric) {
        return None;
    }
    let mut end = name_end;
    while sign == '@' && text.get(end..limit).is_some_and(|r| r.starts_with(['.', '@', '-'])) {
        let Some(e) = run_end(text, end + 1, limit) else { break };
        end = e;
    }
    Some(Entity { sign, start: at, name_end, end })
}

/// Where the run of name characters that begins at `from` ends; none if there is no run.
fn run_end(text: &str, from: usize, limit: usize) -> Option<usize> {
    let run = text.get(from..limit)?;
    if run.starts_with(is_mark) {
        return None;
    }
    let len = run.find(|c| !is_name(c)).unwrap_or(run.len());
    (len > 0).then_some(from + len)
}

/// L, M, N or `_`.
fn is_name(c: char) -> bool {
    c == '_' || is_word(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, &str)> {
        let mut tokens = Tokens::default();
        tokens.read(text);
        tokens.entities(text).map(|e| (&text[e.start..e.name_end], &text[e.start..e.end])).collect()
    }

    #[test]
    fn entities_as_the_language_says() {
        for (text, expected) in [
            ("#a_b @c.d", vec![("#a_b", "#a_b"), ("@c", "@c.d")]),
            ("x#tag mail@x.com _@y é@z", vec![]),
            ("(#tag) ¡@Año! $ACME $90 $_x", vec![("#tag", "#tag"), ("@Año", "@Año"), ("$ACME", "$ACME"), ("$_x", "$_x")]),
            (
                "thanks @bank.Bye @bank. @a..b @u@host-1.social",
                vec![("@bank", "@bank.Bye"), ("@bank", "@bank"), ("@a", "@a"), ("@u", "@u@host-1.social")],
            ),
            ("https://x.y/@z#w <#t", vec![("#t", "#t")]),
            ("❤\u{FE0F}@bank @bank❤ #\u{301}a ##b", vec![("@bank", "@bank"), ("@bank", "@bank"), ("#b", "#b")]),
            ("@___ @_a", vec![("@___", "@___"), ("@_a", "@_a")]),
            ("@bank-https://x.y", vec![("@bank", "@bank")]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    /// Looked for anew from every sign, the next link would make this a test of half an hour.
    #[test]
    fn the_next_link_is_found_in_one_pass() {
        let text = "#a ".repeat(1 << 20);
        let mut tokens = Tokens::default();
        tokens.read(&text);
        assert_eq!(tokens.entities(&text).count(), 1 << 20);
        assert_eq!(found("@a-https://x.y #b-https://x.z @c"), vec![("@a", "@a"), ("#b", "#b"), ("@c", "@c")]);
    }

    #[test]
    fn names_are_compared_by_their_first_run_unless_whole() {
        let mentions = |text: &str, handle: &str| {
            let mut tokens = Tokens::default();
            tokens.read(text);
            tokens.mentions_in(text, handle)
        };
        for text in ["@bank", "@Bank.bsky.social", "hola @bank@mastodon.social", "thanks @bank.Bye"] {
            assert!(mentions(text, "bank"), "{text}");
        }
        assert!(mentions("@bank.bsky.social.", "bank.bsky.social"));
        assert!(!mentions("@bank", "bank.bsky.social"));
        assert!(!mentions("@bank_mx", "bank"));
        assert!(mentions("@BÁNK_MX", "bank_mx"));
        assert!(!mentions("#bank", "bank"));
    }
}
