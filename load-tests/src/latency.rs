//! How soon an alert is decided, durable and read by one client and by the last of many, at a steady rate of
//! posts that does not wait for anybody.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::watch;

use crate::Fault;
use crate::accounting::{Books, metrics};
use crate::client::{self, ALERT, Seen, histogram, number};
use crate::disk;
use crate::engine::{self, Engine, Folder, free_port};
use crate::frames::{Frames, MARK, micros_now};
use crate::inside::{Buckets, Snapshots};
use crate::senders::{self, Progress, Sent};
use crate::whole::{until_idle, wait_for_tcp};

/// `load-tests latency`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine's binary.
    #[arg(long, default_value = "target/release/escucha")]
    engine: PathBuf,
    /// Seconds of posts, at most 600.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The first of them, which are not measured.
    #[arg(long, default_value_t = 5)]
    warm_up: u64,
    /// Posts per second over one TCP connection.
    #[arg(long, default_value_t = 40_000)]
    rate: u64,
    /// Posts per second over HTTP, 0 for none: each request behind the answer to the one before.
    #[arg(long, default_value_t = 10_000)]
    http_rate: u64,
    /// Alerts per second: posts that fire one each.
    #[arg(long, default_value_t = 20)]
    alerts: u64,
    /// Topics beside that of the alerts.
    #[arg(long, default_value_t = 600)]
    queries: usize,
    /// Clients that read all alerts.
    #[arg(long, default_value_t = 1)]
    clients: usize,
    /// Without `[store]`: nothing is durable.
    #[arg(long)]
    no_store: bool,
}

/// Names of the sources; the senders use them for ids.
const SOURCES: [&str; 2] = ["tcp", "http"];

pub fn run(args: &Args) -> Result<(), Fault> {
    if args.seconds > 600 || args.warm_up >= args.seconds || args.clients == 0 || args.clients > 1000 || args.queries > 20_000 {
        return Err("at most 600 seconds, longer than the first of them; 1 to 1 000 clients; at most 20 000 topics".into());
    }
    if args.alerts == 0 || args.alerts > args.rate / 100 {
        return Err("at least one alert per second, and no more than one post in 100 over TCP fires".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(latency(args))
}

async fn latency(args: &Args) -> Result<(), Fault> {
    let mut frames = Frames::new(1, args.queries, args.queries);
    frames.mark_every = (args.rate + args.http_rate) / args.alerts;
    let (folder, tcp) = (Folder::new()?, free_port().await?);
    let config = folder.0.join("escucha.toml");
    std::fs::write(&config, configuration(args, &frames, tcp)?)?;
    let engine = Engine::start(&args.engine, &["run", "-c", &config.to_string_lossy()])?;
    let over = Arc::new(AtomicBool::new(false));
    let (place, until) = (folder.0.clone(), over.clone());
    let probe = tokio::task::spawn_blocking(move || disk::probe(&place, &until));
    let exact = drive(args, &engine, Arc::new(frames), tcp).await;
    over.store(true, Relaxed);
    println!("disk: a page made durable beside it        {}", quantiles(&probe.await??));
    let exact = exact?;
    engine.stop()?;
    if exact { Ok(()) } else { Err("the books are not exact, or a client missed an alert".into()) }
}

fn configuration(args: &Args, frames: &Frames, tcp: u16) -> Result<String, Fault> {
    let store = if args.no_store { "" } else { "[store]\npath = \"alerts.db\"\n" };
    let mut text = format!(
        "timezone = \"UTC\"\n[server]\nbind = \"127.0.0.1:0\"\n[engine]\nrecent = \"16MB\"\n{store}\
         [[source]]\nname = \"tcp\"\ntype = \"tcp\"\nformat = \"escucha\"\nbind = \"127.0.0.1:{tcp}\"\n\
         [[source]]\nname = \"http\"\ntype = \"http\"\nformat = \"escucha\"\n\
         [[topic]]\nname = \"mark\"\nquery = '{MARK}'\nweight = 30\n\
         [[alert]]\nname = \"each\"\non = \"priority\"\nat = 1\ntopics = [\"mark\"]\n"
    );
    for (i, query) in frames.queries.iter().enumerate() {
        // JSON's escapes are TOML's.
        writeln!(text, "[[topic]]\nname = \"t{i}\"\nquery = {}", serde_json::to_string(query)?)?;
    }
    Ok(text)
}

/// What is read at the end of the warm-up and at the end.
struct Look {
    metrics: String,
    cpu: [f64; 2],
    threads: BTreeMap<String, f64>,
}

impl Look {
    async fn take(engine: &Engine) -> Result<Look, Fault> {
        let cpu = [engine.cpu()?, engine::cpu("self")?];
        Ok(Look { metrics: metrics(engine.address).await?, cpu, threads: engine.threads()? })
    }
}

async fn drive(args: &Args, engine: &Engine, frames: Arc<Frames>, tcp: u16) -> Result<bool, Fault> {
    let (stop, stopped) = watch::channel(false);
    let read = |i| tokio::spawn(reader(engine.address, i == 0, stopped.clone()));
    let clients: Vec<_> = (0..args.clients).map(read).collect();
    wait_for_tcp(tcp).await?;
    let posts = [args.rate * args.seconds, args.http_rate * args.seconds];
    let [by_tcp, by_http] = [args.rate, args.http_rate.max(1)].map(|rate| rate as f64);
    let measured = micros_now() + args.warm_up * 1_000_000;
    let sending = async {
        let [a, b] = [frames.clone(), frames.clone()];
        tokio::try_join!(
            senders::tcp(([127, 0, 0, 1], tcp).into(), a, posts[0], by_tcp, Progress::default()),
            senders::http(engine.address, b, posts[1], by_http, Progress::default()),
        )
    };
    let warm = async {
        tokio::time::sleep(Duration::from_secs(args.warm_up)).await;
        Look::take(engine).await
    };
    let snapshots = Snapshots::watch(engine, stopped.clone());
    let driven = async {
        let (sent, before) = tokio::try_join!(sending, warm)?;
        let now = Look::take(engine).await?;
        let books = until_idle(engine).await?;
        stop.send(true)?;
        Ok((<[Sent; 2]>::from(sent), before, now, books))
    };
    let ((sent, before, now, books), snapshots) = tokio::try_join!(driven, snapshots)?;
    let mut seen = Vec::new();
    for client in clients {
        seen.push(client.await??);
    }
    let exact = report_books(&books, &sent);
    report_cpu(args, &before, &now);
    for (what, name) in [
        ("received to decided", "escucha_post_to_alert_seconds"),
        ("received to published", "escucha_post_to_published_seconds"),
        ("commits", "escucha_store_commit_seconds"),
    ] {
        println!("engine: {what:<22} {}", Buckets::since(&before.metrics, &now.metrics, name).text());
    }
    report_late(&seen, measured, &snapshots)?;
    println!("engine: resident MB at most {:.0}, while a snapshot was made {:.0}", snapshots.resident.0, snapshots.resident.1);
    let marked = posts.iter().map(|n| n.div_ceil(frames.mark_every)).sum();
    Ok(exact & report_clients(&seen, marked))
}

/// An alert as a client read it.
struct Arrival {
    seq: u64,
    at: u64,
}

/// The post of an alert that fires: its source, and when it was due.
struct Fired {
    source: String,
    due: u64,
}

/// What one client read; the first client also knows of what.
#[derive(Default)]
struct Reading {
    seen: Seen,
    arrivals: Vec<Arrival>,
    fired: HashMap<u64, Fired>,
    ids: HashSet<String>,
}

/// Reads alerts until `stop`; `first` tells whether they are looked into.
async fn reader(address: SocketAddr, first: bool, mut stop: watch::Receiver<bool>) -> Result<Reading, Fault> {
    let mut socket = client::connect(address, "channels=alerts").await?;
    let mut reading = Reading::default();
    loop {
        tokio::select! {
            text = client::next(&mut socket) => reading.frame(&text?, micros_now(), first)?,
            _ = stop.changed() => return Ok(reading),
        }
    }
}

impl Reading {
    fn frame(&mut self, text: &str, at: u64, first: bool) -> Result<(), Fault> {
        self.seen.frame(text);
        self.seen.remember(text);
        if !text.starts_with(ALERT) {
            return Ok(());
        }
        let seq = number(text.get(..64).unwrap_or(text), r#""seq":"#).ok_or("an alert without a number")?;
        self.arrivals.push(Arrival { seq, at });
        if !first {
            return Ok(());
        }
        let alert: serde_json::Value = serde_json::from_str(text)?;
        let id = alert["id"].as_str().ok_or("an alert without an id")?;
        if alert["status"] == "firing" && self.ids.insert(id.to_owned()) {
            let post = &alert["first_post"];
            let due: jiff::Timestamp = post["created_at"].as_str().ok_or("a post without a time")?.parse()?;
            let source = post["id"].as_str().and_then(|id| id.split('-').next()).unwrap_or_default().to_owned();
            self.fired.insert(seq, Fired { source, due: due.as_microsecond().unsigned_abs() });
        }
        Ok(())
    }
}

/// Quantiles in milliseconds.
fn quantiles(late: &Histogram<u64>) -> String {
    let ms = |q: f64| late.value_at_quantile(q) as f64 / 1000.0;
    format!("p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms ({} times)", ms(0.5), ms(0.99), ms(0.999), ms(1.0), late.len())
}

/// From when a post was due until its alert was read: of alerts whose post was due from `measured` on.
fn report_late(seen: &[Reading], measured: u64, snapshots: &Snapshots) -> Result<(), Fault> {
    let Some(first) = seen.first() else { return Ok(()) };
    let mut late: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut record = |what: String, micros: u64| -> Result<(), Fault> {
        if !late.contains_key(&what) {
            late.insert(what.clone(), histogram()?);
        }
        late.get_mut(&what).into_iter().for_each(|h| h.saturating_record(micros.max(1)));
        Ok(())
    };
    let mut last: HashMap<u64, (u64, usize)> = HashMap::new();
    for arrival in seen.iter().flat_map(|reading| &reading.arrivals) {
        let (at, clients) = last.entry(arrival.seq).or_default();
        (*at, *clients) = ((*at).max(arrival.at), *clients + 1);
    }
    for arrival in &first.arrivals {
        let Some(fired) = first.fired.get(&arrival.seq).filter(|fired| fired.due >= measured) else { continue };
        let micros = arrival.at.saturating_sub(fired.due);
        record("read, all".to_owned(), micros)?;
        record(format!("read, {}", fired.source), micros)?;
        let during = if snapshots.at(fired.due) { "while a snapshot was made" } else { "while none was" };
        record(format!("read, {during}"), micros)?;
        if let Some((at, clients)) = last.get(&arrival.seq).filter(|(_, clients)| *clients > 1) {
            record(format!("read by the last of {clients}"), at.saturating_sub(fired.due))?;
        }
    }
    let lengths: Vec<String> = snapshots.spans.iter().map(|(from, to)| format!("{:.1} s", (to - from) as f64 / 1e6)).collect();
    let lengths = if lengths.is_empty() { "none".to_owned() } else { lengths.join(" + ") };
    println!("snapshots: {lengths}, CPU {:.1} s", snapshots.cpu);
    for (what, late) in &late {
        println!("from due to {what:<32} {}", quantiles(late));
    }
    Ok(())
}

fn report_books(books: &Books, sent: &[Sent; 2]) -> bool {
    let mut exact = true;
    for (source, sent) in SOURCES.into_iter().zip(sent) {
        let (row, fine) = books.row(source, sent.posts);
        println!("{row}");
        println!("{:<10} {:.0} posts/s offered and taken; {}", "", sent.posts as f64 / sent.seconds, sent.remark);
        exact &= fine;
    }
    exact
}

fn report_cpu(args: &Args, before: &Look, now: &Look) {
    let [engine, sender] = [now.cpu[0] - before.cpu[0], now.cpu[1] - before.cpu[1]];
    let posts = ((args.rate + args.http_rate) * (args.seconds - args.warm_up)) as f64;
    println!("CPU after the warm-up: engine {engine:.1} s, {:.2} us per post; senders and clients {sender:.1} s", engine * 1e6 / posts);
    let of = |name: &String, cpu: &f64| cpu - before.threads.get(name).copied().unwrap_or(0.0);
    let threads: Vec<String> = now.threads.iter().map(|(name, cpu)| format!("{name} {:.1}", of(name, cpu))).collect();
    println!("engine: CPU seconds of its threads: {}", threads.join(", "));
}

fn report_clients(seen: &[Reading], marked: u64) -> bool {
    let Some(first) = seen.first() else { return false };
    let of = |s: &Seen| (s.alerts, s.alerts_hash, s.holes, s.gaps);
    let agree = seen.iter().all(|reading| of(&reading.seen) == (first.seen.alerts, first.seen.alerts_hash, 0, 0));
    let fired = first.fired.len() as u64;
    println!(
        "{} clients, {} alerts each: {}; posts that fire {marked}, alerts that fired {fired}",
        seen.len(),
        first.seen.alerts,
        if agree { "the same, byte for byte" } else { "DIFFERENT" }
    );
    agree && fired == marked
}
