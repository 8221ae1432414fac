//! `escucha run` and `escucha demo`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DemoArgs, Failure};
use crate::app::{self, demo};
use crate::bilingual::Lang;
use crate::config::Config;
use crate::notifiers::{self, Context};
use crate::telemetry::log;
use crate::time::{Clock, FastClock, SystemClock};

/// Runs the engine until it is told to stop.
pub fn run(config: Config, file: PathBuf, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let context = Context::new(clock.clone(), lang);
    let notifiers = config.notifiers.iter().map(|settings| notifiers::build(settings, &context).map(Arc::from)).collect::<Result<_, _>>();
    let job = app::Job { config, file: Some(file), clock, notifiers: notifiers.map_err(Failure::Work)?, lang, demo: None };
    serve(job, |address, out| writeln!(out, "{} http://{address}/", lang.pick("escuchando en", "listening on")), out)
}

/// Runs the engine on a synthetic firehose.
pub fn demo(args: &DemoArgs, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let (mut config, _) = Config::read("demo.toml", demo::CONFIG.to_owned(), Path::new("")).map_err(Failure::Configuration)?;
    config.server.bind = args.bind;
    config.add_own_posts();
    let speed = args.speed;
    let clock: Arc<dyn Clock> = Arc::new(FastClock::new(speed));
    let job = app::Job { config, file: None, clock, notifiers: Vec::new(), lang, demo: Some((args.seed, speed)) };
    serve(job, |address, out| out.write_all(welcome(address, speed, lang).as_bytes()), out)
}

fn serve(job: app::Job, greet: impl FnOnce(SocketAddr, &mut dyn Write) -> std::io::Result<()>, out: &mut dyn Write) -> Result<(), Failure> {
    let _log = log::start(&job.config.server.log);
    let announce = |address| {
        // Who started it may have closed the pipe; the engine runs all the same.
        let _ = greet(address, out).and_then(|()| out.flush());
    };
    app::run(job, announce).map_err(|error| if error.is_refusal() { Failure::Refused(error.text()) } else { Failure::Work(error.text()) })
}

fn welcome(address: SocketAddr, speed: f64, lang: Lang) -> String {
    let rows = lang.pick(
        [("el muro", ""), ("el flujo (WebSocket)", "v1/stream"), ("las menciones", "v1/mentions"), ("las métricas", "metrics")],
        [("the wall", ""), ("the stream (WebSocket)", "v1/stream"), ("the mentions", "v1/mentions"), ("the metrics", "metrics")],
    );
    let outage = wait(QUIET / speed, lang);
    let title = match lang {
        Lang::Es => format!("escucha, demostración: Banco Ejemplo. En {outage} empieza a fallar su aplicación."),
        Lang::En => format!("escucha, demo: Banco Ejemplo. In {outage} its app starts to fail."),
    };
    let end = lang.pick("Ctrl-C termina.", "Ctrl-C ends it.");
    let lines: String = rows.iter().map(|(what, path)| format!("  {what:<24} http://{address}/{path}\n")).collect();
    format!("{title}\n{lines}{end}\n")
}

/// Seconds of the demo's own time before the app starts to fail.
const QUIET: f64 = 120.0;

/// `seconds` in words, in whole minutes where it is at least one.
fn wait(seconds: f64, lang: Lang) -> String {
    let (count, one, many) = if seconds < 59.5 {
        (seconds.round().max(1.0), lang.pick("un segundo", "one second"), lang.pick("segundos", "seconds"))
    } else {
        ((seconds / 60.0).round(), lang.pick("un minuto", "one minute"), lang.pick("minutos", "minutes"))
    };
    if count <= 1.0 { one.to_owned() } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_says_when_by_the_clock_on_the_wall() {
        for (speed, es, en) in [
            (1.0, "En 2 minutos empieza", "In 2 minutes its"),
            (2.0, "En un minuto empieza", "In one minute its"),
            (10.0, "En 12 segundos empieza", "In 12 seconds its"),
            (1000.0, "En un segundo empieza", "In one second its"),
            (0.1, "En 20 minutos empieza", "In 20 minutes its"),
        ] {
            for (lang, want) in [(Lang::Es, es), (Lang::En, en)] {
                let text = welcome(([127, 0, 0, 1], 7070).into(), speed, lang);
                assert!(text.contains(want), "{speed}: {text}");
            }
        }
    }
}
