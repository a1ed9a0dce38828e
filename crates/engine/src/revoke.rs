//! Revocation at the provider (RFC 7009).

use ::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use base64::{Engine, engine::general_purpose::STANDARD};
use grantway_catalog::ClientAuth;
use url::{
    Url,
    form_urlencoded::{Serializer, byte_serialize},
};

use crate::{Client, EngineError, Http, TokenSet};

/// Revokes the grant's tokens: the refresh token where there is one, which ends the access tokens too.
/// A provider without a revocation endpoint has nothing to be told.
///
/// # Errors
/// When the provider can't be reached or refuses.
pub async fn revoke(http: &dyn Http, client: &Client<'_>, tokens: &TokenSet) -> Result<(), EngineError> {
    let Some(url) = &client.endpoints.revoke else { return Ok(()) };
    let request = request(url, client, tokens).map_err(|_| EngineError::Refused)?;
    let answer = http.send(request).await?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(EngineError::of_status(status)),
    }
}

fn request(
    url: &Url,
    client: &Client<'_>,
    tokens: &TokenSet,
) -> Result<::http::Request<Vec<u8>>, ::http::Error> {
    let (token, hint) = match &tokens.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&tokens.access_token, "access_token"),
    };
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token.expose()).append_pair("token_type_hint", hint);
    let mut request = ::http::Request::post(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let secret = client.client_secret.map(grantway_core::Secret::expose);
    match (client.provider.client_auth, secret) {
        (ClientAuth::Basic, Some(secret)) => {
            request = request.header(AUTHORIZATION, basic(client.client_id, secret))
        }
        (ClientAuth::Post | ClientAuth::Basic, secret) => {
            form.append_pair("client_id", client.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret);
            }
        }
    }
    request.body(form.finish().into_bytes())
}

/// RFC 6749, section 2.3.1: both parts are form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}
