//! The page between pick and depart, and the same parameters preset by the app.

use serde_json::json;

use crate::world::{APP, CONNECT, World};

async fn asking(world: &World) -> (String, String) {
    let minted = world.mint(json!({"allowed_providers": ["shops"]})).await;
    let (id, cookies) = world.open(&minted, &[]).await;
    (format!("/connect/{id}/depart"), cookies)
}

#[tokio::test]
async fn a_person_is_asked_for_the_shop_and_told_what_is_wrong_with_it() {
    let world = World::new().await;
    let (depart, cookies) = asking(&world).await;
    let say = async |shop: &str| {
        let form = [("provider", "shops"), ("parameter.shop", shop)];
        world.post(&depart, Some(CONNECT), &cookies, &form).await
    };

    let first = world.post(&depart, Some(CONNECT), &cookies, &[("provider", "shops")]).await;
    let nothing = say(" ").await;
    let evil = say("evil.test#\"><script>").await;
    let whole = say("https://Acme.shops.test/admin").await;

    assert_eq!(first.status, 200);
    assert!(
        first.text.contains(r#"name="parameter.shop""#) && first.text.contains(".shops.test"),
        "{}",
        first.text
    );
    assert!(!first.text.contains("class=\"wrong\""), "{}", first.text);
    assert_eq!(nothing.status, 422);
    assert!(nothing.text.contains("Please fill this in, for example: acme"), "{}", nothing.text);
    assert_eq!(evil.status, 422);
    assert!(
        evil.text.contains("It should be like: acme") && !evil.text.contains("<script>\""),
        "{}",
        evil.text
    );
    assert!(
        evil.text.contains("evil.test#&quot;&gt;&lt;script&gt;"),
        "what was typed is kept: {}",
        evil.text
    );
    assert_eq!(whole.status, 200);
    assert!(whole.text.contains("https://acme.shops.test/authorize?"), "{}", whole.text);
}

#[tokio::test]
async fn an_app_that_knows_the_shop_spares_the_person_the_question() {
    let world = World::new().await;
    let minted =
        world.mint(json!({"allowed_providers": ["shops"], "parameters": {"shops": {"shop": "acme"}}})).await;
    let (id, cookies) = world.open(&minted, &[]).await;

    let answer =
        world.post(&format!("/connect/{id}/depart"), Some(CONNECT), &cookies, &[("provider", "shops")]).await;

    assert!(answer.text.contains("https://acme.shops.test/authorize?"), "{}", answer.text);
}

#[tokio::test]
async fn a_preset_that_does_not_fit_is_a_problem_that_names_it() {
    let world = World::new().await;
    for (parameters, field, rule) in [
        (
            json!({"shops": {"shop": "evil.test/"}}),
            "parameters.shops.shop",
            "does not fit; Shop name, such as acme",
        ),
        (
            json!({"shops": {"shp": "acme"}}),
            "parameters.shops.shp",
            "is no connection parameter of Shops; known: shop",
        ),
        (
            json!({"files": {"shop": "acme"}}),
            "parameters.files.shop",
            "is no connection parameter of Files; it has none",
        ),
        (json!({"nobody": {}}), "parameters.nobody", "is not one of the session's providers"),
    ] {
        let body = json!({"user": {"id": "u1"}, "allowed_origin": APP, "parameters": parameters});

        let answer = world.api("POST", "/v1/connect/sessions", Some(body)).await;

        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (422, Some("invalid_field")));
        assert_eq!(answer.json()["field"], field);
        assert!(answer.json()["detail"].as_str().unwrap().contains(rule), "{}", answer.text);
    }
}
