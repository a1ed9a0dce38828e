//! Who waits for a session hears that it was saved.

use std::time::Duration;

use grantway_core::{SessionId, Timestamp, session::Session};
use tokio::{sync::broadcast::Receiver, time::timeout};

use super::fixtures::*;
use crate::{Change, HeldCode, Store};

/// The next session that is told of.
pub(crate) async fn heard(changes: &mut Receiver<Change>) -> SessionId {
    let session = async {
        loop {
            if let Change::Session(id) = changes.recv().await.unwrap() {
                return id;
            }
        }
    };
    timeout(Duration::from_secs(20), session).await.expect("a change is told")
}

pub(super) async fn a_saved_session_is_told_and_a_refused_one_is_not(store: &dyn Store) {
    let changes = &mut store.changes().subscribe();
    let first = minted(store, 1).await.open(opening("poll"), Timestamp(1)).unwrap();
    store.save_session(&first, &notes("n1")).await.unwrap();
    assert_eq!(heard(changes).await, first.id);

    assert!(store.save_session(&first, &notes("n2")).await.is_err());

    let flow = departed(store, 2).await;
    assert_eq!(heard(changes).await, flow.session, "the refused one was not told");
    let session =
        store.session(&flow.session).await.unwrap().unwrap().hold(&flow.provider, vec![], Timestamp(9));
    let held = HeldCode {
        completion: flow.state,
        session: session.id.clone(),
        flow,
        sealed_code: vec![1],
        expires_at: Timestamp(9),
    };
    store.hold(&session, &held, &audit("held")).await.unwrap();
    assert_eq!(heard(changes).await, session.id);
    let session = Session { version: session.version + 1, ..session };
    let (grant, notes) = (grant(1, "account"), notes("c"));
    store.connect(&connecting(&session, &grant, None, &notes)).await.unwrap();
    assert_eq!(heard(changes).await, session.id);
    let session = Session { version: session.version + 1, ..session }.forgotten(Timestamp(9));
    store.end_session(&session, &super::fixtures::notes("e")).await.unwrap();
    assert_eq!(heard(changes).await, session.id);
}
