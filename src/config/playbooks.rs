//! `[[playbook]]`: what the team does with a matter of a kind, and texts to answer with, which are looked through.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};
use super::typed::{Typed as File, unknown_name};
use super::used;
use crate::bilingual::{Both, Lang};
use crate::contact::Intent;
use crate::http::Role;
use crate::incident::{Field, Tags};
use crate::limits;
use crate::playbook::{Limit, Playbook, Template, faults};
use crate::topic::{Brand, Topic};

/// One section as typed.
pub struct Typed<'a> {
    section: Section<'a>,
    pub name: Option<At<&'a str>>,
    brands: Option<At<Vec<At<&'a str>>>>,
    tags: [(Field, Option<At<&'a str>>); 4],
    intent: Option<At<Intent>>,
    blocked: Option<At<bool>>,
    steps: [Vec<At<&'a str>>; 2],
    templates: [Vec<At<&'a str>>; 2],
}

const LANGS: [Lang; 2] = [Lang::Es, Lang::En];

/// Reads one section.
pub fn read(section: Section<'_>) -> Typed<'_> {
    let known = ["name", "brands", "typology", "category", "subcategory", "section", "intent", "blocked"];
    section.only(&[&known[..], &["steps_es", "steps_en", "templates_es", "templates_en"]].concat(), &[]);
    // Not as elsewhere: one looks like the other mistyped.
    for key in ["steps_es", "steps_en"].into_iter().filter(|key| section.value(key).is_none()) {
        let cause = both!("a [[playbook]] le falta «{key}»", "[[playbook]] lacks “{key}”");
        section.problems().error(&section.span(), cause, both!("añade {key} = [\"…\"]", "add {key} = [\"…\"]"));
    }
    let intents: Vec<_> = Intent::ALL.iter().filter(|i| **i != Intent::Other).map(|i| (i.as_str(), *i)).collect();
    Typed {
        section,
        name: section.name(),
        brands: section.list("brands"),
        tags: [
            (Field::Typology, section.text("typology")),
            (Field::Category, section.text("category")),
            (Field::Subcategory, section.text("subcategory")),
            (Field::Section, section.text("section")),
        ],
        intent: section.choice("intent", &intents, &[]),
        blocked: section.flag("blocked"),
        steps: [section.texts("steps_es"), section.texts("steps_en")],
        templates: [section.texts("templates_es"), section.texts("templates_en")],
    }
}

/// All of them, in the order of the file.
pub fn used(file: &File<'_>, brands: &[Brand], topics: &[Topic], problems: &Problems) -> Arc<[Playbook]> {
    used::unique("[[playbook]]", file.playbooks.iter().map(|p| &p.name), problems);
    if !used::within(file.playbooks.iter().map(|p| &p.name), limits::PLAYBOOKS, "[[playbook]]", problems) {
        return Arc::default();
    }
    // What stands for `{agent}` is the name of a token.
    let agents = file.tokens.iter().filter(|t| t.role.as_ref().is_some_and(|r| matches!(r.value, Role::Agent | Role::Admin)));
    let longest = agents.filter_map(|t| Some(t.name.as_ref()?.value.chars().count())).max().unwrap_or("localhost".len());
    let one = |typed: &Typed<'_>| {
        let of = watched(typed, brands, problems);
        known_labels(typed, topics, problems);
        look_through(typed, &of, longest, problems);
        Some(Playbook {
            name: typed.name.as_ref()?.value.into(),
            brands: typed.brands.iter().flat_map(|_| &of).map(|brand| brand.name.as_str().into()).collect(),
            tags: tags(typed),
            intent: typed.intent.as_ref().map(|i| i.value),
            blocked: typed.blocked.as_ref().map(|b| b.value),
            steps: steps(typed, problems),
            templates: templates(typed).map(|(lang, at)| Template { lang, text: at.value.to_owned() }).collect(),
        })
    };
    file.playbooks.iter().filter_map(one).collect()
}

/// The brands whose matters it is for: those named, or all of our own.
fn watched<'b>(typed: &Typed<'_>, brands: &'b [Brand], problems: &Problems) -> Vec<&'b Brand> {
    let Some(named) = &typed.brands else { return brands.iter().filter(|b| b.own).collect() };
    if named.value.is_empty() {
        problems.error(&named.span, both!("«brands» está vacía", "“brands” is empty"), no_fix());
    }
    let find = |name: &At<&str>| {
        let found = brands.iter().find(|b| b.name == name.value);
        if found.is_none() {
            unknown_name(problems, name, "[[brand]]", brands.iter().map(|b| b.name.as_str()));
        }
        found
    };
    named.value.iter().filter_map(find).collect()
}

fn tags(typed: &Typed<'_>) -> Tags {
    let mut tags = Tags::default();
    for (field, at) in &typed.tags {
        tags.set(*field, at.as_ref().map(|at| at.value.into()));
    }
    tags
}

/// Notes labels that no topic gives: only an agent could.
fn known_labels(typed: &Typed<'_>, topics: &[Topic], problems: &Problems) {
    for (field, at) in typed.tags.iter().filter_map(|(field, at)| Some((*field, at.as_ref()?))) {
        let of = |topic: &Topic| -> String {
            let labels = &topic.labels;
            match field {
                Field::Typology => labels.typology.clone(),
                Field::Category => labels.category.clone(),
                Field::Subcategory => labels.subcategory.clone(),
                Field::Section => labels.section.clone(),
            }
        };
        // Where no topic gives a category, the intent is the category.
        let is_intent = field == Field::Category && Intent::ALL.iter().any(|i| i.as_str() == at.value);
        let given: BTreeSet<String> = topics.iter().map(of).filter(|label| !label.is_empty()).collect();
        if is_intent || given.contains(at.value) {
            continue;
        }
        let (key, value) = (field.as_str(), at.value);
        let cause = both!(
            "ningún [[topic]] tiene {key} = \"{value}\": la pauta solo vale si un agente lo dice",
            "no [[topic]] has {key} = \"{value}\": the playbook holds only where an agent says so"
        );
        let fix = match crate::nearest::nearest(value, given.iter().map(String::as_str)) {
            Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
            None => no_fix(),
        };
        problems.warning(&at.span, cause, fix);
    }
}

/// The steps, which people of either language read.
fn steps(typed: &Typed<'_>, problems: &Problems) -> Vec<Both> {
    let [es, en] = &typed.steps;
    if es.len() != en.len() && typed.section.value("steps_es").is_some() && typed.section.value("steps_en").is_some() {
        let (n, m) = (es.len(), en.len());
        let cause = both!("hay {n} pasos en español y {m} en inglés", "there are {n} steps in Spanish and {m} in English");
        let fix = both!("escribe cada paso en los dos idiomas", "write every step in both languages");
        problems.error(&typed.section.span(), cause, fix);
    }
    for (list, key) in typed.steps.iter().zip(["steps_es", "steps_en"]) {
        bounded(typed, list, key, problems);
    }
    es.iter().zip(en).map(|(es, en)| Both::new(es.value, en.value)).collect()
}

fn templates<'t, 'a>(typed: &'t Typed<'a>) -> impl Iterator<Item = (Lang, &'t At<&'a str>)> {
    LANGS.into_iter().zip(&typed.templates).flat_map(|(lang, list)| list.iter().map(move |at| (lang, at)))
}

/// Notes what cannot be used for its number or its length.
fn bounded(typed: &Typed<'_>, list: &[At<&str>], key: &str, problems: &Problems) {
    let (most, chars) = (limits::PLAYBOOK_TEXTS, limits::PLAYBOOK_CHARS);
    if list.len() > most {
        let span = typed.section.value(key).map_or(typed.section.span(), |value| value.span());
        problems.error(&span, both!("«{key}» admite {most} textos", "“{key}” may have {most} texts"), no_fix());
    }
    for at in list {
        if at.value.trim().is_empty() {
            problems.error(&at.span, both!("un texto de «{key}» está vacío", "a text of “{key}” is empty"), no_fix());
        } else if at.value.chars().nth(chars).is_some() {
            let cause = both!("un texto de «{key}» admite {chars} caracteres", "a text of “{key}” may have {chars} characters");
            problems.error(&at.span, cause, no_fix());
        }
    }
}

/// Notes what is wrong with its templates, for the networks on which its brands have accounts.
fn look_through(typed: &Typed<'_>, brands: &[&Brand], agent: usize, problems: &Problems) {
    for (list, key) in typed.templates.iter().zip(["templates_es", "templates_en"]) {
        bounded(typed, list, key, problems);
    }
    let accounts = || brands.iter().flat_map(|brand| &brand.accounts);
    let anywhere = accounts().next().is_none() || accounts().any(|account| account.network.is_empty());
    let networks: Vec<&Limit> = Limit::all().filter(|l| anywhere || accounts().any(|account| account.network == l.network)).collect();
    for (_, at) in templates(typed) {
        for fault in faults(at.value, &networks, agent) {
            let (es, en) = (format!("plantilla: {}", fault.cause.es), format!("template: {}", fault.cause.en));
            problems.warning(&at.span, Both::new(es, en), fault.fix);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    const REST: &str = "[[brand]]\nname = \"Banco\"\nown = true\naccounts = [{ handle = \"b\", network = \"x\" }]\n\
                        [[topic]]\nname = \"t\"\nbrand = \"Banco\"\nsection = \"tarjetas\"\nquery = \"tarjeta\"\n[[playbook]]\n";
    const STEPS: &str = "steps_es = [\"Uno\"]\nsteps_en = [\"One\"]\n";

    /// What came of it, and what was told: whether it is an error, and what.
    type Read = (Option<Arc<[Playbook]>>, Vec<(bool, String)>);

    fn read(text: &str) -> Read {
        let (config, report) = match Config::read("x.toml", format!("{REST}{text}"), Path::new("")) {
            Ok((config, report)) => (Some(config), report),
            Err(report) => (None, report),
        };
        let told = report.problems.iter().map(|p| (p.is_error, p.cause.en.clone())).collect();
        (config.map(|c| c.plan.settings.playbooks), told)
    }

    #[test]
    fn what_is_said_holds() {
        let (all, told) = read(&format!(
            "name = \"tarjeta bloqueada\"\nbrands = [\"Banco\"]\nsection = \"tarjetas\"\nintent = \"complaint\"\nblocked = true\n{STEPS}\
             templates_es = [\"Hola, @{{handle}}. ^{{agent}}\"]\ntemplates_en = [\"Hi @{{handle}}\", \"Sorry to hear it\"]\n"
        ));
        assert_eq!(told, []);
        let all = all.expect("a configuration");
        let [playbook] = &all[..] else { panic!("{all:?}") };
        assert_eq!((&*playbook.name, playbook.specificity(), playbook.blocked), ("tarjeta bloqueada", 4, Some(true)));
        assert_eq!((playbook.tags.section.as_deref(), playbook.intent), (Some("tarjetas"), Some(Intent::Complaint)));
        assert_eq!(playbook.steps, [Both::new("Uno", "One")]);
        let langs: Vec<Lang> = playbook.templates.iter().map(|t| t.lang).collect();
        assert_eq!(langs, [Lang::Es, Lang::En, Lang::En]);
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_is_doubtful_told() {
        let long = "a".repeat(290);
        let with = |more: &str| format!("name = \"p\"\n{STEPS}{more}");
        for (text, is_error, want) in [
            ("name = \"p\"\nsteps_es = [\"Uno\"]\n".to_owned(), true, "[[playbook]] lacks “steps_en”"),
            (
                "name = \"p\"\nsteps_es = [\"Uno\"]\nsteps_en = [\"One\", \"Two\"]\n".to_owned(),
                true,
                "there are 1 steps in Spanish and 2 in English",
            ),
            (with("brands = [\"Bamco\"]\n"), true, "there is no [[brand]] “Bamco”"),
            (with("brands = []\n"), true, "“brands” is empty"),
            (with("intent = \"anger\"\n"), true, "“intent” cannot be “anger”"),
            (with("templates_es = [\" \"]\n"), true, "a text of “templates_es” is empty"),
            (with(&format!("[[playbook]]\nname = \"p\"\n{STEPS}")), true, "there is already [[playbook]] “p”"),
            (
                with("section = \"targetas\"\n"),
                false,
                "no [[topic]] has section = \"targetas\": the playbook holds only where an agent says so",
            ),
            (with("category = \"complaint\"\n"), false, ""),
            // Only for X: the brand has no account elsewhere.
            (
                with(&format!("templates_en = [\"{long}\"]\n")),
                false,
                "template: it is too long for X: 290 characters of 280, with long names",
            ),
            (with("templates_en = [\"Hi {name}\"]\n"), false, "template: there is nothing to put in “{name}”"),
        ] {
            let want: Vec<_> = Some((is_error, want.to_owned())).into_iter().filter(|(_, cause)| !cause.is_empty()).collect();
            assert_eq!(read(&text).1, want, "{text}");
        }
    }
}
