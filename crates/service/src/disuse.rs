//! Grants that nobody asks for: refreshed unasked, before their provider forgets them, and once more where nobody
//! knows what came of the last refresh, while the provider still honours the replaced token.
//!
//! The moment is written down with each credential. Whichever server finds it first puts it off, so that a
//! failure is tried again later and replicas share the work.

use std::{sync::Arc, time::Duration};

use grantway_catalog::{Provider, RefreshBy};
use grantway_core::{Timestamp, grant::Grant};
use grantway_engine::TokenSet;
use grantway_store::DueRefresh;
use tokio::task::JoinSet;

use crate::{Service, ServiceError};

/// How many are refreshed at once.
const BATCH: i64 = 8;

/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// After so many seconds a failed one is tried again; sooner where a provider honours a replaced token for less.
const LONGEST_PAUSE: i64 = 3600;
/// Longer than a lease.
const SHORTEST_PAUSE: i64 = 120;

/// What lives for less than a day unused is not kept alive: that would be traffic without end.
const LEAST_LIFE: i64 = 24 * 3600;

impl Service {
    /// Refreshes what would die of disuse, until it is dropped. That is safe at any moment.
    pub async fn keep_from_disuse(self: Arc<Self>) {
        loop {
            if let Err(error) = self.refresh_disused().await {
                tracing::warn!(%error, "grants that would die of disuse could not be read");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Refreshes each grant that is due by now, once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refresh_disused(self: &Arc<Self>) -> Result<(), ServiceError> {
        loop {
            let due = self.store.due_refreshes(self.clock.now(), BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            let mut attempts = JoinSet::new();
            for due in due {
                let service = Arc::clone(self);
                attempts.spawn(async move { service.refresh_unasked(&due).await });
            }
            attempts.join_all().await.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn refresh_unasked(self: Arc<Self>, due: &DueRefresh) -> Result<(), ServiceError> {
        let grace = self.catalog.get(&due.grant.provider).and_then(|provider| provider.refresh.grace);
        let pause = grace.map_or(LONGEST_PAUSE, |grace| (grace / 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
        if !self.store.claim_refresh(due, self.clock.now().plus_seconds(pause)).await? {
            return Ok(());
        }
        if let Err(error) = self.refresh_early(&due.grant).await {
            tracing::info!(grant = %due.grant.id, %error, "an unused grant could not be refreshed");
        }
        Ok(())
    }

    /// Also where the access token would do for longer.
    async fn refresh_early(self: &Arc<Self>, grant: &Grant) -> Result<(), ServiceError> {
        let Some(credential) = self.store.credential(grant.id).await? else { return Ok(()) };
        let tokens = self.open_tokens(&credential)?;
        self.refreshed(grant, Some(&tokens.access_token)).await?;
        Ok(())
    }
}

/// When tokens must be refreshed lest they die of disuse: two thirds of the way. Nothing where they don't, or
/// where nobody knows.
pub(crate) fn refresh_at(provider: &Provider, tokens: &TokenSet, now: Timestamp) -> Option<Timestamp> {
    let life = match provider.refresh.by {
        RefreshBy::RefreshToken => tokens.refresh_token.as_ref().and(provider.refresh.lifetime),
        RefreshBy::AccessToken => tokens.expires_at.map(|end| end.seconds_since(now)),
        RefreshBy::Nothing => None,
    };
    let life = life.filter(|life| *life >= LEAST_LIFE)?;
    Some(now.plus_seconds(life / 3 * 2))
}

#[cfg(test)]
mod tests {
    use grantway_core::Secret;

    use super::*;

    #[test]
    fn tokens_are_refreshed_after_two_thirds_of_their_life_if_that_is_a_day_at_least() {
        const NOW: Timestamp = Timestamp(0);
        let at = |rules: &str, tokens: &str| {
            let provider = toml::from_str(&format!("name = 'X'\n[refresh]\n{rules}")).unwrap();
            let tokens = TokenSet::from_plain(&Secret::new(tokens.to_owned())).unwrap();
            refresh_at(&provider, &tokens, NOW).map(|at| at.seconds_since(NOW))
        };
        let with_refresh = r#"{"access_token": "a", "refresh_token": "r"}"#;
        let lasting = r#"{"access_token": "a", "expires_at": "1970-01-31T00:00:00Z"}"#;

        assert_eq!(at("lifetime = 86400", with_refresh), Some(57600));
        assert_eq!(at("lifetime = 86399", with_refresh), None);
        assert_eq!(at("rotates = 'yes'", with_refresh), None, "nobody knows");
        assert_eq!(at("lifetime = 86400", lasting), None, "nothing to refresh by");
        assert_eq!(at("by = 'access_token'", lasting), Some(20 * 86400));
        assert_eq!(at("by = 'access_token'", with_refresh), None, "it has no end");
        assert_eq!(at("by = 'nothing'\nlifetime = 86400", with_refresh), None);
    }
}
