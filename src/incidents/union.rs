//! A matter of which agents made others a part: their posts count in it.

use std::sync::Arc;

use super::dossier::{Matter, Part};
use crate::incident::Incident;
use crate::utterance::Utterance;

/// `matter` with the posts of its `guests`. What agents said and did stays that of the matter; what came
/// before it was opened counts as posts and moves nothing.
pub(super) fn with(matter: &Matter, guests: Vec<&Matter>) -> Incident {
    if guests.is_empty() {
        return matter.incident.clone();
    }
    // Also a thanks that is shown only counts, so it is not looked for among the posts that move something.
    let peer = matter.incident.peer.or_else(|| guests.iter().find_map(|m| m.incident.peer));
    let mut posts: Vec<&Arc<Utterance>> =
        guests.into_iter().chain([matter]).flat_map(|m| &m.posts).filter(|(_, part)| *part == Part::Moves).map(|(p, _)| p).collect();
    posts.sort_by(|a, b| a.order(b));
    let mine = &matter.incident;
    let Some((opening, _)) = matter.posts.first() else { return mine.clone() };
    let mut all = Incident::open(&mine.brand, opening, mine.author, mine.cause);
    for post in posts {
        match (post.at < mine.opened_at, post.own.is_some()) {
            (true, true) => {}
            (true, false) => all.customer_posts += 1,
            (false, true) => all.ours(post),
            (false, false) => all.customer(post),
        }
    }
    Incident {
        bystander: mine.bystander,
        previous: mine.previous,
        relinked: mine.relinked,
        said: mine.said.clone(),
        assignee: mine.assignee.clone(),
        hands: mine.hands.clone(),
        peer,
        notes: mine.notes.clone(),
        handle: Arc::clone(&mine.handle),
        ..resolved(all, mine)
    }
}

/// Ends that agents gave it stand, if nobody spoke since.
fn resolved(mut all: Incident, mine: &Incident) -> Incident {
    if let Some(closing) = mine.closing().filter(|c| c.end == crate::incident::End::Resolved)
        && all.last_activity <= closing.at
    {
        all.settle(closing.at);
        all.closings.push(closing.clone());
        all.closed = true;
        all.waiting_since = None;
        all.last_activity = mine.last_activity;
    }
    all
}
