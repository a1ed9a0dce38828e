//! What ends stays ended, and what is left to be told is told once.

use std::collections::BTreeMap;

use grantway_core::{
    Digest, Timestamp,
    grant::{Grant, GrantStatus},
};

use super::{Place, credentials::lease, fixtures::*};
use crate::{Connect, Ending, PendingRevocation, Store, StoreError, Telling};

pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    an_ended_grant_has_no_credential_and_hands_nothing_out(&*fresh().await.store().await).await;
    a_grant_is_changed_only_in_the_state_that_was_read(&*fresh().await.store().await).await;
    tokens_wait_until_their_provider_was_told(&*fresh().await.store().await).await;
    a_grant_that_is_connected_again_has_nothing_left_to_tell(&*fresh().await.store().await).await;
    a_users_sessions_end_with_their_flows(&*fresh().await.store().await).await;
}

/// Revokes a grant that was read as active.
pub(super) async fn end(
    store: &dyn Store,
    grant: &Grant,
    tell: Option<&str>,
    note: &str,
) -> Result<Grant, StoreError> {
    let ended = Grant { status: GrantStatus::Revoked, ..grant.clone() };
    let parameters = BTreeMap::from([("shop".to_owned(), "acme".to_owned())]);
    let telling = tell.map(|id| Telling { id, parameters: &parameters, at: Timestamp(1000) });
    let notes = notes(note);
    let ending = Ending { grant: &ended, was: GrantStatus::Active, tell: telling.as_ref(), notes: &notes };
    store.end_grant(&ending).await.map(|()| ended)
}

async fn an_ended_grant_has_no_credential_and_hands_nothing_out(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let credential = store.credential(grant.id).await.unwrap().unwrap();
    lease(store, &credential, "one").await;
    store.hand_out(grant.id, &audit("read1")).await.unwrap();

    let ended = end(store, &grant, None, "r1").await.unwrap();

    assert_eq!(store.credential(grant.id).await.unwrap(), None);
    assert!(
        matches!(store.save_credential(&credential, "one").await, Err(StoreError::Conflict)),
        "a late refresh changes nothing"
    );
    assert!(matches!(store.hand_out(grant.id, &audit("read2")).await, Err(StoreError::Conflict)));
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(ended));
    assert!(
        store.due_revocations(&registration().id, Timestamp(i64::MAX), 9).await.unwrap().is_empty(),
        "dropped"
    );
    let rows = store.audit_of(&app_id()).await.unwrap();
    assert!(rows.iter().all(|row| row.id != "read2"));
}

async fn a_grant_is_changed_only_in_the_state_that_was_read(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    let session = minted(store, 2).await;
    end(store, &grant, Some("one"), "r1").await.unwrap();

    let twice = end(store, &grant, Some("two"), "r2").await;
    let noted = notes("c2");
    let stale = connecting(&session, &grant, Some(GrantStatus::Active), &noted);
    let late = store.connect(&stale).await;

    assert!(matches!(twice, Err(StoreError::Conflict)));
    assert!(matches!(late, Err(StoreError::Conflict)), "a connection that knew it active revives nothing");
    assert_eq!(store.credential(grant.id).await.unwrap(), None);
    assert_eq!(store.session(&session.id).await.unwrap().unwrap().version, 1);
    assert_eq!(store.due_revocations(&registration().id, Timestamp(1000), 9).await.unwrap().len(), 1);
}

async fn tokens_wait_until_their_provider_was_told(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    end(store, &grant, Some("one"), "r1").await.unwrap();
    let mut expected = PendingRevocation {
        id: "one".to_owned(),
        app: app_id(),
        grant: grant.id,
        registration: grant.registration,
        parameters: [("shop".to_owned(), "acme".to_owned())].into(),
        sealed: vec![1],
        created_at: Timestamp(1000),
        next_at: Timestamp(1000),
        attempts: 0,
    };
    let late = PendingRevocation { id: "late".to_owned(), next_at: Timestamp(5000), ..expected.clone() };
    store.add_revocation(&late).await.unwrap();

    assert!(store.due_revocations(&registration().id, Timestamp(999), 9).await.unwrap().is_empty());
    assert!(store.registrations_to_tell(Timestamp(999)).await.unwrap().is_empty());
    assert_eq!(store.registrations_to_tell(Timestamp(5000)).await.unwrap(), [registration().id]);
    let other = "acme.other".parse().unwrap();
    assert!(store.due_revocations(&other, Timestamp(9000), 9).await.unwrap().is_empty());
    assert_eq!(
        store.due_revocations(&registration().id, Timestamp(1000), 9).await.unwrap(),
        [expected.clone()]
    );
    assert_eq!(
        store.due_revocations(&registration().id, Timestamp(5000), 1).await.unwrap(),
        [expected.clone()]
    );

    assert!(store.claim_revocation(&expected, Timestamp(9000)).await.unwrap());
    assert!(!store.claim_revocation(&expected, Timestamp(9000)).await.unwrap(), "another was first");
    assert_eq!(store.due_revocations(&registration().id, Timestamp(8999), 9).await.unwrap(), [late]);
    (expected.attempts, expected.next_at) = (1, Timestamp(9000));
    assert!(store.due_revocations(&registration().id, Timestamp(9000), 9).await.unwrap().contains(&expected));

    store.forget_revocation("one", &audit("told")).await.unwrap();
    store.forget_revocation("one", &audit("again")).await.unwrap();
    assert_eq!(store.due_revocations(&registration().id, Timestamp(9000), 9).await.unwrap().len(), 1);
    let rows = store.audit_of(&app_id()).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    assert!(ids.contains(&"told") && !ids.contains(&"again"));
}

async fn a_grant_that_is_connected_again_has_nothing_left_to_tell(store: &dyn Store) {
    let grant = connected(store, 1, "account").await;
    end(store, &grant, Some("one"), "r1").await.unwrap();
    let session = minted(store, 2).await;

    let noted = notes("c2");
    let (was, untold) = (Some(GrantStatus::Revoked), audit("untold"));
    let again = Connect { sealed: &[2], untold: &untold, ..connecting(&session, &grant, was, &noted) };
    store.connect(&again).await.unwrap();

    assert_eq!(store.credential(grant.id).await.unwrap().unwrap().sealed, [2]);
    assert!(store.audit_of(&app_id()).await.unwrap().contains(&untold));
    assert!(store.due_revocations(&registration().id, Timestamp(i64::MAX), 9).await.unwrap().is_empty());
}

async fn a_users_sessions_end_with_their_flows(store: &dyn Store) {
    let flow = departed(store, 1).await;
    let other = "other".parse().unwrap();
    assert!(store.sessions_of_user(&other, "u1").await.unwrap().is_empty());
    assert!(store.sessions_of_user(&app_id(), "u2").await.unwrap().is_empty());
    let session = store.sessions_of_user(&app_id(), "u1").await.unwrap().remove(0);

    let ended = session.clone().forgotten(Timestamp(7));
    store.end_session(&ended, &notes("e1")).await.unwrap();

    assert!(matches!(store.end_session(&ended, &notes("e2")).await, Err(StoreError::Conflict)));
    assert_eq!(store.flow(&flow.state).await.unwrap(), None);
    let kept = store.session_of_poll(&Digest::of("poll1")).await.unwrap().unwrap();
    assert!(kept.is_forgotten(), "who polls is told");
    store.wipe().await.unwrap();
}
