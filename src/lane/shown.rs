//! A post as people may see it: without the personal data of whoever wrote it.
//!
//! This is where a post leaves the lane, so that nobody behind it (mentions, alerts and their terms, the
//! store, what notifiers send, the wall) has what was taken out. Queries, scores and fingerprints go by
//! the text as it came.

use std::borrow::Cow;

use super::Compiled;
use crate::personal::Kinds;
use crate::pii;
use crate::post::{Author, Post, Reference};

/// Calls `with` with the post as it may be shown. What an account of a brand writes is published and stays
/// as it is, wherever it is quoted.
pub(super) fn shown<T>(post: &Post<'_>, compiled: &Compiled, with: impl FnOnce(&Post<'_>) -> T) -> T {
    let mut kinds = Kinds::default();
    let mut hide = |text, by: Author<'_>| hidden(text, (post, by), compiled, &mut kinds);
    // A repost has the text of whom it repeats.
    let writer = if post.is_repost() { whose(&post.repost_of) } else { post.author };
    let (text, title) = (hide(post.text, writer), hide(post.title, writer));
    let quoted_text = hide(post.quoted_text, whose(&post.quote_of));
    let bio = hide(post.author.bio, post.author);
    if kinds.is_empty() {
        return with(post);
    }
    let author = Author { bio: &bio, ..post.author };
    with(&Post { text: &text, title: &title, quoted_text: &quoted_text, author, masked: kinds, ..*post })
}

/// Who wrote another post.
fn whose<'a>(of: &Reference<'a>) -> Author<'a> {
    Author { id: of.author_id, handle: of.author, ..Author::default() }
}

fn hidden<'a>(text: &'a str, (post, by): (&Post<'_>, Author<'_>), compiled: &Compiled, kinds: &mut Kinds) -> Cow<'a, str> {
    let mut found = Kinds::default();
    let masked = pii::masked(text, &compiled.published, &mut found);
    if found.is_empty() || compiled.accounts.find(&compiled.listening.brands, post.network, by.id, by.handle).is_some() {
        return Cow::Borrowed(text);
    }
    kinds.0 |= found.0;
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::Kind;
    use crate::topic::{Account, Brand, Listening};

    const SAID: &str = "mi cel es 55 1234 5678 y mi tarjeta 4111 1111 1111 1111";

    fn compiled() -> Compiled {
        let accounts = vec![Account { id: "7".into(), handle: "banco".into(), ..Account::default() }];
        let published = vec!["+52 55 9999 0000".to_owned()];
        let brands = vec![Brand { name: "Banco".into(), own: true, accounts, published, ..Brand::default() }];
        Compiled::new(Listening { brands, ..Listening::default() })
    }

    fn by<'a>(id: &'a str, handle: &'a str) -> Author<'a> {
        Author { id, handle, ..Author::default() }
    }

    #[test]
    fn what_customers_write_is_masked_wherever_it_stands() {
        let author = Author { bio: "escribe a ana@ejemplo.mx", ..by("1", "ana") };
        let post = Post { id: "1", text: SAID, title: "CLABE 032180000118359719", quoted_text: "12345678Z", author, ..Post::default() };
        shown(&post, &compiled(), |p| {
            assert_eq!(p.text, "mi cel es ▒▒▒▒ y mi tarjeta ▒▒▒▒");
            assert_eq!((p.title, p.quoted_text, p.author.bio), ("CLABE ▒▒▒▒", "▒▒▒▒", "escribe a ▒▒▒▒"));
            assert_eq!(p.masked.iter().collect::<Vec<_>>(), [Kind::Card, Kind::Clabe, Kind::Dni, Kind::Phone, Kind::Email]);
            assert_eq!((p.id, p.author.handle), ("1", "ana"));
        });
        let plain = Post { text: "me cobraron 2 veces el 12-10-2020", ..post };
        let plain = Post { title: "", quoted_text: "", author: by("1", "ana"), ..plain };
        shown(&plain, &compiled(), |p| assert_eq!(*p, plain));
    }

    #[test]
    fn what_a_brand_says_and_what_it_publishes_stays() {
        let compiled = compiled();
        let text = |post: &Post<'_>| shown(post, &compiled, |p| format!("{}|{}", p.text, p.quoted_text));
        let of = |author, id| Reference { id: "9", author, author_id: id };
        let customer = Post { text: "llamé al 5599990000", author: by("1", "ana"), ..Post::default() };
        assert_eq!(text(&customer), "llamé al 5599990000|");
        let bank = Post { text: SAID, author: by("7", "renamed"), ..Post::default() };
        assert_eq!(text(&bank), format!("{SAID}|"));
        let same_name = Post { author: by("8", "banco"), ..bank };
        assert!(!text(&same_name).contains("4111"), "another account of that name");
        let repost = Post { author: by("1", "ana"), repost_of: of("banco", ""), ..bank };
        assert_eq!(text(&repost), format!("{SAID}|"));
        let of_a_customer = Post { author: by("7", "banco"), repost_of: of("ana", "1"), ..bank };
        assert!(!text(&of_a_customer).contains("4111"));
        let quote = Post { text: "gracias", quoted_text: SAID, quote_of: of("banco", "7"), author: by("1", "ana"), ..Post::default() };
        assert_eq!(text(&quote), format!("gracias|{SAID}"));
        let quotes_a_customer = Post { quote_of: of("ana", "1"), author: by("7", "banco"), ..quote };
        assert!(!text(&quotes_a_customer).contains("4111"));
    }
}
