use super::*;
use crate::anomaly::Direction;
use crate::prng::Prng;

/// Eight weeks with a surge, in Madrid, across a change of the clocks.
fn drawn(title: &str, lang: Lang) -> String {
    let first = 20_520 * DAY;
    let zone = Zone::named("Europe/Madrid").expect("a zone");
    let mut picture = Picture::new(zone, Arc::default(), Settings::new(Direction::Spike), (first, first + 56 * DAY - 1));
    let mut prng = Prng::new(4);
    for bucket in (0..56 * DAY).filter(|b| !(30 * DAY..31 * DAY).contains(b)) {
        let mean = if (40 * DAY..40 * DAY + 24).contains(&bucket) { 60.0 } else { 10.0 };
        picture.close(first + bucket, prng.count(mean) as f64, Quality::Whole);
    }
    picture.svg(title, lang)
}

#[test]
fn a_picture_is_sound_markup_in_both_languages() {
    for (lang, words) in [(Lang::Es, ["esperado", "lun 2026-03-30"]), (Lang::En, ["expected", "Mon 2026-03-30"])] {
        let svg = drawn("a<b> & \"c\"\u{7}", lang);
        assert!(words.iter().all(|word| svg.contains(word)), "{svg:.2000}");
        assert!(svg.contains("a&lt;b&gt; &amp; &quot;c&quot; :") && !svg.contains("<b>") && !svg.contains("NaN") && !svg.contains("inf"));
        // Every element ends, and nothing runs or is fetched.
        let count = |what: &str| svg.matches(what).count();
        assert_eq!((count("<svg"), count("</svg>"), count("<text"), count("<script")), (1, 1, count("</text>"), 0));
        assert_eq!(count("http"), 1, "its namespace alone");
        assert_eq!(count("<polygon"), 2, "a gap parts the band");
        let alerts = count("<circle");
        assert!((1..6).contains(&alerts), "{alerts}");
        // Day 40 is 2026-04-17, 00:00 in universal time; the first alert of the surge is at its beginning.
        assert!(svg.contains("2026-04-17 02:"), "civil time of the alert: {}", &svg[svg.len() - 600..]);
    }
    assert!(page(&[drawn("x", Lang::Es)], Lang::Es).starts_with("<!doctype html>\n<html lang=\"es\">"));
}

#[test]
fn little_can_be_drawn_too() {
    for buckets in [0, 1, 2, 50] {
        let mut picture = Picture::new(Zone::utc(), Arc::default(), Settings::new(Direction::Drop), (100, 100 + buckets));
        (0..buckets).for_each(|b| picture.close(100 + b, 0.0, Quality::Whole));
        let svg = picture.svg("x", Lang::En);
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }
    assert_eq!(steps(1.0), [0, 1]);
    assert!(steps(2500.0).contains(&2000) && steps(2500.0).len() < 15);
}
