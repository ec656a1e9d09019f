//! What a source says it has: collections, fields, keys. Structure only, never stored values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ExpressionIndex, Scalar};

/// The position of a field in [`Collection::fields`].
pub type FieldId = usize;

/// Everything one source says of itself; `descriptions/<source>.json` is this as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDescription {
    /// Tables, views and endpoints, by name.
    pub collections: Vec<Collection>,
    /// Database enums that fields refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enumerations: Vec<Enumeration>,
    /// What describing found odd and left out or worked around; `check` prints these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A database enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enumeration {
    /// The name in the database.
    pub name: String,
    /// The values, in the database's order.
    pub values: Vec<String>,
}

/// A table, view or list endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// The name in the source; outside the first schema `<schema>.<table>`.
    pub name: String,
    /// Whether it is a view.
    #[serde(default, skip_serializing_if = "is_false")]
    pub view: bool,
    /// The database's own comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Columns in the database's order.
    pub fields: Vec<Field>,
    /// The primary key first, then unique keys; none that is partial, by expression, invalid or over a prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// References to collections of the same source, broken ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// Columns that lead an index, keys included: an equality on all columns of an entry needs no scan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Vec<String>>,
    /// Indexes that begin with an expression which normalises a column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expressions: Vec<ExpressionIndex>,
    /// About how many rows, to one significant digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Whether rows have a hidden number that can end an order ([`crate::Collection`] of SQLite tables with a rowid).
    #[serde(default, skip_serializing_if = "is_false")]
    pub row_id: bool,
    /// What the connector wrote down for itself (how a service is asked for the rows); nobody else reads it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name in the source.
    pub name: String,
    /// What its values are here.
    pub scalar: Scalar,
    /// The type as the source declares it; empty if it declares none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub native: String,
    /// Whether the source may give null, or something that is not of [`Self::scalar`].
    pub nullable: bool,
    /// The database's own comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Digits after the point of a `Decimal` with a declared scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// The [`Enumeration`] of a [`Scalar::Enum`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<String>,
    /// What the connector wrote down for itself (a collation, the form dates are stored in); nobody else reads it but
    /// for [`REQUIRED`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// The detail of a column that the source keeps nulls out of, though a value in it may not be of the field's scalar:
/// nullable in an answer, and yet fit to tell rows apart.
pub const REQUIRED: &str = "required";

impl Field {
    /// A column of which no more is known: it may be null.
    pub fn new(name: impl Into<String>, scalar: Scalar) -> Self {
        Self {
            name: name.into(),
            scalar,
            native: String::new(),
            nullable: true,
            comment: None,
            scale: None,
            enumeration: None,
            details: BTreeMap::new(),
        }
    }

    /// Whether no null is stored in it, whatever an answer may show.
    pub fn holds_no_null(&self) -> bool {
        !self.nullable || self.details.contains_key(REQUIRED)
    }
}

/// Columns whose values together name at most one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// In key order.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    #[serde(default, skip_serializing_if = "is_false")]
    pub primary: bool,
}

/// A reference to another collection of the same source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Columns here.
    pub columns: Vec<String>,
    /// The collection referred to, by its name in the source.
    pub collection: String,
    /// Columns there, in the same order; empty means its primary key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Whether the source sees to it that every key without a null leads to a row.
    #[serde(default, skip_serializing_if = "is_false")]
    pub enforced: bool,
}

impl Collection {
    /// The position of the field of that name.
    pub fn field_id(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The primary key, if there is one.
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.primary)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_false(value: &bool) -> bool {
    !value
}
