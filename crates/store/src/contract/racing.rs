//! What must hold when two replicas do something at the same moment.

use std::{future::Future, sync::Arc};

use grantway_core::{
    Digest, Timestamp,
    grant::{Grant, GrantStatus},
};

use super::{Place, credentials::lease, endings::end, fixtures::*};
use crate::{Credential, HeldCode, Leased, Store, StoreError};

/// A race that goes well once proves little.
const ROUNDS: u8 = 24;

pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    one_replica_keeps_the_first_canary(&fresh().await).await;
    one_replica_saves_a_session(&fresh().await).await;
    one_replica_takes_a_flow(&fresh().await).await;
    one_replica_takes_a_held_code(&fresh().await).await;
    one_replica_connects_an_account(&fresh().await).await;
    one_replica_gets_the_lease(&fresh().await).await;
    a_credential_is_either_saved_or_buried(&fresh().await).await;
    a_credential_that_comes_after_the_revocation_is_refused(&fresh().await).await;
    no_credential_outlives_a_revocation(&fresh().await).await;
    one_replica_ends_a_grant_and_one_tells(&fresh().await).await;
    a_grant_that_ends_is_not_revived_by_who_knew_it_active(&fresh().await).await;
}

/// Two replicas.
async fn two(place: &impl Place) -> [Arc<dyn Store>; 2] {
    [place.store().await, place.store().await]
}

async fn race<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> [T; 2] {
    let (one, other) = tokio::join!(one, other);
    [one, other]
}

/// That one write was made and the other refused.
fn one_wins<T: std::fmt::Debug>(outcomes: [Result<T, StoreError>; 2]) {
    let refused = |outcome: &Result<T, StoreError>| matches!(outcome, Err(StoreError::Conflict));
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(won == 1 && outcomes.iter().any(refused), "{outcomes:?}");
}

async fn one_replica_keeps_the_first_canary(place: &impl Place) {
    let [one, other] = two(place).await;

    one_wins(race(one.keep_canary(b"one"), other.keep_canary(b"other")).await);
}

async fn one_replica_saves_a_session(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let session = minted(&*one, number).await;
        let [mine, its] = ["mine", "its"]
            .map(|poll| session.clone().open(opening(&format!("{poll}{number}")), Timestamp(1)).unwrap());
        let [my_notes, its_notes] = ["a", "b"].map(|id| notes(&format!("{id}{number}")));

        one_wins(race(one.save_session(&mine, &my_notes), other.save_session(&its, &its_notes)).await);

        assert_eq!(one.session(&session.id).await.unwrap().unwrap().version, 2);
    }
}

async fn one_replica_takes_a_flow(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let flow = departed(&*one, number).await;

        let mut taken =
            race(one.take_flow(&flow.state, Timestamp(5)), other.take_flow(&flow.state, Timestamp(5)))
                .await
                .map(Result::unwrap);

        taken.sort_unstable();
        assert_eq!(taken, [false, true]);
    }
}

async fn one_replica_takes_a_held_code(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let flow = departed(&*one, number).await;
        let session = one.session(&flow.session).await.unwrap().unwrap();
        let completion = Digest::of(&format!("completion{number}"));
        let (session_id, expires_at) = (session.id.clone(), Timestamp(60));
        let session = session.hold(&flow.provider, vec![3], expires_at);
        let held = HeldCode { completion, session: session_id, flow, sealed_code: vec![1], expires_at };
        one.hold(&session, &held, &audit(&format!("held{number}"))).await.unwrap();

        let app = app_id();
        let taken = race(
            one.take_held(&app, &completion, Timestamp(1)),
            other.take_held(&app, &completion, Timestamp(1)),
        );

        assert_eq!(taken.await.into_iter().filter_map(Result::unwrap).count(), 1);
    }
}

async fn one_replica_connects_an_account(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let (first, second) = (minted(&*one, number).await, minted(&*one, number + ROUNDS).await);
        let account = format!("account{number}");
        let [my_notes, its_notes] = ["a", "b"].map(|id| notes(&format!("{id}{number}")));
        let (my_grant, its_grant) = (grant(number, &account), grant(number + ROUNDS, &account));
        let mine = connecting(&first, &my_grant, None, &my_notes);
        let its = connecting(&second, &its_grant, None, &its_notes);
        one_wins(race(one.connect(&mine), other.connect(&its)).await);
    }
    let found = one.grants_of_user(&app_id(), "u1", &"files".parse().unwrap()).await.unwrap();
    assert_eq!(found.len(), usize::from(ROUNDS));
}

/// A grant that two replicas know, its credential, and what it is once it needs its person again.
async fn shared(store: &dyn Store, number: u8) -> (Credential, Grant) {
    let grant = connected(store, number, &format!("account{number}")).await;
    let credential = store.credential(grant.id).await.unwrap().unwrap();
    (credential, Grant { status: GrantStatus::NeedsReauth, ..grant })
}

async fn one_replica_gets_the_lease(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let (credential, _) = shared(&*one, number).await;

        let leased = race(lease(&*one, &credential, "one"), lease(&*other, &credential, "other")).await;

        assert!(leased.contains(&Leased::Taken(None)) && leased.contains(&Leased::Held), "{leased:?}");
    }
}

async fn a_credential_is_either_saved_or_buried(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let (credential, dead) = shared(&*one, number).await;
        lease(&*one, &credential, "one").await;
        let buried = notes(&format!("b{number}"));

        let saved = one.save_credential(&credential, "one");
        one_wins(race(saved, other.bury(&dead, credential.generation, &buried)).await);
    }
}

async fn a_credential_that_comes_after_the_revocation_is_refused(place: &impl Place) {
    let [one, other] = two(place).await;
    let (credential, dead) = shared(&*one, 1).await;
    lease(&*one, &credential, "one").await;
    let revoked = end(&*other, &dead, None, "r").await.unwrap();

    let late = one.save_credential(&credential, "one").await;

    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert_eq!(one.credential(revoked.id).await.unwrap(), None);
}

async fn no_credential_outlives_a_revocation(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let (credential, dead) = shared(&*one, number).await;
        lease(&*one, &credential, "one").await;

        // Whichever came first: a late credential is refused, an early one is forgotten.
        let note = format!("r{number}");
        let revoking = async { end(&*other, &dead, Some(&note), &note).await.map(|_| ()) };
        let [_, told] = race(one.save_credential(&credential, "one"), revoking).await;

        told.unwrap();
        let revoked = dead;
        assert_eq!(
            one.due_revocations(&registration().id, Timestamp(1000), 99).await.unwrap().len(),
            usize::from(number)
        );
        assert_eq!(one.credential(revoked.id).await.unwrap(), None);
        assert_eq!(one.grant(&app_id(), revoked.id).await.unwrap().unwrap().status, GrantStatus::Revoked);
    }
}

async fn one_replica_ends_a_grant_and_one_tells(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let grant = connected(&*one, number, &format!("account{number}")).await;
        let [mine, its] = ["a", "b"].map(|id| format!("{id}{number}"));
        one_wins(race(end(&*one, &grant, Some(&mine), &mine), end(&*other, &grant, Some(&its), &its)).await);

        let due = one.due_revocations(&registration().id, Timestamp(1000), 9).await.unwrap();
        assert_eq!(due.len(), 1);
        let later = Timestamp(9000);
        let claims = race(one.claim_revocation(&due[0], later), other.claim_revocation(&due[0], later)).await;
        assert_eq!(claims.into_iter().filter(|claim| matches!(claim, Ok(true))).count(), 1);
    }
}

async fn a_grant_that_ends_is_not_revived_by_who_knew_it_active(place: &impl Place) {
    let [one, other] = two(place).await;
    for number in 1..=ROUNDS {
        let grant = connected(&*one, number, &format!("account{number}")).await;
        let session = minted(&*one, number + ROUNDS).await;
        let (noted, note) = (notes(&format!("a{number}")), format!("r{number}"));
        let was = Some(GrantStatus::Active);
        let again = connecting(&session, &grant, was, &noted);

        // Whichever came first, the grant has ended.
        let revoking = async { end(&*other, &grant, None, &note).await.map(|_| ()) };
        let [_, ended] = race(one.connect(&again), revoking).await;

        ended.unwrap();
        assert_eq!(one.credential(grant.id).await.unwrap(), None);
        assert_eq!(one.grant(&app_id(), grant.id).await.unwrap().unwrap().status, GrantStatus::Revoked);
        let read = audit(&format!("t{number}"));
        assert!(matches!(other.hand_out(grant.id, &read).await, Err(StoreError::Conflict)));
    }
}
