//! The words for where in an answer its parts are.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{Condition, Method, Pattern, Pointers, Template, TokenBody, TokenPlace};

/// A token answer (RFC 6749, section 5.1). Times are seconds unless told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The access token.
    pub access_token: Pointers,
    /// The refresh token.
    pub refresh_token: Pointers,
    /// OpenID Connect's id token.
    pub id_token: Pointers,
    /// Lifetime from now; 0 means no end.
    pub expires_in: Pointers,
    /// The end itself: Unix seconds, Unix milliseconds or ISO 8601.
    pub expires_at: Option<Pointers>,
    /// The lifetime when the answer tells none although the token ends.
    pub default_expires_in: Option<i64>,
    /// The access token is a JWT whose `exp` tells.
    pub expires_by_jwt: bool,
    /// Granted scopes: a text or a list.
    pub scope: Pointers,
    /// Between them.
    pub scope_separator: String,
    /// Scopes that it calls otherwise than the request did: its word, then ours.
    pub scope_aliases: BTreeMap<String, String>,
    /// Granted scopes of `second_scopes`.
    pub second_scope: Option<Pointers>,
    /// What holds of every success: some answer errors with 200.
    pub ok: Option<Condition>,
    /// The error's code.
    pub error: Pointers,
    /// Error codes that mean `invalid_grant`, beside it.
    pub dead: Vec<String>,
    /// Further values to keep with the tokens, by the names that templates and the app use.
    pub extra: BTreeMap<String, Kept>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            access_token: "/access_token".into(),
            refresh_token: "/refresh_token".into(),
            id_token: "/id_token".into(),
            expires_in: "/expires_in".into(),
            expires_at: None,
            default_expires_in: None,
            expires_by_jwt: false,
            scope: "/scope".into(),
            scope_separator: " ".to_owned(),
            scope_aliases: BTreeMap::new(),
            second_scope: None,
            ok: None,
            error: "/error".into(),
            dead: Vec::new(),
            extra: BTreeMap::new(),
        }
    }
}

/// An authorization answer, beyond RFC 6749.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callback {
    /// `code` by other names, the first that is there.
    pub code: Vec<String>,
    /// Taken off the code's end.
    pub code_suffix: Option<String>,
    /// Parameters that are kept with the grant.
    pub keep: Vec<String>,
    /// The parameter that has the granted scopes, and what is between them.
    pub scope: Option<String>,
    /// Its own proof.
    pub verify: Option<Verify>,
}

/// A proof that an authorization answer comes from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// `hmac`: HMAC-SHA256 in hex over the other parameters, sorted, under the client secret.
    HmacSha256,
}

/// The request that tells whose the token is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Userinfo {
    /// Where.
    pub url: Template,
    /// GET unless told.
    #[serde(default = "get")]
    pub method: Method,
    /// Fixed further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Where the token is, if otherwise than in API calls.
    pub auth: Option<TokenPlace>,
    /// What to send, such as a GraphQL query. Values are escaped as its form needs.
    pub body: Option<Template>,
    /// Its form: JSON unless told.
    #[serde(default = "json")]
    pub body_as: TokenBody,
}

fn get() -> Method {
    Method::Get
}

fn json() -> TokenBody {
    TokenBody::Json
}

/// Where the account's parts are. The defaults are the OpenID Connect claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// In which answer.
    pub source: Source,
    /// What `iss` of an id token must be that no published key signs; `{claim:x}` is a claim of its own.
    pub issuer: Option<Template>,
    /// The stable id.
    pub id: Reading,
    /// What the id is unique within, when it is not by itself: a workspace, a company.
    pub within: Option<Reading>,
    /// The address.
    pub email: Option<Reading>,
    /// The display name.
    pub name: Option<Reading>,
    /// The user name.
    pub handle: Option<Reading>,
    /// The organisation: workspace, shop, company.
    pub org: Option<Reading>,
}

impl Default for Account {
    fn default() -> Self {
        let at = |pointer: &str| Reading { source: None, at: pointer.into() };
        Self {
            source: Source::Userinfo,
            issuer: None,
            id: at("/sub"),
            within: None,
            email: Some(at("/email")),
            name: Some(at("/name")),
            handle: Some(at("/preferred_username")),
            org: None,
        }
    }
}

/// An answer that may tell of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The userinfo answer.
    #[default]
    Userinfo,
    /// The token answer.
    Token,
    /// The id token's claims.
    IdToken,
    /// The claims of an access token that is a JWT, believed because the token endpoint gave it.
    AccessToken,
    /// The parameters of the authorization answer.
    Callback,
    /// No answer does: connected, account unknown.
    Nothing,
}

/// Pointers into the account's own source, or, written `token:/x`, into another by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Another source.
    pub source: Option<Source>,
    /// Where in it.
    pub at: Pointers,
}

impl<'de> Deserialize<'de> for Reading {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Many(Pointers),
        }
        let source = |name: &str| match name {
            "userinfo" => Ok(Source::Userinfo),
            "token" => Ok(Source::Token),
            "id_token" => Ok(Source::IdToken),
            "access_token" => Ok(Source::AccessToken),
            "callback" => Ok(Source::Callback),
            other => Err(serde::de::Error::custom(format!("`{other}` is no source"))),
        };
        Ok(match Written::deserialize(from)? {
            Written::One(text) => match text.split_once(":/") {
                Some((name, rest)) if !name.starts_with('/') => {
                    Self { source: Some(source(name)?), at: format!("/{rest}").as_str().into() }
                }
                _ => Self { source: None, at: text.as_str().into() },
            },
            Written::Many(at) => Self { source: None, at },
        })
    }
}

/// A request after the exchange, for what API calls need.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Where.
    pub url: Template,
    /// Fixed further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Whether it is made after each refresh too: what it finds lives no longer than the access token.
    #[serde(default)]
    pub each_refresh: bool,
    /// Values to keep with the tokens.
    pub extra: BTreeMap<String, Kept>,
}

impl Lookup {
    /// Whether the access token is part of its URL, so that no header carries it.
    #[must_use]
    pub fn holds_token(&self) -> bool {
        self.url.names().any(|name| name == "access_token")
    }
}

/// A value of an answer that is kept: where it is, and what all of it must match, lest it be dropped. Only one
/// with a pattern can stand in a host.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where.
    pub at: Pointers,
    /// What it looks like.
    pub pattern: Option<Pattern>,
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            at: Pointers,
            pattern: Pattern,
        }
        // By way of a value, so that a wrong key is named.
        let read = match toml::Value::deserialize(from)? {
            table @ toml::Value::Table(_) => {
                Table::deserialize(table).map(|Table { at, pattern }| Self { at, pattern: Some(pattern) })
            }
            pointers => Pointers::deserialize(pointers).map(|at| Self { at, pattern: None }),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl Kept {
    /// The value, if it is there and looks as it must.
    #[must_use]
    pub fn text(&self, answer: &Value) -> Option<String> {
        let fits = |text: &String| self.pattern.as_ref().is_none_or(|pattern| pattern.fits(text));
        self.at.text(answer).filter(fits)
    }
}

/// How a grant is ended. A bare URL is RFC 7009's endpoint.
#[derive(Clone, Debug)]
pub struct Revoke {
    /// Where.
    pub url: Template,
    /// The method.
    pub method: Method,
    /// The proof that goes with it.
    pub auth: RevokeAuth,
    /// How parameters are carried.
    pub body: TokenBody,
    /// All of them; `{token}` is the refresh token, or the access token where there is none.
    pub params: BTreeMap<String, Template>,
    /// Fixed further headers.
    pub headers: BTreeMap<String, Template>,
}

/// The proof that goes with a revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevokeAuth {
    /// The client's, as at the token endpoint.
    #[default]
    Client,
    /// The client's, by HTTP Basic.
    Basic,
    /// The access token, as in API calls.
    Api,
    /// None beside the parameters.
    None,
}

impl<'de> Deserialize<'de> for Revoke {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            url: Template,
            #[serde(default)]
            method: Method,
            #[serde(default)]
            auth: RevokeAuth,
            #[serde(default)]
            body: TokenBody,
            #[serde(default = "rfc_7009")]
            params: BTreeMap<String, Template>,
            #[serde(default)]
            headers: BTreeMap<String, Template>,
        }
        // By way of a value, so that a wrong key is named.
        match toml::Value::deserialize(from)? {
            toml::Value::String(url) => Ok(Self::standard(url.into())),
            table => {
                let Table { url, method, auth, body, params, headers } =
                    Table::deserialize(table).map_err(serde::de::Error::custom)?;
                Ok(Self { url, method, auth, body, params, headers })
            }
        }
    }
}

impl Revoke {
    /// An endpoint of RFC 7009.
    #[must_use]
    pub fn standard(url: Template) -> Self {
        let (params, headers) = (rfc_7009(), BTreeMap::new());
        Self { url, method: Method::Post, auth: RevokeAuth::Client, body: TokenBody::Form, params, headers }
    }
}

fn rfc_7009() -> BTreeMap<String, Template> {
    ["token", "token_type_hint"].map(|name| (name.to_owned(), format!("{{{name}}}").into())).into()
}
