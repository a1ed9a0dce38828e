//! From settings to a service: the key, the database, the declared apps.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use grantway_core::Secret;
use grantway_service::{AppliedRegistration, Parts, Service, ServiceError};
use grantway_store::{SqliteStore, StoreError};
use grantway_vault::{Vault, VaultError};

use crate::server::{
    adapters::{ReqwestHttp, SystemClock, SystemEntropy},
    config::{ConfigError, Settings},
    state::AppState,
};

const DATABASE: &str = "grantway.db";
const KEY_FILE: &str = "master.key";

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
    /// A key that can't be one.
    #[error("the master key can't be used")]
    Key(#[source] VaultError),
    /// Another database's key.
    #[error(
        "the master key is not the one that this database was written with; nothing was sealed or opened with it"
    )]
    WrongKey,
    /// The database.
    #[error("the database can't be opened")]
    Store(#[from] StoreError),
    /// What `grantway check` found.
    #[error("{0} of the declared providers can't be used")]
    Wrong(usize),
    /// None of that name.
    #[error("there is no provider `{0}`; `grantway providers list WORD` finds one")]
    NoProvider(grantway_core::ProviderId),
    /// The declared apps.
    #[error(transparent)]
    Apply(ServiceError),
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

/// Opens the database with its key and puts the service together. A first start makes both.
///
/// # Errors
/// With words for the operator; nothing was changed.
pub async fn service(settings: &Settings) -> Result<Arc<Service>, StartError> {
    let folder = &settings.server.data_dir;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| StartError::File { path: folder.clone(), source })?;
    let catalog = settings.catalog()?;
    let database = folder.join(DATABASE);
    let keys = master_keys(settings, &database)?;
    let vault = Vault::from_keys(&keys).map_err(StartError::Key)?;
    let service = Service::new(Parts {
        store: Arc::new(SqliteStore::open(&database).await?),
        catalog,
        vault,
        http: ReqwestHttp::new(settings.egress())?,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        base_url: settings.base_url(),
    });
    match service.check_key().await {
        Ok(()) => Ok(service),
        Err(ServiceError::Vault(_)) => Err(StartError::WrongKey),
        Err(error) => Err(StartError::Apply(error)),
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
    Ok(AppState { service, origin: settings.origin()?, site_root: settings.server.site_root.clone() })
}

/// Whether there was a first start.
#[must_use]
pub fn has_database(settings: &Settings) -> bool {
    settings.server.data_dir.join(DATABASE).exists()
}

/// From the environment, else from the key file; a key file is made only together with its database.
fn master_keys(settings: &Settings, database: &Path) -> Result<Secret, StartError> {
    if let Some(keys) = &settings.server.master_key {
        return Ok(keys.clone());
    }
    let file = settings.server.data_dir.join(KEY_FILE);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !database.exists() => make_key_file(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StartError::KeyMissing(file)),
        Err(source) => Err(StartError::File { path: file, source }),
    }
}

fn make_key_file(file: &Path) -> Result<Secret, StartError> {
    let key = Vault::new_key(&SystemEntropy);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| writeln!(opened, "{}", key.expose()).and_then(|()| opened.sync_all()));
    written.map_err(|source| StartError::File { path: file.to_owned(), source })?;
    tracing::warn!(file = %file.display(), "made a master key: back it up, without it every stored token is lost");
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(folder: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.server.data_dir = folder.to_owned();
        settings
    }

    #[tokio::test]
    async fn a_first_start_makes_a_key_that_only_its_owner_reads_and_a_second_uses_it() {
        let folder = tempfile::tempdir().unwrap();

        service(&settings(folder.path())).await.unwrap();

        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(service(&settings(folder.path())).await.is_ok());
    }

    #[tokio::test]
    async fn a_missing_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        service(&settings(folder.path())).await.unwrap();
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();

        let refusal = service(&settings(folder.path())).await.err().unwrap();

        assert!(matches!(refusal, StartError::KeyMissing(_)), "{refusal}");
        assert!(!folder.path().join(KEY_FILE).exists());
    }

    #[tokio::test]
    async fn a_wrong_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        service(&settings(folder.path())).await.unwrap();
        let mut other = settings(folder.path());
        other.server.master_key = Some(Vault::new_key(&SystemEntropy));

        let refusal = service(&other).await.err().unwrap();

        assert!(matches!(refusal, StartError::WrongKey), "{refusal}");
    }
}
