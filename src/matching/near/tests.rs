//! Proximity against its definition, and the work it takes.

use super::*;
use crate::matching::leaf::{Anchored, Test};
use crate::prng::Prng;
use crate::query::{Accents, Term};
use crate::text::Tokens;

/// Leaves `a`, `b`, `a b`, `b*`.
fn leaves() -> Vec<Leaf> {
    let terms = [vec!["a"], vec!["b"], vec!["a", "b"], vec!["b*"]];
    let leaf = |words: &Vec<&str>| {
        let term = Term::Phrase(words.iter().map(|w| w.to_string()).collect());
        Leaf { test: Test::new(&term, Accents::Fold, 0, &|_| None), quoted: false, anchored: Anchored::Range(0, 0) }
    };
    terms.iter().map(leaf).collect()
}

/// All runs of a proximity, by trying everything.
fn naive(spans: &Spans, leaves: &[Leaf], view: View<'_>) -> Vec<Run> {
    let mut out = Vec::new();
    match spans {
        Spans::Nowhere => {}
        Spans::Leaf(i) => leaves[*i as usize].test.runs(view, &mut out),
        Spans::Or(any) => out.extend(any.iter().flat_map(|s| naive(s, leaves, view))),
        Spans::Near { left, right, distance, ordered } => {
            let (left, right) = (naive(left, leaves, view), naive(right, leaves, view));
            let mut pair = |a: &Run, b: &Run| {
                if a.end <= b.start && b.start - a.end <= *distance {
                    out.push(Run { start: a.start, end: b.end });
                }
            };
            for a in &left {
                for b in &right {
                    pair(a, b);
                    if !ordered {
                        pair(b, a);
                    }
                }
            }
        }
        Spans::Within { operands, distance } => {
            let runs: Vec<Vec<Run>> = operands.iter().map(|o| naive(o, leaves, view)).collect();
            let mut chosen = Vec::new();
            choose(&runs, &mut chosen, *distance, &mut out);
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn choose(runs: &[Vec<Run>], chosen: &mut Vec<Run>, distance: u32, out: &mut Vec<Run>) {
    let Some((first, rest)) = runs.split_first() else {
        let (start, end) = (chosen.iter().map(|r| r.start).min().unwrap(), chosen.iter().map(|r| r.end).max().unwrap());
        let own: u32 = chosen.iter().map(|r| r.end - r.start).sum();
        if end - start - own <= distance {
            out.push(Run { start, end });
        }
        return;
    };
    for run in first {
        if chosen.iter().all(|c| c.end <= run.start || run.end <= c.start) {
            chosen.push(*run);
            choose(rest, chosen, distance, out);
            chosen.pop();
        }
    }
}

fn random(prng: &mut Prng, depth: usize) -> Spans {
    let inner = |prng: &mut Prng| Box::new(random(prng, depth - 1));
    match if depth == 0 { 0 } else { prng.index(5) } {
        1 => Spans::Or(vec![*inner(prng), *inner(prng)]),
        2 | 3 => {
            let (left, right) = (inner(prng), inner(prng));
            Spans::Near { left, right, distance: prng.index(4) as u32, ordered: prng.index(2) == 0 }
        }
        4 => {
            let operands = (0..2 + prng.index(2)).map(|_| *inner(prng)).collect();
            Spans::Within { operands, distance: prng.index(4) as u32 }
        }
        _ => Spans::Leaf(prng.index(4) as u32),
    }
}

#[test]
fn proximity_is_as_its_definition_says() {
    let leaves = leaves();
    let mut prng = Prng::new(11);
    let mut found = 0;
    for _ in 0..15_000 {
        let text: Vec<&str> = (0..prng.index(11)).map(|_| ["a", "b", "bc", "x"][prng.index(4)]).collect();
        let text = text.join(" ");
        let mut tokens = Tokens::default();
        tokens.read(&text);
        let view = View { text: &text, tokens: &tokens };
        let spans = random(&mut prng, 3);
        let expected = naive(&spans, &leaves, view);
        let band = spans.band(&mut Places { leaves: &leaves, view, steps: 0 });
        let own: Vec<Run> =
            (0..band.rows()).flat_map(|row| band.ends(row).map(move |end| Run { start: row as u32, end }).collect::<Vec<_>>()).collect();
        assert_eq!(own, expected, "{spans:?} {text}");
        assert_eq!(spans.holds(&leaves, view), !expected.is_empty(), "{spans:?} {text}");
        found += expected.len();
    }
    assert!(found > 10_000, "{found} runs prove little");
}

#[test]
fn long_texts_cross_the_words_of_a_row() {
    let leaves = leaves();
    let near = |left, right, distance| Spans::Near { left: Box::new(left), right: Box::new(right), distance, ordered: true };
    let spans = || near(near(Spans::Leaf(0), Spans::Leaf(0), 50), Spans::Leaf(1), 50);
    for (before, first, second, expected) in
        [(0, 50, 50, true), (63, 50, 50, true), (64, 40, 51, false), (100, 51, 3, false), (65, 0, 0, true)]
    {
        let x = |n: usize| "x ".repeat(n);
        let text = format!("{}a {}a {}b {}", x(before), x(first), x(second), x(70));
        let mut tokens = Tokens::default();
        tokens.read(&text);
        assert_eq!(spans().holds(&leaves, View { text: &text, tokens: &tokens }), expected, "{before} {first} {second}");
    }
}

/// Steps of `spans` on a text of so many words, all `a` but the last.
fn steps(spans: &Spans, words: usize) -> u64 {
    let (text, leaves) = ("a ".repeat(words - 1) + "b", leaves());
    let mut tokens = Tokens::default();
    tokens.read(&text);
    let mut places = Places { leaves: &leaves, view: View { text: &text, tokens: &tokens }, steps: 0 };
    spans.is_in(&mut places);
    places.steps
}

#[test]
fn the_work_grows_as_the_text() {
    let leaf = || Box::new(Spans::Leaf(0));
    let near = |left, right, distance| Box::new(Spans::Near { left, right, distance, ordered: false });
    // What is found is found at the end, so that all is tried.
    let chain = (0..6).fold(leaf(), |left, i| near(left, leaf(), if i % 2 == 0 { 50 } else { 0 }));
    let tree = (0..5).fold(leaf(), |inner, _| near(inner, leaf(), 50));
    let last = |spans: Box<Spans>| Spans::Within { operands: vec![*spans, Spans::Leaf(2)], distance: 0 };
    let words = |n: usize| Spans::Within { operands: (0..n).map(|_| Spans::Leaf(0)).chain([Spans::Leaf(3)]).collect(), distance: 50 };
    let phrases = Spans::Within { operands: (0..8).map(|i| Spans::Leaf(if i == 7 { 2 } else { 0 })).collect(), distance: 50 };
    for (name, spans) in [("chain", last(chain)), ("tree", last(tree)), ("words", words(100)), ("phrases", phrases)] {
        let [short, long] = [1_024, 4_096].map(|n| steps(&spans, n));
        assert!(short > 512 && long <= 5 * short, "{name}: {short} and {long} steps");
    }
}

#[test]
fn the_work_of_near_stays_below_its_bound() {
    let leaf = || Box::new(Spans::Leaf(0));
    for (depth, distance) in [(1, 50), (8, 7), (16, 50), (31, 50)] {
        let spans = (0..depth).fold(leaf(), |left, _| Box::new(Spans::Near { left, right: leaf(), distance, ordered: false }));
        let n = 1_024_u64;
        // The longest run below each NEAR, and what the docs of the module say of it, in both orders.
        let d = u64::from(distance);
        let of = |x: u64, y: u64| n * (2 * (x / (d + 2)) + 9) * ((y + d) / 64 + 3);
        let bound: u64 = (0..depth).map(|i| i * (d + 1) + 1).map(|x| of(x, 1) + of(1, x) + 2 * n * (x / 64 + 3) + 2 * n).sum();
        let (text, leaves) = ("a ".repeat(n as usize), leaves());
        let mut tokens = Tokens::default();
        tokens.read(&text);
        let mut places = Places { leaves: &leaves, view: View { text: &text, tokens: &tokens }, steps: 0 };
        spans.band(&mut places);
        assert!(places.steps <= bound, "{depth} deep: {} steps, {bound} allowed", places.steps);
    }
}

#[test]
fn the_work_of_windows_stays_below_its_bound() {
    let (n, distance) = (1_500_u64, 50);
    // Operands that are everywhere, and one that is only at the end.
    let of = |count: u64, last| (1..count).map(|_| Spans::Leaf(0)).chain([Spans::Leaf(last)]).collect();
    // What it takes to find the operands.
    let found = |k: u64| 2 * k * n;
    for k in [2, 30, 120] {
        let own = steps(&Spans::Within { operands: of(k, 1), distance }, n as usize);
        let bound = found(k) + n * k * (2 * k + u64::from(distance));
        assert!(own <= bound, "{k} words: {own} steps, {bound} allowed");
    }
    for k in [2, 5, within::SUBSETS as u64] {
        let own = steps(&Spans::Within { operands: of(k, 2), distance }, n as usize);
        let bound = found(k) + (n + 1) * (1 << k) * (2 * k + 1);
        assert!(own <= bound, "{k} phrases: {own} steps, {bound} allowed");
    }
}

#[test]
fn a_window_counts_only_tokens_of_no_operand() {
    let leaves = leaves();
    let within = |operands: &[u32], distance| Spans::Within { operands: operands.iter().map(|o| Spans::Leaf(*o)).collect(), distance };
    for (operands, distance, text, expected) in [
        (&[0, 2][..], 2, "a x x a b", true),
        (&[0, 2], 1, "a x x a b", false),
        (&[0, 0], 1, "a x a", true),
        (&[0, 0], 50, "x a x", false),
        (&[1, 3], 0, "bc b", true),
        (&[1, 3], 0, "bc bc", false),
        // More than the sets that are followed.
        (&[0, 0, 0, 0, 0, 0, 0, 0, 2], 1, "a a a a x a a a a a b", true),
        (&[0, 0, 0, 0, 0, 0, 0, 0, 2], 0, "a a a a x a a a a a b", false),
    ] {
        let mut tokens = Tokens::default();
        tokens.read(text);
        let view = View { text, tokens: &tokens };
        assert_eq!(within(operands, distance).holds(&leaves, view), expected, "{operands:?} {text}");
    }
}
