//! Why an alert on a share of voice fires or resolves, in words.

use super::unanswered::Unanswered;
use crate::alert::Reason;
use crate::bilingual::Both;
use crate::proportion;
use crate::share::{Answering, Fire, Settings, Shift, Span};

/// A share as people read it.
fn percent(share: f64) -> Both {
    let en = format!("{:.1}", share * 100.0);
    Both::new(format!("{} %", en.replace('.', ",")), format!("{en}%"))
}

/// A number with so many decimals, as people read it.
fn number(x: f64, decimals: usize) -> Both {
    let en = format!("{x:.decimals$}");
    Both::new(en.replace('.', ","), en)
}

/// A change in points, with its sign.
fn points(change: f64) -> Both {
    let en = format!("{:+.1}", change * 100.0);
    Both::new(en.replace('.', ","), en)
}

fn spoken(span: Span) -> (&'static str, &'static str) {
    match span {
        Span::H1 => ("1 hora", "1 hour"),
        Span::H6 => ("6 horas", "6 hours"),
        Span::H24 => ("24 horas", "24 hours"),
        Span::D7 => ("7 días", "7 days"),
    }
}

/// A brand has another share than before. `bar` is the number of brands, of looks, and the `z` that
/// follows from them.
pub fn changed(group: &str, brand: &str, settings: &Settings, bar: (u32, i64, f64), shift: &Shift, z: f64) -> Vec<Reason> {
    let (share, before) = (shift.share().unwrap_or_default(), shift.share_before().unwrap_or_default());
    let ((es, en), (part, all)) = (spoken(settings.span), shift.now);
    let (now, was) = (percent(share), percent(before));
    let text = Both::new(
        format!("{brand}: {} de las menciones de {group} en {es} ({part} de {all}); en la ventana anterior, {}", now.es, was.es),
        format!("{brand}: {} of the mentions of {group} in {en} ({part} of {all}); in the window before, {}", now.en, was.en),
    );
    let mut reasons = vec![Reason { code: "share", text, value: share }];
    let (low, high) = proportion::difference(shift.now, shift.before).unwrap_or_default();
    let (by, low, high) = (points(share - before), points(low), points(high));
    let text = Both::new(
        format!("{} puntos (intervalo del 95 %: de {} a {})", by.es, low.es, high.es),
        format!("{} points (95% interval: {} to {})", by.en, low.en, high.en),
    );
    reasons.push(Reason { code: "change", text, value: (share - before) * 100.0 });
    let (brands, looks, least) = bar;
    let (z_text, least, level) = (number(z, 2), number(least, 2), percent(settings.significance));
    let p = chance(proportion::two_sided(z));
    let text = Both::new(
        format!(
            "Prueba z de dos proporciones: z = {}, p = {}; umbral {}: {} entre {brands} marcas y {looks} miradas (Bonferroni)",
            z_text.es, p.es, least.es, level.es
        ),
        format!(
            "Two-proportion z-test: z = {}, p = {}; bar {}: {} over {brands} brands and {looks} looks (Bonferroni)",
            z_text.en, p.en, least.en, level.en
        ),
    );
    reasons.push(Reason { code: "z", text, value: z });
    reasons.push(own_words(part));
    reasons
}

fn own_words(part: u64) -> Reason {
    let text = Both::new("Sin republicaciones; lo que se repite cuenta una vez", "Without reposts; what is repeated counts once");
    Reason { code: "own_words", text, value: part as f64 }
}

/// More is said against a brand, and it answers less. `bar` is as in [`changed`].
pub fn unanswered(brand: &str, settings: &Settings, bar: (u32, i64, f64), fire: &Fire, found: &Unanswered) -> Vec<Reason> {
    let (es, en) = spoken(settings.span);
    let (now, before) = (fire.now.negative, fire.before.negative);
    let text = Both::new(
        format!("{brand}: {now} menciones negativas en {es}; en la ventana anterior, {before}"),
        format!("{brand}: {now} negative mentions in {en}; in the window before, {before}"),
    );
    let mut reasons = vec![Reason { code: "negative", text, value: now as f64 }];
    let (rate, was) = (answered(&fire.now), answered(&fire.before));
    let text = Both::new(
        format!("Respuestas propias por mención directa: {}; en la ventana anterior, {}", rate.es, was.es),
        format!("Own replies to a direct mention: {}; in the window before, {}", rate.en, was.en),
    );
    reasons.push(Reason { code: "replies", text, value: fire.now.rate().unwrap_or_default() });
    let (brands, looks, least) = bar;
    let (rise, fall, least, level) = (number(found.rise, 2), number(found.fall, 2), number(least, 2), percent(settings.significance));
    let text = Both::new(
        format!(
            "Suben las negativas: z = {} (binomial); bajan las respuestas: z = {} (dos proporciones); umbral de ambas {}: {} entre marcas ({brands}) y miradas ({looks}) (Bonferroni)",
            rise.es, fall.es, least.es, level.es
        ),
        format!(
            "Negative mentions rise: z = {} (binomial); replies fall: z = {} (two proportions); bar of both {}: {} over brands ({brands}) and looks ({looks}) (Bonferroni)",
            rise.en, fall.en, least.en, level.en
        ),
    );
    reasons.push(Reason { code: "z", text, value: found.rise.min(found.fall) });
    reasons.push(own_words(now));
    reasons
}

/// Replies to a direct mention, and of how many.
fn answered(what: &Answering) -> Both {
    let Answering { direct, replies, .. } = what;
    let rate = what.rate().map_or_else(|| Both::new("—", "—"), |rate| number(rate, 2));
    Both::new(format!("{} ({replies} a {direct})", rate.es), format!("{} ({replies} to {direct})", rate.en))
}

/// The brand is under fire no more, or answers again.
pub fn answered_again(brand: &str, fire: Option<Fire>) -> Reason {
    let Fire { now, before } = fire.unwrap_or_default();
    let (rate, was) = (answered(&now), answered(&before));
    let text = Both::new(
        format!(
            "Ya no suben las críticas a {brand} mientras bajan sus respuestas: {} negativas, y {} antes; respuestas por mención directa: {}, y {} antes",
            now.negative, before.negative, rate.es, was.es
        ),
        format!(
            "Criticism of {brand} no longer rises while its answers fall: {} negative, and {} before; replies to a direct mention: {}, and {} before",
            now.negative, before.negative, rate.en, was.en
        ),
    );
    Reason { code: "no_longer", text, value: now.negative as f64 }
}

/// A chance as people read it: never as 0.
fn chance(p: f64) -> Both {
    if p < 0.0001 { Both::new("menos de 0,0001", "less than 0.0001") } else { number(p, 4) }
}

/// The change is over.
pub fn no_longer(brand: &str, shift: Option<Shift>) -> Reason {
    let share = shift.and_then(|s| s.share());
    let (now, was) = (known(share), known(shift.and_then(|s| s.share_before())));
    let text = Both::new(
        format!("El cambio de cuota de {brand} ya no es significativo: {}, y antes {}", now.es, was.es),
        format!("The change of the share of {brand} is no longer significant: {}, and {} before", now.en, was.en),
    );
    Reason { code: "no_longer", text, value: share.unwrap_or_default() }
}

fn known(share: Option<f64>) -> Both {
    share.map_or_else(|| Both::new("sin menciones", "no mentions"), percent)
}
