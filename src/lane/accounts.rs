//! Who writes for brands. The posts of those in a group are wanted whether a query finds them or not, and
//! what any brand says is published.

use std::collections::HashMap;

use crate::post::Post;
use crate::topic::Listening;

/// Bits of the first look at a name.
const BITS: usize = 4096;

/// The accounts of some brands.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// Brands and their accounts by id, and by handle in lower case.
    by_id: HashMap<String, Vec<(usize, usize)>>,
    by_handle: HashMap<String, Vec<(usize, usize)>>,
    /// Marks of the handles: nearly every author is ruled out without a copy of the name.
    marks: Vec<u64>,
}

impl Accounts {
    /// Those of `brands`, indices into `listening.brands`.
    pub(super) fn new(listening: &Listening, brands: impl IntoIterator<Item = usize>) -> Accounts {
        let mut all = Accounts::default();
        let mut brands: Vec<usize> = brands.into_iter().collect();
        brands.sort_unstable();
        brands.dedup();
        for brand in brands {
            for (i, account) in listening.brands.get(brand).iter().flat_map(|b| &b.accounts).enumerate() {
                if !account.id.is_empty() {
                    all.by_id.entry(account.id.clone()).or_default().push((brand, i));
                }
                if !account.handle.is_empty() {
                    all.marks.resize(BITS / 64, 0);
                    let mark = mark(&account.handle);
                    all.marks[mark / 64] |= 1 << (mark % 64);
                    all.by_handle.entry(account.handle.clone()).or_default().push((brand, i));
                }
            }
        }
        all
    }

    /// The brand that wrote the post, and by which of its accounts.
    pub(super) fn writer(&self, post: &Post<'_>, listening: &Listening) -> Option<(usize, usize)> {
        if self.by_id.is_empty() && self.by_handle.is_empty() {
            return None;
        }
        let author = &post.author;
        let is = |(brand, i): &&(usize, usize)| {
            let account = listening.brands.get(*brand).and_then(|b| b.accounts.get(*i));
            account.is_some_and(|a| a.is(post.network, author.id, author.handle))
        };
        if let Some(found) = self.by_id.get(author.id).and_then(|all| all.iter().find(is)) {
            return Some(*found);
        }
        if !self.is_marked(author.handle) {
            return None;
        }
        self.by_handle.get(&author.handle.to_lowercase())?.iter().find(is).copied()
    }

    fn is_marked(&self, handle: &str) -> bool {
        // What is not ASCII may change its length in lower case.
        let mark = mark(handle);
        !handle.is_ascii() || self.marks.get(mark / 64).is_some_and(|bits| bits & (1 << (mark % 64)) != 0)
    }
}

/// A bit that a handle has in common with itself in other letter case.
fn mark(handle: &str) -> usize {
    let bytes = handle.as_bytes();
    let at = |i: usize| bytes.get(i).map_or(0, |b| usize::from(b.to_ascii_lowercase()));
    (bytes.len() * 31 + at(0) * 7 + at(bytes.len() / 2) * 131 + at(bytes.len().saturating_sub(1)) * 67) % BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Author;
    use crate::topic::{Account, Brand};

    #[test]
    fn a_writer_is_the_account_that_a_brand_says_it_is() {
        let account = |id: &str, handle: &str, network: &str| Account {
            id: id.into(),
            handle: handle.into(),
            network: network.into(),
            ..Account::default()
        };
        let brand = |accounts| Brand { accounts, ..Brand::default() };
        let brands = vec![
            brand(vec![account("9", "outside", "")]),
            brand(vec![account("1", "banco", "x"), account("", "bancoñ", "")]),
            brand(vec![account("", "otro_banco", "")]),
        ];
        let listening = Listening { brands, ..Listening::default() };
        let accounts = Accounts::new(&listening, [1, 2, 1]);
        for (network, id, handle, want) in [
            ("x", "1", "renamed", Some((1, 0))),
            ("x", "2", "banco", None),
            ("x", "", "BANCO", Some((1, 0))),
            ("mastodon", "1", "banco", None),
            ("x", "77", "BANCOÑ", Some((1, 1))),
            ("x", "77", "Otro_Banco", Some((2, 0))),
            ("x", "9", "outside", None),
            ("x", "", "", None),
        ] {
            let author = Author { id, handle, ..Author::default() };
            let post = Post { network, author, ..Post::default() };
            assert_eq!(accounts.writer(&post, &listening), want, "{network} {id} {handle}");
            // The slow way: every account of every brand in a group, asked in turn.
            let slow = (1..3).flat_map(|b| (0..listening.brands[b].accounts.len()).map(move |a| (b, a)));
            let slow = slow.clone().find(|(b, a)| listening.brands[*b].accounts[*a].is(network, id, handle));
            assert_eq!(slow, want);
        }
        let nobody = Accounts::new(&listening, []);
        assert_eq!(nobody.writer(&Post { author: Author { id: "1", ..Author::default() }, ..Post::default() }, &listening), None);
    }
}
