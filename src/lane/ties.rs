//! Whom a post speaks to, and whether a brand wrote it.

use crate::post::Post;
use crate::signals::Context;
use crate::topic::{Account, Brand, Listening};

/// What a post has to do with each brand met so far: its index, whether the post speaks to it, whether
/// it wrote the post. A brand has many topics.
pub(super) type Ties = Vec<(usize, bool, bool)>;

/// Whether the post speaks to the brand with index `brand`, and whether the brand wrote it.
pub(super) fn tie(context: &Context<'_>, listening: &Listening, brand: usize, ties: &mut Ties) -> (bool, bool) {
    // The topics of a brand are near each other.
    if let Some((_, direct, own)) = ties.iter().rfind(|t| t.0 == brand) {
        return (*direct, *own);
    }
    let (direct, own) = listening.brands.get(brand).map_or((false, false), |b| (is_direct(context, b), is_own(context.post, b)));
    ties.push((brand, direct, own));
    (direct, own)
}

/// Whether the post speaks to the brand: it answers or mentions one of its accounts.
fn is_direct(context: &Context<'_>, brand: &Brand) -> bool {
    let post = context.post;
    let answers = |a: &Account| a.is(post.network, post.in_reply_to.author_id, post.in_reply_to.author);
    brand.accounts.iter().any(|a| answers(a) || mentions(context, a))
}

/// Whether the post mentions `account`: by its id where both sides know ids, else by its handle, as
/// the network tells it or as the text has it.
fn mentions(context: &Context<'_>, account: &Account) -> bool {
    let post = context.post;
    let mut ids = post.mentions.iter().filter(|m| !m.starts_with('@')).peekable();
    if !account.id.is_empty() && ids.peek().is_some() {
        return ids.any(|id| account.is(post.network, id, ""));
    }
    let told = post.mentions.iter().filter_map(|m| m.strip_prefix('@')).any(|handle| account.is(post.network, "", handle));
    told || (account.is(post.network, "", &account.handle) && context.tokens.mentions_in(post.text, &account.handle))
}

/// Whether the brand itself wrote it: an answer or news of its own, no mention.
fn is_own(post: &Post<'_>, brand: &Brand) -> bool {
    brand.accounts.iter().any(|a| a.is(post.network, post.author.id, post.author.handle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Lines;
    use crate::text::Tokens;

    fn is_mentioned(account: (&str, &str), network: &str, listed: &str, text: &str) -> bool {
        let account = Account { id: account.0.into(), handle: account.1.into(), ..Account::default() };
        let post = Post { network, text, mentions: Lines(listed), ..Post::default() };
        let mut tokens = Tokens::default();
        tokens.read(text);
        mentions(&Context { post: &post, tokens: &tokens, topic: None }, &account)
    }

    #[test]
    fn an_account_is_mentioned_by_id_then_as_the_network_tells_then_in_the_text() {
        let bank = ("7", "bank@m.mx");
        for (account, listed, text, expected) in [
            (bank, "7\n@bank@m.mx", "@bank hola", true),
            // Another account of that name, whose id tells.
            (bank, "8\n@bank@m.mx", "@bank@m.mx hola", false),
            (("7", "bank"), "8", "@bank", false),
            (("", "bank@m.mx"), "7\n@bank@m.mx", "@bank hola", true),
            (("", "bank@m.mx"), "7\n@bank@other.mx", "@bank hola", false),
            (("", "bank"), "8", "@bank", true),
            (bank, "@bank@m.mx", "@bank hola", true),
            (bank, "", "hola @bank@m.mx", true),
            (bank, "", "hola @bank", false),
            // A handle of digits is no id.
            (("7", ""), "8\n@7", "@7", false),
            (("", ""), "", "@", false),
        ] {
            assert_eq!(is_mentioned(account, "mastodon", listed, text), expected, "{account:?} {listed:?} {text}");
        }
    }

    #[test]
    fn a_brand_is_tied_once_per_post() {
        let brand = Brand { accounts: vec![Account { handle: "bank".into(), ..Account::default() }], ..Brand::default() };
        let listening = Listening { brands: vec![Brand::default(), brand], ..Listening::default() };
        let (post, mut tokens, mut ties) = (Post { text: "@bank", ..Post::default() }, Tokens::default(), Ties::new());
        tokens.read(post.text);
        let context = Context { post: &post, tokens: &tokens, topic: None };
        let found = [1, 0, 1, 9, 1].map(|brand| tie(&context, &listening, brand, &mut ties));
        assert_eq!(found.map(|f| f.0), [true, false, true, false, true]);
        assert_eq!(ties, [(1, true, false), (0, false, false), (9, false, false)]);
    }
}
