//! The authorization request: pushed (RFC 9126), for a resource (RFC 8707).

use grantway_engine::{AuthorizeRequest, EngineError, authorize};
use serde_json::json;
use url::Url;

use crate::op::{ISSUER, NONCE, NOW, Op, Party};

async fn leave(party: &Party) -> Result<Url, EngineError> {
    let endpoints = party.endpoints().await?;
    let scopes = ["openid".to_owned()];
    let request = AuthorizeRequest { scopes: &scopes, nonce: Some(NONCE), extra: None };
    Ok(authorize(&*party.op, &party.client(&endpoints), &request, NOW).await?.url)
}

fn names(url: &Url) -> Vec<String> {
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

#[tokio::test]
async fn a_provider_that_demands_it_gets_the_request_itself_and_the_browser_a_reference() {
    let op = Op::new(|script| {
        script.metadata["pushed_authorization_request_endpoint"] = json!(format!("{ISSUER}/par"));
        script.metadata["require_pushed_authorization_requests"] = json!(true);
    });

    let url = leave(&Party::new(&op, "client_auth = 'post'")).await.unwrap();

    assert_eq!(names(&url), ["client_id", "request_uri"]);
    let pushed = op.form("/par");
    for name in [
        "client_id",
        "client_secret",
        "redirect_uri",
        "response_type",
        "state",
        "code_challenge",
        "nonce",
        "scope",
    ] {
        assert_eq!(pushed.iter().filter(|(sent, _)| sent == name).count(), 1, "{name} in {pushed:?}");
    }
}

#[tokio::test]
async fn a_catalog_may_ask_for_it_and_basic_proves_the_client_there_too() {
    let op = Op::new(|script| {
        script.metadata["pushed_authorization_request_endpoint"] = json!(format!("{ISSUER}/par"));
    });

    let plain = leave(&Party::new(&op, "")).await.unwrap();
    let url = leave(&Party::new(&op, "pushed_authorization = true\nclient_auth = 'basic'")).await.unwrap();

    assert!(names(&plain).contains(&"code_challenge".to_owned()));
    assert_eq!(names(&url), ["client_id", "request_uri"]);
    assert_eq!(op.header("/par", "authorization").unwrap(), "Basic Y2xpZW50OnNlY3JldA==");
    assert!(!op.form("/par").iter().any(|(name, _)| name == "client_secret"));
}

#[tokio::test]
async fn a_push_that_is_refused_or_has_no_place_leaves_nobody_stranded() {
    let refusing = Op::new(|script| {
        script.metadata["pushed_authorization_request_endpoint"] = json!(format!("{ISSUER}/par"));
        script.gone = vec!["/par"];
    });
    let nowhere = Op::new(|_| {});

    for (op, error) in [
        (refusing, EngineError::Refused),
        (nowhere, EngineError::NoEndpoint("pushed authorization request endpoint")),
    ] {
        assert_eq!(leave(&Party::new(&op, "pushed_authorization = true")).await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn a_resource_is_named_in_the_question_and_in_the_token_request() {
    let op = Op::new(|_| {});
    let party = Party::new(&op, "resource = ['https://api.test/a', 'https://api.test/b']");
    let resources = |pairs: Vec<(String, String)>| {
        pairs.into_iter().filter(|(name, _)| name == "resource").map(|(_, value)| value).collect::<Vec<_>>()
    };

    let url = leave(&party).await.unwrap();
    party.exchange().await.unwrap();

    let wanted = ["https://api.test/a", "https://api.test/b"];
    assert_eq!(resources(url.query_pairs().into_owned().collect()), wanted);
    assert_eq!(resources(op.form("/token")), wanted);
}
