//! The columns of a type: its values, the keys of what it refers to, and what has no other place as JSON.
//!
//! In: an object type. Out: described fields, with how each is asked for, and references to other collections.

use std::collections::BTreeMap;

use lilong_schema::collection::REQUIRED;
use lilong_schema::{Field, Scalar};

use super::route;
use super::schema::{self, Schema, Type, TypeKind};
use crate::json_cells::VALUES;

/// How deep objects are selected within JSON.
const DEPTH: usize = 3;

/// What a type's rows are found by in the collection that holds them all.
pub(super) struct Home {
    pub(super) collection: String,
    pub(super) key: String,
}

/// The columns of a type.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) fields: Vec<Field>,
    /// Column here, collection and column there.
    pub(super) references: Vec<(String, String, String)>,
}

/// The scalar of a named type.
pub(super) fn scalar(name: &str, kind: TypeKind) -> Scalar {
    if kind == TypeKind::Enum {
        return Scalar::Enum;
    }
    match name {
        "Int" => Scalar::Int,
        "Float" => Scalar::Float,
        "Boolean" => Scalar::Boolean,
        "String" | "ID" | "URL" | "URI" | "Url" | "Email" | "EmailAddress" | "PhoneNumber" | "Cursor" => Scalar::String,
        "BigInt" | "bigint" | "Long" | "Int64" => Scalar::BigInt,
        "Decimal" | "BigDecimal" | "numeric" | "Numeric" => Scalar::Decimal,
        "Date" | "date" => Scalar::Date,
        "Time" | "LocalTime" | "time" => Scalar::Time,
        "DateTime" | "Timestamp" | "timestamptz" | "Datetime" => Scalar::DateTime,
        "LocalDateTime" | "NaiveDateTime" | "timestamp" => Scalar::LocalDateTime,
        "UUID" | "Uuid" | "uuid" => Scalar::Uuid,
        "Bytes" | "Base64" => Scalar::Bytes,
        _ => Scalar::Json,
    }
}

/// The columns of a type, given where the rows of other types are.
pub(super) fn of(schema: &Schema, of: &Type, homes: &BTreeMap<&str, Home>) -> Columns {
    let mut found = Columns::default();
    let asked = of.fields.iter().filter(|field| field.is_plain() && !field.name.starts_with("__"));
    for field in asked.clone().filter(|field| field.is_leaf()) {
        found.fields.push(leaf(schema, field, field.shape.lists > 0));
    }
    for field in asked.filter(|field| !field.is_leaf()) {
        let Some(inner) = schema.object(&field.shape) else { continue };
        let home = homes.get(inner.name.as_str());
        match home {
            Some(home) if field.shape.lists == 0 => found.refer(schema, field, inner, home),
            // Rows of their own, which lead back here.
            Some(_) if leads_to(inner, of, homes) => {}
            _ if field.shape.lists > 0 && !field.arguments.is_empty() || is_page(inner) => {}
            _ => found.fields.extend(nested(schema, field, inner)),
        }
    }
    let mut taken = std::collections::BTreeSet::new();
    found.fields.retain(|field| taken.insert(field.name.clone()));
    found
}

impl Columns {
    /// Adds a column for a value within objects, by the fields that lead to it; nothing if there is no such value.
    pub(super) fn add_within(&mut self, schema: &Schema, of: &Type, column: &str) {
        if self.fields.iter().any(|field| field.name == column) {
            return;
        }
        let path: Vec<&str> = column.split('.').collect();
        let Some((last, before)) = path.split_last() else { return };
        let (mut inner, mut promised) = (of, true);
        for name in before {
            let field = inner.field(name).filter(|field| field.is_plain() && field.shape.lists == 0);
            let Some((field, of)) = field.and_then(|field| Some((field, schema.object(&field.shape)?))) else { return };
            promised &= field.shape.required;
            inner = of;
        }
        let field = inner.field(last).filter(|field| field.is_plain() && field.is_leaf() && field.shape.lists == 0);
        let Some(field) = field else { return };
        let mut found = leaf(schema, field, false);
        column.clone_into(&mut found.name);
        if !promised {
            found.details.remove(REQUIRED);
        }
        route::keep(&mut found, &path, None);
        self.fields.push(found);
    }

    /// A field that holds a row of another collection: the column that says which, and the reference.
    fn refer(&mut self, schema: &Schema, field: &schema::Field, inner: &Type, home: &Home) {
        let Some(key) = inner.field(&home.key) else { return };
        let own = [format!("{}Id", field.name), format!("{}_id", field.name), format!("{}ID", field.name)];
        let own = self
            .fields
            .iter()
            .find(|column| own.contains(&column.name) && column.native.trim_end_matches('!') == key.shape.name);
        let column = match own {
            Some(own) => own.name.clone(),
            None => {
                let mut column = leaf(schema, key, false);
                column.name = format!("{}.{}", field.name, key.name);
                column.comment.clone_from(&field.description);
                if !field.shape.required {
                    column.details.remove(REQUIRED);
                }
                route::keep(&mut column, &[&field.name, &key.name], None);
                let name = column.name.clone();
                self.fields.push(column);
                name
            }
        };
        self.references.push((column, home.collection.clone(), home.key.clone()));
    }
}

/// A field of a scalar or an enum; lists of these are JSON.
fn leaf(schema: &Schema, field: &schema::Field, list: bool) -> Field {
    let scalar = if list { Scalar::Json } else { scalar(&field.shape.name, field.shape.kind) };
    let mut details = BTreeMap::new();
    if field.shape.required {
        details.insert(REQUIRED.to_owned(), "true".to_owned());
    }
    let values = schema.types.get(&field.shape.name).filter(|_| scalar == Scalar::Enum).map(|of| &of.values);
    if let Some(values) = values {
        details.insert(VALUES.to_owned(), values.join(","));
    }
    Field {
        name: field.name.clone(),
        scalar,
        native: field.shape.text.clone(),
        nullable: true,
        comment: field.description.clone(),
        scale: None,
        enumeration: (scalar == Scalar::Enum).then(|| field.shape.name.clone()),
        details,
    }
}

/// Objects that are nobody's rows, as JSON; `None`: there is nothing in them to select.
fn nested(schema: &Schema, field: &schema::Field, inner: &Type) -> Option<Field> {
    let selection = select(schema, inner, DEPTH)?;
    let mut column = leaf(schema, field, true);
    route::keep(&mut column, &[&field.name], Some(selection));
    Some(column)
}

/// The plain fields of a type and of what is in it.
fn select(schema: &Schema, of: &Type, depth: usize) -> Option<String> {
    let mut parts = Vec::new();
    for field in of.fields.iter().filter(|field| field.is_plain()) {
        if field.is_leaf() {
            parts.push(field.name.clone());
        } else if depth > 1
            && field.arguments.is_empty()
            && let Some(inner) = schema.object(&field.shape)
            && let Some(selection) = select(schema, inner, depth - 1)
        {
            parts.push(format!("{} {{ {selection} }}", field.name));
        }
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Whether the rows of a type say which row of another they belong to.
fn leads_to(of: &Type, other: &Type, homes: &BTreeMap<&str, Home>) -> bool {
    homes.contains_key(other.name.as_str())
        && of.fields.iter().any(|field| field.is_plain() && field.shape.lists == 0 && field.shape.name == other.name)
}

/// Whether it is a page of a list: a connection, or anything that says where the next one begins.
fn is_page(of: &Type) -> bool {
    of.field("pageInfo").is_some() || of.field("edges").is_some() || of.field("nextToken").is_some()
}
