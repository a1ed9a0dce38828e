//! Use: a fresh access token for the backend.

use std::{collections::BTreeMap, sync::Arc};

use grantway_catalog::{RefreshBy, TokenPlace};
use grantway_core::{
    AppId, GrantId, ProviderId, Secret, Timestamp,
    grant::{Grant, GrantStatus},
};
use grantway_engine::TokenSet;
use grantway_store::{Credential, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Service, ServiceError, error::Candidate, grant_place};

/// A token with less life than this is refreshed first, in seconds.
pub(crate) const BUFFER_SECONDS: i64 = 60;

/// The same, where only a living access token can be renewed: there is no second chance.
const LIVING_BUFFER_SECONDS: i64 = 7 * 24 * 3600;

/// How far the clocks of two servers may be apart, in seconds.
const MOST_SKEW_SECONDS: i64 = 60;

/// An access token, and how it is used.
#[derive(Debug)]
pub struct AccessToken {
    /// For the provider's API (RFC 6750).
    pub access_token: Secret,
    /// When it ends, when known.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whose.
    pub grant_id: GrantId,
    /// What API calls need beside it: connection parameters, the instance's address, the chosen site.
    pub extra: BTreeMap<String, Secret>,
    /// Where API calls carry it.
    pub injection: Injection,
}

/// Where an API call carries the token. `{access_token}` stands for it, `{extra:x}` for a value beside it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Injection {
    /// In a header.
    Header {
        /// Its name.
        name: String,
        /// What it holds.
        value: String,
    },
    /// In a query parameter, as it is.
    Query {
        /// Its name.
        name: String,
    },
    /// Neither: the provider's documentation says where.
    Elsewhere,
}

impl From<&TokenPlace> for Injection {
    fn from(place: &TokenPlace) -> Self {
        match place {
            TokenPlace::Bearer => {
                Self::Header { name: "Authorization".to_owned(), value: "Bearer {access_token}".to_owned() }
            }
            TokenPlace::Header(name, value) => {
                Self::Header { name: name.clone(), value: value.as_str().to_owned() }
            }
            TokenPlace::Query(name) => Self::Query { name: name.clone() },
            TokenPlace::Nowhere => Self::Elsewhere,
        }
    }
}

/// The body of `POST /v1/token`: a grant by whose it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Where.
    pub provider: ProviderId,
    /// Whose, in the app's terms.
    pub user_id: String,
    /// What it must be able to do.
    #[serde(default)]
    pub scopes: Vec<String>,
}

impl Service {
    /// An access token of the user's one grant at a provider.
    ///
    /// # Errors
    /// As [`Self::token`]; [`ServiceError::Ambiguous`] when there are several that work.
    pub async fn token_of_user(
        self: &Arc<Self>,
        app: &AppId,
        request: &TokenRequest,
    ) -> Result<AccessToken, ServiceError> {
        let grants = self.store.grants_of_user(app, &request.user_id, &request.provider).await?;
        let mut kept: Vec<_> =
            grants.into_iter().filter(|grant| grant.status != GrantStatus::Revoked).collect();
        if kept.iter().any(|grant| grant.status == GrantStatus::Active) {
            kept.retain(|grant| grant.status == GrantStatus::Active);
        }
        match kept.as_slice() {
            [] => Err(ServiceError::NoGrant),
            [only] => self.token(app, only.id, &request.scopes).await,
            several => Err(ServiceError::Ambiguous(several.iter().map(Candidate::of).collect())),
        }
    }

    /// An access token that lives for another minute at least, and may do what is asked.
    ///
    /// # Errors
    /// [`ServiceError::Revoked`] when the user must connect again; [`ServiceError::InsufficientScope`] when
    /// they must allow more; [`ServiceError::Engine`] when the provider failed and trying later may help.
    pub async fn token(
        self: &Arc<Self>,
        app: &AppId,
        id: GrantId,
        scopes: &[String],
    ) -> Result<AccessToken, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        if grant.status != GrantStatus::Active {
            return Err(dead(&grant));
        }
        let missing: Vec<_> = scopes.iter().filter(|scope| !grant.scopes.contains(scope)).cloned().collect();
        if !missing.is_empty() {
            return Err(ServiceError::InsufficientScope { grant: id, missing });
        }
        let tokens = self.living_tokens(&grant).await?;
        self.note_use(&grant, "token.read", json!({})).await?;
        let mut extra = tokens.extra;
        let parameters = grant.parameters.into_iter().map(|(name, value)| (name, Secret::new(value)));
        extra.extend(parameters);
        Ok(AccessToken {
            access_token: tokens.access_token,
            expires_at: tokens.expires_at,
            scopes: grant.scopes,
            grant_id: id,
            extra,
            injection: (&self.provider(&grant.provider)?.api_auth).into(),
        })
    }

    /// A grant's tokens, refreshed if need be.
    pub(crate) async fn living_tokens(self: &Arc<Self>, grant: &Grant) -> Result<TokenSet, ServiceError> {
        let credential = self.store.credential(grant.id).await?;
        let (Some(credential), GrantStatus::Active) = (credential, grant.status) else {
            return Err(dead(grant));
        };
        let tokens = self.open_tokens(&credential)?;
        if self.is_fresh(grant, &tokens) { Ok(tokens) } else { self.refreshed(grant, None).await }
    }

    /// Notes that a grant's token is used. One that was revoked while the token was read or refreshed gives
    /// none any more.
    pub(crate) async fn note_use(
        &self,
        grant: &Grant,
        action: &str,
        detail: Value,
    ) -> Result<(), ServiceError> {
        let audit = self.audit_entry(&grant.app, action, grant.id, detail);
        match self.store.hand_out(grant.id, &audit).await {
            Err(StoreError::Conflict) => Err(dead(grant)),
            noted => Ok(noted?),
        }
    }

    pub(crate) fn is_fresh(&self, grant: &Grant, tokens: &TokenSet) -> bool {
        let buffer = if self.renews_living(grant) { LIVING_BUFFER_SECONDS } else { BUFFER_SECONDS };
        self.lives(tokens, buffer) && !self.was_reckoned_wrong(tokens)
    }

    /// A token from the future: our clock was set back since, so nobody knows when it ends.
    fn was_reckoned_wrong(&self, tokens: &TokenSet) -> bool {
        let soon = self.clock.now().plus_seconds(MOST_SKEW_SECONDS);
        tokens.refresh_token.is_some() && tokens.obtained_at.is_some_and(|at| at > soon)
    }

    pub(crate) fn lives(&self, tokens: &TokenSet, seconds: i64) -> bool {
        let then = self.clock.now().plus_seconds(seconds);
        tokens.expires_at.is_none_or(|end| end > then)
    }

    pub(crate) fn renews_living(&self, grant: &Grant) -> bool {
        self.catalog.get(&grant.provider).is_some_and(|known| known.refresh.by == RefreshBy::AccessToken)
    }

    pub(crate) fn open_tokens(&self, credential: &Credential) -> Result<TokenSet, ServiceError> {
        let plain = self.vault.open(&credential.sealed, &grant_place(credential.grant))?;
        Ok(TokenSet::from_plain(&plain)?)
    }
}

pub(crate) fn dead(grant: &Grant) -> ServiceError {
    ServiceError::Revoked { grant: grant.id, provider: grant.provider.clone() }
}
