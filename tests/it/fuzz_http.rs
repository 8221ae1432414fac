//! The fuzz target of what clients say: never a panic, and nothing but JSON in answer.

use escucha::http::Token;
use escucha::prng::Prng;
use escucha::wire;

const CORPUS: [&str; 6] = [
    r#"{"type":"subscribe","channels":["alerts","mentions"],"topics":["ñ"],"min_severity":"info","min_priority":12.5}"#,
    r#"{"type":"subscribe"}"#,
    r#"{"type":"subscribe","channels":null,"min_priority":1e999}"#,
    r#"{"token":"esc_abc"}"#,
    "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef",
    "[[[[[[[[",
];

/// The target.
pub fn said(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(e) = wire::Subscribe::parse(&text) {
        let frame = wire::error_json("invalid_request", &escucha::bilingual::Both::new(&*e, &*e));
        assert!(serde_json::from_str::<serde_json::Value>(&frame).is_ok());
    }
    if let Some(secret) = wire::parse_session(bytes) {
        assert!(secret.len() <= bytes.len());
    }
    if let Some(hash) = Token::parse_hash(&text) {
        let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        assert!(hex.eq_ignore_ascii_case(&text));
    }
    let frame = wire::gap_json(&text, 1, 2, &text);
    let value: serde_json::Value = serde_json::from_str(&wire::with_dropped(&frame, 3)).expect("JSON");
    assert_eq!((value["dropped"].as_u64(), value["channel"].as_str()), (Some(3), Some(&*text)));
}

#[test]
fn what_clients_say_is_data() {
    let mut random = Prng::new(11);
    for seed in CORPUS {
        said(seed.as_bytes());
        for _ in 0..2000 {
            let mut bytes = seed.as_bytes().to_vec();
            for _ in 0..=random.index(4) {
                let at = random.index(bytes.len());
                match random.below(3) {
                    0 => bytes[at] = random.next_u64() as u8,
                    1 => bytes.insert(at, random.next_u64() as u8),
                    _ if bytes.len() > 1 => bytes.truncate(at.max(1)),
                    _ => {}
                }
            }
            said(&bytes);
        }
    }
}
