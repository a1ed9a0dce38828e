//! The token endpoint (RFC 6749, sections 4.1.3, 5 and 6).
//!
//! The library builds a request, the catalog's words rewrite it; an answer is made standard, then read by the
//! library. Its errors carry the raw body, so they are translated here and never passed on.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use ::http::header::{AUTHORIZATION, CONTENT_TYPE};
use grantway_catalog::{ClientAuth, Fixed, Method, Pkce, RefreshBy, TokenBody};
use grantway_core::{Secret, Timestamp, flow::AcceptedCode};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RefreshToken,
    RequestTokenError, StandardErrorResponse, StandardTokenResponse,
    basic::{BasicErrorResponseType, BasicTokenType},
};
use url::Url;

use crate::{
    Client, EngineError, Http, HttpError, TokenSet,
    answer::{Extra, standardize},
    client::Known,
    is_passing, look_up,
    request::{Draft, Pairs},
};

/// What a flow brings to its token request.
#[derive(Debug)]
pub struct Proof<'a> {
    /// Once, and for this flow alone.
    pub code: AcceptedCode,
    /// PKCE's.
    pub verifier: &'a Secret,
    /// Values kept from the authorization answer.
    pub kept: &'a BTreeMap<String, String>,
}

/// Exchanges a code that its flow has accepted. Sent once: a code is never tried again.
///
/// # Errors
/// See [`EngineError`].
pub async fn exchange(
    http: &dyn Http,
    client: &Client<'_>,
    proof: Proof<'_>,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let provider = client.provider;
    let code = proof.code.expose();
    let code =
        provider.callback.code_suffix.as_deref().and_then(|end| code.strip_suffix(end)).unwrap_or(code);
    let wire = client.wire(client.endpoints.client_auth)?;
    let mut request = wire.exchange_code(AuthorizationCode::new(code.to_owned()));
    if provider.pkce != Pkce::Off {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(proof.verifier.expose().to_owned()));
    }
    let to = Wire {
        http,
        client,
        now,
        url: client.endpoints.token.clone(),
        auth: client.endpoints.client_auth,
        fixed: &provider.token_params,
        known: Known { tokens: None, kept: Some(proof.kept), state: Some(proof.code.state().expose()) },
    };
    let answer = request.request_async(&to).await.map_err(translate)?;
    let mut tokens = TokenSet::of(answer, now);
    for (name, value) in proof.kept {
        tokens.extra.entry(name.clone()).or_insert_with(|| Secret::new(value.clone()));
    }
    match &provider.long_lived {
        Some(_) => lengthened(http, client, &tokens, now).await,
        None => Ok(tokens),
    }
}

/// Gets a fresh access token. What the answer leaves out is kept: the old refresh token (RFC 6749, section 6),
/// the further values. What is looked up anew each time is looked up here: a provider that can't tell it now has
/// given tokens all the same, so they count as ended and the next call tries again.
///
/// # Errors
/// See [`EngineError`]; only [`EngineError::InvalidGrant`] means that the grant is dead.
pub async fn refresh(
    http: &dyn Http,
    client: &Client<'_>,
    old: &TokenSet,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let mut fresh = renewed(http, client, old, now).await?;
    if client.provider.lookup.as_ref().is_some_and(|lookup| lookup.each_refresh) {
        match look_up(http, client, &fresh).await {
            Ok(found) => fresh.extra.extend(found),
            Err(error) => (fresh.expires_at, fresh.unfinished) = (Some(now), Some(error)),
        }
    }
    Ok(fresh)
}

async fn renewed(
    http: &dyn Http,
    client: &Client<'_>,
    old: &TokenSet,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let provider = client.provider;
    let rules = &provider.refresh;
    if rules.by == RefreshBy::AccessToken {
        return lengthened(http, client, old, now).await;
    }
    let token = old.refresh_token.as_ref().ok_or(EngineError::InvalidGrant)?;
    let token = RefreshToken::new(token.expose().to_owned());
    let auth = rules.client_auth.unwrap_or(client.endpoints.client_auth);
    let wire = client.wire(auth)?;
    let known = Known::tokens(old);
    let url = rules.url.as_ref().map(|url| client.fill_url(url, known)).transpose()?;
    let url = url.unwrap_or_else(|| client.endpoints.token.clone());
    let to = Wire { http, client, now, url, auth, fixed: &rules.params, known };
    let answer = wire.exchange_refresh_token(&token).request_async(&to).await.map_err(translate)?;
    Ok(TokenSet::of(answer, now).after(old))
}

/// Trades a living access token for one that lives longer: after the exchange, and in the place of a refresh.
async fn lengthened(
    http: &dyn Http,
    client: &Client<'_>,
    old: &TokenSet,
    now: Timestamp,
) -> Result<TokenSet, EngineError> {
    let (provider, known) = (client.provider, Known::tokens(old));
    let renewal = provider.refresh.url.as_ref().filter(|_| old.is_long_lived);
    let (url, method, pairs) = match (renewal, &provider.long_lived) {
        (Some(url), long) => {
            let method = long.as_ref().map_or(Method::Post, |long| long.method);
            (
                client.fill_url(url, known)?,
                method,
                client.reworded(Vec::new(), &provider.refresh.params, known)?,
            )
        }
        (None, Some(long)) => {
            (client.fill_url(&long.url, known)?, long.method, client.filled(&long.params, known)?)
        }
        (None, None) => return Err(EngineError::NoEndpoint("refresh endpoint")),
    };
    let draft = Draft { url, method, body: TokenBody::Form, headers: Vec::new(), pairs };
    let answer = http.send(draft.write()?).await?;
    if is_passing(answer.status()) {
        return Err(EngineError::of_answer(&answer, now));
    }
    let answer = standardize(provider, answer, now);
    check_kind(&answer)?;
    if !answer.status().is_success() {
        return Err(meaning(&error_of(&answer)?));
    }
    let answer: Answer = serde_json::from_slice(answer.body()).map_err(|_| EngineError::Garbled)?;
    let fresh = TokenSet { is_long_lived: true, ..TokenSet::of(answer, now) };
    Ok(fresh.after(old))
}

pub(crate) type Answer = StandardTokenResponse<Extra, BasicTokenType>;

/// What a provider's answer can be, before the library reads it.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Unsaid(#[from] EngineError),
}

/// The library's way to the network.
struct Wire<'a> {
    http: &'a dyn Http,
    client: &'a Client<'a>,
    now: Timestamp,
    url: Url,
    auth: ClientAuth,
    fixed: &'a BTreeMap<String, Fixed>,
    known: Known<'a>,
}

impl Wire<'_> {
    /// The library's request in the provider's words.
    fn reworded(&self, request: &HttpRequest) -> Result<::http::Request<Vec<u8>>, EngineError> {
        let (client, provider) = (self.client, self.client.provider);
        let mut pairs: Pairs =
            serde_urlencoded::from_bytes(request.body()).map_err(|_| EngineError::Unreadable("own"))?;
        let resources =
            provider.resource.iter().map(|resource| ("resource".to_owned(), resource.to_string()));
        pairs.extend(resources);
        let mut pairs = client.reworded(pairs, self.fixed, self.known)?;
        client.prove_by_key(self.auth, &mut pairs, self.now)?;
        let mut headers: Pairs = Vec::new();
        if let Some(proof) = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
            headers.push((AUTHORIZATION.to_string(), proof.to_owned()));
        }
        for (name, value) in &provider.token_headers {
            headers.push((name.clone(), client.fill(value, self.known)?));
        }
        let (method, body) = (provider.token_method, provider.token_body);
        Draft { url: self.url.clone(), method, body, headers, pairs }.write()
    }
}

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, SendError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.http.send(self.reworded(&request)?).await?;
            if is_passing(answer.status()) {
                return Err(EngineError::of_answer(&answer, self.now).into());
            }
            let mut answer = standardize(self.client.provider, answer, self.now);
            check_kind(&answer)?;
            // The library wants 200 of a success; RFC 6749 and a few providers let it be another 2xx.
            if answer.status().is_success() && answer.headers().contains_key(CONTENT_TYPE) {
                *answer.status_mut() = ::http::StatusCode::OK;
            }
            Ok(answer)
        })
    }
}

type WireError = RequestTokenError<SendError, StandardErrorResponse<BasicErrorResponseType>>;

fn translate(error: WireError) -> EngineError {
    match error {
        RequestTokenError::Request(SendError::Http(error)) => error.into(),
        RequestTokenError::Request(SendError::Unsaid(error)) => error,
        RequestTokenError::ServerResponse(answer) => meaning(answer.error()),
        // Of a success, as its kind was checked.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => EngineError::Garbled,
    }
}

/// That it comes from a token endpoint. A web page or a refusal in other words is from somewhere before it, where
/// nothing is spent.
fn check_kind(answer: &HttpResponse) -> Result<(), EngineError> {
    match answer.body().trim_ascii_start().first() {
        Some(b'<') => Err(EngineError::Unreadable("token")),
        _ if answer.status().is_success() => Ok(()),
        _ => error_of(answer).map(|_| ()),
    }
}

fn error_of(answer: &HttpResponse) -> Result<BasicErrorResponseType, EngineError> {
    let error: StandardErrorResponse<BasicErrorResponseType> =
        serde_json::from_slice(answer.body()).map_err(|_| EngineError::Unreadable("token"))?;
    Ok(error.error().clone())
}

fn meaning(error: &BasicErrorResponseType) -> EngineError {
    match error {
        BasicErrorResponseType::InvalidGrant => EngineError::InvalidGrant,
        BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
            EngineError::InvalidClient
        }
        _ => EngineError::Refused,
    }
}
