//! The one table from failures to answers: RFC 9457 for the API, a problem for the page. A failure of
//! our own is logged here, once.

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use grantway_core::Code;
use grantway_service::ServiceError;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::calls::{self, Origins};

/// RFC 9457, section 3.
pub const PROBLEM: &str = "application/problem+json";

/// The HTTP status of a code.
#[must_use]
pub fn status_of(code: Code) -> StatusCode {
    match code {
        Code::InvalidRequest | Code::CallbackRefused | Code::FlowUnknown => StatusCode::BAD_REQUEST,
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::InsufficientKeyScope
        | Code::OriginNotAllowed
        | Code::CrossSite
        | Code::WrongBrowser
        | Code::UserMismatch
        | Code::InvalidUserToken
        | Code::AccessDenied
        | Code::ProxyNotAllowed => StatusCode::FORBIDDEN,
        Code::NotFound | Code::GrantNotFound => StatusCode::NOT_FOUND,
        Code::Conflict
        | Code::CredentialRevoked
        | Code::GrantEnded
        | Code::AccountMismatch
        | Code::AmbiguousGrant
        | Code::IdempotencyKeyInFlight => StatusCode::CONFLICT,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::InvalidToken | Code::UserDeleted => StatusCode::GONE,
        Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::InvalidField | Code::IdempotencyKeyReused | Code::ProxyNotSupported => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::ProviderError => StatusCode::BAD_GATEWAY,
        Code::ProviderUnavailable
        | Code::IdentityUnavailable
        | Code::RefreshInProgress
        | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::ScopesMissing | Code::InsufficientScope | Code::AdminApprovalRequired => StatusCode::FORBIDDEN,
        Code::PopupBlocked
        | Code::NetworkError
        | Code::InvalidOptions
        | Code::Destroyed
        | Code::Cancelled => StatusCode::BAD_REQUEST,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A refusal or a failure, as an API client reads it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    r#type: String,
    /// What happened, in a few words for a person.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable: what happened.
    code: Code,
    /// What happened here.
    detail: String,
    /// What to do, for a person.
    advice: &'static str,
    /// More, by `code`: see the API's documentation.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A failure on its way to an API client.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    detail: String,
    more: Map<String, Value>,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal of the edge itself.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), more: Map::new(), retry_after: None }
    }

    /// A body beyond what a route reads.
    #[must_use]
    pub fn body_too_large() -> Self {
        Self::new(Code::BodyTooLarge, "at most 64 KiB are read")
    }

    /// With the seconds after which it may be tried again (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        log_if_ours(&error);
        let code = error.code();
        let more = match &error {
            ServiceError::Field { field, .. } => json!({"field": field}),
            ServiceError::KeyScope { needed } => json!({"needed_scope": needed}),
            ServiceError::Token(reason) => json!({"details": {"reason": reason.as_str()}}),
            ServiceError::Revoked { grant, provider } => json!({"grant_id": grant, "provider": provider}),
            ServiceError::Ambiguous(grants) => json!({"grants": grants}),
            ServiceError::InsufficientScope { grant, missing } => {
                json!({"grant_id": grant, "scopes_missing": missing})
            }
            ServiceError::ProxyNotSupported(provider) => json!({"provider": provider}),
            ServiceError::ProxyNotAllowed { allowed, .. } => json!({"allowed": allowed}),
            _ => json!({}),
        };
        let is_ours = matches!(code, Code::Internal | Code::Unavailable);
        let detail = if is_ours { code.advice().to_owned() } else { error.to_string() };
        let Value::Object(more) = more else { return Self::new(code, detail) };
        Self { code, detail, more, retry_after: error.retry_after() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = status_of(self.code);
        let body = Problem {
            r#type: format!("urn:grantway:problem:{}", self.code),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            advice: self.code.advice(),
            more: self.more,
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What a page says of a failure.
#[must_use]
pub fn for_page(error: &ServiceError) -> calls::Problem {
    log_if_ours(error);
    let origins = match error {
        ServiceError::Origin { allowed, got } => {
            tracing::warn!(%allowed, %got, "a session was opened by another origin");
            Some(Origins { allowed: allowed.to_string(), got: got.clone() })
        }
        _ => None,
    };
    calls::Problem { origins, ..error.code().into() }
}

fn log_if_ours(error: &ServiceError) {
    if matches!(error.code(), Code::Internal | Code::Unavailable) {
        tracing::error!(error = ?error, "a request failed");
    }
}

#[cfg(test)]
mod tests {
    use grantway_engine::EngineError;

    use super::*;

    #[test]
    fn who_must_wait_is_told_how_long() {
        let response = ApiError::from(ServiceError::Engine(EngineError::Resting(7))).into_response();

        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
    }
}
