//! The errors of RFC 6749, sections 4.1.2.1 and 5.2, and how the token endpoint answers them.

use axum::response::{IntoResponse, Json, Response};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, WWW_AUTHENTICATE},
};
use serde_json::json;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// Missing, repeated or malformed parameters.
    InvalidRequest,
    /// Client authentication failed. The only 401.
    InvalidClient,
    /// A code or refresh token that is wrong, expired, spent, or someone else's.
    InvalidGrant,
    /// The token belongs to another client.
    UnauthorizedClient,
    /// Neither `authorization_code` nor `refresh_token`.
    UnsupportedGrantType,
    /// A scope that was not granted.
    InvalidScope,
    /// Not `code`.
    UnsupportedResponseType,
    /// The person said no.
    AccessDenied,
}

impl OAuthError {
    /// The value of `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.as_str() }));
        match self {
            Self::InvalidClient => {
                let headers = [(CACHE_CONTROL, "no-store"), (WWW_AUTHENTICATE, "Basic realm=\"Fake Files\"")];
                (StatusCode::UNAUTHORIZED, headers, body).into_response()
            }
            _ => (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], body).into_response(),
        }
    }
}
