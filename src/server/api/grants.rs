//! `/v1/grants`

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use grantway_core::{
    Code, GrantId, Timestamp,
    grant::{Connection, GrantStatus},
};
use grantway_service::{AccessToken, Injection, ServiceError, TokenRequest};
use grantway_store::GrantFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::{
    api::{auth::Scope, sessions::Body},
    problem::ApiError,
    state::AppState,
};

const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 200;

/// The query of `GET /v1/grants`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    user_id: Option<String>,
    provider: Option<String>,
    status: Option<GrantStatus>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    after: Option<GrantId>,
    /// At most so many; 50 when omitted.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// A page of grants, oldest first.
#[derive(Serialize, ToSchema)]
pub struct GrantPage {
    data: Vec<Connection>,
    /// The `after` of the following page, or null.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<GrantId>,
}

/// List the app's grants.
#[utoipa::path(
    get, path = "/v1/grants", tag = "grants", operation_id = "grants",
    params(ListQuery), responses((status = 200, description = "A page", body = GrantPage))
)]
pub async fn list(
    State(state): State<AppState>,
    scope: Scope,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<GrantPage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::new(Code::InvalidField, error.body_text()))?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(ServiceError::field("limit", format!("must be 1 to {LARGEST_LIMIT}")).into());
    }
    if query.user_id.as_deref().is_some_and(|user| !scope.covers(user)) {
        return Ok(Json(GrantPage { data: Vec::new(), next: None }));
    }
    let filter = GrantFilter {
        user: scope.user.or(query.user_id),
        provider: query.provider,
        status: query.status,
        after: query.after,
        limit,
    };
    let data = state.service.grants(&scope.app, &filter).await?;
    let full = i64::try_from(data.len()).is_ok_and(|length| length == limit);
    let next = data.last().filter(|_| full).map(|last| last.grant_id);
    Ok(Json(GrantPage { data, next }))
}

/// One grant.
#[utoipa::path(
    get, path = "/v1/grants/{grant_id}", tag = "grants", operation_id = "grant",
    params(("grant_id" = String, Path, format = "uuid")),
    responses((status = 200, description = "The grant", body = Connection))
)]
pub async fn show(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Connection>, ApiError> {
    let id = scope.grant(&state, &id).await?;
    Ok(Json(state.service.grant(&scope.app, id).await?))
}

/// Revoke a grant, at the provider too.
#[utoipa::path(
    delete, path = "/v1/grants/{grant_id}", tag = "grants", operation_id = "revoke",
    params(("grant_id" = String, Path, format = "uuid")),
    responses((status = 200, description = "The grant, revoked", body = Connection))
)]
pub async fn revoke(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Connection>, ApiError> {
    let id = scope.grant(&state, &id).await?;
    Ok(Json(state.service.revoke(&scope.app, id).await?))
}

/// The optional body of `POST /v1/grants/{grant_id}/token`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenQuestion {
    /// What the token must be able to do.
    scopes: Vec<String>,
}

/// An access token, and how it is used.
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    #[schema(value_type = String, format = "uuid")]
    grant_id: GrantId,
    access_token: String,
    /// Always `Bearer`; `injection` says how calls carry it.
    token_type: &'static str,
    expires_at: Option<Timestamp>,
    scopes: Vec<String>,
    /// What API calls need beside the token.
    extra: BTreeMap<String, String>,
    injection: Injection,
}

/// A fresh access token of a grant.
#[utoipa::path(
    post, path = "/v1/grants/{grant_id}/token", tag = "tokens", operation_id = "token",
    params(("grant_id" = String, Path, format = "uuid")), request_body = Option<TokenQuestion>,
    responses((status = 200, description = "The token", body = TokenAnswer))
)]
pub async fn token(
    State(state): State<AppState>,
    scope: Scope,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<TokenAnswer>, ApiError> {
    let question: TokenQuestion = if body.is_empty() {
        TokenQuestion::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| ApiError::new(Code::InvalidField, error.to_string()))?
    };
    let id = scope.grant(&state, &id).await?;
    let token = state.service.token(&scope.app, id, &question.scopes).await?;
    Ok(Json(shown(token)))
}

/// A fresh access token, by provider and user.
#[utoipa::path(
    post, path = "/v1/token", tag = "tokens", operation_id = "token_of_user",
    request_body = TokenRequest, responses((status = 200, description = "The token", body = TokenAnswer))
)]
pub async fn token_of_user(
    State(state): State<AppState>,
    scope: Scope,
    Body(request): Body<TokenRequest>,
) -> Result<Json<TokenAnswer>, ApiError> {
    if !scope.covers(&request.user_id) {
        return Err(ServiceError::NoGrant.into());
    }
    let token = state.service.token_of_user(&scope.app, &request).await?;
    Ok(Json(shown(token)))
}

fn shown(token: AccessToken) -> TokenAnswer {
    TokenAnswer {
        grant_id: token.grant_id,
        access_token: token.access_token.expose().to_owned(),
        token_type: "Bearer",
        expires_at: token.expires_at,
        scopes: token.scopes,
        extra: token.extra.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect(),
        injection: token.injection,
    }
}
