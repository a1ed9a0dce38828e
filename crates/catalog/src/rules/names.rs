//! Which names a template may ask for, place by place: what is known when it is filled, and what may be shown
//! to whoever reads it there.

use crate::{InvalidProvider, Provider, Source, Template};

/// What there is to be known, the later the more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// Where the endpoints are: connection parameters only.
    Endpoints,
    /// Where an id token's issuer is told: those, and its own claims.
    Claims,
    /// In the browser's URL, or in a JWT: the client's id too, and fresh randomness; no secret.
    Shown,
    /// The token request: the client, and the flow's `state` and kept parameters.
    Exchange,
    /// Requests with the tokens: those, and what the token answer told.
    Tokens,
    /// Later requests: what the lookup found as well.
    Later,
}

/// The field that says where the access token may go.
pub(super) const API: &str = "api_urls";

fn moment_of(provider: &Provider, place: &str) -> Moment {
    match place {
        "issuer" | "authorize_url" | "token_url" | "scopes" => Moment::Endpoints,
        "account.issuer" => Moment::Claims,
        "authorize_params" | "redirect_uri" | "client_jwt" => Moment::Shown,
        "token_params" | "token_headers" => Moment::Exchange,
        API => Moment::Later,
        "api_auth" if !is_carried_early(provider) => Moment::Later,
        _ if place.starts_with("refresh.") || place.starts_with("revoke.") => Moment::Later,
        _ => Moment::Tokens,
    }
}

/// Whether a request carries the access token as API calls do before the lookup has found anything.
fn is_carried_early(provider: &Provider) -> bool {
    let own_place = provider.userinfo.as_ref().is_some_and(|userinfo| userinfo.auth.is_some());
    let asks_userinfo = provider.account.source == Source::Userinfo && !own_place;
    asks_userinfo || provider.lookup.as_ref().is_some_and(|lookup| !lookup.holds_token())
}

pub(super) fn check(
    provider: &Provider,
    place: &'static str,
    template: &Template,
) -> Result<(), InvalidProvider> {
    let moment = moment_of(provider, place);
    // Where API calls go is for nobody to say who could be an attacker's browser, and no place for a secret.
    let is_apis = |name: &str| provider.parameter(name).is_some() || name.starts_with("extra:");
    let may_stand = |name: &str| is_known(provider, moment, name) && (place != API || is_apis(name));
    match template.names().find(|name| !may_stand(name)) {
        Some(name) => Err(InvalidProvider::UnknownName { place, name: name.to_owned() }),
        None => Ok(()),
    }
}

fn is_known(provider: &Provider, moment: Moment, name: &str) -> bool {
    let since = match name {
        _ if moment == Moment::Claims && name.starts_with("claim:") => return true,
        "client_id" | "redirect_uri" | "random" => Moment::Shown,
        "client_secret" | "state" => Moment::Exchange,
        "access_token" | "refresh_token" | "token" | "token_type_hint" => Moment::Tokens,
        _ => match name.split_once(':') {
            Some(("callback", name)) if provider.callback.keep.iter().any(|kept| kept == name) => {
                Moment::Exchange
            }
            Some(("extra", name)) if provider.answer.extra.contains_key(name) => Moment::Tokens,
            Some(("extra", name)) if provider.lookup.iter().any(|lookup| lookup.extra.contains_key(name)) => {
                Moment::Later
            }
            None if provider.parameter(name).is_some() => Moment::Endpoints,
            _ => return false,
        },
    };
    moment >= since
}
