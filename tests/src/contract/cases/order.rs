//! Orders, limits and distinct rows.

use lilong_connectors::Comparison;
use lilong_schema::{Scalar, Value};

use super::{DIRECTIONS, compare, ids, ordered};
use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Question};
use crate::contract::condition::is;
use crate::contract::data::{field_of, integer};

pub async fn every_scalar_is_ordered_with_nulls_where_asked(fixture: &Fixture) {
    if !fixture.claims().order {
        return;
    }
    for scalar in fixture.scalars() {
        let text = matches!(scalar, Scalar::String);
        if !scalar.is_ordered() || scalar == Scalar::Enum || (text && !fixture.orders_by_code_point) {
            continue;
        }
        let name = field_of(scalar);
        for direction in DIRECTIONS {
            let found = Question::of(fixture, "scalars").by(&name, direction).by("id", ASCENDING);
            let expected = ordered(fixture.table("scalars"), &[(&name, direction)]);
            assert_eq!(found.ask_integers("id").await, ids(&expected), "{scalar:?} {direction:?}");
        }
    }
}

pub async fn ties_are_told_apart_by_later_terms(fixture: &Fixture) {
    if !fixture.claims().order {
        return;
    }
    for first in DIRECTIONS {
        for second in DIRECTIONS {
            let found = Question::of(fixture, "resident").by("age", first).by("street_id", second).by("id", ASCENDING);
            let expected = ordered(fixture.table("resident"), &[("age", first), ("street_id", second)]);
            assert_eq!(found.ask_integers("id").await, ids(&expected), "{first:?} {second:?}");
        }
    }
}

pub async fn rows_are_ordered_through_links(fixture: &Fixture) {
    if !fixture.claims().order_links {
        return;
    }
    let (resident, street) = (fixture.table("resident"), fixture.table("street"));
    let follow = |from: Option<&Vec<Value>>, field: usize, table: &crate::contract::data::Table| {
        let key = from.map(|row| row[field].clone()).filter(|key| !key.is_null())?;
        table.rows.iter().find(|row| row[0] == key).cloned()
    };
    for direction in DIRECTIONS {
        let mut one_step: Vec<(Value, Vec<Value>)> = Vec::new();
        let mut two_steps: Vec<(Value, Vec<Value>)> = Vec::new();
        let (mut ages, mut numbers) = (Vec::new(), Vec::new());
        for row in &resident.rows {
            let id = vec![row[0].clone()];
            let own = follow(Some(row), 1, street);
            one_step.push((own.map_or(Value::Null, |street| street[1].clone()), id.clone()));
            let mentor = follow(Some(row), 4, resident);
            let theirs = follow(mentor.as_ref(), 1, street);
            ages.push((mentor.as_ref().map_or(Value::Null, |mentor| mentor[3].clone()), id.clone()));
            numbers.push((theirs.as_ref().map_or(Value::Null, |street| street[0].clone()), id.clone()));
            two_steps.push((theirs.map_or(Value::Null, |street| street[2].clone()), id));
        }
        for (expected, path, field) in [
            (one_step, vec![("street", "street_id", "id")], "name"),
            (ages, vec![("resident", "mentor_id", "id")], "age"),
            (two_steps, vec![("resident", "mentor_id", "id"), ("street", "street_id", "id")], "district"),
            (numbers, vec![("resident", "mentor_id", "id"), ("street", "street_id", "id")], "id"),
        ] {
            let mut expected = expected;
            expected.sort_by(|one, other| compare(&one.0, &other.0, direction));
            let expected: Vec<Vec<Value>> = expected.into_iter().map(|(_, id)| id).collect();
            let found = Question::of(fixture, "resident").by_linked(&path, field, direction).by("id", ASCENDING);
            if !found.is_claimed() {
                continue;
            }
            assert_eq!(found.clone().ask_integers("id").await, ids(&expected), "{path:?} {direction:?}");
            let cut = found.offset(2).limit(5).ask_integers("id").await;
            assert_eq!(cut, ids(&expected)[2..7], "cut: {path:?} {direction:?}");
        }
    }
}

pub async fn row_numbers_end_an_order(fixture: &Fixture) {
    if !fixture.claims().order || !fixture.described("resident").row_id {
        return;
    }
    for descending in [false, true] {
        let found = Question::of(fixture, "resident").by("age", ASCENDING).by_row_number(descending);
        // Rows were put in by id.
        let mut expected = fixture.table("resident").rows.clone();
        expected.sort_by(|one, other| {
            compare(&one[3], &other[3], ASCENDING).then(compare(&one[0], &other[0], (descending, false)))
        });
        assert_eq!(found.ask_integers("id").await, ids(&expected));
    }
}

pub async fn limits_and_offsets_cut_after_the_order(fixture: &Fixture) {
    if !fixture.claims().order || !fixture.claims().limit {
        return;
    }
    let all = ids(&ordered(fixture.table("resident"), &[("age", (true, true))]));
    for limit in [0, 1, 5, 12, 100, i64::MAX] {
        for offset in [0, 1, 11, 12, 100, i64::MAX] {
            let question = Question::of(fixture, "resident").by("age", (true, true)).by("id", ASCENDING);
            let found = question.limit(limit).offset(offset).ask_integers("id").await;
            let (skip, take) = (usize::try_from(offset).unwrap(), usize::try_from(limit).unwrap());
            let expected: Vec<i64> = all.iter().copied().skip(skip).take(take).collect();
            assert_eq!(found, expected, "limit {limit} offset {offset}");
        }
    }
    let question = Question::of(fixture, "resident").by("id", ASCENDING).offset(10);
    assert_eq!(question.ask_integers("id").await, [11, 12], "an offset alone");
    if fixture.claims().filter {
        let question = Question::of(fixture, "many").meeting(&is("seventh", Comparison::Equal, integer(3)));
        let found = question.by("id", (true, false)).limit(2).ask_integers("id").await;
        assert_eq!(found, [4_994, 4_987]);
    }
}

pub async fn distinct_rows_are_the_first_of_each(fixture: &Fixture) {
    if !fixture.claims().order || !fixture.claims().limit {
        return;
    }
    let table = fixture.table("resident");
    for direction in DIRECTIONS {
        let all = ordered(table, &[("street_id", direction), ("age", (true, false))]);
        let mut seen = Vec::new();
        let mut first = Vec::new();
        for row in all {
            if !seen.contains(&row[1]) {
                seen.push(row[1].clone());
                first.push(row);
            }
        }
        let question = || {
            let question = Question::of(fixture, "resident").distinct_on(&["street_id"]);
            question.by("street_id", direction).by("age", (true, false)).by("id", ASCENDING)
        };
        assert_eq!(question().ask_integers("id").await, ids(&first), "{direction:?}");
        assert_eq!(question().limit(2).offset(1).ask_integers("id").await, ids(&first)[1..3], "cut after distinct");
    }
    if !fixture.orders_by_code_point {
        return;
    }
    let question = Question::of(fixture, "resident").distinct_on(&["age", "name"]);
    let found = question.by("age", ASCENDING).by("name", ASCENDING).by("id", ASCENDING).ask_integers("id").await;
    let all: Vec<i64> = ids(&ordered(table, &[("age", ASCENDING), ("name", ASCENDING)]));
    // Only 4 repeats another: Wang, 81.
    assert_eq!(found, all.into_iter().filter(|id| *id != 4).collect::<Vec<_>>());
}
