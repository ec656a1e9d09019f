//! What has changed at a source, as somebody tells it: an operator, or the source itself.
//!
//! In: JSON or a bare name. Out: a [`Change`]. *Invariant*: what cannot be read is never taken for a smaller change.

use std::collections::BTreeMap;

use serde_json::Value;

/// What has changed at a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Anything.
    All,
    /// Nobody knows: changes are not told for now.
    Unheard,
    /// Rows of a collection.
    Collection(String),
    /// The rows of a collection that have one key: texts by column, names as they are in the database.
    Rows {
        /// The collection.
        collection: String,
        /// The key.
        key: BTreeMap<String, String>,
    },
}

impl Change {
    /// What a message tells: a collection by its bare name, `{"collection": …, "key": {column: value}}`, or nothing for
    /// anything. `None`: it cannot be read.
    pub fn parse(message: &str) -> Option<Self> {
        let message = message.trim();
        if !message.starts_with('{') {
            return Some(if message.is_empty() { Self::All } else { Self::Collection(message.to_owned()) });
        }
        let Ok(Value::Object(told)) = serde_json::from_str(message) else { return None };
        if told.keys().any(|key| key != "collection" && key != "key") {
            return None;
        }
        Self::of(told.get("collection"), told.get("key"))
    }

    /// The same of parts that may be missing.
    pub fn of(collection: Option<&Value>, key: Option<&Value>) -> Option<Self> {
        let (collection, key) = match (collection, key) {
            (None, None) => return Some(Self::All),
            (Some(Value::String(collection)), key) => (collection.clone(), key),
            _ => return None,
        };
        match key {
            None => Some(Self::Collection(collection)),
            Some(Value::Object(key)) if !key.is_empty() => {
                let texts = key.iter().map(|(column, value)| match value {
                    Value::String(text) => Some((column.clone(), text.clone())),
                    Value::Number(number) => Some((column.clone(), number.to_string())),
                    Value::Bool(value) => Some((column.clone(), value.to_string())),
                    _ => None,
                });
                Some(Self::Rows { collection, key: texts.collect::<Option<_>>()? })
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_collection_or_a_key_of_one() {
        let key = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let rows = |pairs| Change::Rows { collection: "a".to_owned(), key: key(pairs) };
        for (message, change) in [
            ("", Some(Change::All)),
            ("{}", Some(Change::All)),
            (" hr.employee ", Some(Change::Collection("hr.employee".to_owned()))),
            (r#"{"collection": "a"}"#, Some(Change::Collection("a".to_owned()))),
            (r#"{"collection": "a", "key": {"id": 7}}"#, Some(rows(&[("id", "7")]))),
            (r#"{"collection": "a", "key": {"x": "7", "y": true}}"#, Some(rows(&[("x", "7"), ("y", "true")]))),
            (r#"{"collection": "a", "key": {}}"#, None),
            (r#"{"collection": "a", "key": 7}"#, None),
            (r#"{"collection": "a", "key": {"id": null}}"#, None),
            (r#"{"key": {"id": 7}}"#, None),
            (r#"{"collection": 7}"#, None),
            (r#"{"table": "a"}"#, None),
            ("{", None),
        ] {
            assert_eq!(Change::parse(message), change, "{message}");
        }
    }
}
