//! `[[calendar]]`: the holidays and paydays of topics.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calendar::{Calendar, NamedDay, Special, When};
use crate::topic::Topic;

use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};
use super::typed::unknown_name;

/// `[[calendar]]` as typed.
pub struct Typed<'a> {
    pub name: Option<At<&'a str>>,
    kind: Special,
    days: Vec<When>,
    brought_forward: bool,
    /// `None` means all.
    topics: Option<Vec<At<&'a str>>>,
}

/// Reads one section.
pub fn read(section: Section<'_>) -> Typed<'_> {
    section.only(&["name", "kind", "days", "brought_forward", "topics"], &[]);
    let kinds = Special::ALL.map(|kind| (kind.as_str(), kind));
    for key in ["kind", "days"] {
        if section.value(key).is_none() {
            section.missing(key);
        }
    }
    if let Some(empty) = section.value("days").filter(|v| v.get_ref().as_array().is_some_and(|list| list.is_empty())) {
        section.problems().error(&empty.span(), both!("«days» está vacía", "“days” is empty"), no_fix());
    }
    Typed {
        name: section.name(),
        kind: section.choice("kind", &kinds, &[]).map_or(Special::Holiday, |k| k.value),
        days: section.texts("days").iter().filter_map(|text| day(text, section.problems())).collect(),
        brought_forward: section.flag("brought_forward").is_some_and(|b| b.value),
        topics: section.list("topics").map(|topics| topics.value),
    }
}

fn day(text: &At<&str>, problems: &Problems) -> Option<When> {
    let found = When::parse(text.value);
    if found.is_none() {
        let typed = text.value;
        let cause = both!("«{typed}» no nombra ningún día", "“{typed}” names no day");
        let fix = both!(
            "por ejemplo \"12-25\", \"2026-05-10\", \"15\", \"last\", \"first monday of february\" o \"easter-2\"",
            "for example \"12-25\", \"2026-05-10\", \"15\", \"last\", \"first monday of february\" or \"easter-2\""
        );
        problems.error(&text.span, cause, fix);
    }
    found
}

/// The days of every topic, also of those to come.
pub fn of_all(calendars: &[Typed<'_>]) -> Arc<Calendar> {
    let everywhere = calendars.iter().filter(|typed| typed.topics.is_none());
    let name = |typed: &Typed<'_>| typed.name.as_ref().map_or(String::new(), |n| n.value.to_owned());
    let days = everywhere.flat_map(|typed| typed.days.iter().map(move |when| typed.named(&name(typed), *when))).collect();
    Arc::new(Calendar { days })
}

/// Gives every topic its calendar.
pub fn assign(calendars: &[Typed<'_>], topics: &mut [Topic], problems: &Problems) {
    if calendars.is_empty() {
        return;
    }
    let places: HashMap<String, usize> = topics.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();
    let mut days: Vec<Vec<NamedDay>> = vec![Vec::new(); topics.len()];
    for typed in calendars {
        let name = typed.name.as_ref().map_or("", |name| name.value);
        let named: Vec<NamedDay> = typed.days.iter().map(|when| typed.named(name, *when)).collect();
        match &typed.topics {
            None => days.iter_mut().for_each(|all| all.extend(named.iter().cloned())),
            Some(listed) => {
                for topic in listed {
                    match places.get(topic.value).and_then(|i| days.get_mut(*i)) {
                        Some(of_topic) => of_topic.extend(named.iter().cloned()),
                        None => unknown_name(problems, topic, "[[topic]]", places.keys().map(String::as_str)),
                    }
                }
            }
        }
    }
    // Most topics have the same days: they share one calendar.
    let mut last: Arc<Calendar> = Arc::default();
    for (topic, days) in topics.iter_mut().zip(days) {
        if last.days != days {
            last = Arc::new(Calendar { days });
        }
        topic.calendar = last.clone();
    }
}

impl Typed<'_> {
    fn named(&self, name: &str, when: When) -> NamedDay {
        NamedDay { name: name.to_owned(), special: self.kind, when, brought_forward: self.brought_forward }
    }
}
