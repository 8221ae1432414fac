//! Many clients on one engine: what each costs, how late an alert is, and how all come back when the engine
//! was ended under them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::Fault;
use crate::client::quantiles;
use crate::crowd::{self, Crowd, wait};
use crate::engine::{Engine, Folder, free_port};
use crate::flow::{self, Tap};
use crate::pace::Pace;

/// `load-tests swarm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine's binary.
    #[arg(long, default_value = "target/release/escucha")]
    engine: PathBuf,
    /// Clients, at most 10 000.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// How long it is idle, and then how long alerts flow; at most 300 seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Alerts per second, at most 100; 4 000 in all.
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// Channels each asks for.
    #[arg(long, default_value = "alerts,status")]
    channels: String,
    /// End the engine meanwhile and start it again with the same store: ask it to end, or kill it.
    #[arg(long)]
    restart: Option<How>,
}

/// How the engine ends.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum How {
    Term,
    Kill,
}

/// What came before the last client connected has been read after this.
const SETTLE: Duration = Duration::from_secs(3);
/// All have what they are to have when nothing more comes for so long ...
const QUIET: Duration = Duration::from_secs(2);
/// ... after so long at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// Goals of a restart: all clients are back, and the CPU is where it was.
const BACK: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(60);

pub fn run(args: &Args) -> Result<(), Fault> {
    let few = args.rate > 0.0 && args.rate <= 100.0 && args.rate * (args.seconds as f64 + 90.0) <= 4000.0;
    if args.clients == 0 || args.clients > crowd::CLIENTS || args.seconds > 300 || !few {
        return Err("at most 10 000 clients, 300 seconds, 100 alerts a second, and 4 000 alerts with 90 seconds more".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(swarm(args))
}

/// An engine that can be started again where it was.
struct Place {
    binary: PathBuf,
    config: PathBuf,
    _folder: Folder,
}

impl Place {
    async fn new(binary: &Path, store: bool) -> Result<Place, Fault> {
        let folder = Folder::new()?;
        let config = folder.0.join("escucha.toml");
        let bind = SocketAddr::from(([127, 0, 0, 1], free_port().await?));
        std::fs::write(&config, flow::configuration(bind, store))?;
        Ok(Place { binary: binary.to_owned(), config, _folder: folder })
    }

    fn start(&self) -> Result<Engine, Fault> {
        Engine::start(&self.binary, &["run", "-c", &self.config.to_string_lossy()])
    }
}

async fn swarm(args: &Args) -> Result<(), Fault> {
    let place = Place::new(&args.engine, args.restart.is_some()).await?;
    let engine = place.start()?;
    let (alone, started) = (engine.resident()?, Instant::now());
    let crowd = Crowd::join(engine.address, &format!("/v1/stream?channels={}", args.channels), args.clients).await?;
    println!(
        "{} clients joined in {:.1} s, {} told to come later",
        args.clients,
        started.elapsed().as_secs_f64(),
        crowd.shared.turned_away.load(Relaxed)
    );
    tokio::time::sleep(SETTLE).await;
    let each = |resident: f64| (resident - alone) * 1024.0 / args.clients as f64;
    let resident = engine.resident()?;
    println!("memory: {alone:.1} MB alone, {resident:.1} MB with all clients, {:.2} KiB each", each(resident));
    println!("idle: {:.1} % of a core", 100.0 * load(&engine, args.seconds).await?);

    let (pace, tap) = (Pace::new(args.rate), Tap::default());
    let flowing = tokio::spawn(flow::run(engine.address, pace, tap.clone()));
    crowd.measure(pace);
    let (read, base) = (crowd.shared.read.load(Relaxed), load(&engine, args.seconds).await?);
    let read = crowd.shared.read.load(Relaxed) - read;
    crowd.rest();
    let cost = base * args.seconds as f64 * 1e6 / read.max(1) as f64;
    println!("alerts flow, {} a second: {:.1} % of a core, {cost:.2} us CPU for each of {read} alerts delivered", args.rate, 100.0 * base);
    let (engine, in_time) = match args.restart {
        Some(how) => restart(&place, engine, &crowd, how, base).await?,
        None => (engine, true),
    };
    tap.shut.store(true, Relaxed);
    flowing.await?;
    quiet(&crowd).await;
    println!("memory: {:.1} MB at its greatest, {:.2} KiB each", engine.peak()?, each(engine.peak()?));
    let shared = crowd.shared.clone();
    let told = crowd.end().await?;
    println!("alerts {}, posts taken {}", shared.head.load(Relaxed), tap.taken.load(Relaxed));
    let stayed = args.restart.is_some() || shared.lost.load(Relaxed) == 0;
    let whole = told.print(&shared) && stayed;
    println!("from when a post was due to its alert: {}", quantiles(&told.late));
    engine.stop()?;
    match (whole, in_time) {
        (true, true) => Ok(()),
        (false, _) => Err("clients failed or missed alerts".into()),
        (true, false) => Err("not all was back in time".into()),
    }
}

/// The engine's share of one core over `seconds`.
async fn load(engine: &Engine, seconds: u64) -> Result<f64, Fault> {
    let (before, start) = (engine.cpu()?, Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok((engine.cpu()? - before) / start.elapsed().as_secs_f64())
}

/// Waits until nobody reads anything more.
async fn quiet(crowd: &Crowd) {
    let start = Instant::now();
    let mut last = (crowd.shared.read.load(Relaxed), Instant::now());
    while last.1.elapsed() < QUIET && start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let read = crowd.shared.read.load(Relaxed);
        if read != last.0 {
            last = (read, Instant::now());
        }
    }
}

/// Ends the engine under its clients, starts it again, and says whether all came back in time.
async fn restart(place: &Place, engine: Engine, crowd: &Crowd, how: How, base: f64) -> Result<(Engine, bool), Fault> {
    let shared = &crowd.shared;
    let (clients, lost) = (shared.open.load(Relaxed), shared.lost.load(Relaxed));
    let start = Instant::now();
    let since = || start.elapsed().as_secs_f64();
    let engine = tokio::task::block_in_place(|| {
        match how {
            How::Term => engine.stop()?,
            How::Kill => engine.kill()?,
        }
        println!("restart: ended after {:.1} s", since());
        place.start()
    })?;
    println!("restart: serves again after {:.1} s", since());
    let back = |part: f64| {
        let wanted = (clients as f64 * part).ceil() as usize;
        move || shared.lost.load(Relaxed) >= lost + clients && shared.open.load(Relaxed) >= wanted
    };
    let mut all = true;
    for (part, name) in [(0.5, "half of the clients"), (0.99, "99 %"), (1.0, "all")] {
        all &= wait((2 * BACK).saturating_sub(start.elapsed()), back(part)).await;
        println!("restart: {name} back after {:.1} s ({} open)", since(), shared.open.load(Relaxed));
    }
    let in_time = all && start.elapsed() <= BACK;
    let mut calm = false;
    while !calm && start.elapsed() < CALM {
        calm = load(&engine, 3).await? <= base * 1.25 + 0.02;
    }
    println!("restart: CPU {} after {:.1} s", if calm { "is where it was" } else { "is not where it was" }, since());
    Ok((engine, in_time && calm))
}
