//! Only this app's own pages may post to it, and only what it names may run on them.

use axum::http::{HeaderMap, header};

/// Whether a request comes from a page of this app. Browsers say so themselves; no page can lie here.
pub(super) fn is_from_our_page(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => text(header::ORIGIN.as_str()) == Some(public_url),
    }
}

/// The page's content security policy. Grantway is where the button's form goes and its result comes from.
pub(super) fn policy(grantway_url: &str, nonce: Option<&str>) -> String {
    // Leptos ends its pages with an inline script; that one has the nonce.
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{nonce}; style-src 'self'; img-src 'self'; \
         connect-src 'self' {grantway_url}; form-action 'self' {grantway_url}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites_are_told_from_our_own_pages() {
        for (name, value, is_ours) in [
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "cross-site", false),
            ("sec-fetch-site", "same-site", false),
            ("origin", "https://app.acme.com", true),
            ("origin", "https://evil.test", false),
            ("origin", "null", false),
            ("accept", "*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);

            assert_eq!(is_from_our_page(&headers, "https://app.acme.com"), is_ours, "{name}: {value}");
        }
    }
}
