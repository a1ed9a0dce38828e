//! What an app's backend brings: its keys, and requests that it may send again.

use grantway_core::{Digest, Timestamp};

use super::{Place, fixtures::*};
use crate::{ApiKey, Begun, OnceRequest, Store, StoreError};

/// A race that goes well once proves little.
const ROUNDS: u8 = 24;

pub(super) async fn run<P: Place>(fresh: &impl AsyncFn() -> P) {
    a_key_leads_to_its_app(&*fresh().await.store().await).await;
    a_name_has_two_active_keys_at_most(&*fresh().await.store().await).await;
    two_replicas_make_two_keys_of_a_name_and_not_three(&fresh().await).await;
    a_request_is_begun_once_and_its_answer_kept(&*fresh().await.store().await).await;
    one_replica_begins_a_request(&fresh().await).await;
}

async fn a_key_leads_to_its_app(store: &dyn Store) {
    seed(store).await;
    let key = ApiKey { expires_at: Some(Timestamp(9)), ..api_key("k", 1) };

    store.add_api_key(&key, &audit("a1")).await.unwrap();

    assert_eq!(store.api_key(&key.digest).await.unwrap(), Some(key.clone()));
    assert_eq!(store.api_key(&Digest::of("other")).await.unwrap(), None);
    assert_eq!(store.api_keys(&app_id()).await.unwrap(), [key]);
    assert!(store.api_keys(&"other".parse().unwrap()).await.unwrap().is_empty());
    assert_eq!(store.audit_of(&app_id()).await.unwrap().len(), 1);
}

async fn a_name_has_two_active_keys_at_most(store: &dyn Store) {
    seed(store).await;
    let add = async |key: ApiKey| {
        let entry = audit(&format!("add {}", key.id));
        store.add_api_key(&key, &entry).await
    };
    let revoke = async |app: &str, id: &str| {
        let entry = audit(&format!("revoke {app} {id}"));
        store.revoke_api_key(&app.parse().unwrap(), id, Timestamp(3), &entry).await
    };
    add(api_key("first", 1)).await.unwrap();
    add(ApiKey { expires_at: Some(Timestamp(5)), ..api_key("second", 1) }).await.unwrap();
    add(ApiKey { name: "other".to_owned(), ..api_key("other", 1) }).await.unwrap();

    assert!(matches!(add(api_key("third", 2)).await, Err(StoreError::Conflict)));
    assert!(matches!(revoke("other", "first").await, Err(StoreError::Conflict)), "another app's");
    revoke("acme", "first").await.unwrap();
    assert!(matches!(revoke("acme", "first").await, Err(StoreError::Conflict)), "once");
    add(api_key("third", 4)).await.unwrap();
    assert!(matches!(add(api_key("fourth", 4)).await, Err(StoreError::Conflict)));
    add(api_key("fourth", 5)).await.unwrap();

    let kept = store.api_keys(&app_id()).await.unwrap();
    let revoked: Vec<_> = kept.iter().map(|key| (key.id.as_str(), key.revoked_at)).collect();
    let (three, five) = (Some(Timestamp(3)), Some(Timestamp(5)));
    assert_eq!(
        revoked,
        [("first", three), ("other", None), ("second", five), ("third", None), ("fourth", None)]
    );
}

async fn a_request_is_begun_once_and_its_answer_kept(store: &dyn Store) {
    seed(store).await;
    let begin = async |request: &OnceRequest, at| {
        store.begin_once(request, Timestamp(at), Timestamp(at + 10)).await.unwrap()
    };
    let (first, other) = (once_request("one", "a"), once_request("two", "b"));

    assert_eq!(begin(&first, 0).await, Begun::First);
    let again = once_request("two", "a");
    assert_eq!(begin(&again, 9).await, Begun::AtWork);
    assert_eq!(begin(&other, 9).await, Begun::Other);

    // Its owner died: another has it now, and what the dead one still does changes nothing.
    assert_eq!(begin(&again, 10).await, Begun::First);
    assert!(matches!(store.keep_once(&first, &[1], Timestamp(99)).await, Err(StoreError::Conflict)));
    store.give_back_once(&first).await.unwrap();
    store.keep_once(&again, &[2], Timestamp(50)).await.unwrap();
    assert_eq!(begin(&first, 49).await, Begun::Answered(vec![2]));
    store.give_back_once(&again).await.unwrap();
    assert_eq!(begin(&first, 49).await, Begun::Answered(vec![2]), "an answer is not given back");

    assert_eq!(store.forget_once(Timestamp(49)).await.unwrap(), 0);
    assert_eq!(store.forget_once(Timestamp(50)).await.unwrap(), 1);
    assert_eq!(begin(&other, 51).await, Begun::First);
    store.give_back_once(&other).await.unwrap();
    assert_eq!(begin(&first, 52).await, Begun::First);
}

async fn two_replicas_make_two_keys_of_a_name_and_not_three(place: &impl Place) {
    let (one, other) = (place.store().await, place.store().await);
    seed(&*one).await;
    for round in 0..ROUNDS {
        let [a, b, c] = ["a", "b", "c"]
            .map(|id| ApiKey { name: format!("name{round}"), ..api_key(&format!("{id}{round}"), 1) });
        let [told_a, told_b, told_c] = [&a, &b, &c].map(|key| audit(&format!("add {}", key.id)));

        let added = tokio::join!(
            one.add_api_key(&a, &told_a),
            other.add_api_key(&b, &told_b),
            one.add_api_key(&c, &told_c)
        );

        let added = [added.0, added.1, added.2];
        let refused = added.iter().filter(|done| matches!(done, Err(StoreError::Conflict))).count();
        assert_eq!((added.iter().filter(|done| done.is_ok()).count(), refused), (2, 1), "{added:?}");
    }
}

async fn one_replica_begins_a_request(place: &impl Place) {
    let (one, other) = (place.store().await, place.store().await);
    seed(&*one).await;
    for round in 0..ROUNDS {
        let [mine, its] = ["mine", "its"]
            .map(|owner| OnceRequest { key: Digest::of(&format!("key{round}")), ..once_request(owner, "a") });

        let (a, b) = tokio::join!(
            one.begin_once(&mine, Timestamp(0), Timestamp(10)),
            other.begin_once(&its, Timestamp(0), Timestamp(10))
        );

        let begun = [a.unwrap(), b.unwrap()];
        assert!(begun.contains(&Begun::First) && begun.contains(&Begun::AtWork), "{begun:?}");
    }
}
