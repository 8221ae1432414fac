//! `[[topic]]`: brand and zone resolved, queries parsed, references among topics checked.

use std::collections::HashMap;
use std::sync::Arc;

use crate::eql::{self, Code, Cycle};
use crate::limits;
use crate::score::Score;
use crate::topic::{Labels, Topic, TopicId, Wording};

use super::live::Set;
use super::problem::{Problems, both};
use super::rules::{Pointer, Reference};
use super::section::no_fix;
use super::typed::{self, Typed, unknown_name};
use super::{queries, rules, used};

/// Topics, numbered by position, and how their queries were written down.
pub type Used = (Vec<Topic>, Vec<Arc<[Wording]>>);

/// The topics of a file.
pub fn used(typed: &Typed<'_>, set: &Set, file: &str, problems: &Problems) -> Used {
    if !used::within(typed.topics.iter().map(|t| &t.name), limits::TOPICS, "[[topic]]", problems) || !within(&typed.topics, problems) {
        return Used::default();
    }
    let (mut topics, mut wordings, mut pointers) = (Vec::new(), Vec::new(), Vec::new());
    for (i, typed) in typed.topics.iter().enumerate() {
        let one = topic(typed, TopicId(i as u32), set, file, problems);
        topics.push(one.topic);
        wordings.push(one.wordings);
        pointers.extend(one.pointers.into_iter().map(|p| (i, p)));
    }
    let places: HashMap<&str, usize> = topics.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
    let references = rules::references(pointers.into_iter(), &places);
    for cycle in eql::cycles(topics.len(), 0, references.iter().map(Reference::edge)) {
        let name = |i: usize| topics.get(i).map_or("", |t| t.name.as_str());
        refuse(&cycle, &references, |place| typed.topics.get(place), name, file, problems);
    }
    (topics, wordings)
}

/// Notes the first query beyond `limits::QUERIES`.
fn within(topics: &[typed::Topic<'_>], problems: &Problems) -> bool {
    let Some(beyond) = topics.iter().flat_map(|t| &t.queries).nth(limits::QUERIES) else { return true };
    let most = limits::QUERIES;
    problems.error(&beyond.text.span, both!("hay más de {most} consultas", "there are more than {most} queries"), no_fix());
    false
}

/// One topic, how its queries were written down, and what they refer to.
pub struct One {
    pub topic: Topic,
    pub wordings: Arc<[Wording]>,
    pub pointers: Vec<Pointer>,
}

/// One topic; a query with an error is left out.
pub fn topic(typed: &typed::Topic<'_>, id: TopicId, set: &Set, file: &str, problems: &Problems) -> One {
    let brand = typed.brand.as_ref().and_then(|name| set.brand(name.value));
    if let (Some(name), None) = (&typed.brand, brand) {
        unknown_name(problems, name, "[[brand]]", set.brands());
    }
    let zone = used::zone(typed.timezone.as_ref(), problems);
    let (mut queries, mut wordings, mut pointers) = (Vec::new(), Vec::new(), Vec::new());
    for (i, query) in typed.queries.iter().enumerate() {
        if let Some((query, wording)) = queries::parse(query, set.known(), file, problems) {
            pointers.extend(Pointer::of(i, &query));
            queries.push(query);
            wordings.push(wording);
        }
    }
    let topic = Topic {
        id,
        name: typed.name.as_ref().map_or(String::new(), |name| name.value.to_owned()),
        brand,
        weight: Score::points(typed.weight as i16),
        zone: zone.unwrap_or_else(|| set.zone(brand)),
        calendar: Arc::default(),
        labels: Labels {
            typology: typed.typology.to_owned(),
            category: typed.category.to_owned(),
            subcategory: typed.subcategory.to_owned(),
            section: typed.section.to_owned(),
            incidents: typed.incidents,
        },
        queries,
    };
    One { topic, wordings: wordings.into(), pointers }
}

/// Notes E143 at the `rule:` of the cycle's first topic that leads into it. `typed` gives the topic at a
/// place; the references stand in the order of the topics they are made by.
pub fn refuse<'t, 'n>(
    cycle: &Cycle,
    references: &[Reference],
    typed: impl Fn(usize) -> Option<&'t typed::Topic<'t>>,
    name: impl Fn(usize) -> &'n str,
    file: &str,
    problems: &Problems,
) {
    let Some((from, to)) = cycle.head() else { return };
    let first = references.partition_point(|r| r.from < from);
    let mut mine = references.iter().skip(first).take_while(|r| r.from == from);
    let Some(Pointer { query, span, .. }) = mine.find(|r| r.to == to).map(|r| &r.pointer) else { return };
    let Some(query) = typed(from).and_then(|t| t.queries.get(*query)) else { return };
    let field: String = query.text.value.chars().skip(span.start as usize).take(span.len()).collect();
    let told = eql::Problem::new(Code::E143, span.clone(), &field, &cycle.told(name));
    queries::note(&query.text, &told, file, problems);
}
