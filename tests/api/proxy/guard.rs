//! Where a call may not go, and who may not make one.

use serde_json::json;

use super::upstream::{Stage, Wish};
use crate::world::World;

#[tokio::test]
async fn no_path_leaves_what_the_catalog_allows() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let evil = stage.evil_url("/x");

    for tail in [
        "",
        "admin/x",
        "/admin/x",
        "apiary/x",
        "../admin/x",
        "api/../admin/x",
        "api/%2e%2e/admin/x",
        "api/%2e%2e%2fadmin/x",
        "api/x%5c..%5c..%5cadmin/x",
        "api/%252e%252e%252fadmin/x",
        "api\\..\\admin\\x",
        "api/..;/admin/x",
        "//evil.test/x",
        "\\evil.test/x",
        "/\\evil.test/x",
        "@evil.test/x",
        &evil,
        &format!("/{}", evil.trim_start_matches("http:")),
        &format!("@{}", evil.trim_start_matches("http://")),
    ] {
        let answer = stage.raw("GET", tail, "").await;

        assert!(answer.starts_with("HTTP/1.1 403"), "{tail}: {answer}");
        assert!(answer.contains("\"code\":\"proxy_not_allowed\""), "{tail}: {answer}");
        assert!(!answer.contains("grantway-upstream") && !answer.contains("CANARY"), "{tail}: {answer}");
    }
    assert_eq!((stage.evil_hits(), stage.audit("proxy.called").await.len()), (0, 0));
}

#[tokio::test]
async fn without_a_path_of_its_own_an_api_still_stays_at_its_host() {
    let stage = Stage::new("api_urls = ['{site}']").await;
    let evil = stage.evil_url("/x");

    for tail in ["//evil.test/x", "/@evil.test/x", "@evil.test/x", &evil, "%2F%2Fevil.test/x"] {
        let answer = stage.raw("GET", tail, "").await;

        assert!(
            answer.starts_with("HTTP/1.1 404") && answer.contains("grantway-upstream: true"),
            "{tail}: {answer}"
        );
    }
    assert_eq!(stage.evil_hits(), 0);
}

#[tokio::test]
async fn a_host_is_chosen_among_the_allowed_ones_only() {
    let stage = Stage::new("api_urls = ['https://unused.test', '{site}/api/']").await;
    let evil = stage.evil_url("").trim_start_matches("http://").to_owned();

    let there = stage.call(Wish::new("GET", "api/x").with("grantway-host", &stage.host())).await;
    assert_eq!((there.status.as_u16(), &there.json()["uri"]), (200, &json!("/api/x")));
    for host in [evil.as_str(), "127.0.0.1", "", "unused.test:80", "unused.test@127.0.0.1"] {
        let refused = stage.call(Wish::new("GET", "api/x").with("grantway-host", host)).await;

        let problem = refused.json();
        assert_eq!((refused.status.as_u16(), &problem["code"]), (403, &json!("proxy_not_allowed")), "{host}");
        let allowed = ["https://unused.test/".to_owned(), format!("http://{}/api/", stage.host())];
        assert_eq!(problem["allowed"], json!(allowed));
    }
    assert_eq!(stage.evil_hits(), 0);
}

#[tokio::test]
async fn a_trace_would_tell_the_token_and_is_refused() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;

    let refused = stage.call(Wish::new("TRACE", "api/x")).await;

    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("proxy_not_allowed")));
}

#[tokio::test]
async fn without_a_known_address_there_is_no_proxy() {
    let world = World::new().await;
    let grant = world.grant().await;

    let refused = world.api("GET", &format!("/v1/grants/{grant}/proxy/x"), None).await;

    let problem = refused.json();
    assert_eq!(
        (refused.status.as_u16(), &problem["code"], &problem["provider"]),
        (422, &json!("proxy_not_supported"), &json!("files"))
    );
}

#[tokio::test]
async fn only_the_apps_own_key_calls_and_only_with_its_own_living_grants() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let path = |grant: &str| format!("/v1/grants/{grant}/proxy/api/x");

    let nobody = stage.world.get(&path(&stage.grant), "").await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["code"]), (401, &json!("unauthorized")));
    for grant in ["6f9619ff-8b86-4011-b42d-00cf4fc964ff", "x", "%2e%2e"] {
        let foreign = stage.world.api("GET", &path(grant), None).await;
        assert_eq!(
            (foreign.status.as_u16(), &foreign.json()["code"]),
            (404, &json!("grant_not_found")),
            "{grant}"
        );
    }

    stage.world.api("DELETE", &format!("/v1/grants/{}", stage.grant), None).await;
    let revoked = stage.call(Wish::new("GET", "api/x")).await;
    assert_eq!((revoked.status.as_u16(), &revoked.json()["code"]), (409, &json!("credential_revoked")));
    assert_eq!(revoked.header("grantway-upstream"), None);
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_from_one_that_answers_badly() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let stage = Stage::new(&format!("api_urls = ['http://{closed}']")).await;

    let down = stage.call(Wish::new("GET", "api/x")).await;

    assert_eq!((down.status.as_u16(), &down.json()["code"]), (503, &json!("provider_unavailable")));
    assert_eq!(down.header("grantway-upstream"), None);
}
