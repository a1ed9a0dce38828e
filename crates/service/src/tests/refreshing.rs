//! One refresh at a time across processes, and what an attempt without an outcome means.

use std::time::Duration;

use grantway_core::{Code, GrantId, grant::GrantStatus};
use grantway_engine::EngineError;
use grantway_store::{Lease, Leased};
use grantway_testkit::{Switches, TokenBehaviour};
use serde_json::json;

use super::world::{World, app};
use crate::{AccessToken, ServiceError};

const DAY: i64 = 24 * 3600;

impl World {
    /// A grant whose access token has ended, and how often the token endpoint was asked so far.
    async fn expired(&self) -> (GrantId, usize) {
        let grant = self.connect("ada", |_| {}).await.grant_id;
        self.clock.advance_seconds(3600);
        (grant, self.token_requests())
    }

    fn behave(&self, token: TokenBehaviour, rotate: bool) {
        self.provider.set_switches(Switches { token, rotate, ..Switches::default() });
    }
}

#[tokio::test]
async fn callers_of_two_processes_share_one_refresh() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    let replica = world.replica().await;

    let callers = (0..16).map(|number| {
        let service = if number % 2 == 0 { world.service.clone() } else { replica.clone() };
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
async fn a_process_that_died_holds_nobody_up_for_long() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    let generation = world.store.credential(grant).await.unwrap().unwrap().generation;
    let owner = "died".to_owned();
    let died = Lease { grant, generation, owner, now: world.service.clock.now(), seconds: 50 };
    assert_eq!(world.store.lease(&died).await.unwrap(), Leased::Taken(None));

    let service = world.service.clone();
    let caller = tokio::spawn(async move { service.token(&app(), grant, &[]).await });
    tokio::task::yield_now().await;
    assert_eq!(world.token_requests(), before, "it waits");
    world.clock.advance_seconds(50);

    assert!(caller.await.unwrap().is_ok());
    assert_eq!(world.token_requests() - before, 1);
}

#[tokio::test]
async fn a_drain_does_not_wait_for_another_process() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    let generation = world.store.credential(grant).await.unwrap().unwrap().generation;
    let owner = "other".to_owned();
    let other = Lease { grant, generation, owner, now: world.service.clock.now(), seconds: 50 };
    assert_eq!(world.store.lease(&other).await.unwrap(), Leased::Taken(None));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.token(&app(), grant, &[]).await })
        })
        .collect();
    tokio::task::yield_now().await;

    world.service.stop_waiting();
    let drained = tokio::time::timeout(Duration::from_secs(10), world.service.drain()).await;

    assert!(drained.is_ok(), "it waits for as long as the lease lasts");
    for caller in callers {
        assert!(matches!(caller.await.unwrap(), Err(ServiceError::Refreshing)));
    }
    assert_eq!(world.token_requests(), before);
}

#[tokio::test]
async fn a_lost_answer_of_a_token_that_rotates_is_asked_for_once_more_and_no_oftener() {
    let world = World::new().await;
    let grant = world.connect_at("fading", "ada").await;
    world.clock.advance_seconds(3600);
    let before = world.token_requests();
    let token = async || world.service.token(&app(), grant, &[]).await;
    world.behave(TokenBehaviour::HangUp, false);

    assert!(matches!(token().await, Err(ServiceError::Engine(EngineError::Unanswered))));
    assert!(matches!(token().await, Err(ServiceError::Engine(EngineError::Unanswered))));
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::Active);
    assert!(matches!(token().await, Err(ServiceError::Revoked { .. })));

    assert_eq!(world.token_requests() - before, 2);
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::NeedsReauth);
}

#[tokio::test]
async fn lost_answers_alone_never_kill_a_grant_whose_token_is_not_known_to_rotate() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    world.behave(TokenBehaviour::HangUp, false);
    for _ in 0..3 {
        let lost = world.service.token(&app(), grant, &[]).await;
        assert!(matches!(lost, Err(ServiceError::Engine(EngineError::Unanswered))));
    }

    world.behave(TokenBehaviour::Normal, false);

    until_it_is_asked_again(async || world.service.token(&app(), grant, &[]).await).await;
    assert_eq!(world.token_requests() - before, 4);
}

#[tokio::test]
async fn a_web_page_in_the_place_of_an_answer_spent_nothing() {
    let world = World::new().await;
    let grant = world.connect_at("fading", "ada").await;
    world.clock.advance_seconds(3600);
    world.behave(TokenBehaviour::Html, true);
    for _ in 0..3 {
        let page = world.service.token(&app(), grant, &[]).await;
        assert!(matches!(page, Err(ServiceError::Engine(EngineError::Unreadable("token")))));
    }

    world.behave(TokenBehaviour::Normal, true);

    assert!(world.service.token(&app(), grant, &[]).await.is_ok());
}

#[tokio::test]
async fn a_lost_answer_of_a_token_that_does_not_rotate_loses_nothing() {
    let world = World::new().await;
    let (grant, _) = world.expired().await;
    world.behave(TokenBehaviour::HangUp, false);
    assert!(world.service.token(&app(), grant, &[]).await.is_err());

    world.behave(TokenBehaviour::Normal, false);

    assert!(world.service.token(&app(), grant, &[]).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_fails_for_a_while_never_kills_a_grant() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    world.behave(TokenBehaviour::ServerError, true);
    for _ in 0..5 {
        assert!(matches!(
            world.service.token(&app(), grant, &[]).await,
            Err(ServiceError::Engine(EngineError::Failing(500) | EngineError::Resting(_)))
        ));
    }

    world.behave(TokenBehaviour::Normal, true);

    until_it_is_asked_again(async || world.service.token(&app(), grant, &[]).await).await;
    assert_eq!(world.token_requests() - before, 4);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_left_alone_until_a_trial_succeeds() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    let token = async || world.service.token(&app(), grant, &[]).await;
    world.behave(TokenBehaviour::ServerError, true);
    for _ in 0..3 {
        assert!(matches!(token().await, Err(ServiceError::Engine(EngineError::Failing(500)))));
    }

    let resting = token().await.unwrap_err();
    assert_eq!((resting.code(), resting.retry_after()), (Code::ProviderUnavailable, Some(1)));
    assert_eq!(world.token_requests() - before, 3, "it was not asked");

    world.behave(TokenBehaviour::Normal, true);
    until_it_is_asked_again(token).await;
    assert_eq!(world.token_requests() - before, 4);
    assert_eq!(world.service.grant(&app(), grant).await.unwrap().status, GrantStatus::Active);
}

/// A rest goes by the monotonic clock, which can't be told.
async fn until_it_is_asked_again(token: impl AsyncFn() -> Result<AccessToken, ServiceError>) {
    loop {
        match token().await {
            Ok(_) => return,
            Err(ServiceError::Engine(EngineError::Resting(_))) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn tokens_whose_lookup_failed_are_stored_and_not_given_and_refreshed_by_the_next_call() {
    let world = World::new().await;
    let grant = world.connect_at("mute", "ada").await;
    let token = async || world.service.token(&app(), grant, &[]).await;
    world.clock.advance_seconds(3600);
    let before = world.token_requests();

    world.traffic.cut("/userinfo");
    let without = token().await.unwrap_err();
    world.traffic.mend("/userinfo");
    let whole = token().await.unwrap();
    let same = token().await.unwrap();

    assert_eq!(without.code(), Code::ProviderUnavailable);
    assert!(whole.extra.contains_key("session"));
    assert_eq!(same.access_token.expose(), whole.access_token.expose());
    assert_eq!(world.token_requests() - before, 2, "by the refresh token that came without");
}

#[tokio::test]
async fn the_audit_says_why_a_grant_died() {
    let world = World::new().await;
    let (grant, _) = world.expired().await;
    world.behave(TokenBehaviour::InvalidGrant, true);

    assert!(matches!(world.service.token(&app(), grant, &[]).await, Err(ServiceError::Revoked { .. })));

    let audit = world.store.audit_of(&app()).await.unwrap();
    let died: Vec<_> = audit.iter().filter(|row| row.action == "grant.needs_reauth").collect();
    assert_eq!(died.len(), 1);
    assert_eq!(died[0].detail, json!({"reason": "invalid_grant"}));
}

#[tokio::test]
async fn a_token_got_while_the_clock_was_ahead_is_not_trusted_after_it_was_set_right() {
    let world = World::new().await;
    let (grant, before) = world.expired().await;
    let token = async || world.service.token(&app(), grant, &[]).await.unwrap();
    world.clock.advance_seconds(DAY);
    token().await;

    world.clock.advance_seconds(-DAY);
    let right = token().await;
    token().await;

    assert!(right.expires_at <= Some(world.service.clock.now().plus_seconds(3600)));
    assert_eq!(world.token_requests() - before, 2, "once, and then it is fresh");
}
