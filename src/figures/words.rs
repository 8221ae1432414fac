//! The words of closed sets for people.

use super::Words;

/// Days of the week, Monday first.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Every word, in Spanish and in English.
const TITLES: &[(&str, Words)] = &[
    ("monday", ("lunes", "Monday")),
    ("tuesday", ("martes", "Tuesday")),
    ("wednesday", ("miércoles", "Wednesday")),
    ("thursday", ("jueves", "Thursday")),
    ("friday", ("viernes", "Friday")),
    ("saturday", ("sábado", "Saturday")),
    ("sunday", ("domingo", "Sunday")),
    ("all", ("todas", "all")),
    ("without_bystanders", ("sin testigos", "without bystanders")),
    ("none", ("sin etiqueta", "no label")),
    ("yes", ("sí", "yes")),
    ("no", ("no", "no")),
    ("0-1h", ("0–1 h", "0–1 h")),
    ("1-4h", ("1–4 h", "1–4 h")),
    ("4-24h", ("4–24 h", "4–24 h")),
    ("over-24h", ("> 24 h", "> 24 h")),
    ("direct", ("mención directa", "direct mention")),
    ("active", ("escucha activa", "active listening")),
    ("outbound", ("abiertas por la marca", "opened by the brand")),
    ("mention_or_reply", ("mención o respuesta", "mention or reply")),
    ("topic", ("un tema", "a topic")),
    ("answered_by_us", ("la marca respondió", "answered by the brand")),
    ("new", ("nueva", "new")),
    ("waiting_brand", ("espera a la marca", "waiting for the brand")),
    ("waiting_customer", ("espera al cliente", "waiting for the customer")),
    ("merged", ("fusionada", "merged")),
    ("private", ("privada", "private")),
    ("abandoned", ("desistida", "abandoned")),
    ("answered", ("respondida", "answered")),
    ("expired", ("caducada", "expired")),
    ("resolved", ("resuelta", "resolved")),
    ("complaint", ("queja", "complaint")),
    ("consultation", ("consulta", "consultation")),
    ("suggestion", ("sugerencia", "suggestion")),
    ("praise", ("felicitación", "praise")),
    ("purchase", ("intención de compra", "purchase intent")),
    ("typology", ("tipología", "typology")),
    ("category", ("categoría", "category")),
    ("subcategory", ("subcategoría", "subcategory")),
    ("section", ("sección", "section")),
    ("scenario", ("escenario", "scenario")),
    ("origin", ("origen", "origin")),
    ("cause", ("causa", "cause")),
    ("state", ("estado", "state")),
    ("network", ("red", "network")),
    ("other_signatures", ("otras firmas", "other signatures")),
    ("blocked", ("operación bloqueada", "blocked operation")),
];

/// A word for people.
pub fn title(word: &str) -> Option<Words> {
    TITLES.iter().find(|(known, _)| *known == word).map(|(_, title)| *title)
}
