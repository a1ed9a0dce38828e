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

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{Request, Response},
    };
    use tower::ServiceExt;

    use super::*;

    /// The app with a Grantway that is down.
    async fn answer(request: Request<Body>) -> Response<Body> {
        let config = HostConfig {
            grantway_url: "http://127.0.0.1:9/".to_owned(),
            api_key: "gw_sk_test".to_owned(),
            public_url: "http://app.localhost:4001/".to_owned(),
            site_root: PathBuf::new(),
        };
        router(config).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn the_page_stands_without_grantway_and_without_scripts() {
        let response = answer(Request::get("/").body(Body::empty()).unwrap()).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("demo_user=user_"));
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
        let html = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(html.to_vec()).unwrap();
        assert!(html.contains(r#"<form method="post" action="http://127.0.0.1:9/connect""#), "{html}");
        assert!(html.contains(r#"<button type="submit" disabled"#), "{html}");
    }

    #[tokio::test]
    async fn a_session_is_minted_for_our_own_pages_and_known_users_only() {
        let request = |site: &str| {
            Request::post("/api/session")
                .header("sec-fetch-site", site)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap()
        };

        assert_eq!(answer(request("cross-site")).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(answer(request("same-origin")).await.status(), StatusCode::UNAUTHORIZED);
    }
}
