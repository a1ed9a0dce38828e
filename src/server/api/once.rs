//! `Idempotency-Key`: a POST that makes something may be sent again by whoever lost the answer
//! (draft-ietf-httpapi-idempotency-key-header).

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, HeaderMap},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use grantway_core::{Code, Digest, Secret};
use grantway_service::{Caller, KeptAnswer, Once, Repeatable, ServiceError};

use crate::server::{problem::ApiError, state::AppState};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was kept from before.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;

/// Answers a request that was answered before as it was then. Only behind a key of the API.
pub(crate) async fn once(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(key) = key_of(request.headers())? else { return Ok(next.run(request).await) };
    let caller = request.extensions().get::<Caller>().cloned().ok_or(ServiceError::Unauthorized)?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|_| ApiError::new(Code::InvalidRequest, "the body can't be read"))?;
    let text = String::from_utf8_lossy(&body);
    let asked = Digest::of(&format!("{} {}\n{text}", parts.method, parts.uri.path()));
    let repeatable = Repeatable { app: &caller.app, key: &key, asked };
    let request = Request::from_parts(parts, Body::from(body));
    match state.service.once(repeatable, async move { kept(next.run(request).await).await }).await? {
        Once::First(response) => Ok(response),
        Once::Again(answer) => Ok(again(&answer)),
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let refusal = || {
        let rule = format!("Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters");
        ApiError::new(Code::InvalidRequest, rule)
    };
    Ok(Some(key.ok_or_else(refusal)?.to_owned()))
}

/// The answer, and what is kept of it: only a success made something.
async fn kept(response: Response) -> (Response, Option<KeptAnswer>) {
    if !response.status().is_success() {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = Secret::new(String::from_utf8_lossy(&body).into_owned());
    let answer = KeptAnswer { status: parts.status.as_u16(), body: text };
    (Response::from_parts(parts, Body::from(body)), Some(answer))
}

fn again(answer: &KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, answer.body.expose().to_owned()).into_response()
}
