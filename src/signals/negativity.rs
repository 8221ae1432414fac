//! Tone: how angry or desperate the words are; thanks and praise take away.

use std::sync::LazyLock;

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::lexicon::{Found, Lexicon};
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "negativity",
    scope: Scope::Post,
    range: (Score::points(-LOWEST), Score::points(HIGHEST)),
    explain: || Both::new("Tono: enojo suma, agradecimiento resta", "Tone: anger adds, thanks take away"),
    score,
};

const LOWEST: i16 = 12;
const HIGHEST: i16 = 12;

static TONE: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("negativity_es.txt"), include_str!("negativity_en.txt")]));

fn score(context: &Context<'_>) -> Score {
    let mut tenths: i32 = 0;
    TONE.find(context.post.text, context.tokens, |found| tenths += tone(found));
    Score(tenths.clamp(i32::from(-LOWEST) * 10, i32::from(HIGHEST) * 10) as i16)
}

/// One term in tenths: strengthened it counts half again as much; denied it counts half as much for
/// the other side ("not good" is bad, but less than "bad").
fn tone(found: Found) -> i32 {
    let plain = i32::from(found.points) * 10;
    let strong = if found.intensified { plain * 3 / 2 } else { plain };
    if found.is_negated() { -strong / 2 } else { strong }
}
