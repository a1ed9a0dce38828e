//! Sessions: minted here, opened by the app's page, read or completed here.

use std::collections::BTreeMap;

use grantway_core::{
    Code, GrantId, Secret, SessionId, Timestamp,
    session::{Link, Stage, Theme},
};
use http::Method;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Client, Connection, Error, User, Word};

/// What a session is for. What is left out is as the app's settings say.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Mint {
    /// For whom. Needed, unless there is a `user_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The token that the user signed in with, of the identity provider that the app declares.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub user_token: Option<Secret>,
    /// Providers to choose from; left out: all that are registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_providers: Option<Vec<String>>,
    /// The origin whose page may open the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origin: Option<String>,
    /// Where a redirect returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Scopes by provider, instead of the registration's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Connection parameters by provider, such as the shop's name: the person is not asked for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, BTreeMap<String, String>>,
    /// The grant to authorise again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
    /// Ask the provider for its account chooser.
    pub switch_account: bool,
    /// Several providers in one session.
    pub multiple: bool,
    /// Whether a link opens it.
    pub link: Link,
    /// Seconds until it expires, 60 to 3600; left out: 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// Language of the pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Look of the pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Up to 20 pairs, copied to the grant.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Mint {
    /// For one of the app's users, by the app's own id.
    #[must_use]
    pub fn for_user(id: impl Into<String>) -> Self {
        Self { user: Some(User::by_id(id)), ..Self::default() }
    }
}

fn exposed<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// A session. The one time that its token is told.
#[derive(Clone, Debug, Deserialize)]
pub struct Minted {
    /// No secret.
    pub session_id: SessionId,
    /// For the form of the app's page.
    pub session_token: Secret,
    /// A link with the token in it, if it was asked for.
    pub connect_url: Option<Secret>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The same, in seconds from now.
    pub expires_in: i64,
}

/// How far a session has come.
#[derive(Clone, Debug, Deserialize)]
pub struct SessionStatus {
    /// Which.
    pub session_id: SessionId,
    /// How far it has come.
    pub stage: Word<Stage>,
    /// For whom.
    pub user: User,
    /// Providers to choose from.
    pub allowed_providers: Vec<String>,
    /// The origin whose page may open it.
    pub allowed_origin: String,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What was made.
    pub connections: Vec<Connection>,
    /// How it ended.
    pub result: Outcome,
}

/// What a return code stands for.
#[derive(Clone, Debug, Deserialize)]
pub struct SessionResult {
    /// Which session.
    pub session_id: SessionId,
    /// How far it has come.
    pub stage: Word<Stage>,
    /// The provider last chosen.
    pub provider: Option<String>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a session ended, or that it has not.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// Not yet.
    Pending,
    /// At least one connection was made.
    Success {
        /// The one just made.
        connection: Box<Connection>,
        /// All of the session's.
        connections: Vec<Connection>,
        /// Whom the session was minted for: compare it with the signed-in user.
        user: User,
    },
    /// It failed.
    Error {
        /// Why.
        error: Failure,
    },
    /// The person left.
    Exit,
    /// An end that a newer Grantway knows.
    #[serde(other)]
    Other,
}

/// Why a session failed.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// Stable.
    pub code: Word<Code>,
    /// For people.
    pub message: String,
}

#[derive(Serialize)]
struct Completion<'a> {
    code: &'a str,
    user: User,
}

impl Client {
    /// Mints a session for one of the app's users.
    ///
    /// # Errors
    /// [`Error::Refused`] names the field that breaks its rule.
    pub async fn mint(&self, mint: &Mint) -> Result<Minted, Error> {
        self.ask(self.call(Method::POST, &["connect", "sessions"])?.json(mint)?.once()?).await
    }

    /// How far a session has come.
    ///
    /// # Errors
    /// When there is no such session, or no longer.
    pub async fn session(&self, id: &SessionId) -> Result<SessionStatus, Error> {
        self.ask(self.call(Method::GET, &["connect", "sessions", id.as_str()])?).await
    }

    /// Reads the result of a session by the code that its browser brought to `return_url`
    /// ([`RETURN_PARAMETER`](crate::RETURN_PARAMETER), `gwr_…`).
    ///
    /// # Errors
    /// When the code is unknown or too old.
    pub async fn result(&self, code: &Secret) -> Result<SessionResult, Error> {
        self.ask(self.call(Method::POST, &["connect", "result"])?.form("code", code.expose())).await
    }

    /// Finishes a session with [`Link::Code`] by the code that its browser brought (`gwc_…`), for the user who is
    /// signed in there.
    ///
    /// # Errors
    /// When the code is unknown, used or too old, the user another, or the provider fails.
    pub async fn complete(&self, code: &Secret, user_id: &str) -> Result<Connection, Error> {
        let completion = Completion { code: code.expose(), user: User::by_id(user_id) };
        self.ask(self.call(Method::POST, &["connect", "complete"])?.json(&completion)?.once()?).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_not_sent() {
        let mint = Mint { expires_in: Some(60), ..Mint::for_user("u1") };

        let sent = serde_json::to_value(&mint).unwrap();

        let user = json!({"id": "u1"});
        let rest = json!({"user": user, "switch_account": false, "multiple": false, "link": "off", "expires_in": 60});
        assert_eq!(sent, rest);
    }

    #[test]
    fn what_opens_a_session_is_printed_nowhere() {
        let mint = Mint { user_token: Some(Secret::new("CANARY".to_owned())), ..Mint::default() };
        let minted: Minted = serde_json::from_value(json!({
            "session_id": "cs_0123456789abcdefghijkl", "session_token": "gws_CANARY", "expires_in": 600,
            "connect_url": "https://connect.acme.com/connect?session=gws_CANARY", "expires_at": "2026-11-22T10:10:00Z"
        }))
        .unwrap();

        assert_eq!(serde_json::to_value(&mint).unwrap()["user_token"], "CANARY");
        assert!(!format!("{mint:?} {minted:?}").contains("CANARY"));
    }

    #[test]
    fn an_end_that_is_not_known_yet_is_an_end() {
        let result = json!({"session_id": "cs_0123456789abcdefghijkl", "stage": "resting", "status": "postponed", "until": 7});

        let result: SessionResult = serde_json::from_value(result).unwrap();

        assert!(matches!(result.outcome, Outcome::Other));
        assert_eq!(result.stage, Word::Other("resting".to_owned()));
    }
}
