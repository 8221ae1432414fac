//! One alert to many clients: this engine, and other servers that send the same bytes, one after another.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;

use crate::Fault;
use crate::crowd::{self, Crowd, wait};
use crate::engine::{Engine, Folder, free_port};
use crate::flow;
use crate::pace::Pace;

/// `load-tests fanout`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine's binary; several take turns.
    #[arg(long, default_value = "target/release/escucha")]
    engine: Vec<PathBuf>,
    /// Folder with `ws/srv_uws.mjs` and `ws/srv_ws.mjs`: servers for Node.js that listen on the port they are given
    /// and send the body of `POST /publish` to all clients.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Clients, at most 10 000.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// Alerts per second, at most 1 000.
    #[arg(long, value_delimiter = ',', default_value = "50,400")]
    rates: Vec<f64>,
    /// How long, at most 30 seconds; 4 000 alerts in all.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// How often each takes its turn, at most 10.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// What came before the last client connected has been read after this.
const SETTLE: Duration = Duration::from_secs(2);
/// Alerts that come later than this after the last one are lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// One server.
enum Peer<'a> {
    Escucha(&'a Path),
    Node(&'a Path, &'static str),
}

/// What one server did in one round.
struct Row {
    /// Microseconds of the server's CPU for each delivery.
    cost: f64,
    delivered: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
    max: f64,
    resident: f64,
}

pub fn run(args: &Args) -> Result<(), Fault> {
    let few = |rate: &f64| *rate > 0.0 && *rate <= 1000.0 && rate * args.seconds as f64 <= 4000.0;
    if args.clients == 0 || args.clients > crowd::CLIENTS || args.seconds > 30 || args.rounds > 10 || !args.rates.iter().all(few) {
        return Err("at most 10 000 clients, 30 seconds, 10 rounds, 1 000 alerts a second and 4 000 in all".into());
    }
    // The servers get the other core.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(fanout(args))
}

async fn fanout(args: &Args) -> Result<(), Fault> {
    let mut peers: Vec<(String, Peer)> = args.engine.iter().map(|path| (path.display().to_string(), Peer::Escucha(path))).collect();
    if let Some(folder) = &args.peers {
        peers.push(("uWebSockets".to_owned(), Peer::Node(folder, "srv_uws.mjs")));
        peers.push(("ws".to_owned(), Peer::Node(folder, "srv_ws.mjs")));
    }
    let sample = sample(args.engine.first().ok_or("no engine")?).await?;
    println!(
        "{} clients, {} s, {} rounds, medians; one alert is {} bytes for all\n",
        args.clients,
        args.seconds,
        args.rounds,
        sample.len()
    );
    println!("| server | alerts/s | us CPU per delivery | deliveries/s | delivered | p50 ms | p99 ms | max ms | resident MB |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for &rate in &args.rates {
        let mut rows: Vec<Vec<Row>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..args.rounds {
            for ((_, peer), rows) in peers.iter().zip(&mut rows) {
                rows.push(round(args, peer, rate, &sample).await?);
            }
        }
        for ((name, _), rows) in peers.iter().zip(&rows) {
            let of = |figure: fn(&Row) -> f64| median(rows.iter().map(figure).collect());
            println!(
                "| {name} | {rate} | {:.2} | {:.0} | {:.1} % | {:.1} | {:.1} | {:.0} | {:.0} |",
                of(|r| r.cost),
                of(|r| r.per_second),
                100.0 * of(|r| r.delivered),
                of(|r| r.p50),
                of(|r| r.p99),
                of(|r| r.max),
                of(|r| r.resident)
            );
        }
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A running engine that makes one alert of every post, and its folder.
async fn engine(binary: &Path) -> Result<(Engine, Folder), Fault> {
    let folder = Folder::new()?;
    let config = folder.0.join("escucha.toml");
    std::fs::write(&config, flow::configuration(SocketAddr::from(([127, 0, 0, 1], 0)), false))?;
    Ok((Engine::start(binary, &["run", "-c", &config.to_string_lossy()])?, folder))
}

/// The first alert that the engine sends: what the others are to send is the same.
async fn sample(binary: &Path) -> Result<String, Fault> {
    let (engine, _folder) = engine(binary).await?;
    let pace = Pace::new(1.0);
    let mut socket = connect_async(format!("ws://{}/v1/stream?channels=alerts&since=0", engine.address)).await?.0;
    publish(engine.address, "/v1/posts", 1, pace, |n| flow::line(&pace, n)).await?;
    let alert = loop {
        let text = crate::client::next(&mut socket).await?;
        if text.starts_with(r#"{"type":"alert""#) {
            break text.to_string();
        }
    };
    engine.stop()?;
    Ok(alert)
}

async fn round(args: &Args, peer: &Peer<'_>, rate: f64, sample: &str) -> Result<Row, Fault> {
    let (server, _folder) = match peer {
        Peer::Escucha(binary) => engine(binary).await.map(|(engine, folder)| (engine, Some(folder)))?,
        Peer::Node(folder, script) => {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port().await?));
            let mut command = Command::new("node");
            command.arg(folder.join("ws").join(script)).arg(address.port().to_string());
            (Engine::other(&mut command, address).await?, None)
        }
    };
    let escucha = matches!(peer, Peer::Escucha(_));
    let crowd = Crowd::join(server.address, if escucha { "/v1/stream?channels=alerts" } else { "/" }, args.clients).await?;
    tokio::time::sleep(SETTLE).await;
    let alerts = (rate * args.seconds as f64) as u64;
    let (before, start, pace) = (server.cpu()?, Instant::now(), Pace::new(rate));
    crowd.measure(pace);
    if escucha {
        publish(server.address, "/v1/posts", alerts, pace, |n| flow::line(&pace, n)).await?;
    } else {
        publish(server.address, "/publish", alerts, pace, |n| numbered(sample, n)).await?;
    }
    let wanted = alerts * args.clients as u64;
    wait(PATIENCE, || crowd.shared.read.load(Relaxed) >= wanted).await;
    let (cpu, seconds) = (server.cpu()? - before, start.elapsed().as_secs_f64());
    let resident = server.peak()?;
    let told = crowd.end().await?;
    if told.failed > 0 {
        return Err("clients failed".into());
    }
    let ms = |q| told.late.value_at_quantile(q) as f64 / 1000.0;
    let read = told.tale.alerts as f64;
    Ok(Row {
        cost: cpu * 1e6 / read.max(1.0),
        delivered: read / wanted as f64,
        per_second: read / seconds,
        p50: ms(0.5),
        p99: ms(0.99),
        max: ms(1.0),
        resident,
    })
}

/// `sample` with the numbers of post `n`.
fn numbered(sample: &str, n: u64) -> String {
    sample.replacen(r#""seq":1,"#, &format!(r#""seq":{},"#, n + 1), 1).replacen("/p-0\"", &format!("/p-{n}\""), 1)
}

/// Sends `alerts` requests when they are due, without waiting for the answers, which must be good.
async fn publish(address: SocketAddr, path: &str, alerts: u64, pace: Pace, body: impl Fn(u64) -> String) -> Result<(), Fault> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut reading, mut writing) = stream.into_split();
    let answers = async {
        let (mut good, mut bytes) = (0, Vec::new());
        while good < alerts {
            if reading.read_buf(&mut bytes).await? == 0 {
                return Err(Fault::from("the publisher's connection was closed"));
            }
            let text = String::from_utf8_lossy(&bytes);
            if text.contains("HTTP/1.1 4") || text.contains("HTTP/1.1 5") {
                return Err(format!("the publisher was answered {text}").into());
            }
            // A start line may be cut in two: its part stays.
            let whole = text.rfind("HTTP/1.1 2").map_or(0, |at| at + "HTTP/1.1 2".len());
            good += text.matches("HTTP/1.1 2").count() as u64;
            bytes.drain(..whole.min(bytes.len()));
        }
        Ok(())
    };
    let requests = async {
        for n in 0..alerts {
            pace.until(n).await;
            let body = body(n);
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            writing.write_all((head + &body).as_bytes()).await?;
        }
        Ok(())
    };
    tokio::try_join!(answers, requests)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_alert_is_numbered_for_others() {
        let sample = r#"{"type":"alert","seq":1,"id":"each/flow/p-0","first_post":{"id":"p-0"}}"#;
        assert_eq!(numbered(sample, 41), r#"{"type":"alert","seq":42,"id":"each/flow/p-41","first_post":{"id":"p-0"}}"#);
        assert_eq!(numbered(sample, 0), sample);
    }
}
