//! Alerts on how customers are answered: `on = "sla"`; and `[care]`, how long what they wrote is kept.

use std::sync::Arc;

use crate::opening::Hours;
use crate::time::{HOUR, MINUTE};
use crate::topic::{Brand, Care, SlaRule};

use super::calendars;
use super::live::Set;
use super::problem::{Problems, both};
use super::routes;
use super::secret;
use super::section::{At, Section, no_fix};
use super::typed::{self, Typed, Watch, unknown_name};
use super::used::misplaced;

/// A first answer may take so long if nothing else is said, and so long before anybody is warned.
pub const FIRST_ANSWER: i64 = HOUR;
pub const WARN: i64 = 45 * MINUTE;
/// The same where an operation of the customer is blocked.
pub const BLOCKED: i64 = 15 * MINUTE;
/// News that we promised may take so long.
pub const PROMISE: i64 = 4 * HOUR;
/// So many alerts of one brand and kind stand alone.
pub const EACH: i64 = 20;
/// A time allowed is this long at most.
const LONGEST: i64 = 30 * 24 * HOUR;
const DAY: i64 = 24 * HOUR;

/// What an alert says of answers.
pub struct Sla<'a> {
    pub first_answer: Option<At<i64>>,
    pub warn: Option<At<i64>>,
    pub blocked: Option<At<i64>>,
    pub next_answer: Option<At<i64>>,
    pub promise: Option<At<i64>>,
    pub hours: Option<At<bool>>,
    pub from: Option<(At<&'a str>, u16)>,
    pub to: Option<(At<&'a str>, u16)>,
    pub days: Option<(std::ops::Range<usize>, [bool; 7])>,
    pub bystanders: Option<At<bool>>,
    pub each: Option<At<i64>>,
}

/// The keys of an alert that are about answers, beside `brands`.
pub const KEYS: [&str; 11] =
    ["first_answer", "warn", "blocked", "next_answer", "promise", "hours", "from", "to", "days", "bystanders", "each"];

/// Reads them.
pub fn read(section: Section<'_>) -> Sla<'_> {
    let time = |key| section.duration(key, MINUTE, LONGEST);
    let civil = |key| routes::civil(section, key);
    Sla {
        first_answer: time("first_answer"),
        warn: time("warn"),
        blocked: time("blocked"),
        next_answer: time("next_answer"),
        promise: time("promise"),
        hours: section.choice("hours", &[("calendar", false), ("business", true)], &[]),
        from: civil("from"),
        to: civil("to"),
        days: section.value("days").map(|value| (value.span(), routes::days(section).unwrap_or([true; 7]))),
        bystanders: section.flag("bystanders"),
        each: section.integer("each", 1, 1000),
    }
}

impl Sla<'_> {
    /// The keys that are there, and where.
    pub fn placed(&self) -> [(&'static str, Option<&std::ops::Range<usize>>); 11] {
        fn at<T>(key: &Option<At<T>>) -> Option<&std::ops::Range<usize>> {
            key.as_ref().map(|k| &k.span)
        }
        [
            ("first_answer", at(&self.first_answer)),
            ("warn", at(&self.warn)),
            ("blocked", at(&self.blocked)),
            ("next_answer", at(&self.next_answer)),
            ("promise", at(&self.promise)),
            ("hours", at(&self.hours)),
            ("from", self.from.as_ref().map(|(k, _)| &k.span)),
            ("to", self.to.as_ref().map(|(k, _)| &k.span)),
            ("days", self.days.as_ref().map(|(span, _)| span)),
            ("bystanders", at(&self.bystanders)),
            ("each", at(&self.each)),
        ]
    }
}

/// Whether an alert watches how customers are answered.
pub fn is_on_answers(typed: &typed::Alert<'_>) -> bool {
    typed.on.as_ref().is_some_and(|on| on.value == Watch::Sla)
}

/// The rules on answers.
pub fn rules(typed: &Typed<'_>, brands: &[Brand], set: &Set, problems: &Problems) -> Arc<[SlaRule]> {
    typed.alerts.iter().filter(|a| is_on_answers(a)).filter_map(|a| rule(a, typed, brands, set, problems)).collect()
}

fn rule(alert: &typed::Alert<'_>, typed: &Typed<'_>, brands: &[Brand], set: &Set, problems: &Problems) -> Option<SlaRule> {
    misplaced(alert, Watch::Sla, "sla", problems);
    let sla = &alert.sla;
    let given = |key: &Option<At<i64>>, default| key.as_ref().map_or(default, |k| k.value);
    let first_answer = given(&sla.first_answer, FIRST_ANSWER);
    if let Some(warn) = sla.warn.as_ref().filter(|warn| warn.value >= first_answer) {
        let cause = both!("«warn» debe ser menor que «first_answer»", "“warn” must be less than “first_answer”");
        problems.error(&warn.span, cause, both!("por ejemplo warn = \"45m\"", "for example warn = \"45m\""));
    }
    let hours = hours(alert, problems);
    let watched = watched(alert, brands, problems);
    let calendar = calendars::of_all(&typed.calendars);
    let of_brand = |place: usize| {
        let at = |(days, from, to)| Arc::new(Hours { days, from, to, zone: set.zone(Some(place)), holidays: calendar.clone() });
        (Arc::from(brands[place].name.as_str()), hours.map(at))
    };
    Some(SlaRule {
        name: alert.name.as_ref()?.value.to_owned(),
        brands: watched.into_iter().map(of_brand).collect(),
        first_answer,
        // Three quarters of a time that somebody chose, where nothing is said of it.
        warn: Some(sla.warn.as_ref().map_or(if sla.first_answer.is_none() { WARN } else { first_answer / 4 * 3 }, |w| w.value)),
        blocked: Some(given(&sla.blocked, BLOCKED)),
        next_answer: sla.next_answer.as_ref().map(|n| n.value),
        promise: Some(given(&sla.promise, PROMISE)),
        bystanders: sla.bystanders.as_ref().is_some_and(|b| b.value),
        each: given(&sla.each, EACH) as usize,
        severity: alert.severity,
    })
}

/// When somebody is there; `None` if the clocks always run.
fn hours(alert: &typed::Alert<'_>, problems: &Problems) -> Option<([bool; 7], u16, u16)> {
    let sla = &alert.sla;
    if !sla.hours.as_ref().is_some_and(|h| h.value) {
        for (key, span) in sla.placed().into_iter().filter(|(key, _)| ["from", "to", "days"].contains(key)) {
            if let Some(span) = span {
                let cause = both!("«{key}» necesita hours = \"business\"", "“{key}” needs hours = \"business\"");
                problems.error(span, cause, both!("añádelo, o borra «{key}»", "add it, or delete “{key}”"));
            }
        }
        return None;
    }
    for key in ["from", "to"].into_iter().filter(|key| alert.section.value(key).is_none()) {
        let cause = both!("a hours = \"business\" le falta «{key}»", "hours = \"business\" lacks “{key}”");
        problems.error(
            &alert.section.span(),
            cause,
            both!("por ejemplo from = \"09:00\" y to = \"18:00\"", "for example from = \"09:00\" and to = \"18:00\""),
        );
    }
    let (from, to) = (sla.from.as_ref()?, sla.to.as_ref()?);
    if from.1 >= to.1 {
        let cause = both!("«to» debe ser después de «from», el mismo día", "“to” must be after “from”, on the same day");
        problems.error(&to.0.span, cause, both!("por ejemplo to = \"18:00\"", "for example to = \"18:00\""));
        return None;
    }
    let weekdays = [true, true, true, true, true, false, false];
    Some((sla.days.as_ref().map_or(weekdays, |(_, days)| *days), from.1, to.1))
}

/// The places of the brands that are watched: those named, or all of our own.
fn watched(alert: &typed::Alert<'_>, brands: &[Brand], problems: &Problems) -> Vec<usize> {
    let own = brands.iter().enumerate().filter(|(_, b)| b.own).map(|(place, _)| place);
    let Some(named) = &alert.share.brands else {
        let own: Vec<usize> = own.collect();
        if own.is_empty() {
            let cause = both!("la alerta vigila las marcas propias y no hay ninguna", "the alert watches our own brands and there is none");
            problems.error(&alert.section.span(), cause, both!("pon own = true en una [[brand]]", "put own = true in a [[brand]]"));
        }
        return own;
    };
    if named.value.is_empty() {
        problems.error(&named.span, both!("«brands» está vacía", "“brands” is empty"), no_fix());
    }
    let mut places = Vec::new();
    for name in &named.value {
        match brands.iter().position(|b| b.name == name.value) {
            None => unknown_name(problems, name, "[[brand]]", brands.iter().map(|b| b.name.as_str())),
            Some(place) if !brands[place].own => {
                let brand = name.value;
                let cause = both!("«{brand}» no es propia: nadie nuestro le responde", "“{brand}” is not ours: none of us answers for it");
                problems.error(&name.span, cause, both!("pon own = true en su [[brand]]", "put own = true in its [[brand]]"));
            }
            Some(place) => places.push(place),
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// `[care]` as typed.
#[derive(Default)]
pub struct TypedCare<'a> {
    retention: Option<At<i64>>,
    texts: Option<At<i64>>,
    strays: Option<At<i64>>,
    max_posts: Option<At<i64>>,
    key: Option<At<&'a str>>,
}

/// Keys of `[care]` that say what is kept.
pub const KEPT: [&str; 5] = ["retention", "texts", "strays", "max_posts", "pseudonym_key"];

/// Reads what `[care]` says of what is kept.
pub fn care(section: Section<'_>) -> TypedCare<'_> {
    TypedCare {
        retention: section.duration("retention", 31 * DAY, 3660 * DAY),
        // As long as a post may still join what is over.
        texts: section.duration("texts", 31 * DAY, 3660 * DAY),
        strays: section.duration("strays", HOUR, 30 * DAY),
        max_posts: section.integer("max_posts", 1000, 100_000_000),
        key: section.text("pseudonym_key"),
    }
}

/// What it means.
pub fn used(typed: &TypedCare<'_>, folder: &std::path::Path, problems: &Problems) -> Care {
    let default = Care::default();
    let given = |key: &Option<At<i64>>, default| key.as_ref().map_or(default, |k| k.value);
    let (retention, texts) = (given(&typed.retention, default.retention), given(&typed.texts, default.texts));
    if let Some(key) = typed.texts.as_ref().or(typed.retention.as_ref()).filter(|_| texts > retention) {
        let cause = both!("«texts» no puede durar más que «retention»", "“texts” cannot last longer than “retention”");
        problems.error(&key.span, cause, both!("por ejemplo texts = \"90d\"", "for example texts = \"90d\""));
    }
    let key = typed.key.as_ref().and_then(|at| match secret::resolve(at.value, folder) {
        Ok(key) => Some(key.as_str().into()),
        Err(cause) => {
            problems.error(&at.span, cause, no_fix());
            None
        }
    });
    Care {
        retention,
        texts,
        strays: given(&typed.strays, default.strays),
        max_posts: given(&typed.max_posts, default.max_posts as i64) as usize,
        key,
    }
}
