//! Telephone numbers of Spain and Latin America, of North America, and any with its country's code.
//!
//! Nothing in a number says that it is one. What tells are its length, how it begins, how it is parted and
//! the words beside it: amounts, dates, years, the numbers of orders and cases and of posts are none.
//! Numbers that are free or dearer to call (800, 900, ...) belong to companies and are left alone.

use super::Taken;
use super::cells::{BLANK, Cells, DASH, WALL};
use super::numbers::{Group, groups};
use crate::personal::Kind;

/// How sure it is that digits are a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// Unless the words beside it speak of something else.
    Likely,
    /// Only if the words beside it speak of telephones.
    IfTold,
}

/// Most groups that a number is written in.
const GROUPS: usize = 7;
/// Most characters between two groups, as in `) - `.
const GAP: usize = 3;

pub(super) fn find(cells: &Cells, taken: &mut Taken) {
    let groups = groups(cells);
    let mut first = 0;
    while first < groups.len() {
        let mut ends = first + 1;
        while ends < groups.len() && ends - first < GROUPS && gap(cells, groups[ends - 1], groups[ends]).is_some() {
            ends += 1;
        }
        let found = (first + 1..=ends).rev().find(|end| {
            let candidate = Candidate { cells, all: &groups, first, end: *end };
            candidate.is_phone() && taken.take(candidate.start()..groups[*end - 1].end, Kind::Phone)
        });
        first = found.unwrap_or(first + 1);
    }
}

/// What parts two groups of one number.
fn gap(cells: &Cells, a: Group, b: Group) -> Option<&[char]> {
    let between = cells.slice(a.end..b.start);
    let parts = between.iter().all(|c| matches!(*c, BLANK | DASH | '.' | '(' | ')' | '/' | '·'));
    (parts && between.len() <= GAP).then_some(between)
}

/// Groups that may be a number.
struct Candidate<'a> {
    cells: &'a Cells,
    all: &'a [Group],
    first: usize,
    end: usize,
}

impl Candidate<'_> {
    fn groups(&self) -> &[Group] {
        &self.all[self.first..self.end]
    }

    /// Where it begins, with its `+`, and with its bracket if that is closed within it.
    fn start(&self) -> usize {
        let (mut at, end) = (self.all[self.first].start, self.all[self.end - 1].end);
        let closes = self.cells.slice(at..end).contains(&')');
        while self.cells.before(at) == '+' || (closes && self.cells.before(at) == '(') {
            at -= 1;
        }
        at
    }

    fn digits(&self) -> String {
        self.groups().iter().flat_map(|g| self.cells.slice(g.start..g.end)).collect()
    }

    fn is_phone(&self) -> bool {
        let digits = self.digits();
        if !(7..=15).contains(&digits.len()) || !self.is_apart() || self.is_pointed() {
            return false;
        }
        let shape: Vec<usize> = self.groups().iter().map(Group::len).collect();
        let is_abroad = self.cells.slice(self.start()..self.all[self.first].start).contains(&'+');
        let sure = if is_abroad { is_international(&digits).then_some(Sure::Likely) } else { domestic(&digits, &shape) };
        let Some(sure) = sure else { return false };
        // A list of figures goes on.
        let alone = !self.goes_on();
        match (sure, told(self.cells, self.start())) {
            (_, Some(true)) => true,
            (Sure::Likely, None) => alone && !is_measured(self.cells, self.all[self.end - 1].end),
            _ => false,
        }
    }

    /// Whether it stands by itself: no letter, sign of an address or of an amount is glued to it, and no
    /// digit after a dash, a point or a comma.
    fn is_apart(&self) -> bool {
        let (cells, start, end) = (self.cells, self.start(), self.all[self.end - 1].end);
        let glues = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '=' | '&' | '$' | '€' | '£' | '%' | '/' | '\\' | '+');
        let parts = |c: char| matches!(c, DASH | '.' | ',' | ':' | '\'');
        let before = cells.before(start);
        let two_before = start.checked_sub(2).map_or(WALL, |i| cells.at(i));
        let behind = match before {
            ':' => two_before.is_ascii_digit(),
            ',' => false,
            c => parts(c) && two_before.is_alphanumeric(),
        };
        let after = cells.at(end);
        let goes_on = match after {
            // Hundredths, and not the next number of a list.
            ',' => cells.at(end + 1).is_ascii_digit() && !cells.at(end + 3).is_ascii_digit(),
            c => parts(c) && cells.at(end + 1).is_alphanumeric(),
        };
        // Two numbers may stand to each other as this/that.
        let glued = glues(before) || (glues(after) && after != '/');
        !(glued || behind || goes_on)
    }

    /// Whether it is written as thousands or as an address of the Internet.
    fn is_pointed(&self) -> bool {
        let groups = self.groups();
        let points = groups.windows(2).all(|two| self.cells.slice(two[0].end..two[1].start) == ['.']);
        let address = groups.len() == 4 && groups.iter().all(|g| g.len() <= 3);
        let thousands = groups.iter().skip(1).all(|g| g.len() == 3) && told(self.cells, self.start()) != Some(true);
        groups.len() > 1 && points && (address || thousands)
    }

    /// Whether more groups of digits follow or go before as if they were of the same list.
    fn goes_on(&self) -> bool {
        let short = |g: &&Group| g.len() < 5;
        let before = self.first.checked_sub(1).and_then(|i| self.all.get(i)).filter(short);
        let after = self.all.get(self.end).filter(short);
        let near = |a: Group, b: Group| gap(self.cells, a, b).is_some_and(|gap| gap.iter().all(|c| *c == BLANK || *c == DASH));
        let before = before.is_some_and(|g| near(*g, self.all[self.first]));
        let after = after.is_some_and(|g| near(self.all[self.end - 1], *g));
        // Two digits each are the tickets of a lottery as well.
        let pairs = self.groups().iter().all(|g| g.len() == 2);
        if pairs { before || after } else { before && after }
    }
}

/// Country codes after a `+`: those of one and two digits as the ITU gave them, and their zones.
fn is_international(digits: &str) -> bool {
    let rest = match digits.as_bytes() {
        [b'1', b'2'..=b'9', ..] => return digits.len() == 11 && !is_free(digits.get(1..).unwrap_or_default()),
        [b'7', b'3' | b'4' | b'7'..=b'9', ..] => return digits.len() == 11,
        [b'2'..=b'6' | b'8' | b'9', _, rest @ ..] => rest,
        _ => return false,
    };
    // At least six digits behind the code, and not the round figure of an advertisement.
    rest.len() >= 6 && digits.len() <= 15 && !digits.ends_with("00000")
}

/// A number without a `+`, by its digits and by how many are in each group.
fn domestic(digits: &str, shape: &[usize]) -> Option<Sure> {
    // Codes of countries whose numbers are written so, and how many digits follow; a 1 or a 9 for mobiles.
    const CODES: [(&str, usize); 9] =
        [("34", 9), ("521", 10), ("52", 10), ("57", 10), ("549", 10), ("54", 10), ("56", 9), ("51", 9), ("1", 10)];
    let dialled = digits.strip_prefix("00").unwrap_or(digits);
    for (code, length) in CODES {
        let national = dialled.strip_prefix(code).filter(|rest| rest.len() == length);
        let parted = shape.len() > 1 || code != "1";
        if let Some(national) = national.filter(|n| parted && !is_free(n) && !n.starts_with(['0', '1'])) {
            let mobile = code != "56" && code != "51" || national.starts_with('9') || shape.len() > 1;
            return mobile.then_some(Sure::Likely);
        }
    }
    if is_free(digits) {
        return None;
    }
    match digits.len() {
        9 => nine(digits, shape),
        10 => ten(digits, shape),
        11..=13 => trunk(digits, shape),
        7 | 8 => matches!(shape, [8] | [4, 4] | [2, 2, 2, 2] | [1, 3, 4] | [3, 4] | [3, 2, 2] | [7]).then_some(Sure::IfTold),
        _ => None,
    }
}

/// Spain (6, 7, 8, 9), Peru and Chile (9).
fn nine(digits: &str, shape: &[usize]) -> Option<Sure> {
    let first = digits.as_bytes().first()?;
    match shape {
        [9] if matches!(first, b'6' | b'7' | b'9') => Some(Sure::Likely),
        [3, 3, 3] | [3, 2, 2, 2] | [2, 3, 2, 2] | [3, 6] | [2, 7] if matches!(first, b'6'..=b'9') => Some(Sure::Likely),
        [1, 4, 4] | [1, 8] if matches!(first, b'2' | b'9') && !are_years(digits.get(1..)?) => Some(Sure::Likely),
        [2, 3, 4] => Some(Sure::IfTold),
        _ => None,
    }
}

/// Mexico, Colombia, Argentina and North America.
fn ten(digits: &str, shape: &[usize]) -> Option<Sure> {
    let area = digits.get(..2)?;
    let begins = !matches!(area.as_bytes(), [b'0' | b'1', _]) || area == "11";
    match shape {
        [10] if begins && area != "11" => Some(Sure::Likely),
        [2, 4, 4] if (begins || area == "15") && !are_years(digits.get(2..)?) => Some(Sure::Likely),
        [3, 3, 4] | [3, 3, 2, 2] | [2, 8] | [3, 7] | [2, 2, 2, 2, 2] | [2, 2, 2, 4] | [2, 3, 3, 2] | [4, 3, 3] | [5, 5] | [2, 4, 2, 2]
            if begins && area != "11" =>
        {
            Some(Sure::Likely)
        }
        [10] | [4, 2, 4] | [4, 6] | [3, 2, 2, 3] if begins || area == "15" => Some(Sure::IfTold),
        _ => None,
    }
}

/// With what is dialled before the area: 01, 044, 045 in Mexico, 0 in Argentina, 03 in Colombia.
fn trunk(digits: &str, shape: &[usize]) -> Option<Sure> {
    let rest = ["044", "045", "01", "0"].into_iter().find_map(|p| digits.strip_prefix(p).filter(|rest| rest.len() == 10))?;
    let free = is_free(rest) || rest.starts_with("80");
    (shape.len() > 1 && !free && !rest.starts_with('0')).then_some(Sure::Likely)
}

/// Whether it is free, or dearer, to call: nobody's own.
fn is_free(national: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|p| national.starts_with(p));
    match national.len() {
        9 => begins(&["80", "90"]),
        10 => begins(&["800", "888", "877", "866", "855", "844", "833", "900", "810", "0800", "0810"]),
        11 => begins(&["0800", "0810", "1800", "1888", "1877", "1866", "1855", "1844", "1833", "01800", "01900"]),
        12 => begins(&["01800", "01900"]),
        _ => false,
    }
}

/// Whether eight digits are two years.
fn are_years(digits: &str) -> bool {
    digits.len() == 8 && [0, 4].iter().all(|at| digits.get(*at..at + 2).is_some_and(|c| c == "19" || c == "20"))
}

/// Cells that are looked at before a number, and words among them.
const LOOK: usize = 40;
const WORDS: usize = 4;

#[rustfmt::skip]
const PHONE_WORDS: [&str; 46] = [
    "TEL", "TELF", "TLF", "TFNO", "TFN", "TELÉFONO", "TELEFONO", "TELÉFONOS", "TELEFONOS", "CEL", "CELULAR", "CELL", "MÓVIL", "MOVIL",
    "WHATSAPP", "WHATSAP", "WHATS", "WASAP", "WSP", "WA", "WPP", "FONO", "PHONE", "TELEPHONE", "MOBILE", "CALL", "CALLED", "TEXT", "FAX",
    "LLAMA", "LLAME", "LLAMEN", "LLÁMAME", "LLAMAME", "LLÁMENME", "LLAMENME", "LLÁMEME", "LLAMAR", "LLAMANDO", "LLAMÉ", "MARCAR", "MARCO",
    "MARQUEN", "MARCA", "LLAMARON", "LLAMAN",
];
#[rustfmt::skip]
const OTHER_WORDS: [&str; 69] = [
    "FOLIO", "FOLIOS", "PEDIDO", "ORDEN", "ORDER", "ORDERS", "TICKET", "TICKETS", "REPORTE", "CASO", "CASE", "CASES", "REFERENCIA",
    "REFERENCE", "REF", "GUÍA", "GUIA", "CUENTA", "ACCOUNT", "CONTRATO", "CONTRACT", "RADICADO", "ID", "TRACKING", "CONFIRMATION",
    "CONFIRMACIÓN", "CONFIRMACION", "RESERVA", "RESERVATION", "BOOKING", "LOCALIZADOR", "PNR", "SOLICITUD", "QUEJA", "INCIDENCIA",
    "INCIDENT", "EXPEDIENTE", "RUT", "RUC", "CUIT", "CUIL", "CBU", "NIT", "CÉDULA", "CEDULA", "SKU", "ISBN", "ISSN", "SERIAL", "SERIE",
    "IMEI", "INVOICE", "FACTURA", "REQUEST", "CLAIM", "TRANSACCIÓN", "TRANSACCION", "TRANSACTION", "OPERACIÓN", "OPERACION", "SHIPMENT",
    "ENVÍO", "ENVIO", "STATUS", "AUTORIZACIÓN", "AUTORIZACION", "RECLAMO", "COMPRA", "COMPRAS",
];
#[rustfmt::skip]
const MEASURES: [&str; 31] = [
    "EUROS", "EUR", "PESOS", "MXN", "USD", "COP", "CLP", "ARS", "SOLES", "DÓLARES", "DOLARES", "DOLLARS", "MILLONES", "MILLÓN", "MDP",
    "MILLION", "BILLION", "PERSONAS", "PEOPLE", "USUARIOS", "USERS", "HABITANTES", "SEGUIDORES", "FOLLOWERS", "VOTOS", "VOTES", "VIEWS",
    "CASOS", "KM", "KG", "DE",
];

/// Whether the words before `start` speak of telephones, or of numbers of another kind; the nearest counts.
fn told(cells: &Cells, start: usize) -> Option<bool> {
    let before: &[char] = cells.slice(start.saturating_sub(LOOK)..start);
    // An amount or a number of something.
    if before.iter().rev().find(|c| **c != BLANK).is_some_and(|c| matches!(c, '$' | '€' | '£' | '#' | 'º' | '°')) {
        return Some(false);
    }
    let words = before.rsplit(|c| !c.is_alphabetic()).filter(|w| !w.is_empty()).take(WORDS);
    words.map(|w| w.iter().collect::<String>()).find_map(|word| {
        let is = |list: &[&str]| list.contains(&word.as_str());
        if is(&PHONE_WORDS) { Some(true) } else { is(&OTHER_WORDS).then_some(false) }
    })
}

/// Whether what follows says how much of what it is.
fn is_measured(cells: &Cells, end: usize) -> bool {
    let after = cells.slice(end..cells.len().min(end + LOOK / 2));
    let after = after.strip_prefix(&[BLANK]).unwrap_or(after);
    let word: String = after.iter().take_while(|c| c.is_alphabetic()).collect();
    after.first().is_some_and(|c| matches!(c, '€' | '$' | '£' | '%')) || MEASURES.contains(&word.as_str())
}
