//! A post in its native form.

use std::borrow::Cow;

use serde::Serialize;

use super::{Time, given};
use crate::post::{Author, Count, Counts, Kind, Post, Reference};
use crate::profanity;

/// The native form of one post, as `format = "escucha"` reads it back.
#[derive(Serialize)]
pub struct PostView<'a> {
    id: &'a str,
    network: Option<&'a str>,
    created_at: Time,
    text: &'a str,
    public_text: Option<String>,
    title: Option<&'a str>,
    lang: Option<&'a str>,
    url: Option<&'a str>,
    author: AuthorView<'a>,
    in_reply_to: Option<ReferenceView<'a>>,
    conversation_id: Option<&'a str>,
    repost_of: Option<ReferenceView<'a>>,
    quote_of: Option<QuoteView<'a>>,
    counts: CountsView,
    links: Vec<&'a str>,
    mentions: Vec<&'a str>,
    media: Vec<&'static str>,
    place: Option<PlaceView<'a>>,
    source_app: Option<&'a str>,
    sensitive: bool,
    pii: Vec<&'static str>,
    kind: &'static str,
}

#[derive(Serialize)]
struct AuthorView<'a> {
    id: Option<&'a str>,
    handle: Option<&'a str>,
    name: Option<&'a str>,
    bio: Option<&'a str>,
    location: Option<&'a str>,
    followers: Option<u32>,
    following: Option<u32>,
    posts: Option<u32>,
    listed: Option<u32>,
    verified: bool,
}

#[derive(Serialize)]
struct ReferenceView<'a> {
    id: Option<&'a str>,
    author: Option<&'a str>,
    author_id: Option<&'a str>,
}

#[derive(Serialize)]
struct QuoteView<'a> {
    #[serde(flatten)]
    reference: ReferenceView<'a>,
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct CountsView {
    likes: Option<u32>,
    replies: Option<u32>,
    reposts: Option<u32>,
    quotes: Option<u32>,
    views: Option<u32>,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    name: Option<&'a str>,
    country: Option<&'a str>,
}

impl<'a> From<&Post<'a>> for PostView<'a> {
    fn from(p: &Post<'a>) -> Self {
        let quoted = p.quote_of.is_some() || !p.quoted_text.is_empty();
        let placed = !(p.place.is_empty() && p.country.is_empty());
        PostView {
            id: p.id,
            network: given(p.network),
            created_at: Time(p.at),
            text: p.text,
            public_text: public(p.text),
            title: given(p.title),
            lang: given(p.lang),
            url: given(p.url),
            author: (&p.author).into(),
            in_reply_to: reference(&p.in_reply_to),
            conversation_id: given(p.conversation_id),
            repost_of: reference(&p.repost_of),
            quote_of: quoted.then(|| QuoteView { reference: (&p.quote_of).into(), text: given(p.quoted_text) }),
            counts: (&p.counts).into(),
            links: p.links.iter().collect(),
            mentions: p.mentions.iter().collect(),
            media: p.media.names().collect(),
            place: placed.then(|| PlaceView { name: given(p.place), country: given(p.country) }),
            source_app: given(p.source_app),
            sensitive: p.sensitive,
            pii: p.masked.iter().map(|kind| kind.as_str()).collect(),
            kind: kind(p.kind),
        }
    }
}

/// The text for a screen for all to see, if it is another one.
pub(super) fn public(text: &str) -> Option<String> {
    match profanity::dotted(text) {
        Cow::Owned(dotted) => Some(dotted),
        Cow::Borrowed(_) => None,
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Delete => "delete",
    }
}

fn reference<'a>(r: &Reference<'a>) -> Option<ReferenceView<'a>> {
    r.is_some().then(|| r.into())
}

impl<'a> From<&Reference<'a>> for ReferenceView<'a> {
    fn from(r: &Reference<'a>) -> Self {
        ReferenceView { id: given(r.id), author: given(r.author), author_id: given(r.author_id) }
    }
}

impl<'a> From<&Author<'a>> for AuthorView<'a> {
    fn from(a: &Author<'a>) -> Self {
        AuthorView {
            id: given(a.id),
            handle: given(a.handle),
            name: given(a.name),
            bio: given(a.bio),
            location: given(a.location),
            followers: a.followers.get(),
            following: a.following.get(),
            posts: a.posts.get(),
            listed: a.listed.get(),
            verified: a.verified,
        }
    }
}

impl From<&Counts> for CountsView {
    fn from(c: &Counts) -> Self {
        let [likes, replies, reposts, quotes, views] = [c.likes, c.replies, c.reposts, c.quotes, c.views].map(Count::get);
        CountsView { likes, replies, reposts, quotes, views }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn unknown_is_null_and_zero_is_zero() {
        let mut post = Post { id: "1", at: Timestamp::from_seconds(1), text: "línea\n\"dos\" </script>", ..Post::default() };
        post.counts.likes = Count::of(0);
        post.quoted_text = "cita";
        let json: serde_json::Value = serde_json::from_str(&super::super::json(&PostView::from(&post))).expect("JSON");
        assert_eq!(json["created_at"], "1970-01-01T00:00:01Z");
        assert_eq!(json["text"], "línea\n\"dos\" </script>");
        assert_eq!(json["counts"]["likes"], 0);
        assert!(json["counts"]["views"].is_null() && json["author"]["followers"].is_null() && json["in_reply_to"].is_null());
        assert_eq!(json["quote_of"]["text"], "cita");
        assert_eq!(json["kind"], "create");
        assert!(json["public_text"].is_null() && json["pii"] == serde_json::json!([]));
        post.text = "vaya mierda de app";
        post.masked.add(crate::personal::Kind::Card);
        let json: serde_json::Value = serde_json::from_str(&super::super::json(&PostView::from(&post))).expect("JSON");
        assert_eq!((&json["text"], &json["public_text"]), (&"vaya mierda de app".into(), &"vaya m••••• de app".into()));
        assert_eq!(json["pii"], serde_json::json!(["card"]));
    }
}
