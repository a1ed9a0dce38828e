//! Every route, in one place.

use std::time::Duration;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, delete, get, post},
};
use grantway_core::Code;
use tower_http::{
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    services::{ServeDir, ServeFile},
    timeout::TimeoutLayer,
};

use crate::server::{
    api::{events, grants, proxy, result, sessions, users},
    connect, guard, headers,
    problem::ApiError,
    render,
    state::AppState,
};

/// No request of ours needs more.
const LARGEST_BODY: usize = 64 * 1024;
/// Longer than the longest poll and the slowest provider.
const SLOWEST: Duration = Duration::from_secs(60);

/// The whole server as one service.
pub fn router(state: AppState) -> Router {
    // Rendering spawns onto this executor. A second call finds it set, which is what we want.
    let _ = any_spawner::Executor::init_tokio();
    let files = ServeDir::new(&state.site_root);
    Router::new()
        .merge(api())
        .merge(pages(&state))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .nest_service("/pkg", ServeDir::new(state.site_root.join("pkg")))
        .nest_service("/style", ServeDir::new(state.site_root.join("style")))
        .merge(widget(&state))
        .merge(logos(&state))
        .fallback_service(files.fallback(get(not_found)))
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, SLOWEST))
        .merge(passed_on())
        .layer(middleware::from_fn_with_state(state.clone(), headers::secure))
        .layer(middleware::from_fn(log))
        .with_state(state)
}

fn api() -> Router<AppState> {
    Router::new()
        .route("/v1/connect/sessions", post(sessions::mint))
        .route("/v1/connect/sessions/{session_id}", get(sessions::show))
        .route("/v1/connect/complete", post(sessions::complete))
        .route("/v1/connect/result", post(result::read))
        .route("/v1/grants", get(grants::list))
        .route("/v1/grants/{grant_id}", get(grants::show).delete(grants::revoke))
        .route("/v1/grants/{grant_id}/token", post(grants::token))
        .route("/v1/users/{user_id}", delete(users::delete))
        .route("/v1/events", get(events::list))
        .route("/v1/token", post(grants::token_of_user))
        .route("/v1/{*rest}", any(no_route))
        .method_not_allowed_fallback(no_method)
}

/// Calls to providers: their bodies stream, so they are neither packed nor timed as a whole, and have a cap of
/// their own.
fn passed_on() -> Router<AppState> {
    Router::new()
        .route("/v1/grants/{grant_id}/proxy/", any(proxy::call))
        .route("/v1/grants/{grant_id}/proxy/{*path}", any(proxy::call))
}

/// Another site may open a session, and a provider may post its answer; nothing else.
fn pages(state: &AppState) -> Router<AppState> {
    let guarded = Router::new()
        .route("/connect/link", post(connect::open_link))
        .route("/connect/{session_id}/depart", get(connect::back_to_session).post(connect::depart))
        .route("/connect/{session_id}/keep", get(connect::back_to_session).post(connect::keep))
        .route("/connect/{session_id}/leave", get(connect::back_to_session).post(connect::leave))
        .route("/connect/calls/{*name}", post(call))
        .layer(middleware::from_fn_with_state(state.clone(), guard::same_origin));
    Router::new()
        .route("/connect", get(connect::link).post(connect::open))
        .route("/connect/{session_id}", get(page))
        .route("/connect/callback/{registration}", get(page).post(connect::form_post))
        .merge(guarded)
}

/// The script that host pages load: of any origin, and under their `Cross-Origin-Embedder-Policy`.
fn widget(state: &AppState) -> Router<AppState> {
    Router::new()
        .route_service("/connect.js", ServeFile::new(state.site_root.join("connect.js")))
        .layer(middleware::from_fn(headers::shared))
}

fn logos(state: &AppState) -> Router<AppState> {
    Router::new()
        .nest_service("/logos", ServeDir::new(state.site_root.join("logos")))
        .layer(middleware::from_fn(headers::kept_forever))
}

async fn page(State(state): State<AppState>, request: Request) -> Response {
    render::routed(state, request).await
}

async fn call(State(state): State<AppState>, request: Request) -> Response {
    let context = move || leptos::prelude::provide_context(state.clone());
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

async fn ready(State(state): State<AppState>) -> Response {
    match state.service.ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::error!(error = ?error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

async fn not_found(request: Request) -> Response {
    render::problem(Code::NotFound.into(), request).await
}

async fn no_route() -> ApiError {
    ApiError::new(Code::NotFound, "the API has no such route")
}

async fn no_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "the API has no such method here")
}

/// One line a request, with the route's template: never a query, an id or a body.
async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("(file)", MatchedPath::as_str).to_owned();
    let started = tokio::time::Instant::now();
    let response = next.run(request).await;
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = response.status().as_u16(), ms, "request");
    response
}
