//! The slow evaluator: says which leaves of a query stand where in a post, straight from the
//! definition of the language. It is the oracle of the fast matcher and shares no code with it.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::terms;
use super::tokens::{self, Kind, Marks, Token};
use crate::limits;
use crate::post::Post;
use crate::query::{Accents, Attribute, Facts, Leaf, NoFacts, Node, Party, Query, Term};

/// Why a query matches a post, or that it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explained {
    /// Whether it matches.
    pub matched: bool,
    /// Every occurrence of every leaf in the post's own text, by start.
    pub leaves: Vec<LeafMatch>,
}

/// One occurrence of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeafMatch {
    /// First code point in `post.text`.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Index into `Query::leaves`.
    pub leaf: usize,
    /// What the leaf looks for.
    pub term: String,
}

/// What the evaluator is told beside the post.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// What a query may ask that the post does not say.
    pub facts: &'a dyn Facts,
    /// The topic's number, handed back to `facts`.
    pub scope: u32,
    /// Whether the rule of a name matches the post.
    pub rules: &'a dyn Fn(&str) -> bool,
}

impl Given<'_> {
    /// Nothing but the post; no rule matches.
    pub const NOTHING: Given<'static> = Given { facts: &NoFacts, scope: 0, rules: &|_| false };
}

/// Evaluates `query` on `post`.
pub fn explain(query: &Query, post: &Post<'_>, _given: &Given<'_>) -> Explained {
    let own = Text::read(post.text);
    let quoted = (query.quoted && !post.quoted_text.is_empty()).then(|| Text::read(post.quoted_text));
    let texts: Vec<Found> = [Some(&own), quoted.as_ref()].into_iter().flatten().map(|t| Found::new(query, t)).collect();
    let matched = holds(&query.root, query, &texts, post);
    let mut leaves = Vec::new();
    if let Some(found) = texts.first() {
        for (leaf, (occurrences, l)) in found.leaves.iter().zip(&query.leaves).enumerate() {
            leaves.extend(occurrences.iter().map(|o| LeafMatch {
                start: o.chars.start as u32,
                end: o.chars.end as u32,
                leaf,
                term: term_text(&l.term),
            }));
        }
    }
    leaves.sort_unstable();
    Explained { matched, leaves }
}

/// What a leaf looks for, as a person would write it.
pub fn term_text(term: &Term) -> String {
    match term {
        Term::Phrase(words) => words.join(" "),
        Term::Case(words) => format!("{{{}}}", words.join(" ")),
        Term::Mention(name) => format!("@{name}"),
        Term::Hashtag(name) => format!("#{name}"),
        Term::Cashtag(name) => format!("${name}"),
        Term::Lang(value) => format!("lang:{value}"),
        Term::Contains(value) => format!("contains:{value}"),
        other => format!("{other:?}"),
    }
}

/// A text with its tokens and entities.
struct Text {
    chars: Vec<char>,
    tokens: Vec<Token>,
    entities: Vec<Entity>,
}

/// `#`, `@` or `$` and a name (R18, R19).
struct Entity {
    sign: char,
    start: usize,
    /// End of the first run, which a plain name is compared with.
    name_end: usize,
    /// End of the whole handle.
    handle_end: usize,
}

impl Text {
    fn read(text: &str) -> Text {
        let chars: Vec<char> = text.chars().collect();
        let tokens = tokens::split(&chars, false);
        let mut entities = Vec::new();
        let in_url = |at: usize| {
            let token = tokens.get(tokens.partition_point(|t| t.end <= at));
            token.is_some_and(|t| t.kind == Kind::Url && t.start <= at)
        };
        let ends_emoji: HashSet<usize> = tokens.iter().filter(|t| t.kind == Kind::Emoji).map(|t| t.end).collect();
        let mut links = tokens.iter().filter(|t| t.kind == Kind::Url).map(|t| t.start).peekable();
        for (start, sign) in chars.iter().copied().enumerate() {
            let before = start.checked_sub(1).and_then(|i| chars.get(i));
            if !matches!(sign, '#' | '@' | '$') {
                continue;
            }
            // A variation selector is a mark, but as part of an emoji it does not glue the name to it.
            let glued = before.is_some_and(|c| tokens::is_name(*c)) && !ends_emoji.contains(&start);
            let begins = !glued && !in_url(start);
            // A name ends where a link begins.
            while links.next_if(|link| *link <= start).is_some() {}
            let limit = links.peek().copied().unwrap_or(chars.len());
            let chars = chars.get(..limit).unwrap_or_default();
            let named = chars.get(start + 1).copied().is_some_and(|c| match sign {
                '$' => c == '_' || tokens::is_letter(c),
                _ => tokens::is_name(c) && !tokens::is_mark(c),
            });
            if begins && named {
                let (name_end, handle_end) = (terms::name_end(chars, start + 1), terms::handle_end(chars, start + 1));
                entities.push(Entity { sign, start, name_end, handle_end });
            }
        }
        Text { chars, tokens, entities }
    }

    fn slice(&self, range: Range<usize>) -> String {
        self.chars.get(range).unwrap_or_default().iter().collect()
    }

    /// The tokens that lie in a range of characters.
    fn tokens_in(&self, chars: &Range<usize>) -> Range<usize> {
        let start = self.tokens.partition_point(|t| t.start < chars.start);
        start..self.tokens.partition_point(|t| t.start < chars.end).max(start)
    }
}

/// An occurrence of a leaf.
struct Occurrence {
    chars: Range<usize>,
    /// Its tokens; empty where a term has no place among them.
    tokens: Range<usize>,
}

/// The occurrences of every leaf in one text.
struct Found {
    leaves: Vec<Vec<Occurrence>>,
}

impl Found {
    fn new(query: &Query, text: &Text) -> Found {
        Found { leaves: query.leaves.iter().map(|l| occurrences(&l.term, query.accents, text)).collect() }
    }

    fn of(&self, leaf: usize) -> &[Occurrence] {
        self.leaves.get(leaf).map(Vec::as_slice).unwrap_or_default()
    }
}

fn holds(node: &Node, query: &Query, texts: &[Found], post: &Post<'_>) -> bool {
    match node {
        Node::And(sides) => sides.iter().all(|s| holds(s, query, texts, post)),
        Node::Or(sides) => sides.iter().any(|s| holds(s, query, texts, post)),
        Node::Not(inner) => !holds(inner, query, texts, post),
        Node::Near { .. } | Node::Within { .. } => texts.iter().any(|found| !spans(node, found).is_empty()),
        Node::Leaf(i) => {
            texts.iter().any(|found| !found.of(*i).is_empty()) || query.leaves.get(*i).is_some_and(|l: &Leaf| is_so(&l.term, post))
        }
    }
}

/// Whether a field that is no part of the text has the value; false if the post lacks it (R48).
fn is_so(term: &Term, post: &Post<'_>) -> bool {
    let fold = |s: &str| tokens::form(s, Marks::Letters, false);
    let same = |a: &str, b: &str| !b.is_empty() && fold(a) == fold(b);
    let is_id = |a: &str, b: &str| !b.is_empty() && a == b;
    let caseless = |a: &str, b: &str| !b.is_empty() && tokens::form(a, Marks::Keep, false) == tokens::form(b, Marks::Keep, false);
    match term {
        Term::Account(Party::From, who) => same(who, post.author.handle) || is_id(who, post.author.id),
        Term::Account(Party::To, who) => same(who, post.in_reply_to.author) || is_id(who, post.in_reply_to.author_id),
        Term::Is(Attribute::Network, name) => caseless(name, post.network),
        Term::Lang(code) => {
            let lang = if post.lang.is_empty() { "und" } else { post.lang };
            let region = lang.get(..code.len()).is_some_and(|head| head.eq_ignore_ascii_case(code));
            region && matches!(lang.as_bytes().get(code.len()), None | Some(b'-'))
        }
        _ => false,
    }
}

fn occurrences(term: &Term, accents: Accents, text: &Text) -> Vec<Occurrence> {
    match term {
        Term::Phrase(words) => phrase(words, accents, false, text),
        Term::Case(words) => phrase(words, accents, true, text),
        Term::Mention(name) => entity('@', name, text),
        Term::Hashtag(name) => entity('#', name, text),
        Term::Cashtag(name) => entity('$', name, text),
        Term::Contains(value) => contains(value, accents, text),
        _ => Vec::new(),
    }
}

fn phrase(words: &[String], accents: Accents, keep_case: bool, text: &Text) -> Vec<Occurrence> {
    let form = |s: &str, marks| tokens::form(s, marks, keep_case).chars().collect::<Vec<char>>();
    let patterns = words.iter().map(|w| (tokens::marks_of(w, accents), w));
    let patterns: Vec<(Marks, Vec<char>)> = patterns.map(|(marks, w)| (marks, form(w, marks))).collect();
    let fits = |(marks, pattern): &(Marks, Vec<char>), token: &Token| {
        let subject = form(&text.slice(token.start..token.end), *marks);
        token.kind != Kind::Url && if keep_case { *pattern == subject } else { glob(pattern, &subject) }
    };
    let mut found = Vec::new();
    for (first, window) in text.tokens.windows(words.len().max(1)).enumerate() {
        if let (Some(a), Some(b)) = (window.first(), window.last())
            && patterns.iter().zip(window).all(|(p, t)| fits(p, t))
        {
            found.push(Occurrence { chars: a.start..b.end, tokens: first..first + words.len() });
        }
    }
    found
}

/// Whether `subject` as a whole fits a pattern of `*` (zero or more) and `?` (exactly one).
fn glob(pattern: &[char], subject: &[char]) -> bool {
    // reach[i]: the pattern so far can end after i characters of the subject.
    let mut reach = vec![false; subject.len() + 1];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    for p in pattern {
        let mut next = vec![false; subject.len() + 1];
        let mut any_before = false;
        for (i, cell) in next.iter_mut().enumerate() {
            let here = reach.get(i).copied().unwrap_or(false);
            let before = i.checked_sub(1).and_then(|j| reach.get(j)).copied().unwrap_or(false);
            let c = i.checked_sub(1).and_then(|j| subject.get(j));
            any_before |= here;
            *cell = match p {
                '*' => any_before,
                '?' => before,
                p => before && c == Some(p),
            };
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

/// A name without `.`, `@` or `-` is compared with the first run, one with them with the handle.
fn entity(sign: char, name: &str, text: &Text) -> Vec<Occurrence> {
    let wanted = tokens::form(name, Marks::Letters, false);
    let whole = sign == '@' && name.contains(['.', '@', '-']);
    let mut found = Vec::new();
    for e in text.entities.iter().filter(|e| e.sign == sign) {
        let end = if whole { e.handle_end } else { e.name_end };
        if tokens::form(&text.slice(e.start + 1..end), Marks::Letters, false) == wanted {
            let chars = e.start..end;
            found.push(Occurrence { tokens: text.tokens_in(&chars), chars });
        }
    }
    found
}

/// Every place of the prepared value in the prepared text (R24).
///
/// The text is prepared piece by piece, each a character with the marks that join it, so that every
/// prepared character knows where it comes from.
fn contains(value: &str, accents: Accents, text: &Text) -> Vec<Occurrence> {
    let marks = tokens::marks_of(value, accents);
    let wanted: Vec<char> = tokens::form(value, marks, false).chars().collect();
    let mut prepared: Vec<(char, usize, usize)> = Vec::new();
    let mut start = 0;
    while start < text.chars.len() {
        let joins = |i: usize| text.chars.get(i).is_some_and(|c| tokens::joins_previous(*c));
        let end = (start + 1..text.chars.len()).find(|i| !joins(*i)).unwrap_or(text.chars.len());
        prepared.extend(tokens::form(&text.slice(start..end), marks, false).chars().map(|c| (c, start, end)));
        start = end;
    }
    let mut found = Vec::new();
    for window in prepared.windows(wanted.len().max(1)) {
        if let (Some((_, start, _)), Some((_, _, end))) = (window.first(), window.last())
            && window.iter().map(|(c, ..)| c).eq(&wanted)
        {
            found.push(Occurrence { chars: *start..*end, tokens: 0..0 });
        }
    }
    found
}

/// Tokens `start..end`.
type Span = (usize, usize);

/// Every span of tokens that an operand of NEAR or `~N` has in one text.
fn spans(node: &Node, found: &Found) -> BTreeSet<Span> {
    match node {
        Node::Leaf(i) => found.of(*i).iter().map(|o| (o.tokens.start, o.tokens.end)).filter(|(a, b)| a < b).collect(),
        Node::Or(sides) => sides.iter().flat_map(|s| spans(s, found)).collect(),
        Node::Near { left, right, distance, ordered } => {
            let (left, right) = (spans(left, found), spans(right, found));
            let mut pairs = BTreeSet::new();
            follow(&left, &right, *distance as usize, &mut pairs);
            if !ordered {
                follow(&right, &left, *distance as usize, &mut pairs);
            }
            pairs
        }
        Node::Within { operands, distance } => {
            let operands: Vec<BTreeSet<Span>> = operands.iter().map(|o| spans(o, found)).collect();
            windows(&operands, *distance as usize)
        }
        // The parser admits neither as an operand.
        Node::And(_) | Node::Not(_) => BTreeSet::new(),
    }
}

/// Adds the span over each of `first` and each of `second` that begins after it, at most `distance`
/// tokens on.
fn follow(first: &BTreeSet<Span>, second: &BTreeSet<Span>, distance: usize, out: &mut BTreeSet<Span>) {
    let pairs = first.iter().flat_map(|(start, end)| {
        let near = second.range((*end, 0)..=(end + distance, usize::MAX));
        near.map(move |(_, last)| (*start, *last))
    });
    out.extend(pairs.take(limits::EXPLAIN_STEPS));
}

/// A choice of spans so far, from the left: which operands have theirs, where it starts and ends,
/// and how many tokens in it belong to none.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Choice {
    placed: Vec<bool>,
    start: usize,
    end: usize,
    free: usize,
}

/// The windows in which every operand has tokens of its own and at most `distance` belong to none.
fn windows(operands: &[BTreeSet<Span>], distance: usize) -> BTreeSet<Span> {
    let mut complete = BTreeSet::new();
    let mut seen = HashSet::new();
    // Of operands that look for the same, the first is placed first.
    let twins: Vec<Option<usize>> = operands.iter().enumerate().map(|(i, o)| operands.iter().take(i).rposition(|p| p == o)).collect();
    let firsts = operands.iter().enumerate().filter(|(i, _)| twins.get(*i) == Some(&None));
    let one = |i: usize| (0..operands.len()).map(|j| j == i).collect();
    let mut open: Vec<Choice> = firsts
        .flat_map(|(i, s)| s.iter().rev().map(move |(start, end)| Choice { placed: one(i), start: *start, end: *end, free: 0 }))
        .collect();
    // The nearest are tried first.
    let mut steps = 0;
    while let Some(choice) = open.pop().filter(|_| steps < limits::EXPLAIN_STEPS) {
        if choice.placed.iter().all(|p| *p) {
            complete.insert((choice.start, choice.end));
            continue;
        }
        let latest = choice.end + (distance - choice.free);
        for (i, spans) in operands.iter().enumerate().filter(|(i, _)| choice.placed.get(*i) == Some(&false)) {
            let twin = twins.get(i).copied().flatten().is_some_and(|t| choice.placed.get(t) == Some(&false));
            for (start, end) in spans.range((choice.end, 0)..=(latest, usize::MAX)).rev().filter(|_| !twin) {
                steps += 1;
                let mut next = Choice { end: *end, free: choice.free + (start - choice.end), ..choice.clone() };
                if let Some(p) = next.placed.get_mut(i) {
                    *p = true;
                }
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eql::{Options, parse};

    fn matches(query: &str, accents: Accents, text: &str) -> bool {
        let parsed = parse(query, &Options { accents, ..Options::default() });
        let query = parsed.query.unwrap_or_else(|| panic!("{query}: {:?}", parsed.problems));
        explain(&query, &Post { text, ..Post::default() }, &Given::NOTHING).matched
    }

    #[test]
    fn a_hostile_query_on_a_hostile_text_ends() {
        let nested = (0..4).fold("a".to_owned(), |q, _| format!("({q}) NEAR/50 a"));
        let groups = (0..60).map(|i| format!("(a OR b{i})")).collect::<Vec<_>>().join(" AND ");
        for query in [nested, format!("({groups})~50"), format!("\"{}\"~50", "a ".repeat(100))] {
            assert!(matches(&query, Accents::Fold, &"a ".repeat(200)), "{query}");
        }
    }

    /// What the examples of the language leave open.
    #[test]
    fn texts_that_match_and_texts_that_do_not() {
        let fold = Accents::Fold;
        for (query, accents, yes, no) in [
            ("bank", fold, "@bank_mx", "@bankmx"),
            ("@bank", fold, "thanks @bank.Bye", "x@bank"),
            ("@bank", fold, "@bank@mastodon.social", "@bank_mx"),
            ("@bank.bsky.social", fold, "hi @Bank.bsky.social!", "@bank.bsky.sociale"),
            ("#año", fold, "(#AÑO)", "#ano"),
            ("#no", fold, "#nó", "https://a.b/#no"),
            ("$tsla", fold, "up $TSLA!", "US$TSLA"),
            ("👋", fold, "👋🏽 hola", "👋\u{200D}🔥"),
            ("✌", fold, "✌\u{FE0F}", "v"),
            ("1", fold, "1\u{FE0F}\u{20E3}", "11"),
            ("comisión", Accents::Smart, "COMISIO\u{301}N", "comision"),
            ("ano", Accents::Smart, "año", "anos"),
            ("año", Accents::Smart, "AÑO", "ano"),
            ("ano", Accents::Exact, "ANO", "año"),
            ("{bbvá}", fold, "bbva", "BBVA"),
            ("{BBVA}", Accents::Exact, "BBVA", "BBVÁ"),
            ("strasse", fold, "Straße", "strase"),
            ("re?l", fold, "réal ", "re l"),
            ("re*l", fold, "rel", "rela"),
            ("x1 NEAR/0 y1", fold, "y1 x1", "x1 z y1"),
            ("x1 NEAR/0f y1", fold, "x1, y1", "y1 x1"),
            ("(a NEAR/3 b) NEAR/2 c", fold, "a b c", "a c b"),
            ("xy NEAR/2 xy*", fold, "xy xyz", "xy"),
            ("\"a b c\"~1", fold, "c x b a", "c x b x a"),
            ("\"a a\"~2", fold, "a x x a", "a"),
            ("a NEAR/1 b", fold, "a https://x.com b", "a https://x.com x b"),
            ("contains:\"ña c\"", fold, "MAÑA CÓ", "mana co"),
            ("contains:ab.c", fold, "https://xAB.Cd", "ab c"),
            ("\"no va\"", fold, "no… va", "no 😡 va"),
            ("a -(-b)", fold, "a b", "a"),
        ] {
            assert!(matches(query, accents, yes), "{query} on {yes}");
            assert!(!matches(query, accents, no), "{query} on {no}");
        }
    }

    #[test]
    fn metadata_decides_fields() {
        let es = Post { text: "banco", lang: "pt-BR", network: "x", ..Post::default() };
        let m = |q: &str, post: &Post<'_>| explain(&parse(q, &Options::default()).query.unwrap(), post, &Given::NOTHING).matched;
        for (query, want) in [
            ("banco lang:pt", true),
            ("banco lang:pt-br", true),
            ("banco lang:ptb", false),
            ("banco network:X", true),
            ("banco -from:ana", true),
            ("banco from:ana", false),
        ] {
            assert_eq!(m(query, &es), want, "{query}");
        }
        let mut post = Post { text: "banco", ..Post::default() };
        post.author.handle = "Ána";
        post.in_reply_to.author = "bank";
        assert!(m("from:@ana to:BANK banco lang:und", &post));
        (post.author.id, post.in_reply_to.author_id) = ("did:plc:aB1", "17");
        assert!(m("from:did:plc:aB1 to:17", &post) && m("from:ana to:bank", &post));
        assert!(!m("from:did:plc:ab1", &post) && !m("from:17", &post) && !m("to:did:plc:aB1", &post));
    }

    #[test]
    fn a_quoted_text_is_a_second_text() {
        let post = Post { text: "no", quoted_text: "va bien", ..Post::default() };
        let m =
            |q: &str, quoted| explain(&parse(q, &Options { quoted, ..Options::default() }).query.unwrap(), &post, &Given::NOTHING).matched;
        assert_eq!(
            [m("va", false), m("va", true), m("\"no va\"", true), m("no NEAR/3 va", true), m("no va", true)],
            [false, true, false, false, true]
        );
    }

    #[test]
    fn occurrences_are_code_points_of_the_text() {
        let q = parse("aña OR contains:aa OR @b.c OR \"x y\"", &Options::default()).query.unwrap();
        let found = explain(&q, &Post { text: "😡 AN\u{303}A aaa @b.c! x-y aña", ..Post::default() }, &Given::NOTHING);
        let at: Vec<(u32, u32, usize)> = found.leaves.iter().map(|l| (l.start, l.end, l.leaf)).collect();
        assert_eq!(at, [(2, 6, 0), (7, 9, 1), (8, 10, 1), (11, 15, 2), (17, 20, 3), (21, 24, 0)]);
    }
}
