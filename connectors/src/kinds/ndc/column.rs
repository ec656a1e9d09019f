//! Columns as they are compared, and the expressions of the specification that all conditions are made of.
//!
//! In: fields and kinds of operators. Out: what compares them there. *Invariant*: a column is compared only where the data
//! connector's operator means what is asked for.

use lilong_schema::{Field, Scalar};
use serde_json::{Value as Json, json};

use super::schema::{EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF, TEXT};
use crate::json_cells::{has_one_form, has_one_order};

/// A column that is compared.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) text: bool,
    pub(super) scalar: Scalar,
    /// The kind of the operator, as the specification names it.
    kind: &'static str,
}

/// What an operand is to a column.
pub(super) enum Told {
    /// A value that it may hold, or a list of such.
    Value(Json),
    /// Larger than any, or a list of what it never holds.
    Above,
    /// Smaller than any.
    Below,
}

/// A column compared by an operator, if its values have one form only: equality is that of JSON there.
pub(super) fn column(field: &Field, operator: &'static str) -> Option<Column> {
    let is_equality = [EQUAL, ONE_OF].contains(&operator);
    if !(if is_equality { has_one_form(field.scalar) } else { has_one_order(field.scalar) }) {
        return None;
    }
    Some(Column {
        name: field.name.clone(),
        operator: field.details.get(operator)?.clone(),
        text: field.details.contains_key(TEXT),
        scalar: field.scalar,
        kind: operator,
    })
}

impl Column {
    /// Whether all values compare so with what is larger than any, or smaller.
    pub(super) fn meets(&self, told: &Told) -> bool {
        match told {
            Told::Value(_) => false,
            Told::Above => [LESS, LESS_OR_EQUAL].contains(&self.kind),
            Told::Below => [GREATER, GREATER_OR_EQUAL].contains(&self.kind),
        }
    }
}

pub(super) fn and(parts: &[Json]) -> Json {
    json!({"type": "and", "expressions": parts})
}

pub(super) fn or(parts: &[Json]) -> Json {
    json!({"type": "or", "expressions": parts})
}

pub(super) fn not(part: &Json) -> Json {
    json!({"type": "not", "expression": part})
}

pub(super) fn is_null(name: &str) -> Json {
    json!({"type": "unary_comparison_operator", "column": {"type": "column", "name": name}, "operator": "is_null"})
}

pub(super) fn scalar(value: &Json) -> Json {
    json!({"type": "scalar", "value": value})
}

/// A column compared with a value.
pub(super) fn compare(column: &Column, value: &Json) -> Json {
    json!({
        "type": "binary_comparison_operator",
        "column": {"type": "column", "name": column.name},
        "operator": column.operator,
        "value": value,
    })
}
