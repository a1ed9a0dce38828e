//! What tokens open, and how they end: `GET /userinfo` (RFC 6750) and `POST /revoke` (RFC 7009).

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE},
};
use serde_json::json;

use super::{FakeProvider, OAuthError, client::ClientRequest, params::Params};

/// Plain OAuth 2.0: no `sub`, no id token.
pub(super) async fn userinfo(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    let mut books = provider.books();
    books.requests.userinfo += 1;
    let Some(token) = bearer(&headers) else {
        return unauthorized("Bearer realm=\"Fake Files\"");
    };
    let Some(account) = books.account(token) else {
        return unauthorized("Bearer realm=\"Fake Files\", error=\"invalid_token\"");
    };
    let body = json!({ "id": account.id, "email": account.email, "name": account.name, "login": account.id });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn unauthorized(challenge: &'static str) -> Response {
    let headers = [(WWW_AUTHENTICATE, challenge), (CACHE_CONTROL, "no-store")];
    (StatusCode::UNAUTHORIZED, headers, Json(json!({ "error": "invalid_token" }))).into_response()
}

pub(super) async fn revoke(
    State(provider): State<FakeProvider>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Params::parse(&body);
    let request = ClientRequest { headers: &headers, query: query.as_deref(), form: &form };
    match end_token(&provider, &request) {
        Ok(()) => ([(CACHE_CONTROL, "no-store")], StatusCode::OK).into_response(),
        Err(error) => error.into_response(),
    }
}

fn end_token(provider: &FakeProvider, request: &ClientRequest) -> Result<(), OAuthError> {
    let client = request.authenticate(provider)?;
    let token = request.form.require("token")?;
    provider.books().revoke(token, &client.client_id)
}
