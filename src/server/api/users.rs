//! `/v1/users`

use axum::{
    Json,
    extract::{Path, State},
};
use grantway_service::{Deleted, ServiceError};

use crate::server::{api::auth::Scope, problem::ApiError, state::AppState};

/// Forget a user: revoke their grants, end their sessions, drop what is personal.
///
/// Answers what was done; nothing, when there was nothing.
#[utoipa::path(
    delete, path = "/v1/users/{user_id}", tag = "users", operation_id = "delete_user",
    params(("user_id" = String, Path)),
    responses((status = 200, description = "What was done", body = Deleted))
)]
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
