//! Decoders on real data: every line is decoded or refused with a reason, and the counts stand here.

use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::post::{Kind, Post};
use escucha::reason::Refused;
use serde_json::Value;

use crate::data;

/// `bytes` through the decoder `name`, with the sums checked.
pub fn decode(name: &str, mapping: &Mapping, bytes: &[u8]) -> Decoded {
    let spec = decode::find(name).expect("a registered decoder");
    let mut decoder = (spec.new)(&Format { name: spec.name, mapping: mapping.clone() });
    let mut out = Decoded::default();
    decode::lines(decoder.as_mut(), &mut bytes.to_vec(), &mut out);
    assert_eq!(out.items, out.posts.len() as u64 + out.not_posts + out.refused.iter().sum::<u64>(), "{name}");
    assert_eq!(out.refused.iter().sum::<u64>(), out.refusals.len() as u64, "{name}");
    assert_eq!(out.lines.len(), out.posts.len(), "{name}");
    out
}

/// The posts of X as `banks-es` has them.
pub fn banks() -> Mapping {
    mapping(&[
        ("id", "/id_str"),
        ("network", "=x"),
        ("created_at", "/created_at"),
        ("text", "/text"),
        ("url", "/status_url"),
        ("author.id", "/from_user_id_str"),
        ("author.handle", "/from_user"),
        ("author.location", "/user_location"),
        ("author.followers", "/user_followers_count"),
        ("author.following", "/user_friends_count"),
        ("in_reply_to.id", "/in_reply_to_status_id_str"),
        ("in_reply_to.author", "/in_reply_to_screen_name"),
        ("in_reply_to.author_id", "/in_reply_to_user_id_str"),
        ("source_app", "/source"),
    ])
}

fn mapping(fields: &[(&str, &str)]) -> Mapping {
    let mapping = Mapping { fields: fields.iter().map(|(f, p)| (f.to_string(), p.to_string())).collect(), time_format: String::new() };
    assert_eq!(decode::check(&mapping), Ok(()));
    mapping
}

/// What a file holds: items, creates, deletes, notices, then creates that repost, quote, answer, and
/// creates with links, mentions, media, a known number of followers, a place, a program and a mark as
/// sensitive. Nothing is refused.
#[derive(Debug, PartialEq)]
struct Census([u64; 14]);

fn census(out: &Decoded) -> Census {
    assert_eq!(out.refusals, []);
    let count = |of: fn(&Post<'_>) -> bool| out.posts.iter().filter(|p| p.kind == Kind::Create && of(p)).count() as u64;
    Census([
        out.items,
        count(|_| true),
        out.posts.iter().filter(|p| p.kind == Kind::Delete).count() as u64,
        out.not_posts,
        count(|p| p.is_repost()),
        count(|p| p.quote_of.is_some()),
        count(|p| p.in_reply_to.is_some()),
        count(|p| !p.links.is_empty()),
        count(|p| !p.mentions.is_empty()),
        count(|p| p.media.names().next().is_some()),
        count(|p| p.author.followers.get().is_some()),
        count(|p| !p.place.is_empty()),
        count(|p| !p.source_app.is_empty()),
        count(|p| p.sensitive),
    ])
}

#[test]
fn every_line_of_the_shared_data() {
    let none = Mapping::default();
    let news =
        mapping(&[("id", "/id"), ("network", "=x"), ("created_at", "/timestamp_ms"), ("text", "/text"), ("author.handle", "/screen_name")]);
    let table = [
        ("jetstream", "jetstream/golden_v1.jsonl", &none, [10, 1, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ("jetstream", "jetstream/events_2026-07-04.jsonl", &none, [152, 17, 1, 134, 0, 0, 8, 5, 0, 2, 0, 0, 0, 0]),
        ("x-v1", "x-v1-stream/filter_2015-11-17.ndjson.gz", &none, [130, 123, 0, 7, 0, 6, 34, 14, 39, 11, 123, 123, 123, 2]),
        ("x-v1", "x-v1-stream/sample_2015-03-20.ndjson.gz", &none, [996, 874, 122, 0, 343, 0, 144, 212, 218, 202, 874, 31, 874, 43]),
        ("x-v1", "x-v1-stream/sample_2015-10-03.ndjson.gz", &none, [866, 513, 353, 0, 197, 13, 102, 136, 136, 128, 513, 6, 513, 7]),
        ("x-v2", "x-v2/filtered_stream.ndjson", &none, [41, 41, 0, 0, 29, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("x-v2", "x-v2/search_pages.jsonl.gz", &none, [1153, 1153, 0, 0, 22, 20, 941, 43, 897, 6, 1153, 0, 1153, 0]),
        ("mastodon", "mastodon/public_timeline_2020-04-16.ndjson", &none, [20, 20, 0, 0, 0, 0, 0, 9, 0, 3, 20, 0, 1, 2]),
        ("mapped", "banks-es/client_listener_2020-10.ndjson.gz", &banks(), [2738, 2738, 0, 0, 0, 0, 2563, 0, 0, 0, 2642, 0, 2738, 0]),
        ("mapped", "news-es/es_news_opinion_2021-2022.json.gz", &news, [30244, 30244, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (name, file, mapping, expected) in table {
        let Some(bytes) = data::read(file) else { return };
        let out = decode(name, mapping, &bytes);
        assert_eq!(census(&out), Census(expected), "{file}");
        assert!(out.posts.iter().all(|p| p.kind == Kind::Delete || p.url.is_empty() || p.url.starts_with("http")), "{file}");
    }
}

#[test]
fn a_status_written_over_many_lines_is_joined_first() {
    let Some(bytes) = data::read("mastodon/status_example.json") else { return };
    let joined: Vec<u8> = bytes.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
    let out = decode("mastodon", &Mapping::default(), &joined);
    let post = out.posts.get(0);
    assert_eq!((out.items, post.id, post.author.handle), (1, "110299217002044661", "Reuters@press.coop"));
    assert!(post.text.starts_with("A cockroach was seen crawling on the Met Gala red carpet"));
    assert_eq!(post.at.to_string(), "2023-05-02T13:01:05Z");
}

/// Values of a general JSON library, one per line.
fn values(file: &str) -> Option<Vec<Value>> {
    let bytes = data::read(file)?;
    let lines = bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty());
    Some(lines.map(|l| serde_json::from_slice(l).expect("JSON")).collect())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

#[test]
fn bluesky_posts_equal_what_a_general_library_reads() {
    for file in ["jetstream/golden_v1.jsonl", "jetstream/events_2026-07-04.jsonl"] {
        let (Some(bytes), Some(values)) = (data::read(file), values(file)) else { return };
        let out = decode("jetstream", &Mapping::default(), &bytes);
        let events: Vec<&Value> = values.iter().filter(|v| text(v, "/commit/collection") == "app.bsky.feed.post").collect();
        assert_eq!(events.len(), out.posts.len());
        for (event, post) in events.into_iter().zip(out.posts.iter()) {
            let did = text(event, "/did");
            assert_eq!(post.id, format!("at://{did}/app.bsky.feed.post/{}", text(event, "/commit/rkey")));
            assert_eq!((post.author.id, post.text), (did, text(event, "/commit/record/text")));
            assert_eq!(post.in_reply_to.id, text(event, "/commit/record/reply/parent/uri"));
            assert_eq!(post.lang, text(event, "/commit/record/langs/0"));
            let received = event.pointer("/time_us").and_then(Value::as_i64).expect("time_us");
            let claimed = text(event, "/commit/record/createdAt").parse::<jiff::Timestamp>().map_or(i64::MAX, |t| t.as_microsecond());
            assert_eq!(post.at.0, received.min(claimed));
        }
    }
}

/// The two forms of a text: as X escapes it, and as people read it.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn pages_of_x_equal_what_a_general_library_reads() {
    let file = "x-v2/search_pages.jsonl.gz";
    let (Some(bytes), Some(values)) = (data::read(file), values(file)) else { return };
    let out = decode("x-v2", &Mapping::default(), &bytes);
    let mut posts = out.posts.iter();
    for page in &values {
        let find = |list: &str, id: &str| {
            let included = page.pointer(&format!("/includes/{list}")).and_then(Value::as_array);
            included.into_iter().flatten().find(|v| text(v, "/id") == id).cloned().unwrap_or_default()
        };
        for item in page["data"].as_array().expect("an array") {
            let post = posts.next().expect("as many posts as items");
            let referenced = |kind: &str| {
                let list = item["referenced_tweets"].as_array().into_iter().flatten();
                list.filter(|r| text(r, "/type") == kind).map(|r| text(r, "/id").to_owned()).next().unwrap_or_default()
            };
            let author = find("users", text(item, "/author_id"));
            assert_eq!((post.id, post.author.handle), (text(item, "/id"), text(&author, "/username")));
            assert_eq!(post.author.followers.get().map(u64::from), author["public_metrics"]["followers_count"].as_u64());
            assert_eq!(post.counts.likes.get().map(u64::from), item["public_metrics"]["like_count"].as_u64());
            assert_eq!(post.in_reply_to.id, referenced("replied_to"));
            assert_eq!(post.repost_of.id, referenced("retweeted"));
            let original = find("tweets", &referenced("retweeted"));
            let written = if original.is_object() { &original } else { item };
            assert_eq!(post.text, unescaped(text(written, "/text")));
        }
    }
    assert!(posts.next().is_none());
}

/// One frame that each decoder accepts, in the order of `decode::ALL`.
pub fn samples() -> [(&'static str, Mapping, String); 6] {
    let mapped = mapping(&[("id", "/a/0"), ("created_at", "/at"), ("text", "/t"), ("author.followers", "/n"), ("links", "/l")]);
    let none = Mapping::default();
    let status = r#"{"id":"1","created_at":"2020-04-16T16:45:08Z","content":"<p>h\u00f1 <a href=\"https://e.mx\">e</a> &amp;</p>","account":{"id":"2","acct":"a"}}"#;
    let streamed = serde_json::json!({"stream": ["user"], "event": "update", "payload": status}).to_string();
    [
        ("escucha", none.clone(), r#"{"id":"1","created_at":"2026-07-04T10:00:00Z","text":"ñ \ud83d\ude00","author":{"followers":"208"},"links":["https://e.mx"]}"#.into()),
        ("jetstream", none.clone(), r#"{"did":"did:plc:a","time_us":1783159201000000,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"k","record":{"createdAt":"2026-07-04T10:00:00Z","langs":["es"],"text":"ñ","facets":[{"features":[{"uri":"https://e.mx"}]}]}}}"#.into()),
        ("mastodon", none.clone(), streamed),
        ("x-v1", none.clone(), r#"{"created_at":"Tue Nov 17 03:18:33 +0000 2015","id_str":"1","text":"ñ &amp; \u00f1","user":{"id_str":"2","screen_name":"a"},"retweeted_status":{"id_str":"3","text":"o","user":{}}}"#.into()),
        ("x-v2", none, r#"{"data":[{"id":"1490448039991025664","author_id":"2","text":"ñ","referenced_tweets":[{"type":"quoted","id":"3"}]}],"includes":{"users":[{"id":"2","username":"a"}],"tweets":[{"id":"3","text":"&lt;"}]}}"#.into()),
        ("mapped", mapped, r#"{"a":[7],"at":1604083524123,"t":"ñ","n":296.0,"l":["https://e.mx"]}"#.into()),
    ]
}

fn only(name: &str, mapping: &Mapping, frame: &[u8]) -> Result<usize, Refused> {
    let out = decode(name, mapping, frame);
    assert_eq!(out.items, 1, "{name}: {}", String::from_utf8_lossy(frame));
    out.refusals.first().map_or(Ok(out.posts.len()), |(_, reason)| Err(*reason))
}

#[test]
fn a_frame_cut_at_any_byte_is_refused() {
    for (name, mapping, sample) in samples() {
        assert_eq!(only(name, &mapping, sample.as_bytes()), Ok(1), "{name}");
        for cut in 1..sample.len() {
            let Err(reason) = only(name, &mapping, &sample.as_bytes()[..cut]) else { panic!("{name}: cut at {cut}") };
            // In the middle of a character both are true; the parser tells which it saw first.
            let torn = reason == Refused::Encoding && !sample.is_char_boundary(cut);
            assert!(torn || reason == Refused::Malformed, "{name}: cut at {cut}: {reason}");
        }
    }
}

#[test]
fn frames_that_no_decoder_reads() {
    let text = |old: &'static str, new: &'static [u8]| (old, new);
    for (name, mapping, sample) in samples() {
        let deep = |n: usize| format!(r#"{{"deep":{}{},{}"#, "[".repeat(n), "]".repeat(n), &sample[1..]);
        assert_eq!(only(name, &mapping, deep(60).as_bytes()), Ok(1), "{name}");
        for n in [64, 1000, 400_000] {
            assert_eq!(only(name, &mapping, deep(n).as_bytes()), Err(Refused::TooDeep), "{name} {n}");
        }
        let (old, new) = text("\u{f1}", b"\xff");
        if let Some(at) = sample.find(old) {
            let bytes = [&sample.as_bytes()[..at], new, &sample.as_bytes()[at + old.len()..]].concat();
            assert_eq!(only(name, &mapping, &bytes), Err(Refused::Encoding), "{name}");
        }
        let twice = format!(r#"{{"id":"9","text":"old","t":"old","a":[],"did":"x","event":"x","data":[],{}"#, &sample[1..]);
        assert_eq!(only(name, &mapping, twice.as_bytes()), Ok(1), "{name}: the last of two equal keys counts");
        let lone = sample.replacen("\u{f1}", "\\udc00\\ud83d", 1);
        assert_eq!(only(name, &mapping, lone.as_bytes()), Ok(1), "{name}: a lone surrogate is replaced");
        for other in ["[]", "7", "null", "\"{}\"", "{}", "{\"\":{}}"] {
            let reason = only(name, &mapping, other.as_bytes());
            assert!(matches!(reason, Err(Refused::Shape | Refused::NoId | Refused::BadTime)), "{name} {other}: {reason:?}");
        }
    }
}
