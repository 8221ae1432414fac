//! `escucha notify test`: one marked alert to one target, and what came of it.

use std::io::Write;
use std::sync::Arc;

use crate::bilingual::{Both, Lang};
use crate::config::Config;
use crate::nearest::nearest;
use crate::notifiers::{self, Context, Message, Outcome, Settings};
use crate::time::{Clock, SystemClock};

use super::{ConfigArgs, Failure};

/// `notify …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A trial.
    Test(Args),
}

/// `notify test NAME`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[arg(value_name = "NAME")]
    name: String,
}

/// Sends one test alert through the notifier called by `args`.
pub fn test(config: &Config, args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let settings = config.notifiers.iter().find(|settings| settings.name == args.name);
    let settings = settings.ok_or_else(|| Failure::Usage(unknown(config, &args.name)))?;
    let name = &settings.name;
    let failed = |why: Both| Failure::Work(why);
    match attempt(settings, lang).map_err(failed)? {
        Outcome::Delivered => {
            let done = Both::new(format!("«{name}» recibió la alerta de prueba"), format!("“{name}” received the test alert"));
            Ok(writeln!(out, "{}", done.get(lang))?)
        }
        Outcome::Transient { why, after } => {
            let (mut es, mut en) = (String::new(), String::new());
            if let Some(seconds) = after.map(|after| after.as_secs()) {
                es = format!(" a partir de {seconds} s");
                en = format!(" after {seconds} s");
            }
            Err(failed(Both::new(
                format!("«{name}» no recibió la prueba; otro intento{es} podría servir: {why}"),
                format!("“{name}” did not receive the test; another try{en} could help: {why}"),
            )))
        }
        Outcome::Permanent { why } => Err(failed(Both::new(
            format!("«{name}» no recibió la prueba y otro intento no serviría: {why}"),
            format!("“{name}” did not receive the test and another try would not help: {why}"),
        ))),
        Outcome::Gone { why } => {
            Err(failed(Both::new(format!("«{name}» ya no existe en su destino: {why}"), format!("“{name}” is gone at its target: {why}"))))
        }
    }
}

fn attempt(settings: &Settings, lang: Lang) -> Result<Outcome, Both> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let alert = notifiers::example(clock.now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Both::new(format!("no se puede empezar: {error}"), format!("cannot start: {error}")))?;
    let notifier = notifiers::build(settings, &Context::new(clock, lang))?;
    let message = Message { alert: &alert, seq: 0, key: &alert.id, lang: settings.lang, test: true };
    Ok(runtime.block_on(notifier.attempt(&message)))
}

fn unknown(config: &Config, name: &str) -> Both {
    let names = || config.notifiers.iter().map(|settings| settings.name.as_str());
    let (mut es, mut en) = (format!("no hay [[notify]] «{name}»"), format!("there is no [[notify]] “{name}”"));
    if let Some(near) = nearest(name, names()) {
        es += &format!("; ¿querías decir «{near}»?");
        en += &format!("; did you mean “{near}”?");
    } else if config.notifiers.is_empty() {
        es += ": el archivo no tiene ninguno";
        en += ": the file has none";
    } else {
        let all = names().collect::<Vec<_>>().join(", ");
        es += &format!("; hay: {all}");
        en += &format!("; there are: {all}");
    }
    Both::new(es, en)
}
