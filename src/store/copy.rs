//! Copies, and what a file holds. Both only read, also while an engine writes.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::file::{self, beside};
use super::{Refused, unsigned};
use crate::bilingual::Both;

/// What a sound file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Format of its tables.
    pub format: i64,
    /// Name of its life.
    pub epoch: String,
    /// How many transitions.
    pub alerts: u64,
    /// Number of the oldest, 0 if there is none.
    pub first: u64,
    /// Number of the newest, 0 if there is none.
    pub last: u64,
    /// Bytes of the file and its write-ahead log.
    pub bytes: u64,
    /// An engine has it.
    pub in_use: bool,
    /// As [`super::Opened::torn`].
    pub torn: bool,
}

/// Why there is no copy.
#[derive(Debug)]
pub enum NotCopied {
    /// The file was not accepted.
    Refused(Refused),
    /// Something has the name of the copy already.
    Exists(PathBuf),
    /// It could not be written.
    Failed(PathBuf, Both),
}

impl NotCopied {
    /// For people.
    pub fn text(&self) -> Both {
        match self {
            NotCopied::Refused(why) => why.text(),
            NotCopied::Exists(at) => {
                let at = at.display();
                Both::new(format!("{at} ya existe y no se sobrescribe"), format!("{at} exists already and is not overwritten"))
            }
            NotCopied::Failed(at, why) => {
                let at = at.display();
                Both::new(format!("no se pudo escribir {at}: {}", why.es), format!("{at} could not be written: {}", why.en))
            }
        }
    }
}

impl From<NotCopied> for Refused {
    fn from(e: NotCopied) -> Refused {
        match e {
            NotCopied::Refused(refused) => refused,
            NotCopied::Exists(path) => Refused::Io { path, why: Both::new("ya existe", "it exists already") },
            NotCopied::Failed(path, why) => Refused::Io { path, why },
        }
    }
}

/// Copies the file `from`, as it is at one moment, to `to`, which must not exist.
///
/// `VACUUM INTO` reads under one snapshot, so the engine goes on writing meanwhile; unlike the online backup
/// it copies no free page, and need not begin anew when the engine commits.
///
/// # Errors
/// The file is not accepted, or the copy cannot be made.
pub fn backup(from: &Path, to: &Path) -> Result<Summary, NotCopied> {
    // Also a link that leads nowhere is something.
    if to.symlink_metadata().is_ok() {
        return Err(NotCopied::Exists(to.to_owned()));
    }
    let sql = |e: rusqlite::Error| NotCopied::Refused(file::refusal(from, &e));
    let in_use = is_in_use(from).map_err(NotCopied::Refused)?;
    if !in_use {
        file::has_torn_log(from).map_err(NotCopied::Refused)?;
    }
    let connection = reading(from, in_use).map_err(sql)?;
    file::format(&connection, from).map_err(|refused| refused.map_or_else(sql, NotCopied::Refused))?;
    write(&connection, from, to)
}

/// Writes a copy of the open file `from` beside `to` and, once it is verified and whole on disk, gives it
/// that name.
pub fn write(connection: &Connection, from: &Path, to: &Path) -> Result<Summary, NotCopied> {
    let fresh = beside(to, &format!(".{}.new", std::process::id()));
    let made = fill(connection, from, &fresh).and_then(|summary| {
        file::settle_name(&fresh, to).map_err(|e| failed(to, file::unusable(to, &e)))?;
        Ok(summary)
    });
    if made.is_err() {
        // It may not even be there; the first error is the one to tell.
        let _ = fs::remove_file(&fresh);
    }
    made
}

fn fill(connection: &Connection, from: &Path, fresh: &Path) -> Result<Summary, NotCopied> {
    let io = |e: std::io::Error| failed(fresh, file::unusable(fresh, &e));
    // Whether there can be one, said as the system says it; `VACUUM INTO` takes an empty file.
    File::create(fresh).map_err(io)?;
    let name = fresh.to_str().ok_or_else(|| io(ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|e| failed(fresh, file::refusal(from, &e)))?;
    File::open(fresh).and_then(|f| f.sync_all()).map_err(io)?;
    look(fresh).map_err(|refused| match refused {
        // It was copied as it lies there.
        Refused::Damaged { why, .. } => NotCopied::Refused(Refused::Damaged { path: from.to_owned(), why }),
        other => failed(fresh, other),
    })
}

/// A copy at `to` could not be written, or its file is not accepted.
fn failed(to: &Path, why: Refused) -> NotCopied {
    match why {
        Refused::Io { why, .. } => NotCopied::Failed(to.to_owned(), why),
        refused => NotCopied::Refused(refused),
    }
}

/// Reads all of the file at `path`, and changes nothing.
///
/// # Errors
/// An engine would refuse it.
pub fn look(path: &Path) -> Result<Summary, Refused> {
    let in_use = is_in_use(path)?;
    // While it is in use its end may just be written.
    let torn = !in_use && file::has_torn_log(path)?;
    let sql = |e: rusqlite::Error| file::refusal(path, &e);
    let connection = reading(path, in_use).map_err(sql)?;
    // As it is at one moment, whatever the engine writes meanwhile.
    let connection = connection.unchecked_transaction().map_err(sql)?;
    let format = file::verify(&connection, path).map_err(|refused| refused.unwrap_or_else(sql))?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
    let numbers = "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM alerts";
    let (alerts, first, last) = connection.query_row(numbers, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(sql)?;
    Ok(Summary {
        format,
        epoch: connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).map_err(sql)?,
        alerts: unsigned(alerts),
        first: unsigned(first),
        last: unsigned(last),
        bytes: size(path) + size(&beside(path, "-wal")),
        in_use,
        torn,
    })
}

/// Whether an engine has the file.
fn is_in_use(path: &Path) -> Result<bool, Refused> {
    let io = |e: std::io::Error| file::unusable(path, &e);
    fs::metadata(path).map_err(io)?;
    let Ok(lock) = File::open(beside(path, ".lock")) else { return Ok(false) };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

/// A connection that only reads. Where nobody writes and nothing waits in the write-ahead log it makes no
/// files beside the file either.
pub fn reading(path: &Path, in_use: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_still = !in_use && fs::metadata(beside(path, "-wal")).map_or(true, |m| m.len() == 0);
    let connection = match path.to_str().filter(|_| is_still) {
        Some(name) => {
            let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            Connection::open_with_flags(format!("file:{name}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)?
        }
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(file::OTHERS)?;
    Ok(connection)
}
