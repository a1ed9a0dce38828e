//! Refresh: one at a time for each grant, across tasks, processes and replicas.
//!
//! The work runs in a task of its own: a caller that hangs up can't lose a rotated token. In one process a
//! lock joins the callers, across processes a lease on the row does, fenced by its owner and the
//! credential's generation. The attempt is noted before the request is sent, so that a crash leaves a
//! trace. The old refresh token is kept when the answer has none.

mod locks;
mod outcome;
mod rest;

use std::{sync::Arc, time::Duration};

use grantway_catalog::{Refresh, Rotates};
use grantway_core::{Digest, Secret, clock::random_bytes, grant::Grant, ids::random_id};
use grantway_engine::{EngineError, TokenSet};
use grantway_store::{Attempt, Credential, Ended, Lease, Leased};
use tokio::time::Instant;

use crate::{
    ClientParts, Service, ServiceError,
    token::{BUFFER_SECONDS, dead},
};
pub(crate) use locks::GrantLocks;
use outcome::Death;
use rest::Pass;
pub(crate) use rest::Rests;

/// Longer than any refresh takes: a request of 20 seconds, where something is looked up another, 60 to write down
/// what came of it, some room.
const LEASE_SECONDS: i64 = 110;

/// How long a caller waits for another process's refresh.
pub(crate) const PATIENCE: Duration = Duration::from_secs(25);

/// An attempt that may have spent a token that rotates is made once more at most.
const MOST_ATTEMPTS: i64 = 2;

/// How a provider is asked.
struct Way<'a> {
    parts: ClientParts<'a>,
    pass: Pass<'a>,
}

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

    /// One refresh of a grant at a time in this process: whoever waited finds the fresh token. Only the wait
    /// for others has an end, at once in a drain: an attempt that was begun is never dropped.
    async fn refresh_in_turn(
        &self,
        grant: &Grant,
        refused: Option<Digest>,
    ) -> Result<TokenSet, ServiceError> {
        let _turn = self.refreshing.turn(grant.id).await;
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(tokens) = self.refresh_if_free(grant, refused).await? {
                return Ok(tokens);
            }
            if Instant::now() >= until || self.stopping.is_cancelled() {
                return Err(ServiceError::Refreshing);
            }
            tokio::time::sleep(self.pause()).await;
        }
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
            return self.bury(grant, &credential, Death::NothingToRenewBy).await.map(Some);
        }
        // Before the lease: whatever fails here costs no attempt.
        match self.way(grant).await {
            Ok(way) => self.renew(grant, &credential, &tokens, &way).await,
            Err(ServiceError::Engine(error)) => self.still_living(grant, &tokens, error).map(Some),
            Err(error) => Err(error),
        }
    }

    /// The client of a grant, and the leave to ask its provider now.
    async fn way(&self, grant: &Grant) -> Result<Way<'_>, ServiceError> {
        let parts = self.client(&grant.registration, &grant.parameters).await?;
        let pass = self.rests.enter(&parts.endpoints.token, grant.id, Instant::now())?;
        Ok(Way { parts, pass })
    }

    async fn renew(
        &self,
        grant: &Grant,
        credential: &Credential,
        old: &TokenSet,
        way: &Way<'_>,
    ) -> Result<Option<TokenSet>, ServiceError> {
        let lease = Lease {
            grant: grant.id,
            generation: credential.generation,
            owner: random_id("rfr_", &*self.entropy),
            now: self.clock.now(),
            seconds: LEASE_SECONDS,
        };
        let before = match self.lease(credential, &lease).await? {
            Leased::Held => return Ok(None),
            Leased::Moved => return self.newer(grant, credential).await.map(Some),
            Leased::Taken(before) => before,
        };
        let rules = &way.parts.registered.provider.refresh;
        if let Some(before) = before.filter(|before| !may_send_again(rules, *before)) {
            tracing::warn!(grant = %grant.id, "a refresh token may have been spent in vain; it is not sent again");
            return self.bury(grant, credential, Death::OutcomeUnknown(before)).await.map(Some);
        }
        let client = way.parts.client();
        let answer = grantway_engine::refresh(&*self.http, &client, old, self.clock.now()).await;
        let trouble = answer.as_ref().map_or_else(|error| Some(*error), |tokens| tokens.unfinished);
        way.pass.ended(trouble, Instant::now());
        match answer {
            Ok(tokens) => {
                let kept = self.keep(grant, credential, tokens, &lease.owner).await?;
                trouble.map_or(Ok(Some(kept)), |error| Err(error.into()))
            }
            Err(EngineError::InvalidGrant) => self.bury(grant, credential, Death::Refused).await.map(Some),
            Err(error) => {
                let ended = if error.may_have_spent() { Ended::Unknown } else { Ended::Unspent };
                self.give_back(credential, &lease.owner, ended).await?;
                self.still_living(grant, old, error).map(Some)
            }
        }
    }

    /// Whether there is anything to renew it by.
    fn can_renew(&self, grant: &Grant, tokens: &TokenSet) -> bool {
        if self.renews_living(grant) { self.lives(tokens, 0) } else { tokens.refresh_token.is_some() }
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

    /// 50 to 250 ms, so that replicas don't ask in step.
    pub(crate) fn pause(&self) -> Duration {
        let [byte] = random_bytes::<1>(&*self.entropy);
        Duration::from_millis(50 + u64::from(byte) * 200 / 255)
    }
}

/// Whether a refresh token that may have been spent is worth another try. One that does not rotate, or works
/// on when it has, is never spent; of one that is not known to rotate only the provider can say that it was.
/// One that rotates is sent once more, within the time for which the provider honours a replaced one:
/// elsewhere it looks like theft. After a clock was set back nobody knows how long ago an attempt was.
fn may_send_again(rules: &Refresh, before: Attempt) -> bool {
    let in_grace = rules.grace.is_some_and(|grace| (0..=grace).contains(&before.age));
    match rules.rotates {
        Rotates::No | Rotates::Overlap | Rotates::Maybe => true,
        Rotates::Yes => in_grace && before.count < MOST_ATTEMPTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_may_be_spent_is_sent_again_only_where_that_is_no_theft() {
        for (rules, count, age, again) in [
            ("", 1, 9999, true),
            ("", 9, 9999, true),
            ("rotates = 'no'", 1, 9999, true),
            ("rotates = 'no'", 9, 9999, true),
            ("rotates = 'overlap'", 9, 9999, true),
            ("rotates = 'yes'", 1, 0, false),
            ("rotates = 'yes'\ngrace = 600", 1, 600, true),
            ("rotates = 'yes'\ngrace = 600", 1, 601, false),
            ("rotates = 'yes'\ngrace = 600", 2, 1, false),
            ("rotates = 'yes'\ngrace = 600", 1, -1, false),
        ] {
            let before = Attempt { age, count };

            let may = may_send_again(&toml::from_str(rules).unwrap(), before);

            assert_eq!(may, again, "{rules} {count} {age}");
        }
    }
}
