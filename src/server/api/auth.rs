//! `Authorization: Bearer gw_sk_…` and what the key may do; `Grantway-User-Token` for calls on behalf of one user.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};
use grantway_core::{AppId, Code, GrantId, KeyScope, Secret};
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

/// Limits a call to the grants of the user that the token names.
const USER_TOKEN: &str = "Grantway-User-Token";

/// The app that calls, and the one user on whose behalf, if it says so.
#[derive(Debug)]
pub struct Scope {
    /// Whose key it is.
    pub app: AppId,
    /// Whose grants the call is about, and no others.
    pub user: Option<String>,
}

impl FromRequestParts<AppState> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Caller(app) = Caller::from_request_parts(parts, state).await?;
        let mut tokens = parts.headers.get_all(USER_TOKEN).iter();
        let user = match (tokens.next(), tokens.next()) {
            (None, _) => None,
            (Some(token), None) => {
                let text = token.to_str().unwrap_or_default().to_owned();
                Some(state.service.user_of_token(&app, &Secret::new(text), USER_TOKEN).await?.id)
            }
            (Some(_), Some(_)) => {
                return Err(ApiError::new(Code::InvalidRequest, format!("{USER_TOKEN} was sent twice")));
            }
        };
        Ok(Self { app, user })
    }
}

impl Scope {
    /// The grant of an address, if the call may be about it.
    pub(crate) async fn grant(&self, state: &AppState, id: &str) -> Result<GrantId, ServiceError> {
        let id = id.parse().map_err(|_| ServiceError::NoGrant)?;
        if let Some(user) = &self.user {
            state.service.check_owner(&self.app, id, user).await?;
        }
        Ok(id)
    }

    /// Whether the call may be about a user.
    pub(crate) fn covers(&self, user: &str) -> bool {
        self.user.as_deref().is_none_or(|own| own == user)
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
