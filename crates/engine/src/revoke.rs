//! Revocation at the provider (RFC 7009), and the other shapes it has.

use grantway_catalog::{Revoke, RevokeAuth};
use grantway_core::Timestamp;

use crate::{
    Client, EngineError, Http, TokenSet,
    answer::denies,
    client::Known,
    request::{Draft, basic},
};

/// Revokes the grant's tokens: the refresh token where there is one, which ends the access tokens too.
/// A provider without a revocation endpoint has nothing to be told. One that says "no" with a 200 has not
/// revoked, unless it says that the grant was dead already.
///
/// # Errors
/// When the provider can't be reached or refuses.
pub async fn revoke(
    http: &dyn Http,
    client: &Client<'_>,
    tokens: &TokenSet,
    now: Timestamp,
) -> Result<(), EngineError> {
    let published = client.endpoints.revoke.as_ref().map(|url| Revoke::standard(url.as_str().into()));
    let Some(rules) = client.provider.revoke.as_ref().or(published.as_ref()) else { return Ok(()) };
    let answer = http.send(draft(client, rules, tokens, now)?.write()?).await?;
    match answer.status() {
        status if status.is_success() && !denies(&client.provider.answer, &answer) => Ok(()),
        status if status.is_success() => Err(EngineError::Refused),
        status => Err(EngineError::of_status(status)),
    }
}

fn draft(
    client: &Client<'_>,
    rules: &Revoke,
    tokens: &TokenSet,
    now: Timestamp,
) -> Result<Draft, EngineError> {
    let known = Known::tokens(tokens);
    let mut url = client.fill_url(&rules.url, known)?;
    let mut headers = client.filled(&rules.headers, known)?;
    let pairs = client.filled(&rules.params, known)?;
    if rules.auth == RevokeAuth::Api {
        client.carry(&client.provider.api_auth, &mut url, &mut headers, tokens)?;
    }
    let mut draft = Draft { url, method: rules.method, body: rules.body, headers, pairs };
    match (rules.auth, client.client_secret) {
        (RevokeAuth::Client, _) => client.prove(client.endpoints.client_auth, &mut draft, now)?,
        (RevokeAuth::Basic, Some(secret)) => {
            draft.headers.push(("authorization".to_owned(), basic(client.client_id, secret.expose())));
        }
        (RevokeAuth::Basic | RevokeAuth::Api | RevokeAuth::None, _) => {}
    }
    Ok(draft)
}
