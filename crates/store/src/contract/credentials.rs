//! Credentials: one owner of a refresh at a time, each write over the generation that was read, none forgotten.

use grantway_core::{
    Timestamp,
    grant::{Grant, GrantStatus},
};

use super::{Place, endings::end, fixtures::*};
use crate::{Attempt, Connect, Credential, DueRefresh, Ended, Lease, Leased, Store, StoreError};

pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    a_credential_is_replaced_only_over_its_generation(&*fresh().await.store().await).await;
    a_refresh_has_one_owner_at_a_time(&fresh().await).await;
    a_grant_that_is_not_active_is_not_refreshed(&*fresh().await.store().await).await;
    a_grant_is_buried_only_with_the_credential_that_died(&*fresh().await.store().await).await;
    what_would_die_of_disuse_is_due_to_one_server(&fresh().await).await;
    an_attempt_that_leaves_no_other_trace_is_due_when_its_lease_ends(&fresh().await).await;
    what_is_being_refreshed_is_not_kept(&fresh().await).await;
    no_two_credentials_of_a_grant_look_alike(&*fresh().await.store().await).await;
}

async fn a_credential_is_replaced_only_over_its_generation(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    lease(store, &read, "one").await;
    store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "one").await.unwrap();

    let stale = store.save_credential(&Credential { sealed: vec![3], ..read.clone() }, "one").await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
    let now = store.credential(grant.id).await.unwrap().unwrap();
    assert_eq!((now.sealed, now.generation), (vec![2], read.generation + 1));
}

/// Asks for the right to refresh, for a thousand seconds.
pub(super) async fn lease(store: &dyn Store, credential: &Credential, owner: &str) -> Leased {
    let (grant, generation) = (credential.grant, credential.generation);
    let wish = Lease { grant, generation, owner: owner.to_owned(), now: Timestamp(0), seconds: 1000 };
    store.lease(&wish).await.unwrap()
}

/// Makes everything that leases go by older: a database's own clock can't be told.
async fn pass(place: &impl Place, seconds: i64) {
    let passed = seconds * 1000;
    let sql = format!(
        "update credentials set lease_until = lease_until - {passed}, attempt_at = attempt_at - {passed}"
    );
    place.execute(sql).await.unwrap();
}

async fn a_refresh_has_one_owner_at_a_time(place: &impl Place) {
    let store = &*place.store().await;
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    assert_eq!(lease(store, &read, "one").await, Leased::Taken(None));
    pass(place, 900).await;
    assert_eq!(lease(store, &read, "two").await, Leased::Held);

    // The owner died: its attempt is told of, and it can store nothing any more.
    pass(place, 100).await;
    let taken = lease(store, &read, "two").await;
    assert!(matches!(taken, Leased::Taken(Some(Attempt { age: 1000..1100, count: 1 }))), "{taken:?}");
    let late = store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "one").await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    store.release(&read, "one", Ended::Unspent).await.unwrap();
    assert_eq!(lease(store, &read, "three").await, Leased::Held, "only its owner gives it back");

    store.release(&read, "two", Ended::Unknown).await.unwrap();
    pass(place, 7).await;
    let taken = lease(store, &read, "three").await;
    assert!(matches!(taken, Leased::Taken(Some(Attempt { age: 1007..1107, count: 2 }))), "{taken:?}");
    store.release(&read, "three", Ended::Unspent).await.unwrap();
    let taken = lease(store, &read, "four").await;
    assert!(
        matches!(taken, Leased::Taken(Some(Attempt { count: 2, .. }))),
        "what is not known stays so: {taken:?}"
    );

    store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "four").await.unwrap();
    assert_eq!(lease(store, &read, "five").await, Leased::Moved);
    let fresh = store.credential(grant.id).await.unwrap().unwrap();
    assert_eq!(lease(store, &fresh, "five").await, Leased::Taken(None));
    store.release(&fresh, "five", Ended::Unspent).await.unwrap();
    assert_eq!(lease(store, &fresh, "six").await, Leased::Taken(None));
}

async fn a_grant_that_is_not_active_is_not_refreshed(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    let dead = Grant { status: GrantStatus::NeedsReauth, ..grant.clone() };
    store.bury(&dead, read.generation, &notes("b1")).await.unwrap();

    assert_eq!(lease(store, &read, "one").await, Leased::Moved);
}

async fn a_grant_is_buried_only_with_the_credential_that_died(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let dead = store.credential(grant.id).await.unwrap().unwrap();
    lease(store, &dead, "one").await;
    store.save_credential(&Credential { sealed: vec![2], ..dead.clone() }, "one").await.unwrap();
    let buried = Grant { status: GrantStatus::NeedsReauth, ..grant.clone() };

    let late = store.bury(&buried, dead.generation, &notes("b1")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "a newer credential lives");
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(grant.clone()));

    store.bury(&buried, dead.generation + 1, &notes("b2")).await.unwrap();
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(buried));
}

async fn what_would_die_of_disuse_is_due_to_one_server(place: &impl Place) {
    let (one, other) = (place.store().await, place.store().await);
    let due = async |now: i64| {
        let due = one.due_refreshes(Timestamp(now), 9).await.unwrap();
        due.into_iter().map(|due| (due.grant.id, due.at.0)).collect::<Vec<_>>()
    };
    let connect = async |number: u8, refresh_at: Option<i64>| {
        kept(&*one, number, &format!("account{number}"), refresh_at.map(Timestamp)).await
    };
    let (second, first) = (connect(1, Some(20)).await.id, connect(2, Some(10)).await.id);
    connect(3, None).await;
    let dead = connect(4, Some(5)).await;
    let buried = Grant { status: GrantStatus::NeedsReauth, ..dead };
    let generation = one.credential(buried.id).await.unwrap().unwrap().generation;
    one.bury(&buried, generation, &notes("b1")).await.unwrap();

    assert_eq!(due(9).await, []);
    assert_eq!(due(20).await, [(first, 10), (second, 20)]);
    assert_eq!(one.due_refreshes(Timestamp(20), 1).await.unwrap().len(), 1);

    let claimed: DueRefresh = one.due_refreshes(Timestamp(20), 1).await.unwrap().remove(0);
    let (mine, its) = tokio::join!(
        one.claim_refresh(&claimed, Timestamp(50)),
        other.claim_refresh(&claimed, Timestamp(50))
    );
    assert_ne!(mine.unwrap(), its.unwrap(), "one server's");
    assert_eq!(due(49).await, [(second, 20)]);

    let read = one.credential(first).await.unwrap().unwrap();
    assert_eq!(read.refresh_at, Some(Timestamp(50)));
    lease(&*one, &read, "me").await;
    one.save_credential(&Credential { refresh_at: Some(Timestamp(99)), ..read }, "me").await.unwrap();
    assert_eq!(due(98).await, [(second, 20)]);
    assert_eq!(due(99).await, [(second, 20), (first, 99)]);
}

async fn an_attempt_that_leaves_no_other_trace_is_due_when_its_lease_ends(place: &impl Place) {
    let store = &*place.store().await;
    let (used, unused) = (connected(store, 1, "a").await, kept(store, 2, "b", Some(Timestamp(20))).await);
    let due = async || {
        let due = store.due_refreshes(Timestamp(i64::MAX), 9).await.unwrap();
        due.iter().map(|due| due.grant.id).collect::<Vec<_>>()
    };
    let read = store.credential(used.id).await.unwrap().unwrap();

    lease(store, &read, "one").await;
    assert_eq!(due().await, [unused.id, used.id]);
    let then = store.credential(used.id).await.unwrap().unwrap().refresh_at.unwrap();
    assert!(store.due_refreshes(Timestamp(then.0 - 1), 9).await.unwrap().len() == 1, "not before");
    store.release(&read, "one", Ended::Unspent).await.unwrap();
    assert_eq!(due().await, [unused.id]);

    lease(store, &read, "two").await;
    store.release(&read, "two", Ended::Unknown).await.unwrap();
    assert_eq!(due().await, [unused.id, used.id]);
    let read = store.credential(unused.id).await.unwrap().unwrap();
    lease(store, &read, "three").await;
    let after = store.credential(unused.id).await.unwrap().unwrap();
    assert_eq!(after.refresh_at, Some(Timestamp(20)), "it was due before that");
}

async fn what_is_being_refreshed_is_not_kept(place: &impl Place) {
    let store = &*place.store().await;
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();
    let session = minted(store, 2).await;
    let noted = notes("c2");
    let was = Some(GrantStatus::Active);
    let kept_from = Some(read.generation);
    let again = Connect { kept_from, ..connecting(&session, &grant, was, &noted) };

    lease(store, &read, "one").await;
    let early = store.connect(&again).await;
    pass(place, 7).await;
    store.connect(&Connect { waits: false, ..again }).await.unwrap();

    assert!(matches!(early, Err(StoreError::Busy)));
    let fresh = store.credential(grant.id).await.unwrap().unwrap();
    let taken = lease(store, &fresh, "two").await;
    assert!(
        matches!(taken, Leased::Taken(Some(Attempt { count: 1, .. }))),
        "what is not known of a token stays with it: {taken:?}"
    );
}

async fn no_two_credentials_of_a_grant_look_alike(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let first = store.credential(grant.id).await.unwrap().unwrap();
    let ended = end(store, &grant, None, "r1").await.unwrap();
    let session = minted(store, 2).await;

    let again = Grant { updated_at: Timestamp(1000), ..grant.clone() };
    let noted = notes("c2");
    store.connect(&connecting(&session, &again, Some(ended.status), &noted)).await.unwrap();

    let second = store.credential(grant.id).await.unwrap().unwrap();
    assert_ne!(first.generation, second.generation);
    let dead = Grant { status: GrantStatus::NeedsReauth, ..again };
    let late = store.bury(&dead, first.generation, &notes("b1")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "what died was the first one");
}
