//! Recorded posts: every rule of the configuration, without sending anything.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::super::{ConfigArgs, Failure, load, replay};
use super::{Args, choices, draw, known, spread};
use crate::anomaly::{BUCKET, Direction, Settings};
use crate::backtest::choices::{Comparison, Trial};
use crate::backtest::events::Event;
use crate::backtest::picture::Picture;
use crate::backtest::recorded::Followed;
use crate::bilingual::Lang;
use crate::config::TopicIds;
use crate::limits::LISTENED_GAP;
use crate::replay::Summary;
use crate::tally::Quality;
use crate::time::HOUR;
use crate::topic::{Listening, On, TopicId};
use crate::wire;

/// Microseconds of a week.
const WEEK: f64 = 7.0 * 24.0 * HOUR as f64;

pub fn run(args: Args, lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let path = args.config.unwrap_or_else(|| PathBuf::from("escucha.toml"));
    let config = load(&ConfigArgs { config: path }, lang, colour, err)?;
    let known = known(args.events.as_deref(), lang, err)?;
    let recording = replay::Recording { source: args.source.as_deref(), files: args.files, as_recorded: false, speed: None, counts: true };
    let mut followed = Followed::default();
    let summary = replay::drive(&config, recording, &mut |alert, _| match followed.follow(alert) {
        true => writeln!(out, "{}", wire::alert_json(alert, followed.alerts)),
        false => Ok(()),
    })?;
    let listening = config.listening(&mut TopicIds::default(), 1);
    let tried = tried(&listening, &summary, known.as_deref());
    if let Some(path) = &args.picture {
        draw(path, &pictures(&listening, &summary, lang), lang)?;
    }
    let view = view(&summary, &followed, &listening, &tried);
    writeln!(out, "{}", wire::backtest_json(&view))?;
    writeln!(err, "{}\n", text(&view, lang))?;
    let tried: Vec<_> = tried.iter().map(|(topic, tried)| (*topic, tried)).collect();
    write!(err, "{}", choices::text(&tried, lang))?;
    Ok(())
}

/// The settings of the spike rules of a topic.
fn asked(listening: &Listening, topic: TopicId) -> Vec<Settings> {
    let rules = listening.rules.iter().filter(|rule| rule.topics.contains(&topic));
    let asked = rules.filter_map(|rule| if let On::Unusual(s) = rule.on { Some(s) } else { None });
    asked.filter(|s| s.direction == Direction::Spike).collect()
}

/// A picture of every topic that was written about, with the alerts of its first rule on spikes.
fn pictures(listening: &Listening, summary: &Summary, lang: Lang) -> Vec<String> {
    let heard = heard(summary);
    let (Some(first), Some(last)) = (heard.first(), heard.last()) else { return Vec::new() };
    let span = (*first.start(), *last.end());
    let counted = listening.topics.iter().filter_map(|topic| Some((topic, summary.counts.get(topic.name.as_str())?)));
    let drawn = counted.map(|(topic, counts)| {
        let settings = asked(listening, topic.id).first().copied().unwrap_or_else(|| Settings::new(Direction::Spike));
        let mut picture = Picture::new(topic.zone.clone(), topic.calendar.clone(), settings, span);
        for bucket in heard.iter().cloned().flatten() {
            picture.close(bucket, counts.get(&bucket).copied().unwrap_or(0) as f64, Quality::Whole);
        }
        picture.svg(&topic.name, lang)
    });
    drawn.collect()
}

/// What settings beside those of its own rules would have come to, for every topic that was written about.
fn tried<'a>(listening: &'a Listening, summary: &Summary, events: Option<&[Event]>) -> Vec<(&'a str, Comparison)> {
    let heard = heard(summary);
    let counted = listening.topics.iter().filter_map(|topic| Some((topic, summary.counts.get(topic.name.as_str())?)));
    let compared = counted.map(|(topic, counts)| {
        let asked = self::asked(listening, topic.id);
        let concerned: Option<Vec<Event>> = events.map(|all| all.iter().filter(|e| e.concerns(&topic.name)).cloned().collect());
        let mut trial = Trial::new(topic.zone.clone(), topic.calendar.clone(), Direction::Spike, &asked, concerned.as_deref());
        for bucket in heard.iter().cloned().flatten() {
            trial.close(bucket, counts.get(&bucket).copied().unwrap_or(0) as f64, Quality::Whole);
        }
        (topic.name.as_str(), trial.finish())
    });
    compared.collect()
}

/// The buckets that were listened to: from the first post to the last, but for stretches in which no topic
/// had a mention for longer than the engine listens to silence.
fn heard(summary: &Summary) -> Vec<RangeInclusive<i64>> {
    let with: BTreeSet<i64> = summary.counts.values().flat_map(|buckets| buckets.keys().copied()).collect();
    let mut heard: Vec<RangeInclusive<i64>> = Vec::new();
    for bucket in with {
        match heard.last_mut().filter(|stretch| (bucket - stretch.end()) * BUCKET <= LISTENED_GAP) {
            Some(stretch) => *stretch = *stretch.start()..=bucket,
            None => heard.push(bucket..=bucket),
        }
    }
    heard
}

fn view<'a>(
    summary: &Summary,
    followed: &Followed,
    listening: &'a Listening,
    tried: &'a [(&'a str, Comparison)],
) -> wire::BacktestView<'a> {
    let topics = listening.topics.iter().map(|topic| topic.name.as_str());
    let weeks = summary.span.map_or(0.0, |(from, to)| to.since(from) as f64 / WEEK);
    wire::BacktestView {
        rows: (summary.received, summary.refused.iter().sum()),
        span: summary.span,
        weeks,
        missing: None,
        alerts: followed.alerts,
        // Of less than a minute nothing can be said.
        per_week: if weeks > 1e-4 { followed.alerts as f64 / weeks } else { 0.0 },
        first: topics.map(|topic| (topic, followed.first.get(topic).copied())).collect(),
        delay: spread(&followed.delays()),
        choices: tried.iter().map(|(topic, tried)| (*topic, choices::view(tried))).collect(),
    }
}

fn text(view: &wire::BacktestView<'_>, lang: Lang) -> String {
    let (posts, refused) = view.rows;
    let (weeks, alerts, rate) = (lang.decimal(view.weeks, 2), view.alerts, lang.decimal(view.per_week, 2));
    lang.pick(
        format!("{posts} mensajes, {refused} rechazados, {weeks} semanas; {alerts} alertas, {rate} por semana"),
        format!("{posts} posts, {refused} refused, {weeks} weeks; {alerts} alerts, {rate} a week"),
    )
}
