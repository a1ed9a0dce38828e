//! Calls to a provider's API: where they may go, and how they carry the access token.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use grantway_catalog::TokenPlace;
use url::Url;

use crate::{Client, EngineError, TokenSet, client::Known};

impl Client<'_> {
    /// The addresses below which calls with these tokens may go, the usual one first. One that the tokens
    /// lack the value for is left out.
    #[must_use]
    pub fn api_urls(&self, tokens: &TokenSet) -> Vec<Url> {
        let known = Known::tokens(tokens);
        self.provider.api_urls.iter().filter_map(|url| self.fill_url(url, known).ok()).collect()
    }

    /// Puts the access token into a call, in the place of whatever stands there.
    ///
    /// # Errors
    /// When a value that the place asks for is missing, or can't stand in a header.
    pub fn authorize_call(
        &self,
        url: &mut Url,
        headers: &mut HeaderMap,
        tokens: &TokenSet,
    ) -> Result<(), EngineError> {
        let place = &self.provider.api_auth;
        if let TokenPlace::Query(name) = place {
            remove_parameter(url, name);
        }
        let mut pairs = Vec::new();
        self.carry(place, url, &mut pairs, tokens)?;
        for (name, value) in pairs {
            let name = HeaderName::try_from(name).map_err(|_| EngineError::NoValue)?;
            let mut value = HeaderValue::try_from(value).map_err(|_| EngineError::NoValue)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }
}

/// Takes one parameter out of a query and leaves every other byte as it is.
fn remove_parameter(url: &mut Url, name: &str) {
    let Some(query) = url.query() else { return };
    let is_other = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(known, _)| known != name)
    };
    let kept = query.split('&').filter(is_other).collect::<Vec<_>>().join("&");
    url.set_query((!kept.is_empty()).then_some(kept.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_goes_however_it_is_written_and_the_rest_stays() {
        let mut url: Url = "https://a.test/?b=%7e+x&access%5Ftoken=evil&c&access_token=2&d=".parse().unwrap();

        remove_parameter(&mut url, "access_token");

        assert_eq!(url.as_str(), "https://a.test/?b=%7e+x&c&d=");
    }
}
