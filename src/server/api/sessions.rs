//! `/v1/connect/sessions` and `/v1/connect/complete`.

use axum::{
    Json,
    extract::{FromRequest, Path, Request, State, rejection::JsonRejection},
    http::StatusCode,
    response::IntoResponse,
};
use grantway_core::{Code, grant::Connection};
use grantway_service::{CompleteRequest, MintRequest, ServiceError, SessionStatus};
use serde_json::{Value, json};

use crate::server::{api::auth::Caller, problem::ApiError, state::AppState};

/// `Json`, with our own words when it can't be read.
pub struct Body<T>(pub T);

impl<T: serde::de::DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(ApiError::new(Code::InvalidField, error.body_text()))
            }
            Err(error) => Err(ApiError::new(Code::InvalidRequest, error.body_text())),
        }
    }
}

/// `POST /v1/connect/sessions` → 201.
pub async fn mint(
    State(state): State<AppState>,
    Caller(app): Caller,
    Body(request): Body<MintRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let minted = state.service.mint(&app, request).await?;
    let mut answer = json!({
        "session_id": minted.session_id,
        "session_token": minted.session_token.expose(),
        "expires_at": minted.expires_at,
        "expires_in": minted.expires_in,
    });
    if let Some(url) = minted.connect_url {
        answer["connect_url"] = Value::String(url.to_string());
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /v1/connect/sessions/{session_id}`
pub async fn show(
    State(state): State<AppState>,
    Caller(app): Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionStatus>, ApiError> {
    let id = id.parse().map_err(|_| ServiceError::NoSession)?;
    Ok(Json(state.service.session_status(&app, &id).await?))
}

/// `POST /v1/connect/complete`
pub async fn complete(
    State(state): State<AppState>,
    Caller(app): Caller,
    Body(request): Body<CompleteRequest>,
) -> Result<Json<Connection>, ApiError> {
    Ok(Json(state.service.complete(&app, request).await?))
}
