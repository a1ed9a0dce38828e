//! What every page sends, and what none does.

use axum::{body::Body, http::Request};
use serde_json::json;

use crate::world::{CONNECT, World};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;

    for path in [
        format!("/connect/{id}"),
        "/connect?session=x".into(),
        "/connect/callback/acme.files".into(),
        "/nowhere".into(),
        "/v1/grants".into(),
    ] {
        let answer = world.get(&path, &cookies).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("strict-origin"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.header("strict-transport-security").is_some(), "{path}");
        assert!(answer.header("cross-origin-opener-policy").is_none(), "{path}");
    }
}

#[tokio::test]
async fn every_page_has_a_policy_with_a_nonce_of_its_own() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;
    let policy = async || {
        world
            .get(&format!("/connect/{id}"), &cookies)
            .await
            .header("content-security-policy")
            .unwrap()
            .to_owned()
    };

    let (first, second) = (policy().await, policy().await);

    assert_ne!(first, second);
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "'strict-dynamic'",
    ] {
        assert!(first.contains(part), "{first}");
    }
    assert!(!first.contains("unsafe-inline") && !first.contains("'unsafe-eval'"));
}

#[tokio::test]
async fn a_page_shows_names_as_text_and_is_complete_without_scripts() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;

    let page = world.get(&format!("/connect/{id}"), &cookies).await.text;

    assert!(page.contains("Connect an account to Acme &lt;Notes"), "{page}");
    assert!(page.contains("Continue with Files") && !page.contains("<template"));
    assert!(page.contains("<title>Connect an account to Acme"), "{page}");
}

#[tokio::test]
async fn inside_another_app_the_picker_says_so_and_presses_nothing() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (id, cookies) = world.open(&minted, &[]).await;
    let seen_by = async |agent: &str| {
        let request = http::Request::get(format!("/connect/{id}"))
            .header("cookie", &cookies)
            .header("user-agent", agent)
            .body(axum::body::Body::empty())
            .unwrap();
        world.send(request).await.text
    };

    let browser = seen_by("Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36").await;
    let inside = seen_by("Mozilla/5.0 (Linux; Android 15; wv) Chrome/142.0 Mobile Safari/537.36").await;

    assert!(!browser.contains("inside another app") && browser.contains("data-forward"));
    assert!(inside.contains("inside another app") && !inside.contains("data-forward"));
    assert!(inside.contains(r#"target="_blank""#) && inside.contains("Continue with"));
}

#[tokio::test]
async fn the_widget_may_be_loaded_by_pages_of_every_origin() {
    let world = World::new().await;

    let script = world.get("/connect.js", "").await;
    let own = world.get("/healthz", "").await;

    assert_eq!(script.status.as_u16(), 200);
    assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(script.header("access-control-allow-origin"), Some("*"));
    assert_eq!(script.header("content-type"), Some("text/javascript"));
    assert_eq!(own.header("cross-origin-resource-policy"), None);
}

#[tokio::test]
async fn a_stranger_sees_one_page_for_every_id() {
    let world = World::new().await;
    let (id, _) = world.open(&world.mint(json!({})).await, &[]).await;
    let page = async |id: &str| {
        let answer = world.get(&format!("/connect/{id}"), "").await;
        let nonce = answer.text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (answer.status, answer.text.replace(&nonce, ""))
    };

    let (real, never, nonsense) =
        (page(&id).await, page("cs_0123456789abcdefghijkl").await, page("nonsense").await);

    assert_eq!(real.0, 403);
    assert_eq!(real, never);
    assert_eq!(real, nonsense);
}

#[tokio::test]
async fn an_expired_session_leads_back_to_the_app() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;
    world.clock.advance_seconds(600);

    let answer = world.get(&format!("/connect/{id}"), &cookies).await;

    assert_eq!(answer.status, 200);
    assert!(
        answer.text.contains("This link no longer works") && answer.text.contains("Back to Acme"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_popups_end_is_told_to_exactly_the_allowed_origin() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (id, cookies) = world.connect(&minted, &[("mode", "popup")]).await;

    let page = world.get(&format!("/connect/{id}"), &cookies).await.text;

    assert!(page.contains("data-origin=\"https://app.test\""), "{page}");
    assert!(page.contains("grantway:result") && !page.contains("CANARY"), "{page}");
    assert!(!page.contains("http-equiv"), "a popup never goes to a return URL");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::new().await;
    let large = "x".repeat(65 * 1024);

    let answer = world.post("/connect", Some(CONNECT), "", &[("session", &large)]).await;

    assert!(matches!(answer.status.as_u16(), 400 | 413), "{}", answer.status);
}

#[tokio::test]
async fn the_api_refuses_it_with_a_problem_whether_its_length_is_told_or_found_out() {
    let world = World::new().await;
    let large = json!({"user": {"id": "x".repeat(65 * 1024)}}).to_string();
    let post = || {
        Request::post("/v1/connect/sessions")
            .header("authorization", format!("Bearer {}", world.key.expose()))
            .header("content-type", "application/json")
    };

    for request in [post(), post().header("content-length", large.len())] {
        let answer = world.send(request.body(Body::from(large.clone())).unwrap()).await;

        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (413, &json!("body_too_large")));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let world = World::new().await;

    assert_eq!(world.get("/healthz", "").await.text, "ok");
    assert_eq!(world.get("/readyz", "").await.text, "ready");
}
