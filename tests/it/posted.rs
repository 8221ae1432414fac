//! Reports for people: the real binary, an SMTP server, and what it was given.

use std::path::Path;
use std::process::Command;

use crate::notified::{Running, until};
use crate::receiver::{Receiver, Smtp};

/// A configuration with these reports, `more` of it, and a mail server at `server`.
fn config(server: &str, more: &str, reports: &[(&str, &str)]) -> String {
    let mut text = format!(
        "timezone = 'Europe/Madrid'\n[server]\nbind = '127.0.0.1:0'\n{more}[[source]]\nname = 'push'\ntype = 'http'\nown_posts = true\n\
         [[brand]]\nname = 'Caja Ñandú'\nown = true\naccounts = [{{ handle = 'caja', role = 'service' }}]\n\
         [[notify]]\nname = 'comité'\ntype = 'email'\nserver = '{server}'\ntls = 'none'\nfrom = 'escucha@example.com'\n\
         to = ['ana@example.com', 'eva@example.com']\nallow = ['127.0.0.0/8']\n"
    );
    for (name, keys) in reports {
        text += &format!("[[report]]\nname = '{name}'\nevery = 'day'\nto = 'comité'\n{keys}\n");
    }
    text
}

/// Without a post nobody knows what time it is.
async fn start(config: &str, folder: &Path) -> Running {
    // reqwest of this test has no provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (running, now) = (Running::start(config, folder), jiff::Timestamp::now());
    let post = format!("{{\"id\":\"{now}\",\"created_at\":\"{now}\",\"text\":\"hola\",\"author\":{{\"id\":\"a\"}}}}\n");
    running.ask(reqwest::Method::POST, "/v1/posts", post).await;
    running
}

/// Asked to end and not killed: what it knows is written at the end.
fn end(mut running: Running) {
    assert!(Command::new("kill").args(["-TERM", &running.child.id().to_string()]).status().unwrap().success());
    assert!(running.child.wait().unwrap().success());
}

/// The parts of a mail as they are read: what is encoded is decoded.
fn read(mail: &str) -> String {
    let boundary = mail.split_once("boundary=\"").map_or("none", |(_, b)| b.split_once('"').unwrap().0);
    let mut out = String::new();
    let mut parts = mail.split("Content-Transfer-Encoding: ");
    out += parts.next().unwrap();
    for part in parts {
        // The encoding may be the last line of the head.
        let (encoding, _) = part.split_once("\r\n").unwrap();
        let rest = &part[encoding.len()..];
        let (head, body) = rest.split_once("\r\n\r\n").unwrap();
        let (body, tail) = body.split_once(&format!("\r\n--{boundary}")).unwrap_or((body.trim_end_matches(".\r\n"), ""));
        let body = match encoding.trim() {
            "base64" => {
                use base64::Engine;
                let text: String = body.split_whitespace().collect();
                String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
            }
            "quoted-printable" => unquoted(body),
            _ => body.to_owned(),
        };
        out += &format!("{head}\n\n{body}\n--{tail}");
    }
    out
}

fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).unwrap());
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Starts anew with a report more until it has come, and tells which came in all, in order.
async fn lives(folder: &Path, more: &str, keys: &str) -> Vec<String> {
    let receiver = Receiver::smtp("250 ok\r\n", "250 queued\r\n", Smtp::Plain).await;
    let mut reports = Vec::new();
    for name in ["primero", "segundo", "tercero"] {
        reports.push((name, keys));
        let running = start(&config(&receiver.address.to_string(), more, &reports), folder).await;
        until(name, || receiver.heard().iter().any(|mail| read(&mail.body).contains(&format!("{name}-20"))).then_some(())).await;
        end(running);
    }
    receiver.heard().iter().map(|mail| read(&mail.body)).collect()
}

/// The only part that is attached.
fn attached(mail: &str) -> &str {
    let (_, name) = mail.split_once("filename=\"").expect("something attached");
    name.split_once('"').unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_sent_once_whatever_happens_to_the_process() {
    for (more, keys, marks) in [("[store]\npath = 'a.db'\n", "lang = 'es'", 0), ("", "lang = 'es'\npath = 'informes'", 3)] {
        let folder = tempfile::tempdir().unwrap();
        let mails = lives(folder.path(), more, keys).await;
        let names: Vec<&str> = mails.iter().map(|mail| attached(mail).split_once("-20").unwrap().0).collect();
        assert_eq!(names, ["primero", "segundo", "tercero"], "each once");
        let is_mark = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().ends_with(".comité.sent");
        let found = std::fs::read_dir(folder.path().join("informes")).map_or(0, |files| files.flatten().filter(is_mark).count());
        assert_eq!(found, marks);
        let mail = &mails[0];
        assert!(mail.contains("To: ana@example.com, eva@example.com") && mail.contains("multipart/mixed"), "{mail}");
        let (text, page) = mail.split_once("filename=").unwrap();
        assert!(text.contains("\nCaja Ñandú\r\n") || text.contains("\nCaja Ñandú\n"), "{text}");
        for line in ["abiertas: 0", "respondidas: — (—/0)", "primera respuesta (mediana): —", "· Europe/Madrid · a fecha de "] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(page.contains("<html lang=\"es\">") && page.contains("<svg") && page.contains("Lo que este informe no sabe"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_says_what_is_attached() {
    let receiver = Receiver::smtp("250 ok\r\n", "250 queued\r\n", Smtp::Plain).await;
    let reports = [("a", "lang = 'en'\nformat = 'text'"), ("b", "lang = 'en'\nformat = 'csv'"), ("c", "lang = 'en'\nformat = 'json'")];
    let folder = tempfile::tempdir().unwrap();
    let running = start(&config(&receiver.address.to_string(), "[store]\npath = 'a.db'\n", &reports), folder.path()).await;
    until("three mails", || (receiver.heard().len() >= 3).then_some(())).await;
    end(running);
    let mails: Vec<String> = receiver.heard().iter().map(|mail| read(&mail.body)).collect();
    assert!(
        mails[0].contains("Care report: Caja Ñandú")
            && mails[0].contains("What this report does not know")
            && !mails[0].contains("filename")
    );
    assert!(attached(&mails[1]).ends_with(".csv") && mails[1].contains("text/csv") && mails[1].contains("brand,indicator,figure,"));
    assert!(
        attached(&mails[2]).ends_with(".json")
            && mails[2].contains("application/json")
            && mails[2].contains("\"reason\":\"nothing_to_count\"")
    );
}
