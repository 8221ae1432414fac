//! The changes of customers' matters: as many as the feed holds, beside the alerts and in one sequence with them.
//!
//! They have bounds of their own: of a busy day there are hundreds of thousands, and none may cost an alert.

use std::collections::HashMap;

use rusqlite::{Connection, Row, Transaction, params};
use xxhash_rust::xxh3::xxh3_64;

use super::{signed, state, sums, unsigned};
use crate::incident::{Change, IncidentKey, Why};
use crate::limits;
use crate::time::Timestamp;
use crate::wire;

/// Numbers as those of `alerts`: every row names the one before it, so that a missing one shows.
pub const TABLE: &str = "
    CREATE TABLE incidents (
        seq INTEGER PRIMARY KEY, before INTEGER NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    ALTER TABLE alerts ADD COLUMN before INTEGER NOT NULL DEFAULT 0;
    UPDATE alerts SET before = seq - 1;
    CREATE INDEX incidents_by_id ON incidents (id);
    INSERT INTO meta SELECT 'last_alert', value FROM meta WHERE key = 'last';
    INSERT INTO meta VALUES ('last_incident', 0);
";

/// Rows that one commit lets go of at most because of their age.
const STEP: i64 = 256;
const COLUMNS: &str = "seq, before, id, at, body, sum";

/// A change of a customer's matter, as it is told. It shows no text of any post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which matter.
    pub id: IncidentKey,
    /// When, in event time.
    pub at: Timestamp,
    /// The object of the streams without its number, which the commit gives.
    pub body: Box<str>,
    /// The matter is no more: what was told of it before is told no more.
    pub gone: bool,
}

impl From<&Change> for Moved {
    fn from(change: &Change) -> Moved {
        Moved { id: change.incident.key(), at: change.at, body: wire::change_json(change).into(), gone: change.why == Why::Gone }
    }
}

/// What is kept of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held {
    /// Number of the newest ever, 0 if there was none.
    pub last: u64,
    rows: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Held {
    pub fn load(connection: &Connection) -> rusqlite::Result<Held> {
        let last: i64 = connection.query_row("SELECT value FROM meta WHERE key = 'last_incident'", [], |row| row.get(0))?;
        let count = "SELECT count(*), coalesce(sum(length(CAST(body AS BLOB))), 0) FROM incidents";
        let (rows, bytes): (i64, i64) = connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Held { last: unsigned(last), rows: unsigned(rows), bytes: unsigned(bytes) })
    }

    /// Adds one.
    pub fn append(&mut self, tx: &Transaction<'_>, seq: u64, moved: &Moved) -> rusqlite::Result<()> {
        let sum = sums::change(seq, self.last, moved);
        tx.prepare_cached("INSERT INTO incidents VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            signed(seq),
            signed(self.last),
            moved.id.0.cast_signed(),
            moved.at.0,
            &*moved.body,
            sum
        ])?;
        (self.last, self.rows, self.bytes) = (seq, self.rows + 1, self.bytes + moved.body.len() as u64);
        Ok(())
    }

    /// Takes what the matter was out of every change that is kept of it. Whether there was any.
    pub fn forget(&mut self, tx: &Transaction<'_>, id: IncidentKey) -> rusqlite::Result<bool> {
        let mut query = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM incidents WHERE id = ?1"))?;
        let rows = query.query_map([id.0.cast_signed()], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut update = tx.prepare_cached("UPDATE incidents SET body = ?2, sum = ?3 WHERE seq = ?1")?;
        for (seq, before, moved) in &rows {
            let body: Box<str> = wire::forgotten_change(&moved.body).into();
            self.bytes = (self.bytes + body.len() as u64).saturating_sub(moved.body.len() as u64);
            let moved = Moved { body, ..moved.clone() };
            update.execute(params![signed(*seq), &*moved.body, sums::change(*seq, *before, &moved)])?;
        }
        Ok(!rows.is_empty())
    }

    /// Lets go of the oldest beyond what the feed holds, and of those from before `before`; the newest stays.
    pub fn retain(&mut self, tx: &Transaction<'_>, before: Timestamp) -> rusqlite::Result<()> {
        let many = signed(self.rows.saturating_sub(limits::FEED_INCIDENTS as u64));
        let select = "SELECT seq, at, length(CAST(body AS BLOB)) FROM incidents WHERE seq < ?1 ORDER BY seq LIMIT ?2";
        let mut query = tx.prepare_cached(select)?;
        let rows = query.query_map(params![signed(self.last), many.max(STEP)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let oldest = rows.collect::<rusqlite::Result<Vec<(i64, i64, i64)>>>()?;
        let gone: Vec<_> = (0..).zip(oldest).take_while(|(i, (_, at, _))| *i < many || *at < before.0).map(|(_, row)| row).collect();
        let Some((last, ..)) = gone.last() else { return Ok(()) };
        tx.execute("DELETE FROM incidents WHERE seq <= ?1", [last])?;
        self.rows = self.rows.saturating_sub(gone.len() as u64);
        self.bytes = self.bytes.saturating_sub(gone.iter().map(|(.., bytes)| unsigned(*bytes)).sum());
        Ok(())
    }
}

/// A row of [`COLUMNS`] that is as it was written: its number, that of the one before, and the change.
fn read(row: &Row<'_>) -> rusqlite::Result<(u64, u64, Moved)> {
    let (seq, before) = (unsigned(row.get(0)?), unsigned(row.get(1)?));
    // Not even text any more.
    let body: String = row.get(4).map_err(|_| sums::Unsound::Change(seq).error())?;
    let id: i64 = row.get(2)?;
    let moved = Moved { id: IncidentKey(id.cast_unsigned()), at: Timestamp(row.get(3)?), body: body.into(), gone: false };
    if row.get::<_, i64>(5)? != sums::change(seq, before, &moved) {
        return Err(sums::Unsound::Change(seq).error());
    }
    Ok((seq, before, moved))
}

/// The latest, as many as the feed can hold, oldest first; and from which number on these are all there are.
pub fn latest(connection: &Connection) -> rusqlite::Result<(Vec<(u64, Moved)>, u64)> {
    let mut query = connection.prepare(&format!("SELECT {COLUMNS} FROM incidents ORDER BY seq DESC LIMIT ?1"))?;
    let (mut all, mut bytes, mut floor) = (Vec::new(), 0, 1);
    for row in query.query_map([limits::FEED_INCIDENTS as i64], read)? {
        let (seq, before, moved) = row?;
        bytes += moved.body.len();
        if bytes > limits::FEED_BYTES / 2 {
            break;
        }
        floor = before + 1;
        all.push((seq, moved));
    }
    all.reverse();
    Ok((all, floor))
}

/// Changes after `since` and up to `head` that happened in `window`, from and up to without it: oldest first, `most` at
/// most.
pub fn between(
    connection: &Connection,
    (since, head): (u64, u64),
    window: (Timestamp, Timestamp),
    most: usize,
) -> rusqlite::Result<Vec<(u64, Moved)>> {
    let select = format!("SELECT {COLUMNS} FROM incidents WHERE seq > ?1 AND seq <= ?2 AND at >= ?3 AND at < ?4 ORDER BY seq LIMIT ?5");
    let mut query = connection.prepare_cached(&select)?;
    let found = query.query_map(params![signed(since), signed(head), window.0.0, window.1.0, signed(most as u64)], read)?;
    found.map(|row| row.map(|(seq, _, moved)| (seq, moved))).collect()
}

/// Reads all there are.
///
/// # Errors
/// One is not as it was written, or missing, or SQLite's.
pub fn verify(connection: &Connection) -> rusqlite::Result<u64> {
    let mut last = 0;
    let mut query = connection.prepare(&format!("SELECT {COLUMNS} FROM incidents ORDER BY seq"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, before, _) = read(row)?;
        if last > 0 && before != last {
            return Err(sums::Unsound::ChangeGone(before).error());
        }
        last = seq;
    }
    // The newest never goes, so that it tells what the last number was.
    let told = Held::load(connection)?.last;
    if told != last {
        return Err(sums::Unsound::ChangeGone(told.max(last)).error());
    }
    Ok(last)
}

/// Changes behind the last that was written with what led to it, by what they say.
#[derive(Debug, Clone, Default)]
pub struct Ahead(HashMap<u64, u32>);

impl Ahead {
    pub fn load(connection: &Connection) -> rusqlite::Result<Ahead> {
        let mut ahead = Ahead::default();
        let Some(kept_up) = state::kept_up(connection)? else { return Ok(ahead) };
        let mut query = connection.prepare(&format!("SELECT {COLUMNS} FROM incidents WHERE seq > ?1"))?;
        for row in query.query_map([signed(kept_up)], read)? {
            *ahead.0.entry(said(&row?.2)).or_default() += 1;
        }
        Ok(ahead)
    }

    /// Whether this very change is among them, of which it is no longer one then.
    pub fn comes_again(&mut self, moved: &Moved) -> bool {
        let said = said(moved);
        let Some(times) = self.0.get_mut(&said) else { return false };
        *times -= 1;
        if *times == 0 {
            self.0.remove(&said);
        }
        true
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

fn said(moved: &Moved) -> u64 {
    xxh3_64(moved.body.as_bytes())
}
