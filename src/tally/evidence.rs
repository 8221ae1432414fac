//! What the mentions behind an alert are like: their words, languages and tone.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::recent::Recent;
use super::topics::{Networks, Topic};
use super::{Mention, crowd};
use crate::alert::{Gist, Share};
use crate::judge::{Said, Texts, language, terms};
use crate::lane::Compiled;
use crate::limits::{ALERT_SCAN, TERM_TEXTS};
use crate::query::Query;

/// Different earlier texts of a topic with which its own past is enough to compare with.
const ENOUGH: usize = 200;
/// Different texts that have words in common which tell more than the texts themselves.
const SEVERAL: usize = 5;

/// Where evidence comes from, beside the topic itself.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub recent: &'a Recent,
    pub networks: &'a Networks,
    pub compiled: Option<&'a Arc<Compiled>>,
}

impl Topic {
    /// The gist of the mentions `now`, the latest first, beside those from before minute `before`.
    pub fn gist(&self, now: &[&Mention], before: i64, around: Around<'_>) -> Gist {
        let mut languages = BTreeMap::new();
        for mention in now {
            *languages.entry(language(mention.post.get().lang)).or_insert(0) += 1;
        }
        let negative = now.iter().filter(|m| m.is_negative()).count();
        Gist {
            terms: terms(&self.texts(now, before, around), self.queries(around)),
            languages: languages.into_iter().collect(),
            negative: (!now.is_empty()).then(|| share(negative as f64, now.len() as f64)),
        }
    }

    /// One text of each cluster.
    fn texts<'a>(&self, now: &[&'a Mention], before: i64, around: Around<'a>) -> Texts<'a> {
        let earlier = self.mentions.partition_point(|n| around.recent.get(*n).is_none_or(|m| m.post.at().minute() < before));
        let earlier = self.mentions.range(..earlier).rev().take(ALERT_SCAN).filter_map(|n| around.recent.get(*n));
        let earlier = earlier.map(AsRef::as_ref).filter(|m| m.post.at().minute() < before);
        let mut clusters = HashSet::new();
        let mut texts = Texts { now: different(now.iter().copied(), &mut clusters), ..Texts::default() };
        if texts.now.len() < SEVERAL {
            return Texts::default();
        }
        // What was said before and is said again belongs to both sides.
        clusters.clear();
        texts.before = different(earlier, &mut clusters);
        if texts.before.len() < ENOUGH {
            let all = (around.recent.oldest()..around.recent.next()).rev().take(ALERT_SCAN);
            let of_others = |m: &&Mention| m.topics.iter().all(|t| t.id != self.id);
            texts.others = different(all.filter_map(|n| around.recent.get(n)).map(AsRef::as_ref).filter(of_others), &mut clusters);
        }
        texts
    }

    fn queries<'a>(&self, around: Around<'a>) -> &'a [Query] {
        let topics = around.compiled.map_or(&[][..], |compiled| &compiled.listening.topics);
        topics.iter().find(|t| t.id == self.id).map_or(&[], |t| &t.queries)
    }
}

/// The first text of each cluster that is not among `clusters` yet.
fn different<'a>(mentions: impl Iterator<Item = &'a Mention>, clusters: &mut HashSet<u64>) -> Vec<Said<'a>> {
    let new = mentions.filter(|m| clusters.insert(m.cluster.id.0));
    new.map(|m| Said { author: m.author(), text: m.post.get().text }).take(TERM_TEXTS).collect()
}

/// `part` of `whole`, of 95 in 100.
fn share(part: f64, whole: f64) -> Share {
    Share { value: part / whole, range: crowd::wilson(part, whole, crowd::INTERVAL) }
}
