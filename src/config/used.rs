//! From typed to used: names resolved, texts parsed, references checked.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;

use crate::anomaly::{self, Direction};
use crate::figures;
use crate::http::{Role, Token};
use crate::limits;
use crate::notifiers;
use crate::report::{Plan, Subject};
use crate::score::Score;
use crate::share::Group;
use crate::sources::Settings;
use crate::tally;
use crate::telemetry::log;
use crate::time::{MINUTE, Zone};
use crate::topic::{Account, Brand, Listening, On, Rule, TopicId};

use super::live::Set;
use super::problem::{Problems, both};
use super::section::{At, no_fix};
use super::typed::{self, Typed, Watch, unknown_name};
use super::{
    Config, Engine, Server, alerts, calendars, groups, notify, organisations, playbooks, reports, routes, secret, sla, sources, store,
    topics, walls,
};
use crate::nearest::nearest;

/// A `priority` alert resolves so long after its last post.
pub const RESOLVE_AFTER: i64 = 15 * MINUTE;

/// The fewest digits of a telephone number.
const PUBLISHED_DIGITS: usize = 7;

/// What the file means. Mistakes go to `problems`; with errors among them the result is not whole
/// and must not be used.
pub fn config(typed: &Typed<'_>, text: &str, folder: &Path, problems: &Problems) -> Config {
    unique("[[token]]", typed.tokens.iter().map(|t| &t.name), problems);
    unique("[[source]]", typed.sources.iter().map(|s| &s.name), problems);
    unique("[[brand]]", typed.brands.iter().map(|b| &b.name), problems);
    unique("[[group]]", typed.groups.iter().map(|g| &g.name), problems);
    unique("[[list]]", typed.lists.iter().map(|l| &l.name), problems);
    unique("[[topic]]", typed.topics.iter().map(|t| &t.name), problems);
    unique("[[alert]]", typed.alerts.iter().map(|a| &a.name), problems);
    let zone = zone(typed.timezone.as_ref(), problems).unwrap_or_else(Zone::utc);
    unique("[[notify]]", typed.notifiers.iter().map(|n| &n.name), problems);
    unique("[[report]]", typed.reports.iter().map(|r| &r.name), problems);
    unique("[[calendar]]", typed.calendars.iter().map(|c| &c.name), problems);
    let brands = brands(&typed.brands, problems);
    let own_zone = zone.clone();
    let groups = groups::used(typed, &brands, problems);
    let zone_of_mutes = zone.clone();
    let set = Set::new(typed, zone, &brands, text, problems);
    let (mut topics, wordings) = topics::used(typed, &set, text, problems);
    calendars::assign(&typed.calendars, &mut topics, problems);
    let notifiers = notifiers(typed, folder, problems);
    let routing = routes::used(typed, &notifiers, &zone_of_mutes, problems);
    let sources = sources(typed, folder, problems);
    let subject = |(i, (b, typed)): (usize, (&Brand, &typed::Brand<'_>))| {
        let organisations = organisations::used(&typed.organisations, problems);
        Subject { name: b.name.clone(), own: b.own, zone: set.zone(Some(i)), organisations }
    };
    let subjects = brands.iter().zip(&typed.brands).enumerate().map(subject).collect();
    let carried = sources.iter().any(|s| s.own_posts);
    let sections = topics.iter().map(|t| t.labels.section.clone()).filter(|s| !s.is_empty()).collect();
    let named = typed.notifiers.iter().filter_map(|n| Some(n.name.as_ref()?.value)).collect();
    let ways = reports::Ways { named, notifiers: &notifiers, lasts: typed.store.is_some() };
    let plan = reports::used(&typed.care, &typed.reports, subjects, (&own_zone, carried), &ways, folder, problems);
    let playbooks = playbooks::used(typed, &brands, &topics, problems);
    let plan = Plan { sections, settings: figures::Settings { playbooks, ..plan.settings }, ..plan };
    Config {
        plan,
        routing,
        server: server(typed, folder, problems),
        engine: engine(&typed.engine),
        store: typed.store.as_ref().and_then(|s| store::used(s, folder)),
        wall: walls::used(typed.wall.as_ref(), typed.timezone.as_ref(), problems),
        notifiers,
        listening: Listening {
            version: 0,
            rules: rules(typed, &groups, &brands, problems),
            source_rules: alerts::on_sources(typed, &own_zone, problems),
            sla_rules: sla::rules(typed, &brands, &set, problems),
            care: sla::used(&typed.kept, folder, problems),
            brands,
            groups,
            topics,
            wordings,
            own_posts: sources.iter().map(|s| s.own_posts).collect(),
        },
        sources,
        set,
    }
}

fn sources(typed: &Typed<'_>, folder: &Path, problems: &Problems) -> Vec<Settings> {
    if !within(typed.sources.iter().map(|s| &s.name), limits::SOURCES, "[[source]]", problems) {
        return Vec::new();
    }
    sources::only_once(&typed.sources, problems);
    if typed.store.is_none() {
        sources::acknowledges(&typed.sources, problems);
    }
    typed.sources.iter().filter_map(|source| sources::used(source, folder, problems)).collect()
}

fn notifiers(typed: &Typed<'_>, folder: &Path, problems: &Problems) -> Vec<notifiers::Settings> {
    let fits = within(typed.notifiers.iter().map(|n| &n.name), limits::NOTIFIERS, "[[notify]]", problems);
    if fits { notify::used(typed, folder, problems) } else { Vec::new() }
}

/// An address to listen at.
pub fn address(typed: &At<&str>, problems: &Problems) -> Option<SocketAddr> {
    let text = typed.value;
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = named.as_deref().unwrap_or(text).parse().ok();
    if address.is_none() {
        let cause = both!("«{text}» no es una dirección IP con puerto", "“{text}” is no IP address with a port");
        problems.error(&typed.span, cause, both!("por ejemplo \"127.0.0.1:7070\"", "for example \"127.0.0.1:7070\""));
    }
    address
}

/// Notes names that stand twice.
pub fn unique<'t>(title: &str, names: impl Iterator<Item = &'t Option<At<&'t str>>>, problems: &Problems) {
    let mut seen = HashSet::new();
    for name in names.flatten() {
        let text = name.value;
        if !seen.insert(text) {
            let cause = both!("ya hay {title} «{text}»", "there is already {title} “{text}”");
            problems.error(&name.span, cause, both!("dale otro nombre", "give it another name"));
        }
    }
}

/// Notes the first name beyond `most`.
pub fn within<'t>(mut names: impl Iterator<Item = &'t Option<At<&'t str>>>, most: usize, title: &str, problems: &Problems) -> bool {
    let Some(beyond) = names.nth(most) else { return true };
    let span = beyond.as_ref().map_or(0..0, |name| name.span.clone());
    problems.error(&span, both!("hay más de {most} {title}", "there are more than {most} {title}"), no_fix());
    false
}

pub fn zone(name: Option<&At<&str>>, problems: &Problems) -> Option<Zone> {
    let name = name?;
    let typed = name.value;
    let zone = Zone::named(typed);
    if zone.is_none() {
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let cause = both!("no hay zona horaria «{typed}»", "there is no time zone “{typed}”");
        let fix = match nearest(typed, known.iter().map(String::as_str)) {
            Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
            None => both!("usa un nombre IANA como \"America/Mexico_City\"", "use an IANA name such as \"Europe/Madrid\""),
        };
        problems.error(&name.span, cause, fix);
    }
    zone
}

fn server(typed: &Typed<'_>, folder: &Path, problems: &Problems) -> Server {
    let tokens: Vec<Token> = typed.tokens.iter().filter_map(|t| token(t, folder, problems)).collect();
    let bind = typed.server.bind.as_ref().and_then(|bind| Some((bind, address(bind, problems)?)));
    if let Some((at, address)) = bind.as_ref().filter(|(_, a)| !a.ip().is_loopback())
        && typed.tokens.is_empty()
    {
        let cause =
            both!("{address} se ve desde fuera y no hay ningún [[token]]", "{address} is reachable from outside and there is no [[token]]");
        let fix = both!(
            "crea uno con: escucha token new NOMBRE viewer   o usa 127.0.0.1",
            "make one with: escucha token new NAME viewer   or use 127.0.0.1"
        );
        problems.error(&at.span, cause, fix);
    }
    for origin in &typed.server.origins {
        let host = origin.value.strip_prefix("https://").or_else(|| origin.value.strip_prefix("http://"));
        if host.is_none_or(|h| h.is_empty() || h.contains(|c: char| c == '/' || c.is_whitespace())) {
            let cause = both!("un origen es http(s)://servidor, sin ruta", "an origin is http(s)://host, without a path");
            problems.error(
                &origin.span,
                cause,
                both!("por ejemplo \"https://sala.ejemplo.mx\"", "for example \"https://room.example.com\""),
            );
        }
    }
    if let Some((at, Err(why))) = typed.server.log.as_ref().map(|at| (at, log::check(at.value))) {
        let typed = at.value;
        let cause = both!("«{typed}» no se entiende en «log»: {why}", "“{typed}” is not understood in “log”: {why}");
        problems.error(
            &at.span,
            cause,
            both!("por ejemplo log = \"info,escucha::sources=debug\"", "for example log = \"info,escucha::sources=debug\""),
        );
    }
    Server {
        log: typed.server.log.as_ref().map_or(Server::default().log, |log| log.value.to_owned()),
        bind: bind.map_or(Server::default().bind, |(_, address)| address),
        allowed_origins: typed.server.origins.iter().map(|o| o.value.to_owned()).collect(),
        tokens,
    }
}

fn token(typed: &typed::Token<'_>, folder: &Path, problems: &Problems) -> Option<Token> {
    let at = typed.hash.as_ref()?;
    let device = typed.device.as_ref().filter(|device| device.value);
    if let (Some(device), Some(role)) = (device, typed.role.as_ref().filter(|role| role.value != Role::Viewer)) {
        let role = role.value.as_str();
        problems.error(
            &device.span,
            both!("una pantalla no puede tener el papel «{role}»", "a screen cannot have the role “{role}”"),
            both!("device = true va con role = \"viewer\"", "device = true goes with role = \"viewer\""),
        );
    }
    match secret::resolve(at.value, folder).map(|hash| Token::parse_hash(&hash)) {
        Ok(Some(hash)) => {
            let (name, role) = (typed.name.as_ref()?.value.to_owned(), typed.role.as_ref()?.value);
            Some(Token { name, role, hash, device: device.is_some() })
        }
        Ok(None) => {
            let cause = both!("«hash» debe ser SHA-256: 64 cifras hexadecimales", "“hash” must be SHA-256: 64 hexadecimal digits");
            problems.error(&at.span, cause, both!("cópialo de: escucha token new NOMBRE ROL", "copy it from: escucha token new NAME ROLE"));
            None
        }
        Err(cause) => {
            problems.error(&at.span, cause, no_fix());
            None
        }
    }
}

fn engine(typed: &typed::Engine) -> Engine {
    let default = Engine::default();
    Engine {
        lanes: typed.lanes.as_ref().map_or(default.lanes, |lanes| lanes.value.max(1) as usize),
        tally: tally::Settings {
            lateness: typed.lateness.as_ref().map_or(default.tally.lateness, |l| l.value),
            dedupe: typed.dedupe.as_ref().map_or(default.tally.dedupe, |d| d.value),
            recent_bytes: typed.recent.as_ref().map_or(default.tally.recent_bytes, |r| r.value as usize),
            past: None,
            taken: default.tally.taken,
        },
        recall_bytes: typed.recall.as_ref().map_or(default.recall_bytes, |r| r.value as usize),
    }
}

fn brands(typed: &[typed::Brand<'_>], problems: &Problems) -> Vec<Brand> {
    let used = |brand: &typed::Brand<'_>| Brand {
        name: brand.name.as_ref().map_or(String::new(), |name| name.value.to_owned()),
        own: brand.own,
        accounts: brand.accounts.iter().filter_map(|account| self::account(account, problems)).collect(),
        ignore: brand.ignore.iter().map(|handle| handle.value.trim().trim_start_matches('@').to_lowercase()).collect(),
        published: brand.published.iter().filter_map(|text| published(text, problems)).collect(),
    };
    typed.iter().map(used).collect()
}

/// A number or an address that a brand gives out.
fn published(typed: &At<&str>, problems: &Problems) -> Option<String> {
    let digits = typed.value.chars().filter(char::is_ascii_digit).count();
    if digits < PUBLISHED_DIGITS && !typed.value.contains('@') {
        let written = typed.value;
        problems.error(
            &typed.span,
            both!("«{written}» no es un teléfono, un correo ni una cuenta", "“{written}” is no telephone number, address or account"),
            both!(
                "por ejemplo published = [\"55 1234 5678\", \"ayuda@bancoejemplo.mx\"]",
                "for example published = [\"55 1234 5678\", \"help@examplebank.com\"]"
            ),
        );
        return None;
    }
    Some(typed.value.to_owned())
}

fn account(typed: &typed::Account<'_>, problems: &Problems) -> Option<Account> {
    let handle = typed.handle.as_ref().map_or("", |h| h.value.trim().trim_start_matches('@'));
    let id = typed.id.as_ref().map_or("", |id| id.value.trim());
    if handle.is_empty() && id.is_empty() {
        let cause = both!("una cuenta necesita «handle» o «id»", "an account needs “handle” or “id”");
        problems.error(
            &typed.span,
            cause,
            both!(
                "por ejemplo {{ handle = \"bancoejemplo\", network = \"x\" }}",
                "for example {{ handle = \"examplebank\", network = \"x\" }}"
            ),
        );
        return None;
    }
    let network = typed.network.as_ref().map_or("", |n| n.value.trim());
    Some(Account { id: id.to_owned(), handle: handle.to_lowercase(), network: network.to_lowercase(), role: typed.role })
}

/// Alert rules; their topics are positions for now, see `Config::listening`.
fn rules(typed: &Typed<'_>, groups: &[Group], brands: &[Brand], problems: &Problems) -> Vec<Rule> {
    let mut topics: HashMap<&str, TopicId> = HashMap::new();
    for (i, topic) in typed.topics.iter().enumerate() {
        topics.extend(topic.name.as_ref().map(|name| (name.value, TopicId(i as u32))));
    }
    let of_alert = |alert: &typed::Alert<'_>| {
        if alert.on_group() {
            let is_share = alert.on.as_ref().is_some_and(|on| on.value == Watch::Share);
            let (watch, kind) = if is_share { (Watch::Share, "share") } else { (Watch::Unanswered, "unanswered") };
            misplaced(alert, watch, kind, problems);
            return rule(alert, groups::on(alert, groups, brands, problems)?, Vec::new());
        }
        let watched = watched_topics(alert, &topics, typed.topics.len(), problems);
        rule(alert, on(alert, problems)?, watched)
    };
    typed.alerts.iter().filter(|alert| !alerts::is_on_sources(alert) && !sla::is_on_answers(alert)).filter_map(of_alert).collect()
}

fn rule(typed: &typed::Alert<'_>, on: On, watched: Vec<TopicId>) -> Option<Rule> {
    Some(Rule {
        name: typed.name.as_ref()?.value.to_owned(),
        on,
        topics: watched,
        severity: typed.severity,
        resolve_after: typed.resolve_after.as_ref().map_or(RESOLVE_AFTER, |r| r.value),
    })
}

/// In the order of the configuration, each once.
fn watched_topics(typed: &typed::Alert<'_>, topics: &HashMap<&str, TopicId>, count: usize, problems: &Problems) -> Vec<TopicId> {
    let Some(listed) = &typed.topics else {
        if count == 0 {
            let cause = both!("la alerta vigila todos los temas y no hay ninguno", "the alert watches all topics and there is none");
            problems.error(&typed.section.span(), cause, both!("añade un [[topic]]", "add a [[topic]]"));
        }
        return (0..count as u32).map(TopicId).collect();
    };
    if listed.value.is_empty() {
        let cause = both!("la alerta no vigila ningún tema", "the alert watches no topic");
        problems.error(
            &listed.span,
            cause,
            both!("nombra alguno, o borra «topics» para vigilarlos todos", "name some, or delete “topics” to watch all"),
        );
    }
    let mut watched = Vec::new();
    for name in &listed.value {
        match topics.get(name.value) {
            Some(id) => watched.push(*id),
            None => unknown_name(problems, name, "[[topic]]", topics.keys().copied()),
        }
    }
    watched.sort_unstable();
    watched.dedup();
    watched
}

fn on(typed: &typed::Alert<'_>, problems: &Problems) -> Option<On> {
    let watch = typed.on.as_ref()?.value;
    let kind = match watch {
        Watch::Priority => "priority",
        Watch::Volume => "volume",
        Watch::Unusual(direction) => direction.as_str(),
        Watch::Source | Watch::Share | Watch::Unanswered | Watch::Sla => return None,
    };
    misplaced(typed, watch, kind, problems);
    // A value that is there and wrong was told already.
    let lacks = |key: &str, example: &str| {
        if typed.section.value(key).is_none() {
            let cause = both!("a una alerta on = \"{kind}\" le falta «{key}»", "an alert with on = \"{kind}\" lacks “{key}”");
            problems.error(&typed.section.span(), cause, both!("por ejemplo {key} = {example}", "for example {key} = {example}"));
        }
    };
    let (most, example) = if watch == Watch::Priority { (100, "80") } else { (i64::MAX, "20") };
    let at = || {
        let Some(at) = &typed.at else {
            lacks("at", example);
            return None;
        };
        if !(1..=most).contains(&at.value) {
            let cause =
                both!("«at» debe estar entre 1 y {most} con on = \"{kind}\"", "“at” must be between 1 and {most} with on = \"{kind}\"");
            problems.error(&at.span, cause, both!("por ejemplo at = {example}", "for example at = {example}"));
            return None;
        }
        Some(at.value)
    };
    match watch {
        Watch::Priority => Some(On::Priority { at: Score::points(at()? as i16) }),
        Watch::Volume => {
            let at = at()?;
            let Some(window) = &typed.window else {
                lacks("window", "\"5m\"");
                return None;
            };
            Some(On::Volume { window: window.value, at: at as u64 })
        }
        Watch::Unusual(direction) => {
            let default = anomaly::Settings::new(direction);
            Some(On::Unusual(anomaly::Settings {
                direction,
                sensitivity: typed.sensitivity.as_ref().map_or(default.sensitivity, |s| s.value),
                budget: typed.budget.as_ref().map_or(default.budget, |b| b.value),
                quick: typed.quick.as_ref().is_some_and(|q| q.value),
            }))
        }
        Watch::Source | Watch::Share | Watch::Unanswered | Watch::Sla => None,
    }
}

/// Notes the keys that belong to another kind of alert.
pub fn misplaced(typed: &typed::Alert<'_>, watch: Watch, kind: &str, problems: &Problems) {
    let spike = Watch::Unusual(Direction::Spike);
    let source = watch == Watch::Source;
    let group = watch.is_on_group();
    let sla = watch == Watch::Sla;
    let unusual = source || matches!(watch, Watch::Unusual(_));
    let keys = [
        ("topics", typed.topics.as_ref().map(|k| &k.span), !source && !group && !sla, "volume"),
        ("sources", typed.sources.as_ref().map(|k| &k.span), source, "source"),
        ("down_for", typed.down_for.as_ref().map(|k| &k.span), source, "source"),
        ("group", typed.share.group.as_ref().map(|k| &k.span), group, "share"),
        ("brands", typed.share.brands.as_ref().map(|k| &k.span), group || sla, "share"),
        ("significance", typed.share.significance.as_ref().map(|k| &k.span), group, "share"),
        ("change", typed.share.change.as_ref().map(|k| &k.span), group, "share"),
        ("at", typed.at.as_ref().map(|k| &k.span), !unusual && !group && !sla, "volume"),
        ("window", typed.window.as_ref().map(|k| &k.span), watch == Watch::Volume, "volume"),
        ("resolve_after", typed.resolve_after.as_ref().map(|k| &k.span), watch == Watch::Priority, "priority"),
        ("sensitivity", typed.sensitivity.as_ref().map(|k| &k.span), unusual, "spike"),
        ("budget", typed.budget.as_ref().map(|k| &k.span), unusual, "spike"),
        ("quick", typed.quick.as_ref().filter(|q| q.value).map(|k| &k.span), watch == spike, "spike"),
    ];
    let answers = typed.sla.placed().into_iter().map(|(key, span)| (key, span, sla, "sla"));
    let keys: Vec<_> = keys.into_iter().chain(answers).collect();
    let fitting = keys.iter().filter(|(_, _, fits, _)| *fits).map(|(key, ..)| *key);
    typed.section.takes(["name", "on", "severity"].into_iter().chain(fitting));
    for (key, span, _, other) in keys.into_iter().filter(|(_, _, fits, _)| !fits) {
        if let Some(span) = span {
            let cause = both!("«{key}» no sirve con on = \"{kind}\"", "“{key}” is of no use with on = \"{kind}\"");
            problems.error(span, cause, both!("bórralo, o usa on = \"{other}\"", "delete it, or use on = \"{other}\""));
        }
    }
}
