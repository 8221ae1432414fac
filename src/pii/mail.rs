//! E-mail addresses.

use super::Taken;
use super::cells::Cells;
use crate::personal::Kind;

/// Longest local part and longest domain; RFC 5321, 4.5.3.1.
const LOCAL: usize = 64;
const DOMAIN: usize = 255;

/// Each `@` with a name before it and a domain behind it. An `@` that begins a handle has neither letter,
/// digit nor `_` before it (R18).
pub(super) fn find(cells: &Cells, taken: &mut Taken) {
    let mut after = 0;
    for at in 0..cells.len() {
        if cells.at(at) != '@' || !is_name(cells.before(at)) {
            continue;
        }
        let mut start = at;
        while start > after && at - start < LOCAL && is_local(cells.before(start)) {
            start -= 1;
        }
        while start < at && !is_name(cells.at(start)) {
            start += 1;
        }
        // `@user@host` is a handle of Mastodon, wherever its first `@` stands.
        let Some(end) = domain(cells, at + 1).filter(|_| start < at && cells.before(start) != '@') else { continue };
        if taken.take(start..end, Kind::Email) {
            after = end;
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_local(c: char) -> bool {
    is_name(c) || matches!(c, '.' | '+' | '-' | '%')
}

/// Where the domain ends that begins at `from`: labels with a point between each, the last of letters.
fn domain(cells: &Cells, from: usize) -> Option<usize> {
    let (mut at, mut label, mut end) = (from, from, None);
    while at - from <= DOMAIN {
        let c = cells.at(at);
        if is_name(c) || (c == '-' && at > label) {
            at += 1;
            continue;
        }
        let last = cells.slice(label..at);
        if label > from && last.len() >= 2 && last.iter().all(|c| c.is_alphabetic()) {
            end = Some(at);
        }
        if c != '.' || at == label {
            break;
        }
        at += 1;
        label = at;
    }
    end
}
