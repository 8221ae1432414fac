//! Secrets that do not stand in the file itself: `env:NAME` and `file:PATH`.

use std::path::Path;

use crate::bilingual::Both;

use super::problem::both;

/// The value that `text` stands for: the variable of `env:NAME`, the trimmed content of
/// `file:PATH` (relative to `folder`), or `text` itself.
///
/// # Errors
/// Says which variable or file cannot be read; never what it holds.
pub fn resolve(text: &str, folder: &Path) -> Result<String, Both> {
    if let Some(name) = text.strip_prefix("env:") {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        return value.ok_or_else(|| {
            both!("la variable de entorno {name} no existe o está vacía", "the environment variable {name} is missing or empty")
        });
    }
    let Some(path) = text.strip_prefix("file:") else { return Ok(text.to_owned()) };
    match std::fs::read_to_string(folder.join(path)) {
        Ok(content) => Ok(content.trim().to_owned()),
        Err(error) => Err(both!("no se puede leer el archivo {path}: {error}", "the file {path} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_file_from_the_environment_or_plain() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("key"), "secreto\n").expect("written");
        assert_eq!(resolve("file:key", folder.path()), Ok("secreto".to_owned()));
        assert_eq!(resolve("plain", folder.path()), Ok("plain".to_owned()));
        let wrong = resolve("env:ESCUCHA_TEST_NO_SUCH_VARIABLE", folder.path()).expect_err("missing");
        assert!(wrong.en.contains("ESCUCHA_TEST_NO_SUCH_VARIABLE") && wrong.es.contains("variable de entorno"));
        assert!(resolve("file:nada", folder.path()).is_err());
        assert!(resolve("env:PATH", folder.path()).is_ok_and(|p| !p.is_empty()));
    }
}
