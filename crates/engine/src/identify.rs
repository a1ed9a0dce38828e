//! Whose tokens these are: by the answer that the catalog names, and by a valid id token before all others.

use std::collections::BTreeMap;

use grantway_catalog::{Account as Rules, Kept, Method, Reading, Source, TokenBody, TokenPlace, Userinfo};
use grantway_core::{Secret, Timestamp, grant::Account};
use serde_json::{Value, json};

use crate::{
    Client, Directory, EngineError, Http, TokenSet, answer::claims, client::Known, id_token, request::Draft,
};

/// What the flow remembers of its question, and what came back beside the code.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// OIDC `nonce`.
    pub nonce: Option<&'a str>,
    /// As asked for. With `openid` among them the request was OpenID Connect's, and the nonce is owed.
    pub scopes: &'a [String],
    /// Values kept from the authorization answer.
    pub kept: &'a BTreeMap<String, String>,
    /// The present moment.
    pub now: Timestamp,
}

/// The answers that may tell, as far as they are there.
#[derive(Default)]
struct Told {
    userinfo: Option<Value>,
    token: Value,
    id_token: Option<Value>,
    access_token: Option<Value>,
    callback: Value,
}

/// Identifies the account. A provider without any way to tell gives an account without an id.
///
/// # Errors
/// When an id token is not valid, the account's own answer can't be had, or the two name different subjects.
pub async fn identify(
    http: &dyn Http,
    directory: &Directory,
    client: &Client<'_>,
    tokens: &TokenSet,
    asked: Asked<'_>,
) -> Result<Account, EngineError> {
    let rules = &client.provider.account;
    let signed = signed_claims(directory, client, tokens, asked).await?;
    let signed_account = signed.as_ref().map(by_claims);
    let mut told = Told {
        userinfo: None,
        token: tokens.answer.0.clone(),
        access_token: claims(tokens.access_token.expose()),
        callback: json!(asked.kept),
        id_token: signed,
    };
    if rules.source == Source::IdToken && told.id_token.is_none() {
        told.id_token = Some(unsigned_claims(client, tokens, asked)?);
    }
    let is_known = signed_account.as_ref().is_some_and(|account| account.email.is_some());
    if rules.source == Source::Userinfo && !is_known {
        match (userinfo(http, client, tokens).await, &signed_account) {
            (Ok(answer), _) => told.userinfo = answer,
            // Who signed in is known, if little else.
            (Err(_), Some(_)) => {}
            (Err(error), None) => return Err(error),
        }
    }
    let account = read(rules, &told)?;
    merge(signed_account, account)
}

/// Finds what API calls need, such as the chosen site, for [`TokenSet::extra`].
///
/// # Errors
/// When the answer can't be had.
pub async fn look_up(
    http: &dyn Http,
    client: &Client<'_>,
    tokens: &TokenSet,
) -> Result<BTreeMap<String, Secret>, EngineError> {
    let Some(lookup) = &client.provider.lookup else { return Ok(BTreeMap::new()) };
    let known = Known::tokens(tokens);
    let mut url = client.fill_url(&lookup.url, known)?;
    let mut headers = client.filled(&lookup.headers, known)?;
    let place = if lookup.holds_token() { &TokenPlace::Nowhere } else { &client.provider.api_auth };
    client.carry(place, &mut url, &mut headers, tokens)?;
    let draft = Draft { url, method: Method::Get, body: TokenBody::Form, headers, pairs: Vec::new() };
    let answer = json_of(http, draft, "lookup").await?;
    let found = |(name, kept): (&String, &Kept)| Some((name.clone(), Secret::new(kept.text(&answer)?)));
    Ok(lookup.extra.iter().filter_map(found).collect())
}

async fn signed_claims(
    directory: &Directory,
    client: &Client<'_>,
    tokens: &TokenSet,
    asked: Asked<'_>,
) -> Result<Option<Value>, EngineError> {
    match (&tokens.id_token, &client.endpoints.issuer) {
        (Some(token), Some(_)) => {
            let expected = expected(client, tokens, asked);
            id_token::validate(directory, client.endpoints, token, expected).await.map(Some)
        }
        // A nonce was sent to an issuer, so an id token is owed.
        (None, Some(_)) if asked.nonce.is_some() => Err(EngineError::IdToken("it is missing")),
        _ => Ok(None),
    }
}

fn expected<'a>(client: &Client<'a>, tokens: &'a TokenSet, asked: Asked<'a>) -> id_token::Expected<'a> {
    let is_openid = asked.scopes.iter().any(|scope| scope == "openid");
    id_token::Expected {
        client_id: client.client_id,
        nonce: asked.nonce,
        nonce_is_owed: is_openid || client.provider.nonce,
        access_token: &tokens.access_token,
        now: asked.now,
    }
}

/// OpenID Connect Core, section 3.1.3.7, rule 6: where the issuer's keys are not published in a way that we
/// know, TLS at the token endpoint vouches for the token; whom it is for is checked all the same, and whose it
/// is where the catalog knows what `iss` looks like.
fn unsigned_claims(client: &Client<'_>, tokens: &TokenSet, asked: Asked<'_>) -> Result<Value, EngineError> {
    let token = tokens.id_token.as_ref().ok_or(EngineError::IdToken("it is missing"))?;
    let claims = claims(token.expose()).ok_or(EngineError::IdToken("it can't be read"))?;
    id_token::check_unsigned(&claims, expected(client, tokens, asked))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(issuer) = &client.provider.account.issuer {
        let value = |name: &str| match name.strip_prefix("claim:") {
            Some(claim) => text(claim),
            None => client.parameters.get(name).cloned(),
        };
        if text("iss").is_none() || issuer.fill(value).ok() != text("iss") {
            return Err(EngineError::IdToken("its issuer is another"));
        }
    }
    Ok(claims)
}

fn by_claims(claims: &Value) -> Account {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Account {
        id: text("sub"),
        email: text("email"),
        name: text("name"),
        handle: text("preferred_username"),
        org: None,
    }
}

async fn userinfo(
    http: &dyn Http,
    client: &Client<'_>,
    tokens: &TokenSet,
) -> Result<Option<Value>, EngineError> {
    let known = Known::tokens(tokens);
    let draft = match (&client.provider.userinfo, &client.endpoints.userinfo) {
        (Some(rules), _) => own_userinfo(client, rules, tokens)?,
        (None, Some(url)) => {
            let (mut url, mut headers) = (url.clone(), Vec::new());
            client.carry(&client.provider.api_auth, &mut url, &mut headers, tokens)?;
            Draft { url, method: Method::Get, body: TokenBody::Form, headers, pairs: Vec::new() }
        }
        (None, None) => return Ok(None),
    };
    let Some(body) =
        client.provider.userinfo.as_ref().and_then(|rules| rules.body.as_ref().map(|body| (rules, body)))
    else {
        return json_of(http, draft, "userinfo").await.map(Some);
    };
    let (rules, template) = body;
    let (kind, escape): (_, fn(String) -> String) = match rules.body_as {
        TokenBody::Json => ("application/json", escaped_for_json),
        TokenBody::Form | TokenBody::Query => ("application/x-www-form-urlencoded", escaped_for_form),
    };
    let text =
        template.fill(|name| client.value(name, known).map(escape)).map_err(|_| EngineError::NoValue)?;
    let mut request = draft.write()?;
    request.headers_mut().insert(::http::header::CONTENT_TYPE, ::http::HeaderValue::from_static(kind));
    *request.body_mut() = text.into_bytes();
    answered(http, request, "userinfo").await.map(Some)
}

fn own_userinfo(client: &Client<'_>, rules: &Userinfo, tokens: &TokenSet) -> Result<Draft, EngineError> {
    let known = Known::tokens(tokens);
    let mut url = client.fill_url(&rules.url, known)?;
    let mut headers = client.filled(&rules.headers, known)?;
    client.carry(rules.auth.as_ref().unwrap_or(&client.provider.api_auth), &mut url, &mut headers, tokens)?;
    Ok(Draft { url, method: rules.method, body: TokenBody::Form, headers, pairs: Vec::new() })
}

async fn json_of(http: &dyn Http, draft: Draft, what: &'static str) -> Result<Value, EngineError> {
    answered(http, draft.write()?, what).await
}

async fn answered(
    http: &dyn Http,
    request: ::http::Request<Vec<u8>>,
    what: &'static str,
) -> Result<Value, EngineError> {
    let answer = http.send(request).await?;
    if !answer.status().is_success() {
        return Err(EngineError::of_status(answer.status()));
    }
    serde_json::from_slice(answer.body()).map_err(|_| EngineError::Unreadable(what))
}

fn escaped_for_json(text: String) -> String {
    let quoted = Value::String(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escaped_for_form(text: String) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn read(rules: &Rules, told: &Told) -> Result<Account, EngineError> {
    let find = |reading: &Reading| {
        let answer = match reading.source.unwrap_or(rules.source) {
            Source::Userinfo => told.userinfo.as_ref(),
            Source::Token => Some(&told.token),
            Source::IdToken => told.id_token.as_ref(),
            Source::AccessToken => told.access_token.as_ref(),
            Source::Callback => Some(&told.callback),
            Source::Nothing => None,
        };
        reading.at.text(answer?)
    };
    let id = find(&rules.id);
    if id.is_none()
        && !rules.id.at.is_empty()
        && rules.source != Source::Nothing
        && (told.userinfo.is_some() || rules.source != Source::Userinfo)
    {
        return Err(EngineError::Unreadable("account"));
    }
    let within = rules.within.as_ref().and_then(find);
    Ok(Account {
        id: match (within, id) {
            (Some(within), Some(id)) => Some(format!("{within}:{id}")),
            (_, id) => id,
        },
        email: rules.email.as_ref().and_then(find),
        name: rules.name.as_ref().and_then(find),
        handle: rules.handle.as_ref().and_then(find),
        org: rules.org.as_ref().and_then(find),
    })
}

/// OpenID Connect Core, section 5.3.2: userinfo is believed only if it is about the same subject.
fn merge(signed: Option<Account>, told: Account) -> Result<Account, EngineError> {
    let Some(signed) = signed else { return Ok(told) };
    if told.id.is_some() && told.id != signed.id {
        return Err(EngineError::IdToken("userinfo is about another subject"));
    }
    Ok(Account {
        id: signed.id,
        email: signed.email.or(told.email),
        name: signed.name.or(told.name),
        handle: signed.handle.or(told.handle),
        org: told.org,
    })
}
