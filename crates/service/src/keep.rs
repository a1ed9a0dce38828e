//! Keep both: another account than the named grant's came back, and the person wants it as well. What was
//! exchanged waits sealed in the session for that choice, no longer than the session.

use grantway_core::{Secret, SessionId, flow::Flow, grant::Account, session::Session};
use grantway_engine::TokenSet;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Service, ServiceError, error::retried, remember::Arrival};

/// A connection without its grant.
#[derive(Serialize, Deserialize)]
struct Kept {
    flow: Flow,
    account: Account,
    tokens: String,
}

impl Service {
    /// The person keeps the account that came back beside the grant's: as a grant of its own.
    ///
    /// # Errors
    /// When the session is not this browser's, is over, or did not ask.
    pub async fn keep_both(&self, id: &SessionId, cookie: Option<&Secret>) -> Result<(), ServiceError> {
        retried(|| self.try_keep_both(id, cookie)).await
    }

    async fn try_keep_both(&self, id: &SessionId, cookie: Option<&Secret>) -> Result<(), ServiceError> {
        let session = self.session_of_browser(id, cookie).await?;
        let (session, kept) = session.keep_both(self.clock.now())?;
        let kept = self.opened(&session, &kept)?;
        let tokens = TokenSet::from_plain(&Secret::new(kept.tokens))?;
        let arrival = Arrival { session, flow: &kept.flow, tokens, account: kept.account, is_beside: true };
        match self.settle(&arrival).await {
            Ok(_) => Ok(()),
            Err(error @ ServiceError::GrantEnded(_)) => {
                self.trouble(arrival.session, &kept.flow.provider, &error).await
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn kept(&self, arrival: &Arrival<'_>) -> Vec<u8> {
        let granted_scopes = arrival.tokens.scopes.clone().or_else(|| arrival.flow.granted_scopes.clone());
        let kept = Kept {
            flow: Flow { granted_scopes, ..arrival.flow.clone() },
            account: arrival.account.clone(),
            tokens: arrival.tokens.to_plain().expose().to_owned(),
        };
        let plain = Secret::new(json!(kept).to_string());
        self.vault.seal(plain.expose(), &kept_place(&arrival.session.id), &*self.entropy)
    }

    fn opened(&self, session: &Session, sealed: &[u8]) -> Result<Kept, ServiceError> {
        let plain = self.vault.open(sealed, &kept_place(&session.id))?;
        serde_json::from_str(plain.expose()).map_err(|_| ServiceError::Inconsistent("a kept connection"))
    }
}

/// What a connection that waits for the person's choice is sealed for.
fn kept_place(id: &SessionId) -> String {
    format!("kept/{id}")
}
