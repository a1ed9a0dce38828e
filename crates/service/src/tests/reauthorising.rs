//! A grant again: its id and account stay, scopes are added and repaired, another account is a question.

use std::{sync::Arc, time::Duration};

use grantway_core::{Code, GrantId, grant::GrantStatus, view::Shown};
use grantway_store::{Lease, Leased};
use grantway_testkit::{Person, Switches};
use url::Url;

use super::world::{Browser, World, app};
use crate::{MintRequest, ServiceError};

impl World {
    /// A grant of ada's, and a browser that comes back for it as grace.
    async fn mismatched(&self, change: impl FnOnce(&mut MintRequest)) -> (GrantId, Browser) {
        let ada = self.connect("ada", |_| {}).await.grant_id;
        let browser = self.open_again(ada, change).await;
        self.come_back(&browser, "grace").await;
        (ada, browser)
    }

    async fn keep_both(&self, browser: &Browser) -> Result<(), ServiceError> {
        self.service.keep_both(&browser.session, browser.cookie.as_ref()).await
    }
}

fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn scopes_are_added_to_those_that_a_grant_has() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let more = |r: &mut MintRequest| {
        r.scopes.insert("files".into(), vec!["files.write".into()]);
    };
    let browser = world.open_again(grant, more).await;

    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!(param(&away.url, "scope").as_deref(), Some("files.write profile files.read"));
    assert_eq!(param(&away.url, "include_granted_scopes").as_deref(), Some("true"));
    let connection = world.told(&browser).await;
    assert_eq!((connection.grant_id, connection.scopes_missing.len()), (grant, 0));
    let needed = ["profile", "files.read", "files.write"].map(str::to_owned);
    assert!(world.service.token(&app(), grant, &needed).await.is_ok());

    let plain = world.open_again(grant, |_| {}).await;
    let away = world.depart(&plain).await.unwrap();
    assert_eq!(param(&away.url, "scope").as_deref(), Some("profile files.read files.write"), "none is lost");
    let fresh = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let away = world.depart(&fresh).await.unwrap();
    assert_eq!(param(&away.url, "include_granted_scopes"), None, "only where something was granted");
}

#[tokio::test]
async fn a_scope_that_the_operator_took_back_is_not_asked_for_again() {
    let world = World::new().await;
    let more = |r: &mut MintRequest| {
        r.scopes.insert("files".into(), vec!["profile".into(), "files.write".into()]);
    };
    let grant = world.connect("ada", more).await.grant_id;
    let mut spec = super::world::app_spec();
    spec.registrations.iter_mut().for_each(|made| made.allowed_scopes.clear());
    world.service.apply(vec![spec]).await.unwrap();

    let browser = world.open_again(grant, |_| {}).await;
    let away = world.depart(&browser).await.unwrap();

    assert_eq!(param(&away.url, "scope").as_deref(), Some("profile files.read"));
}

#[tokio::test]
async fn a_refresh_token_that_comes_only_once_is_kept_by_who_connects_again() {
    let world = World::new().await;
    let once = Switches { rotate: false, refresh_once: true, ..Switches::default() };
    world.provider.set_switches(once);
    let first = world.connect_at("fading", "ada").await;
    world.clock.advance_seconds(15 * 24 * 3600);

    let again = world.connect_at("fading", "ada").await;

    assert_eq!(first, again);
    world.clock.advance_seconds(5 * 24 * 3600);
    let before = world.token_requests();
    world.service.refresh_disused().await.unwrap();
    assert_eq!(world.token_requests() - before, 1, "it was not used since the first time");
    assert!(world.service.token(&app(), first, &[]).await.is_ok());
}

#[tokio::test]
async fn who_connects_again_waits_for_a_refresh_of_what_is_kept() {
    let world = Arc::new(World::new().await);
    world.provider.set_switches(Switches { refresh_once: true, ..Switches::default() });
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let read = world.store.credential(grant).await.unwrap().unwrap();
    let owner = "another".to_owned();
    let now = world.service.clock.now();
    let lease = Lease { grant, generation: read.generation, owner, now, seconds: 60 };
    assert_eq!(world.store.lease(&lease).await.unwrap(), Leased::Taken(None));

    let again = tokio::spawn({
        let world = world.clone();
        async move { world.connect("ada", |_| {}).await.grant_id }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!again.is_finished(), "it waits");
    world.store.save_credential(&read, "another").await.unwrap();

    assert_eq!(again.await.unwrap(), grant);
    let kept = world.store.credential(grant).await.unwrap().unwrap();
    assert_eq!(kept.generation, read.generation + 2, "over the refresh, not beside it");
}

#[tokio::test]
async fn another_account_is_shown_beside_the_right_one_and_nothing_is_changed() {
    let world = World::new().await;
    let (ada, browser) = world.mismatched(|_| {}).await;

    let Shown::Trouble { code, accounts: Some(accounts), .. } = world.shown(&browser).await else {
        panic!("no question")
    };

    assert_eq!(code, Code::AccountMismatch);
    assert_eq!((accounts.expected.as_str(), accounts.got.as_str()), ("ada@example.com", "grace@example.com"));
    let grants = world.store.grants_of_user(&app(), "u1", &"files".parse().unwrap()).await.unwrap();
    assert_eq!(grants.iter().map(|grant| grant.id).collect::<Vec<_>>(), [ada]);
    let session = world.store.session(&browser.session).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&session).unwrap().contains("CANARY"), "what waits is sealed");
}

#[tokio::test]
async fn the_right_account_is_asked_for_by_the_providers_account_chooser() {
    let world = World::new().await;
    let (ada, browser) = world.mismatched(|_| {}).await;

    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert_eq!(param(&away.url, "prompt").as_deref(), Some("select_account"));
    let connection = world.told(&browser).await;
    assert_eq!((connection.grant_id, connection.account.id.as_deref()), (ada, Some("ada")));
    assert!(matches!(world.keep_both(&browser).await, Err(ServiceError::Session(_))), "no longer asked");
}

#[tokio::test]
async fn who_keeps_both_has_two_grants_that_work_without_another_trip() {
    let world = World::new().await;
    let (ada, browser) = world
        .mismatched(|r| {
            r.metadata.insert("team".into(), "blue".into());
        })
        .await;
    let before = world.token_requests();

    let (one, two) = tokio::join!(world.keep_both(&browser), world.keep_both(&browser));

    let second = if one.is_ok() { two } else { one };
    assert!(matches!(second, Err(ServiceError::Session(_))), "a double click makes one grant: {second:?}");
    let grace = world.told(&browser).await;
    assert_eq!((grace.account.id.as_deref(), grace.metadata["team"].as_str()), (Some("grace"), "blue"));
    assert_eq!((grace.scopes.len(), grace.scopes_missing.len(), world.token_requests()), (2, 0, before));
    let old = world.service.grant(&app(), ada).await.unwrap();
    assert_eq!((old.account.id.as_deref(), old.status), (Some("ada"), GrantStatus::Active));
    for grant in [ada, grace.grant_id] {
        world.clock.advance_seconds(3600);
        assert!(world.service.token(&app(), grant, &[]).await.is_ok(), "both refresh");
    }
    assert_eq!(world.audit("grant.created").await, 2);
}

#[tokio::test]
async fn who_keeps_both_and_had_both_has_no_third() {
    let world = World::new().await;
    let grace = world.connect("grace", |_| {}).await.grant_id;
    let (_, browser) = world.mismatched(|_| {}).await;

    world.keep_both(&browser).await.unwrap();

    assert_eq!(world.told(&browser).await.grant_id, grace);
}

#[tokio::test]
async fn nothing_is_kept_for_another_browser_or_without_a_question() {
    let world = World::new().await;
    let (_, browser) = world.mismatched(|_| {}).await;
    let picking = world.open(&world.mint(|_| {}).await.unwrap()).await;

    let stranger = world.service.keep_both(&browser.session, None).await;
    let unasked = world.keep_both(&picking).await;
    world.clock.advance_seconds(600);
    let late = world.keep_both(&browser).await;

    assert!(matches!(stranger, Err(ServiceError::WrongBrowser)));
    assert!(matches!(unasked, Err(ServiceError::Session(_))));
    assert!(matches!(late, Err(ServiceError::Session(_))));
    let grants = world.store.grants_of_user(&app(), "u1", &"files".parse().unwrap()).await.unwrap();
    assert_eq!(grants.len(), 1);
}

#[tokio::test]
async fn a_named_grant_that_died_is_revived_with_its_id_and_one_event() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.clock.advance_seconds(3600);
    world.provider.revoke_all();
    assert!(world.service.token(&app(), grant, &[]).await.is_err());
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::NeedsReauth);

    let browser = world.open_again(grant, |_| {}).await;
    world.come_back(&browser, "grace").await;
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::NeedsReauth);
    world.come_back(&browser, "ada").await;

    assert_eq!(world.told(&browser).await.grant_id, grant);
    assert!(world.service.token(&app(), grant, &[]).await.is_ok());
    assert_eq!((world.audit("grant.needs_reauth").await, world.audit("grant.recovered").await), (1, 1));
}
