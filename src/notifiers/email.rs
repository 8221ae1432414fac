//! E-mail over SMTP, as plain text and as HTML. All messages about one alert make one thread. Reports go as a text with
//! the report attached.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use lettre::Message as Mail;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::client::{authorities, clean, innermost, refused};
use super::fault::Fault;
use super::guard::Guard;
use super::text::{Words, cut, line};
use super::webhook::digest;
use super::{Built, Context, Message, Notifier, Outcome, Paper, Settings, Spec, Tls};
use crate::bilingual::Both;

pub static SPEC: Spec = Spec { name: "email", keys: &["to", "from", "server", "user", "password", "tls", "allow", "ca"], check, build };

/// Characters of a subject: one line of most readers.
const SUBJECT: usize = 120;

fn check(settings: &Settings) -> Vec<Both> {
    let mut all = Vec::new();
    if settings.to.is_empty() {
        all.push(Both::new("falta `to`: a quién se escribe", "`to` is missing: whom to write to"));
    }
    if settings.from.is_empty() {
        all.push(Both::new("falta `from`: quién escribe", "`from` is missing: who writes"));
    }
    let from = Some(("from", &settings.from)).filter(|(_, from)| !from.is_empty());
    for (key, address) in settings.to.iter().map(|to| ("to", to)).chain(from) {
        if address.parse::<Mailbox>().is_err() {
            all.push(Both::new(
                format!("«{address}» no es una dirección de correo en `{key}`"),
                format!("“{address}” is no e-mail address in `{key}`"),
            ));
        }
    }
    if server(settings).is_none() {
        all.push(Both::new("`server` debe ser un servidor, con puerto o sin él", "`server` must be a host, with or without a port"));
    }
    if settings.user.is_empty() != settings.password.0.is_empty() {
        all.push(Both::new("`user` y `password` van juntos", "`user` and `password` go together"));
    } else if !settings.user.is_empty() && settings.tls == Tls::None {
        all.push(Both::new("con `tls` = \"none\" la contraseña iría en claro", "with `tls` = \"none\" the password would go in the clear"));
    }
    all.extend(authorities(&settings.ca).err());
    all
}

/// Host and port; the port is that of the kind of encryption unless one is given.
fn server(settings: &Settings) -> Option<(String, u16)> {
    let usual = match settings.tls {
        Tls::Starttls => 587,
        Tls::Implicit => 465,
        Tls::None => 25,
    };
    let text = settings.server.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    let (host, port) = match text.rsplit_once(':').filter(|(host, _)| !host.contains(':')) {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (text, usual),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

fn build(settings: &Settings, context: &Context) -> Built {
    let unchecked = |what: &str| Both::new(format!("«{what}» no sirve"), format!("“{what}” is of no use"));
    let (host, port) = server(settings).ok_or_else(|| unchecked("server"))?;
    let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|_| unchecked(text));
    let params = (settings.tls != Tls::None).then(|| parameters(&host, &settings.ca)).transpose()?;
    let secrets = settings.secrets_shown();
    let credentials = (!settings.user.is_empty()).then(|| Credentials::new(settings.user.clone(), settings.password.0.clone()));
    Ok(Box::new(Email {
        from: mailbox(&settings.from)?,
        to: settings.to.iter().map(mailbox).collect::<Result<_, _>>()?,
        guard: Guard::new(&settings.allow),
        context: context.clone(),
        tls: settings.tls,
        host,
        port,
        params,
        credentials,
        secrets,
    }))
}

fn parameters(host: &str, ca: &[u8]) -> Result<TlsParameters, Both> {
    let failed = |error: &Error| {
        let why = innermost(error);
        Both::new(format!("no se puede preparar TLS: {why}"), format!("TLS cannot be set up: {why}"))
    };
    let mut builder = TlsParameters::builder(host.to_owned());
    for certificate in authorities(ca)? {
        builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(|error| failed(&error))?);
    }
    builder.build_rustls().map_err(|error| failed(&error))
}

struct Email {
    from: Mailbox,
    to: Vec<Mailbox>,
    host: String,
    port: u16,
    tls: Tls,
    params: Option<TlsParameters>,
    credentials: Option<Credentials>,
    secrets: Vec<String>,
    guard: Guard,
    context: Context,
}

impl Notifier for Email {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.try_to_send(self.mail(message)))
    }

    fn send<'a>(&'a self, paper: &'a Paper) -> BoxFuture<'a, Outcome> {
        Box::pin(self.try_to_send(self.report(paper)))
    }
}

type Made = Result<Mail, lettre::error::Error>;

impl Email {
    async fn try_to_send(&self, mail: Made) -> Outcome {
        let total = self.context.timing.total;
        let done = timeout(total, self.converse(mail)).await.unwrap_or(Err(Fault::Silent(total)));
        done.map_or_else(|fault| fault.outcome(self.context.lang), |()| Outcome::Delivered)
    }

    async fn converse(&self, mail: Made) -> Result<(), Fault> {
        let mail = mail.map_err(|error| Fault::Message(error.to_string()))?;
        let addresses = self.guard.addresses(&self.host, self.port).await.map_err(|error| match refused(&error) {
            Some(no) => Fault::Refused(no.0),
            None => Fault::Connection(error.to_string()),
        })?;
        let mut smtp = self.connect(&addresses).await?;
        if let Some(credentials) = &self.credentials {
            smtp.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await.map_err(|error| self.fault(&error))?;
        }
        smtp.send(mail.envelope(), &mail.formatted()).await.map_err(|error| self.fault(&error))?;
        // The message is accepted; how the conversation ends changes nothing.
        let _ = timeout(self.context.timing.body, smtp.quit()).await;
        Ok(())
    }

    /// A connection to one of `addresses`, encrypted as wanted.
    async fn connect(&self, addresses: &[SocketAddr]) -> Result<AsyncSmtpConnection, Fault> {
        let hello = ClientId::default();
        let limit = Some(self.context.timing.connect);
        let implicit = self.params.clone().filter(|_| self.tls == Tls::Implicit);
        let smtp = AsyncSmtpConnection::connect_tokio1(addresses, limit, &hello, implicit, None).await;
        let mut smtp = smtp.map_err(|error| self.fault(&error))?;
        if let (Tls::Starttls, Some(params)) = (self.tls, &self.params) {
            // Never in the clear where encryption is wanted.
            if !smtp.can_starttls() {
                return Err(Fault::Unfit("starttls"));
            }
            smtp.starttls(params.clone(), &hello).await.map_err(|error| self.fault(&error))?;
        }
        Ok(smtp)
    }

    fn fault(&self, error: &Error) -> Fault {
        let said = clean(&innermost(error), &self.secrets);
        match error.status() {
            Some(code) => Fault::Reply { code: u16::from(code), said },
            None if error.is_response() => Fault::Reply { code: 0, said },
            None if error.is_client() => Fault::Unfit("auth"),
            None => Fault::Connection(said),
        }
    }

    /// What every mail begins with. Its id comes from the key, so that a second try is the same mail.
    fn begun(&self, key: &str, subject: &str) -> MessageBuilder {
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(self.context.clock.now().0.max(0) as u64);
        let id = format!("<{}@{}>", digest(key), self.from.email.domain());
        let mail = Mail::builder().from(self.from.clone()).date(now).message_id(Some(id)).subject(cut(&line(subject), SUBJECT));
        self.to.iter().fold(mail, |mail, to| mail.to(to.clone()))
    }

    fn mail(&self, message: &Message<'_>) -> Made {
        let words = Words::of(message);
        let thread = format!("<alert.{}@{}>", digest(&message.alert.id), self.from.email.domain());
        let mail = self.begun(message.key, &words.headline).in_reply_to(thread.clone()).references(thread);
        mail.multipart(MultiPart::alternative_plain_html(plain(&words), html(&words)))
    }

    fn report(&self, paper: &Paper) -> Made {
        let mail = self.begun(&paper.key, &paper.subject);
        let text = SinglePart::plain(paper.text.clone());
        let Some(attached) = &paper.attached else { return mail.singlepart(text) };
        let mime = ContentType::parse(attached.mime).unwrap_or(ContentType::TEXT_PLAIN);
        let file = Attachment::new(attached.name.clone()).body(attached.content.clone(), mime);
        mail.multipart(MultiPart::mixed().singlepart(text).singlepart(file))
    }
}

fn plain(words: &Words) -> String {
    let facts = words.facts.iter().map(|(name, value)| format!("{name}: {value}"));
    let mut parts = vec![words.headline.clone(), words.reasons.join("\n"), facts.collect::<Vec<_>>().join("\n")];
    parts.extend(words.posts.iter().map(|quote| format!("{}\n> {}\n{}", quote.who, quote.text, quote.url)));
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn html(words: &Words) -> String {
    let reasons: String = words.reasons.iter().map(|reason| format!("<p>{}</p>\n", safe(reason))).collect();
    let row = |(name, value): &(&str, String)| format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", safe(name), safe(value));
    let facts: String = words.facts.iter().map(row).collect();
    let posts: String = words
        .posts
        .iter()
        .map(|quote| {
            let who = match quote.url.as_str() {
                "" => safe(&quote.who),
                url => format!("<a href=\"{}\">{}</a>", safe(url), safe(&quote.who)),
            };
            format!("<blockquote><b>{who}</b><br>{}</blockquote>\n", safe(&quote.text))
        })
        .collect();
    format!(
        "<html><body>\n<h2>{}</h2>\n{reasons}<table cellpadding=\"4\">\n{facts}</table>\n{posts}</body></html>\n",
        safe(&words.headline)
    )
}

/// `text` as HTML text or a quoted attribute.
fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_the_port_of_its_encryption() {
        for (text, tls, want) in [
            ("smtp.example.com", Tls::Starttls, Some(("smtp.example.com", 587))),
            ("smtp.example.com", Tls::Implicit, Some(("smtp.example.com", 465))),
            ("localhost", Tls::None, Some(("localhost", 25))),
            ("localhost:2525", Tls::None, Some(("localhost", 2525))),
            ("[::1]:25", Tls::None, Some(("::1", 25))),
            ("::1", Tls::None, Some(("::1", 25))),
            ("", Tls::None, None),
            ("a:0", Tls::None, None),
            ("a:x", Tls::None, None),
            ("smtp://a", Tls::None, None),
            ("a b", Tls::None, None),
        ] {
            let settings = Settings { server: text.to_owned(), tls, ..Settings::new("n", "email") };
            assert_eq!(server(&settings), want.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
