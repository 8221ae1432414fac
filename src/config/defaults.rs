//! What holds where nothing is said, as a file that says it. Written from the values themselves.

use std::fmt::Write as _;

use super::alerts::DOWN_FOR;
use super::units::{show_duration, show_size};
use super::used::RESOLVE_AFTER;
use super::{Engine, Server};
use crate::alert::Severity;
use crate::anomaly::{Direction, Settings};
use crate::figures::Settings as Care;
use crate::limits;
use crate::notifiers;
use crate::routing::{Label, Timing};
use crate::share;

/// Marks what has no default; the values are examples.
pub const REQUIRED: &str = "  # obligatorio · required";

struct File(String);

impl File {
    fn section(&mut self, title: &str) {
        let _ = writeln!(self.0, "\n{title}");
    }

    fn needs(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}{REQUIRED}");
    }

    fn key(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key, format_args!("\"{value}\""));
    }
}

/// Every section with its defaults: a correct `escucha.toml`.
pub fn text() -> String {
    let mut file = File(String::new());
    file.text("timezone", "UTC");
    engine(&mut file);
    listening(&mut file);
    alerts(&mut file);
    telling(&mut file);
    file.0
}

fn engine(file: &mut File) {
    let (server, engine) = (Server::default(), Engine::default());
    file.section("[server]");
    file.text("bind", server.bind);
    file.text("log", server.log);
    file.key("origins", "[]");
    file.section("[engine]");
    file.key("lanes", engine.lanes);
    file.text("lateness", show_duration(engine.tally.lateness));
    file.text("dedupe", show_duration(engine.tally.dedupe));
    file.text("recent", show_size(engine.tally.recent_bytes as u64));
    file.text("recall", show_size(engine.recall_bytes as u64));
    file.section("[store]");
    file.needs("path = \"escucha.db\"");
    file.text("retention", show_duration(limits::STORE_RETENTION));
    file.text("max_bytes", show_size(limits::STORE_BYTES));
    file.text("journal", show_size(limits::JOURNAL_LEAST));
}

fn listening(file: &mut File) {
    file.section("[[source]]");
    file.needs("name = \"push\"");
    file.needs("type = \"http\"");
    file.text("format", "escucha");
    file.section("[[source]]");
    file.needs("name = \"archivo\"");
    file.needs("type = \"file\"");
    file.needs("path = \"posts.ndjson\"");
    file.text("format", "escucha");
    file.text("on_full", "wait");
    file.key("follow", false);
    file.section("[care]");
    let care = Care::default();
    file.key("slots", format_args!("[{}]", care.slots.iter().map(|h| format!("\"{h:02}:00\"")).collect::<Vec<_>>().join(", ")));
    for (key, value) in [("goal", care.within), ("promise", care.promise), ("wait", care.wait)] {
        file.text(key, show_duration(value));
    }
    file.key("target", (care.target * 100.0).round());
    let pairs = care.crossed.iter().map(|(a, b)| format!("\"{}/{}\"", a.as_str(), b.as_str()));
    file.key("crossed", format_args!("[{}]", pairs.collect::<Vec<_>>().join(", ")));
    file.section("[[report]]");
    file.needs("name = \"semanal\"");
    file.needs("every = \"week\"");
    file.needs("path = \"informes\"");
    file.text("format", "html");
    file.text("lang", "es");
    file.section("[[brand]]");
    file.needs("name = \"Banco Ejemplo\"");
    file.key("own", false);
    file.section("[[brand]]");
    file.needs("name = \"Otro Banco\"");
    file.section("[[group]]");
    file.needs("name = \"sector\"");
    file.needs("brands = [\"Banco Ejemplo\", \"Otro Banco\"]");
    file.section("[[topic]]");
    file.needs("name = \"app\"");
    file.needs("query = \"falla\"");
    file.needs("brand = \"Banco Ejemplo\"");
    file.key("weight", 0);
    file.text("accents", "fold");
    for key in ["strict", "quoted", "all", "incidents"] {
        file.key(key, false);
    }
    file.section("[[topic]]");
    file.needs("name = \"otro\"");
    file.needs("query = \"otro\"");
    file.needs("brand = \"Otro Banco\"");
}

fn alerts(file: &mut File) {
    let severity = Severity::default().as_str();
    for (on, direction) in [("spike", Direction::Spike), ("drop", Direction::Drop)] {
        let settings = Settings::new(direction);
        file.section("[[alert]]");
        file.needs(&format!("name = \"{on}\""));
        file.needs(&format!("on = \"{on}\""));
        file.text("severity", severity);
        file.key("sensitivity", format_args!("{:?}", settings.sensitivity));
        file.text("budget", format_args!("{} per {} days", settings.budget.alerts, settings.budget.days));
        if direction == Direction::Spike {
            file.key("quick", false);
        }
    }
    file.section("[[alert]]");
    file.needs("name = \"priority\"");
    file.needs("on = \"priority\"");
    file.needs("at = 40");
    file.text("severity", severity);
    file.text("resolve_after", show_duration(RESOLVE_AFTER));
    file.section("[[alert]]");
    file.needs("name = \"source\"");
    file.needs("on = \"source\"");
    file.text("severity", severity);
    file.text("down_for", show_duration(DOWN_FOR));
    file.section("[[alert]]");
    file.needs("name = \"share\"");
    file.needs("on = \"share\"");
    file.needs("group = \"sector\"");
    file.needs("window = \"24h\"");
    file.text("severity", severity);
    file.key("significance", format_args!("{:?}", share::Settings::SIGNIFICANCE));
    file.key("change", format_args!("{:?}", share::Settings::CHANGE));
}

fn telling(file: &mut File) {
    let usual = notifiers::Settings::new("guardia", "webhook");
    let unit = match usual.rate.per.as_secs() {
        1 => "second",
        60 => "minute",
        _ => "hour",
    };
    file.section("[[notify]]");
    file.needs("name = \"guardia\"");
    file.needs("type = \"webhook\"");
    file.needs("url = \"https://example.com/hook\"");
    file.text("lang", usual.lang.pick("es", "en"));
    file.text("min_severity", usual.wants.min_severity.as_str());
    file.key("send_resolved", usual.wants.resolved);
    file.text("deadline", show_duration(usual.deadline.as_micros() as i64));
    file.text("rate", format_args!("{} per {unit}", usual.rate.count));
    let timing = Timing::default();
    file.section("[[route]]");
    file.needs("notify = [\"guardia\"]");
    file.key("group_by", format_args!("[\"{}\"]", Label::Topic.as_str()));
    for (key, wait) in
        [("group_wait", timing.wait), ("group_interval", timing.interval), ("repeat_interval", timing.repeat), ("flap_wait", timing.flap)]
    {
        file.text(key, show_duration(wait));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, TopicIds};
    use super::*;

    fn read(text: &str) -> Config {
        let (config, report) = Config::read("defaults.toml", text.to_owned(), Path::new("")).unwrap_or_else(|r| panic!("{text}\n{r:?}"));
        assert!(report.problems.is_empty(), "{report:?}");
        config
    }

    #[test]
    fn what_is_printed_is_what_holds_where_nothing_is_said() {
        let said = text();
        let needed = |line: &&str| line.is_empty() || line.starts_with('[') || line.ends_with(REQUIRED);
        let unsaid: String = said.lines().filter(needed).map(|line| format!("{line}\n")).collect();
        assert!(said.lines().count() > unsaid.lines().count() + 35, "{unsaid}");
        let (said, unsaid) = (read(&said), read(&unsaid));
        let shown = |config: &Config| {
            let listening = config.listening(&mut TopicIds::default(), 1);
            let Config { server, engine, store, sources, notifiers, routing, plan, .. } = config;
            format!("{server:#?}{engine:#?}{store:#?}{sources:#?}{notifiers:#?}{routing:#?}{plan:#?}{listening:#?}")
        };
        assert_eq!(shown(&said), shown(&unsaid));
    }
}
