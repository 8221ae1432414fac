//! Configuration files: every mistake at once, at its place, in both languages; the examples; no
//! panic on anything.

mod alerts;

use std::path::{Path, PathBuf};

use escucha::anomaly::{Budget, Direction, Settings};
use escucha::bilingual::Lang;
use escucha::config::{Config, Report, TopicIds};
use escucha::share::{self, Span};
use escucha::time::MINUTE;
use escucha::topic::{On, SourceRule};

fn read(text: &str) -> Result<(Config, Report), Report> {
    Config::read("escucha.toml", text.to_owned(), Path::new(""))
}

/// The report of a file that must not be used.
fn wrong(text: &str) -> Report {
    read(text).map(|_| ()).expect_err(text)
}

/// `line:column cause | fix` of every problem.
fn told(report: &Report, lang: Lang) -> Vec<String> {
    let one = |p: &escucha::config::Problem| {
        let (line, column) = report.place(p);
        format!("{line}:{column} {} | {}", p.title(lang), p.fix.get(lang))
    };
    report.problems.iter().map(one).collect()
}

pub const SEVEN: &str = r#"timezone = "Europe/Madird"

[server]
bind = "0.0.0.0:7070"

[[brand]]
name = "Banco Ñandú"

[[topic]]
name = "caída"
qeury = "app"

[[topic]]
name = "fraude"
brand = "Banco Nandú"
query = 'año (fraude OR estafa'
weight = 45

[[alert]]
name = "crisis"
on = "slo"
"#;

#[test]
fn seven_mistakes_are_told_at_once() {
    let report = wrong(SEVEN);
    let places = [(1, 12), (4, 8), (11, 1), (15, 9), (16, 14), (17, 10), (21, 6)];
    assert_eq!(report.problems.iter().map(|p| report.place(p)).collect::<Vec<_>>(), places, "{:#?}", told(&report, Lang::En));
    for lang in [Lang::Es, Lang::En] {
        let shown = report.render(lang, false);
        for (line, column) in places {
            assert!(shown.contains(&format!("--> escucha.toml:{line}:{column}\n")), "{line}:{column}\n{shown}");
        }
        assert_eq!(
            shown.matches('^').count(),
            "\"Europe/Madird\"\"0.0.0.0:7070\"qeury\"Banco Nandú\"(45\"slo\"".chars().count(),
            "{shown}"
        );
    }
}

#[test]
fn one_problem_looks_like_this() {
    let report = wrong("# año\n[engine]\nlanes = 0\n");
    assert_eq!(
        report.render(Lang::Es, false),
        "error: «lanes» debe estar entre 1 y 64\n --> escucha.toml:3:9\n  |\n3 | lanes = 0\n  |         ^"
    );
    let report = wrong("[servre]\n");
    assert_eq!(
        report.render(Lang::En, false),
        "error: the file has no key “servre”\n --> escucha.toml:1:2\n  |\n1 | [servre]\n  |  ^^^^^^\n  |\n  = help: did you mean “server”?"
    );
}

/// Every mistake alone: (file, Spanish, English).
pub const TABLE: &[(&str, &str, &str)] = &[
    ("zzz = 1", "1:1 el archivo no tiene la clave «zzz» | claves conocidas: ", "1:1 the file has no key “zzz” | known keys: "),
    ("[silence]", "1:2 «silence» no está disponible en esta versión | ", "1:2 “silence” is not available in this version | "),
    (
        "[wall]\nscenes=['now','puls']",
        "2:15 «scenes» no puede ser «puls» | ¿querías decir «pulse»? Se admite: now, pulse, week, voice, feed, incidents",
        "2:15 “scenes” cannot be “puls” | did you mean “pulse”? Possible: now, pulse, week, voice, feed, incidents",
    ),
    ("[wall]\nscenes=[]", "2:8 «scenes» está vacía", "2:8 “scenes” is empty"),
    ("[wall]\nscenes=['now','week','now']", "2:22 «now» está dos veces", "2:22 “now” is there twice"),
    ("[wall]\ndwell='2s'", "2:7 «dwell» debe estar entre 5s y 1h", "2:7 “dwell” must be between 5s and 1h"),
    (
        "[wall]\ntheme='darc'",
        "2:7 «theme» no puede ser «darc» | ¿querías decir «dark»?",
        "2:7 “theme” cannot be “darc” | did you mean “dark”?",
    ),
    ("[wall]\nlang='fr'", "2:6 «lang» no puede ser «fr» | se admite: es, en", "2:6 “lang” cannot be “fr” | possible: es, en"),
    ("[wall]\nmask=true", "2:1 [wall] no tiene la clave «mask»", "2:1 [wall] has no key “mask”"),
    ("[[list]]\nname='a'", "1:1 a [[list]] le falta «terms»", "1:1 [[list]] lacks “terms”"),
    ("[[list]]\nname='a'\nterms=[]", "3:7 «terms» está vacía", "3:7 “terms” is empty"),
    ("[[list]]\nname='a'\nterms=['b']\n[[list]]\nname='a'\nterms=['c']", "5:6 ya hay [[list]] «a»", "5:6 there is already [[list]] “a”"),
    (
        "[[list]]\nname='a'\nterms=['bien', 'más *ción']",
        "3:17 E130: «\"más *ción\"»: un comodín no puede iniciar palabra. | Usa contains:, p. ej. contains:ción.",
        "3:17 E130: «\"más *ción\"»: a wildcard cannot start a word. | Use contains:, e.g. contains:ción.",
    ),
    ("[store]\nmax_bytes='1GB'", "1:1 a [store] le falta «path»", "1:1 [store] lacks “path”"),
    ("[[source]]\nname='a'\ntype='x'", "3:6 «x» no está disponible", "3:6 “x” is not available"),
    (
        "[[source]]\nname='a'\ntype='tpc'\npath='a'",
        "3:6 «type» no puede ser «tpc» | ¿querías decir «tcp»?",
        "3:6 “type” cannot be “tpc” | did you mean “tcp”?",
    ),
    ("[[source]]\nname='a'\ntype='file'", "1:1 falta `path`: el archivo que se lee", "1:1 `path` is missing: the file to read"),
    ("[[source]]\nname='a'\ntype='file'\npath=' '", "4:6 falta `path`", "4:6 `path` is missing"),
    (
        "[[source]]\nname='a'\ntype='tcp'\nbind='here'",
        "4:6 «here» no es una dirección IP con puerto",
        "4:6 “here” is no IP address with a port",
    ),
    (
        "[[source]]\nname='a'\ntype='jetstream'\nendpoint='https://x'",
        "4:10 `endpoint` debe ser una dirección ws:// o wss://",
        "4:10 `endpoint` must be a ws:// or wss:// address",
    ),
    (
        "[[source]]\nname='a'\ntype='stdin'\non_full='drop'",
        "4:9 «on_full» no puede ser «drop» | se admite: wait, shed",
        "4:9 “on_full” cannot be “drop” | possible: wait, shed",
    ),
    (
        "[[source]]\nname='a'\ntype='stdin'\nformat='mapped'",
        "1:1 el formato «mapped» necesita [source.map]",
        "1:1 the format “mapped” needs [source.map]",
    ),
    (
        "[[source]]\nname='a'\ntype='stdin'\nformat='mapped'\nmap={id='/id',created_at='/at',text='text'}",
        "5:37 «text» necesita un puntero JSON («/usuario/nombre») o una constante («=x»)",
        "5:37 `text` needs a JSON Pointer (`/user/name`) or a constant (`=x`)",
    ),
    (
        "[[source]]\nname='a'\ntype='stdin'\nformat='mapped'\nmap={id='/id',created_at='/at',text='/text',autor.handle='/u'}",
        "5:51 no hay un campo «autor.handle»; ¿querías decir «author.handle»?",
        "5:51 there is no field `autor.handle`; did you mean `author.handle`?",
    ),
    (
        "[[source]]\nname='a'\ntype='http'\n[[source]]\nname='b'\ntype='http'",
        "6:6 ya hay una fuente de tipo «http» y solo puede haber una",
        "6:6 there is already a source of type “http”, and there can be only one",
    ),
    (
        "[[token]]\nname='a'\nrole='boss'\nhash='0000000000000000000000000000000000000000000000000000000000000000'",
        "3:6 «role» no puede ser «boss» | se admite: viewer, agent, ingest, admin",
        "3:6 “role” cannot be “boss”",
    ),
    ("[[token]]\nname='a'\nrole='admin'\nhash='zz'", "4:6 «hash» debe ser SHA-256", "4:6 “hash” must be SHA-256"),
    (
        "[[token]]\nname='a'\nrole='admin'\nhash='env:ESCUCHA_NO_SUCH'",
        "4:6 la variable de entorno ESCUCHA_NO_SUCH no existe",
        "4:6 the environment variable ESCUCHA_NO_SUCH is missing",
    ),
    ("[server]\norigins='ejemplo.mx'", "2:9 un origen es http(s)://servidor, sin ruta", "2:9 an origin is http(s)://host, without a path"),
    ("[engine]\nlateness='60'", "2:10 «60» no se entiende en «lateness»", "2:10 “60” is not understood in “lateness”"),
    ("[engine]\nlateness='2h'", "2:10 «lateness» debe estar entre 0s y 10m", "2:10 “lateness” must be between 0s and 10m"),
    (
        "[engine]\nrecent=1",
        "2:8 «recent» debe ser un texto entre comillas, no un número",
        "2:8 “recent” must be a string in quotes, not a number",
    ),
    ("[[brand]]\nname='a'\n[[brand]]\nname='a'", "4:6 ya hay [[brand]] «a»", "4:6 there is already [[brand]] “a”"),
    ("[[brand]]\nname='a'\naccounts=[{network='x'}]", "3:11 una cuenta necesita «handle» o «id»", "3:11 an account needs “handle” or “id”"),
    ("[[topic]]\nname='a/b'\nquery='x'", "2:6 el nombre «a/b» no se puede usar", "2:6 the name “a/b” cannot be used"),
    (
        "[[topic]]\nname='a'\nquery='x'\nqueries=['z']",
        "4:9 un tema lleva «query» o «queries», no las dos",
        "4:9 a topic has “query” or “queries”, not both",
    ),
    ("[[topic]]\nname='a'\nqueries=[]", "3:9 «queries» está vacía", "3:9 “queries” is empty"),
    ("[[topic]]\nname='a'\nquery='x'\ndialect='t'", "4:1 «dialect» no está disponible", "4:1 “dialect” is not available"),
    (
        "[[topic]]\nname='a'\nqueries=[{query='x', tag='\\u0000'}]\nweight=31",
        "4:8 «weight» debe estar entre 0 y 30",
        "4:8 “weight” must be between 0 and 30",
    ),
    (
        "[[topic]]\nname='a'\nquery='año list:nope'",
        "3:12 E142: «list:nope» nombra una lista o una regla que no existe. | Defínela con [[list]] en la configuración.",
        "3:12 E142: «list:nope» names a list or a rule that does not exist. | Define it as a [[list]] of the configuration.",
    ),
    (
        "[[topic]]\nname='a'\nqueries=['x', 'rule:a']",
        "3:16 E143: «rule:a»: estas reglas se esperan unas a otras: a → a.",
        "3:16 E143: «rule:a»: these rules wait for each other: a → a.",
    ),
    (
        "[[topic]]\nname='a'\nquery='w rule:b'\n[[topic]]\nname='b'\nquery='rule:c x'\n[[topic]]\nname='c'\nquery='rule:a rule:b2'\n[[topic]]\nname='b2'\nquery='z'",
        "3:10 E143: «rule:b»: estas reglas se esperan unas a otras: a → b → c → a.",
        "3:10 E143: «rule:b»: these rules wait for each other: a → b → c → a.",
    ),
    (
        "[[topic]]\nname='a'\nquery='all:posts'",
        "3:8 E145: «all:posts» pide todos los mensajes",
        "3:8 E145: «all:posts» asks for every post",
    ),
    (
        "[[topic]]\nname='a'\nquery='x'\naccents='smrt'",
        "4:9 «accents» no puede ser «smrt» | ¿querías decir «smart»?",
        "4:9 “accents” cannot be “smrt” | did you mean “smart”?",
    ),
    (
        "[[alert]]\nname='a'\non='volume'\nat=5\nwindow='5m'",
        "1:1 la alerta vigila todos los temas y no hay ninguno",
        "1:1 the alert watches all topics and there is none",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='volume'\nat=5\nwindow='6m'",
        "8:8 «window» no puede ser «6m» | ",
        "8:8 “window” cannot be “6m” | ",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='volume'\nat=5",
        "4:1 a una alerta on = \"volume\" le falta «window»",
        "4:1 an alert with on = \"volume\" lacks “window”",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='priority'\nat=101",
        "7:4 «at» debe estar entre 1 y 100",
        "7:4 “at” must be between 1 and 100",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='priority'\nat=80\nwindow='5m'",
        "8:8 «window» no sirve con on = \"priority\"",
        "8:8 “window” is of no use with on = \"priority\"",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='priority'\nat=80\ntopics=[]",
        "8:8 la alerta no vigila ningún tema",
        "8:8 the alert watches no topic",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\n[[alert]]\nname='a'\non='priority'\nat=80\ntopics=['u']",
        "8:9 no hay [[topic]] «u»",
        "8:9 there is no [[topic]] “u”",
    ),
    (
        "[[topic]]\nname='t'\nquery='x'\nbrand='b'",
        "4:7 no hay [[brand]] «b» | añade [[brand]] con name = \"b\"",
        "4:7 there is no [[brand]] “b” | add [[brand]] with name = \"b\"",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhok'\nurl='https://a.com'",
        "3:6 «type» no puede ser «webhok» | ¿querías decir «webhook»?",
        "3:6 “type” cannot be “webhok” | did you mean “webhook”?",
    ),
    ("[[notify]]\nname='a'\ntype='slack'", "1:1 falta `url`: la del webhook", "1:1 `url` is missing: that of"),
    (
        "[[notify]]\nname='a'\ntype='slack'\nurl='env:ESCUCHA_NO_SUCH'",
        "4:5 la variable de entorno ESCUCHA_NO_SUCH no existe",
        "4:5 the environment variable ESCUCHA_NO_SUCH is missing",
    ),
    ("[[notify]]\nname='a'\ntype='slack'\nurl=7", "4:5 «url» debe ser un texto", "4:5 “url” must be a string"),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://u:p@a.com'",
        "4:5 «url» debe ser una dirección http:// o https:// sin usuario",
        "4:5 “url” must be an http:// or https:// address without user",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nsecret='x'",
        "5:8 `secret` debe ser «whsec_»",
        "5:8 `secret` must be “whsec_”",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nsecret='whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw'\nsecrets=['whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw']",
        "6:9 o «secret» o «secrets»",
        "6:9 “secret” or “secrets”",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nrouting_key='x'",
        "5:1 [[notify]] no tiene la clave «routing_key»",
        "5:1 [[notify]] has no key “routing_key”",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nmin_severty='info'",
        "5:1 [[notify]] no tiene la clave «min_severty» | ¿querías decir «min_severity»?",
        "5:1 [[notify]] has no key “min_severty” | did you mean “min_severity”?",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nheaders={Host='x'}",
        "5:9 la cabecera «Host» de `headers` no se puede enviar",
        "5:9 the header “Host” of `headers` cannot be sent",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nallow=['10.0.0.0/33']",
        "5:8 «10.0.0.0/33» no es una red | por ejemplo \"10.0.0.0/8\"",
        "5:8 “10.0.0.0/33” is no network | for example",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nca='nada.pem'",
        "5:4 no se puede leer el archivo nada.pem",
        "5:4 the file nada.pem cannot be read",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nrate='60'",
        "5:6 «60» no se entiende en «rate» | por ejemplo",
        "5:6 “60” is not understood in “rate” | for example",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\ndeadline='10s'",
        "5:10 «deadline» debe estar entre 1m y 7d",
        "5:10 “deadline” must be between 1m and 7d",
    ),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\ntopics=['u']",
        "5:9 no hay [[topic]] «u»",
        "5:9 there is no [[topic]] “u”",
    ),
    ("[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\nrules=[]", "5:7 la lista está vacía", "5:7 the list is empty"),
    (
        "[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\n[[notify]]\nname='a'\ntype='webhook'\nurl='https://a.com'\n",
        "6:6 ya hay [[notify]] «a»",
        "6:6 there is already [[notify]] “a”",
    ),
    ("[[notify]]\nname='a'\ntype='pagerduty'\nrouting_key='x'", "4:13 `routing_key` tiene 32", "4:13 `routing_key` has 32"),
    (
        "[[notify]]\nname='a'\ntype='email'\nserver='a.com'\nfrom='a@b.c'\nto='x'",
        "6:4 «x» no es una dirección de correo en `to`",
        "6:4 “x” is no e-mail address in `to`",
    ),
    (
        "[[notify]]\nname='a'\ntype='email'\nserver='a.com'\nfrom='a@b.c'\nto='a@b.c'\nuser='u'",
        "7:6 `user` y `password` van juntos",
        "7:6 `user` and `password` go together",
    ),
    (
        "[[notify]]\nname='a'\ntype='email'\nserver='a.com'\nfrom='a@b.c'\nto='a@b.c'\nuser='u'\npassword='p'\ntls='none'",
        "9:5 con `tls` = \"none\" la contraseña",
        "9:5 with `tls` = \"none\" the password",
    ),
    (
        "[topic]\nname='t'",
        "1:1 «topic» debe ser una lista de tablas | escribe [[topic]]",
        "1:1 “topic” must be a list of tables | write [[topic]]",
    ),
    ("timezone = 'UTC'\ntimezone = 'UTC'", "2:1 TOML mal escrito: la clave está dos veces", "2:1 malformed TOML: duplicate key"),
    ("timezone = UTC", "1:12 TOML mal escrito: los textos van entre comillas", "1:12 malformed TOML: string values must be quoted"),
];

#[test]
fn every_mistake_has_its_message_in_both_languages() {
    let mut differing = Vec::new();
    for (file, es, en) in TABLE {
        let report = wrong(file);
        for (lang, want) in [(Lang::Es, es), (Lang::En, en)] {
            let told = told(&report, lang);
            if told.len() != 1 || !told[0].starts_with(want) {
                differing.push(format!("{file}\nwant {want}\ntold {told:#?}"));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}

#[test]
fn a_file_becomes_what_the_engine_uses() {
    let text = r#"
timezone = "America/Mexico_City"
[server]
bind = "localhost:8080"
origins = ["https://sala.ejemplo.mx"]
[engine]
lanes = 3
lateness = "30s"
dedupe = "1h"
recent = "8MB"
[[source]]
name = "uno"
type = "file"
path = "datos/posts.ndjson"
follow = true
format = "mapped"
on_full = "shed"
[source.map]
id = "/id"
created_at = "/at"
text = "/t"
author.handle = "/u"
network = "=x"
[[brand]]
name = "Banco"
own = true
timezone = "Europe/Madrid"
accounts = [{ handle = "@Banco", network = "X", role = "service" }]
[[topic]]
name = "b"
query = "app"
[[topic]]
name = "a"
brand = "Banco"
weight = 25
queries = ["uno", { query = "dos", accents = "exact", quoted = true }]
[[alert]]
name = "v"
on = "volume"
window = "5m"
at = 20
topics = ["a"]
[[alert]]
name = "p"
on = "priority"
at = 80
severity = "critical"
"#;
    let (config, report) =
        Config::read("e.toml", text.to_owned(), Path::new("/etc/escucha")).unwrap_or_else(|r| panic!("{}", r.render(Lang::En, false)));
    assert!(report.problems.is_empty());
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!((config.engine.lanes, config.engine.tally.lateness, config.engine.tally.recent_bytes), (3, 30_000_000, 8 << 20));
    let source = &config.sources[0];
    assert_eq!(source.path, Path::new("/etc/escucha/datos/posts.ndjson"));
    assert!(source.follow && source.shed);
    let fields: Vec<_> = source.format.mapping.fields.iter().map(|(f, p)| (f.as_str(), p.as_str())).collect();
    assert_eq!(fields, [("author.handle", "/u"), ("created_at", "/at"), ("id", "/id"), ("network", "=x"), ("text", "/t")]);

    let mut ids = TopicIds::default();
    ids.of("gone");
    let listening = config.listening(&mut ids, 7);
    let numbers: Vec<_> = listening.topics.iter().map(|t| (t.name.as_str(), t.id.0)).collect();
    assert_eq!((listening.version, numbers), (7, vec![("b", 1), ("a", 2)]));
    assert_eq!(listening.brands[0].accounts[0].handle, "banco");
    assert_eq!(listening.topics[1].queries.iter().map(|q| q.quoted).collect::<Vec<_>>(), [false, true]);
    let watched: Vec<_> = listening.rules.iter().map(|r| r.topics.iter().map(|t| t.0).collect::<Vec<_>>()).collect();
    assert_eq!(watched, [vec![2], vec![1, 2]]);
    // 2026-07-06T00:30Z: Monday 02:30 in Madrid (the brand's zone), Sunday 18:30 in Mexico.
    let at = escucha::time::Timestamp::from_seconds(1_783_297_800);
    assert_eq!(listening.topics.iter().map(|t| t.zone.clone().hour_of_week(at)).collect::<Vec<_>>(), [6 * 24 + 18, 2]);
    assert_eq!(config.listening(&mut ids, 8).topics[0].id.0, 1, "numbers last");
}

#[test]
fn queries_have_tags_lists_rules_and_warnings_of_their_own() {
    let tag = "ñ".repeat(escucha::limits::TAG_CHARS);
    let text = format!(
        "[[brand]]\nname='B'\nown=true\naccounts=[{{handle='@Cóndor'}}, {{id='7'}}]\n\
         [[brand]]\nname='C'\naccounts=[{{handle='otro'}}]\n\
         [[list]]\nname='fallas'\nterms=['caída', '\"no funciona\"', '#falla']\n\
         [[topic]]\nname='a'\ntag='T0'\nqueries=['condor otro -CONDOR \"el condor\"', {{query='list:Fallas', tag='{tag}'}}]\n\
         [[topic]]\nname='b'\nquery='all:posts rule:A'\nall=true\n"
    );
    let (config, report) = read(&text).unwrap_or_else(|r| panic!("{}", r.render(Lang::En, false)));
    let warnings = told(&report, Lang::Es);
    assert!(warnings.len() == 1 && warnings[0].starts_with("14:11 W110: «condor» es también el nombre"), "{warnings:?}");
    let listening = config.listening(&mut TopicIds::default(), 1);
    let written: Vec<(&str, &str)> = listening.wordings.iter().flat_map(|w| w.iter()).map(|w| (&*w.normal, &*w.tag)).collect();
    assert_eq!(
        written,
        [("condor AND otro AND NOT CONDOR AND \"el condor\"", "T0"), ("list:Fallas", tag.as_str()), ("all:posts AND rule:A", "")]
    );
    assert_eq!(listening.topics[0].queries[1].leaves.len(), 3);

    let report = wrong(&text.replace(&tag, &format!("{tag}ñ")));
    assert!(told(&report, Lang::En).iter().any(|t| t.contains("“tag” may have 255 characters at most")));
    // Nothing hides anything: a cycle beside a query that cannot be read, and every cycle once.
    let report = wrong("[[topic]]\nname='a'\nqueries=['(x', 'rule:b']\n[[topic]]\nname='b'\nqueries=['rule:a', 'rule:a w', 'rule:b']");
    let codes: Vec<String> = told(&report, Lang::En).iter().map(|t| t.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(codes, ["3:11 E101:", "3:17 E143:", "6:33 E143:"], "{:#?}", told(&report, Lang::En));
}

#[test]
fn an_empty_file_is_a_whole_configuration() {
    let (config, report) = read("").expect("complete defaults");
    assert!(report.problems.is_empty() && config.sources.is_empty());
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:7070");
}

#[test]
fn an_open_port_needs_a_token_and_tcp_warns() {
    let hash = "0".repeat(64);
    let with = format!("[server]\nbind='0.0.0.0:7070'\n[[token]]\nname='a'\nrole='viewer'\nhash='{hash}'");
    assert!(read(&with).is_ok());
    let (_, report) = read("[[source]]\nname='a'\ntype='tcp'\nbind='0.0.0.0:1'").expect("a warning is no error");
    assert_eq!(told(&report, Lang::En).len(), 1);
    assert!(report.render(Lang::Es, false).starts_with("aviso: "));
}

pub fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut all: Vec<PathBuf> = std::fs::read_dir(&folder).expect("examples").map(|e| e.expect("entry").path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    all.sort();
    all
}

#[test]
fn the_examples_are_correct() {
    let examples = examples();
    assert!(examples.len() >= 4, "{examples:?}");
    for path in examples {
        match Config::load(&path) {
            Ok((_, report)) => assert!(report.problems.is_empty(), "{}", report.render(Lang::En, false)),
            Err(report) => panic!("{}", report.render(Lang::En, false)),
        }
    }
}
