//! What a refresh led to, written down. The one rule: what a provider gave is nowhere else, so a store that
//! fails is asked again for as long as the lease allows.

use std::time::Duration;

use grantway_core::grant::{Grant, GrantStatus};
use grantway_engine::TokenSet;
use grantway_store::{Attempt, Credential, Ended, Lease, Leased, Notes, StoreError};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{Service, ServiceError, disuse::refresh_at, grant_place, revocations::Unheld, token::dead};

/// Together with the longest refresh, 40 seconds, less than a lease: whoever has that next takes what is not
/// written down for lost.
const PERSISTENCE: Duration = Duration::from_secs(60);

/// A connection that is dead without a word must not hold up the next one.
const ONE_TRY: Duration = Duration::from_secs(5);

/// Why a grant's user must connect again.
#[derive(Clone, Copy)]
pub(super) enum Death {
    /// The provider said `invalid_grant`.
    Refused,
    /// The refresh token may have been spent, by this attempt.
    OutcomeUnknown(Attempt),
    /// There is no refresh token, or nothing is left that could be renewed.
    NothingToRenewBy,
}

impl Death {
    /// For the audit.
    fn detail(self) -> Value {
        match self {
            Self::Refused => json!({"reason": "invalid_grant"}),
            Self::OutcomeUnknown(attempt) => {
                json!({"reason": "outcome_unknown", "attempt_age": attempt.age})
            }
            Self::NothingToRenewBy => json!({"reason": "nothing_to_renew_by"}),
        }
    }
}

impl Service {
    /// A lease that was taken unheard is given back: nothing was sent.
    pub(super) async fn lease(&self, credential: &Credential, lease: &Lease) -> Result<Leased, ServiceError> {
        match self.store.lease(lease).await {
            Ok(leased) => Ok(leased),
            Err(error) => {
                self.give_back(credential, &lease.owner, Ended::Unspent).await?;
                Err(error.into())
            }
        }
    }

    /// Ends an attempt that brought nothing.
    pub(super) async fn give_back(
        &self,
        credential: &Credential,
        owner: &str,
        ended: Ended,
    ) -> Result<(), ServiceError> {
        Ok(self.persisting(|| self.store.release(credential, owner, ended)).await?)
    }

    pub(super) async fn keep(
        &self,
        grant: &Grant,
        credential: &Credential,
        tokens: TokenSet,
        owner: &str,
    ) -> Result<TokenSet, ServiceError> {
        let sealed = self.vault.seal(tokens.to_plain().expose(), &grant_place(grant.id), &*self.entropy);
        let known = self.catalog.get(&grant.provider);
        let refresh_at = known.and_then(|provider| refresh_at(provider, &tokens, self.clock.now()));
        let fresh = Credential { sealed, refresh_at, ..credential.clone() };
        match self.persisting(|| self.store.save_credential(&fresh, owner)).await {
            Ok(()) => Ok(tokens),
            // Connected again, revoked, or saved by a try that seemed to fail.
            Err(StoreError::Conflict) => match self.newer(grant, credential).await {
                Err(gone @ ServiceError::Revoked { .. }) => {
                    self.revoke_late(grant, &tokens).await?;
                    Err(gone)
                }
                newer => newer,
            },
            Err(error) => Err(error.into()),
        }
    }

    /// What came after the grant's end must not live on.
    async fn revoke_late(&self, grant: &Grant, tokens: &TokenSet) -> Result<(), ServiceError> {
        let now = self.store.grant(&grant.app, grant.id).await?;
        if now.is_some_and(|now| now.status == GrantStatus::Active) {
            return Ok(());
        }
        let unheld = Unheld {
            app: &grant.app,
            grant: grant.id,
            provider: &grant.provider,
            registration: &grant.registration,
            parameters: &grant.parameters,
            tokens,
        };
        self.revoke_unheld(&unheld).await
    }

    /// The grant is dead, unless somebody stored a newer credential meanwhile: that one is good.
    pub(super) async fn bury(
        &self,
        grant: &Grant,
        spent: &Credential,
        death: Death,
    ) -> Result<TokenSet, ServiceError> {
        let gone = Grant { status: GrantStatus::NeedsReauth, updated_at: self.clock.now(), ..grant.clone() };
        let body = json!({"grant_id": grant.id, "provider": grant.provider, "user": grant.user});
        let notes = Notes {
            audit: self.audit_entry(&grant.app, "grant.needs_reauth", grant.id, death.detail()),
            event: Some(self.event(&grant.app, "grant.needs_reauth", body)),
        };
        match self.store.bury(&gone, spent.generation, &notes).await {
            Ok(()) => Err(dead(grant)),
            Err(StoreError::Conflict) => self.newer(grant, spent).await,
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn newer(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        match self.store.credential(grant.id).await? {
            Some(newer) if newer.generation != spent.generation => self.open_tokens(&newer),
            _ => Err(dead(grant)),
        }
    }

    /// One step again and again while the database fails.
    async fn persisting<F>(&self, step: impl Fn() -> F) -> Result<(), StoreError>
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        let until = Instant::now() + PERSISTENCE;
        loop {
            let outcome = tokio::time::timeout(ONE_TRY, step()).await;
            match outcome.unwrap_or(Err(StoreError::Unanswered)) {
                Err(error @ (StoreError::Database(_) | StoreError::Unanswered)) if Instant::now() < until => {
                    tracing::warn!(%error, "a refresh could not be written down yet");
                    tokio::time::sleep(self.pause()).await;
                }
                outcome => return outcome,
            }
        }
    }
}
