//! What must hold when the master key changes.

use std::sync::Arc;

use grantway_core::{
    Code, Digest, Timestamp,
    app::Registration,
    session::{Accounts, Mismatch, Progress, Session},
};

use super::{Place, credentials::lease, fixtures::*};
use crate::{Credential, HeldCode, Leased, Otherwise, Resealed, SealedPlace, SealedValue, Store, StoreError};

const OLD: &[u8] = b"\x01old-key.";
const NEW: &[u8] = b"\x01new-key.";

pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    sealed_values_are_counted_by_key_while_they_are_of_use(&*fresh().await.store().await).await;
    values_of_another_key_are_read_in_pages(&*fresh().await.store().await).await;
    a_value_is_sealed_anew_only_as_it_was_read(&*fresh().await.store().await).await;
    values_are_sealed_anew_while_another_replica_changes_them(&fresh().await).await;
    a_canary_is_changed_once(&*fresh().await.store().await).await;
}

fn sealed(head: &[u8], text: &str) -> Vec<u8> {
    [head, text.as_bytes()].concat()
}

/// Seals a credential as if by that key.
async fn seal_credential(store: &dyn Store, number: u8, head: &[u8]) -> SealedValue {
    let grant = connected(store, number, &format!("account{number}")).await;
    let read = store.credential(grant.id).await.unwrap().unwrap();
    lease(store, &read, "one").await;
    let sealed = sealed(head, "tokens");
    store.save_credential(&Credential { sealed: sealed.clone(), ..read }, "one").await.unwrap();
    SealedValue { row: grant.id.to_string(), owner: grant.id.to_string(), sealed }
}

async fn counts(store: &dyn Store, now: i64) -> Vec<(&'static str, Vec<u8>, i64)> {
    let counts = store.sealed_counts(Timestamp(now)).await.unwrap();
    counts.into_iter().map(|count| (count.place, count.head, count.count)).collect()
}

async fn sealed_values_are_counted_by_key_while_they_are_of_use(store: &dyn Store) {
    let flow = departed(store, 1).await;
    let session = store.session(&flow.session).await.unwrap().unwrap();
    let completion = Digest::of("completion");
    let flow = grantway_core::flow::Flow { sealed_verifier: sealed(NEW, "verifier"), ..flow };
    let expires_at = Timestamp(60);
    let held = HeldCode {
        completion,
        session: session.id.clone(),
        sealed_code: sealed(OLD, "code"),
        expires_at,
        flow,
    };
    let session = session.hold(&registration().provider, sealed(NEW, "completion"), Timestamp(60));
    store.hold(&session, &held, &audit("held")).await.unwrap();
    for (number, head) in [(2, OLD), (3, NEW), (4, OLD)] {
        seal_credential(store, number, head).await;
    }
    let asking = minted(store, 5).await;
    let (provider, code) = (registration().provider, Code::AccountMismatch);
    let accounts = Accounts { expected: "ada".to_owned(), got: "eve".to_owned() };
    let mismatch = Some(Mismatch { accounts, kept: sealed(OLD, "kept") });
    let asking = Session { progress: Progress::Troubled { provider, code, mismatch }, ..asking };
    store.save_session(&asking, &notes("asking")).await.unwrap();
    store
        .apply(
            &[],
            &[Registration { sealed_secret: Some(sealed(NEW, "secret")), ..registration() }],
            &[],
            &[],
        )
        .await
        .unwrap();

    let lasting = [
        ("client secrets", NEW.to_vec(), 1),
        ("parameters", vec![9], 1),
        ("credentials", NEW.to_vec(), 1),
        ("credentials", OLD.to_vec(), 2),
    ];
    let passing = [
        ("trips to a provider", vec![4], 1),
        ("codes that wait", NEW.to_vec(), 1),
        ("codes that wait", OLD.to_vec(), 1),
        ("sessions", NEW.to_vec(), 1),
        ("sessions", OLD.to_vec(), 1),
    ];
    assert_eq!(counts(store, 59).await, [&lasting[..], &passing[..]].concat());
    assert_eq!(counts(store, 10_000_000).await, lasting, "what is over is not waited for");
}

async fn values_of_another_key_are_read_in_pages(store: &dyn Store) {
    let mut old = Vec::new();
    for (number, head) in [(1, OLD), (2, NEW), (3, OLD), (4, OLD)] {
        let value = seal_credential(store, number, head).await;
        old.extend((head == OLD).then_some(value));
    }
    let wish = Otherwise { place: SealedPlace::Credential, head: NEW, after: "", limit: 2 };

    let first = store.sealed_otherwise(wish).await.unwrap();
    let second = store.sealed_otherwise(Otherwise { after: &first[1].row, ..wish }).await.unwrap();

    assert_eq!([first, second].concat(), old);
    let parameters = Otherwise { place: SealedPlace::OperatorParameters, ..wish };
    let owner = registration().id.to_string();
    let expected = SealedValue { row: owner.clone(), owner, sealed: vec![9] };
    assert_eq!(store.sealed_otherwise(parameters).await.unwrap(), [expected]);
    let none = Otherwise { place: SealedPlace::ClientSecret, ..wish };
    assert_eq!(store.sealed_otherwise(none).await.unwrap(), [], "no secret is no value");
}

async fn a_value_is_sealed_anew_only_as_it_was_read(store: &dyn Store) {
    let [kept, moved] = [seal_credential(store, 1, OLD).await, seal_credential(store, 2, OLD).await];
    let [kept_id, moved_id] = [&kept, &moved].map(|value| value.row.parse().unwrap());
    let before = store.credential(kept_id).await.unwrap().unwrap();
    let read = store.credential(moved_id).await.unwrap().unwrap();
    lease(store, &read, "two").await;
    let fresh = Credential { sealed: sealed(OLD, "fresh"), ..read };
    store.save_credential(&fresh, "two").await.unwrap();
    assert_eq!(lease(store, &before, "three").await, Leased::Taken(None));
    let before = store.credential(kept_id).await.unwrap().unwrap();

    let anew = [kept, moved].map(|was| Resealed { was, sealed: sealed(NEW, "tokens") });
    let replaced = store.reseal(SealedPlace::Credential, &anew).await.unwrap();

    assert_eq!(replaced, 1);
    assert_eq!(store.credential(moved_id).await.unwrap().unwrap().sealed, fresh.sealed);
    let resealed = store.credential(kept_id).await.unwrap().unwrap();
    assert_eq!(resealed, Credential { sealed: sealed(NEW, "tokens"), ..before }, "of the same generation");
    let refreshed = Credential { sealed: sealed(NEW, "later"), ..resealed };
    store.save_credential(&refreshed, "three").await.expect("a refresh under way goes on");
}

async fn values_are_sealed_anew_while_another_replica_changes_them(place: &impl Place) {
    let [one, other]: [Arc<dyn Store>; 2] = [place.store().await, place.store().await];
    let mut values = Vec::new();
    for number in 1..=8 {
        values.push(seal_credential(&*one, number, OLD).await);
    }
    let anew: Vec<_> =
        values.iter().map(|was| Resealed { was: was.clone(), sealed: sealed(NEW, "tokens") }).collect();
    // In the other order, so that who would wait for a row could be waited for.
    let refreshes = async {
        for value in values.iter().rev() {
            let read = other.credential(value.row.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(lease(&*other, &read, "two").await, Leased::Taken(None));
            let fresh = Credential { sealed: sealed(NEW, "fresh"), ..read };
            other.save_credential(&fresh, "two").await.unwrap();
        }
    };

    let (replaced, ()) = tokio::join!(one.reseal(SealedPlace::Credential, &anew), refreshes);

    replaced.unwrap();
    for value in values {
        let last = one.credential(value.row.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(last.sealed, sealed(NEW, "fresh"), "no refresh is undone");
    }
}

async fn a_canary_is_changed_once(store: &dyn Store) {
    seed(store).await;
    store.keep_canary(b"old").await.unwrap();

    store.change_canary(b"old", b"new", &[audit("a1")]).await.unwrap();
    let again = store.change_canary(b"old", b"newer", &[audit("a2")]).await;

    assert!(matches!(again, Err(StoreError::Conflict)));
    assert_eq!(store.canary().await.unwrap().unwrap(), b"new");
    assert_eq!(store.audit_of(&app_id()).await.unwrap(), [audit("a1")]);
}
