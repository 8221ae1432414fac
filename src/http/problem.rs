//! Errors as RFC 9457 problem documents, in the reader's language.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use std::sync::Arc;

use crate::bilingual::{Both, Lang};
use crate::query::Span;
use crate::time::Timestamp;
use crate::wire::{ChangedView, FaultView, ProblemView, Time, json};
use crate::{eql, limits};

/// Media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:ident, $es:literal, $en:literal;)*) => {
        /// Kinds of problems.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)* }
        impl Code {
            fn parts(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Code::$variant => ($name, StatusCode::$status, $es, $en)),* }
            }
        }
    };
}

codes! {
    /// A parameter or body that cannot be understood.
    Invalid = "invalid_request", BAD_REQUEST, "La petición no se entiende", "The request cannot be understood";
    /// No token, or one that is not known.
    Unauthorized = "unauthorized", UNAUTHORIZED, "Hace falta un token válido", "A valid token is needed";
    /// The token's role does not reach.
    Forbidden = "forbidden", FORBIDDEN, "El rol del token no lo permite", "The token's role does not allow it";
    /// A page of another site.
    Origin = "origin_not_allowed", FORBIDDEN, "El origen no está permitido", "The origin is not allowed";
    /// Nothing there.
    NotFound = "not_found", NOT_FOUND, "No existe", "There is no such thing";
    /// Another method is meant.
    Method = "method_not_allowed", METHOD_NOT_ALLOWED, "El método no está permitido", "The method is not allowed";
    /// The body did not come in time.
    BodyTimeout = "body_timeout", REQUEST_TIMEOUT, "El cuerpo tarda demasiado", "The body takes too long";
    /// The body is too long, perhaps only once it is unpacked.
    TooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "El cuerpo es demasiado grande", "The body is too large";
    /// An encoding that is not read.
    Encoding = "encoding_not_supported", UNSUPPORTED_MEDIA_TYPE, "La codificación no se admite", "The encoding is not supported";
    /// The new configuration was not taken.
    Rejected = "configuration_rejected", UNPROCESSABLE_ENTITY, "La configuración nueva no vale", "The new configuration is not valid";
    /// A topic of the body was not taken.
    Topic = "topic_rejected", UNPROCESSABLE_ENTITY, "El tema no vale", "The topic is not valid";
    /// A query of the body cannot be read.
    Query = "query_rejected", UNPROCESSABLE_ENTITY, "La consulta no vale", "The query is not valid";
    /// A silence of the body was not taken.
    Silence = "silence_rejected", UNPROCESSABLE_ENTITY, "El silencio no vale", "The silence is not valid";
    /// An act of the body was not taken.
    Act = "act_rejected", UNPROCESSABLE_ENTITY, "La acción no vale", "The act is not valid";
    /// Somebody else changed it first.
    Changed = "incident_changed", CONFLICT, "El caso cambió entretanto", "The incident changed meanwhile";
    /// The alert is over.
    Over = "alert_over", CONFLICT, "La alerta ya terminó", "The alert is over";
    /// Others need it.
    Needed = "needed_by_others", CONFLICT, "Otros lo necesitan", "Others need it";
    /// Only as a WebSocket.
    Upgrade = "upgrade_required", UPGRADE_REQUIRED, "Aquí se habla WebSocket", "This speaks WebSocket";
    /// Come back later.
    Busy = "too_many_requests", TOO_MANY_REQUESTS, "El motor va lleno", "The engine is full";
    /// Too many clients join a stream at the same time.
    Crowd = "too_many_joins", SERVICE_UNAVAILABLE, "Se conectan demasiados clientes a la vez", "Too many clients connect at once";
    /// The engine stops, or has no such part.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "No está disponible", "It is not available";
}

/// One mistake in a body, or what is probably not meant there, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON Pointer to the value, empty for the whole body.
    pub pointer: String,
    /// Its code, if it is about a query; else empty.
    pub code: &'static str,
    /// Code points of the string there.
    pub span: Option<Span>,
    /// An error keeps the body from being used; a warning does not.
    pub is_error: bool,
    /// What is wrong.
    pub cause: Both,
    /// What to write instead; may be empty.
    pub fix: Both,
}

impl Fault {
    /// An error in the value at `pointer`.
    pub fn at(pointer: &str, cause: Both) -> Fault {
        Fault { pointer: pointer.to_owned(), code: "", span: None, is_error: true, cause, fix: Both::new("", "") }
    }

    /// What is wrong with the query at `pointer`.
    pub fn of_query(pointer: &str, problem: &eql::Problem) -> Fault {
        let eql::Problem { code, span, is_error, cause, fix } = problem.clone();
        Fault { pointer: pointer.to_owned(), code: code.as_str(), span: Some(span), is_error, cause, fix }
    }

    /// As JSON tells it in `lang`.
    pub fn view(&self, lang: Lang) -> FaultView<'_> {
        FaultView {
            pointer: &self.pointer,
            code: (!self.code.is_empty()).then_some(self.code),
            start: self.span.as_ref().map(|s| s.start),
            end: self.span.as_ref().map(|s| s.end),
            cause: self.cause.get(lang),
            fix: Some(self.fix.get(lang)).filter(|fix| !fix.is_empty()),
        }
    }
}

/// One problem; the guard writes it out, because it knows the reader's language.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Both,
    retry_after: Option<u32>,
    faults: Arc<[Fault]>,
    changed: Option<ChangedView>,
}

impl Problem {
    /// A problem without more to say.
    pub fn new(code: Code) -> Problem {
        let (_, _, es, en) = code.parts();
        Problem { code, detail: Both::new(es, en), retry_after: None, faults: Arc::from([]), changed: None }
    }

    /// The problem behind an answer that the HTTP library gave by itself.
    pub fn of(status: StatusCode) -> Option<Problem> {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::new(Code::TooLarge)),
            s if s.is_client_error() => Some(Problem::new(Code::Invalid)),
            _ => None,
        }
    }

    /// What is wrong in this very case.
    pub fn because(code: Code, es: impl Into<String>, en: impl Into<String>) -> Problem {
        Problem { detail: Both::new(es, en), ..Problem::new(code) }
    }

    /// Tells to come back after `seconds`.
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    /// How it is now that somebody changed it: its version, who did, if an agent, and when.
    pub fn changed(self, version: u64, by: Option<&str>, at: Timestamp) -> Problem {
        Problem { changed: Some(ChangedView { version, changed_by: by.map(str::to_owned), changed_at: Time(at) }), ..self }
    }

    /// What is wrong with the body, fault by fault; `limits::PROBLEMS_SHOWN` at most.
    pub fn faults(code: Code, mut faults: Vec<Fault>) -> Problem {
        faults.truncate(limits::PROBLEMS_SHOWN);
        let detail = match &faults[..] {
            [one] => Both::new(one.cause.es.clone(), one.cause.en.clone()),
            many => Both::new(format!("{} errores", many.len()), format!("{} errors", many.len())),
        };
        Problem { detail, faults: faults.into(), ..Problem::new(code) }
    }

    /// The detail in both languages.
    pub fn detail(&self) -> &Both {
        &self.detail
    }

    /// The name for programs.
    pub fn code(&self) -> &'static str {
        self.code.parts().0
    }

    /// The document in `lang`.
    pub fn render(&self, lang: Lang) -> Response {
        let (code, status, es, en) = self.code.parts();
        let document = json(&ProblemView {
            r#type: format!("urn:escucha:problem:{code}"),
            title: lang.pick(es, en),
            status: status.as_u16(),
            detail: self.detail.get(lang),
            code,
            errors: self.faults.iter().map(|f| f.view(lang)).collect(),
            changed: self.changed.as_ref(),
        });
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], document).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.pick("es", "en")));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.parts().1;
        response.extensions_mut().insert(self);
        response
    }
}
