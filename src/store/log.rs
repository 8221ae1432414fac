//! The tables: what is appended, scrubbed, read back at the start, and let go of.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::file::Opened;
use super::keeper::{self, Piece, Unreadable};
use super::state::{self, State};
use super::{Job, Kept, Settings};
use crate::alert::{Alert, Reason, Severity, Status};
use crate::bilingual::Both;
use crate::journal::{Fold, Row, Setting};
use crate::limits;
use crate::post::{PostBuf, PostKey};
use crate::time::Timestamp;
use crate::topic::TopicId;
use crate::wire;

/// Transitions that one commit lets go of at most.
const STEP: i64 = 256;

/// The open file and where its sequence stands.
pub struct Log {
    file: Opened,
    state: State,
    settings: Settings,
    /// Number of the next transition.
    next: u64,
    /// Parts of the snapshot that is being made.
    parts: i64,
    /// Something was scrubbed whose old text may still lie in the write-ahead log.
    traces: bool,
}

impl Log {
    pub fn new(file: Opened, settings: Settings) -> rusqlite::Result<Log> {
        let last: i64 = file.connection.query_row("SELECT value FROM meta WHERE key = 'last'", [], |row| row.get(0))?;
        let state = State::load(&file.connection)?;
        // What was scrubbed right before a kill may not have been wiped.
        Ok(Log { file, state, settings, next: unsigned(last) + 1, parts: 0, traces: true })
    }

    pub fn next(&self) -> u64 {
        self.next
    }

    pub fn epoch(&self) -> rusqlite::Result<String> {
        self.file.connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
    }

    /// All of `jobs` or none of them, durable at the return, with a row of the journal and a piece of a
    /// snapshot. Transitions that the file has already, since what led to them was lost in a crash and came
    /// again, are taken out of `jobs`.
    pub fn commit(&mut self, jobs: &mut Vec<Job>, row: &Row, piece: Option<&Piece>, now: Timestamp) -> rusqlite::Result<()> {
        let (mut next, mut scrubbed, mut state) = (self.next, false, self.state);
        let (settings, mut parts, mut again) = (&self.settings, 0, Vec::new());
        let tx = self.file.connection.transaction()?;
        for (i, job) in jobs.iter().enumerate() {
            match job {
                Job::Alert(alert) if has(&tx, alert)? => again.push(i),
                Job::Alert(alert) => {
                    append(&tx, &of(alert, next), alert.updated_at)?;
                    next += 1;
                }
                Job::Gone(key) => scrubbed |= rewrite(&tx, *key, None)?,
                Job::Edited(key, post) => scrubbed |= rewrite(&tx, *key, Some(post))?,
                Job::Topics(version, names) => state::name(&tx, *version, names)?,
                Job::Part(part) => {
                    state.part(&tx, parts, part)?;
                    parts += 1;
                }
                Job::Whole => state.turn(&tx, state.row)?,
                Job::Item(_) | Job::Then(_) => {}
            }
        }
        if !row.is_empty() {
            state.append(&tx, &row.sealed())?;
        }
        match piece {
            Some(Piece::Part(part)) => state.part(&tx, self.parts, part)?,
            Some(Piece::Whole(through, _)) => state.turn(&tx, *through)?,
            Some(Piece::Failed(_)) | None => {}
        }
        if next != self.next {
            tx.execute("UPDATE meta SET value = ?1 WHERE key = 'last'", [signed(next - 1)])?;
            retain(&tx, settings, state.bytes(), now)?;
        }
        self.traces |= state.clean(&tx)?;
        tx.commit()?;
        self.parts = if matches!(piece, Some(Piece::Part(_))) {
            self.parts + 1
        } else if piece.is_some() {
            0
        } else {
            self.parts
        };
        (self.next, self.state) = (next, state);
        self.traces |= scrubbed;
        let mut place = 0..;
        jobs.retain(|_| place.next().is_some_and(|i: usize| !again.contains(&i)));
        Ok(())
    }

    /// Where the tally's state stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was let go of may still lie in the write-ahead log.
    pub fn mark_traces(&mut self) {
        self.traces = true;
    }

    /// Makes `parts` the snapshot, with all rows up to now in it.
    pub fn save(&mut self, parts: Vec<Vec<u8>>) -> rusqlite::Result<()> {
        let mut jobs: Vec<Job> = parts.into_iter().map(Job::Part).chain([Job::Whole]).collect();
        self.commit(&mut jobs, &Row::default(), None, Timestamp::MIN)
    }

    /// The tally as the file has it.
    pub fn fold(&self, setting: Setting) -> Result<Fold, Unreadable> {
        keeper::fold(&self.file.connection, &self.state, setting, None).map(|(fold, _)| fold)
    }

    /// The last version of what was listened for, and the names of all topics that ever were, by their numbers.
    pub fn topics(&self) -> rusqlite::Result<(u64, Vec<(TopicId, String)>)> {
        state::names(&self.file.connection)
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

    /// Resolves what the file shows firing and nothing watches any more.
    pub fn end_firing(&mut self, watched: &BTreeSet<&str>, now: Timestamp) -> rusqlite::Result<()> {
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
        for mut alert in firing.into_iter().filter(|alert| !watched.contains(alert.id.as_str())) {
            alert.posts = posts(&tx, alert.seq)?;
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

    /// Ids of the latest alerts, oldest first.
    pub fn ids(&self) -> rusqlite::Result<Vec<String>> {
        let mut query = self.file.connection.prepare("SELECT id FROM alerts GROUP BY id ORDER BY max(seq) DESC LIMIT ?1")?;
        let mut ids: Vec<String> = query.query_map([limits::ALERT_IDS as i64], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        ids.reverse();
        Ok(ids)
    }

    /// What the tests make small.
    #[cfg(test)]
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

/// Whether this very transition is there.
fn has(tx: &Transaction<'_>, alert: &Alert) -> rusqlite::Result<bool> {
    if alert.acknowledged.is_some() {
        // Who took it on is no part of what led to it.
        return Ok(false);
    }
    let mut query = tx.prepare_cached("SELECT 1 FROM alerts WHERE id = ?1 AND status = ?2 AND at = ?3")?;
    query.exists(params![alert.id, alert.status.as_str(), alert.updated_at.0])
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
fn retain(tx: &Transaction<'_>, settings: &Settings, others: u64, now: Timestamp) -> rusqlite::Result<()> {
    let full = content(tx)?.saturating_sub(others) > settings.max_bytes;
    let before = if full { i64::MAX } else { now.0.saturating_sub(settings.retention) };
    // The oldest by number and not by time, so that what is left has no gap.
    let mut query = tx.prepare_cached("SELECT seq, at FROM alerts WHERE seq < (SELECT max(seq) FROM alerts) ORDER BY seq LIMIT ?1")?;
    let oldest = query.query_map([STEP], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
    let Some((last, _)) = oldest.iter().take_while(|(_, at)| *at < before).last() else { return Ok(()) };
    tx.execute("DELETE FROM alerts WHERE seq <= ?1", [last])?;
    tx.execute("DELETE FROM shown WHERE seq <= ?1", [last])?;
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

fn kept(row: &rusqlite::Row<'_>) -> rusqlite::Result<Kept> {
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
fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
