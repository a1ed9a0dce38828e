//! `POST /token`: a code or a refresh token becomes an access token (RFC 6749, sections 4.1.3 and 6).

use std::{io, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{RawQuery, State},
    response::{Html, IntoResponse, Response},
};
use http::{
    HeaderMap, StatusCode,
    header::{CACHE_CONTROL, PRAGMA},
};
use serde_json::json;

use super::{
    FakeProvider, GrantType, OAuthError, TokenBehaviour, TokenOutcome, TokenRequest,
    books::{ACCESS_SECONDS, CodeProof, IssuedTokens},
    client::ClientRequest,
    params::{self, Params},
};

const SLOW: Duration = Duration::from_secs(4);
const SILENCE: Duration = Duration::from_secs(60);

pub(super) async fn answer(
    State(provider): State<FakeProvider>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Params::parse(&body);
    let grant_type = GrantType::parse(form.get("grant_type"));
    let behaviour = provider.books().behaviour(form.get("code"));
    if let Some(broken) = misbehave(&provider, behaviour, grant_type).await {
        return broken;
    }
    let request = ClientRequest { headers: &headers, query: query.as_deref(), form: &form };
    match issue(&provider, &request) {
        Err(error) => {
            record(&provider, grant_type, TokenOutcome::Refused(error));
            error.into_response()
        }
        Ok(_) if behaviour == TokenBehaviour::HangUp => {
            record(&provider, grant_type, TokenOutcome::Lost);
            hang_up()
        }
        Ok(tokens) => {
            record(&provider, grant_type, TokenOutcome::Issued);
            success(tokens)
        }
    }
}

/// The answer in place of the right one, or nothing when the right one is due.
async fn misbehave(
    provider: &FakeProvider,
    behaviour: TokenBehaviour,
    grant_type: GrantType,
) -> Option<Response> {
    let broken = TokenOutcome::Broken(behaviour);
    match behaviour {
        TokenBehaviour::Normal | TokenBehaviour::HangUp => None,
        TokenBehaviour::Slow => {
            tokio::time::sleep(SLOW).await;
            None
        }
        TokenBehaviour::ServerError => {
            record(provider, grant_type, broken);
            Some((StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response())
        }
        TokenBehaviour::Html => {
            record(provider, grant_type, broken);
            Some(Html("<!doctype html><title>Fake Files</title><h1>We’ll be right back</h1>").into_response())
        }
        TokenBehaviour::Silent => {
            record(provider, grant_type, broken);
            tokio::time::sleep(SILENCE).await;
            Some(StatusCode::GATEWAY_TIMEOUT.into_response())
        }
        TokenBehaviour::InvalidGrant => {
            record(provider, grant_type, TokenOutcome::Refused(OAuthError::InvalidGrant));
            Some(OAuthError::InvalidGrant.into_response())
        }
    }
}

fn issue(provider: &FakeProvider, request: &ClientRequest) -> Result<IssuedTokens, OAuthError> {
    let client_id = &request.authenticate(provider)?.client_id;
    let form = request.form;
    match form.require("grant_type")? {
        "authorization_code" => {
            let code = form.require("code")?;
            let redirect_uri_text = form.require("redirect_uri")?;
            let verifier = form.require("code_verifier")?;
            if !is_verifier(verifier) {
                return Err(OAuthError::InvalidRequest);
            }
            provider.books().spend_code(code, &CodeProof { client_id, redirect_uri_text, verifier })
        }
        "refresh_token" => {
            let token = form.require("refresh_token")?;
            let wanted = form.get("scope").map(|list| params::scopes(list).ok_or(OAuthError::InvalidScope));
            provider.books().spend_refresh(token, client_id, wanted.transpose()?)
        }
        _ => Err(OAuthError::UnsupportedGrantType),
    }
}

/// RFC 7636, section 4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn success(tokens: IssuedTokens) -> Response {
    let mut body = json!({
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "scope": tokens.scopes.join(" "),
    });
    if let Some(refresh_token) = tokens.refresh_token {
        body["refresh_token"] = refresh_token.into();
    }
    ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response()
}

/// A body that fails at its first byte: the server can only close the connection.
fn hang_up() -> Response {
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(futures::stream::iter([Err::<Bytes, _>(broken)])))
}

fn record(provider: &FakeProvider, grant_type: GrantType, outcome: TokenOutcome) {
    provider.books().requests.token_requests.push(TokenRequest { grant_type, outcome });
}
