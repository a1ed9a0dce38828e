//! Asking too often.

use std::{net::SocketAddr, num::NonZeroU32};

use axum::extract::ConnectInfo;
use grantway::server::limits::LimitSettings;
use grantway_core::KeyScope;
use serde_json::json;

use crate::world::{APP, Answer, CONNECT, World, key_spec};

const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

fn is_told_when(answer: &Answer) -> bool {
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    answer.status == 429 && seconds.is_some_and(|seconds| (1..=60).contains(&seconds))
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_another_does_not() {
    let world = World::with_limits(LimitSettings { per_key: TWO, ..LimitSettings::default() }).await;
    let spec = key_spec("other", &[KeyScope::ReadTokens]);
    let other = world.service.create_key(&"acme".parse().unwrap(), spec).await.unwrap();
    let list = async |key| world.api_by(key, "GET", "/v1/grants", None).await;

    assert_eq!((list(&world.key).await.status.as_u16(), list(&world.key).await.status.as_u16()), (200, 200));
    let refused = list(&world.key).await;

    assert!(is_told_when(&refused), "{}", refused.text);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["code"], "rate_limited");
    assert_eq!(list(&other).await.status, 200);
}

#[tokio::test]
async fn an_address_that_guesses_keys_waits_and_a_right_key_there_does_not() {
    let world = World::with_limits(LimitSettings { per_address: TWO, ..LimitSettings::default() }).await;
    let guess = async || {
        let request = http::Request::get("/v1/grants").header("authorization", "Bearer gw_sk_guess");
        world.send(request.body(axum::body::Body::empty()).unwrap()).await
    };

    assert_eq!((guess().await.status.as_u16(), guess().await.status.as_u16()), (401, 401));
    assert!(is_told_when(&guess().await));
    assert_eq!(world.api("GET", "/v1/grants", None).await.status, 200);
}

#[tokio::test]
async fn an_address_that_opens_pages_too_often_gets_a_page_that_says_so_and_another_address_does_not() {
    let world = World::with_limits(LimitSettings { per_address: TWO, ..LimitSettings::default() }).await;
    let open = async |address: &str| {
        let peer: SocketAddr = address.parse().unwrap();
        let request = http::Request::get("/connect?session=gws_x").header("accept", "text/html");
        world.send(request.extension(ConnectInfo(peer)).body(axum::body::Body::empty()).unwrap()).await
    };

    for _ in 0..2 {
        assert_eq!(open("192.0.2.1:1").await.status, 410);
    }
    let refused = open("192.0.2.1:2").await;

    assert!(is_told_when(&refused) && refused.text.contains("Too many requests"), "{}", refused.text);
    assert_eq!(open("192.0.2.2:1").await.status, 410);
    let health = world.get("/healthz", "").await;
    assert_eq!(health.status, 200);
}

#[tokio::test]
async fn a_result_is_asked_for_as_often_as_the_address_may() {
    let world = World::with_limits(LimitSettings { per_address: TWO, ..LimitSettings::default() }).await;
    let ask = async || world.post("/v1/connect/result", Some(APP), "", &[("code", "gwr_x")]).await;

    assert_eq!((ask().await.status.as_u16(), ask().await.status.as_u16()), (410, 410));
    let refused = ask().await;
    assert!(is_told_when(&refused));
    assert_eq!(refused.json()["code"], "rate_limited");
}

#[tokio::test]
async fn a_session_starts_so_often_and_another_session_is_not_held_up() {
    let limits = LimitSettings { starts_per_session: TWO, ..LimitSettings::default() };
    let world = World::with_limits(limits).await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;
    let (other, other_cookies) = world.open(&world.mint(json!({})).await, &[]).await;
    let depart = async |id: &str, cookies: &str| {
        let path = format!("/connect/{id}/depart");
        world.post(&path, Some(CONNECT), cookies, &[("provider", "files")]).await
    };

    for _ in 0..2 {
        assert_eq!(depart(&id, &cookies).await.status, 200);
    }
    assert!(is_told_when(&depart(&id, &cookies).await));
    assert_eq!(depart(&other, &other_cookies).await.status, 200);
}
