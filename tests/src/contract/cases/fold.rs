//! Groups and aggregates.

use lilong_connectors::{Comparison, Function};
use lilong_schema::{Scalar, Value};

use super::sorted;
use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Path, Question};
use crate::contract::condition::{Condition, anything, is};
use crate::contract::data::{Table, field_of, integer, text};
use crate::contract::folded::{FUNCTIONS, aggregate, groups, nulls_last, rounded};

pub(super) type Aggregates<'a> = &'a [(Function, &'a [&'a str])];

/// What some rows come to, a cell for each aggregate.
pub(super) fn cells(table: &Table, rows: &[Vec<Value>], aggregates: Aggregates<'_>) -> Vec<Value> {
    let of = |(function, names): &(Function, &[&str])| {
        let fields: Vec<usize> = names.iter().map(|name| table.field(name)).collect();
        let scalar = fields.first().map_or(Scalar::BigInt, |field| table.collection.fields[*field].scalar);
        aggregate(*function, scalar, rows, &fields)
    };
    aggregates.iter().map(of).collect()
}

/// The groups of some rows by a key, with their aggregates.
fn folded(
    table: &Table,
    rows: &[Vec<Value>],
    key: impl Fn(&[Value]) -> Vec<Value>,
    aggregates: Aggregates<'_>,
) -> Vec<Vec<Value>> {
    let of = |(key, rows): (Vec<Value>, Vec<Vec<Value>>)| [key, cells(table, &rows, aggregates)].concat();
    groups(rows, key).into_iter().map(of).collect()
}

fn same(found: Vec<Vec<Value>>, expected: Vec<Vec<Value>>, of: &str) {
    assert_eq!(sorted(rounded(found)), sorted(rounded(expected)), "{of}");
}

pub async fn every_function_is_computed_of_every_scalar(fixture: &Fixture) {
    if !fixture.claims().group {
        return;
    }
    let table = fixture.table("scalars");
    for scalar in fixture.scalars() {
        let name = field_of(scalar);
        let names = [name.as_str()];
        let functions: Vec<(Function, &[&str])> = FUNCTIONS
            .into_iter()
            .filter(|function| function.scalar(scalar).is_some())
            .filter(|function| {
                let extreme = matches!(function, Function::Minimum | Function::Maximum);
                // By its declaration, which is not that of code points.
                !extreme || scalar != Scalar::Enum && (scalar != Scalar::String || fixture.orders_by_code_point)
            })
            .map(|function| (function, &names[..]))
            .collect();
        // The largest floats have no sum.
        let condition = match scalar {
            Scalar::Float => Condition::And(vec![
                is(&name, Comparison::Greater, Value::Float(-1e300)),
                is(&name, Comparison::Less, Value::Float(1e300)),
            ]),
            _ => anything(),
        };
        let rows: Vec<_> =
            table.rows.iter().filter(|row| condition.holds(fixture, table, row) == Some(true)).cloned().collect();
        let found = Question::of(fixture, "scalars").meeting(&condition).fold(&[], &functions).ask().await;
        same(found, vec![cells(table, &rows, &functions)], &format!("{functions:?}"));
        for function in functions {
            let found = Question::of(fixture, "scalars").meeting(&condition).fold(&[], &[function]).ask().await;
            same(found, vec![cells(table, &rows, &[function])], &format!("{function:?}"));
        }
    }
}

pub async fn extremes_of_enums_go_by_the_order_of_the_source(fixture: &Fixture) {
    if !fixture.claims().group || !fixture.scalars().contains(&Scalar::Enum) {
        return;
    }
    let name = field_of(Scalar::Enum);
    let one = |direction| Question::of(fixture, "scalars").by(&name, direction).limit(1).ask_column(&name);
    let expected = [one((false, false)).await, one((true, false)).await].concat();
    let aggregates: Aggregates<'_> = &[(Function::Minimum, &[&name]), (Function::Maximum, &[&name])];
    assert_eq!(Question::of(fixture, "scalars").fold(&[], aggregates).ask().await, std::slice::from_ref(&expected));
    // Groups are ordered and compared so too.
    let labels = Question::of(fixture, "scalars").fold(&[(&[], &name)], &[]).groups_by(0, ASCENDING).ask().await;
    let mut rows = Question::of(fixture, "scalars").by(&name, ASCENDING).columns(&[&name]).ask().await;
    rows.dedup();
    assert_eq!(labels, rows);
    let above =
        Question::of(fixture, "scalars").fold(&[(&[], &name)], &[]).having(0, Comparison::Greater, expected[0].clone());
    assert_eq!(above.ask().await.len(), 2);
    let extreme = Question::of(fixture, "scalars").fold(&[], &[(Function::Maximum, &[&name])]);
    assert_eq!(extreme.having(0, Comparison::Greater, expected[0].clone()).ask().await.len(), 1);
}

pub async fn rows_are_grouped_by_every_scalar_exactly(fixture: &Fixture) {
    if !fixture.claims().group {
        return;
    }
    let table = fixture.table("scalars");
    for scalar in fixture.scalars().into_iter().filter(|scalar| scalar.is_ordered()) {
        let name = field_of(scalar);
        let field = table.field(&name);
        let aggregates: Aggregates<'_> = &[(Function::Count, &[]), (Function::Sum, &["id"])];
        let found = Question::of(fixture, "scalars").fold(&[(&[], &name)], aggregates).ask().await;
        same(found, folded(table, &table.rows, |row| vec![row[field].clone()], aggregates), &name);
    }
    let table = fixture.table("resident");
    let aggregates: Aggregates<'_> = &[
        (Function::Count, &[]),
        (Function::Count, &["age", "street_id"]),
        (Function::CountDistinct, &["age", "name"]),
    ];
    let found = Question::of(fixture, "resident").fold(&[(&[], "name"), (&[], "street_id")], aggregates).ask().await;
    same(found, folded(table, &table.rows, |row| vec![row[2].clone(), row[1].clone()], aggregates), "resident");
    let found = Question::of(fixture, "resident").fold(&[(&[], "street_id")], aggregates).ask().await;
    same(found, folded(table, &table.rows, |row| vec![row[1].clone()], aggregates), "resident");
}

pub(super) const STREET: Path<'static> = &[("street", "street_id", "id")];
pub(super) const STREET_OF_MENTOR: Path<'static> = &[("resident", "mentor_id", "id"), ("street", "street_id", "id")];

/// The row that a path leads to.
fn walk<'a>(
    fixture: &'a Fixture,
    table: &'a Table,
    row: &'a [Value],
    path: Path<'_>,
) -> Option<(&'a Table, &'a [Value])> {
    path.iter().try_fold((table, row), |(table, row), (name, from, to)| {
        let inner = fixture.table(name);
        let wanted = &row[table.field(from)];
        let found = inner.rows.iter().find(|row| !wanted.is_null() && row[inner.field(to)] == *wanted)?;
        Some((inner, found.as_slice()))
    })
}

pub(super) fn reached(fixture: &Fixture, table: &Table, row: &[Value], path: Path<'_>, field: &str) -> Value {
    walk(fixture, table, row, path).map_or(Value::Null, |(table, row)| row[table.field(field)].clone())
}

pub async fn rows_are_grouped_through_links(fixture: &Fixture) {
    if !fixture.claims().group || !fixture.claims().group_links {
        return;
    }
    let table = fixture.table("resident");
    let aggregates: Aggregates<'_> = &[(Function::Count, &[]), (Function::Sum, &["age"])];
    for (path, field) in [(STREET, "name"), (STREET, "district"), (STREET_OF_MENTOR, "name")] {
        let found = Question::of(fixture, "resident").fold(&[(path, field)], aggregates).ask().await;
        let expected = folded(table, &table.rows, |row| vec![reached(fixture, table, row, path, field)], aggregates);
        same(found, expected, field);
    }
    let by: &[(Path<'_>, &str)] = &[(STREET, "district"), (&[], "age"), (STREET_OF_MENTOR, "name")];
    let question = || Question::of(fixture, "resident").meeting(&is("id", Comparison::Less, integer(12)));
    let key = |row: &[Value]| by.iter().map(|(path, field)| reached(fixture, table, row, path, field)).collect();
    let expected = folded(table, &table.rows[..11], key, aggregates);
    same(question().fold(by, aggregates).ask().await, expected.clone(), "three keys");
    let lone = question().fold(by, aggregates).having(0, Comparison::Equal, text("Yangpu")).ask().await;
    same(lone, expected.into_iter().filter(|row| row[0] == text("Yangpu")).collect(), "one district");
}

pub async fn no_rows_come_to_one_group_without_keys(fixture: &Fixture) {
    if !fixture.claims().group {
        return;
    }
    let aggregates: Aggregates<'_> = &[
        (Function::Count, &[]),
        (Function::CountDistinct, &["id"]),
        (Function::Sum, &["id"]),
        (Function::Minimum, &["name"]),
    ];
    let nothing = [integer(0), integer(0), Value::Null, Value::Null];
    assert_eq!(Question::of(fixture, "empty").fold(&[], aggregates).ask().await, [nothing]);
    let grouped = Question::of(fixture, "empty").fold(&[(&[], "name")], aggregates);
    assert_eq!(grouped.ask().await, Vec::<Vec<Value>>::new());
    if fixture.claims().keys > 0 {
        let keyed = Question::of(fixture, "resident").keys(&["street_id"], vec![vec![integer(5)]]);
        assert_eq!(keyed.fold(&[], &[(Function::Count, &[])]).ask().await, Vec::<Vec<Value>>::new());
    }
}

pub(super) fn street_keys() -> Vec<Vec<Value>> {
    [1, 5, 2, 99].map(|key| vec![integer(key)]).to_vec()
}

pub async fn each_key_has_its_own_groups(fixture: &Fixture) {
    if !fixture.claims().group || fixture.claims().keys < 4 {
        return;
    }
    let table = fixture.table("resident");
    let keyed: Vec<Vec<Value>> =
        table.rows.iter().filter(|row| street_keys().contains(&vec![row[1].clone()])).cloned().collect();
    let aggregates: Aggregates<'_> =
        &[(Function::Count, &[]), (Function::Sum, &["age"]), (Function::Average, &["age"])];
    let question = || Question::of(fixture, "resident").keys(&["street_id"], street_keys());
    let found = question().fold(&[], aggregates).ask().await;
    same(found, folded(table, &keyed, |row| vec![row[1].clone()], aggregates), "by key");
    let found = question().fold(&[(&[], "age")], aggregates).ask().await;
    same(found, folded(table, &keyed, |row| vec![row[1].clone(), row[3].clone()], aggregates), "by key and age");
    let condition = is("age", Comparison::Greater, integer(7));
    let grown: Vec<_> =
        keyed.iter().filter(|row| condition.holds(fixture, table, row) == Some(true)).cloned().collect();
    let found =
        question().meeting(&condition).fold(&[], aggregates).having(1, Comparison::Greater, integer(1)).ask().await;
    let expected = folded(table, &grown, |row| vec![row[1].clone()], aggregates);
    same(found, expected.into_iter().filter(|row| row[1] != integer(1)).collect(), "by key, of grown ones");
    let texts = vec![vec![text("a")], vec![text("A")], vec![text("a ")]];
    let table = fixture.table("pair");
    let rows: Vec<_> = table.rows.iter().filter(|row| texts.contains(&vec![row[1].clone()])).cloned().collect();
    let found = Question::of(fixture, "pair").keys(&["b"], texts.clone()).fold(&[], &[(Function::Sum, &["value"])]);
    let expected = folded(table, &rows, |row| vec![row[1].clone()], &[(Function::Sum, &["value"])]);
    same(found.ask().await, expected, "by texts");
}

pub async fn rows_of_a_key_are_cut_before_they_are_folded(fixture: &Fixture) {
    let claims = fixture.claims();
    if !claims.group || claims.keys < 4 || !claims.limit_per_key || !claims.order {
        return;
    }
    let table = fixture.table("resident");
    let aggregates: Aggregates<'_> = &[
        (Function::Count, &[]),
        (Function::Sum, &["age"]),
        (Function::Minimum, &["id"]),
        (Function::Maximum, &["id"]),
    ];
    for (offset, limit) in [(0, 2), (1, 2), (2, 100)] {
        let question = Question::of(fixture, "resident").keys(&["street_id"], street_keys()).by("age", ASCENDING);
        let found = question.by("id", (true, false)).limit_per_key(limit).offset_per_key(offset).fold(&[], aggregates);
        let mut rows = table.rows.clone();
        rows.sort_by(|one, other| nulls_last(&one[3], &other[3]).then_with(|| nulls_last(&other[0], &one[0])));
        let cut: Vec<Vec<Value>> = groups(&rows, |row| vec![row[1].clone()])
            .into_iter()
            .filter(|(key, _)| street_keys().contains(key))
            .flat_map(|(_, rows)| rows.into_iter().skip(offset as usize).take(limit as usize))
            .collect();
        let expected = folded(table, &cut, |row| vec![row[1].clone()], aggregates);
        same(found.ask().await, expected, &format!("{offset} {limit}"));
    }
}

pub async fn rows_are_cut_and_made_distinct_before_they_are_folded(fixture: &Fixture) {
    let claims = fixture.claims();
    if !claims.group || !claims.limit || !claims.order {
        return;
    }
    let aggregates: Aggregates<'_> = &[(Function::Count, &[]), (Function::Sum, &["id"]), (Function::Count, &["age"])];
    let question = || Question::of(fixture, "resident").by("id", (true, false));
    let expected = |rows: &[i64], ages: i64| {
        vec![vec![integer(rows.len() as i64), Value::Decimal(rows.iter().sum::<i64>().to_string()), integer(ages)]]
    };
    assert_eq!(question().limit(3).fold(&[], aggregates).ask().await, expected(&[12, 11, 10], 2));
    assert_eq!(question().offset(9).fold(&[], aggregates).ask().await, expected(&[3, 2, 1], 2));
    assert_eq!(question().limit(0).fold(&[], &aggregates[..1]).ask().await, [[integer(0)]]);
    let first =
        Question::of(fixture, "resident").by("street_id", ASCENDING).by("id", ASCENDING).distinct_on(&["street_id"]);
    assert_eq!(first.clone().fold(&[], aggregates).ask().await, expected(&[1, 4, 8, 9, 7, 6], 6));
    let few = first.limit(2).fold(&[(&[], "age")], &[(Function::Count, &[])]);
    assert_eq!(few.ask().await, [[integer(81), integer(2)]]);
}

pub async fn groups_are_filtered_ordered_and_cut(fixture: &Fixture) {
    if !fixture.claims().group {
        return;
    }
    let aggregates: Aggregates<'_> = &[
        (Function::Count, &[]),
        (Function::Sum, &["age"]),
        (Function::Average, &["age"]),
        (Function::Maximum, &["age"]),
    ];
    let table = fixture.table("resident");
    let all = folded(table, &table.rows, |row| vec![row[1].clone()], aggregates);
    let question = || Question::of(fixture, "resident").fold(&[(&[], "street_id")], aggregates);
    for (field, comparison, value, holds) in [
        (1, Comparison::Greater, integer(1), 4),
        (2, Comparison::GreaterOrEqual, Value::Decimal("88".to_owned()), 2),
        (2, Comparison::Equal, Value::Decimal("149".to_owned()), 1),
        (3, Comparison::Less, Value::Float(44.5), 4),
        (4, Comparison::In, Value::List(vec![integer(81), integer(52)]), 3),
        (0, Comparison::NotEqual, integer(1), 4),
        (1, Comparison::Less, integer(0), 0),
    ] {
        let found = question().having(field, comparison, value.clone()).ask().await;
        assert_eq!(found.len(), holds, "{field} {comparison:?} {value:?} of {all:?}");
        assert!(sorted(rounded(all.clone())).len() >= found.len());
    }
    for field in 0..5 {
        for (direction, turned) in [((false, false), false), ((true, true), true)] {
            let mut expected = all.clone();
            expected.sort_by(|one, other| {
                let way = nulls_last(&one[field], &other[field]);
                let way = if turned { way.reverse() } else { way };
                way.then_with(|| nulls_last(&one[0], &other[0]))
            });
            let ordered = || question().groups_by(field, direction).groups_by(0, ASCENDING);
            assert_eq!(rounded(ordered().ask().await), rounded(expected.clone()), "by {field}");
            let cut = ordered().groups_between(1, 3).ask().await;
            assert_eq!(rounded(cut), rounded(expected[1..4].to_vec()), "by {field}");
        }
    }
    let names = Question::of(fixture, "resident").fold(&[(&[], "name")], &[(Function::Count, &[])]);
    let found = names.clone().having(0, Comparison::Equal, text("li")).ask().await;
    assert_eq!(found, [[text("li"), integer(1)]]);
    let found = names.having(1, Comparison::Greater, integer(1)).ask().await;
    assert_eq!(found, [[text("Wang"), integer(2)]]);
    let total = Question::of(fixture, "resident").fold(&[], &[(Function::Count, &[])]);
    assert_eq!(total.clone().having(0, Comparison::Greater, integer(12)).ask().await, Vec::<Vec<Value>>::new());
    assert_eq!(total.having(0, Comparison::Greater, integer(11)).ask().await, [[integer(12)]]);
}

pub async fn over_a_cell_that_cannot_be_represented_there_is_no_sum(fixture: &Fixture) {
    if !fixture.claims().group {
        return;
    }
    fixture.spoil();
    let aggregates: Aggregates<'_> =
        &[(Function::Count, &[]), (Function::Sum, &["value"]), (Function::Average, &["value"])];
    let answer = Question::of(fixture, "spoiled").fold(&[], aggregates).try_ask().await.unwrap();
    if answer.faults.is_empty() {
        // What a cell cannot hold may yet be a number to the source, and part of an exact sum.
        let sum = Value::Decimal((u128::from(u64::MAX) + 40).to_string());
        assert_eq!(answer.rows[0][..2], [integer(3), sum]);
    } else {
        assert_eq!(answer.rows, [[integer(3), Value::Null, Value::Null]]);
        assert_eq!(answer.faults.iter().map(|fault| fault.column).collect::<Vec<_>>(), [1, 2]);
    }
    let keys =
        Question::of(fixture, "spoiled").fold(&[(&[], "value")], &[(Function::Count, &[])]).try_ask().await.unwrap();
    assert_eq!(
        sorted(keys.rows),
        sorted([Value::Null, integer(10), integer(30)].map(|key| vec![key, integer(1)]).to_vec())
    );
    assert_eq!(keys.faults.len(), 1);
}
