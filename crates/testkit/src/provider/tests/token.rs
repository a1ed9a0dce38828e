//! `/token`: client authentication, codes, refresh.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_code_becomes_tokens() {
    let desk = Desk::new();

    let tokens = desk.tokens().await;

    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "files.read profile");
    assert!(tokens["access_token"].as_str().unwrap().starts_with("CANARY-"));
    assert!(tokens["refresh_token"].as_str().unwrap().starts_with("CANARY-"));
    assert_eq!(desk.provider.ledger().count(GrantType::AuthorizationCode, TokenOutcome::Issued), 1);
}

#[tokio::test]
async fn a_wrong_or_missing_secret_is_401() {
    let desk = Desk::new();
    let good = exchange(&desk.code().await);

    let wrong = desk.post("/token", &with(good.clone(), "client_secret", "guess")).await.unwrap();
    let missing = desk.token(&without(good.clone(), "client_secret")).await;
    let after = desk.token(&good).await;

    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().contains_key("www-authenticate"));
    assert_eq!(missing, (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" })));
    assert_eq!(after.0, StatusCode::OK);
}

#[tokio::test]
async fn basic_authentication_is_accepted_instead_of_the_form_but_not_besides() {
    let desk = Desk::new();
    let url = desk.provider.endpoint("/token");
    let request = || {
        Request::post(url.as_str())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {}", STANDARD.encode("acme:acme+secret")))
    };
    let both = exchange(&desk.code().await);
    let basic = without(without(both.clone(), "client_secret"), "client_id");

    let besides = desk.send(request(), &form(&both)).await.unwrap();
    let instead = desk.send(request(), &form(&basic)).await.unwrap();

    assert_eq!(besides.body(), b"{\"error\":\"invalid_request\"}");
    assert_eq!(instead.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_malformed_request_is_refused() {
    let desk = Desk::new();
    let good = exchange(&desk.code().await);
    let mut twice = good.clone();
    twice.push(("code_verifier", VERIFIER.to_owned()));
    let with_query = format!("{}?client_id=acme", desk.provider.endpoint("/token"));
    let with_query = Request::post(with_query).header("content-type", "application/x-www-form-urlencoded");
    let as_text =
        Request::post(desk.provider.endpoint("/token").as_str()).header("content-type", "text/plain");

    for fields in [
        twice,
        without(good.clone(), "code"),
        without(good.clone(), "code_verifier"),
        without(good.clone(), "redirect_uri"),
        without(good.clone(), "grant_type"),
        with(good.clone(), "code_verifier", "short"),
    ] {
        assert_eq!(desk.token(&fields).await, refused("invalid_request"), "{fields:?}");
    }
    assert_eq!(
        desk.token(&with(good.clone(), "grant_type", "password")).await,
        refused("unsupported_grant_type")
    );
    for request in [with_query, as_text] {
        let answer = desk.send(request, &form(&good)).await.unwrap();
        assert_eq!(answer.body(), b"{\"error\":\"invalid_request\"}");
    }
}

#[tokio::test]
async fn a_code_is_bound_to_client_redirect_uri_and_verifier() {
    for (name, value) in [
        ("redirect_uri", "https://connect.test/connect/callback/reg_2"),
        ("code_verifier", "another-verifier-of-forty-three-characters-or-more"),
    ] {
        let desk = Desk::new();
        let good = exchange(&desk.code().await);

        let wrong = desk.token(&with(good.clone(), name, value)).await;
        let second_try = desk.token(&good).await;

        assert_eq!(wrong, refused("invalid_grant"), "{name}");
        assert_eq!(second_try, refused("invalid_grant"), "{name}");
    }
}

#[tokio::test]
async fn another_client_neither_gets_nor_burns_a_code() {
    let desk = Desk::new();
    let good = exchange(&desk.code().await);
    let theirs = with(with(good.clone(), "client_id", "other"), "client_secret", "other secret");

    let theirs = desk.token(&theirs).await;
    let ours = desk.token(&good).await;

    assert_eq!(theirs, refused("invalid_grant"));
    assert_eq!(ours.0, StatusCode::OK);
}

#[tokio::test]
async fn a_replayed_code_ends_the_tokens_it_gave() {
    let desk = Desk::new();
    let good = exchange(&desk.code().await);
    let (_, tokens) = desk.token(&good).await;

    let replay = desk.token(&good).await;

    assert_eq!(replay, refused("invalid_grant"));
    assert_eq!(desk.userinfo(&tokens["access_token"]).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(desk.token(&refresh(&tokens["refresh_token"])).await, refused("invalid_grant"));
}

#[tokio::test]
async fn a_code_lives_for_a_minute() {
    let desk = Desk::new();
    let code = desk.code().await;

    desk.clock.advance_seconds(60);

    assert_eq!(desk.token(&exchange(&code)).await, refused("invalid_grant"));
}

#[tokio::test]
async fn a_refresh_rotates_and_a_replay_ends_the_family() {
    let desk = Desk::new();
    let old = desk.tokens().await;
    let (status, new) = desk.token(&refresh(&old["refresh_token"])).await;

    let replay = desk.token(&refresh(&old["refresh_token"])).await;

    assert_eq!(status, StatusCode::OK);
    assert_ne!(new["refresh_token"], old["refresh_token"]);
    assert_eq!(replay, refused("invalid_grant"));
    assert_eq!(desk.token(&refresh(&new["refresh_token"])).await, refused("invalid_grant"));
    assert_eq!(desk.userinfo(&new["access_token"]).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(desk.provider.ledger().active_refresh_tokens, 0);
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_but_not_widen_it() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    let asking = |scope: &str| {
        let mut fields = refresh(&tokens["refresh_token"]);
        fields.push(("scope", scope.to_owned()));
        fields
    };

    let wider = desk.token(&asking("files.read files.write")).await;
    let narrower = desk.token(&asking("profile")).await;

    assert_eq!(wider, refused("invalid_scope"));
    assert_eq!(narrower.1["scope"], "profile");
}
