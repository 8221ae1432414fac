//! `[[group]]`: brands that are compared with each other, and alerts on their shares.

use std::collections::{BTreeMap, HashSet};

use crate::limits;
use crate::nearest::nearest;
use crate::share::{Group, Member, Settings, Span};
use crate::topic::{Brand, On};

use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};
use super::typed::{self, Watch, unknown_name};
use super::used::within;

/// `[[group]]` as typed.
pub struct Typed<'a> {
    section: Section<'a>,
    pub name: Option<At<&'a str>>,
    brands: Vec<At<&'a str>>,
    /// Per cent by brand.
    market: Vec<(At<&'a str>, f64)>,
    population: Option<At<i64>>,
}

/// What an alert says of the brands of a group.
#[derive(Default)]
pub struct Share<'a> {
    pub group: Option<At<&'a str>>,
    pub brands: Option<At<Vec<At<&'a str>>>>,
    span: Option<At<Span>>,
    pub significance: Option<At<f64>>,
    pub change: Option<At<f64>>,
}

/// Reads one `[[group]]`.
pub fn read(section: Section<'_>) -> Typed<'_> {
    section.only(&["name", "brands", "market_share", "population"], &[]);
    if section.value("brands").is_none() {
        section.missing("brands");
    }
    let market = section.table("market_share", "market_share").map(|table| {
        let known = table.entries().filter_map(|(brand, _)| table.decimal(brand.value, 0.0, 100.0).map(|share| (brand, share.value)));
        known.collect()
    });
    // No more than there are people.
    let population = section.integer("population", 1, 10_000_000_000);
    Typed { section, name: section.name(), brands: section.texts("brands"), market: market.unwrap_or_default(), population }
}

/// Reads the keys of an alert that are about the brands of a group; `window` only if it is one of those.
pub fn share(section: Section<'_>, on_group: bool) -> Share<'_> {
    let spans = Span::ALL.map(|span| (span.as_str(), span));
    Share {
        group: section.text("group"),
        brands: section.list("brands"),
        span: if on_group { section.choice("window", &spans, &[]) } else { None },
        significance: section.decimal("significance", 1e-6, 0.2),
        change: section.decimal("change", 0.1, 100.0),
    }
}

/// The groups, each with its brands in name order; the order of the file.
pub fn used(typed: &typed::Typed<'_>, brands: &[Brand], problems: &Problems) -> Vec<Group> {
    if !within(typed.groups.iter().map(|g| &g.name), limits::GROUPS, "[[group]]", problems) {
        return Vec::new();
    }
    let heard: HashSet<&str> = typed.topics.iter().filter_map(|t| t.brand.as_ref()).map(|b| b.value).collect();
    typed.groups.iter().map(|g| group(g, brands, &heard, problems)).collect()
}

fn group(typed: &Typed<'_>, brands: &[Brand], heard: &HashSet<&str>, problems: &Problems) -> Group {
    let mut members: BTreeMap<&str, Member> = BTreeMap::new();
    for name in &typed.brands {
        let Some(brand) = brands.iter().position(|b| b.name == name.value) else {
            unknown_name(problems, name, "[[brand]]", brands.iter().map(|b| b.name.as_str()));
            continue;
        };
        if !heard.contains(name.value) {
            let brand = name.value;
            let cause =
                both!("«{brand}» no tiene ningún tema: no se sabrá su cuota", "“{brand}” has no topic: its share will not be known");
            problems.warning(
                &name.span,
                cause,
                both!("añade un [[topic]] con brand = \"{brand}\"", "add a [[topic]] with brand = \"{brand}\""),
            );
        }
        if members.insert(name.value, Member { brand, market: None }).is_some() {
            let brand = name.value;
            let cause = both!("«{brand}» está dos veces en el grupo", "“{brand}” is in the group twice");
            problems.error(&name.span, cause, both!("bórrala una vez", "delete it once"));
        }
    }
    let (few, many) = (typed.brands.len() < 2, typed.brands.len() > limits::GROUP_BRANDS);
    if typed.section.value("brands").is_some() && (few || many) {
        let most = limits::GROUP_BRANDS;
        let span = typed.section.value("brands").map_or(typed.section.span(), |value| value.span());
        let cause = both!("un grupo compara de 2 a {most} marcas", "a group compares 2 to {most} brands");
        problems.error(
            &span,
            cause,
            both!("por ejemplo brands = [\"Banco Ejemplo\", \"Otro Banco\"]", "for example brands = [\"Example Bank\", \"Other Bank\"]"),
        );
    }
    market(typed, &mut members, problems);
    Group {
        name: typed.name.as_ref().map_or(String::new(), |n| n.value.to_owned()),
        members: members.into_values().take(limits::GROUP_BRANDS).collect(),
        population: typed.population.as_ref().map(|p| p.value as u64),
    }
}

/// Gives the brands their shares of the market.
fn market(typed: &Typed<'_>, members: &mut BTreeMap<&str, Member>, problems: &Problems) {
    let mut sum = 0.0;
    for (brand, percent) in &typed.market {
        match members.get_mut(brand.value) {
            Some(member) => member.market = Some(percent / 100.0),
            None => outside(brand, members.keys().copied(), problems),
        }
        sum += percent;
        // Shares with decimals need not sum to 100 to the last bit.
        if sum > 100.0 + 1e-6 {
            let cause = both!("las cuotas de mercado suman más del 100 %", "the shares of the market sum to more than 100%");
            problems.error(&brand.span, cause, both!("son porcentajes, por ejemplo 24.5", "they are percentages, for example 24.5"));
            return;
        }
    }
}

/// Notes a brand that is not among those of the group.
fn outside<'n>(brand: &At<&str>, known: impl Iterator<Item = &'n str> + Clone, problems: &Problems) {
    let name = brand.value;
    let fix = match nearest(name, known.clone()) {
        Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
        None => {
            let all = known.collect::<Vec<_>>().join(", ");
            both!("están: {all}", "there are: {all}")
        }
    };
    problems.error(&brand.span, both!("«{name}» no está en el grupo", "“{name}” is not in the group"), fix);
}

/// What an alert on a share, or on unanswered, watches.
pub fn on(typed: &typed::Alert<'_>, groups: &[Group], brands: &[Brand], problems: &Problems) -> Option<On> {
    let share = &typed.share;
    let is_unanswered = typed.on.as_ref().is_some_and(|on| on.value == Watch::Unanswered);
    let kind = if is_unanswered { "unanswered" } else { "share" };
    let lacks = |key: &str, example: &str| {
        if typed.section.value(key).is_none() {
            let cause = both!("a una alerta on = \"{kind}\" le falta «{key}»", "an alert with on = \"{kind}\" lacks “{key}”");
            problems.error(&typed.section.span(), cause, both!("por ejemplo {key} = {example}", "for example {key} = {example}"));
        }
    };
    if share.span.is_none() {
        lacks("window", "\"24h\"");
    }
    let Some(name) = &share.group else {
        lacks("group", "\"sector\"");
        return None;
    };
    let Some(place) = groups.iter().position(|g| g.name == name.value) else {
        unknown_name(problems, name, "[[group]]", groups.iter().map(|g| g.name.as_str()));
        return None;
    };
    let members: Vec<&str> = groups[place].members.iter().filter_map(|m| brands.get(m.brand)).map(|b| b.name.as_str()).collect();
    let mut watched = 0;
    match &share.brands {
        None => watched = (0..members.len()).fold(0, |bits, i| bits | 1 << i),
        Some(listed) => {
            if listed.value.is_empty() {
                let cause = both!("la alerta no vigila ninguna marca", "the alert watches no brand");
                problems.error(&listed.span, cause, no_fix());
            }
            for brand in &listed.value {
                match members.iter().position(|m| *m == brand.value) {
                    Some(i) => watched |= 1 << i,
                    None => outside(brand, members.iter().copied(), problems),
                }
            }
        }
    }
    let span = share.span.as_ref()?.value;
    let significance = share.significance.as_ref().map_or(Settings::SIGNIFICANCE, |s| s.value);
    let change = if is_unanswered { Settings::UNANSWERED_CHANGE } else { Settings::CHANGE };
    let change = share.change.as_ref().map_or(change, |c| c.value) / 100.0;
    let settings = Settings { group: place as u16, members: watched, span, significance, change };
    Some(if is_unanswered { On::Unanswered(settings) } else { On::Share(settings) })
}
