//! Text for people, in Spanish and English as equals.

/// The two languages of everything a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Spanish.
    Es,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// From a tag such as `es`, `es-MX` or `es_MX.UTF-8`; anything else is English.
    pub fn from_tag(tag: &str) -> Lang {
        if tag.get(..2).is_some_and(|t| t.eq_ignore_ascii_case("es")) { Lang::Es } else { Lang::En }
    }

    /// From an `Accept-Language` header: the first of the two that is named.
    pub fn from_accept(header: &str) -> Lang {
        let known = |tag: &&str| tag.get(..2).is_some_and(|t| t.eq_ignore_ascii_case("es") || t.eq_ignore_ascii_case("en"));
        header.split(',').map(str::trim).find(known).map_or(Lang::En, Lang::from_tag)
    }

    /// `n` with so many decimals: in Spanish behind a comma, since there a point parts thousands.
    pub fn decimal(self, n: f64, places: usize) -> String {
        let text = format!("{n:.places$}");
        self.pick(text.replace('.', ","), text)
    }

    /// Picks what is for this language.
    pub fn pick<T>(self, es: T, en: T) -> T {
        match self {
            Lang::Es => es,
            Lang::En => en,
        }
    }
}

/// One message in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Both {
    /// Spanish.
    pub es: String,
    /// English.
    pub en: String,
}

impl Both {
    /// From the two texts.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Both {
        Both { es: es.into(), en: en.into() }
    }

    /// The text in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&self.es, &self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_their_mark() {
        assert_eq!((Lang::Es.decimal(1.016, 2), Lang::En.decimal(1.016, 2)), ("1,02".to_owned(), "1.02".to_owned()));
        assert_eq!((Lang::Es.decimal(7.0, 0), Lang::En.decimal(7.0, 0)), ("7".to_owned(), "7".to_owned()));
    }

    #[test]
    fn the_first_known_language_wins() {
        for (header, want) in [
            ("es-MX,es;q=0.9,en;q=0.8", Lang::Es),
            ("fr, es;q=0.5", Lang::Es),
            ("en-GB,es", Lang::En),
            ("fr", Lang::En),
            ("", Lang::En),
            ("ñ", Lang::En),
        ] {
            assert_eq!(Lang::from_accept(header), want, "{header}");
        }
    }
}
