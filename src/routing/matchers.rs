//! What an alert is told apart by, and who asks for which.

use std::collections::{BTreeMap, BTreeSet};

use crate::alert::Alert;

/// A name of an alert that routes, silences and inhibitions go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The rule.
    Rule,
    /// The topic.
    Topic,
    /// The brand of the topic, empty if it has none.
    Brand,
    /// How bad.
    Severity,
}

impl Label {
    /// All.
    pub const ALL: [Label; 4] = [Label::Rule, Label::Topic, Label::Brand, Label::Severity];

    /// Its name everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Label::Rule => "rule",
            Label::Topic => "topic",
            Label::Brand => "brand",
            Label::Severity => "severity",
        }
    }

    /// The label called `name`.
    pub fn named(name: &str) -> Option<Label> {
        Label::ALL.into_iter().find(|l| l.as_str() == name)
    }

    /// Its value for `alert`.
    pub fn of(self, alert: &Alert) -> &str {
        match self {
            Label::Rule => &alert.rule,
            Label::Topic => &alert.topic,
            Label::Brand => &alert.brand,
            Label::Severity => alert.severity.as_str(),
        }
    }
}

/// The values of `labels` for `alert`.
pub fn values(labels: &[Label], alert: &Alert) -> Vec<String> {
    labels.iter().map(|l| l.of(alert).to_owned()).collect()
}

/// For each label that is named one of these values; without any it matches every alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matchers(pub BTreeMap<Label, BTreeSet<String>>);

impl Matchers {
    /// Whether it is about `alert`.
    pub fn matches(&self, alert: &Alert) -> bool {
        self.0.iter().all(|(label, values)| values.contains(label.of(alert)))
    }
}
