//! Mentions as CSV (RFC 4180) that spreadsheets may open.

use std::fmt::Write;

use crate::tally::Mention;

/// The first line.
pub const CSV_HEADER: &str = "created_at,network,id,url,author,followers,lang,priority,topics,origin,source,late,text\r\n";

/// Appends one mention, brought by the source called `source`.
pub fn csv_row(mention: &Mention, source: &str, out: &mut String) {
    let post = mention.post.get();
    let author = if post.author.handle.is_empty() { post.author.id } else { post.author.handle };
    let topics: Vec<&str> = mention.topics.iter().map(|t| t.name.as_ref()).collect();
    let origin = if mention.topics.iter().any(|t| t.direct) { "direct" } else { "active" };
    let priority = mention.topics.iter().map(|t| t.score).max().unwrap_or_default().as_f64().to_string();
    let followers = post.author.followers.get().map(|n| n.to_string()).unwrap_or_default();
    let at = post.at.to_string();
    let late = mention.late.to_string();
    let topics = topics.join(" ");
    let fields =
        [at.as_str(), post.network, post.id, post.url, author, &followers, post.lang, &priority, &topics, origin, source, &late, post.text];
    for (i, field) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quoted(field, out);
    }
    out.push_str("\r\n");
}

/// One quoted field. A spreadsheet runs a field that starts like a formula, whatever its quotes: an
/// apostrophe in front makes it text.
pub(super) fn quoted(field: &str, out: &mut String) {
    let formula = field.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || field.starts_with(['\t', '\r', '\n']);
    // Writing to a `String` cannot fail.
    let _ = write!(out, "\"{}{}\"", if formula { "'" } else { "" }, field.replace('"', "\"\""));
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_text_for_a_spreadsheet() {
        for (field, want) in [
            ("hola", "\"hola\""),
            ("di \"sí\"\nlínea", "\"di \"\"sí\"\"\nlínea\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@banco", "\"'@banco\""),
            ("  +1", "\"'  +1\""),
            ("-1", "\"'-1\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
            ("", "\"\""),
        ] {
            let mut out = String::new();
            quoted(field, &mut out);
            assert_eq!(out, want);
        }
    }
}
