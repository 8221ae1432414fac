//! What the author of a text wants.

use std::sync::LazyLock;

use super::body::Body;
use crate::bilingual::Both;
use crate::lexicon::Lexicon;
use crate::sentiment::sentiment;

/// What the author of a text wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intent {
    /// Something went wrong for them.
    Complaint,
    /// They ask for advice or for an answer.
    Consultation,
    /// They propose something.
    Suggestion,
    /// They congratulate or thank.
    Praise,
    /// They mean to buy or to sign up.
    Purchase,
    /// None of these.
    #[default]
    Other,
}

impl Intent {
    /// All, in declaration order: `ALL[i as usize] == i`.
    pub const ALL: [Intent; 6] =
        [Intent::Complaint, Intent::Consultation, Intent::Suggestion, Intent::Praise, Intent::Purchase, Intent::Other];

    /// The name in JSON and as a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Intent::Complaint => "complaint",
            Intent::Consultation => "consultation",
            Intent::Suggestion => "suggestion",
            Intent::Praise => "praise",
            Intent::Purchase => "purchase",
            Intent::Other => "other",
        }
    }

    /// The one called `name`; advice and question are kinds of consultation.
    pub fn named(name: &str) -> Option<Intent> {
        match name {
            "advice" | "question" => Some(Intent::Consultation),
            _ => Intent::ALL.into_iter().find(|i| i.as_str() == name),
        }
    }

    /// The name people read.
    pub fn title(self) -> Both {
        match self {
            Intent::Complaint => Both::new("queja", "complaint"),
            Intent::Consultation => Both::new("consulta", "consultation"),
            Intent::Suggestion => Both::new("sugerencia", "suggestion"),
            Intent::Praise => Both::new("felicitación", "praise"),
            Intent::Purchase => Both::new("intención de compra", "purchase intent"),
            Intent::Other => Both::new("otra", "other"),
        }
    }
}

static PHRASES: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("intent_es.txt"), include_str!("intent_en.txt")]));
/// What asks without a mark, whatever for: the priority counts it too.
static QUESTIONS: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("../signals/question.txt")]));

/// How often each kind of phrase was found, by its points in the lists.
#[derive(Debug, Default)]
struct Phrases([u32; 7]);

const COMPLAINT: usize = 1;
const PURCHASE: usize = 2;
const SUGGESTION: usize = 3;
const PRAISE: usize = 4;
const ASKING: usize = 5;
const REPROACH: usize = 6;

impl Phrases {
    fn of(body: &Body<'_>) -> Phrases {
        let mut phrases = Phrases::default();
        body.find(&PHRASES, |found| {
            // "No me interesa un crédito" is no wish, "not a complaint" is none.
            let denied = found.denial.is_some_and(|back| back <= 2);
            if let Some(n) = phrases.0.get_mut(found.points as usize).filter(|_| !denied) {
                *n += 1;
            }
        });
        phrases
    }

    fn count(&self, kind: usize) -> u32 {
        self.0.get(kind).copied().unwrap_or_default()
    }

    fn has(&self, kind: usize) -> bool {
        self.count(kind) > 0
    }
}

/// A tone that is a complaint in itself.
const BAD: f64 = -0.3;
/// The same where the text asks.
const BAD_AND_ASKS: f64 = -0.55;
/// The same where it proposes something, wants to buy, or asks how something is done: what that is about
/// may be bad without being a complaint ("how do I report an error?").
const BAD_AND_WANTS: f64 = -0.65;
/// A tone in which what is told is no complaint.
const GOOD: f64 = 0.3;
/// A tone that is praise in itself.
const VERY_GOOD: f64 = 0.45;

/// What the author of a text wants.
///
/// Asked in this order: a wish to buy or a proposal, unless the tone is that of a complaint; a complaint
/// by what is told or by its tone; praise; a question.
pub(super) fn of(body: &Body<'_>, question: bool, blocked: bool) -> Intent {
    let phrases = Phrases::of(body);
    let tone = sentiment(body.text, body.tokens);
    let seeks = phrases.has(ASKING) || body.has(&QUESTIONS);
    let asks = question || seeks;
    let worst = match (seeks, question) {
        (true, _) => BAD_AND_WANTS,
        (false, true) => BAD_AND_ASKS,
        (false, false) => BAD,
    };
    let angry = tone <= worst;
    // One thing that went wrong in a calm question is what the question is about.
    let told = phrases.count(COMPLAINT) > u32::from(asks && tone > worst);
    let wronged = blocked || told || phrases.has(REPROACH) && (question || tone < 0.0);
    if tone >= 0.0 || !wronged && tone > BAD_AND_WANTS {
        if phrases.has(PURCHASE) {
            return Intent::Purchase;
        }
        if phrases.has(SUGGESTION) {
            return Intent::Suggestion;
        }
    }
    if angry || wronged && tone < GOOD {
        return Intent::Complaint;
    }
    if !asks && (tone >= VERY_GOOD || phrases.has(PRAISE) && tone > 0.0) {
        return Intent::Praise;
    }
    if asks { Intent::Consultation } else { Intent::Other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::read;

    #[test]
    fn intents_in_both_languages() {
        use Intent::{Complaint, Consultation, Other, Praise, Purchase, Suggestion};
        for (text, want) in [
            ("@banco pésimo servicio, llevo dos horas esperando", Complaint),
            ("No puedo entrar a la app", Complaint),
            ("¿hasta cuándo van a resolver?", Complaint),
            ("me cobraron una comisión que no reconozco", Complaint),
            ("worst airline ever", Complaint),
            ("still waiting for my refund", Complaint),
            ("why is my flight late again?", Complaint),
            ("¿cómo puedo activar mi tarjeta?", Consultation),
            ("Buenas tardes, ¿a qué hora abren?", Consultation),
            ("quisiera saber el horario de la sucursal", Consultation),
            ("what time do you open?", Consultation),
            ("can I change a flight after the other one is cancelled?", Consultation),
            ("I was wondering if my bag fits", Consultation),
            ("deberían agregar Apple Pay", Suggestion),
            ("Sugerencia: pongan más cajeros en Lima", Suggestion),
            ("it would be great if you had a dark mode", Suggestion),
            ("you should add Apple Pay", Suggestion),
            ("muchas gracias por su atención, excelente servicio", Praise),
            ("felicidades por la app 👏", Praise),
            ("thank you so much, you guys are awesome!", Praise),
            ("shout out to Becky, great job", Praise),
            ("quiero contratar una hipoteca", Purchase),
            ("¿qué requisitos para abrir una cuenta?", Purchase),
            ("I want to open an account", Purchase),
            ("where can I buy your gift card?", Purchase),
            ("voy a la sucursal", Other),
            ("on my way to the airport", Other),
            ("https://x.com/pesimo-servicio?q=worst", Other),
            ("@quiero_contratar hola", Other),
            ("", Other),
        ] {
            assert_eq!(read(text).intent, want, "{text}");
        }
    }

    #[test]
    fn a_wish_in_anger_is_a_complaint() {
        for text in [
            "pésimo banco, ladrones, deberían cerrar",
            "quiero abrir una cuenta y no me atienden, qué asco de servicio",
            "you should be ashamed, worst service ever, horrible",
        ] {
            assert_eq!(read(text).intent, Intent::Complaint, "{text}");
        }
    }

    #[test]
    fn names_read_back() {
        for (i, intent) in Intent::ALL.into_iter().enumerate() {
            assert_eq!(intent as usize, i);
            assert_eq!(Intent::named(intent.as_str()), Some(intent));
            assert_ne!(intent.title().es, intent.title().en);
        }
        assert_eq!((Intent::named("advice"), Intent::named("question")), (Some(Intent::Consultation), Some(Intent::Consultation)));
        assert_eq!(Intent::named("queja"), None);
    }
}
