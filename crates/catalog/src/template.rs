//! Texts with `{names}` in them: URLs, parameters and headers that depend on a connection.
//!
//! The one rule: a name's value can't leave the place it stands in. In a host it is letters, digits, dots,
//! hyphens, underscores and the colon before a port only; anywhere else in a URL it is percent-encoded; no
//! path goes up by it; and the parsed host must be the one written.
//! A template that is `{extra:name}` and nothing else takes a whole address of the provider's own.

use std::fmt;

use grantway_core::origin::is_secure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;

/// RFC 3986, section 2.3: what needs no encoding.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text such as `https://{shop}.example.com/token`. `{callback:name}` is a parameter of the authorization
/// answer, `{extra:name}` a value kept from the token answer; braces around anything else are text.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Name(String),
}

/// Why a template gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name without a value.
    #[error("`{0}` has no value")]
    Missing(String),
    /// A value that would change the host it stands in.
    #[error("`{0}` can't stand in a host")]
    Host(String),
    /// A path with a part that means the folder above, or with one that is empty for want of a value.
    #[error("`{0}` would change the path")]
    Path(String),
    /// Not an https URL (http on loopback).
    #[error("must be https (http on loopback)")]
    NotSecure,
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        let parts = parse(&text);
        Self { text, parts }
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Template {
    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Every name in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with its values. They stand as they are: for parameters and headers, never for URLs.
    ///
    /// # Errors
    /// When a name has no value.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => filled.push_str(&value(name).ok_or_else(|| missing(name))?),
            }
        }
        Ok(filled)
    }

    /// The text with the values that there are; a name without one stays as it is written.
    #[must_use]
    pub fn fill_known(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Name(name) => value(name).unwrap_or_else(|| format!("{{{name}}}")),
        };
        self.parts.iter().map(part).collect()
    }

    /// The URL with its values, each kept to its place.
    ///
    /// # Errors
    /// When a name has no value, a value can't stand where it is, or the URL is not secure.
    pub fn fill_url(&self, value: impl Fn(&str) -> Option<String>) -> Result<Url, TemplateError> {
        if let Some(name) = self.whole() {
            return public_address(name, &value(name).ok_or_else(|| missing(name))?);
        }
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => {
                    let value = value(name).ok_or_else(|| missing(name))?;
                    if is_in_host(&filled) {
                        let fits = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
                        filled.push_str(
                            fits.then_some(&value).ok_or_else(|| TemplateError::Host(name.clone()))?,
                        );
                    } else if value.is_empty() && !filled.contains(['?', '#']) {
                        return Err(TemplateError::Path(name.clone()));
                    } else {
                        filled.extend(utf8_percent_encode(&value, &RESERVED));
                    }
                }
            }
        }
        if goes_up(&filled) {
            return Err(TemplateError::Path(self.text.clone()));
        }
        let url = Url::parse(&filled).map_err(|_| TemplateError::NotSecure)?;
        if !is_secure(&url) {
            return Err(TemplateError::NotSecure);
        }
        if !url.authority().eq_ignore_ascii_case(authority(&filled)) {
            return Err(TemplateError::Host(self.text.clone()));
        }
        Ok(url)
    }

    /// What the host is made of, with a fixed port left out.
    pub(crate) fn host_parts(&self) -> Vec<Part> {
        let host = host_and_port(&self.text);
        let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let host = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
        parse(host)
    }

    /// The kept value whose text is the whole address, if this is nothing else.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Name(name)] if name.starts_with("extra:") => Some(name),
            _ => None,
        }
    }

    /// What follows a name in the same host, such as `.example.com`: for people who type all of it.
    #[must_use]
    pub fn host_after(&self, name: &str) -> Option<&str> {
        let (before, after) = self.text.split_once(&format!("{{{name}}}"))?;
        let rest = after.split(['/', '?', '#', ':']).next().unwrap_or_default();
        (is_in_host(before) && rest.starts_with('.') && !rest.contains('{')).then_some(rest)
    }
}

fn missing(name: &str) -> TemplateError {
    TemplateError::Missing(name.to_owned())
}

/// An address that the provider's answer told: https, at a name of the public internet.
fn public_address(name: &str, text: &str) -> Result<Url, TemplateError> {
    let url = Url::parse(text).map_err(|_| TemplateError::NotSecure)?;
    let is_public = url.domain().is_some_and(|domain| {
        domain.contains('.') && !domain.ends_with(".localhost") && !domain.ends_with('.')
    });
    let has_user = !url.username().is_empty() || url.password().is_some();
    let says_more = url.query().is_some() || url.fragment().is_some();
    if url.scheme() != "https" || !is_public {
        return Err(TemplateError::NotSecure);
    }
    if has_user || says_more {
        return Err(TemplateError::Host(name.to_owned()));
    }
    Ok(url)
}

/// Whether what comes next still belongs to the host.
fn is_in_host(before: &str) -> bool {
    before.split_once("://").is_none_or(|(_, rest)| !rest.contains(['/', '?', '#']))
}

/// As written, with a port that the scheme has anyway left out.
fn authority(url: &str) -> &str {
    let written = host_and_port(url);
    if url.starts_with("https:") { written.trim_end_matches(":443") } else { written }
}

fn host_and_port(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Whether a part of the path means this folder or the one above (RFC 3986, section 5.2.4).
fn goes_up(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, "." | ".."))
}

fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(start) = rest.find('{') {
        let (before, opened) = rest.split_at(start);
        plain.push_str(before);
        match opened[1..].split_once('}') {
            Some((name, after)) if is_name(name) => {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Name(name.to_owned()));
                rest = after;
            }
            _ => {
                plain.push('{');
                rest = &opened[1..];
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

fn is_name(text: &str) -> bool {
    let (kind, name) = text.split_once(':').unwrap_or(("", text));
    let fits = |b: u8| match kind {
        "callback" => b.is_ascii_alphanumeric() || b == b'_' || b == b'-',
        _ => b.is_ascii_lowercase() || b == b'_',
    };
    matches!(kind, "" | "callback" | "claim" | "extra") && !name.is_empty() && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(template: &str, value: &str) -> Result<String, TemplateError> {
        let template = Template::from(template);
        template.fill_url(|_| Some(value.to_owned())).map(String::from)
    }

    #[test]
    fn a_value_in_a_host_can_not_leave_the_domain() {
        let shop = "https://{shop}.example.com/token";

        assert_eq!(url(shop, "acme").unwrap(), "https://acme.example.com/token");
        for evil in [
            "evil.test#",
            "evil.test/",
            "evil.test?",
            "evil.test\\",
            "a@evil.test",
            "evil.test:80",
            "evil.test:80/",
            "é",
            "ａ",
            "evil.test%23",
            "",
            ".",
            "a b",
            "a\n",
            "evil.test。",
        ] {
            let built = url(shop, evil);
            assert!(
                built.as_ref().is_err()
                    || Url::parse(built.as_ref().unwrap())
                        .unwrap()
                        .host_str()
                        .unwrap()
                        .ends_with(".example.com"),
                "{evil:?} became {built:?}"
            );
        }
    }

    #[test]
    fn a_host_may_have_a_port_but_no_user() {
        assert_eq!(url("https://{host}/x", "git.acme.com:8443").unwrap(), "https://git.acme.com:8443/x");
        assert_eq!(url("https://{host}/x", "git.acme.com:443").unwrap(), "https://git.acme.com/x");
        for evil in ["u:p@evil.test", "a/b", "0x7f.1", "2130706433", "127.1"] {
            assert!(url("https://{host}/x", evil).is_err(), "{evil}");
        }
    }

    #[test]
    fn elsewhere_in_a_url_a_value_is_encoded() {
        assert_eq!(
            url("https://a.test/{id}?t={id}", "../x&y=ü").unwrap(),
            "https://a.test/..%2Fx%26y%3D%C3%BC?t=..%2Fx%26y%3D%C3%BC"
        );
    }

    #[test]
    fn a_value_elsewhere_can_not_leave_its_folder() {
        let company = "https://a.test/v3/{id}/info";

        for evil in ["..", ".", ""] {
            assert!(matches!(url(company, evil), Err(TemplateError::Path(_))), "{evil:?}");
        }
        assert!(matches!(url("https://a.test/v3/.{id}", "."), Err(TemplateError::Path(_))));
        assert_eq!(url(company, "...").unwrap(), "https://a.test/v3/.../info");
        assert_eq!(url("https://a.test/v3?id={id}", "").unwrap(), "https://a.test/v3?id=");
        assert_eq!(url("https://a.test/v3?id={id}", "..").unwrap(), "https://a.test/v3?id=..");
    }

    #[test]
    fn a_whole_address_is_the_providers_and_public() {
        let base = "{extra:api_base}";

        assert_eq!(url(base, "https://eu.api.test/v1").unwrap(), "https://eu.api.test/v1");
        for evil in [
            "http://api.test",
            "https://127.0.0.1",
            "https://[::1]/",
            "https://2130706433",
            "https://localhost",
            "https://db.localhost/",
            "https://intranet",
            "https://u:p@api.test",
            "https://api.test?x=",
            "https://api.test#x",
            "api.test",
            "",
        ] {
            assert!(url(base, evil).is_err(), "{evil}");
        }
        assert!(url("{host}", "https://api.test").is_err(), "a person's word is no address");
    }

    #[test]
    fn braces_around_anything_else_are_text() {
        let template = Template::from("{\"query\":\"query { me { id } }\",\"t\":\"{access_token}\"}");

        assert_eq!(template.names().collect::<Vec<_>>(), ["access_token"]);
        assert_eq!(
            template.fill(|_| Some("T".to_owned())).unwrap(),
            "{\"query\":\"query { me { id } }\",\"t\":\"T\"}"
        );
    }

    #[test]
    fn a_name_without_a_value_is_named() {
        assert_eq!(Template::from("{shop}").fill(|_| None), Err(TemplateError::Missing("shop".to_owned())));
    }

    #[test]
    fn people_may_type_the_whole_host() {
        assert_eq!(Template::from("https://{shop}.example.com/x").host_after("shop"), Some(".example.com"));
        assert_eq!(Template::from("https://{host}/x").host_after("host"), None);
        assert_eq!(Template::from("https://a.test/{host}").host_after("host"), None);
    }
}
