//! `/v1/grants/{grant_id}/proxy/…`, over real sockets: the app's, ours, and the provider's.

mod bodies;
mod guard;
mod refused;
pub(crate) mod upstream;

use serde_json::json;

use upstream::{Stage, Wish};

#[tokio::test]
async fn a_call_carries_the_grants_token_and_nothing_of_the_callers() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;

    let answer = stage
        .call(
            Wish::new("POST", "api/notes?a=%7e+b&access_token=mine")
                .with("content-type", "text/plain")
                .with("cookie", "session=CANARY-cookie")
                .with("connection", "x-hop")
                .with("x-hop", "1")
                .with("x-forwarded-for", "10.0.0.1")
                .with("user-agent", "acme/1")
                .body("hello"),
        )
        .await;

    let seen = answer.json();
    assert_eq!(
        (&seen["method"], &seen["uri"], &seen["body"]),
        (&json!("POST"), &json!("/api/notes?a=%7e+b&access_token=mine"), &json!("hello"))
    );
    let headers = seen["headers"].as_object().unwrap();
    let mut names: Vec<_> = headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "content-length", "content-type", "host", "user-agent"]);
    assert!(headers["authorization"].as_str().unwrap().starts_with("Bearer CANARY-access"));
    assert_eq!((&headers["host"], &headers["user-agent"]), (&json!(stage.host()), &json!("acme/1")));
}

#[tokio::test]
async fn an_answer_is_the_providers_and_can_not_act_on_our_origin() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;

    let answer = stage.call(Wish::new("GET", "api/page")).await;

    assert_eq!(answer.status, 418);
    for (name, value) in [
        ("grantway-upstream", Some("true")),
        ("content-type", Some("text/html")),
        ("content-security-policy", Some("sandbox")),
        ("x-content-type-options", Some("nosniff")),
        ("cache-control", Some("private, max-age=60")),
        ("etag", Some("\"1\"")),
        ("set-cookie", None),
        ("access-control-allow-origin", None),
        ("x-hop", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(answer.text, "<script>evil()</script>");
    let head = stage.call(Wish::new("HEAD", "api/page")).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (418, ""));
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;

    for (path, location) in [("api/away", stage.evil_url("/x")), ("api/near", "/api/notes".to_owned())] {
        let answer = stage.call(Wish::new("GET", path)).await;

        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, Some(location.as_str())));
    }
    assert_eq!(stage.evil_hits(), 0);
}

#[tokio::test]
async fn a_token_that_goes_into_the_query_replaces_the_callers() {
    let stage = Stage::new("api_urls = ['{site}/api/']\napi_auth = 'query:access_token'").await;

    let seen = stage.call(Wish::new("GET", "api/notes?a=%7e&access%5ftoken=mine&b")).await.json();

    let uri = seen["uri"].as_str().unwrap();
    assert!(uri.starts_with("/api/notes?a=%7e&b&access_token=CANARY-access"), "{uri}");
    assert_eq!(seen["headers"].get("authorization"), None);
}

#[tokio::test]
async fn one_call_is_one_row_of_the_audit_without_path_or_token() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    stage.call(Wish::new("POST", "api/notes/CANARY?q=CANARY").body("CANARY")).await;

    let rows = stage.audit("proxy.called").await;

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].detail, json!({"method": "POST", "host": "127.0.0.1"}));
    assert_eq!(rows[0].subject, stage.grant);
}
