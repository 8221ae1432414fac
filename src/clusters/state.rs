//! Clusters as bytes, each by itself, in the order they were founded.

use std::cmp::Reverse;

use super::index::Gist;
use super::{Cluster, ClusterId, Clusters};
use crate::codec::{Coded, Error, Reader};
use crate::limits::CLUSTER_WORDS;
use crate::post::PostKey;

impl Coded for ClusterId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<ClusterId, Error> {
        u64::decode(from).map(ClusterId)
    }
}

coded!(Cluster { id, original, number, print, words, about, posts, minutes, author, authors, last }
    if |c: &Cluster| c.words.len() <= CLUSTER_WORDS && c.words.is_sorted_by_key(|trace| trace.word()));

/// What leads to a cluster: not all that did when it was founded still does.
struct Led {
    /// Of its pieces, in their order.
    pieces: Vec<bool>,
    /// The post that it repeats, and its founder.
    posts: [bool; 2],
}

coded!(Led { pieces, posts });

impl Clusters {
    /// Numbers of the clusters that were ever founded.
    pub fn founded(&self) -> u64 {
        self.founded
    }

    /// Every cluster, in the order they were founded, as [`Clusters::enter`] reads it.
    pub fn entries(&self) -> impl Iterator<Item = impl Fn(&mut Vec<u8>)> {
        let mut all: Vec<(u32, &Cluster)> = (0..).zip(&self.places).filter_map(|(place, c)| Some((place, c.as_ref()?))).collect();
        all.sort_unstable_by_key(|(_, cluster)| cluster.number);
        all.into_iter().map(move |(place, cluster)| {
            move |out: &mut Vec<u8>| {
                cluster.encode(out);
                self.led(place, cluster).encode(out);
            }
        })
    }

    fn led(&self, place: u32, cluster: &Cluster) -> Led {
        let leads = |piece: u64| self.by_piece.get(piece).iter().any(|lead| lead.place == place);
        let posts = [cluster.original, PostKey(cluster.id.0)].map(|post| self.by_post.get(&post) == Some(&place));
        Led { pieces: cluster.pieces().map(leads).collect(), posts }
    }

    /// Adds a cluster that was written down; `founded` is the number that the next gets.
    ///
    /// # Errors
    /// It was not, or not in its turn.
    pub fn enter(&mut self, from: &mut Reader<'_>, founded: u64) -> Result<(), Error> {
        let (cluster, led): (Cluster, Led) = Coded::decode(from)?;
        let place = self.places.len() as u32;
        if cluster.number >= founded || self.founded > cluster.number {
            return Err(Error::Field("cluster"));
        }
        self.founded = cluster.number + 1;
        self.bytes += cluster.bytes();
        self.line.push(Reverse((cluster.last, cluster.number, place)));
        let gist = Gist::new(&cluster.words);
        let pieces = cluster.pieces().zip(led.pieces).filter(|(_, leads)| *leads);
        pieces.for_each(|(piece, _)| self.by_piece.lead(piece, place, gist));
        let posts = [cluster.original, PostKey(cluster.id.0)].into_iter().zip(led.posts).filter(|(_, leads)| *leads);
        self.by_post.extend(posts.map(|(post, _)| (post, place)));
        self.places.push(Some(cluster));
        Ok(())
    }

    /// The number that the next cluster gets is `founded`, after all were entered.
    pub fn resume(&mut self, founded: u64) {
        self.founded = self.founded.max(founded);
    }
}
