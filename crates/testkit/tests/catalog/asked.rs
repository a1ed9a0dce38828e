//! One request, taken apart, and the simulator's way of saying no.

use std::collections::BTreeMap;

use http::Request;
use serde_json::Value;
use url::Url;

pub(crate) type Pairs = Vec<(String, String)>;

/// One request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn of(request: Request<Vec<u8>>) -> Self {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string().parse().unwrap(),
            headers: request.headers().iter().map(header).collect(),
            body: request.into_body(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    pub(crate) fn query(&self) -> Pairs {
        self.url.query_pairs().into_owned().collect()
    }

    pub(crate) fn form(&self) -> Pairs {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Same place, whatever the query.
    pub(crate) fn is_at(&self, url: &str) -> bool {
        let url: Url = url.parse().unwrap();
        (self.url.scheme(), self.url.host_str(), self.url.port(), self.url.path())
            == (url.scheme(), url.host_str(), url.port(), url.path())
    }
}

pub(crate) fn find<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(crate) fn demand(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}
