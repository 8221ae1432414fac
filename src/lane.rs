//! Decode, match, score: one buffer in, one outcome out, whole on one page.
//!
//! A lane is pure: its outcome depends on the buffer, the moment the buffer was seen and the set of
//! queries, never on a clock or on another lane.

mod care;
mod facts;
mod shown;
mod ties;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::codec::{Coded, Error, Reader};
use crate::decode::{Decoded, Decoder};
use crate::fingerprint::{Fingerprint, Trace, fingerprint};
use crate::limits;
use crate::matching::{Matcher, Scratch};
use crate::pii::Published;
use crate::post::{AuthorKey, Kind, Post, PostKey, Posts};
use crate::query::Named;
use crate::reason::Refused;
use crate::score::{Addend, Score};
use crate::signals::{self, Context, Scope, TopicContext};
use crate::time::{Timestamp, Zone};
use crate::topic::{Listening, SourceId};
use crate::utterance::{Accounts, Found, Utterance};
use facts::{LaneFacts, Memory};
use shown::shown;
use ties::{Ties, tie};

/// A set of topics with its compiled queries; swapped whole.
#[derive(Debug, Default)]
pub struct Compiled {
    /// What to listen for.
    pub listening: Listening,
    matcher: Matcher,
    /// Index into `listening.topics` of every compiled query.
    topic_of: Vec<u32>,
    /// The zones of the topics, each once.
    zones: Vec<Zone>,
    /// Index into `zones` of every topic.
    zone_of: Vec<u32>,
    /// How utterances name every topic of a brand: told once, kept with each post.
    found_of: Vec<Option<Arc<Found>>>,
    /// Whose posts are told of whether they match or not: the brands of groups.
    compared: Accounts,
    /// The accounts of all brands: who speaks to them, and who answers.
    accounts: Accounts,
    /// Numbers and addresses that the brands give out.
    published: Published,
}

impl Compiled {
    /// Compiles the queries of `listening`.
    pub fn new(listening: Listening) -> Compiled {
        let topics = || (0..).zip(&listening.topics);
        let named = topics().flat_map(|(scope, t)| t.queries.iter().map(move |query| Named { query, name: &t.name, scope }));
        let matcher = Matcher::new(named);
        let topic_of = topics().flat_map(|(i, t)| t.queries.iter().map(move |_| i)).collect();
        let mut zones: Vec<Zone> = Vec::new();
        let mut number = |zone: &Zone| {
            let known = zones.iter().rposition(|z| z.is_same(zone));
            known.unwrap_or_else(|| {
                zones.push(zone.clone());
                zones.len() - 1
            }) as u32
        };
        let zone_of = listening.topics.iter().map(|t| number(&t.zone)).collect();
        let found_of = listening.topics.iter().map(|t| care::found(&listening, t)).collect();
        let in_groups: BTreeSet<_> = listening.groups.iter().flat_map(|g| &g.members).map(|m| m.brand).collect();
        let compared = Accounts::new(&listening.brands, in_groups);
        let accounts = Accounts::new(&listening.brands, 0..listening.brands.len());
        let published = Published::new(listening.brands.iter().flat_map(|b| &b.published));
        Compiled { listening, matcher, topic_of, zones, zone_of, found_of, compared, accounts, published }
    }

    /// The brand of a group that wrote the post, and by which account: indices into `listening.brands`
    /// and into its accounts.
    pub fn writer(&self, post: &Post<'_>) -> Option<(usize, usize)> {
        self.compared.find(&self.listening.brands, post.network, post.author.id, post.author.handle)
    }
}

/// One topic of a matched post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index into `Compiled::listening.topics`.
    pub topic: u32,
    /// The post mentions or answers an account of the topic's brand; otherwise active listening.
    pub direct: bool,
    /// Written by an account of the topic's brand: an answer, not a mention.
    pub own: bool,
    /// Priority for this topic, cut to 0-100.
    pub score: Score,
    /// Range in `Outcome::addends` of what the topic adds; with the record's own they sum to the
    /// score before it is cut.
    pub addends: (u32, u32),
}

/// A matched post, an update or a delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Identity of the post.
    pub key: PostKey,
    /// Identity of its author.
    pub author: AuthorKey,
    /// Create, update or delete.
    pub kind: Kind,
    /// The post's own time.
    pub at: Timestamp,
    /// Greatest time of the posts before it in its buffer.
    pub before: Timestamp,
    /// Index into `Outcome::posts`.
    pub post: u32,
    /// Its range in `Outcome::hits`; empty for a delete.
    pub hits: (u32, u32),
    /// Its range in `Outcome::addends`: the part that does not depend on the topic.
    pub addends: (u32, u32),
    /// What its text says, to tell near-duplicates; empty without hits.
    pub print: Fingerprint,
    /// Its range in `Outcome::words`.
    pub words: (u32, u32),
    /// It has a hashtag; told of reposts that matched.
    pub tagged: bool,
}

/// What became of one buffer.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Items found in the frames.
    pub items: u64,
    /// Items that decoded, posts or not.
    pub decoded: u64,
    /// Items refused, by `Refused as usize`.
    pub refused: [u64; Refused::COUNT],
    /// Decoded items that are no posts.
    pub not_posts: u64,
    /// Creates that matched no topic.
    pub unmatched: u64,
    /// Greatest time of all posts in the buffer; `Timestamp::MIN` if there is none.
    pub greatest: Timestamp,
    /// Matched creates, those by accounts of brands in a group, all updates and all deletes, in order.
    pub records: Vec<Record>,
    /// Topics of the records.
    pub hits: Vec<Hit>,
    /// Reasons of the records.
    pub addends: Vec<Addend>,
    /// Words of the fingerprints of the records.
    pub words: Vec<Trace>,
    /// The posts of the records.
    pub posts: Posts,
    /// Lines refused and why.
    pub refusals: Vec<(u32, Refused)>,
    /// What care teams follow: posts by accounts of brands and to them, and all that may yet be answered.
    pub utterances: Vec<(Kind, Utterance)>,
}

coded!(Hit { topic, direct, own, score, addends });
coded!(Record { key, author, kind, at, before, post, hits, addends, print, words, tagged });

impl Coded for Outcome {
    /// What the tally makes use of; how much was refused and why is told and counted elsewhere.
    fn encode(&self, out: &mut Vec<u8>) {
        (self.decoded, self.greatest).encode(out);
        self.records.encode(out);
        self.hits.encode(out);
        self.addends.encode(out);
        self.words.encode(out);
        self.posts.encode(out);
        self.utterances.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Outcome, Error> {
        let (decoded, greatest) = Coded::decode(from)?;
        let (records, hits) = (Coded::decode(from)?, Coded::decode(from)?);
        let (addends, words, posts) = (Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?);
        let utterances = Coded::decode(from)?;
        let read = Outcome { decoded, greatest, records, hits, addends, words, posts, utterances, ..Outcome::default() };
        // Everything else is looked up with care.
        let whole = read.records.iter().all(|r| (r.post as usize) < read.posts.len());
        if whole { Ok(read) } else { Err(Error::Field("outcome")) }
    }
}

/// One buffer of whole lines from one source.
pub struct Input<'a> {
    /// The lines; scribbled on.
    pub bytes: &'a mut [u8],
    /// Where they come from.
    pub source: SourceId,
    /// When the intake took them.
    pub seen: Timestamp,
    /// What to listen for.
    pub compiled: &'a Arc<Compiled>,
}

/// Decoders and working memory of one thread.
pub struct Lane {
    decoders: Vec<Box<dyn Decoder>>,
    decoded: Decoded,
    scratch: Scratch,
    matched: Vec<u32>,
    memory: Memory,
}

impl Lane {
    /// A lane with one decoder per source, by `SourceId`.
    pub fn new(decoders: Vec<Box<dyn Decoder>>) -> Lane {
        Lane { decoders, decoded: Decoded::default(), scratch: Scratch::default(), matched: Vec::new(), memory: Memory::default() }
    }

    /// Works off one buffer.
    pub fn process(&mut self, input: Input<'_>) -> Outcome {
        self.decoded.clear();
        let decoder = &mut self.decoders[usize::from(input.source.0)];
        crate::decode::lines(decoder.as_mut(), input.bytes, &mut self.decoded);
        let mut out = Outcome { greatest: Timestamp::MIN, ..Outcome::default() };
        let horizon = input.seen.plus(limits::FUTURE);
        let keeps_all = input.compiled.listening.carries_own_posts(input.source);
        self.memory.listen(input.compiled);
        for (i, post) in self.decoded.posts.iter().enumerate() {
            if post.at > horizon {
                out.refused[Refused::Future as usize] += 1;
                out.refusals.push((self.decoded.lines[i], Refused::Future));
                continue;
            }
            examine(&post, input.compiled, &mut self.scratch, (&mut self.matched, &mut self.memory), &mut out);
            care::note(&post, input.compiled, &self.scratch.tokens, &self.matched, keeps_all, &mut out);
            out.greatest = out.greatest.max(post.at);
        }
        out.close(&self.decoded);
        out
    }
}

impl Lane {
    /// Tells of every post of a buffer as it may be shown, in order, whether it matches the first topic: to
    /// try a query, by the very code that counts.
    pub fn sift(&mut self, input: Input<'_>, mut each: impl FnMut(&Post<'_>, bool)) {
        self.decoded.clear();
        let decoder = &mut self.decoders[usize::from(input.source.0)];
        crate::decode::lines(decoder.as_mut(), input.bytes, &mut self.decoded);
        let horizon = input.seen.plus(limits::FUTURE);
        let mut out = Outcome::default();
        self.memory.listen(input.compiled);
        for post in self.decoded.posts.iter().filter(|p| p.at <= horizon) {
            let before = out.hits.len();
            examine(&post, input.compiled, &mut self.scratch, (&mut self.matched, &mut self.memory), &mut out);
            let matches = out.hits.get(before..).is_some_and(|hits| hits.iter().any(|h| h.topic == 0));
            // Only what matches is shown.
            if matches { shown(&post, input.compiled, |post| each(post, true)) } else { each(&post, false) }
        }
    }
}

impl Outcome {
    /// Adds what the decoder counted; `items = decoded + sum(refused)` holds from here on.
    fn close(&mut self, decoded: &Decoded) {
        for (mine, theirs) in self.refused.iter_mut().zip(decoded.refused) {
            *mine += theirs;
        }
        self.refusals.extend_from_slice(&decoded.refusals);
        self.refusals.sort_unstable();
        self.items = decoded.items;
        self.not_posts = decoded.not_posts;
        self.decoded = decoded.items - self.refused.iter().sum::<u64>();
    }
}

/// Matches and scores one post; appends a record if the tally must know of it.
fn examine(
    post: &Post<'_>,
    compiled: &Compiled,
    scratch: &mut Scratch,
    (matched, memory): (&mut Vec<u32>, &mut Memory),
    out: &mut Outcome,
) {
    matched.clear();
    memory.forget();
    if post.kind != Kind::Delete {
        compiled.matcher.matches(post, &LaneFacts::new(post, compiled, memory), scratch, matched);
        if matched.is_empty() && post.kind == Kind::Create && compiled.writer(post).is_none() {
            out.unmatched += 1;
            return;
        }
    }
    let first_hit = out.hits.len() as u32;
    let first_addend = out.addends.len() as u32;
    // An update that matches nothing may be of a post that was counted.
    if !matched.is_empty() || post.kind == Kind::Update {
        signals::score(&Context { post, tokens: &scratch.tokens, topic: None }, Scope::Post, &mut out.addends);
    }
    let addends = (first_addend, out.addends.len() as u32);
    let context = Context { post, tokens: &scratch.tokens, topic: None };
    hits(&context, compiled, (matched, memory.ties()), first_addend as usize..out.addends.len(), out);
    let first_word = out.words.len() as u32;
    let print = if matched.is_empty() { Fingerprint::default() } else { fingerprint(post.text, &scratch.tokens, &mut out.words) };
    out.records.push(Record {
        key: post.key(),
        author: post.author_key(),
        kind: post.kind,
        at: post.at,
        before: out.greatest,
        post: out.posts.len() as u32,
        hits: (first_hit, out.hits.len() as u32),
        addends,
        print,
        words: (first_word, out.words.len() as u32),
        tagged: !matched.is_empty() && post.is_repost() && scratch.tokens.entities(post.text).any(|e| e.sign == '#'),
    });
    shown(post, compiled, |post| out.posts.push(post));
}

/// One hit per topic, in topic order; `own_part` is the range of the post's own addends.
fn hits(
    context: &Context<'_>,
    compiled: &Compiled,
    (matched, ties): (&[u32], &mut Ties),
    own_part: std::ops::Range<usize>,
    out: &mut Outcome,
) {
    let mut last = None;
    for query in matched {
        let topic = compiled.topic_of[*query as usize];
        // The queries of a topic are neighbours.
        if last.replace(topic) == Some(topic) {
            continue;
        }
        let t = &compiled.listening.topics[topic as usize];
        let (direct, own) = t.brand.map_or((false, false), |brand| tie(context, &compiled.listening, brand, ties));
        let first = out.addends.len();
        let topic_context = TopicContext { weight: t.weight, direct };
        signals::score(&Context { topic: Some(topic_context), ..*context }, Scope::Topic, &mut out.addends);
        let parts = out.addends[own_part.clone()].iter().chain(&out.addends[first..]);
        let score = crate::score::total(parts);
        out.hits.push(Hit { topic, direct, own, score, addends: (first as u32, out.addends.len() as u32) });
    }
}
