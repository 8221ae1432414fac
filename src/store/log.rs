//! The tables: what is appended, scrubbed, read back at the start, and let go of.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::file::Opened;
use super::outbox::{self, Outbox};
use super::{Job, Kept, Settings};
use crate::alert::{Alert, Reason, Severity, Status};
use crate::bilingual::Both;
use crate::limits;
use crate::post::{PostBuf, PostKey};
use crate::time::Timestamp;
use crate::wire;

/// Transitions that one commit lets go of at most.
const STEP: i64 = 256;

/// The open file and where its sequence stands.
pub struct Log {
    file: Opened,
    settings: Settings,
    /// Number of the next transition.
    next: u64,
    /// Something was scrubbed whose old text may still lie in the write-ahead log.
    traces: bool,
    outbox: Outbox,
}

impl Log {
    pub fn new(file: Opened, settings: Settings) -> rusqlite::Result<Log> {
        let last: i64 = file.connection.query_row("SELECT value FROM meta WHERE key = 'last'", [], |row| row.get(0))?;
        // What was scrubbed right before a kill may not have been wiped.
        Ok(Log { file, settings, next: unsigned(last) + 1, traces: true, outbox: Outbox::default() })
    }

    pub fn next(&self) -> u64 {
        self.next
    }

    pub fn epoch(&self) -> rusqlite::Result<String> {
        self.file.connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
    }

    /// All of `jobs` or none of them, durable at the return.
    pub fn commit(&mut self, jobs: &[Job], now: Timestamp) -> rusqlite::Result<()> {
        let (mut next, mut scrubbed) = (self.next, false);
        let settings = &self.settings;
        let tx = self.file.connection.transaction()?;
        for job in jobs {
            match job {
                Job::Alert(alert) => {
                    append(&tx, &of(alert, next), alert.updated_at)?;
                    outbox::keep(&tx, next, alert)?;
                    next += 1;
                }
                Job::Gone(key) => {
                    scrubbed |= rewrite(&tx, *key, None)?;
                    self.outbox.scrub(&tx, *key)?;
                }
                Job::Edited(key, post) => {
                    scrubbed |= rewrite(&tx, *key, Some(post))?;
                    self.outbox.edit(&tx, *key, post)?;
                }
                Job::Deliveries(step) => self.outbox.write(&tx, step)?,
            }
        }
        if next != self.next {
            tx.execute("UPDATE meta SET value = ?1 WHERE key = 'last'", [signed(next - 1)])?;
            retain(&tx, settings, now)?;
        }
        tx.commit()?;
        self.next = next;
        self.traces |= scrubbed;
        Ok(())
    }

    /// Wipes what was scrubbed out of the write-ahead log too; a reader of another program can put it
    /// off.
    pub fn wipe(&mut self) -> rusqlite::Result<()> {
        if self.traces {
            let busy: i64 = self.file.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            self.traces = busy != 0;
        }
        Ok(())
    }

    /// Bytes of content.
    pub fn bytes(&self) -> rusqlite::Result<u64> {
        content(&self.file.connection)
    }

    /// Resolves what the file shows firing.
    pub fn end_firing(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        let reason = Reason {
            code: "restarted",
            text: Both::new("El motor se reinició y la cuenta empieza de nuevo", "The engine was restarted and counts anew"),
            value: 0.0,
        };
        let mut next = self.next;
        let tx = self.file.connection.transaction()?;
        let firing: Vec<Kept> = {
            let mut query = tx.prepare(
                "SELECT seq, id, topic, status, severity, body FROM alerts a
                 WHERE status = 'firing' AND seq = (SELECT max(seq) FROM alerts b WHERE b.id = a.id) ORDER BY seq",
            )?;
            query.query_map([], kept)?.collect::<rusqlite::Result<_>>()?
        };
        for mut alert in firing {
            alert.posts = posts(&tx, alert.seq)?;
            outbox::end(&tx, alert.seq, next, now, &reason)?;
            alert.body = wire::ended_json(&alert.body, next, now, &reason);
            alert.status = Status::Resolved;
            alert.seq = next;
            append(&tx, &alert, now)?;
            next += 1;
        }
        tx.execute("UPDATE meta SET value = ?1 WHERE key = 'last'", [signed(next - 1)])?;
        tx.commit()?;
        self.next = next;
        self.wipe()
    }

    /// The latest transitions, about as many as the feed can hold, oldest first.
    pub fn latest(&self) -> rusqlite::Result<Vec<Kept>> {
        let connection = &self.file.connection;
        let mut query = connection.prepare("SELECT seq, id, topic, status, severity, body FROM alerts ORDER BY seq DESC LIMIT ?1")?;
        let (mut all, mut bytes) = (Vec::new(), 0);
        for alert in query.query_map([limits::FEED_ENTRIES as i64], kept)? {
            let mut alert = alert?;
            bytes += alert.body.len();
            if bytes > limits::FEED_BYTES / 2 {
                break;
            }
            alert.posts = posts(connection, alert.seq)?;
            all.push(alert);
        }
        all.reverse();
        Ok(all)
    }

    /// Ids of the latest alerts.
    pub fn ids(&self) -> rusqlite::Result<BTreeSet<String>> {
        let mut query = self.file.connection.prepare("SELECT id FROM alerts GROUP BY id ORDER BY max(seq) DESC LIMIT ?1")?;
        query.query_map([limits::STORE_IDS], |row| row.get(0))?.collect()
    }

    /// For what else the file holds, and for tests.
    pub fn connection(&self) -> &Connection {
        &self.file.connection
    }
}

fn of(alert: &Alert, seq: u64) -> Kept {
    let shown: BTreeSet<PostKey> = alert.first_post.iter().chain(&alert.top_posts).map(|p| p.get().key()).collect();
    Kept {
        seq,
        id: alert.id.clone(),
        topic: alert.topic.clone(),
        status: alert.status,
        severity: alert.severity,
        body: wire::alert_json(alert, seq),
        posts: shown.into_iter().collect(),
    }
}

fn append(tx: &Transaction<'_>, alert: &Kept, at: Timestamp) -> rusqlite::Result<()> {
    let seq = signed(alert.seq);
    tx.prepare_cached("INSERT INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        seq,
        alert.id,
        alert.topic,
        alert.status.as_str(),
        alert.severity.as_str(),
        at.0,
        alert.body
    ])?;
    let mut show = tx.prepare_cached("INSERT OR IGNORE INTO shown VALUES (?1, ?2)")?;
    for key in &alert.posts {
        show.execute([key.0.cast_signed(), seq])?;
    }
    Ok(())
}

/// Puts `by`, or a tombstone, in the place of the post `key` wherever it is shown.
fn rewrite(tx: &Transaction<'_>, key: PostKey, by: Option<&PostBuf>) -> rusqlite::Result<bool> {
    let mut query = tx.prepare_cached("SELECT seq FROM shown WHERE post = ?1")?;
    let places = query.query_map([key.0.cast_signed()], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for seq in &places {
        let body: Option<String> = tx.query_row("SELECT body FROM alerts WHERE seq = ?1", [seq], |row| row.get(0)).optional()?;
        if let Some(body) = body {
            let (body, _) = wire::replaced_json(&body, key, by);
            tx.execute("UPDATE alerts SET body = ?2 WHERE seq = ?1", params![seq, body])?;
        }
    }
    Ok(!places.is_empty())
}

/// Lets go of the oldest transitions that are too old or too many, a step of them at most. The newest
/// stays whatever it costs.
fn retain(tx: &Transaction<'_>, settings: &Settings, now: Timestamp) -> rusqlite::Result<()> {
    let full = content(tx)? > settings.max_bytes;
    let before = if full { i64::MAX } else { now.0.saturating_sub(settings.retention) };
    // The oldest by number and not by time, so that what is left has no gap.
    let mut query = tx.prepare_cached("SELECT seq, at FROM alerts WHERE seq < (SELECT max(seq) FROM alerts) ORDER BY seq LIMIT ?1")?;
    let oldest = query.query_map([STEP], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
    let Some((last, _)) = oldest.iter().take_while(|(_, at)| *at < before).last() else { return Ok(()) };
    tx.execute("DELETE FROM alerts WHERE seq <= ?1", [last])?;
    // What is still to be told may have to be scrubbed.
    tx.execute("DELETE FROM shown WHERE seq <= ?1 AND seq NOT IN (SELECT seq FROM transitions)", [last])?;
    Ok(())
}

fn content(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(unsigned((number("page_count")? - number("freelist_count")?) * number("page_size")?))
}

fn posts(connection: &Connection, seq: u64) -> rusqlite::Result<Vec<PostKey>> {
    let mut query = connection.prepare_cached("SELECT post FROM shown WHERE seq = ?1 ORDER BY post")?;
    query.query_map([signed(seq)], |row| Ok(PostKey(row.get::<_, i64>(0)?.cast_unsigned())))?.collect()
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let (status, severity): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Kept {
        seq: unsigned(row.get(0)?),
        id: row.get(1)?,
        topic: row.get(2)?,
        status: if status == Status::Firing.as_str() { Status::Firing } else { Status::Resolved },
        severity: Severity::named(&severity).unwrap_or_default(),
        body: row.get(5)?,
        posts: Vec::new(),
    })
}

/// SQLite's numbers have a sign; ours count from 1 and never come near it.
pub fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
