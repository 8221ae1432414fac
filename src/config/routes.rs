//! `[[route]]`, `[[inhibit]]`, `[[mute]]` and `[[heartbeat]]`: who is told of which alerts, and when.

use std::collections::{BTreeMap, BTreeSet};

use crate::alert::Severity;
use crate::notifiers;
use crate::routing::{Civil, Heartbeat, Inhibit, Label, Matchers, Mute, Route, Settings, Timing};
use crate::time::{HOUR, MINUTE, SECOND, Zone};

use super::asked::Holds;
use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};
use super::typed::{self, unknown_name};
use super::used;

/// These sections as typed.
pub struct Typed<'a> {
    /// Names of `[[notify]]`, whose other keys are read elsewhere.
    notifiers: Vec<&'a str>,
    routes: Vec<TypedRoute<'a>>,
    inhibits: Vec<(Matching<'a>, Matching<'a>, Vec<Label>)>,
    mutes: Vec<TypedMute<'a>>,
    heartbeats: Vec<TypedHeartbeat<'a>>,
}

struct TypedRoute<'a> {
    notify: Vec<At<&'a str>>,
    matching: Matching<'a>,
    group_by: Option<Vec<Label>>,
    timing: Timing,
}

struct TypedMute<'a> {
    name: Option<At<&'a str>>,
    matching: Matching<'a>,
    days: [bool; 7],
    hours: Option<(u16, u16)>,
    timezone: Option<At<&'a str>>,
}

struct TypedHeartbeat<'a> {
    notify: Option<At<&'a str>>,
    every: Option<At<i64>>,
}

/// Values by label, as typed.
struct Matching<'a>(Vec<(Label, Vec<At<&'a str>>)>);

/// The keys that choose alerts.
const CHOICE: [(&str, Label); 4] =
    [("rules", Label::Rule), ("topics", Label::Topic), ("brands", Label::Brand), ("severities", Label::Severity)];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Waits are this long at most.
const LONGEST: i64 = 7 * 24 * HOUR;

/// Reads the sections of a file.
pub fn read<'a>(root: Section<'a>) -> Typed<'a> {
    let tables = root.value("notify").and_then(|v| v.get_ref().as_array()).into_iter().flat_map(|list| list.iter());
    let names = tables.filter_map(|t| t.get_ref().as_table()?.get("name")?.get_ref().as_str());
    Typed {
        notifiers: names.collect(),
        routes: root.tables("route", "[[route]]").into_iter().map(route).collect(),
        inhibits: root.tables("inhibit", "[[inhibit]]").into_iter().map(inhibit).collect(),
        mutes: root.tables("mute", "[[mute]]").into_iter().map(mute).collect(),
        heartbeats: root.tables("heartbeat", "[[heartbeat]]").into_iter().map(heartbeat).collect(),
    }
}

fn required(section: Section<'_>, keys: &[&str]) {
    keys.iter().filter(|key| section.value(key).is_none()).for_each(|key| section.missing(key));
}

/// A list of which something must stand.
fn listed<'a>(section: Section<'a>, key: &str) -> Option<Vec<At<&'a str>>> {
    section.reads(key, Holds::Texts);
    let value = section.value(key)?;
    if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        section.problems().error(&value.span(), both!("«{key}» está vacía", "“{key}” is empty"), no_fix());
    }
    Some(section.texts(key))
}

fn matching(section: Section<'_>) -> Matching<'_> {
    Matching(CHOICE.into_iter().filter_map(|(key, label)| Some((label, listed(section, key)?))).collect())
}

/// One of `known`, for every item of a list.
fn chosen<T: Copy>(section: Section<'_>, key: &str, known: &[(&'static str, T)]) -> Option<Vec<T>> {
    let mut all = Vec::new();
    let items = listed(section, key);
    section.reads(key, Holds::SomeOf(known.iter().map(|(name, _)| *name).collect()));
    for item in items? {
        let typed = item.value;
        match known.iter().find(|(name, _)| *name == typed) {
            Some((_, value)) => all.push(*value),
            None => {
                let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let cause = both!("«{key}» no puede llevar «{typed}»", "“{key}” cannot have “{typed}”");
                section.problems().error(&item.span, cause, both!("se admite: {names}", "possible: {names}"));
            }
        }
    }
    Some(all)
}

fn labels(section: Section<'_>, key: &str) -> Option<Vec<Label>> {
    // No label at all is one group for everything.
    let known = Label::ALL.map(|l| (l.as_str(), l));
    section.reads(key, Holds::SomeOf(known.map(|(name, _)| name).to_vec()));
    let none = section.value(key).is_some_and(|v| v.get_ref().as_array().is_some_and(|list| list.is_empty()));
    if none { Some(Vec::new()) } else { chosen(section, key, &known) }
}

fn route(section: Section<'_>) -> TypedRoute<'_> {
    let own = ["notify", "group_by", "group_wait", "group_interval", "repeat_interval", "flap_wait"];
    section.only(&[&own[..], &CHOICE.map(|(key, _)| key)].concat(), &[]);
    required(section, &["notify"]);
    let default = Timing::default();
    let wait = |key, least, default: i64| section.duration(key, least, LONGEST).map_or(default, |d| d.value);
    TypedRoute {
        notify: listed(section, "notify").unwrap_or_default(),
        matching: matching(section),
        group_by: labels(section, "group_by"),
        timing: Timing {
            wait: wait("group_wait", 0, default.wait),
            interval: wait("group_interval", SECOND, default.interval),
            repeat: wait("repeat_interval", MINUTE, default.repeat),
            flap: wait("flap_wait", 0, default.flap),
        },
    }
}

fn inhibit(section: Section<'_>) -> (Matching<'_>, Matching<'_>, Vec<Label>) {
    section.only(&["source", "target", "equal"], &[]);
    required(section, &["source", "target"]);
    let side = |key, title| {
        let side = section.table(key, title);
        side.inspect(|s| s.only(&CHOICE.map(|(key, _)| key), &[])).map_or(Matching(Vec::new()), matching)
    };
    (side("source", "source"), side("target", "target"), labels(section, "equal").unwrap_or_default())
}

fn mute(section: Section<'_>) -> TypedMute<'_> {
    section.only(&[&["name", "days", "from", "to", "timezone"][..], &CHOICE.map(|(key, _)| key)].concat(), &[]);
    required(section, &["from", "to"]);
    let (from, to) = (civil(section, "from").map(|(_, minute)| minute), civil(section, "to").map(|(_, minute)| minute));
    TypedMute {
        name: section.name(),
        matching: matching(section),
        days: days(section).unwrap_or([true; 7]),
        hours: from.zip(to),
        timezone: section.text("timezone"),
    }
}

/// A time of the day, and its minute.
pub fn civil<'a>(section: Section<'a>, key: &str) -> Option<(At<&'a str>, u16)> {
    let text = section.text(key)?;
    let found = Civil::parse(text.value);
    if found.is_none() {
        let typed = text.value;
        let cause = both!("«{typed}» no es una hora", "“{typed}” is no time of the day");
        section.problems().error(&text.span, cause, both!("por ejemplo {key} = \"22:00\"", "for example {key} = \"22:00\""));
    }
    found.map(|civil| (text, civil.0))
}

/// The days of the week that are named.
pub fn days(section: Section<'_>) -> Option<[bool; 7]> {
    let known: [(&'static str, usize); 7] = std::array::from_fn(|day| (DAYS.get(day).copied().unwrap_or(""), day));
    let named = chosen(section, "days", &known)?;
    Some(std::array::from_fn(|day| named.contains(&day)))
}

fn heartbeat(section: Section<'_>) -> TypedHeartbeat<'_> {
    section.only(&["notify", "every"], &[]);
    required(section, &["every"]);
    TypedHeartbeat { notify: section.required("notify"), every: section.duration("every", 10 * SECOND, 24 * HOUR) }
}

/// What these sections mean; hours are in `zone` where nothing else is said.
pub fn used(file: &typed::Typed<'_>, notifiers: &[notifiers::Settings], zone: &Zone, problems: &Problems) -> Settings {
    let typed = &file.routing;
    used::unique("[[mute]]", typed.mutes.iter().map(|m| &m.name), problems);
    let known = Known::of(file);
    let target = |name: &At<&str>| {
        let found = typed.notifiers.iter().position(|n| *n == name.value);
        if found.is_none() {
            unknown_name(problems, name, "[[notify]]", typed.notifiers.iter().copied());
        }
        found
    };
    let route = |r: &TypedRoute<'_>| Route {
        notify: r.notify.iter().filter_map(target).collect(),
        matchers: known.matchers(&r.matching, problems),
        group_by: r.group_by.clone().unwrap_or_else(|| vec![Label::Topic]),
        timing: r.timing,
    };
    let mute = |m: &TypedMute<'_>| {
        let (from, to) = m.hours?;
        let zone = used::zone(m.timezone.as_ref(), problems).unwrap_or_else(|| zone.clone());
        let name = m.name.as_ref()?.value.to_owned();
        Some(Mute { name, matchers: known.matchers(&m.matching, problems), days: m.days, from, to, zone })
    };
    let inhibit = |(source, target, equal): &(Matching<'_>, Matching<'_>, Vec<Label>)| Inhibit {
        source: known.matchers(source, problems),
        target: known.matchers(target, problems),
        equal: equal.clone(),
    };
    let beat = |h: &TypedHeartbeat<'_>| Some(Heartbeat { notify: target(h.notify.as_ref()?)?, every: h.every.as_ref()?.value });
    Settings {
        targets: notifiers.iter().map(notifiers::Settings::routed).collect(),
        routes: typed.routes.iter().map(route).collect(),
        inhibits: typed.inhibits.iter().map(inhibit).collect(),
        mutes: typed.mutes.iter().filter_map(mute).collect(),
        heartbeats: typed.heartbeats.iter().filter_map(beat).collect(),
    }
}

/// The values that labels can have.
struct Known<'a>(BTreeMap<Label, BTreeSet<&'a str>>);

impl<'a> Known<'a> {
    fn of(file: &typed::Typed<'a>) -> Known<'a> {
        fn names<'a, 't>(all: impl Iterator<Item = &'t Option<At<&'a str>>>) -> BTreeSet<&'a str>
        where
            'a: 't,
        {
            all.flatten().map(|name| name.value).collect()
        }
        Known(BTreeMap::from([
            (Label::Rule, names(file.alerts.iter().map(|a| &a.name))),
            (Label::Topic, names(file.topics.iter().map(|t| &t.name))),
            (Label::Brand, names(file.brands.iter().map(|b| &b.name))),
            (Label::Severity, Severity::ALL.map(Severity::as_str).into()),
        ]))
    }

    fn matchers(&self, typed: &Matching<'_>, problems: &Problems) -> Matchers {
        let mut all = Matchers::default();
        for (label, values) in &typed.0 {
            let known = self.0.get(label);
            let title = match label {
                Label::Rule => "[[alert]]",
                Label::Topic => "[[topic]]",
                Label::Brand => "[[brand]]",
                Label::Severity => "severity",
            };
            for value in values {
                if *label == Label::Severity && Severity::named(value.value).is_none() {
                    let (typed, names) = (value.value, Severity::ALL.map(Severity::as_str).join(", "));
                    let cause = both!("«severities» no puede llevar «{typed}»", "“severities” cannot have “{typed}”");
                    problems.error(&value.span, cause, both!("se admite: {names}", "possible: {names}"));
                } else if !known.is_some_and(|k| k.contains(value.value)) {
                    unknown_name(problems, value, title, known.into_iter().flatten().copied());
                }
            }
            all.0.insert(*label, values.iter().map(|v| v.value.to_owned()).collect());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use toml::de::DeTable;

    use super::*;
    use crate::bilingual::Lang;

    const NAMES: &str = "[[notify]]\nname='n'\ntype='webhook'\nurl='https://n.example'\n[[notify]]\nname='m'\ntype='webhook'\nurl='https://m.example'\n[[topic]]\nname='t'\nquery='x'\n[[brand]]\nname='b'\n[[alert]]\nname='a'\non='priority'\nat=80\n";

    /// What `text` means, and what is said of it beyond [`NAMES`], `line cause | fix`.
    fn read(text: &str, lang: Lang) -> (Settings, Vec<String>) {
        let file = format!("{NAMES}{text}");
        let problems = Problems::default();
        let table = DeTable::parse(&file).expect("TOML");
        let typed = typed::read(&table, &problems);
        let config = used::config(&typed, &file, Path::new(""), &problems);
        let said = problems.sorted().into_iter().filter(|p| p.span.start >= NAMES.len());
        let line = |at: usize| file[NAMES.len()..at].matches('\n').count() + 1;
        let said = said.map(|p| format!("{} {} | {}", line(p.span.start), p.cause.get(lang), p.fix.get(lang)));
        (config.routing, said.collect())
    }

    #[test]
    fn a_file_says_who_is_told_and_when() {
        let text = "[[route]]
notify='m'
rules=['a']
severities=['warning', 'critical']
group_by=[]
group_wait='0s'
group_interval='30s'
repeat_interval='1h'
flap_wait='10m'
[[route]]
notify=['n', 'm']
[[inhibit]]
source={severities=['critical']}
target={severities=['warning'], brands=['b']}
equal=['topic']
[[mute]]
name='noche'
topics='t'
days=['fri', 'sat']
from='22:00'
to='07:30'
timezone='Europe/Madrid'
[[heartbeat]]
notify='m'
every='1m'
";
        let (s, said) = read(text, Lang::En);
        assert_eq!(said, [""; 0]);
        assert_eq!(s.targets.iter().map(|t| &*t.name).collect::<Vec<_>>(), ["n", "m"]);
        let timing = Timing { wait: 0, interval: 30 * SECOND, repeat: HOUR, flap: 10 * MINUTE };
        let both = |a: &str, b: &str| [a, b].map(str::to_owned).into();
        let matchers = Matchers([(Label::Rule, ["a".to_owned()].into()), (Label::Severity, both("warning", "critical"))].into());
        assert_eq!(s.routes[0], Route { notify: [1].into(), matchers, group_by: Vec::new(), timing });
        let all = Route { notify: [0, 1].into(), matchers: Matchers::default(), group_by: vec![Label::Topic], timing: Timing::default() };
        assert_eq!(s.routes[1], all);
        assert_eq!((s.inhibits[0].target.0.len(), &s.inhibits[0].equal[..]), (2, &[Label::Topic][..]));
        let mute = &s.mutes[0];
        assert_eq!((mute.days, mute.from, mute.to), ([false, false, false, false, true, true, false], 1320, 450));
        assert!(mute.zone.is_same(&Zone::named("Europe/Madrid").expect("a zone")));
        assert_eq!(s.heartbeats, [Heartbeat { notify: 1, every: MINUTE }]);
    }

    #[test]
    fn every_mistake_is_told_in_both_languages() {
        for (text, es, en) in [
            ("[[route]]", "1 a [[route]] le falta «notify»", "1 [[route]] lacks “notify”"),
            ("[[route]]\nnotify='o'", "2 no hay [[notify]] «o»", "2 there is no [[notify]] “o”"),
            ("[[route]]\nnotify=[]", "2 «notify» está vacía", "2 “notify” is empty"),
            (
                "[[route]]\nnotify='n'\ntopic=['t']",
                "3 [[route]] no tiene la clave «topic» | ¿querías decir «topics»?",
                "3 [[route]] has no key “topic” | did you mean “topics”?",
            ),
            ("[[route]]\nnotify='n'\ntopics=['u']", "3 no hay [[topic]] «u»", "3 there is no [[topic]] “u”"),
            ("[[route]]\nnotify='n'\nrules=['u']", "3 no hay [[alert]] «u»", "3 there is no [[alert]] “u”"),
            ("[[route]]\nnotify='n'\nbrands=['u']", "3 no hay [[brand]] «u»", "3 there is no [[brand]] “u”"),
            ("[[route]]\nnotify='n'\ntopics=[]", "3 «topics» está vacía", "3 “topics” is empty"),
            (
                "[[route]]\nnotify='n'\nseverities=['bad']",
                "3 «severities» no puede llevar «bad» | se admite: info, warning, critical",
                "3 “severities” cannot have “bad” | possible: info, warning, critical",
            ),
            (
                "[[route]]\nnotify='n'\ngroup_by=['host']",
                "3 «group_by» no puede llevar «host» | se admite: rule, topic, brand, severity",
                "3 “group_by” cannot have “host” | possible: rule, topic, brand, severity",
            ),
            (
                "[[route]]\nnotify='n'\ngroup_interval='0s'",
                "3 «group_interval» debe estar entre 1s y 7d",
                "3 “group_interval” must be between 1s and 7d",
            ),
            (
                "[[route]]\nnotify='n'\nrepeat_interval='59s'",
                "3 «repeat_interval» debe estar entre 1m y 7d",
                "3 “repeat_interval” must be between 1m and 7d",
            ),
            ("[[inhibit]]\nsource={}", "1 a [[inhibit]] le falta «target»", "1 [[inhibit]] lacks “target”"),
            ("[[inhibit]]\nsource={rule='a'}\ntarget={}", "2 source no tiene la clave «rule»", "2 source has no key “rule”"),
            (
                "[[mute]]\nname='x'\nfrom='25:00'\nto='07:00'",
                "3 «25:00» no es una hora | por ejemplo from",
                "3 “25:00” is no time of the day | for example from",
            ),
            ("[[mute]]\nname='x'\nto='07:00'", "1 a [[mute]] le falta «from»", "1 [[mute]] lacks “from”"),
            ("[[mute]]\nname='x'\ndays=['lun']\nfrom='22:00'\nto='07:00'", "3 «days» no puede llevar «lun»", "3 “days” cannot have “lun”"),
            ("[[mute]]\nname='x'\nfrom='22:00'\nto='07:00'\ntimezone='Europe/Madird'", "5 no hay zona horaria", "5 there is no time zone"),
            ("[[heartbeat]]\nevery='1m'", "1 a [[heartbeat]] le falta «notify»", "1 [[heartbeat]] lacks “notify”"),
            ("[[heartbeat]]\nnotify='o'\nevery='1m'", "2 no hay [[notify]] «o»", "2 there is no [[notify]] “o”"),
            ("[[heartbeat]]\nnotify='n'\nevery='1s'", "3 «every» debe estar entre 10s y 1d", "3 “every” must be between 10s and 1d"),
        ] {
            for (lang, want) in [(Lang::Es, es), (Lang::En, en)] {
                let (_, said) = read(text, lang);
                assert!(said.len() == 1 && said[0].starts_with(want), "{text}\nwant {want}\nsaid {said:#?}");
            }
        }
    }
}
