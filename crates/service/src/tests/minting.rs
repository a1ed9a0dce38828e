//! Every field of a mint request, kept and broken.

use grantway_core::{GrantId, session::Link};

use super::world::{World, app, user};
use crate::{MintRequest, ServiceError};

async fn refusal(change: impl FnOnce(&mut MintRequest)) -> (String, String) {
    match World::new().await.mint(change).await.unwrap_err() {
        ServiceError::Field { field, rule } => (field, rule),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_session_lives_ten_minutes_and_tells_its_token_once() {
    let world = World::new().await;

    let minted = world.mint(|_| {}).await.unwrap();

    assert_eq!(minted.expires_in, 600);
    assert!(minted.session_token.expose().starts_with("gws_"));
    assert!(minted.connect_url.is_none());
    let status =
        serde_json::to_string(&world.service.session_status(&app(), &minted.session_id).await.unwrap())
            .unwrap();
    assert!(status.contains("\"stage\":\"minted\"") && !status.contains("gws_"), "{status}");
}

#[tokio::test]
async fn another_app_finds_no_such_session() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();

    let refusal =
        world.service.session_status(&"other".parse().unwrap(), &minted.session_id).await.unwrap_err();

    assert!(matches!(refusal, ServiceError::NoSession));
}

#[tokio::test]
async fn each_field_is_refused_by_name_and_rule() {
    type Change = fn(&mut MintRequest);
    let broken: [(Change, &str, &str); 22] = [
        (|r| r.user = None, "user", "is required: {\"id\": …}, the app's own id of its signed-in user"),
        (|r| r.user = Some(user(" ")), "user.id", "must be 1 to 500 characters"),
        (|r| r.user = Some(user("u\0")), "user.id", "must not contain NUL"),
        (|r| r.user = Some(user("..")), "user.id", "must not be `.` or `..`: no URL could name that user"),
        (
            |r| r.allowed_providers = Some(vec![]),
            "allowed_providers",
            "must not be empty; omit it to allow every registered provider",
        ),
        (
            |r| r.allowed_providers = Some(vec!["nope".into()]),
            "allowed_providers",
            "the app has no registration at `nope`; registered: fading, files, lost, mute, nobody, shops",
        ),
        (
            |r| r.allowed_origin = Some("*".into()),
            "allowed_origin",
            "must be one exact origin, not a wildcard",
        ),
        (
            |r| r.allowed_origin = Some("https://app.test/path".into()),
            "allowed_origin",
            "must be scheme, host and port only, without a path, query or fragment",
        ),
        (
            |r| r.return_url = Some("http://app.test/".into()),
            "return_url",
            "must use https (http is accepted for localhost and loopback addresses only)",
        ),
        (
            |r| r.return_url = Some("https://a:b@app.test/".into()),
            "return_url",
            "must not carry a user name or password",
        ),
        (|r| r.return_url = Some("https://app.test/#x".into()), "return_url", "must not carry a fragment"),
        (
            |r| r.return_url = Some("https://app.test\\@evil.test/".into()),
            "return_url",
            "must be an absolute URL such as https://app.example.com",
        ),
        (
            |r| r.return_url = Some("https://evil.test/".into()),
            "return_url",
            "https://evil.test is neither `allowed_origin` (https://app.test) nor listed in `return_origins` under [apps.acme]",
        ),
        (
            |r| {
                r.scopes.insert("nope".into(), vec![]);
            },
            "scopes.nope",
            "is not one of the session's providers",
        ),
        (
            |r| {
                r.scopes.insert("files".into(), vec!["admin".into()]);
            },
            "scopes.files",
            "`admin` is not in the registration's `scopes` or `allowed_scopes`",
        ),
        (
            |r| r.grant_id = Some("6f9619ff-8b86-4011-b42d-00cf4fc964ff".parse::<GrantId>().unwrap()),
            "grant_id",
            "the app has no such grant",
        ),
        (
            |r| r.link = Link::Code,
            "return_url",
            "is required with `link: code`: the browser carries the completion code there",
        ),
        (|r| r.expires_in = Some(59), "expires_in", "must be 60 to 3600 seconds"),
        (|r| r.expires_in = Some(3601), "expires_in", "must be 60 to 3600 seconds"),
        (
            |r| r.locale = Some("not a tag".into()),
            "locale",
            "must be a language tag such as de or pt-BR (BCP 47)",
        ),
        (
            |r| r.metadata = (0..21).map(|n| (n.to_string(), String::new())).collect(),
            "metadata",
            "at most 20 pairs",
        ),
        (
            |r| {
                r.metadata.insert("k".into(), "v".repeat(501));
            },
            "metadata.k",
            "keys have at most 40 characters, values at most 500",
        ),
    ];
    for (change, field, rule) in broken {
        assert_eq!(refusal(change).await, (field.to_owned(), rule.to_owned()));
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let error =
        serde_json::from_str::<MintRequest>(r#"{"user":{"id":"u"},"alowed_origin":"x"}"#).unwrap_err();

    assert!(error.to_string().contains("unknown field `alowed_origin`"), "{error}");
}

#[tokio::test]
async fn a_listed_return_origin_becomes_the_allowed_origin() {
    let world = World::new().await;

    let minted = world.mint(|r| r.return_url = Some("https://other.test/done".into())).await.unwrap();

    let status = world.service.session_status(&app(), &minted.session_id).await.unwrap();
    assert_eq!(status.allowed_origin.as_str(), "https://other.test");
}

#[tokio::test]
async fn a_grant_is_authorised_again_only_for_its_own_user_and_provider() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;

    for (change, field) in [
        (
            Box::new(|r: &mut MintRequest| r.user = Some(user("u2"))) as Box<dyn Fn(&mut MintRequest)>,
            "grant_id",
        ),
        (Box::new(|r: &mut MintRequest| r.multiple = true), "multiple"),
    ] {
        let refusal = world
            .mint(|r| {
                r.grant_id = Some(grant);
                change(r);
            })
            .await
            .unwrap_err();
        assert!(matches!(&refusal, ServiceError::Field { field: named, .. } if named == field), "{refusal}");
    }
}
