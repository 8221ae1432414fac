//! The fuzz targets of decoding, on a seeded generator and a corpus.

use escucha::prng::Prng;

use crate::{data, decoders};

#[path = "../../fuzz/src/targets.rs"]
mod targets;

fn bytes(random: &mut Prng, max: usize) -> Vec<u8> {
    (0..random.index(max)).map(|_| random.next_u64() as u8).collect()
}

/// What breaks parsers.
const TOKENS: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\udc00",
    "\\ud83d\\ude00",
    "null",
    "true",
    "-0",
    "1e999",
    "-1",
    "0.5",
    "99999999999999999999",
    "\"\"",
    "\n",
    "\r\n",
    "\u{feff}",
    "&amp;",
    "&#x",
    "<br>",
    "<a href=\"",
    "at://",
    "/app.bsky.feed.post/",
    "ñ",
];

/// One to eight changes to `frame`, each a flip, a cut, a copy, a token or a piece of `other`.
fn mutated(random: &mut Prng, frame: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    for _ in 0..=random.index(8) {
        let at = random.index(bytes.len());
        let end = (at + random.index(40)).min(bytes.len());
        match random.index(6) {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = random.next_u64() as u8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let from = random.index(other.len());
                let to = (from + random.index(60)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                bytes.splice(at..at, random.pick(&TOKENS).bytes());
            }
        }
    }
    bytes
}

/// Frames as received, and one sample per decoder.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let mut frames: Vec<(&str, Vec<u8>)> = decoders::samples().into_iter().map(|(name, _, sample)| (name, sample.into_bytes())).collect();
    let files = [
        ("jetstream", "jetstream/golden_v1.jsonl"),
        ("mastodon", "mastodon/public_timeline_2020-04-16.ndjson"),
        ("x-v1", "x-v1-stream/filter_2015-11-17.ndjson.gz"),
        ("x-v2", "x-v2/filtered_stream.ndjson"),
    ];
    for (name, file) in files {
        let Some(bytes) = data::read(file) else { continue };
        frames.extend(bytes.split(|b| *b == b'\n').take(15).map(|line| (name, line.to_vec())));
    }
    frames
}

#[test]
fn decoders_survive_anything() {
    let mut random = Prng::new(20_261_121);
    let corpus = corpus();
    for (name, frame) in &corpus {
        targets::decode(name, frame);
        for _ in 0..60 {
            let other = &corpus[random.index(corpus.len())].1;
            targets::decode(name, &mutated(&mut random, frame, other));
        }
    }
    for spec in escucha::decode::ALL {
        for _ in 0..300 {
            targets::decode(spec.name, &bytes(&mut random, 200));
            let tokens: String = (0..random.index(60)).map(|_| *random.pick(&TOKENS)).collect();
            targets::decode(spec.name, tokens.as_bytes());
        }
    }
}

#[test]
fn dates_and_markup_survive_anything() {
    let mut random = Prng::new(7);
    let dates =
        ["2026-07-04T10:00:00.123456Z", "Fri Oct 30 18:45:24 +0000 2020", "Fri, 30 Oct 2020 18:45:24 GMT", "1604083524123", "%Y-%m-%d %z"];
    let html =
        ["<p>a<br>b</p><p>c &amp; d</p>", "<a href=\"https://e.mx/?a&amp;b\" class='mention'>@<span>b</span></a>", "<ul><li>x</li></ul>"];
    for _ in 0..2000 {
        let (date, page) = (random.pick(&dates).as_bytes(), random.pick(&html).as_bytes());
        targets::date(&mutated(&mut random, date, page));
        targets::html(&mutated(&mut random, page, date));
    }
}
