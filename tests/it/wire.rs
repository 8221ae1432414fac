//! What leaves as JSON comes back as the same post.

use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::post::Post;
use escucha::wire::{self, PostView};

use crate::data;

fn decoded(name: &'static str, mut bytes: Vec<u8>) -> Decoded {
    let mut decoder = Format { name, mapping: Mapping::default() }.decoder();
    let mut out = Decoded::default();
    decode::lines(&mut *decoder, &mut bytes, &mut out);
    out
}

/// The native form holds whole microseconds and everything a post has.
fn same(post: &Post<'_>) {
    let json = wire::json(&PostView::from(post));
    let back = decoded("escucha", json.clone().into_bytes());
    assert_eq!(back.posts.len(), 1, "{json}");
    assert_eq!(back.posts.get(0), *post, "{json}");
}

#[test]
fn real_posts_survive_the_native_form() {
    for (format, path, least) in [
        ("jetstream", "jetstream/golden_v1.jsonl", 1),
        ("jetstream", "jetstream/events_2026-07-04.jsonl", 17),
        ("mastodon", "mastodon/public_timeline_2020-04-16.ndjson", 10),
        ("x-v2", "x-v2/search_pages.jsonl.gz", 1000),
        ("x-v1", "x-v1-stream/sample_2015-10-03.ndjson.gz", 100),
    ] {
        let Some(bytes) = data::read(path) else { return };
        let posts = decoded(format, bytes).posts;
        assert!(posts.len() >= least, "{path}: {}", posts.len());
        posts.iter().for_each(|p| same(&p));
    }
}

#[test]
fn awkward_posts_survive_the_native_form() {
    let text = "línea\n\"comillas\" \\ \u{0} \u{2028} 👩‍👩‍👧 </script>";
    let mut post = Post { id: "1", network: "x", text, at: escucha::time::Timestamp(1_783_000_000_123_456), ..Post::default() };
    same(&post);
    post.counts.likes = escucha::post::Count::of(0);
    post.quoted_text = "citado";
    post.links = escucha::post::Lines("https://a.example/1\nhttps://b.example/2");
    post.media.add("video");
    post.author.verified = true;
    post.sensitive = true;
    same(&post);
}
