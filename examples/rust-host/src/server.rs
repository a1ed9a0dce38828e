//! The backend: one page, one call that mints, one form that uses a connection.
//!
//! The two rules: whom a session is for is said by this app's own cookie, never by a URL or a body;
//! and the API key and the providers' tokens stay in here.

mod grantway;
mod guard;
mod pages;
mod visitor;

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    routing::{get, post},
};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::server::grantway::Grantway;

/// What the app must be told.
#[derive(Clone)]
pub struct HostConfig {
    /// Grantway's public URL, such as `https://connect.acme.com`.
    pub grantway_url: String,
    /// `gw_sk_…`, made by `grantway key create`.
    pub api_key: String,
    /// This app's own URL, as its users see it.
    pub public_url: String,
    /// The folder with `pkg/`, `style/` and `boot.js`.
    pub site_root: PathBuf,
}

/// What the handlers share.
struct Host {
    /// Without a trailing slash.
    grantway_url: String,
    /// Without a trailing slash: also the app's origin.
    public_url: String,
    grantway: Grantway,
}

/// The whole app.
pub fn router(config: HostConfig) -> Router {
    // Rendering spawns onto this executor. A second call finds it set, which is what we want.
    let _ = any_spawner::Executor::init_tokio();
    let site = config.site_root;
    let grantway_url = config.grantway_url.trim_end_matches('/').to_owned();
    let host = Host {
        grantway: Grantway::new(&grantway_url, config.api_key),
        public_url: config.public_url.trim_end_matches('/').to_owned(),
        grantway_url,
    };
    let files = Router::new()
        .nest_service("/pkg", ServeDir::new(site.join("pkg")))
        .route_service("/boot.js", ServeFile::new(site.join("boot.js")))
        .nest_service("/style", ServeDir::new(site.join("style")))
        .layer(fixed(header::CACHE_CONTROL, "no-cache"));
    Router::new()
        .route("/", get(pages::home))
        .route("/use/{grant_id}", post(pages::use_grant))
        .route("/api/session", post(pages::mint))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .with_state(Arc::new(host))
        .merge(files)
        .layer(fixed(header::REFERRER_POLICY, "strict-origin"))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
