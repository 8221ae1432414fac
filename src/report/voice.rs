//! How much of what is said of a group is said of each brand, as a part of the report: the tally counts it
//! and `indicators` makes the figures; here they become rows like all others.

use crate::figures::{Facts, Figure, Form, Key, Name, Reason, Spec, Unit};
use crate::indicators;
use crate::tally::{BrandVoice, GroupKnown};

const fn name(name: &'static str, form: Form, es: &'static str, en: &'static str) -> Name {
    Name { name, title: (es, en), form }
}

/// Share of voice, its change, copies, tone, engagement and concentration, for each group of the brand.
pub static SPEC: Spec = Spec {
    name: "share-of-voice",
    title: ("Cuota de voz", "Share of voice"),
    explain: (
        "Menciones de cada marca entre las de todas las de su grupo, con republicaciones y copias. Cambio: frente al periodo anterior de igual longitud, sin unas ni otras; \
         p de la prueba z de dos proporciones, bilateral. Interacción: (me gusta + comentarios + compartidos) / publicaciones propias que traen las tres cifras. \
         Copias: menciones que dicen lo que otra anterior, entre todas. Negativas: sin republicaciones ni copias. HHI: suma de los cuadrados de las cuotas. Se guarda para periodos de hasta 7 días que acabaron hace menos de 7.",
        "Mentions of each brand among those of all brands of its group, reposts and copies included. Change: against the period before of the same length, without either; p of \
         the two-proportion z-test, two-sided. Engagement: (likes + comments + shares) / own posts that carry all three counts. Copies: mentions that say what one before them said, among all. Negative: without reposts and copies. HHI: sum of the squares of the shares. It is kept for periods of 7 days at most that ended less than 7 days ago.",
    ),
    names: &[
        name("hhi", Form::Card, "HHI, concentración", "HHI, concentration"),
        name("largest_two", Form::Card, "las dos mayores juntas", "the two largest together"),
        name("share", Form::Column, "cuota", "share"),
        name("change", Form::Column, "cambio, en puntos", "change, in points"),
        name("p", Form::Column, "p", "p"),
        name("copies", Form::Column, "copias", "copies"),
        name("hashtags", Form::Column, "republicaciones con #", "reposts with #"),
        name("negative", Form::Column, "negativas", "negative"),
        name("per_million", Form::Column, "por millón de personas", "per million people"),
        name("engagement", Form::Column, "interacción por publicación", "engagement per post"),
        name("posts_per_day", Form::Column, "publicaciones por día", "posts per day"),
    ],
    figures: |_: &Facts<'_>| vec![Figure::new("share", Unit::Share, Err(Reason::NotKept))],
};

/// The figures of the groups, or why there are none.
pub fn figures(groups: &[GroupKnown]) -> Vec<Figure> {
    if groups.is_empty() {
        return vec![Figure::new("share", Unit::Share, Err(Reason::NotKept))];
    }
    groups.iter().flat_map(of_group).collect()
}

fn of_group(known: &GroupKnown) -> Vec<Figure> {
    let (group, found) = (&known.name, &known.all);
    let two = ratio("largest_two", Unit::Share, &found.largest_two);
    let hhi = Figure::new("hhi", Unit::Number, found.concentration.ok_or(Reason::Nothing));
    let mut out: Vec<Figure> = [hhi, two].map(|f| f.about(Key::name(group))).into();
    for brand in &found.brands {
        let rows = [
            row(brand, "share", ("share-of-voice", "share"), Unit::Share),
            row(brand, "change", ("change", "difference"), Unit::Share),
            row(brand, "p", ("change", "p"), Unit::Number),
            row(brand, "copies", ("copies", "dup_ratio"), Unit::Share),
            row(brand, "hashtags", ("hashtags", "hashtag_share"), Unit::Share),
            row(brand, "negative", ("negative", "negative_share"), Unit::Share),
            per_million(brand),
            row(brand, "engagement", ("engagement", "engagement"), Unit::Number),
            row(brand, "posts_per_day", ("engagement", "posts_per_day"), Unit::Number),
        ];
        out.extend(rows.map(|f| f.about(Key::name(&brand.name)).about(Key::name(group))));
    }
    out
}

/// Mentions per million people, if it is known how many there are.
fn per_million(brand: &BrandVoice) -> Figure {
    let found = row(brand, "per_million", ("per-million", "mentions"), Unit::Number);
    if found.denominator == Some(0) { Figure::new("per_million", Unit::Number, Err(Reason::NotSet)) } else { found }
}

/// A figure of `indicators`, by the names of its indicator and its own.
fn row(brand: &BrandVoice, name: &'static str, (indicator, figure): (&str, &str), unit: Unit) -> Figure {
    let found = brand.figures.iter().find(|(i, _)| *i == indicator).and_then(|(_, figures)| figures.iter().find(|(n, _)| *n == figure));
    match found {
        Some((_, indicators::Figure::Ratio(found))) => ratio(name, unit, found),
        Some((_, indicators::Figure::Number(Some(n)))) => Figure::new(name, unit, Ok(*n)),
        _ => Figure::new(name, unit, Err(Reason::Nothing)),
    }
}

fn ratio(name: &'static str, unit: Unit, ratio: &indicators::Ratio) -> Figure {
    // Days listened to are no whole number.
    let whole = |n: f64| (n.fract() == 0.0).then_some(n as u64);
    let figure = Figure::new(name, unit, ratio.value().ok_or(Reason::Nothing));
    Figure { numerator: ratio.numerator.and_then(whole), denominator: whole(ratio.denominator), ..figure }
}
