//! Names of things. An id is no secret: knowing one opens nothing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::{
    Digest,
    clock::{Entropy, random_bytes},
};

/// An id that is not of its kind's form.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IdError(&'static str);

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident, $check:path, $says:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err(IdError($says)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=64).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

fn is_registration(text: &str) -> bool {
    text.split_once('.').is_some_and(|(app, provider)| is_slug(app) && is_slug(provider))
}

fn is_session(text: &str) -> bool {
    is_random(text, "cs_", 22)
}

fn is_endpoint(text: &str) -> bool {
    is_random(text, "whe_", 16)
}

fn is_random(text: &str, prefix: &str, length: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == length && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

slug_id!(
    /// An app, named by its operator in `grantway.toml`.
    AppId, is_slug, "an app id is 1 to 64 of a-z, 0-9, - and _");
slug_id!(
    /// A provider, named by its catalog file.
    ProviderId, is_slug, "a provider id is 1 to 64 of a-z, 0-9, - and _");
slug_id!(
    /// An app's registration at a provider, `app.provider`; the last part of its redirect URI.
    RegistrationId, is_registration, "a registration id is an app id, a dot and a provider id");
slug_id!(
    /// A webhook endpoint, `whe_` and 96 bits of its app's and its URL's digest.
    EndpointId, is_endpoint, "an endpoint id is whe_ and 16 characters");
slug_id!(
    /// A Connect session, `cs_` and 128 random bits.
    SessionId, is_session, "a session id is cs_ and 22 characters");

impl RegistrationId {
    /// The one registration of an app at a provider.
    #[must_use]
    pub fn of(app: &AppId, provider: &ProviderId) -> Self {
        Self(format!("{app}.{provider}"))
    }
}

impl EndpointId {
    /// The one endpoint of an app at a URL, so that declaring it again finds it.
    #[must_use]
    pub fn of(app: &AppId, url: &Url) -> Self {
        Self(format!("whe_{}", Digest::of(&format!("{app} {url}")).short_name()))
    }
}

impl SessionId {
    /// A fresh id.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(format!("cs_{}", crate::secret::base64url(&random_bytes::<16>(entropy))))
    }
}

/// A grant: a UUID that survives every reauthorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String, format = "uuid"))]
pub struct GrantId(Uuid);

impl GrantId {
    /// A fresh id.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(uuid::Builder::from_random_bytes(random_bytes(entropy)).into_uuid())
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for GrantId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| IdError("a grant id is a UUID"))
    }
}

/// A fresh id for an event or an audit row: `prefix` and 128 random bits.
pub fn random_id(prefix: &str, entropy: &dyn Entropy) -> String {
    format!("{prefix}{}", crate::secret::base64url(&random_bytes::<16>(entropy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_could_break_a_path_or_a_cookie_name() {
        for text in ["", "A", "a/b", "a;b", "a b", "../x", "é", "-a"] {
            assert!(text.parse::<AppId>().is_err(), "{text}");
        }
        assert!("acme.github".parse::<RegistrationId>().is_ok());
        assert!("acme".parse::<RegistrationId>().is_err());
        assert!("acme.git.hub".parse::<RegistrationId>().is_err());
        assert!("cs_0123456789abcdefghij;x".parse::<SessionId>().is_err());
    }
}
