//! The end of a user: everything that was open ends, what is personal is gone, repeating it does nothing.

use grantway_core::{
    Code,
    grant::GrantStatus,
    message::{TokenReason, Told},
    session::Stage,
};
use grantway_store::GrantFilter;
use grantway_testkit::Person;

use super::world::{World, app, pairs, user};
use crate::{ArriveRequest, Deleted, Patience, ResultKey, ServiceError};

fn filter(user: &str) -> GrantFilter {
    GrantFilter { user: Some(user.to_owned()), provider: None, status: None, after: None, limit: 100 }
}

fn nothing(user: &str) -> Deleted {
    Deleted { user_id: user.to_owned(), grants_revoked: vec![], grants_forgotten: 0, sessions_ended: 0 }
}

#[tokio::test]
async fn a_users_grants_are_revoked_each_with_one_event_and_others_are_left_alone() {
    let world = World::new().await;
    let ada = world.connect("ada", |_| {}).await.grant_id;
    let grace = world.connect("grace", |_| {}).await.grant_id;
    world.service.revoke(&app(), grace).await.unwrap();
    let other = world.connect("grace", |r| r.user = Some(user("u2"))).await.grant_id;

    let deleted = world.service.delete_user(&app(), "u1").await.unwrap();
    let again = world.service.delete_user(&app(), "u1").await.unwrap();
    World::tell_providers(&world.service).await;

    let expected = Deleted { grants_revoked: vec![ada], grants_forgotten: 1, ..nothing("u1") };
    assert_eq!((deleted, again), (expected, nothing("u1")));
    let events = world.events().await;
    let revoked: Vec<_> = events.iter().filter(|event| event.kind == "grant.revoked").collect();
    assert_eq!(revoked.len(), 2);
    assert_eq!(revoked[1].body["account_identifier"], serde_json::Value::Null, "{:?}", revoked[1]);
    assert_eq!(revoked[1].body["user"], serde_json::json!({"id": "u1"}));
    assert!(matches!(world.service.token(&app(), ada, &[]).await, Err(ServiceError::Revoked { .. })));
    assert!(world.service.token(&app(), other, &[]).await.is_ok());
    assert_eq!(world.provider.ledger().active_refresh_tokens, 1);
    assert_eq!(world.audit("user.deleted").await, 1);
}

#[tokio::test]
async fn a_user_whom_nobody_knows_is_deleted_without_a_trace() {
    let world = World::new().await;
    world.connect("ada", |_| {}).await;

    let other_app = "other".parse().unwrap();

    assert_eq!(world.service.delete_user(&app(), "nobody").await.unwrap(), nothing("nobody"));
    assert_eq!(world.service.delete_user(&other_app, "u1").await.unwrap(), nothing("u1"));
    assert_eq!(world.audit("user.deleted").await, 0);
    assert_eq!(world.service.grants(&app(), &filter("u1")).await.unwrap()[0].status, GrantStatus::Active);
}

#[tokio::test]
async fn ids_and_the_audit_remain_and_nothing_personal_does() {
    let world = World::new().await;
    let change = |r: &mut crate::MintRequest| {
        r.metadata.insert("note".into(), "CANARY-note".into());
    };
    let grant = world.connect("ada", change).await.grant_id;
    world.open(&world.mint(change).await.unwrap()).await;
    let sealed = world.store.credential(grant).await.unwrap().unwrap().sealed;
    let has = |bytes: &[u8]| world.bytes_on_disk().windows(bytes.len()).any(|part| part == bytes);
    assert!(
        has(&sealed) && has(b"CANARY-note") && has(b"alice@acme.test"),
        "the test looks at the right place"
    );

    world.service.delete_user(&app(), "u1").await.unwrap();
    World::tell_providers(&world.service).await;
    world.store.wipe().await.unwrap();

    assert!(!has(&sealed), "no ciphertext in the database or its log");
    let left = world.service.grant(&app(), grant).await.unwrap();
    assert_eq!((left.grant_id, left.user.id.as_str(), left.scopes.len()), (grant, "u1", 2));
    assert_eq!(
        (left.user.email, left.account, left.metadata.len()),
        (None, Default::default(), 0),
        "{:?}",
        left.account_identifier
    );
    for session in world.store.sessions_of_user(&app(), "u1").await.unwrap() {
        let text = serde_json::to_string(&session).unwrap();
        assert!(!text.contains("alice") && !text.contains("ada@") && !text.contains("CANARY"), "{text}");
    }
    assert!(world.audit("grant.created").await == 1);
}

#[tokio::test]
async fn an_open_session_ends_and_its_page_is_told() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let service = world.service.clone();
    let key = ResultKey::Poll(browser.poll.clone());
    let patience = Patience { seconds: 20, seen: Some(Stage::AtProvider) };
    let poll = tokio::spawn(async move { service.result(&key, patience).await });
    tokio::task::yield_now().await;

    let deleted = world.service.delete_user(&app(), "u1").await.unwrap();

    assert_eq!(deleted.sessions_ended, 1);
    let poll = tokio::time::timeout(std::time::Duration::from_secs(10), poll).await.expect("told at once");
    let told = poll.unwrap().unwrap().unwrap().result.outcome;
    assert!(matches!(told, Told::Error { error } if error.code == Code::UserDeleted));
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    assert!(matches!(world.arrive(&callback, Some(away.flow_cookie)).await, Err(ServiceError::UnknownFlow)));
    assert_eq!(world.token_requests(), 0);
}

#[tokio::test]
async fn an_exchange_under_way_connects_nothing_and_what_it_got_is_revoked() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    let mut held = world.traffic.hold("/token");
    let request = ArriveRequest {
        registration: "acme.files".parse().unwrap(),
        pairs: pairs(&callback),
        cookie: Some(away.flow_cookie),
    };
    let work = world.service.arrive(request).await.unwrap().work;
    held.has_one().await;

    world.service.delete_user(&app(), "u1").await.unwrap();
    drop(held);
    work.await.unwrap();
    World::tell_providers(&world.service).await;

    assert!(world.service.grants(&app(), &filter("u1")).await.unwrap().is_empty());
    let ledger = world.provider.ledger();
    assert_eq!((ledger.issued_access_tokens, ledger.active_access_tokens, ledger.revoked), (1, 0, 1));
    assert!(world.store.session(&browser.session).await.unwrap().unwrap().is_forgotten());
}

#[tokio::test]
async fn a_code_that_waits_for_the_backend_is_not_spent_for_a_deleted_user() {
    let world = World::new().await;
    let minted = world
        .mint(|r| {
            r.link = grantway_core::session::Link::Code;
            r.return_url = Some("https://app.test/done".into());
        })
        .await
        .unwrap();
    let browser = world.open(&minted).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    let grantway_core::view::Shown::Return { url } = world.shown(&browser).await else { panic!("no return") };
    let code = grantway_core::Secret::new(url.query_pairs().next().unwrap().1.into_owned());

    world.service.delete_user(&app(), "u1").await.unwrap();
    let late = world
        .service
        .complete(&app(), crate::CompleteRequest { code, user: Some(user("u1")), user_token: None })
        .await;

    assert!(matches!(late, Err(ServiceError::Token(TokenReason::Unknown))));
    assert_eq!(world.token_requests(), 0);
}
