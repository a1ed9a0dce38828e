//! Requests in the provider's own words: parameters by its names, in its kind of body, with its proof.
//!
//! The one rule: a secret stands only where the catalog says that the provider wants it.

use std::collections::BTreeMap;

use ::http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use grantway_catalog::{ClientAuth, Fixed, Method, TokenBody};
use grantway_core::Timestamp;
use serde_json::{Map, Value};
use url::{
    Url,
    form_urlencoded::{Serializer, byte_serialize},
};

use crate::{
    Client, EngineError,
    assertion::{ASSERTION_TYPE, signed},
    client::Known,
};

pub(crate) type Pairs = Vec<(String, String)>;

/// A request before it is written.
pub(crate) struct Draft {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) body: TokenBody,
    pub(crate) headers: Pairs,
    pub(crate) pairs: Pairs,
}

impl Draft {
    /// The bytes. A body goes along only where there is something to say.
    pub(crate) fn write(self) -> Result<Request<Vec<u8>>, EngineError> {
        let Self { mut url, method, body, headers, pairs } = self;
        let in_query = body == TokenBody::Query || method == Method::Get;
        let mut request = Request::builder().method(name_of(method));
        let mut content = Vec::new();
        if in_query && !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(&pairs);
        } else if !pairs.is_empty() {
            let (kind, text) = match body {
                TokenBody::Json => ("application/json", json_of(pairs)),
                TokenBody::Form | TokenBody::Query => ("application/x-www-form-urlencoded", form_of(&pairs)),
            };
            request = request.header(CONTENT_TYPE, kind);
            content = text.into_bytes();
        }
        let mut request =
            request.uri(url.as_str()).header(ACCEPT, "application/json").header(USER_AGENT, "grantway");
        if let Some(written) = request.headers_mut() {
            for (name, value) in headers {
                let name = ::http::HeaderName::try_from(name).map_err(|_| EngineError::NoValue)?;
                // What the catalog says takes the place of what every request says.
                written.insert(name, value.try_into().map_err(|_| EngineError::NoValue)?);
            }
        }
        request.body(content).map_err(|_| EngineError::NoValue)
    }
}

fn name_of(method: Method) -> ::http::Method {
    match method {
        Method::Post => ::http::Method::POST,
        Method::Get => ::http::Method::GET,
        Method::Delete => ::http::Method::DELETE,
    }
}

pub(crate) fn form_of(pairs: &Pairs) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn json_of(pairs: Pairs) -> String {
    Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>())
        .to_string()
}

impl Client<'_> {
    /// Parameters by the provider's names, with its fixed ones added and what it refuses left out.
    pub(crate) fn reworded(
        &self,
        mut pairs: Pairs,
        fixed: &BTreeMap<String, Fixed>,
        known: Known<'_>,
    ) -> Result<Pairs, EngineError> {
        for (name, value) in fixed {
            pairs.retain(|(sent, _)| sent != name);
            if let Fixed::Text(template) = value {
                pairs.push((name.clone(), self.fill(template, known)?));
            }
        }
        let provider = self.provider;
        for (name, value) in &mut pairs {
            if let ("redirect_uri", Some(alias)) = (name.as_str(), &provider.redirect_uri) {
                *value = self.fill(alias, known)?;
            }
            let own = match name.as_str() {
                "client_id" => &provider.client_id_param,
                "client_secret" => &provider.client_secret_param,
                "redirect_uri" => &provider.redirect_uri_param,
                "code" => &provider.code_param,
                "scope" => &provider.scope_param,
                _ => continue,
            };
            name.clone_from(own);
        }
        Ok(pairs)
    }

    /// The client's own proof, for requests that are not built by the library.
    pub(crate) fn prove(
        &self,
        auth: ClientAuth,
        draft: &mut Draft,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let id = (self.provider.client_id_param.clone(), self.client_id.to_owned());
        match (auth, self.client_secret) {
            (ClientAuth::Basic, Some(secret)) => {
                draft.headers.push((AUTHORIZATION.to_string(), basic(self.client_id, secret.expose())));
            }
            (ClientAuth::Post, Some(secret)) => {
                draft
                    .pairs
                    .extend([id, (self.provider.client_secret_param.clone(), secret.expose().to_owned())]);
            }
            (ClientAuth::PrivateKeyJwt | ClientAuth::SecretJwt | ClientAuth::SignedRequest, Some(_)) => {
                draft.pairs.push(id);
                self.prove_by_key(auth, &mut draft.pairs, now)?;
            }
            _ => draft.pairs.push(id),
        }
        Ok(())
    }

    /// What the client's private key adds to a request's parameters, where one proves it.
    pub(crate) fn prove_by_key(
        &self,
        auth: ClientAuth,
        pairs: &mut Pairs,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        match auth {
            ClientAuth::PrivateKeyJwt => pairs.extend([
                ("client_assertion_type".to_owned(), ASSERTION_TYPE.to_owned()),
                ("client_assertion".to_owned(), signed(self, now)?),
            ]),
            ClientAuth::SecretJwt => {
                pairs.push((self.provider.client_secret_param.clone(), signed(self, now)?));
            }
            ClientAuth::SignedRequest => self.sign_request(pairs, now)?,
            ClientAuth::Post | ClientAuth::Basic | ClientAuth::None => {}
        }
        Ok(())
    }
}

/// RFC 6749, section 2.3.1: both parts are form-encoded first.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}
