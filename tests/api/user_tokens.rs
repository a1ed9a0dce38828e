//! `user_token` at mint, and `Grantway-User-Token` with calls about grants.

use serde_json::{Value, json};

use crate::world::{Answer, World};

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap().to_owned())
}

async fn connected(world: &World) -> String {
    world.connect(&world.mint(json!({"allowed_providers": ["files"]})).await, &[]).await;
    let list = world.api("GET", "/v1/grants", None).await.json();
    list["data"][0]["grant_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_is_minted_by_a_token_instead_of_an_id() {
    let world = World::new().await;
    let mint = async |body: Value| world.api("POST", "/v1/connect/sessions", Some(body)).await;

    let minted = mint(json!({"user_token": world.user_token("u7")})).await.json();
    let id = minted["session_id"].as_str().unwrap();
    let status = world.api("GET", &format!("/v1/connect/sessions/{id}"), None).await.json();
    let other = mint(json!({"user_token": world.user_token("u7"), "user": {"id": "u1"}})).await;
    let wrong = mint(json!({"user_token": "no token"})).await;

    assert_eq!(status["user"], json!({"id": "u7"}));
    assert_eq!(refusal(&other), (403, "user_mismatch".to_owned()));
    assert_eq!(refusal(&wrong), (403, "invalid_user_token".to_owned()));
    assert!(!wrong.text.contains("no token"));
}

#[tokio::test]
async fn a_call_on_behalf_of_a_user_reaches_that_users_grants_alone() {
    let world = World::new().await;
    let id = connected(&world).await;
    let (own, others) = (world.user_token("u1"), world.user_token("u2"));
    let token = json!({"provider": "files", "user_id": "u1"});
    let calls = [
        ("GET", format!("/v1/grants/{id}"), None),
        ("POST", format!("/v1/grants/{id}/token"), None),
        ("POST", "/v1/token".to_owned(), Some(token)),
        ("DELETE", format!("/v1/grants/{id}"), None),
    ];
    let never = world.api("GET", "/v1/grants/6f9619ff-8b86-4011-b42d-00cf4fc964ff", None).await;

    for (method, path, body) in &calls {
        let answer = world.api_for(&others, method, path, body.clone()).await;
        assert_eq!((answer.status, &answer.text), (never.status, &never.text), "{method} {path}");
    }
    let proxied = world.api_for(&others, "GET", &format!("/v1/grants/{id}/proxy/x"), None).await;
    assert_eq!((proxied.status, &proxied.text), (never.status, &never.text));
    for (method, path, body) in calls {
        assert_eq!(world.api_for(&own, method, &path, body).await.status, 200, "{method} {path}");
    }
}

#[tokio::test]
async fn a_list_on_behalf_of_a_user_has_only_theirs() {
    let world = World::new().await;
    let id = connected(&world).await;
    let list = async |user: &str, query: &str| {
        let token = world.user_token(user);
        world.api_for(&token, "GET", &format!("/v1/grants{query}"), None).await.json()["data"].clone()
    };

    assert_eq!(list("u1", "").await[0]["grant_id"], id.as_str());
    assert_eq!(list("u1", "?user_id=u1").await[0]["grant_id"], id.as_str());
    for (user, query) in [("u2", ""), ("u2", "?user_id=u1"), ("u1", "?user_id=u2")] {
        assert_eq!(list(user, query).await, json!([]), "{user} {query}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_believed_opens_nothing() {
    let world = World::new().await;
    let id = connected(&world).await;
    let late = world.user_token("u1");
    world.clock.advance_seconds(661);

    for token in ["", "no token", &late] {
        for path in ["/v1/grants".to_owned(), format!("/v1/grants/{id}")] {
            let answer = world.api_for(token, "GET", &path, None).await;
            assert_eq!(refusal(&answer), (403, "invalid_user_token".to_owned()), "{token} {path}");
        }
    }
    let twice = http::Request::get("/v1/grants")
        .header("authorization", format!("Bearer {}", world.key.expose()))
        .header("grantway-user-token", world.user_token("u1"))
        .header("grantway-user-token", world.user_token("u2"));
    let twice = world.send(twice.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(refusal(&twice), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_user_deletes_no_other_user() {
    let world = World::new().await;
    connected(&world).await;

    let other = world.api_for(&world.user_token("u2"), "DELETE", "/v1/users/u1", None).await;
    let own = world.api_for(&world.user_token("u1"), "DELETE", "/v1/users/u1", None).await;

    assert_eq!(refusal(&other), (403, "user_mismatch".to_owned()));
    assert_eq!(own.json()["grants_revoked"].as_array().unwrap().len(), 1);
}
