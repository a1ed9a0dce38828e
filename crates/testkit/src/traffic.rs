//! What happens to requests on their way: a path can be cut, or held until it is let go.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use grantway_engine::HttpError;
use tokio::sync::watch;

/// The traffic of a [`crate::RouterHttp`]. Clones share it.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Mutex<Signs>>);

#[derive(Default)]
struct Signs {
    cut: HashSet<String>,
    held: HashMap<String, watch::Sender<usize>>,
}

/// Requests to one path that wait. They go on when this is dropped.
pub struct Held {
    path: String,
    traffic: Traffic,
    waiting: watch::Receiver<usize>,
}

impl Traffic {
    /// From now on nothing reaches this path.
    pub fn cut(&self, path: &str) {
        self.signs().cut.insert(path.to_owned());
    }

    /// From now on it is reached again.
    pub fn mend(&self, path: &str) {
        self.signs().cut.remove(path);
    }

    /// From now on answers of this path are held back: the request was received and answered.
    #[must_use]
    pub fn hold(&self, path: &str) -> Held {
        let (sender, waiting) = watch::channel(0);
        self.signs().held.insert(path.to_owned(), sender);
        Held { path: path.to_owned(), traffic: self.clone(), waiting }
    }

    pub(crate) fn check(&self, path: &str) -> Result<(), HttpError> {
        if self.signs().cut.contains(path) { Err(HttpError::NotConnected) } else { Ok(()) }
    }

    /// Waits while the path is held.
    pub(crate) async fn pass(&self, path: &str) {
        let Some(held) = self.signs().held.get(path).cloned() else { return };
        held.send_modify(|waiting| *waiting += 1);
        let mut gone = held.subscribe();
        drop(held);
        while gone.changed().await.is_ok() {}
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Until an answer is held back.
    pub async fn has_one(&mut self) {
        let _ = self.waiting.wait_for(|waiting| *waiting > 0).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.traffic.signs().held.remove(&self.path);
    }
}
