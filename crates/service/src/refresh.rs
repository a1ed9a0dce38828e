//! Refresh: one at a time for each grant, across tasks, processes and replicas.
//!
//! The work runs in a task of its own: a caller that hangs up can't lose a rotated token. In one process a
//! lock joins the callers, across processes a lease on the row does, fenced by its owner and the
//! credential's generation. The attempt is noted before the request is sent, so that a crash leaves a
//! trace. The old refresh token is kept when the answer has none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use grantway_catalog::{Refresh, Rotates};
use grantway_core::{
    Digest, GrantId, Secret,
    clock::random_bytes,
    grant::{Grant, GrantStatus},
    ids::random_id,
};
use grantway_engine::{EngineError, TokenSet};
use grantway_store::{Attempt, Credential, Ended, Lease, Leased, Notes, StoreError};
use serde_json::json;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::{
    Service, ServiceError, grant_place,
    revocations::Unheld,
    token::{BUFFER_SECONDS, dead},
};

/// Longer than any refresh takes: two requests of 20 seconds and some room, in seconds.
const LEASE_SECONDS: i64 = 50;

/// How long a caller waits for another process's refresh.
const PATIENCE: Duration = Duration::from_secs(25);

/// An attempt without a known outcome is made once more at most.
const MOST_ATTEMPTS: i64 = 2;

impl Service {
    /// The grant's tokens, refreshed by whoever came first. One that the provider refused is not fresh, whatever
    /// its end.
    pub(crate) async fn refreshed(
        self: &Arc<Self>,
        grant: &Grant,
        refused: Option<&Secret>,
    ) -> Result<TokenSet, ServiceError> {
        let (service, grant, refused) = (Arc::clone(self), grant.clone(), refused.map(Secret::digest));
        let work = self.tasks.spawn(async move { service.refresh_in_turn(&grant, refused).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    /// One refresh of a grant at a time in this process: whoever waited finds the fresh token.
    async fn refresh_in_turn(
        &self,
        grant: &Grant,
        refused: Option<Digest>,
    ) -> Result<TokenSet, ServiceError> {
        let _turn = self.refreshing.turn(grant.id).await;
        let waiting = async {
            loop {
                if let Some(tokens) = self.refresh_if_free(grant, refused).await? {
                    return Ok(tokens);
                }
                tokio::time::sleep(self.pause()).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(Err(ServiceError::Refreshing))
    }

    /// Nothing while another process is at it.
    async fn refresh_if_free(
        &self,
        grant: &Grant,
        refused: Option<Digest>,
    ) -> Result<Option<TokenSet>, ServiceError> {
        let credential = self.store.credential(grant.id).await?.ok_or_else(|| dead(grant))?;
        let tokens = self.open_tokens(&credential)?;
        let is_refused = refused.is_some_and(|refused| refused == tokens.access_token.digest());
        if self.is_fresh(grant, &tokens) && !is_refused {
            return Ok(Some(tokens));
        }
        if !self.can_renew(grant, &tokens) {
            return self.bury(grant, &credential).await.map(Some);
        }
        let lease = Lease {
            grant: grant.id,
            generation: credential.generation,
            owner: random_id("rfr_", &*self.entropy),
            now: self.clock.now(),
            seconds: LEASE_SECONDS,
        };
        match self.store.lease(&lease).await? {
            Leased::Held => Ok(None),
            Leased::Moved => self.newer(grant, &credential).await.map(Some),
            Leased::Taken(before) => {
                self.refresh(grant, &credential, &tokens, &lease, before).await.map(Some)
            }
        }
    }

    /// Whether there is anything to renew it by.
    fn can_renew(&self, grant: &Grant, tokens: &TokenSet) -> bool {
        if self.renews_living(grant) { self.lives(tokens, 0) } else { tokens.refresh_token.is_some() }
    }

    async fn refresh(
        &self,
        grant: &Grant,
        credential: &Credential,
        old: &TokenSet,
        lease: &Lease,
        before: Option<Attempt>,
    ) -> Result<TokenSet, ServiceError> {
        let rules = &self.provider(&grant.provider)?.refresh;
        if before.is_some_and(|before| !may_send_again(rules, before)) {
            tracing::warn!(grant = %grant.id, "a refresh token may have been spent in vain; it is not sent again");
            return self.bury(grant, credential).await;
        }
        let answer = match self.client(&grant.registration, &grant.parameters).await {
            Ok(parts) => {
                let client = parts.client();
                grantway_engine::refresh(&*self.http, &client, old, self.clock.now()).await
            }
            Err(ServiceError::Engine(error)) => Err(error),
            Err(error) => return Err(error),
        };
        match answer {
            Ok(tokens) => self.keep(grant, credential, tokens, &lease.owner).await,
            Err(EngineError::InvalidGrant) => self.bury(grant, credential).await,
            Err(error) => {
                let ended = if error == EngineError::Unanswered { Ended::Unknown } else { Ended::Unspent };
                self.store.release(grant.id, &lease.owner, ended).await?;
                self.still_living(grant, old, error)
            }
        }
    }

    async fn keep(
        &self,
        grant: &Grant,
        credential: &Credential,
        tokens: TokenSet,
        owner: &str,
    ) -> Result<TokenSet, ServiceError> {
        let sealed = self.vault.seal(tokens.to_plain().expose(), &grant_place(grant.id), &*self.entropy);
        match self.store.save_credential(&Credential { sealed, ..credential.clone() }, owner).await {
            Ok(()) => Ok(tokens),
            Err(StoreError::Conflict) => {
                let newer = self.newer(grant, credential).await;
                // Revoked meanwhile: what came too late must not live on.
                if newer.is_err() {
                    self.revoke_late(grant, &tokens).await?;
                }
                newer
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn revoke_late(&self, grant: &Grant, tokens: &TokenSet) -> Result<(), ServiceError> {
        let now = self.store.grant(&grant.app, grant.id).await?;
        if now.is_some_and(|now| now.status != GrantStatus::Revoked) {
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

    /// A living token that could not be renewed now is good until it ends; the next call tries again.
    fn still_living(
        &self,
        grant: &Grant,
        old: &TokenSet,
        error: EngineError,
    ) -> Result<TokenSet, ServiceError> {
        if self.renews_living(grant) && self.lives(old, BUFFER_SECONDS) {
            tracing::warn!(grant = %grant.id, %error, "a living token could not be renewed yet");
            return Ok(old.clone());
        }
        Err(error.into())
    }

    /// The grant is dead, unless somebody stored a newer credential meanwhile: that one is good.
    async fn bury(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        let gone = Grant { status: GrantStatus::NeedsReauth, updated_at: self.clock.now(), ..grant.clone() };
        let body = json!({"grant_id": grant.id, "provider": grant.provider, "user": grant.user});
        let notes = Notes {
            audit: self.audit_entry(&grant.app, "grant.needs_reauth", grant.id, json!({})),
            event: Some(self.event(&grant.app, "grant.needs_reauth", body)),
        };
        match self.store.bury(&gone, spent.generation, &notes).await {
            Ok(()) => Err(dead(grant)),
            Err(StoreError::Conflict) => self.newer(grant, spent).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn newer(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        match self.store.credential(grant.id).await? {
            Some(newer) if newer.generation != spent.generation => self.open_tokens(&newer),
            _ => Err(dead(grant)),
        }
    }

    /// 50 to 250 ms, so that replicas don't ask in step.
    fn pause(&self) -> Duration {
        let [byte] = random_bytes::<1>(&*self.entropy);
        Duration::from_millis(50 + u64::from(byte) * 200 / 255)
    }
}

/// Whether a refresh token that may have been spent is worth a second try: where it does not rotate, or
/// within the time for which the provider honours a replaced one. Elsewhere it could look like theft.
fn may_send_again(rules: &Refresh, before: Attempt) -> bool {
    let in_grace = rules.grace.is_some_and(|grace| before.age <= grace);
    before.count < MOST_ATTEMPTS && (rules.rotates != Rotates::Yes || in_grace)
}

/// One lock a grant, for as long as anyone waits for it.
#[derive(Default)]
pub(crate) struct GrantLocks(Mutex<HashMap<GrantId, Weak<AsyncMutex<()>>>>);

impl GrantLocks {
    async fn turn(&self, grant: GrantId) -> OwnedMutexGuard<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_may_be_spent_is_sent_again_only_where_that_is_no_theft() {
        for (rules, count, age, again) in [
            ("", 1, 9999, true),
            ("", 2, 0, false),
            ("rotates = 'no'", 1, 9999, true),
            ("rotates = 'yes'", 1, 0, false),
            ("rotates = 'yes'\ngrace = 600", 1, 600, true),
            ("rotates = 'yes'\ngrace = 600", 1, 601, false),
            ("rotates = 'yes'\ngrace = 600", 2, 1, false),
        ] {
            let before = Attempt { age, count };

            let may = may_send_again(&toml::from_str(rules).unwrap(), before);

            assert_eq!(may, again, "{rules} {count} {age}");
        }
    }
}
