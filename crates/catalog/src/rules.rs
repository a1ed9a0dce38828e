//! What a description must keep, beyond its form.

use std::collections::BTreeMap;

use crate::{
    AskedOf, ClientAuth, Fixed, Parameter, Pointers, Provider, Reading, RefreshBy, Template, TemplateError,
    TokenPlace, wire::Method,
};

/// A rule that a provider's description breaks.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProvider {
    /// Nothing to show people.
    #[error("name: must not be empty")]
    NoName,
    /// No way to find its endpoints.
    #[error("either `issuer` or both `authorize_url` and `token_url` must be set")]
    NoEndpoints,
    /// Not `#rrggbb`.
    #[error("brand_color: must be written #rrggbb")]
    Color,
    /// Not a file's name.
    #[error("logo: must be a file's name of a-z, 0-9 and -, without its ending")]
    Logo,
    /// A URL that others could read, or that is none.
    #[error("{0}: must be https (http on loopback)")]
    NotSecure(&'static str),
    /// A template that asks for something nobody gives.
    #[error("{place}: nothing gives `{{{name}}}`; declare a [[parameter]] of that name")]
    UnknownName {
        /// Where.
        place: &'static str,
        /// What.
        name: String,
    },
    /// No JSON pointer.
    #[error("{place}: `{pointer}` is not a JSON pointer (RFC 6901)")]
    Pointer {
        /// Where.
        place: &'static str,
        /// What.
        pointer: String,
    },
    /// A parameter that carries the flow's safety.
    #[error("{place}: `{name}` is set by Grantway and can't be overridden")]
    Reserved {
        /// Where.
        place: &'static str,
        /// Which.
        name: String,
    },
    /// `true` instead of a text or `false`.
    #[error("{place}: `{name}` must be a text, or false to leave it out")]
    NotFixed {
        /// Where.
        place: &'static str,
        /// Which.
        name: String,
    },
    /// An example or default that its own pattern refuses.
    #[error("parameter {0}: its pattern does not fit its example or default")]
    Example(String),
    /// A host that anyone could choose, asked of the person.
    #[error(
        "parameter {0}: its pattern lets any host through, and the client secret would go there; set `free_host = true` and `asked_of = \"app\"`"
    )]
    FreeHost(String),
    /// A way to prove the client that lacks its part.
    #[error("client_auth: `private_key_jwt` and `secret_jwt` need a [client_jwt]")]
    NoJwt,
    /// A way to renew that lacks its request.
    #[error("refresh: `by = \"access_token\"` needs `long_lived` or `refresh.url`")]
    NoRenewal,
    /// An API whose calls could not be proved.
    #[error("api_urls: with `api_auth = \"none\"` nothing would carry the token there")]
    NoPlace,
    /// More than a host and a path.
    #[error("api_urls: `{0}` must be an address without query or fragment")]
    ApiUrl(String),
    /// A name that no template could use.
    #[error("{place}: `{name}` must be a-z and _")]
    Name {
        /// Where.
        place: &'static str,
        /// Which.
        name: String,
    },
}

/// What carries the flow's safety, in requests that a person's browser brings.
const RESERVED: [&str; 10] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// What every request can be told.
const ALWAYS: [&str; 5] = ["client_id", "client_secret", "redirect_uri", "state", "random"];
/// What is known once there are tokens.
const TOKENS: [&str; 4] = ["access_token", "refresh_token", "token", "token_type_hint"];

/// The field that says where the access token may go.
const API: &str = "api_urls";

pub(crate) fn check(provider: &Provider) -> Result<(), InvalidProvider> {
    if provider.name.trim().is_empty() {
        return Err(InvalidProvider::NoName);
    }
    if provider.issuer.is_none() && (provider.authorize_url.is_none() || provider.token_url.is_none()) {
        return Err(InvalidProvider::NoEndpoints);
    }
    if provider.brand_color.as_deref().is_some_and(|color| !is_color(color)) {
        return Err(InvalidProvider::Color);
    }
    if provider.logo.as_deref().is_some_and(|logo| !is_file_name(logo)) {
        return Err(InvalidProvider::Logo);
    }
    provider.parameters.iter().try_for_each(|parameter| check_parameter(provider, parameter))?;
    check_ways(provider)?;
    check_api(provider)?;
    check_urls(provider)?;
    check_params(provider)?;
    check_pointers(provider)
}

fn check_parameter(provider: &Provider, parameter: &Parameter) -> Result<(), InvalidProvider> {
    check_name("parameter", &parameter.name)?;
    let values = std::iter::once(&parameter.example).chain(&parameter.default);
    if values.into_iter().any(|value| parameter.accept(value).as_deref() != Some(value)) {
        return Err(InvalidProvider::Example(parameter.name.clone()));
    }
    let hosts = ["evil.test", "a.evil.test", "evil.test:443", "evil.com"];
    let is_free =
        ends_a_host(provider, &parameter.name) && hosts.iter().any(|host| parameter.pattern.fits(host));
    let is_kept = parameter.free_host && parameter.asked_of == AskedOf::App;
    if (is_free || parameter.free_host) && !is_kept {
        return Err(InvalidProvider::FreeHost(parameter.name.clone()));
    }
    Ok(())
}

/// Whether nothing of the provider's follows the parameter in a host.
fn ends_a_host(provider: &Provider, name: &str) -> bool {
    let is_in_host = |url: &Template| {
        let host = url.as_str().split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next();
        host.unwrap_or_default().trim_end_matches(":443").ends_with(&format!("{{{name}}}"))
    };
    urls(provider).into_iter().any(|(_, url)| is_in_host(url))
}

fn check_ways(provider: &Provider) -> Result<(), InvalidProvider> {
    let ways = [Some(provider.client_auth), provider.refresh.client_auth];
    let needs_jwt = |auth: &ClientAuth| matches!(auth, ClientAuth::PrivateKeyJwt | ClientAuth::SecretJwt);
    if provider.client_jwt.is_none() && ways.iter().flatten().any(needs_jwt) {
        return Err(InvalidProvider::NoJwt);
    }
    let renews = provider.long_lived.is_some() || provider.refresh.url.is_some();
    if provider.refresh.by == RefreshBy::AccessToken && !renews {
        return Err(InvalidProvider::NoRenewal);
    }
    Ok(())
}

fn check_api(provider: &Provider) -> Result<(), InvalidProvider> {
    if !provider.api_urls.is_empty() && provider.api_auth == TokenPlace::Nowhere {
        return Err(InvalidProvider::NoPlace);
    }
    match provider.api_urls.iter().find(|url| url.as_str().contains(['?', '#', '\\'])) {
        Some(url) => Err(InvalidProvider::ApiUrl(url.as_str().to_owned())),
        None => Ok(()),
    }
}

fn urls(provider: &Provider) -> Vec<(&'static str, &Template)> {
    let all = [
        ("issuer", provider.issuer.as_ref()),
        ("authorize_url", provider.authorize_url.as_ref()),
        ("token_url", provider.token_url.as_ref()),
        ("refresh.url", provider.refresh.url.as_ref()),
        ("long_lived.url", provider.long_lived.as_ref().map(|long| &long.url)),
        ("revoke.url", provider.revoke.as_ref().map(|revoke| &revoke.url)),
        ("userinfo.url", provider.userinfo.as_ref().map(|userinfo| &userinfo.url)),
        ("lookup.url", provider.lookup.as_ref().map(|lookup| &lookup.url)),
    ];
    let api = provider.api_urls.iter().map(|url| (API, url));
    all.into_iter().filter_map(|(place, url)| url.map(|url| (place, url))).chain(api).collect()
}

fn check_urls(provider: &Provider) -> Result<(), InvalidProvider> {
    for (place, url) in urls(provider) {
        check_names(provider, place, url)?;
        let unknown = if url.whole().is_some() { "https://api.example.com" } else { "x" };
        let example = |name: &str| {
            provider.parameter(name).map_or(unknown.to_owned(), |parameter| parameter.example.clone())
        };
        match url.fill_url(|name| Some(example(name))) {
            Ok(_) => {}
            Err(TemplateError::Missing(name)) => return Err(InvalidProvider::UnknownName { place, name }),
            Err(TemplateError::NotSecure | TemplateError::Host(_)) => {
                return Err(InvalidProvider::NotSecure(place));
            }
        }
    }
    Ok(())
}

fn check_names(provider: &Provider, place: &'static str, template: &Template) -> Result<(), InvalidProvider> {
    // Where API calls go is for nobody to say who could be an attacker's browser, and no place for a secret.
    let is_api = place == API;
    let is_early = matches!(place, "issuer" | "authorize_url" | "authorize_params" | "redirect_uri");
    let known = |name: &str| match name.split_once(':') {
        Some(("callback", name)) => {
            !is_early && !is_api && provider.callback.keep.iter().any(|kept| kept == name)
        }
        Some((_, name)) => !is_early && extras(provider).any(|extra| extra == name),
        None => {
            provider.parameter(name).is_some()
                || (!is_api && ALWAYS.contains(&name))
                || (!is_api && !is_early && TOKENS.contains(&name))
        }
    };
    match template.names().find(|name| !known(name)) {
        Some(name) => Err(InvalidProvider::UnknownName { place, name: name.to_owned() }),
        None => Ok(()),
    }
}

fn extras(provider: &Provider) -> impl Iterator<Item = &String> {
    provider.answer.extra.keys().chain(provider.lookup.iter().flat_map(|lookup| lookup.extra.keys()))
}

fn check_params(provider: &Provider) -> Result<(), InvalidProvider> {
    let reserved = |place, name: &String| InvalidProvider::Reserved { place, name: name.clone() };
    for (name, value) in &provider.authorize_params {
        // One that is left out weakens nothing but what the provider refuses anyway, and `state` is none of these.
        let may_be_left_out = ["client_id", "redirect_uri"].contains(&name.as_str());
        if RESERVED.contains(&name.as_str()) && !(may_be_left_out && *value == Fixed::LeftOut(false)) {
            return Err(reserved("authorize_params", name));
        }
    }
    for (place, params) in [
        ("switch_account_params", &provider.switch_account_params),
        ("incremental_params", &provider.incremental_params),
    ] {
        if let Some(name) = params.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(reserved(place, name));
        }
    }
    let fixed = [
        ("authorize_params", &provider.authorize_params),
        ("token_params", &provider.token_params),
        ("refresh.params", &provider.refresh.params),
    ];
    for (place, params) in fixed {
        for (name, value) in params {
            match value {
                Fixed::Text(template) => check_names(provider, place, template)?,
                Fixed::LeftOut(true) => return Err(InvalidProvider::NotFixed { place, name: name.clone() }),
                Fixed::LeftOut(false) => {}
            }
        }
    }
    let none = BTreeMap::new();
    let templates = [
        ("token_headers", &provider.token_headers),
        ("long_lived.params", provider.long_lived.as_ref().map_or(&none, |long| &long.params)),
        ("revoke.params", provider.revoke.as_ref().map_or(&none, |revoke| &revoke.params)),
        ("revoke.headers", provider.revoke.as_ref().map_or(&none, |revoke| &revoke.headers)),
        ("userinfo.headers", provider.userinfo.as_ref().map_or(&none, |userinfo| &userinfo.headers)),
        ("lookup.headers", provider.lookup.as_ref().map_or(&none, |lookup| &lookup.headers)),
    ];
    for (place, params) in templates {
        params.values().try_for_each(|template| check_names(provider, place, template))?;
    }
    if let Some(alias) = &provider.redirect_uri {
        check_names(provider, "redirect_uri", alias)?;
    }
    check_places(provider)
}

fn check_places(provider: &Provider) -> Result<(), InvalidProvider> {
    let own = provider.userinfo.as_ref().and_then(|userinfo| userinfo.auth.as_ref());
    for (place, written) in [("api_auth", Some(&provider.api_auth)), ("userinfo.auth", own)] {
        if let Some(TokenPlace::Header(_, template)) = written {
            check_names(provider, place, template)?;
        }
    }
    let body = provider.userinfo.as_ref().filter(|userinfo| userinfo.method != Method::Get);
    body.and_then(|userinfo| userinfo.body.as_ref())
        .map_or(Ok(()), |body| check_names(provider, "userinfo.body", body))
}

fn check_pointers(provider: &Provider) -> Result<(), InvalidProvider> {
    let check = |place, pointers: &Pointers| match pointers.wrong() {
        Some(pointer) => Err(InvalidProvider::Pointer { place, pointer: pointer.to_owned() }),
        None => Ok(()),
    };
    let account = &provider.account;
    let readings = [&account.email, &account.name, &account.handle, &account.org, &account.within];
    let readings = readings.into_iter().flatten().chain([&account.id]);
    readings.into_iter().try_for_each(|Reading { at, .. }| check("account", at))?;
    let answer = &provider.answer;
    let parts = [
        &answer.access_token,
        &answer.refresh_token,
        &answer.id_token,
        &answer.expires_in,
        &answer.scope,
        &answer.error,
    ];
    let further =
        answer.expires_at.iter().chain(&answer.second_scope).chain(answer.ok.iter().map(|ok| &ok.pointer));
    parts
        .into_iter()
        .chain(further)
        .chain(answer.extra.values())
        .try_for_each(|pointers| check("answer", pointers))?;
    let looked_up = provider.lookup.iter().flat_map(|lookup| lookup.extra.values());
    looked_up.into_iter().try_for_each(|pointers| check("lookup.extra", pointers))?;
    extras(provider).try_for_each(|name| check_name("extra", name))
}

fn check_name(place: &'static str, name: &str) -> Result<(), InvalidProvider> {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Ok(());
    }
    Err(InvalidProvider::Name { place, name: name.to_owned() })
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_file_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
