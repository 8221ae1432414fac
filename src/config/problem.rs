//! What is wrong with a file, and how it is shown: place, caret, cause and fix in one language.

use std::cell::RefCell;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::bilingual::{Both, Lang};
use crate::limits;

use super::asked::Asked;

/// One message in both languages, formatted alike: `both!("falta {x}", "{x} is missing")`.
macro_rules! both {
    ($es:literal, $en:literal $(,)?) => {
        $crate::bilingual::Both::new(format!($es), format!($en))
    };
}
pub(super) use both;

/// One thing that is wrong, or, as a warning, probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the file it is about.
    pub span: Range<usize>,
    /// An error keeps the file from being used; a warning does not.
    pub is_error: bool,
    /// Its code, if it is about a query; else empty.
    pub code: &'static str,
    /// What is wrong.
    pub cause: Both,
    /// What to type instead; may be empty.
    pub fix: Both,
}

impl Problem {
    /// A problem that is about no query.
    pub fn new(span: Range<usize>, is_error: bool, cause: Both, fix: Both) -> Problem {
        Problem { span, is_error, code: "", cause, fix }
    }

    /// What is wrong, with the code before it.
    pub fn title(&self, lang: Lang) -> String {
        let cause = self.cause.get(lang);
        if self.code.is_empty() { cause.to_owned() } else { format!("{}: {cause}", self.code) }
    }
}

/// Collects the problems of one file, so that all of them are told at once. Shared by everything
/// that reads the file.
#[derive(Debug, Default)]
pub struct Problems {
    found: RefCell<Vec<Problem>>,
    /// What was asked of the file; `None` where nobody wants to know.
    asked: Option<RefCell<Vec<Asked>>>,
}

impl Problems {
    /// Also keeps what is asked.
    pub fn listening() -> Problems {
        Problems { asked: Some(RefCell::default()), ..Problems::default() }
    }

    /// Keeps what is asked of the file, if anybody wants to know.
    pub fn asked(&self, asked: impl FnOnce() -> Asked) {
        if let Some(all) = &self.asked {
            all.borrow_mut().push(asked());
        }
    }

    /// All that was asked, in order.
    pub fn all_asked(&self) -> Vec<Asked> {
        self.asked.as_ref().map(|all| all.borrow().clone()).unwrap_or_default()
    }

    /// Notes an error at `span`.
    pub fn error(&self, span: &Range<usize>, cause: Both, fix: Both) {
        self.note(Problem::new(span.clone(), true, cause, fix));
    }

    /// Notes a warning at `span`.
    pub fn warning(&self, span: &Range<usize>, cause: Both, fix: Both) {
        self.note(Problem::new(span.clone(), false, cause, fix));
    }

    /// Notes a problem.
    pub fn note(&self, problem: Problem) {
        self.found.borrow_mut().push(problem);
    }

    /// Whether there is an error within `span`.
    pub fn is_told(&self, span: &Range<usize>) -> bool {
        self.found.borrow().iter().any(|p| p.is_error && span.start <= p.span.start && p.span.end <= span.end)
    }

    /// Whether there are more than will be shown: what takes long to advise need not be said then.
    pub fn are_many(&self) -> bool {
        self.found.borrow().len() > limits::PROBLEMS_SHOWN
    }

    /// All problems in the order of the file.
    pub fn sorted(self) -> Vec<Problem> {
        let mut all = self.found.into_inner();
        all.sort_by_key(|p| (p.span.start, p.span.end));
        all
    }
}

/// The problems of one file with what is needed to show them.
#[derive(Debug, Clone)]
pub struct Report {
    /// The file's name as given.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether the file cannot be used.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|p| p.is_error)
    }

    /// Line and column of a problem, both from 1; columns count characters.
    pub fn place(&self, problem: &Problem) -> (usize, usize) {
        let (line, shown, span) = self.excerpt(&problem.span, &Lines::of(&self.text));
        (line, shown[..span.start].chars().count() + 1)
    }

    /// The report for people, `limits::PROBLEMS_SHOWN` problems at most.
    pub fn render(&self, lang: Lang, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let lines = Lines::of(&self.text);
        let first = self.problems.iter().take(limits::PROBLEMS_SHOWN);
        let mut shown: Vec<String> = first.map(|p| self.one(p, lang, &renderer, &lines)).collect();
        if let Some(more) = self.problems.len().checked_sub(limits::PROBLEMS_SHOWN).filter(|n| *n > 0) {
            shown.push(both!("… y {more} problemas más", "… and {more} more problems").get(lang).to_owned());
        }
        shown.join("\n\n")
    }

    fn one(&self, problem: &Problem, lang: Lang, renderer: &Renderer, lines: &Lines) -> String {
        let level = match problem.is_error {
            true => Level::ERROR,
            false => Level::WARNING.with_name(lang.pick("aviso", "warning")),
        };
        let (number, line, span) = self.excerpt(&problem.span, lines);
        let snippet = Snippet::source(line).path(self.path.as_str()).line_start(number).annotation(AnnotationKind::Primary.span(span));
        let title = problem.title(lang);
        let mut group: Group<'_> = level.primary_title(title.as_str()).element(snippet);
        let fix = problem.fix.get(lang);
        if !fix.is_empty() {
            group = group.element(Level::HELP.with_name(lang.pick("ayuda", "help")).message(fix));
        }
        renderer.render(&[group])
    }

    /// The number and text of the line a span begins in, and the span within it.
    fn excerpt(&self, span: &Range<usize>, lines: &Lines) -> (usize, &str, Range<usize>) {
        let text = self.text.as_str();
        let start = floor(text, span.start);
        let line = lines.number(start);
        let Range { start: from, end: to } = lines.range(line, text.len());
        let end = floor(text, span.end).clamp(start, to);
        (line + 1, &text[from..to], start - from..end - from)
    }
}

/// Where the lines of a text end: places are asked for by the thousand.
pub struct Lines(Vec<usize>);

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line, counted from 0, that byte `at` lies in.
    pub fn number(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at)
    }

    /// The bytes of line `number` without its break, in a text of `length` bytes.
    fn range(&self, number: usize, length: usize) -> Range<usize> {
        let before = number.checked_sub(1).and_then(|n| self.0.get(n));
        before.map_or(0, |n| n + 1)..self.0.get(number).copied().unwrap_or(length)
    }
}

/// The greatest character boundary at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}
