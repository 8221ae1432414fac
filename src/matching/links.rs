//! The texts of a post besides its own, and its links: read only if some query asks for them.

use super::leaf::View;
use crate::post::Post;
use crate::query::Place;
use crate::text::{TokenKind, Tokens};

/// Which of them any query asks for, as a set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked(u8);

impl Asked {
    /// Every place, in the order of its bits.
    pub(super) const PLACES: [Place; 5] = [Place::Title, Place::Bio, Place::BioName, Place::BioLocation, Place::Place];
    const LINKS: u8 = 1 << 5;

    pub(super) fn add(&mut self, other: Asked) {
        self.0 |= other.0;
    }
    pub(super) fn place(place: Place) -> Asked {
        Asked(1 << place as u8)
    }
    pub(super) fn links() -> Asked {
        Asked(Asked::LINKS)
    }
    pub(super) fn is_nothing(self) -> bool {
        self.0 == 0
    }
    pub(super) fn has_place(self, place: Place) -> bool {
        self.0 & (1 << place as u8) != 0
    }
    pub(super) fn has_links(self) -> bool {
        self.0 & Asked::LINKS != 0
    }
}

/// Their tokens.
#[derive(Debug, Default)]
pub(super) struct Fields {
    places: [Tokens; 5],
    /// All links, without what only separates, one after another with a barrier between them.
    joined: String,
    links: Tokens,
}

/// Stands between two links: a link itself to the reader, so that no word matches it and no phrase
/// runs across.
const BARRIER: &str = " http:// ";

impl Fields {
    /// Reads what `asked` names of `post`, whose own text is `own`.
    pub(super) fn read(&mut self, post: &Post<'_>, own: View<'_>, asked: Asked) {
        for (place, tokens) in Asked::PLACES.into_iter().zip(&mut self.places) {
            if asked.has_place(place) {
                tokens.read(text_of(post, place));
            }
        }
        if asked.has_links() {
            self.joined.clear();
            for link in of(post, own) {
                // A scheme inside a link would be read as a link of its own, which has no words.
                without_scheme(link).split("://").for_each(|part| {
                    self.joined.push_str(part);
                    self.joined.push(' ');
                });
                self.joined.push_str(BARRIER);
            }
            self.links.read(&self.joined);
        }
    }

    /// A place of `post`, which was read last.
    pub(super) fn place<'a>(&'a self, post: &Post<'a>, place: Place) -> View<'a> {
        View { text: text_of(post, place), tokens: self.places.get(place as usize).unwrap_or(&self.links) }
    }

    /// All links of the post that was read last.
    pub(super) fn links(&self) -> View<'_> {
        View { text: &self.joined, tokens: &self.links }
    }
}

/// The words of a place.
fn text_of<'a>(post: &Post<'a>, place: Place) -> &'a str {
    match place {
        Place::Title => post.title,
        Place::Bio => post.author.bio,
        Place::BioName => post.author.name,
        Place::BioLocation => post.author.location,
        Place::Place => post.place,
    }
}

/// Every link: those in the text, then those the network tells.
pub(super) fn of<'a>(post: &'a Post<'a>, own: View<'a>) -> impl Iterator<Item = &'a str> {
    let tokens = own.tokens.tokens().iter().filter(|t| t.kind == TokenKind::Url);
    tokens.filter_map(move |t| own.text.get(t.start as usize..t.end as usize)).chain(post.links.iter())
}

/// A link without `http://` or `https://`.
fn without_scheme(link: &str) -> &str {
    let scheme = ["http://", "https://"].into_iter().find(|s| link.get(..s.len()).is_some_and(|head| head.eq_ignore_ascii_case(s)));
    scheme.and_then(|s| link.get(s.len()..)).unwrap_or(link)
}

/// The host of an address; empty if there is none.
pub(super) fn host(url: &str) -> &str {
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => rest,
        _ => url,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (url, expected) in [
            ("https://www.bancomer.com/avisos?x=https://y.z", "www.bancomer.com"),
            ("http://user:pass@host.org:8080", "host.org"),
            ("host.org/path?u=http://other.org", "host.org"),
            ("https://[2001:db8::1]:80/x", "[2001:db8::1]"),
            ("https:///x", ""),
            ("", ""),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }

    #[test]
    fn links_are_kept_apart() {
        let mut own = Tokens::default();
        let post = Post { text: "ver HTTP://a.b", links: crate::post::Lines("https://c.d/e?u=http://f"), ..Post::default() };
        own.read(post.text);
        let mut fields = Fields::default();
        fields.read(&post, View { text: post.text, tokens: &own }, Asked::links());
        let view = fields.links();
        let words: Vec<_> = view.tokens.tokens().iter().map(|t| view.tokens.base(t)).collect();
        assert_eq!(words, ["a", "b", "", "c", "d", "e", "u", "http", "f", ""]);
    }
}
