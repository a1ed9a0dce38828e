//! Some providers give a refresh token only the first time. A working one is not thrown away.

use grantway_core::{
    Secret, Timestamp,
    grant::{Grant, GrantStatus},
};
use grantway_engine::TokenSet;

use super::Arrival;
use crate::{Service, ServiceError};

/// A refresh token that a grant has already.
pub(super) struct Kept {
    pub(super) token: Option<Secret>,
    /// The credential that it was read from, lest a refresh meanwhile be undone.
    pub(super) generation: i64,
    /// When it would have been refreshed unasked: it was not used now.
    refresh_at: Option<Timestamp>,
}

impl Kept {
    /// The earlier of its own moment and that of the new tokens.
    pub(super) fn refresh_at(&self, fresh: Option<Timestamp>) -> Option<Timestamp> {
        [self.refresh_at, fresh].into_iter().flatten().min()
    }
}

/// Whether this arrival keeps that grant's refresh token.
pub(super) fn keeps(grant: &Grant, arrival: &Arrival<'_>) -> bool {
    arrival.tokens.refresh_token.is_none() && grant.status == GrantStatus::Active
}

impl Service {
    pub(super) async fn kept_token(&self, grant: &Grant) -> Result<Option<Kept>, ServiceError> {
        let Some(credential) = self.store.credential(grant.id).await? else { return Ok(None) };
        let TokenSet { refresh_token: token, .. } = self.open_tokens(&credential)?;
        Ok(Some(Kept { token, generation: credential.generation, refresh_at: credential.refresh_at }))
    }
}
