//! The normal form (R51): explicit AND, OR and NOT, brackets where precedence needs them or where
//! they were typed around AND or OR, canonical field names, no comments, terms as typed.

use super::parse::Expr;

/// How tightly an expression binds; a looser one needs brackets inside a tighter one.
fn binding(expr: &Expr) -> u8 {
    match expr {
        Expr::Or(_) => 0,
        Expr::And(_) => 1,
        Expr::Near { .. } => 2,
        Expr::Not(_) => 3,
        Expr::Within(..) | Expr::Group(_) | Expr::Term(_) | Expr::Bad => 4,
    }
}

/// The normal form of `expr`.
pub(super) fn print(expr: &Expr) -> String {
    match expr {
        Expr::Or(sides) => all(sides, " OR ", 1),
        Expr::And(sides) => all(sides, " AND ", 2),
        Expr::Near { left, right, distance, ordered } => {
            format!("{} NEAR/{distance}{} {}", at_least(left, 3), if *ordered { "f" } else { "" }, at_least(right, 3))
        }
        Expr::Not(inner) => format!("NOT {}", at_least(inner, 3)),
        Expr::Within(operands, distance) => format!("({})~{distance}", all(operands, " AND ", 2)),
        Expr::Group(inner) => format!("({})", print(inner)),
        Expr::Term(unit) => match unit.proximity {
            Some(distance) => format!("{}~{distance}", unit.typed),
            None => unit.typed.clone(),
        },
        Expr::Bad => String::new(),
    }
}

fn all(sides: &[Expr], between: &str, tightness: u8) -> String {
    sides.iter().map(|s| at_least(s, tightness)).collect::<Vec<_>>().join(between)
}

fn at_least(expr: &Expr, tightness: u8) -> String {
    if binding(expr) < tightness { format!("({})", print(expr)) } else { print(expr) }
}
