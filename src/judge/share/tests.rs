use super::*;
use crate::alert::Severity;
use crate::share::{Answering, Fire, Group, Member, Span};
use crate::time::{HOUR, Timestamp};
use crate::topic::Brand;

/// 2026-07-06T10:00:00Z, in panes.
const T: i64 = 1_783_332_000 / 900;

fn listening(on: On) -> Listening {
    let brand = |name: &str| Brand { name: name.into(), ..Brand::default() };
    let member = |brand| Member { brand, market: None };
    let rule = Rule { name: "cuota".into(), on, topics: Vec::new(), severity: Severity::Warning, resolve_after: HOUR };
    Listening {
        version: 1,
        brands: vec![brand("Alfa"), brand("Beta")],
        groups: vec![Group { name: "g".into(), members: vec![member(0), member(1)], population: None }],
        rules: vec![rule],
        ..Listening::default()
    }
}

fn settings(members: u32) -> Settings {
    Settings { group: 0, members, span: Span::H1, significance: 0.01, change: 0.05 }
}

fn judge(members: u32) -> Judge {
    let mut judge = Judge::default();
    judge.adopt(&listening(On::Share(settings(members))), Timestamp(0), &mut Vec::new());
    judge
}

fn close(judge: &mut Judge, pane: i64, now: (u64, u64), before: (u64, u64)) -> Vec<Alert> {
    let mut out = Vec::new();
    let when = Moment { now: pane_start(pane + 1), delayed: false };
    judge.close_share(0, pane, Some(Shift { now, before }), when, Evidence::default, &mut out);
    out
}

fn told(alerts: &[Alert]) -> Vec<String> {
    alerts.iter().map(|a| format!("{} {} {}", a.status.as_str(), a.id, a.observed.mentions)).collect()
}

#[test]
fn the_bar_is_corrected_for_brands_and_looks() {
    // One brand of two and four looks an hour: 0.01 / 4 and 0.01 / 8, two-sided.
    for (members, z) in [(0b01, 3.023), (0b11, 3.227)] {
        let judge = judge(members);
        assert_eq!(judge.share_watches().len(), members.count_ones() as usize);
        assert!((judge.share_watches()[0].bar.z - z).abs() < 5e-4, "{:?}", judge.share_watches()[0].bar);
    }
}

#[test]
fn what_fires_and_what_does_not() {
    for (now, before, fires) in [
        // 60 % after 40 %: z = 4.0.
        ((120, 200), (80, 200), true),
        ((80, 200), (120, 200), true),
        // z = 2.8, below the bar.
        ((70, 100), (50, 100), false),
        // Significant, z = 9.0, and no change worth telling: 4 points.
        ((54_000, 100_000), (52_000, 100_000), false),
        // Too few to test.
        ((4, 4), (0, 4), false),
        // Nothing was said of the group before, or now.
        ((50, 100), (0, 0), false),
        ((0, 0), (50, 100), false),
        ((0, 200), (100, 200), true),
    ] {
        assert_eq!(!close(&mut judge(0b01), T, now, before).is_empty(), fires, "{now:?} {before:?}");
    }
    let mut out = Vec::new();
    judge(0b01).close_share(0, T, None, Moment { now: pane_start(T), delayed: false }, Evidence::default, &mut out);
    assert!(out.is_empty(), "two whole windows have not been heard");
}

#[test]
fn one_alert_goes_on_grows_and_resolves() {
    let mut judge = judge(0b01);
    let id = "cuota/Alfa/2026-07-06T09:15Z";
    assert_eq!(told(&close(&mut judge, T, (120, 200), (80, 200))), [format!("firing {id} 120")]);
    // The same change is no news; five points more are.
    assert!(close(&mut judge, T + 1, (122, 200), (80, 200)).is_empty());
    assert_eq!(told(&close(&mut judge, T + 2, (140, 200), (80, 200))), [format!("firing {id} 140")]);
    // Below the bar of 3.02, and above what lets go: z = 2.4.
    assert!(close(&mut judge, T + 3, (104, 200), (80, 200)).is_empty());
    assert_eq!(told(&close(&mut judge, T + 4, (96, 200), (80, 200))), [format!("resolved {id} 96")]);
    // Going back to what it was before is no news, and going further down is.
    assert!(close(&mut judge, T + 5, (82, 200), (140, 200)).is_empty());
    assert_eq!(told(&close(&mut judge, T + 6, (40, 200), (140, 200))), ["firing cuota/Alfa/2026-07-06T10:45Z 40"]);
    // The other way round it is another alert.
    assert_eq!(told(&close(&mut judge, T + 7, (170, 200), (60, 200))), ["resolved cuota/Alfa/2026-07-06T10:45Z 170"]);
    assert_eq!(told(&close(&mut judge, T + 20, (170, 200), (60, 200))), ["firing cuota/Alfa/2026-07-06T14:15Z 170"]);
}

#[test]
fn it_says_why_in_both_languages() {
    let alert = close(&mut judge(0b11), T, (120, 200), (80, 200)).remove(0);
    assert_eq!((alert.topic.as_str(), alert.brand.as_str(), alert.on, alert.threshold), ("", "Alfa", "share", 90));
    assert_eq!(alert.started_at, pane_start(T - 3));
    let texts: Vec<(&str, &str)> = alert.reasons.iter().map(|r| (r.text.es.as_str(), r.text.en.as_str())).collect();
    let want = [
        (
            "Alfa: 60,0 % de las menciones de g en 1 hora (120 de 200); en la ventana anterior, 40,0 %",
            "Alfa: 60.0% of the mentions of g in 1 hour (120 of 200); in the window before, 40.0%",
        ),
        ("+20,0 puntos (intervalo del 95 %: de +10,2 a +29,2)", "+20.0 points (95% interval: +10.2 to +29.2)"),
        (
            "Prueba z de dos proporciones: z = 4,00, p = menos de 0,0001; umbral 3,23: 1,0 % entre 2 marcas y 4 miradas (Bonferroni)",
            "Two-proportion z-test: z = 4.00, p = less than 0.0001; bar 3.23: 1.0% over 2 brands and 4 looks (Bonferroni)",
        ),
        ("Sin republicaciones; lo que se repite cuenta una vez", "Without reposts; what is repeated counts once"),
    ];
    assert_eq!(texts, want);
}

#[test]
fn a_reload_keeps_what_goes_on_and_ends_what_nobody_watches() {
    let mut judge = judge(0b01);
    close(&mut judge, T, (120, 200), (80, 200));
    let mut out = Vec::new();
    judge.adopt(&listening(On::Share(Settings { change: 0.1, ..settings(0b01) })), Timestamp(0), &mut out);
    assert!(out.is_empty(), "{out:?}");
    judge.adopt(&listening(On::Share(settings(0b10))), pane_start(T + 1), &mut out);
    assert_eq!(told(&out), ["resolved cuota/Alfa/2026-07-06T09:15Z 120"]);
    assert_eq!(out[0].reasons[0].code, "rule_removed");
}

fn answering(negative: u64, direct: u64, replies: u64) -> Answering {
    Answering { negative, direct, replies }
}

fn heard(judge: &mut Judge, pane: i64, now: Answering, before: Answering) -> Vec<Alert> {
    let mut out = Vec::new();
    let when = Moment { now: pane_start(pane + 1), delayed: false };
    judge.close_unanswered(0, pane, Some(Fire { now, before }), when, Evidence::default, &mut out);
    out
}

fn unanswered() -> Judge {
    let mut judge = Judge::default();
    judge.adopt(&listening(On::Unanswered(Settings { change: 0.25, ..settings(0b01) })), Timestamp(0), &mut Vec::new());
    judge
}

#[test]
fn silence_under_fire_takes_both() {
    // One brand and four looks, one-sided: 0.01 / 4.
    assert!((unanswered().share_watches()[0].bar.z - 2.807).abs() < 5e-4);
    let calm = answering(12, 60, 40);
    for (now, before, fires) in [
        (answering(48, 60, 10), calm, true),
        // Criticism rises and is answered as before.
        (answering(48, 60, 40), calm, false),
        (answering(48, 180, 120), calm, false),
        // It rises threefold, and so do those who speak to the brand: as many replies as ever are a third of them.
        (answering(48, 180, 40), calm, true),
        // Nobody is angrier than before.
        (answering(12, 60, 5), calm, false),
        (answering(14, 60, 0), calm, false),
        // From nothing.
        (answering(30, 60, 5), answering(0, 60, 40), true),
        // The brand never replied, or nobody spoke to it.
        (answering(48, 60, 0), answering(12, 60, 0), false),
        (answering(48, 0, 0), calm, false),
        // Beyond chance, and no change worth telling: a tenth more, a fifth less.
        (answering(11_000, 60_000, 32_000), answering(10_000, 60_000, 40_000), false),
        // Too few.
        (answering(6, 4, 0), answering(0, 4, 3), false),
    ] {
        assert_eq!(!heard(&mut unanswered(), T, now, before).is_empty(), fires, "{now:?} {before:?}");
    }
    let (mut judge, mut out) = (unanswered(), Vec::new());
    judge.close_unanswered(0, T, None, Moment { now: pane_start(T), delayed: false }, Evidence::default, &mut out);
    assert!(out.is_empty(), "two whole windows have not been heard");
}

#[test]
fn silence_grows_and_ends_with_either() {
    let (mut judge, calm) = (unanswered(), answering(12, 60, 40));
    let id = "cuota/Alfa/2026-07-06T09:15Z";
    assert_eq!(told(&heard(&mut judge, T, answering(48, 60, 10), calm)), [format!("firing {id} 48")]);
    assert!(heard(&mut judge, T + 1, answering(60, 60, 10), calm).is_empty(), "no news");
    assert_eq!(told(&heard(&mut judge, T + 2, answering(96, 60, 10), calm)), [format!("firing {id} 96")]);
    // Below the bar of 2.81, and above what lets go.
    assert!(heard(&mut judge, T + 3, answering(26, 60, 10), calm).is_empty());
    // The brand answers.
    assert_eq!(told(&heard(&mut judge, T + 4, answering(96, 60, 38), calm)), [format!("resolved {id} 96")]);
    assert_eq!(told(&heard(&mut judge, T + 5, answering(96, 60, 5), calm)), ["firing cuota/Alfa/2026-07-06T10:30Z 96"]);
    // It goes on in silence, and nobody minds any more.
    let over = heard(&mut judge, T + 6, answering(90, 60, 5), answering(96, 60, 40));
    assert_eq!(told(&over), ["resolved cuota/Alfa/2026-07-06T10:30Z 90"]);
    assert_eq!(over[0].reasons[0].code, "no_longer");
}

#[test]
fn silence_says_why_in_both_languages() {
    let alert = heard(&mut unanswered(), T, answering(48, 60, 10), answering(12, 60, 40)).remove(0);
    assert_eq!((alert.topic.as_str(), alert.brand.as_str(), alert.on, alert.threshold), ("", "Alfa", "unanswered", 32));
    let texts: Vec<(&str, &str)> = alert.reasons.iter().map(|r| (r.text.es.as_str(), r.text.en.as_str())).collect();
    let want = [
        (
            "Alfa: 48 menciones negativas en 1 hora; en la ventana anterior, 12",
            "Alfa: 48 negative mentions in 1 hour; in the window before, 12",
        ),
        (
            "Respuestas propias por mención directa: 0,17 (10 a 60); en la ventana anterior, 0,67 (40 a 60)",
            "Own replies to a direct mention: 0.17 (10 to 60); in the window before, 0.67 (40 to 60)",
        ),
        (
            "Suben las negativas: z = 4,52 (binomial); bajan las respuestas: z = 3,62 (dos proporciones); umbral de ambas 2,81: 1,0 % entre marcas (1) y miradas (4) (Bonferroni)",
            "Negative mentions rise: z = 4.52 (binomial); replies fall: z = 3.62 (two proportions); bar of both 2.81: 1.0% over brands (1) and looks (4) (Bonferroni)",
        ),
        ("Sin republicaciones; lo que se repite cuenta una vez", "Without reposts; what is repeated counts once"),
    ];
    assert_eq!(texts, want);
}

#[test]
fn another_kind_of_rule_takes_nothing_over() {
    let mut judge = unanswered();
    heard(&mut judge, T, answering(48, 60, 10), answering(12, 60, 40));
    let mut out = Vec::new();
    judge.adopt(&listening(On::Share(settings(0b01))), pane_start(T + 1), &mut out);
    assert_eq!(told(&out), ["resolved cuota/Alfa/2026-07-06T09:15Z 48"]);
}
