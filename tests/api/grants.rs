//! `/v1/grants`

use serde_json::{Value, json};

use crate::world::World;

async fn connected(world: &World) -> String {
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.connect(&minted, &[]).await;
    let list = world.api("GET", "/v1/grants?user_id=u1", None).await.json();
    list["data"][0]["grant_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_grant_is_listed_shown_used_and_revoked() {
    let world = World::new().await;
    let id = connected(&world).await;

    let shown = world.api("GET", &format!("/v1/grants/{id}"), None).await.json();
    let token = world.api("POST", &format!("/v1/grants/{id}/token"), None).await.json();
    let revoked = world.api("DELETE", &format!("/v1/grants/{id}"), None).await.json();
    let gone = world.api("POST", &format!("/v1/grants/{id}/token"), None).await;

    assert_eq!(
        (shown["status"].as_str(), shown["account_identifier"].as_str()),
        (Some("active"), Some("ada@example.com"))
    );
    assert!(token["access_token"].as_str().unwrap().starts_with("CANARY-access"));
    assert_eq!(
        (token["token_type"].as_str(), token["scopes"].clone()),
        (Some("Bearer"), json!(["profile", "files.read"]))
    );
    assert_eq!(revoked["status"], "revoked");
    assert_eq!(gone.status, 409);
    let problem = gone.json();
    assert_eq!(
        (problem["code"].as_str(), problem["grant_id"].as_str(), problem["provider"].as_str()),
        (Some("credential_revoked"), Some(id.as_str()), Some("files"))
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let world = World::new().await;
    let id = connected(&world).await;

    let read = async |query: &str| world.api("GET", &format!("/v1/grants?{query}"), None).await.json();

    assert_eq!(read("limit=1").await["next"], Value::String(id.clone()));
    assert_eq!(read(&format!("limit=1&after={id}")).await, json!({"data": [], "next": null}));
    assert_eq!(read("user_id=nobody").await["data"], json!([]));
    assert_eq!(read("status=revoked").await["data"], json!([]));
    assert_eq!(read("provider=files").await["data"][0]["grant_id"], Value::String(id));
    for wrong in ["limit=0", "limit=201", "after=x", "status=x", "unknown=1"] {
        assert_eq!(read(wrong).await["code"], "invalid_field", "{wrong}");
    }
}

#[tokio::test]
async fn a_grant_that_is_not_there_is_not_found() {
    let world = World::new().await;
    for id in ["6f9619ff-8b86-4011-b42d-00cf4fc964ff", "x"] {
        for (method, tail) in [("GET", ""), ("DELETE", ""), ("POST", "/token")] {
            let answer = world.api(method, &format!("/v1/grants/{id}{tail}"), None).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["code"].as_str()),
                (404, Some("grant_not_found")),
                "{method} {id}{tail}"
            );
        }
    }
}
