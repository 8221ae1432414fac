//! Why an attempt failed, and whether another could help.

use std::net::IpAddr;
use std::time::Duration;

use super::Outcome;
use crate::bilingual::{Both, Lang};

/// Why an attempt failed. Nothing in it comes from the configuration but what may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The target leads to an address that is neither public nor listed.
    Refused(IpAddr),
    /// No connection: in the words of the system or of TLS.
    Connection(String),
    /// No answer within this time.
    Silent(Duration),
    /// An HTTP answer that does not say yes.
    Status {
        /// The status.
        code: u16,
        /// `Retry-After`.
        after: Option<Duration>,
        /// How its body begins, without secrets.
        said: String,
    },
    /// A redirect that is not followed.
    Redirect(u16),
    /// An SMTP answer that does not say yes, without secrets.
    Reply {
        /// The reply code; 0 if the answer was none.
        code: u16,
        /// Its text.
        said: String,
    },
    /// The server offers no encryption, or no way to sign in that we know.
    Unfit(&'static str),
    /// The message cannot be put into the target's form.
    Message(String),
}

impl Fault {
    /// For people.
    pub fn text(&self) -> Both {
        match self {
            Fault::Refused(address) => Both::new(
                format!("lleva a {address}, que no es una dirección pública ni está en «allow»"),
                format!("it leads to {address}, which is neither a public address nor listed in “allow”"),
            ),
            Fault::Connection(why) => Both::new(format!("sin conexión: {why}"), format!("no connection: {why}")),
            Fault::Silent(time) => {
                let seconds = time.as_secs_f64();
                Both::new(format!("sin respuesta en {seconds} s"), format!("no answer within {seconds} s"))
            }
            Fault::Status { code, said, .. } => answered("HTTP", *code, said),
            Fault::Redirect(code) => Both::new(
                format!("respondió {code} y ese salto no se sigue: pon la dirección final"),
                format!("answered {code}, a redirect that is not followed: use the final address"),
            ),
            Fault::Reply { code, said } => answered("SMTP", *code, said),
            Fault::Unfit("starttls") => Both::new("el servidor no ofrece STARTTLS", "the server does not offer STARTTLS"),
            Fault::Unfit(_) => Both::new("el servidor no ofrece una forma conocida de entrar", "the server offers no known way to sign in"),
            Fault::Message(why) => {
                Both::new(format!("no se pudo escribir el mensaje: {why}"), format!("the message cannot be written: {why}"))
            }
        }
    }

    /// What came of the attempt, told in `lang`.
    pub fn outcome(self, lang: Lang) -> Outcome {
        let why = self.text().get(lang).to_owned();
        match self {
            Fault::Status { code: 410, .. } => Outcome::Gone { why },
            Fault::Status { code: 408 | 425 | 429 | 500.., after, .. } => Outcome::Transient { why, after },
            // An answer that is none may come of a server that is going down.
            Fault::Reply { code: 0 | 400..=499, .. } => Outcome::Transient { why, after: None },
            Fault::Connection(_) | Fault::Silent(_) => Outcome::Transient { why, after: None },
            Fault::Refused(_) | Fault::Status { .. } | Fault::Redirect(_) | Fault::Reply { .. } => Outcome::Permanent { why },
            Fault::Unfit(_) | Fault::Message(_) => Outcome::Permanent { why },
        }
    }
}

fn answered(protocol: &str, code: u16, said: &str) -> Both {
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Both::new(format!("respondió {protocol} {code}{said}"), format!("answered {protocol} {code}{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_class() {
        let status = |code| Fault::Status { code, after: Some(Duration::from_secs(7)), said: String::new() };
        let reply = |code| Fault::Reply { code, said: String::new() };
        let class = |fault: Fault| match fault.outcome(Lang::En) {
            Outcome::Delivered => "delivered",
            Outcome::Transient { after: Some(after), .. } => {
                assert_eq!(after.as_secs(), 7);
                "after"
            }
            Outcome::Transient { .. } => "transient",
            Outcome::Permanent { .. } => "permanent",
            Outcome::Gone { .. } => "gone",
        };
        for (codes, want) in [
            (&[408, 425, 429, 500, 502, 503, 504, 599][..], "after"),
            (&[300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 413, 422, 451], "permanent"),
            (&[410], "gone"),
        ] {
            for code in codes {
                assert_eq!(class(status(*code)), want, "{code}");
            }
        }
        for (code, want) in [(0, "transient"), (421, "transient"), (450, "transient"), (500, "permanent"), (550, "permanent")] {
            assert_eq!(class(reply(code)), want, "{code}");
        }
        assert_eq!(class(Fault::Silent(Duration::from_secs(1))), "transient");
        assert_eq!(class(Fault::Refused([127, 0, 0, 1].into())), "permanent");
        assert_eq!(class(Fault::Redirect(301)), "permanent");
    }
}
