//! `/v1/users`

use axum::{
    Json,
    extract::{Path, State},
};
use grantway_service::{Deleted, ServiceError};

use crate::server::{api::auth::Scope, problem::ApiError, state::AppState};

/// `DELETE /v1/users/{user_id}` → what was done; nothing, when there was nothing.
pub async fn delete(
    State(state): State<AppState>,
    scope: Scope,
    Path(user): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    if !scope.covers(&user) {
        return Err(ServiceError::OtherUser("user_id").into());
    }
    Ok(Json(state.service.delete_user(&scope.app, &user).await?))
}
