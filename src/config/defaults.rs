//! What holds where nothing is said, as a file that says it. Written from the values themselves, a block for each
//! kind of every section; keys that all kinds take stand in the first block of their section.

use std::fmt::Write as _;

use super::alerts::DOWN_FOR;
use super::sla;
use super::units::{show_duration, show_size};
use super::used::RESOLVE_AFTER;
use super::{Engine, Server};
use crate::alert::Severity;
use crate::anomaly::{Direction, Settings};
use crate::decode;
use crate::figures::Settings as Care;
use crate::incident::advice::SAMPLE;
use crate::limits;
use crate::notifiers;
use crate::routing::{Label, Timing};
use crate::share;
use crate::wall;

/// Marks what must be said; the values are examples.
pub const REQUIRED: &str = "  # obligatorio · required";
/// Marks what need not be said and has no default.
pub const EXAMPLE: &str = "  # ejemplo · example";
/// Marks what depends on the machine.
pub const MACHINE: &str = "  # uno por CPU · one per CPU";
/// Begins an example that is not in force: `#key = value`.
pub const UNSAID: char = '#';

struct File(String);

impl File {
    fn section(&mut self, title: &str) {
        let _ = writeln!(self.0, "\n{title}");
    }

    fn needs(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}{REQUIRED}");
    }

    fn example(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}{EXAMPLE}");
    }

    fn unsaid(&mut self, line: &str) {
        let _ = writeln!(self.0, "{UNSAID}{line}");
    }

    fn key(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key, format_args!("\"{value}\""));
    }

    /// A section of a kind of its own.
    fn kind(&mut self, title: &str, name: &str, key: &str, kind: &str) {
        self.section(title);
        self.needs(&format!("name = \"{name}\""));
        self.needs(&format!("{key} = \"{kind}\""));
    }
}

/// Every section with its defaults: a correct `escucha.toml`.
pub fn text() -> String {
    let mut file = File(String::new());
    file.text("timezone", "UTC");
    engine(&mut file);
    sources(&mut file);
    brands(&mut file);
    topics(&mut file);
    alerts(&mut file);
    notifiers(&mut file);
    routes(&mut file);
    reports(&mut file);
    playbooks(&mut file);
    file.0
}

fn engine(file: &mut File) {
    let (server, engine, wall) = (Server::default(), Engine::default(), wall::Settings::default());
    file.section("[server]");
    file.text("bind", server.bind);
    file.text("log", server.log);
    file.key("origins", "[]");
    file.section("[engine]");
    file.key("lanes", format_args!("{}{MACHINE}", engine.lanes));
    file.text("lateness", show_duration(engine.tally.lateness));
    file.text("dedupe", show_duration(engine.tally.dedupe));
    file.text("recent", show_size(engine.tally.recent_bytes as u64));
    file.text("recall", show_size(engine.recall_bytes as u64));
    file.section("[store]");
    file.needs("path = \"escucha.db\"");
    file.text("retention", show_duration(limits::STORE_RETENTION));
    file.text("max_bytes", show_size(limits::STORE_BYTES));
    file.text("journal", show_size(limits::JOURNAL_LEAST));
    file.section("[wall]");
    file.key("scenes", format_args!("{:?}", wall.scenes));
    file.text("dwell", show_duration(wall.dwell));
    file.text("theme", wall.theme.as_str());
    file.unsaid("lang = \"es\"");
    file.key("public", wall.public);
    file.section("[[token]]");
    file.needs("name = \"sala\"");
    file.needs("role = \"viewer\"");
    file.needs(&format!("hash = \"{}\"", "0".repeat(64)));
    file.key("device", false);
}

fn sources(file: &mut File) {
    file.kind("[[source]]", "archivo", "type", "file");
    file.text("format", "escucha");
    file.text("on_full", "wait");
    file.key("own_posts", false);
    file.needs("path = \"posts.ndjson\"");
    file.key("follow", false);
    file.kind("[[source]]", "push", "type", "http");
    file.kind("[[source]]", "lineas", "type", "tcp");
    file.needs("bind = \"127.0.0.1:7071\"");
    file.key("ack", false);
    file.kind("[[source]]", "bluesky", "type", "jetstream");
    file.needs("endpoint = \"wss://jetstream2.us-east.bsky.network/subscribe\"");
    file.key("collections", "[]");
    file.unsaid("dictionary = \"zstd_dictionary\"");
    file.unsaid("cursor = 1725911162329308");
    file.kind("[[source]]", "otro", "type", "stdin");
    file.example("format = \"mapped\"");
    file.unsaid("time_format = \"%Y-%m-%d %H:%M:%S %z\"");
    file.section("[source.map]");
    for (name, needed) in decode::fields() {
        let line = format!("{name} = \"/{}\"", name.replace('.', "/"));
        if needed { file.needs(&line) } else { file.unsaid(&line) }
    }
}

fn brands(file: &mut File) {
    file.section("[[brand]]");
    file.needs("name = \"Banco Ejemplo\"");
    file.key("own", false);
    file.key("ignore", "[]");
    file.unsaid("published = [\"55 1234 5678\", \"ayuda@bancoejemplo.mx\"]");
    file.unsaid("timezone = \"Europe/Madrid\"");
    file.section("[[brand.accounts]]");
    file.example("handle = \"bancoejemplo\"");
    file.unsaid("id = \"did:plc:ewvi7nxzyoun6zhxrhs64oiz\"");
    file.unsaid("network = \"x\"");
    file.unsaid("role = \"broadcast\"");
    file.section("[brand.organisations]");
    file.example("\"Centro de Contacto\" = [\"GL\", \"JM\"]");
    file.section("[[brand]]");
    file.needs("name = \"Otro Banco\"");
    file.example("own = true");
    file.section("[[group]]");
    file.needs("name = \"sector\"");
    file.needs("brands = [\"Banco Ejemplo\", \"Otro Banco\"]");
    file.unsaid("population = 25400000");
    file.section("[group.market_share]");
    file.example("\"Banco Ejemplo\" = 24.5");
    file.section("[[list]]");
    file.needs("name = \"fallas\"");
    file.needs("terms = [\"no funciona\", \"falla*\", \"#sinservicio\"]");
}

fn topics(file: &mut File) {
    file.section("[[topic]]");
    file.needs("name = \"app\"");
    file.needs("query = \"list:fallas app\"");
    file.example("brand = \"Banco Ejemplo\"");
    file.key("weight", 0);
    file.key("incidents", false);
    query(file);
    for (key, label) in [("typology", "servicio"), ("category", "reclamación"), ("subcategory", "banca móvil"), ("section", "canales")] {
        file.unsaid(&format!("{key} = \"{label}\""));
    }
    file.unsaid("timezone = \"Europe/Madrid\"");
    file.section("[[topic]]");
    file.needs("name = \"otro\"");
    file.example("brand = \"Otro Banco\"");
    file.section("[[topic.queries]]");
    file.needs("query = \"otro\"");
    query(file);
    file.section("[[calendar]]");
    file.needs("name = \"festivos\"");
    file.needs("kind = \"holiday\"");
    file.needs("days = [\"12-25\", \"first monday of february\", \"easter-2\"]");
    file.key("brought_forward", false);
    file.unsaid("topics = [\"app\"]");
}

/// How a query is read.
fn query(file: &mut File) {
    file.text("accents", "fold");
    for key in ["strict", "quoted", "all"] {
        file.key(key, false);
    }
    file.unsaid("tag = \"OP-1\"");
}

fn alerts(file: &mut File) {
    for (on, direction) in [("spike", Direction::Spike), ("drop", Direction::Drop)] {
        let settings = Settings::new(direction);
        file.kind("[[alert]]", on, "on", on);
        file.text("severity", Severity::default().as_str());
        file.unsaid("topics = [\"app\"]");
        unusual(file, settings);
        if direction == Direction::Spike {
            file.key("quick", settings.quick);
        }
    }
    file.kind("[[alert]]", "priority", "on", "priority");
    file.unsaid("topics = [\"app\"]");
    file.needs("at = 40");
    file.text("resolve_after", show_duration(RESOLVE_AFTER));
    file.kind("[[alert]]", "volume", "on", "volume");
    file.unsaid("topics = [\"app\"]");
    file.needs("at = 20");
    file.needs("window = \"5m\"");
    file.kind("[[alert]]", "source", "on", "source");
    file.unsaid("sources = [\"push\"]");
    file.text("down_for", show_duration(DOWN_FOR));
    unusual(file, Settings::new(Direction::Drop));
    file.kind("[[alert]]", "sla", "on", "sla");
    file.unsaid("brands = [\"Otro Banco\"]");
    file.text("first_answer", show_duration(sla::FIRST_ANSWER));
    file.text("warn", show_duration(sla::WARN));
    file.text("blocked", show_duration(sla::BLOCKED));
    file.unsaid("next_answer = \"4h\"");
    file.text("promise", show_duration(sla::PROMISE));
    file.text("hours", "calendar");
    file.key("bystanders", false);
    file.key("each", sla::EACH);
    file.kind("[[alert]]", "sla-business", "on", "sla");
    file.needs("hours = \"business\"");
    file.needs("from = \"09:00\"");
    file.needs("to = \"18:00\"");
    file.unsaid("days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]");
    file.kind("[[alert]]", "share", "on", "share");
    file.needs("group = \"sector\"");
    file.unsaid("brands = [\"Otro Banco\"]");
    file.needs("window = \"24h\"");
    file.key("significance", format_args!("{:?}", share::Settings::SIGNIFICANCE));
    file.key("change", format_args!("{:?}", share::Settings::CHANGE));
    file.kind("[[alert]]", "unanswered", "on", "unanswered");
    file.needs("group = \"sector\"");
    file.unsaid("brands = [\"Banco Ejemplo\"]");
    file.needs("window = \"1h\"");
    file.key("significance", format_args!("{:?}", share::Settings::SIGNIFICANCE));
    file.key("change", format_args!("{:?}", share::Settings::UNANSWERED_CHANGE));
}

fn unusual(file: &mut File, settings: Settings) {
    file.key("sensitivity", format_args!("{:?}", settings.sensitivity));
    file.text("budget", format_args!("{} per {} days", settings.budget.alerts, settings.budget.days));
}

fn notifiers(file: &mut File) {
    let usual = notifiers::Settings::new("guardia", "webhook");
    let unit = match usual.rate.per.as_secs() {
        1 => "second",
        60 => "minute",
        _ => "hour",
    };
    file.kind("[[notify]]", "guardia", "type", "webhook");
    file.text("lang", usual.lang.pick("es", "en"));
    file.text("min_severity", usual.wants.min_severity.as_str());
    file.unsaid("topics = [\"app\"]");
    file.unsaid("rules = [\"spike\"]");
    file.key("send_resolved", usual.wants.resolved);
    file.text("deadline", show_duration(usual.deadline.as_micros() as i64));
    file.text("rate", format_args!("{} per {unit}", usual.rate.count));
    file.needs("url = \"https://example.com/hook\"");
    file.key("allow", "[]");
    file.unsaid("ca = \"ca.pem\"");
    file.unsaid("secret = \"env:ESCUCHA_WEBHOOK\"");
    file.unsaid("secrets = [\"env:ESCUCHA_WEBHOOK\", \"env:ESCUCHA_WEBHOOK_BEFORE\"]");
    file.section("[notify.headers]");
    file.example("X-Equipo = \"redes\"");
    file.kind("[[notify]]", "sala", "type", "slack");
    file.needs("url = \"https://hooks.slack.com/services/T0/B0/0\"");
    file.kind("[[notify]]", "turno", "type", "pagerduty");
    file.needs(&format!("routing_key = \"{}\"", "0".repeat(32)));
    file.unsaid("url = \"https://events.eu.pagerduty.com/v2/enqueue\"");
    file.kind("[[notify]]", "alertmanager", "type", "alertmanager");
    file.needs("url = \"https://alertmanager.example.com\"");
    file.kind("[[notify]]", "correo", "type", "email");
    file.needs("server = \"smtp.example.com\"");
    file.text("tls", "starttls");
    file.needs("from = \"escucha <avisos@example.com>\"");
    file.needs("to = [\"guardia@example.com\"]");
    file.unsaid("user = \"avisos@example.com\"");
    file.unsaid("password = \"env:SMTP_PASSWORD\"");
}

fn routes(file: &mut File) {
    let timing = Timing::default();
    file.section("[[route]]");
    file.needs("notify = [\"guardia\"]");
    file.key("group_by", format_args!("[\"{}\"]", Label::Topic.as_str()));
    for (key, wait) in
        [("group_wait", timing.wait), ("group_interval", timing.interval), ("repeat_interval", timing.repeat), ("flap_wait", timing.flap)]
    {
        file.text(key, show_duration(wait));
    }
    choice(file);
    file.section("[[inhibit]]");
    file.key("equal", "[]");
    file.section("[inhibit.source]");
    choice(file);
    file.section("[inhibit.target]");
    choice(file);
    file.section("[[mute]]");
    file.needs("name = \"noche\"");
    choice(file);
    file.key("days", "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]");
    file.needs("from = \"22:00\"");
    file.needs("to = \"07:00\"");
    file.unsaid("timezone = \"Europe/Madrid\"");
    file.section("[[heartbeat]]");
    file.needs("notify = \"guardia\"");
    file.needs("every = \"1m\"");
}

fn reports(file: &mut File) {
    let care = Care::default();
    let kept = crate::topic::Care::default();
    file.section("[care]");
    file.text("retention", show_duration(kept.retention));
    file.text("texts", show_duration(kept.texts));
    file.text("strays", show_duration(kept.strays));
    file.key("max_posts", kept.max_posts);
    file.unsaid("pseudonym_key = \"env:ESCUCHA_PSEUDONYMS\"");
    file.key("slots", format_args!("[{}]", care.slots.iter().map(|h| format!("\"{h:02}:00\"")).collect::<Vec<_>>().join(", ")));
    for (key, value) in [("goal", care.within), ("promise", care.promise), ("wait", care.wait)] {
        file.text(key, show_duration(value));
    }
    file.unsaid("handling = \"6m\"");
    file.key("target", (care.target * 100.0).round());
    let pairs = care.crossed.iter().map(|(a, b)| format!("\"{}/{}\"", a.as_str(), b.as_str()));
    file.key("crossed", format_args!("[{}]", pairs.collect::<Vec<_>>().join(", ")));
    file.key("sample", SAMPLE);
    file.section("[[report]]");
    file.needs("name = \"semanal\"");
    file.needs("every = \"week\"");
    file.example("path = \"informes\"");
    file.text("format", "html");
    file.text("lang", "es");
    file.unsaid("brand = \"Banco Ejemplo\"");
    file.unsaid("to = [\"correo\"]");
}

fn playbooks(file: &mut File) {
    file.section("[[playbook]]");
    file.needs("name = \"tarjeta bloqueada\"");
    for line in ["brands = [\"Banco Ejemplo\"]", "typology = \"servicio\"", "category = \"reclamación\""] {
        file.unsaid(line);
    }
    for line in ["subcategory = \"tarjetas\"", "section = \"medios de pago\"", "intent = \"complaint\"", "blocked = true"] {
        file.unsaid(line);
    }
    file.needs("steps_es = [\"Pide disculpas y pregunta desde cuándo le pasa\"]");
    file.needs("steps_en = [\"Apologise, and ask since when it happens\"]");
    file.key("templates_es", "[]");
    file.key("templates_en", "[]");
}

/// The keys that choose alerts.
fn choice(file: &mut File) {
    for line in ["rules = [\"spike\"]", "topics = [\"app\"]", "brands = [\"Banco Ejemplo\"]", "severities = [\"critical\"]"] {
        file.unsaid(line);
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
        let needed =
            |line: &&str| line.is_empty() || line.starts_with(['[', UNSAID]) || line.ends_with(REQUIRED) || line.ends_with(EXAMPLE);
        let unsaid: String = said.lines().filter(needed).map(|line| format!("{line}\n")).collect();
        assert!(said.lines().count() > unsaid.lines().count() + 45, "{unsaid}");
        let (said, unsaid) = (read(&said), read(&unsaid));
        let shown = |config: &Config| {
            let listening = config.listening(&mut TopicIds::default(), 1);
            let Config { server, engine, store, wall, sources, notifiers, routing, plan, .. } = config;
            // Where no zone is named at all, the wall tells the display's time.
            let wall = crate::wall::Settings { timezone: None, ..wall.clone() };
            format!("{server:#?}{engine:#?}{store:#?}{wall:#?}{sources:#?}{notifiers:#?}{routing:#?}{plan:#?}{listening:#?}")
        };
        assert_eq!(shown(&said), shown(&unsaid));
    }

    /// Every line, alone: what must be said cannot be left out, and what is only shown can be said.
    #[test]
    fn what_is_required_is_and_examples_can_be_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate").cert.pem();
        std::fs::write(folder.path().join("ca.pem"), certificate).expect("written");
        let whsec = format!("whsec_{}", "MDAw".repeat(8));
        let text = text();
        let lines: Vec<&str> = text.lines().collect();
        let with = |i: usize, line: &str| {
            let all: Vec<&str> = lines.iter().enumerate().map(|(at, same)| if at == i { line } else { same }).collect();
            Config::read("defaults.toml", all.join("\n"), folder.path()).map(|_| ())
        };
        let (mut required, mut examples) = (0, 0);
        for (i, line) in lines.iter().enumerate() {
            if line.ends_with(REQUIRED) {
                required += 1;
                assert!(with(i, "").is_err(), "{line} is not required");
            } else if let Some(example) = line.strip_prefix(UNSAID) {
                examples += 1;
                // Two that go together, and secrets that are not in this environment.
                let line = match example.split(' ').next() {
                    Some("user") => format!("{example}\npassword = \"x\""),
                    Some("password") => "password = \"x\"\nuser = \"x\"".to_owned(),
                    Some("pseudonym_key") => "pseudonym_key = \"x\"".to_owned(),
                    Some("secret") => format!("secret = \"{whsec}\""),
                    Some("secrets") => format!("secrets = [\"{whsec}\"]"),
                    _ => example.to_owned(),
                };
                assert_eq!(with(i, &line).map_err(|r| r.render(crate::bilingual::Lang::En, false)), Ok(()), "{line}");
            }
        }
        assert!(required > 50 && examples > 60, "{required} {examples}");
    }
}
