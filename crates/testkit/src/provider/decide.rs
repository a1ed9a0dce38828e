//! `POST /authorize/decide`: the person's answer, once.

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use super::{
    FakeProvider, OAuthError, TokenBehaviour,
    books::{Ask, IssuedCode},
    find_account,
    params::Params,
};

/// 303 to the client; a page when the form is not one of ours.
pub(super) async fn decide(State(provider): State<FakeProvider>, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let Some(ask) = form.get("request").and_then(|id| provider.books().take_ask(id)) else {
        let text = "This question was answered before, or is too old. Go back to the app and start again.";
        return provider.problem(StatusCode::BAD_REQUEST, text);
    };
    let answered = match form.get("decision") {
        Some("deny") => Ok(Err(OAuthError::AccessDenied)),
        Some("allow") => allowed(&provider, &ask, &form),
        _ => Err("The form says neither Allow nor Deny."),
    };
    let url = match &answered {
        Err(text) => return provider.problem(StatusCode::BAD_REQUEST, text),
        Ok(Ok(code)) => provider.callback(&ask.redirect_uri, &[("code", code)], Some(&ask.state)),
        Ok(Err(error)) => {
            provider.callback(&ask.redirect_uri, &[("error", error.as_str())], Some(&ask.state))
        }
    };
    Redirect::to(url.as_str()).into_response()
}

/// A code; or, when no scope was left ticked, the same as a no.
fn allowed(
    provider: &FakeProvider,
    ask: &Ask,
    form: &Params,
) -> Result<Result<String, OAuthError>, &'static str> {
    let account = form.get("account").and_then(find_account).ok_or("No such account.")?;
    let behaviour = match form.get("behaviour") {
        None => None,
        Some(text) => Some(TokenBehaviour::parse(text).ok_or("No such behaviour.")?),
    };
    let ticked: Vec<&str> = form.all("scope").collect();
    if !ticked.iter().all(|scope| ask.scopes.iter().any(|asked| asked == scope)) {
        return Err("A scope was ticked that the app did not ask for.");
    }
    let mut scopes: Vec<String> =
        ask.scopes.iter().filter(|scope| ticked.contains(&scope.as_str())).cloned().collect();
    if scopes.is_empty() {
        return Ok(Err(OAuthError::AccessDenied));
    }
    let mut books = provider.books();
    if books.switches.partial_scopes {
        scopes.truncate(1);
    }
    Ok(Ok(books.issue_code(IssuedCode {
        client_id: ask.client_id.clone(),
        redirect_uri_text: ask.redirect_uri_text.clone(),
        challenge: ask.challenge.clone(),
        account,
        scopes,
        behaviour,
    })))
}
