//! Many clients of `/v1/stream`: how late each is against the first that got the same frame.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Fault;
use crate::client::{self, Firsts, Phase, Seen, quantiles};
use crate::engine::Engine;

/// `load-tests swarm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where an engine listens on this machine; without it, a demo is started and ended.
    #[arg(long)]
    address: Option<SocketAddr>,
    /// The binary of that demo.
    #[arg(long, default_value = "target/release/escucha")]
    engine: PathBuf,
    /// How fast the time of that demo passes.
    #[arg(long, default_value_t = 20)]
    speed: u32,
    /// Clients, at most 10 000.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// How long, at most 600 seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Channels each asks for.
    #[arg(long, default_value = "alerts,windows")]
    channels: String,
}

/// Clients that connect at the same time.
const CONNECTING: usize = 64;
/// What came before the last client connected has been read after this.
const SETTLE: Duration = Duration::from_secs(2);

pub fn run(args: &Args) -> Result<(), Fault> {
    if args.clients > 10_000 || args.seconds > 600 || args.address.is_some_and(|a| !a.ip().is_loopback()) {
        return Err("only this machine, at most 10 000 clients and 600 seconds".into());
    }
    let speed = args.speed.to_string();
    let engine = match args.address {
        Some(_) => None,
        None => Some(Engine::start(&args.engine, &["demo", "--bind", "127.0.0.1:0", "--speed", &speed])?),
    };
    let address = args.address.or(engine.as_ref().map(|e| e.address)).ok_or("no address")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(swarm(args, address, engine.as_ref()));
    // Clients that are still there must not keep the engine from its end.
    drop(runtime);
    engine.map_or(Ok(()), Engine::stop)?;
    done
}

async fn swarm(args: &Args, address: SocketAddr, engine: Option<&Engine>) -> Result<(), Fault> {
    let query = format!("channels={}", args.channels);
    let firsts = Arc::new(Firsts::default());
    let (phase, phases) = watch::channel(Phase::Joining);
    let mut clients = JoinSet::new();
    let mut failed = 0;
    let (joined, mut waiting) = tokio::sync::mpsc::channel(CONNECTING);
    for _ in 0..args.clients {
        clients.spawn(client::timed(address, query.clone(), phases.clone(), firsts.clone(), joined.clone()));
        if clients.len() >= CONNECTING {
            waiting.recv().await;
        }
    }
    drop(joined);
    while waiting.recv().await.is_some() {}
    tokio::time::sleep(SETTLE).await;
    let before = engine.map(Engine::cpu).transpose()?;
    phase.send(Phase::Measuring)?;
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let after = engine.map(Engine::cpu).transpose()?;
    phase.send(Phase::Over)?;
    let mut all = Seen::default();
    let mut spread: Histogram<u64> = client::histogram()?;
    let mut came = 0;
    while let Some(client) = clients.join_next().await {
        match client? {
            Ok((seen, late)) => {
                came += 1;
                all.add(&seen);
                spread.add(&late)?;
            }
            Err(error) => {
                failed += 1;
                eprintln!("load-tests: {error}");
            }
        }
    }
    println!("{came} clients, {failed} failed, {} s", args.seconds);
    println!("frames {}, of them alerts {}, mentions {}", all.frames, all.alerts, all.mentions);
    println!("gaps {}, holes in the sequence {}, mentions dropped {}", all.gaps, all.holes, all.dropped);
    println!("behind the first client that read the frame: {}", quantiles(&spread));
    if let (Some(before), Some(after), Some(engine)) = (before, after, engine) {
        let cpu = after - before;
        let frames = (all.frames as f64).max(1.0);
        println!("engine: CPU {cpu:.2} s, {:.2} us per frame delivered, peak memory {:.0} MB", cpu * 1e6 / frames, engine.peak()?);
    }
    let well = failed == 0 && all.holes == 0 && all.gaps == 0;
    if well { Ok(()) } else { Err("clients failed or missed alerts".into()) }
}
