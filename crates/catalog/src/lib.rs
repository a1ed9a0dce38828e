//! What Grantway knows of each OAuth provider, as data.
//!
//! The one rule: a provider is a TOML file, its stem is its id, and no code names one.

mod provider;

use std::collections::BTreeMap;

use grantway_core::ProviderId;
use include_dir::{Dir, include_dir};

pub use provider::{
    AccountPointers, ClientAuth, InvalidProvider, Pkce, Provider, ResponseMode, Userinfo, UserinfoMethod,
};

static BUILT_IN: Dir = include_dir!("$CARGO_MANIFEST_DIR/providers");

/// The providers that this server knows: the built-in ones, and the operator's own.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    providers: BTreeMap<ProviderId, Provider>,
}

/// A catalog file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Its name is no provider id.
    #[error("{file}: the file's name is not a provider id (a-z, 0-9, - and _)")]
    Name {
        /// Which.
        file: String,
    },
    /// It is no TOML of the provider's form.
    #[error("{file}: {source}")]
    Form {
        /// Which.
        file: String,
        /// Why, with line and key.
        source: Box<toml::de::Error>,
    },
    /// It breaks a rule.
    #[error("{file}: {source}")]
    Rule {
        /// Which.
        file: String,
        /// Which rule.
        source: InvalidProvider,
    },
}

impl Catalog {
    /// The catalog that comes with the binary.
    ///
    /// # Errors
    /// When one of its files is wrong; the tests see to it that none is.
    pub fn built_in() -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for file in BUILT_IN.files() {
            let name = file.path().display().to_string();
            let text = file.contents_utf8().unwrap_or_default();
            let provider: Provider = toml::from_str(text)
                .map_err(|source| CatalogError::Form { file: name.clone(), source: Box::new(source) })?;
            let stem = name.trim_end_matches(".toml");
            let id = stem.parse().map_err(|_| CatalogError::Name { file: name.clone() })?;
            catalog.declare(id, provider).map_err(|source| CatalogError::Rule { file: name, source })?;
        }
        Ok(catalog)
    }

    /// Adds a provider, or replaces the one of the same id.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub fn declare(&mut self, id: ProviderId, provider: Provider) -> Result<(), InvalidProvider> {
        provider.validate()?;
        self.providers.insert(id, provider);
        Ok(())
    }

    /// One provider.
    #[must_use]
    pub fn get(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&ProviderId, &Provider)> {
        self.providers.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_provider_keeps_the_rules() {
        let catalog = Catalog::built_in().unwrap();

        assert_eq!(catalog.iter().count(), BUILT_IN.files().count());
        assert!(catalog.get(&"github".parse().unwrap()).is_some());
    }

    #[test]
    fn a_provider_that_names_a_reserved_parameter_is_refused() {
        let mut catalog = Catalog::default();
        let text = "name = 'X'\nissuer = 'https://id.test'\nauthorize_params = { state = 'x' }";

        let refusal = catalog.declare("x".parse().unwrap(), toml::from_str(text).unwrap()).unwrap_err();

        assert_eq!(
            refusal.to_string(),
            "authorize_params: `state` is set by Grantway and can't be overridden"
        );
    }

    #[test]
    fn a_provider_needs_https_and_either_an_issuer_or_both_urls() {
        for (text, says) in [
            ("name = 'X'", "either `issuer` or both `authorize_url` and `token_url` must be set"),
            ("name = 'X'\nissuer = 'http://id.test'", "issuer: must be https (http on loopback)"),
            ("name = ' '\nissuer = 'https://id.test'", "name: must not be empty"),
        ] {
            let provider: Provider = toml::from_str(text).unwrap();

            assert_eq!(provider.validate().unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = toml::from_str::<Provider>("name = 'X'\nisuer = 'https://id.test'").unwrap_err();

        assert!(error.to_string().contains("unknown field `isuer`"), "{error}");
    }
}
