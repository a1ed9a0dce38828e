//! `/v1/users`

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_deletion_says_what_it_did_and_does_nothing_twice() {
    let world = World::new().await;
    world.connect(&world.mint(json!({"user": {"id": "a/b c"}})).await, &[]).await;
    world.open(&world.mint(json!({"user": {"id": "a/b c"}})).await, &[]).await;
    let delete = async || world.api("DELETE", "/v1/users/a%2Fb%20c", None).await;

    let (first, second) = (delete().await.json(), delete().await.json());

    let list = world.api("GET", "/v1/grants?user_id=a%2Fb%20c", None).await.json();
    let grant = &list["data"][0];
    assert_eq!(
        first,
        json!({"user_id": "a/b c", "grants_revoked": [grant["grant_id"]], "grants_forgotten": 0, "sessions_ended": 1})
    );
    assert_eq!(
        second,
        json!({"user_id": "a/b c", "grants_revoked": [], "grants_forgotten": 0, "sessions_ended": 0})
    );
    assert_eq!((&grant["status"], &grant["account_identifier"]), (&json!("revoked"), &json!(null)));
}

#[tokio::test]
async fn a_deletion_needs_a_key() {
    let world = World::new().await;
    let request = http::Request::delete("/v1/users/u1").body(axum::body::Body::empty()).unwrap();

    let answer = world.send(request).await;

    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (401, Some("unauthorized")));
}
