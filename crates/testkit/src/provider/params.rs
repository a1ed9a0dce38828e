//! Parameters of a query or a form, as RFC 6749, sections 3.1 and 3.2, wants them: an empty one
//! counts as left out, and none may come twice.

use super::OAuthError;

/// In the order they came.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    pub(super) fn require(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::InvalidRequest)
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn comes_twice(&self, name: &str) -> bool {
        self.all(name).count() > 1
    }

    pub(super) fn repeats_any(&self) -> bool {
        self.0.iter().any(|(name, _)| self.comes_twice(name))
    }
}

/// The scopes of a space-separated list, or nothing when one has a forbidden character (section 3.3).
pub(super) fn scopes(list: &str) -> Option<Vec<String>> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in list.split(' ') {
        if scope.is_empty() || !scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            return None;
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Some(scopes)
}
