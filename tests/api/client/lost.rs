//! Answers that don't come: what is sent again, and what is not.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use grantway::server::limits::LimitSettings;
use grantway_client::{Client, Code, Error, GrantQuery, Secret};
use http::StatusCode;

use super::{client, mint_for};
use crate::{
    proxy::upstream::{bind, spawn},
    world::World,
};

/// What becomes of the first requests.
#[derive(Clone, Copy)]
enum Fate {
    /// The work is done, and the answer breaks off.
    Lost,
    /// A load balancer finds nobody to pass it on to.
    NotPassedOn,
}

/// A road to the world's server.
#[derive(Clone)]
struct Road {
    fate: Fate,
    bad: usize,
    heard: Arc<AtomicUsize>,
}

impl Road {
    /// On which the first `bad` requests have this fate.
    fn new(fate: Fate, bad: usize) -> Self {
        Self { fate, bad, heard: Arc::default() }
    }

    async fn to(&self, world: &World) -> Client {
        let listener = bind().await;
        let address = listener.local_addr().unwrap();
        let router = world.router.clone();
        spawn(listener, router.layer(middleware::from_fn_with_state(self.clone(), along)));
        client(world, address)
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

async fn along(State(road): State<Road>, request: Request, next: Next) -> Response {
    if road.heard.fetch_add(1, Ordering::SeqCst) >= road.bad {
        return next.run(request).await;
    }
    match road.fate {
        Fate::Lost => {
            next.run(request).await;
            let broken = std::io::Error::other("the cable was cut");
            Body::from_stream(futures::stream::iter([Err::<Vec<u8>, _>(broken)])).into_response()
        }
        Fate::NotPassedOn => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn minted_sessions(world: &World) -> usize {
    let audit = world.store.audit_of(&"acme".parse().unwrap()).await.unwrap();
    audit.iter().filter(|row| row.action == "session.minted").count()
}

#[tokio::test]
async fn a_session_whose_answer_was_lost_twice_is_minted_once() {
    let (world, road) = (World::new().await, Road::new(Fate::Lost, 2));
    let grantway = road.to(&world).await;

    let minted = grantway.mint(&mint_for("u1")).await.unwrap();

    assert_eq!((road.heard(), minted_sessions(&world).await), (3, 1));
    assert_eq!(grantway.session(&minted.session_id).await.unwrap().user.id, "u1");
    grantway.mint(&mint_for("u1")).await.unwrap();
    assert_eq!(minted_sessions(&world).await, 2, "another call is another session");
}

#[tokio::test]
async fn what_is_not_passed_on_is_sent_three_times_and_no_more() {
    let world = World::new().await;
    let (twice, always) = (Road::new(Fate::NotPassedOn, 2), Road::new(Fate::NotPassedOn, usize::MAX));

    let passed = twice.to(&world).await.mint(&mint_for("u1")).await;
    let stuck = always.to(&world).await.mint(&mint_for("u1")).await;

    assert!(passed.is_ok());
    assert!(matches!(stuck, Err(Error::Unreadable(StatusCode::SERVICE_UNAVAILABLE))));
    assert_eq!((twice.heard(), always.heard()), (3, 3));
}

#[tokio::test]
async fn a_call_to_a_provider_is_sent_once() {
    let world = World::new().await;
    let grant = world.grant().await.parse().unwrap();
    for fate in [Fate::Lost, Fate::NotPassedOn] {
        let road = Road::new(fate, 1);
        let call = http::Request::post("/notes").body("note").unwrap();

        let answer = road.to(&world).await.proxy(grant, call).await;

        assert!(matches!(answer, Err(Error::Unreachable(_) | Error::Unreadable(_))), "{answer:?}");
        assert_eq!(road.heard(), 1);
    }
}

#[tokio::test]
async fn who_must_wait_long_is_told_instead() {
    let limits = LimitSettings { per_key: std::num::NonZeroU32::MIN, ..LimitSettings::default() };
    let (world, road) = (World::with_limits(limits).await, Road::new(Fate::Lost, 0));
    let grantway = road.to(&world).await;
    grantway.grants(&GrantQuery::default()).await.unwrap();

    let refused = grantway.grants(&GrantQuery::default()).await;

    let Err(Error::Refused(problem)) = refused else { panic!("{refused:?}") };
    assert!(problem.code == Code::RateLimited && problem.retry_after.unwrap().as_secs() > 5);
    assert_eq!(road.heard(), 2);
}

#[tokio::test]
async fn nobody_there_is_told_without_a_secret() {
    let listener = bind().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let grantway = Client::new(&url, &Secret::new("gw_sk_CANARY".to_owned())).unwrap();

    let error = grantway.delete_user("CANARY").await.unwrap_err();

    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("CANARY"));
}
