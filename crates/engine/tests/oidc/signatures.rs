//! Requests that are signed as a whole: at the token endpoint, and in API calls.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use grantway_core::Secret;
use grantway_engine::{Client, EngineError, refresh};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify, jwk::JwkSet};

use crate::op::{NOW, Op, Party, RS256};

const SIGNED: &str = "client_auth = 'signed_request'\n    request_signature = { param = 'sign', time_param = 'at', utc_offset = 8 }\n    token_params = { redirect_uri = false, a1 = '2 ö', a = '1', empty = '' }";

const CALLS: &str = "api_auth = 'query:access_token'\n    api_signature = { param = 'sig', params = { application_key = '{application_key}' } }";

/// Whether the last form sent to the token endpoint carries the signature of this text.
fn signs(op: &Op, text: &str) -> bool {
    let form = op.form("/token");
    let (_, signature) = form.iter().find(|(name, _)| name == "sign").unwrap();
    let signature = URL_SAFE_NO_PAD.encode(STANDARD.decode(signature).unwrap());
    let keys: JwkSet = serde_json::from_str(include_str!("keys.json")).unwrap();
    let key = DecodingKey::from_jwk(keys.find("rs").unwrap()).unwrap();
    verify(&signature, text.as_bytes(), &key, Algorithm::RS256).unwrap()
}

#[tokio::test]
async fn a_signature_covers_all_that_is_said_by_name_and_the_providers_clock() {
    let op = Op::new(|_| {});
    let mut party = Party::new(&op, SIGNED);
    party.secret = Secret::new(RS256.to_owned());

    let tokens = party.exchange().await.unwrap();

    assert!(signs(
        &op,
        "a=1&a1=2 ö&at=2026-09-21 22:13:20&client_id=client&code=code&code_verifier=verifier&grant_type=authorization_code"
    ));
    assert!(op.form("/token").iter().all(|(name, _)| name != "client_secret"));

    let endpoints = party.endpoints().await.unwrap();
    refresh(&*op, &party.client(&endpoints), &tokens, NOW).await.unwrap();

    assert!(signs(&op, "at=2026-09-21 22:13:20&client_id=client&grant_type=refresh_token&refresh_token=rt"));
}

#[tokio::test]
async fn an_api_call_is_signed_without_its_token_and_a_callers_signature_goes() {
    let op = Op::new(|_| {});
    let mut party = Party::new(&op, CALLS);
    party.parameters.insert("application_key".to_owned(), "KEY".to_owned());
    let (tokens, endpoints) = (party.exchange().await.unwrap(), party.endpoints().await.unwrap());
    let written = "method=users.get&a1=%C3%A92&a=x+y";
    let mut url = format!("https://api.test/do?{written}&sig=mine&application_key=mine&access_token=mine")
        .parse()
        .unwrap();

    party.client(&endpoints).authorize_call(&mut url, &mut HeaderMap::new(), &tokens).unwrap();

    // MD5 of `a=x ya1=é2application_key=KEYmethod=users.get` and the MD5 of `atsecret`.
    let sig = "f0f7e45219e54be7047c576a01227127";
    assert_eq!(
        url.as_str(),
        format!("https://api.test/do?{written}&access_token=at&application_key=KEY&sig={sig}")
    );
}

#[tokio::test]
async fn nothing_is_sent_unsigned_for_want_of_a_secret() {
    let op = Op::new(|_| {});
    let party = Party::new(&op, CALLS);
    let (tokens, endpoints) = (party.exchange().await.unwrap(), party.endpoints().await.unwrap());
    let client = Client { client_secret: None, ..party.client(&endpoints) };

    let call =
        client.authorize_call(&mut "https://api.test/do".parse().unwrap(), &mut HeaderMap::new(), &tokens);

    assert_eq!(call, Err(EngineError::InvalidClient));
}
