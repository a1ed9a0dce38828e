//! Another ring of master keys for a running server: SIGHUP reads the key file again.

use std::{io, sync::Arc};

use grantway_service::Service;
use grantway_vault::Vault;
use tokio::signal::unix::{SignalKind, signal};

use crate::server::{
    command::with_causes,
    config::Settings,
    start::{self, StartError},
};

/// From now on SIGHUP reads the keys again. A ring that is not enough is refused, with a line in the log.
///
/// # Errors
/// When the signal can't be had.
pub fn on_hangup(service: Arc<Service>, settings: Settings) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match change_keys(&service, &settings).await {
                Ok(vault) => {
                    tracing::info!(seals = %vault.newest(), keys = vault.key_ids().len(), "read the master keys again");
                }
                Err(error) => {
                    tracing::error!(error = with_causes(&error), "the master keys stay as they were");
                }
            }
        }
    });
    Ok(())
}

async fn change_keys(service: &Service, settings: &Settings) -> Result<Vault, StartError> {
    let keys = settings.database()?.master_keys(settings)?;
    let vault = Vault::from_keys(&keys).map_err(StartError::Key)?;
    service.change_keys(&vault).await.map_err(start::of_keys)?;
    Ok(vault)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command, time::Duration};

    use grantway_core::Secret;
    use grantway_vault::KeyId;

    use super::*;
    use crate::server::adapters::SystemEntropy;

    fn hang_up() {
        let own = std::process::id().to_string();
        assert!(Command::new("kill").args(["-HUP", &own]).status().unwrap().success());
    }

    fn write(file: &Path, keys: &[&Secret]) {
        let lines: Vec<_> = keys.iter().map(|key| key.expose()).collect();
        fs::write(file, lines.join("\n")).unwrap();
    }

    async fn keys(service: &Service) -> Vec<KeyId> {
        service.key_uses().await.unwrap().into_iter().map(|used| used.key).collect()
    }

    async fn until_it_has(service: &Service, wanted: &[KeyId]) {
        let waiting = async {
            while keys(service).await != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it reads the file again");
    }

    #[tokio::test]
    async fn a_hangup_reads_the_key_file_again_and_keeps_the_keys_when_one_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.server.data_dir = folder.path().to_owned();
        let service = start::service(&settings).await.unwrap();
        let file = folder.path().join("master.key");
        let old = Secret::new(fs::read_to_string(&file).unwrap().trim().to_owned());
        let new = Vault::new_key(&SystemEntropy);
        let [old_id, new_id] = [&old, &new].map(|key| Vault::from_keys(key).unwrap().newest());
        on_hangup(Arc::clone(&service), settings.clone()).unwrap();

        write(&file, &[&old, &new]);
        hang_up();
        until_it_has(&service, &[old_id, new_id]).await;

        write(&file, &[&new]);
        assert!(matches!(change_keys(&service, &settings).await, Err(StartError::WrongKey)));
        fs::write(&file, "no key").unwrap();
        assert!(matches!(change_keys(&service, &settings).await, Err(StartError::Key(_))));
        fs::remove_file(&file).unwrap();
        assert!(matches!(change_keys(&service, &settings).await, Err(StartError::KeyMissing(_))));
        assert_eq!(keys(&service).await, [old_id, new_id]);

        write(&file, &[&new, &old]);
        hang_up();
        until_it_has(&service, &[new_id, old_id]).await;
        service.rotate_keys(|_| {}).await.unwrap();
        write(&file, &[&new]);
        hang_up();
        until_it_has(&service, &[new_id]).await;
    }
}
