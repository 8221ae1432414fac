//! The tables: what is appended, scrubbed, read back at the start, and let go of.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, params};

use super::changes::{self, Held};
use super::file::{self, Opened};
use super::keeper::{self, Piece, Unreadable};
use super::outbox::{self, Outbox};
use super::state::{self, State};
use super::{Job, Kept, Settings, erase, signed, sums, unsigned};
use crate::alert::Alert;
use crate::journal::{Fold, Names, Row, Setting};
use crate::limits;
use crate::post::{PostBuf, PostKey};
use crate::time::Timestamp;
use crate::wire;

/// Transitions that one commit lets go of at most.
const STEP: i64 = 256;

/// The open file and where its sequence stands.
pub struct Log {
    file: Opened,
    state: State,
    settings: Settings,
    /// Number of the next transition or change.
    next: u64,
    /// Number of the newest transition.
    last: u64,
    /// The changes of customers' matters.
    held: Held,
    /// Transitions for which the state that was read has no cause yet, since it fell behind the alerts: they
    /// will come again.
    ahead: Vec<Kept>,
    /// Likewise changes.
    ahead_changes: changes::Ahead,
    /// The state has not fallen behind, and up to which transition it had not when that was written last.
    keeps_up: bool,
    kept_up: Option<u64>,
    /// Parts of the snapshot that is being made.
    parts: i64,
    /// Something was scrubbed whose old text may still lie in the write-ahead log.
    traces: bool,
    outbox: Outbox,
    /// Rows and parts that no longer count are let go of.
    cleaning: bool,
}

impl Log {
    pub fn new(file: Opened, settings: Settings) -> rusqlite::Result<Log> {
        let number = |key: &str| file.connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).map(unsigned);
        let (newest, last, held) = (number("last")?, number("last_alert")?, Held::load(&file.connection)?);
        let state = State::load(&file.connection)?;
        let (ahead, ahead_changes) = (ahead(&file.connection)?, changes::Ahead::load(&file.connection)?);
        // What was scrubbed right before a kill may not have been wiped.
        Ok(Log {
            file,
            state,
            settings,
            next: newest + 1,
            last,
            held,
            ahead,
            ahead_changes,
            keeps_up: true,
            kept_up: None,
            parts: 0,
            traces: true,
            outbox: Outbox::default(),
            cleaning: false,
        })
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
        let (mut last, mut held) = (self.last, self.held);
        let (settings, mut parts, mut again, mut ahead) = (&self.settings, 0, Vec::new(), self.ahead.clone());
        let mut ahead_changes = self.ahead_changes.clone();
        let mut found = Vec::new();
        let tx = self.file.connection.transaction()?;
        for (i, job) in jobs.iter().enumerate() {
            match job {
                Job::Alert(alert, _) if comes_again(&mut ahead, alert) => again.push(i),
                Job::Incident(moved) if ahead_changes.comes_again(moved) => again.push(i),
                Job::Alert(alert, _) => {
                    append(&tx, &of(alert, next), alert.updated_at, last)?;
                    outbox::keep(&tx, next, alert)?;
                    (last, next) = (next, next + 1);
                }
                Job::Ended(alert, at) => {
                    outbox::end(&tx, alert.seq, next, *at, &super::restarted())?;
                    append(&tx, &alert.ended(next, *at), *at, last)?;
                    (last, next) = (next, next + 1);
                }
                Job::Incident(moved) => {
                    if moved.gone {
                        scrubbed |= held.forget(&tx, moved.id)?;
                    }
                    held.append(&tx, next, moved)?;
                    next += 1;
                }
                Job::Gone(key) => {
                    scrubbed |= rewrite(&tx, *key, None)?;
                    self.outbox.scrub(&tx, *key)?;
                }
                Job::Erased(erasure) => {
                    for key in erase::shown(&tx, erasure)? {
                        found.push(Job::Gone(key));
                        scrubbed |= rewrite(&tx, key, None)?;
                        self.outbox.scrub(&tx, key)?;
                    }
                }
                Job::Edited(key, post) => {
                    scrubbed |= rewrite(&tx, *key, Some(post))?;
                    self.outbox.edit(&tx, *key, post)?;
                }
                Job::Deliveries(step) => self.outbox.write(&tx, step)?,
                Job::Names(names) => state::name(&tx, names)?,
                Job::Part(part) => {
                    state.part(&tx, parts, part)?;
                    parts += 1;
                }
                Job::Whole => state.turn(&tx, state.row)?,
                Job::Purge => {
                    while state.clean(&tx)? {}
                    scrubbed = true;
                }
                // What is together was taken apart.
                Job::Item(_) | Job::Then(_) | Job::Together(_) => {}
            }
        }
        if !row.is_empty() {
            state.append(&tx, &row.sealed())?;
        }
        // What was made of what lay there before the state was told whole is no part of it.
        let piece = piece.filter(|_| !jobs.iter().any(|job| matches!(job, Job::Whole)));
        match piece {
            Some(Piece::Part(part)) => state.part(&tx, self.parts, part)?,
            Some(Piece::Whole(through, _)) => {
                state.turn(&tx, *through)?;
                // What has not come again by now never will.
                ahead.clear();
                ahead_changes.clear();
            }
            Some(Piece::Failed(_)) | None => {}
        }
        if next != self.next {
            for (key, number) in [("last", next - 1), ("last_alert", last), ("last_incident", held.last)] {
                tx.prepare_cached("UPDATE meta SET value = ?2 WHERE key = ?1 AND value <> ?2")?.execute(params![key, signed(number)])?;
            }
            held.retain(&tx, now.plus(settings.retention.saturating_neg()))?;
            retain(&tx, settings, state.bytes() + held.bytes, now)?;
        }
        let keeps_up = self.keeps_up && ahead.is_empty() && ahead_changes.is_empty() && self.kept_up != Some(next - 1);
        if keeps_up {
            state::keep_up(&tx, next - 1)?;
        }
        let cleaned = state.clean(&tx)?;
        tx.commit()?;
        // What is let go of over many commits is wiped once, behind the last of them.
        self.traces |= std::mem::replace(&mut self.cleaning, cleaned) && !cleaned;
        self.parts = if matches!(piece, Some(Piece::Part(_))) {
            self.parts + 1
        } else if piece.is_some() {
            0
        } else {
            self.parts
        };
        self.kept_up = if keeps_up { Some(next - 1) } else { self.kept_up };
        (self.next, self.state, self.ahead) = (next, state, ahead);
        (self.last, self.held, self.ahead_changes) = (last, held, ahead_changes);
        self.traces |= scrubbed;
        let mut place = 0..;
        jobs.retain(|_| place.next().is_some_and(|i: usize| !again.contains(&i)));
        // Readers are told of what only the file knew.
        jobs.append(&mut found);
        if self.traces && jobs.iter().any(|job| matches!(job, Job::Purge)) {
            // Whoever is told of an erasure is told that the log is wiped too, unless a backup is being made.
            self.wipe().or_else(|e| if super::writer::passing(&e).is_some() { Ok(()) } else { Err(e) })?;
        }
        Ok(())
    }

    /// Whether the state is told of as the alerts are.
    pub fn keep_up(&mut self, keeps_up: bool) {
        self.keeps_up = keeps_up;
    }

    /// Whether the state that was read has no cause for this alert yet.
    pub fn is_ahead(&self, id: &str) -> bool {
        self.ahead.iter().any(|kept| kept.id == id)
    }

    /// Bytes of the journal beyond which a snapshot is made.
    pub fn journal(&self) -> u64 {
        self.settings.journal
    }

    /// Where the tally's state stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The tally as the file has it.
    pub fn fold(&self, setting: Setting) -> Result<Fold, Unreadable> {
        keeper::fold(&self.file.connection, &self.state, setting, None).map(|(fold, _)| fold)
    }

    /// The names of all topics that ever were.
    pub fn names(&self) -> Result<Names, Unreadable> {
        state::names(&self.file.connection)
    }

    /// Wipes what was scrubbed out of the write-ahead log too; a reader, such as a backup, can put it off,
    /// and commits do not wait for that.
    pub fn wipe(&mut self) -> rusqlite::Result<()> {
        if self.traces {
            let connection = &self.file.connection;
            connection.busy_timeout(file::READERS)?;
            let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            connection.busy_timeout(file::OTHERS)?;
            self.traces = busy != 0;
        }
        Ok(())
    }

    /// The last commit that an earlier process wrote was not whole.
    pub fn was_torn(&self) -> bool {
        self.file.torn
    }

    /// Bytes of content.
    pub fn bytes(&self) -> rusqlite::Result<u64> {
        content(&self.file.connection)
    }

    /// Alerts by what the file shows firing, in order.
    pub fn firing(&self) -> rusqlite::Result<Vec<Kept>> {
        let connection = &self.file.connection;
        let select = format!(
            "SELECT {} FROM alerts a
             WHERE status = 'firing' AND seq = (SELECT max(seq) FROM alerts b WHERE b.id = a.id) ORDER BY seq",
            sums::COLUMNS
        );
        connection.prepare(&select)?.query_map([], |row| sums::read(connection, row))?.collect()
    }

    /// The latest transitions, about as many as the feed can hold, oldest first; and from which number on these are
    /// all there are.
    pub fn latest(&self) -> rusqlite::Result<(Vec<Kept>, u64)> {
        let connection = &self.file.connection;
        let mut query = connection.prepare(&format!("SELECT {} FROM alerts ORDER BY seq DESC LIMIT ?1", sums::COLUMNS))?;
        let (mut all, mut bytes, mut floor) = (Vec::new(), 0, 1);
        let read = |row: &rusqlite::Row<'_>| Ok((sums::read(connection, row)?, sums::before(row)?));
        for found in query.query_map([limits::FEED_ENTRIES as i64], read)? {
            let (alert, before) = found?;
            bytes += alert.body.len();
            if bytes > limits::FEED_BYTES / 2 {
                break;
            }
            floor = before + 1;
            all.push(alert);
        }
        all.reverse();
        Ok((all, floor))
    }

    /// Ids of the latest alerts, oldest first.
    pub fn ids(&self) -> rusqlite::Result<Vec<String>> {
        let mut query = self.file.connection.prepare("SELECT id FROM alerts GROUP BY id ORDER BY max(seq) DESC LIMIT ?1")?;
        let mut ids: Vec<String> = query.query_map([limits::ALERT_IDS as i64], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        ids.reverse();
        Ok(ids)
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

fn append(tx: &Transaction<'_>, alert: &Kept, at: Timestamp, before: u64) -> rusqlite::Result<()> {
    let seq = signed(alert.seq);
    tx.prepare_cached("INSERT INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(params![
        seq,
        alert.id,
        alert.topic,
        alert.status.as_str(),
        alert.severity.as_str(),
        at.0,
        alert.body,
        sums::of(alert, at, before),
        signed(before)
    ])?;
    let mut show = tx.prepare_cached("INSERT OR IGNORE INTO shown VALUES (?1, ?2)")?;
    for key in &alert.posts {
        show.execute([key.0.cast_signed(), seq])?;
    }
    Ok(())
}

/// The transitions behind the last one that was written with what led to it.
fn ahead(connection: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let Some(kept_up) = state::kept_up(connection)? else { return Ok(Vec::new()) };
    let select = format!("SELECT {} FROM alerts WHERE seq > ?1 ORDER BY seq", sums::COLUMNS);
    connection.prepare(&select)?.query_map([signed(kept_up)], |row| sums::read(connection, row))?.collect()
}

/// Whether this very transition is among those `ahead`, of which it is no longer one then.
fn comes_again(ahead: &mut Vec<Kept>, alert: &Alert) -> bool {
    let same = |kept: &Kept| kept.id == alert.id && kept.body == wire::alert_json(alert, kept.seq);
    let found = ahead.iter().position(same);
    found.map(|i| ahead.remove(i)).is_some()
}

/// Puts `by`, or a tombstone, in the place of the post `key` wherever it is shown.
fn rewrite(tx: &Transaction<'_>, key: PostKey, by: Option<&PostBuf>) -> rusqlite::Result<bool> {
    let mut query = tx.prepare_cached("SELECT seq FROM shown WHERE post = ?1")?;
    let places = query.query_map([key.0.cast_signed()], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for seq in &places {
        sums::rewrite(tx, *seq, |body| wire::replaced_json(body, key, by).0)?;
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
    // What is still to be told may have to be scrubbed.
    tx.execute("DELETE FROM shown WHERE seq <= ?1 AND seq NOT IN (SELECT seq FROM transitions)", [last])?;
    Ok(())
}

fn content(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(unsigned((number("page_count")? - number("freelist_count")?) * number("page_size")?))
}
