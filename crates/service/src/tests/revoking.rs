//! The end of a grant: no token after it, whatever was in flight; and the provider is told, however long it takes.

use std::sync::Arc;

use grantway_core::{Code, GrantId, grant::GrantStatus, view::Shown};
use grantway_testkit::Person;

use super::world::{World, app};
use crate::{Service, ServiceError};

impl World {
    pub(super) async fn audit(&self, of: &str) -> usize {
        let rows = self.store.audit_of(&app()).await.unwrap();
        rows.iter().filter(|row| row.action == of).count()
    }

    async fn events_of(&self, of: &str) -> usize {
        self.event_kinds().await.iter().filter(|&kind| kind == of).count()
    }

    /// Tokens that the provider would still accept: access, refresh.
    fn living(&self) -> (usize, usize) {
        let ledger = self.provider.ledger();
        (ledger.active_access_tokens, ledger.active_refresh_tokens)
    }
}

fn token(
    service: &Arc<Service>,
    grant: GrantId,
) -> tokio::task::JoinHandle<Result<crate::AccessToken, ServiceError>> {
    let service = Arc::clone(service);
    tokio::spawn(async move { service.token(&app(), grant, &[]).await })
}

#[tokio::test]
async fn a_revoked_grant_gives_no_token_and_the_provider_is_told_once() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;

    let app = app();
    let (one, two) = tokio::join!(world.service.revoke(&app, grant), world.service.revoke(&app, grant));

    assert_eq!((one.unwrap().status, two.unwrap().status), (GrantStatus::Revoked, GrantStatus::Revoked));
    assert_eq!(world.service.token(&app, grant, &[]).await.unwrap_err().code(), Code::CredentialRevoked);
    assert_eq!((world.events_of("grant.revoked").await, world.audit("grant.revoked").await), (1, 1));
    assert_eq!(world.living(), (1, 1), "the provider is told afterwards");
    World::tell_providers(&world.service).await;
    World::tell_providers(&world.service).await;
    assert_eq!((world.living(), world.provider.ledger().revoked), ((0, 0), 1));
    assert_eq!(world.audit("grant.provider_told").await, 1);
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_later_by_whichever_process_comes_first() {
    let world = World::new().await;
    let replica = world.replica().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.traffic.cut("/revoke");
    assert_eq!(world.service.revoke(&app(), grant).await.unwrap().status, GrantStatus::Revoked);
    World::tell_providers(&world.service).await;

    world.traffic.mend("/revoke");
    world.clock.advance_seconds(119);
    World::tell_providers(&world.service).await;
    assert_eq!(world.provider.ledger().revoked, 0, "not before its time");
    world.clock.advance_seconds(1);
    tokio::join!(World::tell_providers(&world.service), World::tell_providers(&replica));

    assert_eq!((world.living(), world.provider.ledger().revoked), ((0, 0), 1));
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_after_three_days_with_a_trace() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.traffic.cut("/revoke");
    world.service.revoke(&app(), grant).await.unwrap();

    for _ in 0..3 * 24 {
        World::tell_providers(&world.service).await;
        assert_eq!(world.audit("grant.provider_not_told").await, 0);
        world.clock.advance_seconds(3600);
    }
    world.clock.advance_seconds(6 * 3600);
    World::tell_providers(&world.service).await;

    assert_eq!(world.audit("grant.provider_not_told").await, 1);
    let far = world.service.clock.now().plus_seconds(30 * 24 * 3600);
    assert!(world.store.registrations_to_tell(far).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_without_a_way_to_revoke_is_not_told() {
    let world = World::new().await;
    let grant = world.connect_at("mute", "ada").await;

    world.service.revoke(&app(), grant).await.unwrap();
    World::tell_providers(&world.service).await;

    assert_eq!((world.living(), world.provider.ledger().revoked), ((1, 1), 0));
    assert_eq!(world.audit("grant.provider_told").await, 0);
}

#[tokio::test]
async fn a_refresh_under_way_gives_no_token_after_a_revocation_and_what_it_got_is_revoked() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.clock.advance_seconds(3600);
    let mut held = world.traffic.hold("/token");
    let caller = token(&world.service, grant);
    held.has_one().await;

    world.service.revoke(&app(), grant).await.unwrap();
    drop(held);

    assert!(matches!(caller.await.unwrap(), Err(ServiceError::Revoked { .. })));
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::Revoked);
    assert_eq!(world.living().1, 1, "the rotated token is alive at the provider");
    World::tell_providers(&world.service).await;
    assert_eq!((world.living(), world.provider.ledger().revoked), ((0, 0), 2));
}

#[tokio::test]
async fn a_connection_under_way_does_not_revive_a_grant_that_was_revoked_meanwhile() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let browser = world.open(&world.mint(|r| r.grant_id = Some(grant)).await.unwrap()).await;
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.clock.advance_seconds(1);

    world.service.revoke(&app(), grant).await.unwrap();
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    let Shown::Trouble { code, .. } = world.shown(&browser).await else { panic!("no trouble") };
    assert_eq!(code, Code::GrantEnded);
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::Revoked);
    World::tell_providers(&world.service).await;
    assert_eq!(world.living(), (0, 0));

    let again = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &again.url, "ada").await;
    world.arrive(&callback, Some(again.flow_cookie)).await.unwrap();
    assert!(world.service.token(&app(), grant, &[]).await.is_ok(), "who goes again, means it");
}

#[tokio::test]
async fn what_a_provider_was_to_be_told_is_dropped_when_its_grant_works_again() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.traffic.cut("/revoke");
    world.service.revoke(&app(), grant).await.unwrap();
    World::tell_providers(&world.service).await;

    let again = world.connect("ada", |_| {}).await;
    world.traffic.mend("/revoke");
    world.clock.advance_seconds(6 * 3600);
    World::tell_providers(&world.service).await;

    assert_eq!(again.grant_id, grant);
    assert_eq!(world.provider.ledger().revoked, 0, "at some providers it would end the new tokens too");
}

#[tokio::test]
async fn a_worker_tells_as_soon_as_something_was_revoked() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let mut held = world.traffic.hold("/revoke");
    let worker = tokio::spawn(world.service.clone().keep_telling());

    world.service.revoke(&app(), grant).await.unwrap();
    held.has_one().await;

    assert_eq!(world.living(), (0, 0));
    world.service.drain().await;
    worker.abort();
}
