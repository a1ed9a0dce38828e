//! `Idempotency-Key`

use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn mint(world: &World, key: &str, user: &str) -> Answer {
    let body = json!({"user": {"id": user}, "allowed_providers": ["files"]});
    post(world, "/v1/connect/sessions", key, &body).await
}

async fn post(world: &World, path: &str, key: &str, body: &Value) -> Answer {
    let request = http::Request::post(path)
        .header("authorization", format!("Bearer {}", world.key.expose()))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    world.send(request.body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn a_mint_that_is_sent_again_is_answered_again_and_makes_one_session() {
    let world = World::new().await;

    let first = mint(&world, "k1", "u1").await;
    let again = mint(&world, "k1", "u1").await;
    let another = mint(&world, "k2", "u1").await;

    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_ne!(first.json()["session_id"], another.json()["session_id"]);
}

#[tokio::test]
async fn the_same_key_for_something_else_is_refused() {
    let world = World::new().await;
    mint(&world, "k1", "u1").await;

    let other_body = mint(&world, "k1", "u2").await;
    let other_route = post(&world, "/v1/connect/complete", "k1", &json!({})).await;

    for refused in [other_body, other_route] {
        assert_eq!(
            (refused.status.as_u16(), refused.json()["code"].as_str()),
            (422, Some("idempotency_key_reused"))
        );
    }
}

#[tokio::test]
async fn what_was_refused_may_be_corrected_under_its_key() {
    let world = World::new().await;

    let refused = mint(&world, "k1", " ").await;
    let corrected = mint(&world, "k1", "u1").await;

    assert_eq!((refused.status.as_u16(), corrected.status.as_u16()), (422, 201));
}

#[tokio::test]
async fn a_key_is_not_empty_and_not_endless() {
    let world = World::new().await;
    for key in ["", &"k".repeat(256)] {
        let answer = mint(&world, key, "u1").await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("invalid_request")));
    }
    assert_eq!(mint(&world, &"k".repeat(255), "u1").await.status, 201);
}

#[tokio::test]
async fn who_has_no_key_of_the_api_gets_no_kept_answer() {
    let world = World::new().await;
    mint(&world, "k1", "u1").await;
    let request = http::Request::post("/v1/connect/sessions").header("idempotency-key", "k1");

    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;

    assert_eq!(answer.status, 401);
}
