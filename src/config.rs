//! From typed to used: `escucha.toml`, read strictly, with all its problems told at once.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::bilingual::Both;
use crate::http::Token;
use crate::limits;
use crate::notifiers::Settings as NotifierSettings;
use crate::report::Plan;
use crate::routing;
use crate::sources::Settings as SourceSettings;
use crate::store::Settings as StoreSettings;
use crate::tally;
use crate::telemetry::log;
use crate::topic::{Listening, SourceName, TopicId};
use crate::wall;

mod asked;
mod body;
mod alerts;
mod calendars;
mod defaults;
mod groups;
mod lists;
mod live;
mod meaning;
mod notify;
mod organisations;
mod playbooks;
mod problem;
mod queries;
mod reference;
mod reports;
mod routes;
mod rules;
mod secret;
mod section;
mod sla;
mod sources;
mod store;
mod syntax;
mod topics;
mod typed;
mod units;
mod used;
mod walls;

pub use asked::Holds;
pub use live::{Change, Set};
pub use problem::{Problem, Problems, Report};
pub use reference::{Entry, Given, Part, defaults, reference};
pub use section::is_name;

/// A configuration as the engine uses it.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]` and `[[token]]`.
    pub server: Server,
    /// `[engine]`.
    pub engine: Engine,
    /// `[store]`; without it alerts are kept in memory only.
    pub store: Option<StoreSettings>,
    /// `[wall]`.
    pub wall: wall::Settings,
    /// `[[source]]`, in file order.
    pub sources: Vec<SourceSettings>,
    /// `[[notify]]`, in file order.
    pub notifiers: Vec<NotifierSettings>,
    /// `[[route]]`, `[[inhibit]]`, `[[mute]]` and `[[heartbeat]]`; targets are `[[notify]]` in file order.
    pub routing: routing::Settings,
    /// `[care]` and `[[report]]`.
    pub plan: Plan,
    /// `[[brand]]`, `[[group]]`, `[[topic]]` and `[[alert]]`; topics are numbered by position.
    listening: Listening,
    /// What its topics may refer to.
    set: Set,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where to listen; beyond loopback only with tokens.
    pub bind: SocketAddr,
    /// Who may come in; empty means anyone on this machine.
    pub tokens: Vec<Token>,
    /// Pages, besides its own, that may open the stream.
    pub allowed_origins: Vec<String>,
    /// Which lines the log has.
    pub log: String,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            tokens: Vec::new(),
            allowed_origins: Vec::new(),
            log: log::USUAL.to_owned(),
        }
    }
}

/// `[engine]`.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Threads that decode, match and score.
    pub lanes: usize,
    /// How the tally behaves.
    pub tally: tally::Settings,
    /// Bytes of raw input kept for queries to be tried against; 0 for none.
    pub recall_bytes: usize,
}

impl Default for Engine {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let tally = tally::Settings {
            lateness: limits::LATENESS,
            dedupe: limits::DEDUPE,
            recent_bytes: limits::RECENT_BYTES,
            past: None,
            taken: Arc::default(),
        };
        Engine { lanes: cores.min(limits::LANES), tally, recall_bytes: limits::RECALL_BYTES }
    }
}

/// Numbers of topics: given once by name and never to another, for as long as the process or its store lives.
#[derive(Debug, Default)]
pub struct TopicIds(HashMap<String, TopicId>);

impl TopicIds {
    /// Those that were given before; none of them is given to another.
    pub fn known(names: impl IntoIterator<Item = (TopicId, String)>) -> TopicIds {
        TopicIds(names.into_iter().map(|(id, name)| (name, id)).collect())
    }

    /// The number of the topic called `name`.
    pub fn of(&mut self, name: &str) -> TopicId {
        let next = TopicId(self.0.len() as u32);
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    /// Whether `name` has a number or can be given one: what was counted by a number stays, so there
    /// must be an end to them.
    pub fn has_room(&self, name: &str) -> bool {
        self.0.len() < limits::TOPICS_EVER || self.0.contains_key(name)
    }
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A report with at least one error.
    pub fn load(path: &Path) -> Result<(Config, Report), Report> {
        let name = path.display().to_string();
        let unreadable = |es: String, en: String| {
            let problem = Problem::new(0..0, true, Both::new(es, en), Both::new("", ""));
            Report { path: name.clone(), text: String::new(), problems: vec![problem] }
        };
        let size = std::fs::metadata(path).map_or(0, |m| m.len());
        if size > limits::CONFIG_BYTES {
            let most = units::show_size(limits::CONFIG_BYTES);
            return Err(unreadable(format!("el archivo supera {most}"), format!("the file is larger than {most}")));
        }
        let bytes =
            std::fs::read(path).map_err(|error| unreadable(format!("no se puede leer: {error}"), format!("cannot be read: {error}")))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        match String::from_utf8(bytes) {
            Ok(text) => Config::read(&name, text, folder),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let cause = Both::new("el archivo no es UTF-8", "the file is not UTF-8");
                let fix = Both::new("guárdalo con la codificación UTF-8", "save it with the encoding UTF-8");
                let problem = Problem::new(at..at + 1, true, cause, fix);
                Err(Report { path: name, text, problems: vec![problem] })
            }
        }
    }

    /// Reads `text`, shown as `path` in reports; relative paths in it start at `folder`. Beside a
    /// good configuration the report holds warnings only.
    ///
    /// # Errors
    /// A report with at least one error.
    pub fn read(path: &str, text: String, folder: &Path) -> Result<(Config, Report), Report> {
        let problems = Problems::default();
        let (config, errors) = {
            let (table, errors) = DeTable::parse_recoverable(&text);
            let typed = typed::read(&table, &problems);
            (used::config(&typed, &text, folder, &problems), errors)
        };
        let problems = syntax::merge(&errors, problems.sorted(), &text);
        let report = Report { path: path.to_owned(), problems, text };
        if report.has_errors() { Err(report) } else { Ok((config, report)) }
    }

    /// What to listen for, with the topics' lasting numbers.
    pub fn listening(&self, ids: &mut TopicIds, version: u64) -> Listening {
        numbered(self.listening.clone(), ids, version)
    }

    /// The same, given away: many queries need not be there twice.
    pub fn take_listening(&mut self, ids: &mut TopicIds, version: u64) -> Listening {
        numbered(std::mem::take(&mut self.listening), ids, version)
    }

    /// Says that a source behind those of the file carries our own posts, as the demo's does.
    pub fn add_own_posts(&mut self) {
        self.listening.own_posts.push(true);
        self.plan.carried = true;
    }

    /// What its topics may refer to, for topics that change while the engine runs.
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// Whether all its topics have numbers or can be given some.
    pub fn has_room(&self, ids: &TopicIds) -> bool {
        let fresh = self.listening.topics.iter().filter(|t| !ids.0.contains_key(&t.name)).count();
        ids.0.len() + fresh <= limits::TOPICS_EVER
    }

    /// The sources as the stages need them, in file order.
    pub fn source_names(&self) -> Vec<SourceName> {
        self.sources.iter().map(|s| SourceName { name: s.name.clone(), kind: s.kind }).collect()
    }
}

/// `listening` with the topics' lasting numbers instead of their places.
fn numbered(mut listening: Listening, ids: &mut TopicIds, version: u64) -> Listening {
    listening.version = version;
    for topic in &mut listening.topics {
        topic.id = ids.of(&topic.name);
    }
    let numbers: Vec<TopicId> = listening.topics.iter().map(|topic| topic.id).collect();
    for rule in &mut listening.rules {
        rule.topics = rule.topics.iter().filter_map(|position| numbers.get(position.0 as usize).copied()).collect();
    }
    listening
}
