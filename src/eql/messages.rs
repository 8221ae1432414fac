//! What is wrong with a query, where, why and how to put it right, in both languages.

use crate::bilingual::{Both, Lang};
use crate::query::Span;

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which one.
    pub code: Code,
    /// Where: code points of the query as received.
    pub span: Span,
    /// Whether it stops the query from being used; under `strict` some warnings do too.
    pub is_error: bool,
    /// What is wrong, in one line.
    pub cause: Both,
    /// What to do, in one line.
    pub fix: Both,
}

impl Problem {
    /// The problem `code` at `span`, its text filled in: `{0}` by what was typed, `{1}` by `hint`.
    pub fn new(code: Code, span: Span, typed: &str, hint: &str) -> Problem {
        Problem::hinted(code, span, typed, &Both::new(hint, hint))
    }

    /// The same with a hint that differs between the languages.
    pub fn hinted(code: Code, span: Span, typed: &str, hint: &Both) -> Problem {
        let row = code.row();
        let es = |text: &str| fill(text, typed, &hint.es);
        let en = |text: &str| fill(text, typed, &hint.en);
        Problem {
            code,
            span,
            is_error: code.is_error(),
            cause: Both::new(es(row.cause_es), en(row.cause_en)),
            fix: Both::new(es(row.fix_es), en(row.fix_en)),
        }
    }

    /// One line for logs and lists: code, cause, fix.
    pub fn line(&self, lang: Lang) -> String {
        format!("{} {} {}", self.code.as_str(), self.cause.get(lang), self.fix.get(lang))
    }
}

/// One pass, so that braces in what was typed stay as typed.
fn fill(text: &str, typed: &str, hint: &str) -> String {
    text.split("{0}").map(|part| part.replace("{1}", hint)).collect::<Vec<_>>().join(typed)
}

struct Row {
    cause_en: &'static str,
    cause_es: &'static str,
    fix_en: &'static str,
    fix_es: &'static str,
}

macro_rules! codes {
    ($($code:ident: $cause_en:literal | $cause_es:literal | $fix_en:literal | $fix_es:literal;)*) => {
        /// Every error (E) and warning (W); their texts stand in the table of this file.
        #[allow(missing_docs, reason = "the table is their documentation")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($code,)* }
        impl Code {
            /// All, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];
            /// Its name, such as `E101`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code)),* }
            }
            const fn row(self) -> Row {
                match self { $(Code::$code => Row { cause_en: $cause_en, cause_es: $cause_es, fix_en: $fix_en, fix_es: $fix_es }),* }
            }
        }
    };
}

codes! {
    E100: "Empty query." | "Consulta vacía."
        | "Write a word, a phrase, a #tag or an @name." | "Escribe una palabra, una frase, una #etiqueta o un @nombre.";
    E101: "This bracket has no partner." | "Este paréntesis no tiene pareja."
        | "Close it or take it away." | "Ciérralo o quítalo.";
    E102: "The phrase has no closing quote." | "Frase sin comillas de cierre."
        | "Put \" at its end." | "Pon \" al final de la frase.";
    E103: "The comment opened with <<< has no >>>." | "Comentario <<< sin >>>."
        | "Close it with >>>." | "Ciérralo con >>>.";
    E104: "A brace has no partner." | "Llave sin pareja."
        | "Write {Name} with both braces." | "Escribe {Nombre} con las dos llaves.";
    E105: "The range has no closing ]." | "Al intervalo le falta ]."
        | "Write [100 TO 500]." | "Escribe [100 TO 500].";
    E107: "Empty brackets." | "Paréntesis vacíos."
        | "Put a term between them or take them away." | "Pon un término dentro o quítalos.";
    E108: "Empty phrase." | "Frase vacía."
        | "Put words between the signs or take them away." | "Pon palabras dentro o quítala.";
    E109: "«{0}» is no word that can be looked for." | "«{0}» no es una palabra que se pueda buscar."
        | "Use {1}." | "Usa {1}.";
    E110: "«{0}» needs a term on both sides, and an exclusion needs one after it."
        | "A «{0}» le falta un término: va entre dos, y una exclusión delante de uno."
        | "Write the missing term or take «{0}» away; an exclusion touches its term: -word."
        | "Escribe el término que falta o quita «{0}»; una exclusión va pegada a su término: -palabra.";
    E111: "Two NEAR in a row." | "Dos NEAR seguidos."
        | "Use brackets, e.g. (a NEAR/3 b) NEAR/5 c." | "Usa paréntesis, p. ej. (a NEAR/3 b) NEAR/5 c.";
    E112: "AND cannot stand inside NEAR." | "AND no puede ir dentro de NEAR."
        | "Write (a NEAR/5 b) AND c, or (a OR b) NEAR/5 c." | "Escribe (a NEAR/5 b) AND c, o (a OR b) NEAR/5 c.";
    E113: "«{0}»: the distance must be 0 to 50." | "«{0}»: la distancia va de 0 a 50."
        | "Write e.g. NEAR/4, NEAR/4f, ONEAR/4 or \"a b\"~4." | "Escribe p. ej. NEAR/4, NEAR/4f, ONEAR/4 o \"a b\"~4.";
    E114: "«~» needs a number stuck to it." | "«~» necesita un número pegado."
        | "Write e.g. \"stolen card\"~3." | "Escribe p. ej. \"tarjeta robada\"~3.";
    E115: "«{0}» must touch the phrase or bracket before it." | "«{0}» debe tocar la frase o el paréntesis anterior."
        | "Write \"a b\"~3 or (a AND b)~3 without a space." | "Escribe \"a b\"~3 o (a AND b)~3 sin espacio.";
    E116: "Proximity on a single word has no meaning." | "La proximidad sobre una sola palabra no tiene sentido."
        | "Quote two or more words: \"a b\"~3." | "Pon dos o más palabras entre comillas: \"a b\"~3.";
    E117: "An exclusion cannot be an operand of {0}." | "Una exclusión no puede ser operando de {0}."
        | "Take it outside: (a NEAR/3 b) -c." | "Sácala fuera: (a NEAR/3 b) -c.";
    E118: "Only words, phrases, wildcards, {…}, #tags, @names and OR groups of them can be operands of {0}."
        | "{0} solo admite palabras, frases, comodines, {…}, #etiquetas, @nombres y grupos OR de ellos."
        | "Take the rest outside: (a NEAR/3 b) lang:es." | "Saca lo demás fuera: (a NEAR/3 b) lang:es.";
    E119: "«{0}» after brackets needs (A AND B) inside." | "«{0}» tras paréntesis exige (A AND B) dentro."
        | "Write (a AND b)~3." | "Escribe (a AND b)~3.";
    E120: "The field «{0}» has no value." | "El campo «{0}» no tiene valor."
        | "Write it without a space after the colon, e.g. {1}." | "Escríbelo sin espacio tras «:», p. ej. {1}.";
    E121: "«{0}»: the sign needs one name stuck to it." | "«{0}»: el signo necesita un solo nombre pegado."
        | "Write e.g. #tag, @name or $TICKER, each on its own." | "Escribe p. ej. #etiqueta, @nombre o $VALOR, cada uno por separado.";
    E122: "«{0}»: wildcards are not allowed in names." | "«{0}»: no se admiten comodines en los nombres."
        | "Write the whole name, or the word with its wildcard alone: without sign or field."
        | "Escribe el nombre entero, o solo la palabra con su comodín: sin signo ni campo.";
    E123: "«{0}»: the range starts above its end." | "«{0}»: el intervalo empieza después de su fin."
        | "Turn it round, e.g. [100 TO 500]." | "Dale la vuelta, p. ej. [100 TO 500].";
    E124: "«{0}» is not a number or a range." | "«{0}» no es número ni intervalo."
        | "Use {1}." | "Usa {1}.";
    E125: "Unknown field «{0}:»." | "Campo desconocido: «{0}:»."
        | "{1}To look for the text, quote it." | "{1}Para buscar el texto, ponlo entre comillas.";
    E126: "«{0}»: this value is not admitted." | "«{0}»: valor no admitido."
        | "Use one of: {1}." | "Usa uno de estos: {1}.";
    E127: "«{0}» is no language code." | "«{0}» no es un código de idioma."
        | "lang: takes a code such as es, en, pt-BR or und." | "lang: lleva un código como es, en, pt-BR o und.";
    E128: "«{0}» is not one of the values it takes." | "«{0}» no es uno de los valores que admite."
        | "It takes {1}." | "Admite {1}.";
    E130: "«{0}»: a wildcard cannot start a word." | "«{0}»: un comodín no puede iniciar palabra."
        | "Use contains:, e.g. {1}." | "Usa contains:, p. ej. {1}.";
    E131: "«{0}»: at least two characters are needed, before a wildcard or as a value." | "«{0}»: hacen falta al menos dos caracteres, antes del comodín o como valor."
        | "Write more of it." | "Escribe más caracteres.";
    E140: "The rule is too long: it may have {1} characters." | "La regla es demasiado larga: admite {1} caracteres."
        | "Split it into several queries." | "Divídela en varias consultas.";
    E141: "The rule has too many terms: it may have {1}." | "La regla tiene demasiados términos: admite {1}."
        | "Split it into several queries." | "Divídela en varias consultas.";
    E142: "«{0}» names a list or a rule that does not exist." | "«{0}» nombra una lista o una regla que no existe."
        | "{1}" | "{1}";
    E143: "«{0}»: these rules wait for each other: {1}." | "«{0}»: estas reglas se esperan unas a otras: {1}."
        | "Take one of these references away." | "Quita una de esas referencias.";
    E144: "«{0}:» is a known field, but {1}." | "«{0}:» es un campo conocido, pero {1}."
        | "Take it out of the query." | "Quítalo de la consulta.";
    E145: "«{0}» asks for every post, which this rule may not." | "«{0}» pide todos los mensajes y esta regla no tiene permiso."
        | "Add a term, or set all = true for this query." | "Añade un término, o pon all = true en esta consulta.";
    E146: "The rule has too many wildcards: it may have {1}." | "La regla tiene demasiados comodines: admite {1}."
        | "Split it or write the words out." | "Divídela o escribe las palabras completas.";
    E147: "Brackets are nested too deep: {1} levels are admitted." | "Demasiados paréntesis anidados: se admiten {1} niveles."
        | "Take away brackets that are not needed." | "Quita los paréntesis que sobren.";
    E201: "A rule needs at least one term that is not an exclusion." | "Hace falta al menos un término no excluido."
        | "Add a word, phrase, #tag or @name." | "Añade una palabra, frase, #etiqueta o @nombre.";
    E202: "An exclusion cannot be one side of OR: it would match almost everything." | "Una exclusión no puede ser un lado de OR: casi todo coincidiría."
        | "Add a term to that side: a OR (b -c)." | "Añade un término a ese lado: a OR (b -c).";
    E203: "Only filters here (lang:, has:, is: …)." | "Aquí solo hay filtros (lang:, has:, is: …)."
        | "Add a word, phrase, #tag, @name, from: or url: on every side of OR." | "Añade una palabra, frase, #, @, from: o url: en cada lado de OR.";
    W101: "AND binds tighter than OR here." | "AND liga más que OR."
        | "Add brackets to make it plain: ({0})." | "Pon paréntesis para que se vea: ({0}).";
    W102: "«{0}» is read as a word." | "«{0}» se lee como palabra."
        | "The operator is written in capitals: {1}." | "El operador va en mayúsculas: {1}.";
    W103: "«{0}» is read as a word." | "«{0}» se lee como palabra."
        | "If you mean the operator, write {1}; else put it inside a phrase." | "Si es el operador, escribe {1}; si no, ponlo dentro de una frase.";
    W104: "«{0}» is read as the phrase \"{1}\"." | "«{0}» se lee como la frase \"{1}\"."
        | "Quote it if that is what you mean." | "Ponlo entre comillas si es lo que quieres.";
    W105: "{0} without a distance is read as {0}/4." | "{0} sin distancia se lee como {0}/4."
        | "Write the distance stuck to it: {1}." | "Escribe la distancia pegada: {1}.";
    W106: "{0}: NEAR above 10 is close to a plain AND." | "{0}: NEAR mayor que 10 equivale casi a AND."
        | "Use a smaller distance or AND." | "Usa una distancia menor o AND.";
    W107: "«{0}» matches very many words." | "«{0}» coincide con muchísimas palabras."
        | "Write more letters before the wildcard." | "Escribe más letras antes del comodín.";
    W108: "«{0}» has an accent and accents are exact: text without it will be missed." | "«{0}» lleva acento y los acentos son exactos: se perderá el texto sin él."
        | "Add the form without it, or use accents = \"fold\"." | "Añade la forma sin acento o usa accents = \"fold\".";
    W109: "«{0}» will not match «{1}»: ñ and ç are letters of their own." | "«{0}» no coincide con «{1}»: ñ y ç son letras propias."
        | "If you want both, write ({0} OR {1})." | "Si quieres ambas, escribe ({0} OR {1}).";
    W110: "«{0}» is also the name of an account of ours: what it posts, and what mentions it, is found too."
        | "«{0}» es también el nombre de una cuenta propia: se encontrará lo que publica y lo que la menciona."
        | "If you do not want that, add {1}." | "Si no lo quieres, añade {1}.";
    W111: "The rule matches {1} of the posts it was tried on." | "La regla coincide con {1} de los mensajes probados."
        | "Add a term or a filter if that is too much." | "Añade un término o un filtro si es demasiado.";
    W112: "«{0}» starts with a dash that excludes nothing; it is read as a word." | "«{0}» empieza con una raya que no excluye nada; se lee como palabra."
        | "Did you mean -{1}?" | "¿Querías decir -{1}?";
    W113: "Typographic quotes are read as \"." | "Las comillas tipográficas se leen como \"."
        | "Write \" to make it plain." | "Escribe \" para que se vea.";
    W114: "«{0}»: the point starts decimals, it does not part thousands." | "«{0}»: el punto separa decimales, no miles."
        | "Write thousands without a point: {1}." | "Escribe los miles sin punto: {1}.";
}

impl Code {
    /// E is an error, W a warning.
    fn is_error(self) -> bool {
        self.as_str().starts_with('E')
    }

    /// Whether its text shows the value of a field alone.
    pub(super) fn shows_value(self) -> bool {
        matches!(self, Code::E124 | Code::E126 | Code::E127 | Code::E128)
    }

    /// Whether `strict` makes an error of it: W101 to W107.
    pub(super) fn is_strict(self) -> bool {
        (Code::W101..=Code::W107).contains(&self)
    }
}

/// The terminal form of a problem: code, the rule, a caret line, cause, fix.
///
/// A tab or line break of the rule is shown as a space, so that the carets stand where they belong.
pub fn caret(text: &str, problem: &Problem, lang: Lang) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let start = problem.span.start as usize;
    let carets = (problem.span.end as usize).saturating_sub(start).max(1);
    let indent = problem.code.as_str().len() + 2;
    let pad = " ".repeat(indent);
    format!(
        "{}  {flat}\n{}{}\n{pad}{}\n{pad}{}\n",
        problem.code.as_str(),
        " ".repeat(indent + start),
        "^".repeat(carets),
        problem.cause.get(lang),
        problem.fix.get(lang)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_speaks_both_languages() {
        for code in Code::ALL {
            let p = Problem::new(*code, 0..1, "typed", "hint");
            for text in [&p.cause.es, &p.cause.en, &p.fix.es, &p.fix.en] {
                assert!(!text.is_empty() && !text.contains("{0}") && !text.contains("{1}"), "{code:?}: {text}");
            }
            assert_ne!(p.cause.es, p.cause.en, "{code:?}");
            assert_eq!(p.is_error, code.as_str().starts_with('E'));
        }
    }

    #[test]
    fn the_caret_line_stands_under_the_span() {
        let p = Problem::new(Code::E112, 18..24, "NEAR/5", "");
        let shown = caret("(fraude AND robo) NEAR/5 tarjeta", &p, Lang::Es);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "E112  (fraude AND robo) NEAR/5 tarjeta");
        assert_eq!(lines[1], "                        ^^^^^^");
        assert_eq!(lines[2], "      AND no puede ir dentro de NEAR.");
        assert_eq!(lines.len(), 4);
    }
}
