//! The tokens of a grant, and the plain text that the vault seals.

use std::collections::BTreeMap;

use grantway_core::{Secret, Timestamp};
use oauth2::TokenResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EngineError, token::Answer};

/// Ten years, in seconds: an answer that promises more means "for ever".
const LONGEST_LIFETIME: i64 = 10 * 365 * 24 * 3600;

/// The tokens of a grant. Prints no secret.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// For API calls (RFC 6750).
    pub access_token: Secret,
    /// For the next access token, when the provider gives one.
    pub refresh_token: Option<Secret>,
    /// Who signed in (OIDC Core, section 2); not stored.
    pub id_token: Option<Secret>,
    /// When the access token ends, when told.
    pub expires_at: Option<Timestamp>,
    /// When they were asked for, by our clock: what `expires_at` was reckoned from.
    pub obtained_at: Option<Timestamp>,
    /// Granted scopes; absent means as asked (RFC 6749, section 5.1).
    pub scopes: Option<Vec<String>>,
    /// Further values that API calls need, such as an instance's address.
    pub extra: BTreeMap<String, Secret>,
    /// Whether it was traded for one that lives long.
    pub is_long_lived: bool,
    /// Why what belongs to them could not be looked up: they are to be stored, but not used. Not stored itself.
    pub unfinished: Option<EngineError>,
    /// The whole answer, for the account's parts in it; not stored.
    pub(crate) answer: Told,
}

/// An answer that may hold secrets.
#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Value);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told(…)")
    }
}

#[derive(Serialize, Deserialize)]
struct Plain {
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    obtained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_long_lived: bool,
}

impl TokenSet {
    pub(crate) fn of(answer: Answer, now: Timestamp) -> Self {
        let seconds = |lifetime: std::time::Duration| {
            i64::try_from(lifetime.as_secs())
                .map_or(LONGEST_LIFETIME, |seconds| seconds.min(LONGEST_LIFETIME))
        };
        let extra = answer.extra_fields();
        Self {
            access_token: Secret::new(answer.access_token().secret().clone()),
            refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret().clone())),
            id_token: extra.id_token.clone().map(Secret::new),
            expires_at: answer.expires_in().map(|lifetime| now.plus_seconds(seconds(lifetime))),
            obtained_at: Some(now),
            scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
            extra: extra
                .extra
                .iter()
                .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
                .collect(),
            is_long_lived: false,
            unfinished: None,
            answer: Told(extra.answer.clone()),
        }
    }

    /// With what the newer answer left out: it was not taken back.
    #[must_use]
    pub(crate) fn after(mut self, old: &Self) -> Self {
        self.refresh_token = self.refresh_token.or_else(|| old.refresh_token.clone());
        self.id_token = self.id_token.or_else(|| old.id_token.clone());
        self.scopes = self.scopes.or_else(|| old.scopes.clone());
        for (name, value) in &old.extra {
            self.extra.entry(name.clone()).or_insert_with(|| value.clone());
        }
        if !old.answer.0.is_null() {
            self.answer = old.answer.clone();
        }
        self
    }

    /// For the vault.
    #[must_use]
    pub fn to_plain(&self) -> Secret {
        let plain = Plain {
            access_token: self.access_token.expose().to_owned(),
            refresh_token: self.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            expires_at: self.expires_at,
            obtained_at: self.obtained_at,
            extra: self.extra.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
            is_long_lived: self.is_long_lived,
        };
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// From the vault.
    ///
    /// # Errors
    /// When the text is not what [`Self::to_plain`] writes.
    pub fn from_plain(plain: &Secret) -> Result<Self, EngineError> {
        let plain: Plain =
            serde_json::from_str(plain.expose()).map_err(|_| EngineError::Unreadable("stored token"))?;
        Ok(Self {
            access_token: Secret::new(plain.access_token),
            refresh_token: plain.refresh_token.map(Secret::new),
            id_token: None,
            expires_at: plain.expires_at,
            obtained_at: plain.obtained_at,
            scopes: None,
            extra: plain.extra.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
            is_long_lived: plain.is_long_lived,
            unfinished: None,
            answer: Told::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_tokens_come_back_and_print_nothing() {
        let tokens = TokenSet {
            access_token: Secret::new("CANARY-a".to_owned()),
            refresh_token: Some(Secret::new("CANARY-r".to_owned())),
            id_token: None,
            expires_at: Some(Timestamp(1000)),
            obtained_at: Some(Timestamp(900)),
            scopes: None,
            extra: BTreeMap::from([("hook".to_owned(), Secret::new("CANARY-h".to_owned()))]),
            is_long_lived: true,
            unfinished: None,
            answer: Told(serde_json::json!({"x": "CANARY-x"})),
        };

        let back = TokenSet::from_plain(&tokens.to_plain()).unwrap();

        assert_eq!(back.refresh_token.unwrap().expose(), "CANARY-r");
        assert_eq!(back.extra["hook"].expose(), "CANARY-h");
        assert_eq!((back.expires_at, back.obtained_at), (Some(Timestamp(1000)), Some(Timestamp(900))));
        assert!(back.is_long_lived);
        assert!(!format!("{tokens:?}").contains("CANARY"));
    }
}
