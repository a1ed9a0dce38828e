//! `GET /authorize`: a question for the person (RFC 6749, section 4.1.1; RFC 7636; RFC 9700).
//!
//! The one rule: nothing is sent to a redirect URI that was not registered for this client.

use std::fmt::Write as _;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use url::Url;

use super::{
    ACCOUNTS, Account, FakeProvider, OAuthError, TokenBehaviour,
    books::Ask,
    find_account,
    page::escaped,
    params::{self, Params},
};

/// Why there is no question.
enum Refusal {
    /// For the person's eyes; the client must not hear of it.
    Page(&'static str),
    /// For the client.
    Callback(Box<Url>),
}

pub(super) async fn show(State(provider): State<FakeProvider>, RawQuery(query): RawQuery) -> Response {
    provider.books().requests.authorize += 1;
    if provider.switches().error_page {
        let text = "Fake Files is out of order. Somebody switched it off.";
        return provider.problem(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    match read(&provider, &params) {
        Ok(ask) => question(&provider, ask, params.get("login_hint").and_then(find_account)),
        Err(Refusal::Page(text)) => provider.problem(StatusCode::BAD_REQUEST, text),
        Err(Refusal::Callback(url)) => Redirect::to(url.as_str()).into_response(),
    }
}

fn read(provider: &FakeProvider, params: &Params) -> Result<Ask, Refusal> {
    let (client_id, redirect_uri_text) = addressee(provider, params).map_err(Refusal::Page)?;
    let redirect_uri =
        Url::parse(redirect_uri_text).map_err(|_| Refusal::Page("The redirect_uri is not a URL."))?;
    let refuse = |error: OAuthError, description: &str| {
        let pairs = [("error", error.as_str()), ("error_description", description)];
        let url = provider.callback(&redirect_uri, &pairs, params.get("state"));
        Refusal::Callback(Box::new(url))
    };
    let invalid = |description| refuse(OAuthError::InvalidRequest, description);

    if params.repeats_any() {
        return Err(invalid("a parameter comes twice"));
    }
    match params.get("response_type") {
        None => return Err(invalid("response_type is missing")),
        Some("code") => {}
        Some(_) => return Err(refuse(OAuthError::UnsupportedResponseType, "response_type must be code")),
    }
    let state = params.get("state").ok_or_else(|| invalid("state is missing"))?;
    if params.get("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    let challenge = params.get("code_challenge").filter(|text| is_s256(text));
    let challenge = challenge.ok_or_else(|| invalid("code_challenge is missing or no SHA-256"))?;
    let scopes = params::scopes(params.get("scope").unwrap_or("profile"))
        .ok_or_else(|| refuse(OAuthError::InvalidScope, "scope is malformed"))?;

    Ok(Ask {
        client_id: client_id.to_owned(),
        redirect_uri_text: redirect_uri_text.to_owned(),
        state: state.to_owned(),
        challenge: challenge.to_owned(),
        scopes,
        asked_at: provider.books().now(),
        redirect_uri,
    })
}

/// The client and its redirect URI; until both are sure there is nobody to answer to.
fn addressee<'a>(provider: &FakeProvider, params: &'a Params) -> Result<(&'a str, &'a str), &'static str> {
    if params.comes_twice("client_id") || params.comes_twice("redirect_uri") {
        return Err("The client_id or the redirect_uri comes twice.");
    }
    let client_id = params.get("client_id").ok_or("The client_id is missing.")?;
    let client = provider.client(client_id).ok_or("No client with this client_id is registered here.")?;
    let redirect_uri = params.get("redirect_uri").ok_or("The redirect_uri is missing.")?;
    if !client.redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err("This redirect_uri is not registered for this client. It must match byte by byte.");
    }
    Ok((client_id, redirect_uri))
}

/// The unpadded base64url of 32 bytes.
fn is_s256(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn question(provider: &FakeProvider, ask: Ask, hinted: Option<&'static Account>) -> Response {
    let client = escaped(&ask.client_id);
    let scopes = ask.scopes.iter().map(|scope| scope_box(scope)).collect::<String>();
    let chosen = hinted.unwrap_or(&ACCOUNTS[0]);
    let accounts = ACCOUNTS.iter().map(|account| account_radio(account, chosen)).collect::<String>();
    let behaviours = behaviour_options(provider.switches().token);
    let request = provider.books().ask(ask);
    let body = format!(
        r#"<h1>Allow <strong>{client}</strong> to use your Fake Files account?</h1>
<form method="post" action="/authorize/decide">
<input type="hidden" name="request" value="{request}">
<fieldset><legend>Account</legend>{accounts}</fieldset>
<fieldset><legend>What it asks for</legend>{scopes}</fieldset>
<div class="buttons">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" class="quiet">Deny</button>
</div>
<details>
<summary>Demo switches</summary>
<label for="behaviour">Token endpoint, for this connection</label>
<select id="behaviour" name="behaviour">{behaviours}</select>
<p><a href="/switches" target="_blank" rel="noopener">Switches for everything (new tab)</a></p>
</details>
</form>"#
    );
    provider.page(StatusCode::OK, "Allow access", &body)
}

fn account_radio(account: &Account, chosen: &Account) -> String {
    let Account { id, name, email } = account;
    let checked = if account == chosen { " checked" } else { "" };
    format!(
        r#"<label class="choice"><input type="radio" name="account" value="{id}"{checked}><span>{name} <small>{email}</small></span></label>"#
    )
}

fn scope_box(scope: &str) -> String {
    let value = escaped(scope);
    let meaning = match scope {
        "profile" => " <small>Your name and e-mail address</small>",
        "files.read" => " <small>See your files</small>",
        "files.write" => " <small>Change your files</small>",
        _ => "",
    };
    format!(
        r#"<label class="choice"><input type="checkbox" name="scope" value="{value}" checked><span>{value}{meaning}</span></label>"#
    )
}

fn behaviour_options(current: TokenBehaviour) -> String {
    let mut options = format!(r#"<option value="">As switched: {}</option>"#, current.label());
    for behaviour in TokenBehaviour::ALL {
        let (value, label) = (behaviour.as_str(), behaviour.label());
        let _ = write!(options, r#"<option value="{value}">{label}</option>"#);
    }
    options
}

impl FakeProvider {
    /// The redirect URI with an answer in its query, and `iss` (RFC 9207) in every answer.
    pub(super) fn callback(&self, redirect_uri: &Url, pairs: &[(&str, &str)], state: Option<&str>) -> Url {
        let mut url = redirect_uri.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs(pairs);
        query.extend_pairs(state.map(|state| ("state", state)));
        query.append_pair("iss", self.issuer());
        drop(query);
        url
    }
}
