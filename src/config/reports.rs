//! `[care]` and `[[report]]`: how the figures of care teams are counted, and which reports make themselves.

use std::collections::BTreeSet;
use std::path::Path;

use super::problem::{Problems, both};
use super::section::{At, Section, no_fix, not_among};
use super::typed::unknown_name;
use crate::bilingual::Lang;
use crate::figures::{Label, Settings};
use crate::incident::advice::SAMPLE;
use crate::notifiers;
use crate::report::{Every, Format, Plan, Scheduled, Subject};
use crate::time::{HOUR, MINUTE, SECOND, Zone};

/// Pairs of labels that are crossed at most.
const PAIRS: usize = 12;

/// `[care]` as typed.
#[derive(Default)]
pub struct Care<'a> {
    slots: Option<At<Vec<At<&'a str>>>>,
    goal: Option<At<i64>>,
    promise: Option<At<i64>>,
    handling: Option<At<i64>>,
    target: Option<At<i64>>,
    wait: Option<At<i64>>,
    crossed: Option<At<Vec<At<&'a str>>>>,
    sample: Option<At<i64>>,
}

/// `[[report]]` as typed.
pub struct Typed<'a> {
    pub name: Option<At<&'a str>>,
    every: Option<At<Every>>,
    format: Option<At<Format>>,
    lang: Option<At<Lang>>,
    brand: Option<At<&'a str>>,
    path: Option<At<&'a str>>,
    to: Vec<At<&'a str>>,
}

/// Where reports can go.
pub struct Ways<'a> {
    /// All `[[notify]]` that are named.
    pub named: Vec<&'a str>,
    /// Those of them that were understood.
    pub notifiers: &'a [notifiers::Settings],
    /// There is a `[store]`.
    pub lasts: bool,
}

/// Keys of `[care]` that say how figures are counted.
pub const KEYS: [&str; 8] = ["slots", "goal", "promise", "handling", "target", "wait", "crossed", "sample"];

/// Reads what `[care]` says of figures.
pub fn care(section: Section<'_>) -> Care<'_> {
    Care {
        slots: section.list("slots"),
        goal: section.duration("goal", MINUTE, 30 * 24 * HOUR),
        promise: section.duration("promise", MINUTE, 30 * 24 * HOUR),
        handling: section.duration("handling", SECOND, 24 * HOUR),
        target: section.integer("target", 1, 99),
        wait: section.duration("wait", SECOND, 24 * HOUR),
        crossed: section.list("crossed"),
        sample: section.integer("sample", 0, 100),
    }
}

/// Reads one `[[report]]`.
pub fn read(section: Section<'_>) -> Typed<'_> {
    section.only(&["name", "every", "format", "lang", "brand", "path", "to"], &[]);
    if section.value("every").is_none() {
        section.missing("every");
    }
    let to = section.texts("to");
    if section.value("path").is_none() && to.is_empty() {
        section.missing("path");
    }
    Typed {
        name: section.name(),
        every: section.choice("every", &Every::ALL, &[]),
        format: section.choice("format", &Format::ALL.map(|f| (f.as_str(), f)), &[]),
        lang: section.choice("lang", &[("es", Lang::Es), ("en", Lang::En)], &[]),
        brand: section.text("brand"),
        path: section.filled("path"),
        to,
    }
}

/// How figures are counted.
pub fn settings(typed: &Care<'_>, problems: &Problems) -> Settings {
    let usual = Settings::default();
    let value = |typed: &Option<At<i64>>, usual| typed.as_ref().map_or(usual, |t| t.value);
    Settings {
        slots: typed.slots.as_ref().map_or(usual.slots, |hours| slots(hours, problems)),
        within: value(&typed.goal, usual.within),
        promise: value(&typed.promise, usual.promise),
        handling: typed.handling.as_ref().map(|h| h.value),
        target: typed.target.as_ref().map_or(usual.target, |t| t.value as f64 / 100.0),
        wait: value(&typed.wait, usual.wait),
        crossed: typed.crossed.as_ref().map_or(usual.crossed, |pairs| crossed(pairs, problems)),
        playbooks: usual.playbooks,
    }
}

/// Hours at which slots begin.
fn slots(hours: &At<Vec<At<&str>>>, problems: &Problems) -> Vec<u8> {
    let read = |at: &At<&str>| at.value.strip_suffix(":00").and_then(|h| h.parse().ok()).filter(|h| *h < 24);
    let all: Vec<Option<u8>> = hours.value.iter().map(read).collect();
    let known: Vec<u8> = all.iter().flatten().copied().collect();
    if known.len() != all.len() || known.first() != Some(&0) || !known.is_sorted_by(|a, b| a < b) {
        problems.error(
            &hours.span,
            both!(
                "«slots» son las horas en que empieza cada franja, en orden y desde las 00:00",
                "“slots” are the hours at which each slot begins, in order and from 00:00 on"
            ),
            both!("por ejemplo [\"00:00\", \"08:00\", \"14:00\", \"20:00\"]", "for example [\"00:00\", \"08:00\", \"14:00\", \"20:00\"]"),
        );
        return Vec::new();
    }
    known
}

/// Pairs of labels.
fn crossed(pairs: &At<Vec<At<&str>>>, problems: &Problems) -> Vec<(Label, Label)> {
    if pairs.value.len() > PAIRS {
        problems.error(&pairs.span, both!("«crossed» admite {PAIRS} pares", "“crossed” may have {PAIRS} pairs"), no_fix());
    }
    let label = |name: &str, at: &At<&str>| {
        let found = Label::named(name);
        if found.is_none() {
            let one = At { value: name, span: at.span.clone() };
            not_among(problems, &one, "crossed", Label::ALL.iter().map(|(name, _)| *name));
        }
        found
    };
    let pair = |at: &At<&str>| {
        let Some((a, b)) = at.value.split_once('/') else {
            let cause = both!("«crossed» es una lista de pares", "“crossed” is a list of pairs");
            problems.error(&at.span, cause, both!("por ejemplo \"section/category\"", "for example \"section/category\""));
            return None;
        };
        label(a.trim(), at).zip(label(b.trim(), at))
    };
    pairs.value.iter().filter_map(pair).collect()
}

/// The plan; relative paths start at `folder`.
pub fn used(
    care: &Care<'_>,
    reports: &[Typed<'_>],
    brands: Vec<Subject>,
    (zone, carried): (&Zone, bool),
    ways: &Ways<'_>,
    folder: &Path,
    problems: &Problems,
) -> Plan {
    let scheduled = reports.iter().filter_map(|typed| schedule(typed, &brands, zone, ways, folder, problems)).collect();
    let sample = care.sample.as_ref().map_or(SAMPLE, |s| s.value as u8);
    Plan { settings: settings(care, problems), brands, carried, sections: BTreeSet::new(), sample, scheduled }
}

fn schedule(typed: &Typed<'_>, brands: &[Subject], zone: &Zone, ways: &Ways<'_>, folder: &Path, problems: &Problems) -> Option<Scheduled> {
    let to = recipients(typed, ways, problems);
    let place = typed.brand.as_ref().map(|named| {
        let place = brands.iter().position(|b| b.name == named.value);
        if place.is_none() {
            unknown_name(problems, named, "[[brand]]", brands.iter().map(|b| b.name.as_str()));
        }
        place
    });
    Some(Scheduled {
        name: typed.name.as_ref()?.value.to_owned(),
        every: typed.every.as_ref()?.value,
        format: typed.format.as_ref().map_or(Format::Html, |f| f.value),
        lang: typed.lang.as_ref().map_or(Lang::Es, |l| l.value),
        brand: place.flatten(),
        path: typed.path.as_ref().map(|path| folder.join(path.value)),
        to,
        zone: place.flatten().and_then(|p| brands.get(p)).map_or_else(|| zone.clone(), |b| b.zone.clone()),
    })
}

/// Names of the notifiers that it is sent by: of those that take reports, and only where it is remembered what was sent.
fn recipients(typed: &Typed<'_>, ways: &Ways<'_>, problems: &Problems) -> Vec<String> {
    for named in &typed.to {
        let name = named.value;
        let kind = ways.notifiers.iter().find(|n| n.name == name).map(|n| (n.kind, n.takes_reports()));
        match kind {
            Some((_, true)) => {}
            Some((kind, false)) => {
                let cause = both!("«{name}» es de tipo {kind} y no recibe informes", "“{name}” is of type {kind} and takes no reports");
                problems.error(&named.span, cause, both!("nombra un [[notify]] de tipo email", "name a [[notify]] of type email"));
            }
            // What is wrong with it is told there.
            None if ways.named.contains(&name) => {}
            None => unknown_name(problems, named, "[[notify]]", ways.named.iter().copied()),
        }
    }
    if let Some(first) = typed.to.first().filter(|_| typed.path.is_none() && !ways.lasts) {
        let cause =
            both!("sin [store] ni «path» no se recordaría qué se envió", "without [store] or “path” nobody would remember what was sent");
        let fix = both!("añade [store] con un «path», o «path» aquí", "add [store] with a “path”, or “path” here");
        problems.error(&first.span, cause, fix);
    }
    let mut names: Vec<String> = typed.to.iter().map(|to| to.value.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::Config;
    use super::*;

    const BRANDS: &str =
        "timezone = \"UTC\"\n[[brand]]\nname = \"Banco\"\nown = true\ntimezone = \"Europe/Madrid\"\n[[brand]]\nname = \"Otro\"\n";

    fn read(text: &str) -> Result<Config, Vec<String>> {
        let read = Config::read("x.toml", format!("{BRANDS}{text}"), Path::new("/srv"));
        read.map(|(config, _)| config).map_err(|report| report.problems.iter().map(|p| p.cause.en.clone()).collect())
    }

    #[test]
    fn what_is_said_holds() {
        let plan = read(
            "[care]\nsample = 5\nslots = [\"00:00\", \"08:00\"]\ngoal = \"30m\"\nhandling = \"6m\"\ntarget = 90\ncrossed = [\"section/state\"]\n\
             [[report]]\nname = \"semanal\"\nevery = \"week\"\npath = \"informes\"\n\
             [[report]]\nname = \"diario\"\nevery = \"day\"\nformat = \"csv\"\nlang = \"en\"\nbrand = \"Banco\"\npath = \"informes\"\n",
        )
        .unwrap()
        .plan;
        let settings = &plan.settings;
        assert_eq!((plan.sample, read("").unwrap().plan.sample), (5, 2));
        assert_eq!((settings.slots.as_slice(), settings.within, settings.handling), (&[0, 8][..], 30 * MINUTE, Some(6 * MINUTE)));
        assert!((settings.target - 0.9).abs() < 1e-12 && settings.crossed == [(Label::named("section").unwrap(), Label::State)]);
        let [weekly, daily] = &plan.scheduled[..] else { panic!("{plan:?}") };
        assert_eq!((weekly.every, weekly.format, weekly.lang, weekly.brand), (Every::Week, Format::Html, Lang::Es, None));
        assert_eq!((weekly.path.clone(), weekly.zone.name()), (Some(PathBuf::from("/srv/informes")), "UTC"));
        assert_eq!((daily.format, daily.lang, daily.brand, daily.zone.name()), (Format::Csv, Lang::En, Some(0), "Europe/Madrid"));
        assert!(!plan.carried, "no source says that it carries our posts");
        assert_eq!(plan.subjects(None).unwrap()[0].name, "Banco");
        assert!(plan.subjects(Some("Nadie")).is_none());
    }

    const MAIL: &str = "[[notify]]\nname = \"correo\"\ntype = \"email\"\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n";
    const SENT: &str = "[[report]]\nname = \"a\"\nevery = \"day\"\nto = \"correo\"\n";

    #[test]
    fn a_report_can_go_to_people() {
        let plan = read(&format!("{MAIL}{SENT}[store]\npath = \"a.db\"\n")).unwrap().plan;
        assert_eq!((&plan.scheduled[0].path, &plan.scheduled[0].to[..]), (&None, &["correo".to_owned()][..]));
        let beside = format!("{MAIL}{SENT}").replace("to = \"correo\"", "to = [\"correo\", \"correo\"]\npath = \"informes\"");
        let scheduled = &read(&beside).unwrap().plan.scheduled[0];
        assert_eq!((scheduled.path.is_some(), scheduled.to.len()), (true, 1), "to each once");
        for (text, want) in [
            (format!("{MAIL}{SENT}"), "without [store] or “path” nobody would remember what was sent"),
            (format!("{SENT}path = \"b\"\n"), "there is no [[notify]] “correo”"),
            (
                format!("[[notify]]\nname = \"correo\"\ntype = \"slack\"\nurl = \"https://example.com/x\"\n{SENT}path = \"b\"\n"),
                "“correo” is of type slack and takes no reports",
            ),
        ] {
            assert_eq!(read(&text).err().unwrap_or_default(), [want], "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let slots = "“slots” are the hours at which each slot begins, in order and from 00:00 on";
        for (text, want) in [
            ("[care]\nslots = [\"08:00\"]\n", slots),
            ("[care]\nslots = [\"00:00\", \"00:00\"]\n", slots),
            ("[care]\nslots = [\"00:00\", \"24:00\"]\n", slots),
            ("[care]\nslots = [\"00:30\"]\n", slots),
            ("[care]\ncrossed = [\"section\"]\n", "“crossed” is a list of pairs"),
            ("[care]\ncrossed = [\"section/stat\"]\n", "“crossed” cannot be “stat”"),
            ("[[report]]\nname = \"a\"\nevery = \"week\"\n", "[[report]] lacks “path”"),
            ("[[report]]\nname = \"a\"\npath = \"b\"\n", "[[report]] lacks “every”"),
            ("[[report]]\nname = \"a\"\nevery = \"day\"\npath = \"b\"\nbrand = \"Bancoo\"\n", "there is no [[brand]] “Bancoo”"),
        ] {
            let causes = read(text).err().unwrap_or_default();
            assert_eq!(causes, [want], "{text}");
        }
    }
}
