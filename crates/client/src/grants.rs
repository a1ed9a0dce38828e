//! Grants and their access tokens.

use std::collections::BTreeMap;

use grantway_core::{
    GrantId, Secret, Timestamp,
    grant::{Account, GrantStatus, Operation},
};
use http::Method;
use serde::{Deserialize, Serialize};

use crate::{Client, Error, Word};

/// One of the app's users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The app's id of its user.
    pub id: String,
    /// Shown on the page of a link, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Shown on the page of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl User {
    /// Nothing of a person but the app's own id.
    #[must_use]
    pub fn by_id(id: impl Into<String>) -> Self {
        Self { id: id.into(), email: None, name: None }
    }
}

/// A grant, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// Stays the same when the same account is connected again.
    pub grant_id: GrantId,
    /// The provider's id.
    pub provider: String,
    /// The provider's name, for people.
    pub provider_name: String,
    /// What a person would recognise the account by.
    pub account_identifier: Option<String>,
    /// The account.
    pub account: Account,
    /// Whose it is.
    pub user: User,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Asked for, but not granted.
    pub scopes_missing: Vec<String>,
    /// Whether it can be used.
    pub status: Word<GrantStatus>,
    /// What its last connection did to it.
    pub operation: Word<Operation>,
    /// When it last changed.
    pub timestamp: Timestamp,
    /// The session's pairs.
    pub metadata: BTreeMap<String, String>,
}

/// Which grants.
#[derive(Clone, Debug, Default)]
pub struct GrantQuery {
    /// Of this user.
    pub user_id: Option<String>,
    /// At this provider.
    pub provider: Option<String>,
    /// In this state.
    pub status: Option<GrantStatus>,
    /// The `next` of the page before.
    pub after: Option<GrantId>,
    /// At most so many, 1 to 200; left out: 50.
    pub limit: Option<u32>,
}

/// Grants, oldest first.
#[derive(Clone, Debug, Deserialize)]
pub struct GrantPage {
    /// What there is.
    pub data: Vec<Connection>,
    /// The `after` of the following page, if one may follow.
    pub next: Option<GrantId>,
}

/// An access token that lives for another minute at least.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    /// Whose.
    pub grant_id: GrantId,
    /// For the provider's API.
    pub access_token: Secret,
    /// When it ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What calls need beside it, such as the shop's name.
    pub extra: BTreeMap<String, Secret>,
    /// Where calls carry it.
    pub injection: Injection,
}

/// Where a call carries its token. `{access_token}` stands for it, `{extra:x}` for a value beside it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
    #[serde(other)]
    Elsewhere,
}

#[derive(Serialize)]
struct TokenQuestion<'a> {
    #[serde(flatten)]
    of: Option<Owner<'a>>,
    scopes: &'a [&'a str],
}

#[derive(Serialize)]
struct Owner<'a> {
    provider: &'a str,
    user_id: &'a str,
}

impl Client {
    /// One page of the app's grants.
    ///
    /// # Errors
    /// When the query breaks a rule.
    pub async fn grants(&self, query: &GrantQuery) -> Result<GrantPage, Error> {
        let (after, limit) =
            (query.after.map(|id| id.to_string()), query.limit.map(|limit| limit.to_string()));
        let call = self
            .call(Method::GET, &["grants"])?
            .query("user_id", query.user_id.as_deref())
            .query("provider", query.provider.as_deref())
            .query("status", query.status.map(GrantStatus::as_str))
            .query("after", after.as_deref())
            .query("limit", limit.as_deref());
        self.ask(call).await
    }

    /// One grant.
    ///
    /// # Errors
    /// When there is no such grant.
    pub async fn grant(&self, id: GrantId) -> Result<Connection, Error> {
        self.ask(self.call(Method::GET, &["grants", &id.to_string()])?).await
    }

    /// Revokes a grant, at the provider too. Repeating it is harmless.
    ///
    /// # Errors
    /// When there is no such grant.
    pub async fn revoke(&self, id: GrantId) -> Result<Connection, Error> {
        self.ask(self.call(Method::DELETE, &["grants", &id.to_string()])?).await
    }

    /// A fresh access token of a grant, which may do at least what is in `scopes`.
    ///
    /// # Errors
    /// [`Error::reason`] says what can be done.
    pub async fn token(&self, id: GrantId, scopes: &[&str]) -> Result<Token, Error> {
        let call = self.call(Method::POST, &["grants", &id.to_string(), "token"])?;
        self.ask(call.json(&TokenQuestion { of: None, scopes })?).await
    }

    /// The same of the one grant that a user has at a provider.
    ///
    /// # Errors
    /// [`Error::reason`] says what can be done.
    pub async fn token_of_user(
        &self,
        provider: &str,
        user_id: &str,
        scopes: &[&str],
    ) -> Result<Token, Error> {
        let question = TokenQuestion { of: Some(Owner { provider, user_id }), scopes };
        self.ask(self.call(Method::POST, &["token"])?.json(&question)?).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_prints_nothing_of_itself_and_may_be_carried_in_a_new_way() {
        let answer = json!({
            "grant_id": "6f9619ff-8b86-4011-b42d-00cf4fc964ff", "access_token": "CANARY", "token_type": "Bearer",
            "expires_at": null, "scopes": [], "extra": {"shop": "CANARY"}, "injection": {"in": "cookie", "jar": 1}
        });

        let token: Token = serde_json::from_value(answer).unwrap();

        assert_eq!((token.access_token.expose(), &token.injection), ("CANARY", &Injection::Elsewhere));
        assert!(!format!("{token:?}").contains("CANARY"));
    }
}
