//! Every help text, in both languages, in one table.

use clap::{Arg, ArgAction, Command};

use crate::bilingual::Lang;

/// (command, or `command:argument`, or `command!` for its example; Spanish; English). A command below
/// another may stand behind its name where it means something else.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "escucha",
        "Escucha activa en tiempo real: encuentra, cuenta, puntúa y avisa.",
        "Real-time active listening: match, count, score and alert.",
    ),
    ("escucha!", "Ejemplo:\n  escucha demo\n  escucha run -c escucha.toml", "Example:\n  escucha demo\n  escucha run -c escucha.toml"),
    (":lang", "Idioma de los textos: es o en (por omisión, el de LANG)", "Language of the texts: es or en (by default that of LANG)"),
    (":help", "Muestra esta ayuda", "Print this help"),
    (":version", "Muestra la versión", "Print the version"),
    (":config", "El archivo de configuración (por omisión escucha.toml)", "The configuration file (by default escucha.toml)"),
    (
        "demo",
        "Todo a la vez y sin preparar nada: un banco ficticio, sus clientes y una caída",
        "Everything at once with no set-up: a fictional bank, its customers and an outage",
    ),
    ("demo!", "Ejemplo:\n  escucha demo --speed 4", "Example:\n  escucha demo --speed 4"),
    ("demo:bind", "Dónde escucha (por omisión 127.0.0.1:7070)", "Where to listen (by default 127.0.0.1:7070)"),
    ("demo:speed", "Cuántas veces más rápido que el reloj (por omisión 1)", "How many times faster than the clock (by default 1)"),
    ("demo:seed", "Semilla: la misma da los mismos mensajes (por omisión 1)", "Seed: the same one gives the same posts (by default 1)"),
    ("run", "El motor", "The engine"),
    ("run!", "Ejemplo:\n  escucha run -c escucha.toml", "Example:\n  escucha run -c escucha.toml"),
    (
        "check",
        "Revisa la configuración y cada consulta: todos los problemas a la vez, con su sitio y su remedio",
        "Validates configuration and every query: all problems at once, each with its place and its fix",
    ),
    (
        "check!",
        "Ejemplo:\n  escucha check -c escucha.toml\n  escucha check --print-defaults",
        "Example:\n  escucha check -c escucha.toml\n  escucha check --print-defaults",
    ),
    (
        "check:print_defaults",
        "En su lugar, todas las secciones con lo que vale si no se dice nada",
        "Instead, every section with what holds where nothing is said",
    ),
    (
        "erase",
        "Borrar lo que se sabe de una persona: del motor en marcha o del almacén de uno parado",
        "Erase what is known of a person: from the running engine, or the store of a stopped one",
    ),
    (
        "erase!",
        "Ejemplo:\n  escucha erase -c escucha.toml --network x --author @maria --token \"$ESCUCHA_TOKEN\"",
        "Example:\n  escucha erase -c escucha.toml --network x --author @maria --token \"$ESCUCHA_TOKEN\"",
    ),
    ("erase:network", "La red de su cuenta", "The network of the account"),
    ("erase:author", "Su id o su nombre de cuenta, con o sin @", "Its id or its handle, with or without @"),
    ("erase:token", "Un token de administración (o ESCUCHA_TOKEN)", "A token of an administrator (or ESCUCHA_TOKEN)"),
    ("health", "Si un motor en marcha responde (código 1 si no)", "Whether a running engine answers (exit code 1 if not)"),
    (
        "health!",
        "Ejemplo:\n  escucha health --ready --url http://127.0.0.1:7070",
        "Example:\n  escucha health --ready --url http://127.0.0.1:7070",
    ),
    ("health:url", "Dirección del motor (por omisión http://127.0.0.1:7070)", "Address of the engine (by default http://127.0.0.1:7070)"),
    ("health:ready", "Y si funcionan todas sus partes, o cuál no", "And whether all its parts work, or which does not"),
    ("completions", "Un guion para que la consola complete órdenes y opciones", "A script for the shell to complete commands and options"),
    (
        "completions!",
        "Ejemplo:\n  escucha completions bash > /etc/bash_completion.d/escucha",
        "Example:\n  escucha completions bash > /etc/bash_completion.d/escucha",
    ),
    ("completions:shell", "La consola: bash, zsh o fish", "The shell: bash, zsh or fish"),
    ("man", "La página de manual", "The manual page"),
    (
        "man!",
        "Ejemplo:\n  escucha man | man -l -\n  escucha man --to /usr/local/share/man/man1",
        "Example:\n  escucha man | man -l -\n  escucha man --to /usr/local/share/man/man1",
    ),
    ("man:to", "Una página por orden, en esta carpeta", "One page for each command, in this folder"),
    (
        "query",
        "Lee una consulta: forma normal, en qué se apoya, coste, avisos y errores",
        "Parses one query: normal form, anchors, cost, warnings and errors",
    ),
    (
        "query!",
        "Ejemplo:\n  escucha query '(app OR aplicación) NEAR/4 (caída OR \"no funciona\")'",
        "Example:\n  escucha query '(app OR website) NEAR/4 (down OR \"not working\")'",
    ),
    (
        ":accents",
        "Cómo se comparan los acentos: fold, smart o exact (por omisión fold)",
        "How accents are compared: fold, smart or exact (by default fold)",
    ),
    (
        "query:config",
        "Archivo de configuración cuyas listas y temas puede nombrar la consulta",
        "Configuration file whose lists and topics the query may name",
    ),
    ("query:query", "La consulta, entre comillas simples", "The query, in single quotes"),
    (
        "match",
        "Mensajes por la entrada, qué consultas cumplen y dónde por la salida: una línea JSON por mensaje",
        "Posts in, which queries they match and where out: one JSON line per post",
    ),
    (
        "match!",
        "Ejemplo:\n  escucha match --only-matched --query 'banco caído' mensajes.ndjson",
        "Example:\n  escucha match --only-matched --query 'bank down' posts.ndjson",
    ),
    ("match:json", "También los avisos y las líneas rechazadas como JSON", "Warnings and refused lines as JSON too"),
    ("match:query", "Una consulta", "One query"),
    (
        "match:queries",
        "Archivo de consultas: {\"id\", \"query\", \"accents\", \"tag\", \"strict\", \"quoted\", \"all\"} en cada línea; rule:ID nombra otra",
        "File of queries: {\"id\", \"query\", \"accents\", \"tag\", \"strict\", \"quoted\", \"all\"} on every line; rule:ID names another",
    ),
    (
        "match:format",
        "Formato de los mensajes: escucha, jetstream, mastodon, x-v1, x-v2 (por omisión escucha)",
        "Format of the posts: escucha, jetstream, mastodon, x-v1, x-v2 (by default escucha)",
    ),
    ("match:timezone", "Zona de hour: y weekday: (por omisión UTC)", "Zone of hour: and weekday: (by default UTC)"),
    ("match:only_matched", "Calla los mensajes que no cumplen ninguna", "Leave out posts that match none"),
    ("match:files", "Archivos de mensajes; sin ninguno, la entrada estándar", "Files of posts; without any, standard input"),
    ("import", "Trae las reglas de otro servicio como temas de escucha.toml", "The rules of another service as topics of escucha.toml"),
    (
        "import!",
        "Ejemplo:\n  escucha import powertrack reglas.json >> escucha.toml",
        "Example:\n  escucha import powertrack rules.json >> escucha.toml",
    ),
    (
        "powertrack",
        "Reglas de PowerTrack o del flujo filtrado de X; lo que no se puede traer se dice y queda como comentario (código 1)",
        "Rules of PowerTrack or of the filtered stream of X; what cannot be imported is told and kept as a comment (exit code 1)",
    ),
    (
        "powertrack!",
        "Ejemplo:\n  escucha import powertrack --topic huracan reglas.json >> escucha.toml\n  escucha check -c escucha.toml",
        "Example:\n  escucha import powertrack --topic hurricane rules.json >> escucha.toml\n  escucha check -c escucha.toml",
    ),
    (
        "powertrack:topic",
        "Todas en un solo tema con este nombre (por omisión, un tema por archivo)",
        "All in one topic of this name (by default one topic for each file)",
    ),
    ("powertrack:by_tag", "Un tema por etiqueta", "One topic for each tag"),
    (
        "powertrack:files",
        "Archivos: {\"rules\": [{\"value\", \"tag\"}]} o la lista sola",
        "Files: {\"rules\": [{\"value\", \"tag\"}]} or the list alone",
    ),
    (
        "replay",
        "Mensajes grabados a través de todo el motor, en el tiempo en que ocurrieron",
        "Recorded posts through the whole engine, in event time",
    ),
    (
        "replay!",
        "Ejemplo:\n  escucha replay -c escucha.toml grabado.ndjson.gz",
        "Example:\n  escucha replay -c escucha.toml recorded.ndjson.gz",
    ),
    ("replay:source", "Fuente cuyo formato se usa (por omisión, la única)", "Source whose format is used (by default the only one)"),
    (
        "replay:speed",
        "Cuántas veces más rápido que el tiempo grabado, o max (por omisión max)",
        "How many times faster than recorded time, or max (by default max)",
    ),
    (
        "replay:as_recorded",
        "Respeta el orden de los archivos; sin esto se ordena por fecha, con toda la grabación en memoria",
        "Keep the order of the files; without it they are sorted by time, the whole recording in memory",
    ),
    ("replay:files", "Archivos: NDJSON, también .gz y .zst", "Files: NDJSON, also .gz and .zst"),
    (
        "backtest",
        "Qué habría avisado y cuándo, sin avisar a nadie: una línea JSON por alerta, un resumen, y qué habrían costado y captado otros ajustes",
        "What would have fired and when, without telling anybody: one JSON line per alert, a summary, and what other settings would have cost and caught",
    ),
    (
        "backtest!",
        "Ejemplo:\n  escucha backtest -c escucha.toml grabado.ndjson.gz\n  escucha backtest --counts menciones.csv --label app --scores puntos.csv",
        "Example:\n  escucha backtest -c escucha.toml recorded.ndjson.gz\n  escucha backtest --counts mentions.csv --label app --scores scores.csv",
    ),
    (
        "backtest:counts",
        "Recuento de un tema: filas timestamp,value cada 5 minutos o menos; sin desfase horario, la fecha es UTC; también .gz y .zst",
        "Counts of one topic: rows of timestamp,value every 5 minutes or less; a time without offset is UTC; also .gz and .zst",
    ),
    ("backtest:label", "Nombre del tema (por omisión, el del archivo)", "Name of the topic (by default that of the file)"),
    (
        "backtest:scores",
        "Escribe aquí timestamp,value,anomaly_score,expected,alert de cada fila; 1 o más es una alerta",
        "Write timestamp,value,anomaly_score,expected,alert of every row here; 1 and above is an alert",
    ),
    ("backtest:timezone", "Hora civil de la semana del tema (por omisión UTC)", "Civil time of the topic's week (by default UTC)"),
    (
        "backtest:on",
        "Qué vigila: spike (más de lo habitual) o drop (menos); por omisión spike",
        "What to watch: spike (more than usual) or drop (fewer); by default spike",
    ),
    (
        "backtest:sensitivity",
        "Umbral mínimo, en desviaciones del tema: menos avisa más (por omisión 3.2; con drop, 3.5)",
        "Floor of the bar, in spreads of the topic: lower fires more (by default 3.2; with drop 3.5)",
    ),
    (
        "backtest:budget",
        "Cuántas alertas se aceptan y en cuánto tiempo (por omisión \"5 per 3 weeks\")",
        "How many alerts in how much time are meant to come (by default \"5 per 3 weeks\")",
    ),
    (
        "backtest:quick",
        "Juzga también cada 5 minutos por separado, para salas de crisis",
        "Judge every 5 minutes by themselves too, for crisis desks",
    ),
    (
        "backtest:missing",
        "Qué son los tramos sin filas: gap (no se contó) o zero (no hubo nada); por omisión gap",
        "What stretches without rows are: gap (nobody counted) or zero (nothing came); by default gap",
    ),
    (
        "backtest:events",
        "Sucesos conocidos, filas timestamp,label,topic: la tabla de ajustes dice cuántos se avisan; sin esto, cuántos de los mayores picos del periodo",
        "Known events, rows of timestamp,label,topic: the table of settings says how many are told of; without it, how many of the largest peaks of the period",
    ),
    (
        "backtest:picture",
        "Dibuja aquí lo visto, lo habitual y las alertas: .svg con --counts o un tema, .html con todos",
        "Draw what was seen, what is usual and the alerts here: .svg with --counts or one topic, .html with all",
    ),
    ("backtest:source", "Fuente cuyo formato se usa (por omisión, la única)", "Source whose format is used (by default the only one)"),
    ("backtest:files", "Mensajes grabados: NDJSON, también .gz y .zst", "Recorded posts: NDJSON, also .gz and .zst"),
    (
        "report",
        "Las cifras del equipo de atención en un periodo: de archivos grabados o de un motor en marcha",
        "The figures of the care team in a period: from recordings or from a running engine",
    ),
    (
        "report!",
        "Ejemplo:\n  escucha report --month 2026-03 --format html --lang es --out marzo.html\n  escucha report --month 2026-03 --table incidents --out casos.csv\n  escucha report -c escucha.toml --week 2026-W10 grabado.ndjson.gz",
        "Example:\n  escucha report --month 2026-03 --format html --lang en --out march.html\n  escucha report --month 2026-03 --table incidents --out incidents.csv\n  escucha report -c escucha.toml --week 2026-W10 recorded.ndjson.gz",
    ),
    ("report:from", "Desde este momento, con --to", "From this moment on, with --to"),
    ("report:to", "Hasta este momento, sin incluirlo", "Up to this moment, without it"),
    ("report:day", "Un día civil, en la hora de cada marca", "One civil day, in the time of each brand"),
    ("report:week", "Una semana, de lunes a domingo", "One week, Monday to Sunday"),
    ("report:month", "Un mes", "One month"),
    ("report:brand", "Solo esta marca (por omisión todas, las propias primero)", "Only this brand (by default all, our own first)"),
    (
        "report:table",
        "En su lugar, una fila por caso (incidents) o por cada cambio de un caso (events)",
        "Instead, a row for each incident (incidents), or for each change of one (events)",
    ),
    (
        "report:format",
        "text, json, csv o html (por omisión text); con --table, csv, ndjson o parquet (por omisión csv)",
        "text, json, csv or html (by default text); with --table csv, ndjson or parquet (by default csv)",
    ),
    ("report:out", "Lo escribe aquí en lugar de mostrarlo", "Write it here instead of showing it"),
    (
        "report:url",
        "Sin archivos, dirección del motor (por omisión http://127.0.0.1:7070)",
        "Without files, address of the engine (by default http://127.0.0.1:7070)",
    ),
    ("report:token", "Token con papel viewer; también en ESCUCHA_TOKEN", "Token with the role viewer; also in ESCUCHA_TOKEN"),
    ("report:stored", "Del archivo de [store] de un motor que no está en marcha", "Out of the [store] file of an engine that does not run"),
    ("report:source", "Fuente cuyo formato se usa (por omisión, la única)", "Source whose format is used (by default the only one)"),
    ("report:files", "Archivos grabados: NDJSON, también .gz y .zst", "Recordings: NDJSON, also .gz and .zst"),
    (
        "tap",
        "Mensajes y alertas en vivo, en la terminal, de un motor en marcha",
        "Live matched posts and alerts of a running engine in the terminal",
    ),
    (
        "tap!",
        "Ejemplo:\n  escucha tap --topics caida-app --min-priority 60",
        "Example:\n  escucha tap --topics app-outage --min-priority 60",
    ),
    ("tap:url", "Dirección del motor (por omisión http://127.0.0.1:7070)", "Address of the engine (by default http://127.0.0.1:7070)"),
    ("tap:token", "Token con papel viewer; también en ESCUCHA_TOKEN", "Token with the role viewer; also in ESCUCHA_TOKEN"),
    (
        "tap:channels",
        "Qué muestra: alerts, mentions, windows, incidents, status (por omisión alerts,mentions)",
        "What to show: alerts, mentions, windows, incidents, status (by default alerts,mentions)",
    ),
    ("tap:topics", "Solo estos temas", "Only these topics"),
    (
        "tap:min_severity",
        "Solo alertas desde esta gravedad: info, warning, critical",
        "Only alerts at least this bad: info, warning, critical",
    ),
    ("tap:min_priority", "Solo mensajes desde esta prioridad", "Only posts of at least this priority"),
    ("tap:json", "Los objetos tal como llegan, uno por línea", "The objects as they come, one a line"),
    (
        "deliveries",
        "Los avisos que esperan o no se entregaron, y enviar uno otra vez",
        "Notifications that wait or were not delivered, and sending one again",
    ),
    (
        "deliveries!",
        "Ejemplo:\n  escucha deliveries --status dead\n  escucha deliveries --replay 42",
        "Example:\n  escucha deliveries --status dead\n  escucha deliveries --replay 42",
    ),
    (
        "deliveries:url",
        "Dirección del motor (por omisión http://127.0.0.1:7070)",
        "Address of the engine (by default http://127.0.0.1:7070)",
    ),
    (
        "deliveries:token",
        "Token con papel viewer, o admin para enviar otra vez; también en ESCUCHA_TOKEN",
        "Token with the role viewer, or admin to send again; also in ESCUCHA_TOKEN",
    ),
    ("deliveries:status", "Solo las no entregadas (dead) o las que esperan (waiting)", "Only those given up (dead) or waiting"),
    ("deliveries:replay", "Envía otra vez la que tiene este número", "Sends the one with this number again"),
    ("store", "El archivo de [store]: copias y estado", "The file of [store]: copies and state"),
    (
        "store!",
        "Ejemplo:\n  escucha store backup alertas.db copia.db\n  escucha store check copia.db",
        "Example:\n  escucha store backup alerts.db copy.db\n  escucha store check copy.db",
    ),
    (
        "backup",
        "Copia el archivo como está en un instante, también con el motor en marcha, y comprueba la copia; no sobrescribe nada",
        "Copies the file as it is at one moment, also while the engine runs, and verifies the copy; overwrites nothing",
    ),
    ("backup!", "Ejemplo:\n  escucha store backup alertas.db copia.db", "Example:\n  escucha store backup alerts.db copy.db"),
    ("backup:copy", "La copia, que aún no existe", "The copy, which does not exist yet"),
    (
        "store check",
        "Lee el archivo entero, sin cambiarlo: formato, época, alertas, tamaño, integridad y si está en uso",
        "Reads the whole file and does not change it: format, epoch, alerts, size, integrity and whether it is in use",
    ),
    ("store check!", "Ejemplo:\n  escucha store check alertas.db", "Example:\n  escucha store check alerts.db"),
    (":store", "El archivo, como lo nombra [store] path", "The file, as [store] path names it"),
    (":json", "Todo como un objeto JSON", "All of it as one JSON object"),
    ("init", "Escribe una configuración inicial comentada", "Prints a commented starter file"),
    ("init!", "Ejemplo:\n  escucha init > escucha.toml", "Example:\n  escucha init > escucha.toml"),
    ("notify", "Destinos de los avisos", "Targets of alerts"),
    ("notify!", "Ejemplo:\n  escucha notify test guardia -c escucha.toml", "Example:\n  escucha notify test on-call -c escucha.toml"),
    (
        "test",
        "Envía una alerta de prueba, marcada como tal, a un [[notify]] y dice qué pasó (código 1 si no llegó)",
        "Send a test alert, marked as such, to one [[notify]] and say what came of it (exit code 1 if it did not arrive)",
    ),
    ("test!", "Ejemplo:\n  escucha notify test guardia -c escucha.toml", "Example:\n  escucha notify test on-call -c escucha.toml"),
    ("test:name", "Nombre del [[notify]]", "Name of the [[notify]]"),
    ("token", "Tokens de acceso", "Access tokens"),
    ("token!", "Ejemplo:\n  escucha token new sala-de-crisis viewer", "Example:\n  escucha token new crisis-room viewer"),
    (
        "new",
        "Crea un token y muestra el hash que va en la configuración",
        "Makes a token and shows the hash that goes into the configuration",
    ),
    (
        "new:device",
        "Para una pantalla: no caduca hasta que se quita del archivo",
        "For a screen: signed in until it is taken from the file",
    ),
    ("new!", "Ejemplo:\n  escucha token new sala-de-crisis viewer", "Example:\n  escucha token new crisis-room viewer"),
    ("new:name", "De quién es", "Whose it is"),
    ("new:role", "Qué puede hacer: viewer, agent, ingest, admin", "What it opens: viewer, agent, ingest, admin"),
];

/// What stands for a value in help; English, Spanish.
const VALUE_NAMES: [(&str, &str); 22] = [
    ("TIME", "MOMENTO"),
    ("YYYY-MM-DD", "AAAA-MM-DD"),
    ("YYYY-Www", "AAAA-Wss"),
    ("YYYY-MM", "AAAA-MM"),
    ("FORMAT", "FORMATO"),
    ("SHELL", "CONSOLA"),
    ("FOLDER", "CARPETA"),
    ("OUT", "COPIA"),
    ("STATUS", "ESTADO"),
    ("ZONE", "ZONA"),
    ("KIND", "CLASE"),
    ("BUDGET", "PRESUPUESTO"),
    ("WHAT", "QUÉ"),
    ("FILE", "ARCHIVO"),
    ("MODE", "MODO"),
    ("NAME", "NOMBRE"),
    ("NAME,…", "NOMBRE,…"),
    ("ROLE", "PAPEL"),
    ("ADDR", "DIRECCIÓN"),
    ("SEVERITY", "GRAVEDAD"),
    ("QUERY", "CONSULTA"),
    ("LANG", "IDIOMA"),
];

/// Rendered help with the one word that the parser writes by itself in `lang`.
pub fn finished(text: &str, lang: Lang) -> String {
    text.replace("[OPTIONS]", lang.pick("[OPCIONES]", "[OPTIONS]"))
}

fn spanish_value(english: &str) -> Option<&'static str> {
    VALUE_NAMES.iter().find(|(en, _)| *en == english).map(|(_, es)| *es)
}

fn find(key: &str, lang: Lang) -> Option<&'static str> {
    TEXTS.iter().find(|(k, ..)| *k == key).map(|(_, es, en)| lang.pick(*es, *en))
}

/// The command with all its texts in `lang`.
pub fn localised(command: Command, lang: Lang) -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help(find(":version", lang).unwrap_or(""));
    one(command.disable_version_flag(true).arg(version), "", lang)
}

/// What the texts of `command` below `parent` begin with.
fn key(parent: &str, command: &str) -> String {
    let own = format!("{parent} {command}");
    if find(&own, Lang::En).is_some() { own } else { command.to_owned() }
}

fn one(mut command: Command, parent: &str, lang: Lang) -> Command {
    let name = key(parent, command.get_name());
    let text = |key: &str| find(key, lang);
    if let Some(about) = text(&name) {
        command = command.about(about).long_about(None);
    }
    if let Some(example) = text(&format!("{name}!")) {
        command = command.after_help(example);
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(text(":help").unwrap_or(""));
    let usage = lang.pick("Uso:", "Usage:");
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .help_template(format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}"))
        .subcommand_help_heading(lang.pick("Órdenes", "Commands"))
        .subcommand_value_name(lang.pick("ORDEN", "COMMAND"))
        .arg(help)
        .mut_args(|arg| argument(arg, &name, lang))
        .mut_subcommands(|sub| one(sub, &name, lang))
}

fn argument(arg: Arg, command: &str, lang: Lang) -> Arg {
    let id = arg.get_id().as_str();
    let own = find(&format!("{command}:{id}"), lang).or_else(|| find(&format!(":{id}"), lang));
    let heading = if arg.is_positional() { lang.pick("Argumentos", "Arguments") } else { lang.pick("Opciones", "Options") };
    // What can be typed and what is taken otherwise stands in the texts themselves.
    let takes_value = arg.get_action().takes_values();
    let arg = arg.help_heading(heading).hide_default_value(takes_value).hide_possible_values(takes_value).hide_env(takes_value);
    let shown = arg.get_value_names().and_then(|names| spanish_value(names.first()?)).filter(|_| lang == Lang::Es);
    let arg = if let Some(name) = shown { arg.value_name(name) } else { arg };
    match own {
        Some(help) => arg.help(help).long_help(None),
        None => arg,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn each(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
        let path = format!("{path} {}", command.get_name());
        visit(command, &path);
        for sub in command.get_subcommands() {
            each(sub, &path, visit);
        }
    }

    #[test]
    fn every_command_has_its_texts_and_an_example_in_both_languages() {
        each(&super::super::Cli::command(), "", &mut |command, path| {
            let parent = path.split(' ').rev().nth(1).unwrap_or_default();
            let name = key(parent, command.get_name());
            let mut keys = vec![name.to_owned(), format!("{name}!")];
            keys.extend(command.get_arguments().map(|a| format!("{name}:{}", a.get_id())));
            for key in keys {
                let shared = key.split_once(':').map(|(_, id)| format!(":{id}"));
                let found = find(&key, Lang::Es).or_else(|| find(&shared.clone()?, Lang::Es));
                assert!(found.is_some(), "{path}: no text for {key}");
            }
        });
    }

    #[test]
    fn help_is_whole_in_its_language() {
        for lang in [Lang::Es, Lang::En] {
            let mut command = localised(super::super::Cli::command(), lang);
            command.build();
            each(&command, "", &mut |command, path| {
                let help = finished(&command.clone().render_help().to_string(), lang);
                assert!(help.contains(lang.pick("Uso:", "Usage:")) && help.contains(lang.pick("Ejemplo:", "Example:")), "{path}: {help}");
                if lang == Lang::Es {
                    for english in ["Usage", "Options", "Commands", "Arguments", "[default", "Print", "OPTIONS", "FILE", "NAME"] {
                        assert!(!help.contains(english), "{path}: {help}");
                    }
                }
            });
        }
    }

    #[test]
    fn the_definition_is_sound() {
        localised(super::super::Cli::command(), Lang::Es).debug_assert();
    }
}
