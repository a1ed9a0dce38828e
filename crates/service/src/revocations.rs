//! Tokens of what ended, until their provider was told.
//!
//! A revocation is committed here first. The provider hears of it afterwards, as often as it takes: each
//! attempt is noted before it is made, with the time of the next one, so that replicas share the work and a
//! crash loses none. Being told twice does no harm (RFC 7009, section 2.2).

use std::{sync::Arc, time::Duration};

use grantway_core::{AppId, GrantId, ProviderId, RegistrationId, Timestamp, ids::random_id};
use grantway_engine::TokenSet;
use grantway_store::PendingRevocation;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::task::JoinMap;

use crate::{Service, ServiceError, grant_place};

/// How many revocations one provider is told at once.
const BATCH: i64 = 16;

/// The second attempt comes after so many seconds: longer than any attempt takes. Each pause is twice the
/// one before, up to the longest.
const FIRST_PAUSE: i64 = 120;
const LONGEST_PAUSE: i64 = 6 * 3600;

/// How long a provider is tried, in seconds.
const GIVEN_UP_AFTER: i64 = 3 * 24 * 3600;

/// How long another process's work stays unnoticed at most.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Tokens that no grant will hold.
pub(crate) struct Unheld<'a> {
    pub(crate) app: &'a AppId,
    /// What the audit will name.
    pub(crate) grant: GrantId,
    pub(crate) provider: &'a ProviderId,
    pub(crate) registration: &'a RegistrationId,
    pub(crate) parameters: &'a std::collections::BTreeMap<String, String>,
    pub(crate) tokens: &'a TokenSet,
}

impl Service {
    /// Tells providers of revocations, at once and again, until it is dropped. That is safe at any moment.
    pub async fn keep_telling(self: Arc<Self>) {
        // One task for each client at a provider: one that hangs delays no other.
        let mut busy = JoinMap::new();
        loop {
            match self.store.registrations_to_tell(self.clock.now()).await {
                Ok(due) => {
                    for id in due {
                        if !busy.contains_key(&id) {
                            busy.spawn(id.clone(), Arc::clone(&self).tell_in_turn(id));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "pending revocations could not be read"),
            }
            tokio::select! {
                () = self.revocations.notified() => {}
                Some(_) = busy.join_next() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn tell_in_turn(self: Arc<Self>, registration: RegistrationId) {
        if let Err(error) = self.tell_provider(&registration).await {
            tracing::warn!(%registration, %error, "pending revocations could not be worked on");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Tells a provider all that it is to be told by now, once.
    pub(crate) async fn tell_provider(
        self: &Arc<Self>,
        registration: &RegistrationId,
    ) -> Result<(), ServiceError> {
        loop {
            let due = self.store.due_revocations(registration, self.clock.now(), BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            let mut attempts = JoinSet::new();
            for pending in due {
                let service = Arc::clone(self);
                attempts.spawn(async move { service.attempt(pending).await });
            }
            let done = attempts.join_all().await;
            done.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn attempt(&self, pending: PendingRevocation) -> Result<(), ServiceError> {
        let now = self.clock.now();
        if !self.store.claim_revocation(&pending, next_at(&pending, now)).await? {
            return Ok(());
        }
        let grant = pending.grant;
        let done = match self.tell(&pending).await {
            Ok(()) => "grant.provider_told",
            Err(error) if now.seconds_since(pending.created_at) >= GIVEN_UP_AFTER => {
                tracing::warn!(%grant, %error, "gave up telling a provider of a revocation: its tokens end by themselves");
                "grant.provider_not_told"
            }
            Err(error) => {
                tracing::info!(%grant, %error, "a provider could not be told of a revocation yet");
                return Ok(());
            }
        };
        let audit = self.audit_entry(&pending.app, done, grant, json!({"attempts": pending.attempts + 1}));
        Ok(self.store.forget_revocation(&pending.id, &audit).await?)
    }

    async fn tell(&self, pending: &PendingRevocation) -> Result<(), ServiceError> {
        let tokens = TokenSet::from_plain(&self.vault.open(&pending.sealed, &grant_place(pending.grant))?)?;
        let parts = self.client(&pending.registration, &pending.parameters).await?;
        Ok(grantway_engine::revoke(&*self.http, &parts.client(), &tokens, self.clock.now()).await?)
    }

    /// Has tokens revoked that came too late for their grant.
    pub(crate) async fn revoke_unheld(&self, unheld: &Unheld<'_>) -> Result<(), ServiceError> {
        if !self.can_be_told(unheld.provider) {
            return Ok(());
        }
        let (now, place) = (self.clock.now(), grant_place(unheld.grant));
        let pending = PendingRevocation {
            id: random_id("rev_", &*self.entropy),
            app: unheld.app.clone(),
            grant: unheld.grant,
            registration: unheld.registration.clone(),
            parameters: unheld.parameters.clone(),
            sealed: self.vault.seal(unheld.tokens.to_plain().expose(), &place, &*self.entropy),
            created_at: now,
            next_at: now,
            attempts: 0,
        };
        self.store.add_revocation(&pending).await?;
        self.revocations.notify_one();
        Ok(())
    }

    /// Whether a provider has, or may publish, a way to revoke.
    pub(crate) fn can_be_told(&self, provider: &ProviderId) -> bool {
        self.catalog.get(provider).is_some_and(|known| known.revoke.is_some() || known.issuer.is_some())
    }
}

/// When the attempt after this one is due.
fn next_at(pending: &PendingRevocation, now: Timestamp) -> Timestamp {
    let doublings = u32::try_from(pending.attempts).unwrap_or(u32::MAX).min(16);
    now.plus_seconds((FIRST_PAUSE << doublings).min(LONGEST_PAUSE))
}
