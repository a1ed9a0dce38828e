//! Master keys: what each of them sealed, and sealing it anew with the newest.
//!
//! The one rule: no key leaves while something of use is sealed with it.

use std::{fmt, time::Duration};

use grantway_core::app::App;
use grantway_store::{Otherwise, Resealed, SealedPlace, SealedValue, StoreError};
use grantway_vault::{KeyId, Vault};
use serde_json::json;

use crate::{
    Service, ServiceError, grant_place, parameters_place, registration_place, webhooks::webhook_place,
};

/// How many values are read, and replaced in one transaction.
const BATCH: usize = 100;

/// How often values are tried again that someone else was writing.
const PASSES: usize = 10;

/// Time for whoever was writing them.
const PAUSE: Duration = Duration::from_millis(200);

/// Why a ring of keys is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Values would be lost.
    #[error("stored values are sealed with a master key that is not here: {}; put it back below the first one. Nothing was changed", list(.0))]
    Missing(Vec<KeyUse>),
    /// This process would go on with one that nobody knows any more.
    #[error("this server still seals with the master key {0}: put another one above it before it is removed")]
    StillSeals(KeyId),
}

/// A master key, and what is sealed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Which.
    pub key: KeyId,
    /// How many values of use, by place.
    pub places: Vec<(&'static str, i64)>,
}

impl KeyUse {
    /// How many values of use.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.places.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.places.iter().map(|(place, count)| format!("{place} {count}")).collect();
        write!(f, "{} ({})", self.key, places.join(", "))
    }
}

fn list(uses: &[KeyUse]) -> String {
    uses.iter().map(KeyUse::to_string).collect::<Vec<_>>().join("; ")
}

/// A step of a rotation.
#[derive(Clone, Copy, Debug)]
pub struct Rotated {
    /// Where, for people.
    pub place: &'static str,
    /// How many values were sealed anew with this step.
    pub count: u64,
}

impl Service {
    /// The ring's keys, the one that seals first, and what each has sealed; then those that are missing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, ServiceError> {
        self.uses(&self.vault).await
    }

    /// From now on seals and opens with other keys.
    ///
    /// # Errors
    /// When one is missing that is needed; the keys stay as they were.
    pub async fn change_keys(&self, vault: &Vault) -> Result<(), ServiceError> {
        self.check_ring(vault).await?;
        let seals = self.vault.newest();
        if !vault.key_ids().contains(&seals) {
            return Err(KeyError::StillSeals(seals).into());
        }
        self.vault.take_keys_of(vault);
        Ok(())
    }

    /// That this ring opens whatever is of use.
    pub(crate) async fn check_ring(&self, vault: &Vault) -> Result<(), ServiceError> {
        let canary = self.store.canary().await?;
        vault.check_canary(&canary.ok_or(ServiceError::Inconsistent("a canary that is gone"))?)?;
        let here = vault.key_ids();
        let missing: Vec<_> =
            self.uses(vault).await?.into_iter().filter(|used| !here.contains(&used.key)).collect();
        if missing.is_empty() { Ok(()) } else { Err(KeyError::Missing(missing).into()) }
    }

    async fn uses(&self, vault: &Vault) -> Result<Vec<KeyUse>, ServiceError> {
        let unused = |key| KeyUse { key, places: Vec::new() };
        let mut uses: Vec<_> = vault.key_ids().into_iter().map(unused).collect();
        let canary = self.store.canary().await?;
        let canary = canary.map(|sealed| ("canary", sealed, 1));
        let counts = self.store.sealed_counts(self.clock.now()).await?;
        let counts = counts.into_iter().map(|count| (count.place, count.head, count.count));
        for (place, sealed, count) in counts.chain(canary) {
            // What no vault sealed, no key opens.
            let Some(key) = KeyId::of_sealed(&sealed) else { continue };
            let at = uses.iter().position(|used| used.key == key).unwrap_or_else(|| {
                uses.push(unused(key));
                uses.len() - 1
            });
            uses[at].places.push((place, count));
        }
        Ok(uses)
    }

    /// Seals with the newest key what another one sealed, while servers go on. What is of use for minutes only
    /// is left to pass. Stopped half-way it may be run again.
    ///
    /// # Errors
    /// When the store fails; what was done stays done.
    pub async fn rotate_keys(&self, mut tell: impl FnMut(Rotated)) -> Result<(), ServiceError> {
        for place in SealedPlace::ALL {
            for _ in 0..PASSES {
                if self.reseal(place, &mut tell).await? == 0 {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        self.reseal_canary().await
    }

    /// Once through a place. Says how many values someone else was writing.
    async fn reseal(
        &self,
        place: SealedPlace,
        tell: &mut impl FnMut(Rotated),
    ) -> Result<usize, ServiceError> {
        let head = self.vault.newest().head();
        let (mut after, mut busy) = (String::new(), 0);
        loop {
            let wish = Otherwise { place, head: &head, after: &after, limit: BATCH as i64 };
            let read = self.store.sealed_otherwise(wish).await?;
            let Some(last) = read.last() else { return Ok(busy) };
            after.clone_from(&last.row);
            let anew: Vec<_> = read.into_iter().filter_map(|was| self.sealed_anew(place, was)).collect();
            let count = self.store.reseal(place, &anew).await?;
            busy += anew.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
            tell(Rotated { place: place.name(), count });
        }
    }

    /// Nothing for a value that does not open: it stays as it is, for whoever can mend it.
    fn sealed_anew(&self, place: SealedPlace, was: SealedValue) -> Option<Resealed> {
        let belongs_to = belongs_to(place, &was.owner);
        match self.vault.open(&was.sealed, &belongs_to) {
            Ok(plain) => {
                Some(Resealed { sealed: self.vault.seal(plain.expose(), &belongs_to, &*self.entropy), was })
            }
            Err(error) => {
                tracing::warn!(place = place.name(), row = was.row, %error, "a sealed value is left as it is");
                None
            }
        }
    }

    /// The end of a rotation. Every app's audit tells of it.
    async fn reseal_canary(&self) -> Result<(), ServiceError> {
        let canary = self.store.canary().await?.ok_or(ServiceError::Inconsistent("a canary that is gone"))?;
        let (old, new) = (KeyId::of_sealed(&canary), self.vault.newest());
        if old == Some(new) {
            return Ok(());
        }
        self.vault.check_canary(&canary)?;
        let detail = json!({"from": old.map(|key| key.to_string())});
        let entry = |app: &App| self.audit_entry(&app.id, "master_key.rotated", new, detail.clone());
        let audit: Vec<_> = self.store.apps().await?.iter().map(entry).collect();
        match self.store.change_canary(&canary, &self.vault.canary(&*self.entropy), &audit).await {
            // Another rotation ended at the same moment.
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a value at that place is sealed for.
fn belongs_to(place: SealedPlace, owner: &str) -> String {
    match place {
        SealedPlace::ClientSecret => registration_place(&owner),
        SealedPlace::OperatorParameters => parameters_place(&owner),
        SealedPlace::Credential | SealedPlace::PendingRevocation => grant_place(owner),
        SealedPlace::WebhookSecrets => webhook_place(&owner),
    }
}
