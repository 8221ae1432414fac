//! Which posts care teams follow.

use std::sync::Arc;

use super::{Compiled, Outcome, shown};
use crate::incident::Tags;
use crate::post::{Kind, Post};
use crate::signals;
use crate::text::Tokens;
use crate::topic::{Labels, Listening, Topic};
use crate::utterance::{Found, is_of_a_brand, utterance};

/// Notes `post`, whose text `tokens` are of and which the queries `matched` found, if a care team follows it
/// or, where a source tells what was answered, may come to.
pub(super) fn note(post: &Post<'_>, compiled: &Compiled, tokens: &Tokens, matched: &[u32], keeps_all: bool, out: &mut Outcome) {
    // Of what is gone the records tell.
    if compiled.accounts.is_empty() || post.kind == Kind::Delete {
        return;
    }
    let brands = &compiled.listening.brands;
    let opens = matched.iter().any(|query| topic(compiled, *query).is_some_and(|t| t.labels.incidents && t.brand.is_some()));
    // A new version may no longer name whom the old one named.
    if !(keeps_all || opens || post.kind == Kind::Update || is_of_a_brand(post, tokens, &compiled.accounts, brands)) {
        return;
    }
    let tone = (signals::sentiment(post.text, tokens) * 100.0) as i8;
    let found = all_found(compiled, matched);
    let mut said = utterance(post, tokens, &compiled.accounts, brands, found, tone);
    // What it says is read as it came, what is kept of it is what may be shown.
    shown(post, compiled, |post| {
        said.masked = post.masked;
        said.text = post.text.into();
    });
    out.utterances.push((post.kind, said));
}

fn topic(compiled: &Compiled, query: u32) -> Option<&Topic> {
    let place = compiled.topic_of.get(query as usize)?;
    compiled.listening.topics.get(*place as usize)
}

/// The topics of brands among those of `matched`, each once.
fn all_found(compiled: &Compiled, matched: &[u32]) -> Vec<Arc<Found>> {
    let mut topics: Vec<u32> = matched.iter().filter_map(|query| compiled.topic_of.get(*query as usize).copied()).collect();
    // The queries of a topic are neighbours.
    topics.dedup();
    topics.into_iter().filter_map(|topic| compiled.found_of.get(topic as usize)?.clone()).collect()
}

/// How utterances name `topic`, if it is a brand's.
pub(super) fn found(listening: &Listening, topic: &Topic) -> Option<Arc<Found>> {
    let brand = listening.brand_of(topic)?.name.as_str().into();
    Some(Arc::new(Found { brand, topic: topic.name.as_str().into(), opens: topic.labels.incidents, tags: tags(&topic.labels) }))
}

fn tags(labels: &Labels) -> Tags {
    let given = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
    Tags {
        typology: given(&labels.typology),
        category: given(&labels.category),
        subcategory: given(&labels.subcategory),
        section: given(&labels.section),
    }
}
