//! What is switched to go wrong does, and only that.

use futures::FutureExt as _;

use super::*;
use crate::{Answer, PersonError};

#[tokio::test]
async fn a_switched_token_endpoint_answers_as_switched() {
    for (token, status) in [
        (TokenBehaviour::ServerError, StatusCode::INTERNAL_SERVER_ERROR),
        (TokenBehaviour::Html, StatusCode::OK),
        (TokenBehaviour::InvalidGrant, StatusCode::BAD_REQUEST),
    ] {
        let desk = Desk::new();
        let good = exchange(&desk.code().await);
        desk.provider.set_switches(Switches { token, ..Switches::default() });

        let switched = desk.token(&good).await;
        desk.provider.set_switches(Switches::default());
        let normal = desk.token(&good).await;

        assert_eq!(switched.0, status);
        assert!(switched.1.get("access_token").is_none());
        assert_eq!(normal.0, StatusCode::OK, "the code was left alone");
    }
}

#[tokio::test]
async fn hanging_up_spends_the_refresh_token_all_the_same() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    desk.provider.set_switches(Switches { token: TokenBehaviour::HangUp, ..Switches::default() });

    let lost = desk.post("/token", &refresh(&tokens["refresh_token"])).await;

    assert!(matches!(lost, Err(grantway_engine::HttpError::Unanswered)));
    assert_eq!(desk.provider.ledger().count(GrantType::RefreshToken, TokenOutcome::Lost), 1);
    desk.provider.set_switches(Switches::default());
    assert_eq!(desk.token(&refresh(&tokens["refresh_token"])).await, refused("invalid_grant"));
}

#[tokio::test]
async fn a_slow_or_silent_token_endpoint_keeps_its_caller_waiting() {
    for token in [TokenBehaviour::Slow, TokenBehaviour::Silent] {
        let desk = Desk::new();
        let good = exchange(&desk.code().await);
        desk.provider.set_switches(Switches { token, ..Switches::default() });

        let at_once = desk.token(&good).now_or_never();

        assert!(at_once.is_none());
    }
}

#[tokio::test]
async fn the_person_switches_one_connection_only() {
    let desk = Desk::new();
    let scopes = &["profile"];
    let answer = Answer::AllowSome { account: "grace", scopes, behaviour: TokenBehaviour::InvalidGrant };
    let url = desk.authorize_url(&question());
    let callback = Person::answer(&desk.provider, &url, answer).await.unwrap();

    let switched = desk.token(&exchange(&query(&callback)["code"])).await;
    let neighbour = desk.token(&exchange(&desk.code().await)).await;

    assert_eq!(switched, refused("invalid_grant"));
    assert_eq!(neighbour.0, StatusCode::OK);
}

#[tokio::test]
async fn without_rotation_a_refresh_answers_no_refresh_token_and_keeps_the_old() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    desk.provider.set_switches(Switches { rotate: false, ..Switches::default() });

    let first = desk.token(&refresh(&tokens["refresh_token"])).await;
    let second = desk.token(&refresh(&tokens["refresh_token"])).await;

    assert!(first.1.get("refresh_token").is_none());
    assert_eq!(second.0, StatusCode::OK);
}

#[tokio::test]
async fn the_switch_page_switches_pages_and_scopes() {
    let desk = Desk::new();
    let boxes = [("token", "normal"), ("coop", "same-origin"), ("rotate", "on"), ("partial_scopes", "on")];
    let boxes = boxes.map(|(name, value)| (name, value.to_owned())).to_vec();

    let saved = desk.post("/switches", &boxes).await.unwrap();
    let url = desk.authorize_url(&question());
    let page = desk.send(Request::get(url.as_str()), "").await.unwrap();
    let tokens = desk.tokens().await;

    assert_eq!(saved.headers()["location"], "/switches?done=saved");
    assert_eq!(page.headers()["cross-origin-opener-policy"], "same-origin");
    assert_eq!(tokens["scope"], "files.read");
    assert!(!desk.provider.switches().error_page);
}

#[tokio::test]
async fn the_error_page_leaves_the_person_there() {
    let desk = Desk::new();
    desk.provider.set_switches(Switches { error_page: true, ..Switches::default() });
    let url = desk.authorize_url(&question());

    let stuck = Person::answer(&desk.provider, &url, Answer::Deny).await;

    assert!(matches!(stuck, Err(PersonError::Stuck { status: StatusCode::SERVICE_UNAVAILABLE, .. })));
}

#[tokio::test]
async fn revoking_everything_ends_every_token() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;

    desk.post("/switches/revoke", &Vec::new()).await.unwrap();

    assert_eq!(desk.token(&refresh(&tokens["refresh_token"])).await, refused("invalid_grant"));
    assert_eq!(desk.provider.ledger().active_access_tokens, 0);
}
