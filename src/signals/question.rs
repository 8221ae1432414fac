//! Somebody asks: a question mark, or words that ask without one.

use std::sync::LazyLock;

use super::{Context, Scope, Spec};
use crate::bilingual::Both;
use crate::lexicon::Lexicon;
use crate::score::Score;

pub static SPEC: Spec = Spec {
    name: "question",
    scope: Scope::Post,
    range: (Score::points(0), QUESTION),
    explain: || Both::new("Es una pregunta", "It is a question"),
    score,
};

/// What a question adds.
const QUESTION: Score = Score::points(4);

static ASKING: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("question.txt")]));

fn score(context: &Context<'_>) -> Score {
    let asks = has_mark(context) || {
        let mut asks = false;
        ASKING.find(context.post.text, context.tokens, |_| asks = true);
        asks
    };
    if asks { QUESTION } else { Score::default() }
}

/// Whether a question mark stands between the tokens: one inside a link asks nothing.
fn has_mark(context: &Context<'_>) -> bool {
    let marks = ['?', '¿', '？', '؟'];
    let mut from = 0;
    for token in context.tokens.tokens() {
        if context.post.text.get(from..token.start as usize).is_some_and(|gap| gap.contains(marks)) {
            return true;
        }
        from = token.end as usize;
    }
    context.post.text.get(from..).is_some_and(|gap| gap.contains(marks))
}
