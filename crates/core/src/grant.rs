//! Grants: the lasting result of a connection, and the view of one that leaves the server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{AppId, GrantId, ProviderId, RegistrationId},
};

/// Whom a session or grant belongs to, in the app's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct User {
    /// The app's id of its user.
    pub id: String,
    /// For the confirm page, masked there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For the confirm page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl User {
    /// Nothing of a person but the app's own id.
    #[must_use]
    pub fn by_id(id: String) -> Self {
        Self { id, email: None, name: None }
    }
}

/// An account at a provider. Only `id` decides sameness; the rest is for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Account {
    /// The provider's stable id (OIDC `sub`), never an e-mail address.
    pub id: Option<String>,
    /// The address, when told.
    pub email: Option<String>,
    /// The display name, when told.
    pub name: Option<String>,
    /// The user name or workspace, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The workspace, shop or company, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

impl Account {
    /// What a person would recognise the account by.
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        [&self.email, &self.handle, &self.name, &self.org, &self.id]
            .into_iter()
            .find_map(|text| text.as_deref().filter(|text| !text.is_empty()))
    }
}

/// Whether a grant can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum GrantStatus {
    /// Its credential works as far as we know.
    Active,
    /// The provider refused it; the user must connect again.
    NeedsReauth,
    /// The app revoked it; its tokens are gone.
    Revoked,
}

impl GrantStatus {
    /// As stored and answered.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsReauth => "needs_reauth",
            Self::Revoked => "revoked",
        }
    }
}

/// What a connection did to the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Operation {
    /// A new grant.
    Creation,
    /// The same grant, with its id kept and its credential new.
    Reauth,
}

/// A user's lasting permission at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Survives every reauthorisation.
    pub id: GrantId,
    /// Whose product it serves.
    pub app: AppId,
    /// Whose account it is, in the app's terms.
    pub user: User,
    /// Where the account lives.
    pub provider: ProviderId,
    /// Through which client it was made.
    pub registration: RegistrationId,
    /// Which account.
    pub account: Account,
    /// Its connection parameters, such as the shop's name.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Asked for, but not granted.
    pub scopes_missing: Vec<String>,
    /// Whether it can be used.
    pub status: GrantStatus,
    /// What its last connection did to it.
    pub operation: Operation,
    /// The session's pairs.
    pub metadata: BTreeMap<String, String>,
    /// When it was first made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The public view of a grant, as frontends and webhooks get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Connection {
    /// The grant's id.
    pub grant_id: GrantId,
    /// The provider's id.
    pub provider: ProviderId,
    /// The provider's name, for people.
    pub provider_name: String,
    /// What a person would recognise the account by.
    pub account_identifier: Option<String>,
    /// The account.
    pub account: Account,
    /// Whose it is: compare it with the signed-in user.
    pub user: User,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Asked for, but not granted.
    pub scopes_missing: Vec<String>,
    /// Whether it can be used.
    pub status: GrantStatus,
    /// New, or the same grant again.
    pub operation: Operation,
    /// When the connection was made.
    pub timestamp: Timestamp,
    /// The session's pairs.
    pub metadata: BTreeMap<String, String>,
}

impl Grant {
    /// What sets it apart from the user's other grants at its provider: the account's id and, since two tenants
    /// may give one id to two accounts, the connection parameters. Nothing where the account is unknown.
    #[must_use]
    pub fn account_key(&self) -> Option<String> {
        let id = self.account.id.clone()?;
        let is_alone = self.parameters.is_empty();
        Some(if is_alone { id } else { serde_json::json!([id, self.parameters]).to_string() })
    }

    /// Without all that is personal. Its ids, scopes and dates remain.
    #[must_use]
    pub fn forgotten(self) -> Self {
        Self {
            user: User::by_id(self.user.id),
            account: Account::default(),
            parameters: BTreeMap::new(),
            metadata: BTreeMap::new(),
            ..self
        }
    }

    /// The public view.
    #[must_use]
    pub fn connection(&self, provider_name: &str) -> Connection {
        Connection {
            grant_id: self.id,
            provider: self.provider.clone(),
            provider_name: provider_name.to_owned(),
            account_identifier: self.account.identifier().map(str::to_owned),
            account: self.account.clone(),
            user: self.user.clone(),
            scopes: self.scopes.clone(),
            scopes_missing: self.scopes_missing.clone(),
            status: self.status,
            operation: self.operation,
            timestamp: self.updated_at,
            metadata: self.metadata.clone(),
        }
    }
}
