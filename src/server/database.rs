//! Which database holds everything, and the master key that goes with it.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use grantway_core::{Clock, Secret};
use grantway_store::{PostgresStore, SqliteStore, Store, StoreError};
use grantway_vault::Vault;

use crate::server::{
    adapters::{SystemClock, SystemEntropy},
    config::Settings,
    start::StartError,
};

const KEY_FILE: &str = "master.key";

/// Where everything is kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// In this file, for one server.
    Embedded(PathBuf),
    /// At this URL, for any number of servers.
    Postgres(Secret),
}

impl Database {
    /// Whether there was a first start.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn is_begun(&self) -> Result<bool, StoreError> {
        match self {
            Self::Embedded(file) => Ok(file.exists()),
            Self::Postgres(url) => PostgresStore::is_begun(url).await,
        }
    }

    /// Makes the folder of the embedded one, for its owner alone.
    ///
    /// # Errors
    /// When that can't be done.
    pub fn make_folder(&self) -> Result<(), StartError> {
        let Self::Embedded(file) = self else { return Ok(()) };
        let folder = file.parent().unwrap_or(Path::new("."));
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| StartError::File { path: folder.to_owned(), source })
    }

    /// Opens it, made or brought up to date as need be; and the clock that goes with it: servers that share a database share
    /// its clock.
    ///
    /// # Errors
    /// When that can't be done.
    pub async fn open(&self) -> Result<(Arc<dyn Store>, Arc<dyn Clock>), StoreError> {
        match self {
            Self::Embedded(file) => Ok((Arc::new(SqliteStore::open(file).await?), Arc::new(SystemClock))),
            Self::Postgres(url) => {
                let store = PostgresStore::open(url).await?;
                let clock = store.clock();
                Ok((Arc::new(store), clock))
            }
        }
    }

    /// The keys, from the environment, else from the key file. That is made only together with its database,
    /// the embedded one: servers that share a database must be given its key.
    ///
    /// # Errors
    /// When there is no key, or its file can't be read or made.
    pub fn master_keys(&self, settings: &Settings) -> Result<Secret, StartError> {
        if let Some(keys) = &settings.server.master_key {
            return Ok(keys.clone());
        }
        let file = settings.server.data_dir.join(KEY_FILE);
        match (fs::read_to_string(&file), self) {
            (Ok(text), _) => Ok(Secret::new(text)),
            (Err(source), _) if source.kind() != io::ErrorKind::NotFound => {
                Err(StartError::File { path: file, source })
            }
            (_, Self::Embedded(database)) if !database.exists() => make_key_file(&file),
            (_, Self::Embedded(_)) => Err(StartError::KeyMissing(file)),
            (_, Self::Postgres(_)) => Err(StartError::KeyNeeded(file)),
        }
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

    use grantway_testkit::postgres;

    use super::*;
    use crate::server::start::service;

    fn settings(folder: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.server.data_dir = folder.join("data");
        settings
    }

    /// A replica on a database of its own, with that key.
    fn replica(folder: &Path, url: &Secret, key: Option<&Secret>) -> Settings {
        let mut settings = settings(folder);
        settings.server.database_url = Some(url.clone());
        settings.server.master_key = key.cloned();
        settings
    }

    #[tokio::test]
    async fn a_first_start_makes_a_key_that_only_its_owner_reads_and_a_second_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());

        service(&settings).await.unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let data = &settings.server.data_dir;
        assert_eq!((mode(data), mode(&data.join(KEY_FILE))), (0o700, 0o600));
        assert!(service(&settings).await.is_ok());
    }

    #[tokio::test]
    async fn a_missing_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        service(&settings).await.unwrap();
        fs::remove_file(settings.server.data_dir.join(KEY_FILE)).unwrap();

        let refusal = service(&settings).await.err().unwrap();

        assert!(matches!(refusal, StartError::KeyMissing(_)), "{refusal}");
        assert!(!settings.server.data_dir.join(KEY_FILE).exists());
    }

    #[tokio::test]
    async fn a_wrong_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        service(&settings).await.unwrap();
        settings.server.master_key = Some(Vault::new_key(&SystemEntropy));

        let refusal = service(&settings).await.err().unwrap();

        assert!(matches!(refusal, StartError::WrongKey), "{refusal}");
    }

    #[tokio::test]
    async fn servers_on_one_postgres_are_given_its_key_and_make_none() {
        let folder = tempfile::tempdir().unwrap();
        let url = Secret::new(postgres::database().unwrap());
        let (key, other) = (Vault::new_key(&SystemEntropy), Vault::new_key(&SystemEntropy));

        let refusal = service(&replica(folder.path(), &url, None)).await.err().unwrap();
        assert!(matches!(refusal, StartError::KeyNeeded(_)), "{refusal}");

        service(&replica(folder.path(), &url, Some(&key))).await.unwrap();
        let refusal = service(&replica(folder.path(), &url, Some(&other))).await.err().unwrap();
        assert!(matches!(refusal, StartError::WrongKey), "{refusal}");
        assert!(!folder.path().join("data").exists(), "no folder, no key file");

        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("data").join(KEY_FILE), key.expose()).unwrap();
        service(&replica(folder.path(), &url, None)).await.unwrap();
    }

    #[tokio::test]
    async fn of_servers_that_start_together_with_two_keys_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let url = Secret::new(postgres::database().unwrap());
        let [one, other] =
            [(); 2].map(|()| replica(folder.path(), &url, Some(&Vault::new_key(&SystemEntropy))));

        let started = tokio::join!(service(&one), service(&other));

        let refusals: Vec<_> = [started.0.err(), started.1.err()].into_iter().flatten().collect();
        assert!(matches!(refusals[..], [StartError::WrongKey]), "{refusals:?}");
    }
}
