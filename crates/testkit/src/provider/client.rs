//! Client authentication: HTTP Basic or the form (RFC 6749, section 2.3.1), exactly one of them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantway_core::Digest;
use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use super::{FakeClient, FakeProvider, OAuthError, params::Params};

/// A request to an endpoint that only clients use: its form, and what surrounds it.
pub(super) struct ClientRequest<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Option<&'a str>,
    pub(super) form: &'a Params,
}

impl ClientRequest<'_> {
    /// The client that sent it, if the request is as it should be.
    pub(super) fn authenticate<'p>(&self, provider: &'p FakeProvider) -> Result<&'p FakeClient, OAuthError> {
        if self.query.is_some() || !self.is_a_form() || self.form.repeats_any() {
            return Err(OAuthError::InvalidRequest);
        }
        let (client_id, secret) = self.credentials()?;
        let client = provider.client(&client_id).ok_or(OAuthError::InvalidClient)?;
        if !Digest::of(&client.client_secret).matches(&secret) {
            return Err(OAuthError::InvalidClient);
        }
        Ok(client)
    }

    fn is_a_form(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    fn credentials(&self) -> Result<(String, String), OAuthError> {
        let mut headers = self.headers.get_all(AUTHORIZATION).iter();
        let (form_id, form_secret) = (self.form.get("client_id"), self.form.get("client_secret"));
        match (headers.next(), headers.next(), form_secret) {
            (None, _, Some(secret)) => {
                let client_id = form_id.ok_or(OAuthError::InvalidClient)?;
                Ok((client_id.to_owned(), secret.to_owned()))
            }
            (None, _, None) => Err(OAuthError::InvalidClient),
            (Some(header), None, None) => {
                let basic = header.to_str().ok().and_then(basic).ok_or(OAuthError::InvalidClient)?;
                if form_id.is_some_and(|client_id| client_id != basic.0) {
                    return Err(OAuthError::InvalidRequest);
                }
                Ok(basic)
            }
            (Some(_), _, _) => Err(OAuthError::InvalidRequest),
        }
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some((form_decoded(client_id)?, form_decoded(secret)?))
}

/// Both halves are form-encoded before they are joined: a raw `=` or `&` shows a client that forgot.
fn form_decoded(half: &str) -> Option<String> {
    if half.contains(['=', '&']) {
        return None;
    }
    let (text, _) = url::form_urlencoded::parse(half.as_bytes()).next()?;
    Some(text.into_owned())
}
