//! What a 401 leads to: a fresh token, unless that would help nobody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use grantway_core::{Digest, GrantId, Secret, Timestamp, grant::Grant};
use grantway_engine::TokenSet;

use crate::{Service, ServiceError};

/// A token made because its forerunner was refused is not replaced for the same reason for this long, in
/// seconds: then it is the call that the provider refuses.
const TRUSTED_SECONDS: i64 = 300;

/// The tokens that came of a refusal, for as long as they are trusted.
#[derive(Default)]
pub(crate) struct Renewals(Mutex<HashMap<GrantId, (Digest, Timestamp)>>);

impl Renewals {
    fn note(&self, grant: GrantId, token: &Secret, now: Timestamp) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|_, (_, at)| now.seconds_since(*at) < TRUSTED_SECONDS);
        made.insert(grant, (token.digest(), now));
    }

    fn trusts(&self, grant: GrantId, token: &Secret, now: Timestamp) -> bool {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(&grant)
            .is_some_and(|(digest, at)| *digest == token.digest() && now.seconds_since(*at) < TRUSTED_SECONDS)
    }
}

impl Service {
    /// Other tokens than the refused ones: fresh, or those that somebody else has refreshed meanwhile. None
    /// where nothing can renew them, and where the provider can't be asked: then the refusal stands.
    ///
    /// # Errors
    /// When the grant turns out dead, or the store fails.
    pub(super) async fn renewed(
        self: &Arc<Self>,
        grant: &Grant,
        refused: &TokenSet,
    ) -> Result<Option<TokenSet>, ServiceError> {
        let can_renew = refused.refresh_token.is_some() && !self.renews_living(grant);
        if !can_renew || self.renewals.trusts(grant.id, &refused.access_token, self.clock.now()) {
            return Ok(None);
        }
        match self.refreshed(grant, Some(&refused.access_token)).await {
            Ok(fresh) => {
                self.renewals.note(grant.id, &fresh.access_token, self.clock.now());
                Ok(Some(fresh))
            }
            Err(ServiceError::Engine(error)) => {
                tracing::warn!(grant = %grant.id, %error, "a refused token could not be refreshed");
                Ok(None)
            }
            Err(ServiceError::Refreshing) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
