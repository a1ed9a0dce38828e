//! From settings to a service: the key, the database, the declared apps.

use std::{io, path::PathBuf, sync::Arc};

use grantway_service::{AppliedRegistration, KeyError, Parts, Service, ServiceError};
use grantway_store::StoreError;
use grantway_vault::{Vault, VaultError};

use crate::server::{
    adapters::{ReqwestHttp, ReqwestRelay, SystemEntropy},
    config::{ConfigError, Settings},
    limits::Limits,
    state::AppState,
};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database without its key.
    #[error("{}: the database is here but its master key is not; restore the key file, or set GRANTWAY_SERVER__MASTER_KEY. Nothing was changed", .0.display())]
    KeyMissing(PathBuf),
    /// A Postgres database, and no key given.
    #[error("{}: no such key file, and servers that share a database make none: give each of them the same master key, there or in GRANTWAY_SERVER__MASTER_KEY (`grantway keys new` makes one)", .0.display())]
    KeyNeeded(PathBuf),
    /// A key that can't be one.
    #[error("the master key can't be used")]
    Key(#[source] VaultError),
    /// Another database's key.
    #[error(
        "the master key is not the one that this database was written with; nothing was sealed or opened with it"
    )]
    WrongKey,
    /// Other keys than those that are needed.
    #[error(transparent)]
    Keys(KeyError),
    /// The database.
    #[error("the database can't be opened")]
    Store(#[from] StoreError),
    /// What `grantway check` found.
    #[error("{0} of the declared providers and webhooks can't be used")]
    Wrong(usize),
    /// None of that name.
    #[error("there is no provider `{0}`; `grantway providers list WORD` finds one")]
    NoProvider(grantway_core::ProviderId),
    /// The declared apps.
    #[error(transparent)]
    Apply(ServiceError),
    /// What is printed goes nowhere.
    #[error("the output can't be written")]
    Output(#[source] io::Error),
    /// A signal of the system's.
    #[error("signals can't be heard")]
    Signal(#[source] io::Error),
    /// TLS.
    #[error("the HTTP client can't be set up")]
    Http(#[from] reqwest::Error),
    /// The address is taken, or not ours.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Opens the database with its key and puts the service together. A first start makes the tables, and beside
/// the embedded database a key.
///
/// # Errors
/// With words for the operator; nothing was changed.
pub async fn service(settings: &Settings) -> Result<Arc<Service>, StartError> {
    let catalog = settings.catalog()?;
    let database = settings.database()?;
    database.make_folder()?;
    let vault = Vault::from_keys(&database.master_keys(settings)?).map_err(StartError::Key)?;
    let (store, clock) = database.open().await?;
    let service = Service::new(Parts {
        store,
        catalog,
        vault,
        http: ReqwestHttp::new(settings.egress())?,
        relay: ReqwestRelay::new(settings.egress())?,
        clock,
        entropy: Arc::new(SystemEntropy),
        base_url: settings.base_url(),
    });
    service.check_key().await.map_err(of_keys)?;
    Ok(service)
}

/// What the service says of master keys, in the operator's words.
pub(crate) fn of_keys(error: ServiceError) -> StartError {
    match error {
        ServiceError::Vault(_) => StartError::WrongKey,
        ServiceError::Keys(error) => StartError::Keys(error),
        error => StartError::Apply(error),
    }
}

/// Writes the declared apps to the database.
///
/// # Errors
/// When one names a provider that nobody knows.
pub async fn apply(service: &Service, settings: &Settings) -> Result<Vec<AppliedRegistration>, StartError> {
    service.apply(settings.app_specs()).await.map_err(StartError::Apply)
}

/// What the routes need.
///
/// # Errors
/// When the base URL is no origin.
pub fn state(service: Arc<Service>, settings: &Settings) -> Result<AppState, ConfigError> {
    let server = &settings.server;
    Ok(AppState {
        service,
        limits: Limits::new(&server.limits, server.trusted_proxies.clone()),
        origin: settings.origin()?,
        site_root: server.site_root.clone(),
        refreshes_unused: server.refresh_unused,
    })
}
