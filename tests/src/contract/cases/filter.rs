//! Filters: every operator, three values, lists, keys held in a filter.

use lilong_connectors::Comparison;
use lilong_schema::{Scalar, Value};

use super::check_filter;
use crate::contract::Fixture;
use crate::contract::condition::{Condition, anything, is, is_null, key_in, not};
use crate::contract::data::{edge_values, field_of, integer, text};

const ORDERED: [Comparison; 4] =
    [Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual];

pub async fn every_operator_works_for_every_scalar(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    for scalar in fixture.scalars() {
        let name = field_of(scalar);
        check_filter(fixture, "scalars", &is_null(&name)).await;
        check_filter(fixture, "scalars", &not(is_null(&name))).await;
        if !scalar.is_ordered() {
            continue;
        }
        let own_order = fixture.orders_by_code_point || !matches!(scalar, Scalar::String | Scalar::Enum);
        let comparisons = [Comparison::Equal, Comparison::NotEqual].into_iter();
        // An enum has an order of its own.
        let comparisons = comparisons.chain(ORDERED.into_iter().filter(|_| own_order && scalar != Scalar::Enum));
        let comparisons: Vec<Comparison> = comparisons.collect();
        let values: Vec<Value> = operands(scalar);
        for value in &values {
            for comparison in &comparisons {
                let condition = is(&name, *comparison, value.clone());
                check_filter(fixture, "scalars", &condition).await;
                check_filter(fixture, "scalars", &not(condition)).await;
            }
        }
        for taken in [1, 2, values.len()] {
            let list = Value::List(values[..taken].iter().chain(&values[..1]).cloned().collect());
            for comparison in [Comparison::In, Comparison::NotIn] {
                let condition = is(&name, comparison, list.clone());
                check_filter(fixture, "scalars", &condition).await;
                check_filter(fixture, "scalars", &not(condition)).await;
            }
        }
    }
}

/// The edge values and some that stand nowhere.
fn operands(scalar: Scalar) -> Vec<Value> {
    let mut values = edge_values(scalar);
    values.extend(match scalar {
        Scalar::Int | Scalar::BigInt | Scalar::Unsigned => vec![integer(4), integer(-2)],
        Scalar::Float => vec![Value::Float(0.5), Value::Float(-0.0), Value::Float(1e300)],
        Scalar::Decimal => ["9.5", "-10", "10.01", "-123456789012345678901234567890"]
            .map(|text| Value::Decimal(text.to_owned()))
            .to_vec(),
        Scalar::String => vec![text("b"), text("a  "), text("à"), text("\0")],
        Scalar::Date => vec![Value::Date(1)],
        Scalar::Time => vec![Value::Time(43_200_000_000), Value::Time(43_200_500_001)],
        Scalar::LocalDateTime => vec![Value::LocalDateTime(1)],
        Scalar::DateTime => vec![Value::DateTime(1)],
        Scalar::Uuid => vec![text("0191d3a0-7d3c-7000-8000-000000000010")],
        Scalar::Boolean | Scalar::Json | Scalar::Bytes | Scalar::Enum => Vec::new(),
    });
    values
}

const PATTERNS: [&str; 34] = [
    "",
    "%",
    "%%",
    "_",
    "__",
    "a",
    "A",
    "a%",
    "%a",
    "%a%",
    "_a%",
    "a_",
    "a_b",
    r"a\_b",
    r"a\%b",
    r"\%",
    r"\\",
    r"\a",
    "%\\",
    "á",
    "_́",
    "𠮷%",
    "_野_",
    "%街道",
    "%\0%",
    "a\nb",
    "%o%o%",
    "%ong l%g ",
    "siping%",
    "SIPING ROAD__",
    "ä",
    "Ä%",
    "%'%\"%",
    "%1%2",
];

pub async fn parts_of_text_are_found_exactly(fixture: &Fixture) {
    if !fixture.claims().like || !fixture.scalars().contains(&Scalar::String) {
        return;
    }
    let name = field_of(Scalar::String);
    for pattern in PATTERNS {
        for comparison in
            [Comparison::Like, Comparison::NotLike, Comparison::StartsWith, Comparison::EndsWith, Comparison::Contains]
        {
            let condition = is(&name, comparison, text(pattern));
            check_filter(fixture, "scalars", &condition).await;
            check_filter(fixture, "scalars", &not(condition)).await;
        }
    }
}

pub async fn case_is_folded_where_asked(fixture: &Fixture) {
    if !fixture.claims().ilike || !fixture.scalars().contains(&Scalar::String) {
        return;
    }
    for pattern in PATTERNS {
        for comparison in [Comparison::ILike, Comparison::NotILike] {
            let condition = is(&field_of(Scalar::String), comparison, text(pattern));
            check_filter(fixture, "scalars", &condition).await;
            check_filter(fixture, "scalars", &not(condition)).await;
        }
    }
}

pub async fn and_or_and_not_keep_the_unknown(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    let mut atoms = vec![
        is("age", Comparison::Greater, integer(34)),
        is("street_id", Comparison::NotEqual, integer(1)),
        is("mentor_id", Comparison::In, Value::List(vec![integer(1), integer(4)])),
        is("age", Comparison::NotIn, Value::List(vec![integer(34), integer(81)])),
        is_null("street_id"),
    ];
    for depth in 0..2 {
        let mut next = atoms.clone();
        for (at, one) in atoms.iter().enumerate() {
            next.push(not(one.clone()));
            // The second round combines a part of the first only: all would be thousands.
            for other in atoms[at..].iter().skip(depth * 3).step_by(1 + depth * 4) {
                next.push(Condition::And(vec![one.clone(), other.clone()]));
                next.push(Condition::Or(vec![one.clone(), not(other.clone())]));
            }
        }
        atoms = next;
    }
    for condition in &atoms {
        check_filter(fixture, "resident", condition).await;
    }
}

pub async fn empty_lists_and_empty_groups_are_plain(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    let nothing = Condition::Or(Vec::new());
    let none_of = |comparison| is("age", comparison, Value::List(Vec::new()));
    for condition in [
        anything(),
        nothing.clone(),
        none_of(Comparison::In),
        none_of(Comparison::NotIn),
        Condition::And(vec![nothing.clone(), is_null("age")]),
        Condition::Or(vec![nothing, is_null("age")]),
        Condition::And(vec![none_of(Comparison::NotIn), is_null("age")]),
    ] {
        check_filter(fixture, "resident", &condition).await;
        check_filter(fixture, "resident", &not(condition)).await;
    }
}

pub async fn integers_beyond_the_column_are_above_or_below(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    let high = Value::Integer(u64::MAX.into());
    for comparison in ORDERED.into_iter().chain([Comparison::Equal, Comparison::NotEqual]) {
        let condition = is("age", comparison, high.clone());
        check_filter(fixture, "resident", &condition).await;
        check_filter(fixture, "resident", &not(condition)).await;
    }
    for comparison in [Comparison::In, Comparison::NotIn] {
        check_filter(fixture, "resident", &is("age", comparison, Value::List(vec![high.clone(), integer(34)]))).await;
    }
}

pub async fn long_lists_are_taken(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    let list = Value::List((0..20_000).map(|number| integer(number * 3)).collect());
    for comparison in [Comparison::In, Comparison::NotIn] {
        check_filter(fixture, "many", &is("id", comparison, list.clone())).await;
    }
}

pub async fn keys_are_held_in_a_filter_and_never_unknown(fixture: &Fixture) {
    if !fixture.claims().filter {
        return;
    }
    let ages = |ages: &[i64]| ages.iter().map(|age| vec![integer(*age)]).collect::<Vec<_>>();
    let pairs = vec![vec![integer(1), text("Wang")], vec![integer(1), text("li")], vec![integer(3), text("")]];
    for condition in [
        key_in(&["age"], ages(&[34, 81, 1_000])),
        key_in(&["age"], Vec::new()),
        key_in(&["street_id", "name"], pairs),
        key_in(&["street_id", "name"], Vec::new()),
        key_in(&["name", "age"], vec![vec![text("Wang"), integer(81)]]),
        Condition::And(vec![key_in(&["age"], ages(&[34])), is("street_id", Comparison::Equal, integer(1))]),
        Condition::Or(vec![key_in(&["age"], ages(&[34])), is_null("age")]),
    ] {
        check_filter(fixture, "resident", &condition).await;
        check_filter(fixture, "resident", &not(condition)).await;
    }
    let name = field_of(Scalar::String);
    let texts = edge_values(Scalar::String).into_iter().map(|value| vec![value]);
    let condition = key_in(&[name.as_str()], texts.collect());
    check_filter(fixture, "scalars", &condition).await;
    check_filter(fixture, "scalars", &not(condition)).await;
}
