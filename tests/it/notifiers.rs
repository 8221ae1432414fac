//! Notifiers against receivers that misbehave: what comes of an attempt, what goes out, and where no
//! connection may go.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use escucha::alert::{Alert, Status};
use escucha::bilingual::Lang;
use escucha::notifiers::{self, Context, Message, Outcome, Secret, Settings, Timing, Tls};
use escucha::time::{ManualClock, SystemClock, Timestamp};
use serde_json::Value;

use crate::receiver::{Answer, Receiver, Smtp, certificate};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw";
const KEY: &str = "0123456789abcdef0123456789abcdef";

fn alert() -> Alert {
    let mut alert = notifiers::example(Timestamp::from_seconds(1_783_159_500));
    alert.topic = "caída app".to_owned();
    alert.brand = "Banco Ñandú".to_owned();
    alert
}

/// Settings of `kind` for a receiver on loopback.
fn settings(kind: &'static str, url: &str) -> Settings {
    let mut all = Settings::new("destino", kind);
    all.url = Secret(url.to_owned());
    all.routing_key = Secret(KEY.to_owned());
    all.allow = vec!["127.0.0.1".parse().unwrap()];
    all.from = "escucha <escucha@example.com>".to_owned();
    all.to = vec!["guardia@example.com".to_owned()];
    all
}

fn context() -> Context {
    let short = Timing { connect: Duration::from_secs(20), total: Duration::from_secs(20), body: Duration::from_millis(50) };
    Context { timing: short, ..Context::new(Arc::new(SystemClock::new()), Lang::En) }
}

async fn attempt(settings: &Settings, context: &Context, alert: &Alert) -> Outcome {
    let spec = notifiers::spec(settings.kind).unwrap();
    assert_eq!((spec.check)(settings), [], "{settings:?}");
    let notifier = notifiers::build(settings, context).unwrap();
    notifier.attempt(&Message { alert, seq: 7, key: "llave/1", lang: settings.lang, test: false }).await
}

/// What comes of one attempt at a receiver that answers so.
async fn trial(kind: &'static str, answer: Answer) -> (Outcome, Receiver) {
    let receiver = Receiver::http("127.0.0.1:0", vec![answer], None).await;
    let outcome = attempt(&settings(kind, &receiver.url("/hook")), &context(), &alert()).await;
    (outcome, receiver)
}

fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Transient { .. } => "transient",
        Outcome::Permanent { .. } => "permanent",
        Outcome::Gone { .. } => "gone",
    }
}

fn why(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Delivered => "",
        Outcome::Transient { why, .. } | Outcome::Permanent { why } | Outcome::Gone { why } => why,
    }
}

#[tokio::test]
async fn every_kind_tells_what_could_help() {
    for spec in notifiers::ALL {
        if spec.name == "email" {
            for (rcpt, data, want) in [
                ("250 ok\r\n", "250 queued\r\n", "delivered"),
                ("451 later\r\n", "250 queued\r\n", "transient"),
                ("250 ok\r\n", "452 full\r\n", "transient"),
                ("550 nobody\r\n", "250 queued\r\n", "permanent"),
                ("250 ok\r\n", "554 no\r\n", "permanent"),
                ("garbage\r\n", "250 queued\r\n", "transient"),
            ] {
                let receiver = Receiver::smtp(rcpt, data, Smtp::Plain).await;
                let settings = Settings { server: receiver.address.to_string(), tls: Tls::None, ..settings("email", "") };
                let outcome = attempt(&settings, &context(), &alert()).await;
                assert_eq!(class(&outcome), want, "{rcpt} {data}: {outcome:?}");
            }
            continue;
        }
        for (code, want) in [
            (200, "delivered"),
            (202, "delivered"),
            (500, "transient"),
            (503, "transient"),
            (408, "transient"),
            (425, "transient"),
            (429, "transient"),
            (400, "permanent"),
            (401, "permanent"),
            (404, "permanent"),
            (301, "permanent"),
            (302, "permanent"),
            (410, "gone"),
        ] {
            let (outcome, receiver) = trial(spec.name, Answer::status(code)).await;
            assert_eq!(class(&outcome), want, "{} {code}: {outcome:?}", spec.name);
            assert_eq!(receiver.heard().len(), 1, "one attempt is one request");
        }
    }
}

#[tokio::test]
async fn a_receiver_that_fails_can_be_tried_again() {
    for answer in [Answer::Die, Answer::Drop] {
        let (outcome, _) = trial("webhook", answer).await;
        assert_eq!(class(&outcome), "transient", "{outcome:?}");
    }
    let closed = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await.url("/");
    let outcome = attempt(&settings("webhook", &closed), &context(), &alert()).await;
    assert_eq!(class(&outcome), "transient", "nobody listens: {outcome:?}");

    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::Silent], None).await;
    let mut impatient = context();
    impatient.timing.total = Duration::from_millis(300);
    let outcome = attempt(&settings("webhook", &receiver.url("/")), &impatient, &alert()).await;
    assert_eq!(outcome, Outcome::Transient { why: "no answer within 0.3 s".to_owned(), after: None });
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    for (answer, want) in [
        (Answer::Endless(500), "transient"),
        (Answer::Endless(400), "permanent"),
        (Answer::Drip(503), "transient"),
        (Answer::Endless(200), "delivered"),
    ] {
        let (outcome, _) = trial("webhook", answer).await;
        assert_eq!(class(&outcome), want, "{outcome:?}");
        assert!(why(&outcome).len() < 300);
    }
}

#[tokio::test]
async fn the_wait_that_a_receiver_asks_for_is_told() {
    let now = Timestamp::from_seconds(1_783_159_500);
    for (value, want) in [
        ("7", Some(7)),
        ("Sat, 04 Jul 2026 10:05:30 GMT", Some(30)),
        ("Sat, 04 Jul 2020 10:05:30 GMT", Some(0)),
        ("99999999999", Some(24 * 60 * 60)),
        ("-5", None),
        ("soon", None),
    ] {
        let answer = Answer::Say(429, format!("Retry-After: {value}\r\n"), String::new());
        let receiver = Receiver::http("127.0.0.1:0", vec![answer], None).await;
        let context = Context { clock: Arc::new(ManualClock::at(now)), ..context() };
        let outcome = attempt(&settings("webhook", &receiver.url("/")), &context, &alert()).await;
        let Outcome::Transient { after, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(after, want.map(Duration::from_secs), "{value}");
    }
}

#[tokio::test]
async fn redirects_are_followed_with_care() {
    let target = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let canary = Receiver::http("127.0.0.2:0", vec![Answer::status(200)], None).await;
    let to = |code: u16, url: &str| Answer::Say(code, format!("Location: {url}\r\n"), String::new());
    for (code, url, want) in [
        (307, target.url("/new"), "delivered"),
        (308, target.url("/new"), "delivered"),
        (301, target.url("/new"), "permanent"),
        (303, target.url("/new"), "permanent"),
        (307, canary.url("/"), "permanent"),
        (307, "http://169.254.169.254/latest".to_owned(), "permanent"),
        (307, format!("http://[::ffff:127.0.0.2]:{}/", canary.address.port()), "permanent"),
        (307, format!("http://2130706434:{}/", canary.address.port()), "permanent"),
        (307, format!("http://user:pass@{}/", target.address), "permanent"),
        (307, "file:///etc/passwd".to_owned(), "permanent"),
        (307, "//".to_owned(), "permanent"),
    ] {
        let first = Receiver::http("127.0.0.1:0", vec![to(code, &url)], None).await;
        let mut settings = settings("webhook", &first.url("/"));
        settings.headers = vec![("Authorization".to_owned(), Secret("Bearer 1".to_owned()))];
        let outcome = attempt(&settings, &context(), &alert()).await;
        assert_eq!(class(&outcome), want, "{code} {url}: {outcome:?}");
        assert_eq!(first.only().header("authorization"), Some("Bearer 1"));
    }
    assert_eq!(canary.connections(), 0);
    let heard = target.heard();
    assert_eq!(heard.len(), 2);
    for heard in heard {
        assert_eq!(heard.header("authorization"), None, "what is for one host is for no other");
        assert!(heard.head.starts_with("POST /new ") && heard.body.starts_with('{'), "{heard:?}");
    }

    let round = Receiver::http("127.0.0.1:0", vec![to(308, "/again")], None).await;
    let outcome = attempt(&settings("webhook", &round.url("/")), &context(), &alert()).await;
    assert_eq!(class(&outcome), "permanent", "{outcome:?}");
    assert_eq!(round.connections(), 1 + escucha::limits::NOTIFY_REDIRECTS);
}

#[tokio::test]
async fn no_connection_is_made_to_what_is_not_public() {
    let canary = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let port = canary.address.port();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        for kind in ["webhook", "slack", "pagerduty", "alertmanager"] {
            let settings = Settings { allow: Vec::new(), ..settings(kind, &format!("http://{host}:{port}/")) };
            let outcome = attempt(&settings, &context(), &alert()).await;
            assert_eq!(class(&outcome), "permanent", "{kind} {host}: {outcome:?}");
            assert!(why(&outcome).contains("allow"), "{outcome:?}");
        }
    }
    for host in ["127.0.0.1", "localhost"] {
        let server = format!("{host}:{port}");
        let settings = Settings { allow: Vec::new(), server, tls: Tls::None, ..settings("email", "") };
        let outcome = attempt(&settings, &context(), &alert()).await;
        assert_eq!(class(&outcome), "permanent", "email {host}: {outcome:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn no_secret_is_told() {
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::Echo(400)], None).await;
    let mut settings = settings("webhook", &receiver.url("/t0k3n"));
    settings.headers = vec![("X-Key".to_owned(), Secret("s3cr3t".to_owned()))];
    let outcome = attempt(&settings, &context(), &alert()).await;
    assert!(why(&outcome).contains("POST") && !why(&outcome).contains("s3cr3t"), "{outcome:?}");
    drop(receiver);
    let gone = attempt(&settings, &context(), &alert()).await;
    assert!(!why(&gone).contains("t0k3n"), "{gone:?}");
    assert!(!format!("{settings:?}").contains("t0k3n") && !format!("{settings:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn a_webhook_is_a_signed_cloud_event() {
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(204)], None).await;
    let mut settings = settings("webhook", &receiver.url("/"));
    settings.secrets = vec![Secret(SECRET.to_owned()), Secret(OTHER_SECRET.to_owned())];
    let mut alert = alert();
    alert.status = Status::Resolved;
    assert_eq!(attempt(&settings, &context(), &alert).await, Outcome::Delivered);
    let heard = receiver.only();

    let mut headers = http::HeaderMap::new();
    for line in heard.head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    for secret in [SECRET, OTHER_SECRET] {
        let verifier = standardwebhooks::Webhook::new(secret).unwrap();
        verifier.verify(heard.body.as_bytes(), &headers).expect(secret);
        assert!(verifier.verify(heard.body.replace("caída", "caida").as_bytes(), &headers).is_err());
    }
    let stranger = standardwebhooks::Webhook::new("whsec_MTExMTExMTExMTExMTExMTExMTExMTEx").unwrap();
    assert!(stranger.verify(heard.body.as_bytes(), &headers).is_err());

    assert_eq!(heard.header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
    let event: Value = serde_json::from_str(&heard.body).unwrap();
    let want: Value = serde_json::from_str(&escucha::wire::alert_json(&alert, 7)).unwrap();
    assert_eq!(event["data"], want);
    assert_eq!((&event["specversion"], &event["type"]), (&"1.0".into(), &"escucha.alert.resolved".into()));
    assert_eq!(event["id"].as_str(), heard.header("webhook-id"));
    assert_eq!(event.get("escuchatest"), None);
}

#[tokio::test]
async fn every_try_of_one_message_has_the_same_id() {
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(503), Answer::Drop, Answer::status(200)], None).await;
    let settings = settings("webhook", &receiver.url("/"));
    for want in ["transient", "transient", "delivered"] {
        assert_eq!(class(&attempt(&settings, &context(), &alert()).await), want);
    }
    let ids: Vec<_> = receiver.heard().iter().map(|heard| heard.header("webhook-id").unwrap().to_owned()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn pagerduty_and_slack_get_their_form() {
    let (_, receiver) = trial("pagerduty", Answer::status(202)).await;
    let body: Value = serde_json::from_str(&receiver.only().body).unwrap();
    assert_eq!((&body["routing_key"], &body["event_action"]), (&KEY.into(), &"trigger".into()));
    assert_eq!(body["payload"]["source"], "caída app");
    for (lang, headline) in
        [(Lang::Es, "🔵 Alerta informativa: caída app (Banco Ñandú)"), (Lang::En, "🔵 Alert (info): caída app (Banco Ñandú)")]
    {
        let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
        let settings = Settings { lang, ..settings("slack", &receiver.url("/")) };
        assert_eq!(attempt(&settings, &context(), &alert()).await, Outcome::Delivered);
        let body: Value = serde_json::from_str(&receiver.only().body).unwrap();
        assert_eq!(body["text"], headline);
        assert!(body.to_string().contains("&lt;&amp;&gt;"), "the quoted post is escaped: {body}");
    }
}

#[tokio::test]
async fn tls_is_real_and_trust_is_needed() {
    let (pem, acceptor) = certificate();
    for kind in ["webhook", "slack", "pagerduty", "alertmanager"] {
        let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], Some(acceptor.clone())).await;
        let url = format!("https://localhost:{}/", receiver.address.port());
        let trusting = Settings { ca: pem.clone().into_bytes(), ..settings(kind, &url) };
        assert_eq!(attempt(&trusting, &context(), &alert()).await, Outcome::Delivered, "{kind}");
        let wary = attempt(&settings(kind, &url), &context(), &alert()).await;
        assert!(class(&wary) == "transient" && why(&wary).contains("certificate"), "{wary:?}");
        assert_eq!(receiver.heard().len(), 1, "without trust nothing is sent");
    }
}

#[tokio::test]
async fn mail_is_encrypted_and_makes_a_thread() {
    let (pem, acceptor) = certificate();
    for (tls, served) in [(Tls::Starttls, Smtp::Starttls(acceptor.clone())), (Tls::Implicit, Smtp::Implicit(acceptor))] {
        let receiver = Receiver::smtp("250 ok\r\n", "250 queued\r\n", served).await;
        let mut settings = Settings { ca: pem.clone().into_bytes(), tls, ..settings("email", "") };
        settings.server = format!("localhost:{}", receiver.address.port());
        settings.user = "usuario".to_owned();
        settings.password = Secret("contraseña".to_owned());
        let mut alert = alert();
        alert.topic = "caída\r\nBcc: evil@example.com".to_owned();
        let notifier = notifiers::build(&settings, &context()).unwrap();
        for (key, status) in [("1", Status::Firing), ("1", Status::Firing), ("2", Status::Resolved)] {
            alert.status = status;
            let outcome = notifier.attempt(&Message { alert: &alert, seq: 1, key, lang: Lang::En, test: false }).await;
            assert_eq!(outcome, Outcome::Delivered, "{tls:?}");
        }
        let mails: Vec<Thread> = receiver.heard().iter().map(|heard| Thread::of(&heard.body)).collect();
        assert!(receiver.heard()[0].head.contains("AUTH PLAIN") && receiver.heard()[0].head.contains("RCPT TO:<guardia@example.com>"));
        assert_eq!(mails[0].id, mails[1].id, "a second try is the same mail");
        assert_ne!(mails[0].id, mails[2].id);
        assert!(mails.iter().all(|mail| mail.references == mails[0].references && !mail.references.is_empty()));
        let body = &receiver.heard()[0].body;
        assert!(body.contains("multipart/alternative") && body.contains("text/plain") && body.contains("text/html"), "{body}");
        assert!(!body.lines().any(|line| line.starts_with("Bcc")), "{body}");

        settings.ca.clear();
        let wary = attempt(&settings, &context(), &alert).await;
        assert_eq!(class(&wary), "transient", "{wary:?}");
    }
    // Where encryption is wanted, nothing goes out in the clear.
    let plain = Receiver::smtp("250 ok\r\n", "250 queued\r\n", Smtp::Plain).await;
    let settings = Settings { server: plain.address.to_string(), ..settings("email", "") };
    let outcome = attempt(&settings, &context(), &alert()).await;
    assert!(class(&outcome) == "permanent" && why(&outcome).contains("STARTTLS"), "{outcome:?}");
    assert!(plain.heard().is_empty());
}

/// What holds a thread together.
struct Thread {
    id: String,
    references: String,
}

impl Thread {
    fn of(mail: &str) -> Thread {
        let header = |name: &str| mail.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        Thread { id: header("Message-ID: "), references: header("References: ") }
    }
}

/// Runs the binary; exit code, standard output and standard error.
fn escucha(args: &[&str], envs: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    let done = command.args(args).envs(envs.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_test_sends_one_and_says_what_came_of_it() {
    let proxy = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let answers = vec![Answer::status(200), Answer::Say(503, "Retry-After: 9\r\n".to_owned(), "later".to_owned()), Answer::status(403)];
    let receiver = Receiver::http("127.0.0.1:0", answers, None).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("e.toml");
    let text = format!("[[notify]]\nname = 'guardia'\ntype = 'webhook'\nurl = 'env:HOOK'\nallow = ['127.0.0.0/8']\nsecret = '{SECRET}'\n");
    std::fs::write(&file, text).unwrap();
    let hook = receiver.url("/h");
    let through = proxy.url("");
    let run = |lang: &str, name: &str| {
        let envs =
            [("HOOK", hook.as_str()), ("http_proxy", through.as_str()), ("HTTP_PROXY", through.as_str()), ("ALL_PROXY", through.as_str())];
        escucha(&["--lang", lang, "notify", "test", name, "-c", file.to_str().unwrap()], &envs)
    };
    let told = |(code, out, err): (i32, String, String)| (code, format!("{out}{err}"));
    assert_eq!(told(run("es", "guardia")), (0, "«guardia» recibió la alerta de prueba\n".to_owned()));
    assert_eq!(
        told(run("en", "guardia")),
        (1, "escucha: “guardia” did not receive the test; another try after 9 s could help: answered HTTP 503: later\n".to_owned())
    );
    assert_eq!(
        told(run("es", "guardia")),
        (1, "escucha: «guardia» no recibió la prueba y otro intento no serviría: respondió HTTP 403\n".to_owned())
    );
    assert_eq!(told(run("es", "gardia")), (2, "escucha: no hay [[notify]] «gardia»; ¿querías decir «guardia»?\n".to_owned()));
    let event: Value = serde_json::from_str(&receiver.heard()[0].body).unwrap();
    assert_eq!((&event["escuchatest"], &event["data"]["severity"]), (&true.into(), &"info".into()));
    assert_eq!((receiver.connections(), proxy.connections()), (3, 0), "no proxy is taken from the environment");
}

/// A real Alertmanager that passes on what it gets; it ends with the value.
struct Alertmanager {
    process: std::process::Child,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alertmanager {
    async fn start(hook: &str) -> Alertmanager {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alertmanager.yml");
        let route = "route: {receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}";
        std::fs::write(&file, format!("{route}\nreceivers: [{{name: hook, webhook_configs: [{{url: '{hook}'}}]}}]\n")).unwrap();
        // Free a moment ago: it cannot choose by itself and say so.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("prometheus-alertmanager, which tests/run installs");
        let started = Alertmanager { process, address, _folder: folder };
        eventually(async || started.get("/-/ready").await.filter(|answer| answer.starts_with("HTTP/1.0 200")).map(|_| ())).await;
        started
    }

    /// The answer to a GET, head and body.
    async fn get(&self, path: &str) -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }

    /// The alerts it holds.
    async fn alerts(&self) -> Vec<Value> {
        let answer = self.get("/api/v2/alerts").await.unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

/// Waits until `ask` has an answer; a busy machine takes its time.
async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing within a minute");
}

#[tokio::test]
async fn a_real_alertmanager_groups_and_resolves() {
    let hook = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let manager = Alertmanager::start(&hook.url("/")).await;
    let settings = settings("alertmanager", &format!("http://{}/", manager.address));
    let mut alert = alert();
    for _ in 0..2 {
        assert_eq!(attempt(&settings, &context(), &alert).await, Outcome::Delivered);
    }
    let held = manager.alerts().await;
    assert_eq!(held.len(), 1, "the same alert twice is one: {held:#?}");
    let labels = serde_json::json!({"alertname": "escucha-test", "topic": "caída app", "brand": "Banco Ñandú", "severity": "info",
        "on": "volume", "service": "escucha"});
    assert_eq!((&held[0]["labels"], &held[0]["status"]["state"]), (&labels, &"active".into()));
    assert_eq!(held[0]["annotations"]["summary"], "Alerta informativa: caída app (Banco Ñandú)");

    let told = |heard: Vec<crate::receiver::Heard>| -> Vec<Value> {
        heard.iter().map(|heard| serde_json::from_str::<Value>(&heard.body).unwrap()["status"].clone()).collect()
    };
    eventually(async || (hook.heard().len() == 1).then_some(())).await;
    alert.status = Status::Resolved;
    alert.resolved_at = Some(alert.started_at.plus(60_000_000));
    assert_eq!(attempt(&settings, &context(), &alert).await, Outcome::Delivered);
    eventually(async || (hook.heard().len() == 2).then_some(())).await;
    assert_eq!(told(hook.heard()), ["firing", "resolved"]);
    assert_eq!(manager.alerts().await, Vec::<Value>::new());
}
