//! Posts as the vectors of the query language and the pages for users write them: a text with
//! metadata beside it.

use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::eql::{self, Given};
use escucha::matching::{Matcher, Scratch};
use escucha::query::{Facts, Flag, Named, Query};
use serde_json::{Value, json};

/// Where each name of the vectors stands in the native form.
const PLACES: [(&str, &str); 21] = [
    ("text", "/text"),
    ("title", "/title"),
    ("lang", "/lang"),
    ("network", "/network"),
    ("id", "/id"),
    ("conversation_id", "/conversation_id"),
    ("source_app", "/source_app"),
    ("urls", "/links"),
    ("from", "/author/handle"),
    ("bio", "/author/bio"),
    ("bio_name", "/author/name"),
    ("bio_location", "/author/location"),
    ("followers_count", "/author/followers"),
    ("following_count", "/author/following"),
    ("posts_count", "/author/posts"),
    ("listed_count", "/author/listed"),
    ("to", "/in_reply_to/author"),
    ("in_reply_to", "/in_reply_to/id"),
    ("retweets_of", "/repost_of/author"),
    ("place", "/place/name"),
    ("country", "/place/country"),
];

/// Names that stand beside the post, to be believed.
fn is_computed(key: &str) -> bool {
    matches!(key, "sentiment" | "priority" | "hour" | "weekday") || key.starts_with("is_") || key.starts_with("has_")
}

/// The post in the native form.
///
/// # Panics
/// If a name has no place there.
pub fn post(v: &Value) -> Value {
    let mut post = json!({"id": "1", "created_at": "2026-07-04T10:00:00Z", "text": "", "author": {}, "in_reply_to": {},
        "repost_of": {}, "quote_of": {}, "place": {}, "computed": {}});
    for (key, value) in v.as_object().unwrap() {
        let place = PLACES.iter().find(|(name, _)| name == key).map(|(_, place)| (*place).to_owned());
        let (place, value) = match key.as_str() {
            "site" => ("/url".to_owned(), Value::from(format!("https://{}/1", value.as_str().unwrap()))),
            "quoted" => ("/quote_of".to_owned(), json!({"id": "2", "text": value})),
            key if is_computed(key) => (format!("/computed/{key}"), value.clone()),
            key => (place.unwrap_or_else(|| panic!("no place for {key}")), value.clone()),
        };
        let (parent, name) = place.rsplit_once('/').unwrap();
        post.pointer_mut(parent).unwrap()[name] = value;
    }
    post
}

/// What a post says about itself, for the evaluators of the library.
struct Told<'a>(&'a Value);

impl Facts for Told<'_> {
    fn sentiment(&self) -> Option<f64> {
        self.0["sentiment"].as_f64()
    }
    fn priority(&self, _: u32) -> Option<f64> {
        self.0["priority"].as_f64()
    }
    fn hour(&self, _: u32) -> Option<u8> {
        self.0["hour"].as_u64().map(|h| h as u8)
    }
    fn weekday(&self, _: u32) -> Option<u8> {
        self.0["weekday"].as_u64().map(|d| d as u8)
    }
    fn is_direct(&self, _: u32) -> bool {
        self.0["is_direct"] == true
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        let (field, name, _) = Flag::ALL.into_iter().find(|(.., f)| *f == flag)?;
        self.0[format!("{field}_{name}")].as_bool()
    }
}

/// Whether `query` matches the post, as the matcher and the slow evaluator both say; `rules` are what
/// it may ask for by name.
///
/// # Panics
/// If the two disagree.
pub fn matches(query: &Query, v: &Value, rules: &[(&str, Query)]) -> bool {
    let post = post(v);
    let mut decoded = Decoded::default();
    let mut decoder = Format { name: "escucha", mapping: Mapping::default() }.decoder();
    decode::lines(decoder.as_mut(), &mut post.to_string().into_bytes(), &mut decoded);
    let facts = Told(&post["computed"]);
    let post = decoded.posts.iter().next().unwrap_or_else(|| panic!("{post}: {:?}", decoded.refusals));
    let rule = |name: &str| rules.iter().any(|(n, q)| *n == name && eql::explain(q, &post, &Given::NOTHING).matched);
    let slow = eql::explain(query, &post, &Given { facts: &facts, scope: 0, rules: &rule }).matched;
    let named = rules.iter().map(|(name, query)| Named { query, name, scope: 0 });
    let mut fast = Vec::new();
    Matcher::new([Named::from(query)].into_iter().chain(named)).matches(&post, &facts, &mut Scratch::default(), &mut fast);
    assert_eq!(fast.contains(&0), slow, "the matcher and the slow evaluator disagree on {v}");
    slow
}
