//! Where the shared data lie: `ESCUCHA_DATA` names the folder, `ESCUCHA_DATA=none` skips, and
//! without it they are looked for in `../shared/data` beside the checkout.

use std::io::Read;
use std::path::{Path, PathBuf};

/// The file `path` of the shared data; `None` (and a printed line) if the data are switched off.
///
/// # Panics
/// If the data are expected and the file is not there: a test that quietly skips proves nothing.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = match std::env::var("ESCUCHA_DATA") {
        Ok(none) if none == "none" => {
            eprintln!("skipped: {path} (ESCUCHA_DATA=none)");
            return None;
        }
        Ok(folder) => PathBuf::from(folder),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let file = root.join(path);
    assert!(file.exists(), "{} is missing: set ESCUCHA_DATA to the folder of shared data, or to `none` to skip", file.display());
    Some(file)
}

/// Its bytes, unpacked if the name ends in `.gz`.
pub fn read(path: &str) -> Option<Vec<u8>> {
    let file = shared(path)?;
    let raw = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    if !path.ends_with(".gz") {
        return Some(raw);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    Some(bytes)
}
