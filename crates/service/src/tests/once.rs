//! A request that is sent again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use grantway_core::{AppId, Digest, Secret};
use tokio::sync::oneshot;

use super::world::{World, app};
use crate::{KeptAnswer, Once, Repeatable, ServiceError};

fn asked<'a>(app: &'a AppId, what: &str) -> Repeatable<'a> {
    Repeatable { app, key: "k1", asked: Digest::of(what) }
}

fn made() -> ((), Option<KeptAnswer>) {
    ((), Some(KeptAnswer { status: 201, body: Secret::new("made, once".to_owned()) }))
}

#[tokio::test]
async fn a_success_is_told_again_for_a_day_and_made_once() {
    let (world, app) = (World::new().await, app());
    let count = Arc::new(AtomicUsize::new(0));
    let send = async |what: &str| {
        let count = count.clone();
        world
            .service
            .once(asked(&app, what), async move {
                count.fetch_add(1, Ordering::Relaxed);
                made()
            })
            .await
    };

    assert!(matches!(send("a").await, Ok(Once::First(()))));
    world.clock.advance_seconds(24 * 3600 - 1);
    let Ok(Once::Again(again)) = send("a").await else { panic!("not the same answer") };
    assert_eq!((again.status, again.body.expose()), (201, "made, once"));
    assert!(matches!(send("b").await, Err(ServiceError::KeyReused)));
    assert_eq!(count.load(Ordering::Relaxed), 1);

    world.clock.advance_seconds(1);
    assert_eq!(world.service.forget_answers().await.unwrap(), 1);
    assert!(matches!(send("b").await, Ok(Once::First(()))));
}

#[tokio::test]
async fn a_refusal_made_nothing_and_leaves_the_key() {
    let (world, app) = (World::new().await, app());

    world.service.once(asked(&app, "wrong"), async { ((), None) }).await.unwrap();

    assert!(matches!(world.service.once(asked(&app, "right"), async { made() }).await, Ok(Once::First(()))));
}

#[tokio::test]
async fn work_goes_on_without_its_caller_and_nobody_begins_it_again_meanwhile() {
    let (world, app) = (World::new().await, app());
    let (go_on, goes_on) = oneshot::channel::<()>();
    let (begun, begins) = oneshot::channel::<()>();
    let service = world.service.clone();
    let first = tokio::spawn(async move {
        let app = super::world::app();
        let work = async move {
            begun.send(()).unwrap();
            goes_on.await.unwrap();
            made()
        };
        service.once(asked(&app, "a"), work).await
    });
    begins.await.unwrap();

    first.abort();
    let meanwhile = world.service.once(asked(&app, "a"), async { made() }).await;
    go_on.send(()).unwrap();
    world.service.drain().await;

    assert!(matches!(meanwhile, Err(ServiceError::StillAtWork)));
    assert!(matches!(world.service.once(asked(&app, "a"), async { made() }).await, Ok(Once::Again(_))));
}

#[tokio::test]
async fn a_request_whose_process_died_may_be_begun_again() {
    let (world, app) = (World::new().await, app());
    let died = world.service.once(asked(&app, "a"), async { panic!("the process dies") });
    let died: Result<Once<()>, _> = died.await;
    assert!(matches!(died, Err(ServiceError::Interrupted)));

    let soon = world.service.once(asked(&app, "a"), async { made() }).await;
    world.clock.advance_seconds(120);
    let later = world.service.once(asked(&app, "a"), async { made() }).await;

    assert!(matches!(soon, Err(ServiceError::StillAtWork)));
    assert!(matches!(later, Ok(Once::First(()))));
}

#[tokio::test]
async fn another_apps_key_is_another_key() {
    let (world, app, other) = (World::new().await, app(), "other".parse().unwrap());
    let mut spec = super::world::app_spec();
    spec.id = AppId::clone(&other);
    spec.registrations.clear();
    world.service.apply(vec![spec]).await.unwrap();

    world.service.once(asked(&app, "a"), async { made() }).await.unwrap();

    assert!(matches!(world.service.once(asked(&other, "b"), async { made() }).await, Ok(Once::First(()))));
}
