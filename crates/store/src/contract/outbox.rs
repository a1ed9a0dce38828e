//! Events keep their order and lose no delivery.

use std::time::Duration;

use grantway_core::{
    EndpointId, Timestamp,
    grant::{Grant, GrantStatus},
};

use super::{Place, fixtures::*};
use crate::{
    Change, Claim, Claimed, Ending, Endpoint, EventFilter, Notes, PlacedEvent, Replay, Settled, Store,
    StoreError, Verdict,
};

/// Runs every rule, each in a place of its own.
pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    events_are_listed_in_the_order_of_their_positions(&*fresh().await.store().await).await;
    a_forgotten_position_is_never_given_again(&*fresh().await.store().await).await;
    endpoints_are_those_declared_last(&*fresh().await.store().await).await;
    an_endpoint_hears_of_its_event_types_alone(&*fresh().await.store().await).await;
    a_delivery_has_one_claimer_at_a_time(&*fresh().await.store().await).await;
    a_failed_delivery_waits_for_its_time_and_is_given_up_in_the_end(&*fresh().await.store().await).await;
    a_disabled_endpoint_gets_nothing_more(&*fresh().await.store().await).await;
    a_replay_begins_anew(&*fresh().await.store().await).await;
    an_event_of_a_grant_is_told(&*fresh().await.store().await).await;
    a_poller_skips_no_event_of_a_writer_that_commits_late(&fresh().await).await;
    two_replicas_claim_each_delivery_once(&fresh().await).await;
}

/// All events after that position.
pub(super) async fn events(store: &dyn Store, after: i64) -> Vec<PlacedEvent> {
    store.events(&app_id(), &EventFilter { after, kind: None, limit: 100 }).await.unwrap()
}

fn endpoint(path: &str, kinds: &[&str]) -> Endpoint {
    let url = format!("https://app.test/{path}").parse().unwrap();
    Endpoint {
        id: EndpointId::of(&app_id(), &url),
        app: app_id(),
        url,
        sealed_secrets: vec![1],
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        disabled_at: None,
    }
}

async fn declare(store: &dyn Store, endpoints: &[Endpoint]) {
    store.apply(&[app()], &[registration()], endpoints, &[]).await.unwrap();
}

/// A change that tells of itself: events `e{number}`, at a time of 3 ms.
async fn happened(store: &dyn Store, number: u8) {
    let session = mint(store, number).await;
    let grant = grant(number, &format!("account{number}"));
    let noted = Notes { event: Some(event(&format!("e{number}"))), ..notes(&format!("c{number}")) };
    store.connect(&connecting(&session, &grant, None, &noted)).await.unwrap();
}

async fn claim(store: &dyn Store, endpoint: &Endpoint, owner: &str, now: i64) -> Vec<Claimed> {
    let claim = Claim {
        endpoint: endpoint.id.clone(),
        owner: owner.to_owned(),
        now: Timestamp(now),
        until: Timestamp(now + 10),
        limit: 2,
    };
    store.claim_deliveries(&claim).await.unwrap()
}

fn named(claimed: &[Claimed]) -> Vec<(&str, i64)> {
    claimed.iter().map(|claimed| (claimed.event.id.as_str(), claimed.attempt)).collect()
}

fn settled(endpoint: &Endpoint, event: &str, owner: &str, verdict: Verdict) -> Settled {
    Settled {
        event: event.to_owned(),
        endpoint: endpoint.id.clone(),
        owner: owner.to_owned(),
        status: Some(500),
        error: Some("it answered 500".to_owned()),
        verdict,
    }
}

pub(super) async fn events_are_listed_in_the_order_of_their_positions(store: &dyn Store) {
    seed(store).await;
    for number in 1..=3 {
        happened(store, number).await;
    }

    let all = events(store, 0).await;

    let places: Vec<_> = all.iter().map(|placed| (placed.position, placed.event.id.as_str())).collect();
    assert_eq!(places, [(1, "e1"), (2, "e2"), (3, "e3")]);
    assert_eq!(events(store, 2).await, all[2..]);
    let other = EventFilter { after: 0, kind: Some("grant.revoked".to_owned()), limit: 100 };
    assert!(store.events(&app_id(), &other).await.unwrap().is_empty());
    let one = EventFilter { after: 1, kind: Some("grant.created".to_owned()), limit: 1 };
    assert_eq!(store.events(&app_id(), &one).await.unwrap(), all[1..2]);
    assert!(
        store.events(&"other".parse().unwrap(), &EventFilter { kind: None, ..one }).await.unwrap().is_empty()
    );
}

async fn a_forgotten_position_is_never_given_again(store: &dyn Store) {
    seed(store).await;
    happened(store, 1).await;
    assert_eq!(store.forget_events(Timestamp(3)).await.unwrap(), 0);

    assert_eq!(store.forget_events(Timestamp(4)).await.unwrap(), 1);

    happened(store, 2).await;
    assert_eq!(events(store, 0).await[0].position, 2);
}

async fn endpoints_are_those_declared_last(store: &dyn Store) {
    let (one, two) = (endpoint("one", &[]), endpoint("two", &["grant.created"]));
    declare(store, &[one.clone(), two.clone()]).await;
    assert_eq!(store.endpoints(&app_id()).await.unwrap(), [one.clone(), two.clone()]);

    let changed = Endpoint { sealed_secrets: vec![2], ..two.clone() };
    declare(store, std::slice::from_ref(&changed)).await;

    assert_eq!(store.endpoints(&app_id()).await.unwrap(), [changed]);
    assert_eq!(store.endpoint(&one.id).await.unwrap(), None);
}

async fn an_endpoint_hears_of_its_event_types_alone(store: &dyn Store) {
    let hears = [endpoint("all", &[]), endpoint("these", &["grant.revoked", "grant.created"])];
    let deaf = endpoint("others", &["grant.revoked"]);
    declare(store, &[hears[0].clone(), hears[1].clone(), deaf]).await;

    happened(store, 1).await;

    let mut due = store.due_endpoints(Timestamp(3)).await.unwrap();
    due.sort();
    let mut expected = hears.map(|endpoint| endpoint.id);
    expected.sort();
    assert_eq!(due, expected);
    assert!(store.due_endpoints(Timestamp(2)).await.unwrap().is_empty());
}

async fn a_delivery_has_one_claimer_at_a_time(store: &dyn Store) {
    let to = endpoint("one", &[]);
    declare(store, std::slice::from_ref(&to)).await;
    for number in 1..=3 {
        happened(store, number).await;
    }

    assert_eq!(named(&claim(store, &to, "a", 3).await), [("e1", 1), ("e2", 1)], "in order, at most two");
    assert_eq!(named(&claim(store, &to, "b", 3).await), [("e3", 1)]);
    assert!(claim(store, &to, "c", 12).await.is_empty());
    assert!(store.due_endpoints(Timestamp(12)).await.unwrap().is_empty());

    store.settle_delivery(&settled(&to, "e1", "a", Verdict::Delivered(Timestamp(5)))).await.unwrap();
    // `a` died before it could say how e2 went.
    assert_eq!(named(&claim(store, &to, "c", 13).await), [("e2", 2), ("e3", 2)]);
    let late = store.settle_delivery(&settled(&to, "e2", "a", Verdict::GivenUp)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "its claim is another's");
}

async fn a_failed_delivery_waits_for_its_time_and_is_given_up_in_the_end(store: &dyn Store) {
    let to = endpoint("one", &[]);
    declare(store, std::slice::from_ref(&to)).await;
    happened(store, 1).await;
    claim(store, &to, "a", 3).await;

    store.settle_delivery(&settled(&to, "e1", "a", Verdict::Again(Timestamp(20)))).await.unwrap();

    assert!(claim(store, &to, "b", 19).await.is_empty());
    let waiting = &store.undelivered(&app_id()).await.unwrap()[0];
    assert_eq!((waiting.next_at, waiting.attempts, waiting.last_status), (Some(Timestamp(20)), 1, Some(500)));
    assert_eq!(named(&claim(store, &to, "b", 20).await), [("e1", 2)]);
    store.settle_delivery(&settled(&to, "e1", "b", Verdict::GivenUp)).await.unwrap();
    assert!(claim(store, &to, "c", 1_000_000).await.is_empty());
    let given_up = &store.undelivered(&app_id()).await.unwrap()[0];
    assert_eq!((given_up.next_at, given_up.last_error.as_deref()), (None, Some("it answered 500")));
}

async fn a_disabled_endpoint_gets_nothing_more(store: &dyn Store) {
    let to = endpoint("one", &[]);
    declare(store, std::slice::from_ref(&to)).await;
    happened(store, 1).await;
    happened(store, 2).await;
    claim(store, &to, "a", 3).await;

    let gone = settled(&to, "e1", "a", Verdict::GivenUp);
    store.disable_endpoint(&gone, Timestamp(4), &audit("d1")).await.unwrap();

    happened(store, 3).await;
    assert!(store.due_endpoints(Timestamp(1_000_000)).await.unwrap().is_empty());
    let undelivered = store.undelivered(&app_id()).await.unwrap();
    let states: Vec<_> = undelivered.iter().map(|one| (one.event.as_str(), one.next_at)).collect();
    assert_eq!(states, [("e1", None), ("e2", None), ("e3", None)], "a replay sends what happened meanwhile");
    assert_eq!(store.endpoint(&to.id).await.unwrap().unwrap().disabled_at, Some(Timestamp(4)));
}

async fn a_replay_begins_anew(store: &dyn Store) {
    let to = endpoint("one", &[]);
    declare(store, std::slice::from_ref(&to)).await;
    happened(store, 1).await;
    happened(store, 2).await;
    claim(store, &to, "a", 3).await;
    store.settle_delivery(&settled(&to, "e1", "a", Verdict::Delivered(Timestamp(4)))).await.unwrap();
    let gone = settled(&to, "e2", "a", Verdict::GivenUp);
    store.disable_endpoint(&gone, Timestamp(4), &audit("d1")).await.unwrap();
    let replay = async |which: Replay, id: &str| {
        store.replay(&app_id(), &which, Timestamp(5), &audit(id)).await.unwrap()
    };

    assert_eq!(replay(Replay::GivenUp, "r1").await, 1);
    assert_eq!(named(&claim(store, &to, "b", 5).await), [("e2", 1)], "the endpoint works again");
    assert_eq!(replay(Replay::Event("e1".to_owned()), "r2").await, 1);
    assert_eq!(named(&claim(store, &to, "c", 5).await), [("e1", 1)]);
    assert_eq!(replay(Replay::Since(Timestamp(4)), "r3").await, 0);

    // Whoever is at it has lost it.
    assert_eq!(replay(Replay::Since(Timestamp(3)), "r4").await, 2);
    let late = store.settle_delivery(&settled(&to, "e1", "c", Verdict::Delivered(Timestamp(6)))).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    assert_eq!(named(&claim(store, &to, "d", 5).await), [("e1", 1), ("e2", 1)]);
    assert_eq!(replay(Replay::Event("unknown".to_owned()), "r5").await, 0);
}

async fn an_event_of_a_grant_is_told(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let mut changes = store.changes().subscribe();

    let revoked = Grant { status: GrantStatus::Revoked, ..grant };
    let notes = Notes { event: Some(event("e1")), ..notes("r1") };
    let ending = Ending { grant: &revoked, was: GrantStatus::Active, tell: None, notes: &notes };
    store.end_grant(&ending).await.unwrap();

    let told = async { while changes.recv().await.unwrap() != Change::Event {} };
    tokio::time::timeout(Duration::from_secs(10), told).await.expect("it is told");
}

async fn a_poller_skips_no_event_of_a_writer_that_commits_late(place: &impl Place) {
    let (one, other, poller) = (place.store().await, place.store().await, place.store().await);
    seed(&*one).await;
    let write = async |store: &dyn Store, numbers: std::ops::RangeInclusive<u8>| {
        for number in numbers {
            happened(store, number).await;
        }
    };
    let poll = async {
        let mut after = 0;
        while after < 40 {
            for placed in events(&*poller, after).await {
                assert_eq!(placed.position, after + 1, "none is passed over");
                after = placed.position;
            }
        }
    };

    tokio::join!(write(&*one, 1..=20), write(&*other, 101..=120), poll);

    assert_eq!(events(&*poller, 0).await.len(), 40);
}

async fn two_replicas_claim_each_delivery_once(place: &impl Place) {
    let [one, other] = [place.store().await, place.store().await];
    let to = endpoint("one", &[]);
    declare(&*one, std::slice::from_ref(&to)).await;
    for number in 1..=20 {
        happened(&*one, number).await;
    }
    let claim_all = async |store: &dyn Store, owner: &str| {
        let mut ids = Vec::new();
        loop {
            let claimed = claim(store, &to, owner, 3).await;
            if claimed.is_empty() {
                return ids;
            }
            for Claimed { event, .. } in claimed {
                let delivered = settled(&to, &event.id, owner, Verdict::Delivered(Timestamp(4)));
                store.settle_delivery(&delivered).await.unwrap();
                ids.push(event.id);
            }
        }
    };

    let (mine, its) = tokio::join!(claim_all(&*one, "one"), claim_all(&*other, "other"));

    let mut all = [mine, its].concat();
    assert_eq!(all.len(), 20);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 20, "no event had two claimers");
}
