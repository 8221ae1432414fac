//! The built page: files that `build.rs` made from `web/`, served from memory.

use crate::bilingual::Lang;
use crate::time::SECOND;

include!(concat!(env!("OUT_DIR"), "/wall_files.rs"));

/// One file of the wall.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its media type.
    pub mime: &'static str,
    /// Its name holds a hash of its content, so that it may be cached for ever.
    pub immutable: bool,
}

/// Names of the scenes there are, one a line: the page takes its scenes from the same list.
const SCENES: &str = include_str!("../web/src/scenes.txt");

/// Names of the scenes there are, in their usual order.
pub fn scenes() -> impl Iterator<Item = &'static str> {
    SCENES.lines().filter(|name| !name.is_empty())
}

/// Colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

impl Theme {
    /// Both.
    pub const ALL: [Theme; 2] = [Theme::Dark, Theme::Light];

    /// Its name in the configuration and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Light => "light",
        }
    }
}

/// `[wall]` as used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Names of scenes, in the order in which they are shown.
    pub scenes: Vec<&'static str>,
    /// How long each of them stays, in microseconds.
    pub dwell: i64,
    /// Colours.
    pub theme: Theme,
    /// Language; that of the browser if nothing is said.
    pub lang: Option<Lang>,
    /// It hangs where anybody can see it: no names of authors, no rude words.
    pub public: bool,
    /// IANA name of the zone that its times are in; that of the display if nothing is said.
    pub timezone: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { scenes: scenes().collect(), dwell: 20 * SECOND, theme: Theme::Dark, lang: None, public: false, timezone: None }
    }
}

/// The page where agents work on customers' matters, beside the wall.
pub const CARE: &str = "care.html";

/// What may run and load on the page: its own files and the stream, nothing inline, no other host.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file at `path` (without the leading `/`; empty for the page itself).
pub fn file(path: &str) -> Option<File> {
    let path = if path.is_empty() { "index.html" } else { path };
    let (name, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    Some(File { bytes, mime: mime(name), immutable: name.starts_with("assets/") })
}

/// The page of a binary that was built without Node.
pub fn without_wall(lang: Lang) -> String {
    let (title, what) = lang.pick(
        (
            "El muro y la atención no están en este binario",
            "El motor funciona. Para tener sus páginas, instala Node.js 20 o posterior con npm y compila otra vez con «cargo build --release».",
        ),
        (
            "The wall and the care page are not in this binary",
            "The engine works. To get its pages, install Node.js 20 or later with npm and build again with “cargo build --release”.",
        ),
    );
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>escucha</title><h1>{title}</h1><p>{what}</p><p><a href=\"/v1/topics\">/v1/topics</a> · <a href=\"/metrics\">/metrics</a></p>"
    )
}

fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, e)| e) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_nothing_beside_it() {
        if FILES.is_empty() {
            return assert!(without_wall(Lang::Es).contains("npm"));
        }
        for path in ["", CARE] {
            let page = file(path).expect("a page");
            assert_eq!(page.mime, "text/html; charset=utf-8");
            assert!(!page.immutable);
            assert!(!String::from_utf8_lossy(page.bytes).contains("<script>"), "inline scripts are refused by the policy");
        }
        for path in ["../Cargo.toml", "/etc/passwd", "assets", "index.html/"] {
            assert!(file(path).is_none(), "{path}");
        }
    }
}
