//! What was decided about an alert, and why, for people who ask.

use std::sync::Arc;

use crate::alert::{Severity, Status};
use crate::bilingual::Both;
use crate::time::Timestamp;

/// Why something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The target has not heard of it.
    Fired,
    /// It has grown worse than the target was told.
    Worse,
    /// Somebody took it on, and the target wants to know.
    Acknowledged,
    /// It goes on.
    Repeated,
    /// It is over.
    Resolved,
    /// A sign of life.
    Heartbeat,
}

impl Cause {
    /// All.
    pub const ALL: [Cause; 6] = [Cause::Fired, Cause::Worse, Cause::Acknowledged, Cause::Repeated, Cause::Resolved, Cause::Heartbeat];

    /// Its name everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Fired => "fired",
            Cause::Worse => "worse",
            Cause::Acknowledged => "acknowledged",
            Cause::Repeated => "repeated",
            Cause::Resolved => "resolved",
            Cause::Heartbeat => "heartbeat",
        }
    }

    fn text(self) -> (&'static str, &'static str) {
        match self {
            Cause::Fired => ("aún no lo sabía", "it had not heard of it"),
            Cause::Worse => ("empeoró", "it grew worse"),
            Cause::Acknowledged => ("alguien se hizo cargo", "somebody took it on"),
            Cause::Repeated => ("sigue activa", "it goes on"),
            Cause::Resolved => ("terminó", "it is over"),
            Cause::Heartbeat => ("señal de vida", "sign of life"),
        }
    }
}

/// What was decided, or came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A transition came in.
    Came(Status, Severity),
    /// Somebody took it on.
    Acknowledged(String),
    /// No route is about it.
    Unrouted,
    /// It waits for its group.
    Grouped,
    /// A silence holds it back: its id, author and reason.
    Silenced(String, String, String),
    /// A mute time holds it back.
    Muted(String),
    /// An alert that says more holds it back: its id.
    Inhibited(String),
    /// It is not repeated, because somebody took it on.
    Quiet,
    /// It is over, and may fire again soon.
    Held,
    /// It goes on with what this alert began.
    Continues(String),
    /// What it began goes on with this alert.
    Continued(String),
    /// It is over before anybody was told.
    Untold,
    /// It goes to the target.
    Sent(Cause),
    /// It is there, after so many tries.
    Delivered(u32),
    /// A try failed, and another follows.
    Retried(String),
    /// It is given up: a dead letter.
    Dead(String),
}

impl What {
    /// Its name in JSON, from a closed set.
    pub const fn code(&self) -> &'static str {
        match self {
            What::Came(Status::Firing, _) => "firing",
            What::Came(Status::Resolved, _) => "resolved",
            What::Acknowledged(_) => "acknowledged",
            What::Unrouted => "unrouted",
            What::Grouped => "grouped",
            What::Silenced(..) => "silenced",
            What::Muted(_) => "muted",
            What::Inhibited(_) => "inhibited",
            What::Quiet => "quiet",
            What::Held => "held",
            What::Continues(_) => "continues",
            What::Continued(_) => "continued",
            What::Untold => "untold",
            What::Sent(_) => "sent",
            What::Delivered(_) => "delivered",
            What::Retried(_) => "retried",
            What::Dead(_) => "dead",
        }
    }

    /// A sentence for people.
    pub fn text(&self) -> Both {
        let both = |es: &str, en: &str| Both::new(es, en);
        match self {
            What::Came(Status::Firing, s) => Both::new(format!("activa, {}", s.as_str()), format!("firing, {}", s.as_str())),
            What::Came(Status::Resolved, _) => both("resuelta", "resolved"),
            What::Acknowledged(by) => Both::new(format!("{by} se hizo cargo"), format!("{by} took it on")),
            What::Unrouted => both("ninguna ruta la recoge", "no route is about it"),
            What::Grouped => both("espera a su grupo", "it waits for its group"),
            What::Silenced(id, author, reason) => Both::new(
                format!("callada por el silencio {id} de {author}: {reason}"),
                format!("held back by silence {id} of {author}: {reason}"),
            ),
            What::Muted(name) => Both::new(format!("callada por el horario «{name}»"), format!("held back by the mute time “{name}”")),
            What::Inhibited(by) => Both::new(format!("callada porque {by} ya lo dice"), format!("held back because {by} says it already")),
            What::Quiet => both("no se repite: alguien se hizo cargo", "not repeated: somebody took it on"),
            What::Held => both("terminó; se espera por si vuelve", "it is over; waiting in case it comes back"),
            What::Continues(of) => {
                Both::new(format!("sigue lo que empezó {of}: no se avisa otra vez"), format!("goes on with {of}: nobody is told again"))
            }
            What::Continued(by) => Both::new(format!("volvió como {by}"), format!("came back as {by}")),
            What::Untold => both("terminó antes de que se avisara a nadie", "it was over before anybody was told"),
            What::Sent(cause) => {
                let (es, en) = cause.text();
                Both::new(format!("se envía: {es}"), format!("sent: {en}"))
            }
            What::Delivered(tries) => Both::new(format!("entregada, intento {tries}"), format!("delivered, try {tries}")),
            What::Retried(why) => Both::new(format!("no se pudo, se reintenta: {why}"), format!("failed, tried again: {why}")),
            What::Dead(why) => Both::new(format!("no se entregó: {why}"), format!("not delivered: {why}")),
        }
    }
}

/// One entry of the log of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When, by the wall clock; the first time of several like it in a row.
    pub at: Timestamp,
    /// About which transition.
    pub seq: u64,
    /// For which target; `None` for all.
    pub notifier: Option<Arc<str>>,
    /// What.
    pub what: What,
}
