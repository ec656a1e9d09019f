//! The cases, by the part of the contract that they hold a source to. A case asks nothing that the source does not claim.

pub mod describe;
pub mod faults;
pub mod filter;
pub mod fold;
pub mod keys;
pub mod links;
pub mod order;
pub mod reach;
pub mod select;

use std::cmp::Ordering;

use lilong_schema::Value;

use crate::contract::Fixture;
use crate::contract::ask::{Direction, Question};
use crate::contract::condition::{Condition, order};
use crate::contract::data::Table;

/// The ids of the rows that meet a condition, worked out here.
fn expected_ids(fixture: &Fixture, collection: &str, condition: &Condition) -> Vec<i64> {
    let table = fixture.table(collection);
    let rows = table.rows.iter().filter(|row| condition.holds(fixture, table, row) == Some(true));
    crate::contract::ask::integers(rows.map(|row| row[0].clone()).collect())
}

/// Asks for the rows that meet a condition, if that is claimed, and compares with what was worked out here.
async fn check_filter(fixture: &Fixture, collection: &str, condition: &Condition) {
    if !condition.is_claimed(fixture, &fixture.described(collection)) {
        return;
    }
    let mut found = Question::of(fixture, collection).meeting(condition).ask_integers("id").await;
    found.sort_unstable();
    assert_eq!(found, expected_ids(fixture, collection, condition), "{collection} where {condition:?}");
}

/// The rows of a table by some of its fields; ties by the first field.
fn ordered(table: &Table, terms: &[(&str, Direction)]) -> Vec<Vec<Value>> {
    let mut rows = table.rows.clone();
    rows.sort_by(|one, other| {
        terms.iter().chain(&[(table.collection.fields[0].name.as_str(), (false, false))]).fold(
            Ordering::Equal,
            |found, (name, direction)| {
                let field = table.field(name);
                found.then_with(|| compare(&one[field], &other[field], *direction))
            },
        )
    });
    rows
}

/// The order of two cells, nulls among them.
fn compare(one: &Value, other: &Value, (descending, nulls_first): Direction) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if descending => order(other, one),
        (false, false) => order(one, other),
    }
}

/// Both directions, both places of nulls.
const DIRECTIONS: [Direction; 4] = [(false, false), (false, true), (true, false), (true, true)];

/// The values of the first field of some rows, which are integers.
fn ids(rows: &[Vec<Value>]) -> Vec<i64> {
    crate::contract::ask::integers(rows.iter().map(|row| row[0].clone()).collect())
}

/// Rows in an order of their own, for comparison where the source may choose.
fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}
