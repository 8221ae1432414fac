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
    let [following, followers, listed, posts] =
        actor.fields(["friendsCount", "followersCount", "listedCount", "statusesCount"]).map(count);
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
