//! Harm: money lost, fraud, blocked operation, legal threat, people in danger.

use std::sync::LazyLock;

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::lexicon::Lexicon;
use crate::score::Score;
use crate::text::pair_hash;

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

/// The gravest term counts whole, every further one a third of its rank before; the same term again
/// adds nothing, and neither does a denied one ("no es fraude").
fn score(context: &Context<'_>) -> Score {
    let mut gravest = Gravest::default();
    HARM.find(context.post.text, context.tokens, |found| {
        if !found.is_negated() {
            let words = context.tokens.tokens().iter().skip(found.first).take(found.length);
            gravest.add(words.fold(0, |term, word| pair_hash(term, word.hash)), found.points);
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

/// The gravest different terms with their points, gravest first. A term has always the same points,
/// so that the order in which they come is of no account.
#[derive(Default)]
struct Gravest([(u64, i16); TERMS]);

impl Gravest {
    fn add(&mut self, term: u64, points: i16) {
        if self.0.contains(&(term, points)) {
            return;
        }
        let mut added = (term, points);
        for slot in self.0.iter_mut().filter(|slot| slot.1 < points) {
            std::mem::swap(slot, &mut added);
        }
    }
}
