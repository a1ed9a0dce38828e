//! Signatures, checked by the providers' rules as they are written down and by nothing of the engine.

use std::collections::BTreeMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use grantway_core::{Clock, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use md5::{Digest, Md5};

use crate::{
    asked::{Asked, Pairs, demand, find},
    simulator::Simulator,
};

/// The public half of the key that clients sign by.
const PUBLIC: &str = include_str!("key-rsa.pub");

/// RSA2: SHA-256 under RSA, over every parameter that says something, by name.
fn is_signed(pairs: &Pairs) -> bool {
    let Some(signature) = find(pairs, "sign").and_then(|text| STANDARD.decode(text).ok()) else {
        return false;
    };
    let said: BTreeMap<&str, &str> = pairs
        .iter()
        .filter(|(name, value)| name != "sign" && !value.is_empty())
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let text = said.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let key = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
    verify(&URL_SAFE_NO_PAD.encode(signature), text.as_bytes(), &key, Algorithm::RS256).unwrap()
}

fn md5(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Simulator<'_> {
    /// A token request of a client that has no secret to show.
    pub(crate) fn check_request_signature(&self, pairs: &Pairs) -> Result<(), String> {
        let told = find(pairs, "timestamp").unwrap_or_default();
        let moment = told.split_once(' ').and_then(|(day, time)| format!("{day}T{time}+08:00").parse().ok());
        demand(moment == Some::<Timestamp>(self.clock.now()), || format!("token: it is not {told:?}"))?;
        demand(is_signed(pairs), || "token: the signature is wrong".to_owned())
    }

    /// An API call: the app's key in it, and a signature by the session's secret.
    pub(crate) fn check_call_signature(&self, asked: &Asked, what: &str) -> Result<(), String> {
        let (mut said, mut signatures) = (BTreeMap::new(), Vec::new());
        for (name, value) in asked.query() {
            match name.as_str() {
                "sig" => signatures.push(value),
                "access_token" => {}
                _ => demand(said.insert(name.clone(), value).is_none(), || format!("{what}: {name} twice"))?,
            }
        }
        let key = said.get("application_key");
        demand(key == self.parameters.get("application_key"), || format!("{what}: the key is {key:?}"))?;
        let query = asked.query();
        let secret = md5(&format!("{}{}", find(&query, "access_token").unwrap_or_default(), self.secret));
        let text: String = said.iter().map(|(name, value)| format!("{name}={value}")).collect();
        demand(signatures == [md5(&(text + &secret))], || format!("{what}: the signature is {signatures:?}"))
    }
}

#[test]
fn one_changed_parameter_breaks_a_signature() {
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(include_bytes!("key-rsa.pem")).unwrap();
    let text = jsonwebtoken::crypto::sign(b"a=1&a1=b c&code=x", &key, Algorithm::RS256).unwrap();
    let signature = STANDARD.encode(URL_SAFE_NO_PAD.decode(text).unwrap());
    let pairs = |code: &str| {
        let pairs = [("code", code), ("sign", &signature), ("a1", "b c"), ("empty", ""), ("a", "1")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    };

    assert!(is_signed(&pairs("x")));
    assert!(!is_signed(&pairs("y")));
}
