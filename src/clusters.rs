//! Near-duplicates: which posts say the same, and how many posts and people they are.
//!
//! A post joins the cluster of an exact copy, else that of the most similar of the texts that share a
//! piece with it, else it founds one. It is compared with the post that founded a cluster, so that a
//! cluster cannot creep from text to text. Bounded by event time, by number and by bytes.

mod index;
mod pace;
mod state;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::fingerprint::{Fingerprint, NEAR_WORDS, Trace};
use crate::limits::{CLUSTER_HORIZON, CLUSTER_WORDS, CLUSTERS, CLUSTERS_BYTES};
use crate::post::{AuthorKey, PostKey};
use crate::sketches::Distinct;
use crate::time::Timestamp;
use index::{Gist, Map, Pieces};
use pace::Minutes;
pub use pace::Pace;

/// Least similarity of near-duplicates, in per cent: words in both over words in either. One word of
/// eight may be another, or three of twenty-two.
const SIMILAR: usize = 75;
/// What a cluster costs besides what it holds: its entries in the maps, and what allocating takes.
const OVERHEAD: usize = 1024;
/// Bytes of the first authors of a set.
const FEW_AUTHORS: usize = 2 * size_of::<u64>();

/// Identity of a cluster: that of the post that founded it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u64);

/// A cluster at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Which it is.
    pub id: ClusterId,
    /// Posts that ever joined it.
    pub posts: u64,
    /// Their different authors: exact while few, an estimate (about 2 % off) above.
    pub authors: u64,
    /// How fast it grows, if it does.
    pub pace: Option<Pace>,
}

/// A post that looks for its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its identity.
    pub key: PostKey,
    /// Who wrote it.
    pub author: AuthorKey,
    /// When.
    pub at: Timestamp,
    /// The post it repeats, if it only repeats one.
    pub original: Option<PostKey>,
    /// What it says.
    pub print: Fingerprint,
    /// Its different words, ascending.
    pub words: &'a [Trace],
    /// What it is about, as bits: the same words about another bank are another matter.
    pub about: u64,
}

#[derive(Debug)]
struct Cluster {
    id: ClusterId,
    /// The post that reposts name: the founder, or what the founder repeats.
    original: PostKey,
    /// Order of foundation.
    number: u64,
    print: Fingerprint,
    words: Box<[Trace]>,
    about: u64,
    posts: u64,
    minutes: Minutes,
    /// Who founded it; most clusters have no other post, and need no set of authors.
    author: AuthorKey,
    /// Empty until there is another author.
    authors: Distinct,
    /// Event time of its latest post.
    last: Timestamp,
}

coded!(Size { id, posts, authors, pace });

impl Cluster {
    fn bytes(&self) -> usize {
        OVERHEAD + self.words.len() * size_of::<Trace>() + self.authors.bytes().max(size_of::<Distinct>() + FEW_AUTHORS)
    }
    fn add(&mut self, author: AuthorKey, at: Timestamp) {
        self.posts += 1;
        self.minutes.add(at);
        if self.authors.count() == 0 {
            if author == self.author {
                return;
            }
            self.authors.insert(self.author.0);
        }
        self.authors.insert(author.0);
    }
    fn size(&self, now: Timestamp) -> Size {
        // Most have one post.
        let pace = if self.posts > 1 { self.minutes.pace(self.posts, now) } else { None };
        Size { id: self.id, posts: self.posts, authors: self.authors.count().max(1).min(self.posts), pace }
    }
    /// The hashes by which it is found.
    fn pieces(&self) -> impl Iterator<Item = u64> + use<> {
        std::iter::once(self.print.exact).chain(self.print.pairs).filter(|p| *p != 0)
    }
}

/// The clusters of the latest posts.
#[derive(Debug)]
pub struct Clusters {
    /// A cluster that was forgotten leaves an empty place.
    places: Vec<Option<Cluster>>,
    free: Vec<u32>,
    /// One entry of every cluster by the time of its latest post: who is forgotten first. A post that joins
    /// leaves the entry as it is; one that is behind its cluster is set right when its turn comes.
    line: BinaryHeap<Reverse<(Timestamp, u64, u32)>>,
    /// Places by piece of text, oldest first.
    by_piece: Pieces,
    /// Places by founder and by what it repeats.
    by_post: Map<PostKey, u32>,
    founded: u64,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    /// Working memory: places that were compared.
    tried: Vec<u32>,
}

impl Default for Clusters {
    fn default() -> Self {
        Clusters::new(CLUSTERS, CLUSTERS_BYTES)
    }
}

impl Clusters {
    /// At most `most` clusters, of at most `most_bytes`.
    pub fn new(most: usize, most_bytes: usize) -> Clusters {
        Clusters {
            places: Vec::new(),
            free: Vec::new(),
            line: BinaryHeap::new(),
            by_piece: Pieces::default(),
            by_post: Map::default(),
            founded: 0,
            bytes: 0,
            most,
            most_bytes,
            tried: Vec::new(),
        }
    }

    /// Finds or founds the cluster of a post that was counted, and adds it.
    pub fn join(&mut self, member: &Member<'_>, now: Timestamp) -> Size {
        let place = self.find(member).unwrap_or_else(|| self.found(member, now));
        let Some(cluster) = self.places.get_mut(place as usize).and_then(Option::as_mut) else { return Size::default() };
        let before = cluster.bytes();
        cluster.add(member.author, member.at);
        self.bytes = self.bytes + cluster.bytes() - before;
        cluster.last = cluster.last.max(now);
        let size = cluster.size(now);
        while self.bytes > self.most_bytes || self.line.len() > self.most {
            self.forget_first();
        }
        size
    }

    /// The cluster as it is now, if it is remembered.
    pub fn size(&self, id: ClusterId, now: Timestamp) -> Option<Size> {
        let place = *self.by_post.get(&PostKey(id.0))?;
        self.get(place).filter(|c| c.id == id).map(|c| c.size(now))
    }

    /// Forgets clusters that nobody adds to any more.
    pub fn expire(&mut self, now: Timestamp) {
        while self.first().is_some_and(|last| now.since(last) > CLUSTER_HORIZON) {
            self.forget_first();
        }
    }

    /// When the cluster that is forgotten first had its latest post; its entry is in front then.
    fn first(&mut self) -> Option<Timestamp> {
        loop {
            let mut front = self.line.peek_mut()?;
            let Reverse((last, _, place)) = *front;
            match self.places.get(place as usize).and_then(Option::as_ref) {
                Some(cluster) if cluster.last > last => front.0.0 = cluster.last,
                Some(_) => return Some(last),
                // There is none without a cluster.
                None => drop(PeekMut::pop(front)),
            }
        }
    }

    /// Clusters that are remembered.
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Bytes they hold.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn get(&self, place: u32) -> Option<&Cluster> {
        self.places.get(place as usize)?.as_ref()
    }

    fn find(&mut self, member: &Member<'_>) -> Option<u32> {
        let of_original = member.original.and_then(|original| self.by_post.get(&original).copied());
        of_original.or_else(|| self.exact(member)).or_else(|| self.near(member))
    }

    fn exact(&self, member: &Member<'_>) -> Option<u32> {
        let exact = member.print.exact;
        let same = |c: &Cluster| c.print.exact == exact && c.about & member.about != 0;
        let mut led_to = self.by_piece.get(exact).iter().map(|lead| lead.place);
        led_to.find(|place| self.get(*place).is_some_and(same))
    }

    /// The most similar cluster, the oldest of equals.
    fn near(&mut self, member: &Member<'_>) -> Option<u32> {
        let gist = Gist::new(member.words);
        let mut tried = std::mem::take(&mut self.tried);
        tried.clear();
        let mut best: Option<(Shared, u64, u32)> = None;
        for lead in member.print.pairs.iter().flat_map(|pair| self.by_piece.get(*pair)) {
            // Most that share a piece share little else: they are told by their gist.
            if !lead.gist().may_be_similar(gist) || tried.contains(&lead.place) {
                continue;
            }
            tried.push(lead.place);
            let Some(cluster) = self.get(lead.place).filter(|c| c.about & member.about != 0) else { continue };
            let Some(shared) = similar(&cluster.words, member.words) else { continue };
            if best.is_none_or(|(most, number, _)| shared.is_more(most) || (!most.is_more(shared) && cluster.number < number)) {
                best = Some((shared, cluster.number, lead.place));
            }
        }
        self.tried = tried;
        best.map(|(.., place)| place)
    }

    fn found(&mut self, member: &Member<'_>, now: Timestamp) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() as u32 - 1
        });
        let cluster = Cluster {
            id: ClusterId(member.key.0),
            original: member.original.unwrap_or(member.key),
            number: self.founded,
            print: member.print,
            words: if member.print.pairs == Fingerprint::default().pairs { Box::default() } else { member.words.into() },
            about: member.about,
            posts: 0,
            minutes: Minutes::default(),
            author: member.author,
            authors: Distinct::default(),
            last: now,
        };
        self.founded += 1;
        self.bytes += cluster.bytes();
        self.line.push(Reverse((now, cluster.number, place)));
        let gist = Gist::new(&cluster.words);
        cluster.pieces().for_each(|piece| self.by_piece.lead(piece, place, gist));
        self.by_post.insert(cluster.original, place);
        if cluster.original != member.key {
            self.by_post.insert(member.key, place);
        }
        if let Some(free) = self.places.get_mut(place as usize) {
            *free = Some(cluster);
        }
        place
    }

    fn forget_first(&mut self) {
        self.first();
        let Some(Reverse((.., place))) = self.line.pop() else { return };
        let Some(old) = self.places.get_mut(place as usize).and_then(Option::take) else { return };
        self.bytes -= old.bytes();
        old.pieces().for_each(|piece| self.by_piece.forget(piece, place));
        for post in [old.original, PostKey(old.id.0)] {
            if self.by_post.get(&post) == Some(&place) {
                self.by_post.remove(&post);
            }
        }
        self.free.push(place);
    }
}

/// How many words two texts share, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shared {
    both: usize,
    either: usize,
}

impl Shared {
    fn is_more(self, other: Shared) -> bool {
        self.both * other.either > other.both * self.either
    }
}

/// What two ascending lists of words share, if that makes them near-duplicates. Not if a word with a
/// capital stands in place of another: the same complaint about another bank is no copy.
///
/// The Jaccard index, over all words if both lists are whole, else over those up to the least of the
/// greatest words of the lists that were cut (Broder 1997).
fn similar(a: &[Trace], b: &[Trace]) -> Option<Shared> {
    let (few, many) = (a.len().min(b.len()), a.len().max(b.len()));
    if few < NEAR_WORDS || few * 100 < many * SIMILAR {
        return None;
    }
    let end = |list: &[Trace]| list.get(CLUSTER_WORDS - 1).map_or(u32::MAX, |last| last.word());
    let end = end(a).min(end(b));
    let (mut i, mut j) = (0, 0);
    let (mut both, mut lacks, mut capitals) = (0, [0, 0], false);
    loop {
        let next = |list: &[Trace], at: usize| list.get(at).copied().filter(|t| t.word() <= end);
        let (x, y) = (next(a, i), next(b, j));
        let (in_a, in_b) = match (x, y) {
            (None, None) => break,
            (Some(x), Some(y)) => (x.word() <= y.word(), y.word() <= x.word()),
            (x, y) => (x.is_some(), y.is_some()),
        };
        i += usize::from(in_a);
        j += usize::from(in_b);
        if in_a && in_b {
            both += 1;
            continue;
        }
        lacks[usize::from(in_a)] += 1;
        capitals |= if in_a { x } else { y }.is_some_and(Trace::is_capital);
    }
    let either = both + lacks[0] + lacks[1];
    let replaced = lacks[0] > 0 && lacks[1] > 0;
    (both * 100 >= either * SIMILAR && !(replaced && capitals)).then_some(Shared { both, either })
}

#[cfg(test)]
mod tests;
