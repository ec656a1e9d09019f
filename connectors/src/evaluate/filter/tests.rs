//! Every operator over every scalar, and every mixture of true, false and unknown.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use arrow_array::{Int32Array, Int64Array, StringArray};
use lilong_schema::Field;

use super::*;
use crate::rows::columns_schema;

fn field(name: &str, scalar: Scalar) -> Field {
    Field::new(name, scalar)
}

fn collection(scalars: &[Scalar]) -> Collection {
    let fields = scalars.iter().enumerate().map(|(at, scalar)| field(&format!("f{at}"), *scalar));
    Collection { name: "c".to_owned(), fields: fields.collect(), ..Collection::default() }
}

fn batch(collection: &Collection, columns: Vec<ArrayRef>) -> RecordBatch {
    let fields: Vec<FieldId> = (0..collection.fields.len()).collect();
    RecordBatch::try_new(columns_schema(collection, &fields), columns).unwrap()
}

fn compare(comparison: Comparison, operand: OperandId) -> Predicate {
    Predicate::Compare { field: 0, comparison, operand }
}

/// A column of one value and a null, or more.
fn column(scalar: Scalar, values: &[Option<Value>]) -> ArrayRef {
    if scalar == Scalar::Decimal {
        let texts = values.iter().map(|value| value.as_ref().map(ToString::to_string));
        return Arc::new(texts.collect::<StringArray>());
    }
    let there: Vec<Value> = values.iter().flatten().cloned().collect();
    let there = values_column(&there, scalar, 0).unwrap();
    let mut next = 0..;
    let at = values.iter().map(|value| value.as_ref().and_then(|_| next.next()));
    arrow_select::take::take(&there, &at.collect::<arrow_array::UInt32Array>(), None).unwrap()
}

fn run(predicate: &Predicate, scalar: Scalar, values: &[Option<Value>], operands: Vec<Value>) -> Vec<Option<bool>> {
    let collection = collection(&[scalar]);
    let batch = batch(&collection, vec![column(scalar, values)]);
    let operands: Vec<Operand> = operands.into_iter().map(Operand::Value).collect();
    filter(predicate, &collection, &[0], &batch, &operands).unwrap().iter().collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Three ascending values of every scalar that can be compared.
fn ascending() -> Vec<(Scalar, [Value; 3])> {
    let decimal = |text: &str| Value::Decimal(text.to_owned());
    vec![
        (Scalar::Int, [i32::MIN, 0, i32::MAX].map(|value| Value::Integer(value.into()))),
        (Scalar::BigInt, [i64::MIN, 0, i64::MAX].map(|value| Value::Integer(value.into()))),
        (Scalar::Float, [f64::MIN, -0.0, f64::MAX].map(Value::Float)),
        (Scalar::Decimal, ["-10.5", "9", "10"].map(decimal)),
        (Scalar::Boolean, [Value::Boolean(false), Value::Boolean(false), Value::Boolean(true)]),
        (Scalar::String, ["B", "a", "𠮷"].map(text)),
        (Scalar::Enum, ["", "a", "a "].map(text)),
        (Scalar::Uuid, ["0", "9", "a"].map(|digit| text(&format!("{digit}191d3a0-7d3c-7000-8000-000000000000")))),
        (Scalar::Date, [-719_162, 0, 2_932_896].map(Value::Date)),
        (Scalar::Time, [0, 1, 86_399_999_999].map(Value::Time)),
        (Scalar::LocalDateTime, [-1, 0, 1].map(Value::LocalDateTime)),
        (Scalar::DateTime, [-1, 0, 1].map(Value::DateTime)),
    ]
}

#[test]
fn every_scalar_is_compared_by_its_values_and_null_is_unknown() {
    for (scalar, values) in ascending() {
        let cells: Vec<Option<Value>> = values.iter().cloned().map(Some).chain([None]).collect();
        for (comparison, wanted) in [
            (Comparison::Equal, [false, true, false]),
            (Comparison::NotEqual, [true, false, true]),
            (Comparison::Greater, [false, false, true]),
            (Comparison::GreaterOrEqual, [false, true, true]),
            (Comparison::Less, [true, false, false]),
            (Comparison::LessOrEqual, [true, true, false]),
        ] {
            let mut wanted: Vec<Option<bool>> = wanted.into_iter().map(Some).chain([None]).collect();
            if scalar == Scalar::Boolean {
                wanted[0] = wanted[1]; // false stands there twice
            }
            let found = run(&compare(comparison, 0), scalar, &cells, vec![values[1].clone()]);
            assert_eq!(found, wanted, "{scalar:?} {comparison:?}");
        }
        let list = Value::List(vec![values[2].clone(), values[2].clone()]);
        let found = run(&compare(Comparison::In, 0), scalar, &cells, vec![list.clone()]);
        assert_eq!(found, [Some(false), Some(false), Some(true), None], "{scalar:?}");
        let found = run(&compare(Comparison::NotIn, 0), scalar, &cells, vec![list]);
        assert_eq!(found, [Some(true), Some(true), Some(false), None], "{scalar:?}");
    }
}

#[test]
fn an_empty_list_holds_nothing_not_even_the_unknown() {
    let cells = [Some(Value::Integer(1)), None];
    let empty = || vec![Value::List(Vec::new())];
    assert_eq!(run(&compare(Comparison::In, 0), Scalar::Int, &cells, empty()), [Some(false); 2]);
    assert_eq!(run(&compare(Comparison::NotIn, 0), Scalar::Int, &cells, empty()), [Some(true); 2]);
}

#[test]
fn integers_beyond_the_column_are_above_or_below_every_value() {
    let cells = [Some(Value::Integer(i64::MAX.into())), Some(Value::Integer(i64::MIN.into())), None];
    for (operand, comparison, wanted) in [
        (u64::MAX.into(), Comparison::Less, true),
        (u64::MAX.into(), Comparison::GreaterOrEqual, false),
        (u64::MAX.into(), Comparison::Equal, false),
        (u64::MAX.into(), Comparison::NotEqual, true),
        (i128::from(i64::MIN) - 1, Comparison::Greater, true),
        (i128::from(i64::MIN) - 1, Comparison::LessOrEqual, false),
    ] {
        let found = run(&compare(comparison, 0), Scalar::BigInt, &cells, vec![Value::Integer(operand)]);
        assert_eq!(found, [Some(wanted), Some(wanted), None], "{comparison:?} {operand}");
    }
    let list = Value::List(vec![Value::Integer(u64::MAX.into()), Value::Integer(i64::MIN.into())]);
    let found = run(&compare(Comparison::In, 0), Scalar::BigInt, &cells, vec![list]);
    assert_eq!(found, [Some(false), Some(true), None]);
}

#[test]
fn text_comparisons_are_unknown_for_null() {
    let cells = [Some(text("Siping Road")), Some(text("")), None];
    for (comparison, operand, wanted) in [
        (Comparison::Like, "Si%d", [true, false]),
        (Comparison::NotLike, "Si%d", [false, true]),
        (Comparison::Like, "si%", [false, false]),
        (Comparison::ILike, "sI%RO__", [true, false]),
        (Comparison::NotILike, "sI%RO__", [false, true]),
        (Comparison::StartsWith, "Si", [true, false]),
        (Comparison::StartsWith, "", [true, true]),
        (Comparison::EndsWith, "Road", [true, false]),
        (Comparison::Contains, "ping%", [false, false]),
        (Comparison::Contains, "ping", [true, false]),
        (Comparison::Regex, "^S.*d$", [true, false]),
        (Comparison::Regex, "ping", [true, false]),
        (Comparison::IRegex, "^s", [true, false]),
    ] {
        let wanted = [Some(wanted[0]), Some(wanted[1]), None];
        assert_eq!(run(&compare(comparison, 0), Scalar::String, &cells, vec![text(operand)]), wanted, "{comparison:?}");
    }
}

#[test]
fn not_and_or_keep_the_unknown() {
    // f0 = 1 is true, false, unknown for the three rows of the first column; likewise for the second.
    let collection = collection(&[Scalar::Int, Scalar::Int]);
    let three = [Some(1), Some(0), None];
    let first: Int32Array = three.iter().flat_map(|value| [*value; 3]).collect();
    let second: Int32Array = three.iter().cycle().take(9).copied().collect();
    let batch = batch(&collection, vec![Arc::new(first), Arc::new(second)]);
    let operands = [Operand::Value(Value::Integer(1))];
    let is_one = |field| Predicate::Compare { field, comparison: Comparison::Equal, operand: 0 };
    let run = |predicate: Predicate| -> Vec<Option<bool>> {
        filter(&predicate, &collection, &[0, 1], &batch, &operands).unwrap().iter().collect()
    };
    let (yes, no) = (Some(true), Some(false));
    let both = [yes, no, None, no, no, no, None, no, None];
    assert_eq!(run(Predicate::And(vec![is_one(0), is_one(1)])), both);
    assert_eq!(run(Predicate::Or(vec![is_one(0), is_one(1)])), [yes, yes, yes, yes, no, None, yes, None, None]);
    assert_eq!(run(Predicate::Not(Box::new(is_one(0)))), [no, no, no, yes, yes, yes, None, None, None]);
    assert_eq!(run(Predicate::TRUE), [yes; 9]);
    assert_eq!(run(Predicate::Or(Vec::new())), [no; 9]);
    let is_null = |field| Predicate::IsNull(field);
    assert_eq!(run(Predicate::Not(Box::new(is_null(1)))), [yes, yes, no, yes, yes, no, yes, yes, no]);
}

#[test]
fn key_in_is_never_unknown() {
    let collection = collection(&[Scalar::Int, Scalar::String]);
    let numbers = Int32Array::from(vec![Some(1), Some(1), None, Some(1)]);
    let texts = StringArray::from(vec![Some("a"), None, Some("a"), Some("A")]);
    let batch_of = batch(&collection, vec![Arc::new(numbers), Arc::new(texts)]);
    let keys = batch(&collection, vec![Arc::new(Int32Array::from(vec![1])), Arc::new(StringArray::from(vec!["a"]))]);
    let none = Operand::Keys(keys.slice(0, 0));
    let operands = [Operand::Keys(keys), none];
    let run = |predicate: &Predicate| -> Vec<Option<bool>> {
        filter(predicate, &collection, &[0, 1], &batch_of, &operands).unwrap().iter().collect()
    };
    let key_in = |operand| Predicate::KeyIn { fields: vec![0, 1], normalize: Vec::new(), operand };
    assert_eq!(run(&key_in(0)), [Some(true), Some(false), Some(false), Some(false)]);
    assert_eq!(run(&Predicate::Not(Box::new(key_in(0)))), [Some(false), Some(true), Some(true), Some(true)]);
    assert_eq!(run(&key_in(1)), [Some(false); 4]);
}

#[test]
fn exists_meets_keys_by_canonical_text_and_needs_the_linked_rows() {
    let outer = collection(&[Scalar::String]);
    let inner = Arc::new(Collection { name: "inner".to_owned(), ..collection(&[Scalar::BigInt, Scalar::Int]) });
    let texts = StringArray::from(vec![Some("5"), Some("05"), None, Some("6")]);
    let outer_batch = batch(&outer, vec![Arc::new(texts)]);
    let numbers = Int64Array::from(vec![Some(5), Some(6), None]);
    let inner_batch = batch(&inner, vec![Arc::new(numbers), Arc::new(Int32Array::from(vec![1, 2, 1]))]);
    let predicate = Predicate::Exists(Box::new(Exists {
        collection: inner,
        on: vec![(0, 0)],
        predicate: Predicate::Compare { field: 1, comparison: Comparison::Equal, operand: 0 },
    }));
    let operands = [Operand::Value(Value::Integer(1))];
    let linked =
        |collection: &Collection| (collection.name == "inner").then(|| (vec![0, 1], inner_batch.clone(), Vec::new()));
    let found = filter_linked(&predicate, &outer, &[0], (&outer_batch, &[]), &operands, &linked).unwrap();
    assert_eq!(found.iter().collect::<Vec<_>>(), [Some(true), Some(false), Some(false), Some(false)]);
    let not = Predicate::Not(Box::new(predicate.clone()));
    let found = filter_linked(&not, &outer, &[0], (&outer_batch, &[]), &operands, &linked).unwrap();
    assert_eq!(found.iter().collect::<Vec<_>>(), [Some(false), Some(true), Some(true), Some(true)]);
    let refused = filter(&predicate, &outer, &[0], &outer_batch, &operands);
    assert!(matches!(refused, Err(Error::NoLinkedRows(name)) if name == "inner"));
}

#[test]
fn columns_may_stand_in_any_order_and_one_that_is_missing_is_named() {
    let collection = collection(&[Scalar::Int, Scalar::String]);
    let columns = columns_schema(&collection, &[1]);
    let batch = RecordBatch::try_new(columns, vec![Arc::new(StringArray::from(vec!["a"]))]).unwrap();
    let operands = [Operand::Value(text("a"))];
    let on = |field| Predicate::Compare { field, comparison: Comparison::Equal, operand: 0 };
    let found = filter(&on(1), &collection, &[1], &batch, &operands).unwrap();
    assert_eq!(found.iter().collect::<Vec<_>>(), [Some(true)]);
    let missing = filter(&on(0), &collection, &[1], &batch, &operands);
    assert!(matches!(missing, Err(Error::NoColumn(name)) if name == "f0"));
}

#[test]
fn operands_of_another_kind_are_refused() {
    let collection = collection(&[Scalar::Int]);
    let batch = batch(&collection, vec![Arc::new(Int32Array::from(vec![1]))]);
    for (comparison, value) in [
        (Comparison::Equal, text("1")),
        (Comparison::In, Value::Integer(1)),
        (Comparison::In, Value::List(vec![text("1")])),
    ] {
        let refused = filter(&compare(comparison, 0), &collection, &[0], &batch, &[Operand::Value(value)]);
        assert!(matches!(refused, Err(Error::Operand { operand: 0, .. })), "{comparison:?}");
    }
    let refused = filter(&compare(Comparison::Like, 0), &collection, &[0], &batch, &[Operand::Value(text("1"))]);
    assert!(matches!(refused, Err(Error::Unsuited { .. })));
    let unbound = filter(&compare(Comparison::Equal, 3), &collection, &[0], &batch, &[]);
    assert!(matches!(unbound, Err(Error::Operand { operand: 3, .. })));
    let unknown = filter(&compare(Comparison::Equal, 0), &collection, &[0], &batch, &[Operand::Value(Value::Null)]);
    assert_eq!(unknown.unwrap().iter().collect::<Vec<_>>(), [None]);
}

#[test]
fn a_bad_pattern_is_an_error_of_its_own() {
    let collection = collection(&[Scalar::String]);
    let batch = batch(&collection, vec![Arc::new(StringArray::from(vec!["a"]))]);
    let refused = filter(&compare(Comparison::Regex, 0), &collection, &[0], &batch, &[Operand::Value(text("("))]);
    assert!(matches!(refused, Err(Error::BadPattern { operand: 0, .. })));
}

#[test]
fn what_takes_longer_than_its_time_is_given_up() {
    use std::time::{Duration, Instant};

    let collection = collection(&[Scalar::String]);
    let batch = batch(&collection, vec![Arc::new(StringArray::from(vec!["a".repeat(100_000); 3]))]);
    let long = format!("%{}b%", "a_".repeat(4_000));
    for (comparison, pattern) in [(Comparison::Regex, "b$"), (Comparison::ILike, &*long)] {
        let predicate = compare(comparison, 0);
        let operands = [Operand::Value(text(pattern))];
        let began = Instant::now();
        let late = filter_read(&predicate, &collection, &[0], (&batch, &[]), &operands, Some(began));
        assert!(matches!(late, Err(Error::Late)), "{late:?}");
        let end = began + Duration::from_hours(1);
        let mask = filter_read(&predicate, &collection, &[0], (&batch, &[]), &operands, Some(end)).unwrap();
        assert_eq!(mask, filter(&predicate, &collection, &[0], &batch, &operands).unwrap());
        let effort = effort(&predicate, &[0], &batch, &operands);
        assert!(effort >= 300_000 && (effort > 10_000_000) == (comparison == Comparison::ILike), "{effort}");
    }
}

#[test]
fn a_cell_that_cannot_be_read_is_no_null_equals_nothing_and_is_compared_by_its_source_alone() {
    let collection = collection(&[Scalar::Int]);
    // The second cell could not be read, the third is null.
    let batch = batch(&collection, vec![Arc::new(Int32Array::from(vec![Some(5), None, None]))]);
    let faults = [CellFault { column: 0, row: 1 }];
    let five = Value::Integer(5);
    let operands = [five.clone(), Value::List(vec![five]), Value::List(Vec::new())].map(Operand::Value);
    let not = |predicate| Predicate::Not(Box::new(predicate));
    let (greater, never) = (compare(Comparison::Greater, 0), Predicate::Or(Vec::new()));
    for (predicate, wanted, own) in [
        (Predicate::IsNull(0), Some("3"), "3"),
        (not(Predicate::IsNull(0)), Some("12"), "12"),
        (compare(Comparison::Equal, 0), Some("1"), "1"),
        (not(compare(Comparison::Equal, 0)), Some("2"), "2"),
        (compare(Comparison::NotEqual, 0), Some("2"), "2"),
        (compare(Comparison::In, 1), Some("1"), "1"),
        (compare(Comparison::NotIn, 1), Some("2"), "2"),
        (compare(Comparison::In, 2), Some(""), ""),
        (compare(Comparison::NotIn, 2), Some("123"), "123"),
        (greater.clone(), None, "2"),
        (not(greater.clone()), None, "1"),
        (greater.clone().and(never.clone()), Some(""), ""),
        (Predicate::Or(vec![greater.clone(), not(Predicate::IsNull(0))]), Some("12"), "12"),
        (greater.clone().and(Predicate::IsNull(0)), Some(""), ""),
        (not(greater.and(never)), Some("123"), "123"),
    ] {
        let found = |mask: BooleanArray| {
            let met = (0..3).filter(|row| mask.is_valid(*row) && mask.value(*row));
            met.map(|row| (row + 1).to_string()).collect::<String>()
        };
        let read = filter_read(&predicate, &collection, &[0], (&batch, &faults), &operands, None);
        match (read, wanted) {
            (Ok(mask), Some(wanted)) => assert_eq!(found(mask), wanted, "{predicate:?}"),
            (Err(Error::Unread), None) => {}
            (read, _) => panic!("{predicate:?}: {read:?}"),
        }
        let mask = filter_linked(&predicate, &collection, &[0], (&batch, &faults), &operands, &|_| None).unwrap();
        assert_eq!(found(mask), own, "{predicate:?}");
    }
}
