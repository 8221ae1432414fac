//! X API version 2: objects of the filtered stream and pages of search, with their `includes`.
//!
//! Authors, referenced posts, media and places are looked up in `includes`; each post in `data` is
//! one item. Where the request asked for less than everything, what can be known without is taken:
//! the time from the id, and a repost from the `RT @name:` that X puts in front of it.

use super::{Decoded, Decoder, Format, Read, Spec, count, is_edited, time, unescaped, x_url};
use crate::dates;
use crate::json::{Pages, Parser, Scratch, Value};
use crate::limits;
use crate::markup;
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
    if data.is_object() && data.get("text").is_null() && data.entries().any(|(key, v)| v.is_object() && COMPLIANCE.contains(&key)) {
        match data.get("delete") {
            delete if delete.get("tweet").is_object() => out.admit(deletion(delete, &mut pages.start())),
            _ => out.not_a_post(),
        }
    } else if data.is_object() || data.items().next().is_some() {
        let includes = Includes::read(includes);
        let mut left = limits::PAGE_BYTES;
        for (i, item) in data.items().chain(Some(data).filter(|d| d.is_object())).enumerate() {
            if i >= limits::POSTS_PER_FRAME || left == 0 {
                out.refuse(Refused::TooLong);
                continue;
            }
            let read = post(item, &includes, &mut pages.start());
            // One long string in `includes` can be referred to by every post of a page.
            left = left.saturating_sub(read.as_ref().map_or(0, |p| p.map_or(0, |p| p.bytes())));
            out.admit(read);
        }
    } else if delete.is_object() {
        out.admit(deletion(delete, &mut pages.start()));
    } else if data.is_array() || value.entries().any(|(key, _)| NOTICES.contains(&key)) {
        out.not_a_post();
    } else {
        out.refuse(Refused::Shape);
    }
}

/// Keys of `data` in the messages of the compliance streams, each with what happened to a post, a like
/// or an account. Only a deleted post is an item of ours.
const COMPLIANCE: [&str; 15] = [
    "delete",
    "drop",
    "undrop",
    "withheld",
    "tweet_edit",
    "scrub_geo",
    "user_delete",
    "user_undelete",
    "user_protect",
    "user_unprotect",
    "user_suspend",
    "user_unsuspend",
    "user_withheld",
    "user_profile_modification",
    "user_scrub_geo",
];

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
        Includes {
            users: sorted(users, "id"),
            posts: sorted(tweets, "id"),
            media: sorted(media, "media_key"),
            places: sorted(places, "id"),
        }
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
    let [id, author_id, conversation_id, created_at, edits, geo, lang, sensitive, metrics, references, source, own_text] = item.fields([
        "id",
        "author_id",
        "conversation_id",
        "created_at",
        "edit_history_tweet_ids",
        "geo",
        "lang",
        "possibly_sensitive",
        "public_metrics",
        "referenced_tweets",
        "source",
        "text",
    ]);
    own_text.as_str().ok_or(Refused::NoText)?;
    let id = scratch.ident(id);
    let at = if created_at.is_null() { dates::from_snowflake(id) } else { time(created_at) };
    let author = author(scratch.ident(author_id), includes);
    let referenced = Referenced::read(references);
    let written = Written::read(item, referenced, includes, scratch);
    let place_id = geo.get("place_id").str();
    let [place, country] = find(&includes.places, place_id).fields(["full_name", "country_code"]);
    let entities = written.post.get("entities");
    let quoted = find(&includes.posts, written.quoted);
    Ok(Some(Post {
        kind: if is_edited(edits) { Kind::Update } else { Kind::Create },
        at: at.ok_or(Refused::BadTime)?,
        network: "x",
        id,
        text: written.text,
        lang: lang.str(),
        url: x_url(author.handle, id, scratch),
        author,
        in_reply_to: answered(item, referenced.replied_to, includes),
        repost_of: written.repost_of,
        quote_of: reference(written.quoted, quoted, includes),
        quoted_text: text(quoted, scratch),
        conversation_id: scratch.ident(conversation_id),
        links: Lines(links(entities, scratch)),
        mentions: Lines(mentions(entities, scratch)),
        media: media(written.post, includes),
        // Without the place itself its id still tells that there is one.
        place: place.as_str().unwrap_or(place_id),
        country: country.str(),
        source_app: markup::anchor(source.str()),
        counts: counts(metrics),
        sensitive: sensitive.bool() || written.post.get("possibly_sensitive").bool(),
        ..Post::default()
    }))
}

/// What was written: the original's, if a post only repeats it and the original is included.
struct Written<'a> {
    post: Value<'a>,
    text: &'a str,
    repost_of: Reference<'a>,
    quoted: &'a str,
}

impl<'a> Written<'a> {
    fn read(item: Value<'a>, referenced: Referenced<'a>, includes: &Includes<'a>, scratch: &mut Scratch<'a>) -> Written<'a> {
        let original = find(&includes.posts, referenced.retweeted);
        let repost_of = reference(referenced.retweeted, original, includes);
        if original.is_object() {
            let quoted = Referenced::read(original.get("referenced_tweets")).quoted;
            return Written { post: original, text: text(original, scratch), repost_of, quoted };
        }
        let (author, text) = retweet_prefix(text(item, scratch));
        Written { post: item, text, repost_of: Reference { author, ..repost_of }, quoted: referenced.quoted }
    }
}

/// What a post answers. Where the answered post is not included, the account is still known.
fn answered<'a>(item: Value<'a>, id: &'a str, includes: &Includes<'a>) -> Reference<'a> {
    let parent = reference(id, find(&includes.posts, id), includes);
    let author_id = if parent.author_id.is_empty() { item.get("in_reply_to_user_id").str() } else { parent.author_id };
    if author_id.is_empty() {
        return parent;
    }
    let author = match includes.handle(author_id) {
        "" => mentioned(item, author_id),
        handle => handle,
    };
    Reference { author, author_id, ..parent }
}

/// The handle of the account `id`, as the post mentions it.
fn mentioned<'a>(post: Value<'a>, id: &str) -> &'a str {
    let mut mentions = post.get("entities").get("mentions").items().map(|m| m.fields(["id", "username"]));
    mentions.find(|[mentioned, _]| mentioned.str() == id).map_or("", |[_, handle]| handle.str())
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
    let [handle, name, bio, location, verified, badge, metrics] =
        includes.user(id).fields(["username", "name", "description", "location", "verified", "verified_type", "public_metrics"]);
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
        // `blue`, `business` or `government`.
        verified: verified.bool() || badge.as_str().is_some_and(|badge| badge != "none"),
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

fn mentions<'a>(entities: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let people = entities.get("mentions").items().map(|m| m.fields(["id", "username"]));
    scratch.accounts(limits::MENTIONS, people.map(|[id, handle]| (id, handle.str(), "")))
}

fn media(post: Value<'_>, includes: &Includes<'_>) -> Media {
    let mut media = Media::default();
    for key in post.get("attachments").get("media_keys").items().take(limits::LINKS) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::{decode, outcome, post};
    use crate::post::Count;

    const INCLUDES: &str = r#""includes":{"users":[{"id":"22","username":"bob"},
        {"id":"11","username":"ana","name":"Ana","description":"bio","location":"CDMX","verified":true,"public_metrics":{"followers_count":208,"following_count":1,"tweet_count":2,"listed_count":3}}],
        "tweets":[{"id":"8","author_id":"22","text":"citado"},{"id":"7","author_id":"22","text":"orig…","possibly_sensitive":true,"note_tweet":{"text":"original &lt;3"},
            "referenced_tweets":[{"type":"quoted","id":"8"}],"entities":{"mentions":[{"id":"33","username":"eva"}]}}],
        "media":[{"media_key":"3_1","type":"photo"},{"media_key":"7_1","type":"animated_gif"}],"places":[{"id":"p","full_name":"Irving, TX","country_code":"US"}]}"#;

    fn frame(data: &str) -> String {
        format!(r#"{{"data":{data},{INCLUDES},"matching_rules":[]}}"#).replace('\n', " ")
    }

    fn data(more: &str) -> String {
        format!(
            r#"{{"id":"1490448039991025664","author_id":"11","created_at":"2022-02-06T22:11:18.000Z","text":"hola &amp; adiós"{more}}}"#
        )
    }

    #[test]
    fn a_post_with_all_it_refers_to() {
        let more = r#","conversation_id":"5","in_reply_to_user_id":"22","lang":"es","source":"Twitter Web","geo":{"place_id":"p"},"possibly_sensitive":true,"edit_history_tweet_ids":["1490448039991025664"],
            "public_metrics":{"retweet_count":1,"reply_count":2,"like_count":3,"quote_count":4,"impression_count":5},
            "referenced_tweets":[{"type":"replied_to","id":"6"},{"type":"quoted","id":"8"}],"attachments":{"media_keys":["3_1","7_1","none"]},
            "entities":{"urls":[{"url":"https://t.co/1","expanded_url":"https://e.mx/1","unwound_url":"https://e.mx/2"},{"expanded_url":"https://x.com/photo/1","media_key":"3_1"}],"mentions":[{"id":"22","username":"bob"}]}"#;
        let expected = Post {
            at: Timestamp(1_644_185_478_000_000),
            network: "x",
            id: "1490448039991025664",
            text: "hola & adiós",
            lang: "es",
            url: "https://x.com/ana/status/1490448039991025664",
            author: Author {
                id: "11",
                handle: "ana",
                name: "Ana",
                bio: "bio",
                location: "CDMX",
                followers: Count::of(208),
                following: Count::of(1),
                posts: Count::of(2),
                listed: Count::of(3),
                verified: true,
            },
            in_reply_to: Reference { id: "6", author: "bob", author_id: "22" },
            quote_of: Reference { id: "8", author: "bob", author_id: "22" },
            quoted_text: "citado",
            conversation_id: "5",
            links: Lines("https://e.mx/2"),
            mentions: Lines("22\n@bob"),
            media: Media(0b101),
            place: "Irving, TX",
            country: "US",
            source_app: "Twitter Web",
            counts: Counts { likes: Count::of(3), replies: Count::of(2), reposts: Count::of(1), quotes: Count::of(4), views: Count::of(5) },
            sensitive: true,
            ..Post::default()
        };
        assert_eq!(post("x-v2", &frame(&data(more))).get(), expected);
    }

    #[test]
    fn a_retweet_has_the_text_of_the_original() {
        let retweet = post("x-v2", &frame(&data(r#","referenced_tweets":[{"type":"retweeted","id":"7"}]"#)));
        let retweet = retweet.get();
        assert_eq!((retweet.text, retweet.mentions.0), ("original <3", "33\n@eva"));
        assert_eq!(retweet.repost_of, Reference { id: "7", author: "bob", author_id: "22" });
        assert_eq!((retweet.quote_of.id, retweet.quoted_text, retweet.sensitive), ("8", "citado", true));
    }

    #[test]
    fn a_retweet_is_known_by_its_prefix_too() {
        // (text, text kept, repost_of)
        let table = [
            ("RT @bob: hola…", "hola…", "bob"),
            ("RT @bob hola", "RT @bob hola", ""),
            ("RT @bob y eva: hola", "RT @bob y eva: hola", ""),
            ("RT @: hola", "RT @: hola", ""),
            ("hola RT @bob: hola", "hola RT @bob: hola", ""),
        ];
        for (text, kept, author) in table {
            let frame = format!(r#"{{"data":{{"id":"1490448039991025664","text":"{text}"}}}}"#);
            let post = post("x-v2", &frame);
            assert_eq!((post.get().text, post.get().repost_of.author), (kept, author), "{text}");
        }
    }

    #[test]
    fn what_was_asked_for_in_part() {
        let edited = post("x-v2", &frame(&data(r#","edit_history_tweet_ids":["1490448039991025000","1490448039991025664"]"#)));
        assert_eq!((edited.get().kind, edited.get().id), (Kind::Update, "1490448039991025664"), "every version has an id of its own");
        let placed = post("x-v2", r#"{"data":{"id":"1490448039991025664","text":"t","geo":{"place_id":"01a9a39529b27f36"}}}"#);
        assert_eq!((placed.get().place, placed.get().country), ("01a9a39529b27f36", ""));
        for (badge, verified) in [(r#""blue""#, true), (r#""none""#, false), ("null", false), ("7", false)] {
            let users = format!(r#"{{"users":[{{"id":"11","verified_type":{badge}}}]}}"#);
            let post = post("x-v2", &format!(r#"{{"data":{},"includes":{users}}}"#, data("")));
            assert_eq!(post.get().author.verified, verified, "{badge}");
        }
        let linked = post("x-v2", &frame(&data(r#","source":"<a href=\"https://e.mx\" rel=\"nofollow\">Mi app</a>""#)));
        assert_eq!(linked.get().source_app, "Mi app");
    }

    #[test]
    fn the_least_a_request_can_ask_for() {
        let post = post("x-v2", r#"{"data":{"id":"1490448039991025664","text":"hola"}}"#);
        assert_eq!(post.get().at.second(), 1_644_185_478);
        assert_eq!(post.get().url, "https://x.com/i/status/1490448039991025664");
    }

    #[test]
    fn every_post_of_a_page_is_an_item() {
        let page = format!("[{},{},7,{{}},{}]", data(""), data("").replace("text", "txet"), data("").replace("2022-02-06T", "2022-02-31T"));
        let out = decode("x-v2", frame(&page).as_bytes());
        let reasons: Vec<&str> = out.refusals.iter().map(|(_, r)| r.as_str()).collect();
        assert_eq!((out.items, out.posts.len(), reasons.as_slice()), (5, 1, ["no_text", "shape", "no_text", "bad_time"].as_slice()));
        let many = format!("[{}]", vec![r#"{"id":"1490448039991025664","text":""}"#; limits::POSTS_PER_FRAME + 2].join(","));
        let out = decode("x-v2", frame(&many).as_bytes());
        assert_eq!((out.posts.len(), out.refused[Refused::TooLong as usize]), (limits::POSTS_PER_FRAME, 2));
    }

    #[test]
    fn a_page_does_not_grow_without_bound() {
        let long = format!(r#""includes":{{"tweets":[{{"id":"7","text":"{}"}}]}}"#, "a".repeat(900_000));
        let posts = vec![data(r#","referenced_tweets":[{"type":"retweeted","id":"7"}]"#); 500].join(",");
        let out = decode("x-v2", format!(r#"{{"data":[{posts}],{long}}}"#).as_bytes());
        assert_eq!(out.items, 500);
        assert!(out.posts.iter().map(|p| p.text.len()).sum::<usize>() <= limits::PAGE_BYTES);
        assert!(!out.posts.is_empty() && out.refused[Refused::TooLong as usize] > 0);
    }

    #[test]
    fn every_string_of_a_page_is_charged() {
        // None of it is a text, a quoted text or a profile.
        let name = format!(r#""includes":{{"users":[{{"id":"11","name":"{}"}}]}}"#, "a".repeat(800_000));
        let posts = vec![data(""); 500].join(",");
        let out = decode("x-v2", format!(r#"{{"data":[{posts}],{name}}}"#).as_bytes());
        assert_eq!((out.items, out.posts.len()), (500, limits::PAGE_BYTES.div_ceil(800_000)));
    }

    #[test]
    fn a_deletion_of_the_compliance_stream() {
        let gone = post("x-v2", r#"{"data":{"delete":{"tweet":{"id":"1","author_id":"11"},"event_at":"2022-02-06T22:11:18Z"}}}"#);
        let gone = gone.get();
        assert_eq!((gone.kind, gone.id, gone.author.id, gone.at), (Kind::Delete, "1", "11", Timestamp(1_644_185_478_000_000)));
    }

    #[test]
    fn what_is_no_post_and_what_is_refused() {
        let table = [
            (r#"{"data":{"delete":{"tweet":{}}}}"#, "no_id"),
            (r#"{"data":{"delete":{"favorite":{"id":"1","user_id":"11"}}}}"#, "not_a_post"),
            (r#"{"data":{"withheld":{"tweet":{"id":"1"},"withheld_in_countries":["XY"]}}}"#, "not_a_post"),
            (r#"{"data":{"drop":{"tweet":{"id":"1"}}}}"#, "not_a_post"),
            (r#"{"data":{"undrop":{"tweet":{"id":"1"}}}}"#, "not_a_post"),
            (r#"{"data":{"tweet_edit":{"tweet":{"id":"2"}}}}"#, "not_a_post"),
            (r#"{"data":{"user_protect":{"user":{"id":"2"}}}}"#, "not_a_post"),
            (r#"{"data":{"unknown":{"tweet":{"id":"2"}}}}"#, "no_text"),
            (r#"{"data":{"id":"1490448039991025664","text":"t","delete":{"tweet":{"id":"1"}}}}"#, "post"),
            (r#"{"errors":[{"title":"operational-disconnect"}]}"#, "not_a_post"),
            (r#"{"title":"ConnectionException","detail":"…"}"#, "not_a_post"),
            (r#"{"meta":{"result_count":0}}"#, "not_a_post"),
            (r#"{"data":[],"meta":{}}"#, "not_a_post"),
            (r#"{"delete":{"tweet":{"id":"1","author_id":"11"},"event_at":"2022-02-06T22:11:18Z"}}"#, "post"),
            (r#"{"delete":{"tweet":{}}}"#, "no_id"),
            (r#"{"data":{"text":"t","created_at":0}}"#, "no_id"),
            (r#"{"data":{"id":"20","text":"t"}}"#, "bad_time"),
            (r#"{"data":{"id":1490448039991025664,"text":"t"}}"#, "post"),
            (r#"{"data":7}"#, "shape"),
            (r#"{"data":[7]}"#, "shape"),
            ("{}", "shape"),
            ("[]", "shape"),
            ("7", "shape"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("x-v2", frame.as_bytes()), expected, "{frame}");
        }
    }
}
