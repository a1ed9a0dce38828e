//! The server functions' public posts obey the same cookie and the same guard as the pages.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, CONNECT, World};

async fn call(world: &World, name: &str, origin: Option<&str>, cookies: &str, body: Value) -> Answer {
    let mut request = Request::post(format!("/connect/calls/{name}"))
        .header("content-type", "application/json")
        .header("accept", "text/html")
        .header("referer", "https://evil.test/page")
        .header("cookie", cookies);
    if let Some(origin) = origin {
        let site = if origin == CONNECT { "same-origin" } else { "cross-site" };
        request = request.header("origin", origin).header("sec-fetch-site", site);
    }
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn another_site_gets_403_and_no_location() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;

    for origin in [Some("https://evil.test"), Some("null"), None] {
        for (name, body) in [
            ("validate_session", json!({"session_id": id})),
            ("exchange", json!({"registration": "acme.files", "query": "?state=x&code=y"})),
        ] {
            let answer = call(&world, name, origin, &cookies, body).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (403, None), "{name} {origin:?}");
        }
    }
}

#[tokio::test]
async fn our_own_page_validates_its_session_and_the_wrong_browser_does_not() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({"allowed_providers": ["files"]})).await, &[]).await;
    let body = json!({"session_id": id});

    let own = call(&world, "validate_session", Some(CONNECT), &cookies, body.clone()).await;
    let wrong = call(&world, "validate_session", Some(CONNECT), "", body).await;

    assert_eq!(own.json()["shown"]["Pick"]["choices"][0]["provider"], "files");
    assert!(!wrong.status.is_success());
    assert!(wrong.text.contains("wrong_browser"), "{}", wrong.text);
}

#[tokio::test]
async fn an_exchange_in_the_wrong_browser_is_refused_and_nothing_is_spent() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (id, cookies) = world.open(&minted, &[]).await;
    let (url, cookies) = world.depart(&id, &cookies).await;
    let callback = grantway_testkit::Person::allow(&world.provider, &url, "ada").await;
    let body = json!({"registration": "acme.files", "query": format!("?{}", callback.query().unwrap())});

    let wrong = call(&world, "exchange", Some(CONNECT), "", body.clone()).await;
    assert!(wrong.text.contains("wrong_browser") && !wrong.status.is_success(), "{}", wrong.text);
    assert_eq!(world.provider.ledger().token_requests.len(), 0);

    let own = call(&world, "exchange", Some(CONNECT), &cookies, body).await;
    assert_eq!(own.json(), Value::String(id));
    assert_eq!(world.provider.ledger().token_requests.len(), 1);
}
