//! Any bytes as a configuration file: read, used and shown without a panic.

use std::path::Path;

use escucha::bilingual::Lang;
use escucha::config::{Config, TopicIds};
use escucha::prng::Prng;

use crate::config::{SEVEN, TABLE, examples};

/// What mutations put in: all that has a meaning in TOML, and what breaks numbers and columns.
const PIECES: &[&str] = &[
    "[[",
    "]]",
    "[",
    "]",
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "\\",
    "=",
    "\n",
    "\r",
    "{",
    "}",
    ",",
    ".",
    "ñ",
    "\u{1f600}",
    "99999999999999999999",
    "\0",
];

/// Any bytes: read, and shown in both languages.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let report = match Config::read("escucha.toml", text, Path::new("")) {
        Ok((config, report)) => {
            config.listening(&mut TopicIds::default(), 0);
            report
        }
        Err(report) => report,
    };
    for lang in [Lang::Es, Lang::En] {
        report.render(lang, lang == Lang::Es);
    }
}

#[test]
fn nothing_panics() {
    let mut corpus: Vec<Vec<u8>> = TABLE.iter().map(|(file, ..)| file.as_bytes().to_vec()).collect();
    corpus.push(SEVEN.as_bytes().to_vec());
    let small = examples().into_iter().map(|path| std::fs::read(path).expect("example")).filter(|bytes| bytes.len() < 8192);
    corpus.extend(small);
    let mut prng = Prng::new(2);
    for round in 0..800 {
        let mut bytes = prng.pick(&corpus).clone();
        for _ in 0..1 + round % 4 {
            let at = prng.index(bytes.len() + 1);
            let end = (at + prng.index(6)).min(bytes.len());
            bytes.splice(at..end, prng.pick(PIECES).bytes());
        }
        config(&bytes);
    }
}
