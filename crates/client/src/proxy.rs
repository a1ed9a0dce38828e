//! Calls to a provider's API in a grant's name. The token stays with Grantway.

use grantway_core::GrantId;
use http::{HeaderName, HeaderValue, Uri, header::HOST};
use reqwest::{Body, Request, Response};

use crate::{Client, Error, sending::refusal};

/// Chooses one of the provider's API hosts.
const GRANTWAY_HOST: HeaderName = HeaderName::from_static("grantway-host");
/// Tells a provider's answer from one of Grantway's own.
const GRANTWAY_UPSTREAM: HeaderName = HeaderName::from_static("grantway-upstream");

impl Client {
    /// Makes a call at the provider's API, and hands back the provider's answer, whatever its status.
    ///
    /// The address is the one of the provider's documentation, or its path alone, which goes to the provider's usual
    /// host. Bodies stream both ways ([`Body::wrap_stream`]). It is sent once: whether it may be repeated, the caller
    /// knows. A redirect is an answer, and is not followed.
    ///
    /// # Errors
    /// [`Error::reason`] says what can be done; [`Error::Unsendable`] when the path has `.` or `..` in the place of a
    /// name.
    pub async fn proxy(
        &self,
        grant: GrantId,
        call: http::Request<impl Into<Body>>,
    ) -> Result<Response, Error> {
        let (parts, body) = call.into_parts();
        let mut url = self.base.clone();
        url.set_path(&format!("/v1/grants/{grant}/proxy{}", path(&parts.uri)?));
        url.set_query(parts.uri.query());
        let mut request = Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        request.headers_mut().remove(HOST);
        if let Some(host) = host(&parts.uri) {
            request.headers_mut().insert(GRANTWAY_HOST, host);
        }
        *request.body_mut() = Some(body.into());
        let answer = self.send(request).await?;
        if answer.headers().contains_key(GRANTWAY_UPSTREAM) { Ok(answer) } else { Err(refusal(answer).await) }
    }
}

/// As written: whatever would lead elsewhere in Grantway's own API is refused.
fn path(uri: &Uri) -> Result<&str, Error> {
    let is_step = |name: &str| matches!(name.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if uri.path().contains('\\') || uri.path().split('/').any(is_step) {
        return Err(Error::Unsendable("the path has `.`, `..` or a backslash in the place of a name"));
    }
    Ok(uri.path())
}

fn host(uri: &Uri) -> Option<HeaderValue> {
    let host = uri.host()?;
    let host = uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&host).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_else() {
        for text in ["/a/../../token", "/%2E%2e/x", "/.%2E/x", "/a/.", "https://api.test/..", "/%2e"] {
            assert!(matches!(path(&text.parse().unwrap()), Err(Error::Unsendable(_))), "{text}");
        }
        for text in ["/a//b/", "/...", "/a..b/%2f", "/?q=/../"] {
            assert!(path(&text.parse().unwrap()).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_host_is_named_as_the_catalog_names_it() {
        for (uri, named) in [
            ("/repos", None),
            ("https://api.test/repos", Some("api.test")),
            ("https://api.test:8443/", Some("api.test:8443")),
            ("https://user:pass@api.test/", Some("api.test")),
        ] {
            let host = host(&uri.parse().unwrap());
            assert_eq!(host.as_ref().map(|host| host.to_str().unwrap()), named, "{uri}");
        }
    }
}
