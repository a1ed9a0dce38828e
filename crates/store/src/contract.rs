//! What every store must do, whatever database is under it. A store joins by calling [`run`] with a
//! way to make an empty one.

mod fixtures;

use std::{future::Future, slice};

use grantway_core::{
    Digest, Timestamp,
    app::{App, Registration},
    grant::{Grant, GrantStatus},
    session::Session,
};

use self::fixtures::*;
use crate::{
    ApiKey, Attempt, Connect, Credential, Ended, GrantFilter, HeldCode, Lease, Leased, Notes, Store,
    StoreError,
};

/// Runs every rule, each on a store of its own.
pub(crate) async fn run<S: Store, F: Future<Output = S>>(fresh: impl Fn() -> F) {
    the_first_canary_stays(&fresh().await).await;
    apps_and_registrations_are_replaced_by_id(&fresh().await).await;
    a_key_leads_to_its_app(&fresh().await).await;
    a_session_is_saved_only_over_the_version_that_was_read(&fresh().await).await;
    a_flow_is_taken_once(&fresh().await).await;
    a_held_code_is_taken_once_in_time_and_by_its_app(&fresh().await).await;
    a_connection_is_remembered_whole_or_not_at_all(&fresh().await).await;
    the_same_account_can_not_become_two_grants(&fresh().await).await;
    grants_are_listed_in_pages(&fresh().await).await;
    a_credential_is_replaced_only_over_its_generation(&fresh().await).await;
    a_refresh_has_one_owner_at_a_time(&fresh().await).await;
    a_grant_that_is_not_active_is_not_refreshed(&fresh().await).await;
    a_grant_is_buried_only_with_the_credential_that_died(&fresh().await).await;
    a_revoked_grant_has_no_credential(&fresh().await).await;
    old_sessions_are_forgotten_with_all_that_hangs_on_them(&fresh().await).await;
}

async fn the_first_canary_stays(store: &impl Store) {
    assert_eq!(store.canary().await.unwrap(), None);

    store.keep_canary(b"first").await.unwrap();

    assert!(matches!(store.keep_canary(b"second").await, Err(StoreError::Conflict)));
    assert_eq!(store.canary().await.unwrap().unwrap(), b"first");
}

async fn apps_and_registrations_are_replaced_by_id(store: &impl Store) {
    seed(store).await;

    let renamed = App { name: "New".to_owned(), ..app() };
    let secret = Registration { sealed_secret: Some(vec![9]), ..registration() };
    store.apply(slice::from_ref(&renamed), slice::from_ref(&secret)).await.unwrap();

    assert_eq!(store.apps().await.unwrap(), [renamed]);
    assert_eq!(store.registrations(&app_id()).await.unwrap(), slice::from_ref(&secret));
    assert_eq!(store.registration(&secret.id).await.unwrap(), Some(secret));
}

async fn a_key_leads_to_its_app(store: &impl Store) {
    seed(store).await;
    let digest = Digest::of("key");
    let key =
        ApiKey { id: "k".to_owned(), app: app_id(), name: "n".to_owned(), digest, created_at: Timestamp(1) };

    store.add_api_key(&key).await.unwrap();

    assert_eq!(store.app_of_key(&digest).await.unwrap(), Some(app_id()));
    assert_eq!(store.app_of_key(&Digest::of("other")).await.unwrap(), None);
}

async fn a_session_is_saved_only_over_the_version_that_was_read(store: &impl Store) {
    let session = minted(store, 1).await;
    let opened = session.clone().open(opening("poll"), Timestamp(1)).unwrap();

    store.save_session(&opened, &notes("n1")).await.unwrap();

    assert!(matches!(store.save_session(&opened, &notes("n2")).await, Err(StoreError::Conflict)));
    let read = store.session_of_poll(&Digest::of("poll")).await.unwrap().unwrap();
    assert_eq!(read, Session { version: 2, ..opened });
    assert_eq!(store.session_of_token(&Digest::of("token1")).await.unwrap(), Some(read));
    let actions: Vec<_> = store.audit_of(&app_id()).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(actions, ["mint1", "n1"], "a refused write leaves no audit row");
}

async fn a_flow_is_taken_once(store: &impl Store) {
    let flow = departed(store).await;

    assert!(store.take_flow(&flow.state, Timestamp(5)).await.unwrap());
    assert!(!store.take_flow(&flow.state, Timestamp(6)).await.unwrap());
    assert!(!store.take_flow(&Digest::of("unknown"), Timestamp(6)).await.unwrap());
    assert_eq!(store.flow(&flow.state).await.unwrap(), Some(flow), "a taken flow is still known");
}

async fn a_held_code_is_taken_once_in_time_and_by_its_app(store: &impl Store) {
    let flow = departed(store).await;
    let session = store.session(&flow.session).await.unwrap().unwrap();
    let held = HeldCode {
        completion: Digest::of("completion"),
        session: session.id.clone(),
        flow: flow.clone(),
        sealed_code: vec![1, 2],
        expires_at: Timestamp(60),
    };
    store.hold(&session.hold(&flow.provider, vec![3], Timestamp(60)), &held, &audit("held")).await.unwrap();

    let other = "other".parse().unwrap();
    assert_eq!(store.take_held(&other, &held.completion, Timestamp(1)).await.unwrap(), None);
    assert_eq!(store.take_held(&app_id(), &held.completion, Timestamp(60)).await.unwrap(), None, "too late");
    assert_eq!(
        store.take_held(&app_id(), &held.completion, Timestamp(59)).await.unwrap(),
        Some(held.clone())
    );
    assert_eq!(store.take_held(&app_id(), &held.completion, Timestamp(59)).await.unwrap(), None, "once");
}

async fn a_connection_is_remembered_whole_or_not_at_all(store: &impl Store) {
    let session = minted(store, 1).await;
    let grant = grant(1, "account");
    let noted = Notes { event: Some(event("e1")), ..notes("c1") };
    let connect = Connect { session: &session, grant: &grant, sealed: &[7], kept_from: None, notes: &noted };
    store.connect(&connect).await.unwrap();

    let stale = Notes { event: Some(event("e2")), ..notes("c2") };
    let again = Connect { sealed: &[8], kept_from: None, notes: &stale, ..connect };
    assert!(matches!(store.connect(&again).await, Err(StoreError::Conflict)));

    assert_eq!(store.credential(grant.id).await.unwrap().unwrap().sealed, [7]);
    assert_eq!(store.pending_events().await.unwrap(), [event("e1")]);
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(grant.clone()));
    assert_eq!(store.grant(&"other".parse().unwrap(), grant.id).await.unwrap(), None);
}

async fn the_same_account_can_not_become_two_grants(store: &impl Store) {
    let (first, second) = (minted(store, 1).await, minted(store, 2).await);
    let (one, other) = (grant(1, "account"), grant(2, "account"));
    store
        .connect(&Connect {
            session: &first,
            grant: &one,
            sealed: &[1],
            kept_from: None,
            notes: &notes("c1"),
        })
        .await
        .unwrap();

    let twice = store
        .connect(&Connect {
            session: &second,
            grant: &other,
            sealed: &[2],
            kept_from: None,
            notes: &notes("c2"),
        })
        .await;

    assert!(matches!(twice, Err(StoreError::Conflict)));
    let found = store.grants_of_user(&app_id(), "u1", &one.provider).await.unwrap();
    assert_eq!(found, slice::from_ref(&one));
    assert_eq!(store.session(&second.id).await.unwrap().unwrap().version, 1, "its session was not touched");

    // The same id at another tenant is another account.
    let parameters = [("shop".to_owned(), "other".to_owned())].into();
    let elsewhere = Grant { parameters, ..other };
    store
        .connect(&Connect {
            session: &second,
            grant: &elsewhere,
            sealed: &[2],
            kept_from: None,
            notes: &notes("c3"),
        })
        .await
        .unwrap();
    let found = store.grants_of_user(&app_id(), "u1", &one.provider).await.unwrap();
    assert_eq!(found, [one, elsewhere]);
}

async fn grants_are_listed_in_pages(store: &impl Store) {
    for number in 1..=3 {
        connected(store, number, &format!("account{number}")).await;
    }
    let filter = GrantFilter {
        user: Some("u1".to_owned()),
        provider: None,
        status: Some(GrantStatus::Active),
        after: None,
        limit: 2,
    };

    let first = store.grants(&app_id(), &filter).await.unwrap();
    let rest = store
        .grants(&app_id(), &GrantFilter { after: first.last().map(|last| last.id), ..filter.clone() })
        .await
        .unwrap();

    assert_eq!((first.len(), rest.len()), (2, 1));
    assert_eq!(rest[0].id, grant(3, "account3").id);
    let nobody = GrantFilter { user: Some("nobody".to_owned()), ..filter };
    assert!(store.grants(&app_id(), &nobody).await.unwrap().is_empty());
}

async fn a_credential_is_replaced_only_over_its_generation(store: &impl Store) {
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    lease(store, &read, "one", 0).await;
    store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "one").await.unwrap();

    let stale = store.save_credential(&Credential { sealed: vec![3], ..read.clone() }, "one").await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
    let now = store.credential(grant.id).await.unwrap().unwrap();
    assert_eq!((now.sealed, now.generation), (vec![2], read.generation + 1));
}

/// Asks for the right to refresh, for ten seconds from then on.
async fn lease(store: &impl Store, credential: &Credential, owner: &str, at: i64) -> Leased {
    let (grant, generation) = (credential.grant, credential.generation);
    let now = Timestamp(at * 1000);
    let wish = Lease { grant, generation, owner: owner.to_owned(), now, seconds: 10 };
    store.lease(&wish).await.unwrap()
}

async fn a_refresh_has_one_owner_at_a_time(store: &impl Store) {
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    assert_eq!(lease(store, &read, "one", 0).await, Leased::Taken(None));
    assert_eq!(lease(store, &read, "two", 9).await, Leased::Held);

    // The owner died: its attempt is told of, and it can store nothing any more.
    let before = Attempt { at: Timestamp(0), count: 1 };
    assert_eq!(lease(store, &read, "two", 10).await, Leased::Taken(Some(before)));
    let late = store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "one").await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    store.release(grant.id, "one", Ended::Unspent).await.unwrap();
    assert_eq!(lease(store, &read, "three", 11).await, Leased::Held, "only its owner gives it back");

    store.release(grant.id, "two", Ended::Unknown).await.unwrap();
    let before = Attempt { at: Timestamp(10_000), count: 2 };
    assert_eq!(lease(store, &read, "three", 12).await, Leased::Taken(Some(before)));
    store.release(grant.id, "three", Ended::Unspent).await.unwrap();
    assert_eq!(lease(store, &read, "four", 13).await, Leased::Taken(None));

    store.save_credential(&Credential { sealed: vec![2], ..read.clone() }, "four").await.unwrap();
    assert_eq!(lease(store, &read, "five", 14).await, Leased::Moved);
    let fresh = store.credential(grant.id).await.unwrap().unwrap();
    assert_eq!(lease(store, &fresh, "five", 14).await, Leased::Taken(None));
}

async fn a_grant_that_is_not_active_is_not_refreshed(store: &impl Store) {
    let grant = connected(store, 1, "account").await;
    let read = store.credential(grant.id).await.unwrap().unwrap();

    let dead = Grant { status: GrantStatus::NeedsReauth, ..grant.clone() };
    store.bury(&dead, read.generation, &notes("b1")).await.unwrap();

    assert_eq!(lease(store, &read, "one", 0).await, Leased::Moved);
}

async fn a_grant_is_buried_only_with_the_credential_that_died(store: &impl Store) {
    let grant = connected(store, 1, "account").await;
    let dead = store.credential(grant.id).await.unwrap().unwrap();
    lease(store, &dead, "one", 0).await;
    store.save_credential(&Credential { sealed: vec![2], ..dead.clone() }, "one").await.unwrap();
    let buried = Grant { status: GrantStatus::NeedsReauth, ..grant.clone() };

    let late = store.bury(&buried, dead.generation, &notes("b1")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "a newer credential lives");
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(grant.clone()));

    store.bury(&buried, dead.generation + 1, &notes("b2")).await.unwrap();
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(buried));
}

async fn a_revoked_grant_has_no_credential(store: &impl Store) {
    let grant = connected(store, 1, "account").await;
    let credential = store.credential(grant.id).await.unwrap().unwrap();
    lease(store, &credential, "one", 0).await;

    let revoked = Grant { status: GrantStatus::Revoked, ..grant.clone() };
    store.revoke(&revoked, &notes("r1")).await.unwrap();

    assert_eq!(store.credential(grant.id).await.unwrap(), None);
    assert!(
        matches!(store.save_credential(&credential, "one").await, Err(StoreError::Conflict)),
        "a late refresh changes nothing"
    );
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(revoked));
}

async fn old_sessions_are_forgotten_with_all_that_hangs_on_them(store: &impl Store) {
    let flow = departed(store).await;
    let code = Digest::of("code");
    store.add_return_code(&flow.session, &code, Timestamp(5_000_000)).await.unwrap();
    assert!(store.session_of_return_code(&code, Timestamp(4_999_999)).await.unwrap().is_some());
    assert!(store.session_of_return_code(&code, Timestamp(5_000_000)).await.unwrap().is_none());
    let told = Digest::of("told");
    store.add_return_code(&flow.session, &told, Timestamp(5_000_000)).await.unwrap();
    store.forget_return_code(&told).await.unwrap();
    assert!(store.session_of_return_code(&told, Timestamp(1)).await.unwrap().is_none());
    assert!(store.session_of_return_code(&code, Timestamp(1)).await.unwrap().is_some());

    let kept = store.forget_sessions(Timestamp(1_199_999)).await.unwrap();
    let forgotten = store.forget_sessions(Timestamp(1_200_000)).await.unwrap();

    assert_eq!((kept, forgotten), (0, 1));
    assert!(store.flow(&flow.state).await.unwrap().is_none());
    assert!(store.session_of_return_code(&code, Timestamp(1)).await.unwrap().is_none());
}
