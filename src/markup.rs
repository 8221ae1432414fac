//! HTML to text, and character references.

/// Writes the text of `html` to `out`: a line break for `<br>`, an empty line between paragraphs, no
/// tags. What Mastodon hides of a link (`<span class="invisible">`) stays, so that links are whole.
pub fn to_text(html: &str, out: &mut String) {
    let from = out.len();
    // Behind the last `>` there is no tag: without this every `<` there would be searched to the end.
    let tags_end = memchr::memrchr(b'>', html.as_bytes()).unwrap_or(0);
    let mut rest = html;
    while let Some(i) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        let (text, marked) = rest.split_at(i);
        out.push_str(text);
        let open = html.len() - marked.len() < tags_end;
        rest = if marked.starts_with('&') { reference(marked, out) } else { tag(marked, open, out, from) };
    }
    out.push_str(rest);
    let kept = out.trim_end().len().max(from);
    out.truncate(kept);
}

/// Writes `text` to `out` with its character references resolved, once (`&amp;lt;` is `&lt;`).
pub fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(i) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, marked) = rest.split_at(i);
        out.push_str(before);
        rest = reference(marked, out);
    }
    out.push_str(rest);
}

/// The targets of all links that are no mention and no tag, as written.
pub fn links(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = memchr::memmem::find(rest.as_bytes(), b"<a ")?;
            let (inside, after) = split_tag(rest.get(start..)?)?;
            rest = after;
            let is_link = !attribute(inside, "class").is_some_and(|c| c.split(' ').any(|c| c == "mention" || c == "hashtag"));
            if let Some(href) = attribute(inside, "href").filter(|h| is_link && h.starts_with("http")) {
                return Some(href);
            }
        }
    })
}

/// The text of `<a href="…">text</a>`, how X names programs; anything else as it is.
pub fn anchor(html: &str) -> &str {
    let inside = html.strip_prefix("<a ").and_then(|rest| rest.split_once('>')).and_then(|(_, rest)| rest.strip_suffix("</a>"));
    inside.unwrap_or(html)
}

/// Reads the tag at the start of `marked`, which is none unless a `>` is to come; returns what follows.
fn tag<'a>(marked: &'a str, open: bool, out: &mut String, from: usize) -> &'a str {
    let Some((inside, after)) = open.then(|| split_tag(marked)).flatten() else {
        // No tag after all: a bare `<`.
        out.push('<');
        return marked.get(1..).unwrap_or("");
    };
    let name = inside.split([' ', '/', '\n', '\t']).next().unwrap_or("");
    let closing = inside.strip_prefix('/').map(|n| n.trim_end());
    let begun = out.len() > from;
    match (name, closing) {
        ("br", _) => out.push('\n'),
        ("p" | "blockquote" | "ul" | "ol" | "pre", _) if begun => paragraph(out),
        ("li" | "div", _) if begun && !out.ends_with('\n') => out.push('\n'),
        (_, Some("p" | "blockquote" | "ul" | "ol" | "pre")) if begun && !after.is_empty() => paragraph(out),
        _ => {}
    }
    after
}

fn paragraph(out: &mut String) {
    while !out.ends_with("\n\n") {
        out.push('\n');
    }
}

/// The inside of the tag that `marked` starts with, and what follows its `>`.
fn split_tag(marked: &str) -> Option<(&str, &str)> {
    let inside = marked.strip_prefix('<')?;
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')).then(|| inside.split_once('>'))?
}

/// The value of the attribute `name`, as written.
fn attribute<'a>(inside: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = inside;
    loop {
        let (before, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, next) = after.get(1..)?.split_once(quote)?;
        if before.trim_end().rsplit([' ', '\n', '\t']).next() == Some(name) {
            return Some(value);
        }
        rest = next;
    }
}

/// Longest reference that is looked for, `&` and `;` included.
const REFERENCE: usize = 12;

/// Writes the character that the reference at the start of `marked` names, or `&`; returns the rest.
fn reference<'a>(marked: &'a str, out: &mut String) -> &'a str {
    let end = marked.bytes().take(REFERENCE).position(|b| b == b';');
    let named = end.and_then(|end| Some((character(marked.get(1..end)?)?, marked.get(end + 1..)?)));
    let (c, rest) = named.unwrap_or(('&', marked.get(1..).unwrap_or("")));
    out.push(c);
    rest
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    let table = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", '\u{a0}'),
        ("hellip", '…'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("iexcl", '¡'),
        ("iquest", '¿'),
        ("aacute", 'á'),
        ("eacute", 'é'),
        ("iacute", 'í'),
        ("oacute", 'ó'),
        ("uacute", 'ú'),
        ("ntilde", 'ñ'),
        ("euro", '€'),
    ];
    table.iter().find(|(n, _)| *n == name).map(|(_, c)| *c)
}

/// `text` as it stands in markup, between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_becomes_text() {
        let table = [
            ("<p>Hola</p><p>¿Qué tal?<br>Bien<br/>Mal</p>", "Hola\n\n¿Qué tal?\nBien\nMal"),
            ("plain", "plain"),
            ("", ""),
            ("<p></p>", ""),
            ("a &lt;b&gt; &amp;amp; &#39;c&#39; &#x1F600; &nbsp;.", "a <b> &amp; 'c' \u{1f600} \u{a0}."),
            ("1 < 2 && 3 > 2 &unknown; &", "1 < 2 && 3 > 2 &unknown; &"),
            ("<p>un<", "un<"),
            ("<p>un<a href=\"x", "un<a href=\"x"),
            (
                r#"<a href="https://e.mx/a/b"><span class="invisible">https://</span><span class="ellipsis">e.mx/a</span><span class="invisible">/b</span></a>"#,
                "https://e.mx/a/b",
            ),
            (r#"<span class="h-card"><a href="https://m.s/@b" class="u-url mention">@<span>b</span></a></span> hola"#, "@b hola"),
            ("<ul><li>a</li><li>b</li></ul><p>c</p>", "a\nb\n\nc"),
            ("&#0; &#xd800; &#99999999999;", "&#0; &#xd800; &#99999999999;"),
            ("x<!-- no -->y", "xy"),
        ];
        for (html, expected) in table {
            let mut out = String::from("before:");
            to_text(html, &mut out);
            assert_eq!(out.strip_prefix("before:"), Some(expected), "{html}");
        }
    }

    /// 8 MiB of tags that never end: searched to the end from each, this is a test of half an hour.
    #[test]
    fn tags_without_an_end_are_read_in_one_pass() {
        let html = "<a".repeat(4 << 20);
        let mut out = String::new();
        to_text(&html, &mut out);
        assert!(out == html);
    }

    #[test]
    fn references_resolve_once() {
        let mut out = String::new();
        unescape("a &amp;lt; b &gt; &lt;3 <p>", &mut out);
        assert_eq!(out, "a &lt; b > <3 <p>");
    }

    #[test]
    fn links_without_mentions_and_tags() {
        let html = r#"<a class="mention hashtag" href="https://m.s/tags/x">#x</a> <a rel="nofollow" href="https://e.mx/1?a=b" target="_blank">e</a>
            <a href="https://m.s/@b" class="u-url mention">@b</a> <a href='https://e.mx/2'>e</a> <a name="x">n</a> <a data-href="no" href="mailto:x">m</a>"#;
        assert_eq!(links(html).collect::<Vec<_>>(), ["https://e.mx/1?a=b", "https://e.mx/2"]);
    }

    proptest! {
        #[test]
        fn never_panics_and_plain_text_stays(s in "\\PC{0,60}", html in "[<>&;/a-z\"= ñ#0-9]{0,60}") {
            let mut out = String::new();
            to_text(&html, &mut out);
            unescape(&html, &mut out);
            prop_assert!(links(&html).count() <= html.len());
            if !s.contains(['<', '&']) {
                out.clear();
                to_text(&s, &mut out);
                prop_assert_eq!(out.as_str(), s.trim_end());
            }
        }
    }
}
