//! Schemas of an `OpenAPI` document as columns.
//!
//! In: a schema. Out: its properties, and the scalar of each. *Invariant*: references are followed inside the document only,
//! and not in circles.

use lilong_schema::{Enumeration, Scalar};
use serde_json::{Map, Value};

use super::super::definition::{Column, Place};

/// How far references and compositions are followed.
const DEPTH: usize = 16;

/// A whole document.
#[derive(Clone, Copy)]
pub(super) struct Document<'a>(pub(super) &'a Value);

impl<'a> Document<'a> {
    /// What a reference leads to; what is none, itself.
    pub(super) fn resolve(self, mut value: &'a Value) -> &'a Value {
        for _ in 0..DEPTH {
            let Some(target) = value.get("$ref").and_then(Value::as_str) else { return value };
            match target.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer)) {
                Some(found) => value = found,
                None => return &Value::Null,
            }
        }
        &Value::Null
    }
}

/// The properties of an object with those of all its parts: name, schema, and whether it is promised.
pub(super) fn properties<'a>(document: Document<'a>, schema: &'a Value) -> Vec<(String, &'a Value, bool)> {
    let mut found: Map<String, Value> = Map::new();
    let mut out = Vec::new();
    collect(document, schema, 0, &mut found, &mut out);
    out
}

fn collect<'a>(
    document: Document<'a>,
    schema: &'a Value,
    depth: usize,
    seen: &mut Map<String, Value>,
    out: &mut Vec<(String, &'a Value, bool)>,
) {
    if depth == DEPTH {
        return;
    }
    let schema = document.resolve(schema);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)));
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        // A property that is only written never comes.
        let property = document.resolve(property);
        let hidden = property.get("writeOnly").and_then(Value::as_bool) == Some(true);
        if !hidden && seen.insert(name.clone(), Value::Null).is_none() {
            out.push((name.clone(), property, is_required(name)));
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect(document, part, depth + 1, seen, out);
    }
}

/// A property as a column.
pub(super) fn column_of(
    document: Document<'_>,
    collection: &str,
    name: &str,
    schema: &Value,
    required: bool,
) -> Column {
    let schema = document.resolve(schema);
    let (kind, nullable) = kind_of(schema);
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let values = (kind == "string").then(|| enumeration(schema)).flatten();
    let scalar = match (kind, format) {
        _ if values.is_some() => Scalar::Enum,
        ("integer", "int32") => Scalar::Int,
        ("integer", "uint64") => Scalar::Unsigned,
        ("integer", _) | ("string", "int64") => Scalar::BigInt,
        ("number" | "string", "decimal") => Scalar::Decimal,
        ("number", _) => Scalar::Float,
        ("boolean", _) => Scalar::Boolean,
        ("string", "date") => Scalar::Date,
        ("string", "date-time") => Scalar::DateTime,
        ("string", "time") => Scalar::Time,
        ("string", "uuid") => Scalar::Uuid,
        ("string", "byte") => Scalar::Bytes,
        ("string", _) => Scalar::String,
        _ => Scalar::Json,
    };
    let native = if format.is_empty() { kind.to_owned() } else { format!("{kind} {format}") };
    let comment = schema.get("description").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    Column {
        name: name.to_owned(),
        scalar,
        native,
        place: Place::At(vec![name.to_owned()]),
        comment: comment.map(str::to_owned),
        enumeration: values.map(|values| Enumeration { name: format!("{collection}_{name}"), values }),
        required: required && !nullable,
    }
}

/// The one type of a schema beside null, and whether null is allowed; empty for none and for several.
fn kind_of(schema: &Value) -> (&str, bool) {
    let nullable = schema.get("nullable").and_then(Value::as_bool) == Some(true);
    match schema.get("type") {
        Some(Value::String(kind)) => (kind, nullable),
        Some(Value::Array(kinds)) => {
            let mut others = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            let has_null = kinds.iter().any(|kind| kind == "null");
            match (others.next(), others.next()) {
                (Some(kind), None) => (kind, has_null),
                _ => ("", true),
            }
        }
        _ => ("", true),
    }
}

/// The values of an enum of texts.
fn enumeration(schema: &Value) -> Option<Vec<String>> {
    let values = schema.get("enum")?.as_array()?.iter().filter(|value| !value.is_null());
    let values: Vec<String> = values.map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    (!values.is_empty()).then_some(values)
}
