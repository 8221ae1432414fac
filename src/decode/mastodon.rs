//! Mastodon and what speaks its API: statuses, alone or in the messages of the streaming API
//! (`{"stream", "event", "payload"}`, whose payload is JSON in a string).
//!
//! The id is the server's own (`id`), because that is all a delete brings: a delete must find its
//! status. It is made of a time in milliseconds and 16 more bits, so that two servers hardly ever
//! give one id to two statuses; but the same status read from two servers has two ids and counts
//! twice. Listen to one server. A delete has no time: it happened at [`Timestamp::MIN`].

use super::{Decoded, Decoder, Format, Read, Spec, count, time};
use crate::json::{Pages, Parser, Scratch, Value};
use crate::limits;
use crate::markup;
use crate::post::{Author, Counts, Kind, Lines, Media, Post, Reference};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "mastodon", new: |_: &Format| Box::<Mastodon>::default() };

#[derive(Default)]
struct Mastodon {
    parser: Parser,
    inner: Parser,
    payload: Vec<u8>,
    pages: Pages,
}

/// What a frame turned out to be.
enum Message {
    Done,
    /// A status in `Mastodon::payload`.
    Payload(Kind),
}

impl Decoder for Mastodon {
    fn decode(&mut self, frame: &mut [u8], out: &mut Decoded) {
        let Mastodon { parser, inner, payload, pages } = self;
        let message = match parser.parse(frame, |value| message(value, payload, pages, out)) {
            Ok(message) => message,
            Err(reason) => return out.refuse(reason),
        };
        if let Message::Payload(kind) = message
            && let Err(reason) = inner.parse(payload, |value| out.admit(status(value, kind, &mut pages.start())))
        {
            out.refuse(reason);
        }
    }
}

fn message(value: Value<'_>, payload: &mut Vec<u8>, pages: &mut Pages, out: &mut Decoded) -> Message {
    let [event, content] = value.fields(["event", "payload"]);
    let kind = match event.as_str() {
        None => {
            out.admit(status(value, Kind::Create, &mut pages.start()));
            return Message::Done;
        }
        Some("update") => Kind::Create,
        Some("status.update") => Kind::Update,
        Some("delete") => {
            let mut scratch = pages.start();
            let id = scratch.ident(content);
            out.admit(Ok(Some(Post { kind: Kind::Delete, network: "mastodon", id, at: Timestamp::MIN, ..Post::default() })));
            return Message::Done;
        }
        // Notifications, conversations, announcements, changed filters.
        Some(_) => {
            out.not_a_post();
            return Message::Done;
        }
    };
    match content.as_str() {
        Some(json) => {
            payload.clear();
            payload.extend_from_slice(json.as_bytes());
            Message::Payload(kind)
        }
        None => {
            out.admit(status(content, kind, &mut pages.start()));
            Message::Done
        }
    }
}

fn status<'a>(value: Value<'a>, kind: Kind, scratch: &mut Scratch<'a>) -> Read<'a> {
    let [id, created_at, title, lang, url, reblog, application, account, content, error] =
        value.fields(["id", "created_at", "spoiler_text", "language", "url", "reblog", "application", "account", "content", "error"]);
    if error.as_str().is_some() && content.is_null() {
        return Ok(None);
    }
    if !value.is_object() || !account.is_object() {
        return Err(Refused::Shape);
    }
    // What was written: the original's, if this only repeats it.
    let boosts = reblog.is_object();
    let written = if boosts { reblog } else { value };
    let html = if boosts { reblog.get("content") } else { content }.as_str().ok_or(Refused::NoText)?;
    let [replies, reposts, likes, quotes] =
        written.fields(["replies_count", "reblogs_count", "favourites_count", "quotes_count"]).map(count);
    let [quote, edited_at, sensitive, card] = written.fields(["quote", "edited_at", "sensitive", "card"]);
    let [quoted, quoted_id] = quote.fields(["quoted_status", "quoted_status_id"]);
    // A timeline shows a status as it is now. A boost of an edited one is new all the same.
    let kind = if !boosts && edited_at.as_str().is_some() { Kind::Update } else { kind };
    // A quote inside a quote brings the id alone.
    let quote_of =
        if quoted.is_object() { reference(quoted, scratch) } else { Reference { id: scratch.ident(quoted_id), ..Reference::default() } };
    Ok(Some(Post {
        kind,
        at: time(created_at).ok_or(Refused::BadTime)?,
        network: "mastodon",
        id: scratch.ident(id),
        text: text(html, scratch),
        title: if boosts { reblog.get("spoiler_text") } else { title }.str(),
        lang: if boosts { reblog.get("language") } else { lang }.str(),
        url: if boosts { reblog.get("url") } else { url }.str(),
        author: author(account, scratch),
        in_reply_to: answered(value, account, scratch),
        repost_of: reference(reblog, scratch),
        quote_of,
        quoted_text: text(quoted.get("content").str(), scratch),
        links: Lines(links(html, card.get("url").str(), scratch)),
        mentions: Lines(mentions(written, scratch)),
        media: media(written.get("media_attachments")),
        source_app: application.get("name").str(),
        counts: Counts { likes, replies, reposts, quotes, ..Counts::default() },
        sensitive: sensitive.bool(),
        ..Post::default()
    }))
}

fn text<'a>(html: &'a str, scratch: &mut Scratch<'a>) -> &'a str {
    if html.is_empty() { "" } else { scratch.write(|page| markup::to_text(html, page)) }
}

/// Who is answered: Mastodon tells the account's id, and its name among the mentions.
fn answered<'a>(value: Value<'a>, account: Value<'a>, scratch: &mut Scratch<'a>) -> Reference<'a> {
    let [id, author_id, mentions] = value.fields(["in_reply_to_id", "in_reply_to_account_id", "mentions"]);
    let (id, author_id) = (scratch.ident(id), scratch.ident(author_id));
    if author_id.is_empty() {
        return Reference { id, ..Reference::default() };
    }
    let mut people = mentions.items().chain([account]);
    let author = people.find(|m| m.get("id").is_ident(author_id)).map_or("", |m| handle(m, scratch));
    Reference { id, author, author_id }
}

/// Another status as this one refers to it.
fn reference<'a>(status: Value<'a>, scratch: &mut Scratch<'a>) -> Reference<'a> {
    if !status.is_object() {
        return Reference::default();
    }
    let [id, account] = status.fields(["id", "account"]);
    Reference { id: scratch.ident(id), author: handle(account, scratch), author_id: scratch.ident(account.get("id")) }
}

/// `name` and `server`, which is empty if `name` has it. An account of the server that was asked comes
/// without its server, which its address tells: the same account has the same name wherever it is read.
fn acct<'a>(account: Value<'a>) -> (&'a str, &'a str) {
    let [acct, url] = account.fields(["acct", "url"]);
    let server = url.str().strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or("");
    let acct = acct.str();
    if acct.is_empty() || acct.contains('@') { (acct, "") } else { (acct, server) }
}

/// `name@server`.
fn handle<'a>(account: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    match acct(account) {
        (name, "") => name,
        (name, server) => scratch.write(|page| page.extend([name, "@", server])),
    }
}

/// The text shows a bare `@name`: only the list tells whose.
fn mentions<'a>(status: Value<'a>, scratch: &mut Scratch<'a>) -> &'a str {
    let person = |m: Value<'a>| {
        let (name, server) = acct(m);
        (m.get("id"), name, server)
    };
    scratch.accounts(limits::MENTIONS, status.get("mentions").items().map(person))
}

fn author<'a>(account: Value<'a>, scratch: &mut Scratch<'a>) -> Author<'a> {
    let [id, name, note, followers, following, posts] =
        account.fields(["id", "display_name", "note", "followers_count", "following_count", "statuses_count"]);
    Author {
        id: scratch.ident(id),
        handle: handle(account, scratch),
        name: name.str(),
        bio: text(note.str(), scratch),
        followers: count(followers),
        following: count(following),
        posts: count(posts),
        ..Author::default()
    }
}

/// Links of the text, and of its preview card.
fn links<'a>(html: &'a str, card: &'a str, scratch: &mut Scratch<'a>) -> &'a str {
    let targets = markup::links(html).chain(Some(card).filter(|c| !c.is_empty()));
    let listed = scratch.lines(limits::LINKS, targets);
    if !listed.contains(['&']) && listed.lines().count() < 2 {
        return listed;
    }
    scratch.write(|page| {
        for link in listed.lines() {
            let start = page.len();
            markup::unescape(link, page);
            let (before, new) = page.split_at(start);
            if new.contains('\n') || before.lines().any(|b| b == new) {
                page.truncate(start);
            } else {
                page.push('\n');
            }
        }
        page.truncate(page.trim_end().len());
    })
}

fn media(attachments: Value<'_>) -> Media {
    let mut media = Media::default();
    for item in attachments.items() {
        media.add(match item.get("type").str() {
            "gifv" => "gif",
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

    const ANA: &str = r#""account":{"id":"11","acct":"ana","url":"https://m.mx/@ana","display_name":"Ana","note":"<p>bio</p>","followers_count":208,"following_count":1,"statuses_count":2}"#;
    const BOB: &str = r#""account":{"id":"22","acct":"bob@m.es","url":"https://m.es/@bob"}"#;

    fn status(more: &str) -> String {
        format!(
            r#"{{"id":"104009345973121628","created_at":"2020-04-16T16:45:08.000Z","content":"<p>hola <a href=\"https://e.mx/?a=1&amp;b=2\">e.mx</a></p>",{ANA}{more}}}"#
        )
    }

    fn streamed(event: &str, payload: &str) -> String {
        let payload = serde_json::to_string(payload).expect("a string is JSON");
        format!(r#"{{"stream":["public"],"event":"{event}","payload":{payload}}}"#)
    }

    #[test]
    fn a_status_alone_and_streamed() {
        let status = status(
            r#","spoiler_text":"aviso","sensitive":true,"language":"es","url":"https://m.mx/@ana/1","in_reply_to_id":"9","in_reply_to_account_id":"22",
            "mentions":[{"id":"22","acct":"bob@m.es","url":"https://m.es/@bob"},{"id":33,"acct":"eva"}],"media_attachments":[{"type":"gifv"},{"type":"audio"}],
            "card":{"url":"https://e.mx/?a=1&b=2"},"application":{"name":"Tusky"},"replies_count":1,"reblogs_count":2,"favourites_count":3"#,
        )
        .replace('\n', " ");
        let expected = Post {
            at: Timestamp(1_587_055_508_000_000),
            network: "mastodon",
            id: "104009345973121628",
            text: "hola e.mx",
            title: "aviso",
            lang: "es",
            url: "https://m.mx/@ana/1",
            author: Author {
                id: "11",
                handle: "ana@m.mx",
                name: "Ana",
                bio: "bio",
                followers: Count::of(208),
                following: Count::of(1),
                posts: Count::of(2),
                ..Author::default()
            },
            in_reply_to: Reference { id: "9", author: "bob@m.es", author_id: "22" },
            links: Lines("https://e.mx/?a=1&b=2"),
            mentions: Lines("22\n@bob@m.es\n33\n@eva"),
            media: Media(0b1100),
            source_app: "Tusky",
            counts: Counts { likes: Count::of(3), replies: Count::of(1), reposts: Count::of(2), ..Counts::default() },
            sensitive: true,
            ..Post::default()
        };
        assert_eq!(post("mastodon", &status).get(), expected);
        assert_eq!(post("mastodon", &streamed("update", &status)).get(), expected);
        assert_eq!(post("mastodon", &streamed("status.update", &status)).get(), Post { kind: Kind::Update, ..expected });
        let edited = status.replace(r#""spoiler_text""#, r#""edited_at":"2020-04-16T17:00:00.000Z","spoiler_text""#);
        assert_eq!(post("mastodon", &edited).get(), Post { kind: Kind::Update, ..expected });
        let never = status.replace(r#""spoiler_text""#, r#""edited_at":null,"spoiler_text""#);
        assert_eq!(post("mastodon", &never).get(), expected);
    }

    #[test]
    fn a_boost_is_a_repost_with_the_text_of_the_original() {
        let reblog = format!(
            r#"{{"id":"7","content":"<p>original</p>","language":"es","url":"https://m.es/@bob/7","sensitive":true,"spoiler_text":"aviso","edited_at":"2020-04-16T17:00:00Z",{BOB}}}"#
        );
        let boost = post("mastodon", &status(&format!(r#","reblog":{reblog}"#)).replace("<p>hola", "<p>"));
        let boost = boost.get();
        assert_eq!((boost.text, boost.lang, boost.url), ("original", "es", "https://m.es/@bob/7"));
        assert_eq!((boost.title, boost.sensitive, boost.kind), ("aviso", true, Kind::Create));
        assert_eq!(boost.repost_of, Reference { id: "7", author: "bob@m.es", author_id: "22" });
        let quote = post("mastodon", &status(&format!(r#","quote":{{"state":"accepted","quoted_status":{reblog}}}"#)));
        assert_eq!((quote.get().text, quote.get().quoted_text, quote.get().quote_of.id), ("hola e.mx", "original", "7"));
        assert_eq!((quote.get().title, quote.get().sensitive), ("", false), "what it quotes is another's");
        let shallow = post("mastodon", &status(r#","quote":{"state":"accepted","quoted_status_id":"8"}"#));
        assert_eq!(shallow.get().quote_of, Reference { id: "8", ..Reference::default() });
    }

    #[test]
    fn a_delete_is_an_id() {
        let expected = Post { kind: Kind::Delete, at: Timestamp::MIN, network: "mastodon", id: "104009345973121628", ..Post::default() };
        assert_eq!(post("mastodon", &streamed("delete", "104009345973121628")).get(), expected);
        assert_eq!(post("mastodon", r#"{"event":"delete","payload":104009345973121628}"#).get(), expected);
        assert_eq!(post("mastodon", &status("")).get().key(), expected.key());
    }

    #[test]
    fn what_is_no_post_and_what_is_refused() {
        let table = [
            (streamed("notification", "{}"), "not_a_post"),
            (streamed("filters_changed", ""), "not_a_post"),
            (r#"{"error":"The access token is invalid"}"#.into(), "not_a_post"),
            (streamed("update", "{"), "malformed"),
            (streamed("update", "[]"), "shape"),
            (streamed("update", &"[".repeat(1000)), "too_deep"),
            (streamed("delete", ""), "no_id"),
            (r#"{"event":"update"}"#.into(), "shape"),
            (r#"{"event":"delete","payload":null}"#.into(), "no_id"),
            (format!(r#"{{"event":"update","payload":{}}}"#, status("")), "post"),
            (status("").replace("2020-04-16T", "2020-04-31T"), "bad_time"),
            (status("").replace("\"content\"", "\"contents\""), "no_text"),
            (status("").replace("\"id\":\"104009345973121628\",", ""), "no_id"),
            (status("").replace("\"account\"", "\"user\""), "shape"),
            (status("").replace("\"104009345973121628\"", "104009345973121628"), "post"),
            ("{}".into(), "shape"),
            ("[]".into(), "shape"),
        ];
        for (frame, expected) in table {
            assert_eq!(outcome("mastodon", frame.as_bytes()), expected, "{frame}");
        }
    }

    #[test]
    fn ids_as_numbers_do_not_run_out_of_room() {
        let mentions: Vec<String> = (0..100).map(|id| format!(r#"{{"id":{id},"acct":"a{id}@m.es"}}"#)).collect();
        let frame = status(&format!(r#","in_reply_to_account_id":99,"mentions":[{}]"#, mentions.join(",")));
        let post = post("mastodon", &frame.replace(r#""id":"11""#, r#""id":11"#));
        let post = post.get();
        assert_eq!((post.in_reply_to.author, post.author.id, post.links.0), ("a99@m.es", "11", "https://e.mx/?a=1&b=2"));
        assert_eq!(post.mentions.iter().count(), 2 * limits::MENTIONS);
    }
}
