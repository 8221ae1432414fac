//! Errors as RFC 9457 problem documents, in the reader's language.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::bilingual::{Both, Lang};
use crate::wire::{ProblemView, json};

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
    /// Only as a WebSocket.
    Upgrade = "upgrade_required", UPGRADE_REQUIRED, "Aquí se habla WebSocket", "This speaks WebSocket";
    /// Come back later.
    Busy = "too_many_requests", TOO_MANY_REQUESTS, "El motor va lleno", "The engine is full";
    /// The engine stops, or has no such part.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "No está disponible", "It is not available";
}

/// One problem; the guard writes it out, because it knows the reader's language.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Both,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem without more to say.
    pub fn new(code: Code) -> Problem {
        let (_, _, es, en) = code.parts();
        Problem { code, detail: Both::new(es, en), retry_after: None }
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
