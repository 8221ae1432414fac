//! `escucha token new`: a token, and the hash that goes into the file.

use std::io::Write;

use crate::bilingual::{Both, Lang};
use crate::config;
use crate::http::{self, Role};

use super::Failure;

/// `token …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A new one.
    New(Args),
}

/// `token new NAME ROLE`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(value_name = "ROLE", value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
    role: String,
    #[arg(long)]
    device: bool,
}

/// Prints a fresh token and its `[[token]]` section. The token itself is kept nowhere.
pub fn new(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let wanted = args.name.as_str();
    if !config::is_name(wanted) {
        let es = format!("el nombre «{wanted}» no se puede usar: sin / , \" \\ ni espacios en los extremos");
        return Err(Failure::Usage(Both::new(es, format!("the name “{wanted}” cannot be used: no / , \" \\ or spaces at either end"))));
    }
    if args.device && args.role != Role::Viewer.as_str() {
        return Err(Failure::Usage(Both::new("una pantalla (--device) es «viewer»", "a screen (--device) is a viewer")));
    }
    let (token, hash) =
        http::token_new().map_err(|error| Both::new(format!("el sistema no da números aleatorios: {error}"), error.to_string()))?;
    let name = toml::Value::from(args.name.as_str());
    let note = lang.pick("guárdalo ahora: no se vuelve a mostrar", "keep it now: it is not shown again");
    let place = lang.pick("y esto va en escucha.toml:", "and this goes into escucha.toml:");
    writeln!(out, "{token}\n# {note}\n# {place}\n\n[[token]]\nname = {name}\nrole = \"{}\"\nhash = \"{}\"", args.role, hash)?;
    if args.device {
        let open = lang.pick("abre una vez en la pantalla:", "open once on the screen:");
        writeln!(out, "device = true\n\n# {open} http://…/#token=…")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::config::Config;

    #[test]
    fn the_printed_section_is_accepted_and_belongs_to_the_token() {
        let args = Args { name: "sala 'ñ'".to_owned(), role: "agent".to_owned(), device: false };
        let print = || {
            let mut out = Vec::new();
            new(&args, Lang::Es, &mut out).expect("printed");
            String::from_utf8(out).expect("text")
        };
        let text = print();
        assert_ne!(text, print(), "two tokens are never the same");
        let (token, file) = text.split_once('\n').expect("lines");
        assert!(token.starts_with("esc_") && token.len() == 4 + 43, "{token}");
        let (config, _) = Config::read("t", file.to_owned(), Path::new("")).expect("accepted");
        let kept = &config.server.tokens[0];
        assert_eq!((kept.role, &kept.hash[..]), (Role::Agent, Sha256::digest(token.as_bytes()).as_slice()));
    }

    #[test]
    fn a_screen_is_a_viewer() {
        let args = |role: &str| Args { name: "sala".to_owned(), role: role.to_owned(), device: true };
        let mut out = Vec::new();
        new(&args("viewer"), Lang::En, &mut out).expect("printed");
        let text = String::from_utf8(out).expect("text");
        let (config, _) = Config::read("t", text.split_once('\n').expect("lines").1.to_owned(), Path::new("")).expect("accepted");
        assert!(config.server.tokens[0].device, "{text}");
        assert!(matches!(new(&args("admin"), Lang::En, &mut Vec::new()), Err(Failure::Usage(_))));
        let admin = text.split_once('\n').expect("lines").1.replace("viewer", "admin");
        assert!(Config::read("t", admin, Path::new("")).is_err());
    }

    #[test]
    fn a_name_that_the_file_would_refuse_gets_no_token() {
        let args = Args { name: "a/b".to_owned(), role: "agent".to_owned(), device: false };
        assert!(matches!(new(&args, Lang::En, &mut Vec::new()), Err(Failure::Usage(_))));
    }
}
