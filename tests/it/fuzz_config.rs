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

/// Any bytes as a topic that is put in force beside two others; what is told of them has a place in them.
pub fn topic(bytes: &[u8]) {
    let text = "[[list]]\nname='l'\nterms=['a1']\n[[topic]]\nname='a'\nquery='rule:b x'\n[[topic]]\nname='b'\nquery='x'";
    let (config, _) = Config::read("e.toml", text.to_owned(), Path::new("")).expect("a file");
    let mut ids = TopicIds::default();
    let listening = config.listening(&mut ids, 1);
    for name in ["b", "c"] {
        match config.set().put(&listening, &mut ids, name, bytes) {
            Ok(change) => assert!(change.listening.topics.iter().any(|t| t.name == name && !t.queries.is_empty())),
            Err(faults) => {
                let body: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
                assert!(!faults.is_empty());
                for fault in faults.iter().filter(|f| !f.pointer.is_empty() && f.pointer != "/name") {
                    assert!(body.pointer(&fault.pointer).is_some(), "{}", fault.pointer);
                }
            }
        }
    }
}

#[test]
fn no_topic_panics() {
    let corpus: Vec<&[u8]> = vec![
        br#"{"query":"rule:a y","tag":"t","all":true,"brand":null}"#,
        br#"{"queries":["list:l","\u00f1 (x",{"query":"rule:b","accents":"smart","strict":false}],"weight":30}"#,
        br#"{"query":[[["a"]],{"b":1.5e3}],"name":"b","timezone":"UTC","a~/b\u007f":"\ud83d\ude00"}"#,
    ];
    let mut prng = Prng::new(3);
    for round in 0..600 {
        let mut bytes = prng.pick(&corpus).to_vec();
        for _ in 0..round % 4 {
            let at = prng.index(bytes.len() + 1);
            let end = (at + prng.index(4)).min(bytes.len());
            bytes.splice(at..end, prng.pick(PIECES).bytes());
        }
        topic(&bytes);
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
