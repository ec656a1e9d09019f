//! Conditions by name: they become predicates, and are worked out here once more, value by value.
//!
//! *Invariant*: nothing here uses the evaluation that the connectors use.

use std::cmp::Ordering;

use lilong_connectors::{Comparison, Exists, Operand, Predicate};
use lilong_schema::{Collection, Value};

use crate::contract::Fixture;
use crate::contract::cells;
use crate::contract::data::Table;

/// A condition on a row of a collection.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Is(String, Comparison, Value),
    IsNull(String),
    KeyIn(Vec<String>, Vec<Vec<Value>>),
    /// The collection, pairs of an outer and an inner field, the condition inside.
    Exists(String, Vec<(String, String)>, Box<Condition>),
}

use Condition::{And, Is, IsNull, KeyIn, Not, Or};

pub(crate) fn is(field: &str, comparison: Comparison, value: Value) -> Condition {
    Is(field.to_owned(), comparison, value)
}

pub(crate) fn is_null(field: &str) -> Condition {
    IsNull(field.to_owned())
}

pub(crate) fn not(condition: Condition) -> Condition {
    Not(Box::new(condition))
}

pub(crate) fn key_in(fields: &[&str], keys: Vec<Vec<Value>>) -> Condition {
    KeyIn(fields.iter().map(|field| (*field).to_owned()).collect(), keys)
}

pub(crate) fn exists(collection: &str, outer: &str, inner: &str, condition: Condition) -> Condition {
    Condition::Exists(collection.to_owned(), vec![(outer.to_owned(), inner.to_owned())], Box::new(condition))
}

pub(crate) fn anything() -> Condition {
    And(Vec::new())
}

impl Condition {
    /// The predicate; its operands go to the end of `operands`.
    pub(crate) fn compile(&self, fixture: &Fixture, on: &Collection, operands: &mut Vec<Operand>) -> Predicate {
        let field = |name: &str| on.field_id(name).unwrap_or_else(|| panic!("{} has no {name}", on.name));
        match self {
            And(parts) => Predicate::And(parts.iter().map(|part| part.compile(fixture, on, operands)).collect()),
            Or(parts) => Predicate::Or(parts.iter().map(|part| part.compile(fixture, on, operands)).collect()),
            Not(part) => Predicate::Not(Box::new(part.compile(fixture, on, operands))),
            Is(name, comparison, value) => {
                operands.push(Operand::Value(value.clone()));
                Predicate::Compare { field: field(name), comparison: *comparison, operand: operands.len() - 1 }
            }
            IsNull(name) => Predicate::IsNull(field(name)),
            KeyIn(names, keys) => {
                let fields: Vec<usize> = names.iter().map(|name| field(name)).collect();
                operands.push(Operand::Keys(cells::batch(on, &fields, keys)));
                Predicate::KeyIn { fields, normalize: Vec::new(), operand: operands.len() - 1 }
            }
            Condition::Exists(collection, pairs, condition) => {
                let inner = fixture.described(collection);
                let on = pairs.iter().map(|(outer, name)| (field(outer), inner.field_id(name).unwrap())).collect();
                let predicate = condition.compile(fixture, &inner, operands);
                Predicate::Exists(Box::new(Exists { collection: inner, on, predicate }))
            }
        }
    }

    /// Whether the source claims to check it: of links those that it follows, with what it checks beside them.
    pub(crate) fn is_claimed(&self, fixture: &Fixture, on: &Collection) -> bool {
        !self.goes_through_links() || self.checks_all(fixture, on)
    }

    fn goes_through_links(&self) -> bool {
        match self {
            And(parts) | Or(parts) => parts.iter().any(Self::goes_through_links),
            Not(part) => part.goes_through_links(),
            Is(..) | IsNull(_) | KeyIn(..) => false,
            Condition::Exists(..) => true,
        }
    }

    fn checks_all(&self, fixture: &Fixture, on: &Collection) -> bool {
        let field = |name: &str| on.field_id(name).unwrap();
        match self {
            And(parts) | Or(parts) => parts.iter().all(|part| part.checks_all(fixture, on)),
            Not(part) => part.checks_all(fixture, on),
            Is(name, comparison, _) => fixture.connector.checks(&on.fields[field(name)], *comparison),
            IsNull(_) => true,
            KeyIn(names, _) => {
                names.iter().all(|name| fixture.connector.checks(&on.fields[field(name)], Comparison::In))
            }
            Condition::Exists(collection, pairs, condition) => {
                let inner = fixture.described(collection);
                let pairs: Vec<_> =
                    pairs.iter().map(|(outer, name)| (field(outer), inner.field_id(name).unwrap())).collect();
                fixture.claims().exists
                    && fixture.connector.follows(on, &inner, &pairs)
                    && condition.checks_all(fixture, &inner)
            }
        }
    }

    /// Whether a row meets it; `None`: unknown.
    pub(crate) fn holds(&self, fixture: &Fixture, table: &Table, row: &[Value]) -> Option<bool> {
        match self {
            And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.holds(fixture, table, row)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else if parts.contains(&None) {
                    None
                } else {
                    Some(true)
                }
            }
            Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.holds(fixture, table, row)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else if parts.contains(&None) {
                    None
                } else {
                    Some(false)
                }
            }
            Not(part) => part.holds(fixture, table, row).map(|held| !held),
            Is(name, comparison, value) => compare(&row[table.field(name)], *comparison, value),
            IsNull(name) => Some(row[table.field(name)].is_null()),
            KeyIn(names, keys) => {
                let own: Vec<&Value> = names.iter().map(|name| &row[table.field(name)]).collect();
                Some(keys.iter().any(|key| key.iter().eq(own.iter().copied())))
            }
            Condition::Exists(collection, pairs, condition) => {
                let inner = fixture.table(collection);
                Some(inner.rows.iter().any(|inner_row| {
                    let linked = pairs.iter().all(|(outer, name)| {
                        let (one, other) = (&row[table.field(outer)], &inner_row[inner.field(name)]);
                        !one.is_null() && !other.is_null() && one.to_string() == other.to_string()
                    });
                    linked && condition.holds(fixture, inner, inner_row) == Some(true)
                }))
            }
        }
    }
}

fn compare(cell: &Value, comparison: Comparison, operand: &Value) -> Option<bool> {
    let items = if let Value::List(items) = operand { items.as_slice() } else { &[] };
    match comparison {
        Comparison::In if items.is_empty() => return Some(false),
        Comparison::NotIn if items.is_empty() => return Some(true),
        _ => {}
    }
    if cell.is_null() {
        return None;
    }
    let texts = || match (cell, operand) {
        (Value::Text(cell), Value::Text(operand)) => (cell.chars().collect(), operand.chars().collect()),
        other => panic!("{other:?} are no texts"),
    };
    let folded = || {
        let (cell, operand): (Vec<char>, Vec<char>) = texts();
        let fold = |chars: Vec<char>| chars.into_iter().flat_map(char::to_lowercase).collect::<Vec<char>>();
        (fold(cell), fold(operand))
    };
    let like = |(cell, pattern): (Vec<char>, Vec<char>)| matches(&pattern, &cell);
    Some(match comparison {
        Comparison::Equal => order(cell, operand) == Ordering::Equal,
        Comparison::NotEqual => order(cell, operand) != Ordering::Equal,
        Comparison::In => items.iter().any(|item| order(cell, item) == Ordering::Equal),
        Comparison::NotIn => items.iter().all(|item| order(cell, item) != Ordering::Equal),
        Comparison::Greater => order(cell, operand) == Ordering::Greater,
        Comparison::GreaterOrEqual => order(cell, operand) != Ordering::Less,
        Comparison::Less => order(cell, operand) == Ordering::Less,
        Comparison::LessOrEqual => order(cell, operand) != Ordering::Greater,
        Comparison::Like => like(texts()),
        Comparison::NotLike => !like(texts()),
        Comparison::ILike => like(folded()),
        Comparison::NotILike => !like(folded()),
        Comparison::StartsWith => {
            let (cell, operand): (Vec<char>, Vec<char>) = texts();
            cell.starts_with(&operand)
        }
        Comparison::EndsWith => {
            let (cell, operand): (Vec<char>, Vec<char>) = texts();
            cell.ends_with(&operand)
        }
        Comparison::Contains => {
            let (cell, operand): (Vec<char>, Vec<char>) = texts();
            operand.is_empty() || cell.windows(operand.len()).any(|part| part == operand)
        }
        Comparison::Regex | Comparison::IRegex => panic!("regular expressions are never asked of a source"),
    })
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|at| matches(rest, &text[at..])),
        ['_', rest @ ..] => !text.is_empty() && matches(rest, &text[1..]),
        ['\\', wanted, rest @ ..] | [wanted, rest @ ..] => text.first() == Some(wanted) && matches(rest, &text[1..]),
    }
}

/// The order of two values of one scalar, none null: text by code point, decimals as numbers.
pub fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other).unwrap(),
        (Value::Text(one), Value::Text(other)) => one.chars().cmp(other.chars()),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Time(one), Value::Time(other))
        | (Value::LocalDateTime(one), Value::LocalDateTime(other))
        | (Value::DateTime(one), Value::DateTime(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => decimal_order(one, other),
        other => panic!("{other:?} are not compared"),
    }
}

/// Long hand: both padded to the same digits before and after the point.
fn decimal_order(one: &str, other: &str) -> Ordering {
    let split = |text: &str| {
        let (negative, rest) = (text.starts_with('-'), text.trim_start_matches('-'));
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        (negative, format!("{whole:0>80}{fraction:0<80}"))
    };
    let ((one_negative, one), (other_negative, other)) = (split(one), split(other));
    match (one_negative, other_negative) {
        (false, false) => one.cmp(&other),
        (true, true) => other.cmp(&one),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}
