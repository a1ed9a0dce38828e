//! What a description must keep, beyond its form.

mod hosts;
mod names;
mod params;
mod pointers;

use crate::{AskedOf, ClientAuth, Parameter, Provider, RefreshBy, Template, TemplateError, TokenPlace};

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
    /// A template that asks for something nobody gives there, or that must not be shown there.
    #[error("{place}: nothing gives `{{{name}}}` there; declare a [[parameter]] of that name")]
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
    /// An id that people change and hand on.
    #[error(
        "account: `{0}` is an e-mail address, which is no stable id; write `id = []` where nothing else is told"
    )]
    AddressAsId(String),
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
        "parameter {0}: its pattern lets any host through, and the client secret would go there; end it with a written domain, or set `free_host = true` and `asked_of = \"app\"`, without `from_callback`"
    )]
    FreeHost(String),
    /// A value that comes from outside in the place of a host.
    #[error(
        "{place}: `{{{name}}}` can't stand in a host; a [[parameter]] can, or a value of `answer.extra` with a `pattern`"
    )]
    Host {
        /// Where.
        place: &'static str,
        /// What.
        name: String,
    },
    /// A way to prove the client that lacks its part.
    #[error("client_auth: `private_key_jwt` and `secret_jwt` need a [client_jwt]")]
    NoJwt,
    /// The same of a request that is signed.
    #[error("client_auth: `signed_request` needs a [request_signature]")]
    NoSignature,
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
    provider.parameters.iter().try_for_each(check_parameter)?;
    check_ways(provider)?;
    check_api(provider)?;
    check_urls(provider)?;
    params::check(provider)?;
    for scope in provider.scopes.iter().chain(&provider.always_scopes) {
        names::check(provider, "scopes", &scope.as_str().into())?;
    }
    pointers::check(provider)
}

fn check_parameter(parameter: &Parameter) -> Result<(), InvalidProvider> {
    pointers::check_name("parameter", &parameter.name)?;
    let values = std::iter::once(&parameter.example).chain(&parameter.default);
    if values.into_iter().any(|value| parameter.accept(value).as_deref() != Some(value)) {
        return Err(InvalidProvider::Example(parameter.name.clone()));
    }
    let is_kept = parameter.asked_of == AskedOf::App && parameter.from_callback.is_none();
    if parameter.free_host && !is_kept {
        return Err(InvalidProvider::FreeHost(parameter.name.clone()));
    }
    Ok(())
}

fn check_ways(provider: &Provider) -> Result<(), InvalidProvider> {
    let ways = [provider.client_auth, provider.refresh.client_auth];
    let needs_jwt = |auth: &ClientAuth| matches!(auth, ClientAuth::PrivateKeyJwt | ClientAuth::SecretJwt);
    if provider.client_jwt.is_none() && ways.iter().flatten().any(needs_jwt) {
        return Err(InvalidProvider::NoJwt);
    }
    if provider.request_signature.is_none() && ways.contains(&Some(ClientAuth::SignedRequest)) {
        return Err(InvalidProvider::NoSignature);
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
    let api = provider.api_urls.iter().map(|url| (names::API, url));
    all.into_iter().filter_map(|(place, url)| url.map(|url| (place, url))).chain(api).collect()
}

fn check_urls(provider: &Provider) -> Result<(), InvalidProvider> {
    for (place, url) in urls(provider) {
        names::check(provider, place, url)?;
        hosts::check(provider, place, url)?;
        let unknown = if url.whole().is_some() { "https://api.example.com" } else { "x" };
        let example = |name: &str| {
            provider.parameter(name).map_or(unknown.to_owned(), |parameter| parameter.example.clone())
        };
        match url.fill_url(|name| Some(example(name))) {
            Ok(_) => {}
            Err(TemplateError::Missing(name)) => return Err(InvalidProvider::UnknownName { place, name }),
            Err(TemplateError::NotSecure | TemplateError::Host(_) | TemplateError::Path(_)) => {
                return Err(InvalidProvider::NotSecure(place));
            }
        }
    }
    Ok(())
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_file_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
