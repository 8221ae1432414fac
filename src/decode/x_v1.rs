//! Twitter's streams of version 1.1, and Gnip's activity streams.
//!
//! A status says its text in up to three places: `extended_tweet.full_text` or `full_text` is whole,
//! `text` may be cut. A retweet is read as a repost whose text, links and mentions are the original's;
//! the `RT @name:` in front is not what its author wrote. Notices (`limit`, `scrub_geo`, `warning`,
//! `disconnect`, ...) are no posts. A delete without `timestamp_ms` happened at [`Timestamp::MIN`].

mod gnip;

use super::{Format, Read, Single, Spec, count, is_edited, time, unescaped, x_url};
use crate::json::{Scratch, Value};
use crate::limits;
use crate::markup;
use crate::post::{Author, Counts, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "x-v1", new: |_: &Format| Single::boxed(read) };

/// First keys of the stream's messages that are no statuses.
const NOTICES: [&str; 16] = [
    "limit",
    "scrub_geo",
    "warning",
    "disconnect",
    "status_withheld",
    "user_withheld",
    "user_update",
    "friends",
    "friends_str",
    "event",
    "direct_message",
    "control",
    "for_user",
    "info",
    "error",
    "errors",
];

fn read<'a>(value: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    if !value.is_object() {
        return Err(Refused::Shape);
    }
    let status = Status::read(value);
    if status.text.as_str().is_some() {
        return post(&status, scratch).map(Some);
    }
    let [delete, object_type, verb] = value.fields(["delete", "objectType", "verb"]);
    if !delete.is_null() {
        return deletion(delete, scratch);
    }
    if !verb.is_null() || !object_type.is_null() {
        return gnip::read(value, scratch);
    }
    if value.entries().any(|(key, _)| NOTICES.contains(&key)) {
        return Ok(None);
    }
    Err(if status.user.is_object() { Refused::NoText } else { Refused::Shape })
}

/// `{"status": {"id_str", "user_id_str"}, "timestamp_ms"}`; anything else that is deleted is no post.
fn deletion<'a>(delete: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    let [status, at] = delete.fields(["status", "timestamp_ms"]);
    if !status.is_object() {
        return if delete.is_object() { Ok(None) } else { Err(Refused::Shape) };
    }
    let [id, id_str, user_id, user_id_str] = status.fields(["id", "id_str", "user_id", "user_id_str"]);
    let author = Author { id: either([user_id_str, user_id], scratch), ..Author::default() };
    let at = time(at).unwrap_or(Timestamp::MIN);
    Ok(Some(Post { kind: Kind::Delete, network: "x", id: either([id_str, id], scratch), at, author, ..Post::default() }))
}

/// An id as a string where there is one, as a number otherwise.
fn either<'a>([string, number]: [Value<'a>; 2], scratch: &mut Scratch<'a>) -> &'a str {
    string.as_str().unwrap_or_else(|| scratch.ident(number))
}

/// The keys of a status that are looked at.
struct Status<'a> {
    created_at: Value<'a>,
    id: [Value<'a>; 2],
    text: Value<'a>,
    source: Value<'a>,
    reply: [Value<'a>; 2],
    reply_user: [Value<'a>; 2],
    reply_handle: Value<'a>,
    user: Value<'a>,
    place: Value<'a>,
    quoted: Value<'a>,
    quoted_id: [Value<'a>; 2],
    retweeted: Value<'a>,
    counts: [Value<'a>; 4],
    entities: Value<'a>,
    media: Value<'a>,
    lang: Value<'a>,
    timestamp_ms: Value<'a>,
    sensitive: Value<'a>,
    edits: Value<'a>,
}

impl<'a> Status<'a> {
    fn read(value: Value<'a>) -> Status<'a> {
        let [created_at, id, id_str, text, full_text, source, r0, r1, u0, u1, reply_handle, user, place] = value.fields([
            "created_at",
            "id",
            "id_str",
            "text",
            "full_text",
            "source",
            "in_reply_to_status_id",
            "in_reply_to_status_id_str",
            "in_reply_to_user_id",
            "in_reply_to_user_id_str",
            "in_reply_to_screen_name",
            "user",
            "place",
        ]);
        let [quoted_id, quoted_id_str, sensitive, edits] =
            value.fields(["quoted_status_id", "quoted_status_id_str", "possibly_sensitive", "edit_history"]);
        let [quoted, retweeted, extended, quotes, replies, retweets, likes, entities, media, lang, timestamp_ms] = value.fields([
            "quoted_status",
            "retweeted_status",
            "extended_tweet",
            "quote_count",
            "reply_count",
            "retweet_count",
            "favorite_count",
            "entities",
            "extended_entities",
            "lang",
            "timestamp_ms",
        ]);
        let [long_text, long_entities, long_media] = extended.fields(["full_text", "entities", "extended_entities"]);
        let first = |values: [Value<'a>; 3]| values.into_iter().find(|v| !v.is_null()).unwrap_or(Value::NULL);
        Status {
            created_at,
            id: [id_str, id],
            text: first([long_text, full_text, text]),
            source,
            reply: [r1, r0],
            reply_user: [u1, u0],
            reply_handle,
            user,
            place,
            quoted,
            quoted_id: [quoted_id_str, quoted_id],
            retweeted,
            counts: [likes, replies, retweets, quotes],
            entities: first([long_entities, entities, Value::NULL]),
            media: first([long_media, media, Value::NULL]),
            lang,
            timestamp_ms,
            sensitive,
            edits: edits.get("edit_tweet_ids"),
        }
    }

    fn text(&self, scratch: &mut Scratch<'a>) -> &'a str {
        unescaped(self.text.str(), scratch)
    }

    /// This status as another refers to it.
    fn reference(&self, scratch: &mut Scratch<'a>) -> Reference<'a> {
        let [user_id, user_id_str, handle] = self.user.fields(["id", "id_str", "screen_name"]);
        Reference { id: either(self.id, scratch), author: handle.str(), author_id: either([user_id_str, user_id], scratch) }
    }
}

fn post<'a>(status: &Status<'a>, scratch: &mut Scratch<'a>) -> Result<Post<'a>, Refused> {
    let retweeted = Some(status.retweeted).filter(|v| v.is_object()).map(Status::read);
    // What was written: the original's, if this only repeats it.
    let written = retweeted.as_ref().unwrap_or(status);
    let author = author(status.user, scratch);
    let id = either(status.id, scratch);
    let quoted = Some(written.quoted).filter(|v| v.is_object()).map(Status::read);
    let quote_of = match &quoted {
        Some(quoted) => quoted.reference(scratch),
        None => Reference { id: either(written.quoted_id, scratch), ..Reference::default() },
    };
    let [likes, replies, reposts, quotes] = status.counts.map(count);
    let [place, country] = status.place.fields(["full_name", "country_code"]);
    let in_reply_to =
        Reference { id: either(status.reply, scratch), author: status.reply_handle.str(), author_id: either(status.reply_user, scratch) };
    Ok(Post {
        kind: if is_edited(status.edits) { Kind::Update } else { Kind::Create },
        at: time(status.timestamp_ms).or(time(status.created_at)).ok_or(Refused::BadTime)?,
        network: "x",
        id,
        text: written.text(scratch),
        lang: status.lang.str(),
        url: x_url(author.handle, id, scratch),
        author,
        in_reply_to,
        repost_of: retweeted.as_ref().map(|r| r.reference(scratch)).unwrap_or_default(),
        quote_of,
        quoted_text: quoted.map(|q| q.text(scratch)).unwrap_or(""),
        links: Lines(links(written.entities, scratch)),
        mentions: Lines(mentions(written.entities, scratch)),
        media: media(written.media, written.entities),
        place: place.str(),
        country: country.str(),
        source_app: markup::anchor(status.source.str()),
        counts: Counts { likes, replies, reposts, quotes, ..Counts::default() },
        sensitive: status.sensitive.bool() || written.sensitive.bool(),
        ..Post::default()
    })
}

fn author<'a>(user: Value<'a>, scratch: &mut Scratch<'a>) -> Author<'a> {
    let [id, id_str, name, handle, location, bio, verified, followers, following, listed, posts] = user.fields([
        "id",
        "id_str",
        "name",
        "screen_name",
        "location",
        "description",
        "verified",
        "followers_count",
        "friends_count",
        "listed_count",
        "statuses_count",
    ]);
    Author {
        id: either([id_str, id], scratch),
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

/// Links of an `entities` object, unwound where X did that.
fn links<'a>(entities: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let target = |url: Value<'a>| {
        let [short, expanded, unwound] = url.fields(["url", "expanded_url", "unwound"]);
        unwound.get("url").as_str().or(expanded.as_str()).unwrap_or(short.str())
    };
    scratch.lines(limits::LINKS, entities.get("urls").items().map(target))
}

fn mentions<'a>(entities: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let people = entities.get("user_mentions").items().map(|user| user.fields(["screen_name", "id_str"]));
    scratch.accounts(limits::MENTIONS, people.map(|[handle, id]| (id, handle.str(), "")))
}

/// `extended_entities` tells videos from pictures; `entities` has pictures alone.
fn media(extended: Value<'_>, entities: Value<'_>) -> Media {
    let mut media = Media::default();
    let attached = if extended.is_object() { extended } else { entities };
    for item in attached.get("media").items() {
        media.add(match item.get("type").str() {
            "animated_gif" => "gif",
            other => other,
        });
    }
    media
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::{outcome, post};
    use crate::post::Count;

    const ANA: &str = r#""user":{"id":11,"id_str":"11","screen_name":"ana","name":"Ana &amp; Co","followers_count":208}"#;
    const BOB: &str = r#""user":{"id":22,"id_str":"22","screen_name":"bob"}"#;

    fn status(more: &str) -> String {
        format!(r#"{{"created_at":"Tue Nov 17 03:18:33 +0000 2015","id":1,"id_str":"1","text":"corto…",{ANA}{more}}}"#)
    }

    #[test]
    fn a_status() {
        let frame = status(
            r#","source":"<a href=\"http://x\">Twitter Web</a>","in_reply_to_status_id_str":"9","in_reply_to_user_id":22,"in_reply_to_screen_name":"bob",
            "place":{"full_name":"Irving, TX","country_code":"US"},"favorite_count":3,"retweet_count":"4","lang":"es","timestamp_ms":"1447730313026","possibly_sensitive":true,"edit_history":{"initial_tweet_id":"1","edit_tweet_ids":["1"]},
            "entities":{"urls":[{"url":"https://t.co/1","expanded_url":"https://e.mx/1"},{"url":"https://t.co/2","expanded_url":null}],
                "user_mentions":[{"id_str":"22","screen_name":"bob"}],"media":[{"type":"photo"}]},
            "extended_entities":{"media":[{"type":"video"},{"type":"animated_gif"}]}"#,
        );
        let post = post("x-v1", &frame.replace('\n', " "));
        let expected = Post {
            at: Timestamp(1_447_730_313_026_000),
            network: "x",
            id: "1",
            text: "corto…",
            lang: "es",
            url: "https://x.com/ana/status/1",
            author: Author { id: "11", handle: "ana", name: "Ana &amp; Co", followers: Count::of(208), ..Author::default() },
            in_reply_to: Reference { id: "9", author: "bob", author_id: "22" },
            links: Lines("https://e.mx/1\nhttps://t.co/2"),
            mentions: Lines("22\n@bob"),
            media: Media(0b110),
            place: "Irving, TX",
            country: "US",
            source_app: "Twitter Web",
            counts: Counts { likes: Count::of(3), reposts: Count::of(4), ..Counts::default() },
            sensitive: true,
            ..Post::default()
        };
        assert_eq!(post.get(), expected);
    }

    #[test]
    fn the_whole_text_counts() {
        let table = [
            (status(""), "corto…"),
            (status(r#","full_text":"largo &amp;lt; 3""#), "largo &lt; 3"),
            (status(r#","truncated":true,"extended_tweet":{"full_text":"más largo"}"#), "más largo"),
            (status(r#","full_text":"largo","extended_tweet":{"full_text":"más largo"}"#), "más largo"),
        ];
        for (frame, expected) in table {
            assert_eq!(post("x-v1", &frame).get().text, expected, "{frame}");
        }
    }

    #[test]
    fn a_retweet_is_a_repost_with_the_text_of_the_original() {
        let original = format!(
            r#"{{"id_str":"7","text":"x…","possibly_sensitive":true,{BOB},"extended_tweet":{{"full_text":"original","entities":{{"urls":[{{"expanded_url":"https://e.mx"}}]}}}}}}"#
        );
        let quoted = format!(r#"{{"id_str":"8","text":"a &gt; b",{BOB}}}"#);
        let frame = status(&format!(r#","entities":{{"user_mentions":[{{"id_str":"22"}}]}},"retweeted_status":{original}"#));
        let retweet = post("x-v1", &frame);
        let retweet = retweet.get();
        assert_eq!((retweet.text, retweet.links.0, retweet.mentions.0), ("original", "https://e.mx", ""));
        assert_eq!(retweet.repost_of, Reference { id: "7", author: "bob", author_id: "22" });
        assert_eq!((retweet.id, retweet.author.handle, retweet.sensitive), ("1", "ana", true));

        let quote = post("x-v1", &status(&format!(r#","quoted_status":{quoted}"#)));
        assert_eq!((quote.get().text, quote.get().quoted_text), ("corto…", "a > b"));
        assert_eq!(quote.get().quote_of, Reference { id: "8", author: "bob", author_id: "22" });
        let unseen = post("x-v1", &status(r#","quoted_status_id_str":"8""#));
        assert_eq!(unseen.get().quote_of.id, "8");
        let bare = post("x-v1", &status(r#","quoted_status_id":8"#));
        assert_eq!(bare.get().quote_of.id, "8");
    }

    #[test]
    fn every_edit_is_an_update_with_an_id_of_its_own() {
        let edited = post("x-v1", &status(r#","edit_history":{"initial_tweet_id":"0","edit_tweet_ids":["0","1"]}"#));
        assert_eq!((edited.get().kind, edited.get().id), (Kind::Update, "1"));
        for history in ["null", "7", r#"{"edit_tweet_ids":[]}"#, r#"{"edit_tweet_ids":["1"]}"#, r#"{"edit_tweet_ids":{"0":1,"1":2}}"#] {
            let post = post("x-v1", &status(&format!(r#","edit_history":{history}"#)));
            assert_eq!(post.get().kind, Kind::Create, "{history}");
        }
    }

    #[test]
    fn a_delete_brings_id_author_and_time() {
        let frame = r#"{"delete":{"status":{"id":5,"id_str":"5","user_id":11,"user_id_str":"11"},"timestamp_ms":"1426814785590"}}"#;
        let expected = Post {
            kind: Kind::Delete,
            at: Timestamp(1_426_814_785_590_000),
            network: "x",
            id: "5",
            author: Author { id: "11", ..Author::default() },
            ..Post::default()
        };
        assert_eq!(post("x-v1", frame).get(), expected);
        let bare = post("x-v1", r#"{"delete":{"status":{"id":5,"user_id":11}}}"#);
        assert_eq!(bare.get(), Post { at: Timestamp::MIN, ..expected });
    }

    #[test]
    fn what_is_no_post_and_what_is_refused() {
        let table = [
            (r#"{"limit":{"track":29,"timestamp_ms":"1447730314926"}}"#.into(), "not_a_post"),
            (r#"{"scrub_geo":{"user_id":1,"up_to_status_id":2}}"#.into(), "not_a_post"),
            (r#"{"warning":{"code":"FALLING_BEHIND","percent_full":60}}"#.into(), "not_a_post"),
            (r#"{"disconnect":{"code":4,"reason":""}}"#.into(), "not_a_post"),
            (r#"{"delete":{"favorite":{}}}"#.into(), "not_a_post"),
            (status("").replace("Tue Nov", "Tue Foo"), "bad_time"),
            (status("").replace(r#""id":1,"id_str":"1","#, ""), "no_id"),
            (status("").replace(r#""id_str":"1","#, ""), "post"),
            (status("").replace(r#""text":"corto…","#, ""), "no_text"),
            (r#"{"delete":{"status":{}}}"#.into(), "no_id"),
            (r#"{"delete":7}"#.into(), "shape"),
            (r#"{"text":7}"#.into(), "shape"),
            ("{}".into(), "shape"),
            ("[]".into(), "shape"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("x-v1", frame.as_bytes()), expected, "{frame}");
        }
    }
}
