//! How well the sentiment tells what people read in complaints and praise: accuracy and macro-F1 on
//! posts to airlines judged negative, neutral or positive, beside the class that is most common and
//! beside a count of the same words that knows no denials.

use std::fmt;

use escucha::lexicon::Lexicon;
use escucha::signals;
use escucha::text::Tokens;

/// The judged posts, below the folder of shared data.
pub const DATA: &str = "airline-en/airline_first70.ndjson.gz";

const CLASSES: [&str; 3] = ["negative", "neutral", "positive"];

/// How well one guess does.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Merit {
    /// Part of the posts whose class was guessed.
    pub accuracy: f64,
    /// Mean over the classes of the harmonic mean of precision and recall.
    pub macro_f1: f64,
}

/// How well each guess does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merits {
    /// Posts judged.
    pub posts: usize,
    /// Our sentiment.
    pub sentiment: Merit,
    /// The most common class for every post.
    pub common: Merit,
    /// More pleased than angry words, or the reverse.
    pub count: Merit,
}

impl fmt::Display for Merit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} / {:.3}", self.accuracy, self.macro_f1)
    }
}

impl fmt::Display for Merits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Merits { posts, sentiment, common, count } = self;
        write!(f, "sentiment: accuracy / macro-F1 on {posts} posts: {sentiment}, ")?;
        write!(f, "count of words {count}, most common class {common}")
    }
}

/// Which guess was made for which judged class.
#[derive(Default)]
struct Table([[usize; 3]; 3]);

impl Table {
    fn merit(&self) -> Merit {
        let all: usize = self.0.iter().flatten().sum();
        let right: usize = (0..3).map(|c| self.0[c][c]).sum();
        let f1 = |c: usize| {
            let (judged, guessed): (usize, usize) = (self.0[c].iter().sum(), self.0.iter().map(|row| row[c]).sum());
            2.0 * self.0[c][c] as f64 / (judged + guessed).max(1) as f64
        };
        Merit { accuracy: right as f64 / all.max(1) as f64, macro_f1: (0..3).map(f1).sum::<f64>() / 3.0 }
    }
}

/// The class of a tone, with the thresholds of `sentiment:negative` and the others.
fn class(tone: f64) -> usize {
    if tone <= -0.05 {
        0
    } else if tone < 0.05 {
        1
    } else {
        2
    }
}

/// Guesses the class of every post in `lines` (NDJSON) in three ways.
pub fn evaluate(lines: &[u8]) -> Merits {
    let lists = [
        include_str!("../src/sentiment/es.txt"),
        include_str!("../src/sentiment/en.txt"),
        include_str!("../src/signals/negativity_es.txt"),
        include_str!("../src/signals/negativity_en.txt"),
    ];
    let (words, mut tokens) = (Lexicon::new(&lists), Tokens::default());
    let (mut ours, mut counted) = (Table::default(), Table::default());
    for line in lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let v: serde_json::Value = serde_json::from_slice(line).expect("a line of JSON");
        let text = v["text"].as_str().expect("a text");
        let judged = CLASSES.iter().position(|c| v["airline_sentiment"] == *c).expect("a class");
        tokens.read(text);
        ours.0[judged][class(signals::sentiment(text, &tokens))] += 1;
        let mut sum = 0;
        words.find(text, &tokens, |found| sum -= found.points.signum());
        counted.0[judged][class(f64::from(sum))] += 1;
    }
    let judged = ours.0.map(|row| row.iter().sum::<usize>());
    let most = (0..3).max_by_key(|c| judged[*c]).unwrap_or(0);
    let mut common = Table::default();
    judged.iter().enumerate().for_each(|(c, n)| common.0[c][most] = *n);
    Merits { posts: judged.iter().sum(), sentiment: ours.merit(), common: common.merit(), count: counted.merit() }
}

/// Prints the row, for whoever benches.
#[allow(clippy::print_stdout, reason = "a bench prints its row")]
pub fn run(lines: &[u8]) {
    println!("{}", evaluate(lines));
}
