//! Why an alert fires or resolves, in words.

use crate::alert::Reason;
use crate::anomaly::{Direction, Finding, Kernel, Level, Standing};
use crate::bilingual::Both;
use crate::score::{Addend, Score};
use crate::signals;
use crate::window::{Tallied, Window};

/// A window for people.
fn spoken(window: Window) -> (&'static str, &'static str) {
    match window {
        Window::M1 => ("1 minuto", "1 minute"),
        Window::M5 => ("5 minutos", "5 minutes"),
        Window::M15 => ("15 minutos", "15 minutes"),
        Window::H1 => ("1 hora", "1 hour"),
        Window::H24 => ("24 horas", "24 hours"),
    }
}

/// `n` with its noun.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A window reached its count.
pub fn volume(observed: Tallied, window: Window, at: u64) -> Vec<Reason> {
    let (es, en) = spoken(window);
    let Tallied { mentions, reposts, authors } = observed;
    let text = Both::new(
        format!("{} en {es} (umbral {at})", counted(mentions, "mención", "menciones")),
        format!("{} in {en} (threshold {at})", counted(mentions, "mention", "mentions")),
    );
    let mut reasons = vec![Reason { code: "volume", text, value: mentions as f64 }];
    let text =
        Both::new(counted(authors, "autor distinto", "autores distintos"), counted(authors, "different author", "different authors"));
    reasons.push(Reason { code: "authors", text, value: authors as f64 });
    if reposts > 0 {
        let text = Both::new(
            if reposts == 1 { "1 es una republicación".to_owned() } else { format!("{reposts} son republicaciones") },
            if reposts == 1 { "1 is a repost".to_owned() } else { format!("{reposts} are reposts") },
        );
        reasons.push(Reason { code: "reposts", text, value: reposts as f64 });
    }
    reasons
}

/// A post reached its score.
pub fn priority(score: Score, at: Score) -> Reason {
    let (got, want) = (score.rounded(), at.rounded());
    let text = Both::new(format!("Prioridad {got} de 100 (umbral {want})"), format!("Priority {got} of 100 (threshold {want})"));
    Reason { code: "priority", text, value: score.as_f64() }
}

/// What one signal added to a score.
pub fn addend(addend: &Addend) -> Reason {
    let repeat = || Both::new("Su autor escribe de lo mismo otra vez", "Its author writes about it again");
    let text = signals::named(addend.code).map_or_else(repeat, |signal| (signal.explain)());
    Reason { code: addend.code, text, value: addend.weight.as_f64() }
}

/// The window fell below its count.
pub fn below(count: u64, window: Window, at: u64) -> Reason {
    let (es, en) = spoken(window);
    let text = Both::new(
        format!("De vuelta bajo el umbral: {} en {es} (umbral {at})", counted(count, "mención", "menciones")),
        format!("Back below the threshold: {} in {en} (threshold {at})", counted(count, "mention", "mentions")),
    );
    Reason { code: "below", text, value: count as f64 }
}

/// Nothing followed.
pub fn quiet() -> Reason {
    plain("quiet", "Pasó el tiempo de la regla sin novedad", "The time of the rule passed and nothing followed")
}

/// The rule is no longer configured, or no longer watches the topic.
pub fn rule_removed() -> Reason {
    plain("rule_removed", "La regla ya no vigila este tema", "The rule no longer watches this topic")
}

/// The post is gone.
pub fn post_deleted() -> Reason {
    plain("post_deleted", "Se borró la publicación", "The post was deleted")
}

/// There are too many alerts at once.
pub fn displaced() -> Reason {
    plain("displaced", "Cede el lugar: hay demasiadas alertas abiertas", "Makes room: too many alerts are open")
}

fn plain(code: &'static str, es: &str, en: &str) -> Reason {
    Reason { code, text: Both::new(es, en), value: 0.0 }
}

/// Code of the reason that names the topics of a crisis.
pub const TOPICS: &str = "topics";
/// Code of the reason that tells the level.
pub const LEVEL: &str = "level";
/// Topics that a sentence names.
const NAMED: usize = 5;

/// Which topics of one brand are unusual at once, or which one is left.
pub fn together(topics: &[&str]) -> Reason {
    let (shown, more) = topics.split_at(topics.len().min(NAMED));
    let names = shown.join(", ") + if more.is_empty() { "" } else { ", …" };
    let n = topics.len();
    let text = if n == 1 {
        Both::new(format!("Sigue {names}"), format!("{names} goes on"))
    } else {
        Both::new(format!("{n} temas de la marca a la vez: {names}"), format!("{n} topics of the brand at once: {names}"))
    };
    Reason { code: TOPICS, text, value: n as f64 }
}

/// How bad it is for the topic, or for the worst of several.
pub fn level(standing: Standing) -> Reason {
    let (es, en) = match standing.level {
        Level::Calm => ("normal", "normal"),
        Level::Watch => ("vigilancia", "watch"),
        Level::Alert => ("alerta, con muchos autores", "alert, with many authors"),
        Level::Crisis => ("crisis, con tono negativo", "crisis, with a negative tone"),
    };
    let (mas, more) = if standing.recovering { ("; en recuperación", "; recovering") } else { ("", "") };
    let number = standing.level.number();
    let text = Both::new(format!("Nivel {number} de 3: {es}{mas}"), format!("Level {number} of 3: {en}{more}"));
    Reason { code: LEVEL, text, value: f64::from(number) }
}

/// A number of mentions or a ratio as people read it: whole from ten up, and in Spanish with a comma, since
/// there a point parts thousands.
fn amount(n: f64) -> Both {
    let en = if n >= 10.0 { format!("{n:.0}") } else { format!("{n:.1}") };
    Both::new(en.replace('.', ","), en)
}

/// A topic is as usual again.
pub fn usual_again(finding: &Finding) -> Reason {
    let (observed, expected) = (finding.observed.round(), finding.expected);
    let Both { es, en } = amount(expected);
    let text = Both::new(
        format!("De vuelta a lo habitual: {observed}, y se esperan {es}"),
        format!("Back to what is usual: {observed}, and {en} are expected"),
    );
    Reason { code: "usual", text, value: observed }
}

/// A source is down, for so many seconds.
pub fn source_down(source: &str, seconds: i64) -> Reason {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    let text = Both::new(
        format!("La fuente «{source}» está caída desde hace {minutes} min {rest} s"),
        format!("The source “{source}” has been down for {minutes} min {rest} s"),
    );
    Reason { code: "down", text, value: seconds as f64 }
}

/// A source brings far less than usual.
pub fn source_silent(source: &str, finding: &Finding) -> Vec<Reason> {
    let observed = finding.observed.round();
    let usual = amount(finding.expected);
    let text = Both::new(
        format!("La fuente «{source}» trajo {observed} publicaciones en la última hora y media; lo habitual a esta hora es {}", usual.es),
        format!("The source “{source}” brought {observed} posts in the last hour and a half; usual at this hour is {}", usual.en),
    );
    let mut reasons = vec![Reason { code: "silent", text, value: observed }];
    reasons.extend(learning(finding));
    reasons
}

/// A source brings data again.
pub fn source_back(source: &str) -> Reason {
    let text = Both::new(format!("La fuente «{source}» trae datos otra vez"), format!("The source “{source}” brings data again"));
    Reason { code: "back", text, value: 0.0 }
}

fn learning(finding: &Finding) -> Option<Reason> {
    let (es, en) = ("Aprendiendo: aún no conoce dos semanas", "Learning: it does not know two weeks yet");
    finding.learning.then(|| Reason { code: "learning", text: Both::new(es, en), value: 1.0 })
}

/// A topic has more or less than usual.
pub fn unusual(finding: &Finding, direction: Direction) -> Vec<Reason> {
    let (observed, expected) = (finding.observed.round(), finding.expected);
    let (es, en) = match finding.kernel {
        Kernel::Hour => ("en la última hora y media", "in the last hour and a half"),
        Kernel::Bucket => ("en 5 minutos", "in 5 minutes"),
        Kernel::Minutes => ("en 3 minutos", "in 3 minutes"),
    };
    let usual = amount(expected);
    let text = Both::new(
        format!("{} {es}; lo habitual a esta hora es {}", counted(observed as u64, "mención", "menciones"), usual.es),
        format!("{} {en}; usual at this hour is {}", counted(observed as u64, "mention", "mentions"), usual.en),
    );
    let mut reasons = vec![Reason { code: "volume", text, value: observed }];
    let ratio = finding.ratio();
    let times = amount(ratio);
    let text = Both::new(
        format!("{} veces el umbral de alerta de este tema", times.es),
        format!("{} times this topic's bar for an alert", times.en),
    );
    reasons.push(Reason { code: direction.as_str(), text, value: ratio });
    let (rank, peaks) = (finding.rank, finding.peaks);
    let text = match rank {
        0 if peaks == 0 => Both::new("El primer pico que se conoce", "The first peak that is known"),
        0 => Both::new(format!("Supera los {peaks} picos recientes"), format!("Above all {peaks} recent peaks")),
        _ => Both::new(format!("{rank} de {peaks} picos recientes fueron mayores"), format!("{rank} of {peaks} recent peaks were higher")),
    };
    reasons.push(Reason { code: "rank", text, value: f64::from(rank) });
    if finding.again {
        let text = Both::new(
            "El triple que en la alerta anterior, de hace menos de un día",
            "Three times the alert before it, less than a day ago",
        );
        reasons.push(Reason { code: "tripled", text, value: ratio });
    }
    if finding.learning {
        let (es, en) = ("Aprendiendo: aún no conoce dos semanas de este tema", "Learning: it does not know two weeks of this topic yet");
        reasons.push(Reason { code: "learning", text: Both::new(es, en), value: 1.0 });
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_without_doubt() {
        for (n, es, en) in [(57.1, "57", "57"), (9.96, "10,0", "10.0"), (1.44, "1,4", "1.4"), (0.0, "0,0", "0.0")] {
            assert_eq!(amount(n), Both::new(es, en));
        }
    }
}
