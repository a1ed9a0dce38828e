//! Tokens, lists, the end of a grant.

use grantway_core::{Code, GrantId, grant::GrantStatus};
use grantway_store::GrantFilter;
use grantway_testkit::{Switches, TokenBehaviour};

use super::world::{World, app};
use crate::{ServiceError, TokenRequest};

#[tokio::test]
async fn a_token_is_handed_out_until_a_minute_before_its_end_and_then_refreshed() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let first = world.service.token(&app(), grant, &[]).await.unwrap();
    world.clock.advance_seconds(3600 - 61);
    let same = world.service.token(&app(), grant, &[]).await.unwrap();

    world.clock.advance_seconds(1);
    let fresh = world.service.token(&app(), grant, &[]).await.unwrap();

    assert_eq!(same.access_token.expose(), first.access_token.expose());
    assert_ne!(fresh.access_token.expose(), first.access_token.expose());
    assert!(fresh.expires_at > first.expires_at);
    world.clock.advance_seconds(3600);
    assert!(world.service.token(&app(), grant, &[]).await.is_ok(), "the rotated refresh token was kept");
}

#[tokio::test]
async fn an_old_refresh_token_is_kept_when_none_comes_back() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.provider.set_switches(Switches { rotate: false, ..Switches::default() });

    for _ in 0..2 {
        world.clock.advance_seconds(3600);
        assert!(world.service.token(&app(), grant, &[]).await.is_ok());
    }
}

#[tokio::test]
async fn only_invalid_grant_kills_a_grant_and_connecting_again_revives_it() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.clock.advance_seconds(3600);
    for token in [TokenBehaviour::ServerError, TokenBehaviour::Html] {
        world.provider.set_switches(Switches { token, ..Switches::default() });
        assert!(
            matches!(world.service.token(&app(), grant, &[]).await, Err(ServiceError::Engine(_))),
            "{token:?}"
        );
        assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::Active);
    }

    world.provider.set_switches(Switches::default());
    world.provider.revoke_all();
    let dead = world.service.token(&app(), grant, &[]).await.unwrap_err();

    assert_eq!(dead.code(), Code::CredentialRevoked);
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::NeedsReauth);
    let again = world.connect("ada", |r| r.grant_id = Some(grant)).await;
    assert_eq!((again.grant_id, again.status), (grant, GrantStatus::Active));
    assert!(world.service.token(&app(), grant, &[]).await.is_ok());
    let kinds = world.event_kinds().await;
    assert_eq!(kinds, ["grant.created", "grant.needs_reauth", "grant.recovered"]);
}

#[tokio::test]
async fn a_grant_is_found_by_its_own_app_alone() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let other = "other".parse().unwrap();

    for id in [grant, "6f9619ff-8b86-4011-b42d-00cf4fc964ff".parse::<GrantId>().unwrap()] {
        assert!(matches!(world.service.grant(&other, id).await, Err(ServiceError::NoGrant)));
        assert!(matches!(world.service.token(&other, id, &[]).await, Err(ServiceError::NoGrant)));
        assert!(matches!(world.service.revoke(&other, id).await, Err(ServiceError::NoGrant)));
    }
    let all = GrantFilter { user: None, provider: None, status: None, after: None, limit: 10 };
    assert!(world.service.grants(&other, &all).await.unwrap().is_empty());
    assert_eq!(world.service.grants(&app(), &all).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_of_another_key_is_noticed() {
    let world = World::new().await;
    world.service.check_key().await.unwrap();

    assert!(world.service.check_key().await.is_ok());
}

#[tokio::test]
async fn many_callers_of_one_expired_token_share_one_refresh() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.clock.advance_seconds(3600);
    let before = world.token_requests();

    let callers = (0..16).map(|_| {
        let service = world.service.clone();
        tokio::spawn(async move { service.token(&app(), grant, &[]).await.unwrap().access_token })
    });
    let mut tokens = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        tokens.push(caller.await.unwrap().expose().to_owned());
    }

    tokens.dedup();
    assert_eq!((tokens.len(), world.token_requests() - before), (1, 1));
}

#[tokio::test]
async fn a_grant_is_found_by_its_user_and_provider_unless_several_fit() {
    let world = World::new().await;
    let ask = async |user: &str, scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let request = TokenRequest { provider: "files".parse().unwrap(), user_id: user.to_owned(), scopes };
        world.service.token_of_user(&app(), &request).await
    };
    assert!(matches!(ask("u1", &[]).await, Err(ServiceError::NoGrant)));

    let ada = world.connect("ada", |_| {}).await.grant_id;
    assert_eq!(ask("u1", &["files.read"]).await.unwrap().grant_id, ada);
    assert!(matches!(
        ask("u1", &["files.read", "files.write"]).await,
        Err(ServiceError::InsufficientScope { grant, missing }) if grant == ada && missing == ["files.write"]
    ));

    // Told in the order of their making.
    world.clock.advance_seconds(1);
    let grace = world.connect("grace", |_| {}).await.grant_id;
    let Err(ServiceError::Ambiguous(candidates)) = ask("u1", &[]).await else { panic!("several fit") };
    let identifiers: Vec<_> =
        candidates.iter().map(|one| (one.grant_id, one.account_identifier.as_deref().unwrap())).collect();
    assert_eq!(identifiers, [(ada, "ada@example.com"), (grace, "grace@example.com")]);

    world.service.revoke(&app(), grace).await.unwrap();
    assert_eq!(ask("u1", &[]).await.unwrap().grant_id, ada);
    assert!(matches!(ask("u2", &[]).await, Err(ServiceError::NoGrant)));
}
