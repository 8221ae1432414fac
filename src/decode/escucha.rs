//! The native form: one JSON object a line, described by `docs/post.schema.json`.
//!
//! Only `id`, `created_at` and `text` are required, and of a delete only `id`: one without a time
//! happened at [`Timestamp::MIN`]. Unknown keys are ignored.

use super::{Format, Read, Single, Spec, count, kind_of, lower, time};
use crate::json::{Scratch, Value};
use crate::limits;
use crate::personal::Kinds;
use crate::post::{Author, Counts, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "escucha", new: |_: &Format| Single::boxed(read) };

/// Top-level keys in the order of the published form.
const KEYS: [&str; 20] = [
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
    "sensitive",
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
        sensitive,
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
        mentions: Lines(scratch.idents(limits::MENTIONS, mentions.items())),
        media: media_of(media),
        place: place_name.str(),
        country: country.str(),
        source_app: source_app.str(),
        counts: counts_of(counts),
        sensitive: sensitive.bool(),
        masked: Kinds::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::{outcome, post};

    #[test]
    fn every_field_has_its_place() {
        let frame = r#"{"id":"7","network":"Bluesky","created_at":"2026-07-04T10:00:00.123Z","text":"t","title":"ti","lang":"es","url":"https://u",
            "author":{"id":"a1","handle":"ah","name":"an","bio":"ab","location":"al","followers":208,"following":150,"posts":4000,"listed":2,"verified":true},
            "in_reply_to":{"id":"r","author":"ra","author_id":"r1"},"conversation_id":"c","repost_of":{"id":"p","author":"pa"},
            "quote_of":{"id":"q","author":"qa","text":"qt"},"counts":{"likes":0,"replies":1,"reposts":2,"quotes":3,"views":4},
            "links":["https://l1","https://l2"],"media":["image","video"],"mentions":["m1","m2"],
            "place":{"name":"pn","country":"MX"},"source_app":"s","sensitive":true,"kind":"update","unknown":{"id":"no"}}"#;
        let expected = Post {
            kind: Kind::Update,
            at: Timestamp(1_783_159_200_123_000),
            network: "bluesky",
            id: "7",
            text: "t",
            title: "ti",
            lang: "es",
            url: "https://u",
            author: Author {
                id: "a1",
                handle: "ah",
                name: "an",
                bio: "ab",
                location: "al",
                followers: crate::post::Count::of(208),
                following: crate::post::Count::of(150),
                posts: crate::post::Count::of(4000),
                listed: crate::post::Count::of(2),
                verified: true,
            },
            in_reply_to: Reference { id: "r", author: "ra", author_id: "r1" },
            repost_of: Reference { id: "p", author: "pa", author_id: "" },
            quote_of: Reference { id: "q", author: "qa", author_id: "" },
            quoted_text: "qt",
            conversation_id: "c",
            links: Lines("https://l1\nhttps://l2"),
            mentions: Lines("m1\nm2"),
            media: Media(3),
            place: "pn",
            country: "MX",
            source_app: "s",
            counts: Counts {
                likes: crate::post::Count::of(0),
                replies: crate::post::Count::of(1),
                reposts: crate::post::Count::of(2),
                quotes: crate::post::Count::of(3),
                views: crate::post::Count::of(4),
            },
            sensitive: true,
            masked: Kinds::default(),
        };
        assert_eq!(post("escucha", &frame.replace('\n', " ")).get(), expected);
    }

    #[test]
    fn what_is_required_and_what_is_not() {
        let table = [
            (r#"{"id":"1","created_at":0,"text":""}"#, "post"),
            (r#"{"id":1,"created_at":"0","text":"t","author":null,"counts":[],"links":"x","media":{}}"#, "post"),
            (r#"{"id":"1","created_at":0,"text":"t","author":{"followers":"208"},"kind":null}"#, "post"),
            (r#"{"id":"1","created_at":0,"text":"t","sensitive":null,"author":{"verified":7}}"#, "post"),
            (r#"{"id":"1","created_at":0,"text":"t","sensitive":{"a":[]}}"#, "post"),
            (r#"{"id":"1","kind":"delete"}"#, "post"),
            (r#"{"id":"1","kind":"delete","created_at":"soon"}"#, "bad_time"),
            (r#"{"created_at":0,"text":"t"}"#, "no_id"),
            (r#"{"id":"","created_at":0,"text":"t"}"#, "no_id"),
            (r#"{"id":1.5,"created_at":0,"text":"t"}"#, "no_id"),
            (r#"{"id":"1","text":"t"}"#, "bad_time"),
            (r#"{"id":"1","created_at":"x","text":"t"}"#, "bad_time"),
            (r#"{"id":"1","created_at":{},"text":"t"}"#, "bad_time"),
            (r#"{"id":"1","created_at":0}"#, "no_text"),
            (r#"{"id":"1","created_at":0,"text":null}"#, "no_text"),
            (r#"{"id":"1","created_at":0,"text":["t"]}"#, "no_text"),
            (r#"{"id":"1","created_at":0,"text":"t","kind":"like"}"#, "shape"),
            (r#"{"id":"1","created_at":0,"text":"t","kind":1}"#, "shape"),
            ("[]", "shape"),
            ("null", "shape"),
            ("\"text\"", "shape"),
            ("1", "shape"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("escucha", frame.as_bytes()), expected, "{frame}");
        }
        assert_eq!(post("escucha", r#"{"id":"1","kind":"delete"}"#).get().at, Timestamp::MIN);
    }

    #[test]
    fn numbers_come_as_strings_too() {
        let frame = r#"{"id":18446744073709551615,"created_at":"1604083524","text":"t","author":{"id":7,"followers":"208","following":"x","posts":-1,"listed":2.0}}"#;
        let post = post("escucha", frame);
        let Author { id, followers, following, posts, listed, .. } = post.get().author;
        assert_eq!((post.get().id, id), ("18446744073709551615", "7"));
        assert_eq!([followers, following, posts, listed].map(|n| n.get()), [Some(208), None, None, Some(2)]);
    }

    #[test]
    fn the_last_of_two_ids_counts() {
        assert_eq!(post("escucha", r#"{"id":"1","created_at":0,"text":"a","id":"2"}"#).get().id, "2");
    }

    #[test]
    fn the_schema_and_the_decoder_name_the_same_keys() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/post.schema.json")).expect("JSON");
        let properties = schema["properties"].as_object().expect("properties");
        let mut keys = KEYS.to_vec();
        keys.sort_unstable();
        let mut named: Vec<&str> = properties.keys().map(String::as_str).collect();
        named.sort_unstable();
        assert_eq!(keys, named);
        for example in schema["examples"].as_array().expect("examples") {
            assert_eq!(outcome("escucha", example.to_string().as_bytes()), "post");
        }
    }
}
