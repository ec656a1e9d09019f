//! What has changed at a source, as somebody tells it: an operator, or the source itself.
//!
//! In: JSON or a bare name. Out: a [`Change`], or [`Changes`] of many. *Invariant*: what cannot be read is never taken for a
//! smaller change, nor are several for fewer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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
        let told = members(message)?;
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

/// What several changes come to.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    all: bool,
    unheard: bool,
    collections: HashMap<String, Touched>,
}

/// Which rows of a collection changes touch.
#[derive(Clone, Debug)]
pub enum Touched {
    /// Any.
    Any,
    /// Those of some keys: texts by column.
    Keys(Vec<BTreeMap<String, String>>),
}

impl Changes {
    /// Takes one more.
    pub fn add(&mut self, change: Change) {
        match change {
            Change::All => self.all = true,
            Change::Unheard => self.unheard = true,
            Change::Collection(collection) => drop(self.collections.insert(collection, Touched::Any)),
            Change::Rows { collection, key } => {
                let touched = self.collections.entry(collection).or_insert_with(|| Touched::Keys(Vec::new()));
                if let Touched::Keys(keys) = touched {
                    keys.push(key);
                }
            }
        }
    }

    /// Whether anything may have changed.
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// Whether nobody knows what else has changed.
    pub fn is_unheard(&self) -> bool {
        self.unheard
    }

    /// The names of the collections that they touch, which says nothing where anything may have changed.
    pub fn collections(&self) -> impl Iterator<Item = &str> {
        self.collections.keys().map(String::as_str)
    }

    /// Which rows of a collection they touch; `None`: none.
    pub fn of(&self, collection: &str) -> Option<&Touched> {
        if self.all { Some(&Touched::Any) } else { self.collections.get(collection) }
    }
}

impl From<Change> for Changes {
    fn from(change: Change) -> Self {
        let mut changes = Self::default();
        changes.add(change);
        changes
    }
}

/// The members of a JSON object, and of the objects in it. `None`: it is none, or one of them has a member twice.
pub fn members(json: &str) -> Option<Map<String, Value>> {
    // Two levels are all that a change has: whatever nests deeper is not looked into.
    let read = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    let inner = |raw: &RawValue| {
        if !raw.get().starts_with('{') {
            return read(raw);
        }
        let Members(inner) = serde_json::from_str(raw.get()).ok()?;
        inner.into_iter().map(|(name, raw)| Some((name, read(&raw)?))).collect::<Option<_>>().map(Value::Object)
    };
    let Members(outer) = serde_json::from_str(json).ok()?;
    outer.into_iter().map(|(name, raw)| Some((name, inner(&raw)?))).collect()
}

/// An object that has no member twice, its values still text.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let (mut members, mut names) = (Vec::new(), HashSet::new());
                while let Some((name, value)) = object.next_entry::<String, _>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom("a member stands twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
            (r#"{"collection": "a"} {}"#, None),
            (r#"{"collection": "a", "collection": "b"}"#, None),
            (r#"{"collection": "a", "key": {"id": 1, "id": 2}}"#, None),
            (r#"{"collection": "a", "key": {"id": 1, "\u0069d": 2}}"#, None),
        ] {
            assert_eq!(Change::parse(message), change, "{message}");
        }
    }

    #[test]
    fn what_nests_deeper_than_a_change_is_refused_and_no_more() {
        let deep = 100_000;
        let nested = format!("{}7{}", r#"{"key":"#.repeat(deep), "}".repeat(deep));
        assert_eq!(Change::parse(&nested), None);
    }

    #[test]
    fn members_stand_in_the_order_they_were_given_in() {
        let read = members(r#"{"b": {"d": 1, "c": [2]}, "a": null}"#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"b":{"d":1,"c":[2]},"a":null}"#);
        for wrong in ["", "7", "null", "[]", "{", r#"{"a": 1, "a": 1}"#, r#"{"a": {"b": 1, "b": 1}}"#] {
            assert_eq!(members(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn several_changes_come_to_no_less_than_any_of_them() {
        let row =
            |id: &str| Change::Rows { collection: "a".to_owned(), key: [("id".to_owned(), id.to_owned())].into() };
        let mut changes = Changes::from(row("1"));
        changes.add(row("2"));
        assert!(matches!(changes.of("a").unwrap(), Touched::Keys(keys) if keys.len() == 2));
        assert!(changes.of("b").is_none() && !changes.is_all());
        changes.add(Change::Collection("a".to_owned()));
        changes.add(row("3"));
        assert!(matches!(changes.of("a").unwrap(), Touched::Any));
        assert_eq!(changes.collections().collect::<Vec<_>>(), ["a"]);
        changes.add(Change::All);
        assert!(changes.is_all() && matches!(changes.of("b").unwrap(), Touched::Any));
    }
}
