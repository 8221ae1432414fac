//! `escucha completions` and `escucha man`, out of the same definition as the help.

use std::io::Write;
use std::path::PathBuf;

use clap_complete::Shell;

use super::Failure;
use crate::bilingual::{Both, Lang};

/// `completions SHELL`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// `man [--to FOLDER]`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// One page for each command, in this folder.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

/// Prints the script that completes commands and options.
pub fn completions(args: &Completions, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let shell = match args.shell.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(lang), "escucha", &mut script);
    out.write_all(&script)?;
    Ok(())
}

/// Prints the page of `escucha`, or writes those of all commands.
pub fn man(args: &Man, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let mut command = super::command(lang);
    command.build();
    let Some(folder) = &args.to else {
        out.write_all(page(command, lang)?.as_bytes())?;
        return Ok(());
    };
    for (name, command) in all(command, "") {
        let file = folder.join(format!("{name}.1"));
        std::fs::write(&file, page(command.display_name(name).bin_name(""), lang)?).map_err(|error| {
            let file = file.display();
            Failure::Work(Both::new(format!("no se puede escribir {file}: {error}"), format!("cannot write {file}: {error}")))
        })?;
    }
    Ok(())
}

/// `command` and those below it, with the names of their pages.
fn all(command: clap::Command, above: &str) -> Vec<(String, clap::Command)> {
    let name = if above.is_empty() { command.get_name().to_owned() } else { format!("{above}-{}", command.get_name()) };
    let below: Vec<_> = command.get_subcommands().cloned().flat_map(|sub| all(sub, &name)).collect();
    std::iter::once((name, command)).chain(below).collect()
}

/// Headings that the generator writes by itself, in Spanish.
const HEADINGS: [(&str, &str); 7] = [
    (".SH NAME\n", ".SH NOMBRE\n"),
    (".SH SYNOPSIS\n", ".SH SINOPSIS\n"),
    (".SH DESCRIPTION\n", ".SH DESCRIPCIÓN\n"),
    (".SH OPTIONS\n", ".SH OPCIONES\n"),
    (".SH SUBCOMMANDS\n", ".SH ÓRDENES\n"),
    (".SH EXTRA\n", ".SH EJEMPLO\n"),
    (".SH VERSION\n", ".SH VERSIÓN\n"),
];

fn page(command: clap::Command, lang: Lang) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\n", lang.pick(".SH EXTRA\n", ".SH EXAMPLE\n"));
    Ok(match lang {
        Lang::En => page,
        Lang::Es => HEADINGS.iter().fold(page, |page, (en, es)| page.replace(en, es)),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::{Cli, tests::call_with};

    #[test]
    fn every_command_is_completed_and_has_its_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().to_string_lossy().into_owned();
        let (code, _, err) = call_with(&["escucha", "--lang", "en", "man", "--to", &to]);
        assert_eq!(code, 0, "{err}");
        let (_, main, _) = call_with(&["escucha", "--lang", "en", "man"]);
        assert!(main.contains(".TH escucha 1") && main.contains("escucha demo"), "{main}");
        let scripts = ["bash", "zsh", "fish"].map(|shell| call_with(&["escucha", "completions", shell]).1);
        for sub in Cli::command().get_subcommands() {
            let name = sub.get_name();
            let page = std::fs::read_to_string(folder.path().join(format!("escucha-{name}.1"))).expect(name);
            assert!(page.contains(".SH EXAMPLE") && page.contains(".SH SYNOPSIS"), "{page}");
            assert!(main.contains(&format!("escucha\\-{name}(1)")), "{name}: {main}");
            assert!(scripts.iter().all(|script| script.contains(name)), "{name}");
        }
        assert!(folder.path().join("escucha-store-backup.1").exists());
    }

    #[test]
    fn pages_are_in_their_language() {
        let (_, es, _) = call_with(&["escucha", "--lang", "es", "man"]);
        for want in [".SH NOMBRE", ".SH SINOPSIS", "Ejemplo:"] {
            assert!(es.contains(want), "{want}: {es}");
        }
        assert!(!es.contains(".SH NAME") && !es.contains(".SH EXTRA"), "{es}");
    }

    #[test]
    fn other_shells_are_refused() {
        assert_eq!(call_with(&["escucha", "completions", "tcsh"]).0, 2);
    }
}
