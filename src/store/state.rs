//! The tables of the tally's state: the journal, a row for each commit, and the snapshot before it.
//!
//! A snapshot is written part by part between other commits, under a generation of its own, and counts
//! from the commit that names it in `meta`; what it stands for is then let go of, a step at a time.

use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, params};

use super::keeper::Unreadable;
use super::{signed, unsigned};
use crate::journal::Names;

/// Rows and parts that one commit lets go of at most: all of it is overwritten, and alerts wait for that.
const ROWS: i64 = 16;
const PARTS: i64 = 4;

/// Where the state stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// The snapshot that counts; 0 is none.
    pub generation: i64,
    /// The last row that is in it.
    pub through: i64,
    /// The last row.
    pub row: i64,
    /// Rows behind the snapshot, and their bytes.
    pub rows: u64,
    pub journal_bytes: u64,
    /// Bytes of the snapshot.
    pub snapshot_bytes: u64,
}

impl State {
    /// As it lies in the file.
    pub fn load(connection: &Connection) -> rusqlite::Result<State> {
        let (generation, through) = (get(connection, "generation")?, get(connection, "through")?);
        let (last, rows, bytes): (i64, i64, i64) = connection.query_row(
            "SELECT coalesce(max(number), ?1), count(*), coalesce(sum(length(body)), 0) FROM journal WHERE number > ?1",
            [through],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let snapshot: i64 =
            connection
                .query_row("SELECT coalesce(sum(length(body)), 0) FROM snapshot WHERE generation = ?1", [generation], |row| row.get(0))?;
        Ok(State {
            generation,
            through,
            row: last,
            rows: unsigned(rows),
            journal_bytes: unsigned(bytes),
            snapshot_bytes: unsigned(snapshot),
        })
    }

    /// Bytes of all that is not the alerts'.
    pub fn bytes(&self) -> u64 {
        self.journal_bytes + self.snapshot_bytes
    }

    /// Adds a row.
    pub fn append(&mut self, tx: &Transaction<'_>, body: &[u8]) -> rusqlite::Result<()> {
        self.row += 1;
        tx.prepare_cached("INSERT INTO journal VALUES (?1, ?2)")?.execute(params![self.row, body])?;
        self.rows += 1;
        self.journal_bytes += body.len() as u64;
        Ok(())
    }

    /// Adds part number `part` of a snapshot that does not count yet.
    pub fn part(&self, tx: &Transaction<'_>, part: i64, body: &[u8]) -> rusqlite::Result<()> {
        let draft = self.generation + 1;
        if part == 0 {
            tx.execute("DELETE FROM snapshot WHERE generation = ?1", [draft])?;
        }
        tx.prepare_cached("INSERT INTO snapshot VALUES (?1, ?2, ?3)")?.execute(params![draft, part, body])?;
        Ok(())
    }

    /// From now on the snapshot that was written last counts, with all rows up to `through` in it.
    pub fn turn(&mut self, tx: &Transaction<'_>, through: i64) -> rusqlite::Result<()> {
        self.generation += 1;
        self.through = through;
        put(tx, "generation", self.generation)?;
        put(tx, "through", through)?;
        let loaded = State::load(tx)?;
        *self = State { row: self.row, ..loaded };
        Ok(())
    }

    /// Lets go of some of what no longer counts; whether there was something.
    pub fn clean(&self, tx: &Transaction<'_>) -> rusqlite::Result<bool> {
        let rows = tx
            .prepare_cached("DELETE FROM journal WHERE number IN (SELECT number FROM journal WHERE number <= ?1 ORDER BY number LIMIT ?2)")?
            .execute([self.through, ROWS])?;
        let parts = tx
            .prepare_cached("DELETE FROM snapshot WHERE rowid IN (SELECT rowid FROM snapshot WHERE generation < ?1 LIMIT ?2)")?
            .execute([self.generation, PARTS])?;
        Ok(rows + parts > 0)
    }
}

fn put(tx: &Transaction<'_>, key: &str, value: impl ToSql) -> rusqlite::Result<()> {
    tx.execute("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", params![key, value]).map(drop)
}

/// 0 if it was never put.
fn get(connection: &Connection, key: &str) -> rusqlite::Result<i64> {
    let found = connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional();
    found.map(Option::unwrap_or_default)
}

/// Transitions up to `seq` are in the file with all that led to them.
pub fn keep_up(tx: &Transaction<'_>, seq: u64) -> rusqlite::Result<()> {
    put(tx, "kept_up", signed(seq))
}

/// Up to which they are, if anything was ever written of what led to them.
pub fn kept_up(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let found: Option<i64> = connection.query_row("SELECT value FROM meta WHERE key = 'kept_up'", [], |row| row.get(0)).optional()?;
    Ok(found.map(unsigned))
}

/// Part number `part` of a snapshot.
pub fn part(connection: &Connection, generation: i64, part: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut query = connection.prepare_cached("SELECT body FROM snapshot WHERE generation = ?1 AND part = ?2")?;
    query.query_row([generation, part], |row| row.get(0)).optional()
}

/// The first row after `number`.
pub fn row(connection: &Connection, number: i64) -> rusqlite::Result<Option<(i64, Vec<u8>)>> {
    let mut query = connection.prepare_cached("SELECT number, body FROM journal WHERE number > ?1 ORDER BY number LIMIT 1")?;
    query.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Writes the names of all topics.
pub fn name(tx: &Transaction<'_>, names: &Names) -> rusqlite::Result<()> {
    put(tx, "names", names.sealed())
}

/// The names of all topics.
pub fn names(connection: &Connection) -> Result<Names, Unreadable> {
    let found: Option<Vec<u8>> = connection.query_row("SELECT value FROM meta WHERE key = 'names'", [], |row| row.get(0)).optional()?;
    Ok(found.map(|bytes| Names::read(&bytes)).transpose()?.unwrap_or_default())
}
