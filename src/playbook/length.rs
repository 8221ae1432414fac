//! How long a post may be, and how long a network takes it to be.

use crate::text::{TokenKind, Tokens};

/// A network that bounds its posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// As sources name it.
    pub network: &'static str,
    /// For people.
    pub title: &'static str,
    /// Characters of a post.
    pub most: usize,
    /// Characters of a long handle.
    pub handle: usize,
    /// What a link counts for, if not its own length.
    link: Option<usize>,
    /// Whether characters beyond those of most alphabets count twice.
    weighted: bool,
}

/// X without its paid plans, Bluesky, and Mastodon as it comes.
const LIMITS: [Limit; 3] = [
    Limit { network: "x", title: "X", most: 280, handle: 15, link: Some(23), weighted: true },
    Limit { network: "bluesky", title: "Bluesky", most: 300, handle: 30, link: None, weighted: false },
    Limit { network: "mastodon", title: "Mastodon", most: 500, handle: 30, link: Some(23), weighted: false },
];

/// The bound of `network`; `None` where none is known.
pub fn limit(network: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.network == network)
}

impl Limit {
    /// All that are known.
    pub fn all() -> impl Iterator<Item = &'static Limit> {
        LIMITS.iter()
    }
}

/// Code points that X counts once (configuration 3 of its twitter-text library); all others count twice.
const ONCE: [std::ops::RangeInclusive<u32>; 4] = [0..=4351, 8192..=8205, 8208..=8223, 8242..=8247];

/// How long `text` is for `network`, never less than the network counts: an emoji of several parts is counted by
/// its parts.
pub fn length(network: &str, text: &str) -> usize {
    let Some(limit) = limit(network) else { return text.chars().count() };
    let of = |text: &str| -> usize {
        let weight = |c: char| if limit.weighted && !ONCE.iter().any(|range| range.contains(&u32::from(c))) { 2 } else { 1 };
        text.chars().map(weight).sum()
    };
    let Some(link) = limit.link else { return of(text) };
    let mut tokens = Tokens::default();
    tokens.read(text);
    let links = tokens.tokens().iter().filter(|token| token.kind == TokenKind::Url);
    let saved = links.filter_map(|token| text.get(token.start as usize..token.end as usize)).map(|url| of(url) as i64 - link as i64);
    usize::try_from(of(text) as i64 - saved.sum::<i64>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_counts_in_its_own_way() {
        let url = format!("https://banco.example/{}", "a".repeat(78));
        for (network, text, want) in [
            ("x", "¿Qué tal? ñandú", 15),
            ("x", "hola 👍", 7),
            ("x", "銀行", 4),
            ("x", &format!("mira {url}"), 5 + 23),
            ("x", "mira https://t.co/x", 5 + 23),
            ("mastodon", &format!("mira {url} 👍"), 5 + 23 + 2),
            ("bluesky", &format!("mira {url}"), 5 + 100),
            ("facebook", "👍 sí", 4),
        ] {
            assert_eq!(length(network, text), want, "{network}: {text}");
        }
        assert_eq!((limit("x").map(|l| l.most), limit("facebook")), (Some(280), None));
    }
}
