//! Reports that make themselves, and what is measured of the matters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::http::Asker;
use crate::report::{Plan, Scheduled};
use crate::tally::Tally;
use crate::telemetry;
use crate::time::Timestamp;
use crate::wire;

/// From one look at what is due to the next.
const LOOK: Duration = Duration::from_secs(15);

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

/// Writes the report on the last whole period, if it is not there yet.
async fn write(scheduled: &Scheduled, plan: &Arc<Plan>, now: Timestamp, asker: &Asker) {
    let period = scheduled.every.last(now, &scheduled.zone);
    let file = file(scheduled, now);
    if file.exists() {
        return;
    }
    let (asked, brand) = (plan.clone(), scheduled.brand.and_then(|place| plan.brands.get(place)).map(|b| b.name.clone()));
    let made = move |tally: &mut Tally| {
        let subjects = asked.subjects(brand.as_deref()).unwrap_or_default();
        let subjects: Vec<_> = subjects.into_iter().filter(|s| s.own || brand.is_some()).collect();
        asked.report(&subjects, period, |name, from, to| tally.matters_of(name, from, to))
    };
    let Ok(report) = asker.ask(made).await else { return };
    let text = wire::report_as(&report, scheduled.format, scheduled.lang);
    match tokio::task::spawn_blocking(move || put(&file, &text).map_err(|error| (file, error))).await {
        Ok(Ok(file)) => tracing::info!(file = %file.display(), "report written"),
        Ok(Err((file, error))) => tracing::error!(file = %file.display(), %error, "report not written"),
        Err(_) => tracing::error!("a report was not written: its thread ended badly"),
    }
}

/// `weekly-2026-W10.html`.
fn file(scheduled: &Scheduled, now: Timestamp) -> PathBuf {
    let period = scheduled.every.name(now, &scheduled.zone);
    scheduled.path.join(format!("{}-{period}.{}", scheduled.name, scheduled.format.extension()))
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
            path: "informes".into(),
            zone: Zone::named("Europe/Madrid").expect("zone"),
        };
        let now = crate::dates::parse("2021-01-03T23:30:00Z").expect("a time");
        for (every, format, want) in [
            (Every::Day, Format::Csv, "informes/comité-2021-01-03.csv"),
            (Every::Week, Format::Html, "informes/comité-2020-W53.html"),
            (Every::Month, Format::Text, "informes/comité-2020-12.txt"),
        ] {
            assert_eq!(file(&scheduled(every, format), now), PathBuf::from(want));
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
