//! Reach: how many read it, on a logarithmic scale.

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "influence",
    scope: Scope::Post,
    range: (Score::points(0), Score(MOST)),
    explain: || Both::new("Alcance del autor según sus seguidores", "Reach of the author by followers"),
    score,
};

/// Followers of an ordinary account: they give 5 points.
const ORDINARY: f64 = 208.0;
/// Most it can add, in tenths: about 43 700 followers and more.
const MOST: i16 = 100;

/// 5 points times ln(1 + followers) / ln(1 + 208), capped; nothing where followers are unknown.
fn score(context: &Context<'_>) -> Score {
    let Some(followers) = context.post.author.followers.get() else { return Score::default() };
    let ratio = f64::from(followers).ln_1p() / ORDINARY.ln_1p();
    Score(((ratio * 50.0).round() as i16).min(MOST))
}
