//! The nearest known name to one that was mistyped.

use crate::limits;

/// The name in `known` that `typed` was probably meant to be: fewest edits, at most three and a
/// third of its length; the first of equals. Of very many names only the first are looked at: a file
/// with as many mistakes as names must still be told of them.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let most = (length / 3).min(3);
    let letters = letters(&typed);
    // An edit adds one letter at most and takes one at most away.
    let near =
        |name: &&'a str| name.chars().count().abs_diff(length) <= most && (self::letters(name) ^ letters).count_ones() as usize <= 2 * most;
    let first = known.into_iter().take(limits::NEAREST_NAMES);
    let scored = first.filter(near).map(|name| (distance(&typed, &name.to_lowercase()), name));
    scored.filter(|(edits, _)| *edits <= most).min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

/// Which letters there are, whatever their case, several to a bit.
fn letters(text: &str) -> u64 {
    text.chars().flat_map(char::to_lowercase).fold(0, |set, c| set | 1 << (u32::from(c) % 64))
}

/// Insertions, deletions, substitutions and swaps of neighbours between two strings (optimal string
/// alignment distance).
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(x != *y));
            if j > 0 && previous == Some(*y) && b[j - 1] == x {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
        previous = Some(x);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["query", "queries", "accents", "brand", "weight", "at", "on"];
        for (typed, want) in [
            ("qeury", Some("query")),
            ("querys", Some("query")),
            ("Acents", Some("accents")),
            ("marca", None),
            ("wieght", Some("weight")),
            ("o", None),
            ("ab", None),
            ("", None),
            ("ñ", None),
        ] {
            assert_eq!(nearest(typed, known), want, "{typed}");
        }
    }

    #[test]
    fn no_name_is_passed_over_for_its_letters() {
        let names = ["caída-app", "fraude", "Ñandú", "İstanbul", "a", "bb", "tarjeta robada", "t1", "t12", "10:30"];
        for typed in names {
            for name in names {
                let lower = typed.to_lowercase();
                let most = (lower.chars().count() / 3).min(3);
                let close = distance(&lower, &name.to_lowercase()) <= most && name.chars().count().abs_diff(lower.chars().count()) <= most;
                assert_eq!(nearest(typed, [name]).is_some(), close, "{typed} {name}");
            }
        }
    }

    #[test]
    fn distances_by_hand() {
        for (a, b, want) in [("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 1), ("kitten", "sitting", 3), ("año", "ano", 1)] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }
}
