//! Where a provider's endpoints are: the catalog's word first, its published metadata for the rest.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use grantway_catalog::{ClientAuth, Provider, Template};
use grantway_core::{Clock, Timestamp, origin::is_secure};
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::{EngineError, Http};

/// How long published metadata and keys are believed, in seconds.
const METADATA_SECONDS: i64 = 600;

/// One provider's endpoints.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Authorization endpoint.
    pub authorize: Url,
    /// Token endpoint.
    pub token: Url,
    /// OpenID Connect userinfo endpoint, when published.
    pub userinfo: Option<Url>,
    /// Revocation endpoint (RFC 7009).
    pub revoke: Option<Url>,
    /// Its signing keys.
    pub jwks: Option<Url>,
    /// How the client proves itself there.
    pub client_auth: ClientAuth,
    /// Its name in `iss`.
    pub issuer: Option<String>,
    /// Whether it promises `iss` in every authorization answer (RFC 9207).
    pub iss_promised: bool,
    /// Pushed authorization request endpoint (RFC 9126).
    pub pushed_authorization: Option<Url>,
    /// Whether it takes no other authorization requests.
    pub pushes: bool,
}

/// OpenID Provider Metadata (OIDC Discovery 1.0, section 3; RFC 8414, section 2).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    userinfo_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    jwks_uri: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    pushed_authorization_request_endpoint: Option<Url>,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
}

impl Metadata {
    /// A way that it takes, as far as a secret alone serves for it. Without a word it is `client_secret_basic`
    /// (RFC 8414, section 2).
    fn client_auth(&self) -> ClientAuth {
        let Some(methods) = &self.token_endpoint_auth_methods_supported else { return ClientAuth::Basic };
        let ways = [
            ("client_secret_post", ClientAuth::Post),
            ("client_secret_basic", ClientAuth::Basic),
            ("none", ClientAuth::None),
        ];
        let known = ways.into_iter().find(|(name, _)| methods.iter().any(|method| method == name));
        known.map_or_else(ClientAuth::default, |(_, way)| way)
    }
}

type Cached<T> = Mutex<HashMap<String, (Timestamp, Arc<T>)>>;

/// Finds endpoints and keys, and remembers them for a while.
pub struct Directory {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    metadata: Cached<Metadata>,
    keys: Cached<JwkSet>,
}

impl Directory {
    /// Asks through `http`.
    #[must_use]
    pub fn new(http: Arc<dyn Http>, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock, metadata: Mutex::default(), keys: Mutex::default() }
    }

    /// The endpoints of one provider, for a connection with these parameters.
    ///
    /// # Errors
    /// When metadata is needed and can't be had or breaks its rules, or a parameter is missing.
    pub async fn endpoints(
        &self,
        provider: &Provider,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Endpoints, EngineError> {
        let fill = |template: &Option<Template>| {
            let filled =
                template.as_ref().map(|template| template.fill_url(|name| parameters.get(name).cloned()));
            filled.transpose().map_err(|_| EngineError::NoValue)
        };
        let issuer = fill_issuer(provider, parameters)?;
        let metadata = match &issuer {
            Some(issuer) => Some(self.metadata(issuer).await?),
            None => None,
        };
        let published = metadata.as_deref();
        let pick = |own: Option<Url>, theirs: Option<&Url>| own.or_else(|| theirs.cloned());
        Ok(Endpoints {
            authorize: pick(
                fill(&provider.authorize_url)?,
                published.and_then(|m| m.authorization_endpoint.as_ref()),
            )
            .ok_or(EngineError::NoEndpoint("authorization endpoint"))?,
            token: pick(fill(&provider.token_url)?, published.and_then(|m| m.token_endpoint.as_ref()))
                .ok_or(EngineError::NoEndpoint("token endpoint"))?,
            userinfo: published.and_then(|m| m.userinfo_endpoint.clone()),
            revoke: published.and_then(|m| m.revocation_endpoint.clone()),
            jwks: published.and_then(|m| m.jwks_uri.clone()),
            client_auth: provider
                .client_auth
                .or_else(|| published.map(Metadata::client_auth))
                .unwrap_or_default(),
            iss_promised: published.is_some_and(|m| m.authorization_response_iss_parameter_supported),
            pushed_authorization: published.and_then(|m| m.pushed_authorization_request_endpoint.clone()),
            pushes: published.is_some_and(|m| m.require_pushed_authorization_requests),
            issuer,
        })
    }

    /// The provider's signing keys as last read.
    pub(crate) async fn keys(&self, jwks: &Url) -> Result<Arc<JwkSet>, EngineError> {
        self.newer_keys(jwks, METADATA_SECONDS).await
    }

    /// The provider's signing keys, read anew if they are older than so many seconds: it may have rotated them.
    pub(crate) async fn newer_keys(&self, jwks: &Url, seconds: i64) -> Result<Arc<JwkSet>, EngineError> {
        match self.recall(&self.keys, jwks.as_str(), seconds) {
            Some(known) => Ok(known),
            None => self.fresh_keys(jwks).await,
        }
    }

    /// Where an issuer publishes its signing keys.
    pub(crate) async fn keys_of(&self, issuer: &str) -> Result<Url, EngineError> {
        self.metadata(issuer).await?.jwks_uri.clone().ok_or(EngineError::NoEndpoint("key set"))
    }

    async fn fresh_keys(&self, jwks: &Url) -> Result<Arc<JwkSet>, EngineError> {
        let keys = self.fetch(jwks, "key set").await?;
        Ok(self.note(&self.keys, jwks.as_str(), keys))
    }

    async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, EngineError> {
        if let Some(known) = self.recall(&self.metadata, issuer, METADATA_SECONDS) {
            return Ok(known);
        }
        let mut fetched = Err(EngineError::Unreadable("metadata"));
        for address in well_known(issuer)? {
            fetched = self
                .fetch::<Metadata>(&address, "metadata")
                .await
                .and_then(|metadata| check(metadata, issuer));
            // Only a plain "not here" sends us to the other place.
            if !matches!(fetched, Err(EngineError::Refused)) {
                break;
            }
        }
        match (fetched, self.last_good(&self.metadata, issuer)) {
            (Ok(metadata), _) => Ok(self.note(&self.metadata, issuer, metadata)),
            (Err(_), Some(last_good)) => Ok(last_good),
            (Err(error), None) => Err(error),
        }
    }

    async fn fetch<T: DeserializeOwned>(&self, url: &Url, what: &'static str) -> Result<T, EngineError> {
        let request = ::http::Request::get(url.as_str())
            .header(::http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| EngineError::Unreadable(what))?;
        let answer = self.http.send(request).await?;
        if !answer.status().is_success() {
            return Err(EngineError::of_status(answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|_| EngineError::Unreadable(what))
    }

    fn recall<T>(&self, cache: &Cached<T>, key: &str, seconds: i64) -> Option<Arc<T>> {
        let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = cache.get(key)?;
        (self.clock.now().seconds_since(*read_at) < seconds).then(|| Arc::clone(value))
    }

    /// What was read before, however old: an outage of the metadata must not stop what does not need it anew.
    fn last_good<T>(&self, cache: &Cached<T>, key: &str) -> Option<Arc<T>> {
        let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key).map(|(_, value)| Arc::clone(value))
    }

    fn note<T>(&self, cache: &Cached<T>, key: &str, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let entry = (self.clock.now(), Arc::clone(&value));
        cache.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), entry);
        value
    }
}

/// An issuer is compared byte by byte (RFC 9207, section 2.4), so it stays as it is written; its values are
/// those that make a URL.
fn fill_issuer(
    provider: &Provider,
    parameters: &BTreeMap<String, String>,
) -> Result<Option<String>, EngineError> {
    let value = |name: &str| parameters.get(name).cloned();
    let Some(template) = &provider.issuer else { return Ok(None) };
    template.fill_url(value).map_err(|_| EngineError::NoValue)?;
    template.fill(value).map(Some).map_err(|_| EngineError::NoValue)
}

/// Where an issuer's metadata may be: OpenID Connect Discovery 1.0, section 4, then RFC 8414, section 3.1,
/// which puts the well-known part before the issuer's own path.
fn well_known(issuer: &str) -> Result<[Url; 2], EngineError> {
    let parse = |text: &str| Url::parse(text).map_err(|_| EngineError::Unreadable("metadata"));
    let mut oauth = parse(issuer)?;
    let path = format!("/.well-known/oauth-authorization-server{}", oauth.path().trim_end_matches('/'));
    oauth.set_path(&path);
    Ok([parse(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?, oauth])
}

/// RFC 8414, section 3.3: the issuer must be the one asked; and nothing may go over plain http.
fn check(metadata: Metadata, issuer: &str) -> Result<Metadata, EngineError> {
    let urls = [
        metadata.authorization_endpoint.as_ref(),
        metadata.token_endpoint.as_ref(),
        metadata.userinfo_endpoint.as_ref(),
        metadata.revocation_endpoint.as_ref(),
        metadata.jwks_uri.as_ref(),
        metadata.pushed_authorization_request_endpoint.as_ref(),
    ];
    if metadata.issuer != issuer || urls.into_iter().flatten().any(|url| !is_secure(url)) {
        return Err(EngineError::Unreadable("metadata"));
    }
    Ok(metadata)
}
