//! How the client proves itself, and what it makes of a token answer.

use grantway_core::Secret;
use grantway_engine::{EngineError, refresh};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

use crate::op::{ES256, ISSUER, NOW, Op, Party, RS256};

fn verified(token: &str, kid: &str, algorithm: Algorithm, audience: &str) -> Value {
    let keys: JwkSet = serde_json::from_str(include_str!("keys.json")).unwrap();
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.set_audience(&[audience]);
    decode::<Value>(token, &DecodingKey::from_jwk(keys.find(kid).unwrap()).unwrap(), &rules).unwrap().claims
}

fn field(form: &[(String, String)], name: &str) -> Option<String> {
    form.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone())
}

#[tokio::test]
async fn a_private_key_proves_the_client_to_its_issuer_and_to_no_endpoint() {
    let op = Op::new(|_| {});
    let mut party = Party::new(&op, "client_auth = 'private_key_jwt'\nclient_jwt = { alg = 'RS256' }");
    party.secret = Secret::new(RS256.to_owned());

    party.exchange().await.unwrap();
    let first = op.form("/token");
    party.exchange().await.unwrap();
    let second = op.form("/token");

    let claims = |form: &[(String, String)]| {
        verified(&field(form, "client_assertion").unwrap(), "rs", Algorithm::RS256, ISSUER)
    };
    let (one, two) = (claims(&first), claims(&second));
    assert_eq!((&one["iss"], &one["sub"], &one["aud"]), (&json!("client"), &json!("client"), &json!(ISSUER)));
    let (iat, exp) = (one["iat"].as_i64().unwrap(), one["exp"].as_i64().unwrap());
    assert!(iat == NOW.unix_seconds() && exp - iat <= 300);
    assert_ne!(one["jti"], two["jti"]);
    assert_eq!(field(&first, "client_secret"), None);
    assert_eq!(
        field(&first, "client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
}

#[tokio::test]
async fn a_jwt_may_stand_in_the_secrets_place() {
    let op = Op::new(|_| {});
    let jwt = "client_auth = 'secret_jwt'\nclient_jwt = { alg = 'ES256', key_id = 'key-1', issuer = '{team_id}', audience = 'https://aud.test' }";
    let mut party = Party::new(&op, jwt);
    party.secret = Secret::new(ES256.to_owned());
    party.parameters.insert("team_id".to_owned(), "TEAM".to_owned());

    party.exchange().await.unwrap();

    let secret = field(&op.form("/token"), "client_secret").unwrap();
    assert_eq!(decode_header(&secret).unwrap().kid.as_deref(), Some("key-1"));
    let claims = verified(&secret, "es", Algorithm::ES256, "https://aud.test");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("TEAM"), &json!("client")));
}

#[tokio::test]
async fn a_key_that_is_none_is_told_as_the_clients_mistake() {
    for way in [
        "client_auth = 'private_key_jwt'\nclient_jwt = { alg = 'RS256' }",
        "client_auth = 'signed_request'\nrequest_signature = { param = 'sign' }",
    ] {
        let op = Op::new(|_| {});

        assert_eq!(Party::new(&op, way).exchange().await.unwrap_err(), EngineError::InvalidClient);
        assert_eq!(op.asked("/token"), 0);
    }
}

#[tokio::test]
async fn the_metadata_decides_how_the_client_proves_itself_where_the_catalog_does_not() {
    for (methods, rules, basic, post) in [
        (None, "", true, false),
        (Some(json!(["client_secret_basic", "private_key_jwt"])), "", true, false),
        (Some(json!(["client_secret_basic", "client_secret_post"])), "", false, true),
        (Some(json!(["none"])), "", false, false),
        (Some(json!(["client_secret_basic"])), "client_auth = 'post'", false, true),
    ] {
        let op = Op::new(|script| {
            if let Some(methods) = &methods {
                script.metadata["token_endpoint_auth_methods_supported"] = methods.clone();
            }
        });

        let party = Party::new(&op, rules);
        let tokens = party.exchange().await.unwrap();
        let endpoints = party.endpoints().await.unwrap();
        refresh(&*op, &party.client(&endpoints), &tokens, NOW).await.unwrap();

        assert_eq!(op.header("/token", "authorization").is_some(), basic, "{methods:?}");
        assert_eq!(field(&op.form("/token"), "client_secret").is_some(), post, "{methods:?}");
    }
}

#[tokio::test]
async fn basic_credentials_are_form_encoded_first() {
    let op = Op::new(|_| {});
    let mut party = Party::new(&op, "client_auth = 'basic'");
    party.secret = Secret::new("s:%+/ é".to_owned());

    party.exchange().await.unwrap();

    // base64 of `client:s%3A%25%2B%2F+%C3%A9`
    assert_eq!(op.header("/token", "authorization").unwrap(), "Basic Y2xpZW50OnMlM0ElMjUlMkIlMkYrJUMzJUE5");
    assert_eq!(field(&op.form("/token"), "client_secret"), None);
}

#[tokio::test]
async fn a_token_type_is_understood_in_any_letter_case_and_no_bound_one_is() {
    for (kind, accepted) in [("bearer", true), ("BEARER", true), ("DPoP", false), ("mac", false)] {
        let op = Op::new(|script| script.token["token_type"] = json!(kind));

        assert_eq!(Party::new(&op, "").exchange().await.is_ok(), accepted, "{kind}");
    }
}

#[tokio::test]
async fn an_answer_without_a_lifetime_has_no_end() {
    let op = Op::new(|script| {
        script.token.as_object_mut().unwrap().remove("expires_in");
    });

    assert_eq!(Party::new(&op, "").exchange().await.unwrap().expires_at, None);
}

#[tokio::test]
async fn a_refresh_keeps_the_old_refresh_token_when_none_comes_back() {
    let op = Op::new(|_| {});
    let party = Party::new(&op, "");
    let tokens = party.exchange().await.unwrap();
    op.change(|script| script.token = json!({"access_token": "at2", "token_type": "Bearer"}));

    let endpoints = party.endpoints().await.unwrap();
    let fresh = refresh(&*op, &party.client(&endpoints), &tokens, NOW).await.unwrap();

    assert_eq!((fresh.access_token.expose(), fresh.refresh_token.unwrap().expose()), ("at2", "rt"));
}
