//! Two servers on one Postgres behave as one.

use std::time::Duration;

use grantway_core::{
    message::{SessionResult, Told},
    session::Stage,
};
use grantway_testkit::Person;
use tokio::{task::JoinHandle, time::timeout};

use super::world::{World, app, poll_of};
use crate::{Patience, Polled, ResultKey, Service, ServiceError};

/// Less than a poll's patience: who answers later was not woken.
const SOON: Duration = Duration::from_secs(15);

type Waiting = JoinHandle<Result<Option<Polled>, ServiceError>>;

async fn until_it_listens(waiting: &Waiting, service: &Service) {
    while !waiting.is_finished() && service.store.changes().listeners() == 0 {
        tokio::task::yield_now().await;
    }
}

async fn told(waiting: Waiting) -> SessionResult {
    let polled = timeout(SOON, waiting).await.expect("it is woken").unwrap();
    polled.unwrap().unwrap().result
}

#[tokio::test]
async fn a_poll_at_one_server_hears_what_happens_at_another() {
    let world = World::on_postgres().await;
    let replica = world.replica().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let poll = |stage| {
        let (service, key) = (replica.clone(), ResultKey::Poll(poll_of(&minted)));
        let patience = Patience { seconds: 25, seen: Some(stage) };
        tokio::spawn(async move { service.result(&key, patience).await })
    };

    let waiting = poll(Stage::Minted);
    until_it_listens(&waiting, &replica).await;
    let browser = world.open(&minted).await;
    assert_eq!(told(waiting).await.stage, Stage::Picking);

    let waiting = poll(Stage::Picking);
    until_it_listens(&waiting, &replica).await;
    let away = world.depart(&browser).await.unwrap();
    assert_eq!(told(waiting).await.stage, Stage::AtProvider);

    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    assert!(matches!(told(poll(Stage::Working)).await.outcome, Told::Success { .. }));
}

#[tokio::test]
async fn callers_of_two_servers_share_one_refresh() {
    let world = World::on_postgres().await;
    let replica = world.replica().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.clock.advance_seconds(3600);
    let before = world.token_requests();

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
