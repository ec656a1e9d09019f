//! Aggregates over linked rows, values that are reached through links, and the values of an order in an answer.

use lilong_connectors::{Comparison, Function};
use lilong_schema::Value;

use super::fold::{STREET, STREET_OF_MENTOR, cells, reached, street_keys};
use super::sorted;
use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Over, Question, Target};
use crate::contract::condition::{anything, is};
use crate::contract::data::{field_of, integer, text};
use crate::contract::folded::{nulls_last, rounded};

pub async fn aggregates_over_links_filter_and_order(fixture: &Fixture) {
    if !fixture.claims().link_aggregates {
        return;
    }
    let (inner, table) = (fixture.table("resident"), fixture.table("street"));
    let (every, grown, nobody) =
        (anything(), is("age", Comparison::Greater, integer(33)), is("age", Comparison::Greater, integer(900)));
    for condition in [&every, &grown, &nobody] {
        for (function, field) in [
            (Function::Count, None),
            (Function::Count, Some("age")),
            (Function::CountDistinct, Some("name")),
            (Function::Sum, Some("age")),
            (Function::Average, Some("age")),
            (Function::Minimum, Some("age")),
            (Function::Maximum, Some("id")),
            (Function::VariancePopulation, Some("age")),
        ] {
            let fields: Vec<&str> = field.into_iter().collect();
            let over = Over { link: ("resident", "id", "street_id"), condition, function, fields: &fields };
            let value = |row: &[Value]| {
                let linked = inner.rows.iter().filter(|linked| linked[1] == row[0]);
                let met: Vec<_> =
                    linked.filter(|row| condition.holds(fixture, inner, row) == Some(true)).cloned().collect();
                cells(inner, &met, &[(function, &fields)]).remove(0)
            };
            let mut expected: Vec<Vec<Value>> = table.rows.iter().map(|row| vec![row[0].clone(), value(row)]).collect();
            expected.sort_by(|one, other| nulls_last(&other[1], &one[1]).then_with(|| nulls_last(&one[0], &other[0])));
            let ordered = Question::of(fixture, "street").by_reached(&[], Target::Over(over), (true, true));
            let ordered = ordered.by("id", ASCENDING).columns(&["id"]);
            if !ordered.is_claimed() {
                continue;
            }
            let found = ordered.clone().order_values().ask().await;
            let found = found.into_iter().map(|row| row[..2].to_vec()).collect();
            assert_eq!(rounded(found), rounded(expected.clone()), "{function:?} {fields:?} where {condition:?}");
            let cut: Vec<Vec<Value>> = expected[1..3].iter().map(|row| row[..1].to_vec()).collect();
            assert_eq!(ordered.offset(1).limit(2).ask().await, cut);
            let null = |row: &&Vec<Value>| row[1].is_null();
            let of = |wanted: bool| {
                expected.iter().filter(|row| null(row) == wanted).map(|row| row[..1].to_vec()).collect::<Vec<_>>()
            };
            let nulls = Question::of(fixture, "street").reaching(&[], Target::Over(over), None).columns(&["id"]);
            assert_eq!(sorted(nulls.clone().ask().await), sorted(of(true)));
            assert_eq!(sorted(nulls.negated().ask().await), sorted(of(false)));
            let Some(middle) = expected.iter().map(|row| row[1].clone()).find(|value| !value.is_null()) else {
                continue;
            };
            if matches!(middle, Value::Float(_)) {
                continue;
            }
            let test = Some((Comparison::Less, middle.clone()));
            let below = Question::of(fixture, "street").reaching(&[], Target::Over(over), test).columns(&["id"]);
            let less = |row: &&Vec<Value>| {
                !row[1].is_null() && crate::contract::condition::order(&row[1], &middle) == std::cmp::Ordering::Less
            };
            let expected_below: Vec<_> = expected.iter().filter(less).map(|row| row[..1].to_vec()).collect();
            assert_eq!(sorted(below.clone().ask().await), sorted(expected_below), "below {middle:?}");
            let rest = |row: &&Vec<Value>| !row[1].is_null() && !less(row);
            let expected_rest: Vec<_> = expected.iter().filter(rest).map(|row| row[..1].to_vec()).collect();
            assert_eq!(sorted(below.negated().ask().await), sorted(expected_rest), "not below {middle:?}");
        }
    }
    // Keys of different types meet by their texts.
    let over = Over { link: ("note", "id", "code"), condition: &every, function: Function::Count, fields: &[] };
    let test = Some((Comparison::Equal, integer(2)));
    let twice = Question::of(fixture, "resident").reaching(&[], Target::Over(over), test);
    if twice.is_claimed() {
        assert_eq!(twice.ask_integers("id").await, [1]);
    }
}

pub async fn values_are_reached_through_links(fixture: &Fixture) {
    if !fixture.claims().order_links {
        return;
    }
    let table = fixture.table("resident");
    for (path, field, comparison, value) in [
        (STREET, "name", Comparison::Equal, text("Siping Road")),
        (STREET, "name", Comparison::NotEqual, text("Siping Road")),
        (STREET, "district", Comparison::In, Value::List(vec![text("Jiading"), text("yangpu")])),
        (STREET, "id", Comparison::Greater, integer(1)),
        (STREET_OF_MENTOR, "name", Comparison::Equal, text("Wujiaochang")),
    ] {
        let value_of = |row: &[Value]| reached(fixture, table, row, path, field);
        let holds = |row: &&Vec<Value>| {
            let condition = is("value", comparison, value.clone());
            let cell = value_of(row);
            let one = crate::contract::data::one_cell(&cell);
            condition.holds(fixture, &one, &one.rows[0])
        };
        let of = |wanted: bool| {
            let rows = table.rows.iter().filter(|row| holds(row) == Some(wanted)).map(|row| vec![row[0].clone()]);
            sorted(rows.collect())
        };
        let test = Some((comparison, value.clone()));
        let found = Question::of(fixture, "resident").reaching(path, Target::Field(field), test).columns(&["id"]);
        if !found.is_claimed() {
            continue;
        }
        assert_eq!(sorted(found.clone().ask().await), of(true), "{field} {comparison:?} {value:?}");
        assert_eq!(sorted(found.negated().ask().await), of(false), "not {field} {comparison:?} {value:?}");
        let null = table.rows.iter().filter(|row| value_of(row).is_null()).map(|row| vec![row[0].clone()]).collect();
        let found = Question::of(fixture, "resident").reaching(path, Target::Field(field), None).columns(&["id"]);
        assert_eq!(sorted(found.ask().await), sorted(null), "{field} is null");
    }
    if !fixture.claims().link_aggregates {
        return;
    }
    // A count at the end of a path that leads nowhere is null.
    let every = anything();
    let over =
        Over { link: ("resident", "id", "street_id"), condition: &every, function: Function::Count, fields: &[] };
    let found = Question::of(fixture, "resident").reaching(STREET, Target::Over(over), None);
    if !found.is_claimed() {
        return;
    }
    let found = found.ask_integers("id").await;
    assert_eq!(
        sorted(found.into_iter().map(|id| vec![integer(id)]).collect()),
        sorted([6, 7, 10].map(|id| vec![integer(id)]).to_vec())
    );
    let test = Some((Comparison::Equal, integer(2)));
    let found =
        Question::of(fixture, "resident").reaching(STREET, Target::Over(over), test).columns(&["id"]).ask().await;
    assert_eq!(sorted(found), sorted([4, 5, 8, 12].map(|id| vec![integer(id)]).to_vec()));
}

pub async fn the_values_ordered_by_follow_the_columns(fixture: &Fixture) {
    let claims = fixture.claims();
    if !claims.order {
        return;
    }
    let table = fixture.table("scalars");
    for scalar in fixture.scalars().into_iter().filter(|scalar| scalar.is_ordered()) {
        let name = field_of(scalar);
        let question = Question::of(fixture, "scalars").by(&name, (true, true)).by("id", ASCENDING).columns(&["id"]);
        let found = question.order_values().ask().await;
        assert_eq!(found.len(), table.rows.len());
        for row in &found {
            let own = table.rows.iter().find(|own| own[0] == row[0]).unwrap();
            assert_eq!(row[1..], [own[table.field(&name)].clone(), row[0].clone()], "{name}");
        }
    }
    let table = fixture.table("resident");
    let question = Question::of(fixture, "resident").by_reached(STREET, Target::Field("name"), ASCENDING);
    let question = question.by_reached(STREET_OF_MENTOR, Target::Field("district"), (true, false));
    if claims.order_links && question.is_claimed() {
        let found = question.clone().columns(&["id"]).order_values().ask().await;
        for row in &found {
            let own = table.rows.iter().find(|own| own[0] == row[0]).unwrap();
            let name = reached(fixture, table, own, STREET, "name");
            assert_eq!(row[1..], [name, reached(fixture, table, own, STREET_OF_MENTOR, "district")]);
        }
        assert_eq!(found.len(), table.rows.len());
        if claims.keys > 0 && claims.limit_per_key {
            let keyed = question.keys(&["street_id"], street_keys()).limit_per_key(1).columns(&["street_id"]);
            let found = keyed.order_values().ask().await;
            assert_eq!(found.len(), 3);
            assert!(found.iter().all(|row| row.len() == 3 && (row[0] != integer(1) || row[1] == text("Siping Road"))));
        }
    }
    if claims.limit {
        let first = Question::of(fixture, "resident").by("street_id", ASCENDING).by("id", (true, false));
        let found = first.distinct_on(&["street_id"]).columns(&["name"]).order_values().limit(1).ask().await;
        assert_eq!(found, [[text("li"), integer(1), integer(11)]]);
    }
}
