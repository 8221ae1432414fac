//! Lists of terms with points, found in a text token by token.
//!
//! A list is plain text: one `points term` a line, `#` starts a comment. Terms are read by the same
//! [`Tokens`] as posts are, so that case, accents and apostrophes make no difference.

use crate::text::{TokenKind, Tokens};

/// One term after its first word.
#[derive(Debug, Clone)]
struct Term {
    rest: Vec<u64>,
    points: i16,
}

/// A compiled list.
#[derive(Debug)]
pub struct Lexicon {
    /// Open addressing: hash of the first word (0 is free) and its range in `terms`.
    slots: Vec<(u64, u32, u32)>,
    /// Terms with the same first word stand together, longest first.
    terms: Vec<Term>,
}

/// A term that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its points, as listed.
    pub points: i16,
    /// How many tokens before it the nearest word of its clause stands that denies it.
    pub denial: Option<usize>,
    /// A word just before it strengthens it.
    pub intensified: bool,
    /// Index of its first token.
    pub first: usize,
    /// How many tokens it has.
    pub length: usize,
}

impl Found {
    /// Whether it is denied at all.
    pub fn is_negated(&self) -> bool {
        self.denial.is_some()
    }
}

impl Lexicon {
    /// Compiles lists; a line that is no `points term` is skipped (a test holds ours to the form).
    pub fn new(lists: &[&str]) -> Lexicon {
        let mut tokens = Tokens::default();
        let mut read: Vec<(u64, Term)> = Vec::new();
        for (points, term) in lists.iter().flat_map(|l| entries(l)).flatten() {
            tokens.read(term);
            let mut words = tokens.tokens().iter().map(|t| t.hash);
            if let Some(first) = words.next() {
                read.push((first, Term { rest: words.collect(), points }));
            }
        }
        read.sort_by_key(|(first, t)| (*first, std::cmp::Reverse(t.rest.len())));
        let mut slots = vec![(0, 0, 0); (read.len() * 4).next_power_of_two()];
        let mask = slots.len() - 1;
        for (i, (first, _)) in read.iter().enumerate() {
            let mut slot = *first as usize & mask;
            while slots[slot].0 != 0 && slots[slot].0 != *first {
                slot = (slot + 1) & mask;
            }
            let start = if slots[slot].0 == 0 { i as u32 } else { slots[slot].1 };
            slots[slot] = (*first, start, i as u32 + 1);
        }
        Lexicon { slots, terms: read.into_iter().map(|(_, t)| t).collect() }
    }

    /// Calls `found` for every term in `text`, which `tokens` read last; the longest term wins and
    /// terms do not overlap.
    pub fn find(&self, text: &str, tokens: &Tokens, mut found: impl FnMut(Found)) {
        let all = tokens.tokens();
        let mut i = 0;
        while let Some(token) = all.get(i) {
            let term = self.starting_with(token.hash).iter().find(|t| {
                let next = all.get(i + 1..i + 1 + t.rest.len());
                next.is_some_and(|next| next.iter().map(|n| n.hash).eq(t.rest.iter().copied()))
            });
            let length = match term {
                Some(t) => {
                    let length = 1 + t.rest.len();
                    let (denial, intensified) = before(text, tokens, i);
                    found(Found { points: t.points, denial, intensified, first: i, length });
                    length
                }
                None => 1,
            };
            i += length;
        }
    }

    /// The terms whose first word has this hash.
    fn starting_with(&self, hash: u64) -> &[Term] {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        // At most a quarter of the slots is taken, so that a free one ends the walk.
        while let Some((first, start, end)) = self.slots.get(slot) {
            if *first == hash && hash != 0 {
                return self.terms.get(*start as usize..*end as usize).unwrap_or_default();
            }
            if *first == 0 {
                break;
            }
            slot = (slot + 1) & mask;
        }
        &[]
    }
}

/// The lines of a list as (points, term); `None` for one that is neither that nor a comment.
fn entries(list: &str) -> impl Iterator<Item = Option<(i16, &str)>> {
    let lines = list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(|l| {
        let (points, term) = l.split_once(' ')?;
        Some((points.parse().ok()?, term.trim()))
    })
}

/// Words that deny what follows. `t` is what the tokens of "isn't" leave.
const NEGATORS: [&str; 21] = [
    "no", "ni", "nunca", "jamas", "sin", "tampoco", "ningun", "ninguna", "not", "never", "without", "nor", "neither", "cannot", "t",
    "dont", "isnt", "wasnt", "doesnt", "didnt", "aint",
];
/// Words behind which a new clause begins, so that no denial reaches over them.
const CLAUSES: [&str; 12] = ["pero", "y", "sino", "porque", "aunque", "solo", "but", "and", "because", "although", "only", "yet"];
/// Words that strengthen what follows.
const INTENSIFIERS: [&str; 24] = [
    "muy",
    "tan",
    "super",
    "bastante",
    "demasiado",
    "totalmente",
    "completamente",
    "realmente",
    "pinche",
    "puto",
    "puta",
    "mas",
    "very",
    "so",
    "really",
    "extremely",
    "totally",
    "absolutely",
    "completely",
    "fucking",
    "bloody",
    "too",
    "such",
    "most",
];
/// How many tokens before a term may deny it ("no creo que sea un fraude").
const REACH: usize = 5;
/// How many tokens before a term may strengthen it.
const NEAR: usize = 2;

/// How far before the term whose first token is `first` it is denied, and whether it is strengthened.
fn before(text: &str, tokens: &Tokens, first: usize) -> (Option<usize>, bool) {
    let all = tokens.tokens();
    let (mut denial, mut intensified) = (None, false);
    for back in 1..=REACH {
        let Some(at) = first.checked_sub(back) else { break };
        let (word, next) = (&all[at], &all[at + 1]);
        let gap = text.get(word.end as usize..next.start as usize).unwrap_or_default();
        let base = tokens.base(word);
        if word.kind != TokenKind::Word || gap.contains(['.', ',', ';', ':', '!', '?', '¿', '¡', '\n', '…']) || CLAUSES.contains(&base)
        {
            break;
        }
        denial = denial.or(NEGATORS.contains(&base).then_some(back));
        intensified |= back <= NEAR && INTENSIFIERS.contains(&base);
    }
    (denial, intensified)
}

/// Whether every line of `list` is a comment or `points term`.
pub fn is_well_formed(list: &str) -> bool {
    entries(list).all(|e| e.is_some_and(|(_, term)| !term.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(list: &str, text: &str) -> Vec<(i16, bool, bool)> {
        let mut tokens = Tokens::default();
        tokens.read(text);
        let mut all = Vec::new();
        Lexicon::new(&[list]).find(text, &tokens, |f| all.push((f.points, f.is_negated(), f.intensified)));
        all
    }

    #[test]
    fn terms_are_found_and_denied() {
        let list = "# comment\n10 fraude\n10 fraud\n7 no funciona\n5 can't log in\n3 can't\n2 ñoño\n4 malo\n1 😡";
        type Row = (&'static str, &'static [(i16, bool, bool)]);
        let table: &[Row] = &[
            ("¡FRAUDE!", &[(10, false, false)]),
            ("no es fraude", &[(10, true, false)]),
            ("no creo que sea un fraude", &[(10, true, false)]),
            ("No, es fraude", &[(10, false, false)]),
            ("no me ayudan y es fraude", &[(10, false, false)]),
            ("this isn't fraud", &[(10, true, false)]),
            ("not only fraud", &[(10, false, false)]),
            ("not a single bit of any fraud", &[(10, false, false)]),
            ("la app no funciona", &[(7, false, false)]),
            ("I can't log in", &[(5, false, false)]),
            ("I can’t today", &[(3, false, false)]),
            ("ñoño", &[(2, false, false)]),
            ("muy malo 😡", &[(4, false, true), (1, false, true)]),
            ("no muy malo", &[(4, true, true)]),
            ("defraudado", &[]),
            ("https://fraude.example/fraude", &[]),
            ("", &[]),
        ];
        for (text, want) in table {
            assert_eq!(find(list, text), *want, "{text}");
        }
    }

    #[test]
    fn the_nearest_denial_counts() {
        for (text, want) in [
            ("no malo", Some(1)),
            ("no es malo", Some(2)),
            ("no, nunca muy malo", Some(2)),
            ("ni no es malo", Some(2)),
            ("no a b c malo", Some(4)),
            ("no a b c d e malo", None),
            ("no, malo", None),
        ] {
            let mut tokens = Tokens::default();
            tokens.read(text);
            Lexicon::new(&["1 malo"]).find(text, &tokens, |f| assert_eq!(f.denial, want, "{text}"));
        }
    }

    #[test]
    fn odd_lines_are_told() {
        assert!(is_well_formed("# a\n\n10 b c\n-3 d"));
        for bad in ["fraude", "x fraude", "10", "99999 a"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
        assert_eq!(find("fraude", "fraude"), []);
        assert_eq!(find("", "fraude"), []);
    }
}
