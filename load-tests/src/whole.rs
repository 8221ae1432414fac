//! Everything at once: a firehose over TCP, HTTP and WebSocket into one engine, clients on its
//! stream, and afterwards the books.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Fault;
use crate::accounting::Books;
use crate::engine::Engine;
use crate::frames::{Frames, MARK};
use crate::senders::{self, Sent};
use crate::swarm::{self, Seen};

/// `load-tests whole`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine's binary.
    #[arg(long, default_value = "target/release/escucha")]
    engine: PathBuf,
    /// Posts over TCP and HTTP together, half each; at most 10 million.
    #[arg(long, default_value_t = 1_000_000)]
    posts: u64,
    /// Posts over the WebSocket.
    #[arg(long, default_value_t = 100_000)]
    websocket: u64,
    /// Posts per second over TCP and HTTP, each.
    #[arg(long, default_value_t = 20_000.0)]
    rate: f64,
    /// Posts per second over the WebSocket.
    #[arg(long, default_value_t = 5_000.0)]
    websocket_rate: f64,
    /// Clients that read everything; two or more must agree.
    #[arg(long, default_value_t = 2)]
    clients: usize,
    /// Phrases, and as many rules over them.
    #[arg(long, default_value_t = 200)]
    queries: usize,
}

/// Names of the sources; the senders use them for ids.
const SOURCES: [&str; 3] = ["tcp", "http", "jetstream"];
/// The engine is idle when its books did not change for this long ...
const QUIET: Duration = Duration::from_secs(2);
/// ... and has failed when it is not idle after this.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn run(args: &Args) -> Result<(), Fault> {
    if args.posts > 10_000_000 || args.clients > 1000 {
        return Err("at most 10 million posts and 1 000 clients".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(whole(args))
}

async fn whole(args: &Args) -> Result<(), Fault> {
    let frames = Arc::new(Frames::new(1, args.queries, args.queries));
    println!("ceiling of the senders: {:.0} lines/s", senders::ceiling(&frames));
    let folder = std::env::temp_dir().join(format!("escucha-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let websocket = TcpListener::bind("127.0.0.1:0").await?;
    let tcp = free_port().await?;
    let config = folder.join("escucha.toml");
    std::fs::write(&config, configuration(&frames, tcp, websocket.local_addr()?.port())?)?;
    let engine = Engine::start(&args.engine, &config)?;
    let done = drive(args, &engine, frames, websocket, tcp).await;
    std::fs::remove_dir_all(&folder)?;
    let exact = done?;
    engine.stop()?;
    if exact { Ok(()) } else { Err("the books are not exact, or clients disagree".into()) }
}

async fn free_port() -> Result<u16, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

fn configuration(frames: &Frames, tcp: u16, websocket: u16) -> Result<String, Fault> {
    let mut text = format!(
        "timezone = \"UTC\"\n[server]\nbind = \"127.0.0.1:0\"\n\
         [[source]]\nname = \"tcp\"\ntype = \"tcp\"\nformat = \"escucha\"\nbind = \"127.0.0.1:{tcp}\"\n\
         [[source]]\nname = \"http\"\ntype = \"http\"\nformat = \"escucha\"\n\
         [[source]]\nname = \"jetstream\"\ntype = \"jetstream\"\nformat = \"jetstream\"\nendpoint = \"ws://127.0.0.1:{websocket}/subscribe\"\n\
         [[topic]]\nname = \"mark\"\nquery = '{MARK}'\n\
         [[alert]]\nname = \"wave\"\non = \"volume\"\nwindow = \"1m\"\nat = 50\n"
    );
    for (i, query) in frames.queries.iter().enumerate() {
        write!(text, "[[topic]]\nname = \"t{i}\"\nquery = {}\n", toml_string(query))?;
    }
    Ok(text)
}

fn toml_string(text: &str) -> String {
    // JSON's escapes are TOML's.
    serde_json::to_string(text).unwrap_or_default()
}

async fn drive(args: &Args, engine: &Engine, frames: Arc<Frames>, websocket: TcpListener, tcp: u16) -> Result<bool, Fault> {
    let (stop, stopped) = watch::channel(false);
    let client = |query: &str| tokio::spawn(swarm::client(engine.address, query.to_owned(), stopped.clone()));
    let clients: Vec<_> = (0..args.clients).map(|_| client("channels=alerts,status")).collect();
    let timed = client("channels=mentions&topics=mark");
    wait_for_tcp(tcp).await?;
    let half = args.posts / 2;
    let (by_tcp, by_http, by_websocket) = tokio::join!(
        tokio::spawn(senders::tcp(([127, 0, 0, 1], tcp).into(), frames.clone(), half, args.rate)),
        tokio::spawn(senders::http(engine.address, frames.clone(), args.posts - half, args.rate)),
        tokio::spawn(senders::jetstream(websocket, frames, args.websocket, args.websocket_rate)),
    );
    let sent = [by_tcp??, by_http??, by_websocket??];
    let books = until_idle(engine).await?;
    stop.send(true)?;
    let mut exact = report_books(&books, &sent);
    let mut seen: Option<Seen> = None;
    for client in clients {
        let one = client.await??;
        match &mut seen {
            None => seen = Some(one),
            Some(all) => exact &= all.add(&one)?,
        }
    }
    let (all, timed) = (seen.ok_or("no clients")?, timed.await??);
    let marked: u64 = sent.iter().map(|s| senders::marked(s.posts)).sum();
    println!("{} clients: {} alerts each, {} frames, {} gaps; agree: {exact}", all.clients, all.alerts, all.frames, all.gaps);
    println!("marked posts sent {marked}, read {} and dropped {}", timed.mentions, timed.dropped);
    println!("{}", timed.latency());
    let (peak, cpu) = engine.cost()?;
    let posts: u64 = sent.iter().map(|s| s.posts).sum();
    println!("engine: peak memory {peak:.0} MB, CPU {cpu:.1} s, {:.2} us per post", cpu * 1e6 / posts as f64);
    Ok(exact && timed.mentions + timed.dropped == marked)
}

fn report_books(books: &Books, sent: &[Sent; 3]) -> bool {
    let mut exact = true;
    for (source, sent) in SOURCES.into_iter().zip(sent) {
        let (row, fine) = books.row(source, sent.posts);
        println!("{row}");
        println!(
            "{:<10} {:.0} posts/s offered and taken, {} requests told to wait",
            "",
            sent.posts as f64 / sent.seconds,
            sent.told_to_wait
        );
        exact &= fine;
    }
    exact
}

async fn wait_for_tcp(port: u16) -> Result<(), Fault> {
    let start = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if start.elapsed() > PATIENCE {
            return Err("the TCP source does not listen".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn until_idle(engine: &Engine) -> Result<Books, Fault> {
    let start = Instant::now();
    let mut last = Books::read(engine.address).await?;
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        if start.elapsed() > PATIENCE {
            return Err("the engine is not idle yet".into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = Books::read(engine.address).await?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(last)
}
