use super::*;
use crate::alert::Severity;
use crate::share::{Group, Member, Span};
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
        groups: vec![Group { name: "g".into(), members: vec![member(0), member(1)] }],
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
