//! A token that the provider refuses before its end: refreshed once, and the call made once more.

use super::upstream::{Stage, Wish};

const API: &str = "api_urls = ['{site}']";

#[tokio::test]
async fn a_refused_token_is_refreshed_and_the_call_repeated_with_its_body() {
    let stage = Stage::new(API).await;
    let before = stage.token_requests();
    stage.world.provider.end_access_tokens();

    let answer = stage.call(Wish::new("GET", "userinfo")).await;

    assert_eq!((answer.status.as_u16(), answer.json()["id"].as_str()), (200, Some("ada")));
    assert_eq!((stage.token_requests() - before, stage.audit("proxy.called").await.len()), (1, 1));
    stage.call(Wish::new("GET", "userinfo")).await;
    assert_eq!(stage.token_requests() - before, 1, "the fresh one was kept");
}

#[tokio::test]
async fn many_refused_calls_share_one_refresh() {
    let stage = Stage::new(API).await;
    let before = stage.token_requests();
    stage.world.provider.end_access_tokens();

    let answers = futures::future::join_all((0..8).map(|_| stage.call(Wish::new("GET", "userinfo")))).await;

    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(stage.token_requests() - before, 1);
}

#[tokio::test]
async fn a_call_that_is_refused_with_any_token_costs_one_refresh_and_no_more() {
    let stage = Stage::new(API).await;
    let before = stage.token_requests();

    for _ in 0..3 {
        let answer = stage.call(Wish::new("POST", "api/never").body("x")).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, "never"));
        assert_eq!(answer.header("grantway-upstream"), Some("true"));
    }

    assert_eq!(stage.token_requests() - before, 1);
}

#[tokio::test]
async fn a_call_whose_body_was_not_kept_is_not_repeated() {
    let stage = Stage::new(API).await;
    let before = stage.token_requests();
    let large = Box::leak("x".repeat(64 * 1024 + 1).into_boxed_str());

    let answer = stage.call(Wish::new("POST", "api/never").body(large)).await;

    assert_eq!((answer.status.as_u16(), stage.token_requests() - before), (401, 0));
}

#[tokio::test]
async fn a_grant_that_turns_out_dead_is_told_as_such() {
    let stage = Stage::new(API).await;
    stage.world.provider.revoke_all();

    let answer = stage.call(Wish::new("GET", "userinfo")).await;

    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (409, Some("credential_revoked")));
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_providers_refusal() {
    use grantway_testkit::{Switches, TokenBehaviour};
    let stage = Stage::new(API).await;
    stage.world.provider.end_access_tokens();
    let token = TokenBehaviour::ServerError;
    stage.world.provider.set_switches(Switches { token, ..Switches::default() });

    let answer = stage.call(Wish::new("GET", "userinfo")).await;

    assert_eq!((answer.status.as_u16(), answer.header("grantway-upstream")), (401, Some("true")));
    stage.world.provider.set_switches(Switches::default());
    assert_eq!(stage.call(Wish::new("GET", "userinfo")).await.status, 200);
}
