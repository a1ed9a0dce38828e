//! `/v1/events`

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use grantway_core::Code;
use grantway_service::{EVENT_KINDS, ServiceError};
use grantway_store::{EventFilter, PlacedEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{api::auth::Caller, problem::ApiError, state::AppState};

const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 200;

/// The query of `GET /v1/events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    after: Option<i64>,
    r#type: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/events` → `{data, next}`; `next` is the `after` of the next question, also when there is nothing new.
pub async fn list(
    State(state): State<AppState>,
    Caller(app): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
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
    let events = state.service.events(&app, &filter).await?;
    let next = events.last().map_or(after, |last| last.position);
    let data: Vec<_> = events.iter().map(shown).collect();
    Ok(Json(json!({"data": data, "next": next.to_string()})))
}

fn shown(placed: &PlacedEvent) -> Value {
    let event = &placed.event;
    json!({"id": event.id, "type": event.kind, "timestamp": event.created_at, "data": event.body})
}
