//! Through which hands matters go: the fold against minutes counted one by one.

use std::collections::BTreeMap;

use escucha::incident::{Deed, Field, Incident, IncidentKey};
use escucha::incidents::Incidents;
use escucha::post::PostKey;
use escucha::prng::Prng;
use escucha::time::{HOUR, MINUTE, Timestamp};
use escucha::topic::{Brand, Role};
use escucha::utterance::Found;
use serde_json::json;

use super::{Reader, account, settled};

const SECTIONS: [Option<&str>; 4] = [None, Some("SAC"), Some("MKT"), Some("Tarjetas")];
const PEOPLE: [Option<&str>; 4] = [None, Some("luis"), Some("pepa"), Some("rosa")];

/// What happened to a matter, in minutes after its opening.
#[derive(Debug)]
struct Story {
    /// The section that its topic says, and with which post of the customer.
    topic: Option<(&'static str, i64)>,
    acts: Vec<(i64, Deed)>,
    answered: Option<i64>,
    now: i64,
}

fn story(seed: u64) -> Story {
    let mut g = Prng::new(seed);
    let topic = g.chance(0.5).then(|| (SECTIONS[1 + g.below(3) as usize].unwrap(), *g.pick(&[0, 0, 90])));
    let mut acts: Vec<(i64, Deed)> = (0..g.below(9))
        .map(|_| {
            let section = g.chance(0.6);
            let value = g.pick(if section { &SECTIONS } else { &PEOPLE }).map(Into::into);
            (1 + g.below(2000) as i64, if section { Deed::Tag(Field::Section, value) } else { Deed::Assign(value) })
        })
        .collect();
    if g.chance(0.3) {
        acts.push((2001 + g.below(100) as i64, Deed::Resolve("phone".into())));
    }
    acts.sort_by_key(|(at, _)| *at);
    Story { topic, acts, answered: g.chance(0.5).then(|| 1000 + g.below(900) as i64), now: *g.pick(&[2200, 10_000, 60_000]) }
}

fn told(story: &Story, start: Timestamp) -> Incident {
    let reader = Reader::new(vec![Brand {
        name: "Banco".to_owned(),
        own: true,
        accounts: vec![account("banco", "x", Role::Service)],
        ..Brand::default()
    }]);
    let mut incidents = Incidents::default();
    let mut post = |id: &str, who: &str, minutes: i64, topic: Option<&str>| {
        let at = start.plus(minutes * MINUTE);
        let text = if who == "banco" { "@ana ya está" } else { "@banco no va" };
        let (kind, mut post) = reader.read(&json!({"id": id, "network": "x", "created_at": at.to_string(), "text": text,
            "author": {"id": format!("{who}-1"), "handle": who}, "conversation_id": "1"}));
        post.topics = topic
            .map(|section| Found {
                brand: "Banco".into(),
                topic: "app".into(),
                opens: false,
                tags: escucha::incident::Tags { section: Some(section.into()), ..Default::default() },
            })
            .map(Into::into)
            .into_iter()
            .collect();
        incidents.hear(kind, post, at);
        incidents.settle(at, &mut Vec::new());
    };
    post("1", "ana", 0, story.topic.filter(|(_, at)| *at == 0).map(|(section, _)| section));
    post("2", "ana", 90, story.topic.filter(|(_, at)| *at > 0).map(|(section, _)| section));
    if let Some(at) = story.answered {
        post("3", "banco", at, None);
    }
    let key = incidents.all().next().unwrap().0.key();
    for (at, deed) in &story.acts {
        incidents.act(key, None, start.plus(at * MINUTE), "luis".into(), deed.clone()).unwrap();
    }
    settled(&mut incidents, start.plus(story.now * MINUTE)).remove(0)
}

/// Who had it in the minute after `at`: the last act up to then, or for a section what the topic says.
fn section(story: &Story, at: i64) -> Option<String> {
    let mut said = story.acts.iter().filter(|(then, _)| *then <= at).filter_map(|(_, deed)| match deed {
        Deed::Tag(_, value) => Some(value.as_deref().map(str::to_owned)),
        _ => None,
    });
    let topic = || story.topic.filter(|(_, from)| *from <= at).map(|(section, _)| section.to_owned());
    said.next_back().flatten().or_else(topic)
}

/// Changes between different names that follow each other, whatever lies between.
fn hops(names: impl Iterator<Item = Option<String>>) -> Option<usize> {
    let mut names: Vec<String> = names.flatten().collect();
    names.dedup();
    names.len().checked_sub(1)
}

#[test]
fn hands_and_minutes_are_those_counted_one_by_one() {
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let (mut handed, mut plain) = (0, 0);
    for seed in 0..400 {
        let story = story(seed);
        let incident = told(&story, start);
        let mut moments = vec![(0, 0)];
        moments.extend(story.topic.map(|(_, at)| (at, story.acts.iter().filter(|(then, _)| *then < at).count())));
        moments.extend(story.acts.iter().enumerate().map(|(i, (at, _))| (*at, i + 1)));
        moments.sort_unstable();
        let then = |(at, acts): (i64, usize)| section(&Story { acts: story.acts[..acts].to_vec(), ..story }, at);
        let moments = moments.into_iter().map(then);
        assert_eq!(incident.section_hops(), hops(moments), "seed {seed}: {story:?}");
        let people = story.acts.iter().filter_map(|(_, deed)| match deed {
            Deed::Assign(to) => Some(to.as_deref().map(str::to_owned)),
            _ => None,
        });
        assert_eq!(incident.assignee_hops(), hops(people), "seed {seed}: {story:?}");
        let end = match (story.acts.last(), story.answered) {
            (Some((at, Deed::Resolve(_))), _) => *at,
            (_, Some(at)) if at + 72 * 60 <= story.now => at,
            (_, None) if 90 + 30 * 24 * 60 <= story.now => 90 + 30 * 24 * 60,
            _ => story.now,
        };
        let mut minutes: BTreeMap<String, i64> = BTreeMap::new();
        (0..end).filter_map(|at| section(&story, at)).for_each(|name| *minutes.entry(name).or_default() += MINUTE);
        let got: BTreeMap<String, i64> = incident
            .owned(start.plus(story.now * MINUTE))
            .into_iter()
            .filter(|(_, time)| *time > 0)
            .map(|(n, t)| (n.to_owned(), t))
            .collect();
        assert_eq!(got, minutes, "seed {seed}: {story:?}");
        handed += usize::from(incident.section_hops() > Some(1));
        plain += usize::from(incident.hands.is_none());
    }
    assert!(handed > 50 && plain > 20, "{handed} {plain}");
}

#[test]
fn a_section_that_had_it_from_the_opening_on_costs_nothing() {
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let story = Story { topic: Some(("SAC", 0)), acts: Vec::new(), answered: Some(120), now: 10_000 };
    let incident = told(&story, start);
    assert!(incident.hands.is_none());
    assert_eq!((incident.section_hops(), incident.assignee_hops()), (Some(0), None));
    assert_eq!(incident.owned(start), BTreeMap::from([("SAC", 2 * HOUR)]));
}

#[test]
fn what_is_merged_into_a_matter_brings_whom_it_thanked_and_not_its_hands() {
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let brand = Brand { name: "Banco".to_owned(), accounts: vec![account("banco", "x", Role::Service)], ..Brand::default() };
    let (reader, mut incidents) = (Reader::new(vec![brand]), Incidents::default());
    for (id, who, parent, text) in [
        ("1", "ana", "", "@banco no va"),
        ("2", "eva", "1", "@ana reinicia"),
        ("3", "ana", "2", "@eva gracias"),
        ("4", "luz", "", "@banco tampoco me va"),
    ] {
        let mut post =
            json!({"id": id, "network": "x", "created_at": start.to_string(), "text": text, "author": {"id": who, "handle": who}});
        if !parent.is_empty() {
            post["in_reply_to"] = json!({"id": parent});
        }
        let (kind, post) = reader.read(&post);
        incidents.hear(kind, post, start);
    }
    incidents.settle(start, &mut Vec::new());
    let opening = |id: &str| PostKey::of("x", id);
    let deeds = [
        ("1", 1, Deed::Tag(Field::Section, Some("SAC".into()))),
        ("1", 2, Deed::Assign(Some("pepa".into()))),
        ("4", 3, Deed::Tag(Field::Section, Some("MKT".into()))),
        ("4", 4, Deed::Tag(Field::Section, Some("SAC".into()))),
        ("1", 5, Deed::Merge(opening("4"))),
    ];
    for (id, hours, deed) in deeds {
        incidents.act(IncidentKey::of("Banco", opening(id)), None, start.plus(hours * HOUR), "luis".into(), deed).unwrap();
    }
    incidents.settle(start.plus(10 * HOUR), &mut Vec::new());
    let whole = incidents.told(IncidentKey::of("Banco", opening("4"))).unwrap().0;
    assert_eq!((whole.peer, whole.customer_posts), (Some(opening("2")), 2));
    assert_eq!((whole.section_hops(), whole.assignee_hops()), (Some(1), None));
    assert_eq!(whole.owned(start.plus(10 * HOUR)), BTreeMap::from([("MKT", HOUR), ("SAC", 6 * HOUR)]));
}
