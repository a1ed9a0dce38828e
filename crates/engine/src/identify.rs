//! Whose tokens these are: by the id token where there is one, by the userinfo request otherwise.

use ::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use grantway_catalog::UserinfoMethod;
use grantway_core::{Timestamp, grant::Account};
use serde_json::Value;

use crate::{Client, Directory, EngineError, Http, TokenSet, id_token};

/// Identifies the account. A provider without any way to tell gives an account without an id.
///
/// # Errors
/// When the id token is not valid, the userinfo answer can't be had, or the two name different subjects.
pub async fn identify(
    http: &dyn Http,
    directory: &Directory,
    client: &Client<'_>,
    tokens: &TokenSet,
    asked: Asked<'_>,
) -> Result<Account, EngineError> {
    let signed = match (&tokens.id_token, &client.endpoints.issuer) {
        (Some(token), Some(_)) => Some(by_id_token(directory, client, tokens, token, asked).await?),
        // A nonce was sent, so an id token is owed.
        (None, Some(_)) if asked.nonce.is_some() => return Err(EngineError::IdToken("it is missing")),
        _ => None,
    };
    match signed {
        Some(account)
            if account.email.is_some()
                || client.provider.userinfo.is_none() && client.endpoints.userinfo.is_none() =>
        {
            Ok(account)
        }
        signed => {
            let told = by_userinfo(http, client, tokens).await?;
            merge(signed, told)
        }
    }
}

/// What the flow remembers of its question.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// OIDC `nonce`.
    pub nonce: Option<&'a str>,
    /// The present moment.
    pub now: Timestamp,
}

async fn by_id_token(
    directory: &Directory,
    client: &Client<'_>,
    tokens: &TokenSet,
    token: &grantway_core::Secret,
    asked: Asked<'_>,
) -> Result<Account, EngineError> {
    let expected = id_token::Expected {
        client_id: client.client_id,
        nonce: asked.nonce,
        access_token: &tokens.access_token,
        now: asked.now,
    };
    let claims = id_token::validate(directory, client.endpoints, token, expected).await?;
    Ok(Account {
        id: Some(claims.sub),
        email: claims.email,
        name: claims.name,
        handle: claims.preferred_username,
    })
}

async fn by_userinfo(
    http: &dyn Http,
    client: &Client<'_>,
    tokens: &TokenSet,
) -> Result<Account, EngineError> {
    let own = client.provider.userinfo.as_ref();
    let Some(url) = own.map(|userinfo| &userinfo.url).or(client.endpoints.userinfo.as_ref()) else {
        return Ok(Account::default());
    };
    let method = match own.map(|userinfo| userinfo.method).unwrap_or_default() {
        UserinfoMethod::Get => ::http::Method::GET,
        UserinfoMethod::Post => ::http::Method::POST,
    };
    let mut request = ::http::Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "grantway")
        .header(AUTHORIZATION, format!("Bearer {}", tokens.access_token.expose()));
    for (name, value) in own.map(|userinfo| &userinfo.headers).into_iter().flatten() {
        request = request.header(name, value);
    }
    let request = request.body(Vec::new()).map_err(|_| EngineError::Unreadable("userinfo"))?;
    let answer = http.send(request).await?;
    if !answer.status().is_success() {
        return Err(EngineError::of_status(answer.status()));
    }
    let fields: Value =
        serde_json::from_slice(answer.body()).map_err(|_| EngineError::Unreadable("userinfo"))?;
    let pointers = &client.provider.account;
    let read =
        |pointer: Option<&String>| pointer.and_then(|pointer| fields.pointer(pointer)).and_then(text_of);
    let id = read(Some(&pointers.id)).ok_or(EngineError::Unreadable("userinfo"))?;
    Ok(Account {
        id: Some(id),
        email: read(pointers.email.as_ref()),
        name: read(pointers.name.as_ref()),
        handle: read(pointers.handle.as_ref()),
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
    })
}

/// Ids are numbers at some providers.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
