//! Grantway's API, as far as this app uses it.

use std::{net::SocketAddr, time::Duration};

use grantway_button::SessionResult;
use reqwest::{Client, RequestBuilder, redirect};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

use crate::{connect::Wish, home::Kept};

/// Why Grantway did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum GrantwayError {
    /// It could not be reached, or said something that can't be read.
    #[error("Grantway can't be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused (RFC 9457).
    #[error("{message}")]
    Refused {
        /// Stable.
        code: String,
        /// For people.
        message: String,
    },
}

impl GrantwayError {
    /// The code that the browser is told.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Unreachable(_) => "network_error",
            Self::Refused { code, .. } => code,
        }
    }
}

impl From<reqwest::Error> for GrantwayError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(Box::new(error.without_url()))
    }
}

/// A client of one app's API.
pub(super) struct Grantway {
    client: Result<Client, String>,
    base: String,
    api_key: String,
}

/// A fresh access token's facts. The token itself is read by nobody here: a real app would call the
/// provider with it, or have Grantway's proxy do that.
#[derive(Debug, Deserialize)]
pub(super) struct TokenFacts {
    #[serde(default)]
    expires_at: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
}

impl TokenFacts {
    /// When it ends, in words.
    pub(super) fn expiry(&self) -> String {
        match &self.expires_at {
            None | Some(serde_json::Value::Null) => "never".to_owned(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }
}

#[derive(Serialize)]
struct SessionTerms<'a> {
    user: UserTerms<'a>,
    allowed_origin: &'a str,
    return_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_providers: Option<[&'a str; 1]>,
    multiple: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u32>,
}

#[derive(Serialize)]
struct UserTerms<'a> {
    id: &'a str,
}

/// What a session is minted with.
pub(super) struct MintFor<'a> {
    /// The signed-in user.
    pub(super) user_id: &'a str,
    /// This app's URL.
    pub(super) public_url: &'a str,
    /// What the page asked for.
    pub(super) wish: &'a Wish,
    /// In seconds; Grantway's default when missing.
    pub(super) expires_in: Option<u32>,
}

#[derive(Deserialize)]
struct MintedSession {
    session_token: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Kept>,
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
}

impl Grantway {
    /// A client; one that can't be built says so when it is used.
    pub(super) fn new(base: &str, api_key: String) -> Self {
        Self { client: build(base).map_err(|error| error.to_string()), base: base.to_owned(), api_key }
    }

    /// A session token for the signed-in user.
    pub(super) async fn mint(&self, terms: MintFor<'_>) -> Result<String, GrantwayError> {
        let MintFor { user_id, public_url, wish, expires_in } = terms;
        let terms = SessionTerms {
            user: UserTerms { id: user_id },
            allowed_origin: public_url,
            return_url: format!("{public_url}/"),
            allowed_providers: wish.provider.as_deref().map(|provider| [provider]),
            multiple: wish.multiple,
            expires_in,
        };
        let minted: MintedSession = self.send(self.post("/v1/connect/sessions")?.json(&terms)).await?;
        Ok(minted.session_token)
    }

    /// The result that a redirect came back with.
    pub(super) async fn result(&self, code: &str) -> Result<SessionResult, GrantwayError> {
        self.send(self.post("/v1/connect/result")?.form(&[("code", code)])).await
    }

    /// The user's connections.
    pub(super) async fn connections(&self, user_id: &str) -> Result<Vec<Kept>, GrantwayError> {
        let mut url = Url::parse(&self.base).map_err(|error| GrantwayError::Unreachable(error.into()))?;
        url.set_path("/v1/grants");
        url.query_pairs_mut().append_pair("user_id", user_id);
        let list: List = self.send(self.client()?.get(url)).await?;
        Ok(list.data)
    }

    /// A fresh access token's facts.
    pub(super) async fn token(&self, grant_id: &str) -> Result<TokenFacts, GrantwayError> {
        self.send(self.post(&format!("/v1/grants/{grant_id}/token"))?).await
    }

    fn client(&self) -> Result<&Client, GrantwayError> {
        self.client.as_ref().map_err(|error| GrantwayError::Unreachable(error.clone().into()))
    }

    fn post(&self, path: &str) -> Result<RequestBuilder, GrantwayError> {
        Ok(self.client()?.post(format!("{}{path}", self.base)))
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, GrantwayError> {
        let response = request.bearer_auth(&self.api_key).send().await?;
        if response.status().is_success() {
            return Ok(response.json().await?);
        }
        let problem: Problem = response.json().await?;
        let message = if problem.detail.is_empty() { problem.title } else { problem.detail };
        Err(GrantwayError::Refused { code: problem.code, message })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the example's one HTTP client, with its limits")]
fn build(base: &str) -> Result<Client, Box<dyn std::error::Error>> {
    // An error means that the process has chosen a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15))
        .redirect(redirect::Policy::none());
    let url = Url::parse(base)?;
    // `*.localhost` is loopback (RFC 6761, section 6.3), but not every resolver knows.
    let client = match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) if host.ends_with(".localhost") => {
            let loopback = [
                SocketAddr::from(([127, 0, 0, 1], port)),
                SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)),
            ];
            client.no_proxy().resolve_to_addrs(host, &loopback)
        }
        _ => client,
    };
    Ok(client.build()?)
}
