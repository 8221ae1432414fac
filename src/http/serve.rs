//! The accept loop: connection limit, header time limit, an end that waits for what is open.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::admission::Admission;
use super::reading::{Reading, Watch};
use super::{Settings, Shared, State, ingest, router, session};
use crate::limits;
use crate::prng::Prng;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// A silent peer is asked after this long whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after `accept` failed, most likely because descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request's headers.
const HEADER_BYTES: usize = 32 * 1024;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    /// Without tokens only the loopback address is served.
    #[error("{0} is reachable from outside and no token is configured")]
    Open(SocketAddr),
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    app: Arc<State>,
    tasks: JoinHandle<()>,
}

impl Server {
    /// Listens and serves until [`Server::stop`].
    pub async fn start(settings: Settings, shared: Shared) -> Result<Server, NotStarted> {
        if shared.tokens.load().is_empty() && !settings.bind.ip().is_loopback() {
            return Err(NotStarted::Open(settings.bind));
        }
        let fail = |e| NotStarted::Bind(settings.bind, e);
        let listener = listen(settings.bind).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let (beats, beat) = watch::channel(session::Beat::of(&shared, 0));
        let one = || Arc::new(Semaphore::new(1));
        // Without entropy the clients of every process are told the same, which spreads them as well.
        let admission = Admission::new(settings.joins, Prng::new(getrandom::u64().unwrap_or_default()));
        let bodies = Semaphore::new(limits::BODIES_BYTES / ingest::KIB);
        let app = Arc::new(State {
            shared,
            settings,
            beat,
            admission,
            stop: CancellationToken::new(),
            streams: TaskTracker::new(),
            bodies,
            tries: one(),
            changes: one(),
        });
        let tasks = tokio::spawn(run(app.clone(), listener, beats));
        Ok(Server { address, app, tasks })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more, closes streams with 1012, lets open requests end, and waits for both
    /// no longer than `Timing::drain`.
    pub async fn stop(self) {
        self.app.admission.close();
        self.app.stop.cancel();
        // A panic in a task aborts the process; there is nothing else to learn here.
        let _ = self.tasks.await;
    }
}

fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(bind), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&bind.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn run(app: Arc<State>, listener: TcpListener, beats: watch::Sender<session::Beat>) {
    let background =
        [tokio::spawn(app.shared.feed.clone().ring(app.settings.timing.gather)), tokio::spawn(session::beat(app.clone(), beats))];
    let connections = TaskTracker::new();
    accept(&app, &listener, &connections).await;
    drop(listener);
    connections.close();
    app.streams.close();
    let open = async { tokio::join!(connections.wait(), app.streams.wait()) };
    if tokio::time::timeout(app.settings.timing.drain, open).await.is_err() {
        tracing::warn!("some connections were still open at the end");
    }
    for task in background {
        task.abort();
    }
}

/// One of the places for connections; given back when its last holder is gone, which for a stream
/// is long after the HTTP connection ended.
#[derive(Clone)]
pub struct Place(#[expect(dead_code, reason = "held, never looked at")] Arc<OwnedSemaphorePermit>);

async fn accept(app: &Arc<State>, listener: &TcpListener, connections: &TaskTracker) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let router = router(app.clone());
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            Ok::<_, io::Error>((Place(Arc::new(place)), stream))
        };
        let accepted = tokio::select! {
            () = app.stop.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((place, stream)) => {
                connections.spawn(serve(app.clone(), stream, place, router.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(app: Arc<State>, stream: TcpStream, place: Place, router: Router) {
    // Alerts are small and must leave at once, and a client that vanished must not hold its place for
    // ever. A socket that cannot be told so still works.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    let watch = Watch::default();
    let stream = Reading::new(stream, app.settings.timing.stall, watch.clone());
    let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(place.clone());
        request.extensions_mut().insert(watch.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.settings.timing.header)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = app.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
