//! `/userinfo`, `/revoke`, `/ledger`.

use super::*;

fn revocation(token: &Value) -> Fields {
    vec![
        ("token", token.as_str().unwrap().to_owned()),
        ("client_id", "acme".to_owned()),
        ("client_secret", "acme secret".to_owned()),
    ]
}

#[tokio::test]
async fn an_access_token_tells_its_account_for_an_hour() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;

    let account = desk.userinfo(&tokens["access_token"]).await;
    desk.clock.advance_seconds(3600);
    let expired = desk.userinfo(&tokens["access_token"]).await;

    assert_eq!(
        serde_json::from_slice::<Value>(account.body()).unwrap(),
        serde_json::json!({ "id": "ada", "email": "ada@example.com", "name": "Ada Lovelace", "login": "ada" })
    );
    assert_eq!(expired.status(), StatusCode::UNAUTHORIZED);
    assert!(expired.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_everything_that_came_with_it() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;

    let answer = desk.post("/revoke", &revocation(&tokens["refresh_token"])).await.unwrap();

    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(desk.userinfo(&tokens["access_token"]).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(desk.provider.ledger().revoked, 1);
}

#[tokio::test]
async fn revoking_an_unknown_token_succeeds_and_anothers_does_not() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    let theirs = with(revocation(&tokens["access_token"]), "client_id", "other");
    let theirs = with(theirs, "client_secret", "other secret");

    let unknown = desk.post("/revoke", &revocation(&"nothing".into())).await.unwrap();
    let anothers = desk.post("/revoke", &theirs).await.unwrap();

    assert_eq!(unknown.status(), StatusCode::OK);
    assert_eq!(anothers.status(), StatusCode::BAD_REQUEST);
    assert_eq!(desk.userinfo(&tokens["access_token"]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_ledger_counts_and_tells_no_secret() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    desk.token(&refresh(&tokens["refresh_token"])).await;

    let url = desk.provider.endpoint("/ledger");
    let answer = desk.send(Request::get(url.as_str()), "").await.unwrap();

    let text = String::from_utf8(answer.into_body()).unwrap();
    let counts: Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("CANARY-"));
    assert_eq!(counts["authorize"], 1);
    assert_eq!(counts["code_requests"], 1);
    assert_eq!(counts["refresh_requests"], 1);
    assert_eq!(counts["active_access_tokens"], 2);
    assert_eq!(counts["active_refresh_tokens"], 1);
}
