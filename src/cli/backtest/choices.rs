//! The table of settings, for people: what each would have cost and caught.

use std::fmt::Write;

use crate::anomaly::{Budget, Settings};
use crate::backtest::choices::{Comparison, Outcome, median};
use crate::bilingual::Lang;
use crate::time::MINUTE;
use crate::wire::{ChoiceView, ChoicesView, TargetView};

/// Topics whose tables are printed; the summary has them all.
const TABLES: usize = 12;

/// What settings came to, as the summary has it.
pub fn view(tried: &Comparison) -> ChoicesView<'_> {
    let choice = |o: &Outcome| ChoiceView {
        settings: o.settings,
        asked: o.asked,
        alerts: (o.alerts, tried.per_week(o)),
        targets: (o.caught, o.missed),
        medians: (median(&o.delays), median(&o.leads)),
    };
    let targets = tried.targets.iter();
    ChoicesView {
        named: tried.named,
        weeks: tried.weeks,
        outside: tried.outside,
        targets: targets.map(|t| TargetView { label: &t.label, times: (t.onset, t.peak), size: (t.count, t.surprise) }).collect(),
        settings: tried.outcomes.iter().map(choice).collect(),
    }
}

/// The tables of some topics, and how to read them.
pub fn text(tried: &[(&str, &Comparison)], lang: Lang) -> String {
    let mut text = String::new();
    for (topic, tried) in tried.iter().take(TABLES) {
        text += &table(topic, tried, lang);
        text.push('\n');
    }
    if let Some(more) = tried.len().checked_sub(TABLES).filter(|n| *n > 0) {
        let more = lang.pick(
            format!("Hay {more} temas más en «choices» del resumen.\n\n"),
            format!("{more} more topics are in \"choices\" of the summary.\n\n"),
        );
        text += &more;
    }
    if let Some((_, first)) = tried.first() {
        text += lang.pick(
            "* lo que se pidió. Retardo: del comienzo al aviso. Antelación: del aviso al pico. Medianas de lo captado.\n",
            "* what was asked for. Delay: from onset to alert. Lead: from alert to peak. Medians of what was caught.\n",
        );
        text += caution(first.named, lang);
    }
    text
}

/// What the table does not prove.
fn caution(named: bool, lang: Lang) -> &'static str {
    if named {
        lang.pick(
            "Se sabe ahora y no se sabía entonces: la fila que mejor sale aquí no es una promesa para otras semanas.\n",
            "This is hindsight: the row that looks best here is no promise for other weeks.\n",
        )
    } else {
        lang.pick(
            "Los picos son los mayores de este mismo periodo, medidos como mide el detector: la tabla dice qué deja pasar cada ajuste, \
             no qué se le escapa al método. Se sabe ahora y no se sabía entonces: la fila que mejor sale no es una promesa. \
             Con --events se mide con sucesos conocidos.\n",
            "The peaks are the largest of this very period, measured as the detector measures: the table shows what each setting lets \
             pass, not what the method cannot see. This is hindsight: the row that looks best is no promise. With --events it is \
             measured by known events.\n",
        )
    }
}

fn table(topic: &str, tried: &Comparison, lang: Lang) -> String {
    let (weeks, n) = (lang.decimal(tried.weeks, 1), tried.targets.len());
    let mut text = match tried.named {
        true => lang.pick(format!("{topic}: {weeks} semanas, {n} sucesos"), format!("{topic}: {weeks} weeks, {n} events")),
        false => lang.pick(
            format!("{topic}: {weeks} semanas, los {n} mayores picos (uno por semana a lo sumo)"),
            format!("{topic}: {weeks} weeks, the {n} largest peaks (at most one for each week)"),
        ),
    };
    if tried.outside > 0 {
        let outside = tried.outside;
        let events = if outside == 1 { lang.pick("suceso", "event") } else { lang.pick("sucesos", "events") };
        text += &lang.pick(
            format!("; {outside} {events} fuera de lo que se pudo juzgar"),
            format!("; {outside} {events} outside of what could be judged"),
        );
    }
    text.push('\n');
    let head = lang.pick(
        ["sensibilidad", "presupuesto", "alertas", "por semana", "captados", "perdidos", "retardo", "antelación"],
        ["sensitivity", "budget", "alerts", "a week", "caught", "missed", "delay", "lead"],
    );
    line(&mut text, ' ', head.map(str::to_owned));
    for o in &tried.outcomes {
        let minutes = |micros: Option<i64>| micros.map_or_else(|| "-".to_owned(), |m| format!("{} min", m / MINUTE));
        let fields = [
            sensitivity(&o.settings),
            budget(o.settings.budget),
            o.alerts.to_string(),
            lang.decimal(tried.per_week(o), 2),
            o.caught.to_string(),
            o.missed.to_string(),
            minutes(median(&o.delays)),
            minutes(median(&o.leads)),
        ];
        line(&mut text, if o.asked { '*' } else { ' ' }, fields);
    }
    text
}

fn line(text: &mut String, mark: char, [sensitivity, budget, alerts, rate, caught, missed, delay, lead]: [String; 8]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{mark} {sensitivity:<13} {budget:<16} {alerts:>7} {rate:>10} {caught:>8} {missed:>8} {delay:>9} {lead:>10}");
}

fn sensitivity(settings: &Settings) -> String {
    format!("{}{}", settings.sensitivity, if settings.quick { " quick" } else { "" })
}

/// As it is written in the configuration, whatever the language.
fn budget(budget: Budget) -> String {
    let (alerts, days) = (budget.alerts, budget.days);
    match days {
        7 => format!("{alerts} per week"),
        days if days.is_multiple_of(7) => format!("{alerts} per {} weeks", days / 7),
        days => format!("{alerts} per {days} days"),
    }
}
