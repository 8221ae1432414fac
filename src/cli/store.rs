//! `escucha store`: a copy of the store, and what it holds, also while an engine writes.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Failure;
use crate::bilingual::Lang;
use crate::store::{self, NotCopied, Summary};

/// `store COMMAND`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A copy.
    Backup(BackupArgs),
    /// What there is.
    Check(CheckArgs),
}

/// `store backup FILE OUT`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[arg(long)]
    json: bool,
    #[arg(value_name = "FILE")]
    store: PathBuf,
    #[arg(value_name = "OUT")]
    copy: PathBuf,
}

/// `store check FILE`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[arg(long)]
    json: bool,
    #[arg(value_name = "FILE")]
    store: PathBuf,
}

/// Does it, and says what the copy or the file holds.
pub fn run(command: &Command, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let (path, summary, as_json) = match command {
        Command::Backup(args) => (&args.copy, store::backup(&args.store, &args.copy).map_err(failure)?, args.json),
        Command::Check(args) => (&args.store, store::look(&args.store).map_err(|e| Failure::Refused(e.text()))?, args.json),
    };
    let Summary { format, epoch, alerts, first, last, bytes, in_use, torn } = summary;
    if as_json {
        let all = json!({
            "path": path.to_string_lossy(), "format": format, "epoch": epoch, "alerts": alerts, "first": first, "last": last,
            "bytes": bytes, "in_use": in_use, "torn": torn,
        });
        return Ok(writeln!(out, "{all}")?);
    }
    writeln!(out, "{}: {}", path.display(), lang.pick("correcto", "sound"))?;
    let used = if in_use { lang.pick("sí", "yes") } else { lang.pick("no", "no") };
    let whole = match torn {
        true => lang.pick("el último cambio no está entero: se descartará", "the last commit is not whole: it will be dropped"),
        false => lang.pick("todo está como se escribió", "everything is as it was written"),
    };
    let rows = [
        (lang.pick("formato", "format"), format.to_string()),
        (lang.pick("época", "epoch"), epoch),
        (lang.pick("alertas", "alerts"), format!("{alerts} (seq {first}-{last})")),
        ("bytes", bytes.to_string()),
        (lang.pick("en uso", "in use"), used.to_owned()),
        (lang.pick("integridad", "integrity"), whole.to_owned()),
    ];
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        writeln!(out, "{name:width$}  {value}")?;
    }
    Ok(())
}

fn failure(e: NotCopied) -> Failure {
    match e {
        NotCopied::Refused(_) | NotCopied::Exists(_) => Failure::Refused(e.text()),
        NotCopied::Failed(..) => Failure::Work(e.text()),
    }
}
