//! The tone of a text as one number: what `sentiment:` asks for. It is no signal of its own, because
//! the signal `negativity` already adds to the priority what tone is worth there.

use std::sync::LazyLock;

use crate::lexicon::{Found, Lexicon};
use crate::text::{TokenKind, Tokens};

/// Where a term is listed twice, the first list decides.
static TONE: LazyLock<Lexicon> = LazyLock::new(|| {
    Lexicon::new(&[
        include_str!("sentiment/es.txt"),
        include_str!("sentiment/en.txt"),
        include_str!("signals/negativity_es.txt"),
        include_str!("signals/negativity_en.txt"),
    ])
});

/// How much tone is half of all: the sum `x` becomes `x / sqrt(x² + 15)`, which lies between -1 and 1
/// and grows slower the more was said. The form and the 15 are those of VADER (Hutto and Gilbert,
/// "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014),
/// and so is the scale of single terms, up to about 4.
const HALF: f64 = 15.0;

/// Tone of `text`, which `tokens` read last: from -1, angry or sad, to 1, pleased; 0 if no word tells.
///
/// The sum is whole tenths, so that it is the same on every machine, and so are the root and the
/// quotient of IEEE 754.
pub fn sentiment(text: &str, tokens: &Tokens) -> f64 {
    let mut sum = Sum::default();
    TONE.find(text, tokens, |found| {
        let is_word = tokens.tokens().get(found.first).is_some_and(|t| t.kind == TokenKind::Word);
        // An emoji comments on the whole: no word before it denies or strengthens it.
        sum.add(if is_word { found } else { Found { denial: None, intensified: false, ..found } });
    });
    let x = f64::from(sum.tenths) / 10.0;
    x / (x * x + HALF).sqrt()
}

/// Points of the words that complaints are made of, "never" or "nadie".
const FAINT: i16 = 2;

/// How many tokens before a term may turn its tone, as in VADER. A complaint is full of denials, and
/// one that stands further off denies something else.
const REACH: usize = 3;

/// The tone so far.
#[derive(Default)]
struct Sum {
    tenths: i32,
    /// Behind the last faint word that has denied nothing yet.
    faint: Option<usize>,
}

impl Sum {
    /// One term. Strengthened it counts half again as much; denied it counts half as much for the
    /// other side, and where that makes praise ("no es malo") the word that denied is taken back. A
    /// faint one is often a denial itself, and two of them make no praise ("no vino nadie"):
    /// denied it says nothing.
    fn add(&mut self, found: Found) {
        let points = i32::from(found.points);
        let is_faint = (0..=FAINT).contains(&found.points);
        // The lists give pleasure twice the points, because little of it takes a post's urgency away.
        let plain = if points < 0 { -points * 5 } else { -points * 10 };
        let strong = if found.intensified { plain * 3 / 2 } else { plain };
        let is_denied = found.denial.is_some_and(|back| back <= REACH);
        self.tenths += match (is_denied, is_faint) {
            (true, true) => 0,
            (true, false) => -strong / 2,
            (false, _) => strong,
        };
        if is_denied && found.points > FAINT && self.faint.take().is_some_and(|end| found.first < end + REACH) {
            self.tenths += i32::from(FAINT) * 10;
        }
        if !is_denied && is_faint {
            self.faint = Some(found.first + found.length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> f64 {
        let mut tokens = Tokens::default();
        tokens.read(text);
        sentiment(text, &tokens)
    }

    #[test]
    fn named_tones_in_both_languages() {
        let negative = [
            "Pésimo banco, me robaron",
            "llevo horas esperando y nadie me ayuda",
            "no es un buen servicio",
            "Otra vez sin sistema 😡",
            "they cancelled my flight and nobody helps",
            "worst customer service ever",
            "not happy at all",
            "still waiting on hold",
        ];
        let neutral = ["", "Buenas tardes, ¿a qué hora abren?", "what gate is it", "https://pesimo.example/worst", "👩‍👩‍👧"];
        let positive = [
            "Buen banco, gracias",
            "me encantó la atención, muy amables",
            "sin ningún problema",
            "thanks, great job!",
            "can't wait to fly with you",
            "no worries 😊",
            "it is not bad",
        ];
        for text in negative {
            assert!(of(text) <= -0.05, "{text}: {}", of(text));
        }
        for text in neutral {
            assert!(of(text).abs() < 0.05, "{text}: {}", of(text));
        }
        for text in positive {
            assert!(of(text) >= 0.05, "{text}: {}", of(text));
        }
    }

    #[test]
    fn denied_strengthened_repeated() {
        // Within a row every text is better than the next.
        let rows: &[&[&str]] = &[
            &["muy bueno", "bueno", "no es malo", "hola", "malo", "muy malo", "muy malo y pésimo"],
            &["really great", "great", "not terrible", "hello", "terrible", "so terrible", "so terrible and awful"],
            &["great", "hello", "not great", "so terrible"],
            &["bueno", "no es malo", "buenos días", "no es bueno", "pésimo"],
        ];
        for row in rows {
            let got: Vec<f64> = row.iter().map(|t| of(t)).collect();
            assert!(got.windows(2).all(|w| w[0] > w[1]), "{row:?}: {got:?}");
        }
        assert_eq!(of("no vino nadie"), of("no"), "two denials are no praise");
        assert_eq!(of("no me interesa 😡"), of("no, 😡"), "an emoji is not denied");
    }

    #[test]
    fn it_stays_within_its_bounds() {
        assert_eq!(of("pésimo"), -5.0 / (25.0f64 + 15.0).sqrt());
        for (text, sign) in [("pésimo ", -1.0), ("excelente ", 1.0)] {
            let much = of(&text.repeat(8000));
            assert!(much * sign > 0.99 && much * sign <= 1.0, "{much}");
        }
    }
}
