//! `escucha erase`: all that is known of one person leaves the running engine, or the store of a stopped one.

use std::io::Write;

use serde_json::{Value, json};

use super::{ConfigArgs, Failure, deliveries};
use crate::app;
use crate::bilingual::{Both, Lang};
use crate::config::Config;
use crate::incidents::Erased;
use crate::tally::Erasure;
use crate::time::{Clock, SystemClock};

/// `erase --network NETWORK --author AUTHOR`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[arg(long, value_name = "NAME")]
    network: String,
    #[arg(long, value_name = "AUTHOR")]
    author: String,
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Asks the engine at the address of the configuration, or else opens its store.
pub fn run(config: Config, args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let mut at = config.server.bind;
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    let network = args.network.trim().to_lowercase();
    let body = json!({"network": network, "author": args.author}).to_string();
    let erased = if std::net::TcpStream::connect(at).is_ok() {
        let url = format!("http://{at}");
        let (status, answer) = deliveries::ask_with(&url, args.token.as_deref(), "POST", "/v1/erasures", body.as_bytes(), lang)?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status != 200 {
            let why = answer["detail"].as_str().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            return Err(Failure::Work(Both::new(format!("no se borró: {why}"), format!("not erased: {why}"))));
        }
        let count = |key: &str| answer[key].as_u64().unwrap_or_default() as usize;
        Erased { posts: count("posts"), matters: count("incidents") }
    } else if config.store.is_some() {
        app::erase_stopped(config, &Erasure::of(&network, &args.author), SystemClock::new().now()).map_err(Failure::Refused)?
    } else {
        return Err(Failure::Work(Both::new(
            format!("{at} no responde y no hay [store]: no hay nada que borrar"),
            format!("{at} does not answer and there is no [store]: there is nothing to erase"),
        )));
    };
    let Erased { posts, matters } = erased;
    let text = Both::new(
        format!("borrado. Publicaciones: {posts}. Asuntos de los que solo quedan las cifras: {matters}"),
        format!("erased. Posts: {posts}. Matters of which only the figures remain: {matters}"),
    );
    writeln!(out, "{}", text.get(lang))?;
    Ok(())
}
