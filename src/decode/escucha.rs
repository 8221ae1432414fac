//! The native form: one JSON object a line, described by `docs/post.schema.json`.
//!
//! Only `id`, `created_at` and `text` are required, and of a delete only `id`: one without a time
//! happened at [`Timestamp::MIN`]. Unknown keys are ignored.

use super::{Format, Read, Single, Spec, count, kind_of, lower, time};
use crate::json::{Scratch, Value};
use crate::limits;
use crate::post::{Author, Counts, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "escucha", new: |_: &Format| Single::boxed(read) };

/// Top-level keys in the order of the published form.
const KEYS: [&str; 19] = [
    "id",
    "network",
    "created_at",
    "text",
    "title",
    "lang",
    "url",
    "author",
    "in_reply_to",
    "conversation_id",
    "repost_of",
    "quote_of",
    "counts",
    "links",
    "media",
    "place",
    "source_app",
    "kind",
    "mentions",
];

fn read<'a>(value: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    if !value.is_object() {
        return Err(Refused::Shape);
    }
    let [
        id,
        network,
        created_at,
        text,
        title,
        lang,
        url,
        by,
        in_reply_to,
        conversation_id,
        repost_of,
        quote_of,
        counts,
        links,
        media,
        place,
        source_app,
        kind,
        mentions,
    ] = value.fields(KEYS);
    let kind = match kind.is_null() {
        true => Kind::Create,
        false => kind_of(Some(kind.str()))?,
    };
    let at = match (time(created_at), kind) {
        (Some(at), _) => at,
        (None, Kind::Delete) if created_at.is_null() => Timestamp::MIN,
        _ => return Err(Refused::BadTime),
    };
    if text.as_str().is_none() && kind != Kind::Delete {
        return Err(Refused::NoText);
    }
    let [place_name, country] = place.fields(["name", "country"]);
    Ok(Some(Post {
        kind,
        at,
        network: lower(network.str(), scratch),
        id: scratch.ident(id),
        text: text.str(),
        title: title.str(),
        lang: lang.str(),
        url: url.str(),
        author: author(by, scratch),
        in_reply_to: reference(in_reply_to, scratch),
        repost_of: reference(repost_of, scratch),
        quote_of: reference(quote_of, scratch),
        quoted_text: quote_of.get("text").str(),
        conversation_id: scratch.ident(conversation_id),
        links: Lines(scratch.lines(limits::LINKS, links.items().map(Value::str))),
        mentions: Lines(scratch.lines(limits::MENTIONS, mentions.items().map(Value::str))),
        media: media_of(media),
        place: place_name.str(),
        country: country.str(),
        source_app: source_app.str(),
        counts: counts_of(counts),
    }))
}

fn author<'a>(value: Value<'a>, scratch: &mut Scratch<'a>) -> Author<'a> {
    let [id, handle, name, bio, location, followers, following, posts, listed, verified] =
        value.fields(["id", "handle", "name", "bio", "location", "followers", "following", "posts", "listed", "verified"]);
    Author {
        id: scratch.ident(id),
        handle: handle.str(),
        name: name.str(),
        bio: bio.str(),
        location: location.str(),
        followers: count(followers),
        following: count(following),
        posts: count(posts),
        listed: count(listed),
        verified: verified.bool(),
    }
}

fn reference<'a>(value: Value<'a>, scratch: &mut Scratch<'a>) -> Reference<'a> {
    let [id, author, author_id] = value.fields(["id", "author", "author_id"]);
    Reference { id: scratch.ident(id), author: author.str(), author_id: scratch.ident(author_id) }
}

fn media_of(value: Value<'_>) -> Media {
    let mut media = Media::default();
    value.items().filter_map(Value::as_str).for_each(|name| media.add(name));
    media
}

fn counts_of(value: Value<'_>) -> Counts {
    let [likes, replies, reposts, quotes, views] = value.fields(["likes", "replies", "reposts", "quotes", "views"]);
    Counts { likes: count(likes), replies: count(replies), reposts: count(reposts), quotes: count(quotes), views: count(views) }
}
