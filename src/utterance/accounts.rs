//! Whose account is whose: the accounts of brands, found without asking each in turn.

use std::collections::HashMap;

use crate::query::Accents;
use crate::text::{Entity, fold};
use crate::topic::Brand;

/// Bits of the first look at a name.
const BITS: usize = 4096;

/// The accounts of some brands.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Brands and their accounts by id, and by handle in lower case.
    by_id: HashMap<String, Vec<(usize, usize)>>,
    by_handle: HashMap<String, Vec<(usize, usize)>>,
    /// By handle without marks, as texts are compared.
    by_name: HashMap<String, Vec<(usize, usize)>>,
    /// Marks of the handles: nearly every author is ruled out without a copy of the name.
    marks: Vec<u64>,
}

impl Accounts {
    /// The accounts of the brands at these places of `brands`.
    pub fn new(brands: &[Brand], places: impl IntoIterator<Item = usize>) -> Accounts {
        let mut all = Accounts::default();
        for brand in places {
            for (i, account) in brands.get(brand).iter().flat_map(|b| &b.accounts).enumerate() {
                if !account.id.is_empty() {
                    all.by_id.entry(account.id.clone()).or_default().push((brand, i));
                }
                if !account.handle.is_empty() {
                    all.marks.resize(BITS / 64, 0);
                    let mark = mark(&account.handle);
                    all.marks[mark / 64] |= 1 << (mark % 64);
                    all.by_handle.entry(account.handle.clone()).or_default().push((brand, i));
                    all.by_name.entry(fold(&account.handle, Accents::Fold)).or_default().push((brand, i));
                }
            }
        }
        all
    }

    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_handle.is_empty()
    }

    /// The brand whose account this is, and which of its accounts; `brands` are those of `new`.
    pub fn find(&self, brands: &[Brand], network: &str, id: &str, handle: &str) -> Option<(usize, usize)> {
        if self.is_empty() {
            return None;
        }
        let is = |(brand, i): &&(usize, usize)| {
            let account = brands.get(*brand).and_then(|b| b.accounts.get(*i));
            account.is_some_and(|a| a.is(network, id, handle))
        };
        if let Some(found) = self.by_id.get(id).and_then(|all| all.iter().find(is)) {
            return Some(*found);
        }
        if !self.is_marked(handle) {
            return None;
        }
        self.by_handle.get(&handle.to_lowercase())?.iter().find(is).copied()
    }

    /// The account that `entity` of `text` names: by the whole handle, or by its first run where the
    /// account's handle is no longer than that.
    pub fn named(&self, brands: &[Brand], network: &str, entity: &Entity, text: &str) -> Option<(usize, usize)> {
        if self.by_name.is_empty() {
            return None;
        }
        let is = |(brand, i): &&(usize, usize)| {
            let account = brands.get(*brand).and_then(|b| b.accounts.get(*i));
            account.is_some_and(|a| a.network.is_empty() || a.network == network)
        };
        let by = |end: usize| self.by_name.get(&fold(text.get(entity.start + 1..end)?, Accents::Fold))?.iter().find(is).copied();
        by(entity.end).or_else(|| by(entity.name_end))
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
    use crate::text::Tokens;
    use crate::topic::Account;

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
        let accounts = Accounts::new(&brands, 1..3);
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
            assert_eq!(accounts.find(&brands, network, id, handle), want, "{network} {id} {handle}");
            // The slow way: every account of every brand, asked in turn.
            let mut slow = (1..3).flat_map(|b| (0..brands[b].accounts.len()).map(move |a| (b, a)));
            assert_eq!(slow.find(|(b, a)| brands[*b].accounts[*a].is(network, id, handle)), want);
        }
        assert_eq!(Accounts::default().find(&brands, "x", "1", "banco"), None);
    }

    #[test]
    fn an_account_is_named_by_its_whole_handle_or_its_first_run() {
        let account = |handle: &str, network: &str| Account { handle: handle.into(), network: network.into(), ..Account::default() };
        let brands = [Brand {
            accounts: vec![account("banco", ""), account("otro.bsky.social", "bluesky"), account("ñandú", "x")],
            ..Brand::default()
        }];
        let accounts = Accounts::new(&brands, [0]);
        for (network, text, want) in [
            ("x", "@banco", Some((0, 0))),
            ("x", "hola @BANCO.", Some((0, 0))),
            ("mastodon", "@banco@m.mx", Some((0, 0))),
            ("bluesky", "@otro.bsky.social", Some((0, 1))),
            ("x", "@otro.bsky.social", None),
            ("bluesky", "@otro", None),
            ("x", "@ÑANDU", Some((0, 2))),
            ("x", "@bancos", None),
        ] {
            let mut tokens = Tokens::default();
            tokens.read(text);
            let found = tokens.entities(text).find_map(|e| accounts.named(&brands, network, &e, text));
            assert_eq!(found, want, "{network} {text}");
        }
    }
}
