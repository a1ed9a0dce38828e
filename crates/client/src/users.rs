//! What a deleted user leaves.

use grantway_core::GrantId;
use http::Method;
use serde::Deserialize;

use crate::{Client, Error};

/// What a deletion did. What was done before is not done again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deleted {
    /// Whose.
    pub user_id: String,
    /// The grants that were not revoked until now.
    pub grants_revoked: Vec<GrantId>,
    /// How many grants had been revoked before, and were forgotten now.
    pub grants_forgotten: u64,
    /// How many sessions were open.
    pub sessions_ended: u64,
}

impl Client {
    /// Forgets a user: revokes their grants, ends their sessions, drops what is personal.
    ///
    /// # Errors
    /// [`Error::Unsendable`] for the ids `.` and `..`.
    pub async fn delete_user(&self, user_id: &str) -> Result<Deleted, Error> {
        self.ask(self.call(Method::DELETE, &["users", user_id])?).await
    }
}
