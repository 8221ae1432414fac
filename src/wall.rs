//! The page at `/`.

/// Content type and body of the page.
pub fn page() -> ([(&'static str, &'static str); 1], &'static str) {
    ([("content-type", "text/html; charset=utf-8")], "<!doctype html><meta charset=\"utf-8\"><title>escucha</title><p>escucha</p>\n")
}
