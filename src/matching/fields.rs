//! What is asked of a post besides its text: accounts, whole values, numbers, times, flags, links.
//!
//! R48: a question about a value the post lacks is answered no, so that its exclusion holds.

use super::leaf::View;
use super::links::{self, Fields};
use crate::post::{Kind, Media, Post};
use crate::query::{Accents, Attribute, Decimals, Facts, Flag, Measure, Party};
use crate::text::{TokenKind, Word, base, fold};

/// A post with everything that is known of it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) post: &'a Post<'a>,
    pub(super) facts: &'a dyn Facts,
    pub(super) own: View<'a>,
    /// The quoted text, if any query matches it.
    pub(super) quoted: Option<View<'a>>,
    pub(super) fields: &'a Fields,
}

/// An account as a query names it: by its handle, or by the network's id where only that is known.
#[derive(Debug)]
pub(super) struct Account {
    /// As typed: ids are exact.
    id: Box<str>,
    /// Handles fold.
    handle: Box<str>,
}

impl Account {
    pub(super) fn new(typed: &str) -> Account {
        Account { id: typed.into(), handle: fold(typed, Accents::Fold).into() }
    }

    fn is(&self, id: &str, handle: &str) -> bool {
        (!id.is_empty() && id == &*self.id) || is_handle(handle, &self.handle)
    }

    /// Its base form, which the id of a post and its handle have too if they are the account's.
    pub(super) fn base(&self) -> String {
        base(&self.handle)
    }
}

/// A question about the post itself. Those whose answer depends on the topic hold its number.
#[derive(Debug)]
pub(super) enum Ask {
    /// Whose account it is.
    Account(Party, Account),
    /// A whole value; case folded where case does not count.
    Is(Attribute, Box<str>),
    /// A language code.
    Lang(Box<str>),
    /// A number in a range.
    Number(Measure, Decimals, u32),
    /// Hour of the day, from and to.
    Hour(u8, u8, u32),
    /// Day of the week, from and to.
    Weekday(u8, u8, u32),
    /// `has:` and `is:`.
    Flag(Flag, u32),
    /// So many in a hundred.
    Sample(u8),
    /// A host, case folded.
    Site(Box<str>),
    /// A substring of a link.
    UrlContains(Word),
    /// Every post.
    Everything,
}

impl Ask {
    /// Whether the answer is yes.
    pub(super) fn holds(&self, scene: &Scene<'_>) -> bool {
        let (post, facts) = (scene.post, scene.facts);
        match self {
            Ask::Account(party, account) => {
                let (id, handle) = account_of(post, *party);
                account.is(id, handle)
            }
            Ask::Is(Attribute::Conversation | Attribute::InReplyTo, v) if v.is_empty() => false,
            Ask::Is(Attribute::Conversation, v) => post.conversation_id == &**v,
            Ask::Is(Attribute::InReplyTo, v) => post.in_reply_to.id == &**v,
            Ask::Is(Attribute::Network, v) => is_equal(post.network, v),
            Ask::Is(Attribute::SourceApp, v) => is_equal(post.source_app, v),
            Ask::Is(Attribute::Country, v) => is_equal(post.country, v),
            Ask::Lang(code) => is_language(post.lang, code),
            Ask::Number(measure, range, scope) => number(post, facts, *measure, *scope).is_some_and(|n| range.has(n)),
            Ask::Hour(from, to, scope) => facts.hour(*scope).is_some_and(|h| is_between(h, *from, *to)),
            Ask::Weekday(from, to, scope) => facts.weekday(*scope).is_some_and(|d| is_between(d, *from, *to)),
            Ask::Flag(flag, scope) => has_flag(*flag, *scope, scene),
            Ask::Sample(part) => fnv1a(post.id) % 100 < u64::from(*part),
            Ask::Site(host) => is_site(links::host(post.url), host),
            Ask::UrlContains(value) => links::of(post, scene.own).any(|link| value.is_in(link)),
            Ask::Everything => true,
        }
    }

    /// Bytes it holds on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Ask::Account(_, a) => a.id.len() + a.handle.len(),
            Ask::Is(_, s) | Ask::Lang(s) | Ask::Site(s) => s.len(),
            Ask::UrlContains(w) => 2 * w.base().len(),
            _ => 0,
        }
    }
}

/// Id and handle of an account of the post.
pub(super) fn account_of<'a>(post: &Post<'a>, party: Party) -> (&'a str, &'a str) {
    match party {
        Party::From => (post.author.id, post.author.handle),
        Party::To => (post.in_reply_to.author_id, post.in_reply_to.author),
        Party::RetweetsOf => (post.repost_of.author_id, post.repost_of.author),
    }
}

/// Whether a handle of a post is the one looked for.
fn is_handle(h: &str, folded: &str) -> bool {
    !h.is_empty() && if h.is_ascii() { h.eq_ignore_ascii_case(folded) } else { fold(h, Accents::Fold) == folded }
}

/// Whether a value of a post is the one looked for, which is case folded.
fn is_equal(value: &str, folded: &str) -> bool {
    !value.is_empty() && if value.is_ascii() { value.eq_ignore_ascii_case(folded) } else { fold(value, Accents::Exact) == folded }
}

/// R26: the host itself or one below it.
fn is_site(host: &str, folded: &str) -> bool {
    let host = fold(host, Accents::Exact);
    let below = host.strip_suffix(folded);
    !folded.is_empty() && below.is_some_and(|b| b.is_empty() || b.ends_with('.'))
}

/// R29: a code matches itself and its regions; a post without language is `und`.
fn is_language(of_post: &str, code: &str) -> bool {
    let of_post = if of_post.is_empty() { "und" } else { of_post };
    let (head, rest) = of_post.split_at_checked(code.len()).unwrap_or_default();
    !code.is_empty() && head.eq_ignore_ascii_case(code) && (rest.is_empty() || rest.starts_with('-'))
}

/// R31: both ends are in it, and it may wrap.
fn is_between(n: u8, from: u8, to: u8) -> bool {
    if from <= to { (from..=to).contains(&n) } else { n >= from || n <= to }
}

fn number(post: &Post<'_>, facts: &dyn Facts, measure: Measure, scope: u32) -> Option<f64> {
    let count = match measure {
        Measure::Followers => post.author.followers,
        Measure::Following => post.author.following,
        Measure::Posts => post.author.posts,
        Measure::Listed => post.author.listed,
        Measure::Sentiment => return facts.sentiment(),
        Measure::Priority => return facts.priority(scope),
    };
    count.get().map(f64::from)
}

/// R32: samples are nested and repeatable.
fn fnv1a(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// What was told is believed; else the post is looked at.
fn has_flag(flag: Flag, scope: u32, scene: &Scene<'_>) -> bool {
    if let Some(told) = scene.facts.told(flag) {
        return told;
    }
    let post = scene.post;
    let media = |names: &[&str]| post.media.names().any(|n| names.contains(&n));
    match flag {
        Flag::Links => !post.links.is_empty() || has_kind(scene.own, TokenKind::Url),
        Flag::Mentions => !post.mentions.is_empty() || has_entity(scene.own, '@'),
        Flag::Hashtags => has_entity(scene.own, '#'),
        Flag::Cashtags => has_entity(scene.own, '$'),
        Flag::Emoji => has_kind(scene.own, TokenKind::Emoji),
        Flag::Question => has_question(scene.own),
        Flag::Media => post.media != Media::default(),
        Flag::Images => media(&["image"]),
        // A gif moves: the networks send it as a film that repeats itself.
        Flag::Video => media(&["video", "gif"]),
        Flag::Geo => !(post.place.is_empty() && post.country.is_empty()),
        Flag::Retweet => post.repost_of.is_some(),
        Flag::Reply => post.in_reply_to.is_some(),
        Flag::Quote => post.quote_of.is_some(),
        Flag::Original => [Flag::Retweet, Flag::Reply, Flag::Quote].into_iter().all(|f| !has_flag(f, scope, scene)),
        Flag::Verified => post.author.verified,
        Flag::Edited => post.kind == Kind::Update,
        Flag::Sensitive => post.sensitive,
        Flag::Direct => scene.facts.is_direct(scope),
        Flag::Nullcast => false,
    }
}

fn has_kind(view: View<'_>, kind: TokenKind) -> bool {
    view.tokens.tokens().iter().any(|t| t.kind == kind)
}

fn has_entity(view: View<'_>, sign: char) -> bool {
    view.tokens.entities(view.text).any(|e| e.sign == sign)
}

/// R34: a question mark outside links.
fn has_question(view: View<'_>) -> bool {
    let mut urls = view.tokens.tokens().iter().filter(|t| t.kind == TokenKind::Url).peekable();
    view.text.match_indices(['?', '¿']).any(|(at, _)| {
        while urls.next_if(|u| u.end as usize <= at).is_some() {}
        urls.peek().is_none_or(|u| at < u.start as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_match_their_regions() {
        for (post, code, expected) in [
            ("pt", "pt", true),
            ("pt-BR", "PT", true),
            ("pt", "pt-BR", false),
            ("", "und", true),
            ("ptx", "pt", false),
            ("", "es", false),
            ("ñ", "e", false),
        ] {
            assert_eq!(is_language(post, code), expected, "{post} {code}");
        }
    }

    #[test]
    fn handles_fold() {
        assert!(is_handle("BBVAResponde", "bbvaresponde"));
        assert!(is_handle("Año", "año"));
        assert!(!is_handle("", ""));
        assert!(!is_handle("bank.bsky.social", "bank"));
    }

    #[test]
    fn ranges_wrap() {
        let in_range = |from, to| (0..24).filter(|h| is_between(*h, from, to)).count();
        assert_eq!((in_range(22, 6), in_range(6, 22), in_range(3, 3), in_range(0, 23)), (9, 17, 1, 24));
    }

    #[test]
    fn the_hash_of_a_sample_is_the_published_one() {
        assert_eq!(fnv1a(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv1a("foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn a_site_is_a_host_or_what_is_below_it() {
        for (host, site, expected) in [
            ("news.example.com", "example.com", true),
            ("EXAMPLE.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("example.com", "news.example.com", false),
            ("", "", false),
        ] {
            assert_eq!(is_site(host, site), expected, "{host} {site}");
        }
    }
}
