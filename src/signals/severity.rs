//! Harm: money lost, fraud, blocked operation, legal threat, people in danger.

use std::sync::LazyLock;

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::lexicon::Lexicon;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "severity",
    scope: Scope::Post,
    range: (Score::points(0), Score::points(40)),
    explain: || {
        Both::new(
            "Habla de un daño: dinero perdido, fraude, operación bloqueada, amenaza legal, personas en peligro",
            "Speaks of harm: money lost, fraud, blocked operation, legal threat, people in danger",
        )
    },
    score,
};

/// What every further term adds, in points, and how many of them count.
const FURTHER: i16 = 3;
const FURTHER_TERMS: usize = 4;

static HARM: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("severity_es.txt"), include_str!("severity_en.txt")]));

/// The gravest term counts whole, each further kind of term a little; a denied one ("no es fraude")
/// does not count.
fn score(context: &Context<'_>) -> Score {
    let mut gravest = 0;
    let mut kinds: [u64; FURTHER_TERMS + 1] = [0; FURTHER_TERMS + 1];
    let mut count = 0;
    let tokens = context.tokens.tokens();
    HARM.find(context.post.text, context.tokens, |found| {
        let kind = tokens.get(found.first).map_or(0, |t| t.hash);
        if found.negated || kinds.iter().take(count).any(|k| *k == kind) {
            return;
        }
        gravest = gravest.max(found.points);
        if let Some(slot) = kinds.get_mut(count) {
            *slot = kind;
            count += 1;
        }
    });
    Score::points((gravest + FURTHER * count.saturating_sub(1) as i16).min(40))
}
