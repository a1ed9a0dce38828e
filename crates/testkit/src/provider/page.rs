//! The frame of every page: brand, style, headers. Nothing needs a script, and none may run.

use axum::response::{Html, IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
};

use super::FakeProvider;

/// Without `form-action`: browsers apply it to redirects too and would block the way back.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

impl FakeProvider {
    /// A page; `title` is plain text, `body` is HTML.
    pub(super) fn page(&self, status: StatusCode, title: &str, body: &str) -> Response {
        let title = escaped(title);
        let html = format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Fake Files</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" type="image/svg+xml" href="/icon.svg">
</head>
<body>
<header><img src="/icon.svg" alt="" width="32" height="32"><span>Fake Files</span></header>
<main>
{body}
</main>
<footer>A pretend provider for trying things out. No real account is touched.</footer>
</body>
</html>
"#
        );
        // The page's own form must carry an Origin, so not `no-referrer`.
        let headers = [
            (CONTENT_SECURITY_POLICY, POLICY),
            (REFERRER_POLICY, "strict-origin"),
            (CACHE_CONTROL, "no-store"),
        ];
        let mut response = (status, headers, Html(html)).into_response();
        let coop = self.switches().coop.and_then(|value| HeaderValue::from_str(&value).ok());
        if let Some(value) = coop {
            response.headers_mut().insert(COOP, value);
        }
        response
    }

    /// A page for a request that leads nowhere.
    pub(super) fn problem(&self, status: StatusCode, text: &str) -> Response {
        let body = format!("<h1>Fake Files can’t go on</h1>\n<p role=\"alert\">{}</p>", escaped(text));
        self.page(status, "Problem", &body)
    }
}

/// Text for an element or a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("icon.svg"))
}
