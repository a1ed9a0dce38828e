//! `/v1/users`

use axum::{
    Json,
    extract::{Path, State},
};
use grantway_service::Deleted;

use crate::server::{api::auth::Caller, problem::ApiError, state::AppState};

/// `DELETE /v1/users/{user_id}` → what was done; nothing, when there was nothing.
pub async fn delete(
    State(state): State<AppState>,
    Caller(app): Caller,
    Path(user): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    Ok(Json(state.service.delete_user(&app, &user).await?))
}
