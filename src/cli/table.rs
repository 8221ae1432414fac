//! `escucha report --table`: customers' matters, or what changed of them, a row each.

use std::sync::mpsc::channel;

use super::Failure;
use super::report::{self, Args};
use crate::bilingual::{Both, Lang};
use crate::config::Config;
use crate::report::{Period, Sheet, Table, Windows};
use crate::store::Moved;
use crate::tally::Tally;
use crate::wire::{self, Row};

/// As what a table is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As text.
    Sheet(Sheet),
    /// As columns.
    Parquet,
}

impl Form {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Form> {
        if name == "parquet" { Some(Form::Parquet) } else { Sheet::named(name).map(Form::Sheet) }
    }
}

/// The whole table; without a configuration a running engine is asked.
pub fn made(args: &Args, (table, form): (Table, Form), config: Option<&Config>, period: Period, lang: Lang) -> Result<Vec<u8>, Failure> {
    let rows = match (config, form) {
        (None, Form::Sheet(sheet)) => return asked(args, table, sheet, lang).map(String::into_bytes),
        // An engine tells columns by their names.
        (None, Form::Parquet) => asked(args, table, Sheet::Ndjson, lang)?.lines().filter_map(|line| Row::read(table, line)).collect(),
        (Some(config), _) => rows(args, table, config, period)?,
    };
    match form {
        Form::Sheet(sheet) => {
            let mut text = wire::table_header(table, sheet);
            rows.iter().for_each(|row| row.write(sheet, &mut text));
            Ok(text.into_bytes())
        }
        Form::Parquet => wire::parquet(table, &rows).map_err(|error| {
            Failure::Work(Both::new(format!("no se puede escribir Parquet: {error}"), format!("cannot write Parquet: {error}")))
        }),
    }
}

/// Out of recordings, or of a store that nobody has hold of.
fn rows(args: &Args, table: Table, config: &Config, period: Period) -> Result<Vec<Row>, Failure> {
    let windows = config.plan.windows(args.brand.as_deref(), period).ok_or_else(|| report::no_brand(args, config))?;
    match (table, args.stored) {
        (Table::Incidents, true) => Ok(matters(&report::folded(config, &mut report::opened(config)?)?, config.plan.sample, &windows)),
        (Table::Incidents, false) => Ok(matters(&report::replayed(args, config, None)?, config.plan.sample, &windows)),
        (Table::Events, true) => {
            let changes = report::opened(config)?.changes(0, windows.around(), usize::MAX).map_err(report::refused)?;
            Ok(changes.iter().filter_map(|change| row(change, &windows)).collect())
        }
        (Table::Events, false) => recorded(args, config, &windows),
    }
}

fn matters(tally: &Tally, sample: u8, windows: &Windows) -> Vec<Row> {
    let (matters, _) = tally.matters_in(windows.brands(), None, usize::MAX - 1);
    matters.iter().map(|(incident, version)| Row::matter(tally.now(), sample, (incident, *version))).collect()
}

/// A change, if it is in.
fn row((seq, moved): &(u64, Moved), windows: &Windows) -> Option<Row> {
    Some(Row::change(*seq, &moved.body)).filter(|row| windows.has(row.brand(), moved.at))
}

/// The changes of a recording, numbered from 1. As in a store, of a matter that is gone nothing is told but that.
fn recorded(args: &Args, config: &Config, windows: &Windows) -> Result<Vec<Row>, Failure> {
    let (told, changes) = channel();
    let (from, to) = windows.around();
    let mut seq = 0;
    let follow = Box::new(move |change: &crate::incident::Change| {
        seq += 1;
        let is_in = change.at >= from && change.at < to;
        let moved = Moved::from(change);
        if is_in || moved.gone {
            // The other end is there until all is told.
            let _ = told.send((seq, moved));
        }
    });
    report::replayed(args, config, Some(follow))?;
    let mut all: Vec<(u64, Moved)> = changes.into_iter().collect();
    let mut gone = std::collections::HashSet::new();
    for (_, moved) in all.iter_mut().rev() {
        if moved.gone {
            gone.insert(moved.id);
        } else if gone.contains(&moved.id) {
            moved.body = wire::forgotten_change(&moved.body).into();
        }
    }
    Ok(all.iter().filter_map(|change| row(change, windows)).collect())
}

/// Out of a running engine, page by page.
fn asked(args: &Args, table: Table, sheet: Sheet, lang: Lang) -> Result<String, Failure> {
    let (mut all, mut next) = (String::new(), Some(report::path(args, &[("table", table.as_str()), ("format", sheet.as_str())])));
    while let Some(path) = next {
        let (text, after) = report::asked(args, &path, lang)?;
        all += &text;
        next = after;
    }
    Ok(all)
}
