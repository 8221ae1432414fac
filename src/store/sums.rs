//! A checksum of every transition and every change of a matter. SQLite's own check sees a broken tree, and not a changed bit in a value.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};
use xxhash_rust::xxh3::Xxh3;

use super::changes::{self, Moved};
use super::{Kept, signed, unsigned};
use crate::alert::{Severity, Status};
use crate::bilingual::Both;
use crate::codec;
use crate::post::PostKey;
use crate::time::Timestamp;

/// `sum` is the XXH3 of a transition with the posts that it shows.
pub const ADDED: &str = "ALTER TABLE alerts ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;";

/// What [`read`] takes, in this order.
pub const COLUMNS: &str = "seq, id, topic, status, severity, body, at, sum, before";
/// The same of a file of format 2.
const COLUMNS_2: &str = "seq, id, topic, status, severity, body, at, sum, NULL";

/// What was read is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A transition.
    #[error("alert {0} is not as it was written")]
    Row(u64),
    /// Transitions between the first and the last.
    #[error("alert {0} is missing")]
    Gone(u64),
    /// A change of a customer's matter.
    #[error("the change {0} of an incident is not as it was written")]
    Change(u64),
    /// Changes between the first and the last.
    #[error("the change {0} of an incident is missing")]
    ChangeGone(u64),
    /// What the tally or deliveries go on from.
    #[error("the state to go on from is not as it was written")]
    State,
    /// The name of the file's life.
    #[error("the epoch is not as it was written")]
    Epoch,
}

impl Unsound {
    /// For people.
    pub fn text(&self) -> Both {
        let es = match self {
            Unsound::Row(seq) => format!("la alerta {seq} no está como se escribió"),
            Unsound::Gone(seq) => format!("falta la alerta {seq}"),
            Unsound::Change(seq) => format!("el cambio {seq} de un caso no está como se escribió"),
            Unsound::ChangeGone(seq) => format!("falta el cambio {seq} de un caso"),
            Unsound::State => "el estado desde el que seguir no está como se escribió".to_owned(),
            Unsound::Epoch => "la época no está como se escribió".to_owned(),
        };
        Both::new(es, self.to_string())
    }

    /// As SQLite's errors travel.
    pub fn error(self) -> Error {
        Error::FromSqlConversionFailure(0, Type::Null, Box::new(self))
    }
}

struct Raw {
    seq: i64,
    /// Number of the transition before it; `None` in a file of format 2, where none is written.
    before: Option<i64>,
    at: i64,
    sum: i64,
    /// Id, topic, status, severity, body.
    texts: [String; 5],
    posts: Vec<i64>,
}

fn hash(numbers: &[i64], texts: [&str; 5], posts: impl IntoIterator<Item = i64>) -> i64 {
    let mut posts: Vec<i64> = posts.into_iter().collect();
    posts.sort_unstable();
    let mut xxh = Xxh3::new();
    let mut number = |n: i64| xxh.update(&n.to_le_bytes());
    numbers.iter().for_each(|n| number(*n));
    posts.iter().for_each(|post| number(*post));
    for text in texts {
        // No two rows read alike when their texts are joined.
        xxh.update(&(text.len() as u64).to_le_bytes());
        xxh.update(text.as_bytes());
    }
    xxh.digest().cast_signed()
}

/// The checksum of change number `seq`, which follows number `before`.
pub fn change(seq: u64, before: u64, moved: &Moved) -> i64 {
    hash(&[signed(seq), moved.at.0, signed(before)], [&moved.body, "", "", "", ""], [moved.id.0.cast_signed()])
}

/// The checksum of a transition of `at` that follows number `before`.
pub fn of(alert: &Kept, at: Timestamp, before: u64) -> i64 {
    let texts = [&alert.id, &alert.topic, alert.status.as_str(), alert.severity.as_str(), &alert.body];
    hash(&[signed(alert.seq), at.0, signed(before)], texts, alert.posts.iter().map(|key| key.0.cast_signed()))
}

fn raw(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Raw> {
    let seq = row.get(0)?;
    let mut query = connection.prepare_cached("SELECT post FROM shown WHERE seq = ?1 ORDER BY post")?;
    let posts = query.query_map([seq], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    // Not even text any more.
    let text = |column| row.get::<_, String>(column).map_err(|_| Unsound::Row(unsigned(seq)).error());
    Ok(Raw {
        seq,
        texts: [text(1)?, text(2)?, text(3)?, text(4)?, text(5)?],
        at: row.get(6)?,
        sum: row.get(7)?,
        before: row.get(8)?,
        posts,
    })
}

impl Raw {
    fn hash(&self) -> i64 {
        let numbers = [self.seq, self.at, self.before.unwrap_or_default()];
        hash(&numbers[..if self.before.is_some() { 3 } else { 2 }], self.texts.each_ref().map(String::as_str), self.posts.iter().copied())
    }
}

/// Number of the transition before that of a row of [`COLUMNS`].
pub fn before(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get(8).map(unsigned)
}

/// The transition of a row of [`COLUMNS`].
///
/// # Errors
/// It is not as it was written, or SQLite's.
pub fn read(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Kept> {
    let raw = raw(connection, row)?;
    let seq = unsigned(raw.seq);
    if raw.hash() != raw.sum {
        return Err(Unsound::Row(seq).error());
    }
    let [id, topic, status, severity, body] = raw.texts;
    Ok(Kept {
        seq,
        id,
        topic,
        status: if status == Status::Firing.as_str() { Status::Firing } else { Status::Resolved },
        severity: Severity::named(&severity).unwrap_or_default(),
        body,
        posts: raw.posts.into_iter().map(|post| PostKey(post.cast_unsigned())).collect(),
    })
}

/// Puts `body` into the transition `seq`, which must be as it was written.
pub fn rewrite(connection: &Connection, seq: i64, body: impl FnOnce(&str) -> String) -> rusqlite::Result<()> {
    let select = format!("SELECT {COLUMNS} FROM alerts WHERE seq = ?1");
    let mut query = connection.prepare_cached(&select)?;
    let found = query.query_row([seq], |row| {
        read(connection, row)?;
        raw(connection, row)
    });
    let Some(mut row) = found.optional()? else { return Ok(()) };
    row.texts[4] = body(&row.texts[4]);
    connection.execute("UPDATE alerts SET body = ?2, sum = ?3 WHERE seq = ?1", params![seq, row.texts[4], row.hash()])?;
    Ok(())
}

/// Gives every transition its checksum.
pub fn seal(connection: &Connection) -> rusqlite::Result<()> {
    seal_rows(connection, COLUMNS)
}

/// The same, as format 2 had it.
#[cfg(test)]
pub fn seal_as_2(connection: &Connection) -> rusqlite::Result<()> {
    seal_rows(connection, COLUMNS_2)
}

fn seal_rows(connection: &Connection, columns: &str) -> rusqlite::Result<()> {
    let select = format!("SELECT {columns} FROM alerts WHERE seq > ?1 ORDER BY seq LIMIT 1");
    let mut at = i64::MIN;
    while let Some(row) = connection.prepare_cached(&select)?.query_row([at], |row| raw(connection, row)).optional()? {
        connection.prepare_cached("UPDATE alerts SET sum = ?2 WHERE seq = ?1")?.execute([row.seq, row.hash()])?;
        at = row.seq;
    }
    Ok(())
}

/// Gives the name of the file's life its checksum.
pub fn seal_epoch(connection: &Connection) -> rusqlite::Result<()> {
    let epoch = epoch_sum(connection)?;
    connection.execute("INSERT INTO meta VALUES ('epoch_sum', ?1)", [epoch])?;
    Ok(())
}

fn epoch_sum(connection: &Connection) -> rusqlite::Result<i64> {
    let epoch: String = connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))?;
    Ok(hash(&[0; 2], [&epoch, "", "", "", ""], []))
}

/// Reads all there is in a file of this `format`, which is 2 at least.
///
/// # Errors
/// Anything is not as it was written, or SQLite's.
pub fn verify(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    let written: i64 = connection.query_row("SELECT value FROM meta WHERE key = 'epoch_sum'", [], |row| row.get(0))?;
    if epoch_sum(connection)? != written {
        return Err(Unsound::Epoch.error());
    }
    let mut last = 0;
    let columns = if format < 3 { COLUMNS_2 } else { COLUMNS };
    let mut query = connection.prepare(&format!("SELECT {columns} FROM alerts ORDER BY seq"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let seq = read(connection, row)?.seq;
        let before = row.get::<_, Option<i64>>(8)?.map_or(seq.saturating_sub(1), unsigned);
        if last > 0 && before != last {
            return Err(Unsound::Gone(before).error());
        }
        last = seq;
    }
    // The newest never goes, so that it tells what the last number was.
    let number = |key: &str| connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).map(unsigned);
    let told = number(if format < 3 { "last" } else { "last_alert" })?;
    if told != last {
        return Err(Unsound::Gone(told.max(last)).error());
    }
    if format >= 3 {
        let (told, newest) = (number("last")?, last.max(changes::verify(connection)?));
        if told != newest {
            return Err(Unsound::Gone(told.max(newest)).error());
        }
    }
    ["journal", "snapshot", "transitions", "deliveries"].iter().try_for_each(|table| verify_states(connection, table))
}

/// Whether the states in `table`, which carry checksums of their own, are as they were written.
fn verify_states(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let mut query = connection.prepare(&format!("SELECT body FROM {table}"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?;
        if !body.as_blob().is_ok_and(codec::is_whole) {
            return Err(Unsound::State.error());
        }
    }
    Ok(())
}
