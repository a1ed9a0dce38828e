//! One provider's description. Defaults are what most providers do, so most files are short.
//! `docs/catalog.md` has an example of every field.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::{
    Account, Answer, ApiSignature, Callback, ClientAuth, ClientJwt, Exchange, Fixed, InvalidProvider, Lookup,
    Method, Parameter, Pkce, Refresh, RequestSignature, ResponseMode, Revoke, SecondScopes, Template,
    TokenBody, TokenPlace, Userinfo,
};

/// A service that issues OAuth tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// For people.
    pub name: String,
    /// Other words that people search for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For lists, such as `crm`.
    #[serde(default)]
    pub categories: Vec<String>,
    /// `#rrggbb`, behind the monogram.
    pub brand_color: Option<String>,
    /// The logo's file in `public/logos/`, without its ending.
    pub logo: Option<String>,
    /// Where an operator registers a client.
    pub docs_url: Option<Url>,
    /// Known from one source only: the URLs may be wrong.
    #[serde(default)]
    pub experimental: bool,

    /// OpenID Connect issuer, or the one of RFC 8414; its metadata gives whatever URL is missing here, and its
    /// keys sign the id tokens.
    pub issuer: Option<Template>,
    /// Authorization endpoint (RFC 6749, section 3.1).
    pub authorize_url: Option<Template>,
    /// Token endpoint (RFC 6749, section 3.2).
    pub token_url: Option<Template>,
    /// What the templates need.
    #[serde(default, rename = "parameter")]
    pub parameters: Vec<Parameter>,

    /// Scopes asked for when the registration names none.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Scopes that every request asks for: without them no refresh token comes.
    #[serde(default)]
    pub always_scopes: Vec<String>,
    /// Between the scopes asked for.
    #[serde(default = "space")]
    pub scope_separator: String,
    /// The parameter's name.
    #[serde(default = "scope")]
    pub scope_param: String,
    /// Scopes that go into a parameter of their own.
    pub second_scopes: Option<SecondScopes>,

    /// `client_id` by another name, in every request.
    #[serde(default = "client_id")]
    pub client_id_param: String,
    /// `client_secret` by another name.
    #[serde(default = "client_secret")]
    pub client_secret_param: String,
    /// `redirect_uri` by another name, in both requests.
    #[serde(default = "redirect_uri")]
    pub redirect_uri_param: String,
    /// `code` by another name, in the token request.
    #[serde(default = "code")]
    pub code_param: String,
    /// What is sent in the redirect URI's place, where the provider knows it by a name.
    pub redirect_uri: Option<Template>,
    /// Whether a code challenge is sent (RFC 7636).
    #[serde(default)]
    pub pkce: Pkce,
    /// `response_type`, where it is not `code`.
    #[serde(default = "code")]
    pub response_type: String,
    /// Whether a `nonce` is demanded even without an id token.
    #[serde(default)]
    pub nonce: bool,
    /// How the authorization answer comes back.
    #[serde(default)]
    pub response_mode: ResponseMode,
    /// Pushed authorization requests (RFC 9126): asked for even where the metadata does not demand it.
    #[serde(default)]
    pub pushed_authorization: bool,
    /// Resource indicators (RFC 8707), in the authorization and every token request.
    #[serde(default)]
    pub resource: Vec<Url>,
    /// Fixed further parameters of the authorization request; `false` leaves one out that is otherwise sent.
    #[serde(default)]
    pub authorize_params: BTreeMap<String, Fixed>,
    /// What makes the provider show its account chooser.
    #[serde(default = "select_account")]
    pub switch_account_params: BTreeMap<String, String>,
    /// What makes the provider add scopes to those that it granted before.
    #[serde(default)]
    pub incremental_params: BTreeMap<String, String>,
    /// What the authorization answer carries beside `code` and `state`.
    #[serde(default)]
    pub callback: Callback,
    /// How long its codes live at least, in seconds: for how long one may be held back.
    #[serde(default = "sixty")]
    pub code_seconds: i64,

    /// How the client proves itself at the token endpoint (RFC 6749, section 2.3). When omitted the issuer's
    /// metadata decides, and without an issuer it is `post`.
    pub client_auth: Option<ClientAuth>,
    /// The JWT that two of those ways sign.
    pub client_jwt: Option<ClientJwt>,
    /// The signature that another of them makes.
    pub request_signature: Option<RequestSignature>,
    /// GET at a few; POST is the standard.
    #[serde(default)]
    pub token_method: Method,
    /// How token requests carry their parameters.
    #[serde(default)]
    pub token_body: TokenBody,
    /// Fixed further parameters of the code exchange; `false` leaves one out that is otherwise sent.
    #[serde(default)]
    pub token_params: BTreeMap<String, Fixed>,
    /// Fixed further headers of every token request.
    #[serde(default)]
    pub token_headers: BTreeMap<String, Template>,
    /// Where in a token answer its parts are.
    #[serde(default)]
    pub answer: Answer,
    /// The request that trades the first token for one that lives long.
    pub long_lived: Option<Exchange>,
    /// How an access token is renewed.
    #[serde(default)]
    pub refresh: Refresh,

    /// Where the API is: only below these may a proxied call take the access token. The first is the usual one.
    #[serde(default)]
    pub api_urls: Vec<Template>,
    /// How an access token is carried to the API (RFC 6750).
    #[serde(default)]
    pub api_auth: TokenPlace,
    /// How each API call is signed, where the token alone is not enough.
    pub api_signature: Option<ApiSignature>,
    /// Where the account is read.
    pub userinfo: Option<Userinfo>,
    /// Where in which answer the account's parts are.
    #[serde(default)]
    pub account: Account,
    /// The request that finds what API calls need, such as the chosen site.
    pub lookup: Option<Lookup>,
    /// How a grant is ended at the provider (RFC 7009).
    pub revoke: Option<Revoke>,
}

impl Provider {
    /// One connection parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// What follows a parameter in the host that it is part of.
    #[must_use]
    pub fn host_after(&self, name: &str) -> Option<&str> {
        let urls = [&self.authorize_url, &self.token_url, &self.issuer];
        urls.into_iter().flatten().find_map(|url| url.host_after(name))
    }

    /// Where a connection's account is: the addresses that tell its id. Tenants with hosts or paths of their own
    /// give ids of their own, so an id means somebody only together with these.
    #[must_use]
    pub fn place(&self, parameters: &BTreeMap<String, String>) -> Vec<String> {
        let value = |name: &str| {
            let usual = || self.parameter(name).and_then(|parameter| parameter.default.clone());
            // What the operator set, or what each connection has anew, is the same for all of them.
            Some(parameters.get(name).cloned().or_else(usual).unwrap_or_else(|| "x".to_owned()))
        };
        let userinfo = self.userinfo.as_ref().map(|userinfo| &userinfo.url);
        let told = [self.issuer.as_ref(), self.token_url.as_ref(), userinfo];
        let filled = told.into_iter().flatten().filter_map(|url| url.fill(value).ok());
        // In a host, capitals mean nothing.
        filled.map(|text| Url::parse(&text).map_or(text, String::from)).collect()
    }

    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn validate(&self) -> Result<(), InvalidProvider> {
        crate::rules::check(self)
    }
}

fn space() -> String {
    " ".to_owned()
}

fn scope() -> String {
    "scope".to_owned()
}

fn client_id() -> String {
    "client_id".to_owned()
}

fn client_secret() -> String {
    "client_secret".to_owned()
}

fn redirect_uri() -> String {
    "redirect_uri".to_owned()
}

fn code() -> String {
    "code".to_owned()
}

fn sixty() -> i64 {
    60
}

fn select_account() -> BTreeMap<String, String> {
    BTreeMap::from([("prompt".to_owned(), "select_account".to_owned())])
}
