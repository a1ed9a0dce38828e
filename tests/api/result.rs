//! `POST /v1/connect/result`

use serde_json::json;

use crate::world::{APP, World};

const POLL: &str = "0123456789abcdefghijkl";

#[tokio::test]
async fn the_widgets_page_reads_the_result_and_no_other_page_does() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.connect(&minted, &[("mode", "popup"), ("poll", POLL)]).await;

    let own = world.post("/v1/connect/result", Some(APP), "", &[("poll", POLL)]).await;
    let other = world.post("/v1/connect/result", Some("https://evil.test"), "", &[("poll", POLL)]).await;
    let none = world.post("/v1/connect/result", None, "", &[("poll", POLL)]).await;

    assert_eq!((own.status.as_u16(), own.header("access-control-allow-origin")), (200, Some(APP)));
    assert_eq!(
        (own.json()["status"].as_str(), own.json()["user"]["id"].as_str()),
        (Some("success"), Some("u1"))
    );
    for refused in [&other, &none] {
        assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (403, None));
        assert!(!refused.text.contains("ada@example.com"));
    }
    for answer in [&own, &other] {
        assert!(answer.headers.get_all("vary").iter().any(|vary| vary == "origin"));
        assert!(answer.header("access-control-allow-credentials").is_none());
    }
}

#[tokio::test]
async fn a_pending_result_tells_the_stage_and_what_leaving_would_mean() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.open(&minted, &[("mode", "popup"), ("poll", POLL)]).await;

    let pending = world.post("/v1/connect/result", Some(APP), "", &[("poll", POLL)]).await.json();

    assert_eq!((pending["status"].as_str(), pending["stage"].as_str()), (Some("pending"), Some("picking")));
    assert_eq!(pending["if_left"], json!({"status": "exit"}));
}

#[tokio::test]
async fn a_result_is_readable_for_ten_minutes_after_the_end() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.connect(&minted, &[("mode", "popup"), ("poll", POLL)]).await;
    let read = async || world.post("/v1/connect/result", Some(APP), "", &[("poll", POLL)]).await;

    world.clock.advance_seconds(599);
    let before = read().await.json();
    world.clock.advance_seconds(1);
    let after = read().await;

    assert_eq!(before["status"], "success");
    assert_eq!(
        (&after.json()["status"], &after.json()["error"]["details"]),
        (&json!("error"), &json!({"reason": "expired"}))
    );
    assert!(!after.text.contains("grant_id"));
}

#[tokio::test]
async fn who_names_the_stage_hears_only_of_another() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    world.open(&minted, &[("mode", "popup"), ("poll", POLL)]).await;
    let ask = async |stage| {
        world.post("/v1/connect/result", Some(APP), "", &[("poll", POLL), ("stage", stage)]).await
    };

    let other = ask("minted").await;
    let same = ask("picking").await;
    let unknown = ask("asleep").await;

    assert_eq!((other.status.as_u16(), &other.json()["stage"]), (200, &json!("picking")));
    assert_eq!((same.status.as_u16(), same.header("access-control-allow-origin")), (204, Some("*")));
    assert_eq!(unknown.status.as_u16(), 400);
}

/// A session that ended on its return URL, and the code there.
async fn returned(world: &World) -> String {
    let minted =
        world.mint(json!({"allowed_providers": ["files"], "return_url": format!("{APP}/done")})).await;
    world.come_back(&minted).await
}

#[tokio::test]
async fn a_return_code_reads_until_its_page_has_told_it() {
    let world = World::new().await;
    let code = returned(&world).await;
    let read = async |origin, more: &[(&str, &str)]| {
        let form = [&[("code", code.as_str())], more].concat();
        world.post("/v1/connect/result", Some(origin), "", &form).await.status.as_u16()
    };

    assert_eq!(read("https://evil.test", &[("told", "1")]).await, 403);
    assert_eq!([read(APP, &[]).await, read(APP, &[]).await], [200, 200], "a reload reads it again");
    assert_eq!([read(APP, &[("told", "1")]).await, read(APP, &[]).await], [204, 410]);
}

#[tokio::test]
async fn a_backend_reads_by_the_return_code_of_its_own_sessions() {
    let world = World::new().await;
    let code = returned(&world).await;
    let request = |key: &str| {
        http::Request::post("/v1/connect/result")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(format!("code={code}")))
            .unwrap()
    };

    let own = world.send(request(world.key.expose())).await;
    let wrong = world.send(request("gw_sk_wrong")).await;

    assert_eq!(own.json()["connection"]["provider"], "files");
    assert_eq!(wrong.status, 401);
}

#[tokio::test]
async fn a_request_without_one_key_is_refused() {
    let world = World::new().await;
    for form in [&[][..], &[("poll", POLL), ("code", "gwr_x")]] {
        let answer = world.post("/v1/connect/result", Some(APP), "", form).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("invalid_request")));
    }
    let unknown = world.post("/v1/connect/result", Some(APP), "", &[("code", "gwr_x")]).await;
    assert_eq!((unknown.status.as_u16(), unknown.header("access-control-allow-origin")), (410, Some("*")));
}
