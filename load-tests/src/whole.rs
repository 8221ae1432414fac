//! Everything at once: a firehose over TCP, HTTP and WebSocket into one engine, clients on its
//! stream, and afterwards the books.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::accounting::Books;
use crate::client::{self, Seen, quantiles};
use crate::engine::{Engine, Folder, free_port};
use crate::frames::{Frames, MARK};
use crate::senders::{self, Progress, Sent};
use crate::{Fault, jetstream};

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
    #[arg(long, default_value_t = 4_000.0)]
    websocket_rate: f64,
    /// Clients that read all alerts; two or more must agree.
    #[arg(long, default_value_t = 2)]
    clients: usize,
    /// Phrases, and as many rules over them.
    #[arg(long, default_value_t = 2000)]
    queries: usize,
}

/// Names of the sources; the senders use them for ids.
const SOURCES: [&str; 3] = ["tcp", "http", "jetstream"];
/// The engine is idle when its books did not change for this long ...
const QUIET: Duration = Duration::from_secs(2);
/// ... and has failed when it is not idle after this.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the progress.
const LOOK: Duration = Duration::from_millis(20);

pub fn run(args: &Args) -> Result<(), Fault> {
    if args.posts + args.websocket > 10_000_000 || args.clients > 1000 || args.queries > 20_000 {
        return Err("at most 10 million posts, 1 000 clients and 20 000 queries".into());
    }
    if !(args.rate >= 1.0 && args.websocket_rate >= 1.0) {
        return Err("at least one post per second".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(whole(args))
}

async fn whole(args: &Args) -> Result<(), Fault> {
    let frames = Arc::new(Frames::new(1, args.queries, args.queries));
    println!("senders alone could make {:.0} lines/s", senders::ceiling(&frames));
    let folder = Folder::new()?;
    let websocket = TcpListener::bind("127.0.0.1:0").await?;
    let tcp = free_port().await?;
    let config = folder.0.join("escucha.toml");
    std::fs::write(&config, configuration(&frames, tcp, websocket.local_addr()?.port())?)?;
    let engine = Engine::start(&args.engine, &["run", "-c", &config.to_string_lossy()])?;
    let exact = drive(args, &engine, frames, websocket, tcp).await?;
    let start = Instant::now();
    engine.stop()?;
    println!("engine: ended well {:.1} s after SIGTERM", start.elapsed().as_secs_f64());
    if exact { Ok(()) } else { Err("the books are not exact, or clients disagree".into()) }
}

/// Few recent mentions are kept, so that their bound is reached early and memory can be seen to stay.
fn configuration(frames: &Frames, tcp: u16, websocket: u16) -> Result<String, Fault> {
    let mut text = format!(
        "timezone = \"UTC\"\n[server]\nbind = \"127.0.0.1:0\"\n[engine]\nrecent = \"16MB\"\n\
         [[source]]\nname = \"tcp\"\ntype = \"tcp\"\nformat = \"escucha\"\nbind = \"127.0.0.1:{tcp}\"\n\
         [[source]]\nname = \"http\"\ntype = \"http\"\nformat = \"escucha\"\n\
         [[source]]\nname = \"jetstream\"\ntype = \"jetstream\"\nformat = \"jetstream\"\nendpoint = \"ws://127.0.0.1:{websocket}/subscribe\"\n\
         [[topic]]\nname = \"mark\"\nquery = '{MARK}'\n\
         [[alert]]\nname = \"wave\"\non = \"volume\"\nwindow = \"1m\"\nat = 50\n"
    );
    for (i, query) in frames.queries.iter().enumerate() {
        // JSON's escapes are TOML's.
        writeln!(text, "[[topic]]\nname = \"t{i}\"\nquery = {}", serde_json::to_string(query)?)?;
    }
    Ok(text)
}

async fn drive(args: &Args, engine: &Engine, frames: Arc<Frames>, websocket: TcpListener, tcp: u16) -> Result<bool, Fault> {
    let (stop, stopped) = watch::channel(false);
    let address = engine.address;
    let read = || tokio::spawn(client::reader(address, "channels=alerts,status", stopped.clone()));
    let clients: Vec<_> = (0..args.clients).map(|_| read()).collect();
    let timed = tokio::spawn(client::marked(address, "channels=mentions&topics=mark", stopped.clone()));
    wait_for_tcp(tcp).await?;
    let (half, progress) = (args.posts / 2, Progress::default());
    let mut sending = Box::pin(async {
        tokio::try_join!(
            senders::tcp(([127, 0, 0, 1], tcp).into(), frames.clone(), half, args.rate, progress.clone()),
            senders::http(address, frames.clone(), args.posts - half, args.rate, progress.clone()),
            jetstream::serve(websocket, frames.clone(), args.websocket, args.websocket_rate, progress.clone()),
        )
    });
    let longest = (args.posts as f64 / args.rate).max(args.websocket as f64 / args.websocket_rate);
    let patience = Instant::now() + PATIENCE + Duration::from_secs_f64(2.0 * longest);
    let mut memory = Memory { engine, posts: args.posts + args.websocket, quarters: Vec::new() };
    let sent = loop {
        tokio::select! {
            sent = &mut sending => break sent?,
            () = tokio::time::sleep_until(patience.into()) => return Err("the engine does not take what is sent".into()),
            () = tokio::time::sleep(LOOK) => memory.look(&progress)?,
        }
    };
    let sent: [Sent; 3] = sent.into();
    let books = until_idle(engine).await?;
    memory.look(&progress)?;
    let cpu = engine.cpu()?;
    stop.send(true)?;
    let mut seen = Vec::new();
    for client in clients {
        seen.push(client.await??);
    }
    let (timed, late) = timed.await??;
    let exact = report_books(&books, &sent) & report_clients(&seen) & report_marked(&timed, &sent);
    for (source, late) in &late {
        println!("from due to read, {source:<10} {}", quantiles(late));
    }
    memory.report(cpu)?;
    Ok(exact)
}

/// Looks at the engine's memory whenever another quarter of the posts has been sent.
struct Memory<'a> {
    engine: &'a Engine,
    posts: u64,
    quarters: Vec<f64>,
}

impl Memory<'_> {
    fn look(&mut self, progress: &Progress) -> Result<(), Fault> {
        let done = progress.load(Relaxed) * 4 / self.posts.max(1);
        while (self.quarters.len() as u64) < done.min(4) {
            self.quarters.push(self.engine.resident()?);
        }
        Ok(())
    }

    fn report(&self, cpu: f64) -> Result<(), Fault> {
        let quarters: Vec<String> = self.quarters.iter().map(|mb| format!("{mb:.0}")).collect();
        println!(
            "engine: resident MB at 25/50/75/100 % of the posts {}, peak {:.0}; CPU {cpu:.1} s, {:.2} us per post",
            quarters.join("/"),
            self.engine.peak()?,
            cpu * 1e6 / self.posts.max(1) as f64
        );
        Ok(())
    }
}

fn report_books(books: &Books, sent: &[Sent; 3]) -> bool {
    let mut exact = true;
    for (source, sent) in SOURCES.into_iter().zip(sent) {
        let (row, fine) = books.row(source, sent.posts);
        println!("{row}");
        println!("{:<10} {:.0} posts/s offered and taken; {}", "", sent.posts as f64 / sent.seconds, sent.remark);
        exact &= fine;
    }
    exact
}

fn report_clients(seen: &[Seen]) -> bool {
    let Some(first) = seen.first() else { return true };
    let agree = seen.iter().all(|s| (s.alerts, s.alerts_hash, s.holes, s.gaps) == (first.alerts, first.alerts_hash, 0, 0));
    println!("{} clients, {} alerts each: {}", seen.len(), first.alerts, if agree { "the same, byte for byte" } else { "DIFFERENT" });
    agree
}

fn report_marked(timed: &Seen, sent: &[Sent; 3]) -> bool {
    let marked: u64 = sent.iter().map(|s| senders::marked(s.posts)).sum();
    println!("marked posts: sent {marked}, read {}, told as dropped {}", timed.mentions, timed.dropped);
    timed.mentions + timed.dropped == marked
}

pub async fn wait_for_tcp(port: u16) -> Result<(), Fault> {
    let start = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if start.elapsed() > PATIENCE {
            return Err("the TCP source does not listen".into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

pub async fn until_idle(engine: &Engine) -> Result<Books, Fault> {
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
