//! The file as typed: every value with its place, nothing decided yet but types and key names.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use crate::alert::Severity;
use crate::anomaly::{Budget, Direction, SENSITIVITY};
use crate::http::Role;
use crate::limits;
use crate::query::Accents;
use crate::time::{HOUR, MINUTE, SECOND};
use crate::topic::Role as AccountRole;
use crate::window::Window;

use super::asked::Holds;
use super::calendars;
use super::groups;
use super::notify::{self, Notify};
use super::organisations;
use super::playbooks;
use super::problem::{Problems, both};
use super::reports;
use super::routes;
use super::section::{At, Section, no_fix};
use super::sla;
use super::sources::{self, Source};
use super::store;
use super::walls;
use crate::nearest;

/// A whole file.
pub struct Typed<'a> {
    pub timezone: Option<At<&'a str>>,
    pub server: Server<'a>,
    pub engine: Engine,
    pub store: Option<store::Typed<'a>>,
    pub wall: Option<walls::Typed<'a>>,
    pub care: reports::Care<'a>,
    pub kept: sla::TypedCare<'a>,
    pub reports: Vec<reports::Typed<'a>>,
    pub playbooks: Vec<playbooks::Typed<'a>>,
    pub tokens: Vec<Token<'a>>,
    pub sources: Vec<Source<'a>>,
    pub brands: Vec<Brand<'a>>,
    pub groups: Vec<groups::Typed<'a>>,
    pub lists: Vec<List<'a>>,
    pub topics: Vec<Topic<'a>>,
    pub alerts: Vec<Alert<'a>>,
    pub calendars: Vec<calendars::Typed<'a>>,
    pub notifiers: Vec<Notify<'a>>,
    pub routing: routes::Typed<'a>,
}

/// `[server]`.
#[derive(Default)]
pub struct Server<'a> {
    pub bind: Option<At<&'a str>>,
    pub origins: Vec<At<&'a str>>,
    pub log: Option<At<&'a str>>,
}

/// `[engine]`.
#[derive(Default)]
pub struct Engine {
    pub lanes: Option<At<i64>>,
    pub lateness: Option<At<i64>>,
    pub dedupe: Option<At<i64>>,
    pub recent: Option<At<u64>>,
    pub recall: Option<At<u64>>,
}

/// `[[token]]`.
pub struct Token<'a> {
    pub name: Option<At<&'a str>>,
    pub role: Option<At<Role>>,
    pub hash: Option<At<&'a str>>,
    pub device: Option<At<bool>>,
}

/// `[[brand]]`.
pub struct Brand<'a> {
    pub name: Option<At<&'a str>>,
    pub own: bool,
    pub timezone: Option<At<&'a str>>,
    pub accounts: Vec<Account<'a>>,
    pub ignore: Vec<At<&'a str>>,
    pub published: Vec<At<&'a str>>,
    pub organisations: Vec<organisations::Typed<'a>>,
}

/// One account of a brand.
pub struct Account<'a> {
    pub span: Range<usize>,
    pub handle: Option<At<&'a str>>,
    pub id: Option<At<&'a str>>,
    pub network: Option<At<&'a str>>,
    pub role: Option<AccountRole>,
}

/// `[[list]]`.
pub struct List<'a> {
    pub name: Option<At<&'a str>>,
    pub terms: Vec<At<&'a str>>,
}

/// `[[topic]]`.
pub struct Topic<'a> {
    pub name: Option<At<&'a str>>,
    pub queries: Vec<Query<'a>>,
    pub brand: Option<At<&'a str>>,
    pub weight: i64,
    pub typology: &'a str,
    pub category: &'a str,
    pub subcategory: &'a str,
    pub section: &'a str,
    pub incidents: bool,
    pub timezone: Option<At<&'a str>>,
}

/// One query of a topic with its own settings.
pub struct Query<'a> {
    pub text: At<&'a str>,
    pub settings: QuerySettings<'a>,
}

/// How one query is read, its own settings or else those of its topic.
#[derive(Clone, Copy, Default)]
pub struct QuerySettings<'a> {
    pub accents: Accents,
    pub strict: bool,
    pub quoted: bool,
    /// `all:posts` is permitted.
    pub all: bool,
    pub tag: &'a str,
}

/// `[[alert]]`.
pub struct Alert<'a> {
    pub section: Section<'a>,
    pub name: Option<At<&'a str>>,
    pub on: Option<At<Watch>>,
    /// `None` means all.
    pub topics: Option<At<Vec<At<&'a str>>>>,
    pub at: Option<At<i64>>,
    pub window: Option<At<Window>>,
    pub severity: Severity,
    pub resolve_after: Option<At<i64>>,
    pub sensitivity: Option<At<f64>>,
    pub budget: Option<At<Budget>>,
    pub quick: Option<At<bool>>,
    /// `None` means all.
    pub sources: Option<At<Vec<At<&'a str>>>>,
    pub down_for: Option<At<i64>>,
    pub share: groups::Share<'a>,
    pub sla: sla::Sla<'a>,
}

impl Alert<'_> {
    /// Whether it watches brands of a group, and no topics.
    pub fn on_group(&self) -> bool {
        self.on.as_ref().is_some_and(|on| on.value.is_on_group())
    }
}

/// What an alert watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    Priority,
    Volume,
    Unusual(Direction),
    Source,
    Share,
    Unanswered,
    Sla,
}

impl Watch {
    /// It watches brands of a group.
    pub fn is_on_group(self) -> bool {
        matches!(self, Watch::Share | Watch::Unanswered)
    }
}

/// Sections that are promised and not built yet.
const LATER: [&str; 1] = ["silence"];

const ACCENTS: [(&str, Accents); 3] = [("fold", Accents::Fold), ("smart", Accents::Smart), ("exact", Accents::Exact)];

/// Reads a parsed file; mistakes go to `problems`.
pub fn read<'a>(table: &'a Spanned<DeTable<'a>>, problems: &'a Problems) -> Typed<'a> {
    let root = Section::root(table, problems);
    let known =
        ["timezone", "server", "engine", "store", "token", "source", "brand", "group", "list", "topic", "alert", "calendar", "wall"];
    root.only(&[&known[..], &["notify", "route", "inhibit", "mute", "heartbeat", "care", "report", "playbook"]].concat(), &LATER);
    let care = root.table("care", "[care]");
    if let Some(section) = care {
        section.only(&[&reports::KEYS[..], &sla::KEPT].concat(), &[]);
    }
    Typed {
        timezone: root.text("timezone"),
        server: root.table("server", "[server]").map(server).unwrap_or_default(),
        engine: root.table("engine", "[engine]").map(engine).unwrap_or_default(),
        store: root.table("store", "[store]").map(store::read),
        wall: root.table("wall", "[wall]").map(walls::read),
        care: care.map(reports::care).unwrap_or_default(),
        kept: care.map(sla::care).unwrap_or_default(),
        reports: root.tables("report", "[[report]]").into_iter().map(reports::read).collect(),
        playbooks: root.tables("playbook", "[[playbook]]").into_iter().map(playbooks::read).collect(),
        tokens: root.tables("token", "[[token]]").into_iter().map(token).collect(),
        sources: root.tables("source", "[[source]]").into_iter().map(sources::read).collect(),
        brands: root.tables("brand", "[[brand]]").into_iter().map(brand).collect(),
        groups: root.tables("group", "[[group]]").into_iter().map(groups::read).collect(),
        lists: root.tables("list", "[[list]]").into_iter().map(list).collect(),
        topics: root.tables("topic", "[[topic]]").into_iter().map(topic).collect(),
        alerts: root.tables("alert", "[[alert]]").into_iter().map(alert).collect(),
        calendars: root.tables("calendar", "[[calendar]]").into_iter().map(calendars::read).collect(),
        notifiers: root.tables("notify", "[[notify]]").into_iter().map(notify::read).collect(),
        routing: routes::read(root),
    }
}

fn server(section: Section<'_>) -> Server<'_> {
    section.only(&["bind", "origins", "log"], &[]);
    Server { bind: section.text("bind"), origins: section.texts("origins"), log: section.text("log") }
}

fn engine(section: Section<'_>) -> Engine {
    section.only(&["lanes", "lateness", "dedupe", "recent", "recall"], &[]);
    Engine {
        lanes: section.integer("lanes", 1, limits::LANES as i64),
        lateness: section.duration("lateness", 0, limits::FUTURE),
        dedupe: section.duration("dedupe", MINUTE, 7 * 24 * HOUR),
        recent: section.size("recent", 1 << 20, 64 << 30),
        recall: section.size("recall", 0, 64 << 30),
    }
}

fn token(section: Section<'_>) -> Token<'_> {
    section.only(&["name", "role", "hash", "device"], &[]);
    let roles = Role::ALL.map(|role| (role.as_str(), role));
    if section.value("role").is_none() {
        section.missing("role");
    }
    let device = section.flag("device");
    Token { name: section.name(), role: section.choice("role", &roles, &[]), hash: section.required("hash"), device }
}

fn brand(section: Section<'_>) -> Brand<'_> {
    section.only(&["name", "own", "accounts", "ignore", "published", "organisations", "timezone"], &[]);
    Brand {
        name: section.name(),
        own: section.flag("own").is_some_and(|own| own.value),
        timezone: section.text("timezone"),
        accounts: section.tables("accounts", "accounts").into_iter().map(account).collect(),
        ignore: section.texts("ignore"),
        published: section.texts("published"),
        organisations: organisations::read(section),
    }
}

fn account(section: Section<'_>) -> Account<'_> {
    section.only(&["handle", "id", "network", "role"], &[]);
    let roles = [("broadcast", AccountRole::Broadcast), ("service", AccountRole::Service)];
    Account {
        span: section.span(),
        handle: section.text("handle"),
        id: section.text("id"),
        network: section.text("network"),
        role: section.choice("role", &roles, &[]).map(|r| r.value),
    }
}

fn list(section: Section<'_>) -> List<'_> {
    section.only(&["name", "terms"], &[]);
    let name = section.name();
    match section.value("terms") {
        None => section.missing("terms"),
        Some(value) if value.get_ref().as_array().is_some_and(|terms| terms.is_empty()) => {
            section.problems().error(&value.span(), both!("«terms» está vacía", "“terms” is empty"), no_fix());
        }
        Some(_) => {}
    }
    List { name, terms: section.texts("terms") }
}

/// Keys of a query's settings, on a topic for all its queries and on each of them.
const SETTINGS: [&str; 5] = ["accents", "strict", "quoted", "all", "tag"];

/// Reads one `[[topic]]`.
pub fn topic(section: Section<'_>) -> Topic<'_> {
    let own = ["name", "query", "queries", "brand", "weight", "typology", "category", "subcategory", "section", "incidents", "timezone"];
    section.only(&[&own[..], &SETTINGS].concat(), &["dialect"]);
    let label = |key| section.text(key).map_or("", |text| text.value);
    Topic {
        name: section.name(),
        queries: queries(section),
        brand: section.text("brand"),
        weight: section.integer("weight", 0, 30).map_or(0, |w| w.value),
        typology: label("typology"),
        category: label("category"),
        subcategory: label("subcategory"),
        section: label("section"),
        incidents: section.flag("incidents").is_some_and(|f| f.value),
        timezone: section.text("timezone"),
    }
}

/// The settings in `section`, or else those of `outer`.
fn settings<'a>(section: Section<'a>, outer: QuerySettings<'a>) -> QuerySettings<'a> {
    let flag = |key, outer| section.flag(key).map_or(outer, |f| f.value);
    QuerySettings {
        accents: section.choice("accents", &ACCENTS, &[]).map_or(outer.accents, |a| a.value),
        strict: flag("strict", outer.strict),
        quoted: flag("quoted", outer.quoted),
        all: flag("all", outer.all),
        tag: section.text_within("tag", limits::TAG_CHARS).map_or(outer.tag, |t| t.value),
    }
}

/// `query = "…"` or `queries = ["…", { query = "…", accents = "exact" }]`.
fn queries(section: Section<'_>) -> Vec<Query<'_>> {
    section.reads("queries", Holds::Queries);
    let outer = settings(section, QuerySettings::default());
    let plain = |text| Query { text, settings: outer };
    let mut all: Vec<Query<'_>> = section.text("query").map(plain).into_iter().collect();
    if let (Some(_), Some(both_given)) = (section.value("query"), section.value("queries")) {
        let cause = both!("un tema lleva «query» o «queries», no las dos", "a topic has “query” or “queries”, not both");
        section.problems().error(&both_given.span(), cause, both!("pon todas en «queries»", "put all of them in “queries”"));
    }
    let Some(value) = section.value("queries") else {
        if section.value("query").is_none() {
            section.missing("query");
        }
        return all;
    };
    let Some(list) = value.get_ref().as_array() else {
        let cause = both!("«queries» debe ser una lista", "“queries” must be a list");
        section.problems().error(&value.span(), cause, both!("escribe queries = [\"…\", \"…\"]", "write queries = [\"…\", \"…\"]"));
        return all;
    };
    if list.is_empty() {
        section.problems().error(&value.span(), both!("«queries» está vacía", "“queries” is empty"), no_fix());
    }
    for item in list.iter() {
        if let Some(text) = item.get_ref().as_str() {
            all.push(plain(At { value: text, span: item.span() }));
        } else if let Some(own) = Section::open(item, "queries", section.problems()) {
            own.only(&[&["query"][..], &SETTINGS].concat(), &["dialect"]);
            all.extend(own.required("query").map(|text| Query { text, settings: settings(own, outer) }));
        }
    }
    all
}

fn alert(section: Section<'_>) -> Alert<'_> {
    let known = ["name", "on", "topics", "severity", "at", "window", "resolve_after", "sensitivity", "budget", "quick"];
    section.only(&[&known[..], &["sources", "down_for"], &["group", "brands", "significance", "change"], &sla::KEYS].concat(), &["notify"]);
    let watched = [
        ("priority", Watch::Priority),
        ("volume", Watch::Volume),
        ("spike", Watch::Unusual(Direction::Spike)),
        ("drop", Watch::Unusual(Direction::Drop)),
        ("source", Watch::Source),
        ("share", Watch::Share),
        ("unanswered", Watch::Unanswered),
        ("sla", Watch::Sla),
    ];
    if section.value("on").is_none() {
        section.missing("on");
    }
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let windows = Window::ALL.map(|window| (window.as_str(), window));
    let on = section.choice("on", &watched, &[]);
    let on_group = on.as_ref().is_some_and(|on| on.value.is_on_group());
    Alert {
        section,
        name: section.name(),
        on,
        topics: section.list("topics"),
        at: section.integer("at", 0, i64::MAX),
        window: if on_group { None } else { section.choice("window", &windows, &[]) },
        severity: section.choice("severity", &severities, &[]).map(|s| s.value).unwrap_or_default(),
        resolve_after: section.duration("resolve_after", MINUTE, 24 * HOUR),
        sensitivity: section.decimal("sensitivity", SENSITIVITY.0, SENSITIVITY.1),
        budget: budget(section),
        quick: section.flag("quick"),
        sources: section.list("sources"),
        down_for: section.duration("down_for", 10 * SECOND, 24 * HOUR),
        share: groups::share(section, on_group),
        sla: sla::read(section),
    }
}

/// `"5 per 3 weeks"`.
fn budget(section: Section<'_>) -> Option<At<Budget>> {
    let text = section.text("budget")?;
    let (typed, alerts, days) = (text.value, limits::BUDGET_ALERTS, limits::BUDGET_DAYS);
    let found = Budget::parse(typed).map(|value| At { value, span: text.span.clone() });
    if found.is_none() {
        let cause = both!("«{typed}» no se entiende en «budget»", "“{typed}” is not understood in “budget”");
        let fix = both!(
            "por ejemplo budget = \"5 per 3 weeks\", hasta {alerts} alertas y {days} días",
            "for example budget = \"5 per 3 weeks\", up to {alerts} alerts and {days} days"
        );
        section.problems().error(&text.span, cause, fix);
    }
    found
}

/// Notes a reference to `kind` that no name of `known` answers.
pub fn unknown_name<'n>(problems: &Problems, name: &At<&str>, kind: &str, known: impl IntoIterator<Item = &'n str>) {
    let typed = name.value;
    let near = if problems.are_many() { None } else { nearest::nearest(typed, known) };
    let fix = match near {
        Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
        None => both!("añade {kind} con name = \"{typed}\"", "add {kind} with name = \"{typed}\""),
    };
    problems.error(&name.span, both!("no hay {kind} «{typed}»", "there is no {kind} “{typed}”"), fix);
}
