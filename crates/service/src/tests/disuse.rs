//! Grants that nobody uses: their provider forgets refresh tokens after thirty days.

use grantway_core::{Code, GrantId, grant::GrantStatus};
use grantway_testkit::{Switches, TokenBehaviour};

use super::world::{World, app};

const DAY: i64 = 24 * 3600;

impl World {
    async fn unused(&self) -> (GrantId, usize) {
        let grant = self.connect_at("fading", "ada").await;
        (grant, self.token_requests())
    }

    async fn status(&self, grant: GrantId) -> GrantStatus {
        self.service.grant(&app(), grant).await.unwrap().status
    }
}

#[tokio::test]
async fn what_nobody_uses_is_refreshed_every_twenty_days_by_one_server() {
    let world = World::new().await;
    let (grant, before) = world.unused().await;
    let replica = world.replica().await;

    world.clock.advance_seconds(20 * DAY - 1);
    world.service.refresh_disused().await.unwrap();
    assert_eq!(world.token_requests() - before, 0);
    for times in 1..=3 {
        world.clock.advance_seconds(if times == 1 { 1 } else { 20 * DAY });
        let (one, other) = tokio::join!(world.service.refresh_disused(), replica.refresh_disused());
        one.and(other).unwrap();
        assert_eq!(world.token_requests() - before, times);
    }

    assert_eq!(world.status(grant).await, GrantStatus::Active);
    assert!(world.service.token(&app(), grant, &[]).await.is_ok());
}

#[tokio::test]
async fn what_is_used_is_left_alone() {
    let world = World::new().await;
    let (grant, before) = world.unused().await;

    world.clock.advance_seconds(19 * DAY);
    world.service.token(&app(), grant, &[]).await.unwrap();
    world.clock.advance_seconds(19 * DAY);
    world.service.refresh_disused().await.unwrap();

    assert_eq!(world.token_requests() - before, 1, "the one that was asked for");
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_within_its_grace() {
    let world = World::new().await;
    let (grant, before) = world.unused().await;
    let behave = |token| world.provider.set_switches(Switches { token, rotate: true, ..Switches::default() });

    world.clock.advance_seconds(20 * DAY);
    behave(TokenBehaviour::ServerError);
    for seconds in [0, 299, 1] {
        world.clock.advance_seconds(seconds);
        world.service.refresh_disused().await.unwrap();
    }
    behave(TokenBehaviour::Normal);
    world.clock.advance_seconds(300);
    world.service.refresh_disused().await.unwrap();

    assert_eq!((world.token_requests() - before, world.status(grant).await), (3, GrantStatus::Active));
    world.service.refresh_disused().await.unwrap();
    assert_eq!(world.token_requests() - before, 3);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_while_the_old_token_is_honoured() {
    let world = World::new().await;
    let (grant, before) = world.unused().await;
    let behave =
        |token| world.provider.set_switches(Switches { token, rotate: false, ..Switches::default() });

    for asked in ["by the backend", "unasked"] {
        world.clock.advance_seconds(20 * DAY);
        behave(TokenBehaviour::HangUp);
        match asked {
            "unasked" => world.service.refresh_disused().await.unwrap(),
            _ => assert!(world.service.token(&app(), grant, &[]).await.is_err()),
        }
        behave(TokenBehaviour::Normal);
        // Its lease may still be another server's.
        world.clock.advance_seconds(109);
        world.service.refresh_disused().await.unwrap();
        world.clock.advance_seconds(1);
        world.service.refresh_disused().await.unwrap();

        assert_eq!(world.status(grant).await, GrantStatus::Active, "{asked}");
    }

    assert_eq!(world.token_requests() - before, 4);
}

#[tokio::test]
async fn a_grant_that_is_found_dead_is_told_before_anybody_needs_it() {
    let world = World::new().await;
    let (grant, _) = world.unused().await;
    world.provider.revoke_all();

    world.clock.advance_seconds(20 * DAY);
    world.service.refresh_disused().await.unwrap();

    assert_eq!(world.status(grant).await, GrantStatus::NeedsReauth);
    assert_eq!(world.event_kinds().await, ["grant.created", "grant.needs_reauth"]);
    assert_eq!(world.service.token(&app(), grant, &[]).await.unwrap_err().code(), Code::CredentialRevoked);
    world.clock.advance_seconds(20 * DAY);
    let before = world.token_requests();
    world.service.refresh_disused().await.unwrap();
    assert_eq!(world.token_requests(), before);
}
