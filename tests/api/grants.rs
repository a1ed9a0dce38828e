//! `/v1/grants`

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_grant_is_listed_shown_used_and_revoked() {
    let world = World::new().await;
    let id = world.grant().await;

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
    let id = world.grant().await;

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

#[tokio::test]
async fn a_token_is_asked_for_by_user_and_provider_and_says_how_it_is_carried() {
    let world = World::new().await;
    let id = world.grant().await;
    let ask = async |body: Value| world.api("POST", "/v1/token", Some(body)).await;

    let token = ask(json!({"provider": "files", "user_id": "u1"})).await.json();
    let nobody = ask(json!({"provider": "files", "user_id": "u2"})).await;
    let more = ask(json!({"provider": "files", "user_id": "u1", "scopes": ["files.write"]})).await;
    let wrong = ask(json!({"provider": "files", "user": "u1"})).await;

    assert_eq!(token["grant_id"], id.as_str());
    assert_eq!(
        token["injection"],
        json!({"in": "header", "name": "Authorization", "value": "Bearer {access_token}"})
    );
    assert_eq!((nobody.status.as_u16(), nobody.json()["code"].as_str()), (404, Some("grant_not_found")));
    assert_eq!((more.status.as_u16(), more.json()["code"].as_str()), (403, Some("insufficient_scope")));
    assert_eq!(
        (&more.json()["grant_id"], &more.json()["scopes_missing"]),
        (&json!(id), &json!(["files.write"]))
    );
    assert_eq!((wrong.status.as_u16(), wrong.json()["code"].as_str()), (422, Some("invalid_field")));
}

#[tokio::test]
async fn several_grants_of_one_user_are_named_instead_of_guessed() {
    let world = World::new().await;
    world.grant().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (id, cookies) = world.open(&minted, &[]).await;
    let (url, cookies) = world.depart(&id, &cookies).await;
    let callback = grantway_testkit::Person::allow(&world.provider, &url, "grace").await;
    world.get(&format!("{}?{}", callback.path(), callback.query().unwrap()), &cookies).await;
    // The callback's answer may come before the exchange has ended.
    while world.api("GET", "/v1/grants?user_id=u1", None).await.json()["data"].as_array().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }

    let answer = world.api("POST", "/v1/token", Some(json!({"provider": "files", "user_id": "u1"}))).await;

    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (409, Some("ambiguous_grant")));
    let mut named: Vec<_> = answer.json()["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| grant["account_identifier"].as_str().unwrap().to_owned())
        .collect();
    named.sort();
    assert_eq!(named, ["ada@example.com", "grace@example.com"]);
}
