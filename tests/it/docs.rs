//! The documentation against the program: links, configurations, JSON, command lines.

mod markdown;
mod schema;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use escucha::bilingual::Lang;
use escucha::config::Config;
use markdown::Page;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages of the site, as `SUMMARY.md` lists them, and what stands at the top of the repository.
fn pages() -> Vec<Page> {
    let summary = Page::read(&root().join("docs/SUMMARY.md"));
    let mut files: Vec<PathBuf> = summary.links().into_iter().map(|link| root().join("docs").join(link)).collect();
    files.extend(["README.md", "README.es.md", "docs/SUMMARY.md"].map(|name| root().join(name)));
    files.iter().map(|file| Page::read(file)).collect()
}

/// A fragment of a configuration with what it refers to; whole ones stay as they are.
fn completed(fragment: &str) -> String {
    let mut whole = String::new();
    let names = |title: &str| {
        let sections = fragment.split("\n[[").map(|s| s.trim_start_matches("[["));
        let mine = sections.filter(|s| s.starts_with(&format!("{title}]]"))).collect::<Vec<_>>();
        mine.iter().filter_map(|s| s.split("name = \"").nth(1)?.split('"').next()).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let quoted = |key: &str| {
        let lines = fragment.lines().filter_map(|line| line.split_once('=')).filter(|(k, _)| k.trim() == key);
        let values = lines.flat_map(|(_, value)| value.split('#').next().unwrap_or("").split('"').skip(1).step_by(2).collect::<Vec<_>>());
        values.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    for brand in quoted("brands").union(&quoted("brand")).filter(|b| !names("brand").contains(*b)) {
        whole += &format!("[[brand]]\nname = \"{brand}\"\n[[topic]]\nname = \"topic of {brand}\"\nquery = 'word'\nbrand = \"{brand}\"\n");
    }
    for notify in quoted("notify").difference(&names("notify")) {
        whole += &format!("[[notify]]\nname = \"{notify}\"\ntype = \"webhook\"\nurl = \"https://example.com/\"\n");
    }
    if names("topic").is_empty() && !whole.contains("[[topic]]") && fragment.contains("[[alert]]") {
        whole += "[[topic]]\nname = \"app\"\nquery = 'app'\n";
    }
    format!("{fragment}\n{whole}")
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let (mut checked, mut wrong) = (0, Vec::new());
    let listed: BTreeSet<PathBuf> = pages().iter().map(|page| page.file.clone()).collect();
    for page in pages() {
        let folder = page.file.parent().unwrap();
        let in_site = folder == root().join("docs");
        for link in page.links() {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let file = if file.is_empty() { page.file.clone() } else { folder.join(file) };
            let is_page = file.extension().is_some_and(|e| e == "md");
            // What is no part of the site is not there when it is built.
            let there = file.exists()
                && !(in_site && (file.strip_prefix(folder).is_err() || link.contains("..") || is_page && !listed.contains(&file)));
            let leads = anchor.is_empty() || is_page && there && Page::read(&file).anchors().contains(anchor);
            if !there || !leads {
                wrong.push(format!("{}: {link}", page.file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 80, "{checked}");
}

#[test]
fn every_page_of_the_folder_is_in_the_summary_once() {
    let listed = Page::read(&root().join("docs/SUMMARY.md")).links();
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len());
    let files = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = files.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    assert_eq!(pages, unique);
}

#[test]
fn every_configuration_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("room.hash"), "0".repeat(64)).unwrap();
    std::fs::write(folder.path().join("slack-webhook"), "https://hooks.slack.com/services/T0/B0/0").unwrap();
    // Secrets of the environment are not those of whoever runs the tests.
    let secrets = [("env:PAGERDUTY_KEY", "0".repeat(32)), ("env:ESCUCHA_WEBHOOK", format!("whsec_{}", "MDAw".repeat(8)))];
    let mut checked = 0;
    for page in pages() {
        for block in page.blocks("toml") {
            checked += 1;
            let text = secrets.iter().fold(completed(&block.text), |text, (name, secret)| text.replace(name, secret));
            let place = format!("{}:{}", page.file.display(), block.line);
            match Config::read(&place, text, folder.path()) {
                Ok((_, report)) => assert!(report.problems.is_empty(), "{}", report.render(Lang::En, false)),
                Err(report) => panic!("{place}\n{}\n{}", report.text, report.render(Lang::En, false)),
            }
        }
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn every_json_parses_and_is_as_its_description_says() {
    let (mut described, mut checked) = (0, 0);
    for page in pages() {
        for block in page.blocks("json") {
            checked += 1;
            let place = format!("{}:{}", page.file.display(), block.line);
            let value: serde_json::Value = serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
            described += usize::from(schema::check(&value).unwrap_or_else(|why| panic!("{place}: {why}")));
        }
    }
    assert!(checked >= 6 && described >= 5, "{checked} {described}");
}

#[test]
fn every_command_line_is_one() {
    let mut checked = BTreeSet::new();
    for page in pages() {
        for block in page.blocks("sh") {
            for (line, words) in block.commands("escucha") {
                let args: Vec<OsString> = words.iter().map(OsString::from).collect();
                let parsed = escucha::cli::command(Lang::En).try_get_matches_from(&args);
                let asked = |e: &clap::Error| !e.use_stderr();
                if let Err(error) = parsed.as_ref().map(|_| ()).or_else(|e| if asked(e) { Ok(()) } else { Err(e) }) {
                    panic!("{}:{}: {line}\n{error}", page.file.display(), block.line);
                }
                checked.insert(words.get(1).cloned().unwrap_or_default());
            }
        }
    }
    for want in
        ["demo", "init", "check", "run", "tap", "query", "match", "replay", "backtest", "store", "notify", "deliveries", "token", "health"]
    {
        assert!(checked.contains(want), "{want} is shown nowhere: {checked:?}");
    }
}

#[test]
fn every_query_in_a_command_or_an_address_parses() {
    let mut checked = 0;
    for page in pages() {
        for block in page.blocks("sh") {
            let commands = block.commands("escucha").into_iter().map(|(_, words)| words);
            let typed = commands.filter_map(|words| match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [_, "query", .., query] => Some(query.to_owned()),
                [_, "match", ..] => words.iter().skip_while(|w| *w != "--query").nth(1).cloned(),
                _ => None,
            });
            let bodies = block.text.lines().filter(|line| line.contains("/query/") && line.contains("-d '"));
            let bodies = bodies.map(|line| line.split("-d '").nth(1).unwrap().split('\'').next().unwrap());
            let asked =
                bodies.map(|body| serde_json::from_str::<serde_json::Value>(body).expect(body)["query"].as_str().unwrap().to_owned());
            for query in typed.chain(asked) {
                checked += 1;
                let parsed = escucha::eql::parse(&query, &escucha::eql::Options::default());
                assert!(parsed.query.is_some(), "{}: {query}: {:?}", page.file.display(), parsed.problems);
            }
        }
    }
    assert!(checked >= 6, "{checked}");
}

#[test]
fn every_body_that_is_sent_is_json_that_the_engine_takes() {
    let mut checked = 0;
    for page in pages() {
        for block in page.blocks("sh") {
            for body in block.text.split("-d '").skip(1).filter_map(|rest| rest.split('\'').next()) {
                checked += 1;
                serde_json::from_str::<serde_json::Value>(body).unwrap_or_else(|error| panic!("{}: {body}: {error}", page.file.display()));
            }
            // In double quotes, with the time of whoever types it.
            for body in block.text.split("-d \"").skip(1) {
                checked += 1;
                let json = body.rsplit_once('"').unwrap().0.replace("\\\"", "\"").replace("$(date -u +%FT%TZ)", "2026-07-04T10:00:00Z");
                let post: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
                assert!(schema::check(&post).unwrap_or_else(|why| panic!("{json}: {why}")));
            }
        }
    }
    assert!(checked >= 10, "{checked}");
}
