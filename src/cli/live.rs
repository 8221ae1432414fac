//! `escucha run` and `escucha demo`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DemoArgs, Failure, logging};
use crate::app::{self, demo};
use crate::bilingual::Lang;
use crate::config::Config;
use crate::time::{Clock, FastClock, SystemClock};

/// Runs the engine until it is told to stop.
pub fn run(config: Config, file: PathBuf, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let job = app::Job { config, file: Some(file), clock, demo: None };
    serve(job, |address, out| writeln!(out, "{} http://{address}/", lang.pick("escuchando en", "listening on")), out)
}

/// Runs the engine on a synthetic firehose.
pub fn demo(args: &DemoArgs, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let (mut config, _) = Config::read("demo.toml", demo::CONFIG.to_owned(), Path::new("")).map_err(Failure::Configuration)?;
    config.server.bind = args.bind;
    let clock: Arc<dyn Clock> = Arc::new(FastClock::new(args.speed));
    let job = app::Job { config, file: None, clock, demo: Some((args.seed, args.speed)) };
    serve(job, |address, out| out.write_all(welcome(address, lang).as_bytes()), out)
}

fn serve(job: app::Job, greet: impl FnOnce(SocketAddr, &mut dyn Write) -> std::io::Result<()>, out: &mut dyn Write) -> Result<(), Failure> {
    let _log = logging::start();
    let announce = |address| {
        // Who started it may have closed the pipe; the engine runs all the same.
        let _ = greet(address, out).and_then(|()| out.flush());
    };
    app::run(job, announce).map_err(|error| Failure::Work(error.text()))
}

fn welcome(address: SocketAddr, lang: Lang) -> String {
    let rows = lang.pick(
        [("el muro", ""), ("el flujo (WebSocket)", "v1/stream"), ("las menciones", "v1/mentions"), ("las métricas", "metrics")],
        [("the wall", ""), ("the stream (WebSocket)", "v1/stream"), ("the mentions", "v1/mentions"), ("the metrics", "metrics")],
    );
    let title = lang.pick(
        "escucha, demostración: Banco Ejemplo. En dos minutos empieza a fallar su aplicación.",
        "escucha, demo: Banco Ejemplo. In two minutes its app starts to fail.",
    );
    let end = lang.pick("Ctrl-C termina.", "Ctrl-C ends it.");
    let lines: String = rows.iter().map(|(what, path)| format!("  {what:<24} http://{address}/{path}\n")).collect();
    format!("{title}\n{lines}{end}\n")
}
