//! Parameters and headers that a description adds to requests, or calls by other names.
//!
//! The one rule: what carries the flow's safety is ours alone.

use std::collections::BTreeMap;

use super::names;
use crate::{Fixed, InvalidProvider, Provider, Template, TokenPlace};

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

pub(super) fn check(provider: &Provider) -> Result<(), InvalidProvider> {
    check_reserved(provider)?;
    for (place, name, value) in fixed(provider) {
        match value {
            Fixed::Text(template) => names::check(provider, place, template)?,
            Fixed::LeftOut(true) => return Err(InvalidProvider::NotFixed { place, name: name.clone() }),
            Fixed::LeftOut(false) => {}
        }
    }
    let mut all = headers_and_params(provider).into_iter().chain(singles(provider));
    all.try_for_each(|(place, template)| names::check(provider, place, template))
}

fn check_reserved(provider: &Provider) -> Result<(), InvalidProvider> {
    let is_reserved = |name: &str| RESERVED.contains(&name);
    // One that is left out weakens nothing but what the provider refuses anyway, and `state` is none of these.
    let is_left_out = |name: &str, value: &Fixed| {
        ["client_id", "redirect_uri"].contains(&name) && *value == Fixed::LeftOut(false)
    };
    let added = provider.authorize_params.iter().filter(|(name, value)| !is_left_out(name, value));
    let added = added.map(|(name, _)| ("authorize_params", name));
    let switching = provider.switch_account_params.keys().map(|name| ("switch_account_params", name));
    let incremental = provider.incremental_params.keys().map(|name| ("incremental_params", name));
    let mut all = added.chain(switching).chain(incremental).chain(renames(provider));
    match all.find(|(_, name)| is_reserved(name)) {
        Some((place, name)) => Err(InvalidProvider::Reserved { place, name: name.clone() }),
        None => Ok(()),
    }
}

/// Parameters that the provider knows by names of its own.
fn renames(provider: &Provider) -> impl Iterator<Item = (&'static str, &String)> {
    let second = provider.second_scopes.iter().map(|rule| ("second_scopes.param", "", &rule.param));
    let known = [
        ("client_id_param", "client_id", &provider.client_id_param),
        ("client_secret_param", "client_secret", &provider.client_secret_param),
        ("redirect_uri_param", "redirect_uri", &provider.redirect_uri_param),
        ("code_param", "code", &provider.code_param),
        ("scope_param", "scope", &provider.scope_param),
    ];
    let all = known.into_iter().chain(second);
    all.filter(|(_, usual, name)| usual != name).map(|(place, _, name)| (place, name))
}

fn fixed(provider: &Provider) -> impl Iterator<Item = (&'static str, &String, &Fixed)> {
    [
        ("authorize_params", &provider.authorize_params),
        ("token_params", &provider.token_params),
        ("refresh.params", &provider.refresh.params),
    ]
    .into_iter()
    .flat_map(|(place, params)| params.iter().map(move |(name, value)| (place, name, value)))
}

type Placed<'p> = Vec<(&'static str, &'p Template)>;

fn headers_and_params(provider: &Provider) -> Placed<'_> {
    let (long, revoke) = (provider.long_lived.as_ref(), provider.revoke.as_ref());
    let (userinfo, lookup) = (provider.userinfo.as_ref(), provider.lookup.as_ref());
    let signature = provider.api_signature.as_ref();
    let all: [(_, Option<&BTreeMap<String, Template>>); 7] = [
        ("token_headers", Some(&provider.token_headers)),
        ("long_lived.params", long.map(|long| &long.params)),
        ("revoke.params", revoke.map(|revoke| &revoke.params)),
        ("revoke.headers", revoke.map(|revoke| &revoke.headers)),
        ("userinfo.headers", userinfo.map(|userinfo| &userinfo.headers)),
        ("lookup.headers", lookup.map(|lookup| &lookup.headers)),
        ("api_signature", signature.map(|signature| &signature.params)),
    ];
    let set = all.into_iter().filter_map(|(place, params)| params.map(|params| (place, params)));
    set.flat_map(|(place, params)| params.values().map(move |template| (place, template))).collect()
}

fn singles(provider: &Provider) -> Placed<'_> {
    let (jwt, userinfo) = (provider.client_jwt.as_ref(), provider.userinfo.as_ref());
    let all = [
        ("redirect_uri", provider.redirect_uri.as_ref()),
        ("account.issuer", provider.account.issuer.as_ref()),
        ("client_jwt", jwt.and_then(|jwt| jwt.key_id.as_ref())),
        ("client_jwt", jwt.and_then(|jwt| jwt.issuer.as_ref())),
        ("client_jwt", jwt.and_then(|jwt| jwt.audience.as_ref())),
        ("api_auth", header(&provider.api_auth)),
        ("userinfo.auth", userinfo.and_then(|userinfo| header(userinfo.auth.as_ref()?))),
        ("userinfo.body", userinfo.and_then(|userinfo| userinfo.body.as_ref())),
    ];
    all.into_iter().filter_map(|(place, template)| template.map(|template| (place, template))).collect()
}

fn header(place: &TokenPlace) -> Option<&Template> {
    match place {
        TokenPlace::Header(_, template) => Some(template),
        TokenPlace::Bearer | TokenPlace::Nowhere | TokenPlace::Query(_) => None,
    }
}
