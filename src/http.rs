//! API, live streams, ingest and scrape, on one port.
//!
//! [`ROUTES`] says what there is and who may use it; the router is built from it, so that no route
//! can exist without its rule.

mod acts;
mod admission;
mod alerts;
mod api;
pub mod auth;
mod attention;
mod desk;
mod events;
mod guard;
mod incidents;
mod ingest;
mod mentions;
mod page;
mod problem;
mod pulse;
mod queries;
mod readers;
mod report;
mod reading;
mod serve;
mod session;
mod share;
mod stream;
mod subscription;
mod table;
mod topics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::Method;
use axum::routing::{MethodRouter, delete, get, post, put};
use crossbeam::channel::{Sender, TrySendError};
use tokio::sync::{Mutex, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use admission::Joins;
pub use auth::{NoEntropy, Role, Token, epoch_new, role_of, seed_new, token_new};
pub use desk::{Desk, Kept, Put};
pub use guard::HEADERS;
pub use problem::{Code, Fault, Problem};
pub use pulse::Pulse;
pub use serve::{NotStarted, Server};

use admission::Admission;

use crate::delivery::Delivery;
use crate::feed::Feed;
use crate::intake::{Intake, Port};
use crate::limits;
use crate::recall::Recall;
use crate::report::Plan;
use crate::sources::Board;
use crate::store::{Health, Reader};
use crate::tally::Tally;
use crate::telemetry::Exposition;
use crate::time::Clock;
use crate::wall;

/// `[server]` as used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Origins of pages, besides our own, whose requests are answered.
    pub allowed_origins: Vec<String>,
    /// How long things may take.
    pub timing: Timing,
    /// Unread bytes of alerts after which a client that does not read is closed.
    pub backlog: u64,
    /// How many clients may join a stream.
    pub joins: Joins,
}

impl Settings {
    /// Listens on `bind` with everything else as is usual.
    pub fn new(bind: SocketAddr) -> Settings {
        Settings {
            bind,
            allowed_origins: Vec::new(),
            timing: Timing::default(),
            backlog: limits::CLIENT_BACKLOG_BYTES as u64,
            joins: Joins::default(),
        }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// A request's headers.
    pub header: Duration,
    /// A request's body.
    pub body: Duration,
    /// An answer of the tally that `/readyz` waits for.
    pub answer: Duration,
    /// The engine beats every second; after so long without a beat it is stuck, whatever else still answers.
    pub stuck: Duration,
    /// From one look at a stream client that does not read to the next.
    pub look: Duration,
    /// A client that reads nothing at all of what waits for it for so long is closed.
    pub stall: Duration,
    /// From one waking of all stream clients to the next; what comes meanwhile is one write for each.
    pub gather: Duration,
    /// From one object of windows to the next.
    pub beat: Duration,
    /// Beats from one `status` to the next.
    pub status_every: u64,
    /// Open requests and streams when the server stops.
    pub drain: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            header: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(2),
            stuck: Duration::from_secs(10),
            look: Duration::from_secs(1),
            stall: Duration::from_micros(limits::CLIENT_STALL as u64),
            gather: Duration::from_millis(10),
            beat: Duration::from_secs(1),
            status_every: 5,
            drain: Duration::from_secs(5),
        }
    }
}

/// A question to the tally's thread, which answers between two outcomes.
pub type Question = Box<dyn FnOnce(&mut Tally) + Send>;

/// Puts questions to the owner of all state.
#[derive(Clone)]
pub struct Asker(Sender<Question>);

/// The tally did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Too many questions wait already.
    #[error("too many questions are waiting")]
    Busy,
    /// The engine has stopped.
    #[error("the engine has stopped")]
    Closed,
}

impl Asker {
    /// The tally's thread receives at the other end of `questions`, which should be bounded.
    pub fn new(questions: Sender<Question>) -> Asker {
        Asker(questions)
    }

    /// Runs `f` on the tally's thread.
    pub async fn ask<R: Send + 'static>(&self, f: impl FnOnce(&mut Tally) -> R + Send + 'static) -> Result<R, Unanswered> {
        let (sender, receiver) = oneshot::channel();
        let question = Box::new(move |tally: &mut Tally| {
            // Whoever asked may have gone away.
            let _ = sender.send(f(tally));
        });
        self.0.try_send(question).map_err(|e| match e {
            TrySendError::Full(_) => Unanswered::Busy,
            TrySendError::Disconnected(_) => Unanswered::Closed,
        })?;
        receiver.await.map_err(|_| Unanswered::Closed)
    }
}

/// What the server works with.
pub struct Shared {
    /// The log that streams read.
    pub feed: Arc<Feed>,
    /// The engine's way in, for what is listened to now.
    pub intake: Arc<Intake>,
    /// Where `POST /v1/posts` goes; `None` without a source of type `http`.
    pub port: Option<Port>,
    /// When the tally's last beat was.
    pub pulse: Arc<Pulse>,
    /// Questions to the tally.
    pub asker: Asker,
    /// Who is told of alerts.
    pub delivery: Delivery,
    /// States of the sources.
    pub board: Arc<Board>,
    /// How the store is; `None` without one.
    pub store: Option<Arc<Health>>,
    /// Reads the store; `None` without one.
    pub reader: Option<Arc<Mutex<Reader>>>,
    /// Where what is listened for changes.
    pub desk: Arc<dyn Desk>,
    /// The recent input, for queries to be tried against.
    pub recall: Arc<Recall>,
    /// `GET /metrics`.
    pub metrics: Exposition,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The engine's version.
    pub version: &'static str,
    /// Who may come in, swapped by a reload; without any the port is open, and then only on the
    /// loopback address.
    pub tokens: Arc<ArcSwap<Vec<Token>>>,
    /// How the wall is shown, swapped by a reload.
    pub wall: Arc<ArcSwap<wall::Settings>>,
    /// What is reported on.
    pub plan: Arc<ArcSwap<Plan>>,
}

/// What handlers hold on to.
struct State {
    shared: Shared,
    settings: Settings,
    beat: watch::Receiver<session::Beat>,
    admission: Admission,
    stop: CancellationToken,
    /// Upgraded connections, which the HTTP server no longer knows.
    streams: TaskTracker,
    /// KiB of bodies that may still come in at once.
    bodies: Semaphore,
    /// One query is tried at a time: it takes a whole core. The permit goes with the work, which goes on
    /// when the client is gone.
    tries: Arc<Semaphore>,
    /// One change of topics at a time, in the order in which they came; the others wait here and not on
    /// threads.
    changes: Arc<Semaphore>,
}

type App = Arc<State>;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Holders of a token with one of these roles.
    Roles(&'static [Role]),
}

impl Access {
    /// Whether the holder of `role`, or nobody, may.
    pub fn allows(self, role: Option<Role>) -> bool {
        match self {
            Access::Open => true,
            Access::Roles(roles) => role.is_some_and(|r| roles.contains(&r)),
        }
    }
}

const READ: Access = Access::Roles(&[Role::Viewer, Role::Agent, Role::Admin]);
const SEND: Access = Access::Roles(&[Role::Ingest, Role::Admin]);
/// What people do who work on what was found. A try takes a core for a while and shows posts that no
/// topic is after; an acknowledgement and a silence change what others hear of.
const WORK: Access = Access::Roles(&[Role::Agent, Role::Admin]);
const ADMIN: Access = Access::Roles(&[Role::Admin]);

/// One route.
pub struct Route {
    /// Method; `GET` answers `HEAD` too.
    pub method: Method,
    /// Path as axum writes it.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: fn() -> MethodRouter<App>,
}

const fn route(method: Method, path: &'static str, access: Access, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method, path, access, handler }
}

/// Everything there is.
pub static ROUTES: &[Route] = &[
    route(Method::GET, "/", Access::Open, || get(page::wall)),
    route(Method::GET, "/care", Access::Open, || get(page::care)),
    route(Method::GET, "/{file}", Access::Open, || get(page::asset)),
    route(Method::GET, "/assets/{file}", Access::Open, || get(page::asset)),
    route(Method::GET, "/healthz", Access::Open, || get(page::healthz)),
    route(Method::GET, "/readyz", Access::Open, || get(page::readyz)),
    route(Method::GET, "/metrics", READ, || get(page::metrics)),
    route(Method::GET, "/v1/openapi.json", Access::Open, || get(page::openapi)),
    route(Method::POST, "/v1/session", Access::Open, || post(page::sign_in)),
    route(Method::GET, "/v1/stream", READ, || get(stream::open)),
    route(Method::GET, "/v1/events", READ, || get(events::open)),
    route(Method::POST, "/v1/posts", SEND, || post(ingest::posts)),
    route(Method::GET, "/v1/topics", READ, || get(topics::list)),
    route(Method::PUT, "/v1/topics/{name}", ADMIN, || put(topics::put)),
    route(Method::DELETE, "/v1/topics/{name}", ADMIN, || delete(topics::remove)),
    route(Method::GET, "/v1/topics/{name}/windows", READ, || get(api::series)),
    route(Method::GET, "/v1/topics/{name}/week", READ, || get(api::week)),
    route(Method::GET, "/v1/mentions", READ, || get(mentions::list)),
    route(Method::GET, "/v1/report", READ, || get(report::of_care)),
    route(Method::GET, "/v1/share-of-voice", READ, || get(share::of_voice)),
    route(Method::GET, "/v1/wall", READ, || get(page::wall_settings)),
    route(Method::GET, "/v1/alerts", READ, || get(alerts::list)),
    route(Method::POST, "/v1/alerts/{id}/ack", WORK, || post(attention::acknowledge)),
    route(Method::GET, "/v1/alerts/{id}/why", READ, || get(attention::why)),
    route(Method::GET, "/v1/incidents", READ, || get(incidents::list)),
    route(Method::GET, "/v1/incidents/{id}", READ, || get(incidents::one)),
    route(Method::POST, "/v1/incidents/{id}/acts", WORK, || post(incidents::act)),
    route(Method::GET, "/v1/acts", READ, || get(acts::list)),
    route(Method::GET, "/v1/silences", READ, || get(attention::silences)),
    route(Method::POST, "/v1/silences", WORK, || post(attention::silence)),
    route(Method::DELETE, "/v1/silences/{id}", WORK, || delete(attention::unsilence)),
    route(Method::GET, "/v1/deliveries", READ, || get(attention::deliveries)),
    route(Method::POST, "/v1/deliveries/{id}/replay", ADMIN, || post(attention::replay)),
    route(Method::POST, "/v1/query/check", READ, || post(queries::check)),
    route(Method::POST, "/v1/query/try", WORK, || post(queries::attempt)),
    route(Method::POST, "/v1/reload", ADMIN, || post(api::reload)),
    route(Method::POST, "/v1/erasures", ADMIN, || post(api::erase)),
    route(Method::POST, "/v1/log-level", ADMIN, || post(api::log_level)),
];

/// Who may use `path`, as axum matched it, with `method`; `None` if there is no such route.
fn access(method: &Method, path: &str) -> Option<Access> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|r| r.path == path && r.method == *method).map(|r| r.access)
}

fn router(app: App) -> Router {
    let router = ROUTES.iter().fold(Router::new(), |router, r| router.route(r.path, (r.handler)()));
    router
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::Method) })
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
