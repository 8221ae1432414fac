//! Silence under fire, from the posts on: alerts are those of a twin that counts every window anew and tests it
//! by the formulas of the books.

use super::*;
use escucha::alert::Status;

/// A rule that fires often. One-sided, 0.2 over four brands and four looks: beyond 2.2414 with the chance 0.0125.
const RULE: &str = "
[[alert]]
name = 'silencio'
on = 'unanswered'
group = 'sector'
window = '1h'
significance = 0.2
change = 30
";
const BAR: f64 = 2.2414;
const CHANGE: f64 = 0.3;
const HOURS: u64 = 30;
const NEGATIVE: [&str; 3] = ["pésimo servicio de ladrones", "una vergüenza, me robaron", "qué asco, no funciona nada"];

/// A word that no other text has.
fn word(i: usize) -> String {
    let letters: Vec<char> = ('a'..='t').collect();
    (0..5).map(|k| letters[i / 20usize.pow(k) % 20]).chain("ez".chars()).collect()
}

/// What is said to two brands, and what they answer, by a mood for each hour.
fn talk(seed: u64) -> Vec<Value> {
    let mut random = Prng::new(seed);
    let mut all: Vec<Value> = Vec::new();
    for quarter in 0..HOURS * 4 {
        for brand in ["alfa", "beta"] {
            if quarter % 4 == 0 {
                all.push(line(&all.len().to_string(), at(quarter as i64 * 15), "eva", &format!("@{brand} hola")));
            }
            // Now and then many complain, or few are answered, or both.
            let mood = Prng::new(seed ^ (quarter / 5) << 8 ^ u64::from(brand == "beta")).below(4);
            let (angry, calm) = if mood & 1 != 0 { (9, 4) } else { (2, 4) };
            let answered = if mood & 2 != 0 { 1 } else { 5 };
            for _ in 0..random.below(2 * angry + 1) + random.below(2 * calm + 1) {
                let i = all.len();
                let tone = if random.below(angry + calm) < angry { *random.pick(&NEGATIVE) } else { "buenas tardes desde casa" };
                let sign = if random.below(6) == 0 { "" } else { "@" };
                let when = at(quarter as i64 * 15).plus(random.below(900) as i64 * SECOND);
                let mut post = line(&i.to_string(), when, &format!("u{i}"), &format!("{sign}{brand} {tone} {}", word(i)));
                if random.below(8) == 0 {
                    post["repost_of"] = json!({"id": random.below(i as u64).to_string(), "author": "eva"});
                }
                all.push(post);
                if random.below(7) < answered {
                    let mut reply = own(&all.len().to_string(), when.plus(SECOND), brand, "hola, lo vemos");
                    reply["in_reply_to"] = json!({"id": i.to_string(), "author": format!("u{i}")});
                    all.push(reply);
                }
                // Neither is a reply to a customer: what is published, and what is passed on.
                if random.below(9) == 0 {
                    let mut other = own(&all.len().to_string(), when, brand, "novedades");
                    if random.below(2) == 0 {
                        other["repost_of"] = json!({"id": "1", "author": "eva"});
                    }
                    all.push(other);
                }
            }
        }
    }
    all.sort_by_key(|post| post["created_at"].as_str().map(str::to_owned));
    all
}

fn pane(post: &Value) -> i64 {
    let at: jiff::Timestamp = post["created_at"].as_str().and_then(|t| t.parse().ok()).expect("a time");
    pane_of(Timestamp(at.as_microsecond()))
}

/// Whether both tests are beyond `part` of the bar and of the change; each as (now, before).
fn is_silent(negative: (f64, f64), direct: (f64, f64), replies: (f64, f64), part: f64) -> bool {
    let ((n, m), (d, e), (r, s)) = (negative, direct, replies);
    if n + m < 10.0 || d == 0.0 || e == 0.0 || s == 0.0 {
        return false;
    }
    let rise = (n - m - 1.0) / (n + m).sqrt();
    // The square root of the chi-square of the table of replies and mentions, now and before.
    let all = d + e + r + s;
    let (rows, columns) = ((r + d, s + e), (r + s, d + e));
    let least = columns.0.min(columns.1) / all * rows.0.min(rows.1);
    let fall = (s * d - r * e) * (all / (rows.0 * rows.1 * columns.0 * columns.1)).sqrt();
    least >= 5.0 && rise >= part * BAR && fall >= part * BAR && n >= m * (1.0 + part * CHANGE) && r / d <= (1.0 - part * CHANGE) * s / e
}

#[test]
fn alerts_are_those_of_a_twin_that_counts_anew() {
    let (mut fired, mut over) = (0, 0);
    for seed in 0..8 {
        let mut engine = World::new(&format!("{CONFIG}{RULE}"));
        let brand_of: BTreeMap<String, String> = ["Alfa", "Beta"].map(|b| (b.to_lowercase(), b.to_owned())).into();
        let lines = talk(seed);
        let (mut kept, mut told, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for quarter in 0..=(HOURS + 1) as i64 * 4 {
            let mine: Vec<Value> = lines.iter().filter(|l| pane(l) == pane_of(START) + quarter).cloned().collect();
            engine.feed(&mine);
            engine.tick(at(quarter * 15 + 14));
            engine.tick(at(quarter * 15 + 17));
            for event in engine.events.drain(..) {
                match event {
                    Event::Mention(m) => kept.push(Kept::new(&m, &brand_of)),
                    // Its growth is told, too.
                    Event::Alert(a) if a.status == Status::Resolved || ids.insert(a.id.clone()) => {
                        told.push(format!("{} {} {}", a.status.as_str(), a.brand, a.observed.mentions));
                    }
                    _ => {}
                }
            }
        }
        let mut want = Vec::new();
        let mut firing = [false; 2];
        for end in pane_of(START) + 8..=pane_of(START) + (HOURS + 1) as i64 * 4 {
            for (i, brand) in ["Alfa", "Beta"].into_iter().enumerate() {
                let of = |from: i64| {
                    let counted = &recount(&kept, &[brand], &BTreeSet::new(), (from, from + 4), Counting::OWN_WORDS)[0];
                    let is_reply = |l: &&Value| l["author"]["handle"] == brand.to_lowercase() && !l["in_reply_to"].is_null();
                    let replies = lines.iter().filter(is_reply).filter(|l| (from..from + 4).contains(&pane(l))).count() as f64;
                    (counted.negative, counted.direct, replies)
                };
                let ((n, d, r), (m, e, s)) = (of(end - 4), of(end - 8));
                let silent = is_silent((n, m), (d, e), (r, s), if firing[i] { 0.7 } else { 1.0 });
                if silent != firing[i] {
                    want.push(format!("{} {brand} {n}", if silent { "firing" } else { "resolved" }));
                    firing[i] = silent;
                }
            }
        }
        assert_eq!(told, want, "seed {seed}");
        fired += want.iter().filter(|w| w.starts_with("firing")).count();
        over += want.iter().filter(|w| w.starts_with("resolved")).count();
    }
    assert!(fired > 10 && over > 10, "the worlds are too calm: {fired} {over}");
}
