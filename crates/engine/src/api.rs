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
pub(crate) fn remove_parameter(url: &mut Url, name: &str) {
    let Some(query) = url.query() else { return };
    let is_other = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(known, _)| known != name)
    };
    let kept = query.split('&').filter(is_other).collect::<Vec<_>>().join("&");
    url.set_query((!kept.is_empty()).then_some(kept.as_str()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use grantway_catalog::{ClientAuth, Provider};
    use grantway_core::{Entropy, Secret};

    use super::*;
    use crate::Endpoints;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    const DESCRIPTION: &str = "name = 'X'\nissuer = 'https://id.test'\n\
        api_urls = ['{extra:api_base}', 'https://{shop}.api.test/v1/']\nanswer = { extra = { api_base = '/at' } }\n\
        api_auth = 'header:X-Token=Shop {access_token}'\n\
        [[parameter]]\nname = 'shop'\nlabel = 'S'\npattern = '[a-z]+'\nexample = 'acme'";

    /// What `look` sees of a shop named acme with these tokens.
    fn with<T>(tokens: &str, look: impl Fn(&Client<'_>, &TokenSet) -> T) -> T {
        let provider: Provider = toml::from_str(DESCRIPTION).unwrap();
        let url: Url = "https://id.test".parse().unwrap();
        let endpoints = Endpoints {
            client_auth: ClientAuth::Post,
            authorize: url.clone(),
            token: url,
            userinfo: None,
            revoke: None,
            jwks: None,
            issuer: None,
            iss_promised: false,
            pushed_authorization: None,
            pushes: false,
        };
        let client = Client {
            provider: &provider,
            endpoints: &endpoints,
            client_id: "cid",
            client_secret: None,
            redirect_uri: "https://connect.test/cb",
            parameters: &BTreeMap::from([("shop".to_owned(), "acme".to_owned())]),
            entropy: &Zeros,
        };
        look(&client, &TokenSet::from_plain(&Secret::new(tokens.to_owned())).unwrap())
    }

    #[test]
    fn an_address_that_came_with_the_tokens_is_the_usual_one_if_it_is_public() {
        let urls = |tokens: &str| {
            with(tokens, |client, tokens| client.api_urls(tokens))
                .into_iter()
                .map(String::from)
                .collect::<Vec<_>>()
        };

        assert_eq!(
            urls(r#"{"access_token": "at", "extra": {"api_base": "https://eu.api.test"}}"#),
            ["https://eu.api.test/", "https://acme.api.test/v1/"]
        );
        for without in [
            r#"{"access_token": "at"}"#,
            r#"{"access_token": "at", "extra": {"api_base": "https://10.0.0.1"}}"#,
        ] {
            assert_eq!(urls(without), ["https://acme.api.test/v1/"]);
        }
    }

    #[test]
    fn a_token_replaces_what_stands_in_its_place_and_is_marked_as_secret() {
        let mut headers = HeaderMap::new();
        headers.append("x-token", HeaderValue::from_static("mine"));
        headers.append("x-token", HeaderValue::from_static("mine too"));

        let headers = with(r#"{"access_token": "at"}"#, |client, tokens| {
            let (mut url, mut headers) = ("https://acme.api.test/v1/x".parse().unwrap(), headers.clone());
            client.authorize_call(&mut url, &mut headers, tokens).unwrap();
            headers
        });

        assert_eq!(headers.get_all("x-token").iter().collect::<Vec<_>>(), ["Shop at"]);
        assert!(headers["x-token"].is_sensitive());
    }

    #[test]
    fn a_parameter_goes_however_it_is_written_and_the_rest_stays() {
        let mut url: Url = "https://a.test/?b=%7e+x&access%5Ftoken=evil&c&access_token=2&d=".parse().unwrap();

        remove_parameter(&mut url, "access_token");

        assert_eq!(url.as_str(), "https://a.test/?b=%7e+x&c&d=");
    }
}
