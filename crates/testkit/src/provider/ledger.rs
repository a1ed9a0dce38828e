//! What the provider has been asked and what it has issued, without a secret in it.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::{FakeProvider, OAuthError, TokenBehaviour};

/// What a token request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// `authorization_code`
    AuthorizationCode,
    /// `refresh_token`
    RefreshToken,
    /// Missing or unknown.
    Other,
}

impl GrantType {
    pub(super) fn parse(text: Option<&str>) -> Self {
        match text {
            Some("authorization_code") => Self::AuthorizationCode,
            Some("refresh_token") => Self::RefreshToken,
            _ => Self::Other,
        }
    }
}

/// How a token request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOutcome {
    /// Tokens were issued and sent.
    Issued,
    /// Tokens were issued; the connection broke before they were sent.
    Lost,
    /// Refused, by the book or by switch.
    Refused(OAuthError),
    /// Not looked at, by switch.
    Broken(TokenBehaviour),
}

/// One request at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// What it asked for.
    pub grant_type: GrantType,
    /// How it ended.
    pub outcome: TokenOutcome,
}

/// The state of affairs at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Requests at `/authorize`, good and bad.
    pub authorize: usize,
    /// Requests at `/token`, good and bad, in the order they ended.
    pub token_requests: Vec<TokenRequest>,
    /// Requests at `/userinfo`, good and bad.
    pub userinfo: usize,
    /// Requests at `/revoke` that were accepted.
    pub revoked: usize,
    /// Access tokens that were ever issued.
    pub issued_access_tokens: usize,
    /// Access tokens that would be accepted now.
    pub active_access_tokens: usize,
    /// Refresh tokens that would be accepted now.
    pub active_refresh_tokens: usize,
}

impl Ledger {
    /// How many token requests ended this way.
    #[must_use]
    pub fn count(&self, grant_type: GrantType, outcome: TokenOutcome) -> usize {
        self.token_requests.iter().filter(|request| **request == TokenRequest { grant_type, outcome }).count()
    }
}

/// `GET /ledger`: numbers only.
pub(super) async fn show(State(provider): State<FakeProvider>) -> Response {
    let ledger = provider.ledger();
    let ended = |test: fn(&TokenRequest) -> bool| ledger.token_requests.iter().filter(|r| test(r)).count();
    let body = json!({
        "authorize": ledger.authorize,
        "token_requests": ledger.token_requests.len(),
        "code_requests": ended(|r| r.grant_type == GrantType::AuthorizationCode),
        "refresh_requests": ended(|r| r.grant_type == GrantType::RefreshToken),
        "issued": ended(|r| r.outcome == TokenOutcome::Issued),
        "lost": ended(|r| r.outcome == TokenOutcome::Lost),
        "refused": ended(|r| matches!(r.outcome, TokenOutcome::Refused(_))),
        "broken": ended(|r| matches!(r.outcome, TokenOutcome::Broken(_))),
        "userinfo": ledger.userinfo,
        "revoked": ledger.revoked,
        "issued_access_tokens": ledger.issued_access_tokens,
        "active_access_tokens": ledger.active_access_tokens,
        "active_refresh_tokens": ledger.active_refresh_tokens,
    });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
