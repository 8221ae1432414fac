//! What every section and key means, in both languages. A test of the reference asks for every key that the reader
//! knows, and for no other.

mod listening;
mod running;
mod telling;

use crate::bilingual::Both;

/// (section as the reader names it, key, Spanish, English). No key is the section itself, `*` any key of one whose
/// keys are free, and the section `choice` those keys that choose alerts in several sections.
pub type Meaning = (&'static str, &'static str, &'static str, &'static str);

/// All texts.
pub fn all() -> impl Iterator<Item = &'static Meaning> {
    [running::TEXTS, listening::TEXTS, telling::TEXTS].into_iter().flatten()
}

/// The one that is about `key` of `section`.
pub fn find(section: &str, key: &str) -> Option<&'static Meaning> {
    let one = |section: &str, key: &str| all().find(|(s, k, ..)| *s == section && *k == key);
    one(section, key).or_else(|| one(section, "*").filter(|_| !key.is_empty())).or_else(|| one("choice", key))
}

/// As texts for people.
pub fn of(section: &str, key: &str) -> Both {
    find(section, key).map_or_else(|| Both::new("", ""), |(_, _, es, en)| Both::new(*es, *en))
}
