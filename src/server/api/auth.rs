//! `Authorization: Bearer gw_sk_…`, and what the key may do.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};
use grantway_core::{AppId, KeyScope, Secret};
use grantway_service::{self as service, ServiceError};

use crate::server::{problem::ApiError, state::AppState};

/// The app that calls. Only behind [`needs`]: a route outside of it refuses everybody.
#[derive(Debug)]
pub struct Caller(pub AppId);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<service::Caller>();
        Ok(Self(caller.ok_or(ServiceError::Unauthorized)?.app.clone()))
    }
}

/// Lets a request pass if its key has the scope.
pub(crate) async fn needs(
    State((state, scope)): State<(AppState, KeyScope)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = match authorize(&state, request.headers(), scope).await {
        // Guessing is counted.
        Err(error @ ServiceError::Unauthorized) => {
            state.limits.address(&request)?;
            return Err(error.into());
        }
        found => found?,
    };
    state.limits.key(&caller.key)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Who calls, if the key of the request has the scope.
pub(crate) async fn authorize(
    state: &AppState,
    headers: &HeaderMap,
    scope: KeyScope,
) -> Result<service::Caller, ServiceError> {
    let key = bearer(headers).ok_or(ServiceError::Unauthorized)?;
    state.service.authorize(&key, scope).await
}

/// The bearer of a request (RFC 6750, section 2.1); the scheme is case-insensitive (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim().to_owned()))
}
