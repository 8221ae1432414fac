//! The head of "Customer Support on Twitter": a table with the links between tweets.

use std::collections::{BTreeMap, BTreeSet};

use super::{Brand, Care, plain, post};
use crate::data;

/// Columns after the running number.
const ID: usize = 1;
const AUTHOR: usize = 2;
const INBOUND: usize = 3;
const CREATED_AT: usize = 4;
const TEXT: usize = 5;
const PARENT: usize = 7;

/// The posts; a brand is an account that answered. Customers have numbers for names. `None` if the data
/// are switched off.
pub fn twcs() -> Option<Care> {
    let bytes = data::read("care-en/twcs_head_5001.csv.gz")?;
    let rows = records(std::str::from_utf8(&bytes).expect("UTF-8"));
    let rows = &rows[1..];
    let brands: BTreeSet<&str> = rows.iter().filter(|r| r[INBOUND] == "False").map(|r| r[AUTHOR].as_str()).collect();
    let authors: BTreeMap<&str, &str> = rows.iter().map(|r| (r[ID].as_str(), r[AUTHOR].as_str())).collect();
    let posts = rows.iter().map(|r| {
        // Written as a float: "3.0".
        let parent = r[PARENT].strip_suffix(".0").map(|id| (id, authors.get(id).copied()));
        post(&r[ID], &r[CREATED_AT], &r[AUTHOR], &plain(&r[TEXT]), parent)
    });
    Some(Care { brands: brands.into_iter().map(Brand::of).collect(), posts: posts.collect() })
}

/// The records of a table with commas. Only `\n` ends one: a text that nobody quoted holds `\r`.
fn records(table: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, table.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}

#[test]
fn a_table_is_read() {
    let table = "a,b\n1,\"x, \"\"y\"\"\nz\"\n2,p\r\rq\n";
    assert_eq!(records(table), [["a", "b"], ["1", "x, \"y\"\nz"], ["2", "p\r\rq"]]);
}
