//! What every handler can reach.

use std::{path::PathBuf, sync::Arc};

use grantway_core::Origin;
use grantway_service::Service;

use crate::server::{cookies::Cookies, limits::Limits};

/// Shared by all requests.
#[derive(Clone)]
pub struct AppState {
    /// The use cases.
    pub service: Arc<Service>,
    /// Who asked how often.
    pub limits: Arc<Limits>,
    /// Our own origin.
    pub origin: Origin,
    /// Where the built site lies: WebAssembly, scripts, styles.
    pub site_root: PathBuf,
    /// Whether grants that nobody uses are refreshed.
    pub refreshes_unused: bool,
}

impl AppState {
    /// Our cookies.
    #[must_use]
    pub fn cookies(&self) -> Cookies {
        Cookies::of(&self.origin)
    }
}
