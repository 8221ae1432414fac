//! The whole engine from configuration to exit: what starts after what, and what stops before what.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::{Desk, Swapped};
use super::diary::Diary;
use super::engine::{Engine, Parts, share, source_id};
use super::publish::{self, Publisher};
use super::reports;
use super::{demo, descriptors};
use crate::alert::Alert;
use crate::bilingual::{Both, Lang};
use crate::config::{Config, TopicIds};
use crate::decode::{Format, Mapping};
use crate::delivery::{Delivery, Keeping, Patience, Target};
use crate::feed::Feed;
use crate::http::{self, Server, Shared};
use crate::intake::{Intake, Port};
use crate::journal::{Sets, Setting};
use crate::lane::Compiled;
use crate::notifiers::{self, Notifier};
use crate::recall::Recall;
use crate::sources::{self, Board, Context};
use crate::store::{self, Past, Store};
use crate::tally::{self, Tally};
use crate::telemetry::{self, Exposition};
use crate::time::Clock;
use crate::topic::Cursor;

/// From one tick to the next.
const TICK: Duration = Duration::from_secs(1);
/// Sources get this long to hand over what they have.
const DRAIN: Duration = Duration::from_secs(5);
/// What fired last is told within this.
const TELL: Duration = Duration::from_secs(5);
/// What a person may call this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What to run.
pub struct Job {
    /// The configuration.
    pub config: Config,
    /// Where it was read from, to be read again at a reload.
    pub file: Option<PathBuf>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Make the tries at the targets of the configuration, in its order.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// The language of what they tell.
    pub lang: Lang,
    /// The synthetic firehose of the demo: its seed and its speed.
    pub demo: Option<(u64, f64)>,
}

/// Why the engine did not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime, a thread or a signal handler could not be had.
    #[error("the system refused a thread or a signal handler: {0}")]
    System(#[from] std::io::Error),
    /// The HTTP server.
    #[error(transparent)]
    Http(#[from] http::NotStarted),
    /// The metrics recorder.
    #[error(transparent)]
    Metrics(#[from] telemetry::NotInstalled),
    /// No random bytes for the feed's epoch.
    #[error(transparent)]
    Entropy(#[from] http::NoEntropy),
    /// The store was not accepted.
    #[error(transparent)]
    Store(#[from] store::Refused),
    /// The disk failed.
    #[error("{0}; restart once the disk is sound: what was shown is kept")]
    Disk(store::Failed),
}

impl Error {
    /// Nothing ran: what it should work with was not accepted.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Error::Store(_))
    }

    /// For people.
    pub fn text(&self) -> Both {
        let es = match self {
            Error::System(e) => format!("el sistema negó un hilo o un manejador de señales: {e}"),
            Error::Http(http::NotStarted::Bind(at, e)) => format!("no se puede escuchar en {at}: {e}"),
            Error::Http(http::NotStarted::Open(at)) => format!("{at} es accesible desde fuera y no hay ningún [[token]] configurado"),
            Error::Metrics(e) => format!("no se pudieron instalar las métricas: {e}"),
            Error::Store(e) => e.text().es,
            Error::Disk(store::Failed(e)) => format!("falló el almacén: {e}; reinicia cuando el disco esté sano: lo mostrado se conserva"),
            Error::Entropy(e) => format!("el sistema no dio bytes aleatorios: {e}"),
        };
        Both::new(es, self.to_string())
    }
}

/// Runs until SIGTERM or SIGINT; `announce` hears the address once it is served.
pub fn run(job: Job, announce: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(live(job, announce))
}

async fn live(mut job: Job, announce: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    let metrics = Exposition::install()?;
    telemetry::build_info(VERSION);
    telemetry::reloaded(true);
    let mut signals = Signals::new()?;
    let (names, formats) = names_and_formats(&job);
    let recall = Arc::new(Recall::new(job.config.engine.recall_bytes, formats.clone()));
    let epoch = http::epoch_new()?;
    let opened = job.config.store.as_ref().map(|settings| store::Opened::open(settings, &epoch)).transpose()?;
    let known = opened.as_ref().map(|o| o.names.clone()).unwrap_or_default();
    let mut ids = TopicIds::known(known.topics.clone());
    let compiled = Arc::new(Compiled::new(job.config.take_listening(&mut ids, known.version + 1)));
    let past = job.demo.map(|(seed, _)| demo::past(seed, job.clock.now()));
    let tally = tally::Settings { past, ..job.config.engine.tally.clone() };
    let setting = Setting { tally, sources: names.clone(), compiled: compiled.clone(), sets: Sets::default() };
    let (broken, disk) = oneshot::channel();
    let Opening { feed, store, past, tally, cursors } = open(&job, epoch, opened, setting.clone(), broken)?;
    let firing: Vec<String> = tally.firing().map(str::to_owned).collect();
    let parts = Parts { lanes: job.config.engine.lanes, formats, tally, compiled, clock: job.clock.clone() };
    let delivery = deliver(&job, feed.clone(), store.as_ref(), past)?;
    let diary = store.as_ref().map(|s| Diary::new((s.jobs.clone(), s.health.clone()), setting, known, cursors.clone()));
    let mut publisher = Publisher::new(feed.clone(), &names, job.clock.clone()).storing(diary, firing);
    publisher.adopt(&parts.compiled.listening);
    let (received, pulse) = (publisher.received(), publisher.pulse());
    let engine = Engine::start_recalling(parts, recall.clone(), Box::new(publisher))?;

    let stop = CancellationToken::new();
    let board = Arc::new(Board::default());
    cursors.into_iter().for_each(|(name, cursor)| board.update(&name, |state| state.cursor = Some(cursor)));
    let tasks = TaskTracker::new();
    let ports: Vec<Port> = received.into_iter().enumerate().map(|(i, r)| engine.intake.port(source_id(i), share(names.len()), r)).collect();
    let swapped = Swapped::new(&job.config);
    let desk: Arc<dyn http::Desk> = Arc::new(Desk::new(&job.config, job.file.clone(), ids, engine.intake.clone(), swapped.clone()));
    let log = feed.clone();
    let shared = Shared {
        feed,
        intake: engine.intake.clone(),
        port: job.config.sources.iter().position(|s| s.kind == "http").map(|i| ports[i].clone()),
        delivery: delivery.clone(),
        pulse,
        asker: http::Asker::new(engine.asks.clone()),
        store: store.as_ref().map(|s| s.health.clone()),
        reader: job.config.store.as_ref().map(|s| Arc::new(Mutex::new(store::Reader::new(s.path.clone())))),
        board: board.clone(),
        desk: desk.clone(),
        recall,
        metrics,
        clock: job.clock.clone(),
        version: VERSION,
        tokens: swapped.tokens,
        wall: swapped.wall,
        plan: swapped.plan.clone(),
    };
    let mut settings = http::Settings::new(job.config.server.bind);
    settings.allowed_origins.clone_from(&job.config.server.allowed_origins);
    let server = Server::start(settings, shared).await?;
    announce(server.local_addr());
    start_sources(&job, ports, &board, &stop, &tasks);
    let ticks = tokio::spawn(tick(engine.intake.clone(), stop.clone()));
    let asker = http::Asker::new(engine.asks.clone());
    let letters = tokio::spawn(reports::send(asker.clone(), swapped.plan.clone(), delivery.clone(), stop.clone()));
    let reports = tokio::spawn(reports::keep(asker, swapped.plan, stop.clone()));

    let failed = tokio::select! {
        () = signals.until_end(&desk) => None,
        Ok(failed) = disk => Some(failed),
    };
    tracing::info!("stopping");
    stop.cancel();
    // Ends by itself: it watches the same token.
    let _ = ticks.await;
    let _ = reports.await;
    let _ = letters.await;
    drain(&tasks, &engine.intake).await;
    let engine = tokio::task::spawn_blocking(move || engine.stop());
    if engine.await.is_err() {
        tracing::error!("the engine ended badly");
    }
    // All that was said is durable, and shown, before readers are let go; so is what was told of it.
    log.release();
    delivery.stop(TELL).await;
    if let Some(store) = store {
        let _ = tokio::task::spawn_blocking(move || store.stop()).await;
    }
    server.stop().await;
    failed.map_or(Ok(()), |failed| Err(Error::Disk(failed)))
}

/// What a process begins with.
struct Opening {
    feed: Arc<Feed>,
    store: Option<Store>,
    /// What is still to be told.
    past: Past,
    tally: Tally,
    /// Where its sources go on, by name.
    cursors: BTreeMap<String, Cursor>,
}

/// What there is to go on from: all that the store holds, or nothing.
fn open(
    job: &Job,
    epoch: String,
    opened: Option<store::Opened>,
    setting: Setting,
    broken: oneshot::Sender<store::Failed>,
) -> Result<Opening, Error> {
    let names = setting.sources.clone();
    let Some(mut opened) = opened else {
        let (feed, tally) = (Feed::new(epoch, names), Tally::new(setting.tally));
        return Ok(Opening { feed, store: None, past: Past::default(), tally, cursors: BTreeMap::new() });
    };
    let store::Resumed { fold, next, kept, moved, floors, past } = opened.resume(setting.clone(), job.clock.now())?;
    let (mut tally, cursors) = (fold.tally, fold.cursors);
    // The journal says so too.
    tally.resume();
    let feed = Feed::resume(opened.epoch.clone(), names, next, kept, moved, floors);
    feed.go_on(past.firing().map(|alert| Alert::clone(alert)));
    tracing::info!(seq = feed.head(), firing = tally.firing().count(), "the store is open");
    if opened.torn {
        tracing::warn!("the last commit of the store was not whole and is dropped: no client saw it, unless the disk changed it since");
    }
    let (shown, beside, seconds) = (feed.clone(), job.clock.clone(), telemetry::post_to_published());
    let failed = move |failed: store::Failed| {
        tracing::error!(%failed, "the engine ends");
        // Closed means that it ends already.
        let _ = broken.send(failed);
    };
    let store = opened.start(setting, job.clock.clone(), move |jobs| publish::show(&shown, &*beside, &seconds, jobs), failed)?;
    feed.keep_in(store.jobs.clone());
    Ok(Opening { feed, store: Some(store), past, tally, cursors })
}

/// Starts to tell, from where `past` ends.
fn deliver(job: &Job, feed: Arc<Feed>, store: Option<&Store>, past: Past) -> Result<Delivery, Error> {
    let keeping = store.map(|store| Keeping { store: store.jobs.clone(), past });
    let settings = job.config.routing.clone();
    let path = job.config.store.as_ref().map(|settings| settings.path.clone()).unwrap_or_default();
    Delivery::start(feed, job.clock.clone(), settings, targets(job), http::seed_new()?, keeping)
        .map_err(|e| Error::Store(store::Refused::Damaged { path, why: e.text() }))
}

/// Who can be told, by the configuration's numbers.
fn targets(job: &Job) -> Vec<Target> {
    let target = |(settings, notifier): (&notifiers::Settings, &Arc<dyn Notifier>)| Target {
        routed: settings.routed(),
        notifier: notifier.clone(),
        lang: settings.lang,
        patience: Patience {
            deadline: settings.deadline,
            every: settings.rate.per / settings.rate.count.max(1),
            burst: settings.rate.count.clamp(1, Patience::default().burst),
            ..Patience::default()
        },
    };
    job.config.notifiers.iter().zip(&job.notifiers).map(target).collect()
}

/// Names and formats of all sources by their numbers; the demo's firehose comes last.
fn names_and_formats(job: &Job) -> (Vec<String>, Vec<Format>) {
    let mut names: Vec<String> = job.config.sources.iter().map(|s| s.name.clone()).collect();
    let mut formats: Vec<Format> = job.config.sources.iter().map(|s| s.format.clone()).collect();
    if job.demo.is_some() {
        names.push(demo::SOURCE.to_owned());
        formats.push(Format { name: "escucha", mapping: Mapping::default() });
    }
    (names, formats)
}

fn start_sources(job: &Job, ports: Vec<Port>, board: &Arc<Board>, stop: &CancellationToken, tasks: &TaskTracker) {
    let mut ports = ports.into_iter();
    for (settings, port) in job.config.sources.iter().zip(ports.by_ref()) {
        tasks.spawn(sources::supervise(settings.clone(), Context::new(port, board.clone(), stop.clone())));
    }
    if let (Some((seed, speed)), Some(port)) = (job.demo, ports.next()) {
        let ctx = Context::new(port, board.clone(), stop.clone());
        tasks.spawn(async move {
            // Closed means that the engine stops, and so does its firehose.
            let _ = demo::firehose(ctx, seed, speed).await;
        });
    }
}

/// Waits until the sources have handed over what they have, and beats once more, so that what came
/// last is judged.
async fn drain(sources: &TaskTracker, intake: &Intake) {
    sources.close();
    if tokio::time::timeout(DRAIN, sources.wait()).await.is_err() {
        tracing::warn!("a source did not stop in time");
    }
    // Closed means that nothing is judged any more.
    let _ = intake.tick(intake.clock().now());
}

/// Beats until the stop.
async fn tick(intake: Arc<Intake>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(TICK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        if intake.tick(intake.clock().now()).is_err() {
            return;
        }
    }
}

/// SIGTERM and SIGINT end, SIGHUP reloads.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn until_end(&mut self, desk: &Arc<dyn http::Desk>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    let desk = desk.clone();
                    // What went wrong was logged; the running engine goes on.
                    let _ = tokio::task::spawn_blocking(move || desk.reload()).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;
    use crossbeam::channel::unbounded;

    #[tokio::test]
    async fn the_last_beat_comes_after_what_the_sources_still_had() {
        let ((lanes, buffers), (tally, steps)) = (unbounded(), unbounded());
        let intake = Intake::new(Arc::new(ManualClock::default()), Arc::new(Compiled::default()), lanes, tally);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let port = intake.port(source_id(0), 1, metrics::Counter::noop());
        let source = stop.clone();
        tasks.spawn(async move {
            source.cancelled().await;
            tokio::task::yield_now().await;
            port.send(b"1\n".to_vec()).await
        });
        let ticks = tokio::spawn(tick(intake.clone(), stop.clone()));
        stop.cancel();
        ticks.await.expect("no panic");
        drain(&tasks, &intake).await;
        let last = buffers.try_iter().last().expect("the buffer").number;
        assert_eq!(steps.try_iter().last().map(|step| step.number()), Some(last + 1));
    }
}
