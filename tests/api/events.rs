//! `/v1/events`

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn events_are_polled_from_where_one_left_off() {
    let world = World::new().await;
    let read = async |query: &str| world.api("GET", &format!("/v1/events?{query}"), None).await.json();
    assert_eq!(read("").await, json!({"data": [], "next": "0"}));
    for _ in 0..3 {
        let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
        world.connect(&minted, &[]).await;
    }

    let first = read("limit=2").await;
    let rest = read("limit=2&after=2").await;

    let kinds = |page: &serde_json::Value| -> Vec<_> {
        page["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect()
    };
    assert_eq!(
        (kinds(&first), &first["next"]),
        (vec!["grant.created".into(), "grant.reauthorized".into()], &json!("2"))
    );
    assert_eq!((kinds(&rest), &rest["next"]), (vec!["grant.reauthorized".into()], &json!("3")));
    let event = &first["data"][0];
    assert!(event["id"].as_str().unwrap().starts_with("evt_") && event["timestamp"].is_string());
    assert_eq!(event["data"]["user"]["id"], "u1");
    assert_eq!(
        read("after=3").await,
        json!({"data": [], "next": "3"}),
        "nothing new: ask again with the same"
    );
    assert_eq!(read("type=grant.created").await["data"], json!([event]));
    for wrong in ["limit=0", "limit=201", "after=x", "type=grant.maid", "unknown=1"] {
        assert_eq!(read(wrong).await["code"], "invalid_field", "{wrong}");
    }
}

#[tokio::test]
async fn events_are_forgotten_after_thirty_days() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.connect(&minted, &[]).await;

    world.clock.advance_seconds(30 * 24 * 3600);
    assert_eq!(world.service.forget_events().await.unwrap(), 0);
    world.clock.advance_seconds(1);
    assert_eq!(world.service.forget_events().await.unwrap(), 1);

    let answer = world.api("GET", "/v1/events", None).await.json();
    assert_eq!(answer, json!({"data": [], "next": "0"}));
}

#[tokio::test]
async fn a_call_on_behalf_of_one_user_reads_no_events() {
    let world = World::new().await;

    let answer = world.api_for(&world.user_token("u1"), "GET", "/v1/events", None).await;

    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("invalid_request")));
}
