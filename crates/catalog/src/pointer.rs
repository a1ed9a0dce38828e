//! Where in an answer a value is: JSON pointers (RFC 6901), the first that hits.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One pointer, or several of which the first that finds something counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers(Vec<String>);

impl From<&str> for Pointers {
    fn from(pointer: &str) -> Self {
        Self(vec![pointer.to_owned()])
    }
}

impl<'de> Deserialize<'de> for Pointers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        Ok(match OneOrMany::deserialize(from)? {
            OneOrMany::One(one) => Self(vec![one]),
            OneOrMany::Many(many) => Self(many),
        })
    }
}

impl Pointers {
    /// The first value found that is not null.
    #[must_use]
    pub fn find<'v>(&self, answer: &'v Value) -> Option<&'v Value> {
        self.0.iter().find_map(|pointer| answer.pointer(pointer).filter(|value| !value.is_null()))
    }

    /// The first value found, as text.
    #[must_use]
    pub fn text(&self, answer: &Value) -> Option<String> {
        self.find(answer).and_then(text_of)
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one whose last part speaks of an e-mail address.
    pub(crate) fn address(&self) -> Option<&str> {
        let is_address = |pointer: &&String| {
            pointer.rsplit('/').next().is_some_and(|part| part.to_ascii_lowercase().contains("mail"))
        };
        self.0.iter().find(is_address).map(String::as_str)
    }

    /// The first that is no JSON pointer.
    pub(crate) fn wrong(&self) -> Option<&str> {
        self.0.iter().find(|pointer| !pointer.starts_with('/')).map(String::as_str)
    }
}

/// Ids are numbers at some providers.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What must hold of an answer: `/ok` is there and neither false nor null, or `/code == 0` is that text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Condition {
    pointer: Pointers,
    equals: Option<String>,
}

impl From<String> for Condition {
    fn from(text: String) -> Self {
        match text.split_once(" == ") {
            Some((pointer, value)) => Self { pointer: pointer.into(), equals: Some(value.to_owned()) },
            None => Self { pointer: text.as_str().into(), equals: None },
        }
    }
}

impl Condition {
    /// Where the value is that it asks for.
    #[must_use]
    pub fn pointer(&self) -> &Pointers {
        &self.pointer
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, answer: &Value) -> bool {
        match (&self.equals, self.pointer.find(answer)) {
            (Some(expected), Some(found)) => text_of(found).as_ref() == Some(expected),
            (None, Some(found)) => *found != Value::Bool(false),
            (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_that_hits_counts() {
        let pointers: Pointers = serde_json::from_value(json!(["/a/b", "/c"])).unwrap();

        assert_eq!(pointers.text(&json!({"a": {"b": null}, "c": 7})).as_deref(), Some("7"));
        assert_eq!(pointers.text(&json!({"a": {"b": "x"}, "c": 7})).as_deref(), Some("x"));
        assert_eq!(pointers.text(&json!({})), None);
    }

    #[test]
    fn a_condition_asks_for_a_value_or_for_its_presence() {
        let code = Condition::from("/code == 0".to_owned());
        let ok = Condition::from("/ok".to_owned());

        assert!(code.holds(&json!({"code": 0})) && code.holds(&json!({"code": "0"})));
        assert!(!code.holds(&json!({"code": 1})) && !code.holds(&json!({})));
        assert!(ok.holds(&json!({"ok": true})) && !ok.holds(&json!({"ok": false})) && !ok.holds(&json!({})));
    }
}
