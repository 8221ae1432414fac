//! What is wrong with the arguments, in the reader's language.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::bilingual::Lang;

/// The parser's error as it is shown; its own words in English.
pub fn text(error: &clap::Error, lang: Lang) -> String {
    match lang {
        Lang::En => error.render().to_string(),
        Lang::Es => spanish(error).unwrap_or_else(|| super::help::finished(&error.render().to_string(), lang)),
    }
}

fn spanish(error: &clap::Error) -> Option<String> {
    let get = |kind| error.get(kind).map(shown);
    let arg = || get(ContextKind::InvalidArg).unwrap_or_default();
    let value = || get(ContextKind::InvalidValue).unwrap_or_default();
    let cause = match error.kind() {
        ErrorKind::UnknownArgument => format!("no se conoce la opción «{}»", arg()),
        ErrorKind::InvalidSubcommand => format!("no se conoce la orden «{}»", get(ContextKind::InvalidSubcommand)?),
        ErrorKind::MissingRequiredArgument => format!("falta {}", arg()),
        ErrorKind::MissingSubcommand => "falta la orden".to_owned(),
        ErrorKind::InvalidValue if value().is_empty() => format!("a {} le falta su valor", arg()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("«{}» no vale para {}", value(), arg()),
        ErrorKind::NoEquals => format!("{} se escribe con =", arg()),
        ErrorKind::TooManyValues => format!("«{}» sobra en {}", value(), arg()),
        ErrorKind::ArgumentConflict => format!("{} no se puede usar con {}", arg(), get(ContextKind::PriorArg)?),
        ErrorKind::InvalidUtf8 => "hay un argumento que no es UTF-8".to_owned(),
        // Help shown for want of a command: already in Spanish.
        _ => return None,
    };
    let mut text = format!("error: {cause}\n");
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        if let Some(near) = get(kind) {
            text += &format!("\n  ¿querías decir {near}?\n");
        }
    }
    if let Some(all) = get(ContextKind::ValidValue).filter(|all| !all.is_empty()) {
        text += &format!("\n  se admite: {all}\n");
    }
    text += "\nPara saber más: escucha --help\n";
    Some(text)
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(list) => list.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ContextValue::Number(n) => n.to_string(),
        ContextValue::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}
