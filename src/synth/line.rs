//! Posts to NDJSON lines, in the shapes that sources bring.

use std::io::Write;

use crate::post::{Kind, Lines, Post, Reference};
use crate::time::Timestamp;

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The native form, `format = "escucha"`.
    Escucha,
    /// A Bluesky Jetstream v1 event, `format = "jetstream"`; reposts become events without text.
    Jetstream,
}

impl Shape {
    /// Name of the format in the configuration.
    pub fn format(self) -> &'static str {
        match self {
            Shape::Escucha => "escucha",
            Shape::Jetstream => "jetstream",
        }
    }

    /// Appends `post` as one line with its line break; `received` is when the network saw it.
    pub fn write(self, post: &Post<'_>, received: Timestamp, out: &mut Vec<u8>) {
        match self {
            Shape::Escucha => escucha(post, out),
            Shape::Jetstream => jetstream(post, received, out),
        }
        out.push(b'\n');
    }
}

/// Formats into memory, which cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => { let _ = write!($out, $($arg)*); };
}

/// A JSON string with its quotes, escaped as Go's encoder does it (the one that feeds Jetstream).
fn string(s: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in s.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '<' | '>' | '&' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                put!(out, "\\u{:04x}", c as u32);
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// `"key":"value",` unless the value is empty.
fn field(key: &str, value: &str, out: &mut Vec<u8>) {
    if !value.is_empty() {
        put!(out, "\"{key}\":");
        string(value, out);
        out.push(b',');
    }
}

/// Turns the comma after the last member into the end of the object.
fn end(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
}

fn escucha(post: &Post<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    field("id", post.id, out);
    field("network", post.network, out);
    put!(out, "\"created_at\":\"{}\",", post.at);
    match post.kind {
        Kind::Create => {}
        Kind::Update => field("kind", "update", out),
        Kind::Delete => field("kind", "delete", out),
    }
    if post.kind != Kind::Delete {
        out.extend_from_slice(b"\"text\":");
        string(post.text, out);
        out.push(b',');
    }
    field("lang", post.lang, out);
    field("url", post.url, out);
    author(post, out);
    reference("in_reply_to", &post.in_reply_to, out);
    field("conversation_id", post.conversation_id, out);
    reference("repost_of", &post.repost_of, out);
    links(post.links, out);
    end(out);
}

fn author(post: &Post<'_>, out: &mut Vec<u8>) {
    let a = &post.author;
    out.extend_from_slice(b"\"author\":{");
    field("id", a.id, out);
    field("handle", a.handle, out);
    field("name", a.name, out);
    for (key, count) in [("followers", a.followers), ("following", a.following), ("posts", a.posts)] {
        if let Some(n) = count.get() {
            put!(out, "\"{key}\":{n},");
        }
    }
    if a.verified {
        out.extend_from_slice(b"\"verified\":true,");
    }
    end(out);
    out.push(b',');
}

fn reference(key: &str, r: &Reference<'_>, out: &mut Vec<u8>) {
    if r.is_some() {
        put!(out, "\"{key}\":{{");
        field("id", r.id, out);
        field("author", r.author, out);
        end(out);
        out.push(b',');
    }
}

fn links(links: Lines<'_>, out: &mut Vec<u8>) {
    if links.is_empty() {
        return;
    }
    out.extend_from_slice(b"\"links\":[");
    for (i, link) in links.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(link, out);
    }
    out.extend_from_slice(b"],");
}

fn jetstream(post: &Post<'_>, received: Timestamp, out: &mut Vec<u8>) {
    put!(out, "{{\"did\":\"{}\",\"time_us\":{},\"kind\":\"commit\",\"commit\":{{", post.author.id, received.0);
    let (operation, repost) = match post.kind {
        Kind::Create => ("create", post.is_repost()),
        Kind::Update => ("update", false),
        Kind::Delete => ("delete", false),
    };
    let collection = if repost { "app.bsky.feed.repost" } else { "app.bsky.feed.post" };
    let (rev, rkey) = (tid(received), post.id);
    put!(out, "\"rev\":\"{rev}\",\"operation\":\"{operation}\",\"collection\":\"{collection}\",\"rkey\":\"{rkey}\"");
    if post.kind != Kind::Delete {
        let at = post.at.to_jiff();
        put!(out, ",\"record\":{{\"$type\":\"{collection}\",\"createdAt\":\"{at:.3}\",");
        if repost {
            out.extend_from_slice(b"\"subject\":");
            strong_ref(&post.repost_of, out);
            out.push(b'}');
        } else {
            record(post, out);
        }
        put!(out, ",\"cid\":\"{}\"", cid(post.id));
    }
    out.extend_from_slice(b"}}");
}

/// The members of a post's record that follow its time, and the record's end.
fn record(post: &Post<'_>, out: &mut Vec<u8>) {
    facets(post, out);
    if !post.lang.is_empty() {
        put!(out, "\"langs\":[\"{}\"],", post.lang);
    }
    if post.in_reply_to.is_some() {
        out.extend_from_slice(b"\"reply\":{\"parent\":");
        strong_ref(&post.in_reply_to, out);
        out.extend_from_slice(b",\"root\":");
        strong_ref(&post.in_reply_to, out);
        out.extend_from_slice(b"},");
    }
    out.extend_from_slice(b"\"text\":");
    string(post.text, out);
    out.push(b'}');
}

/// `{"cid","uri"}` of another post.
fn strong_ref(r: &Reference<'_>, out: &mut Vec<u8>) {
    put!(out, "{{\"cid\":\"{}\",\"uri\":\"at://{}/app.bsky.feed.post/{}\"}}", cid(r.id), r.author_id, r.id);
}

/// Byte ranges of links and mentions, as Bluesky's clients send them.
fn facets(post: &Post<'_>, out: &mut Vec<u8>) {
    let links = post.links.iter().map(|l| (l, "link", "uri"));
    let mentions = post.mentions.iter().map(|m| (m, "mention", "did"));
    let mut first = true;
    for (value, feature, key) in links.chain(mentions) {
        let sign = if feature == "link" { value } else { "@" };
        let Some(start) = post.text.find(sign) else { continue };
        let length = post.text[start..].find(' ').unwrap_or(post.text.len() - start);
        out.extend_from_slice(if first { b"\"facets\":[" } else { b"," });
        first = false;
        put!(out, "{{\"features\":[{{\"$type\":\"app.bsky.richtext.facet#{feature}\",\"{key}\":");
        string(value, out);
        put!(out, "}}],\"index\":{{\"byteEnd\":{},\"byteStart\":{start}}}}}", start + length);
    }
    if !first {
        out.extend_from_slice(b"],");
    }
}

/// The alphabet of AT Protocol's record keys, in ascending order.
const BASE32_SORTABLE: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The lowest `n` digits of `bits` in base 32.
fn base32(mut bits: u128, n: usize) -> String {
    let mut digits = vec![b'2'; n];
    for d in digits.iter_mut().rev() {
        *d = BASE32_SORTABLE[(bits & 31) as usize];
        bits >>= 5;
    }
    String::from_utf8(digits).unwrap_or_default()
}

/// A record key for the instant: 13 digits that sort by time.
pub fn tid(at: Timestamp) -> String {
    base32((at.0.max(0) as u128) << 10, 13)
}

/// The account with this number.
pub fn did(n: u64) -> String {
    format!("did:plc:{}", base32(hash128(&n.to_le_bytes()), 24))
}

/// A made-up content id, the same for the same post.
fn cid(id: &str) -> String {
    let h = hash128(id.as_bytes());
    format!("bafyrei{}{}", base32(h, 26), base32(h.rotate_left(61), 26))
}

fn hash128(bytes: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::{Author, Count};
    use serde_json::{Value, json};

    fn sample() -> Post<'static> {
        Post {
            id: "3kabc",
            network: "bluesky",
            at: Timestamp(1_783_175_888_085_434),
            text: "¿La \"app\"\n<caída>? \\ @banco https://ejemplo.mx/a?b&c",
            lang: "es",
            author: Author { id: "did:plc:a", handle: "ana", followers: Count::of(0), ..Author::default() },
            in_reply_to: Reference { id: "3kxyz", author: "banco", author_id: "did:plc:b" },
            links: Lines("https://ejemplo.mx/a?b&c"),
            mentions: Lines("did:plc:b"),
            ..Post::default()
        }
    }

    fn line(shape: Shape, post: &Post<'_>) -> Value {
        let mut out = Vec::new();
        shape.write(post, post.at.plus(7), &mut out);
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1, "one line, ended");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn the_native_form_holds_what_was_put_in() {
        let post = sample();
        let v = line(Shape::Escucha, &post);
        assert_eq!(v["text"], post.text);
        assert_eq!(v["created_at"], "2026-07-04T14:38:08.085434Z");
        assert_eq!(v["author"], json!({"id": "did:plc:a", "handle": "ana", "followers": 0}));
        assert_eq!(v["in_reply_to"], json!({"id": "3kxyz", "author": "banco"}));
        assert_eq!(v["links"], json!(["https://ejemplo.mx/a?b&c"]));
        assert_eq!(v.get("kind"), None);
        let gone = line(Shape::Escucha, &Post { kind: Kind::Delete, ..post });
        assert_eq!((&gone["kind"], gone.get("text")), (&json!("delete"), None));
    }

    #[test]
    fn jetstream_events_point_into_their_text() {
        let post = sample();
        let v = line(Shape::Jetstream, &post);
        let record = &v["commit"]["record"];
        assert_eq!(record["text"], post.text);
        assert_eq!(record["createdAt"], "2026-07-04T14:38:08.085Z");
        for (i, want) in [(0, "https://ejemplo.mx/a?b&c"), (1, "@banco")] {
            let index = &record["facets"][i]["index"];
            let at = |k: &str| index[k].as_u64().expect("an index") as usize;
            assert_eq!(&post.text[at("byteStart")..at("byteEnd")], want);
        }
        assert_eq!(record["reply"]["parent"]["uri"], "at://did:plc:b/app.bsky.feed.post/3kxyz");
        let gone = line(Shape::Jetstream, &Post { kind: Kind::Delete, ..post });
        assert_eq!((&gone["commit"]["operation"], gone["commit"].get("record")), (&json!("delete"), None));
    }

    #[test]
    fn record_keys_sort_by_time() {
        let (a, b) = (tid(Timestamp(1_783_175_888_085_434)), tid(Timestamp(1_783_175_888_085_435)));
        assert!(a < b && a.len() == 13 && a.starts_with("3m"), "{a} {b}");
    }
}
