//! What the author of a text wants.

use super::body::Body;
use crate::bilingual::Both;

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

/// What the author of a text wants.
pub(super) fn of(_body: &Body<'_>, _question: bool, _blocked: bool) -> Intent {
    Intent::Other
}
