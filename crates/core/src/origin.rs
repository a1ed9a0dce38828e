//! Web origins: scheme, host and port, written as browsers write the `Origin` header.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An origin such as `https://app.acme.com`; never a wildcard, never a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Origin(String);

/// Why a text is no origin or no return URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not an absolute URL.
    #[error("must be an absolute URL such as https://app.example.com")]
    NotAUrl,
    /// `*` or another pattern.
    #[error("must be one exact origin, not a wildcard")]
    Wildcard,
    /// Plain http on a host that others can reach.
    #[error("must use https (http is accepted for localhost and loopback addresses only)")]
    NotSecure,
    /// More than scheme, host and port.
    #[error("must be scheme, host and port only, without a path, query or fragment")]
    HasPath,
    /// `user:password@`.
    #[error("must not carry a user name or password")]
    HasUserinfo,
    /// `#…`.
    #[error("must not carry a fragment")]
    HasFragment,
}

impl Origin {
    /// The origin of a URL that a browser may be sent to.
    ///
    /// # Errors
    /// When it is neither https nor http on loopback.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        if !is_secure(url) {
            return Err(OriginError::NotSecure);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// As in the `Origin` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a URL is https, or http on loopback (RFC 8252, section 8.3).
#[must_use]
pub fn is_secure(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether a URL's host is this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Parses a URL that a finished session may send the browser to.
///
/// # Errors
/// When it isn't https (http on loopback), or has userinfo or a fragment.
pub fn parse_return_url(text: &str) -> Result<Url, OriginError> {
    if text.contains('\\') {
        return Err(OriginError::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| OriginError::NotAUrl)?;
    if !is_secure(&url) {
        return Err(OriginError::NotSecure);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OriginError::HasUserinfo);
    }
    if url.fragment().is_some() {
        return Err(OriginError::HasFragment);
    }
    Ok(url)
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.contains('*') {
            return Err(OriginError::Wildcard);
        }
        let url = parse_return_url(text)?;
        if url.path() != "/" || url.query().is_some() || text.ends_with("//") {
            return Err(OriginError::HasPath);
        }
        Self::of(&url)
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_loses_its_trailing_slash_and_default_port() {
        let origin: Origin = "https://App.Acme.com:443/".parse().unwrap();

        assert_eq!(origin.as_str(), "https://app.acme.com");
    }

    #[test]
    fn what_is_no_exact_origin_is_refused_with_its_reason() {
        for (text, reason) in [
            ("*", OriginError::Wildcard),
            ("https://*.acme.com", OriginError::Wildcard),
            ("app.acme.com", OriginError::NotAUrl),
            ("http://app.acme.com", OriginError::NotSecure),
            ("https://app.acme.com/path", OriginError::HasPath),
            ("https://app.acme.com/?q", OriginError::HasPath),
            ("https://u:p@app.acme.com", OriginError::HasUserinfo),
            ("https://app.acme.com/#f", OriginError::HasFragment),
            ("javascript:alert(1)", OriginError::NotSecure),
            ("null", OriginError::NotAUrl),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn http_is_for_loopback_only() {
        for text in ["http://localhost:3000", "http://app.localhost", "http://127.0.0.1", "http://[::1]:8"] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        assert!("http://localhost.evil.test".parse::<Origin>().is_err());
    }
}
