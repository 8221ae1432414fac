//! From a post to an utterance: names in the text and in what the network tells, and what the text says.

use std::sync::Arc;

use super::{Accounts, Found, Named, Says, Utterance, Whom};
use crate::contact;
use crate::post::{AuthorKey, Count, Post, PostKey, Reference};
use crate::query::Accents;
use crate::text::{Entity, Tokens, fold};
use crate::time::Timestamp;
use crate::topic::{Account, Brand, Role};

/// Microseconds of a millisecond.
const MILLI: i64 = 1000;

/// What `post` says to whom; `tokens` are those of its text, `topics` those of brands
/// that found it, `tone` how it sounds.
pub fn utterance(post: &Post<'_>, tokens: &Tokens, accounts: &Accounts, brands: &[Brand], topics: Vec<Arc<Found>>, tone: i8) -> Utterance {
    let names = Names::read(post, tokens, accounts, brands);
    let reply = &post.in_reply_to;
    let reply_brand = accounts.find(brands, post.network, reply.author_id, reply.author).map(|(b, _)| b);
    let own = accounts.find(brands, post.network, post.author.id, post.author.handle).map(|(b, _)| b);
    let name = |b: usize| brands.get(b).map(|b| Arc::from(b.name.as_str()));
    let to = if names.to.is_empty() { reply.author } else { names.to };
    Utterance {
        at: Timestamp(post.at.0.div_euclid(MILLI).saturating_mul(MILLI)),
        key: post.key(),
        network: post.network.into(),
        id: post.id.into(),
        author: author(post),
        handle: if post.author.handle.is_empty() { post.author.id } else { post.author.handle }.into(),
        followers: post.author.followers.get(),
        heard: (sum(post.counts.reposts, post.counts.quotes), post.counts.replies.get()),
        own: own.and_then(name),
        repost: post.is_repost(),
        named: names.brands.into(),
        reply_to: whom(post.network, reply),
        reply_brand: reply_brand.and_then(name),
        leading: (!names.to.is_empty()).then(|| by_handle(post.network, names.to)),
        to: to.into(),
        parent: (!reply.id.is_empty()).then(|| PostKey::of(post.network, reply.id)),
        conversation: (!post.conversation_id.is_empty()).then(|| PostKey::of(post.network, post.conversation_id)),
        topics: topics.into(),
        ignored_by: ignored_by(post, brands),
        says: says(post.text, tone),
        masked: post.masked,
        text: post.text.into(),
        url: post.url.into(),
    }
}

/// The brands that listen to nothing of the author of `post`, by handle or id.
fn ignored_by(post: &Post<'_>, brands: &[Brand]) -> Box<[Arc<str>]> {
    let ignores = |b: &&Brand| !b.ignore.is_empty() && [post.author.handle, post.author.id].iter().any(|name| b.ignores(name));
    brands.iter().filter(ignores).map(|b| Arc::from(b.name.as_str())).collect()
}

/// Whether an account of a brand wrote it, is named in it or answered by it, as far as the post itself tells.
pub fn is_of_a_brand(post: &Post<'_>, tokens: &Tokens, accounts: &Accounts, brands: &[Brand]) -> bool {
    let (author, reply) = (&post.author, &post.in_reply_to);
    let is = |id: &str, handle: &str| accounts.find(brands, post.network, id, handle).is_some();
    let mut names = tokens.entities(post.text).filter(|e| e.sign == '@');
    is(author.id, author.handle)
        || is(reply.author_id, reply.author)
        || names.any(|e| accounts.named(brands, post.network, &e, post.text).is_some())
        || post.mentions.iter().any(|line| line.strip_prefix('@').map_or_else(|| is(line, ""), |handle| is("", handle)))
}

/// What is known of both.
fn sum(a: Count, b: Count) -> Option<u32> {
    (a.get().is_some() || b.get().is_some()).then(|| a.get().unwrap_or(0).saturating_add(b.get().unwrap_or(0)))
}

/// The key of an account by its handle, as handles are compared.
fn by_handle(network: &str, handle: &str) -> AuthorKey {
    AuthorKey::of(network, &fold(handle, Accents::Fold))
}

fn author(post: &Post<'_>) -> Whom {
    let Post { network, author, .. } = post;
    if author.id.is_empty() && author.handle.is_empty() {
        return Whom { id: Some(post.author_key()), handle: None };
    }
    Whom {
        id: (!author.id.is_empty()).then(|| AuthorKey::of(network, author.id)),
        handle: (!author.handle.is_empty()).then(|| by_handle(network, author.handle)),
    }
}

fn whom(network: &str, to: &Reference<'_>) -> Whom {
    Whom {
        id: (!to.author_id.is_empty()).then(|| AuthorKey::of(network, to.author_id)),
        handle: (!to.author.is_empty()).then(|| by_handle(network, to.author)),
    }
}

fn says(text: &str, tone: i8) -> Says {
    let read = contact::read(text);
    Says {
        question: read.question,
        courtesy: read.courtesy,
        private: read.private,
        notice: read.notice,
        promise: read.promise,
        blocked: read.blocked,
        intent: read.intent,
        agent: read.signature.map(|name| Arc::from(&*name)),
        tone,
    }
}

/// The names a post carries.
#[derive(Default)]
struct Names<'a> {
    brands: Vec<Named>,
    /// The first leading name that is no brand's.
    to: &'a str,
}

impl<'a> Names<'a> {
    fn read(post: &Post<'a>, tokens: &Tokens, accounts: &Accounts, brands: &[Brand]) -> Names<'a> {
        let mut names = Names::default();
        // Names that stand at the beginning, with nothing but space between them.
        let mut head = 0;
        for entity in tokens.entities(post.text).filter(|e| e.sign == '@') {
            let is_leading = post.text.get(head..entity.start).is_some_and(|gap| gap.trim().is_empty());
            if is_leading {
                head = entity.end;
            }
            match accounts.named(brands, post.network, &entity, post.text) {
                Some(found) => names.add(brands, found, is_leading),
                None if is_leading && names.to.is_empty() => names.to = name(&entity, post),
                None => {}
            }
        }
        for line in post.mentions.iter() {
            let (id, handle) = line.strip_prefix('@').map_or((line, ""), |handle| ("", handle));
            if let Some(found) = accounts.find(brands, post.network, id, handle)
                && !names.has(brands, found.0)
            {
                names.add(brands, found, false);
            }
        }
        names
    }

    fn has(&self, brands: &[Brand], brand: usize) -> bool {
        brands.get(brand).is_some_and(|b| self.brands.iter().any(|n| *n.brand == *b.name))
    }

    fn add(&mut self, brands: &[Brand], (brand, account): (usize, usize), leading: bool) {
        let Some(brand) = brands.get(brand) else { return };
        let said = brand.accounts.get(account).and_then(|a: &Account| a.role);
        let (role, is_said) = (said.unwrap_or_default(), said.is_some());
        match self.brands.iter_mut().find(|n| *n.brand == *brand.name) {
            Some(known) => {
                known.leading &= leading;
                known.is_said |= is_said;
                if role == Role::Service {
                    known.role = role;
                }
            }
            None => self.brands.push(Named { brand: brand.name.as_str().into(), leading, role, is_said }),
        }
    }
}

/// The name of an account; on X no handle has more than one run.
fn name<'a>(entity: &Entity, post: &Post<'a>) -> &'a str {
    let end = if post.network == "x" { entity.name_end } else { entity.end };
    post.text.get(entity.start + 1..end).unwrap_or_default()
}
