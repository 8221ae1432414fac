//! Fuzz targets: plain functions of bytes, run by cargo-fuzz from this crate and from a seeded
//! generator in every test run of the engine (`tests/it/fuzz_decode.rs`).

use escucha::decode::{self, Decoded, Decoder, Format, Mapping};
use escucha::limits;
use escucha::{dates, markup};

/// A mapping that uses every kind of field.
pub fn mapping() -> Mapping {
    let fields = [
        ("id", "/a/0"),
        ("network", "/network"),
        ("created_at", "/at"),
        ("text", "/t"),
        ("author.id", "/user/id"),
        ("author.handle", "=ana"),
        ("author.followers", "/n"),
        ("author.verified", "/v"),
        ("links", "/l"),
        ("media", "/m"),
        ("source_app", "/s"),
        ("kind", "/kind"),
    ];
    Mapping { fields: fields.iter().map(|(f, p)| (f.to_string(), p.to_string())).collect(), time_format: String::new() }
}

/// The decoder `name`.
pub fn decoder(name: &str) -> Box<dyn Decoder> {
    let spec = decode::find(name).expect("a registered decoder");
    (spec.new)(&Format { name: spec.name, mapping: mapping() })
}

/// Any bytes through the decoder `name`: no panic, every item accounted for, every bound kept, and
/// nothing left over from one buffer in the next.
pub fn decode(name: &str, bytes: &[u8]) {
    let mut decoder = decoder(name);
    let first = run(decoder.as_mut(), bytes);
    let again = run(decoder.as_mut(), bytes);
    assert!(first.posts.iter().eq(again.posts.iter()), "the second reading differs");
    assert_eq!((first.refusals, first.not_posts), (again.refusals, again.not_posts));
}

fn run(decoder: &mut dyn Decoder, bytes: &[u8]) -> Decoded {
    let mut out = Decoded::default();
    decode::lines(decoder, &mut bytes.to_vec(), &mut out);
    assert_eq!(out.items, out.posts.len() as u64 + out.not_posts + out.refused.iter().sum::<u64>());
    assert_eq!(out.refusals.len() as u64, out.refused.iter().sum::<u64>());
    assert_eq!(out.posts.len(), out.lines.len());
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert!(out.items >= lines as u64, "every line with something in it is an item");
    for post in out.posts.iter() {
        assert!((1..=limits::ID_BYTES).contains(&post.id.len()) && post.author.id.len() <= limits::ID_BYTES);
        assert!(post.text.len() <= limits::TEXT_BYTES && post.quoted_text.len() <= limits::TEXT_BYTES);
        assert!(post.title.len() <= limits::FIELD_BYTES && post.author.bio.len() <= limits::FIELD_BYTES);
        assert!(post.links.iter().count() <= limits::LINKS && post.mentions.iter().count() <= limits::MENTIONS);
        assert!(!post.network.bytes().any(|b| b.is_ascii_uppercase()));
    }
    out
}

/// Any text as a date and as a date pattern.
pub fn date(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = (dates::parse(&text), dates::from_snowflake(&text), dates::is_pattern(&text), dates::parse_with(&text, &text));
}

/// Any text as HTML: nothing is invented, so that the text is not longer than the mark-up but for the
/// empty lines between paragraphs.
pub fn html(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    markup::to_text(&text, &mut out);
    assert!(out.len() <= text.len(), "{text:?} -> {out:?}");
    assert!(markup::links(&text).all(|link| text.contains(link)));
    out.clear();
    markup::unescape(&text, &mut out);
    assert!(out.len() <= text.len());
}
