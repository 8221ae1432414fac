//! Typed reading of one TOML table: every value keeps its place, every mistake is noted and reading
//! goes on.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::bilingual::Both;
use crate::limits;

use super::asked::{Asked, Holds, Place};
use super::problem::{Problems, both};
use super::units;
use crate::nearest::nearest;

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// A TOML value of the file.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// What to say where there is nothing to advise.
pub fn no_fix() -> Both {
    Both::new("", "")
}

/// Whether `text` can be a name, which stands in addresses, ids and metric labels: 1 to
/// `limits::NAME_CHARS` characters, none of `/ , " \` or control characters, no space at either end.
pub fn is_name(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '/' | ',' | '"' | '\\');
    !text.is_empty() && text.chars().count() <= limits::NAME_CHARS && text.trim() == text && text.chars().all(plain)
}

/// One table of the file.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    table: &'a DeTable<'a>,
    start: usize,
    end: usize,
    /// As shown in messages: `[[topic]]`.
    title: &'a str,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    /// The section `title` that `value` holds, or a problem.
    pub fn open(value: &'a Value<'a>, title: &'a str, problems: &'a Problems) -> Option<Section<'a>> {
        let span = value.span();
        match value.get_ref().as_table() {
            Some(table) => Some(Section { table, start: span.start, end: span.end, title, problems }),
            None => {
                let found = kind(value.get_ref());
                let cause =
                    Both::new(format!("{title} debe ser una tabla, no {}", found.es), format!("{title} must be a table, not {}", found.en));
                problems.error(
                    &span,
                    cause,
                    both!(
                        "escribe {title} en una línea propia y debajo clave = valor",
                        "write {title} on a line of its own, then key = value"
                    ),
                );
                None
            }
        }
    }

    /// The whole file.
    pub fn root(table: &'a Spanned<DeTable<'a>>, problems: &'a Problems) -> Section<'a> {
        Section { table: table.get_ref(), start: 0, end: 0, title: "", problems }
    }

    /// A whole text that is the section `title`.
    pub fn whole(table: &'a Spanned<DeTable<'a>>, title: &'a str, problems: &'a Problems) -> Section<'a> {
        Section { title, ..Section::root(table, problems) }
    }

    /// Where the section begins.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Where problems go.
    pub fn problems(&self) -> &'a Problems {
        self.problems
    }

    /// Notes every key that is neither in `known` nor in `later`, with the nearest known name, and
    /// refuses those of `later` by name.
    pub fn only(&self, known: &[&str], later: &[&str]) {
        self.problems.asked(|| Asked::Only(self.place(), known.iter().map(|key| (*key).to_owned()).collect()));
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let place = if self.title.is_empty() { Both::new("el archivo", "the file") } else { Both::new(self.title, self.title) };
            if later.contains(&name) {
                self.not_yet(&key.span(), name);
                continue;
            }
            let (es, en) = (&place.es, &place.en);
            let cause = both!("{es} no tiene la clave «{name}»", "{en} has no key “{name}”");
            let fix = match nearest(name, known.iter().copied()) {
                Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
                None => {
                    let all = known.join(", ");
                    both!("claves conocidas: {all}", "known keys: {all}")
                }
            };
            self.problems.error(&key.span(), cause, fix);
        }
    }

    /// Notes that of the keys it has, a section of this kind takes these only.
    pub fn takes(&self, keys: impl Iterator<Item = &'static str>) {
        self.problems.asked(|| Asked::Only(self.place(), keys.map(str::to_owned).collect()));
    }

    /// Notes that `key` is read as holding `holds`; what the readers below do by themselves.
    pub fn reads(&self, key: &str, holds: Holds) {
        self.problems.asked(|| Asked::Read(self.place(), key.to_owned(), holds));
    }

    fn place(&self) -> Place {
        let kind = ["type", "on"].into_iter().find_map(|key| self.table.get(key)?.get_ref().as_str());
        Place { title: self.title.to_owned(), variant: kind.unwrap_or_default().to_owned() }
    }

    /// Refuses `name`, which is promised and not built yet.
    pub fn not_yet(&self, span: &Range<usize>, name: &str) {
        let cause = both!("«{name}» no está disponible en esta versión", "“{name}” is not available in this version");
        self.problems.error(span, cause, both!("bórralo por ahora", "delete it for now"));
    }

    /// The value of `key` as it stands.
    pub fn value(&self, key: &str) -> Option<&'a Value<'a>> {
        self.table.get(key)
    }

    /// Keys and values in name order.
    pub fn entries(&self) -> impl Iterator<Item = (At<&'a str>, &'a Value<'a>)> {
        self.table.iter().map(|(key, value)| (At { value: key.get_ref().as_ref(), span: key.span() }, value))
    }

    /// A string.
    pub fn text(&self, key: &str) -> Option<At<&'a str>> {
        self.reads(key, Holds::Text);
        self.string(key)
    }

    fn string(&self, key: &str) -> Option<At<&'a str>> {
        self.text_in(key, self.value(key)?)
    }

    /// A string of at most `most` characters.
    pub fn text_within(&self, key: &str, most: usize) -> Option<At<&'a str>> {
        self.reads(key, Holds::TextWithin(most));
        let text = self.string(key)?;
        if text.value.chars().nth(most).is_none() {
            return Some(text);
        }
        let cause = both!("«{key}» admite {most} caracteres como mucho", "“{key}” may have {most} characters at most");
        self.problems.error(&text.span, cause, no_fix());
        None
    }

    /// A string that must be there and not be empty.
    pub fn required(&self, key: &str) -> Option<At<&'a str>> {
        if self.value(key).is_none() {
            self.missing(key);
        }
        self.filled(key)
    }

    /// A string that says something, if it is there.
    pub fn filled(&self, key: &str) -> Option<At<&'a str>> {
        self.reads(key, Holds::Text);
        self.told(key)
    }

    fn told(&self, key: &str) -> Option<At<&'a str>> {
        let text = self.string(key)?;
        if text.value.trim().is_empty() {
            self.problems.error(&text.span, both!("«{key}» está vacío", "“{key}” is empty"), no_fix());
            return None;
        }
        Some(text)
    }

    /// Notes that `key` is missing, unless it was only mistyped, which [`Section::only`] tells.
    pub fn missing(&self, key: &str) {
        if self.table.keys().any(|typed| nearest(typed.get_ref(), [key]).is_some()) {
            return;
        }
        let title = self.title;
        let cause = both!("a {title} le falta «{key}»", "{title} lacks “{key}”");
        self.problems.error(&self.span(), cause, both!("añade {key} = …", "add {key} = …"));
    }

    /// The name of the section, which must be there; see [`is_name`].
    pub fn name(&self) -> Option<At<&'a str>> {
        self.reads("name", Holds::Name);
        if self.value("name").is_none() {
            self.missing("name");
        }
        let name = self.told("name")?;
        if is_name(name.value) {
            return Some(name);
        }
        let text = name.value;
        let most = limits::NAME_CHARS;
        let cause = both!("el nombre «{text}» no se puede usar", "the name “{text}” cannot be used");
        let fix = both!(
            "hasta {most} caracteres, sin / , \" \\ ni espacios en los extremos",
            "up to {most} characters, without / , \" \\ or spaces at either end"
        );
        self.problems.error(&name.span, cause, fix);
        None
    }

    /// A list of strings; also one string alone.
    pub fn texts(&self, key: &str) -> Vec<At<&'a str>> {
        self.reads(key, Holds::Texts);
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(list) => list.iter().filter_map(|item| self.text_in(key, item)).collect(),
            None => self.text_in(key, value).into_iter().collect(),
        }
    }

    /// A list of strings with its place; `None` where the key is not there.
    pub fn list(&self, key: &str) -> Option<At<Vec<At<&'a str>>>> {
        let value = self.texts(key);
        self.value(key).map(|found| At { value, span: found.span() })
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<At<bool>> {
        self.reads(key, Holds::Flag);
        let value = self.value(key)?;
        match value.get_ref().as_bool() {
            Some(flag) => Some(At { value: flag, span: value.span() }),
            None => self.wrong_type(key, value, "true o false", "true or false"),
        }
    }

    /// A whole number between `least` and `most`.
    pub fn integer(&self, key: &str, least: i64, most: i64) -> Option<At<i64>> {
        self.reads(key, Holds::Integer(least, most));
        let value = self.value(key)?;
        let Some(digits) = value.get_ref().as_integer() else { return self.wrong_type(key, value, "un número entero", "a whole number") };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
        match number.filter(|n| (least..=most).contains(n)) {
            Some(number) => Some(At { value: number, span: value.span() }),
            None => {
                let cause = both!("«{key}» debe estar entre {least} y {most}", "“{key}” must be between {least} and {most}");
                self.problems.error(&value.span(), cause, no_fix());
                None
            }
        }
    }

    /// A number between `least` and `most`, with or without a decimal point.
    pub fn decimal(&self, key: &str, least: f64, most: f64) -> Option<At<f64>> {
        self.reads(key, Holds::Decimal(least, most));
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix()).ok().map(|n| n as f64),
            _ => return self.wrong_type(key, value, "un número", "a number"),
        };
        match number.filter(|n: &f64| (least..=most).contains(n)) {
            Some(number) => Some(At { value: number, span: value.span() }),
            None => {
                let cause = both!("«{key}» debe estar entre {least} y {most}", "“{key}” must be between {least} and {most}");
                self.problems.error(&value.span(), cause, no_fix());
                None
            }
        }
    }

    /// A duration such as `"60s"`, in microseconds, between `least` and `most`.
    pub fn duration(&self, key: &str, least: i64, most: i64) -> Option<At<i64>> {
        self.reads(key, Holds::Duration(least, most));
        // Of the usual examples those that would be taken here, or else the bound itself.
        let taken = ["60s", "15m", "24h"].into_iter().filter(|text| units::duration(text).is_some_and(|d| (least..=most).contains(&d)));
        let mut examples: Vec<String> = taken.map(str::to_owned).collect();
        if examples.is_empty() {
            examples.push(units::show_duration(most));
        }
        let examples: Vec<String> = examples.iter().map(|text| format!("\"{text}\"")).collect();
        let (es, en) = (examples.join(" o "), examples.join(" or "));
        let fix = both!("por ejemplo {key} = {es}", "for example {key} = {en}");
        self.measure(key, units::duration, units::show_duration, (least, most), fix)
    }

    /// A size such as `"256MB"`, in bytes, between `least` and `most`.
    pub fn size(&self, key: &str, least: u64, most: u64) -> Option<At<u64>> {
        self.reads(key, Holds::Size(least, most));
        let fix = both!("por ejemplo {key} = \"256MB\"", "for example {key} = \"256MB\"");
        self.measure(key, units::size, units::show_size, (least, most), fix)
    }

    fn measure<T: PartialOrd + Copy>(
        &self,
        key: &str,
        read: fn(&str) -> Option<T>,
        show: fn(T) -> String,
        (least, most): (T, T),
        fix: Both,
    ) -> Option<At<T>> {
        let text = self.string(key)?;
        let typed = text.value;
        let cause = match read(typed) {
            Some(n) if least <= n && n <= most => return Some(At { value: n, span: text.span }),
            Some(_) => {
                let (least, most) = (show(least), show(most));
                both!("«{key}» debe estar entre {least} y {most}", "“{key}” must be between {least} and {most}")
            }
            None => both!(
                "«{typed}» no se entiende en «{key}»: falta la unidad o no se conoce",
                "“{typed}” is not understood in “{key}”: the unit is missing or unknown"
            ),
        };
        self.problems.error(&text.span, cause, fix);
        None
    }

    /// One of `known`; names of `later` are refused as not built yet.
    pub fn choice<T: Copy>(&self, key: &str, known: &[(&'static str, T)], later: &[&str]) -> Option<At<T>> {
        self.reads(key, Holds::OneOf(known.iter().map(|(name, _)| *name).collect()));
        let text = self.string(key)?;
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text.value) {
            return Some(At { value: *value, span: text.span });
        }
        let typed = text.value;
        if later.contains(&typed) {
            self.not_yet(&text.span, typed);
            return None;
        }
        not_among(self.problems, &text, key, known.iter().map(|(name, _)| *name));
        None
    }

    /// The table under `key`, shown as `title`.
    pub fn table(&self, key: &str, title: &'a str) -> Option<Section<'a>> {
        self.reads(key, Holds::Table);
        Section::open(self.value(key)?, title, self.problems)
    }

    /// The tables of the list under `key`, shown as `title`.
    pub fn tables(&self, key: &str, title: &'a str) -> Vec<Section<'a>> {
        self.reads(key, Holds::Tables);
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(list) => list.iter().filter_map(|item| Section::open(item, title, self.problems)).collect(),
            None => {
                let cause = both!("«{key}» debe ser una lista de tablas", "“{key}” must be a list of tables");
                self.problems.error(&value.span(), cause, both!("escribe {title}", "write {title}"));
                Vec::new()
            }
        }
    }

    fn text_in(&self, key: &str, value: &'a Value<'a>) -> Option<At<&'a str>> {
        match value.get_ref().as_str() {
            Some(text) => Some(At { value: text, span: value.span() }),
            None => self.wrong_type(key, value, "un texto entre comillas", "a string in quotes"),
        }
    }

    fn wrong_type<T>(&self, key: &str, value: &Value<'_>, es: &str, en: &str) -> Option<T> {
        let found = kind(value.get_ref());
        let cause = Both::new(format!("«{key}» debe ser {es}, no {}", found.es), format!("“{key}” must be {en}, not {}", found.en));
        self.problems.error(&value.span(), cause, no_fix());
        None
    }
}

/// Notes that `key` has a value that is none of `known`.
pub fn not_among(problems: &Problems, text: &At<&str>, key: &str, known: impl Iterator<Item = &'static str>) {
    let (typed, names) = (text.value, known.collect::<Vec<_>>());
    let all = names.join(", ");
    let cause = both!("«{key}» no puede ser «{typed}»", "“{key}” cannot be “{typed}”");
    let fix = match nearest(typed, names.iter().copied()) {
        Some(near) => both!("¿querías decir «{near}»? Se admite: {all}", "did you mean “{near}”? Possible: {all}"),
        None => both!("se admite: {all}", "possible: {all}"),
    };
    problems.error(&text.span, cause, fix);
}

/// What kind of value was found.
fn kind(value: &DeValue<'_>) -> Both {
    match value {
        DeValue::String(_) => Both::new("un texto", "a string"),
        DeValue::Integer(_) | DeValue::Float(_) => Both::new("un número", "a number"),
        DeValue::Boolean(_) => Both::new("true o false", "true or false"),
        DeValue::Datetime(_) => Both::new("una fecha", "a date"),
        DeValue::Array(_) => Both::new("una lista", "a list"),
        DeValue::Table(_) => Both::new("una tabla", "a table"),
    }
}
