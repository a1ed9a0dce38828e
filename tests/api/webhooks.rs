//! Webhooks, from the change to a real server on loopback.

mod receiver;

use std::time::{Duration, UNIX_EPOCH};

use grantway::server::adapters::SystemClock;
use grantway_client::{
    Change, EventPage,
    webhook::{WebhookError, verify},
};
use grantway_core::Clock;
use grantway_service::WebhookSpec;
use grantway_store::Replay;
use tokio::net::TcpListener;

use self::receiver::{Manner, Receiver, app, secret, webhook};
use crate::world::World;

#[tokio::test]
async fn a_published_verifier_accepts_what_either_secret_signed() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.clock.set(SystemClock.now());
    world.declare(vec![WebhookSpec { secrets: vec![secret(1), secret(2)], ..webhook(&receiver.url) }]).await;
    world.deliver();

    world.happen().await;

    let heard = &receiver.heard(1).await[0];
    assert!(heard.verified_by(&secret(1)) && heard.verified_by(&secret(2)));
    assert!(!heard.verified_by(&secret(3)));
    let body = heard.json();
    assert_eq!((&body["type"], &body["data"]["provider"]), (&"grant.created".into(), &"files".into()));
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert!(!body.to_string().contains("CANARY"), "no secret goes out");
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn our_client_reads_what_either_secret_signed_as_the_event_that_is_polled() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![WebhookSpec { secrets: vec![secret(1), secret(2)], ..webhook(&receiver.url) }]).await;
    world.deliver();
    world.happen().await;
    let heard = &receiver.heard(1).await[0];
    let sent = UNIX_EPOCH + Duration::from_secs(world.clock.now().unix_seconds().unsigned_abs());
    let read = |kept, now| verify(&[secret(kept)], &heard.headers, &heard.body, now);

    let event = read(2, sent).unwrap();

    let page: EventPage = serde_json::from_str(&world.api("GET", "/v1/events", None).await.text).unwrap();
    let polled = &page.data[0];
    assert_eq!((&event.id, &event.kind, &event.change), (&polled.id, &polled.kind, &polled.change));
    assert!(matches!(&event.change, Change::GrantCreated(connection) if connection.provider == "files"));
    assert_eq!(read(1, sent).unwrap().timestamp, polled.timestamp);
    assert_eq!(read(3, sent).unwrap_err(), WebhookError::Signature);
    assert_eq!(read(1, sent + Duration::from_secs(301)).unwrap_err(), WebhookError::Time);
}

#[tokio::test]
async fn a_receiver_that_was_down_for_a_while_misses_nothing() {
    let world = World::on_the_network().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world.declare(vec![webhook(&format!("http://{address}/hooks").parse().unwrap())]).await;
    world.deliver();
    for _ in 0..3 {
        world.happen().await;
    }
    let failed =
        world.undelivered(|all| all.len() == 3 && all.iter().all(|one| one.last_error.is_some())).await;
    assert_eq!(failed[0].last_error.as_deref(), Some("it could not be reached"));

    let receiver = Receiver::on(TcpListener::bind(address).await.unwrap());
    world.later(6).await;

    let mut heard: Vec<_> = receiver.heard(3).await.iter().map(|heard| heard.id()).collect();
    let mut expected = world.event_ids().await;
    heard.sort();
    expected.sort();
    assert_eq!(heard, expected);
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn what_waited_for_a_start_goes_out_in_order_of_its_batches() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    for _ in 0..8 {
        world.happen().await;
    }

    world.deliver();

    let heard: Vec<_> = receiver.heard(8).await.iter().map(|heard| heard.id()).collect();
    let expected = world.event_ids().await;
    assert!(heard[..4].iter().all(|id| expected[..4].contains(id)), "{heard:?} {expected:?}");
}

#[tokio::test]
async fn a_repeat_is_the_same_event_at_another_time() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    // It has the event, and says that it failed.
    receiver.manner.send_replace(Manner::Status(500));
    world.deliver();
    world.happen().await;
    let failed = world.undelivered(|all| all.iter().any(|one| one.last_status == Some(500))).await;
    assert_eq!(failed[0].last_error.as_deref(), Some("it answered 500"));

    receiver.manner.send_replace(Manner::Status(200));
    world.later(6).await;

    let heard = receiver.heard(2).await;
    assert_eq!((heard[0].id(), &heard[0].body), (heard[1].id(), &heard[1].body));
    assert_ne!(heard[0].headers["webhook-timestamp"], heard[1].headers["webhook-timestamp"]);
    assert_ne!(heard[0].headers["webhook-signature"], heard[1].headers["webhook-signature"]);
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_no_other() {
    let (world, dead, alive) =
        (World::on_the_network().await, Receiver::start().await, Receiver::start().await);
    dead.manner.send_replace(Manner::Silence);
    world.declare(vec![webhook(&dead.url), webhook(&alive.url)]).await;
    world.deliver();
    world.happen().await;
    dead.heard(1).await;

    for _ in 0..6 {
        world.happen().await;
    }

    alive.heard(7).await;
    assert_eq!(dead.count(), 1, "it still has the first");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_gets_nothing_more_until_a_replay() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Status(410));
    world.deliver();
    world.happen().await;
    world.undelivered(|all| all.len() == 1 && all[0].next_at.is_none()).await;
    assert!(world.service.endpoints(&app()).await.unwrap()[0].disabled_at.is_some());
    receiver.manner.send_replace(Manner::Status(200));

    world.happen().await;
    world.later(100_000).await;
    assert_eq!(receiver.count(), 1);

    let since = world.clock.now().plus_seconds(-200_000);
    assert_eq!(world.service.replay(&app(), &Replay::Since(since)).await.unwrap(), 2);
    receiver.heard(3).await;
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Redirect);
    world.deliver();

    world.happen().await;

    world.undelivered(|all| all.iter().any(|one| one.last_status == Some(302))).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_an_answer() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Endless);
    world.deliver();

    world.happen().await;

    receiver.heard(1).await;
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn two_processes_deliver_each_event_once() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    for _ in 0..12 {
        world.happen().await;
    }

    world.deliver();
    tokio::spawn(world.replica().await.keep_delivering());

    world.undelivered(<[_]>::is_empty).await;
    let mut heard: Vec<_> = receiver.heard(12).await.iter().map(|heard| heard.id()).collect();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 12);
}

#[tokio::test]
async fn a_process_that_died_before_it_noted_a_delivery_makes_it_twice() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Silence);
    let dying = world.deliver();
    world.happen().await;
    receiver.heard(1).await;
    dying.abort();
    let _ = dying.await;
    receiver.manner.send_replace(Manner::Status(200));

    world.deliver();
    world.later(59).await;
    assert_eq!(receiver.count(), 1, "it may still be at it");
    world.later(1).await;

    let heard = receiver.heard(2).await;
    assert_eq!(heard[0].id(), heard[1].id());
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_leaves_the_rest_for_the_next_start() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Silence);
    let worker = world.deliver();
    world.happen().await;
    receiver.heard(1).await;

    world.service.stop_waiting();
    world.happen().await;
    receiver.manner.send_replace(Manner::Status(200));
    worker.await.unwrap();

    let left = world.undelivered(|all| all.len() == 1).await;
    assert_eq!((left[0].attempts, receiver.count()), (0, 1));
    tokio::spawn(world.replica().await.keep_delivering());
    receiver.heard(2).await;
}

#[tokio::test]
async fn a_delivery_is_given_up_after_ten_attempts_and_can_be_replayed() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    receiver.manner.send_replace(Manner::Status(503));
    world.deliver();
    world.happen().await;
    for attempt in 1..10 {
        let now = world.clock.now();
        world.undelivered(|all| all[0].attempts == attempt && all[0].next_at > Some(now)).await;
        receiver.heard(usize::try_from(attempt).unwrap()).await;
        world.later(30 * 3600).await;
    }
    world.undelivered(|all| all[0].next_at.is_none()).await;
    world.later(30 * 3600).await;
    receiver.manner.send_replace(Manner::Status(200));
    receiver.heard(10).await;

    assert_eq!(world.service.replay(&app(), &Replay::GivenUp).await.unwrap(), 1);

    receiver.heard(11).await;
    world.undelivered(<[_]>::is_empty).await;
}

#[tokio::test]
async fn an_endpoint_that_is_not_declared_any_more_hears_nothing() {
    let (world, receiver) = (World::on_the_network().await, Receiver::start().await);
    world.declare(vec![webhook(&receiver.url)]).await;
    world.happen().await;

    world.declare(Vec::new()).await;
    world.deliver();
    world.happen().await;

    assert!(world.service.endpoints(&app()).await.unwrap().is_empty());
    world.undelivered(<[_]>::is_empty).await;
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_wrong_endpoint_is_refused_by_its_key() {
    let world = World::new().await;
    let right = webhook(&"https://acme.test/hooks".parse().unwrap());
    let short = grantway_core::Secret::new("whsec_c2hvcnQ=".to_owned());
    for (wrong, says) in [
        (
            WebhookSpec { url: "http://acme.test/hooks".parse().unwrap(), ..right.clone() },
            "apps.acme.webhooks[0].url: must use https (http is accepted for localhost and loopback addresses only)",
        ),
        (
            WebhookSpec { url: "https://user:pass@acme.test".parse().unwrap(), ..right.clone() },
            "apps.acme.webhooks[0].url: must not carry a user name or password",
        ),
        (
            WebhookSpec { secrets: vec![secret(1), secret(2), secret(3)], ..right.clone() },
            "apps.acme.webhooks[0].secrets: must be 1 to 2; `grantway webhooks secret` makes one",
        ),
        (
            WebhookSpec { secrets: vec![short], ..right.clone() },
            "apps.acme.webhooks[0].secrets: must be whsec_ and 24 to 64 random bytes in base64; `grantway webhooks secret` makes one",
        ),
        (
            WebhookSpec { events: vec!["grant.maid".to_owned()], ..right.clone() },
            "apps.acme.webhooks[0].events: there is no event `grant.maid`; there are grant.created, grant.reauthorized, \
             grant.needs_reauth, grant.recovered, grant.revoked, session.failed",
        ),
    ] {
        let mut spec = crate::world::app_spec();
        spec.webhooks = vec![wrong];

        let refusal = world.service.apply(vec![spec]).await.err().unwrap();

        assert_eq!(refusal.to_string(), says);
    }
}
