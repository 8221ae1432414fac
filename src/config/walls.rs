//! `[wall]`: which scenes the wall shows, for how long, and how they look.

use std::collections::HashSet;

use super::asked::Holds;
use super::problem::{Problems, both};
use super::section::{At, Section, no_fix, not_among};
use crate::bilingual::Lang;
use crate::time::{HOUR, SECOND};
use crate::wall::{self, Settings, Theme};

/// The section as typed.
pub struct Typed<'a> {
    scenes: Option<At<Vec<At<&'a str>>>>,
    dwell: Option<At<i64>>,
    theme: Option<At<Theme>>,
    lang: Option<At<Lang>>,
    public: bool,
}

/// Reads it.
pub fn read(section: Section<'_>) -> Typed<'_> {
    section.only(&["scenes", "dwell", "theme", "lang", "public"], &[]);
    let scenes = section.list("scenes");
    section.reads("scenes", Holds::SomeOf(wall::scenes().collect()));
    Typed {
        scenes,
        dwell: section.duration("dwell", 5 * SECOND, HOUR),
        theme: section.choice("theme", &Theme::ALL.map(|theme| (theme.as_str(), theme)), &[]),
        lang: section.choice("lang", &[("es", Lang::Es), ("en", Lang::En)], &[]),
        public: section.flag("public").is_some_and(|public| public.value),
    }
}

/// The wall as used, with the zone of the file.
pub fn used(typed: Option<&Typed<'_>>, timezone: Option<&At<&str>>, problems: &Problems) -> Settings {
    let usual = Settings { timezone: timezone.map(|name| name.value.to_owned()), ..Settings::default() };
    let Some(typed) = typed else { return usual };
    Settings {
        scenes: typed.scenes.as_ref().map_or(usual.scenes, |names| scenes(names, problems)),
        dwell: typed.dwell.as_ref().map_or(usual.dwell, |d| d.value),
        theme: typed.theme.as_ref().map_or(usual.theme, |t| t.value),
        lang: typed.lang.as_ref().map(|l| l.value),
        public: typed.public,
        timezone: usual.timezone,
    }
}

fn scenes(names: &At<Vec<At<&str>>>, problems: &Problems) -> Vec<&'static str> {
    if names.value.is_empty() {
        problems.error(&names.span, both!("«scenes» está vacía", "“scenes” is empty"), no_fix());
    }
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    for name in &names.value {
        match wall::scenes().find(|known| *known == name.value) {
            None => not_among(problems, name, "scenes", wall::scenes()),
            Some(known) if seen.insert(known) => all.push(known),
            Some(known) => problems.error(&name.span, both!("«{known}» está dos veces", "“{known}” is there twice"), no_fix()),
        }
    }
    all
}
