//! What an agent should do next with a matter, and how urgent it is. Plain rules over what is known of it.

use super::{End, Incident, IncidentKey, State};
use crate::bilingual::Both;
use crate::contact::Intent;
use crate::time::{HOUR, MINUTE, Timestamp};
use crate::topic::Role;

/// People of ours in one matter beyond which somebody has to take it in hand.
pub const MANY_AGENTS: usize = 3;
/// A promise is overdue after so long without news of ours.
pub const PROMISE: i64 = 24 * HOUR;

/// How a matter was dealt with: the closing codes of the indicator of scenarios.
pub const SCENARIOS: [&str; 6] = ["answered", "private", "phone", "branch", "transferred", "no_action"];

/// The name of a scenario for people; `None` if there is no such one.
pub fn scenario(code: &str) -> Option<Both> {
    Some(match code {
        "answered" => Both::new("Respondido en público", "Answered in public"),
        "private" => Both::new("Llevado a privado", "Moved to private"),
        "phone" => Both::new("Teléfono", "Phone"),
        "branch" => Both::new("Sucursal", "Branch"),
        "transferred" => Both::new("Turnado a otra área", "Transferred"),
        "no_action" => Both::new("Sin acción", "No action"),
        _ => return None,
    })
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Which, for programs.
    pub code: &'static str,
    /// For people.
    pub text: Both,
}

fn suggest(code: &'static str, es: impl Into<String>, en: impl Into<String>) -> Suggestion {
    Suggestion { code, text: Both::new(es, en) }
}

/// Of a hundred matters so many are looked at by a supervisor, if nobody says otherwise.
pub const SAMPLE: u8 = 2;

impl IncidentKey {
    /// Its lot, 0-99: the sample of `n` per cent are the lots below `n`. The key is a hash, so that every lot has as many
    /// matters, and whoever knows the key knows the lot.
    pub fn lot(self) -> u8 {
        (self.0 % 100) as u8
    }
}

impl Incident {
    /// Whether a supervisor looks at it: all in which an operation is blocked, and of the others `per_cent`.
    pub fn is_sampled(&self, per_cent: u8) -> bool {
        self.blocked || self.key().lot() < per_cent
    }

    /// For how long the customer waits at `now`, in microseconds; `None` if nobody waits for us.
    pub fn waits(&self, now: Timestamp) -> Option<i64> {
        let since = self.waiting_since.filter(|_| self.state().waits_for_us())?;
        Some(now.since(since).max(0))
    }

    /// Whether we promised news and have been silent for too long at `now`.
    pub fn owes_news(&self, now: Timestamp) -> bool {
        self.state().is_open() && self.promised_at.is_some_and(|at| now.since(at) >= PROMISE)
    }

    /// How urgent it is at `now`, in points from 0 to 100: an operation that is blocked 40, the wait a point for every
    /// four minutes up to 30, a bad tone up to 15, a complaint 5, what two answers did not settle 5, a promise that is
    /// overdue 5. Nothing, if nobody waits for us and nothing is owed.
    pub fn urgency(&self, now: Timestamp) -> u32 {
        let (waits, owes) = (self.waits(now), self.owes_news(now));
        if waits.is_none() && !owes {
            return 0;
        }
        let wait = (waits.unwrap_or_default() / (4 * MINUTE)).clamp(0, 30) as u32;
        let tones = (self.before.sum + self.after.sum, i64::from(self.before.posts + self.after.posts));
        // Hundredths, from -100 to 100.
        let bad = (-tones.0).max(0).checked_div(tones.1).unwrap_or_default().min(100) as u32 * 15 / 100;
        let points = [(self.blocked, 40), (self.intent == Intent::Complaint, 5), (self.contact_privately.is_some(), 5), (owes, 5)];
        wait + bad + points.into_iter().map(|(is_so, points)| if is_so { points } else { 0 }).sum::<u32>()
    }

    /// What to do next at `now`, the most urgent first.
    pub fn suggestions(&self, now: Timestamp) -> Vec<Suggestion> {
        let mut all = Vec::new();
        if !self.state().is_open() {
            return all;
        }
        if self.blocked {
            let (es, en) = ("Operación bloqueada: atiende este caso primero", "Blocked operation: deal with this one first");
            all.push(suggest("blocked_operation", es, en));
        }
        if let Some(waits) = self.waits(now) {
            let (es, en) = waited(waits);
            all.push(suggest("answer_now", format!("Responde ya: espera desde hace {es}"), format!("Answer now: waiting for {en}")));
        }
        if self.contact_privately.is_some() {
            let es = "Contacta directamente: dos respuestas no bastaron y el cliente sigue escribiendo";
            all.push(suggest("contact_directly", es, "Contact directly: two answers were not enough and the customer still writes"));
        }
        if self.our_turn.private || self.our_turn.promise {
            let es = "Pasa a un canal privado y confirma ahí que recibió respuesta";
            all.push(suggest("go_private", es, "Go on in a private channel, and make sure there that the answer arrived"));
        }
        if self.owes_news(now) {
            let es = "Se prometieron noticias y no hubo ninguna en 24 horas: da un avance";
            all.push(suggest("promised_and_silent", es, "News was promised and none came for 24 hours: tell how it stands"));
        }
        if self.agents.len() > MANY_AGENTS {
            let n = self.agents.len();
            let (es, en) = (format!("Han firmado {n} agentes: asigna el caso a uno"), format!("{n} agents have signed: assign it to one"));
            all.push(suggest("many_agents", es, en));
        }
        if self.role == Some(Role::Broadcast) {
            let es = "Escribió a una cuenta que no atiende: responde desde la de servicio";
            all.push(suggest("wrong_account", es, "Written to an account that gives no service: answer from the one that does"));
        }
        all
    }

    /// How it was resolved, if an agent said so and that holds.
    pub fn scenario(&self) -> Option<&str> {
        let closing = self.closing().filter(|c| c.end == End::Resolved && self.state() != State::Merged)?;
        closing.scenario.as_deref()
    }
}

/// A time for people, in both languages.
fn waited(micros: i64) -> (String, String) {
    let minutes = micros / MINUTE;
    match (minutes / 60, minutes % 60) {
        (0, m) => (format!("{m} min"), format!("{m} min")),
        (h, m) if h < 48 => (format!("{h} h {m} min"), format!("{h} h {m} min")),
        (h, _) => (format!("{} días", h / 24), format!("{} days", h / 24)),
    }
}
