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

/// What an author says of a post in its `labels` (`com.atproto.label.defs#selfLabels`), where it means
/// that not everybody wants to see it.
const SENSITIVE: [&str; 4] = ["porn", "sexual", "nudity", "graphic-media"];

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
    let [created_at, embed, facets, labels, langs, reply, text] =
        record.fields(["createdAt", "embed", "facets", "labels", "langs", "reply", "text"]);
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
        links: Lines(scratch.lines(limits::LINKS, links.filter(|link| !link.is_empty()))),
        mentions: Lines(scratch.idents(limits::MENTIONS, features().map(|f| f.get("did")).filter(|did| !did.is_null()))),
        media: embed.media,
        sensitive: labels.get("values").items().any(|label| SENSITIVE.contains(&label.get("val").str())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::{decode, outcome, post};

    const RECORD: &str = r#"{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T10:00:00Z","langs":["es","en"],"text":"hola",
        "reply":{"parent":{"cid":"c","uri":"at://did:plc:p/app.bsky.feed.post/1"},"root":{"cid":"c","uri":"at://did:plc:r/app.bsky.feed.post/0"}},
        "facets":[{"features":[{"$type":"app.bsky.richtext.facet#mention","did":"did:plc:m"}],"index":{"byteEnd":2,"byteStart":0}},
            {"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://e.mx/1"},{"$type":"app.bsky.richtext.facet#tag","tag":"x"}]}],
        "embed":{"$type":"app.bsky.embed.recordWithMedia","media":{"$type":"app.bsky.embed.external","external":{"uri":"https://e.mx/2","title":""}},
            "record":{"$type":"app.bsky.embed.record","record":{"cid":"c","uri":"at://did:plc:q/app.bsky.feed.post/2"}}}}"#;

    fn v1(operation: &str, collection: &str, record: &str) -> String {
        let record = record.replace('\n', " ");
        format!(
            r#"{{"did":"did:plc:a","time_us":1783159201000000,"kind":"commit","commit":{{"rev":"r","operation":"{operation}","collection":"{collection}","rkey":"k","record":{record},"cid":"c"}}}}"#
        )
    }

    fn v2(operation: &str, record: &str) -> String {
        let record = record.replace('\n', " ");
        format!(
            r##"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#commit","cid":"c","collection":"app.bsky.feed.post","did":"did:plc:a","operation":"{operation}","record":{record},"rev":"r","rkey":"k","seq":7,"time":"2026-07-04T10:00:01Z"}}}}"##
        )
    }

    #[test]
    fn both_versions_bring_the_same_post() {
        let expected = Post {
            at: Timestamp(1_783_159_200_000_000),
            network: "bluesky",
            id: "at://did:plc:a/app.bsky.feed.post/k",
            text: "hola",
            lang: "es",
            url: "https://bsky.app/profile/did:plc:a/post/k",
            author: Author { id: "did:plc:a", ..Author::default() },
            in_reply_to: Reference { id: "at://did:plc:p/app.bsky.feed.post/1", author: "", author_id: "did:plc:p" },
            quote_of: Reference { id: "at://did:plc:q/app.bsky.feed.post/2", author: "", author_id: "did:plc:q" },
            conversation_id: "at://did:plc:r/app.bsky.feed.post/0",
            links: Lines("https://e.mx/1\nhttps://e.mx/2"),
            mentions: Lines("did:plc:m"),
            ..Post::default()
        };
        let short = v1("c", POSTS, RECORD).replace("\"kind\":\"commit\"", "\"type\":\"com\"").replace("\"operation\"", "\"type\"");
        let unframed = v2("create", RECORD).replace(r#"{"$type":"message","payload":"#, "").replace("Z\"}}", "Z\"}");
        for frame in [v1("create", POSTS, RECORD), short, v2("create", RECORD), unframed] {
            assert_eq!(post("jetstream", &frame).get(), expected, "{frame}");
        }
        assert_eq!(post("jetstream", &v2("update", RECORD)).get(), Post { kind: Kind::Update, ..expected });
    }

    #[test]
    fn a_delete_keeps_id_author_and_the_time_of_the_event() {
        let expected = Post {
            kind: Kind::Delete,
            at: Timestamp(1_783_159_201_000_000),
            network: "bluesky",
            id: "at://did:plc:a/app.bsky.feed.post/k",
            author: Author { id: "did:plc:a", ..Author::default() },
            ..Post::default()
        };
        assert_eq!(post("jetstream", &v1("delete", POSTS, "null")).get(), expected);
        assert_eq!(post("jetstream", &v2("delete", "null")).get(), expected);
    }

    #[test]
    fn the_time_is_the_lesser_of_claimed_and_received() {
        // (createdAt, seconds after 10:00:00)
        let table = [("2026-07-04T09:59:59Z", -1), ("2026-07-04T10:00:09Z", 1), ("3026-07-04T10:00:00Z", 1), ("yesterday", 1), ("", 1)];
        for (claimed, seconds) in table {
            let frame = v1("create", POSTS, &format!(r#"{{"createdAt":"{claimed}","text":"t"}}"#));
            assert_eq!(post("jetstream", &frame).get().at, Timestamp(1_783_159_200_000_000 + seconds * 1_000_000), "{claimed}");
        }
    }

    #[test]
    fn embeds() {
        // (embed, media, links, quoted)
        let table = [
            (r#"{"$type":"app.bsky.embed.images","images":[{},{}]}"#, 1, "", ""),
            (r#"{"$type":"app.bsky.embed.video","video":{}}"#, 2, "", ""),
            (r#"{"$type":"app.bsky.embed.external","external":{"uri":"https://e.mx"}}"#, 0, "https://e.mx", ""),
            (r#"{"$type":"app.bsky.embed.record","record":{"uri":"at://d/app.bsky.feed.post/1"}}"#, 0, "", "at://d/app.bsky.feed.post/1"),
            (r#"{"$type":"app.bsky.embed.record","record":{"uri":"at://d/app.bsky.feed.generator/1"}}"#, 0, "", ""),
            (
                r#"{"$type":"app.bsky.embed.recordWithMedia","media":{"$type":"app.bsky.embed.images"},"record":{"record":{"uri":"at://d/app.bsky.feed.post/1"}}}"#,
                1,
                "",
                "at://d/app.bsky.feed.post/1",
            ),
            (r#"{"$type":"com.example.other"}"#, 0, "", ""),
            ("null", 0, "", ""),
        ];
        for (embed, media, links, quoted) in table {
            let post = post("jetstream", &v1("create", POSTS, &format!(r#"{{"text":"","embed":{embed}}}"#)));
            let post = post.get();
            assert_eq!((post.media.0, post.links.0, post.quote_of.id), (media, links, quoted), "{embed}");
        }
    }

    #[test]
    fn labels_of_the_author() {
        let table = [
            (r#"{"$type":"com.atproto.label.defs#selfLabels","values":[{"val":"nudity"}]}"#, true),
            (r#"{"values":[{"val":"!no-unauthenticated"},{"val":"graphic-media"}]}"#, true),
            (r#"{"values":[{"val":"!no-unauthenticated"}]}"#, false),
            (r#"{"values":[7,{},{"val":null}]}"#, false),
            (r#"{"values":{"val":"porn"}}"#, false),
            (r#"["porn"]"#, false),
            ("null", false),
        ];
        for (labels, expected) in table {
            let post = post("jetstream", &v1("create", POSTS, &format!(r#"{{"text":"","labels":{labels}}}"#)));
            assert_eq!(post.get().sensitive, expected, "{labels}");
        }
    }

    #[test]
    fn what_is_no_post_and_what_is_refused() {
        let text = r#"{"text":"t"}"#;
        let table = [
            (v1("create", "app.bsky.feed.like", text), "not_a_post"),
            (v1("create", "app.bsky.feed.repost", text), "not_a_post"),
            (v1("delete", "app.bsky.graph.follow", "null"), "not_a_post"),
            (v2("create", text).replace("feed.post", "feed.like"), "not_a_post"),
            (r#"{"did":"d","time_us":1,"kind":"identity","identity":{}}"#.into(), "not_a_post"),
            (r#"{"did":"d","time_us":1,"type":"acc","account":{}}"#.into(), "not_a_post"),
            (
                r##"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#account","did":"d"}}"##.into(),
                "not_a_post",
            ),
            (r#"{"$type":"error","error":"ConsumerTooSlow"}"#.into(), "not_a_post"),
            (v1("create", POSTS, text), "post"),
            (v1("create", POSTS, "null"), "shape"),
            (v1("create", POSTS, "{}"), "no_text"),
            (v1("create", POSTS, r#"{"text":7}"#), "no_text"),
            (v1("purge", POSTS, text), "shape"),
            (v1("create", POSTS, text).replace("\"rkey\":\"k\"", "\"rkey\":\"\""), "no_id"),
            (v1("create", POSTS, text).replace("did:plc:a", ""), "no_id"),
            (v1("create", POSTS, text).replace("1783159201000000", "null"), "bad_time"),
            (v1("delete", POSTS, text).replace("1783159201000000", "null"), "bad_time"),
            (v1("create", POSTS, text).replace("1783159201000000", "\"1783159201000000\""), "post"),
            (r#"{"kind":"commit"}"#.into(), "shape"),
            (r#"{"$type":"message"}"#.into(), "shape"),
            ("{}".into(), "shape"),
            ("[]".into(), "shape"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("jetstream", frame.as_bytes()), expected, "{frame}");
        }
    }

    #[test]
    fn links_are_bounded() {
        let features: Vec<String> = (0..1000).map(|i| format!(r#"{{"uri":"https://e.mx/{i}","did":"did:{i}"}}"#)).collect();
        let record = format!(r#"{{"text":"t","facets":[{{"features":[{}]}}]}}"#, features.join(","));
        let out = decode("jetstream", v1("create", POSTS, &record).as_bytes());
        let post = out.posts.get(0);
        assert_eq!((post.links.iter().count(), post.mentions.iter().count()), (limits::LINKS, limits::MENTIONS));
    }
}
