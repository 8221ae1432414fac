//! Drives the real engine over loopback: bounded in posts and time, and ends by itself.
#![allow(clippy::print_stdout, reason = "a measuring program prints")]
#![allow(clippy::disallowed_methods, reason = "a measuring program reads the real clock")]

mod accounting;
mod client;
mod crowd;
mod disk;
mod engine;
mod fanout;
mod flow;
mod frames;
mod inside;
mod jetstream;
mod latency;
mod pace;
mod peer;
mod senders;
mod steady;
mod swarm;
mod whole;

use std::process::ExitCode;

use clap::Parser;

/// Whatever went wrong; a measuring program has nothing to recover.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about, after_help = "Example:\n  cargo build --release && cargo run --release -p load-tests -- whole --posts 1000000")]
enum Cli {
    /// A paced firehose over TCP, HTTP and WebSocket at once, clients on the stream, and the accounting
    Whole(whole::Args),
    /// How soon an alert is decided, durable and read, at a steady rate of posts
    Latency(latency::Args),
    /// Many stream clients on one engine, and how late each is; with `--restart`, all come back
    Swarm(swarm::Args),
    /// One alert to many clients, beside other servers
    Fanout(fanout::Args),
    /// Days of event time into an engine in this process: its memory must become flat
    Steady(steady::Args),
    /// The common work of the peer kit
    Peer(peer::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Whole(args) => whole::run(&args),
        Cli::Latency(args) => latency::run(&args),
        Cli::Swarm(args) => swarm::run(&args),
        Cli::Fanout(args) => fanout::run(&args),
        Cli::Steady(args) => steady::run(&args),
        Cli::Peer(args) => peer::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load-tests: {error}");
            ExitCode::FAILURE
        }
    }
}
