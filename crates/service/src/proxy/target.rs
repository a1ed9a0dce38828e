//! Where a call goes: below one of the addresses that the catalog allows, or nowhere.
//!
//! The one rule: what the caller writes is only ever set as a path or a query, never joined as text, and the
//! outcome is compared with the address that allows it.

use std::borrow::Cow;

use grantway_core::ProviderId;
use http::Method;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::ServiceError;

/// What a caller asks for.
pub(super) struct Wanted<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) host: Option<&'a str>,
}

impl Wanted<'_> {
    /// The URL, if it is below one of `allowed`.
    ///
    /// # Errors
    /// [`ServiceError::ProxyNotAllowed`] with the rule that it breaks.
    pub(super) fn among(&self, allowed: &[Url], provider: &ProviderId) -> Result<Url, ServiceError> {
        let usual = allowed.first().ok_or_else(|| ServiceError::ProxyNotSupported(provider.clone()))?;
        let refused = |rule| ServiceError::ProxyNotAllowed {
            rule,
            allowed: allowed.iter().map(Url::to_string).collect(),
        };
        // TRACE answers with the request, token and all; CONNECT opens a tunnel (RFC 9110, sections 9.3.6, 9.3.8).
        if ["CONNECT", "TRACE", "TRACK"].contains(&self.method.as_str()) {
            return Err(refused("calls with this method are not passed on"));
        }
        if leaves_its_place(self.path) {
            return Err(refused("the path must have no `.` or `..` in the place of a name and no backslash"));
        }
        let host = self.host.map_or_else(|| authority(usual), str::to_ascii_lowercase);
        let mut there = allowed.iter().filter(|url| authority(url) == host).peekable();
        let Some(first) = there.peek() else {
            return Err(refused("`Grantway-Host` must be one of the provider's API hosts"));
        };
        let mut url = (*first).clone();
        url.set_path(&format!("/{}", self.path.strip_prefix('/').unwrap_or(self.path)));
        url.set_query(self.query);
        match there.find(|allowed| is_below(&url, allowed)) {
            Some(_) => Ok(url),
            None => Err(refused("the path must be below one of the provider's API addresses")),
        }
    }
}

/// Host and port, the port only where it is not the scheme's own.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_below(url: &Url, allowed: &Url) -> bool {
    let base = allowed.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(base);
    url.origin() == allowed.origin() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether any reader on the way, however often it decodes, could take a part of the path for a step up.
fn leaves_its_place(path: &str) -> bool {
    let mut text = Cow::Borrowed(path);
    if text.contains('\\') {
        return true;
    }
    loop {
        // Some servers cut parameters off a name first: `..;x` (RFC 3986, section 3.3).
        let is_step = |name: &str| matches!(name.split(';').next(), Some("." | ".."));
        if text.split(['/', '\\']).any(is_step) {
            return true;
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == *text {
            return false;
        }
        text = Cow::Owned(decoded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 3] =
        ["https://site.test/api/", "https://up.test:8443", "https://site.test/graphql"];

    fn url(path: &str, query: Option<&str>, host: Option<&str>) -> Result<String, &'static str> {
        let allowed = ALLOWED.map(|url| url.parse().unwrap());
        let wanted = Wanted { method: &Method::GET, path, query, host };
        match wanted.among(&allowed, &"files".parse().unwrap()) {
            Ok(url) => Ok(url.into()),
            Err(ServiceError::ProxyNotAllowed { rule, .. }) => Err(rule),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_path_is_set_at_the_usual_host_or_at_the_one_that_is_named() {
        for (path, host, went) in [
            ("api/v1/me", None, "https://site.test/api/v1/me"),
            ("/api/v1/me", None, "https://site.test/api/v1/me"),
            ("api", None, "https://site.test/api"),
            ("graphql", None, "https://site.test/graphql"),
            ("api//x", None, "https://site.test/api//x"),
            ("api/a%2Fb/@me;v=1", Some("SITE.test"), "https://site.test/api/a%2Fb/@me;v=1"),
            ("api/100%25..%2e/...", None, "https://site.test/api/100%25..%2e/..."),
            ("", Some("up.test:8443"), "https://up.test:8443/"),
        ] {
            assert_eq!(url(path, None, host).unwrap(), went);
        }
    }

    #[test]
    fn a_query_is_passed_on_as_it_is() {
        assert_eq!(
            url("api/x", Some("a=%7e+b&&c=../..&d=https://evil.test"), None).unwrap(),
            "https://site.test/api/x?a=%7e+b&&c=../..&d=https://evil.test"
        );
    }

    #[test]
    fn nothing_leaves_the_host() {
        for path in [
            "/evil.test",
            "//evil.test",
            "@evil.test",
            ":80@evil.test/",
            "https://evil.test/",
            "%2F%2Fevil.test",
        ] {
            let allowed = ["https://site.test/".parse().unwrap()];
            let wanted = Wanted { method: &Method::GET, path, query: None, host: None };

            let url = wanted.among(&allowed, &"files".parse().unwrap()).unwrap();

            assert_eq!((url.host_str(), url.username()), (Some("site.test"), ""), "{path}");
        }
    }

    #[test]
    fn nothing_leaves_the_path() {
        for path in [
            "",
            "admin",
            "apiary",
            "API/x",
            "/evil.test",
            "\\evil.test",
            "api\\..\\admin",
            "%61pi/x",
            "../admin",
            "api/../admin",
            "api/./x",
            "api/..",
            "api/%2e%2e/admin",
            "api/.%2E/admin",
            "api/%2e%2e%2fadmin",
            "api/x%2f..%2f..%2fadmin",
            "api/x%5c..%5c..%5cadmin",
            "api/%252e%252e%252fadmin",
            "api/..;/admin",
            "api/%2e%2e%3bx/admin",
        ] {
            assert!(url(path, None, None).is_err(), "{path}");
        }
    }

    #[test]
    fn no_other_host_and_port_is_named() {
        for host in
            ["evil.test", "up.test", "up.test:443", "site.test:443", "site.test.", "", "site.test@evil.test"]
        {
            assert!(url("api/x", None, Some(host)).is_err(), "{host}");
        }
        assert!(url("api/x", None, Some("up.test:8443")).is_ok());
        assert!(url("api/../x", None, Some("up.test:8443")).is_err());
    }

    #[test]
    fn a_method_that_would_tell_the_token_or_tunnel_is_refused() {
        let allowed = ["https://site.test/".parse().unwrap()];
        for method in ["CONNECT", "TRACE", "TRACK"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let wanted = Wanted { method: &method, path: "x", query: None, host: None };

            assert!(wanted.among(&allowed, &"files".parse().unwrap()).is_err(), "{method}");
        }
    }
}
