//! `/v1/grants`

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::IntoResponse,
};
use grantway_core::{
    Code, GrantId,
    grant::{Connection, GrantStatus},
};
use grantway_service::{AccessToken, ServiceError, TokenRequest};
use grantway_store::GrantFilter;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{
    api::{auth::Scope, sessions::Body},
    problem::ApiError,
    state::AppState,
};

const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 200;

/// The query of `GET /v1/grants`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    user_id: Option<String>,
    provider: Option<String>,
    status: Option<GrantStatus>,
    after: Option<GrantId>,
    limit: Option<i64>,
}

/// `GET /v1/grants` → `{data, next}`; `next` is the `after` of the following page, or null.
pub async fn list(
    State(state): State<AppState>,
    scope: Scope,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::new(Code::InvalidField, error.body_text()))?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(ServiceError::field("limit", format!("must be 1 to {LARGEST_LIMIT}")).into());
    }
    if query.user_id.as_deref().is_some_and(|user| !scope.covers(user)) {
        return Ok(Json(json!({"data": [], "next": null})));
    }
    let filter = GrantFilter {
        user: scope.user.or(query.user_id),
        provider: query.provider,
        status: query.status,
        after: query.after,
        limit,
    };
    let grants = state.service.grants(&scope.app, &filter).await?;
    let full = i64::try_from(grants.len()).is_ok_and(|length| length == limit);
    let next = grants.last().filter(|_| full).map(|last| last.grant_id);
    Ok(Json(json!({"data": grants, "next": next})))
}

/// `GET /v1/grants/{grant_id}`
pub async fn show(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Connection>, ApiError> {
    let id = scope.grant(&state, &id).await?;
    Ok(Json(state.service.grant(&scope.app, id).await?))
}

/// `DELETE /v1/grants/{grant_id}` → the grant, revoked.
pub async fn revoke(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Connection>, ApiError> {
    let id = scope.grant(&state, &id).await?;
    Ok(Json(state.service.revoke(&scope.app, id).await?))
}

/// The optional body of `POST /v1/grants/{grant_id}/token`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenQuestion {
    scopes: Vec<String>,
}

/// `POST /v1/grants/{grant_id}/token`
pub async fn token(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    let question: TokenQuestion = if body.is_empty() {
        TokenQuestion::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| ApiError::new(Code::InvalidField, error.to_string()))?
    };
    let id = scope.grant(&state, &id).await?;
    let token = state.service.token(&scope.app, id, &question.scopes).await?;
    Ok(Json(shown(&token)))
}

/// `POST /v1/token`: by provider and user.
pub async fn token_of_user(
    State(state): State<AppState>,
    scope: Scope,
    Body(request): Body<TokenRequest>,
) -> Result<impl IntoResponse, ApiError> {
    if !scope.covers(&request.user_id) {
        return Err(ServiceError::NoGrant.into());
    }
    let token = state.service.token_of_user(&scope.app, &request).await?;
    Ok(Json(shown(&token)))
}

fn shown(token: &AccessToken) -> Value {
    let extra: BTreeMap<_, _> = token.extra.iter().map(|(name, value)| (name, value.expose())).collect();
    json!({
        "grant_id": token.grant_id,
        "access_token": token.access_token.expose(),
        "token_type": "Bearer",
        "expires_at": token.expires_at,
        "scopes": token.scopes,
        "extra": extra,
        "injection": token.injection,
    })
}
