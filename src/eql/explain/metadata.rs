//! What fields ask of a post's metadata, and what flags ask of post and text.

use super::super::tokens::{self, Kind, Marks};
use super::text::Text;
use super::{Given, View, links};
use crate::post::{self, Count, Post};
use crate::query::{Accents, Attribute, Flag, Measure, Party, Place, Term};

/// Whether a term that is not answered by its place in the text holds; false if the post lacks what
/// it asks for (R48).
pub(super) fn is_so(term: &Term, accents: Accents, view: &View<'_>, given: &Given<'_>) -> bool {
    let post = view.post;
    match term {
        Term::In(place, words) => !Text::read(words_of(*place, post)).phrase(words, accents, false).is_empty(),
        Term::Url(words) => links::has_tokens(words, post),
        Term::UrlContains(value) => links::has_substring(value, post),
        Term::Site(site) => is_site(site, links::host(post.url)),
        Term::Account(party, who) => is_account(*party, who, post),
        Term::Is(attribute, value) => is_equal(*attribute, value, post),
        Term::Lang(code) => is_lang(code, post.lang),
        Term::Number(measure, range) => number(*measure, post, given).is_some_and(|n| range.has(n)),
        Term::Hour { from, to } => given.facts.hour(given.scope).is_some_and(|h| is_within(h, *from, *to)),
        Term::Weekday { from, to } => given.facts.weekday(given.scope).is_some_and(|d| is_within(d, *from, *to)),
        Term::Flag(flag) => is_flagged(*flag, view, given),
        Term::Sample(percent) => fnv1a(post.id) % 100 < u64::from(*percent),
        Term::Rule(name) => (given.rules)(name),
        Term::Everything => true,
        // Only their places in a text count.
        Term::Phrase(_) | Term::Case(_) | Term::Mention(_) | Term::Hashtag(_) | Term::Cashtag(_) => false,
        Term::Contains(_) | Term::Raw(_) => false,
    }
}

fn words_of<'a>(place: Place, post: &Post<'a>) -> &'a str {
    match place {
        Place::Title => post.title,
        Place::Bio => post.author.bio,
        Place::BioName => post.author.name,
        Place::BioLocation => post.author.location,
        Place::Place => post.place,
    }
}

/// Equality after case folding and nothing else; what is missing equals nothing.
fn same_but_for_case(a: &str, b: &str) -> bool {
    let fold = |s: &str| tokens::form(s, Marks::Keep, false);
    !b.is_empty() && fold(a) == fold(b)
}

/// The host itself, or one whose last labels are the site.
fn is_site(site: &str, host: &str) -> bool {
    let fold = |s: &str| tokens::form(s, Marks::Keep, false);
    let (site, host) = (fold(site), fold(host));
    !site.is_empty() && (host == site || host.strip_suffix(&site).is_some_and(|sub| sub.ends_with('.')))
}

/// The handle as names of entities compare (R49), or the id as it is.
fn is_account(party: Party, who: &str, post: &Post<'_>) -> bool {
    let (handle, id) = match party {
        Party::From => (post.author.handle, post.author.id),
        Party::To => (post.in_reply_to.author, post.in_reply_to.author_id),
        Party::RetweetsOf => (post.repost_of.author, post.repost_of.author_id),
    };
    let fold = |s: &str| tokens::form(s, Marks::Letters, false);
    (!handle.is_empty() && fold(handle) == fold(who)) || (!id.is_empty() && id == who)
}

fn is_equal(attribute: Attribute, value: &str, post: &Post<'_>) -> bool {
    match attribute {
        Attribute::Network => same_but_for_case(value, post.network),
        Attribute::SourceApp => same_but_for_case(value, post.source_app),
        Attribute::Country => same_but_for_case(value, post.country),
        Attribute::Conversation => !post.conversation_id.is_empty() && post.conversation_id == value,
        Attribute::InReplyTo => !post.in_reply_to.id.is_empty() && post.in_reply_to.id == value,
    }
}

/// A code matches itself and its regions; a post without language is `und` (R29).
fn is_lang(code: &str, lang: &str) -> bool {
    let lang = if lang.is_empty() { "und" } else { lang };
    let region = lang.get(..code.len()).is_some_and(|head| head.eq_ignore_ascii_case(code));
    region && !code.is_empty() && matches!(lang.as_bytes().get(code.len()), None | Some(b'-'))
}

fn number(measure: Measure, post: &Post<'_>, given: &Given<'_>) -> Option<f64> {
    let known = |count: Count| count.get().map(f64::from);
    match measure {
        Measure::Followers => known(post.author.followers),
        Measure::Following => known(post.author.following),
        Measure::Posts => known(post.author.posts),
        Measure::Listed => known(post.author.listed),
        Measure::Sentiment => given.facts.sentiment(),
        Measure::Priority => given.facts.priority(given.scope),
    }
}

/// Both ends included; a range whose first is greater than its last goes on past the end (R31).
fn is_within(value: u8, from: u8, to: u8) -> bool {
    if from <= to { (from..=to).contains(&value) } else { value >= from || value <= to }
}

/// What was told from outside is believed; else text and metadata answer.
fn is_flagged(flag: Flag, view: &View<'_>, given: &Given<'_>) -> bool {
    if let Some(told) = given.facts.told(flag) {
        return told;
    }
    let (post, text) = (view.post, &view.own);
    let is_attached = |names: &[&str]| post.media.names().any(|n| names.contains(&n));
    let has_entity = |sign| text.entities.iter().any(|e| e.sign == sign);
    match flag {
        Flag::Links => text.links().next().is_some() || !post.links.is_empty(),
        Flag::Media => is_attached(&post::Media::NAMES),
        Flag::Images => is_attached(&["image"]),
        Flag::Video => is_attached(&["video", "gif"]),
        Flag::Hashtags => has_entity('#'),
        Flag::Mentions => has_entity('@') || !post.mentions.is_empty(),
        Flag::Cashtags => has_entity('$'),
        Flag::Geo => !post.place.is_empty() || !post.country.is_empty(),
        Flag::Question => asks(text),
        Flag::Emoji => text.tokens.iter().any(|t| t.kind == Kind::Emoji),
        Flag::Retweet => post.repost_of.is_some(),
        Flag::Reply => post.in_reply_to.is_some(),
        Flag::Quote => post.quote_of.is_some(),
        // What was told of the three is believed here as well (R33).
        Flag::Original => ![Flag::Retweet, Flag::Reply, Flag::Quote].into_iter().any(|f| is_flagged(f, view, given)),
        Flag::Verified => post.author.verified,
        Flag::Edited => post.kind == post::Kind::Update,
        // No network's mark is decoded.
        Flag::Sensitive => post.sensitive,
        Flag::Direct => given.facts.is_direct(given.scope),
        Flag::Nullcast => false,
    }
}

/// `?` or `¿` outside links (R34).
fn asks(text: &Text) -> bool {
    let links: Vec<_> = text.links().collect();
    let marks = text.chars.iter().enumerate().filter(|(_, c)| matches!(c, '?' | '¿'));
    marks.into_iter().any(|(at, _)| !links.iter().any(|l| l.contains(&at)))
}

/// FNV-1a of 64 bits (R32).
fn fnv1a(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
