//! Where what is listened for changes while the engine runs: by a reload of the file, or topic by topic.
//!
//! The file is the truth: what the API changes lives until the next reload or restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::bilingual::{Both, Lang};
use crate::config::{Config, Set, TopicIds};
use crate::eql::{Options, Parsed};
use crate::http::{self, Fault, Kept, Put, Token};
use crate::intake::Intake;
use crate::lane::Compiled;
use crate::notifiers;
use crate::query::Query;
use crate::telemetry::{self, log};
use crate::topic::Listening;
use crate::wall;

/// Puts changes in force.
pub struct Desk {
    file: Option<PathBuf>,
    /// What only a restart changes.
    fixed: String,
    /// Compared as they are: what is written of a secret is the same for all.
    notifiers: Vec<notifiers::Settings>,
    /// The topics' numbers and the version in force. Held from reading what is in force to the swap of
    /// what comes of it, so that of two changes at once none is lost.
    state: Mutex<(TopicIds, u64)>,
    /// What queries may refer to; queries are read beside a change that takes its time.
    set: ArcSwap<Set>,
    intake: Arc<Intake>,
    kept: Swapped,
}

/// What is not listened for and changes with a reload as well.
#[derive(Clone)]
pub struct Swapped {
    /// Who may come in.
    pub tokens: Arc<ArcSwap<Vec<Token>>>,
    /// How the wall is shown.
    pub wall: Arc<ArcSwap<wall::Settings>>,
}

impl Swapped {
    /// As `config` has it.
    pub fn new(config: &Config) -> Swapped {
        Swapped {
            tokens: Arc::new(ArcSwap::from_pointee(config.server.tokens.clone())),
            wall: Arc::new(ArcSwap::from_pointee(config.wall.clone())),
        }
    }

    fn put(&self, config: Config) {
        self.tokens.store(Arc::new(config.server.tokens));
        self.wall.store(Arc::new(config.wall));
    }
}

impl Desk {
    /// For an engine that runs `config`, read from `file`, with the numbers `ids` and the version in
    /// force at `intake`.
    pub fn new(config: &Config, file: Option<PathBuf>, ids: TopicIds, intake: Arc<Intake>, kept: Swapped) -> Desk {
        let version = intake.compiled().listening.version;
        let (fixed, set) = (fixed(config), ArcSwap::from_pointee(config.set().clone()));
        Desk { file, fixed, notifiers: config.notifiers.clone(), state: Mutex::new((ids, version)), set, intake, kept }
    }

    fn try_reload(&self) -> Result<(), Both> {
        let Some(file) = &self.file else {
            return Err(Both::new("la demostración no tiene archivo que recargar", "the demo has no file to reload"));
        };
        let mut config = load(file)?;
        if fixed(&config) != self.fixed || config.notifiers != self.notifiers {
            return Err(Both::new(
                "cambiaron [server], [engine], [store], [[source]], [[notify]], [[route]] o lo que calla avisos: eso exige reiniciar; no se cambió nada",
                "[server], [engine], [store], [[source]], [[notify]], [[route]] or what mutes changed: that takes a restart; nothing was changed",
            ));
        }
        let mut state = self.lock();
        if !config.has_room(&state.0) {
            return Err(Both::new(
                "se usaron demasiados nombres de tema desde el arranque: reinicia; no se cambió nada",
                "too many names of topics were used since the start: restart; nothing was changed",
            ));
        }
        let version = state.1 + 1;
        let listening = config.take_listening(&mut state.0, version);
        self.enforce(&mut state, listening, config.set().clone());
        log::configured(&config.server.log);
        self.kept.put(config);
        Ok(())
    }

    /// From the next item on, listens for `listening`.
    fn enforce(&self, state: &mut (TopicIds, u64), listening: Listening, set: Set) {
        state.1 += 1;
        let compiled = Arc::new(Compiled::new(Listening { version: state.1, ..listening }));
        self.intake.swap(compiled);
        self.set.store(Arc::new(set));
    }

    fn lock(&self) -> MutexGuard<'_, (TopicIds, u64)> {
        // Numbers and version only grow, and whoever panicked swapped nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl http::Desk for Desk {
    fn reload(&self) -> Result<(), Both> {
        let outcome = self.try_reload();
        telemetry::reloaded(outcome.is_ok());
        match &outcome {
            Ok(()) => tracing::info!("configuration reloaded"),
            Err(why) => tracing::error!(why = why.get(Lang::En), "configuration not reloaded"),
        }
        outcome
    }

    fn put(&self, name: &str, body: &[u8]) -> Result<Put, Vec<Fault>> {
        let mut state = self.lock();
        let now = self.intake.compiled();
        let change = self.set.load().put(&now.listening, &mut state.0, name, body)?;
        self.enforce(&mut state, change.listening, change.set);
        tracing::info!(topic = name, created = change.created, "topic put in force until the next reload");
        Ok(Put { created: change.created, warnings: change.warnings })
    }

    fn remove(&self, name: &str) -> Result<(), Kept> {
        let mut state = self.lock();
        let now = self.intake.compiled();
        let (listening, set) = self.set.load().remove(&now.listening, name)?;
        self.enforce(&mut state, listening, set);
        tracing::info!(topic = name, "topic taken away until the next reload");
        Ok(())
    }

    fn read(&self, query: &str, options: Options<'_>) -> Parsed {
        self.set.load().read(query, options)
    }

    fn trial(&self, query: Query) -> Listening {
        self.set.load().trial(&self.intake.compiled().listening, query)
    }
}

fn load(file: &Path) -> Result<Config, Both> {
    Config::load(file).map(|(config, _)| config).map_err(|report| Both::new(report.render(Lang::Es, false), report.render(Lang::En, false)))
}

/// What only a restart changes, in a form that compares.
fn fixed(config: &Config) -> String {
    let (server, routing, store) = (&config.server, &config.routing, &config.store);
    format!("{:?} {:?} {:?} {:?} {routing:?} {store:?}", server.bind, server.allowed_origins, config.engine, config.sources)
}
