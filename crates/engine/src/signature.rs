//! Signatures over a request's parameters: a token request's by the client's private key, an API call's by the
//! client secret.
//!
//! The one rule: what is signed is what the provider reads. Values are signed as they are before they are encoded,
//! and nothing is added after the signature.

use std::collections::HashSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use grantway_catalog::ApiSignature;
use grantway_core::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use md5::{Digest, Md5};
use url::Url;

use crate::{Client, EngineError, TokenSet, api::remove_parameter, client::Known, request::Pairs};

const HOUR: i64 = 3600;

impl Client<'_> {
    /// Signs all parameters of a request, the moment among them where the provider wants it told.
    pub(crate) fn sign_request(&self, pairs: &mut Pairs, now: Timestamp) -> Result<(), EngineError> {
        let rules = self.provider.request_signature.as_ref().ok_or(EngineError::InvalidClient)?;
        let pem = self.client_secret.ok_or(EngineError::InvalidClient)?.expose().as_bytes();
        let key = EncodingKey::from_rsa_pem(pem).map_err(|_| EngineError::InvalidClient)?;
        if let Some(name) = &rules.time_param {
            pairs.push((name.clone(), told(now.plus_seconds(i64::from(rules.utc_offset) * HOUR))));
        }
        let said: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
        let text = joined(said, "&");
        // The crate writes signatures as JWTs have them.
        let signature = sign(text.as_bytes(), &key, Algorithm::RS256).ok();
        let signature = signature.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let signature = signature.ok_or(EngineError::InvalidClient)?;
        pairs.push((rules.param.clone(), STANDARD.encode(signature)));
        Ok(())
    }

    /// Signs the query of an API call. What a caller wrote in the place of ours goes.
    pub(crate) fn sign_call(
        &self,
        rules: &ApiSignature,
        url: &mut Url,
        tokens: &TokenSet,
    ) -> Result<(), EngineError> {
        let secret = self.client_secret.ok_or(EngineError::InvalidClient)?.expose();
        let token = tokens.access_token.expose();
        let own: HashSet<&String> = rules.params.keys().chain([&rules.param]).collect();
        own.into_iter().for_each(|name| remove_parameter(url, name));
        let fixed = self.filled(&rules.params, Known::tokens(tokens))?;
        if !fixed.is_empty() {
            url.query_pairs_mut().extend_pairs(fixed);
        }
        let signed: Pairs = url.query_pairs().into_owned().filter(|(_, value)| value != token).collect();
        let text = joined(signed, "") + &md5(&format!("{token}{secret}"));
        url.query_pairs_mut().append_pair(&rules.param, &md5(&text));
        Ok(())
    }
}

/// `name=value`, by name.
fn joined(mut pairs: Pairs, between: &str) -> String {
    pairs.sort();
    let parts: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join(between)
}

/// As clocks on a wall tell it: no fractions, no zone.
fn told(moment: Timestamp) -> String {
    moment.to_string().chars().take("2026-11-02T09:30:00".len()).collect::<String>().replace('T', " ")
}

/// In hex. Broken as a hash; which one it is is not ours to choose.
fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
