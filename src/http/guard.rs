//! What every request passes: where it comes from, who sends it, how a problem is told.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::auth::Holder;
use super::problem::PROBLEM_JSON;
use super::{Access, App, Code, Problem, auth};
use crate::bilingual::Lang;
use crate::wall;

/// Headers of every answer.
pub const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, wall::CONTENT_SECURITY_POLICY),
];

/// The language a reader asks for.
pub fn language(headers: &HeaderMap) -> Lang {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map_or(Lang::En, Lang::from_accept)
}

/// Headers of an answer that speaks to people in `lang`.
pub fn spoken(lang: Lang) -> [(HeaderName, &'static str); 2] {
    [(header::CONTENT_LANGUAGE, lang.pick("es", "en")), (header::VARY, "Accept-Language")]
}

/// Refuses what may not pass, and writes problems out in the reader's language.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let lang = language(request.headers());
    let holder = Holder::from_headers(request.headers());
    request.extensions_mut().insert(holder);
    let response = match check(&app, &request, holder) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.render(lang),
    };
    let problem = response.extensions().get::<Problem>().cloned();
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == PROBLEM_JSON);
    let mut response = match problem.or_else(|| Problem::of(response.status()).filter(|_| !told)) {
        Some(problem) => problem.render(lang),
        None => response,
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn check(app: &App, request: &Request, holder: Holder) -> Result<(), Problem> {
    let headers = request.headers();
    let tokens = app.shared.tokens.load();
    if !auth::origin_allowed(headers, &app.settings.allowed_origins) || (tokens.is_empty() && !auth::names_loopback(headers)) {
        return Err(Problem::new(Code::Origin));
    }
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // What is no route has no rule and is answered with 404 or 405.
    let rule = super::access(request.method(), path).unwrap_or(Access::Open);
    if holder.may(rule, &tokens) {
        return Ok(());
    }
    Err(Problem::new(if holder.role(&tokens).is_some() { Code::Forbidden } else { Code::Unauthorized }))
}
