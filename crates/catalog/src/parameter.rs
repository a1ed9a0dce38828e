//! Connection parameters: what a provider's URLs need beyond the client id, asked of the operator or the person.

use grantway_core::view::{Question, QuestionError};
use regex::Regex;
use serde::Deserialize;

/// Longer than any host name (RFC 1035, section 2.3.4).
const LONGEST_VALUE: usize = 255;

/// One of them, such as the shop's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// As in the templates.
    pub name: String,
    /// What a form asks for.
    pub label: String,
    /// What the whole value must match, in Rust's regular expressions.
    pub pattern: Pattern,
    /// A value that fits, for people.
    pub example: String,
    /// The value when none is given.
    pub default: Option<String>,
    /// Whether it may be left out when it has no default.
    #[serde(default)]
    pub optional: bool,
    /// Who knows it.
    #[serde(default)]
    pub asked_of: AskedOf,
    /// A value may be any host: the client secret goes there, so only the operator may choose it.
    #[serde(default)]
    pub free_host: bool,
    /// A parameter of the authorization answer that says it better.
    pub from_callback: Option<FromCallback>,
}

/// Who is asked for a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedOf {
    /// The person who connects, on a page before they leave; or the app, when it mints.
    #[default]
    User,
    /// The operator, in the registration.
    App,
}

/// Where an authorization answer has a parameter's value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromCallback {
    /// Of the answer's parameter.
    pub param: String,
    /// Its first group is the value, when all of it is not.
    pub pattern: Option<Pattern>,
}

/// A regular expression that is always matched against a whole text.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&format!("^(?:{text})$")).map(Self)
    }
}

impl Pattern {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the whole text fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The first group of a text that fits.
    #[must_use]
    pub fn group<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.captures(text)?.get(1).map(|group| group.as_str())
    }
}

impl Parameter {
    /// Whether a session can't go on without being told.
    #[must_use]
    pub fn must_be_given(&self) -> bool {
        self.default.is_none() && !self.optional
    }

    /// A value as it is used, or nothing when it does not fit.
    #[must_use]
    pub fn accept(&self, value: &str) -> Option<String> {
        let value = value.trim();
        (value.len() <= LONGEST_VALUE && self.pattern.fits(value)).then(|| value.to_owned())
    }

    /// What a person typed, or left empty: perhaps the whole address, perhaps with a capital. Nothing where
    /// nothing is needed.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn read(&self, typed: &str, host_after: Option<&str>) -> Result<Option<String>, QuestionError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return if self.must_be_given() { Err(QuestionError::Missing) } else { Ok(self.default.clone()) };
        }
        let bare = typed.trim_start_matches("https://").trim_start_matches("http://");
        let bare = bare.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let short = host_after.and_then(|suffix| bare.strip_suffix(suffix)).unwrap_or(&bare);
        // Ids in paths may have capitals; hosts have none.
        let fitting = [short, typed].into_iter().find_map(|value| self.accept(value));
        fitting.map(Some).ok_or(QuestionError::DoesNotFit)
    }

    /// The value that an authorization answer gives.
    #[must_use]
    pub fn accept_callback(&self, value: &str) -> Option<String> {
        let pattern = self.from_callback.as_ref().and_then(|from| from.pattern.as_ref());
        self.accept(pattern.map_or(Some(value), |pattern| pattern.group(value))?)
    }

    /// As a form shows it.
    #[must_use]
    pub fn question(&self, host_after: Option<&str>) -> Question {
        Question {
            name: self.name.clone(),
            label: self.label.clone(),
            example: self.example.clone(),
            suffix: host_after.map(str::to_owned),
            value: self.default.clone().unwrap_or_default(),
            error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Parameter {
        toml::from_str("name = 'shop'\nlabel = 'Shop'\npattern = '[a-z0-9][a-z0-9-]*'\nexample = 'acme'")
            .unwrap()
    }

    #[test]
    fn a_value_fits_as_a_whole() {
        assert_eq!(shop().accept(" acme ").as_deref(), Some("acme"));
        for evil in ["", "evil.test", "evil.test#", "a@b", "acme\nx", "é", "acme:80", "-a"] {
            assert_eq!(shop().accept(evil), None, "{evil:?}");
        }
    }

    #[test]
    fn alternatives_are_matched_as_a_whole_too() {
        let pattern = Pattern::try_from("a\\.test|b\\.test".to_owned()).unwrap();

        assert!(pattern.fits("b.test"));
        assert!(!pattern.fits("a.test.evil.test") && !pattern.fits("evil.b.test"));
    }

    #[test]
    fn a_person_may_type_the_whole_address() {
        for typed in ["acme", "Acme", "acme.example.com", "https://acme.example.com/admin?x#y"] {
            assert_eq!(shop().read(typed, Some(".example.com")).unwrap().as_deref(), Some("acme"), "{typed}");
        }
        for evil in [
            "evil.test",
            "acme.example.com.evil.test",
            "evil.test#.example.com",
            "https://evil.test/.example.com",
            "a@evil.test",
        ] {
            assert_eq!(shop().read(evil, Some(".example.com")), Err(QuestionError::DoesNotFit), "{evil}");
        }
    }

    #[test]
    fn nothing_typed_is_the_default_or_missing() {
        let with_default = Parameter { default: Some("acme".to_owned()), ..shop() };

        assert_eq!(shop().read(" ", None), Err(QuestionError::Missing));
        assert_eq!(with_default.read("", None), Ok(Some("acme".to_owned())));
        assert_eq!(Parameter { optional: true, ..shop() }.read("", None), Ok(None));
    }

    #[test]
    fn a_callback_gives_a_value_only_if_it_fits() {
        let text = "name = 'host'\nlabel = 'H'\npattern = 'accounts\\.zo\\.(com|eu)'\nexample = 'accounts.zo.com'\n\
             from_callback = { param = 'server', pattern = 'https://([^/]+)/?' }";
        let parameter: Parameter = toml::from_str(text).unwrap();

        assert_eq!(parameter.accept_callback("https://accounts.zo.eu").as_deref(), Some("accounts.zo.eu"));
        assert_eq!(parameter.accept_callback("https://accounts.zo.eu@evil.test"), None);
        assert_eq!(parameter.accept_callback("https://evil.test/"), None);
    }
}
