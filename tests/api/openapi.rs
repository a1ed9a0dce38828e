//! `/openapi.json` says what the router does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{keys::ROUTES, world::World};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(crate) async fn document(world: &World) -> Value {
    let answer = world.get("/openapi.json", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

/// Each operation of the document, by method and path.
pub(crate) fn operations(document: &Value) -> BTreeMap<(String, String), Value> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let operations = item.as_object().unwrap().clone();
        operations.into_iter().map(move |(method, told)| ((method.to_uppercase(), path.clone()), told))
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document(&World::new().await).await;
    let text = document.to_string();

    let read = oas3::from_json(&text).unwrap();

    read.validate_version().unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let references: BTreeSet<_> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.contains("/components/schemas/Problem"));
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn it_has_the_routes_that_the_documentation_has() {
    let document = document(&World::new().await).await;
    let page = include_str!("../../docs/api.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<_> = rows
        .filter_map(|(route, _)| route.split_once(' '))
        // The proxy's methods and paths are the provider's.
        .filter(|(method, path)| path.starts_with("/v1/") && *method != "ANY")
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();

    let told: BTreeSet<_> = operations(&document).into_keys().collect();

    assert_eq!(told, documented);
}

#[tokio::test]
async fn it_has_every_method_that_the_router_answers_and_no_other() {
    let world = World::new().await;
    let told = operations(&document(&world).await);
    let paths: BTreeSet<_> = told.keys().map(|(_, path)| path.clone()).collect();
    for path in &paths {
        for method in METHODS {
            let address = path.replace("{session_id}", "x").replace("{grant_id}", "x");
            let status = world.api(method, &address, None).await.status;
            let is_told = told.contains_key(&(method.to_owned(), path.clone()));
            assert_eq!(status != 405, is_told, "{method} {path}: {status}");
        }
    }
    // The router knows no other route of the API but the proxy, and the one that is not there.
    let router = include_str!("../../src/server/router.rs");
    let others = router.lines().filter_map(|line| line.trim().strip_prefix(".route(\"/v1/"));
    let others: Vec<_> = others.filter(|line| !line.starts_with("grants/{grant_id}/proxy/")).collect();
    assert_eq!(others, ["{*rest}\", any(no_route))"]);
}

#[tokio::test]
async fn it_names_the_scope_that_each_route_asks_for() {
    let told = operations(&document(&World::new().await).await);

    for (method, path, needed) in ROUTES {
        let fits = |template: &str| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template.zip(path).all(|(part, is)| part.starts_with('{') || part == is)
        };
        let operation = told.iter().find(|((m, template), _)| m == method && fits(template)).unwrap().1;
        let security = operation["security"].as_array().unwrap();
        assert!(security.contains(&json!({"api_key": [needed.as_str()]})), "{method} {path}");
    }
    assert_eq!(told.len(), ROUTES.len());
}

#[tokio::test]
async fn the_answers_are_as_it_says() {
    let world = World::new().await;
    let document = document(&world).await;
    let told = |name: &str| {
        let schema = &document["components"]["schemas"][name];
        let keys = |value: &Value| -> BTreeSet<String> {
            value.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
        };
        let required =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        (required.collect::<BTreeSet<_>>(), keys(&schema["properties"]))
    };
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (session, _) = world.connect(&minted, &[]).await;
    let grants = world.api("GET", "/v1/grants", None).await.json();
    let id = grants["data"][0]["grant_id"].as_str().unwrap();
    let token = world.api("POST", &format!("/v1/grants/{id}/token"), None).await.json();
    let status = world.api("GET", &format!("/v1/connect/sessions/{session}"), None).await.json();

    for (name, answer) in [
        ("MintAnswer", &minted),
        ("GrantPage", &grants),
        ("Connection", &grants["data"][0]),
        ("TokenAnswer", &token),
        ("SessionStatus", &status),
    ] {
        let (required, known) = told(name);
        let sent: BTreeSet<_> = answer.as_object().unwrap().keys().cloned().collect();
        assert!(sent.is_subset(&known), "{name}: {sent:?} {known:?}");
        assert!(required.is_subset(&sent), "{name}: {required:?} {sent:?}");
    }
}
