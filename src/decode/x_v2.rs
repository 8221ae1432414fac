//! X API version 2: objects of the filtered stream and pages of search, with their `includes`.
//!
//! Authors, referenced posts, media and places are looked up in `includes`; each post in `data` is
//! one item. Where the request asked for less than everything, what can be known without is taken:
//! the time from the id, and a repost from the `RT @name:` that X puts in front of it.

use super::{Decoded, Decoder, Format, Read, Spec, count, time, unescaped, x_url};
use crate::dates;
use crate::json::{Pages, Parser, Scratch, Value};
use crate::limits;
use crate::post::{Author, Counts, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "x-v2", new: |_: &Format| Box::<XV2>::default() };

#[derive(Default)]
struct XV2 {
    parser: Parser,
    pages: Pages,
}

impl Decoder for XV2 {
    fn decode(&mut self, frame: &mut [u8], out: &mut Decoded) {
        let XV2 { parser, pages } = self;
        if let Err(reason) = parser.parse(frame, |value| read(value, pages, out)) {
            out.refuse(reason);
        }
    }
}

/// Top-level keys of messages that bring no post.
const NOTICES: [&str; 4] = ["errors", "meta", "title", "matching_rules"];

fn read(value: Value<'_>, pages: &mut Pages, out: &mut Decoded) {
    let [data, includes, delete] = value.fields(["data", "includes", "delete"]);
    if data.is_object() || data.items().next().is_some() {
        let includes = Includes::read(includes);
        let mut left = limits::PAGE_BYTES;
        for (i, item) in data.items().chain(Some(data).filter(|d| d.is_object())).enumerate() {
            let read = post(item, &includes, &mut pages.start());
            // One long text in `includes` can be referred to by every post of a page.
            let bytes = read.as_ref().map_or(0, |p| p.map_or(0, |p| p.text.len() + p.quoted_text.len() + p.author.bio.len()));
            left = left.saturating_sub(bytes);
            out.admit(if i < limits::POSTS_PER_FRAME && left > 0 { read } else { Err(Refused::TooLong) });
        }
    } else if delete.is_object() {
        out.admit(deletion(delete, &mut pages.start()));
    } else if data.is_array() || value.entries().any(|(key, _)| NOTICES.contains(&key)) {
        out.not_a_post();
    } else {
        out.refuse(Refused::Shape);
    }
}

/// A message of the compliance stream: `{"tweet": {"id", "author_id"}, "event_at"}`.
fn deletion<'a>(delete: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    let [post, at] = delete.fields(["tweet", "event_at"]);
    let [id, author_id] = post.fields(["id", "author_id"]).map(|v| scratch.ident(v));
    let author = Author { id: author_id, ..Author::default() };
    Ok(Some(Post { kind: Kind::Delete, network: "x", id, at: time(at).unwrap_or(Timestamp::MIN), author, ..Post::default() }))
}

/// What the posts of a frame refer to, sorted by id.
#[derive(Default)]
struct Includes<'a> {
    users: Vec<(&'a str, Value<'a>)>,
    posts: Vec<(&'a str, Value<'a>)>,
    media: Vec<(&'a str, Value<'a>)>,
    places: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Includes<'a> {
    fn read(value: Value<'a>) -> Includes<'a> {
        let [users, tweets, media, places] = value.fields(["users", "tweets", "media", "places"]);
        let sorted = |list: Value<'a>, key: &str| {
            let mut entries: Vec<_> = list.items().map(|v| (v.get(key).str(), v)).collect();
            entries.sort_unstable_by_key(|(id, _)| *id);
            entries
        };
        Includes { users: sorted(users, "id"), posts: sorted(tweets, "id"), media: sorted(media, "media_key"), places: sorted(places, "id") }
    }

    fn user(&self, id: &str) -> Value<'a> {
        find(&self.users, id)
    }

    fn handle(&self, id: &str) -> &'a str {
        self.user(id).get("username").str()
    }
}

fn find<'a>(sorted: &[(&'a str, Value<'a>)], id: &str) -> Value<'a> {
    let found = sorted.binary_search_by_key(&id, |(id, _)| id).ok().and_then(|i| sorted.get(i));
    found.map_or(Value::NULL, |(_, v)| *v)
}

/// The posts that a post refers to, by kind.
#[derive(Default, Clone, Copy)]
struct Referenced<'a> {
    replied_to: &'a str,
    quoted: &'a str,
    retweeted: &'a str,
}

impl<'a> Referenced<'a> {
    fn read(list: Value<'a>) -> Referenced<'a> {
        let mut referenced = Referenced::default();
        for item in list.items() {
            let [kind, id] = item.fields(["type", "id"]);
            match kind.str() {
                "replied_to" => referenced.replied_to = id.str(),
                "quoted" => referenced.quoted = id.str(),
                "retweeted" => referenced.retweeted = id.str(),
                _ => {}
            }
        }
        referenced
    }
}

fn post<'a>(item: Value<'a>, includes: &Includes<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    if !item.is_object() {
        return Err(Refused::Shape);
    }
    let [id, author_id, conversation_id, created_at, geo, reply_user, lang, metrics, references, source, own_text] = item.fields([
        "id",
        "author_id",
        "conversation_id",
        "created_at",
        "geo",
        "in_reply_to_user_id",
        "lang",
        "public_metrics",
        "referenced_tweets",
        "source",
        "text",
    ]);
    let id = scratch.ident(id);
    let at = if created_at.is_null() { dates::from_snowflake(id) } else { time(created_at) };
    own_text.as_str().ok_or(Refused::NoText)?;
    let referenced = Referenced::read(references);
    let original = find(&includes.posts, referenced.retweeted);
    // What was written: the original's, if this only repeats it and the original is there.
    let written = if original.is_object() { original } else { item };
    let text = text(written, scratch);
    let (cut_author, text) = if original.is_object() { ("", text) } else { retweet_prefix(text) };
    let quoted_id = if original.is_object() { Referenced::read(original.get("referenced_tweets")).quoted } else { referenced.quoted };
    let quoted = find(&includes.posts, quoted_id);
    let mut repost_of = reference(referenced.retweeted, original, includes);
    if repost_of.author.is_empty() {
        repost_of.author = cut_author;
    }
    let mut in_reply_to = reference(referenced.replied_to, find(&includes.posts, referenced.replied_to), includes);
    if in_reply_to.author_id.is_empty() {
        in_reply_to.author_id = reply_user.str();
        in_reply_to.author = includes.handle(reply_user.str());
    }
    let author = author(scratch.ident(author_id), includes);
    let [place, country] = find(&includes.places, geo.get("place_id").str()).fields(["full_name", "country_code"]);
    let entities = written.get("entities");
    Ok(Some(Post {
        at: at.ok_or(Refused::BadTime)?,
        network: "x",
        id,
        text,
        lang: lang.str(),
        url: x_url(author.handle, id, scratch),
        author,
        in_reply_to,
        repost_of,
        quote_of: reference(quoted_id, quoted, includes),
        quoted_text: if quoted.is_object() { self::text(quoted, scratch) } else { "" },
        conversation_id: scratch.ident(conversation_id),
        links: Lines(links(entities, scratch)),
        mentions: Lines(scratch.lines(limits::MENTIONS, entities.get("mentions").items().map(|m| m.get("id").str()))),
        media: media(written, includes),
        place: place.str(),
        country: country.str(),
        source_app: source.str(),
        counts: counts(metrics),
        ..Post::default()
    }))
}

/// The whole text, which `note_tweet` holds when it is long.
fn text<'a>(post: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let [short, note] = post.fields(["text", "note_tweet"]);
    let text = note.get("text").as_str().unwrap_or(short.str());
    unescaped(text, scratch)
}

/// Splits the `RT @name: ` from the front, if it is there.
fn retweet_prefix(text: &str) -> (&str, &str) {
    let split = text.strip_prefix("RT @").and_then(|rest| rest.split_once(": "));
    match split {
        Some((name, rest)) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => (name, rest),
        _ => ("", text),
    }
}

/// The post `id`, whose author is known if `post` was included.
fn reference<'a>(id: &'a str, post: Value<'a>, includes: &Includes<'a>) -> Reference<'a> {
    let author_id = post.get("author_id").str();
    Reference { id, author: includes.handle(author_id), author_id }
}

fn author<'a>(id: &'a str, includes: &Includes<'a>) -> Author<'a> {
    let [handle, name, bio, location, verified, metrics] =
        includes.user(id).fields(["username", "name", "description", "location", "verified", "public_metrics"]);
    let [followers, following, posts, listed] =
        metrics.fields(["followers_count", "following_count", "tweet_count", "listed_count"]).map(count);
    Author {
        id,
        handle: handle.str(),
        name: name.str(),
        bio: bio.str(),
        location: location.str(),
        followers,
        following,
        posts,
        listed,
        verified: verified.bool(),
    }
}

/// Links in the text, unwound where X did that; links to attached media are none.
fn links<'a>(entities: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let target = |url: Value<'a>| {
        let [short, expanded, unwound, media_key] = url.fields(["url", "expanded_url", "unwound_url", "media_key"]);
        if media_key.is_null() { unwound.as_str().or(expanded.as_str()).unwrap_or(short.str()) } else { "" }
    };
    scratch.lines(limits::LINKS, entities.get("urls").items().map(target))
}

fn media(post: Value<'_>, includes: &Includes<'_>) -> Media {
    let mut media = Media::default();
    for key in post.get("attachments").get("media_keys").items() {
        match find(&includes.media, key.str()).get("type").as_str() {
            Some("animated_gif") => media.add("gif"),
            Some(kind) => media.add(kind),
            None => {}
        }
    }
    media
}

fn counts(metrics: Value<'_>) -> Counts {
    let [reposts, replies, likes, quotes, views] =
        metrics.fields(["retweet_count", "reply_count", "like_count", "quote_count", "impression_count"]).map(count);
    Counts { likes, replies, reposts, quotes, views }
}
