//! Customers' matters, and what changed of them, as tables whose columns have the same names in every format.

use std::fmt::Write;

use serde_json::Value;

use super::csv::quoted;
use super::incident::ranked;
use crate::incident::Incident;
use crate::report::{Sheet, Table};
use crate::time::Timestamp;

/// A column: its name, where it lies in the object of the API, and what it holds.
pub(super) type Column = (&'static str, &'static str, Kind);

/// What the cells of a column hold, where anything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Several, in one cell.
    Names,
    Whole,
    Number,
    Flag,
    /// RFC 3339, UTC.
    Time,
}

use Kind::{Flag, Names, Number, Text, Time, Whole};

/// What stands before the matter itself.
const INCIDENTS: [Column; 4] =
    [("id", "/id", Text), ("version", "/version", Whole), ("priority", "/priority", Whole), ("sampled", "/sampled", Flag)];
const EVENTS: [Column; 6] = [
    ("seq", "/seq", Whole),
    ("at", "/at", Time),
    ("id", "/id", Text),
    ("version", "/version", Whole),
    ("why", "/why", Text),
    ("actor", "/actor", Text),
];

/// The matter.
const MATTER: &[Column] = &[
    ("brand", "/brand", Text),
    ("network", "/network", Text),
    ("post_id", "/post_id", Text),
    ("handle", "/handle", Text),
    ("followers", "/followers", Whole),
    ("origin", "/origin", Text),
    ("cause", "/cause", Text),
    ("bystander", "/bystander", Flag),
    ("state", "/state", Text),
    ("open", "/open", Flag),
    ("opened_at", "/opened_at", Time),
    ("last_activity", "/last_activity", Time),
    ("waiting_since", "/waiting_since", Time),
    ("deadline", "/deadline", Time),
    ("first_answer_at", "/first_answer/at", Time),
    ("first_answer_seconds", "/first_answer/seconds", Whole),
    ("first_answer_agent", "/first_answer/agent", Text),
    ("next_answers", "/next_answers", Whole),
    ("customer_posts", "/customer_posts", Whole),
    ("our_posts", "/our_posts", Whole),
    ("our_turns", "/our_turns", Whole),
    ("agents", "/agents", Names),
    ("signed_posts", "/signed_posts", Whole),
    ("settled_at", "/settled_at", Time),
    ("closed_at", "/closing/at", Time),
    ("end", "/closing/end", Text),
    ("scenario", "/closing/scenario", Text),
    ("closings", "/closings", Whole),
    ("reopened", "/reopened", Whole),
    ("relinked", "/relinked", Whole),
    ("previous", "/previous", Text),
    ("merged_into", "/merged_into", Text),
    ("typology", "/typology", Text),
    ("category", "/category", Text),
    ("subcategory", "/subcategory", Text),
    ("section", "/section", Text),
    ("intent", "/intent", Text),
    ("blocked", "/blocked", Flag),
    ("role", "/role", Text),
    ("tone_before", "/tone_before", Number),
    ("tone_after", "/tone_after", Number),
    ("assignee", "/assignee", Text),
    ("notes", "/notes", Whole),
    ("contact_privately", "/contact_privately", Time),
    ("private_posts", "/private_posts", Whole),
    ("private_notices", "/private_notices", Whole),
    ("promised_at", "/promised_at", Time),
];

/// A row before it is written.
#[derive(Debug, Clone)]
pub struct Row {
    table: Table,
    /// The object of the API that it is made of, or its own.
    object: Value,
    is_own: bool,
}

impl Row {
    /// A matter with its version, at `now`; of a hundred a supervisor looks at `sample`.
    pub fn matter(now: Timestamp, sample: u8, matter: (&Incident, u64)) -> Row {
        Row { table: Table::Incidents, object: ranked(now, sample, matter), is_own: false }
    }

    /// The change `seq`; `body` is as [`super::change_json`] writes it.
    pub fn change(seq: u64, body: &str) -> Row {
        let mut object: Value = serde_json::from_str(body).unwrap_or_default();
        object["seq"] = seq.into();
        Row { table: Table::Events, object, is_own: false }
    }

    /// One that was written as NDJSON; `None` if it is not JSON.
    pub fn read(table: Table, line: &str) -> Option<Row> {
        Some(Row { table, object: serde_json::from_str(line).ok()?, is_own: true })
    }

    /// The brand of its matter; `None` for one that is gone.
    pub fn brand(&self) -> Option<&str> {
        self.object.pointer(matter(self.table))?.get("brand")?.as_str()
    }

    /// What it holds, column by column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&'static Column, &Value)> {
        let under = matter(self.table);
        let cells = head(self.table).iter().map(|column| ("", column)).chain(MATTER.iter().map(move |column| (under, column)));
        cells.map(|(under, column)| {
            let (name, place, _) = column;
            let found = if self.is_own { self.object.get(name) } else { self.object.pointer(&format!("{under}{place}")) };
            (column, found.unwrap_or(&Value::Null))
        })
    }

    /// Appends it.
    pub fn write(&self, sheet: Sheet, out: &mut String) {
        let (first, last) = if sheet == Sheet::Csv { ("", "\r\n") } else { ("{", "}\n") };
        out.push_str(first);
        for (i, ((name, ..), value)) in self.cells().enumerate() {
            if i > 0 {
                out.push(',');
            }
            match sheet {
                Sheet::Csv => cell(value, out),
                // Writing to a `String` cannot fail.
                Sheet::Ndjson => _ = write!(out, "\"{name}\":{value}"),
            }
        }
        out.push_str(last);
    }
}

/// Its columns, in order.
pub(super) fn columns(table: Table) -> impl Iterator<Item = &'static Column> {
    head(table).iter().chain(MATTER)
}

/// The first line; empty where every line names its columns.
pub fn table_header(table: Table, sheet: Sheet) -> String {
    if sheet == Sheet::Ndjson {
        return String::new();
    }
    let names: Vec<&str> = columns(table).map(|(name, ..)| *name).collect();
    names.join(",") + "\r\n"
}

fn head(table: Table) -> &'static [Column] {
    match table {
        Table::Incidents => &INCIDENTS,
        Table::Events => &EVENTS,
    }
}

/// Where the matter lies in the object.
fn matter(table: Table) -> &'static str {
    match table {
        Table::Incidents => "",
        Table::Events => "/incident",
    }
}

/// What is not known is empty, and not an empty text; names stand in one cell.
fn cell(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => quoted(text, out),
        Value::Array(all) => quoted(&names(all), out),
        // A negative number is a number, and no formula.
        other => out.push_str(&other.to_string()),
    }
}

/// Names as they stand in one cell.
pub(super) fn names(all: &[Value]) -> String {
    all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::incident::{Answer, Change, Closing, End, Why};
    use crate::incidents::Incidents;
    use crate::post::{Author, Kind, Post, PostKey};
    use crate::text::Tokens;
    use crate::time::SECOND;
    use crate::topic::{Account, Brand, Role};
    use crate::utterance::{Accounts, utterance};

    /// One about which everything is known.
    fn incident() -> Arc<Incident> {
        let at = |seconds: i64| Timestamp::from_seconds(1_772_445_600 + seconds);
        let account = Account { id: String::new(), handle: "banco".into(), network: "x".into(), role: Some(Role::Service) };
        let brands = [Brand { name: "Banco".into(), own: true, accounts: vec![account], ..Brand::default() }];
        let author = Author { handle: "=1+1", ..Author::default() };
        let post = Post { at: at(0), id: "1", network: "x", text: "@banco hola", author, ..Post::default() };
        let mut tokens = Tokens::default();
        tokens.read(post.text);
        let (mut incidents, mut changes) = (Incidents::default(), Vec::new());
        incidents.hear(Kind::Create, utterance(&post, &tokens, &Accounts::new(&brands, 0..1), &brands, Vec::new(), 0), at(0));
        incidents.settle(at(0), &mut changes);
        let mut told = changes.pop().expect("it names the bank").incident;
        let incident = Arc::make_mut(&mut told);
        incident.followers = Some(12);
        incident.first_answer = Some(Answer { since: at(0), at: at(90), agent: Some("AB".into()) });
        incident.settled_at = Some(at(90));
        incident.closings = vec![Closing { at: at(100), end: End::Private, scenario: None, settled_at: at(90) }];
        incident.closed = true;
        incident.previous = Some(PostKey(7));
        incident.agents = [("AB".into(), 1), ("CD".into(), 1)].into();
        incident.before.add(-40);
        told
    }

    /// Every leaf of the view, by its pointer.
    fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), out)),
            _ => out.push(at.to_owned()),
        }
    }

    #[test]
    fn every_member_of_the_view_is_a_column() {
        let incident = incident();
        let mut found = Vec::new();
        leaves(&Row::matter(incident.opened_at, 2, (&incident, 3)).object, "", &mut found);
        // The same as another column, or what agents said, which is in the tags that hold.
        let told = ["/said/", "/first_answer/since", "/closing/settled_at"];
        found.retain(|at| !told.iter().any(|t| at.starts_with(t)));
        let lacks: Vec<_> = found.iter().filter(|at| !INCIDENTS.iter().chain(MATTER).any(|(_, place, _)| place == at)).collect();
        assert!(lacks.is_empty(), "{lacks:?}");
        let mut lost: Vec<_> = INCIDENTS.iter().chain(MATTER).filter(|(_, place, _)| !found.iter().any(|at| at == place)).collect();
        lost.retain(|(name, ..)| *name != "id");
        assert!(lost.is_empty(), "{lost:?}");
    }

    #[test]
    fn a_row_has_a_cell_for_each_column_and_no_formula() {
        let incident = incident();
        let row = Row::matter(incident.opened_at, 2, (&incident, 3));
        let (header, mut csv, mut json) = (table_header(Table::Incidents, Sheet::Csv), String::new(), String::new());
        row.write(Sheet::Csv, &mut csv);
        row.write(Sheet::Ndjson, &mut json);
        assert_eq!(csv.matches(',').count(), header.matches(',').count());
        let cells: Vec<(&str, &str)> = header.trim_end().split(',').zip(csv.trim_end().split(',')).collect();
        for (column, want) in [
            ("version", "3"),
            ("handle", "\"'=1+1\""),
            ("followers", "12"),
            ("first_answer_seconds", "90"),
            ("agents", "\"AB CD\""),
            ("closed_at", "\"2026-03-02T10:01:40Z\""),
            ("end", "\"private\""),
            ("scenario", ""),
            ("tone_before", "-0.2"),
            ("bystander", "false"),
        ] {
            let found = cells.iter().find(|(name, _)| *name == column).expect(column).1;
            assert_eq!(found, want, "{column}");
        }
        let object: Value = serde_json::from_str(&json).expect("JSON");
        let names: Vec<&str> = header.trim_end().split(',').collect();
        assert!(names.iter().all(|name| object.get(*name).is_some()), "{json}");
        assert_eq!((&object["agents"][1], &object["scenario"], &object["handle"]), (&"CD".into(), &Value::Null, &"=1+1".into()));
    }

    #[test]
    fn of_what_is_gone_only_the_change_is_told() {
        let incident = incident();
        let at = incident.opened_at.plus(SECOND);
        let change = |why| Change { incident: incident.clone(), version: 4, why, actor: Some("eva".into()), at };
        let row = |why| Row::change(9, &super::super::change_json(&change(why)));
        assert_eq!((row(Why::Act).brand(), row(Why::Gone).brand()), (Some("Banco"), None));
        let mut csv = String::new();
        row(Why::Gone).write(Sheet::Csv, &mut csv);
        let id = format!("{:016x}", incident.key().0);
        assert!(csv.starts_with(&format!("9,\"2026-03-02T10:00:01Z\",\"{id}\",4,\"gone\",\"eva\",,,")), "{csv}");
    }
}
