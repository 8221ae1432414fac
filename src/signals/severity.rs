//! Harm: money lost, fraud, blocked operation, legal threat, people in danger.

use std::sync::LazyLock;

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::lexicon::Lexicon;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "severity",
    scope: Scope::Post,
    range: (Score::points(0), Score::points(50)),
    explain: || {
        Both::new(
            "Habla de un daño: dinero perdido, fraude, operación bloqueada, amenaza legal, personas en peligro",
            "Speaks of harm: money lost, fraud, blocked operation, legal threat, people in danger",
        )
    },
    score,
};

/// How many different terms count.
const TERMS: usize = 5;

static HARM: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("severity_es.txt"), include_str!("severity_en.txt")]));

/// The gravest term counts whole, every further one a third of its rank before; the same word again
/// adds nothing, and neither does a denied one ("no es fraude").
fn score(context: &Context<'_>) -> Score {
    let mut gravest = Gravest::default();
    HARM.find(context.post.text, context.tokens, |found| {
        if !found.negated {
            let word = context.tokens.tokens().get(found.first).map_or(0, |t| t.hash);
            gravest.add(word, found.points);
        }
    });
    let mut share = 1;
    let mut tenths = 0;
    for (_, points) in gravest.0 {
        tenths += points * 10 / share;
        share *= 3;
    }
    Score(tenths)
}

/// The gravest terms that begin with different words, gravest first.
#[derive(Default)]
struct Gravest([(u64, i16); TERMS]);

impl Gravest {
    fn add(&mut self, word: u64, points: i16) {
        let (mut word, mut points) = (word, points);
        for slot in &mut self.0 {
            if slot.0 == word && slot.1 >= points {
                return;
            }
            if points > slot.1 {
                std::mem::swap(&mut slot.0, &mut word);
                std::mem::swap(&mut slot.1, &mut points);
            }
        }
    }
}
