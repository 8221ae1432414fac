//! Decoders on real data: every line is decoded or refused with a reason, and the counts stand here.

use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::post::{Kind, Post};

use crate::data;

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

pub fn mapping(fields: &[(&str, &str)]) -> Mapping {
    Mapping { fields: fields.iter().map(|(f, p)| (f.to_string(), p.to_string())).collect(), time_format: String::new() }
}

#[test]
fn dump() {
    for (name, file) in [
        ("jetstream", "jetstream/golden_v1.jsonl"),
        ("jetstream", "jetstream/events_2026-07-04.jsonl"),
        ("x-v1", "x-v1-stream/filter_2015-11-17.ndjson.gz"),
        ("x-v1", "x-v1-stream/sample_2015-03-20.ndjson.gz"),
        ("x-v1", "x-v1-stream/sample_2015-10-03.ndjson.gz"),
        ("x-v2", "x-v2/filtered_stream.ndjson"),
        ("x-v2", "x-v2/search_pages.jsonl.gz"),
        ("mastodon", "mastodon/public_timeline_2020-04-16.ndjson"),
    ] {
        let Some(bytes) = data::read(file) else { return };
        let out = decode(name, &Mapping::default(), &bytes);
        println!("{file} items {} posts {} not {} refused {:?}", out.items, out.posts.len(), out.not_posts, out.refused);
        let c = |f: &dyn Fn(&Post<'_>) -> bool| out.posts.iter().filter(|p| f(p)).count();
        println!(
            "  creates {} updates {} deletes {} reposts {} quotes {} replies {} links {} mentions {} media {} place {} qtext {} followers {} handle {} conv {}",
            c(&|p| p.kind == Kind::Create),
            c(&|p| p.kind == Kind::Update),
            c(&|p| p.kind == Kind::Delete),
            c(&|p| p.is_repost()),
            c(&|p| p.quote_of.is_some()),
            c(&|p| p.in_reply_to.is_some()),
            c(&|p| !p.links.is_empty()),
            c(&|p| !p.mentions.is_empty()),
            c(&|p| p.media.0 != 0),
            c(&|p| !p.place.is_empty()),
            c(&|p| !p.quoted_text.is_empty()),
            c(&|p| p.author.followers.get().is_some()),
            c(&|p| !p.author.handle.is_empty()),
            c(&|p| !p.conversation_id.is_empty())
        );
        for p in out.posts.iter().filter(|p| p.kind != Kind::Delete).take(4) {
            println!("{p:?}");
        }
    }
}
