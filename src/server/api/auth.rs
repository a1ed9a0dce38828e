//! `Authorization: Bearer gw_sk_…`

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use grantway_core::{AppId, Secret};
use grantway_service::ServiceError;

use crate::server::{problem::ApiError, state::AppState};

/// The app that calls.
#[derive(Debug)]
pub struct Caller(pub AppId);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers).ok_or(ServiceError::Unauthorized)?;
        Ok(Self(state.service.authenticate(&key).await?))
    }
}

/// The bearer of a request (RFC 6750, section 2.1); the scheme is case-insensitive (RFC 9110, section 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim().to_owned()))
}
