//! What can go wrong. No secret is in any of it: neither the API key nor a body that was sent.

use std::{fmt, time::Duration};

use grantway_core::{Code, GrantId};
use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::Word;

/// Why a call has no answer to give.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Grantway said no.
    #[error("grantway refused: {0}")]
    Refused(Box<Problem>),
    /// No answer came. Of a call through the proxy nobody knows whether the provider did what was asked.
    #[error("grantway did not answer")]
    Unreachable(#[source] reqwest::Error),
    /// Whoever answered does not speak Grantway's API: a proxy in between, another server.
    #[error("the answer, with status {0}, is not one of grantway's")]
    Unreadable(StatusCode),
    /// Not sent: no address says what was asked for.
    #[error("{0}")]
    Unsendable(&'static str),
}

impl Error {
    /// What a backend may have an answer to. Of everything that is no refusal: [`Reason::Other`].
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused(problem) => problem.reason(),
            Self::Unreachable(_) | Self::Unreadable(_) | Self::Unsendable(_) => Reason::Other,
        }
    }
}

/// Without the URL, which names users.
impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

/// A refusal or a failure (RFC 9457).
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    /// Stable: what happened.
    pub code: Word<Code>,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words for a person.
    pub title: String,
    /// What happened here.
    pub detail: String,
    /// What to do, for a person.
    #[serde(default)]
    pub advice: String,
    /// When asking again may help, where that is known.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// More, by `code`: see the API's documentation.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Word::Known(code) => write!(f, "{code}: {}", self.detail),
            Word::Other(code) => write!(f, "{code}: {}", self.detail),
        }
    }
}

/// The refusals that a backend tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The grant is dead: mint a session with this `grant_id` and let the user connect again.
    CredentialRevoked {
        /// To mint for.
        grant_id: GrantId,
        /// Where.
        provider: String,
    },
    /// The user has several: choose one, and ask by its id.
    AmbiguousGrant {
        /// To choose from.
        grants: Vec<Candidate>,
    },
    /// The grant may not do it: mint a session with this `grant_id` and these scopes.
    InsufficientScope {
        /// To mint for.
        grant_id: GrantId,
        /// What it may not do.
        scopes_missing: Vec<String>,
    },
    /// The provider is away, and the grant as good as before: ask again later.
    ProviderUnavailable {
        /// When, where that is known.
        retry_after: Option<Duration>,
    },
    /// Another process has been refreshing the grant for long: ask again.
    RefreshInProgress {
        /// When, where that is known.
        retry_after: Option<Duration>,
    },
    /// No such grant.
    GrantNotFound,
    /// Another one: see the code.
    Other,
}

/// One of several grants that fit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Candidate {
    /// To ask for by name.
    pub grant_id: GrantId,
    /// What a person would recognise its account by.
    pub account_identifier: Option<String>,
}

impl Problem {
    /// What a backend may have an answer to.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.known_reason().unwrap_or(Reason::Other)
    }

    fn known_reason(&self) -> Option<Reason> {
        let Word::Known(code) = self.code else { return None };
        let retry_after = self.retry_after;
        Some(match code {
            Code::CredentialRevoked => Reason::CredentialRevoked {
                grant_id: self.read("grant_id")?,
                provider: self.read("provider")?,
            },
            Code::AmbiguousGrant => Reason::AmbiguousGrant { grants: self.read("grants")? },
            Code::InsufficientScope => Reason::InsufficientScope {
                grant_id: self.read("grant_id")?,
                scopes_missing: self.read("scopes_missing")?,
            },
            Code::ProviderUnavailable => Reason::ProviderUnavailable { retry_after },
            Code::RefreshInProgress => Reason::RefreshInProgress { retry_after },
            Code::GrantNotFound => Reason::GrantNotFound,
            _ => return None,
        })
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.more.get(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(code: &str, more: &Value) -> Problem {
        let mut problem =
            json!({"type": "urn:x", "code": code, "status": 409, "title": "No", "detail": "not now"});
        for (name, value) in more.as_object().unwrap() {
            problem[name] = value.clone();
        }
        serde_json::from_value(problem).unwrap()
    }

    #[test]
    fn a_code_that_is_not_in_the_table_is_kept_as_it_is_written() {
        let problem = problem("too_tired", &json!({"until": "noon"}));

        assert_eq!(problem.code, Word::Other("too_tired".to_owned()));
        assert_eq!(
            (problem.to_string().as_str(), &problem.more["until"]),
            ("too_tired: not now", &json!("noon"))
        );
        assert_eq!(Error::Refused(Box::new(problem)).reason(), Reason::Other);
    }

    #[test]
    fn a_reason_that_lacks_what_it_needs_is_none() {
        assert_eq!(problem("credential_revoked", &json!({"provider": "files"})).reason(), Reason::Other);
    }
}
