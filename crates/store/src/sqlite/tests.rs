//! The embedded store keeps the contract, and its file keeps what was written.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{SqliteStore, Store, contract};

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);

    contract::run(|| {
        let file = folder.path().join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)));
        async move { SqliteStore::open(&file).await.unwrap() }
    })
    .await;

    assert_eq!(count.load(Ordering::Relaxed), 17, "every rule ran");
}

#[tokio::test]
async fn a_database_is_found_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grantway.db");
    SqliteStore::open(&file).await.unwrap().keep_canary(b"canary").await.unwrap();

    let again = SqliteStore::open(&file).await.unwrap();

    assert_eq!(again.canary().await.unwrap().unwrap(), b"canary");
}
