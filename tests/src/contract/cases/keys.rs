//! Fetches by keys, as links and loaders send them.

use lilong_connectors::Comparison;
use lilong_schema::{Normalizer, Value};

use super::{compare, sorted};
use crate::contract::Fixture;
use crate::contract::ask::{ASCENDING, Direction, Question};
use crate::contract::condition::{Condition, is};
use crate::contract::data::{Table, field_of, integer, text};

fn numbers(keys: &[i64]) -> Vec<Vec<Value>> {
    keys.iter().map(|key| vec![integer(*key)]).collect()
}

/// The rows of a table that have a key, worked out here.
fn having<'a>(table: &'a Table, fields: &[&str], key: &[Value]) -> Vec<&'a Vec<Value>> {
    let fields: Vec<usize> = fields.iter().map(|name| table.field(name)).collect();
    let rows = table.rows.iter();
    rows.filter(|row| fields.iter().zip(key).all(|(field, value)| row[*field] == *value)).collect()
}

async fn check(fixture: &Fixture, collection: &str, fields: &[&str], keys: Vec<Vec<Value>>) {
    if fixture.claims().keys < keys.len() {
        return;
    }
    let table = fixture.table(collection);
    let expected = keys.iter().flat_map(|key| having(table, fields, key)).cloned().collect();
    let found = Question::of(fixture, collection).keys(fields, keys.clone()).ask().await;
    assert_eq!(sorted(found), sorted(expected), "{collection} by {fields:?} of {keys:?}");
}

pub async fn rows_are_found_by_key(fixture: &Fixture) {
    check(fixture, "resident", &["id"], numbers(&[3])).await;
    check(fixture, "resident", &["id"], numbers(&[12, 3, 77, 1])).await;
    check(fixture, "resident", &["street_id"], numbers(&[1, 5, 99, 3])).await;
    check(fixture, "resident", &["street_id"], numbers(&[5])).await;
}

pub async fn every_scalar_that_can_be_a_key_is_one(fixture: &Fixture) {
    for scalar in fixture.scalars().into_iter().filter(|scalar| scalar.is_key()) {
        let name = field_of(scalar);
        let table = fixture.table("scalars");
        let mut keys: Vec<Vec<Value>> = Vec::new();
        for row in &table.rows {
            let key = vec![row[table.field(&name)].clone()];
            if !key[0].is_null() && !keys.contains(&key) {
                keys.push(key);
            }
        }
        check(fixture, "scalars", &[&name], keys.clone()).await;
        check(fixture, "scalars", &[&name], keys.split_off(1)).await;
    }
}

pub async fn composite_keys_are_held_together(fixture: &Fixture) {
    let keys = [(1, "a"), (2, "b"), (1, "b"), (-1, "a"), (1, ""), (1, "a ")];
    let keys = keys.map(|(a, b)| vec![integer(a), text(b)]).to_vec();
    check(fixture, "pair", &["a", "b"], keys.clone()).await;
    let turned = keys.into_iter().map(|key| key.into_iter().rev().collect());
    check(fixture, "pair", &["b", "a"], turned.collect()).await;
    check(fixture, "resident", &["street_id", "age"], vec![vec![integer(1), integer(34)]]).await;
}

pub async fn text_keys_are_equal_exactly(fixture: &Fixture) {
    let keys = |keys: &[&str]| keys.iter().map(|key| vec![text(key)]).collect::<Vec<_>>();
    check(fixture, "pair", &["b"], keys(&["a", "B"])).await;
    check(fixture, "pair", &["b"], keys(&["A", "a ", ""])).await;
    check(fixture, "note", &["code"], keys(&["5", "1", "6"])).await;
    check(fixture, "street", &["name"], keys(&["Siping Road", "SIPING ROAD"])).await;
    check(fixture, "resident", &["name"], keys(&["li", ""])).await;
}

/// Asks by street and compares the rows of each key, in their order.
async fn check_cut(
    fixture: &Fixture,
    condition: Option<&Condition>,
    order: Direction,
    limit: Option<i64>,
    offset: Option<i64>,
) {
    let table = fixture.table("resident");
    let keys = numbers(&[3, 1, 77, 2, 99]);
    let mut question = Question::of(fixture, "resident").keys(&["street_id"], keys.clone());
    question = question.by("age", order).by("id", (true, false));
    if let Some(condition) = condition {
        question = question.meeting(condition);
    }
    if let Some(limit) = limit {
        question = question.limit_per_key(limit);
    }
    if let Some(offset) = offset {
        question = question.offset_per_key(offset);
    }
    let found = question.ask().await;
    let mut sum = 0;
    for key in &keys {
        let mut expected: Vec<&Vec<Value>> = having(table, &["street_id"], key);
        expected.retain(|row| condition.is_none_or(|condition| condition.holds(fixture, table, row) == Some(true)));
        expected
            .sort_by(|one, other| compare(&one[3], &other[3], order).then(compare(&one[0], &other[0], (true, false))));
        let skip = usize::try_from(offset.unwrap_or(0)).unwrap();
        let take = usize::try_from(limit.unwrap_or(i64::MAX)).unwrap();
        let expected: Vec<&Vec<Value>> = expected.into_iter().skip(skip).take(take).collect();
        let of_key: Vec<&Vec<Value>> = found.iter().filter(|row| row[1] == key[0]).collect();
        assert_eq!(of_key, expected, "key {key:?} limit {limit:?} offset {offset:?} {order:?} {condition:?}");
        sum += expected.len();
    }
    assert_eq!(found.len(), sum);
}

pub async fn each_key_has_its_own_limit_and_offset(fixture: &Fixture) {
    let claims = fixture.claims();
    if claims.keys < 5 || !claims.order || !claims.limit_per_key {
        return;
    }
    for order in super::DIRECTIONS {
        for limit in [None, Some(0), Some(1), Some(2), Some(100), Some(i64::MAX)] {
            for offset in [None, Some(0), Some(1), Some(3), Some(100)] {
                check_cut(fixture, None, order, limit, offset).await;
            }
        }
    }
    let question = Question::of(fixture, "resident").keys(&["street_id"], numbers(&[1, 2]));
    assert_eq!(question.limit_per_key(1).ask().await.len(), 2, "a limit without an order");
    let pairs = vec![vec![integer(1), text("a")], vec![integer(1), text("b")]];
    let question = Question::of(fixture, "pair").keys(&["a", "b"], pairs).by("value", ASCENDING);
    assert_eq!(question.limit_per_key(3).ask_integers("value").await, [20], "composite keys");
}

pub async fn keys_and_filters_hold_together(fixture: &Fixture) {
    let claims = fixture.claims();
    if claims.keys < 5 || !claims.filter || !claims.order {
        return;
    }
    let condition = is("age", Comparison::LessOrEqual, integer(34));
    check_cut(fixture, Some(&condition), ASCENDING, None, None).await;
    if claims.limit_per_key {
        check_cut(fixture, Some(&condition), (true, true), Some(1), None).await;
        check_cut(fixture, Some(&condition), ASCENDING, Some(1), Some(1)).await;
    }
    if claims.limit {
        let question = Question::of(fixture, "resident").keys(&["street_id"], numbers(&[1, 2, 3])).limit(4);
        assert_eq!(question.ask().await.len(), 4, "a ceiling over all keys");
    }
}

pub async fn distinct_rows_are_those_of_each_key(fixture: &Fixture) {
    let claims = fixture.claims();
    if claims.keys < 3 || !claims.order || !claims.limit {
        return;
    }
    let question = || {
        let question =
            Question::of(fixture, "resident").keys(&["street_id"], numbers(&[1, 2, 3])).distinct_on(&["age"]);
        question.by("age", ASCENDING).by("id", ASCENDING)
    };
    let mut found = question().ask_integers("id").await;
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4, 5, 8, 12], "11 has the age of 2, on the same street");
    if claims.limit_per_key {
        let mut found = question().limit_per_key(1).offset_per_key(1).ask_integers("id").await;
        found.sort_unstable();
        assert_eq!(found, [1, 4, 8], "cut after distinct");
    }
}

pub async fn a_thousand_keys_are_taken(fixture: &Fixture) {
    if fixture.claims().keys < 1_000 {
        return;
    }
    let keys: Vec<i64> = (0..1_000).map(|number| number * 7).collect();
    let mut found = Question::of(fixture, "many").keys(&["id"], numbers(&keys)).ask_integers("id").await;
    found.sort_unstable();
    assert_eq!(found, keys.into_iter().filter(|key| (1..=5_000).contains(key)).collect::<Vec<_>>());
}

pub async fn normalised_keys_find_every_row(fixture: &Fixture) {
    use Normalizer::{Compact, Lowercase, StripZeros, Trim, Uppercase};
    let table = fixture.table("card");
    let lists: [&[Normalizer]; 7] = [
        &[Compact, Uppercase],
        &[Lowercase, Compact],
        &[Compact],
        &[Trim, StripZeros],
        &[Trim, Lowercase],
        &[StripZeros],
        &[Uppercase],
    ];
    let described = fixture.described("card");
    for steps in lists {
        assert_eq!(described.index_of_normalized(1, steps).is_some(), fixture.indexes_expressions, "{steps:?}");
        if !fixture.indexes_expressions {
            continue;
        }
        let key_of = |row: &[Value]| match &row[1] {
            Value::Text(code) => Normalizer::apply_all(steps, code),
            _ => None,
        };
        let mut keys: Vec<String> = table.rows.iter().filter_map(|row| key_of(row)).collect();
        keys.dedup();
        keys.extend(["none", "99-01 A"].map(str::to_owned));
        for keys in keys.iter().map(std::slice::from_ref).chain([keys.as_slice(), &[]]) {
            let wanted = |row: &&Vec<Value>| key_of(row).is_some_and(|key| keys.contains(&key));
            let expected: Vec<Vec<Value>> = table.rows.iter().filter(wanted).cloned().collect();
            for question in [
                Question::of(fixture, "card").normalized_keys("code", steps, keys),
                Question::of(fixture, "card").having_normalized("code", steps, keys),
            ] {
                let found = question.ask().await;
                let found = found.iter().filter(wanted).cloned().collect();
                assert_eq!(sorted(found), sorted(expected.clone()), "{steps:?} of {keys:?}");
            }
        }
    }
}

pub async fn no_keys_find_no_rows(fixture: &Fixture) {
    check(fixture, "resident", &["id"], Vec::new()).await;
    check(fixture, "pair", &["a", "b"], Vec::new()).await;
}
