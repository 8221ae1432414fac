//! What topics are read with beside themselves, and the change of one topic while the engine runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use toml::de::DeTable;

use crate::calendar::Calendar;
use crate::eql::{self, Names, Options, Parsed};
use crate::http::{Fault, Kept};
use crate::limits;
use crate::query::Query;
use crate::score::Score;
use crate::time::Zone;
use crate::topic::{Brand, Labels, Listening, Topic, TopicId, Wording};

use super::alerts::is_on_sources;
use super::body::Written;
use super::problem::{Problems, both};
use super::queries::Known;
use super::rules::{Pointer, Reference};
use super::section::{Section, no_fix};
use super::sla::is_on_answers;
use super::typed::{self, Typed};
use super::{TopicIds, calendars, lists, queries, rules, syntax, topics, used};

/// What the queries and topics of a configuration may refer to.
#[derive(Debug, Clone)]
pub struct Set {
    /// Of the file.
    zone: Zone,
    /// Places of the brands by name.
    brands: Arc<BTreeMap<String, usize>>,
    /// Zones of the brands by place.
    zones: Arc<[Option<Zone>]>,
    /// The lists alone, to name the topics anew.
    lists: Arc<Names>,
    known: Arc<Known>,
    /// Places of the alert rules that watch every topic, also those to come.
    watch_all: Arc<[usize]>,
    /// The days of topics to come.
    calendar: Arc<Calendar>,
}

/// A change that can be put in force.
#[derive(Debug)]
pub struct Change {
    /// What to listen for; its version is still the old one.
    pub listening: Listening,
    /// What can be referred to then.
    pub set: Set,
    /// Whether the topic is new.
    pub created: bool,
    /// What is probably not meant.
    pub warnings: Vec<Fault>,
}

impl Set {
    /// What the file says, without its topics' queries.
    pub fn new(typed: &Typed<'_>, zone: Zone, brands: &[Brand], file: &str, problems: &Problems) -> Set {
        let places = typed.brands.iter().enumerate().filter_map(|(i, b)| Some((b.name.as_ref()?.value.to_owned(), i))).collect();
        let zones = typed.brands.iter().map(|b| used::zone(b.timezone.as_ref(), problems)).collect();
        let lists = lists::names(&typed.lists, file, problems);
        let topics = typed.topics.iter().filter_map(|t| t.name.as_ref()).map(|name| name.value);
        let known = Known { names: naming(&lists, topics), own: queries::own_handles(brands) };
        let on_topics = |a: &typed::Alert<'_>| !is_on_sources(a) && !is_on_answers(a) && !a.on_group();
        let watch_all =
            typed.alerts.iter().filter(|a| on_topics(a)).enumerate().filter(|(_, a)| a.topics.is_none()).map(|(i, _)| i).collect();
        let calendar = calendars::of_all(&typed.calendars);
        Set { zone, brands: Arc::new(places), zones, lists: Arc::new(lists), known: Arc::new(known), watch_all, calendar }
    }

    /// The place of the brand called `name`.
    pub fn brand(&self, name: &str) -> Option<usize> {
        self.brands.get(name).copied()
    }

    /// The names of the brands.
    pub fn brands(&self) -> impl Iterator<Item = &str> {
        self.brands.keys().map(String::as_str)
    }

    /// The zone of a topic of the brand at `place` that names none.
    pub fn zone(&self, place: Option<usize>) -> Zone {
        let of_brand = place.and_then(|place| self.zones.get(place)?.clone());
        of_brand.unwrap_or_else(|| self.zone.clone())
    }

    /// What queries may refer to.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Reads a query as one of a topic would be read; `options` need no names.
    pub fn read(&self, query: &str, options: Options<'_>) -> Parsed {
        let mut parsed = eql::parse(query, &Options { names: Some(&self.known.names), ..options });
        let own = parsed.query.as_ref().map(|q| queries::own_words(q, &self.known.own)).unwrap_or_default();
        parsed.problems.extend(own);
        parsed.problems.sort_by_key(|p| (p.span.start, p.span.end, p.code));
        parsed
    }

    /// `query` as the one query of a topic without a brand, with the topics it refers to, however deep.
    pub fn trial(&self, listening: &Listening, query: Query) -> Listening {
        let places: HashMap<&str, usize> = listening.topics.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
        let mut needed = vec![false; listening.topics.len()];
        let mut open: Vec<&Query> = vec![&query];
        while let Some(next) = open.pop() {
            for place in rules::rules_of(next).filter_map(|(name, _)| places.get(name)) {
                if !std::mem::replace(&mut needed[*place], true) {
                    open.extend(&listening.topics[*place].queries);
                }
            }
        }
        let rest = listening.topics.iter().zip(needed).filter(|(_, needed)| *needed).map(|(t, _)| t.clone());
        let id = TopicId(u32::MAX);
        let (brand, weight, labels, zone) = (None, Score::default(), Labels::default(), self.zone.clone());
        let tried = Topic { id, name: String::new(), brand, weight, zone, labels, calendar: Arc::default(), queries: vec![query.clone()] };
        let topics = std::iter::once(tried).chain(rest).collect();
        Listening { version: 0, brands: listening.brands.clone(), topics, ..Listening::default() }
    }

    /// The topic `name` as `body` has it, put in the place of the one of that name or added as the last.
    ///
    /// # Errors
    /// Everything that is wrong with the body.
    pub fn put(&self, listening: &Listening, ids: &mut TopicIds, name: &str, body: &[u8]) -> Result<Change, Vec<Fault>> {
        let written = Written::topic(name, body)?;
        let place = listening.topics.iter().position(|t| t.name == name);
        let problems = Problems::default();
        let read = self.read_topic(listening, ids, &written, place, &problems);
        let (errors, warnings): (Vec<Fault>, Vec<Fault>) = written.faults(problems.sorted()).into_iter().partition(|f| f.is_error);
        let Some((mut topic, wordings, set)) = read.filter(|_| errors.is_empty()) else {
            // Warnings beside errors may be about what is not meant.
            return Err(errors);
        };
        topic.id = ids.of(name);
        // A topic keeps the days that the file gave it.
        let before = place.and_then(|at| listening.topics.get(at)).map(|old| old.calendar.clone());
        topic.calendar = before.unwrap_or_else(|| self.calendar.clone());
        let listening = with(listening, place, topic, wordings, &set.watch_all);
        Ok(Change { listening, set, created: place.is_none(), warnings })
    }

    /// The topic of `written`, which will stand at `place`; not to be used if there are errors among
    /// `problems`.
    fn read_topic(
        &self,
        listening: &Listening,
        ids: &TopicIds,
        written: &Written,
        place: Option<usize>,
        problems: &Problems,
    ) -> Option<(Topic, Arc<[Wording]>, Set)> {
        let table = match DeTable::parse(&written.text) {
            Ok(table) => table,
            Err(error) => {
                problems.error(&error.span().unwrap_or(0..0), syntax::cause(error.message()), no_fix());
                return None;
            }
        };
        let typed = typed::topic(Section::whole(&table, "[[topic]]", problems));
        let name = typed.name.as_ref()?.value;
        let mut set = self.clone();
        if place.is_none() {
            Arc::make_mut(&mut set.known).names.add_rule(name);
        }
        measure(listening, ids, &typed, place, problems)?;
        let at = place.unwrap_or(listening.topics.len());
        let one = topics::topic(&typed, TopicId(u32::MAX), &set, &written.text, problems);
        acyclic(listening, (at, name), (&typed, one.pointers), &written.text, problems);
        Some((one.topic, one.wordings, set))
    }

    /// What is listened for without the topic `name`. Alert rules that name it watch it again should it
    /// come back.
    ///
    /// # Errors
    /// There is no such topic, or others need it.
    pub fn remove(&self, listening: &Listening, name: &str) -> Result<(Listening, Set), Kept> {
        let at = listening.topics.iter().position(|t| t.name == name).ok_or(Kept::Unknown)?;
        let needs = |t: &&Topic| t.name != name && t.queries.iter().flat_map(rules::rules_of).any(|(to, _)| to == name);
        let needed: Vec<String> = listening.topics.iter().filter(needs).map(|t| t.name.clone()).collect();
        if !needed.is_empty() {
            return Err(Kept::Needed(needed));
        }
        let mut next = listening.clone();
        next.topics.remove(at);
        if at < next.wordings.len() {
            next.wordings.remove(at);
        }
        let mut set = self.clone();
        let names = naming(&set.lists, next.topics.iter().map(|t| t.name.as_str()));
        set.known = Arc::new(Known { names, own: self.known.own.clone() });
        Ok((next, set))
    }
}

/// The lists and the names of topics.
fn naming<'n>(lists: &Names, topics: impl Iterator<Item = &'n str>) -> Names {
    let mut names = lists.clone();
    topics.for_each(|name| names.add_rule(name));
    names
}

/// `listening` with `topic` at `place`, or as the last.
fn with(listening: &Listening, place: Option<usize>, topic: Topic, wordings: Arc<[Wording]>, watch_all: &[usize]) -> Listening {
    let mut next = listening.clone();
    next.wordings.resize_with(next.topics.len(), || Arc::from([]));
    let id = topic.id;
    match place.and_then(|at| Some((next.topics.get_mut(at)?, next.wordings.get_mut(at)?))) {
        Some((old, written)) => (*old, *written) = (topic, wordings),
        None => {
            next.topics.push(topic);
            next.wordings.push(wordings);
        }
    }
    for i in watch_all {
        if let Some(rule) = next.rules.get_mut(*i).filter(|r| !r.topics.contains(&id)) {
            rule.topics.push(id);
        }
    }
    next
}

/// Notes that there is no room for the topic.
fn measure(listening: &Listening, ids: &TopicIds, typed: &typed::Topic<'_>, place: Option<usize>, problems: &Problems) -> Option<()> {
    let others = listening.topics.iter().enumerate().filter(|(i, _)| Some(*i) != place).map(|(_, t)| t.queries.len());
    let span = 0..0;
    let name = typed.name.as_ref()?.value;
    if place.is_none() && (listening.topics.len() >= limits::TOPICS || !ids.has_room(name)) {
        let most = limits::TOPICS;
        let cause = both!("hay {most} temas, o se usaron demasiados nombres", "there are {most} topics, or too many names were used");
        problems.error(&span, cause, both!("reinicia para usar nombres nuevos", "restart to use new names"));
        return None;
    }
    if others.sum::<usize>() + typed.queries.len() > limits::QUERIES {
        let most = limits::QUERIES;
        problems.error(&span, both!("hay más de {most} consultas", "there are more than {most} queries"), no_fix());
        return None;
    }
    Some(())
}

/// Notes the cycles that the topic called `name`, to stand at place `at`, closes.
fn acyclic(
    listening: &Listening,
    (at, name): (usize, &str),
    (typed, mine): (&typed::Topic<'_>, Vec<Pointer>),
    file: &str,
    problems: &Problems,
) {
    if mine.is_empty() {
        return;
    }
    let mut names: Vec<&str> = listening.topics.iter().map(|t| t.name.as_str()).collect();
    if at == names.len() {
        names.push(name);
    }
    let places: HashMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let others = |i: usize| listening.topics.get(i).map_or(&[][..], |t| &t.queries[..]);
    let pointers_of = |i: usize| others(i).iter().flat_map(|q| Pointer::of(0, q)).map(move |p| (i, p));
    let own = mine.into_iter().map(|p| (at, p));
    let pointers = (0..at).flat_map(pointers_of).chain(own).chain((at + 1..names.len()).flat_map(pointers_of));
    let references = rules::references(pointers, &places);
    for cycle in eql::cycles(names.len(), at, references.iter().map(Reference::edge)) {
        let name = |i: usize| names.get(i).copied().unwrap_or_default();
        topics::refuse(&cycle, &references, |place| (place == at).then_some(typed), name, file, problems);
    }
}
