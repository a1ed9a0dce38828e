//! The authorization answer in the provider's words (RFC 6749, sections 4.1.2 and 4.1.2.1), all untrusted.

use std::collections::{BTreeMap, HashSet};

use grantway_catalog::{Provider, Verify};
use grantway_core::{
    Secret,
    flow::{CallbackParams, Refusal},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What came back, by the standard's names.
#[derive(Debug)]
pub struct Callback {
    /// For [`grantway_core::flow::Flow::accept`].
    pub params: CallbackParams,
    /// What the catalog says to keep.
    pub kept: BTreeMap<String, String>,
    /// Granted scopes, where the answer tells them and not the token.
    pub scopes: Option<Vec<String>>,
    /// Connection parameters that the answer says better than the person did, each checked by its pattern.
    pub parameters: BTreeMap<String, String>,
}

/// Longer than any value worth keeping.
const LONGEST_KEPT: usize = 2000;

/// Reads an answer.
///
/// # Errors
/// When a parameter comes twice, or the provider's own proof is missing or wrong.
pub fn read(
    provider: &Provider,
    secret: Option<&Secret>,
    pairs: &[(String, String)],
) -> Result<Callback, Refusal> {
    let mut names = HashSet::new();
    if !pairs.iter().all(|(name, _)| names.insert(name)) {
        return Err(Refusal::Provider);
    }
    let rules = &provider.callback;
    if let Some(Verify::HmacSha256) = rules.verify {
        check_hmac(secret, pairs)?;
    }
    let find = |name: &str| pairs.iter().find(|(told, _)| told == name).map(|(_, value)| value.clone());
    let code =
        if rules.code.is_empty() { find("code") } else { rules.code.iter().find_map(|name| find(name)) };
    let keep = |name: &String| Some((name.clone(), find(name).filter(|value| value.len() <= LONGEST_KEPT)?));
    let scopes = rules.scope.as_deref().and_then(find).map(|text| {
        let parts = text.split([' ', ',']).filter(|scope| !scope.is_empty());
        parts.map(str::to_owned).collect()
    });
    let told = provider.parameters.iter().filter_map(|parameter| {
        let value = find(&parameter.from_callback.as_ref()?.param)?;
        Some((parameter.name.clone(), parameter.accept_callback(&value)?))
    });
    Ok(Callback {
        params: CallbackParams {
            state: find("state").map(Secret::new),
            code: code.map(Secret::new),
            iss: find("iss"),
            error: find("error"),
        },
        kept: rules.keep.iter().filter_map(keep).collect(),
        scopes,
        parameters: told.collect(),
    })
}

/// HMAC-SHA256 in hex over the other parameters, sorted and written as a query, under the client secret.
fn check_hmac(secret: Option<&Secret>, pairs: &[(String, String)]) -> Result<(), Refusal> {
    let told = pairs.iter().find(|(name, _)| name == "hmac").ok_or(Refusal::Unproved)?;
    let secret = secret.ok_or(Refusal::Unproved)?;
    let mut others: Vec<String> = pairs
        .iter()
        .filter(|(name, _)| name != "hmac")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    others.sort_unstable();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(|_| Refusal::Unproved)?;
    mac.update(others.join("&").as_bytes());
    mac.verify_slice(&from_hex(&told.1).ok_or(Refusal::Unproved)?).map_err(|_| Refusal::Unproved)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(text: &str) -> Provider {
        toml::from_str(&format!("name = 'X'\nissuer = 'https://id.test'\n{text}")).unwrap()
    }

    fn pairs(query: &str) -> Vec<(String, String)> {
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a_code_may_have_another_name_and_further_values_are_kept() {
        let provider =
            provider("callback = { code = ['code', 'authCode'], keep = ['realmId'], scope = 'scope' }");

        let read = read(&provider, None, &pairs("authCode=c&state=s&realmId=9&other=x&scope=a,b")).unwrap();

        assert_eq!(read.params.code.unwrap().expose(), "c");
        assert_eq!(read.kept, BTreeMap::from([("realmId".to_owned(), "9".to_owned())]));
        assert_eq!(read.scopes.unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(
            read(&provider(""), None, &pairs("code=a&state=s&code=b")).unwrap_err(),
            Refusal::Provider
        );
    }

    #[test]
    fn a_signed_answer_is_believed_only_with_its_signature() {
        let provider = provider("callback = { verify = 'hmac_sha256' }");
        let secret = Secret::new("hush".to_owned());
        // The HMAC is openssl's, of that text: `openssl dgst -sha256 -hmac hush`.
        let signed = "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.example.com&state=0.6784241404160823&timestamp=1337178173";
        let hmac = "cc306249470237b22753aacc1fa16e850243d1c8d45ac16a5139175bdb0f0aa0";

        assert!(read(&provider, Some(&secret), &pairs(&format!("{signed}&hmac={hmac}"))).is_ok());
        for wrong in [
            signed.to_owned(),
            format!("{signed}&hmac={hmac}&x=1"),
            format!("{signed}&hmac=00"),
            format!("{signed}&hmac=é"),
        ] {
            assert_eq!(read(&provider, Some(&secret), &pairs(&wrong)).unwrap_err(), Refusal::Unproved);
        }
        assert_eq!(
            read(&provider, None, &pairs(&format!("{signed}&hmac={hmac}"))).unwrap_err(),
            Refusal::Unproved
        );
    }

    #[test]
    fn a_host_from_the_answer_must_fit_its_pattern() {
        let provider = provider(
            "[[parameter]]\nname = 'accounts_host'\nlabel = 'H'\npattern = 'accounts\\.zo\\.(com|eu)'\nexample = 'accounts.zo.com'\n\
             from_callback = { param = 'accounts-server', pattern = 'https://([^/]+)' }",
        );

        let good = read(&provider, None, &pairs("code=c&accounts-server=https://accounts.zo.eu")).unwrap();
        let evil = read(&provider, None, &pairs("code=c&accounts-server=https://evil.test")).unwrap();

        assert_eq!(good.parameters["accounts_host"], "accounts.zo.eu");
        assert!(evil.parameters.is_empty());
    }
}
