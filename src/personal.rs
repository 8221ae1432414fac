//! Kinds of personal data, as posts and readers name them.

use crate::bilingual::Lang;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Number of a payment card: ISO/IEC 7812, Luhn.
    Card,
    /// International bank account number: ISO 13616, mod 97.
    Iban,
    /// Mexican bank account: 18 digits with a control digit.
    Clabe,
    /// Spanish identity number of nationals or of foreigners, with its control letter.
    Dni,
    /// Mexican population register code, with its control digit.
    Curp,
    /// Mexican taxpayer code with homoclave.
    Rfc,
    /// Telephone number.
    Phone,
    /// E-mail address.
    Email,
}

impl Kind {
    /// All, in declaration order.
    pub const ALL: [Kind; 8] = [Kind::Card, Kind::Iban, Kind::Clabe, Kind::Dni, Kind::Curp, Kind::Rfc, Kind::Phone, Kind::Email];

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::Clabe => "clabe",
            Kind::Dni => "dni",
            Kind::Curp => "curp",
            Kind::Rfc => "rfc",
            Kind::Phone => "phone",
            Kind::Email => "email",
        }
    }

    /// Its name for people.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Kind::Card => lang.pick("tarjeta", "card number"),
            Kind::Iban => "IBAN",
            Kind::Clabe => "CLABE",
            Kind::Dni => "DNI/NIE",
            Kind::Curp => "CURP",
            Kind::Rfc => "RFC",
            Kind::Phone => lang.pick("teléfono", "telephone number"),
            Kind::Email => lang.pick("correo", "e-mail address"),
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(pub u8);

impl Kinds {
    /// Adds `kind`.
    pub fn add(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u8;
    }
    /// The kinds in it, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.0 & (1 << *kind as u8) != 0)
    }
    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let mut kinds = Kinds::default();
        assert!(kinds.is_empty());
        for kind in [Kind::Email, Kind::Card, Kind::Email] {
            kinds.add(kind);
        }
        assert_eq!(kinds.iter().collect::<Vec<_>>(), [Kind::Card, Kind::Email]);
        let names: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert_eq!((Kind::Card.name(Lang::Es), Kind::Card.name(Lang::En)), ("tarjeta", "card number"));
    }
}
