//! `escucha token new`: a token, and the hash that goes into the file.

use std::fmt::Write as _;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::bilingual::{Both, Lang};
use crate::config::Role;

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
    #[arg(value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: String,
    #[arg(value_name = "ROLE", value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
    role: String,
}

/// Prints a fresh token and its `[[token]]` section. The token itself is kept nowhere.
pub fn new(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).map_err(|error| {
        Both::new(format!("el sistema no da números aleatorios: {error}"), format!("the system gives no random numbers: {error}"))
    })?;
    let token = format!("esc_{}", URL_SAFE_NO_PAD.encode(secret));
    let name = toml::Value::from(args.name.as_str());
    let note = lang.pick("guárdalo ahora: no se vuelve a mostrar", "keep it now: it is not shown again");
    let place = lang.pick("y esto va en escucha.toml:", "and this goes into escucha.toml:");
    writeln!(out, "{token}\n# {note}\n# {place}\n\n[[token]]\nname = {name}\nrole = \"{}\"\nhash = \"{}\"", args.role, hash(&token))?;
    Ok(())
}

/// SHA-256 in hexadecimal: all that the file and the engine know of a token.
fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn the_printed_section_is_accepted_and_belongs_to_the_token() {
        let args = Args { name: "sala \"uno".replace('"', "'"), role: "agent".to_owned() };
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
        assert_eq!((config.server.tokens[0].role, config.server.tokens[0].hash.as_str()), (Role::Agent, hash(token).as_str()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
