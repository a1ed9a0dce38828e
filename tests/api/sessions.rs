//! `/v1/connect/sessions` and `/v1/connect/complete`

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_mint_is_answered_with_what_the_page_needs() {
    let world = World::new().await;

    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;

    insta::assert_json_snapshot!(minted, {".session_id" => "cs_…", ".session_token" => "gws_…"}, @r#"
    {
      "expires_at": "2026-09-21T14:23:20Z",
      "expires_in": 600,
      "session_id": "cs_…",
      "session_token": "gws_…"
    }
    "#);
}

#[tokio::test]
async fn a_broken_field_is_a_problem_that_names_it() {
    let world = World::new().await;
    let body = json!({"user": {"id": "u1"}, "allowed_origin": "*"});

    let answer = world.api("POST", "/v1/connect/sessions", Some(body)).await;

    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (422, Some("application/problem+json"))
    );
    insta::assert_json_snapshot!(answer.json(), @r#"
    {
      "advice": "See `detail` and `field`, correct the value and send it again.",
      "code": "invalid_field",
      "detail": "allowed_origin: must be one exact origin, not a wildcard",
      "field": "allowed_origin",
      "status": 422,
      "title": "A field is not acceptable",
      "type": "urn:grantway:problem:invalid_field"
    }
    "#);
}

#[tokio::test]
async fn what_can_not_be_read_says_why() {
    let world = World::new().await;
    for (body, status, code, says) in [
        (
            json!({"user": {"id": "u1"}, "alowed_origin": "x"}),
            422,
            "invalid_field",
            "unknown field `alowed_origin`",
        ),
        (json!({"user": {"id": "u1", "mail": "x"}}), 422, "invalid_field", "unknown field `mail`"),
        (json!({"user": {"id": "u1"}, "link": "maybe"}), 422, "invalid_field", "unknown variant `maybe`"),
    ] {
        let answer = world.api("POST", "/v1/connect/sessions", Some(body)).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), problem["code"].as_str().unwrap()), (status, code));
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    let answer = world.api("POST", "/v1/connect/sessions", None).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("invalid_request")));
}

#[tokio::test]
async fn a_key_is_needed_and_must_be_known() {
    let world = World::new().await;
    for key in [None, Some("Bearer gw_sk_wrong"), Some("Basic abc"), Some("gw_sk_x")] {
        let mut request = http::Request::get("/v1/grants");
        if let Some(key) = key {
            request = request.header("authorization", key);
        }

        let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;

        assert_eq!(
            (answer.status.as_u16(), answer.header("www-authenticate")),
            (401, Some("Bearer")),
            "{key:?}"
        );
        assert_eq!(answer.json()["code"], "unauthorized");
    }
}

#[tokio::test]
async fn a_backend_reads_its_sessions_and_no_others() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (id, _) = world.connect(&minted, &[]).await;

    let status = world.api("GET", &format!("/v1/connect/sessions/{id}"), None).await.json();
    let unknown = world.api("GET", "/v1/connect/sessions/cs_0123456789abcdefghijkl", None).await;

    assert_eq!(
        (status["stage"].as_str(), status["result"]["status"].as_str()),
        (Some("finished"), Some("success"))
    );
    assert_eq!(status["result"]["connection"]["account"]["email"], "ada@example.com");
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn an_unknown_completion_code_is_refused() {
    let world = World::new().await;
    let body = json!({"code": "gwc_x", "user": {"id": "u1"}});

    let answer = world.api("POST", "/v1/connect/complete", Some(body)).await;

    assert_eq!((answer.status.as_u16(), answer.json()["details"]["reason"].as_str()), (410, Some("unknown")));
}

#[tokio::test]
async fn a_route_or_method_that_is_not_there_is_a_problem_too() {
    let world = World::new().await;

    let route = world.api("GET", "/v1/nothing", None).await;
    let method = world.api("PUT", "/v1/grants", None).await;

    assert_eq!((route.status.as_u16(), route.json()["code"].as_str()), (404, Some("not_found")));
    assert_eq!(
        (method.status.as_u16(), method.header("content-type")),
        (405, Some("application/problem+json"))
    );
}
