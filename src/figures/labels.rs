//! How many matters there are of each kind, whatever is known of their kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Figure, Form, Key, Spec, name};
use crate::contact::Intent;
use crate::incident::{Field, Incident};

/// `n(label = value)` for every label.
pub static SPEC: Spec = Spec {
    name: "labels",
    title: ("Cuánto de cada cosa", "How much of what"),
    explain: (
        "Incidencias abiertas en la ventana por cada etiqueta. Tipología, categoría, subcategoría y sección salen de los temas que encontraron sus \
         publicaciones, o de lo que dijo un agente, que manda; la categoría, si nadie la dice, es la intención del texto. Escenario: cómo la \
         cerró un agente. Las que no llevan la etiqueta se cuentan como «sin etiqueta».",
        "Incidents opened in the window for each label. Typology, category, subcategory and section come from the topics that found their posts, or from \
         what an agent said, which wins; where nobody says a category it is the intent of the text. Scenario: how an agent closed it. \
         Those without the label count as “no label”.",
    ),
    names: &[
        name("typology", Form::Bars, "por tipología", "by typology"),
        name("category", Form::Bars, "por categoría", "by category"),
        name("subcategory", Form::Bars, "por subcategoría", "by subcategory"),
        name("section", Form::Bars, "por sección", "by section"),
        name("scenario", Form::Bars, "por escenario", "by scenario"),
        name("origin", Form::Bars, "por origen", "by origin"),
        name("cause", Form::Bars, "por causa", "by cause"),
        name("state", Form::Bars, "por estado", "by state"),
        name("network", Form::Bars, "por red", "by network"),
        name("blocked", Form::Bars, "operación bloqueada", "blocked operation"),
    ],
    figures,
};

/// Something that every matter has, or may have, a value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// A tag.
    Tag(Field),
    /// How an agent closed it.
    Scenario,
    /// How it came to us.
    Origin,
    /// Why it was opened.
    Cause,
    /// Where it stands.
    State,
    /// Its network.
    Network,
    /// Whether an operation of the customer is blocked.
    Blocked,
}

/// A label with its name: how it is typed.
pub type Named = (&'static str, Label);

impl Label {
    /// All, by name.
    pub const ALL: [Named; 10] = [
        ("typology", Label::Tag(Field::Typology)),
        ("category", Label::Tag(Field::Category)),
        ("subcategory", Label::Tag(Field::Subcategory)),
        ("section", Label::Tag(Field::Section)),
        ("scenario", Label::Scenario),
        ("origin", Label::Origin),
        ("cause", Label::Cause),
        ("state", Label::State),
        ("network", Label::Network),
        ("blocked", Label::Blocked),
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Label> {
        Label::ALL.iter().find(|(known, _)| *known == name).map(|(_, label)| *label)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Label::ALL.iter().find(|(_, label)| *label == self).map_or("", |(name, _)| name)
    }

    /// What it is of `incident`, if it has it.
    pub fn of(self, incident: &Incident) -> Option<Key> {
        let name = |text: &Arc<str>| Key::Name(Arc::clone(text));
        match self {
            // The intents are words that people know, whoever said so.
            Label::Tag(Field::Category) => incident.tag(Field::Category).map(|text| {
                let intent = Intent::ALL.into_iter().find(|i| i.as_str() == text);
                intent.map_or_else(|| Key::name(text), |i| Key::Word(i.as_str()))
            }),
            Label::Tag(field) => incident.tag(field).map(Key::name),
            Label::Scenario => incident.closing().and_then(|c| c.scenario.as_ref()).map(name),
            Label::Origin => Some(Key::Word(incident.origin().as_str())),
            Label::Cause => Some(Key::Word(incident.cause.as_str())),
            Label::State => Some(Key::Word(incident.state().as_str())),
            Label::Network => Some(name(&incident.network)),
            Label::Blocked => Some(Key::Word(if incident.blocked { "yes" } else { "no" })),
        }
    }

    /// The same with a word for none.
    pub fn or_none(self, incident: &Incident) -> Key {
        self.of(incident).unwrap_or(Key::Word("none"))
    }
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut out = Vec::new();
    for (name, label) in Label::ALL {
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        facts.cohort().for_each(|i| *counts.entry(label.or_none(i)).or_default() += 1);
        let mut rows: Vec<(Key, usize)> = counts.into_iter().collect();
        // Nobody uses the label.
        if matches!(&rows[..], [(Key::Word("none"), _)]) {
            continue;
        }
        rows.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        out.extend(rows.into_iter().map(|(key, n)| Figure::count(name, n).about(key)));
    }
    out
}
