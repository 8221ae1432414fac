//! Spoken to us, or only of us: a post that mentions or answers the brand waits for an answer, one
//! found by active listening does not.

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "origin",
    scope: Scope::Topic,
    range: (Score::points(0), DIRECT),
    explain: || Both::new("Menciona o responde a una cuenta de la marca", "Mentions or answers an account of the brand"),
    score,
};

/// What a direct mention adds to active listening.
const DIRECT: Score = Score::points(10);

fn score(context: &Context<'_>) -> Score {
    if context.topic.is_some_and(|t| t.direct) { DIRECT } else { Score::default() }
}
