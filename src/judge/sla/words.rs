//! Why an alert on an answer fires or resolves, in words. None of them names the customer.

use super::claim::{Claim, Concern};
use crate::alert::Reason;
use crate::bilingual::Both;
use crate::incident::{End, Incident, State};

/// A time of so many minutes, for people.
fn spoken(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// What is due, or late.
pub fn due(incident: &Incident, concern: Concern, claim: &Claim, late: bool) -> Vec<Reason> {
    let allowed = spoken(claim.threshold);
    let (code, es, en) = match (concern, late, incident.our_posts == 0) {
        (Concern::Answer, false, _) => (
            "answer_due",
            format!("El cliente espera respuesta y el plazo de {allowed} está por vencer"),
            format!("The customer waits for an answer, and the {allowed} allowed for it are nearly over"),
        ),
        (Concern::Answer, true, true) => {
            ("first_answer_late", format!("Sin primera respuesta tras {allowed}"), format!("No first answer after {allowed}"))
        }
        (Concern::Answer, true, false) => (
            "next_answer_late",
            format!("El cliente volvió a escribir y sigue sin respuesta tras {allowed}"),
            format!("The customer wrote again and has no answer after {allowed}"),
        ),
        (Concern::Promise, ..) => (
            "promise_owed",
            format!("Se ofreció volver con noticias y no las hubo en {allowed}"),
            format!("News was promised and none came within {allowed}"),
        ),
        (Concern::Contact, ..) => (
            "contact_privately",
            format!("Tras {} respuestas el cliente aún pregunta: contáctalo en privado", claim.threshold),
            format!("After {} answers the customer still asks: make contact in private", claim.threshold),
        ),
        (Concern::Personal, ..) => (
            "personal_data",
            "El cliente publicó datos personales: pídele borrarlos y seguir en privado".to_owned(),
            "The customer made personal data public: ask to delete it and to go on in private".to_owned(),
        ),
        (Concern::Agents, ..) => {
            let n = incident.agents.len();
            ("many_agents", format!("{n} agentes distintos firmaron respuestas"), format!("{n} different agents signed answers"))
        }
    };
    let value = if concern == Concern::Agents { incident.agents.len() as f64 } else { claim.threshold as f64 };
    let mut reasons = vec![Reason { code, text: Both::new(es, en), value }];
    if incident.blocked && concern == Concern::Answer {
        reasons.push(plain("blocked", "Tiene una operación bloqueada", "An operation is blocked"));
    }
    if incident.bystander {
        reasons.push(plain(
            "bystander",
            "Solo lleva nuestro nombre de una conversación ajena",
            "It only carries our name along from a talk with others",
        ));
    }
    reasons
}

/// Why it is over.
pub fn over(incident: &Incident, concern: Concern, is_gone: bool) -> Reason {
    match (is_gone, incident.state()) {
        (true, _) => plain("gone", "Se borró la publicación que lo abrió", "The post that opened it was deleted"),
        (_, State::Merged) => plain("merged", "Un agente lo unió a otro asunto", "An agent made it a part of another matter"),
        (_, State::Closed(End::Resolved)) => plain("resolved", "Un agente lo resolvió", "An agent resolved it"),
        (_, State::Closed(End::Expired)) => plain("expired", "Pasaron 30 días sin respuesta", "30 days passed without an answer"),
        (_, State::Closed(_)) => plain("closed", "El asunto terminó", "The matter is over"),
        _ if concern == Concern::Promise => plain("news_given", "Hubo noticias", "News was given"),
        (_, State::WaitingCustomer) => plain("answered", "Ya tiene respuesta", "It has been answered"),
        _ => plain("moved", "Su plazo empezó de nuevo, o la regla ya no lo vigila", "Its time began anew, or the rule watches it no more"),
    }
}

/// Many at once.
pub fn storm(concern: Concern, n: u64, each: usize) -> Reason {
    let (es, en) = match concern {
        Concern::Answer => ("esperan respuesta", "wait for an answer"),
        Concern::Promise => ("esperan noticias ofrecidas", "wait for news that was promised"),
        Concern::Contact => ("piden contacto en privado", "are to be contacted in private"),
        Concern::Personal => ("tienen datos personales a la vista", "show personal data"),
        Concern::Agents => ("pasan por más de 3 agentes", "went through more than 3 agents"),
    };
    let text = Both::new(
        format!("Además de {each} con alerta propia, {n} más {es}"),
        format!("Beside {each} with an alert of their own, {n} more {en}"),
    );
    Reason { code: "many_matters", text, value: n as f64 }
}

/// None is left of those that were told as one.
pub fn storm_over(concern: Concern) -> Reason {
    match concern {
        Concern::Answer => plain("answered", "Ninguno más espera respuesta", "No other waits for an answer"),
        _ => plain("closed", "No queda ninguno", "None is left"),
    }
}

fn plain(code: &'static str, es: &str, en: &str) -> Reason {
    Reason { code, text: Both::new(es, en), value: 0.0 }
}
