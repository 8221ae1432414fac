//! `escucha init`: a commented starter file.

use std::io::Write;

use crate::bilingual::Lang;

use super::Failure;

/// The starter file in each language.
const ES: &str = include_str!("init/escucha.es.toml");
const EN: &str = include_str!("init/escucha.en.toml");

/// Prints the starter file.
pub fn run(lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    out.write_all(lang.pick(ES, EN).as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn the_starter_files_are_correct() {
        for text in [super::ES, super::EN] {
            match Config::read("escucha.toml", text.to_owned(), Path::new("")) {
                Ok((_, report)) => assert!(report.problems.is_empty(), "{report:?}"),
                Err(report) => panic!("{}", report.render(crate::bilingual::Lang::En, false)),
            }
        }
    }
}
