//! Changes of alert objects that were written before.

use serde_json::Value;

use super::stream::ReasonView;
use super::{PostView, Time, json};
use crate::alert::{Reason, Status};
use crate::post::{Kind, Post, PostBuf, PostKey};
use crate::time::Timestamp;

/// The alert object `body` as the transition `seq` that resolves it at `at`.
pub fn ended_json(body: &str, seq: u64, at: Timestamp, reason: &Reason) -> String {
    changed(body, |alert| {
        alert["seq"] = seq.into();
        alert["status"] = Status::Resolved.as_str().into();
        (alert["updated_at"], alert["resolved_at"]) = (value(&Time(at)), value(&Time(at)));
        alert["reasons"] = value(&[ReasonView::from(reason)]);
    })
}

/// The alert object `body` with another version of the post `key`, or a tombstone that keeps only what
/// tells which post it was and when.
/// With it come network and id of the post, if the alert shows it.
pub fn replaced_json(body: &str, key: PostKey, by: Option<&PostBuf>) -> (String, Option<(String, String)>) {
    let mut name = None;
    let body = changed(body, |alert| {
        if let Some(first) = alert.get_mut("first_post") {
            name = replace(first, key, by);
        }
        for post in alert.get_mut("top_posts").and_then(Value::as_array_mut).into_iter().flatten() {
            name = replace(post, key, by).or(name.take());
        }
    });
    (body, name)
}

fn replace(post: &mut Value, key: PostKey, by: Option<&PostBuf>) -> Option<(String, String)> {
    let text = |member: &str| post.get(member).and_then(Value::as_str).unwrap_or_default();
    let (id, network) = (text("id"), text("network"));
    if post.is_null() || (Post { id, network, ..Post::default() }).key() != key {
        return None;
    }
    let name = (network.to_owned(), id.to_owned());
    let changed = match by {
        Some(by) => value(&PostView::from(&by.get())),
        None => {
            let mut tombstone = value(&PostView::from(&Post { kind: Kind::Delete, id, network, ..Post::default() }));
            tombstone["created_at"] = post.get("created_at").cloned().unwrap_or_default();
            tombstone
        }
    };
    *post = changed;
    Some(name)
}

/// What is no object is left alone: it shows nothing.
fn changed(body: &str, change: impl FnOnce(&mut Value)) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut alert) if alert.is_object() => {
            change(&mut alert);
            alert.to_string()
        }
        _ => body.to_owned(),
    }
}

fn value<T: serde::Serialize>(of: &T) -> Value {
    serde_json::from_str(&json(of)).unwrap_or_default()
}
