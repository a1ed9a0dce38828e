//! What every store must do, whatever database is under it. A store joins by calling [`run`] with a
//! way to make an empty database.

mod backend;
mod credentials;
mod endings;
mod exporting;
mod fixtures;
mod hearing;
mod outbox;
mod racing;
mod sealing;

use std::{slice, sync::Arc};

use grantway_core::{
    Digest, Timestamp,
    app::{App, Registration},
    grant::{Grant, GrantStatus},
    session::Session,
};

pub(crate) use self::{fixtures::saved, hearing::heard};
use self::{fixtures::*, hearing::a_saved_session_is_told_and_a_refused_one_is_not};
use crate::{Connect, GrantFilter, HeldCode, Notes, PlacedEvent, Store, StoreError};

/// An empty database, on which any number of stores may be opened.
pub(crate) trait Place {
    /// One more store, as another replica has.
    async fn store(&self) -> Arc<dyn Store>;

    /// Runs SQL past the stores.
    async fn execute(&self, sql: String) -> Result<(), sqlx::Error>;
}

/// Runs every rule, each in a place of its own.
pub(crate) async fn run<P: Place>(fresh: impl AsyncFn() -> P) {
    the_first_canary_stays(&*fresh().await.store().await).await;
    apps_and_registrations_are_replaced_by_id(&*fresh().await.store().await).await;
    backend::run(&fresh).await;
    a_session_is_saved_only_over_the_version_that_was_read(&*fresh().await.store().await).await;
    a_saved_session_is_told_and_a_refused_one_is_not(&*fresh().await.store().await).await;
    a_flow_is_taken_once(&*fresh().await.store().await).await;
    a_held_code_is_taken_once_in_time_and_by_its_app(&*fresh().await.store().await).await;
    a_connection_is_remembered_whole_or_not_at_all(&*fresh().await.store().await).await;
    the_same_account_can_not_become_two_grants(&*fresh().await.store().await).await;
    grants_are_listed_in_pages(&*fresh().await.store().await).await;
    credentials::run(&fresh).await;
    old_sessions_are_forgotten_with_all_that_hangs_on_them(&*fresh().await.store().await).await;
    an_audit_row_stays_as_it_was_written(&fresh().await).await;
    endings::run(&fresh).await;
    outbox::run(&fresh).await;
    exporting::the_audit_is_read_in_pages_in_the_order_of_writing(&*fresh().await.store().await).await;
    sealing::run(&fresh).await;
    racing::run(&fresh).await;
}

async fn the_first_canary_stays(store: &dyn Store) {
    assert_eq!(store.canary().await.unwrap(), None);

    store.keep_canary(b"first").await.unwrap();

    assert!(matches!(store.keep_canary(b"second").await, Err(StoreError::Conflict)));
    assert_eq!(store.canary().await.unwrap().unwrap(), b"first");
}

async fn apps_and_registrations_are_replaced_by_id(store: &dyn Store) {
    seed(store).await;

    let renamed = App { name: "New".to_owned(), ..app() };
    let secret = Registration { sealed_secret: Some(vec![9]), ..registration() };
    store.apply(slice::from_ref(&renamed), slice::from_ref(&secret), &[], &[audit("a1")]).await.unwrap();
    assert_eq!(store.audit_of(&app_id()).await.unwrap(), [audit("a1")]);

    assert_eq!(store.apps().await.unwrap(), [renamed]);
    assert_eq!(store.registrations(&app_id()).await.unwrap(), slice::from_ref(&secret));
    assert_eq!(store.registration(&secret.id).await.unwrap(), Some(secret));
}

async fn a_session_is_saved_only_over_the_version_that_was_read(store: &dyn Store) {
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

async fn a_flow_is_taken_once(store: &dyn Store) {
    let flow = departed(store, 1).await;

    assert!(store.take_flow(&flow.state, Timestamp(5)).await.unwrap());
    assert!(!store.take_flow(&flow.state, Timestamp(6)).await.unwrap());
    assert!(!store.take_flow(&Digest::of("unknown"), Timestamp(6)).await.unwrap());
    assert_eq!(store.flow(&flow.state).await.unwrap(), Some(flow), "a taken flow is still known");
}

async fn a_held_code_is_taken_once_in_time_and_by_its_app(store: &dyn Store) {
    let flow = departed(store, 1).await;
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

async fn a_connection_is_remembered_whole_or_not_at_all(store: &dyn Store) {
    let session = minted(store, 1).await;
    let grant = grant(1, "account");
    let noted = Notes { event: Some(event("e1")), ..notes("c1") };
    let connect = Connect { sealed: &[7], ..connecting(&session, &grant, None, &noted) };
    store.connect(&connect).await.unwrap();

    let stale = Notes { event: Some(event("e2")), ..notes("c2") };
    let again = Connect { sealed: &[8], notes: &stale, ..connect };
    assert!(matches!(store.connect(&again).await, Err(StoreError::Conflict)));

    assert_eq!(store.credential(grant.id).await.unwrap().unwrap().sealed, [7]);
    assert_eq!(outbox::events(store, 0).await, [PlacedEvent { position: 1, event: event("e1") }]);
    assert_eq!(store.grant(&app_id(), grant.id).await.unwrap(), Some(grant.clone()));
    assert_eq!(store.grant(&"other".parse().unwrap(), grant.id).await.unwrap(), None);
}

async fn the_same_account_can_not_become_two_grants(store: &dyn Store) {
    let (first, second) = (minted(store, 1).await, minted(store, 2).await);
    let (one, other) = (grant(1, "account"), grant(2, "account"));
    store.connect(&connecting(&first, &one, None, &notes("c1"))).await.unwrap();

    let twice = store.connect(&connecting(&second, &other, None, &notes("c2"))).await;

    assert!(matches!(twice, Err(StoreError::Conflict)));
    let found = store.grants_of_user(&app_id(), "u1", &one.provider).await.unwrap();
    assert_eq!(found, slice::from_ref(&one));
    assert_eq!(store.session(&second.id).await.unwrap().unwrap().version, 1, "its session was not touched");

    // The same id at another tenant is another account.
    let parameters = [("shop".to_owned(), "other".to_owned())].into();
    let elsewhere = Grant { parameters, ..other };
    store.connect(&connecting(&second, &elsewhere, None, &notes("c3"))).await.unwrap();
    let found = store.grants_of_user(&app_id(), "u1", &one.provider).await.unwrap();
    assert_eq!(found, [one, elsewhere]);
}

async fn grants_are_listed_in_pages(store: &dyn Store) {
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

async fn old_sessions_are_forgotten_with_all_that_hangs_on_them(store: &dyn Store) {
    let flow = departed(store, 1).await;
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

async fn an_audit_row_stays_as_it_was_written(place: &impl Place) {
    let store = place.store().await;
    seed(&*store).await;
    store.audit(&audit("a1")).await.unwrap();

    for sql in ["update audit set action = 'other'", "delete from audit"] {
        let error = place.execute(sql.to_owned()).await.unwrap_err();
        assert!(error.to_string().contains("the audit is insert-only"), "{sql}: {error}");
    }

    assert_eq!(store.audit_of(&app_id()).await.unwrap(), [audit("a1")]);
}
