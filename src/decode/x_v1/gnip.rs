//! Gnip's (PowerTrack's) activity streams: the same posts in the vocabulary of Activity Streams 1.0.

use super::{links, media, mentions};
use crate::decode::{Read, count, time, unescaped, x_url};
use crate::json::{Scratch, Value};
use crate::markup;
use crate::post::{Author, Counts, Kind, Lines, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

/// Reads an activity: `post` and `share` are posts, `delete` is a delete, other verbs are no posts.
pub(super) fn read<'a>(activity: Value<'a>, scratch: &mut Scratch<'a>) -> Read<'a> {
    let [id, verb, object, actor] = activity.fields(["id", "verb", "object", "actor"]);
    let kind = match verb.str() {
        "post" | "share" => Kind::Create,
        "delete" => Kind::Delete,
        _ => return Ok(None),
    };
    if kind == Kind::Delete {
        let [deleted, at] = [object.get("id"), activity.get("timestampMs")];
        let at = time(at).or(time(activity.get("postedTime"))).unwrap_or(Timestamp::MIN);
        let author = Author { id: number(actor.get("id").str()), ..Author::default() };
        return Ok(Some(Post { kind, at, network: "x", id: number(deleted.str()), author, ..Post::default() }));
    }
    // What was written: the original's, if this only repeats it.
    let shared = Some(object).filter(|_| verb.str() == "share");
    let written = shared.unwrap_or(activity);
    let quoted = written.get("twitter_quoted_status");
    let id = number(id.str());
    let author = author(actor);
    let entities = entities(written);
    let [place, country] = activity.get("location").fields(["displayName", "twitter_country_code"]);
    let [likes, reposts] = [activity.get("favoritesCount"), activity.get("retweetCount")].map(count);
    Ok(Some(Post {
        at: time(activity.get("postedTime")).ok_or(Refused::BadTime)?,
        network: "x",
        id,
        text: text(written, scratch).ok_or(Refused::NoText)?,
        lang: activity.get("twitter_lang").str(),
        url: x_url(author.handle, id, scratch),
        author,
        in_reply_to: answered(activity.get("inReplyTo").get("link").str()),
        repost_of: shared.map(reference).unwrap_or_default(),
        quote_of: Some(quoted).filter(|q| q.is_object()).map(reference).unwrap_or_default(),
        quoted_text: text(quoted, scratch).unwrap_or(""),
        links: Lines(links(entities, scratch)),
        mentions: Lines(mentions(entities, scratch)),
        media: media(written.get("twitter_extended_entities"), entities),
        place: place.str(),
        country: country.str(),
        source_app: markup::anchor(activity.get("generator").get("displayName").str()),
        counts: Counts { likes, reposts, ..Counts::default() },
        ..Post::default()
    }))
}

/// The number at the end of `tag:search.twitter.com,2005:1234` or `id:twitter.com:1234`.
fn number(id: &str) -> &str {
    id.rsplit(':').next().unwrap_or("")
}

/// The whole text, `long_object.body`, or the `body`.
fn text<'a>(activity: Value<'a>, scratch: &mut Scratch<'a>) -> Option<&'a str> {
    let [body, long] = activity.fields(["body", "long_object"]);
    let text = long.get("body").as_str().or(body.as_str())?;
    Some(unescaped(text, scratch))
}

fn entities(activity: Value<'_>) -> Value<'_> {
    let [short, long] = activity.fields(["twitter_entities", "long_object"]);
    Some(long.get("twitter_entities")).filter(|v| v.is_object()).unwrap_or(short)
}

fn author(actor: Value<'_>) -> Author<'_> {
    let [id, name, handle, bio, location, verified] =
        actor.fields(["id", "displayName", "preferredUsername", "summary", "location", "verified"]);
    let [following, followers, listed, posts] = actor.fields(["friendsCount", "followersCount", "listedCount", "statusesCount"]).map(count);
    Author {
        id: number(id.str()),
        handle: handle.str(),
        name: name.str(),
        bio: bio.str(),
        location: location.get("displayName").str(),
        followers,
        following,
        posts,
        listed,
        verified: verified.bool(),
    }
}

/// An activity as another refers to it.
fn reference(activity: Value<'_>) -> Reference<'_> {
    let [id, actor] = activity.fields(["id", "actor"]);
    let Author { id: author_id, handle, .. } = author(actor);
    Reference { id: number(id.str()), author: handle, author_id }
}

/// `http://twitter.com/name/statuses/1234`.
fn answered(link: &str) -> Reference<'_> {
    let mut parts = link.rsplit('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some("statuses" | "status"), Some(author)) => Reference { id, author, author_id: "" },
        _ => Reference::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::{outcome, post};
    use crate::post::{Count, Media};

    const ACTOR: &str = r#""actor":{"id":"id:twitter.com:11","preferredUsername":"ana","displayName":"Ana","summary":"bio","followersCount":208,"location":{"displayName":"CDMX"}}"#;
    const OTHER: &str = r#""actor":{"id":"id:twitter.com:22","preferredUsername":"bob"}"#;

    fn activity(verb: &str, more: &str) -> String {
        format!(
            r#"{{"id":"tag:search.twitter.com,2005:1","objectType":"activity","verb":"{verb}","postedTime":"2015-11-17T03:18:33.000Z","body":"corto &amp; …",{ACTOR}{more}}}"#
        )
    }

    #[test]
    fn a_post() {
        let frame = activity(
            "post",
            r#","inReplyTo":{"link":"http://twitter.com/bob/statuses/9"},"twitter_lang":"es","generator":{"displayName":"Twitter Web"},
            "long_object":{"body":"largo","twitter_entities":{"urls":[{"expanded_url":"https://e.mx"}],"user_mentions":[{"id_str":"22"}],"media":[{"type":"photo"}]}},
            "location":{"displayName":"Irving, TX","twitter_country_code":"US"},"favoritesCount":3"#,
        );
        let expected = Post {
            at: Timestamp(1_447_730_313_000_000),
            network: "x",
            id: "1",
            text: "largo",
            lang: "es",
            url: "https://x.com/ana/status/1",
            author: Author {
                id: "11",
                handle: "ana",
                name: "Ana",
                bio: "bio",
                location: "CDMX",
                followers: Count::of(208),
                ..Author::default()
            },
            in_reply_to: Reference { id: "9", author: "bob", author_id: "" },
            links: Lines("https://e.mx"),
            mentions: Lines("22"),
            media: Media(1),
            place: "Irving, TX",
            country: "US",
            source_app: "Twitter Web",
            counts: Counts { likes: Count::of(3), ..Counts::default() },
            ..Post::default()
        };
        assert_eq!(post("x-v1", &frame.replace('\n', " ")).get(), expected);
    }

    #[test]
    fn a_share_is_a_repost() {
        let object = format!(r#"{{"id":"tag:search.twitter.com,2005:7","verb":"post","body":"original",{OTHER}}}"#);
        let share = post("x-v1", &activity("share", &format!(r#","object":{object}"#)));
        assert_eq!(share.get().text, "original");
        assert_eq!(share.get().repost_of, Reference { id: "7", author: "bob", author_id: "22" });
        let quote = post("x-v1", &activity("post", &format!(r#","twitter_quoted_status":{object}"#)));
        assert_eq!((quote.get().text, quote.get().quoted_text, quote.get().quote_of.id), ("corto & …", "original", "7"));
    }

    #[test]
    fn deletes_and_others() {
        let delete = r#"{"id":"tag:search.twitter.com,2005:2","objectType":"activity","verb":"delete","object":{"id":"tag:search.twitter.com,2005:7"},"timestampMs":"2015-11-17T03:18:33.000Z"}"#;
        let post = post("x-v1", delete);
        assert_eq!((post.get().kind, post.get().id, post.get().at), (Kind::Delete, "7", Timestamp(1_447_730_313_000_000)));
        let table = [
            (activity("scrub_geo", ""), "not_a_post"),
            (activity("post", "").replace("2015-", "15-"), "bad_time"),
            (activity("post", "").replace("\"body\"", "\"bodi\""), "no_text"),
            (activity("share", ""), "no_text"),
            (r#"{"verb":"delete"}"#.into(), "no_id"),
            (r#"{"info":{"message":"Replay Request Completed"}}"#.into(), "not_a_post"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("x-v1", frame.as_bytes()), expected, "{frame}");
        }
    }
}
