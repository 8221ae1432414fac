//! Lexemes to a syntax tree, with the errors of structure.
//!
//! Brackets are matched by the lexer and operators without a term are mended before the descent, so
//! that the descent cannot fail and is as deep as the brackets are, at most `limits::QUERY_DEPTH`.

use std::ops::Range;

use super::lex::{Kind, Lexeme};
use super::messages::{Code, Problem};
use super::steps;
use super::terms::{Unit, to_span};

/// The query as typed: with its brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// One exclusion, or two that stand for any even number of them (R37).
    Not(Box<Expr>),
    Near {
        left: Box<Expr>,
        right: Box<Expr>,
        distance: u32,
        ordered: bool,
    },
    /// `(a AND b)~N`.
    Within(Vec<Expr>, u32),
    /// Brackets around AND or OR.
    Group(Box<Expr>),
    Term(Unit),
    /// A term with an error.
    Bad,
}

pub(super) struct Parser<'a> {
    chars: &'a [char],
    lexemes: Vec<Lexeme>,
    at: usize,
    problems: Vec<Problem>,
}

/// Reads the tree; `lexemes` is not empty and its brackets match.
pub(super) fn parse(chars: &[char], lexemes: Vec<Lexeme>) -> (Expr, Vec<Problem>) {
    let mut parser = Parser { chars, lexemes: Vec::new(), at: 0, problems: Vec::new() };
    parser.mend(lexemes);
    let expr = parser.or();
    (expr, parser.problems)
}

impl Kind {
    fn is_binary(&self) -> bool {
        matches!(self, Kind::And | Kind::Or | Kind::Near { .. })
    }
    fn is_operator(&self) -> bool {
        self.is_binary() || matches!(self, Kind::Not | Kind::Minus)
    }
}

impl Parser<'_> {
    fn report(&mut self, code: Code, span: &Range<usize>) {
        steps::add(span.len());
        let typed: String = self.chars.get(span.clone()).unwrap_or_default().iter().collect();
        self.problems.push(Problem::new(code, to_span(span), &typed, ""));
    }

    /// Puts a bad term into every gap, after reporting the operator it belongs to: the first, if two
    /// meet, and each once.
    fn mend(&mut self, lexemes: Vec<Lexeme>) {
        let mut blamed = None;
        for lexeme in lexemes {
            let before = self.lexemes.last().map(|l| (l.kind.clone(), l.span.clone()));
            let needs_left = lexeme.kind.is_binary() || lexeme.kind == Kind::Close;
            let culprit = match before {
                Some((Kind::Minus, span)) if span.end != lexeme.span.start || needs_left => Some(span),
                Some((kind, span)) if kind.is_operator() && needs_left => Some(span),
                None | Some((Kind::Open, _)) if lexeme.kind.is_binary() => Some(lexeme.span.clone()),
                _ => None,
            };
            if let Some(span) = culprit {
                self.blame(&mut blamed, span, lexeme.span.start);
            }
            self.lexemes.push(lexeme);
        }
        if let Some(last) = self.lexemes.last().filter(|l| l.kind.is_operator()).map(|l| l.span.clone()) {
            self.blame(&mut blamed, last, self.chars.len());
        }
    }

    fn blame(&mut self, blamed: &mut Option<Range<usize>>, span: Range<usize>, at: usize) {
        if blamed.as_ref() != Some(&span) {
            self.report(Code::E110, &span);
        }
        *blamed = Some(span);
        self.lexemes.push(Lexeme { kind: Kind::Bad, span: at..at });
    }

    fn peek(&self) -> Option<&Kind> {
        self.lexemes.get(self.at).map(|l| &l.kind)
    }

    fn take(&mut self) -> Option<Lexeme> {
        steps::add(1);
        let lexeme = self.lexemes.get(self.at).cloned();
        self.at += 1;
        lexeme
    }

    /// From the first of the lexemes read since `from` to the last.
    fn span_since(&self, from: usize) -> Range<usize> {
        let start = self.lexemes.get(from).map_or(0, |l| l.span.start);
        let end = self.lexemes.get(self.at.saturating_sub(1)).map_or(start, |l| l.span.end);
        start..end
    }

    fn or(&mut self) -> Expr {
        let from = self.at;
        let mut sides = vec![self.and()];
        let mut spans = vec![self.span_since(from)];
        while self.peek() == Some(&Kind::Or) {
            self.at += 1;
            let from = self.at;
            sides.push(self.and());
            spans.push(self.span_since(from));
        }
        if sides.len() > 1 {
            for (_, span) in sides.iter().zip(&spans).filter(|(side, _)| matches!(side, Expr::And(all) if !all.iter().any(is_bad))) {
                self.report(Code::W101, span);
            }
        }
        join(sides, Expr::Or)
    }

    fn and(&mut self) -> Expr {
        let mut sides = vec![self.near()];
        loop {
            match self.peek() {
                None | Some(Kind::Or | Kind::Close) => return join(sides, Expr::And),
                Some(Kind::And) => self.at += 1,
                Some(_) => {}
            }
            sides.push(self.near());
        }
    }

    fn near(&mut self) -> Expr {
        let left = self.unary();
        let Some(Kind::Near { distance, ordered }) = self.peek().cloned() else { return left };
        let operator = self.take().map_or(0..0, |l| l.span);
        let right = self.unary();
        while let Some(Kind::Near { .. }) = self.peek() {
            if let Some(second) = self.take() {
                self.report(Code::E111, &second.span);
            }
            self.unary();
        }
        if let Some(code) = fault(&left).or_else(|| fault(&right)) {
            self.report(code, &operator);
        }
        Expr::Near { left: Box::new(left), right: Box::new(right), distance, ordered }
    }

    fn unary(&mut self) -> Expr {
        let mut exclusions = 0usize;
        while matches!(self.peek(), Some(Kind::Not | Kind::Minus)) {
            self.at += 1;
            exclusions += 1;
        }
        let mut expr = self.primary();
        // Any even number means the same as two, any odd one the same as one: depth stays bounded.
        let kept = if exclusions > 2 { 2 - exclusions % 2 } else { exclusions };
        for _ in 0..kept {
            expr = Expr::Not(Box::new(expr));
        }
        expr
    }

    fn primary(&mut self) -> Expr {
        match self.take().map(|l| l.kind) {
            Some(Kind::Term(unit)) => Expr::Term(unit),
            Some(Kind::Open) => {
                let inner = self.or();
                self.at += 1;
                let Some(Kind::Tilde(distance)) = self.peek().cloned() else { return grouped(inner) };
                let operator = self.take().map_or(0..0, |l| l.span);
                self.within(inner, distance, &operator)
            }
            _ => Expr::Bad,
        }
    }

    fn within(&mut self, inner: Expr, distance: u32, operator: &Range<usize>) -> Expr {
        let mut inner = inner;
        while let Expr::Group(deeper) = inner {
            inner = *deeper;
        }
        match inner {
            Expr::And(operands) => {
                if let Some(code) = operands.iter().find_map(fault) {
                    self.report(code, operator);
                }
                Expr::Within(operands, distance)
            }
            Expr::Bad => Expr::Bad,
            _ => {
                self.report(Code::E119, operator);
                Expr::Bad
            }
        }
    }
}

fn join(mut sides: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match sides.len() {
        1 => sides.pop().unwrap_or(Expr::Bad),
        _ => many(sides),
    }
}

/// Whether it stands for a term with an error, excluded or not.
fn is_bad(expr: &Expr) -> bool {
    steps::add(1);
    match expr {
        Expr::Not(inner) => is_bad(inner),
        other => *other == Expr::Bad,
    }
}

/// Keeps brackets only where they stand around AND or OR, once.
fn grouped(inner: Expr) -> Expr {
    match inner {
        Expr::And(_) | Expr::Or(_) => Expr::Group(Box::new(inner)),
        _ => inner,
    }
}

/// Why an expression cannot be an operand of NEAR or `~N`: the first reason, from the outside in.
fn fault(expr: &Expr) -> Option<Code> {
    steps::add(1);
    match expr {
        Expr::And(_) => Some(Code::E112),
        Expr::Not(_) => Some(Code::E117),
        Expr::Term(unit) if !unit.is_operand() => Some(Code::E118),
        Expr::Group(inner) => fault(inner),
        Expr::Or(sides) => sides.iter().find_map(fault),
        Expr::Term(_) | Expr::Near { .. } | Expr::Within(..) | Expr::Bad => None,
    }
}
