//! Discovery (OpenID Connect Discovery, RFC 8414), and what the authorization answer says of its issuer.

use grantway_core::{
    Digest, Secret, Timestamp,
    flow::{CallbackParams, Flow, Refusal},
};
use grantway_engine::EngineError;
use serde_json::json;

use crate::op::{ISSUER, NOW, Op, Party};

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    for issuer in ["https://other.test", "https://op.test/"] {
        let op = Op::new(|script| script.metadata["issuer"] = json!(issuer));

        assert_eq!(Party::new(&op, "").endpoints().await.unwrap_err(), EngineError::Unreadable("metadata"));
    }
}

#[tokio::test]
async fn an_endpoint_that_others_can_listen_to_is_refused() {
    for name in ["jwks_uri", "token_endpoint", "authorization_endpoint", "userinfo_endpoint"] {
        let op = Op::new(|script| script.metadata[name] = json!("http://op.test/x"));

        assert_eq!(
            Party::new(&op, "").endpoints().await.unwrap_err(),
            EngineError::Unreadable("metadata"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_issuer_of_plain_oauth_is_found_at_its_own_place() {
    let op = Op::new(|script| script.gone = vec!["/.well-known/openid-configuration"]);

    let endpoints = Party::new(&op, "").endpoints().await.unwrap();

    assert_eq!(endpoints.token.as_str(), format!("{ISSUER}/token"));
    assert_eq!(op.asked("/.well-known/oauth-authorization-server"), 1);
}

#[tokio::test]
async fn an_outage_of_the_metadata_stops_nobody_who_has_read_it() {
    let op = Op::new(|_| {});
    let party = Party::new(&op, "");
    party.endpoints().await.unwrap();

    op.change(|script| script.dark = true);

    assert!(party.endpoints().await.is_ok());
    assert!(Party::new(&op, "").endpoints().await.unwrap_err().is_transient());
}

#[test]
fn an_answer_of_another_issuer_is_refused_also_when_it_is_an_error() {
    let flow = Flow {
        state: Digest::of("s"),
        browser: Digest::of("b"),
        session: "cs_0123456789abcdefghijkl".parse().unwrap(),
        registration: "acme.op".parse().unwrap(),
        provider: "op".parse().unwrap(),
        sealed_verifier: Vec::new(),
        nonce: None,
        issuer: Some(ISSUER.to_owned()),
        iss_promised: true,
        scopes: Vec::new(),
        parameters: Default::default(),
        kept: Default::default(),
        granted_scopes: None,
        departed_at: NOW,
        expires_at: Timestamp(NOW.0 + 1000),
    };
    let answer = |iss: Option<&str>, error: Option<&str>| {
        let params = CallbackParams {
            state: Some(Secret::new("s".to_owned())),
            code: Some(Secret::new("c".to_owned())),
            iss: iss.map(str::to_owned),
            error: error.map(str::to_owned),
        };
        flow.accept(&"acme.op".parse().unwrap(), params, NOW).map(|_| ())
    };

    assert_eq!(answer(Some(ISSUER), None), Ok(()));
    for (iss, error) in [
        (Some("https://other.test"), None),
        (None, None),
        (Some("https://other.test"), Some("access_denied")),
        (None, Some("access_denied")),
    ] {
        assert_eq!(answer(iss, error), Err(Refusal::WrongIssuer), "{iss:?} {error:?}");
    }
}
