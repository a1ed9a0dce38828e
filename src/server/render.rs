//! Pages as answers.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_SECURITY_POLICY},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use leptos_meta::provide_meta_context;

use crate::{
    app::{App, shell},
    calls::Problem,
    pages::problem::ProblemPage,
    server::{headers::content_security_policy, problem::status_of, state::AppState},
};

/// The page of an address, by the router.
pub async fn routed(state: AppState, request: Request) -> Response<Body> {
    let context = move || {
        provide_context(state.clone());
        send_policy();
    };
    render_app_async_with_context(context, || shell(App))(request).await
}

/// A page that answers a post.
pub async fn page<V: IntoView + 'static>(
    status: StatusCode,
    request: Request,
    view: impl Fn() -> V + Clone + Send + Sync + 'static,
) -> Response<Body> {
    let context = move || {
        send_policy();
        set_status(status);
    };
    let content = move || {
        provide_meta_context();
        shell(view())
    };
    render_app_async_with_context(context, content)(request).await
}

/// A refusal's page.
pub async fn problem(problem: Problem, request: Request) -> Response<Body> {
    let status = status_of(problem.code);
    page(status, request, move || view! { <ProblemPage problem=problem.clone() /> }).await
}

/// Sets the status of the page that is being rendered.
pub fn set_status(status: StatusCode) {
    if let Some(options) = use_context::<ResponseOptions>() {
        options.set_status(status);
    }
}

fn send_policy() {
    let (Some(nonce), Some(options)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&nonce)) {
        options.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
