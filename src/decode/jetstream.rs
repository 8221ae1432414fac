//! Bluesky's Jetstream, both versions.
//!
//! Version 1 (`/subscribe`) wraps a commit: `{"did", "time_us", "kind": "commit", "commit":
//! {"operation", "collection", "rkey", "record"}}`; recordings from before October 2024 say `type`
//! for `kind` and `operation` and shorten the values to `com`, `c`, `u` and `d`. Version 2
//! (`network.bsky.jetstream.subscribeEvents`) is flat, in the message frames of XRPC:
//! `{"$type": "message", "payload": {"$type": "…#commit", "did", "seq", "time", "operation",
//! "collection", "rkey", "record"}}`; a payload without its frame is read too. All other events
//! (identity, account, sync, info, error) and all other collections are no posts.
//!
//! Records bring no handle and no followers: an account is its DID. `createdAt` is what the
//! author's program claims, so that a post's time is the lesser of it and the time of the event.

use super::{Format, Read, Single, Spec, time};
use crate::json::{Scratch, Value};
use crate::limits;
use crate::post::{Author, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "jetstream", new: |_: &Format| Single::boxed(read) };

const POSTS: &str = "app.bsky.feed.post";

/// A change to one record of one repository, whichever version told of it.
struct Commit<'a> {
    did: &'a str,
    at: Option<Timestamp>,
    operation: &'a str,
    collection: &'a str,
    rkey: &'a str,
    record: Value<'a>,
}

fn read<'a>(value: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    match commit(value)? {
        Some(commit) if commit.collection == POSTS => post(&commit, scratch).map(Some),
        _ => Ok(None),
    }
}

/// The commit in an event, or nothing if the event is of another kind.
fn commit(value: Value<'_>) -> Result<Option<Commit<'_>>, Refused> {
    let [did, time_us, kind, commit, type_, frame, payload] =
        value.fields(["did", "time_us", "kind", "commit", "type", "$type", "payload"]);
    if let Some(frame) = frame.as_str() {
        return match (frame, payload.is_object()) {
            ("message", true) => flat(payload),
            ("message", false) => Err(Refused::Shape),
            _ => flat(value),
        };
    }
    match kind.as_str().or(type_.as_str()) {
        Some("commit" | "com") if commit.is_object() => {
            let [operation, short, collection, rkey, record] = commit.fields(["operation", "type", "collection", "rkey", "record"]);
            let operation = operation.as_str().unwrap_or(short.str());
            Ok(Some(Commit {
                did: did.str(),
                at: time(time_us),
                operation,
                collection: collection.as_str().ok_or(Refused::Shape)?,
                rkey: rkey.str(),
                record,
            }))
        }
        Some("commit" | "com") | None => Err(Refused::Shape),
        Some(_) => Ok(None),
    }
}

/// An event of version 2.
fn flat(value: Value<'_>) -> Result<Option<Commit<'_>>, Refused> {
    let [type_, collection, did, operation, record, rkey, at] =
        value.fields(["$type", "collection", "did", "operation", "record", "rkey", "time"]);
    if !type_.str().ends_with("#commit") {
        return if type_.as_str().is_some() { Ok(None) } else { Err(Refused::Shape) };
    }
    Ok(Some(Commit {
        did: did.str(),
        at: time(at),
        operation: operation.str(),
        collection: collection.as_str().ok_or(Refused::Shape)?,
        rkey: rkey.str(),
        record,
    }))
}

fn post<'a>(commit: &Commit<'a>, scratch: &mut Scratch<'a>) -> Result<Post<'a>, Refused> {
    let Commit { did, rkey, record, .. } = *commit;
    if did.is_empty() || rkey.is_empty() {
        return Err(Refused::NoId);
    }
    let kind = match commit.operation {
        "create" | "c" => Kind::Create,
        "update" | "u" => Kind::Update,
        "delete" | "d" => Kind::Delete,
        _ => return Err(Refused::Shape),
    };
    let id = scratch.write(|page| page.extend(["at://", did, "/", POSTS, "/", rkey]));
    let author = Author { id: did, ..Author::default() };
    let head = Post { kind, id, network: "bluesky", author, ..Post::default() };
    if kind == Kind::Delete {
        return Ok(Post { at: commit.at.ok_or(Refused::BadTime)?, ..head });
    }
    if !record.is_object() {
        return Err(Refused::Shape);
    }
    let [created_at, embed, facets, langs, reply, text] = record.fields(["createdAt", "embed", "facets", "langs", "reply", "text"]);
    let embed = Embed::read(embed);
    let parent = reply.get("parent").get("uri").str();
    let root = reply.get("root").get("uri").str();
    let features = || facets.items().flat_map(|f| f.get("features").items());
    let links = features().map(|f| f.get("uri").str()).filter(|uri| *uri != embed.link).chain([embed.link]);
    Ok(Post {
        at: commit.at.into_iter().chain(time(created_at)).min().ok_or(Refused::BadTime)?,
        text: text.as_str().ok_or(Refused::NoText)?,
        lang: langs.items().next().unwrap_or(Value::NULL).str(),
        url: scratch.write(|page| page.extend(["https://bsky.app/profile/", did, "/post/", rkey])),
        in_reply_to: reference(parent),
        conversation_id: if root.is_empty() { id } else { root },
        quote_of: reference(embed.quote),
        links: Lines(scratch.lines(limits::LINKS, links)),
        mentions: Lines(scratch.lines(limits::MENTIONS, features().map(|f| f.get("did").str()))),
        media: embed.media,
        ..head
    })
}

/// What is attached to a post.
#[derive(Default)]
struct Embed<'a> {
    media: Media,
    link: &'a str,
    quote: &'a str,
}

impl<'a> Embed<'a> {
    /// Reads `app.bsky.embed.{images,video,external,record,recordWithMedia}`.
    fn read(value: Value<'a>) -> Embed<'a> {
        let [type_, external, media, record] = value.fields(["$type", "external", "media", "record"]);
        // A record with media holds both one level down.
        let with_media = media.is_object();
        let [inner_type, inner_external] = media.fields(["$type", "external"]);
        let (type_, external) = if with_media { (inner_type, inner_external) } else { (type_, external) };
        let quoted = if with_media { record.get("record") } else { record };
        let mut embed = Embed { link: external.get("uri").str(), ..Embed::default() };
        match type_.str() {
            "app.bsky.embed.images" => embed.media.add("image"),
            "app.bsky.embed.video" => embed.media.add("video"),
            _ => {}
        }
        // Feeds, lists and starter packs are embedded in the same way and are no posts.
        embed.quote = Some(quoted.get("uri").str()).filter(|uri| collection(uri) == POSTS).unwrap_or("");
        embed
    }
}

/// The post at an at-uri, `at://did/collection/rkey`.
fn reference(uri: &str) -> Reference<'_> {
    let author_id = uri.strip_prefix("at://").and_then(|rest| rest.split('/').next()).unwrap_or("");
    Reference { id: uri, author_id, ..Reference::default() }
}

fn collection(uri: &str) -> &str {
    uri.strip_prefix("at://").and_then(|rest| rest.split('/').nth(1)).unwrap_or("")
}
