//! What each key may do, route by route.

use grantway_core::KeyScope;
use serde_json::json;

use crate::world::{World, key_spec};

const GRANT: &str = "/v1/grants/6f9619ff-8b86-4011-b42d-00cf4fc964ff";

/// Every route that a backend calls, and the scope that it needs.
pub(crate) const ROUTES: [(&str, &str, KeyScope); 11] = [
    ("POST", "/v1/connect/sessions", KeyScope::Mint),
    ("GET", "/v1/connect/sessions/cs_0123456789abcdefghijkl", KeyScope::Mint),
    ("POST", "/v1/connect/complete", KeyScope::Mint),
    ("POST", "/v1/connect/result", KeyScope::Mint),
    ("GET", "/v1/grants", KeyScope::ReadTokens),
    ("GET", GRANT, KeyScope::ReadTokens),
    ("POST", "/v1/grants/6f9619ff-8b86-4011-b42d-00cf4fc964ff/token", KeyScope::ReadTokens),
    ("POST", "/v1/token", KeyScope::ReadTokens),
    ("DELETE", GRANT, KeyScope::Admin),
    ("DELETE", "/v1/users/u1", KeyScope::Admin),
    ("GET", "/v1/events", KeyScope::Admin),
];

/// Any method, any path.
const PROXY: [(&str, &str, KeyScope); 2] = [
    ("GET", "/v1/grants/6f9619ff-8b86-4011-b42d-00cf4fc964ff/proxy/files", KeyScope::ReadTokens),
    ("PUT", "/v1/grants/6f9619ff-8b86-4011-b42d-00cf4fc964ff/proxy/", KeyScope::ReadTokens),
];

#[tokio::test]
async fn each_route_refuses_every_key_that_lacks_its_scope() {
    let world = World::new().await;
    let app = "acme".parse().unwrap();
    for held in KeyScope::ALL {
        let key = world.service.create_key(&app, key_spec(held.as_str(), &[held])).await.unwrap();
        for (method, path, needed) in ROUTES.into_iter().chain(PROXY) {
            let answer = if path == "/v1/connect/result" {
                let request = http::Request::post(path)
                    .header("authorization", format!("Bearer {}", key.expose()))
                    .header("content-type", "application/x-www-form-urlencoded");
                world.send(request.body("code=x".into()).unwrap()).await
            } else {
                world.api_by(&key, method, path, None).await
            };

            let refused = answer.text.contains("insufficient_key_scope");
            assert_eq!(refused, held != needed && held != KeyScope::Admin, "{held}: {method} {path}");
            if refused {
                assert_eq!(answer.status, 403);
                assert_eq!(answer.json()["needed_scope"], needed.as_str());
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_says_what_the_key_lacks() {
    let world = World::new().await;
    let spec = key_spec("edge", &[KeyScope::Mint]);
    let key = world.service.create_key(&"acme".parse().unwrap(), spec).await.unwrap();

    let answer = world.api_by(&key, "DELETE", GRANT, None).await;

    insta::assert_json_snapshot!(answer.json(), @r#"
    {
      "advice": "Use a key that was made with the scope in `needed_scope`: `grantway key create --scope …`.",
      "code": "insufficient_key_scope",
      "detail": "the API key lacks the scope admin",
      "needed_scope": "admin",
      "status": 403,
      "title": "The API key may not do this",
      "type": "urn:grantway:problem:insufficient_key_scope"
    }
    "#);
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_from_the_next_request_on() {
    let world = World::new().await;
    let app = "acme".parse().unwrap();
    let spec = key_spec("edge", &[KeyScope::Mint]);
    let key = world.service.create_key(&app, spec).await.unwrap();
    let mint = async || {
        let body = json!({"user": {"id": "u1"}, "allowed_providers": ["files"]});
        world.api_by(&key, "POST", "/v1/connect/sessions", Some(body)).await.status.as_u16()
    };

    let before = mint().await;
    let listed = world.service.keys(&app).await.unwrap();
    let id = listed.into_iter().find(|made| made.digest == key.digest()).unwrap().id;
    world.service.revoke_key(&app, &id).await.unwrap();

    assert_eq!((before, mint().await), (201, 401));
}
