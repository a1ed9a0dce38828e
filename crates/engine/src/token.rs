//! The token endpoint (RFC 6749, sections 4.1.3, 5 and 6).
//!
//! An answer is first made standard by the catalog's rules, then read by the oauth2 library. Its
//! errors carry the raw body, so they are translated here and never passed on.

use std::{future::Future, pin::Pin};

use ::http::header::CONTENT_TYPE;
use grantway_catalog::{Pkce, Provider};
use grantway_core::{Secret, Timestamp, flow::AcceptedCode};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RefreshToken,
    RequestTokenError, StandardErrorResponse, StandardTokenResponse, TokenResponse,
    basic::{BasicErrorResponseType, BasicTokenType},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Client, EngineError, Http, HttpError, is_passing};

/// Ten years, in seconds: an answer that promises more means "for ever".
const LONGEST_LIFETIME: i64 = 10 * 365 * 24 * 3600;

/// The tokens of a grant. Prints no secret.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// For API calls (RFC 6750).
    pub access_token: Secret,
    /// For the next access token, when the provider gives one.
    pub refresh_token: Option<Secret>,
    /// Who signed in (OIDC Core, section 2); not stored.
    pub id_token: Option<Secret>,
    /// When the access token ends, when told.
    pub expires_at: Option<Timestamp>,
    /// Granted scopes; absent means as asked (RFC 6749, section 5.1).
    pub scopes: Option<Vec<String>>,
}

/// The plain text that the vault seals.
#[derive(Serialize, Deserialize)]
struct Plain {
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl TokenSet {
    /// For the vault.
    #[must_use]
    pub fn to_plain(&self) -> Secret {
        let plain = Plain {
            access_token: self.access_token.expose().to_owned(),
            refresh_token: self.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            expires_at: self.expires_at,
        };
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// From the vault.
    ///
    /// # Errors
    /// When the text is not what [`Self::to_plain`] writes.
    pub fn from_plain(plain: &Secret) -> Result<Self, EngineError> {
        let plain: Plain =
            serde_json::from_str(plain.expose()).map_err(|_| EngineError::Unreadable("stored token"))?;
        Ok(Self {
            access_token: Secret::new(plain.access_token),
            refresh_token: plain.refresh_token.map(Secret::new),
            id_token: None,
            expires_at: plain.expires_at,
            scopes: None,
        })
    }
}

/// The one extra field that the library is asked to keep.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IdTokenField {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl oauth2::ExtraTokenFields for IdTokenField {}

/// Exchanges a code that its flow has accepted. Sent once: a code is never tried again.
///
/// # Errors
/// See [`EngineError`].
pub async fn exchange(
    http: &dyn Http,
    client: &Client<'_>,
    code: AcceptedCode,
    verifier: &Secret,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let wire = client.wire();
    let mut request = wire.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
    if client.provider.pkce == Pkce::S256 {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
    }
    let to = Wire { http, provider: client.provider };
    let answer = request.request_async(&to).await.map_err(translate)?;
    Ok(token_set(&answer, now))
}

/// Gets a fresh access token. The old refresh token is kept when none comes back (RFC 6749, section 6).
///
/// # Errors
/// See [`EngineError`]; only [`EngineError::InvalidGrant`] means that the grant is dead.
pub async fn refresh(
    http: &dyn Http,
    client: &Client<'_>,
    refresh_token: &Secret,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let wire = client.wire();
    let token = RefreshToken::new(refresh_token.expose().to_owned());
    let to = Wire { http, provider: client.provider };
    let answer = wire.exchange_refresh_token(&token).request_async(&to).await.map_err(translate)?;
    let mut tokens = token_set(&answer, now);
    tokens.refresh_token.get_or_insert_with(|| refresh_token.clone());
    Ok(tokens)
}

/// What a provider's answer can be, before the library reads it.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("status {0}")]
    Failing(u16),
}

/// The library's way to the network.
struct Wire<'a> {
    http: &'a dyn Http,
    provider: &'a Provider,
}

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, SendError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.http.send(request).await?;
            let status = answer.status();
            if is_passing(status) {
                return Err(SendError::Failing(status.as_u16()));
            }
            Ok(standardize(self.provider, answer))
        })
    }
}

/// Makes an answer what RFC 6749, section 5 says: an error has an error's status, numbers are
/// numbers, scopes are separated by spaces. What can't be read is left for the library to refuse.
fn standardize(provider: &Provider, answer: HttpResponse) -> HttpResponse {
    let (mut parts, body) = answer.into_parts();
    let Some(Value::Object(mut fields)) = read(&parts, &body) else {
        return HttpResponse::from_parts(parts, body);
    };
    if fields.contains_key("error") && parts.status.is_success() {
        parts.status = ::http::StatusCode::BAD_REQUEST;
    }
    if let Some(seconds) =
        fields.get("expires_in").and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok())
    {
        fields.insert("expires_in".to_owned(), seconds.into());
    }
    fields.retain(|_, value| !value.is_null());
    fields.entry("token_type").or_insert_with(|| "bearer".into());
    if let Some(scope) = fields.get("scope").and_then(Value::as_str) {
        let scope = scope
            .split(&provider.answer_scope_separator)
            .map(|scope| provider.answer_scope_aliases.get(scope).map_or(scope, String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        fields.insert("scope".to_owned(), scope.into());
    }
    parts.headers.insert(CONTENT_TYPE, ::http::HeaderValue::from_static("application/json"));
    HttpResponse::from_parts(parts, Value::Object(fields).to_string().into_bytes())
}

fn read(parts: &::http::response::Parts, body: &[u8]) -> Option<Value> {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
        return Some(Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect()));
    }
    serde_json::from_slice(body).ok()
}

fn token_set(answer: &StandardTokenResponse<IdTokenField, BasicTokenType>, now: Timestamp) -> TokenSet {
    let seconds = |lifetime: std::time::Duration| {
        i64::try_from(lifetime.as_secs()).map_or(LONGEST_LIFETIME, |seconds| seconds.min(LONGEST_LIFETIME))
    };
    TokenSet {
        access_token: Secret::new(answer.access_token().secret().clone()),
        refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret().clone())),
        id_token: answer.extra_fields().id_token.clone().map(Secret::new),
        expires_at: answer.expires_in().map(|lifetime| now.plus_seconds(seconds(lifetime))),
        scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
    }
}

type WireError = RequestTokenError<SendError, StandardErrorResponse<BasicErrorResponseType>>;

fn translate(error: WireError) -> EngineError {
    match error {
        RequestTokenError::Request(SendError::Http(error)) => error.into(),
        RequestTokenError::Request(SendError::Failing(status)) => EngineError::Failing(status),
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            BasicErrorResponseType::InvalidGrant => EngineError::InvalidGrant,
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                EngineError::InvalidClient
            }
            _ => EngineError::Refused,
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => EngineError::Unreadable("token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(text: &str) -> Provider {
        toml::from_str(&format!("name = 'X'\nissuer = 'https://id.test'\n{text}")).unwrap()
    }

    fn standard(provider: &Provider, kind: &str, body: &str) -> (u16, Value) {
        let answer =
            ::http::Response::builder().header(CONTENT_TYPE, kind).body(body.as_bytes().to_vec()).unwrap();
        let answer = standardize(provider, answer);
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
    }

    #[test]
    fn an_error_inside_a_200_is_an_error() {
        let (status, fields) =
            standard(&provider(""), "application/json", r#"{"error":"bad_verification_code"}"#);

        assert_eq!((status, fields["error"].as_str()), (400, Some("bad_verification_code")));
    }

    #[test]
    fn odd_but_honest_answers_become_standard() {
        let commas = provider("answer_scope_separator = ','");

        let (_, form) = standard(&commas, "application/x-www-form-urlencoded", "access_token=a&scope=x%2Cy");
        let (_, text) = standard(
            &provider(""),
            "text/json",
            r#"{"access_token":"a","expires_in":"60","refresh_token":null}"#,
        );

        assert_eq!(form, serde_json::json!({"access_token": "a", "scope": "x y", "token_type": "bearer"}));
        assert_eq!(text, serde_json::json!({"access_token": "a", "expires_in": 60, "token_type": "bearer"}));
    }

    #[test]
    fn scopes_that_come_back_under_another_name_are_called_by_ours() {
        let renames = provider("answer_scope_aliases = { 'https://id.test/email' = 'email' }");

        let (_, answer) = standard(
            &renames,
            "application/json",
            r#"{"access_token":"a","scope":"openid https://id.test/email"}"#,
        );

        assert_eq!(answer["scope"], "openid email");
    }

    #[test]
    fn stored_tokens_come_back_and_print_nothing() {
        let tokens = TokenSet {
            access_token: Secret::new("CANARY-a".to_owned()),
            refresh_token: Some(Secret::new("CANARY-r".to_owned())),
            id_token: None,
            expires_at: Some(Timestamp(1000)),
            scopes: None,
        };

        let back = TokenSet::from_plain(&tokens.to_plain()).unwrap();

        assert_eq!(back.refresh_token.unwrap().expose(), "CANARY-r");
        assert_eq!(back.expires_at, Some(Timestamp(1000)));
        assert!(!format!("{tokens:?}").contains("CANARY"));
    }
}
