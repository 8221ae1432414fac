//! Whether a brand's share is another than in the window before, or that may be chance.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;
use crate::proportion;
use crate::share::Shift;

/// The pooled two-proportion z-test, and the interval of the difference.
pub static SPEC: Spec = Spec { name: "change", explain, figures };

fn explain() -> Both {
    Both::new(
        "La cuota en esta ventana y en la anterior, de igual longitud: prueba z de dos proporciones con varianza conjunta, p bilateral e \
         intervalo del 95 % de la diferencia (Newcombe). Sin republicaciones ni duplicados, digan lo que digan los demás parámetros: las copias no \
         son independientes. Aun así un autor que escribe mucho pesa más de lo que la prueba supone; p es aquí la de una marca y una mirada.",
        "The share in this window and in the one before it, of the same length: two-proportion z-test with pooled variance, two-sided p, and the \
         95 % interval of the difference (Newcombe). Without reposts and duplicates, whatever the other parameters say: copies are not \
         independent. Even so an author who writes much weighs more than the test assumes; p is that of one brand and one look.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let Shift { now, before } = facts.shift;
    let z = proportion::z_test(now, before);
    vec![
        ("share", Figure::Ratio(Ratio::of(now.0, now.1))),
        ("share_before", Figure::Ratio(Ratio::of(before.0, before.1))),
        ("difference", Figure::Number(facts.shift.difference())),
        ("interval", Figure::Interval(proportion::difference(now, before))),
        ("z", Figure::Number(z)),
        ("p", Figure::Number(z.map(proportion::two_sided))),
    ]
}
