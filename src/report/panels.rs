//! How the figures of one indicator are laid out: what stands together, whatever it is drawn with.

use crate::figures::{Figure, Form, Key, Label, Name, Reason, Spec, Words, words};

/// Figures that are drawn together.
pub struct Panel<'a> {
    /// What the panel is called, where its indicator's title does not say it.
    pub title: Option<Words>,
    /// The labels that are crossed in it.
    pub labels: Option<(Label, Label)>,
    /// How it is drawn.
    pub form: Form,
    /// Names in it, in order.
    pub names: Vec<&'static Name>,
    /// Its figures, in order.
    pub figures: Vec<&'a Figure>,
}

impl<'a> Panel<'a> {
    /// The one reason for which nothing in it has a value.
    pub fn reason(&self) -> Option<Reason> {
        let mut reasons = self.figures.iter().map(|f| f.value.err());
        let first = reasons.next()??;
        reasons.all(|reason| reason == Some(first)).then_some(first)
    }

    /// First keys, in order of appearance.
    pub fn rows(&self) -> Vec<Vec<Key>> {
        distinct(self.figures.iter().map(|f| f.keys.clone()))
    }

    /// Values of one place of the keys, in order of appearance, with days and hours in their own.
    pub fn axis(&self, place: usize) -> Vec<&'a Key> {
        distinct(self.figures.iter().filter_map(|f| f.keys.get(place)))
    }

    /// The figure called `name` in the row with these keys.
    pub fn cell(&self, name: &str, keys: &[Key]) -> Option<&'a Figure> {
        self.figures.iter().copied().find(|f| f.name == name && f.keys == keys)
    }

    /// The figure where two keys meet.
    pub fn crossing(&self, row: &Key, column: &Key) -> Option<&'a Figure> {
        self.figures.iter().copied().find(|f| matches!(&f.keys[..], [a, b] if a == row && b == column))
    }

    /// Its title: the labels that are crossed, or what the figures are called.
    pub fn heading(&self) -> Option<Words2> {
        if let Some((a, b)) = self.labels {
            let title = |label: Label| words::title(label.as_str()).unwrap_or((label.as_str(), label.as_str()));
            let (a, b) = (title(a), title(b));
            return Some(Words2(format!("{} × {}", a.0, b.0), format!("{} × {}", a.1, b.1)));
        }
        self.title.map(|(es, en)| Words2(es.to_owned(), en.to_owned()))
    }
}

/// A text in Spanish and in English that was put together.
pub struct Words2(pub String, pub String);

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut out: Vec<T> = Vec::new();
    for one in all {
        if !out.contains(&one) {
            out.push(one);
        }
    }
    out
}

/// The panels of one indicator. Cards and columns that follow each other stand together.
pub fn panels<'a>(spec: &'static Spec, figures: &'a [Figure]) -> Vec<Panel<'a>> {
    let mut out: Vec<Panel<'a>> = Vec::new();
    for name in spec.names {
        let of = || figures.iter().filter(|f| f.name == name.name);
        for labels in distinct(of().map(|f| f.labels)) {
            let figures = of().filter(|f| f.labels == labels);
            // A label that nobody uses tells nothing crossed.
            let unused = |place: usize| figures.clone().all(|f| f.keys.get(place) == Some(&Key::Word("none")));
            if labels.is_some() && (unused(0) || unused(1)) {
                continue;
            }
            let together = matches!(name.form, Form::Card | Form::Column);
            match out.last_mut().filter(|last| together && last.form == name.form) {
                Some(last) => {
                    last.names.push(name);
                    last.figures.extend(figures);
                }
                None => out.push(Panel {
                    title: (!together).then_some(name.title),
                    labels,
                    form: name.form,
                    names: vec![name],
                    figures: figures.collect(),
                }),
            }
        }
    }
    out
}
