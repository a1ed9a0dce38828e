//! What an API key may do.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One thing that a key may do. Each route of the API names the one that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum KeyScope {
    /// Mint sessions, follow them and complete them.
    Mint,
    /// List grants and read their tokens.
    ReadTokens,
    /// Everything, also what ends a grant.
    Admin,
}

impl KeyScope {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Mint, Self::ReadTokens, Self::Admin];

    /// As written on the command line and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::ReadTokens => "read_tokens",
            Self::Admin => "admin",
        }
    }

    /// Whether a key with these scopes may do it: `admin` may do everything.
    #[must_use]
    pub fn is_within(self, held: &BTreeSet<Self>) -> bool {
        held.contains(&self) || held.contains(&Self::Admin)
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A scope that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("a key's scopes are mint, read_tokens and admin")]
pub struct KeyScopeError;

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(text: &str) -> Result<Self, KeyScopeError> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(KeyScopeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        for scope in KeyScope::ALL {
            assert_eq!(scope.as_str().parse::<KeyScope>().unwrap(), scope);
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        assert!("tokens".parse::<KeyScope>().is_err());
    }

    #[test]
    fn admin_may_do_everything_and_the_others_only_their_own() {
        for needed in KeyScope::ALL {
            for held in KeyScope::ALL {
                let is_within = needed.is_within(&[held].into());
                assert_eq!(is_within, held == needed || held == KeyScope::Admin, "{held} {needed}");
            }
            assert!(!needed.is_within(&BTreeSet::new()));
        }
    }
}
