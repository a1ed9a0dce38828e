//! `/v1/events`

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use grantway_core::{Code, Timestamp};
use grantway_service::{EVENT_KINDS, ServiceError};
use grantway_store::{EventFilter, PlacedEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::server::{api::auth::Scope, problem::ApiError, state::AppState};

const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 200;

/// The query of `GET /v1/events`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The `next` of the answer before.
    after: Option<i64>,
    /// Of this type alone.
    r#type: Option<String>,
    /// At most so many; 50 when omitted.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// An app's events in the order of their places.
#[derive(Serialize, ToSchema)]
pub struct EventPage {
    data: Vec<EventShown>,
    /// The `after` of the next question, also when there is nothing new.
    next: String,
}

/// An event, as webhooks tell it.
#[derive(Serialize, ToSchema)]
pub struct EventShown {
    id: String,
    r#type: String,
    timestamp: Timestamp,
    /// What happened: a connection, or what was ended.
    #[schema(value_type = Object)]
    data: Value,
}

/// List the app's events.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", operation_id = "events",
    params(ListQuery), responses((status = 200, description = "A page", body = EventPage))
)]
pub async fn list(
    State(state): State<AppState>,
    scope: Scope,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<EventPage>, ApiError> {
    if scope.user.is_some() {
        return Err(ApiError::new(
            Code::InvalidRequest,
            "events are of all users: ask without Grantway-User-Token",
        ));
    }
    let Query(query) = query.map_err(|error| ApiError::new(Code::InvalidField, error.body_text()))?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(ServiceError::field("limit", format!("must be 1 to {LARGEST_LIMIT}")).into());
    }
    if query.r#type.as_ref().is_some_and(|kind| !EVENT_KINDS.contains(&kind.as_str())) {
        return Err(ServiceError::field("type", format!("must be one of {}", EVENT_KINDS.join(", "))).into());
    }
    let after = query.after.unwrap_or(0);
    let filter = EventFilter { after, kind: query.r#type, limit };
    let events = state.service.events(&scope.app, &filter).await?;
    let next = events.last().map_or(after, |last| last.position);
    Ok(Json(EventPage { data: events.into_iter().map(shown).collect(), next: next.to_string() }))
}

fn shown(PlacedEvent { event, .. }: PlacedEvent) -> EventShown {
    EventShown { id: event.id, r#type: event.kind, timestamp: event.created_at, data: event.body }
}
