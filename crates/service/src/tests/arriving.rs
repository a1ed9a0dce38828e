//! The callback, room by room: what is refused, and that nothing is lost or spent then.

use grantway_core::{Code, Secret, message::Told, session::Stage, view::Shown};
use grantway_testkit::{Person, Switches, TokenBehaviour};

use super::world::{Browser, World, app, pairs, state_of};
use crate::{ArriveRequest, ServiceError, grant_place};

async fn trouble(world: &World, browser: &Browser) -> Code {
    match world.shown(browser).await {
        Shown::Trouble { code, .. } => code,
        other => panic!("no trouble: {other:?}"),
    }
}

#[tokio::test]
async fn a_connection_is_made_and_remembered_whole() {
    let world = World::new().await;

    let connection = world
        .connect("ada", |r| {
            r.metadata.insert("team".into(), "blue".into());
        })
        .await;

    assert_eq!(connection.account_identifier.as_deref(), Some("ada@example.com"));
    assert_eq!(connection.scopes, ["profile", "files.read"]);
    assert_eq!(connection.metadata["team"], "blue");
    let events = world.event_kinds().await;
    assert_eq!(events, ["grant.created"]);
    let actions: Vec<_> =
        world.store.audit_of(&app()).await.unwrap().into_iter().map(|row| row.action).collect();
    assert_eq!(
        actions,
        [
            "app.applied",
            "session.minted",
            "session.opened",
            "session.departed",
            "session.arrived",
            "grant.created"
        ]
    );
}

#[tokio::test]
async fn another_browser_at_the_callback_consumes_nothing() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;

    for cookie in [None, Some(Secret::new("forged".to_owned()))] {
        assert!(matches!(world.arrive(&callback, cookie).await, Err(ServiceError::WrongBrowser)));
    }

    assert_eq!(world.token_requests(), 0);
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    assert!(matches!(world.shown(&browser).await, Shown::Tell { .. }), "the right browser still arrives");
}

#[tokio::test]
async fn a_state_that_no_flow_has_is_refused() {
    let world = World::new().await;
    let callback = "https://connect.test/connect/callback/acme.files?state=forged&code=x".parse().unwrap();

    assert!(matches!(world.arrive(&callback, None).await, Err(ServiceError::UnknownFlow)));
}

#[tokio::test]
async fn a_replayed_callback_finds_the_outcome_and_asks_for_no_second_token() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;

    let (first, second) = tokio::join!(
        world.arrive(&callback, Some(away.flow_cookie.clone())),
        world.arrive(&callback, Some(away.flow_cookie.clone()))
    );
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!((first.unwrap(), second.unwrap()), (browser.session.clone(), browser.session.clone()));
    assert_eq!(world.token_requests(), 1);
    assert!(matches!(world.shown(&browser).await, Shown::Tell { .. }));
}

#[tokio::test]
async fn an_answer_on_another_registrations_redirect_uri_is_refused_before_the_token_request() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let mut callback = Person::allow(&world.provider, &away.url, "ada").await;
    callback.set_path("/connect/callback/evil.files");

    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!(trouble(&world, &browser).await, Code::CallbackRefused);
    assert_eq!(world.token_requests(), 0);
}

#[tokio::test]
async fn a_denial_can_be_tried_again_or_told_to_the_app() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::deny(&world.provider, &away.url).await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    assert_eq!(trouble(&world, &browser).await, Code::AccessDenied);

    world.depart(&browser).await.unwrap();
    assert!(matches!(world.shown(&browser).await, Shown::Pick { .. }));
    let again = world.depart(&browser).await.unwrap();
    let callback = Person::deny(&world.provider, &again.url).await;
    world.arrive(&callback, Some(again.flow_cookie)).await.unwrap();
    world.service.leave(&browser.session, browser.cookie.as_ref()).await.unwrap();

    let Shown::Tell { message, .. } = world.shown(&browser).await else { panic!("not told") };
    assert!(matches!(&message.result.outcome, Told::Error { error } if error.code == Code::AccessDenied));
    let events = world.event_kinds().await;
    assert_eq!(events, ["session.failed"]);
}

#[tokio::test]
async fn each_failure_of_the_token_endpoint_has_its_code_and_leaves_no_grant() {
    for (token, code) in [
        (TokenBehaviour::ServerError, Code::ProviderUnavailable),
        (TokenBehaviour::HangUp, Code::ProviderUnavailable),
        (TokenBehaviour::Html, Code::ProviderError),
        (TokenBehaviour::InvalidGrant, Code::ProviderError),
    ] {
        let world = World::new().await;
        world.provider.set_switches(Switches { token, ..Switches::default() });
        let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
        let away = world.depart(&browser).await.unwrap();
        let callback = Person::allow(&world.provider, &away.url, "ada").await;

        world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

        assert_eq!(trouble(&world, &browser).await, code, "{token:?}");
        assert_eq!(world.token_requests(), 1, "a code is never sent twice");
        assert!(
            world.store.grants_of_user(&app(), "u1", &"files".parse().unwrap()).await.unwrap().is_empty()
        );
    }
}

#[tokio::test]
async fn a_flow_that_comes_back_after_the_session_ended_changes_nothing() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.service.leave(&browser.session, browser.cookie.as_ref()).await.unwrap();

    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!(world.token_requests(), 0);
    let session = world.store.session(&browser.session).await.unwrap().unwrap();
    assert_eq!(session.stage(), Stage::Finished);
}

#[tokio::test]
async fn several_providers_end_with_done() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|r| r.multiple = true).await.unwrap()).await;
    for account in ["ada", "grace"] {
        let away = world.depart(&browser).await.unwrap();
        let callback = Person::allow(&world.provider, &away.url, account).await;
        world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
        assert!(matches!(world.shown(&browser).await, Shown::Pick { finishable: true, .. }));
    }

    world.service.leave(&browser.session, browser.cookie.as_ref()).await.unwrap();

    let Shown::Tell { message, .. } = world.shown(&browser).await else { panic!("not told") };
    let Told::Success { connection, connections, .. } = message.result.outcome else { panic!("no success") };
    assert_eq!((connection.account.id.as_deref(), connections.len()), (Some("grace"), 2));
}

#[tokio::test]
async fn connecting_the_same_account_again_keeps_the_grant() {
    let world = World::new().await;
    let first = world.connect("ada", |_| {}).await;

    let second = world.connect("ada", |_| {}).await;
    let other = world.connect("grace", |_| {}).await;

    assert_eq!(second.grant_id, first.grant_id);
    assert_eq!(serde_json::to_value(second.operation).unwrap(), "reauth");
    assert_ne!(other.grant_id, first.grant_id);
}

#[tokio::test]
async fn a_named_grant_is_never_given_another_account() {
    let world = World::new().await;
    let ada = world.connect("ada", |_| {}).await;
    let minted = world.mint(|r| r.grant_id = Some(ada.grant_id)).await.unwrap();
    let browser = world.open(&minted).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "grace").await;

    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!(trouble(&world, &browser).await, Code::AccountMismatch);
    assert_eq!(world.service.grant(&app(), ada.grant_id).await.unwrap().account.id.as_deref(), Some("ada"));
}

#[tokio::test]
async fn what_is_stored_holds_no_secret_in_clear() {
    let world = World::new().await;
    let connection = world.connect("ada", |_| {}).await;

    let sealed = world.store.credential(connection.grant_id).await.unwrap().unwrap().sealed;
    let registration = world.store.registration(&"acme.files".parse().unwrap()).await.unwrap().unwrap();

    for bytes in [&sealed, &registration.sealed_secret.unwrap()] {
        assert!(!bytes.windows(6).any(|window| window == b"CANARY"));
    }
    let plain = world.service.vault.open(&sealed, &grant_place(connection.grant_id)).unwrap();
    assert!(plain.expose().contains("CANARY-access"), "the test looks for the right thing");
}

#[tokio::test]
async fn a_flow_is_known_by_its_states_digest_alone() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let state = state_of(&Person::deny(&world.provider, &away.url).await);

    let flow = world.store.flow(&state).await.unwrap().unwrap();

    assert_eq!(flow.session, browser.session);
    let challenge =
        away.url.query_pairs().find(|(name, _)| name == "code_challenge_method").unwrap().1.into_owned();
    assert_eq!(challenge, "S256");
}

#[tokio::test]
async fn a_provider_whose_endpoints_can_not_be_found_is_trouble_that_can_be_tried_again() {
    let world = World::new().await;
    let browser =
        world.open(&world.mint(|r| r.allowed_providers = Some(vec!["lost".into()])).await.unwrap()).await;
    let lost = "lost".parse().unwrap();

    let refusal = world
        .service
        .depart(&browser.session, browser.cookie.as_ref(), &lost, &std::collections::BTreeMap::new())
        .await
        .unwrap_err();

    assert_eq!(refusal.code(), Code::ProviderUnavailable);
    assert_eq!(trouble(&world, &browser).await, Code::ProviderUnavailable);
    assert!(
        world
            .service
            .depart(&browser.session, browser.cookie.as_ref(), &lost, &std::collections::BTreeMap::new())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn nothing_is_lost_when_the_window_closes_at_once() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    let request = ArriveRequest {
        registration: "acme.files".parse().unwrap(),
        pairs: pairs(&callback),
        cookie: Some(away.flow_cookie),
    };

    drop(world.service.arrive(request).await.unwrap());
    world.service.drain().await;

    assert!(matches!(world.shown(&browser).await, Shown::Tell { .. }));
    assert_eq!(world.token_requests(), 1);
}
