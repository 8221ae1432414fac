//! How customers sound before the brand's first answer, and after it.

use super::{Facts, Figure, Form, Reason, Spec, Unit, name, shares};
use crate::incident::{Incident, Tone};

/// `uplift = mean(after) − mean(before)`, `converted = n(negative → not negative) / n(negative, answered)`.
pub static SPEC: Spec = Spec {
    name: "tone",
    title: ("Tono antes y después de responder", "Tone before and after an answer"),
    explain: (
        "Tono de −1 a 1 por un léxico, que no entiende la ironía. Negativas: incidencias de la ventana cuyo cliente suena negativo antes de la primera \
         respuesta, entre todas las que se abrieron con una publicación suya. Cambio: media después menos media antes, en las que el cliente volvió a escribir tras la respuesta. Convertidas: \
         de negativo a no negativo, entre las negativas respondidas; quien no vuelve a escribir no está convertido, y se dice cuántos volvieron.",
        "Tone from −1 to 1 by a lexicon, which does not understand irony. Negative: incidents of the window whose customer sounds negative before the first \
         answer, among all that opened with a post of theirs. Change: mean after less mean before, over those whose customer wrote again after the answer. Converted: from negative \
         to not negative, among the negative ones answered; who does not write again is not converted, and how many did is told.",
    ),
    names: &[
        name("negative", Form::Card, "negativas antes", "negative before"),
        name("before", Form::Card, "tono antes", "tone before"),
        name("after", Form::Card, "tono después", "tone after"),
        name("uplift", Form::Card, "cambio", "change"),
        name("converted", Form::Column, "convertidas", "converted"),
        name("heard_again", Form::Column, "volvieron a escribir", "wrote again"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let is_negative = |i: &Incident| i.before.mean().is_some_and(|t| t < 0.0);
    let opened = facts.cohort().filter(|i| i.before.posts > 0);
    let mut out = vec![Figure::share("negative", opened.clone().filter(|i| is_negative(i)).count(), opened.count())];
    if let Some(negative) = out.first_mut()
        && let (Some(part), Some(whole)) = (negative.numerator, negative.denominator)
    {
        negative.interval = crate::proportion::wilson(part, whole, crate::proportion::Z95);
    }
    let both: Vec<(f64, f64)> = facts.cohort().filter_map(|i| Some((i.before.mean()?, i.after.mean()?))).collect();
    let n = both.len();
    let mean = |name, of: &dyn Fn(&(f64, f64)) -> f64| {
        let value = if n == 0 { Err(Reason::Nothing) } else { Ok(both.iter().map(of).sum::<f64>() / n as f64) };
        Figure { denominator: Some(n as u64), ..Figure::new(name, Unit::Number, value) }.unless(gate)
    };
    out.extend([mean("before", &|t| t.0), mean("after", &|t| t.1), mean("uplift", &|t| t.1 - t.0)]);
    let again = |tone: Tone| tone.posts > 0;
    let answered = facts.cohort().filter(|i| is_negative(i) && i.first_answer.is_some());
    out.extend(shares("converted", answered.clone(), |i| i.after.mean().is_some_and(|t| t >= 0.0)).map(|f| f.unless(gate)));
    out.extend(shares("heard_again", answered, |i| again(i.after)).map(|f| f.unless(gate)));
    out
}
