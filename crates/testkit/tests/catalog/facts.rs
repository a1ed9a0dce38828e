//! One provider's record, read with its own rules: templates, pointers, separators.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What is known of one provider.
pub(crate) struct Facts(Value);

impl Facts {
    pub(crate) fn all() -> BTreeMap<String, Self> {
        let text = include_str!("../../../catalog/facts/providers.json");
        let Value::Array(records) = serde_json::from_str::<Value>(text).unwrap()["providers"].take() else {
            panic!("no list of providers")
        };
        records.into_iter().map(|record| (record["id"].as_str().unwrap().to_owned(), Self(record))).collect()
    }

    /// Every kind of quirk that the facts know.
    pub(crate) fn kinds() -> BTreeSet<String> {
        let facts: Value =
            serde_json::from_str(include_str!("../../../catalog/facts/providers.json")).unwrap();
        facts["meta"]["quirk_kinds"].as_object().unwrap().keys().cloned().collect()
    }

    pub(crate) fn value(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A text, or nothing.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.value(pointer).as_str()
    }

    pub(crate) fn id(&self) -> &str {
        self.text("/id").unwrap()
    }

    pub(crate) fn quirks(&self) -> impl Iterator<Item = &str> {
        self.value("/quirks").as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    pub(crate) fn has(&self, quirk: &str) -> bool {
        self.quirks().any(|known| known == quirk)
    }

    /// The pairs of an object; numbers as text, null as nothing.
    pub(crate) fn pairs(&self, pointer: &str) -> Vec<(String, Option<String>)> {
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let object = self.value(pointer).as_object();
        object.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// A list of texts, or one.
    pub(crate) fn list(&self, pointer: &str) -> Vec<String> {
        match self.value(pointer) {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn number(&self, pointer: &str) -> Option<i64> {
        self.value(pointer).as_i64()
    }
}

/// Puts a value at a JSON pointer, making objects and lists on the way.
pub(crate) fn put(target: &mut Value, pointer: &str, value: Value) {
    let mut place = target;
    for part in pointer.trim_start_matches('/').split('/') {
        place = match part.parse::<usize>() {
            Ok(index) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let list = place.as_array_mut().unwrap();
                while list.len() <= index {
                    list.push(Value::Null);
                }
                &mut list[index]
            }
            Err(_) => {
                if !place.is_object() {
                    *place = Value::Object(serde_json::Map::new());
                }
                place.as_object_mut().unwrap().entry(part).or_insert(Value::Null)
            }
        };
    }
    *place = value;
}
