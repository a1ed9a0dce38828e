//! `/v1/connect/sessions` and `/v1/connect/complete`.

use axum::{
    Json,
    extract::{FromRequest, Path, Request, State, rejection::JsonRejection},
    http::StatusCode,
    response::IntoResponse,
};
use grantway_core::{Code, SessionId, Timestamp, grant::Connection};
use grantway_service::{CompleteRequest, MintRequest, ServiceError, SessionStatus};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

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
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(ApiError::body_too_large()),
            Err(error) => Err(ApiError::new(Code::InvalidRequest, error.body_text())),
        }
    }
}

/// A minted session. The one time that its token is told.
#[derive(Serialize, ToSchema)]
pub struct MintAnswer {
    #[schema(value_type = String)]
    session_id: SessionId,
    session_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri")]
    connect_url: Option<Url>,
    expires_at: Timestamp,
    /// Seconds from now.
    expires_in: i64,
}

/// Mint a session for one of the app's users.
#[utoipa::path(
    post, path = "/v1/connect/sessions", tag = "sessions", operation_id = "mint",
    request_body = MintRequest, responses((status = 201, description = "Minted", body = MintAnswer))
)]
pub async fn mint(
    State(state): State<AppState>,
    Caller(app): Caller,
    Body(request): Body<MintRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let minted = state.service.mint(&app, request).await?;
    let answer = MintAnswer {
        session_id: minted.session_id,
        session_token: minted.session_token.expose().to_owned(),
        connect_url: minted.connect_url,
        expires_at: minted.expires_at,
        expires_in: minted.expires_in,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// How far a session has come.
#[utoipa::path(
    get, path = "/v1/connect/sessions/{session_id}", tag = "sessions", operation_id = "session",
    params(("session_id" = String, Path)),
    responses((status = 200, description = "The session", body = SessionStatus))
)]
pub async fn show(
    State(state): State<AppState>,
    Caller(app): Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionStatus>, ApiError> {
    let id = id.parse().map_err(|_| ServiceError::NoSession)?;
    Ok(Json(state.service.session_status(&app, &id).await?))
}

/// Finish a session with `link: code`, for the user who is signed in.
#[utoipa::path(
    post, path = "/v1/connect/complete", tag = "sessions", operation_id = "complete",
    request_body = CompleteRequest, responses((status = 200, description = "Connected", body = Connection))
)]
pub async fn complete(
    State(state): State<AppState>,
    Caller(app): Caller,
    Body(request): Body<CompleteRequest>,
) -> Result<Json<Connection>, ApiError> {
    Ok(Json(state.service.complete(&app, request).await?))
}
