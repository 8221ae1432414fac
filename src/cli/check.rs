//! `escucha check`: a good file is summed up; a bad one never gets here.

use std::io::Write;
use std::path::Path;

use crate::bilingual::Lang;
use crate::config::{Config, TopicIds};

use super::{ConfigArgs, Failure};

/// `check [-c FILE] [--print-defaults]`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Instead, every section with its defaults.
    #[arg(long)]
    pub print_defaults: bool,
}

/// Says what the file asks for.
pub fn run(mut config: Config, path: &Path, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let listening = config.take_listening(&mut TopicIds::default(), 0);
    let queries = listening.topics.iter().map(|t| t.queries.len()).sum();
    let counts = [
        (config.sources.len(), ["fuente", "fuentes"], ["source", "sources"]),
        (listening.brands.len(), ["marca", "marcas"], ["brand", "brands"]),
        (listening.topics.len(), ["tema", "temas"], ["topic", "topics"]),
        (queries, ["consulta", "consultas"], ["query", "queries"]),
        (listening.rules.len() + listening.source_rules.len() + listening.sla_rules.len(), ["alerta", "alertas"], ["alert", "alerts"]),
        (config.notifiers.len(), ["notificador", "notificadores"], ["notifier", "notifiers"]),
    ];
    let shown = counts.map(|(n, es, en)| {
        let one = usize::from(n != 1);
        format!("{n} {}", lang.pick(es[one], en[one]))
    });
    writeln!(out, "{}: {}: {}", path.display(), lang.pick("correcto", "correct"), shown.join(", "))?;
    Ok(())
}
