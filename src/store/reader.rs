//! Alerts and changes of matters that the feed does not hold any more, read from the file while the writer writes.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{Kept, Moved, Refused, changes, copy, file, signed, sums, unsigned};
use crate::limits;
use crate::time::Timestamp;

/// Reads on a connection of its own, which it keeps.
pub struct Reader {
    path: PathBuf,
    connection: Option<Connection>,
}

/// Which transitions.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// After this one.
    pub since: u64,
    /// Before this one.
    pub before: u64,
    /// The newest that has been shown: there are none behind it yet.
    pub head: u64,
    /// So many at most.
    pub limit: usize,
}

/// Some of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Alert objects, oldest first.
    pub bodies: Vec<String>,
    /// `before` of the page with older ones, if there may be some.
    pub next: Option<u64>,
}

impl Reader {
    /// Of the file at `path`, which is opened at the first question.
    pub fn new(path: PathBuf) -> Reader {
        Reader { path, connection: None }
    }

    /// The newest of the alerts asked for that are `wanted`, each by its last transition. Reads
    /// `limits::STORE_LOOKED` transitions and `limits::STORE_PAGE_BYTES` at most: a page may have fewer than
    /// `limit` though there are more.
    ///
    /// # Errors
    /// The file cannot be read, or holds what was not written.
    pub fn latest(&mut self, asked: Asked, wanted: impl FnMut(&Kept) -> bool) -> Result<Page, Refused> {
        let page = self.connection().and_then(|connection| page(connection, asked, wanted));
        page.map_err(|e| {
            self.connection = None;
            file::refusal(&self.path, &e)
        })
    }

    /// Changes of matters after the first of `places` and up to the second that happened in `window`, from and up to without it: oldest
    /// first, `most` at most.
    ///
    /// # Errors
    /// The file cannot be read, or holds what was not written.
    pub fn changes(&mut self, places: (u64, u64), window: (Timestamp, Timestamp), most: usize) -> Result<Vec<(u64, Moved)>, Refused> {
        let found = self.connection().and_then(|connection| changes::between(connection, places, window, most));
        found.map_err(|e| {
            self.connection = None;
            file::refusal(&self.path, &e)
        })
    }

    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => copy::reading(&self.path, true)?,
        };
        Ok(self.connection.insert(connection))
    }
}

fn page(connection: &Connection, asked: Asked, mut wanted: impl FnMut(&Kept) -> bool) -> rusqlite::Result<Page> {
    let select = format!(
        "SELECT {}, EXISTS (SELECT 1 FROM alerts b WHERE b.id = a.id AND b.seq > a.seq AND b.seq <= ?3) FROM alerts a
         WHERE seq > ?1 AND seq < ?2 AND seq <= ?3 ORDER BY seq DESC",
        sums::COLUMNS
    );
    let mut page = Page::default();
    let mut query = connection.prepare_cached(&select)?;
    let mut rows = query.query([signed(asked.since), signed(asked.before), signed(asked.head)])?;
    let (mut looked, mut bytes, mut at) = (0, 0, asked.before);
    while let Some(row) = rows.next()? {
        if page.bodies.len() >= asked.limit || looked >= limits::STORE_LOOKED || bytes >= limits::STORE_PAGE_BYTES {
            page.next = Some(at);
            break;
        }
        looked += 1;
        at = unsigned(row.get(0)?);
        let is_over: bool = row.get(9)?;
        let alert = sums::read(connection, row)?;
        bytes += alert.body.len();
        if !is_over && wanted(&alert) {
            page.bodies.push(alert.body);
        }
    }
    page.bodies.reverse();
    Ok(page)
}
