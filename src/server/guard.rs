//! Keeps other sites from acting with a person's cookies.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header::ORIGIN},
    middleware::Next,
    response::Response,
};
use grantway_core::Code;

use crate::server::{render, state::AppState};

/// Refuses a POST that our own page did not send. Browsers say so in `Sec-Fetch-Site`; older ones in `Origin`.
pub async fn same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || is_own(request.headers(), state.origin.as_str()) {
        return next.run(request).await;
    }
    render::problem(Code::CrossSite.into(), request).await
}

fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), Some(from)) => site == "same-origin" && from == origin,
        (Some(site), None) => site == "same-origin",
        (None, from) => from == Some(origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_pass() {
        for (site, origin, passes) in [
            (Some("same-origin"), Some("https://c.test"), true),
            (Some("same-origin"), None, true),
            (None, Some("https://c.test"), true),
            (Some("cross-site"), Some("https://evil.test"), false),
            (Some("same-site"), Some("https://c.test"), false),
            (Some("none"), None, false),
            (Some("same-origin"), Some("null"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }

            assert_eq!(is_own(&headers, "https://c.test"), passes, "{site:?} {origin:?}");
        }
    }
}
