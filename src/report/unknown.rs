//! What a report does not know, so that nobody reads it for more than it is.

use super::{BrandReport, shown};
use crate::bilingual::Both;
use crate::figures::{Reason, Spec};
use crate::time::Timestamp;

/// What follows from the figures, then what holds of every report.
pub fn unknown(report: &BrandReport, now: Timestamp) -> Vec<Both> {
    let mut out = Vec::new();
    let at = |t| shown::instant(t, &report.zone);
    if let Some(since) = report.since {
        let since = at(since);
        out.push(Both::new(
            format!("Se escucha desde {since}: lo anterior de la ventana no se cuenta."),
            format!("Listening began at {since}: what was before it in the window is not counted."),
        ));
    }
    if report.window.1 > now {
        let now = at(now);
        out.push(Both::new(
            format!("La ventana no ha terminado: las cifras son de {now}."),
            format!("The window is not over: the figures are those of {now}."),
        ));
    }
    out.extend(Reason::ALL.into_iter().filter_map(|reason| without(report, reason)));
    out.extend(standing());
    out
}

/// The indicators of which a figure has no value for this reason. A single row without a denominator is
/// no news.
fn without(report: &BrandReport, reason: Reason) -> Option<Both> {
    let of = |(spec, figures): &&(&'static Spec, Vec<crate::figures::Figure>)| {
        let missing = figures.iter().filter(|f| f.value == Err(reason)).count();
        let all = figures.iter().filter(|f| f.value.is_err()).count();
        if reason == Reason::Nothing { all == figures.len() && missing > 0 } else { missing > 0 && !spec.name.is_empty() }
    };
    let specs: Vec<&'static Spec> = report.indicators.iter().filter(of).map(|(spec, _)| *spec).collect();
    if specs.is_empty() {
        return None;
    }
    let (es, en) = reason.text();
    let titles = |of: fn(&Spec) -> &'static str| specs.iter().map(|s| of(s)).collect::<Vec<_>>().join(", ");
    Some(Both::new(format!("«—» porque {es}: {}.", titles(|s| s.title.0)), format!("“—” because {en}: {}.", titles(|s| s.title.1))))
}

/// What no report of this kind can know.
fn standing() -> [Both; 3] {
    [
        Both::new(
            "Lo que pasa en canales privados, por teléfono o en sucursal no se ve: «privada» dice que se pidió, no que se resolvió; del flujo solo nunca sale «resuelta».",
            "What happens in private channels, by phone or in a branch is not seen: “private” tells that it was asked for, not that it was solved; from the stream alone nothing is ever “resolved”.",
        ),
        Both::new(
            "Lo que ninguna fuente trajo no se cuenta, y lo que se borró se ha quitado de las cifras, como si nunca hubiera existido.",
            "What no source brought is not counted, and what was deleted has left the figures, as if it had never been.",
        ),
        Both::new(
            "Cortesías, promesas, intenciones, firmas y tono se leen por reglas sobre el texto: en la duda, quien escribe espera respuesta.",
            "Courtesies, promises, intents, signatures and tone are read by rules on the text: in doubt, who writes waits for an answer.",
        ),
    ]
}
