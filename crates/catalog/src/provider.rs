//! One provider's description. Defaults are what most providers do, so most files are short.

use std::collections::BTreeMap;

use grantway_core::origin::is_secure;
use serde::Deserialize;
use url::Url;

/// A service that issues OAuth tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// For people.
    pub name: String,
    /// `#rrggbb`, behind the monogram.
    pub brand_color: Option<String>,
    /// OpenID Connect issuer; its metadata (OIDC Discovery, RFC 8414) gives whatever URL is missing here.
    pub issuer: Option<String>,
    /// Authorization endpoint (RFC 6749, section 3.1).
    pub authorize_url: Option<Url>,
    /// Token endpoint (RFC 6749, section 3.2).
    pub token_url: Option<Url>,
    /// Revocation endpoint (RFC 7009).
    pub revoke_url: Option<Url>,
    /// Where the account is read.
    pub userinfo: Option<Userinfo>,
    /// Where in that answer the account's parts are.
    #[serde(default)]
    pub account: AccountPointers,
    /// Scopes asked for when the registration names none.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Between the scopes asked for.
    #[serde(default = "space")]
    pub scope_separator: String,
    /// Between the scopes in the token answer.
    #[serde(default = "space")]
    pub answer_scope_separator: String,
    /// Scopes that the token answer calls otherwise than the request did: its word, then ours.
    #[serde(default)]
    pub answer_scope_aliases: BTreeMap<String, String>,
    /// How the client proves itself at the token endpoint (RFC 6749, section 2.3).
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Whether a code challenge is sent (RFC 7636).
    #[serde(default)]
    pub pkce: Pkce,
    /// How the authorization answer comes back.
    #[serde(default)]
    pub response_mode: ResponseMode,
    /// Fixed further parameters of the authorization request.
    #[serde(default)]
    pub authorize_params: BTreeMap<String, String>,
    /// What makes the provider show its account chooser.
    #[serde(default = "select_account")]
    pub switch_account_params: BTreeMap<String, String>,
    /// How long its codes live at least, in seconds: for how long one may be held back.
    #[serde(default = "sixty")]
    pub code_seconds: i64,
}

/// The request that tells whose the token is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Userinfo {
    /// Where.
    pub url: Url,
    /// GET unless told.
    #[serde(default)]
    pub method: UserinfoMethod,
    /// Fixed further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// The method of a userinfo request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UserinfoMethod {
    /// As OpenID Connect has it.
    #[default]
    Get,
    /// With an empty body.
    Post,
}

/// JSON pointers (RFC 6901) into the userinfo answer. The defaults are the OpenID Connect claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountPointers {
    /// The stable id.
    pub id: String,
    /// The address.
    pub email: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The user name.
    pub handle: Option<String>,
}

impl Default for AccountPointers {
    fn default() -> Self {
        Self {
            id: "/sub".to_owned(),
            email: Some("/email".to_owned()),
            name: Some("/name".to_owned()),
            handle: Some("/preferred_username".to_owned()),
        }
    }
}

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// `client_secret_post`: in the form.
    #[default]
    Post,
    /// `client_secret_basic`: in the Authorization header.
    Basic,
}

/// Proof Key for Code Exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Pkce {
    /// Always, unless the provider breaks on it.
    #[default]
    S256,
    /// The provider refuses a challenge.
    #[serde(rename = "off")]
    Off,
}

/// How the authorization answer comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query.
    #[default]
    Query,
    /// As a form post (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// A rule that a provider's description breaks.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProvider {
    /// Nothing to show people.
    #[error("name: must not be empty")]
    NoName,
    /// No way to find its endpoints.
    #[error("either `issuer` or both `authorize_url` and `token_url` must be set")]
    NoEndpoints,
    /// A URL that others could read.
    #[error("{0}: must be https (http on loopback)")]
    NotSecure(&'static str),
    /// No JSON pointer.
    #[error("account: `{0}` is not a JSON pointer (RFC 6901)")]
    Pointer(String),
    /// A parameter that carries the flow's safety.
    #[error("authorize_params: `{0}` is set by Grantway and can't be overridden")]
    Reserved(String),
    /// Not `#rrggbb`.
    #[error("brand_color: must be written #rrggbb")]
    Color,
}

const RESERVED: [&str; 11] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

impl Provider {
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn validate(&self) -> Result<(), InvalidProvider> {
        if self.name.trim().is_empty() {
            return Err(InvalidProvider::NoName);
        }
        if self.issuer.is_none() && (self.authorize_url.is_none() || self.token_url.is_none()) {
            return Err(InvalidProvider::NoEndpoints);
        }
        if self.brand_color.as_deref().is_some_and(|color| !is_color(color)) {
            return Err(InvalidProvider::Color);
        }
        self.check_urls()?;
        self.check_pointers()?;
        let names = self.authorize_params.keys().chain(self.switch_account_params.keys());
        match names.into_iter().find(|name| RESERVED.contains(&name.as_str())) {
            Some(name) => Err(InvalidProvider::Reserved(name.clone())),
            None => Ok(()),
        }
    }

    fn check_urls(&self) -> Result<(), InvalidProvider> {
        let issuer = self
            .issuer
            .as_deref()
            .map(Url::parse)
            .transpose()
            .map_err(|_| InvalidProvider::NotSecure("issuer"))?;
        for (name, url) in [
            ("issuer", issuer.as_ref()),
            ("authorize_url", self.authorize_url.as_ref()),
            ("token_url", self.token_url.as_ref()),
            ("revoke_url", self.revoke_url.as_ref()),
            ("userinfo.url", self.userinfo.as_ref().map(|userinfo| &userinfo.url)),
        ] {
            if url.is_some_and(|url| !is_secure(url)) {
                return Err(InvalidProvider::NotSecure(name));
            }
        }
        Ok(())
    }

    fn check_pointers(&self) -> Result<(), InvalidProvider> {
        let account = &self.account;
        let pointers =
            [Some(&account.id), account.email.as_ref(), account.name.as_ref(), account.handle.as_ref()];
        match pointers.into_iter().flatten().find(|pointer| !pointer.starts_with('/')) {
            Some(pointer) => Err(InvalidProvider::Pointer(pointer.clone())),
            None => Ok(()),
        }
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn space() -> String {
    " ".to_owned()
}

fn sixty() -> i64 {
    60
}

fn select_account() -> BTreeMap<String, String> {
    BTreeMap::from([("prompt".to_owned(), "select_account".to_owned())])
}
