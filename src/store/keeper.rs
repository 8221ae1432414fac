//! The thread that makes snapshots: it folds the journal into the last one, beside everything else.
//!
//! It does what a start does, so that every snapshot proves that the engine can go on from what lies on
//! disk, and the tally's thread never waits for one. It costs the memory of a second tally while it works.

use std::path::Path;

use crossbeam::channel::{Receiver, Sender};
use rusqlite::{Connection, OpenFlags};

use super::state::{self, State};
use crate::bilingual::Both;
use crate::codec;
use crate::journal::{Fold, Setting};

/// What the writer is handed.
#[derive(Debug)]
pub enum Piece {
    /// The next part of a snapshot.
    Part(Vec<u8>),
    /// It is whole: all rows up to this one are in it, of which the last listened for this version.
    Whole(i64, u64),
    /// There will be none.
    Failed(String),
}

/// Why a state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// Its content.
    #[error(transparent)]
    Content(#[from] codec::Error),
    /// Something is not there.
    #[error("the journal has a gap at row {0}")]
    Gap(i64),
}

impl Unreadable {
    /// For people.
    pub fn text(&self) -> Both {
        match self {
            Unreadable::Content(error) => error.text(),
            Unreadable::Gap(row) => Both::new(format!("al diario le falta la fila {row}"), self.to_string()),
            Unreadable::Sql(error) => Both::new(error.to_string(), error.to_string()),
        }
    }
}

/// What lies in the file: the snapshot that counts and the rows behind it, to the last one or, if `to` is
/// given, at least to that one and as far as a snapshot can be taken. The fold and the last row in it.
pub fn fold(connection: &Connection, stands: &State, setting: Setting, to: Option<i64>) -> Result<(Fold, i64), Unreadable> {
    let mut fold = if stands.generation == 0 {
        Fold::new(setting)
    } else {
        let mut opening = Fold::open(setting);
        let mut number = 0;
        while let Some(part) = state::part(connection, stands.generation, number)? {
            opening.part(&part)?;
            number += 1;
        }
        opening.finish()?
    };
    let mut last = stands.through;
    let enough = |last: i64, fold: &Fold| to.is_some_and(|to| last >= to && fold.tally.is_between());
    while !enough(last, &fold) {
        let Some((number, row)) = state::row(connection, last)? else { break };
        if number != last + 1 {
            return Err(Unreadable::Gap(last + 1));
        }
        fold.row(&row)?;
        last = number;
    }
    Ok((fold, last))
}

/// Makes a snapshot whenever it is asked for one of the rows up to some one, until nobody asks any more.
pub fn keep(path: &Path, setting: &Setting, asks: &Receiver<(State, i64)>, pieces: &Sender<Piece>) {
    for (stands, to) in asks {
        let last = match make(path, &stands, setting.clone(), to, pieces) {
            Ok(Some(whole)) => whole,
            Ok(None) => Piece::Failed("no bucket was closed for all topics yet".to_owned()),
            Err(error) => Piece::Failed(error.to_string()),
        };
        if pieces.send(last).is_err() {
            return;
        }
    }
}

fn make(path: &Path, stands: &State, setting: Setting, to: i64, pieces: &Sender<Piece>) -> Result<Option<Piece>, Unreadable> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let (fold, last) = fold(&connection, stands, setting, Some(to))?;
    if !fold.tally.is_between() {
        return Ok(None);
    }
    fold.snapshot(&mut |part| {
        // Closed means that the process ends.
        let _ = pieces.send(Piece::Part(part));
    });
    Ok(Some(Piece::Whole(last, fold.version())))
}
