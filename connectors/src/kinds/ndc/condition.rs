//! Conditions as they are sent.
//!
//! In: a predicate, and later the values of a request. Out: an expression of the specification. *Invariant*: it finds at
//! least what is asked for, and the very rows where it says so; nothing in it depends on what a comparison with null gives.

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Field, Scalar};
use serde_json::{Value as Json, json};

use super::links::{Relationships, follows, perhaps_null};
use super::schema::{EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF, TEXT};
use crate::json_cells::{has_one_form, has_one_order};
use crate::{Comparison, Exists, OperandId, Predicate};

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

/// A condition that is sent.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    IsNull(String),
    Compare(Column, OperandId),
    /// It compares otherwise, and is something: nobody says whether what is not found includes nulls. But of an empty list
    /// everything differs.
    Differ(Column, OperandId),
    /// The columns together are one of the keys of an operand.
    KeyIn(Vec<Column>, OperandId),
    /// A row that a relationship leads to meets a condition.
    Exists(String, Box<Condition>),
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

/// The value of an operand for a column; of keys those of their column at a position. `None`: there is none.
pub(super) type Telling<'a> = dyn Fn(&Column, OperandId, usize) -> Option<Told> + 'a;

/// The part of a predicate, or of what turns it around, that is sent, and whether it is all of it.
pub(super) fn sent(
    collection: &Collection,
    predicate: &Predicate,
    negated: bool,
    relationships: &mut Relationships,
) -> (Option<Condition>, bool) {
    let condition = match predicate {
        Predicate::Not(part) => return sent(collection, part, !negated, relationships),
        Predicate::And(parts) | Predicate::Or(parts) => {
            let found = parts.iter().map(|part| sent(collection, part, negated, relationships));
            let (found, exact): (Vec<_>, Vec<bool>) = found.unzip();
            let exact = exact.into_iter().all(|exact| exact);
            // Not all hold where one does not.
            if matches!(predicate, Predicate::And(_)) != negated {
                let found: Vec<Condition> = found.into_iter().flatten().collect();
                return ((!found.is_empty()).then_some(Condition::And(found)), exact);
            }
            return (found.into_iter().collect::<Option<Vec<_>>>().map(Condition::Or), exact);
        }
        Predicate::IsNull(field) => Some(Condition::IsNull(collection.fields[*field].name.clone()).turned_if(negated)),
        Predicate::Compare { field, comparison, operand } => {
            compared(&collection.fields[*field], *comparison, *operand, negated)
        }
        Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() => {
            key_in(collection, fields, *operand, negated)
        }
        Predicate::Exists(exists) => linked(collection, exists, relationships).map(|found| found.turned_if(negated)),
        Predicate::KeyIn { .. } | Predicate::Reached { .. } => None,
    };
    let exact = condition.is_some();
    (condition, exact)
}

/// A field that compares with an operand, or does not though there is something in it.
fn compared(field: &Field, comparison: Comparison, operand: OperandId, negated: bool) -> Option<Condition> {
    let (operator, turned) = match comparison {
        Comparison::Equal => (EQUAL, false),
        Comparison::NotEqual => (EQUAL, true),
        Comparison::In => (ONE_OF, false),
        Comparison::NotIn => (ONE_OF, true),
        Comparison::Less => (LESS, false),
        Comparison::LessOrEqual => (LESS_OR_EQUAL, false),
        Comparison::Greater => (GREATER, false),
        Comparison::GreaterOrEqual => (GREATER_OR_EQUAL, false),
        _ => return None,
    };
    let column = column(field, operator)?;
    Some(if turned == negated { Condition::Compare(column, operand) } else { Condition::Differ(column, operand) })
}

/// Whether a comparison of a field is sent so that it finds the very rows; of a list, as a key among others too.
pub(super) fn checks(field: &Field, comparison: Comparison) -> bool {
    compared(field, comparison, 0, false).is_some() && (comparison != Comparison::In || column(field, EQUAL).is_some())
}

/// Fields that are together one of the keys of an operand, or are not.
fn key_in(collection: &Collection, fields: &[FieldId], operand: OperandId, negated: bool) -> Option<Condition> {
    let operator = if fields.len() == 1 { ONE_OF } else { EQUAL };
    let columns = fields.iter().map(|field| column(&collection.fields[*field], operator));
    let columns = columns.collect::<Option<Vec<_>>>()?;
    let null: Vec<Condition> = columns.iter().map(|column| Condition::IsNull(column.name.clone())).collect();
    let found = Condition::KeyIn(columns, operand);
    Some(if negated { Condition::Or(std::iter::once(found.turned()).chain(null).collect()) } else { found })
}

/// A condition on linked rows, if the data connector finds the very rows that are linked and meet it.
fn linked(collection: &Collection, exists: &Exists, relationships: &mut Relationships) -> Option<Condition> {
    if !follows(collection, &exists.collection, &exists.on) {
        return None;
    }
    let (condition, exact) = sent(&exists.collection, &exists.predicate, false, relationships);
    if !exact {
        return None;
    }
    let present = perhaps_null(collection, &exists.collection, &exists.on);
    let present = present.map(|name| Condition::IsNull(name.to_owned()).turned());
    let all = Condition::And(present.chain(condition).collect());
    Some(Condition::Exists(relationships.of(collection, exists), Box::new(all)))
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
    fn meets(&self, told: &Told) -> bool {
        match told {
            Told::Value(_) => false,
            Told::Above => [LESS, LESS_OR_EQUAL].contains(&self.kind),
            Told::Below => [GREATER, GREATER_OR_EQUAL].contains(&self.kind),
        }
    }
}

impl Condition {
    fn turned(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    fn turned_if(self, negated: bool) -> Condition {
        if negated { self.turned() } else { self }
    }

    /// The condition with its values; `None`: one of them is missing.
    pub(super) fn json(&self, value: &Telling<'_>) -> Option<Json> {
        Some(match self {
            Condition::And(parts) => and(&list(parts, value)?),
            Condition::Or(parts) => or(&list(parts, value)?),
            Condition::Not(part) => not(&part.json(value)?),
            Condition::IsNull(name) => is_null(name),
            Condition::Compare(column, operand) => match value(column, *operand, 0)? {
                Told::Value(value) => compare(column, &scalar(&value)),
                beyond if column.meets(&beyond) => not(&is_null(&column.name)),
                _ => or(&[]),
            },
            Condition::Differ(column, operand) => {
                let something = not(&is_null(&column.name));
                match value(column, *operand, 0)? {
                    Told::Value(value) if value.as_array().is_some_and(Vec::is_empty) => and(&[]),
                    Told::Value(value) => and(&[something, not(&compare(column, &scalar(&value)))]),
                    beyond if column.meets(&beyond) => or(&[]),
                    _ => something,
                }
            }
            Condition::KeyIn(columns, operand) => {
                let cells = columns.iter().enumerate().map(|(at, column)| match value(column, *operand, at)? {
                    Told::Value(value) => Some(value),
                    Told::Above | Told::Below => None,
                });
                let cells = cells.collect::<Option<Vec<Json>>>()?;
                if let ([column], [list]) = (columns.as_slice(), cells.as_slice()) {
                    return Some(compare(column, &scalar(list)));
                }
                // What stands for any keys is one.
                let keys = cells.first().and_then(Json::as_array).map_or(1, Vec::len);
                let key = |key: usize| {
                    let pairs = columns.iter().zip(&cells);
                    let equal = pairs.map(|(column, cells)| compare(column, &scalar(cells.get(key).unwrap_or(cells))));
                    and(&equal.collect::<Vec<_>>())
                };
                or(&(0..keys).map(key).collect::<Vec<_>>())
            }
            Condition::Exists(relationship, condition) => json!({
                "type": "exists",
                "in_collection": {"type": "related", "relationship": relationship, "arguments": {}},
                "predicate": condition.json(value)?,
            }),
        })
    }
}

fn list(parts: &[Condition], value: &Telling<'_>) -> Option<Vec<Json>> {
    parts.iter().map(|part| part.json(value)).collect()
}

fn and(parts: &[Json]) -> Json {
    json!({"type": "and", "expressions": parts})
}

fn or(parts: &[Json]) -> Json {
    json!({"type": "or", "expressions": parts})
}

fn not(part: &Json) -> Json {
    json!({"type": "not", "expression": part})
}

fn is_null(name: &str) -> Json {
    json!({"type": "unary_comparison_operator", "column": {"type": "column", "name": name}, "operator": "is_null"})
}

fn scalar(value: &Json) -> Json {
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

/// Each column of the keys equals its variable, `k0`, `k1` ….
pub(super) fn by_variables(columns: &[Column]) -> Vec<Json> {
    let equal =
        |(at, column): (usize, &Column)| compare(column, &json!({"type": "variable", "name": format!("k{at}")}));
    columns.iter().enumerate().map(equal).collect()
}

/// All of some conditions.
pub(super) fn all(mut conditions: Vec<Json>) -> Option<Json> {
    if conditions.len() > 1 { Some(and(&conditions)) } else { conditions.pop() }
}
