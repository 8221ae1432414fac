//! Near-duplicates: which posts say the same, and how many posts and people they are.
//!
//! A post joins the cluster of an exact copy, else that of the most similar of the texts that share a
//! piece with it, else it founds one. It is compared with the post that founded a cluster, so that a
//! cluster cannot creep from text to text. Bounded by event time, by number and by bytes.

use std::collections::{BTreeSet, HashMap};

use crate::fingerprint::{Fingerprint, NEAR_WORDS, Trace};
use crate::limits::{CLUSTER_CHAIN, CLUSTER_HORIZON, CLUSTER_WORDS, CLUSTERS, CLUSTERS_BYTES};
use crate::post::{AuthorKey, PostKey};
use crate::sketches::Distinct;
use crate::time::Timestamp;

/// Least similarity of near-duplicates, in per cent: words in both over words in either. One word of
/// eight may be another, or three of twenty-two.
const SIMILAR: usize = 75;
/// What a cluster costs besides what it holds: its entries in the maps, and what allocating takes.
const OVERHEAD: usize = 1024;

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
}

/// A post that looks for its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its identity.
    pub key: PostKey,
    /// Who wrote it.
    pub author: AuthorKey,
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
    authors: Distinct,
    /// Event time of its latest post.
    last: Timestamp,
}

impl Cluster {
    fn bytes(&self) -> usize {
        OVERHEAD + self.words.len() * size_of::<Trace>() + self.authors.bytes()
    }
    fn size(&self) -> Size {
        Size { id: self.id, posts: self.posts, authors: self.authors.count().min(self.posts) }
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
    /// By the time of the latest post: who is forgotten first.
    line: BTreeSet<(Timestamp, u64, u32)>,
    /// Places by piece of text, oldest first.
    by_piece: HashMap<u64, Vec<u32>>,
    /// Places by founder and by what it repeats.
    by_post: HashMap<PostKey, u32>,
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
            line: BTreeSet::new(),
            by_piece: HashMap::new(),
            by_post: HashMap::new(),
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
        let before = cluster.authors.bytes();
        cluster.posts += 1;
        cluster.authors.insert(member.author.0);
        self.bytes = self.bytes + cluster.authors.bytes() - before;
        if now > cluster.last {
            self.line.remove(&(cluster.last, cluster.number, place));
            cluster.last = now;
            self.line.insert((now, cluster.number, place));
        }
        let size = cluster.size();
        while self.bytes > self.most_bytes || self.line.len() > self.most {
            self.forget_first();
        }
        size
    }

    /// The cluster as it is now, if it is remembered.
    pub fn size(&self, id: ClusterId) -> Option<Size> {
        let place = *self.by_post.get(&PostKey(id.0))?;
        self.get(place).filter(|c| c.id == id).map(Cluster::size)
    }

    /// Forgets clusters that nobody adds to any more.
    pub fn expire(&mut self, now: Timestamp) {
        while self.line.first().is_some_and(|(last, ..)| now.since(*last) > CLUSTER_HORIZON) {
            self.forget_first();
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

    fn led_to(&self, piece: u64) -> impl Iterator<Item = (u32, &Cluster)> {
        let places = self.by_piece.get(&piece).filter(|_| piece != 0).into_iter().flatten();
        places.filter_map(|place| Some((*place, self.get(*place)?)))
    }

    fn exact(&self, member: &Member<'_>) -> Option<u32> {
        let exact = member.print.exact;
        let same = |c: &Cluster| c.print.exact == exact && c.about & member.about != 0;
        self.led_to(exact).find(|(_, c)| same(c)).map(|(place, _)| place)
    }

    /// The most similar cluster, the oldest of equals.
    fn near(&mut self, member: &Member<'_>) -> Option<u32> {
        let mut tried = std::mem::take(&mut self.tried);
        tried.clear();
        let mut best: Option<(Shared, u64, u32)> = None;
        for (place, cluster) in member.print.pairs.iter().flat_map(|pair| self.led_to(*pair)) {
            if tried.contains(&place) {
                continue;
            }
            tried.push(place);
            if cluster.about & member.about == 0 {
                continue;
            }
            let Some(shared) = similar(&cluster.words, member.words) else { continue };
            if best.is_none_or(|(most, number, _)| shared.is_more(most) || (!most.is_more(shared) && cluster.number < number)) {
                best = Some((shared, cluster.number, place));
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
            authors: Distinct::default(),
            last: now,
        };
        self.founded += 1;
        self.bytes += cluster.bytes();
        self.line.insert((now, cluster.number, place));
        for piece in cluster.pieces() {
            let chain = self.by_piece.entry(piece).or_default();
            if chain.len() == CLUSTER_CHAIN {
                chain.remove(0);
            }
            chain.push(place);
        }
        self.by_post.insert(cluster.original, place);
        self.by_post.insert(member.key, place);
        if let Some(free) = self.places.get_mut(place as usize) {
            *free = Some(cluster);
        }
        place
    }

    fn forget_first(&mut self) {
        let Some((.., place)) = self.line.pop_first() else { return };
        let Some(old) = self.places.get_mut(place as usize).and_then(Option::take) else { return };
        self.bytes -= old.bytes();
        for piece in old.pieces() {
            let Some(chain) = self.by_piece.get_mut(&piece) else { continue };
            chain.retain(|p| *p != place);
            if chain.is_empty() {
                self.by_piece.remove(&piece);
            }
        }
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
