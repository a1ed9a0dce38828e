//! `/switches`: the whole provider's behaviour, for the demo and the browser tests.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use super::{FakeProvider, Switches, TokenBehaviour, page::escaped, params::Params};

const COOP: &str = "same-origin";

pub(super) async fn home() -> Redirect {
    Redirect::to("/switches")
}

pub(super) async fn show(State(provider): State<FakeProvider>, RawQuery(query): RawQuery) -> Response {
    let done = match query.as_deref() {
        Some("done=saved") => r#"<p role="status">Saved.</p>"#,
        Some("done=revoked") => r#"<p role="status">Every token is revoked.</p>"#,
        _ => "",
    };
    let switches = provider.switches();
    let coop = escaped(switches.coop.as_deref().unwrap_or(COOP));
    let boxes = [
        tick(("coop", &coop), &format!("Send Cross-Origin-Opener-Policy: {coop}"), switches.coop.is_some()),
        tick(("rotate", "on"), "Rotate refresh tokens", switches.rotate),
        tick(("refresh_once", "on"), "Give a refresh token only the first time", switches.refresh_once),
        tick(("partial_scopes", "on"), "Grant only the first scope", switches.partial_scopes),
        tick(("error_page", "on"), "Show an error page instead of asking", switches.error_page),
    ];
    let behaviours: String =
        TokenBehaviour::ALL.into_iter().map(|behaviour| radio(behaviour, switches.token)).collect();
    let body = format!(
        r#"<h1>Demo switches</h1>
{done}
<p>How Fake Files behaves towards everyone, from the next request on.</p>
<form method="post" action="/switches">
<fieldset><legend>Token endpoint</legend>{behaviours}</fieldset>
<fieldset><legend>Pages and tokens</legend>{boxes}</fieldset>
<div class="buttons"><button>Save</button></div>
</form>
<form method="post" action="/switches/revoke">
<div class="buttons"><button class="quiet">Revoke every token</button></div>
</form>"#,
        boxes = boxes.concat()
    );
    provider.page(StatusCode::OK, "Demo switches", &body)
}

fn radio(behaviour: TokenBehaviour, current: TokenBehaviour) -> String {
    let checked = if behaviour == current { " checked" } else { "" };
    let (value, label) = (behaviour.as_str(), behaviour.label());
    format!(
        r#"<label class="choice"><input type="radio" name="token" value="{value}"{checked}><span>{label}</span></label>"#
    )
}

fn tick((name, value): (&str, &str), label: &str, on: bool) -> String {
    let checked = if on { " checked" } else { "" };
    format!(
        r#"<label class="choice"><input type="checkbox" name="{name}" value="{value}"{checked}><span>{label}</span></label>"#
    )
}

/// A box that is not ticked is not sent, and so is off.
pub(super) async fn save(State(provider): State<FakeProvider>, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let token = TokenBehaviour::parse(form.get("token").unwrap_or(TokenBehaviour::Normal.as_str()));
    let Some(token) = token else {
        return provider.problem(StatusCode::BAD_REQUEST, "No such behaviour.");
    };
    provider.set_switches(Switches {
        token,
        coop: form.get("coop").map(str::to_owned),
        rotate: form.get("rotate").is_some(),
        refresh_once: form.get("refresh_once").is_some(),
        partial_scopes: form.get("partial_scopes").is_some(),
        error_page: form.get("error_page").is_some(),
    });
    Redirect::to("/switches?done=saved").into_response()
}

pub(super) async fn revoke_all(State(provider): State<FakeProvider>) -> Redirect {
    provider.revoke_all();
    Redirect::to("/switches?done=revoked")
}
