//! Shares of voice: what was counted of the brands of every group, and what their accounts wrote.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::codec::{Coded, Error, Reader};
use crate::indicators::{Counted, Panes, Publication, Publications, Traits};
use crate::limits::{CLUSTER_HORIZON, SHARE_CLUSTERS, SHARE_NOTES_BYTES, SHARE_WAIT, SHARE_WAITING};
use crate::post::{Post, PostKey};
use crate::seen::Horizon;
use crate::share::{Counting, pane_of};
use crate::time::Timestamp;
use crate::topic::{Listening, TopicId};

/// Clusters that live are remembered until they have died, see [`Shares::ways`].
const CLUSTER_SPAN: i64 = 2 * CLUSTER_HORIZON;

coded!(Member { brand, market });
coded!(Group { name, members, panes, since, population });

impl Coded for Waiting {
    fn encode(&self, out: &mut Vec<u8>) {
        let (case, pane, ways, direct) = match *self {
            Waiting::Open { pane, ways, direct } => (0u8, pane, ways, direct),
            Waiting::Answered => (1, 0, 0, false),
            Waiting::Replied => (2, 0, 0, false),
        };
        (case, pane, ways, direct).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Waiting, Error> {
        match Coded::decode(from)? {
            (0u8, pane, ways, direct) => Ok(Waiting::Open { pane, ways, direct }),
            (1, ..) => Ok(Waiting::Answered),
            (2, ..) => Ok(Waiting::Replied),
            _ => Err(Error::Field("waiting")),
        }
    }
}

/// But for what the configuration says of it, see [`Shares::adopt`].
impl Coded for Brand {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.name.clone(), self.heard).encode(out);
        self.accounts.encode(out);
        self.published.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Brand, Error> {
        let (name, heard): (Arc<str>, bool) = Coded::decode(from)?;
        Ok(Brand { heard, accounts: Coded::decode(from)?, published: Coded::decode(from)?, ..Brand::new(&name) })
    }
}

/// One group.
#[derive(Debug)]
pub struct Group {
    pub name: Arc<str>,
    /// In name order.
    pub members: Vec<Member>,
    pub panes: Panes,
    /// Event time since when it is counted; `None` before any is known.
    pub since: Option<Timestamp>,
    pub population: Option<u64>,
}

/// One brand of a group.
#[derive(Debug)]
pub struct Member {
    /// Place among [`Shares::brands`].
    pub brand: usize,
    pub market: Option<f64>,
}

/// One brand that is in a group, whichever.
#[derive(Debug)]
pub struct Brand {
    pub name: Arc<str>,
    pub own: bool,
    /// The topics that listen for it.
    pub topics: Vec<TopicId>,
    /// A post by one of its accounts was ever seen.
    pub heard: bool,
    /// Labels of the accounts that publications name by number.
    pub accounts: Vec<Arc<str>>,
    pub published: Publications,
    hash: u64,
    /// Numbers of its present accounts among `accounts`.
    numbers: Vec<u16>,
    /// The groups it is in, and its place there.
    places: Vec<(usize, u8)>,
}

/// A post of which a reply is awaited, or the other way round; by post and brand.
#[derive(Debug, Clone, Copy)]
pub enum Waiting {
    /// A mention that nobody answered.
    Open { pane: i32, ways: u8, direct: bool },
    /// Of this post no more is wanted.
    Answered,
    /// The brand replied to a post that has not come yet.
    Replied,
}

const _: () = assert!(
    Horizon::<u8>::BYTES * SHARE_CLUSTERS + Horizon::<Waiting>::BYTES * SHARE_WAITING <= SHARE_NOTES_BYTES,
    "what is remembered beside the panes"
);

/// A mention, as far as shares go.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    pub key: PostKey,
    pub at: Timestamp,
    pub now: Timestamp,
    pub traits: Traits,
    /// Its cluster of near-duplicates.
    pub cluster: u64,
}

/// What a post by a brand's account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Neither an answer to others nor a repost.
    Published {
        /// Number of its network.
        network: u8,
    },
    /// An answer to others.
    Reply,
    /// It repeats another's post.
    Repost,
}

/// All groups.
#[derive(Debug)]
pub struct Shares {
    /// As configured.
    pub groups: Vec<Group>,
    /// In name order.
    pub brands: Vec<Brand>,
    /// Places among `brands`, by index in `Listening::brands` and in `Listening::topics`.
    of_brand: Vec<Option<usize>>,
    of_topic: Vec<Option<usize>>,
    /// Which mentions of a cluster a brand had: of any kind, and such as are no reposts.
    pub clusters: Horizon<u8>,
    pub waiting: Horizon<Waiting>,
    /// The pane that closes next, once event time is known.
    pub next: Option<i64>,
    /// The minute in which groups were told of last.
    pub told: i64,
}

impl Default for Shares {
    fn default() -> Self {
        Shares {
            groups: Vec::new(),
            brands: Vec::new(),
            of_brand: Vec::new(),
            of_topic: Vec::new(),
            clusters: Horizon::new(CLUSTER_SPAN, SHARE_CLUSTERS),
            waiting: Horizon::new(SHARE_WAIT, SHARE_WAITING),
            next: None,
            told: i64::MIN,
        }
    }
}

impl Shares {
    /// Appends what was counted, but for the notes of clusters and of what waits for a reply.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.groups.encode(out);
        self.brands.encode(out);
        (self.next, self.told).encode(out);
    }

    /// Goes on with what was written, once it is adopted.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        (self.groups, self.brands) = Coded::decode(from)?;
        (self.next, self.told) = Coded::decode(from)?;
        Ok(())
    }

    /// Counts for the groups of `listening` from now on. A group of the same name with the same brands goes
    /// on; another set of brands has other shares, and begins anew.
    pub fn adopt(&mut self, listening: &Listening, now: Timestamp) {
        let mut groups: BTreeMap<Arc<str>, Group> = std::mem::take(&mut self.groups).into_iter().map(|g| (g.name.clone(), g)).collect();
        let mut brands: BTreeMap<Arc<str>, Brand> = std::mem::take(&mut self.brands).into_iter().map(|b| (b.name.clone(), b)).collect();
        let before: BTreeMap<Arc<str>, Vec<Arc<str>>> = groups.iter().map(|(name, g)| (name.clone(), names(g, &brands))).collect();
        let mut wanted: Vec<usize> = listening.groups.iter().flat_map(|g| &g.members).map(|m| m.brand).collect();
        wanted.sort_unstable_by_key(|b| listening.brands.get(*b).map(|b| b.name.as_str()));
        wanted.dedup();
        self.of_brand = vec![None; listening.brands.len()];
        for index in wanted {
            let Some(brand) = listening.brands.get(index) else { continue };
            self.of_brand[index] = Some(self.brands.len());
            let mut known = brands.remove(brand.name.as_str()).unwrap_or_else(|| Brand::new(&brand.name));
            known.own = brand.own;
            known.number(brand);
            known.topics = listening.topics.iter().filter(|t| t.brand == Some(index)).map(|t| t.id).collect();
            self.brands.push(known);
        }
        self.of_topic = listening.topics.iter().map(|t| self.of_brand.get(t.brand?).copied().flatten()).collect();
        for (i, group) in listening.groups.iter().enumerate() {
            let place = |m: &crate::share::Member| Some(Member { brand: self.of_brand.get(m.brand).copied().flatten()?, market: m.market });
            let members: Vec<Member> = group.members.iter().filter_map(place).collect();
            for (at, member) in members.iter().enumerate() {
                self.brands[member.brand].places.push((i, at as u8));
            }
            let same = |before: &Vec<Arc<str>>| before.iter().eq(members.iter().map(|m| &self.brands[m.brand].name));
            let known = groups.remove(group.name.as_str()).filter(|_| before.get(group.name.as_str()).is_some_and(same));
            let since = (now > Timestamp::MIN).then_some(now);
            let fresh =
                || Group { name: group.name.as_str().into(), members: Vec::new(), panes: Panes::default(), since, population: None };
            self.groups.push(Group { members, population: group.population, ..known.unwrap_or_else(fresh) });
        }
    }

    /// Counts a mention once for every brand of its `hits`, which are topics by index and whether they are
    /// direct.
    pub fn mention(&mut self, heard: &Heard, hits: impl Iterator<Item = (u32, bool)>) {
        if self.groups.is_empty() {
            return;
        }
        let mut brands: Vec<(usize, bool)> = Vec::new();
        for (topic, direct) in hits {
            let Some(brand) = self.of_topic.get(topic as usize).copied().flatten() else { continue };
            // Whether it is direct is the same for all topics of a brand.
            if !brands.iter().any(|(known, _)| *known == brand) {
                brands.push((brand, direct));
            }
        }
        let (pane, now) = (pane_of(heard.at), pane_of(heard.now));
        for (brand, direct) in brands.iter().copied() {
            let ways = self.ways(brand, heard);
            let answered = self.await_reply(brand, heard, (pane, ways, direct));
            for (group, member) in self.brands[brand].places.iter().copied() {
                let is_here = |(other, _): &&(usize, bool)| self.brands[*other].places.iter().any(|(g, _)| *g == group);
                let about = brands.iter().filter(is_here).count();
                let Some(group) = self.groups.get_mut(group) else { continue };
                group.since.get_or_insert(heard.now);
                let counted = Counted { pane, member, about, ways, direct };
                group.panes.fold(&counted, heard.traits, now);
                if answered {
                    group.panes.answer(&counted, now);
                }
            }
        }
    }

    /// The ways in which a mention of a brand counts, as bits. A cluster that lives has had a post within
    /// its horizon, and a brand's note of it was renewed within another before that.
    fn ways(&mut self, brand: usize, heard: &Heard) -> u8 {
        let key = xxh3_64_with_seed(&heard.cluster.to_le_bytes(), self.brands[brand].hash);
        let before = self.clusters.get(key).map_or(0, |bits| *bits);
        let after = before | if heard.traits.repost { 1 } else { 3 };
        let stale = self.clusters.since(key).is_none_or(|since| heard.now.since(since) > CLUSTER_HORIZON);
        if after != before || stale {
            self.clusters.put(key, after, heard.now);
        }
        let counts = |way: usize| match Counting::at(way) {
            Counting { reposts: true, duplicates: true } => true,
            Counting { reposts: false, duplicates: true } => !heard.traits.repost,
            Counting { reposts: true, duplicates: false } => before == 0,
            Counting { reposts: false, duplicates: false } => !heard.traits.repost && before & 2 == 0,
        };
        (0..Counting::WAYS).filter(|way| counts(*way)).fold(0, |bits, way| bits | 1 << way)
    }

    /// Notes that a mention waits for a reply; `true` if it has come already.
    fn await_reply(&mut self, brand: usize, heard: &Heard, (pane, ways, direct): (i64, u8, bool)) -> bool {
        let key = xxh3_64_with_seed(&heard.key.0.to_le_bytes(), self.brands[brand].hash);
        if let Some(waiting) = self.waiting.get(key) {
            let replied = matches!(waiting, Waiting::Replied);
            if replied {
                *waiting = Waiting::Answered;
            }
            return replied;
        }
        // Quarters of an hour fit 32 bits for 60 000 years.
        self.waiting.put(key, Waiting::Open { pane: pane as i32, ways, direct }, heard.now);
        false
    }

    /// A post by account number `account` of the brand at `index` in `Listening::brands`.
    pub fn own(&mut self, (index, account): (usize, usize), post: &Post<'_>, said: Said, now: Timestamp) {
        let Some(place) = self.of_brand.get(index).copied().flatten() else { return };
        let brand = &mut self.brands[place];
        brand.heard = true;
        if let Said::Published { network } = said {
            let account = brand.numbers.get(account).copied().unwrap_or_default();
            brand.published.note(post.key(), Publication::new(post.at, account, network, &post.counts));
        }
        brand.published.expire(now);
        if said == Said::Reply {
            for (group, member) in brand.places.iter().copied() {
                if let Some(group) = self.groups.get_mut(group) {
                    group.panes.reply(pane_of(post.at), member, pane_of(now));
                }
            }
        }
        // Who began a conversation is answered in it; the post itself may be the reply to another in it.
        let answers = [post.in_reply_to.id, post.conversation_id].into_iter().filter(|id| !id.is_empty() && *id != post.id);
        for id in answers {
            let target = Post { id, network: post.network, ..Post::default() }.key();
            self.reply(place, target, now);
        }
    }

    fn reply(&mut self, brand: usize, target: PostKey, now: Timestamp) {
        let key = xxh3_64_with_seed(&target.0.to_le_bytes(), self.brands[brand].hash);
        let Some(waiting) = self.waiting.get(key) else {
            self.waiting.put(key, Waiting::Replied, now);
            return;
        };
        let Waiting::Open { pane, ways, direct } = *waiting else { return };
        *waiting = Waiting::Answered;
        for (group, member) in self.brands[brand].places.iter().copied() {
            if let Some(group) = self.groups.get_mut(group) {
                group.panes.answer(&Counted { pane: pane.into(), member, about: 1, ways, direct }, pane_of(now));
            }
        }
    }

    /// New counts of a post that an account of a brand published.
    pub fn update(&mut self, index: usize, key: PostKey, post: &Post<'_>) {
        if let Some(place) = self.of_brand.get(index).copied().flatten() {
            self.brands[place].published.update(key, &post.counts);
        }
    }

    /// Forgets what is too old.
    pub fn expire(&mut self, now: Timestamp) {
        if !self.groups.is_empty() {
            self.clusters.expire(now);
            self.waiting.expire(now);
        }
    }

    /// The names of all groups, each with that of every brand.
    pub fn pairs(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let of = |g: &Group| {
            let brands = g.members.iter().filter_map(|m| self.brands.get(m.brand));
            brands.map(|b| (g.name.clone(), b.name.clone())).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of).collect()
    }

    /// Bytes of all that is kept.
    pub fn bytes(&self) -> usize {
        let panes: usize = self.groups.iter().map(|g| g.panes.bytes()).sum();
        let published: usize = self.brands.iter().map(|b| b.published.len() * Publications::BYTES).sum();
        panes + published + self.clusters.bytes() + self.waiting.bytes()
    }
}

impl Brand {
    fn new(name: &str) -> Brand {
        Brand {
            name: name.into(),
            own: false,
            topics: Vec::new(),
            heard: false,
            accounts: Vec::new(),
            published: Publications::default(),
            hash: xxh3_64_with_seed(name.as_bytes(), 0),
            numbers: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Numbers the accounts, by their labels, so that what they published is theirs after a reload.
    fn number(&mut self, brand: &crate::topic::Brand) {
        self.places.clear();
        self.numbers.clear();
        for account in &brand.accounts {
            let label = if account.handle.is_empty() { account.id.as_str() } else { account.handle.as_str() };
            let known = self.accounts.iter().position(|a| **a == *label);
            let number = known.unwrap_or_else(|| {
                self.accounts.push(label.into());
                self.accounts.len() - 1
            });
            self.numbers.push(u16::try_from(number).unwrap_or(u16::MAX));
        }
    }
}

/// The names of a group's brands, which are still in name order.
fn names(group: &Group, brands: &BTreeMap<Arc<str>, Brand>) -> Vec<Arc<str>> {
    group.members.iter().filter_map(|m| brands.values().nth(m.brand)).map(|b| b.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{GROUP_BYTES, PUBLICATIONS};
    use crate::share::{Group as Configured, Member as Grouped};
    use crate::time::SECOND;
    use crate::topic::{Account, Brand as Named};

    const BRANDS: usize = 4;

    #[test]
    fn a_loud_group_stays_within_its_bytes() {
        let account = Account { handle: "a".into(), ..Account::default() };
        let brands: Vec<Named> =
            (0..BRANDS).map(|i| Named { name: format!("b{i:02}"), accounts: vec![account.clone()], ..Named::default() }).collect();
        let members = (0..BRANDS).map(|brand| Grouped { brand, market: None }).collect();
        let groups = vec![Configured { name: "g".into(), members, population: None }];
        let mut shares = Shares::default();
        shares.adopt(&Listening { brands, groups, ..Listening::default() }, Timestamp::MIN);
        shares.of_topic = (0..BRANDS).map(Some).collect();
        let most = SHARE_NOTES_BYTES + GROUP_BYTES + BRANDS * PUBLICATIONS * Publications::BYTES;
        for i in 0..(SHARE_WAITING / BRANDS) as u64 + 5000 {
            let now = Timestamp(i as i64 * 4 * SECOND);
            let heard = Heard { key: PostKey(i), at: now, now, traits: Traits::default(), cluster: i };
            shares.mention(&heard, (0..BRANDS as u32).map(|topic| (topic, true)));
            let id = i.to_string();
            shares.own((0, 0), &Post { id: &id, at: now, ..Post::default() }, Said::Published { network: 0 }, now);
            if i % 1000 == 0 {
                shares.expire(now);
                assert!(shares.bytes() <= most, "{} of {most}", shares.bytes());
            }
        }
        assert!(shares.bytes() <= most && shares.bytes() > SHARE_NOTES_BYTES / 2, "{} of {most}", shares.bytes());
        assert_eq!(shares.brands[0].published.len(), PUBLICATIONS);
    }
}
