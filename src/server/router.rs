//! Every route, in one place.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use grantway_core::{Code, KeyScope};
use tower_http::{
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    services::{ServeDir, ServeFile},
    timeout::TimeoutLayer,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::{
    api::{auth, events, grants, once, openapi, proxy, result, sessions, users},
    connect, guard, headers, limits,
    problem::{ApiError, PROBLEM},
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
        .merge(api(&state))
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
        .layer(middleware::from_fn(explain))
        .merge(passed_on(&state))
        .layer(middleware::from_fn_with_state(state.clone(), headers::secure))
        .layer(middleware::from_fn(log))
        .with_state(state)
}

/// The API's routes, by the scope that a key needs for them; the document follows them.
fn api(state: &AppState) -> Router<AppState> {
    // These make something: who lost the answer may send the request again.
    let make = OpenApiRouter::default().routes(routes!(sessions::mint)).routes(routes!(sessions::complete));
    let mint = repeatable(state, make).routes(routes!(sessions::show));
    let read_tokens = OpenApiRouter::default()
        .routes(routes!(grants::list))
        .routes(routes!(grants::show))
        .routes(routes!(grants::token))
        .routes(routes!(grants::token_of_user));
    let admin = OpenApiRouter::default()
        .routes(routes!(grants::revoke))
        .routes(routes!(users::delete))
        .routes(routes!(events::list));
    // For pages, which have no key; from a backend it needs `mint`.
    let pages = OpenApiRouter::default().routes(routes!(result::read));
    let (routes, mut document) = OpenApiRouter::with_openapi(openapi::document())
        .merge(with_key(state, KeyScope::Mint, mint))
        .merge(with_key(state, KeyScope::ReadTokens, read_tokens))
        .merge(with_key(state, KeyScope::Admin, admin))
        .merge(without_key(state, pages))
        .split_for_parts();
    openapi::may_refuse(&mut document);
    routes
        .route("/openapi.json", get(Json(document)))
        .route("/v1/{*rest}", any(no_route))
        .method_not_allowed_fallback(no_method)
}

type ApiRouter = OpenApiRouter<AppState>;

fn with_key(state: &AppState, scope: KeyScope, mut routes: ApiRouter) -> ApiRouter {
    openapi::needs(routes.get_openapi_mut(), scope);
    routes.route_layer(middleware::from_fn_with_state((state.clone(), scope), auth::needs))
}

fn without_key(state: &AppState, mut routes: ApiRouter) -> ApiRouter {
    openapi::needs_nothing(routes.get_openapi_mut());
    openapi::needs(routes.get_openapi_mut(), KeyScope::Mint);
    routes.route_layer(middleware::from_fn_with_state(state.clone(), limits::per_address))
}

fn repeatable(state: &AppState, mut routes: ApiRouter) -> ApiRouter {
    openapi::may_be_repeated(routes.get_openapi_mut());
    routes.route_layer(middleware::from_fn_with_state(state.clone(), once::once))
}

/// Calls to providers: their bodies stream, so they are neither packed nor timed as a whole, and have a cap of
/// their own. The document can't say such routes.
fn passed_on(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/v1/grants/{grant_id}/proxy/", any(proxy::call))
        .route("/v1/grants/{grant_id}/proxy/{*path}", any(proxy::call))
        .route_layer(middleware::from_fn_with_state((state.clone(), KeyScope::ReadTokens), auth::needs))
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
        .route_layer(middleware::from_fn_with_state(state.clone(), limits::per_address))
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

/// The layers within answer the API without words of ours.
async fn explain(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let response = next.run(request).await;
    let is_explained = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    match response.status() {
        _ if !is_api || is_explained => response,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::body_too_large().into_response(),
        StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::new(Code::Unavailable, "the answer took too long").into_response()
        }
        _ => response,
    }
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
