//! One attempt at one target: one kind of notifier, one file.
//!
//! A notifier says what came of an attempt and whether another could help; when to try again, and when
//! to give up, is not its matter.

mod client;
mod fault;
mod guard;
mod text;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::alert::Alert;
use crate::bilingual::{Both, Lang};
use crate::limits;
use crate::routing::{self, Wants};
use crate::time::Clock;

pub use guard::Network;
pub use text::example;

register!(Spec: webhook, slack, pagerduty, alertmanager, email);

/// A notifier, or why there can be none.
pub type Built = Result<Box<dyn Notifier>, Both>;

/// One registered kind of notifier.
pub struct Spec {
    /// Name in the configuration: the file's name with `_` as `-`.
    pub name: &'static str,
    /// Configuration keys it takes beside those of every notifier.
    pub keys: &'static [&'static str],
    /// What is wrong with the settings; nothing when empty.
    pub check: fn(&Settings) -> Vec<Both>,
    /// Ready to attempt. Opens nothing.
    pub build: fn(&Settings, &Context) -> Built,
}

/// The kind of notifier called `kind`.
pub fn spec(kind: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == kind).copied()
}

/// The notifier of `settings`.
///
/// # Errors
/// It cannot be set up on this machine, or the settings were not checked.
pub fn build(settings: &Settings, context: &Context) -> Built {
    let kind = settings.kind;
    let unknown = || Both::new(format!("no hay notificador de tipo «{kind}»"), format!("there is no notifier of type “{kind}”"));
    (spec(kind).ok_or_else(unknown)?.build)(settings, context)
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

/// How an e-mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// Encrypted after STARTTLS, or not at all.
    #[default]
    Starttls,
    /// Encrypted from the first byte.
    Implicit,
    /// In the clear: for a server on this machine.
    None,
}

/// So many messages in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages.
    pub count: u32,
    /// In this time.
    pub per: Duration,
}

/// One `[[notify]]` as used. Which keys a kind takes stands in its [`Spec::keys`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name in configuration and metrics.
    pub name: String,
    /// Kind: a name in [`ALL`].
    pub kind: &'static str,
    /// Language of the texts for people.
    pub lang: Lang,
    /// What it asks to be told.
    pub wants: Wants,
    /// After this time nobody tries any more.
    pub deadline: Duration,
    /// No more messages than this.
    pub rate: Rate,
    /// Where to send; `slack`, and often `webhook`: whoever knows it can write there.
    pub url: Secret,
    /// `webhook`: each signs; two while one takes the place of the other.
    pub secrets: Vec<Secret>,
    /// HTTP: further headers.
    pub headers: Vec<(String, Secret)>,
    /// `pagerduty`: integration key.
    pub routing_key: Secret,
    /// `email`: to whom.
    pub to: Vec<String>,
    /// `email`: from whom.
    pub from: String,
    /// `email`: host, and port if it is not the usual one.
    pub server: String,
    /// `email`: name to sign in with.
    pub user: String,
    /// `email`: password to sign in with.
    pub password: Secret,
    /// `email`: how the server is spoken to.
    pub tls: Tls,
    /// Addresses it may connect to beside public ones.
    pub allow: Vec<Network>,
    /// Certificates (PEM) it trusts beside the machine's.
    pub ca: Vec<u8>,
}

impl Settings {
    /// A notifier with every other key left out.
    pub fn new(name: impl Into<String>, kind: &'static str) -> Settings {
        Settings {
            name: name.into(),
            kind,
            lang: Lang::Es,
            wants: Wants::default(),
            deadline: Duration::from_secs(24 * 60 * 60),
            rate: Rate { count: 60, per: Duration::from_secs(60) },
            url: Secret::default(),
            secrets: Vec::new(),
            headers: Vec::new(),
            routing_key: Secret::default(),
            to: Vec::new(),
            from: String::new(),
            server: String::new(),
            user: String::new(),
            password: Secret::default(),
            tls: Tls::default(),
            allow: Vec::new(),
            ca: Vec::new(),
        }
    }

    /// What routing knows of it.
    pub fn routed(&self) -> routing::Target {
        let of = |kind| self.kind == kind;
        routing::Target {
            name: self.name.as_str().into(),
            acks: of("pagerduty"),
            resend: of("alertmanager").then_some(limits::NOTIFY_AGAIN),
            wants: self.wants.clone(),
        }
    }

    /// Whether reports can be sent there.
    pub fn takes_reports(&self) -> bool {
        self.kind == "email"
    }

    /// Everything that must not be in what a target's answer is told with.
    fn secrets_shown(&self) -> Vec<String> {
        let fixed = [&self.url, &self.routing_key, &self.password];
        let all = fixed.into_iter().chain(&self.secrets).chain(self.headers.iter().map(|(_, value)| value));
        all.map(|secret| secret.0.clone()).collect()
    }
}

/// What a notifier holds on to.
#[derive(Clone)]
pub struct Context {
    /// For signatures and for what a target asks to wait.
    pub clock: Arc<dyn Clock>,
    /// Language in which it says why an attempt failed.
    pub lang: Lang,
    /// How long it waits for what.
    pub timing: Timing,
}

impl Context {
    /// With the usual timing.
    pub fn new(clock: Arc<dyn Clock>, lang: Lang) -> Context {
        Context { clock, lang, timing: Timing::default() }
    }
}

/// How long a notifier waits for what. The defaults are for production; tests shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For a connection.
    pub connect: Duration,
    /// For a whole attempt, redirects included.
    pub total: Duration,
    /// For the rest of an answer whose status is known.
    pub body: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { connect: Duration::from_secs(5), total: Duration::from_secs(15), body: Duration::from_secs(2) }
    }
}

/// One transition of an alert on its way to one target.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The alert as of this transition.
    pub alert: &'a Alert,
    /// Its place in the sequence of alerts.
    pub seq: u64,
    /// The same on every try.
    pub key: &'a str,
    /// Of the texts for people.
    pub lang: Lang,
    /// Marked as a test.
    pub test: bool,
}

/// A report on its way to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// One line.
    pub subject: String,
    /// What is read at once.
    pub text: String,
    /// The report itself, where it is not in the text.
    pub attached: Option<Attached>,
    /// The same on every try.
    pub key: String,
}

/// A file that goes with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub mime: &'static str,
    /// What it holds.
    pub content: String,
}

/// What came of one attempt. `why` holds neither a secret nor an address with credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it.
    Delivered,
    /// Another try could help, not before `after`.
    Transient {
        /// For people.
        why: String,
        /// What the target asked for.
        after: Option<Duration>,
    },
    /// It never will.
    Permanent {
        /// For people.
        why: String,
    },
    /// The target is gone for good (410): it is disabled.
    Gone {
        /// For people.
        why: String,
    },
}

/// Makes attempts at one target.
pub trait Notifier: Send + Sync {
    /// One attempt. It ends by itself, whatever the target does.
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome>;

    /// One attempt to send a report, which ends by itself too; see [`Settings::takes_reports`].
    fn send<'a>(&'a self, _: &'a Paper) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(Outcome::Permanent { why: "this kind of target takes no reports".to_owned() }))
    }
}
