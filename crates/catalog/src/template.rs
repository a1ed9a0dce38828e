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
mod tests;
