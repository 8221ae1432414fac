//! The figures of a care team: the known ones of two recordings, and every one of them against a slow twin.

mod random;
mod twin;

use std::sync::Arc;

use escucha::bilingual::Lang;
use escucha::figures::{self, Facts, Figure, Organisations, Reason, Settings};
use escucha::incident::Incident;
use escucha::incidents::Incidents;
use escucha::post::AuthorKey;
use escucha::report::{self, BrandReport, Report};
use escucha::time::{HOUR, MINUTE, Timestamp, Zone};
use escucha::topic::{Account, Brand, Role};
use escucha::wire;

use crate::care::{self, Care};
use crate::incidents::Reader;

/// The matters of a recording at its last post, and when that was.
fn matters(care: &Care) -> (Vec<Arc<Incident>>, Timestamp) {
    let account = |handle: &String| Account {
        handle: handle.to_lowercase(),
        network: "x".to_owned(),
        role: Some(Role::Service),
        ..Account::default()
    };
    let brand =
        |b: &care::Brand| Brand { name: b.name.clone(), own: true, accounts: b.accounts.iter().map(account).collect(), ..Brand::default() };
    let brands = care.brands.iter().map(brand);
    let reader = Reader::new(brands.collect());
    let mut incidents = Incidents::default();
    let mut now = Timestamp::MIN;
    for post in &care.posts {
        let (kind, post) = reader.read(post);
        now = now.max(post.at);
        incidents.hear(kind, post, now);
    }
    incidents.settle(now, &mut Vec::new());
    let mut all: Vec<Arc<Incident>> = incidents.all().map(|(incident, _)| incident.clone()).collect();
    all.sort_by(|a, b| (&a.brand, a.opened_at, &a.post_id).cmp(&(&b.brand, b.opened_at, &b.post_id)));
    (all, now)
}

static NONE: Organisations = Organisations::new();

/// Everything up to `now`, in UTC.
fn facts<'a>(incidents: &'a [Arc<Incident>], now: Timestamp, zone: &'a Zone, settings: &'a Settings) -> Facts<'a> {
    let from = incidents.iter().map(|i| i.opened_at).min().unwrap_or(now);
    Facts {
        incidents,
        window: (from, now.plus(1)),
        now,
        zone,
        since: None,
        own: true,
        unheard: None,
        broadcasts: None,
        organisations: &NONE,
        settings,
    }
}

/// The figure of an indicator with these keys.
fn figure(facts: &Facts<'_>, indicator: &str, name: &str, keys: &[&str]) -> Figure {
    let spec = figures::ALL.iter().find(|s| s.name == indicator).expect(indicator);
    let is = |f: &Figure| f.name == name && f.keys.iter().map(|k| k.as_str()).eq(keys.iter().copied());
    (spec.figures)(facts).into_iter().find(is).unwrap_or_else(|| panic!("no {indicator} {name} {keys:?}"))
}

/// A figure as the table of known figures has it: a count, a share as its parts, or minutes.
fn shown(figure: &Figure) -> String {
    match (figure.unit, figure.numerator, figure.denominator) {
        (figures::Unit::Share, Some(part), Some(whole)) => format!("{part}/{whole}"),
        (figures::Unit::Seconds, ..) => format!("{:.1}", figure.value.expect("a time") / 60.0),
        _ => format!("{}", figure.value.expect("a number")),
    }
}

#[test]
fn known_figures() {
    let rows: &[(&str, &str, &[&str], &str, &str)] = &[
        ("opened", "opened", &[], "1466", "532"),
        ("opened", "origin", &["direct"], "1008", "361"),
        ("opened", "origin", &["active"], "452", "171"),
        ("opened", "origin", &["outbound"], "6", "0"),
        ("opened", "bystanders", &[], "82", "4"),
        ("answered", "answered", &["all"], "884/1008", "354/361"),
        ("answered", "answered", &["without_bystanders"], "868/926", "351/357"),
        ("within", "within", &["all"], "648/1008", "177/361"),
        ("first-answer", "n", &["all"], "1336", "525"),
        ("first-answer", "median", &["all"], "12.8", "101.0"),
        ("first-answer", "p90", &["all"], "433.9", "4303.7"),
        ("first-answer", "mean", &["all"], "286.3", "2040.6"),
        ("next-answer", "n", &["all"], "714", "58"),
        ("next-answer", "median", &["all"], "10.8", "22.4"),
        ("next-answer", "p90", &["all"], "431.6", "172.8"),
        ("closed", "by_end", &["answered"], "741", "401"),
        ("closed", "by_end", &["private"], "385", "12"),
        ("closed", "by_end", &["abandoned"], "83", "51"),
        ("closed", "by_end", &["expired"], "136", "6"),
        ("resolution", "n", &["all"], "717", "401"),
        ("resolution", "median", &["all"], "33.9", "135.1"),
        ("resolution", "p90", &["all"], "1687.6", "4897.9"),
        ("agents", "agents", &[], "482", "119"),
        ("agents", "two_or_three", &[], "162", "9"),
        ("agents", "over_three", &[], "18", "1"),
    ];
    let (zone, settings) = (Zone::utc(), Settings::default());
    let mut wrong = Vec::new();
    for (care, column) in [(care::twcs(), 0), (care::ibm(), 1)] {
        let Some(care) = care else { continue };
        let (incidents, now) = matters(&care);
        let facts = facts(&incidents, now, &zone, &settings);
        for (indicator, name, keys, twcs, ibm) in rows {
            let (got, want) = (shown(&figure(&facts, indicator, name, keys)), [*twcs, *ibm][column]);
            if got != want {
                wrong.push(format!("{column}: {indicator} {name} {keys:?}: {got}, not {want}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_figure_agrees_with_its_twin() {
    for seed in 0..40 {
        let world = random::world(seed);
        for zone in ["UTC", "America/Mexico_City", "Europe/Madrid"] {
            let zone = Zone::named(zone).unwrap();
            let facts = world.facts(&zone);
            let got = twin::flat(&figures::all(&facts));
            let want = twin::all(&facts);
            for (key, value) in &want {
                assert_eq!(got.get(key), Some(value), "seed {seed}: {key:?}");
            }
            let missing: Vec<_> = got.keys().filter(|key| !want.contains_key(*key) && !twin::is_tested_alone(key)).collect();
            assert!(missing.is_empty(), "seed {seed}: the twin does not know {missing:?}");
        }
    }
}

#[test]
fn every_name_is_said_in_both_languages() {
    let world = random::world(7);
    let zone = Zone::utc();
    for (spec, figures) in figures::all(&world.facts(&zone)) {
        let texts = [spec.title, spec.explain].into_iter().chain(spec.names.iter().map(|n| n.title));
        for (es, en) in texts {
            assert!(!es.is_empty() && !en.is_empty(), "{}", spec.name);
        }
        assert_ne!(spec.explain.0, spec.explain.1);
        assert!(!figures.is_empty(), "{} has no figure", spec.name);
        for figure in figures {
            assert!(spec.named(figure.name).is_some(), "{}: {} is not in its names", spec.name, figure.name);
            for key in &figure.keys {
                if let figures::Key::Word(word) = key {
                    assert!(figures::words::title(word).is_some(), "{}: no word for {word}", spec.name);
                }
            }
        }
    }
    for reason in Reason::ALL {
        let (es, en) = reason.text();
        assert_ne!(es, en);
    }
}

/// A share or a time of answering whose value is unknown, with the reason.
fn reasons(facts: &Facts<'_>) -> Vec<(&'static str, Reason)> {
    let answering = ["answered", "within", "first-answer", "next-answer", "coverage"];
    let all = figures::all(facts).into_iter().filter(|(spec, _)| answering.contains(&spec.name));
    all.flat_map(|(spec, figures)| figures.into_iter().filter_map(move |f| Some((spec.name, f.value.err()?)))).collect()
}

#[test]
fn a_brand_that_was_not_heard_has_no_answers_and_not_zero() {
    let (zone, settings) = (Zone::utc(), Settings::default());
    let mut world = random::world(3);
    world.incidents.iter_mut().map(Arc::make_mut).for_each(random::unanswered);
    let silent = Facts { settings: &settings, ..world.facts(&zone) };
    let found = reasons(&silent);
    assert!(found.len() > 20 && found.iter().all(|(_, r)| *r == Reason::NoOwnReply), "{found:?}");
    let answering = figures::all(&silent).into_iter().find(|(spec, _)| spec.name == "answered").unwrap().1;
    assert!(answering.iter().all(|f| f.value.is_err() && f.numerator.is_none() && f.denominator.is_some()));
    // Strays of a source that does not carry our posts change nothing.
    let world = random::world(3);
    let deaf = Facts { unheard: Some(Reason::NotCarried), ..world.facts(&zone) };
    let found = reasons(&deaf);
    assert!(found.len() > 20 && found.iter().all(|(_, r)| *r == Reason::NotCarried), "{found:?}");
    // What does not hang on answers is told.
    assert!(figure(&silent, "opened", "opened", &[]).value.unwrap() > 0.0);
    assert!(figure(&deaf, "rhythm", "weekday", &["monday"]).value.is_ok());
}

#[test]
fn exactly_in_time_is_in_time_and_who_is_young_is_undecided() {
    let mut world = random::world(1);
    let zone = Zone::utc();
    let from = world.window.0;
    let mut incidents = world.incidents.split_off(world.incidents.len() - 4);
    for (i, took) in incidents.iter_mut().map(Arc::make_mut).zip([Some(HOUR), Some(HOUR + 1), None, None]) {
        random::plain(i, from);
        random::answer_after(i, took);
    }
    Arc::make_mut(&mut incidents[3]).opened_at = from.plus(5 * HOUR - MINUTE);
    let settings = Settings::default();
    let facts = Facts { incidents: &incidents, now: from.plus(5 * HOUR), settings: &settings, ..world.facts(&zone) };
    assert_eq!(shown(&figure(&facts, "within", "within", &["all"])), "1/3");
    assert_eq!(shown(&figure(&facts, "within", "undecided", &["all"])), "1");
    let later = Facts { now: from.plus(6 * HOUR), ..facts };
    assert_eq!(shown(&figure(&later, "within", "within", &["all"])), "1/4");
}

#[test]
fn staffing_follows_the_matrix_and_the_hours_listened_to() {
    let world = random::world(2);
    let zone = Zone::named("America/Mexico_City").unwrap();
    let settings = Settings { handling: Some(10 * MINUTE), ..world.settings.clone() };
    let facts = Facts { settings: &settings, ..world.facts(&zone) };
    let spec = figures::ALL.iter().find(|s| s.name == "staffing").unwrap();
    let figures = (spec.figures)(&facts);
    let of = |name: &str| figures.iter().filter(|f| f.name == name).collect::<Vec<_>>();
    let (agents, turns) = (of("agents"), of("turns"));
    assert_eq!((agents.len(), turns.len()), (168, 168));
    let hours: u64 = turns.iter().filter_map(|t| t.denominator).sum();
    let (from, to) = facts.listened();
    assert_eq!(hours as i64, to.since(from).div_euclid(HOUR) + i64::from(to.since(from) % HOUR > 0));
    for (agents, turns) in agents.iter().zip(turns) {
        let (Ok(needed), Ok(rate)) = (agents.value, turns.value) else { continue };
        let queue = figures::Queue { rate, handling: 600.0 };
        let holds = |n: u32| queue.within(n, 900.0) >= 0.8;
        assert!(needed == 0.0 && rate == 0.0 || holds(needed as u32) && !holds(needed as u32 - 1), "{needed} {rate}");
    }
    let plain = Settings::default();
    let unset = Facts { settings: &plain, ..facts };
    assert_eq!(figure(&unset, "staffing", "peak", &[]).value, Err(Reason::NotSet));
}

#[test]
fn any_two_labels_can_be_crossed() {
    use figures::Label;
    let world = random::world(5);
    let zone = Zone::utc();
    for (_, a) in Label::ALL {
        for (_, b) in Label::ALL {
            let settings = Settings { crossed: vec![(a, b)], ..Settings::default() };
            let facts = Facts { settings: &settings, ..world.facts(&zone) };
            let spec = figures::ALL.iter().find(|s| s.name == "crossed").unwrap();
            let cells = (spec.figures)(&facts);
            let sum: f64 = cells.iter().filter_map(|c| c.value.ok()).sum();
            assert_eq!(sum as usize, facts.cohort().count());
            assert!(cells.iter().all(|c| c.called() == format!("{}_by_{}", a.as_str(), b.as_str())));
            assert_eq!(Label::named(a.as_str()), Some(a));
        }
    }
}

#[test]
fn the_largest_community_is_that_of_a_person_and_not_of_an_incident() {
    let zone = Zone::utc();
    for seed in 1..20 {
        let mut world = random::world(seed);
        // Names of their own, so that rows can be told apart.
        world.incidents.iter_mut().for_each(|i| Arc::make_mut(i).handle = format!("c{}", i.author.0).into());
        let facts = world.facts(&zone);
        let mut people: Vec<(u32, String, String)> = Vec::new();
        for i in facts.cohort() {
            let same = |j: &&Incident| j.author == i.author && j.network == i.network;
            let most = facts.cohort().filter(same).filter_map(|j| j.followers).max();
            people.extend(most.map(|most| (most, i.handle.to_string(), i.network.to_string())));
        }
        people.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (&a.1, &a.2).cmp(&(&b.1, &b.2))));
        people.dedup();
        let spec = figures::ALL.iter().find(|s| s.name == "influential").unwrap();
        let got = (spec.figures)(&facts);
        let got: Vec<_> = got.iter().filter(|f| f.name == "followers" && f.value.is_ok()).collect();
        assert_eq!(got.len(), people.len().min(5), "seed {seed}");
        for (figure, (followers, handle, network)) in got.iter().zip(&people) {
            assert_eq!(
                (figure.value, figure.keys[0].as_str(), figure.keys[1].as_str()),
                (Ok(f64::from(*followers)), handle.as_str(), network.as_str())
            );
        }
    }
    let mut world = random::world(3);
    world.incidents.iter_mut().for_each(|i| Arc::make_mut(i).followers = None);
    assert_eq!(figure(&world.facts(&zone), "influential", "followers", &[]).value, Err(Reason::NotTold));
}

/// Three customers by hand: ana is repeated, eva answered, luz followed; of max not all is known.
#[test]
fn who_is_heard_most_is_not_who_has_the_most_followers() {
    let zone = Zone::utc();
    let mut world = random::world(1);
    let pattern = world.facts(&zone).cohort().next().expect("an incident").clone();
    let customer = |name: &str, author: u64, (followers, repeated, replied): (u32, Option<u64>, u64)| Incident {
        author: AuthorKey(author),
        handle: name.into(),
        followers: Some(followers),
        repeated,
        replied: Some(replied),
        ..pattern.clone()
    };
    let customers = [
        customer("ana", 1, (0, Some(30), 0)),
        customer("eva", 2, (0, Some(0), 30)),
        customer("luz", 3, (999, Some(0), 0)),
        customer("max", 4, (9999, None, 90)),
    ];
    world.incidents = customers.map(Arc::new).into();
    let spec = figures::ALL.iter().find(|s| s.name == "influential").unwrap();
    let heard: Vec<_> = (spec.figures)(&world.facts(&zone)).into_iter().filter(|f| f.name == "heard").collect();
    let got: Vec<_> = heard.iter().map(|f| (f.keys[0].as_str().to_owned(), (f.value.unwrap() * 1000.0).round() as i64)).collect();
    // One of three alone: z = ±√2 for it, ∓√2/2 for the others.
    assert_eq!(got, [("ana".to_owned(), 354), ("eva".to_owned(), -71), ("luz".to_owned(), -283)]);
}

/// Every tag is closed where it was opened: enough for what the pages are made of.
fn is_well_formed(page: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).map(|t| t.split('>').next().unwrap_or_default()) {
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return false,
            Some(_) => {}
            None if tag.ends_with('/') || matches!(name, "meta" | "!doctype") => {}
            None => open.push(name),
        }
    }
    open.is_empty()
}

#[test]
fn pages_are_whole_whatever_people_are_called() {
    for seed in 0..12 {
        let mut world = random::world(seed);
        for incident in world.incidents.iter_mut().map(Arc::make_mut) {
            incident.handle = "<script>\"'&".into();
            incident.said.section = Some("</svg> & \"co\"".into());
        }
        let zone = Zone::named("Europe/Madrid").unwrap();
        let facts = world.facts(&zone);
        let brands = vec![BrandReport::new("Banco & <hijos>", &facts)];
        let report = Report { now: facts.now, brands };
        for lang in [Lang::Es, Lang::En] {
            let page = report::html(&report, lang);
            assert!(is_well_formed(&page), "seed {seed}");
            assert!(!page.contains("<script") && !page.contains("NaN") && page.contains("Banco &amp; &lt;hijos&gt;"));
            let text = report::text(&report, lang);
            assert!(text.contains("Banco & <hijos>") && !text.contains("NaN"));
            // A title of the other language would be a text that nobody translated.
            let other = lang.pick("How it is computed", "Cómo se calcula");
            assert!(!page.contains(other));
        }
        let value: serde_json::Value = serde_json::from_str(&wire::report_json(&report)).unwrap();
        let rows =
            value["brands"][0]["indicators"].as_array().unwrap().iter().map(|i| i["figures"].as_array().unwrap().len()).sum::<usize>();
        assert_eq!(wire::report_csv(&report).matches("\r\n").count(), rows + 1, "one row for each figure");
    }
}
