//! The words for how requests are written: methods, bodies, authentication, places of a token.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Template;

/// A fixed parameter: a text, or `false` where one that is otherwise sent is left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Fixed {
    /// Its value.
    Text(Template),
    /// `false`; `true` means nothing and is refused.
    LeftOut(bool),
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The standard's, for token requests.
    #[default]
    Post,
    /// With the parameters in the query.
    Get,
    /// For revocations.
    Delete,
}

/// How a request carries its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenBody {
    /// `application/x-www-form-urlencoded` (RFC 6749, appendix B).
    #[default]
    Form,
    /// `application/json`.
    Json,
    /// In the query; a secret there is the provider's choice, not ours.
    Query,
}

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_secret_post`: beside the other parameters.
    #[default]
    Post,
    /// `client_secret_basic`: in the Authorization header.
    Basic,
    /// A public client, or one that proves itself by a header of its own (`token_headers`).
    None,
    /// A signed assertion (RFC 7523, section 2.2); the registration's secret is the private key in PEM.
    PrivateKeyJwt,
    /// As `post`, with a JWT in the secret's place; the registration's secret is the private key in PEM.
    SecretJwt,
    /// The request's parameters are signed as a whole; the registration's secret is the private key in PEM.
    SignedRequest,
}

/// The JWT of `private_key_jwt` and `secret_jwt`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientJwt {
    /// `ES256` or `RS256`.
    pub alg: JwtAlgorithm,
    /// Header `kid`.
    pub key_id: Option<Template>,
    /// Claim `iss`; the client id when omitted. `sub` is the client id always.
    pub issuer: Option<Template>,
    /// Claim `aud`; the issuer's name, else the token endpoint, when omitted.
    pub audience: Option<Template>,
}

/// How it is signed (RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// ECDSA with P-256.
    ES256,
    /// RSA with PKCS #1 v1.5.
    RS256,
}

/// The signature of `signed_request`: RSA with PKCS #1 v1.5 and SHA-256 over `name=value&…`, sorted by name,
/// not encoded, without what is empty; written in Base64.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestSignature {
    /// The parameter that carries it.
    pub param: String,
    /// The parameter that tells the moment, as `2026-11-02 09:30:00`.
    pub time_param: Option<String>,
    /// How far east of UTC that clock is, in hours.
    #[serde(default)]
    pub utc_offset: i8,
}

/// The signature of each API call: MD5 in hex over the query's `name=value…`, sorted by name, not encoded, without
/// the access token, and then MD5 in hex of access token and client secret. The hash is the provider's choice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSignature {
    /// The parameter that carries it.
    pub param: String,
    /// Fixed further parameters of each call, which are signed too.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
}

/// Proof Key for Code Exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Pkce {
    /// Always, unless the provider breaks on it.
    #[default]
    S256,
    /// A provider that knows no hash.
    #[serde(rename = "plain")]
    Plain,
    /// The provider refuses a challenge, or is not known to bear one.
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

/// Scopes that go into a parameter of their own: those that the app writes with this prefix.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondScopes {
    /// The parameter's name.
    pub param: String,
    /// Taken off before they are sent, and put before those that come back in `answer.second_scope`.
    pub prefix: String,
}

/// Where a request carries the access token: `bearer`, `none`, `query:NAME` or `header:NAME=TEMPLATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TokenPlace {
    /// RFC 6750, section 2.1.
    #[default]
    Bearer,
    /// Not by itself; the URL or the body may hold it.
    Nowhere,
    /// A query parameter.
    Query(String),
    /// A header, such as `X-Token={access_token}`.
    Header(String, Template),
}

impl TryFrom<String> for TokenPlace {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match (text.as_str(), text.split_once(':')) {
            ("bearer", _) => Ok(Self::Bearer),
            ("none", _) => Ok(Self::Nowhere),
            (_, Some(("query", name))) => Ok(Self::Query(name.to_owned())),
            (_, Some(("header", header))) => {
                let (name, value) = header.split_once('=').ok_or("write header:NAME=TEMPLATE")?;
                Ok(Self::Header(name.to_owned(), value.into()))
            }
            _ => Err("must be bearer, none, query:NAME or header:NAME=TEMPLATE"),
        }
    }
}

/// A request that trades a token for another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Where.
    pub url: Template,
    /// GET carries the parameters in the query, POST in a form.
    #[serde(default)]
    pub method: Method,
    /// All of them.
    pub params: BTreeMap<String, Template>,
}

/// How an access token is renewed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refresh {
    /// By what.
    pub by: RefreshBy,
    /// Where, if not at the token endpoint.
    pub url: Option<Template>,
    /// How the client proves itself there, if otherwise than in the exchange.
    pub client_auth: Option<ClientAuth>,
    /// Fixed further parameters; `false` leaves one out that is otherwise sent.
    pub params: BTreeMap<String, Fixed>,
    /// Whether each refresh replaces the refresh token.
    pub rotates: Rotates,
    /// How long a refresh token lives unused, in seconds.
    pub lifetime: Option<i64>,
    /// For how long a replaced refresh token still works, in seconds, by the provider's own word.
    pub grace: Option<i64>,
}

/// What an access token is renewed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshBy {
    /// RFC 6749, section 6.
    #[default]
    RefreshToken,
    /// The living access token itself, by `long_lived` or at `refresh.url`.
    AccessToken,
    /// Nothing: when it ends, the person connects again.
    Nothing,
}

/// Whether a refresh token is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotates {
    /// Not known, or by a setting: one that comes back is kept.
    #[default]
    Maybe,
    /// Each time.
    Yes,
    /// Each time a new one comes, and the old one works on.
    Overlap,
    /// Never.
    No,
}
