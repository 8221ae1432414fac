//! Which posts of a person the file still shows, in alerts of which nothing else knows any more.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use super::outbox;
use crate::post::PostKey;
use crate::tally::Erasure;

/// The posts that the person wrote.
pub fn shown(tx: &Transaction<'_>, erasure: &Erasure) -> rusqlite::Result<BTreeSet<PostKey>> {
    let mut found = BTreeSet::new();
    let mut query = tx.prepare("SELECT body FROM alerts")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        let alert: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let posts = alert["top_posts"].as_array().into_iter().flatten().chain([&alert["first_post"]]);
        for post in posts {
            let (network, author) = (post["network"].as_str().unwrap_or_default(), &post["author"]);
            let is_theirs = ["id", "handle"].iter().any(|key| author[key].as_str().is_some_and(|name| erasure.is(network, name)));
            if let Some(id) = post["id"].as_str().filter(|_| is_theirs) {
                found.insert(PostKey::of(network, id));
            }
        }
    }
    outbox::shown(tx, |post| {
        if erasure.is_by(&post) {
            found.insert(post.key());
        }
    })?;
    Ok(found)
}
