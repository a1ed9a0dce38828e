//! The client: where Grantway is, and who asks.

use std::{fmt, time::Duration};

use grantway_core::{Origin, Secret, origin::OriginError};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use url::Url;

/// Limits a call to the grants of the user that the token names.
const USER_TOKEN: HeaderName = HeaderName::from_static("grantway-user-token");

const CONNECT: Duration = Duration::from_secs(5);
/// A little longer than Grantway leaves a silent side of a call alone.
const SILENCE: Duration = Duration::from_secs(125);

/// Grantway, for one app's backend. Clones share their connections.
///
/// Every call but [`Client::proxy`] may be made twice without harm, and is: when no answer comes, or one that says
/// *not now* (429 and 503 of Grantway's own, 409 while the first request is at work), it is sent again after a
/// quarter of a second and after another second, or when `Retry-After` says so, if that is within five seconds. What
/// makes something carries an `Idempotency-Key`, so that it is made once. Nothing is sent more than three times. A
/// provider's failure is not Grantway's: it is told at once.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    key: HeaderValue,
    user_token: Option<HeaderValue>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Grantway's own address: the `base_url` of its settings.
    #[error("the base URL {0}")]
    BaseUrl(#[from] OriginError),
    /// No header can carry it.
    #[error("the API key has characters that no key has")]
    Key,
    /// No header can carry it.
    #[error("the user token has characters that no token has")]
    UserToken,
    /// The system's certificates can't be used.
    #[error("TLS can't be set up")]
    Tls(#[source] reqwest::Error),
}

impl Client {
    /// A client with connections of its own, by TLS with ring and the system's certificates, through no proxy of
    /// the environment.
    ///
    /// # Errors
    /// When the base URL is not https (http on loopback) or more than an origin, or TLS can't be set up.
    pub fn new(base_url: &str, api_key: &Secret) -> Result<Self, SetupError> {
        Self::over(connections().map_err(SetupError::Tls)?, base_url, api_key)
    }

    /// The same over connections that are there. They must follow no redirect: those of the proxy are the provider's.
    ///
    /// # Errors
    /// When the base URL is not https (http on loopback) or more than an origin.
    pub fn over(http: reqwest::Client, base_url: &str, api_key: &Secret) -> Result<Self, SetupError> {
        let origin: Origin = base_url.parse()?;
        let base = origin.as_str().parse().map_err(|_| OriginError::NotAUrl)?;
        let key = secret(&format!("Bearer {}", api_key.expose())).ok_or(SetupError::Key)?;
        Ok(Self { http, base, key, user_token: None })
    }

    /// The same on behalf of the one user whom their sign-in token names: grants of others are not there.
    ///
    /// # Errors
    /// When the token is none.
    pub fn for_user(&self, user_token: &Secret) -> Result<Self, SetupError> {
        let token = secret(user_token.expose()).ok_or(SetupError::UserToken)?;
        Ok(Self { user_token: Some(token), ..self.clone() })
    }

    /// Says who asks.
    pub(crate) fn sign(&self, request: &mut reqwest::Request) {
        request.headers_mut().insert(AUTHORIZATION, self.key.clone());
        if let Some(token) = &self.user_token {
            request.headers_mut().insert(USER_TOKEN, token.clone());
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// A header that prints itself nowhere.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[expect(clippy::disallowed_methods, reason = "it goes to the app's own Grantway; the limits are set here")]
fn connections() -> Result<reqwest::Client, reqwest::Error> {
    // Where one is installed, it stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .user_agent(concat!("grantway-client/", env!("CARGO_PKG_VERSION")))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base_url: &str, key: &str) -> Result<Client, SetupError> {
        Client::new(base_url, &Secret::new(key.to_owned()))
    }

    #[test]
    fn a_base_url_is_an_origin_that_no_one_else_can_read() {
        for right in ["https://connect.acme.com", "https://connect.acme.com/", "http://127.0.0.1:4000"] {
            assert!(client(right, "gw_sk_x").is_ok(), "{right}");
        }
        for (wrong, says) in [
            (
                "http://connect.acme.com",
                "must use https (http is accepted for localhost and loopback addresses only)",
            ),
            (
                "https://acme.com/connect",
                "must be scheme, host and port only, without a path, query or fragment",
            ),
            ("https://user@acme.com", "must not carry a user name or password"),
            ("connect.acme.com", "must be an absolute URL such as https://app.example.com"),
        ] {
            assert_eq!(client(wrong, "gw_sk_x").unwrap_err().to_string(), format!("the base URL {says}"));
        }
    }

    #[test]
    fn keys_and_tokens_are_printed_nowhere() {
        let client = client("https://connect.acme.com", "gw_sk_CANARY").unwrap();
        let client = client.for_user(&Secret::new("CANARY.jwt".to_owned())).unwrap();
        let mut request =
            reqwest::Request::new(http::Method::GET, "https://connect.acme.com".parse().unwrap());
        client.sign(&mut request);

        assert_eq!(request.headers()[AUTHORIZATION], "Bearer gw_sk_CANARY");
        assert!(!format!("{client:?} {request:?}").contains("CANARY"));
    }

    #[test]
    fn what_no_header_can_carry_is_refused_without_being_shown() {
        let right = client("https://connect.acme.com", "gw_sk_x").unwrap();

        let key = client("https://connect.acme.com", "CANARY\n").unwrap_err();
        let token = right.for_user(&Secret::new("CANARY\n".to_owned())).unwrap_err();

        assert!(matches!((&key, &token), (SetupError::Key, SetupError::UserToken)));
        assert!(!format!("{key} {key:?} {token} {token:?}").contains("CANARY"));
    }
}
