//! Plain reading: every value as it is, columns as asked, all rows.

use std::sync::Arc;

use lilong_schema::{Scalar, Value};

use super::{ids, sorted};
use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Question};

pub async fn every_value_comes_back_as_it_is_stored(fixture: &Fixture) {
    // A kind may have spoiled its cell from the start.
    for table in fixture.tables.iter().filter(|table| table.collection.name != "spoiled") {
        let name = &table.collection.name;
        let found = Question::of(fixture, name).ask().await;
        assert_eq!(sorted(found), sorted(table.rows.clone()), "{name}");
    }
}

pub async fn columns_come_in_the_asked_order(fixture: &Fixture) {
    let found = Question::of(fixture, "resident").columns(&["name", "id"]).ask().await;
    let expected = fixture.table("resident").rows.iter().map(|row| vec![row[2].clone(), row[0].clone()]);
    assert_eq!(sorted(found), sorted(expected.collect()));
}

pub async fn rows_are_counted_without_columns(fixture: &Fixture) {
    assert_eq!(Question::of(fixture, "resident").columns(&[]).ask().await.len(), 12);
}

pub async fn an_empty_collection_has_no_rows(fixture: &Fixture) {
    assert_eq!(Question::of(fixture, "empty").ask().await, Vec::<Vec<Value>>::new());
}

pub async fn many_rows_come_whole(fixture: &Fixture) {
    let mut question = Question::of(fixture, "many");
    if fixture.claims().order {
        question = question.by("id", ASCENDING);
    }
    let found = question.ask().await;
    assert_eq!(found.len(), 5_000);
    let found = if fixture.claims().order { found } else { super::ordered(fixture.table("many"), &[]) };
    assert_eq!(ids(&found), (1..=5_000).collect::<Vec<i64>>());
    assert_eq!(found[4_998], fixture.table("many").rows[4_998]);
}

/// Columns are found by their names: a description from before a column was added serves the others.
pub async fn an_older_description_still_serves_the_columns_that_are_there(fixture: &Fixture) {
    let mut older = (*fixture.described("resident")).clone();
    older.fields.retain(|field| field.name != "street_id");
    let found = Question::of_described(fixture, Arc::new(older)).columns(&["age", "id"]).ask().await;
    let table = fixture.table("resident");
    let (age, id) = (table.field("age"), table.field("id"));
    assert_eq!(table.collection.fields[age].scalar, Scalar::BigInt);
    let expected = table.rows.iter().map(|row| vec![row[age].clone(), row[id].clone()]);
    assert_eq!(sorted(found), sorted(expected.collect()));
}
