//! The one shape every network decodes into.
//!
//! [`Post`] is a view of borrowed strings: decoders fill one and [`Posts::push`] copies it into the
//! batch's arena, from which every later stage reads views again. A missing string is empty, a
//! missing number is [`Count::UNKNOWN`]: nothing is 0 when it is unknown.

use std::sync::Arc;

use crate::personal::Kinds;
use crate::time::Timestamp;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// What an item does to the post with its id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// A new post.
    #[default]
    Create,
    /// A new version of a post.
    Update,
    /// The post is gone.
    Delete,
}

/// A number that may be unknown; saturates at `u32::MAX - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(u32);

impl Count {
    /// The network did not say.
    pub const UNKNOWN: Count = Count(u32::MAX);

    /// A known number.
    pub fn of(n: u64) -> Count {
        Count(n.min(u64::from(u32::MAX - 1)) as u32)
    }

    /// The number, if known.
    pub fn get(self) -> Option<u32> {
        (self != Count::UNKNOWN).then_some(self.0)
    }
}

impl Default for Count {
    fn default() -> Self {
        Count::UNKNOWN
    }
}

/// A list of strings without line breaks, kept as one string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines<'a>(pub &'a str);

impl<'a> Lines<'a> {
    /// The strings, in order.
    pub fn iter(self) -> std::str::Lines<'a> {
        self.0.lines()
    }
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// Kinds of attached media, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Media(pub u8);

impl Media {
    /// Names in the native form, by bit.
    pub const NAMES: [&'static str; 4] = ["image", "video", "gif", "audio"];

    /// Adds the kind called `name`; unknown names count as an image.
    pub fn add(&mut self, name: &str) {
        let bit = Media::NAMES.iter().position(|n| *n == name).unwrap_or(0);
        self.0 |= 1 << bit;
    }
    /// The kinds present.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Media::NAMES.into_iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, n)| n)
    }
}

/// Who wrote a post. Bluesky brings the id (a DID) alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Author<'a> {
    /// The network's own id of the account.
    pub id: &'a str,
    /// The name after `@`, without it.
    pub handle: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Profile text.
    pub bio: &'a str,
    /// Profile location.
    pub location: &'a str,
    /// Accounts that follow this one.
    pub followers: Count,
    /// Accounts this one follows.
    pub following: Count,
    /// Posts written.
    pub posts: Count,
    /// Lists it is on.
    pub listed: Count,
    /// Verified by the network.
    pub verified: bool,
}

/// Another post that this one answers, repeats or quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Its id; may be empty where only the account is known.
    pub id: &'a str,
    /// Its author's handle.
    pub author: &'a str,
    /// Its author's id.
    pub author_id: &'a str,
}

impl Reference<'_> {
    /// Whether the post refers to anything at all.
    pub fn is_some(&self) -> bool {
        !(self.id.is_empty() && self.author.is_empty() && self.author_id.is_empty())
    }
}

/// Reactions as far as the network told them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Likes.
    pub likes: Count,
    /// Replies.
    pub replies: Count,
    /// Reposts.
    pub reposts: Count,
    /// Quotes.
    pub quotes: Count,
    /// Views.
    pub views: Count,
}

/// One post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Post<'a> {
    /// Create, update or delete. A delete has an id, a network, a time and perhaps an author.
    pub kind: Kind,
    /// The post's own time.
    pub at: Timestamp,
    /// `x`, `bluesky`, `mastodon`, ...; lower case.
    pub network: &'a str,
    /// Unique within the network.
    pub id: &'a str,
    /// The whole text, unescaped, without mark-up.
    pub text: &'a str,
    /// Headline or content warning.
    pub title: &'a str,
    /// Language as the network gave it, e.g. `es` or `pt-BR`.
    pub lang: &'a str,
    /// Where a person can read it.
    pub url: &'a str,
    /// Who wrote it.
    pub author: Author<'a>,
    /// What it answers.
    pub in_reply_to: Reference<'a>,
    /// What it repeats; its text is then the repeated text.
    pub repost_of: Reference<'a>,
    /// What it quotes.
    pub quote_of: Reference<'a>,
    /// Text of the quoted post.
    pub quoted_text: &'a str,
    /// The first post of its thread.
    pub conversation_id: &'a str,
    /// Expanded links.
    pub links: Lines<'a>,
    /// Accounts the network says are mentioned: a line is an id, or a handle after `@`. Of an account
    /// with both, the handle's line follows the id's.
    pub mentions: Lines<'a>,
    /// Attached media.
    pub media: Media,
    /// Name of the place it was sent from.
    pub place: &'a str,
    /// Country code of that place.
    pub country: &'a str,
    /// Program it was written with.
    pub source_app: &'a str,
    /// Reactions so far.
    pub counts: Counts,
    /// Marked by its author or its network as not for all eyes.
    pub sensitive: bool,
    /// Personal data that its texts had and have no longer.
    pub masked: Kinds,
}

/// Identity of a post across sources: a hash of network and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostKey(pub u64);

/// Identity of an account across posts: a hash of network and id, or handle where there is no id. A
/// post with neither has an author of its own, who wrote nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorKey(pub u64);

impl PostKey {
    /// The post of `network` with this id.
    pub fn of(network: &str, id: &str) -> PostKey {
        PostKey(xxh3_64_with_seed(id.as_bytes(), xxh3_64(network.as_bytes())))
    }
}

impl AuthorKey {
    /// The account of `network` with this id, or this handle.
    pub fn of(network: &str, who: &str) -> AuthorKey {
        AuthorKey(xxh3_64_with_seed(who.as_bytes(), xxh3_64(network.as_bytes()).rotate_left(1)))
    }
}

impl Post<'_> {
    /// Its identity for duplicates, updates and deletes.
    pub fn key(&self) -> PostKey {
        PostKey::of(self.network, self.id)
    }

    /// Its author's identity.
    pub fn author_key(&self) -> AuthorKey {
        match (self.author.id, self.author.handle) {
            // The seed's turn keeps the id of a post from being taken for that of an account.
            ("", "") => AuthorKey(xxh3_64_with_seed(self.id.as_bytes(), xxh3_64(self.network.as_bytes()).rotate_left(2))),
            ("", handle) => AuthorKey::of(self.network, handle),
            (id, _) => AuthorKey::of(self.network, id),
        }
    }

    /// Whether it only repeats another post.
    pub fn is_repost(&self) -> bool {
        self.repost_of.is_some()
    }
}

/// How many strings a post has.
pub const STRINGS: usize = 27;

impl<'a> Post<'a> {
    /// Every string, in the order of [`Post::from_parts`].
    pub fn strings(&self) -> [&'a str; STRINGS] {
        [
            self.network,
            self.id,
            self.text,
            self.title,
            self.lang,
            self.url,
            self.author.id,
            self.author.handle,
            self.author.name,
            self.author.bio,
            self.author.location,
            self.in_reply_to.id,
            self.in_reply_to.author,
            self.in_reply_to.author_id,
            self.repost_of.id,
            self.repost_of.author,
            self.repost_of.author_id,
            self.quote_of.id,
            self.quote_of.author,
            self.quote_of.author_id,
            self.quoted_text,
            self.conversation_id,
            self.links.0,
            self.mentions.0,
            self.place,
            self.country,
            self.source_app,
        ]
    }

    /// Bytes of all strings.
    pub fn bytes(&self) -> usize {
        self.strings().iter().map(|s| s.len()).sum()
    }

    /// Everything that is no string.
    pub fn numbers(&self) -> Numbers {
        let a = &self.author;
        Numbers {
            kind: self.kind,
            at: self.at,
            author: [a.followers, a.following, a.posts, a.listed],
            verified: a.verified,
            media: self.media,
            counts: self.counts,
            sensitive: self.sensitive,
            masked: self.masked,
        }
    }

    /// The post with these strings and numbers.
    pub fn from_parts(s: [&'a str; STRINGS], n: &Numbers) -> Post<'a> {
        let [followers, following, posts, listed] = n.author;
        Post {
            kind: n.kind,
            at: n.at,
            network: s[0],
            id: s[1],
            text: s[2],
            title: s[3],
            lang: s[4],
            url: s[5],
            author: Author {
                id: s[6],
                handle: s[7],
                name: s[8],
                bio: s[9],
                location: s[10],
                followers,
                following,
                posts,
                listed,
                verified: n.verified,
            },
            in_reply_to: Reference { id: s[11], author: s[12], author_id: s[13] },
            repost_of: Reference { id: s[14], author: s[15], author_id: s[16] },
            quote_of: Reference { id: s[17], author: s[18], author_id: s[19] },
            quoted_text: s[20],
            conversation_id: s[21],
            links: Lines(s[22]),
            mentions: Lines(s[23]),
            media: n.media,
            place: s[24],
            country: s[25],
            source_app: s[26],
            counts: n.counts,
            sensitive: n.sensitive,
            masked: n.masked,
        }
    }
}

/// What a post holds besides strings.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Create, update or delete.
    pub kind: Kind,
    /// The post's own time.
    pub at: Timestamp,
    /// Followers, followed, posts and lists of its author.
    pub author: [Count; 4],
    /// Its author is verified.
    pub verified: bool,
    /// Attached media.
    pub media: Media,
    /// Reactions.
    pub counts: Counts,
    /// Not for all eyes.
    pub sensitive: bool,
    /// Personal data that was taken out.
    pub masked: Kinds,
}

/// A post's numbers, and where its strings lie in an arena: one after another from `start`.
#[derive(Debug, Clone, Copy)]
struct Row {
    start: u32,
    lengths: [u32; STRINGS],
    numbers: Numbers,
}

impl Row {
    fn write(post: &Post<'_>, arena: &mut String) -> Row {
        let start = arena.len() as u32;
        let strings = post.strings();
        for s in strings {
            arena.push_str(s);
        }
        Row { start, lengths: strings.map(|s| s.len() as u32), numbers: post.numbers() }
    }

    fn view<'a>(&self, arena: &'a str) -> Post<'a> {
        let mut at = self.start as usize;
        let strings = self.lengths.map(|n| {
            let s = &arena[at..at + n as usize];
            at += n as usize;
            s
        });
        Post::from_parts(strings, &self.numbers)
    }
}

/// A batch of posts with one text arena; cleared and used again.
#[derive(Debug, Default, Clone)]
pub struct Posts {
    arena: String,
    rows: Vec<Row>,
}

impl Posts {
    /// Copies `post` to the end of the batch.
    pub fn push(&mut self, post: &Post<'_>) {
        self.rows.push(Row::write(post, &mut self.arena));
    }
    /// How many posts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// The post at `i`; `i < len()`.
    pub fn get(&self, i: usize) -> Post<'_> {
        self.rows[i].view(&self.arena)
    }
    /// All posts in order.
    pub fn iter(&self) -> impl Iterator<Item = Post<'_>> {
        self.rows.iter().map(|r| r.view(&self.arena))
    }
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.rows.clear();
    }
}

/// One post that owns its strings; a clone shares them.
#[derive(Debug, Clone)]
pub struct PostBuf(Arc<Owned>);

#[derive(Debug)]
struct Owned {
    arena: Box<str>,
    row: Row,
}

impl PostBuf {
    /// A copy of `post`.
    pub fn new(post: &Post<'_>) -> PostBuf {
        let mut arena = String::with_capacity(post.bytes());
        let row = Row::write(post, &mut arena);
        PostBuf(Arc::new(Owned { arena: arena.into_boxed_str(), row }))
    }
    /// The post.
    pub fn get(&self) -> Post<'_> {
        self.0.row.view(&self.0.arena)
    }
    /// The post's own time, without making a view.
    pub fn at(&self) -> Timestamp {
        self.0.row.numbers.at
    }
    /// Bytes it holds.
    pub fn bytes(&self) -> usize {
        self.0.arena.len() + size_of::<Owned>() + size_of::<PostBuf>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::Kind as Personal;

    /// Every string differs, so that a field stored in another's place shows.
    fn full() -> Post<'static> {
        let names: [&'static str; STRINGS] = std::array::from_fn(|i| ["a", "bb", "ñ", "¡d!", "e5", "f", "g7", "h", "i9"][i % 9]);
        let numbers = Post { at: Timestamp(7), kind: Kind::Update, ..Post::default() }.numbers();
        let mut post = Post::from_parts(names, &numbers);
        post.author.followers = Count::of(208);
        post.counts.likes = Count::of(0);
        post.media.add("video");
        post.sensitive = true;
        post.masked.add(Personal::Phone);
        post
    }

    #[test]
    fn a_batch_gives_back_what_was_put_in() {
        let mut posts = Posts::default();
        let plain = Post { id: "1", network: "x", text: "hola", ..Post::default() };
        posts.push(&full());
        posts.push(&plain);
        assert_eq!(posts.iter().collect::<Vec<_>>(), [full(), plain]);
        assert_eq!(PostBuf::new(&full()).get(), full());
        posts.clear();
        assert!(posts.is_empty());
    }

    #[test]
    fn strings_round_trip_in_order() {
        let names: [String; STRINGS] = std::array::from_fn(|i| format!("s{i}"));
        let refs: [&str; STRINGS] = std::array::from_fn(|i| names[i].as_str());
        assert_eq!(Post::from_parts(refs, &Post::default().numbers()).strings(), refs);
    }

    #[test]
    fn keys_tell_networks_apart() {
        let x = Post { id: "1", network: "x", ..Post::default() };
        let m = Post { id: "1", network: "mastodon", ..Post::default() };
        assert_ne!(x.key(), m.key());
        assert_ne!(x.author_key(), m.author_key());
    }

    #[test]
    fn unknown_authors_are_not_one() {
        let by = |id, author: &'static str| Post { id, author: Author { id: author, ..Author::default() }, ..Post::default() }.author_key();
        assert_eq!(by("1", "ana"), by("2", "ana"));
        assert_eq!(by("1", ""), by("1", ""));
        assert_ne!(by("1", ""), by("2", ""));
        assert_ne!(by("1", ""), by("3", "1"), "the post 1 is not the account 1");
    }

    #[test]
    fn an_unknown_count_is_not_zero() {
        assert_eq!(Count::default().get(), None);
        assert_eq!(Count::of(0).get(), Some(0));
        assert_eq!(Count::of(u64::MAX).get(), Some(u32::MAX - 1));
    }
}
