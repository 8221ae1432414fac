//! Playbooks: what the team does with a matter of a kind, and how it may answer.
//!
//! Written by the team in its configuration; here one is chosen for a matter, its templates are filled, and
//! [`faults`] says what is wrong with a text before a customer can read it. Nothing is ever sent from here.

mod length;
mod lint;

use std::sync::Arc;

pub use length::{Limit, length, limit};
pub use lint::{Fault, faults};

use crate::bilingual::{Both, Lang};
use crate::contact::Intent;
use crate::incident::{Field, Incident, Tags};

/// What stands for something in a template: `{handle}` for the customer's name without `@`, `{agent}` for who answers.
pub const PLACEHOLDERS: [&str; 2] = ["handle", "agent"];

/// One `[[playbook]]`. What is not said of the matters it is for does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playbook {
    /// Its name.
    pub name: Arc<str>,
    /// Matters of these brands; of any, if there are none.
    pub brands: Vec<Arc<str>>,
    /// Matters with these labels.
    pub tags: Tags,
    /// Matters of whoever wants this.
    pub intent: Option<Intent>,
    /// Matters in which an operation is blocked, or in which none is.
    pub blocked: Option<bool>,
    /// What to do, in order.
    pub steps: Vec<Both>,
    /// Texts to answer with.
    pub templates: Vec<Template>,
}

/// A text to answer with, as the team wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its language: the customer's, not that of who reads the page.
    pub lang: Lang,
    /// With placeholders.
    pub text: String,
}

const FIELDS: [Field; 4] = [Field::Typology, Field::Category, Field::Subcategory, Field::Section];

impl Playbook {
    /// Whether it is for this matter.
    pub fn is_for(&self, matter: &Incident) -> bool {
        let is = |field: Field| self.tags.get(field).is_none_or(|wanted| matter.tag(field) == Some(wanted));
        (self.brands.is_empty() || self.brands.contains(&matter.brand))
            && FIELDS.into_iter().all(is)
            && self.intent.is_none_or(|intent| intent == matter.intent)
            && self.blocked.is_none_or(|blocked| blocked == matter.blocked)
    }

    /// How much it says of the matters it is for: so many keys.
    pub fn specificity(&self) -> usize {
        let tags = FIELDS.into_iter().filter(|field| self.tags.get(*field).is_some()).count();
        tags + usize::from(!self.brands.is_empty()) + usize::from(self.intent.is_some()) + usize::from(self.blocked.is_some())
    }
}

/// The most specific of those that are for this matter; of equals the first in the file.
pub fn choose<'a>(all: &'a [Playbook], matter: &Incident) -> Option<&'a Playbook> {
    // The last of equals is taken: from the end it is the first.
    all.iter().rev().filter(|playbook| playbook.is_for(matter)).max_by_key(|playbook| playbook.specificity())
}

/// `text` with its placeholders filled; what is no placeholder stays as it is, also in what is filled in.
pub fn fill(text: &str, handle: &str, agent: &str) -> String {
    let mut out = String::with_capacity(text.len() + handle.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_placeholder(rest) {
        out += before;
        match name {
            "handle" => out += handle.trim_start_matches('@'),
            "agent" => out += agent,
            other => out.extend(["{", other, "}"]),
        }
        rest = after;
    }
    out + rest
}

/// What stands before the next `{name}`, the name, and what stands behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        for (text, want) in [
            ("Hola, @{handle}. ^{agent}", "Hola, @maria{agent}. ^AB"),
            ("{handle}{handle}", "maria{agent}maria{agent}"),
            ("{nombre} y {agent}", "{nombre} y AB"),
            ("{ abierta", "{ abierta"),
            ("}{agent}{", "}AB{"),
            ("", ""),
        ] {
            // What a stranger is called is no placeholder.
            assert_eq!(fill(text, "@maria{agent}", "AB"), want, "{text}");
        }
    }
}
