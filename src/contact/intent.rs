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
            // What denies a phrase turns praise to nothing ("no excelente servicio") and a wish to none.
            let denied = found.denial.is_some_and(|back| back <= 2);
            if let Some(n) = phrases.0.get_mut(found.points as usize).filter(|_| !denied) {
                *n += 1;
            }
        });
        phrases
    }

    fn has(&self, kind: usize) -> bool {
        self.0.get(kind).is_some_and(|n| *n > 0)
    }
}

/// A tone that is a complaint in itself; a question bears more of it.
const BAD: f64 = -0.3;
const VERY_BAD: f64 = -0.55;
/// A tone that is praise in itself.
const GOOD: f64 = 0.3;

/// What the author of a text wants.
///
/// Asked in this order: a wish to buy or a proposal, unless the tone is that of a complaint; a complaint
/// by what is told or by its tone; praise; a question.
pub(super) fn of(body: &Body<'_>, question: bool, blocked: bool) -> Intent {
    let phrases = Phrases::of(body);
    let tone = sentiment(body.text, body.tokens);
    let asks = question || phrases.has(ASKING);
    let wronged = blocked || phrases.has(COMPLAINT) || phrases.has(REPROACH) && (question || tone < 0.0);
    let angry = tone <= if asks { VERY_BAD } else { BAD };
    if phrases.has(PURCHASE) && !angry && !blocked {
        return Intent::Purchase;
    }
    if phrases.has(SUGGESTION) && !angry && !blocked {
        return Intent::Suggestion;
    }
    if angry || wronged && tone < GOOD {
        return Intent::Complaint;
    }
    if !asks && (tone >= GOOD || phrases.has(PRAISE) && tone > 0.0) {
        return Intent::Praise;
    }
    if asks { Intent::Consultation } else { Intent::Other }
}
