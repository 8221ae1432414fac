//! What the topic is worth to those who listen.

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "topic",
    scope: Scope::Topic,
    range: (Score::points(0), Score::points(30)),
    explain: || Both::new("Peso del tema en la configuración", "Weight of the topic in the configuration"),
    score,
};

fn score(context: &Context<'_>) -> Score {
    context.topic.map_or(Score::default(), |t| t.weight)
}
