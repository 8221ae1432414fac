//! What is still to be told, and to whom: the state of routing and deliveries, beside the alerts it is about.
//!
//! It lies in rows whose bytes are the matter of those who write them. A row needs transitions, whose whole
//! bodies are kept once for as long as some row does, or until they were read for the first time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::mpsc::UnboundedSender;

use super::{Refused, file, signed, unsigned};
use crate::alert::{Alert, Reason, Status};
use crate::codec;
use crate::post::{Post, PostBuf, PostKey};
use crate::routing::{Row, Rows};
use crate::time::Timestamp;

const TRANSITION: [u8; 4] = *b"tran";
const VERSION: u16 = 1;
/// Deletes that are remembered for what comes behind them: a step that was on its way knew nothing of them.
const REMEMBERED: usize = 4096;

/// What changes at once: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Step {
    /// Rows that are written anew, or go.
    pub rows: Vec<Row>,
    /// Transitions that were read for the first time, as they are told.
    pub read: Vec<(u64, Arc<Alert>)>,
    /// All up to this were read.
    pub told: u64,
    /// Hears of it once it is durable, after all before it was published.
    pub written: UnboundedSender<()>,
}

/// What was kept.
#[derive(Debug, Default)]
pub struct Past {
    /// The rows.
    pub rows: Rows,
    /// The transitions that they need, and all that were not read yet.
    pub bodies: BTreeMap<u64, Arc<Alert>>,
    /// All up to this were read.
    pub told: u64,
}

impl Past {
    /// The newest transitions of the alerts that fire, as far as they are kept.
    pub fn firing(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let newest: BTreeMap<&str, &Arc<Alert>> = self.bodies.values().map(|alert| (alert.id.as_str(), alert)).collect();
        newest.into_values().filter(|alert| alert.status == Status::Firing)
    }

    /// Reads what the file holds.
    pub fn load(connection: &Connection, path: &Path) -> Result<Past, Refused> {
        let sql = |e: rusqlite::Error| file::refusal(path, &e);
        let (told, rows, bodies) = read(connection).map_err(sql)?;
        let damaged = |e: codec::Error| Refused::Damaged { path: path.to_owned(), why: e.text() };
        let body = |(seq, body): (u64, Vec<u8>)| Ok((seq, codec::opened(TRANSITION, VERSION, &body).map(Arc::new).map_err(damaged)?));
        Ok(Past { rows, bodies: bodies.into_iter().map(body).collect::<Result<_, Refused>>()?, told })
    }
}

/// How far the transitions were read, the rows, and the transitions as they lie there.
type Found = (u64, Rows, Vec<(u64, Vec<u8>)>);

fn read(connection: &Connection) -> rusqlite::Result<Found> {
    let told: i64 = connection.query_row("SELECT value FROM meta WHERE key = 'told'", [], |row| row.get(0))?;
    // What went by unread is needed by nobody.
    connection.execute("DELETE FROM transitions WHERE seq <= ?1 AND seq NOT IN (SELECT seq FROM needs)", [told])?;
    let mut query = connection.prepare("SELECT kind, key, body FROM deliveries")?;
    let rows = query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut query = connection.prepare("SELECT seq, body FROM transitions")?;
    let bodies = query.query_map([], |row| Ok((unsigned(row.get(0)?), row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    Ok((unsigned(told), rows, bodies))
}

/// Shows every post of every kept transition to `to`.
pub fn shown(tx: &Transaction<'_>, mut to: impl FnMut(Post<'_>)) -> rusqlite::Result<()> {
    let mut query = tx.prepare("SELECT body FROM transitions")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(0)?;
        if let Ok(alert) = codec::opened::<Alert>(TRANSITION, VERSION, &body) {
            alert.first_post.iter().chain(&alert.top_posts).for_each(|post| to(post.get()));
        }
    }
    Ok(())
}

/// Keeps a transition whole until it was read.
pub fn keep(tx: &Transaction<'_>, seq: u64, alert: &Alert) -> rusqlite::Result<()> {
    let body = codec::sealed(TRANSITION, VERSION, alert);
    let sql = "INSERT INTO transitions VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body WHERE body IS NOT excluded.body";
    tx.prepare_cached(sql)?.execute(params![signed(seq), body])?;
    Ok(())
}

/// Keeps the transition `seq`: the one before, but over at `now`. Where that is not kept, nobody was told of it.
pub fn end(tx: &Transaction<'_>, before: u64, seq: u64, now: Timestamp, reason: &Reason) -> rusqlite::Result<()> {
    let Some(mut alert) = transition(tx, before)? else { return Ok(()) };
    (alert.status, alert.updated_at, alert.resolved_at) = (Status::Resolved, now, Some(now));
    alert.reasons = vec![reason.clone()];
    keep(tx, seq, &alert)
}

fn transition(tx: &Transaction<'_>, seq: u64) -> rusqlite::Result<Option<Alert>> {
    let mut query = tx.prepare_cached("SELECT body FROM transitions WHERE seq = ?1")?;
    let body: Option<Vec<u8>> = query.query_row([signed(seq)], |row| row.get(0)).optional()?;
    // Every one of them was read at the start, or written since.
    Ok(body.and_then(|body| codec::opened(TRANSITION, VERSION, &body).ok()))
}

/// Changes every kept transition among the `places` where the post `key` is shown.
fn rewrite(tx: &Transaction<'_>, key: PostKey, change: impl Fn(&mut Alert), places: &str) -> rusqlite::Result<()> {
    let mut query = tx.prepare_cached(places)?;
    let places = query.query_map([key.0.cast_signed()], |row| row.get(0).map(unsigned))?;
    for seq in places.collect::<rusqlite::Result<Vec<u64>>>()? {
        if let Some(mut alert) = transition(tx, seq)? {
            change(&mut alert);
            keep(tx, seq, &alert)?;
        }
    }
    Ok(())
}

/// The part of the writer that writes steps.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Posts that went, oldest first.
    gone: VecDeque<PostKey>,
}

impl Outbox {
    /// Takes a post out of every transition that shows it.
    pub fn scrub(&mut self, tx: &Transaction<'_>, key: PostKey) -> rusqlite::Result<()> {
        if self.gone.len() >= REMEMBERED {
            self.gone.pop_front();
        }
        self.gone.push_back(key);
        rewrite(tx, key, |alert| alert.forget(key), "SELECT seq FROM shown WHERE post = ?1")
    }

    /// Puts the new version of a post into every transition that nobody was told of yet; what was told is told
    /// again as it was.
    pub fn edit(&self, tx: &Transaction<'_>, key: PostKey, by: &PostBuf) -> rusqlite::Result<()> {
        let edit = |alert: &mut Alert| {
            let shown = alert.first_post.iter_mut().chain(&mut alert.top_posts);
            shown.filter(|post| post.get().key() == key).for_each(|post| *post = by.clone());
        };
        rewrite(tx, key, edit, "SELECT seq FROM shown WHERE post = ?1 AND seq > (SELECT value FROM meta WHERE key = 'told')")
    }

    /// Writes a step.
    pub fn write(&self, tx: &Transaction<'_>, step: &Step) -> rusqlite::Result<()> {
        let mut free: BTreeSet<u64> = BTreeSet::new();
        for (seq, alert) in &step.read {
            let mut alert = Alert::clone(alert);
            let shown: Vec<PostKey> = alert.first_post.iter().chain(&alert.top_posts).map(|post| post.get().key()).collect();
            shown.into_iter().filter(|key| self.gone.contains(key)).for_each(|key| alert.forget(key));
            keep(tx, *seq, &alert)?;
            free.insert(*seq);
        }
        for row in &step.rows {
            let (kind, key) = (row.kind, &row.key);
            let mut old = tx.prepare_cached("DELETE FROM needs WHERE kind = ?1 AND key = ?2 RETURNING seq")?;
            for seq in old.query_map(params![kind, key], |row| row.get(0).map(unsigned))? {
                free.insert(seq?);
            }
            match &row.body {
                Some(body) => {
                    tx.prepare_cached("INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3)")?.execute(params![kind, key, body])?
                }
                None => tx.prepare_cached("DELETE FROM deliveries WHERE kind = ?1 AND key = ?2")?.execute(params![kind, key])?,
            };
            for seq in &row.needs {
                tx.prepare_cached("INSERT OR IGNORE INTO needs VALUES (?1, ?2, ?3)")?.execute(params![kind, key, signed(*seq)])?;
            }
        }
        tx.execute("UPDATE meta SET value = ?1 WHERE key = 'told'", [signed(step.told)])?;
        let sql = "DELETE FROM transitions WHERE seq = ?1 AND seq <= ?2 AND NOT EXISTS (SELECT 1 FROM needs WHERE needs.seq = ?1)";
        for seq in free {
            tx.prepare_cached(sql)?.execute([signed(seq), signed(step.told)])?;
        }
        Ok(())
    }
}
