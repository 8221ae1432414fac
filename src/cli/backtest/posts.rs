//! Recorded posts: every rule of the configuration, without sending anything.

use std::io::Write;
use std::path::PathBuf;

use super::super::{ConfigArgs, Failure, load, replay};
use super::{Args, spread};
use crate::backtest::recorded::Followed;
use crate::bilingual::Lang;
use crate::config::TopicIds;
use crate::replay::Summary;
use crate::time::HOUR;
use crate::wire;

/// Microseconds of a week.
const WEEK: f64 = 7.0 * 24.0 * HOUR as f64;

pub fn run(args: Args, lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let path = args.config.unwrap_or_else(|| PathBuf::from("escucha.toml"));
    let config = load(&ConfigArgs { config: path }, lang, colour, err)?;
    let recording = replay::Recording { source: args.source.as_deref(), files: args.files, as_recorded: false, speed: None };
    let mut followed = Followed::default();
    let summary = replay::drive(&config, recording, &mut |alert, _| match followed.follow(alert) {
        true => writeln!(out, "{}", wire::alert_json(alert, followed.alerts)),
        false => Ok(()),
    })?;
    let listening = config.listening(&mut TopicIds::default(), 1);
    let topics: Vec<&str> = listening.topics.iter().map(|topic| topic.name.as_str()).collect();
    let view = view(&summary, &followed, &topics);
    writeln!(out, "{}", wire::backtest_json(&view))?;
    writeln!(err, "{}", text(&view, lang))?;
    Ok(())
}

fn view<'a>(summary: &Summary, followed: &Followed, topics: &[&'a str]) -> wire::BacktestView<'a> {
    let weeks = summary.span.map_or(0.0, |(from, to)| to.since(from) as f64 / WEEK);
    wire::BacktestView {
        rows: (summary.received, summary.refused.iter().sum()),
        span: summary.span,
        weeks,
        missing: None,
        alerts: followed.alerts,
        // Of less than a minute nothing can be said.
        per_week: if weeks > 1e-4 { followed.alerts as f64 / weeks } else { 0.0 },
        first: topics.iter().map(|topic| (*topic, followed.first.get(*topic).copied())).collect(),
        delay: spread(&followed.delays()),
    }
}

fn text(view: &wire::BacktestView<'_>, lang: Lang) -> String {
    let ((posts, refused), weeks, alerts, rate) = (view.rows, view.weeks, view.alerts, view.per_week);
    lang.pick(
        format!("{posts} mensajes, {refused} rechazados, {weeks:.2} semanas; {alerts} alertas, {rate:.2} por semana"),
        format!("{posts} posts, {refused} refused, {weeks:.2} weeks; {alerts} alerts, {rate:.2} a week"),
    )
}
