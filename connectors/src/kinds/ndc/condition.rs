//! Conditions as they are sent.
//!
//! In: a predicate, and later the values of a request. Out: an expression of the specification. *Invariant*: it finds at
//! least what is asked for, and the very rows where it says so; nothing in it depends on what a comparison with null gives.

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Field};
use serde_json::{Value as Json, json};

use super::column::{Column, Told, and, column, compare, is_null, not, or, scalar};
use super::links::{Relationships, count, end, follows, perhaps_null};
use super::schema::{self, EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF};
use crate::{Comparison, Hop, LinkedAggregate, OperandId, OrderTarget, Predicate, Test};

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
    /// So many rows that a relationship leads to and that meet a condition compare with an operand.
    Counted {
        relationship: String,
        condition: Box<Condition>,
        count: Json,
        column: Column,
        operand: OperandId,
    },
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
        Predicate::Exists(exists) => {
            let (condition, exact) = sent(&exists.collection, &exists.predicate, false, relationships);
            let follows = exact && follows(collection, &exists.collection, &exists.on);
            follows.then(|| {
                related(collection, &exists.collection, &exists.on, condition, relationships).turned_if(negated)
            })
        }
        Predicate::Reached { path, target: OrderTarget::Field(field), test } => {
            reached(collection, path, *field, *test, negated, relationships)
        }
        Predicate::Reached { path, target: OrderTarget::Aggregate(linked), test } if path.is_empty() => {
            counted(collection, linked, *test, relationships).map(|found| found.turned_if(negated))
        }
        Predicate::KeyIn { .. } | Predicate::Reached { .. } => None,
    };
    let exact = condition.is_some();
    (condition, exact)
}

/// A field that compares with an operand, or does not though there is something in it.
fn compared(field: &Field, comparison: Comparison, operand: OperandId, negated: bool) -> Option<Condition> {
    let (operator, turned) = operator(comparison)?;
    let column = column(field, operator)?;
    Some(if turned == negated { Condition::Compare(column, operand) } else { Condition::Differ(column, operand) })
}

/// The kind of operator of a comparison, and whether it is that turned around.
fn operator(comparison: Comparison) -> Option<(&'static str, bool)> {
    Some(match comparison {
        Comparison::Equal => (EQUAL, false),
        Comparison::NotEqual => (EQUAL, true),
        Comparison::In => (ONE_OF, false),
        Comparison::NotIn => (ONE_OF, true),
        Comparison::Less => (LESS, false),
        Comparison::LessOrEqual => (LESS_OR_EQUAL, false),
        Comparison::Greater => (GREATER, false),
        Comparison::GreaterOrEqual => (GREATER_OR_EQUAL, false),
        _ => return None,
    })
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

/// A linked row meets a condition; what may be null on both sides is something.
fn related(
    from: &Collection,
    to: &Collection,
    on: &[(FieldId, FieldId)],
    condition: Option<Condition>,
    relationships: &mut Relationships,
) -> Condition {
    let all = within(from, to, on, condition);
    Condition::Exists(relationships.of(from, to, on, false), Box::new(all))
}

fn within(from: &Collection, to: &Collection, on: &[(FieldId, FieldId)], condition: Option<Condition>) -> Condition {
    let present = perhaps_null(from, to, on).map(|name| Condition::IsNull(name.to_owned()).turned());
    Condition::And(present.chain(condition).collect())
}

/// A test on a column at the end of a path, which is met if the row there meets it.
fn reached(
    collection: &Collection,
    path: &[Hop],
    field: FieldId,
    test: Test,
    negated: bool,
    relationships: &mut Relationships,
) -> Option<Condition> {
    let field = &end(collection, path)?.fields[field];
    let (mut condition, turned) = match test {
        Test::Compare { comparison, operand } => (compared(field, comparison, operand, negated)?, false),
        Test::IsNull => (Condition::IsNull(field.name.clone()).turned(), !negated),
    };
    for (at, hop) in path.iter().enumerate().rev() {
        let from = at.checked_sub(1).map_or(collection, |before| &*path[before].collection);
        condition = related(from, &hop.collection, &hop.on, Some(condition), relationships);
    }
    Some(condition.turned_if(turned))
}

/// A test on how many linked rows there are, which is never unknown.
fn counted(
    collection: &Collection,
    linked: &LinkedAggregate,
    test: Test,
    relationships: &mut Relationships,
) -> Option<Condition> {
    let (condition, exact) = sent(&linked.collection, &linked.predicate, false, relationships);
    let count = count(collection, linked).filter(|_| exact)?;
    let Test::Compare { comparison, operand } = test else { return Some(Condition::Or(Vec::new())) };
    let (operator, turned) = operator(comparison)?;
    let found = Condition::Counted {
        condition: Box::new(within(collection, &linked.collection, &linked.on, condition)),
        relationship: relationships.of(collection, &linked.collection, &linked.on, false),
        count,
        column: column_of_counts(collection, operator)?,
        operand,
    };
    Some(found.turned_if(turned))
}

/// What stands for the counts of linked rows, compared by an operator.
pub(super) fn column_of_counts(collection: &Collection, operator: &'static str) -> Option<Column> {
    column(&schema::field_of_counts(collection)?, operator)
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
            Condition::Counted { relationship, condition, count, column, operand } => {
                let step = json!({"relationship": relationship, "arguments": {}, "predicate": condition.json(value)?});
                match value(column, *operand, 0)? {
                    Told::Value(value) => json!({
                        "type": "binary_comparison_operator",
                        "column": {"type": "aggregate", "aggregate": count, "path": [step]},
                        "operator": column.operator,
                        "value": scalar(&value),
                    }),
                    beyond if column.meets(&beyond) => and(&[]),
                    _ => or(&[]),
                }
            }
        })
    }
}

fn list(parts: &[Condition], value: &Telling<'_>) -> Option<Vec<Json>> {
    parts.iter().map(|part| part.json(value)).collect()
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
