//! The file: made whole or not at all, and opened only if it is ours and sound.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Refused;

/// "escu", in the header of every file of ours.
const APPLICATION: i64 = 0x6573_6375;
/// Format of the tables below; the first had only those of the alerts.
const FORMAT: i64 = 2;

/// `shown` tells which transitions show a post. `last` in `meta` is the last sequence number, which
/// outlives the transitions.
const ALERTS: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
    CREATE TABLE alerts (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL, topic TEXT NOT NULL, status TEXT NOT NULL,
        severity TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX alerts_id ON alerts (id, seq);
    CREATE TABLE shown (post INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (post, seq)) STRICT, WITHOUT ROWID;
    CREATE INDEX shown_seq ON shown (seq);
    INSERT INTO meta VALUES ('last', 0);
";

/// `journal` is what the tally did since the snapshot, a row for each commit. A snapshot is written in
/// parts, under a generation of its own, and counts from the moment `meta` names it.
const STATE: &str = "
    CREATE TABLE journal (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE snapshot (generation INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (generation, part)) STRICT;
";

/// `transitions` are whole where `alerts` are as they are shown, and kept while a row of `needs` names them or
/// `told` in `meta` has not come to them.
const DELIVERY: &str = "
    CREATE TABLE transitions (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE deliveries (kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)) STRICT;
    CREATE TABLE needs (kind TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, key, seq)) STRICT, WITHOUT ROWID;
    CREATE INDEX needs_seq ON needs (seq);
    INSERT INTO meta SELECT 'told', value FROM meta WHERE key = 'last';
";

/// What each format added to the one before.
const ADDED: [&[&str]; FORMAT as usize] = [&[ALERTS], &[STATE, DELIVERY]];

/// The connection, and the lock that keeps other processes out for as long as it lives.
pub struct Opened {
    pub connection: Connection,
    /// After the connection: it is let go of last.
    _lock: File,
}

/// Opens the file at `path`; if there is none, makes it with the life `epoch`.
pub fn open(path: &Path, epoch: &str) -> Result<Opened, Refused> {
    let lock = lock(path)?;
    match fs::exists(path) {
        Ok(true) => {}
        Ok(false) => create(path, epoch)?,
        Err(e) => return Err(Refused::Io { path: path.to_owned(), why: e.to_string() }),
    }
    let connection = verify(path).map_err(|refused| refused.unwrap_or_else(|e| refusal(path, &e)))?;
    Ok(Opened { connection, _lock: lock })
}

/// `path` with `suffix` behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// A file of its own, for closing any descriptor of the store itself would give up SQLite's locks.
fn lock(path: &Path) -> Result<File, Refused> {
    let io = |e: std::io::Error| Refused::Io { path: path.to_owned(), why: e.to_string() };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, ".lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refused::InUse(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

/// Made beside and renamed once it is whole on disk: a power cut leaves no half of it.
fn create(path: &Path, epoch: &str) -> Result<(), Refused> {
    let io = |e: std::io::Error| Refused::Io { path: path.to_owned(), why: e.to_string() };
    let fresh = beside(path, ".new");
    if fs::exists(&fresh).map_err(io)? {
        fs::remove_file(&fresh).map_err(io)?;
    }
    fill(&fresh, epoch).map_err(|e| refusal(path, &e))?;
    File::open(&fresh).and_then(|f| f.sync_all()).map_err(io)?;
    fs::rename(&fresh, path).map_err(io)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(io)
}

fn fill(path: &Path, epoch: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; BEGIN;")?;
    add(&connection, 0)?;
    connection.execute("INSERT INTO meta VALUES ('epoch', ?1)", [epoch])?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, e)| e)
}

/// Adds what the formats behind `found` have.
fn add(connection: &Connection, found: i64) -> rusqlite::Result<()> {
    let behind = usize::try_from(found).unwrap_or(0);
    ADDED.iter().skip(behind).flat_map(|tables| *tables).try_for_each(|tables| connection.execute_batch(tables))?;
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Brings a file of an earlier format up to this one, whole or not at all.
fn upgrade(connection: &mut Connection, found: i64) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    add(&tx, found)?;
    tx.commit()
}

/// A refusal of ours, or what SQLite said.
type Unfit = Result<Refused, rusqlite::Error>;

fn verify(path: &Path) -> Result<Connection, Unfit> {
    let sql = |e: rusqlite::Error| Err(e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sql)?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(sql);
    if number("application_id")? != APPLICATION {
        return Err(Ok(Refused::Foreign(path.to_owned())));
    }
    let found = number("user_version")?;
    if found > FORMAT {
        return Err(Ok(Refused::Newer { path: path.to_owned(), found }));
    }
    if found < 1 {
        return Err(Ok(Refused::Foreign(path.to_owned())));
    }
    let sound: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(sql)?;
    if sound != "ok" {
        let first = sound.lines().next().unwrap_or_default().to_owned();
        return Err(Ok(Refused::Damaged { path: path.to_owned(), why: first }));
    }
    settle(&connection).map_err(sql)?;
    for (name, wanted) in [("synchronous", "2"), ("secure_delete", "1"), ("journal_mode", "wal")] {
        let found = connection.pragma_query_value(None, name, |row| {
            let value = row.get_ref(0)?;
            Ok(value.as_str().map_or_else(|_| value.as_i64().unwrap_or(-1).to_string(), str::to_owned))
        });
        let found = found.map_err(sql)?;
        if found != wanted {
            return Err(Ok(Refused::Io { path: path.to_owned(), why: format!("{name} is {found}, not {wanted}") }));
        }
    }
    // Durable like every change of it.
    if found < FORMAT {
        upgrade(&mut connection, found).map_err(sql)?;
    }
    Ok(connection)
}

/// Durable at every commit, and what is deleted is overwritten.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
}

/// What an error of SQLite means for the file.
pub fn refusal(path: &Path, error: &rusqlite::Error) -> Refused {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Refused::Foreign(path),
        Some(ErrorCode::DatabaseCorrupt) => Refused::Damaged { path, why: error.to_string() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Refused::InUse(path),
        _ => Refused::Io { path, why: error.to_string() },
    }
}
