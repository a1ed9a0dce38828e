//! Whose turn it is in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use grantway_core::GrantId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// One lock a grant, for as long as anyone waits for it.
#[derive(Default)]
pub(crate) struct GrantLocks(Mutex<HashMap<GrantId, Weak<AsyncMutex<()>>>>);

impl GrantLocks {
    pub(crate) async fn turn(&self, grant: GrantId) -> OwnedMutexGuard<()> {
        let lock = self.lock_of(grant);
        lock.lock_owned().await
    }

    fn lock_of(&self, grant: GrantId) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&grant).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(grant, Arc::downgrade(&lock));
        lock
    }
}
