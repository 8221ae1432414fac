//! The file: made whole or not at all, and opened only if it is ours and sound.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Refused, changes, copy, sums, wal};
use crate::bilingual::Both;

/// "escu", in the header of every file of ours.
const APPLICATION: i64 = 0x6573_6375;
/// Format of the tables below; the first had only those of the alerts, the second no changes of matters.
const FORMAT: i64 = 3;

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
const ADDED: [&[&str]; FORMAT as usize] = [&[ALERTS], &[STATE, sums::ADDED, DELIVERY], &[changes::TABLE]];

/// A commit waits so long for what others do with the file.
pub const OTHERS: Duration = Duration::from_secs(5);
/// The write-ahead log is wiped between reads, or later.
pub const READERS: Duration = Duration::from_millis(100);

/// The connection, and the lock that keeps other processes out for as long as it lives.
pub struct Opened {
    pub connection: Connection,
    /// The last commit of the write-ahead log was not whole.
    pub torn: bool,
    /// After the connection: it is let go of last.
    _lock: File,
}

impl Drop for Opened {
    /// Brings all into the file itself. Its companions stay: a start needs them, and would not get them from a
    /// full disk.
    fn drop(&mut self) {
        // What it could not bring in stays in the log, whole.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// Opens the file at `path`; if there is none, makes it with the life `epoch`.
pub fn open(path: &Path, epoch: &str) -> Result<Opened, Refused> {
    let lock = lock(path)?;
    match fs::exists(path) {
        Ok(true) => {}
        Ok(false) => create(path, epoch)?,
        Err(e) => return Err(unusable(path, &e)),
    }
    // SQLite would not say why it cannot. Nothing has it yet, so that closing this gives up no lock of ours.
    OpenOptions::new().read(true).write(true).open(path).map_err(|e| unusable(path, &e))?;
    let torn = has_torn_log(path)?;
    let connection = accept(path).map_err(|refused| refused.unwrap_or_else(|e| refusal(path, &e)))?;
    Ok(Opened { connection, torn, _lock: lock })
}

/// `path` with `suffix` behind its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// A file of its own, for closing any descriptor of the store itself would give up SQLite's locks.
fn lock(path: &Path) -> Result<File, Refused> {
    let io = |e: std::io::Error| unusable(path, &e);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, ".lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refused::InUse(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

/// Made beside and renamed once it is whole on disk: a power cut leaves no half of it.
fn create(path: &Path, epoch: &str) -> Result<(), Refused> {
    let io = |e: std::io::Error| unusable(path, &e);
    let fresh = beside(path, ".new");
    if fs::exists(&fresh).map_err(io)? {
        fs::remove_file(&fresh).map_err(io)?;
    }
    fill(&fresh, epoch).map_err(|e| refusal(path, &e))?;
    File::open(&fresh).and_then(|f| f.sync_all()).map_err(io)?;
    settle_name(&fresh, path).map_err(io)
}

/// Gives the file `fresh`, which is whole on disk, its name for good.
pub fn settle_name(fresh: &Path, path: &Path) -> std::io::Result<()> {
    fs::rename(fresh, path)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Whether the last commit of the write-ahead log is torn.
///
/// # Errors
/// An earlier one is.
pub fn has_torn_log(path: &Path) -> Result<bool, Refused> {
    match wal::check(&beside(path, "-wal")) {
        Ok(wal::Log::Whole) => Ok(false),
        Ok(wal::Log::Torn) => Ok(true),
        Ok(wal::Log::Damaged) => {
            let why = Both::new("un cambio en su -wal no está como se escribió", "a commit in its -wal is not as it was written");
            Err(Refused::Damaged { path: path.to_owned(), why })
        }
        Err(e) => Err(unusable(path, &e)),
    }
}

/// What an error of the system means for the file.
pub fn unusable(path: &Path, error: &std::io::Error) -> Refused {
    let why = match error.kind() {
        ErrorKind::NotFound => Both::new("no existe, o su carpeta no existe", "it, or its folder, does not exist"),
        ErrorKind::PermissionDenied => Both::new("este usuario no puede escribir ahí", "this user may not write there"),
        ErrorKind::IsADirectory => Both::new("es una carpeta", "it is a folder"),
        ErrorKind::ReadOnlyFilesystem => Both::new("su sistema de archivos es de solo lectura", "its file system is read-only"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_room(),
        _ => Both::new(error.to_string(), error.to_string()),
    };
    Refused::Io { path: path.to_owned(), why }
}

fn no_room() -> Both {
    Both::new("el disco está lleno", "the disk is full")
}

fn fill(path: &Path, epoch: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; BEGIN;")?;
    add(&connection, 0)?;
    connection.execute("INSERT INTO meta VALUES ('epoch', ?1)", [epoch])?;
    sums::seal_epoch(&connection)?;
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

/// Brings a file of an earlier format up to this one, whole or not at all, with a copy beside it as it was.
fn upgrade(connection: &mut Connection, path: &Path, found: i64) -> Result<(), Unfit> {
    let kept = beside(path, &format!(".format-{found}"));
    copy::write(connection, path, &kept).map_err(|e| Ok(e.into()))?;
    let tx = connection.transaction().map_err(Err)?;
    let whole = add(&tx, found).and_then(|()| sums::seal(&tx)).and_then(|()| if found < 2 { sums::seal_epoch(&tx) } else { Ok(()) });
    whole.and_then(|()| tx.commit()).map_err(Err)
}

/// A refusal of ours, or what SQLite said.
pub type Unfit = Result<Refused, rusqlite::Error>;

/// The format of a file of ours.
pub fn format(connection: &Connection, path: &Path) -> Result<i64, Unfit> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(Err);
    if number("application_id")? != APPLICATION {
        return Err(Ok(Refused::Foreign(path.to_owned())));
    }
    match number("user_version")? {
        found if found > FORMAT => Err(Ok(Refused::Newer { path: path.to_owned(), found })),
        found if found < 1 => Err(Ok(Refused::Foreign(path.to_owned()))),
        found => Ok(found),
    }
}

/// The format of a file of ours that is as it was written.
pub fn verify(connection: &Connection, path: &Path) -> Result<i64, Unfit> {
    let found = format(connection, path)?;
    let sound: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(Err)?;
    if sound != "ok" {
        let first = sound.lines().next().unwrap_or_default().to_owned();
        return Err(Ok(Refused::Damaged { path: path.to_owned(), why: Both::new(first.clone(), first) }));
    }
    if found >= 2 {
        sums::verify(connection, found).map_err(Err)?;
    }
    Ok(found)
}

fn accept(path: &Path) -> Result<Connection, Unfit> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(Err)?;
    // One that is refused is left as it is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(Err)?;
    let found = verify(&connection, path)?;
    settle(&connection).map_err(Err)?;
    for (name, wanted) in [("synchronous", "2"), ("secure_delete", "1"), ("journal_mode", "wal")] {
        let found = connection.pragma_query_value(None, name, |row| {
            let value = row.get_ref(0)?;
            Ok(value.as_str().map_or_else(|_| value.as_i64().unwrap_or(-1).to_string(), str::to_owned))
        });
        let found = found.map_err(Err)?;
        if found != wanted {
            return Err(Ok(Refused::Io {
                path: path.to_owned(),
                why: Both::new(format!("{name}: {found}, no {wanted}"), format!("{name} is {found}, not {wanted}")),
            }));
        }
    }
    // Durable like every change of it.
    if found < FORMAT {
        upgrade(&mut connection, path, found)?;
    }
    Ok(connection)
}

/// Durable at every commit, and what is deleted is overwritten.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(OTHERS)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
}

/// What an error of SQLite means for the file.
pub fn refusal(path: &Path, error: &rusqlite::Error) -> Refused {
    let path = path.to_owned();
    let why = error.to_string();
    let damage = match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, found) => found.downcast_ref::<sums::Unsound>().map(sums::Unsound::text),
        _ => None,
    };
    if let Some(why) = damage {
        return Refused::Damaged { path, why };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Refused::Foreign(path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Refused::InUse(path),
        // A table, a column or a value that was there is not: our statements are right.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown | ErrorCode::TypeMismatch) | None => {
            Refused::Damaged { path, why: Both::new(why.clone(), why) }
        }
        Some(ErrorCode::DiskFull) => Refused::Io { path, why: no_room() },
        _ => Refused::Io { path, why: Both::new(why.clone(), why) },
    }
}
