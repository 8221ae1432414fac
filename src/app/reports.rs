//! Reports that make themselves, as files and for people, and what is measured of the matters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Address, Delivery};
use crate::http::Asker;
use crate::notifiers::{Attached, Paper};
use crate::report::{self, Format, Plan, Report, Scheduled};
use crate::tally::Tally;
use crate::telemetry;
use crate::time::Timestamp;
use crate::wire;

/// From one look at what is due to the next.
const LOOK: Duration = Duration::from_secs(15);
/// The same while no time is known yet.
const SOON: Duration = Duration::from_secs(1);
/// A mail that is on its way at the stop has this long.
const LAST: Duration = Duration::from_secs(5);

/// Writes what is due, and shows the meters who waits, until the stop. A report whose file is there is done, so
/// that a restart makes none twice; of the periods that were missed meanwhile only the last is made up for.
pub async fn keep(asker: Asker, plan: Arc<ArcSwap<Plan>>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut shown = BTreeMap::new();
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        let plan = plan.load_full();
        let asked = plan.clone();
        // Busy or closed: the next look tells.
        let look = move |tally: &mut Tally| (tally.now(), waiting(tally, &asked), tally.incidents().dropped());
        let Ok((now, waiting, dropped)) = asker.ask(look).await else { continue };
        telemetry::care_dropped().absolute(dropped);
        show(waiting, &mut shown);
        for scheduled in plan.scheduled.iter().filter(|_| now != Timestamp::MIN) {
            write(scheduled, &plan, now, &asker).await;
        }
    }
}

/// Open matters of ours in which the customer waits, by section and age.
fn waiting(tally: &Tally, plan: &Plan) -> BTreeMap<(String, &'static str), u64> {
    let own = |name: &str| plan.brands.iter().any(|b| b.own && b.name == name);
    let now = tally.now();
    let mut all = BTreeMap::new();
    if plan.brands.iter().any(|b| b.own) {
        // There from the start, so that nobody waiting is a 0 and not nothing.
        all.extend(crate::figures::ages().map(|age| ((String::new(), age), 0)));
    }
    for (incident, _) in tally.incidents().all().filter(|(i, _)| i.state().waits_for_us() && own(&i.brand)) {
        let Some(since) = incident.waiting_since else { continue };
        // A label is a name from the configuration and nothing that anybody may type.
        let section = incident.tag(crate::incident::Field::Section).unwrap_or("");
        let section = if section.is_empty() || plan.sections.contains(section) { section } else { "other" };
        *all.entry((section.to_owned(), crate::figures::age(now.since(since)))).or_insert(0) += 1;
    }
    all
}

/// The gauges; what is no longer there goes to 0.
fn show(waiting: BTreeMap<(String, &'static str), u64>, shown: &mut BTreeMap<(String, &'static str), u64>) {
    shown.retain(|key, _| !waiting.contains_key(key));
    shown.iter().for_each(|((section, age), _)| telemetry::incidents_open(section, age).set(0.0));
    waiting.iter().for_each(|((section, age), n)| telemetry::incidents_open(section, age).set(*n as f64));
    shown.extend(waiting);
}

/// Sends what is due to people, each report once to each target, until the stop; as with files, only the last of the
/// periods that were missed is made up for.
pub async fn send(asker: Asker, plan: Arc<ArcSwap<Plan>>, delivery: Delivery, stop: CancellationToken) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        let plan = plan.load_full();
        let look = async {
            let Ok(now) = asker.ask(|tally: &mut Tally| tally.now()).await else { return };
            if now == Timestamp::MIN {
                beat.reset_after(SOON);
            }
            for scheduled in plan.scheduled.iter().filter(|s| !s.to.is_empty() && now != Timestamp::MIN) {
                post(scheduled, &plan, now, &asker, &delivery).await;
            }
        };
        let mut look = std::pin::pin!(look);
        tokio::select! {
            () = &mut look => {}
            () = stop.cancelled() => {
                // What is on its way may arrive. Whoever is sent it once more gets the same mail, by its id.
                let _ = tokio::time::timeout(LAST, look).await;
                return;
            }
        }
    }
}

/// Sends the report on the last whole period to those who do not have it yet.
async fn post(scheduled: &Scheduled, plan: &Arc<Plan>, now: Timestamp, asker: &Asker, delivery: &Delivery) {
    let period = scheduled.every.name(now, &scheduled.zone);
    for target in &scheduled.to {
        let address = Address { report: scheduled.name.clone(), target: target.clone() };
        // Without a store a file says what was sent.
        let mark = scheduled.path.as_ref().filter(|_| !delivery.lasts());
        let mark = mark.map(|folder| folder.join(format!("{}-{period}.{target}.sent", scheduled.name)));
        if !delivery.owes(&address, &period) || mark.as_ref().is_some_and(|mark| mark.exists()) {
            continue;
        }
        let Some(report) = made(scheduled, plan, now, asker).await else { return };
        if !delivery.send(&address, &period, &paper(scheduled, &report, &period)).await {
            continue;
        }
        let Some(mark) = mark else { continue };
        let text = format!("{now}\n");
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || put(&mark, &text)).await {
            tracing::error!(report = scheduled.name, %error, "that it was sent is not written down: it is sent again after a restart");
        }
    }
}

/// What is sent: the head figures, and the whole report behind them or beside them.
fn paper(scheduled: &Scheduled, report: &Report, period: &str) -> Paper {
    let Scheduled { name, format, lang, .. } = scheduled;
    let (whole, mut text) = (wire::report_as(report, *format, *lang), report::summary(report, *lang));
    let mime = match format {
        Format::Text => {
            text = format!("{text}\n\n{whole}");
            None
        }
        Format::Json => Some("application/json"),
        Format::Csv => Some("text/csv; charset=utf-8"),
        Format::Html => Some("text/html; charset=utf-8"),
    };
    let attached = mime.map(|mime| Attached { name: format!("{name}-{period}.{}", format.extension()), mime, content: whole });
    Paper { subject: report::subject(report, *lang), text, attached, key: format!("report/{name}/{period}") }
}

/// The report on the last whole period; `None` if the engine does not answer.
async fn made(scheduled: &Scheduled, plan: &Arc<Plan>, now: Timestamp, asker: &Asker) -> Option<Report> {
    let period = scheduled.every.last(now, &scheduled.zone);
    let (asked, brand) = (plan.clone(), scheduled.brand.and_then(|place| plan.brands.get(place)).map(|b| b.name.clone()));
    let made = move |tally: &mut Tally| {
        let subjects = asked.subjects(brand.as_deref()).unwrap_or_default();
        let subjects: Vec<_> = subjects.into_iter().filter(|s| s.own || brand.is_some()).collect();
        asked.report(&subjects, period, |name, from, to| tally.matters_of(name, from, to))
    };
    asker.ask(made).await.ok()
}

/// Writes the report on the last whole period, if it is to become a file and is not there yet.
async fn write(scheduled: &Scheduled, plan: &Arc<Plan>, now: Timestamp, asker: &Asker) {
    let Some(file) = file(scheduled, now).filter(|file| !file.exists()) else { return };
    let Some(report) = made(scheduled, plan, now, asker).await else { return };
    let text = wire::report_as(&report, scheduled.format, scheduled.lang);
    match tokio::task::spawn_blocking(move || put(&file, &text).map_err(|error| (file, error))).await {
        Ok(Ok(file)) => tracing::info!(file = %file.display(), "report written"),
        Ok(Err((file, error))) => tracing::error!(file = %file.display(), %error, "report not written"),
        Err(_) => tracing::error!("a report was not written: its thread ended badly"),
    }
}

/// `weekly-2026-W10.html`.
fn file(scheduled: &Scheduled, now: Timestamp) -> Option<PathBuf> {
    let period = scheduled.every.name(now, &scheduled.zone);
    Some(scheduled.path.as_ref()?.join(format!("{}-{period}.{}", scheduled.name, scheduled.format.extension())))
}

/// Whole or not at all: a file under its name is a report that is done.
fn put(file: &Path, text: &str) -> std::io::Result<PathBuf> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = file.with_extension("part");
    std::fs::write(&part, text)?;
    std::fs::rename(&part, file)?;
    Ok(file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bilingual::Lang;
    use crate::report::{Every, Format};
    use crate::time::Zone;

    #[test]
    fn a_report_has_one_file_for_each_period() {
        let scheduled = |every, format| Scheduled {
            name: "comité".into(),
            every,
            format,
            lang: Lang::Es,
            brand: None,
            path: Some("informes".into()),
            to: Vec::new(),
            zone: Zone::named("Europe/Madrid").expect("zone"),
        };
        let now = crate::dates::parse("2021-01-03T23:30:00Z").expect("a time");
        for (every, format, want) in [
            (Every::Day, Format::Csv, "informes/comité-2021-01-03.csv"),
            (Every::Week, Format::Html, "informes/comité-2020-W53.html"),
            (Every::Month, Format::Text, "informes/comité-2020-12.txt"),
        ] {
            assert_eq!(file(&scheduled(every, format), now), Some(PathBuf::from(want)));
        }
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a/b.html");
        put(&file, "texto").expect("written");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "texto");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).expect("a folder").count(), 1);
    }
}
